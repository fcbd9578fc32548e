"""Evolution paths: weighted sums of the steps that the mean has made, the newest counting most.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core.arrays import FloatArray


def path_factors(c: float, mueff: float) -> tuple[float, float]:
    """What `cumulate` multiplies the path and the new step with: 1 - c and sqrt(c (2 - c) mueff).

    Under random selection the weighted mean of selected z has the variance 1 / mueff, and so the path keeps that of z.
    """
    return 1 - c, math.sqrt(c * (2 - c) * mueff)


def cumulate(path: FloatArray, keep: Any, gain: Any, step: FloatArray) -> None:
    """path <- keep path + gain step for a path and a step (..., n), in place: (43) and (45)."""
    path *= keep
    path += gain * step


def path_length(path: FloatArray) -> Any:
    """Euclidean length of a path (..., n), shape (...)."""
    return np.sqrt(np.vecdot(path, path))


def warmth(cs: Any, generations: int) -> Any:
    """sqrt(1 - (1 - cs)^(2 g)): the share of its stationary length that a path, 0 at first, has after g generations.

    For cs one number, or one for each of the stacked runs (runs,).
    """
    if isinstance(cs, float):
        return math.sqrt(1 - (1 - cs) ** (2 * generations))
    # A power of Python, as above, which NumPy's may differ from in the last bit.
    return np.array([math.sqrt(1 - (1 - one) ** (2 * generations)) for one in cs.tolist()])
