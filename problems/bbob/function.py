"""The callable of a BBOB objective: cuts large batches, and pickles as the few numbers it was built from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.bbob.frames import Landscape

__all__ = ["Function", "in_blocks"]

Array = NDArray[np.float64]

# Numbers in the arrays of a block: 40 kB stay in the cache, and the allocator does not ask for fresh pages each time
BLOCK = 5000


def in_blocks(value: Callable[[Any], Any], x: Any, width: float = 1.0) -> Any:
    """value(x), a few rows at a time where there are many.

    Parameters
    ----------
    value : callable
        x of shape (..., n), with at most three axes, -> (..., *rest).
    x : ndarray or traced tensor, shape (..., n)
    width : float
        Numbers held at once per number in x.
    """
    if x.ndim > 1 and x.size * width > BLOCK and type(x) is np.ndarray:
        n = x.shape[-1]
        points = x.reshape(-1, n)
        rows = max(1, int(BLOCK / width) // n)
        values = np.concatenate([value(points[i : i + rows]) for i in range(0, len(points), rows)])
        return values.reshape(x.shape[:-1] + values.shape[1:])
    if x.ndim > 3:
        values = value(x.reshape(-1, x.shape[-1]))
        return values.reshape(x.shape[:-1] + values.shape[1:])
    return value(x)


class Function:
    """f of one landscape.

    Parameters
    ----------
    build : callable
        `build(*key)` -> Landscape; a function of a module, so that it pickles by name.
    *key
        What `build` takes, such as function, n and instance.
    """

    def __init__(self, build: Callable[..., Landscape], *key: Any) -> None:
        self.build, self.key = build, key
        self.landscape = build(*key)

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n)."""
        landscape = self.landscape
        return in_blocks(landscape.value, x, landscape.width) + landscape.f_opt

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.build, *self.key)
