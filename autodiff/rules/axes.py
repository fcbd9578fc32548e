"""Axes as NumPy takes them: counted from the end too, and refused beyond the array."""

from __future__ import annotations

from typing import Any

from numpy.lib.array_utils import normalize_axis_index as axis_of
from numpy.lib.array_utils import normalize_axis_tuple

__all__ = ["axes_of", "axis_of"]


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, a number, several, or None for all."""
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)
