"""What is looked at once more before a run calls itself a success: the best point, and the way on which it came far.

A population may hold the best value on the side of a valley, where nothing has descended yet. And where f tends to a
limit at infinity differences vanish as at a minimum; but further out it is as low there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from es.auto.descents import MATRIX_UP_TO, Descent, descent
from es.auto.from_high import RANGE
from es.auto.stepwise import Asking, Stepwise
from es.core.arrays import BoolArray, FloatArray

LONG = 10.0  # scales: a way that leads further, where there is no bound, may be one to infinity
FURTHER = 1.5  # times as far from the start as before
DOUBLINGS = 4  # of the way, without a rise: there is no end
NOTABLE = 1e-10  # of values that were there: less is no rise and no gain
BESIDE = 1e-3  # scales: how far away a sum is looked at
SUMS = 1e-6  # of a rise: what a sum may differ from that of its parts
EPS = float(np.finfo(float).eps)


def far(x: FloatArray, start: FloatArray, scale: FloatArray, lb: FloatArray, ub: FloatArray) -> BoolArray:
    """Coordinates (n,) in which the way from the start to x is long and leads towards no bound."""
    way = x - start
    return np.asarray((np.abs(way) > LONG * scale) & np.isinf(np.where(way > 0, ub, lb)))


@dataclass(eq=False)
class LastLook(Stepwise):
    """A descent from the best point where there was none, then others from places twice as far where the way is long.

    It ends as "confirmed", as "lower", at a new best point, or as "endless": f is no higher however far out.

    Attributes
    ----------
    last : NewtonLoop, LimitedLoop or None
        The last descent.
    bottom : float
        The least value at which a descent has ended; differences may have seen a lower one.
    """

    origin: FloatArray  # where the run began
    scale: FloatArray
    lb: FloatArray
    ub: FloatArray
    f_start: float  # from which gains count
    descended: bool  # whether x is where a descent has ended
    descends: bool = True  # False for a sum: then values tell, unless they were compared with far higher ones
    of_sum: bool = False  # whether it is one of these
    gradient: bool = False

    state_names: ClassVar[tuple[str, ...]] = ("x", "f")

    def _open(self) -> None:
        self.last: Descent | None = None
        self.bottom = self.f if self.descended else math.inf
        self.descends = bool(self.descends and (self.gradient or self.n <= MATRIX_UP_TO))

    def _iteration(self) -> Asking:
        before = self.f
        if self.of_sum and (yield from self._is_sum_here()):
            self.descends = False
        elif not self.descended and self.descends:
            yield from self._descend(self.x, before)
        if self._lower(before) or not (yield from self._is_endless()):
            self.ended = "lower" if self._lower(before) else "confirmed"

    def _lower(self, before: float) -> bool:
        """Whether the best value has become lower by more than a descent can tell."""
        return before - self.f > self._little(before)

    def _is_sum_here(self) -> Asking:
        """Whether f is the sum over coordinates that it seemed from afar, and rises on both sides of each."""
        x, d = self.x, BESIDE * self.scale
        steps = np.concatenate([np.diag(d), d[None]])
        values = yield np.clip(np.concatenate([x + steps, x - steps]), self.lb, self.ub)
        rises = np.where(np.isfinite(values), values, np.inf).reshape(2, -1) - self.f
        with np.errstate(invalid="ignore"):
            apart = np.abs(rises[:, :-1].sum(1) - rises[:, -1])
        rounding = 4 * EPS * (self.n + 1) * (np.abs(self.f) + np.abs(values).max())
        return bool((rises >= 0).all() and (apart <= SUMS * rises[:, -1] + rounding).all())

    def _gained(self, f: float) -> float:
        gained = self.f_start - f
        return gained if math.isfinite(gained) else abs(f)

    def _little(self, f: float, fell: float = 0.0) -> float:
        """A difference from f that means nothing; a descent to it fell by so much."""
        gained = self._gained(f)
        return max(4 * EPS * abs(f), RANGE * gained, NOTABLE * min(gained, max(abs(f), fell)))

    def _is_endless(self) -> Asking:
        """Whether f is no higher on ever longer ways, but where they began."""
        x, f = self.x, self.f
        long = far(x, self.origin, self.scale, self.lb, self.ub)
        if not long.any():
            return False
        ahead = np.where(long, 2 * x - self.origin, x)
        value, back = (yield np.array([ahead, np.where(long, self.origin, x)])).tolist()
        if back - f <= self._little(f):
            return False
        for doubling in range(DOUBLINGS):
            if doubling:
                ahead = np.where(long, 2 * x - self.origin, x)
                (value,) = (yield ahead[None]).tolist()
            if not math.isfinite(value):
                return False
            y, f_new = (yield from self._descend(ahead, value)) if self.descends else (ahead, value)
            self._take(y, f_new)
            further = np.abs(y - self.origin)[long] > FURTHER * np.abs(x - self.origin)[long]
            little = self._little(f, value - f_new)
            if not further.any() or f_new - f > little:
                return False
            x, f, last = y, f_new, (x, f)
        between, back = (yield np.array([(x + last[0]) / 2, 2 * last[0] - x])).tolist()
        falls = last[1] - f > max(little, NOTABLE * self._gained(f))
        if back - last[1] <= little or not (falls or between - f <= little):  # a level valley, straight or bent
            return False
        self.ended = "endless"
        return True

    def _descend(self, x: FloatArray, f: float) -> Asking:
        """Where a descent from x ends, and the value there."""
        run = descent(x, f, self.scale, self.lb, self.ub, f_start=f, **self._kind())
        while run.asked is not None:
            self.slopes = run.slopes
            points, told = run.asked, (yield run.asked)
            values = told if told.ndim == 1 else told[:, 0]
            values = np.where(np.isfinite(values), values, np.inf)
            self._take(points[values.argmin()], float(values.min()))
            run.tell(told)
        self.slopes = False
        self.last, self.bottom = run, min(self.bottom, run.f)
        return run.x, run.f

    def _kind(self) -> dict[str, Any]:
        return {} if self.n > MATRIX_UP_TO else {"gradient": self.gradient}

    def _take(self, x: FloatArray, f: float) -> None:
        if f < self.f:
            self.x, self.f = x.copy(), f
