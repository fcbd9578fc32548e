"""How the step size follows an evolution path."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import at_most


def path_length_control(length: Any, rate: Any, expected: float) -> Any:
    """Factor of the step size: it grows where the path |p_sigma| is longer than E||N(0, I)||, that of random selection.

    Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), (44), at most e as in its author's programs;
    `rate` is c_sigma / d_sigma.
    """
    return np.exp(at_most(1.0, rate * (length / expected - 1)))
