"""Large batches a few rows at a time: what is computed stays in the cache, and memory does not grow with the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Numbers in the arrays of a block: 40 kB stay in the cache, and the allocator does not ask for fresh pages each time
BLOCK = 5000


def in_blocks(value: Callable[[Any], Any], x: Any, width: float = 1.0, block: int = BLOCK) -> Any:
    """value(x), a few rows at a time where there are many.

    Parameters
    ----------
    value : callable
        x of shape (..., n), with at most three axes, -> (..., *rest).
    x : ndarray or traced tensor, shape (..., n)
    width : float
        Numbers held at once per number in x.
    block : int
        How many numbers an array may have.

    Examples
    --------
    >>> in_blocks(lambda x: x.sum(-1), np.ones((3, 2, 4)), block=8)
    array([[4., 4.],
           [4., 4.],
           [4., 4.]])
    """
    if x.ndim > 1 and x.size * width > block and type(x) is np.ndarray:
        n = x.shape[-1]
        points = x.reshape(-1, n)
        rows = max(1, int(block / width) // n)
        values = np.concatenate([value(points[i : i + rows]) for i in range(0, len(points), rows)])
        return values.reshape(x.shape[:-1] + values.shape[1:])
    if x.ndim > 3:
        values = value(x.reshape(-1, x.shape[-1]))
        return values.reshape(x.shape[:-1] + values.shape[1:])
    return value(x)
