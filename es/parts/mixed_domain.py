"""Points of numbers, whole numbers and categories in the units of a model: where they may lie, and their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.core.arrays import BoolArray, FloatArray, IntArray, search_widths
from es.parts.branches import Conditions, in_order
from problems.boxes import Box

STEPS = (0.2, 0.05, 0.01, 0.002)  # standard deviations of a changed number, in parts of its range
NEAR = (-2, -1, 1, 2)  # neighbours of a value among many that have an order
FAR = 4  # further ones at random
DRAWS = 50  # in search of a point that is not there already
LINE = 65  # points of a line


@dataclass(eq=False)
class Domain:
    """The coordinates of a problem in units of a model: numbers in parts of their range, categories as 0, 1, ...

    Where a coordinate has no bounds its range is scale0 / 0.3, and points are drawn from so much around a centre.

    Attributes
    ----------
    free : ndarray of int
        The coordinates that are real numbers.
    """

    start: FloatArray  # (n,)
    scale0: FloatArray  # (n,), initial standard deviations
    box: Any  # Box or None; from then on a Box
    counts: IntArray  # (n,), number of values of each category, 0 for numbers
    whole: BoolArray  # (n,), which numbers are whole
    levels: Mapping[int, FloatArray]  # values that a number may have, where there are only some
    conditions: Conditions  # as of `ConditionalCMAES`: what does not matter has the value of the start

    def __post_init__(self) -> None:
        n, counts = len(self.start), self.counts
        self.box = Box(-np.inf, np.inf, n) if self.box is None else self.box
        width = search_widths(self.box, self.start)
        self._bounded = np.isfinite(width)
        self._width = np.where(self._bounded & (width > 0), width, np.where(width > 0, self.scale0 / 0.3, 1.0))
        self._origin = np.where(self._bounded, self.box.lb, self.start)
        self._width[counts > 0], self._origin[counts > 0] = 1.0, 0.0
        self._low, self._high = ((end - self._origin) / self._width for end in (self.box.lb, self.box.ub))
        self._whole = self.whole & (counts == 0)
        few = [i for i in self.levels if not counts[i] and not self.whole[i]]
        self._levels = {i: (np.sort(self.levels[i]) - self._origin[i]) / self._width[i] for i in few}
        self._order = [i for i in in_order(self.conditions, n) if i in self.conditions]
        fixed, stepping = self._low == self._high, (counts > 0) | self._whole
        stepping[few] = True
        self.free: IntArray = np.flatnonzero(~stepping & ~fixed)
        self._stepping: IntArray = np.flatnonzero(stepping & ~fixed)
        self._start = self.units(self.start)

    # Units -----------------------------------------------------------------------------------------

    def units(self, x: FloatArray) -> FloatArray:
        """Points (..., n) in units of the model."""
        u: FloatArray = (x - self._origin) / self._width
        return np.where(self.counts > 0, np.rint(x), u)

    def points(self, u: FloatArray) -> FloatArray:
        """Points to evaluate at u (..., n), which `settled` has given."""
        x = self._origin + u * self._width
        discrete = self._whole | (self.counts > 0)
        x = np.where(discrete, np.rint(x), x)
        return np.clip(x, self.box.lb, self.box.ub)

    def settled(self, u: FloatArray) -> FloatArray:
        """The nearest points (k, n) that there are: inside, on values, and as the start where they do not matter."""
        u = np.clip(u, self._low, self._high)
        for i in np.flatnonzero(self._whole | (self.counts > 0)).tolist():
            x = np.rint(self._origin[i] + u[:, i] * self._width[i])
            x = np.clip(x, np.ceil(self.box.lb[i]), np.floor(self.box.ub[i]))
            if self.counts[i]:
                x = np.clip(x, 0, self.counts[i] - 1)
            u[:, i] = (x - self._origin[i]) / self._width[i]
        for i, values in self._levels.items():
            u[:, i] = values[np.abs(u[:, i, None] - values).argmin(-1)]
        return self._reduced(u)

    def _reduced(self, u: FloatArray) -> FloatArray:
        """Points with the value of the start where a coordinate does not matter."""
        if self._order:
            there = self._matters(u)
            u = np.where(there, u, self._start)
        return u

    def _matters(self, u: FloatArray) -> BoolArray:
        there = np.ones(u.shape, dtype=bool)
        for i in self._order:
            for parent, allowed in self.conditions[i].items():
                there[:, i] &= there[:, parent] & np.isin(np.rint(u[:, parent]), allowed)
        return there

    def moving(self, u: FloatArray) -> IntArray:
        """The real numbers that matter at one point (n,)."""
        return self.free[self._matters(u[None])[0, self.free]] if self._order else self.free

    def ends(self, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Where points are drawn from, each (n,): the box, around the centre (n,) where that is open."""
        low = np.where(self._bounded, self._low, np.maximum(self._low, centre - 0.5))
        high = np.where(self._bounded, self._high, np.minimum(self._high, centre + 0.5))
        low[self.counts > 0], high[self.counts > 0] = 0.0, self.counts[self.counts > 0] - 1.0
        return low, high

    # Candidates ------------------------------------------------------------------------------------

    def spread(self, rng: np.random.Generator, k: int, centre: FloatArray) -> FloatArray:
        """A Latin hypercube of k points: each coordinate has one value in each k-th part of its range."""
        n = len(centre)
        part = np.stack([rng.permutation(k) for _ in range(n)], axis=1)
        return self.settled(self._placed((part + rng.random((k, n))) / k, centre))

    def different(self, rng: np.random.Generator, u: FloatArray) -> FloatArray:
        """Points (k, n) where one that is there already is replaced by another, if a few draws find one."""
        known: set[bytes] = set()
        u = u.copy()
        for row in range(len(u)):
            others = self.uniform(rng, DRAWS, u[0]) if (u[row] + 0.0).tobytes() in known else u[:0]
            u[row] = next((other for other in others if (other + 0.0).tobytes() not in known), u[row])
            known.add((u[row] + 0.0).tobytes())
        return u

    def uniform(self, rng: np.random.Generator, k: int, centre: FloatArray) -> FloatArray:
        """k points drawn uniformly."""
        return self.settled(self._placed(rng.random((k, len(centre))), centre))

    def _placed(self, share: FloatArray, centre: FloatArray) -> FloatArray:
        """Points at these shares of the range; values that are rounded have equal shares."""
        low, high = self.ends(centre)
        u = low + share * (high - low)
        for i in self._stepping:
            if self.counts[i]:
                u[:, i] = np.floor(share[:, i] * self.counts[i])
            elif self._whole[i]:
                half = 0.5 / self._width[i]
                u[:, i] = low[i] - half + share[:, i] * (high[i] - low[i] + 2 * half)
        return u

    def changed(self, rng: np.random.Generator, u: FloatArray) -> FloatArray:
        """Each point (k, n) with some coordinates changed, about two: numbers by a little, categories at random."""
        k, n = u.shape
        which = rng.random((k, n)) < min(1.0, 2 / n)
        which[np.arange(k), rng.integers(n, size=k)] = True
        std = np.array(STEPS)[rng.integers(len(STEPS), size=(k, 1))]
        std = np.where(self._whole, np.maximum(std, 1 / self._width), std)
        moved = np.where(self.counts > 0, np.floor(rng.random((k, n)) * np.maximum(self.counts, 1)), 0.0)
        moved = np.where(self.counts > 0, moved, u + std * rng.standard_normal((k, n)))
        return self.settled(np.where(which, moved, u))

    def everything(self, most: int) -> FloatArray | None:
        """All points, if there are no more than this; some are there twice where conditions leave values out."""
        lb, ub = np.ceil(self.box.lb), np.floor(self.box.ub)
        fixed = self._low == self._high
        sizes = np.where(self.counts > 0, self.counts, np.where(self._whole, ub - lb + 1, np.inf))
        sizes = np.where(fixed, 1, [len(self._levels[i]) if i in self._levels else k for i, k in enumerate(sizes)])
        if not np.prod(sizes) <= most:
            return None
        places = np.indices(sizes.astype(int).tolist()).reshape(len(sizes), -1).T
        u = np.where(fixed, self._low, np.where(self.counts > 0, places, self.units(lb + places)))
        for i, values in self._levels.items():
            u[:, i] = values[places[:, i]]
        return self.settled(u)

    def line(self, u: FloatArray, i: int) -> FloatArray:
        """Points that differ from u (n,) in coordinate i; none where it does not matter."""
        low, high = (end[i] for end in self.ends(u))
        if low == high or not self._matters(u[None])[0, i]:
            return np.empty((0, len(u)))
        moved = np.repeat(u[None], self.counts[i] or LINE, axis=0)
        moved[:, i] = np.linspace(low, high, len(moved))
        return self.settled(moved)

    def neighbours(self, rng: np.random.Generator, u: FloatArray) -> FloatArray:
        """Points that differ from u (n,) in one category or one value among several."""
        found: list[FloatArray] = []
        there = self._matters(u[None])[0]
        for i in self._stepping:
            if there[i]:
                values = self._others(rng, i, u[i])
                moved = np.repeat(u[None], len(values), axis=0)
                moved[:, i] = values
                found.append(moved)
        return self.settled(np.concatenate(found)) if found else np.empty((0, len(u)))

    def _others(self, rng: np.random.Generator, i: int, value: float) -> FloatArray:
        """Other values of a coordinate: all of a category, near ones and some others where they have an order."""
        if self.counts[i]:
            return np.setdiff1d(np.arange(self.counts[i], dtype=float), [value])
        if i in self._levels:
            values = self._levels[i]
            at, last = int(np.abs(values - value).argmin()), len(values) - 1
            near = [at + step for step in NEAR if 0 <= at + step <= last]
            places = np.unique([*near, *rng.integers(last + 1, size=FAR)])
            return values.take(places)
        step = 1 / self._width[i]
        low, high = max(self._low[i], value - 64 * step), min(self._high[i], value + 64 * step)
        return np.array([*(value + step * np.array(NEAR)), *rng.uniform(low, high, FAR)])
