"""What a descent looks at beside its end, which may be a saddle to which the way was straight.

Where coordinates have never had a slope, both sides of the end in these; then, where coordinates have moved alike all
the way, some points at which they part (`es.gradient.twins`). Each look is a point that the optimizer asks for, in the
place of a step. Where one leads down the search goes on from there, with what its rule remembered at the end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from es.core.arrays import BoolArray, FloatArray, IntArray
from es.gradient.twins import Twins
from es.parts.rule_state import RuleState
from problems.boxes import Box

# Values of `looking`, 0 before any look: at one of the sides, or after them; at points where twins part, or after all.
SIDES, SEEN, APART, DONE = (1, 2), 3, (4, 5, 6, 7), 8


class LooksAside(RuleState):
    """Mixin for descents of one run or of a stack of them.

    Attributes
    ----------
    back : ndarray, shape (n,), or (runs, n)
        The best point, where an end is looked at from.
    still : ndarray of bool, shape (n,), or (runs, n)
        Coordinates in which there never was a slope.
    looking : int, or (runs,)
        What is looked at; see the constants above.
    """

    n: int
    active: IntArray
    box: Box | None
    scale0: FloatArray
    x_start: FloatArray
    slope: Any
    size: Any
    sides: Any
    grade: Any
    at_hundred: FloatArray
    at_ten: FloatArray
    _measure: FloatArray

    def _be_ready_to_look(self) -> None:
        self.back = self.mean.copy()
        self.still: BoolArray = np.ones(self.mean.shape, dtype=bool)
        self.looking = self._each(0)
        self._note_looks()

    def _note_looks(self) -> None:
        """Whether any run may come to a look at sides, and whether any is looking: mostly none."""
        self._any_still, self._aside = bool(self.still.any()), bool(np.isin(self.looking, SIDES + APART).any())

    def _are_looking(self) -> Any:
        """Which runs are; None where none is."""
        return np.isin(self.looking, SIDES + APART) if self._aside else None

    def _note_slopes(self, slope: FloatArray, bad: Any) -> None:
        """Coordinates in which there is a slope are not still, but for runs whose step was `bad`."""
        if self._any_still:
            self.still &= (slope == 0) | bad[..., None]
            self._any_still = bool(self.still.any())

    def _away(self) -> FloatArray:
        """A short step to the side, of another length in each coordinate."""
        return np.asarray(1e-3 * self.scale0 * (1.0 - 0.5 * (0.618 * np.arange(self.n) % 1)))

    def _inside(self, x: FloatArray) -> FloatArray:
        return x if self.box is None else np.clip(x, self.box.lb, self.box.ub)

    def _begin_again(self, rows: Any) -> None:
        """A fresh rate, nothing remembered, and no slope known."""
        self.rate = np.where(rows, 1.0, self.rate)[()]
        self.grade = np.where(rows, 1.0, self.grade)[()]
        self.slope = np.where(rows, np.inf, self.slope)[()]
        self.since = np.where(rows, 0, self.since)[()]
        self._forget(rows)

    def _remembered(self) -> dict[str, FloatArray]:
        """What the rule has in memory, as copies."""
        return {name: getattr(self, f"rule_{name}").copy() for name in self._memory}

    def _seen_aside(self, x: FloatArray, slope: FloatArray, value: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Of ends that are looked at, with this value and gradient at x: the ends, what of the step led down, a next x.

        Nothing is next, NaN, where all was looked at.
        """
        end = np.where(self.still, self.back, x)
        down = np.where(slope * (x - end) < 0, x - end, 0.0)
        first = np.asarray(self.looking == SIDES[0])[..., None]
        ahead = np.where(first, self._inside(end - self._away() * self.still), np.nan)
        for row in np.argwhere(np.isin(self.looking, APART)):
            run = tuple(row)
            measure, end[run] = self._measure[run], self.back[run]
            step, here = (x[run] - end[run]) / measure, slope[run] * measure
            rise = (np.asarray(value)[run] - np.asarray(self.lowest)[run]) / np.asarray(self.size)[run]
            falls = rise < 0 or here @ step < 0
            last = np.asarray(self.looking)[run] == APART[-1]
            on = None if falls or not math.isfinite(rise) else self._twins(run).next_step(step, here, rise, last)
            down[run] = x[run] - end[run] if falls else 0.0
            ahead[run] = np.nan if on is None else self._inside(end + on * self._measure)[run]
        return end, down, ahead

    def _twins(self, run: tuple[int, ...]) -> Twins:
        way = np.stack([self.at_hundred[run], self.at_ten[run], self.back[run]])
        return Twins(self.x_start[run] / self._measure[run], way / self._measure[run])

    def _turn(
        self, looking: Any, end: FloatArray, down: FloatArray, ahead: FloatArray, memory: Mapping[str, FloatArray]
    ) -> None:
        """Where a point beside an end was looked at: go on from there, or look at the next, or come to the end again.

        `memory` is what the rule remembered at the end; see `_seen_aside` for the rest.
        """
        for name, before in memory.items():
            setattr(self, f"rule_{name}", np.where(looking[..., None], before, getattr(self, f"rule_{name}")))
        falls = looking & down.any(-1)
        other = looking & ~falls & np.isfinite(ahead).all(-1)
        over = looking & ~falls & ~other
        for rows, x in ((falls, end + down), (other, ahead), (over, end)):
            self.mean = np.where(rows[..., None], x, self.mean)
        self.slope = np.where(looking, np.inf, self.slope)[()]
        after = np.where(other, self.looking + 1, np.where(self.looking < SEEN, SEEN, DONE))
        self.looking = np.where(looking, after, self.looking)[()]
        self._note_looks()
        self._begin_again(falls)

    def _looked_aside(self, found: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """Look at the sides of ends in coordinates without slope, and where twins part, once a run."""
        ended = [run for run, reasons in found.items() if reasons.keys() <= {"tolgrad", "tolrate"}]
        may = np.isin(self.active, ended).reshape(self.batch) & (self.sides == 0)
        aside = may & self.still.any(-1) & (self.looking == 0)
        beside = np.where(self.still, self.back + self._away(), self.mean)
        apart = np.zeros_like(aside)
        for row in np.argwhere(may & ~aside & np.isin(self.looking, (0, SEEN))):
            run = tuple(row)
            twins = self._twins(run)
            apart[run] = twins.any
            if twins.any:
                step = twins.across(self._away()[run] / self._measure[run])
                beside[run] = self.back[run] + step * self._measure[run]
        if not (aside | apart).any():
            return found
        self.mean = np.where((aside | apart)[..., None], self._inside(beside), self.mean)
        self.looking = np.where(apart, APART[0], np.where(aside, SIDES[0], self.looking))[()]
        self._aside = True
        self.slope = np.where(aside | apart, np.inf, self.slope)[()]
        on = set(self.active[np.ravel(aside | apart)].tolist())
        return {run: reasons for run, reasons in found.items() if run not in on}
