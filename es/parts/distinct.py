"""Which of several points are different ones, whatever they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def distinct(points: Sequence[Any]) -> list[int]:
    """Places of those points, arrays or values of a Space, that do not stand further ahead already.

    Examples
    --------
    >>> distinct([{"k": 1, "rule": "sgd"}, {"k": 2, "rule": "sgd"}, {"k": 1, "rule": "sgd"}])
    [0, 1]
    """
    first: dict[Any, int] = {}
    for place, point in enumerate(points):
        first.setdefault(_mark(point), place)
    return list(first.values())


def _mark(value: Any) -> Any:
    """Something that can be hashed, and is equal for equal values only."""
    if isinstance(value, Mapping):
        return tuple((name, _mark(part)) for name, part in value.items())
    if isinstance(value, tuple):
        return tuple(map(_mark, value))
    if isinstance(value, np.ndarray):
        return value.shape, *map(_mark, value.ravel().tolist())
    try:
        hash(value)
    except TypeError:  # an option of a choice, which a Space hands out as it is
        return id(value)
    return type(value), value
