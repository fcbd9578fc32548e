"""Checks of what a user hands to an `Objective`."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.boxes import as_box
from problems.numbers import FloatArray, numbers, short, size, unmasked


def points(x: Any) -> Any:
    """A new float64 array of anything that holds numbers; a traced tensor comes back as it is."""
    unmasked("x", x)
    if not isinstance(x, np.ndarray) and hasattr(x, "__array_ufunc__") and hasattr(x, "shape"):
        return x
    try:
        points = np.asarray(x)
    except ValueError:
        raise ValueError("x must be an array of shape (..., n), got rows of different lengths") from None
    if points.dtype.kind in "fiub":
        return points.astype(np.float64)
    return numbers("x", points)


def dimension(n: int | None, bounds: Any, *others: Any) -> int | None:
    """`n` as given, or the length that one of the other settings tells."""
    if n is not None:
        return size("n", n)
    if bounds is not None:
        scalar = hasattr(bounds, "lb") and max(np.size(bounds.lb), np.size(bounds.ub)) == 1
        box = None if scalar else as_box(bounds)
        if box is not None:
            return box.lb.size
    for value in others:
        if value is not None and not callable(value) and np.ndim(value) == 1:
            return int(np.size(value))
    return None


def vector(what: str, value: Any, n: int | None) -> FloatArray:
    """Finite float64 array of shape (n,), a scalar spread to it; `what` names it in errors."""
    array = numbers(what, value)
    if array.ndim == 0 and n is not None:
        array = np.full(n, float(array))
    if array.ndim != 1 or (n is not None and array.size != n):
        raise ValueError(f"{what} must have shape ({'n' if n is None else n},), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what} must be finite, got {short(array)}")
    return array


def positive(sigma0: Any, n: int | None) -> float | FloatArray | None:
    """A step size: a positive number or one per variable."""
    if sigma0 is None:
        return None
    array = numbers("sigma0", sigma0)
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(f"sigma0 must be positive, got {short(sigma0)}")
    return float(array) if array.ndim == 0 else vector("sigma0", array, n)
