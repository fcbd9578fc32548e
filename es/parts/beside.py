"""What stands beside the best point of a search of whole numbers and categories, and a look at it before the end.

A distribution that has settled says that what it samples is no better; of what it samples rarely, as other categories
than the likely ones, or of a best point that it has left, it says little. So before a run ends as converged the
optimizer asks for the points that differ from its best one in one category or whole number. Where one is better, those
beside that one are next. Then, where there are real numbers, the best point must be as good as what the distribution
has come to; else the search goes on from that point, once. What is asked for in a look is counted, and not learned
from: such points are no sample of the distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import looks, state
from es.core.arrays import BoolArray, FloatArray, IntArray
from es.core.criteria import CRITERIA
from es.core.optimizer import Optimizer
from es.core.told import Told
from es.parts.integers import Levels

FEW = 20  # values of a whole number up to which all are looked at: a third of what it takes to settle
WIDE = 1e-6  # of the best value: what may be left of it where constraints, not values, rank points
AGAIN, UNANSWERED = 3, 30  # generations after which a point is asked for again, and given up

Found = dict[int, dict[str, float]]


@dataclass(frozen=True)
class Values:
    """The values low, low + 1, ..., high of each coordinate at `places`, which have an order or not, all (m,).

    `levels` are where further ones, which are rounded, have values of their own.
    """

    places: IntArray
    low: FloatArray
    high: FloatArray
    ordered: BoolArray
    levels: Levels = field(default_factory=dict)

    @classmethod
    def none(cls, levels: Levels) -> Values:
        """Of no coordinate but those with levels."""
        return cls(np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0, bool), levels)

    def joined(self, places: IntArray, low: FloatArray, high: FloatArray, ordered: bool) -> Values:
        """Those of further coordinates too."""
        more = places, low, high, np.full(places.size, ordered)
        a, b, c, d = (np.concatenate(pair) for pair in zip(self._columns, more, strict=True))
        return Values(a, b, c, d, self.levels)

    @property
    def _columns(self) -> tuple[IntArray, FloatArray, FloatArray, BoolArray]:
        return self.places, self.low, self.high, self.ordered

    def beside(self, x: FloatArray, there: BoolArray | None = None) -> FloatArray:
        """Points (k, n) that differ from x (n,) in one of these coordinates, of those that are `there` (n,).

        With all its other values, but the two next to its own where they have an order and are more than a few.
        """
        found = [np.empty((0, x.size), dtype=x.dtype)]
        for i, low, high, ordered in zip(*self._columns, strict=True):
            if there is not None and not there[i]:
                continue
            own = np.clip(np.rint(x[i]), low, high)
            two = ordered and not high - low < FEW
            values = np.array([own - 1, own + 1]) if two else np.arange(low, high + 1)
            found.append(_with(x, i, values[(values != own) & (values >= low) & (values <= high)]))
        for i, levels in self.levels.items():
            if there is None or there[i]:
                at = int(levels.searchsorted(x[i]))  # the value of x[i] is that of the level before or after it
                two = len(levels) > FEW
                found.append(_with(x, i, levels[max(0, at - 2) : at + 2] if two else levels))
        return np.concatenate(found)

    def of(self, x: FloatArray) -> FloatArray:
        """The values of a point x (n,) there, of those with levels the nearest one."""
        nearest = [float(np.abs(levels - x[i]).argmin()) for i, levels in self.levels.items()]
        return np.concatenate([np.rint(x[self.places]), nearest])

    @property
    def count(self) -> int:
        """Number of coordinates."""
        return self.places.size + len(self.levels)


def _with(x: FloatArray, i: int, values: FloatArray) -> FloatArray:
    """Points (k, n) that have these values (k,) in a coordinate, else those of x (n,)."""
    points = np.repeat(x[None], len(values), axis=0)
    points[:, i] = values
    return points


@dataclass(eq=False)
class Look:
    """A look at what stands beside the best point of a run."""

    around: FloatArray  # (n,), that point
    value: float  # and what it is worth
    level: float  # best value of late of the distribution that has settled
    least: float  # by how much that differs at least from the value of a point that it has left
    reasons: dict[str, float]  # why the run would end
    points: FloatArray  # (k, n), those that have not come back yet
    given: int = field(default=0)  # how many of these have been handed out
    waited: int = field(default=0)  # generations in which none of them came back

    def offer(self, k: int) -> FloatArray:
        """The next points, at most k."""
        points = self.points[self.given : self.given + k]
        self.given += len(points)
        return points

    def take_in(self, x: FloatArray) -> None:
        """Points (k, n) have come back."""
        back = {row.tobytes() for row in x + 0.0}
        left = np.array([row.tobytes() not in back for row in self.points + 0.0], dtype=bool)
        self.given = int(np.count_nonzero(left[: self.given]))
        self.points = self.points[left]
        if not self.over and self.given == len(self.points):
            self.waited += 1
            if self.waited % AGAIN == 0:
                self.given = 0

    @property
    def over(self) -> bool:
        """Whether all has come back."""
        return not len(self.points)


class LooksBeside(Optimizer):
    """Mixin for optimizers of values that are no real numbers: looks beside the best point before a run ends.

    An optimizer gives `_values`, `_is_real` and `_go_on_at`, and hands out what `_offered` gives.
    """

    levels: Levels = MappingProxyType({})  # where real numbers that the caller rounds have values of their own
    looks_beside: bool = True  # whether it does: not a search within another one, which looks for all together

    def _values(self) -> Values:
        """The coordinates that are no real numbers."""
        raise NotImplementedError(f"{type(self).__name__} must define _values: it says what is no real number")

    def _is_real(self, x: FloatArray) -> bool:
        """Whether real numbers matter at a point (n,)."""
        raise NotImplementedError(f"{type(self).__name__} must define _is_real: it says where real numbers matter")

    def _go_on_at(self, row: int, x: FloatArray) -> None:
        """Search on around a point (n,) in the run of this row."""
        raise NotImplementedError(f"{type(self).__name__} must define _go_on_at: it moves the search to a point")

    def _beside(self, row: int, x: FloatArray) -> FloatArray:
        """The points (k, n) beside one (n,) of the run of this row."""
        return self._values().beside(x)

    def _level(self, row: int) -> float:
        """The best value of late in the run of this row."""
        return float(np.atleast_1d(looks.lately(self))[row])

    # -----------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self.box is not None:
            lb, ub = self.box.lb, self.box.ub
            self.levels = {i: v[(v >= lb[i]) & (v <= ub[i])] for i, v in self.levels.items()}
        self._looks: dict[int, Look] = {}  # of runs that would end
        self._went_on: dict[int, FloatArray] = {}  # where runs have gone on at last
        self._late: list[float] = []  # best feasible values of the last generations, where values do not rank points
        super()._prepare()

    def _offered(self, row: int, k: int) -> FloatArray:
        """Points beside the best one, at most k, that the run of this row asks for next."""
        look = self._looks.get(int(self.active[row]))
        return np.empty((0, self.n)) if look is None else look.offer(k)

    @property
    def rests(self) -> bool:
        """Whether the only run, or some run, learns nothing for now, because it looks around."""
        return bool(self._looks)

    def _rests(self, at: tuple[int, ...]) -> bool:
        """Whether the run at this index learns nothing, because it looks around."""
        return int(self.active[at or 0]) in self._looks

    def _learn_from(self, told: Told, booked: bool = False) -> None:
        if told.rank is not told.f and self.runs is None and not self._looks:
            values = told.f if told.feasible is None else told.f[told.feasible]
            least = float(np.min(values[values < np.inf], initial=np.inf))
            self._late = [*self._late, least][-looks.window(self) :]
        super()._learn_from(told, booked)

    def _learn_where_possible(self, x: FloatArray, f: FloatArray, g: Any, order: IntArray, unclean: Any) -> None:
        if not self._looks:
            super()._learn_where_possible(x, f, g, order, unclean)
            return
        resting = np.array([self._rests(at) for at in np.ndindex(self.batch)])
        if not resting.all():
            kept = {name: getattr(self, name)[resting].copy() for name in self._row_names()}
            super()._learn_where_possible(x, f, g, order, unclean)
            for name, rows in kept.items():
                getattr(self, name)[resting] = rows
        for row in np.flatnonzero(resting).tolist():
            look = self._looks[int(self.active[row])]
            look.take_in(x if self.runs is None else x[row])
            self._judge(row, look)

    def _judge(self, row: int, look: Look) -> None:
        """Look on, or go on, or be ready to end, once all points beside have come back."""
        run = int(self.active[row])
        if look.waited > UNANSWERED:
            look.points, look.reasons = look.points[:0], {"unanswered": float(len(look.points))}
        while look.over and "unanswered" not in look.reasons:
            x, value = self._best_of(row)
            least = self._least(row)
            values = self._values()
            same = np.array_equal(values.of(x), values.of(look.around))
            if value < look.value and not (same and look.value - value <= least):
                look.around, look.value, look.points, look.given, look.waited = x, value, self._beside(row, x), 0, 0
                continue
            if self._is_real(x) and look.level - value > look.least:
                if np.array_equal(self._went_on.get(run, x[:0]), x):
                    look.reasons = {"elsewhere": look.level - value}
                else:
                    self._went_on[run] = x
                    del self._looks[run]
                    self._go_on_at(row, x)
            return

    def _least(self, row: int) -> float:
        """By how much values of the run of this row differ at least that are not the same."""
        return float(np.broadcast_to(looks.least_difference(self), self.batch or 1)[row])

    def _best_of(self, row: int) -> tuple[FloatArray, float]:
        """The best point (n,) of the run of this row, and its value."""
        if self.runs is None:
            return self.x_best.copy(), float(self.f_best)
        return self.x_best[row].copy(), float(self.f_best[row])

    # Ending ----------------------------------------------------------------------------------------

    def _looked_again(self, found: Found) -> Found:
        kept: Found = {}
        for run, reasons in found.items():
            met = {CRITERIA[name].means for name in reasons}
            decided = bool(met & {"target", "stopped", "budget"})
            if decided:
                self._looks.pop(run, None)
            if decided or (run not in self._looks and not ("converged" in met and self._begin_look(run, reasons))):
                kept[run] = reasons
        return super()._looked_again(kept)

    def _begin_look(self, run: int, reasons: Mapping[str, float]) -> bool:
        """Look beside the best point of a run; False where there is nothing to be looked at."""
        row = self.active.tolist().index(run)
        x, value = self._best_of(row)
        if not self.looks_beside or not self._values().count or not abs(value) < np.inf:
            return False
        level, least = self._level(row), self._least(row)
        if not self.ranks_values:  # what ranks points else cannot be compared with values
            level = min(self._late, default=np.inf)
            level = level if level < np.inf else value
            least = max(least, WIDE * max(abs(value), 1e-5 * float(np.max(self.traces.first_spread))))
        look = self._looks[run] = Look(x, value, level, least, dict(reasons), self._beside(row, x))
        self._judge(row, look)
        return True

    def stop(self) -> dict[Any, Any]:
        """See `Optimizer.stop`."""
        reasons = super().stop()
        if not self._looks:
            return reasons
        here = set(self.active.tolist()) - set(self._reasons)
        over = {run: look.reasons for run, look in self._looks.items() if look.over or run not in here}
        self._looks = {run: look for run, look in self._looks.items() if run not in over}
        self._end_all({run: reasons for run, reasons in over.items() if run in here})
        return super().stop()

    def _end_all(self, found: Found) -> None:
        """End runs, each for all of its reasons."""
        self._reasons |= found
        self._retire()

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`; a look that has begun is part of it."""
        arrays = super().state_dict()
        if self._looks or self._went_on or self._late:
            begun = [(run, asdict(look)) for run, look in self._looks.items()]
            kept = {"looks": begun, "went_on": list(self._went_on.items()), "late": self._late}
            arrays["beside"] = state.pack(kept)
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Optimizer.load_state_dict`."""
        super().load_state_dict(arrays)
        kept = state.unpack(arrays["beside"]) if "beside" in arrays else {"looks": [], "went_on": [], "late": []}
        points: Any = lambda a: np.array(a["array"], dtype=a["dtype"]).reshape(-1, self.n)  # noqa: E731
        self._looks = {
            run: Look(**{**look, "around": points(look["around"])[0], "points": points(look["points"])})
            for run, look in kept["looks"]
        }
        self._went_on, self._late = {run: points(x)[0] for run, x in kept["went_on"]}, kept["late"]
