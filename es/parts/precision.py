"""Populations in single precision: the type, bounds that rounding does not leave, and the range of step sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from problems.boxes import Box

# Of step sizes, and iterations between looks.
RANGE = {np.float64: (1e-100, 1e100, 100), np.float32: (1e-25, 1e25, 10)}


def as_precision(dtype: Any) -> np.dtype[Any]:
    """float32 or float64. Raises ValueError if it is another type, or none."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        found = np.dtype(object)
    if found.type not in RANGE:
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
    return found


def nearest_box(box: Box | None, dtype: np.dtype[Any]) -> Box | None:
    """The box with its faces rounded as points are: a point of the box is still in it when it has been rounded."""
    if box is None or dtype == np.float64:
        return box
    return Box(box.lb.astype(dtype), box.ub.astype(dtype))


def inner_box(box: Box | None, dtype: np.dtype[Any]) -> Box | None:
    """The largest box of numbers of this type inside; the nearest faces where there is none between two of them."""
    if box is None or dtype == np.float64:
        return box
    lower, upper = box.lb.astype(dtype), box.ub.astype(dtype)
    lb: FloatArray = np.where(lower < box.lb, np.nextafter(lower, dtype.type(np.inf)), lower)
    ub: FloatArray = np.where(upper > box.ub, np.nextafter(upper, dtype.type(-np.inf)), upper)
    empty = lb > ub
    return Box(np.where(empty, lower, lb), np.where(empty, upper, ub))
