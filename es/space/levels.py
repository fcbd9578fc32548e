"""A parameter of few values as a category: one coordinate that holds the place of the value, 0, 1, ..., K - 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from problems.numbers import FloatArray

from .categories import Choice
from .numeric import Integer
from .parameter import Parameter

COUNTED = 2000  # values of a logarithmic integer up to which methods are told where each stands
FEW = 3  # values up to which whole numbers are categories: that takes 329 for 569 evaluations at 3, 766 for 469 at 4


class Levels(Parameter):
    """The values of another parameter by their places, for methods that know categories.

    That is a Choice, or a parameter whose coordinates are whole numbers.
    """

    def __init__(self, leaf: Parameter) -> None:
        self.leaf = leaf
        self._width = leaf.low.size // leaf.entries
        self.levels = count_levels(leaf)
        self._lay_out([0.0], [self.levels - 1.0], leaf.shape, leaf.when)

    def start(self) -> Any:
        """Where the other parameter starts."""
        return self.leaf.start()

    @property
    def preferred(self) -> FloatArray:
        """Places (entries,) of `init` where it was given; else NaN."""
        return self.encode(self.leaf.start()) if self.leaf._starts else np.full(self.low.size, np.nan)

    def decode(self, y: FloatArray) -> Any:
        """Value at the places y (entries,)."""
        places = np.clip(np.rint(y), 0, self.levels - 1)
        if isinstance(self.leaf, Choice):
            return self.leaf.decode(np.eye(self.levels)[places.astype(np.intp)].ravel())
        return self.leaf.decode(self.leaf.low + places)

    def encode(self, value: Any) -> FloatArray:
        """Places (entries,) of a value."""
        y = self.leaf.encode(value)
        if isinstance(self.leaf, Choice):
            return y.reshape(-1, self.levels).argmax(-1).astype(float)
        return y - self.leaf.low

    def __repr__(self) -> str:
        return repr(self.leaf)


def count_levels(leaf: Parameter) -> int:
    """How many values one entry of a parameter has; 0 where they cannot be counted."""
    if isinstance(leaf, Levels):
        return leaf.levels
    if isinstance(leaf, Choice):
        return len(leaf.values)
    if leaf.integer and leaf.low.size == leaf.entries and np.isfinite(leaf.high - leaf.low).all():
        return int((leaf.high - leaf.low).max()) + 1
    return 0


def place(leaf: Parameter, y: FloatArray) -> int:
    """Which of its values, in their order, a parameter of one entry has at coordinates y."""
    if isinstance(leaf, Levels):
        return int(np.clip(np.rint(y[0]), 0, leaf.levels - 1))
    return int(y.argmax()) if isinstance(leaf, Choice) else int(np.clip(np.rint(y[0]), *_ends(leaf)) - leaf.low[0])


def place_of(leaf: Parameter, value: Any) -> int:
    """The place of a value. Raises ValueError if it is none of the parameter's."""
    return place(leaf, leaf.encode(value))


def _ends(leaf: Parameter) -> tuple[float, float]:
    return float(leaf.low[0]), float(leaf.high[0])


def as_category(leaf: Parameter, most: float = FEW) -> Parameter:
    """A Choice, or whole numbers of at most `most` values, as a category; any other parameter as it is."""
    if isinstance(leaf, Choice) or (0 < count_levels(leaf) <= most and (leaf.high > leaf.low).all()):
        return Levels(leaf)
    return leaf


def rounded_levels(leaves: Iterable[tuple[Parameter, slice]]) -> dict[int, FloatArray]:
    """Coordinates of all values of logarithmic integers, by the place of the coordinate; of parameters with places."""
    found: dict[int, FloatArray] = {}
    for leaf, at in leaves:
        if isinstance(leaf, Integer) and leaf.log and leaf.limits[1] - leaf.limits[0] < COUNTED:
            found |= dict.fromkeys(range(at.start, at.stop), np.concatenate(leaf.grid(COUNTED)))
    return found
