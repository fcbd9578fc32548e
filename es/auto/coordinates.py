"""The first look at a function: three values along each coordinate, and whether f is a sum over coordinates.

Costs 2 n + 2 evaluations, and up to four more where f passes for additive. What is learnt: a better point, the
curvature of f along each coordinate at the scale of sigma0, and the verdict on additivity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from es.auto.stepwise import Asking, Stepwise
from es.core.arrays import FloatArray

TESTS = 3  # further random combinations once the first one has passed
ENTRIES = 1_000_000  # numbers in a batch of points at most
RELATIVE = 1e-12  # of what changed, and
ROUNDING = 2e-15  # of n times the largest |f| that went in: how well a sum must be predicted


def agrees(f: float, predicted: float, change: float, n: int, largest: float) -> bool:
    """Whether a value is what the sum over coordinates predicts, within rounding."""
    return abs(f - predicted) <= RELATIVE * change + ROUNDING * n * max(abs(f), largest)


def vertex(t: FloatArray, g: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Second divided differences (n,) and vertices (n,) of the parabolas through t, g (n, 3); NaN where not convex."""
    left = (g[:, 1] - g[:, 0]) / (t[:, 1] - t[:, 0])
    right = (g[:, 2] - g[:, 1]) / (t[:, 2] - t[:, 1])
    second = (right - left) / (t[:, 2] - t[:, 0])
    middle = (t[:, 0] + t[:, 1]) / 2
    return second, np.where(second > 0, middle - left / (2 * np.where(second > 0, second, 1.0)), np.nan)


@dataclass(eq=False)
class Coordinates(Stepwise):
    """Parabolas along the coordinates, one after the other, and the test of additivity.

    Attributes
    ----------
    t, g : ndarray, shape (n, 3)
        Positions along each coordinate, in the order of evaluation, and values less that of the first one, NaN where
        there is no third position.
    curvature : ndarray, shape (n,)
        Second divided difference along each coordinate, NaN where not known.
    additive : bool or None
        None before the test.
    at : ndarray of int, shape (n,)
        Which of the positions of each coordinate is the best.
    base, base_f
        The point at these positions, and its value.
    spread, largest : float
        Median less least of the values seen; the largest |f|.
    """

    h: FloatArray  # (n,), the step along each coordinate
    lb: FloatArray
    ub: FloatArray
    seed: int  # of the random combinations in the test
    at_once: int = 1  # coordinates that are looked along from one point; better ones are put together by one more value

    state_names: ClassVar[tuple[str, ...]] = (
        "x", "f", "t", "g", "at", "base", "base_f", "curvature", "additive", "spread", "largest", "flat",
    )  # fmt: skip

    def _open(self) -> None:
        self.at_once = max(1, min(self.at_once, ENTRIES // self.n))
        self.h = np.minimum(self.h, (self.ub - self.lb) / 3)
        self.t = np.full((self.n, 3), np.nan)
        self.g = np.full((self.n, 3), np.nan)
        self.curvature = np.full(self.n, np.nan)
        self.additive: bool | None = None
        self.at = np.zeros(self.n, dtype=int)
        self.base, self.base_f = self.x, self.f
        self.flat = False
        self.spread = self.largest = 0.0

    def _second(self, i: int) -> float:
        """The second position along a coordinate: one step towards the middle of its bounds."""
        x, h, low, high = self.x[i], self.h[i], self.lb[i], self.ub[i]
        up = high - x >= x - low if np.isfinite(high - low) or np.isfinite(low) or np.isfinite(high) else True
        return float(x + h if up else x - h)

    def _third(self, i: int, best: float, other: float) -> float:
        """The third position: as far again beyond the better of two; at a bound near by, the bound or half way back."""
        h = best - other
        new = best + h
        low, high = self.lb[i], self.ub[i]
        if low <= new <= high:
            return float(new)
        bound = high if h > 0 else low
        if abs(bound - best) >= 0.1 * abs(h):
            return float(bound)
        return float(best - 0.5 * h)

    def _iteration(self) -> Asking:
        if np.isnan(self.f):
            (self.f,) = (yield self.x[None]).tolist()
            if not np.isfinite(self.f):
                self.additive, self.ended = False, "failed"
                return
        n, x, f = self.n, self.x.copy(), self.f
        t, g = np.full((n, 3), np.nan), np.zeros((n, 3))
        t[:, 0] = x
        at = np.zeros(n, dtype=int)  # index of the best position of each coordinate
        values = [f]
        lost = coupled = False
        self._seen = {at.tobytes()}
        for column in (1, 2):
            for first in range(0, n, self.at_once):
                block = np.arange(first, min(first + self.at_once, n))
                for i in block.tolist():
                    t[i, column] = self._second(i) if column == 1 else self._third(i, t[i, at[i]], t[i, 1 - at[i]])
                told = (yield self._moved(x, t, at, block[:, None], column)).tolist()
                values += told
                for i, value in zip(block.tolist(), told, strict=True):
                    g[i, column] = g[i, at[i]] + (value - f) if np.isfinite(value) else np.inf
                    lost |= not np.isfinite(value)
                better = [k for k, value in enumerate(told) if np.isfinite(value) and value < f]
                if not better:
                    continue
                lowest = min(better, key=lambda k: told[k])
                which, least = block[[lowest]], told[lowest]
                if len(better) > 1:
                    (value,) = (yield self._moved(x, t, at, block[None, better], column)).tolist()
                    values.append(value)
                    predicted, change = sum(told[k] - f for k in better), sum(f - told[k] for k in better)
                    large = float(np.max(np.abs([v for v in values if np.isfinite(v)])))
                    coupled |= not (np.isfinite(value) and agrees(value, f + predicted, change, n, large))
                    if value < least:
                        which, least = block[better], value
                f = least
                at[which] = column
                x[which] = t[which, column]
        finite = np.array([v for v in values if np.isfinite(v)])
        self.spread = float(np.median(finite) - finite.min())
        self.largest = float(np.abs(finite).max())
        self.flat = bool(finite.max() == finite.min())
        rank = np.argsort(t, axis=1)
        with np.errstate(invalid="ignore"):
            second, best = vertex(np.take_along_axis(t, rank, 1), np.take_along_axis(g, rank, 1))
        self.t, self.g, self.at, self.base, self.base_f = t, g, at, x, f
        self.curvature = np.where(np.isfinite(second), second, np.nan)
        if not self.flat:
            goal = self._joint(x, at, t, g, second, best)
            if not np.array_equal(goal, x):
                (value,) = (yield goal[None]).tolist()
                if value < f:
                    self.x, self.f = goal, value
        if f < self.f:
            self.x, self.f = x, f
        if n == 1:
            self.additive = True
        elif lost or self.flat or coupled:
            self.additive = False
        else:
            self.additive = yield from self._additive(x, f, at, t, g)
        self.ended = "looked"

    def _moved(self, x: FloatArray, t: FloatArray, at: Any, moves: Any, column: int) -> FloatArray:
        """Points at x but for the coordinates in a row of `moves`, which are at their position in a column of t."""
        points = np.repeat(x[None], len(moves), axis=0)
        for point, which in zip(points, moves, strict=True):
            point[which] = t[which, column]
            pick = at.copy()
            pick[which] = column
            self._seen.add(pick.tobytes())
        return points

    def _joint(
        self, x: FloatArray, at: Any, t: FloatArray, g: FloatArray, second: FloatArray, best: FloatArray
    ) -> FloatArray:
        """Minima of all parabolas inside the bounds; coordinates at a bound stay there."""
        rows = np.arange(self.n)
        here = t[rows, at]
        goal = np.where(np.isfinite(best), best, here)
        far = 2 * self.h  # not further than this beyond what was seen
        goal = np.clip(goal, t.min(1) - far, t.max(1) + far)
        goal = np.clip(goal, self.lb, self.ub)
        concave = ~(second > 0)
        lower = np.take_along_axis(t, g.argsort(1), 1)  # positions, best first
        outward = np.where(lower[:, 0] >= lower[:, 1], self.ub, self.lb)
        goal = np.where(concave & np.isfinite(outward) & (g.max(1) > g.min(1)), outward, goal)
        goal = np.where((here == self.lb) | (here == self.ub), here, goal)
        return goal

    def _additive(self, x: FloatArray, f: float, at: Any, t: FloatArray, g: FloatArray) -> Asking:
        """Whether points that combine positions of all coordinates have the value that their sum predicts.

        Such a point must not have been evaluated before: then the sum telescopes and predicts it whatever f is.
        """
        rng = np.random.default_rng(self.seed)
        rows = np.arange(self.n)
        order = g.argsort(1, kind="stable")  # positions of each coordinate, best first
        picks = [order[rows, 1 + rows % 2]]
        picks += [rng.integers(3, size=self.n) for _ in range(TESTS)]
        seen = self._seen
        for pick in picks:
            if self.n <= 12:
                while pick.tobytes() in seen:
                    pick = rng.integers(3, size=self.n)
                seen.add(pick.tobytes())
            y = t[rows, pick]
            (value,) = (yield y[None]).tolist()
            steps = g[rows, pick] - g[rows, at]
            if not (np.isfinite(value) and agrees(value, f + steps.sum(), np.abs(steps).sum(), self.n, self.largest)):
                if value < self.f:
                    self.x, self.f = y, value
                return False
        return True
