"""Half precision: sums of it are formed in single precision.

float16 ends at 65,504 and counts in whole numbers to 2,048 only, so a sum of squares, of exponentials or of equal
gradients is soon infinite, or stops growing, and the derivative that is divided by it is 0. Results are float16 again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

HALF = np.dtype(np.float16)


def in_single(fun: Callable[..., Any]) -> Callable[..., Any]:
    """`fun`, which computes with its first argument in single precision if that is half."""

    @functools.wraps(fun)
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        if a.dtype.char != "e":
            return fun(a, *args, **kwargs)
        return fun(a.astype(np.float32), *args, **kwargs).astype(np.float16)

    return call
