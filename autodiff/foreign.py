"""Values of other kinds beside a tensor: taken as plain ones, or refused where their own arithmetic says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy import ndarray


def foreign(a: Any) -> Any:
    """A number or array of another kind as a plain one."""
    kind = type(a)
    if isinstance(a, (np.ma.MaskedArray, np.matrix)):
        cure = "np.where(mask, 0, values)" if isinstance(a, np.ma.MaskedArray) else "np.asarray(m) and @"
        raise TypeError(f"{kind.__name__} has an arithmetic of its own that derivatives do not know: use {cure}")
    if isinstance(a, ndarray):
        if kind.__array_ufunc__ is not ndarray.__array_ufunc__:
            raise TypeError(f"arrays of class {kind.__name__} have rules of their own: use np.asarray(x)")
        return np.asarray(a).copy()
    if isinstance(a, Fraction):
        return float(a)
    return np.array(a) if kind.__module__.partition(".")[0] == "pandas" else a


USUAL = frozenset((ndarray, float, int, bool, str, slice, type(None), type(...), np.float64, np.int64, np.bool_, range))


def refuse_masked(values: Iterable[Any]) -> None:
    """Refuse masked arrays, also inside lists: as condition, limit or index their mask would be forgotten."""
    for a in values:
        kind = type(a)
        if kind in USUAL:
            continue
        if kind is list or kind is tuple:
            refuse_masked(a)
        elif isinstance(a, np.ma.MaskedArray):
            raise TypeError(
                "a masked array as condition, index, limit or weight would lose its mask: use a.filled(value), which"
                " says what holds where it is masked"
            )
