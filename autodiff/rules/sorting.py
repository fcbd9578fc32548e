"""Rules of functions that order entries: the order is constant, the entries carry the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.registry import traced


@traced(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None) -> Any:
    a, axis = (np.ravel(a), -1) if axis is None else (a, axis)
    return np.take_along_axis(a, np.argsort(value_of(a), axis=axis, kind=kind, stable=stable), axis)


@traced(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect") -> Any:
    a, axis = (np.ravel(a), -1) if axis is None else (a, axis)
    return np.take_along_axis(a, np.argpartition(value_of(a), kth, axis=axis, kind=kind), axis)


@traced(np.unique)
def unique(ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """Each distinct value carries the gradient of its first entry."""
    flat = np.ravel(ar)
    plain: Any = value_of(flat)
    _, index, inverse, counts = np.unique(plain, return_index=True, return_inverse=True, return_counts=True)
    wanted = ((return_index, index), (return_inverse, inverse), (return_counts, counts))
    others = [extra for asked, extra in wanted if asked]
    return (flat[index], *others) if others else flat[index]
