"""Search of a sum over coordinates: each coordinate is a problem of one variable, and the most promising one moves."""

from __future__ import annotations

import heapq
from typing import Any, ClassVar

import numpy as np

from es.auto.coordinates import agrees
from es.auto.line import Line
from es.auto.stepwise import Asking, FloatArray, Stepwise

MOST = 1000  # evaluations per variable
FINE = 2e-11  # of |f|: a rise of so little beside the best sample is the bottom of a minimum
LOOKS = 6  # at each coordinate, for other minima
SMALL = 1e-15  # gains under this part of |f| are rounding


class SeparableLoop(Stepwise):
    """Brackets and parabolas along coordinates, STEP where a coordinate has several minima.

    Parameters
    ----------
    x, f
        The base: the best point so far, and its value.
    t, g : ndarray, shape (n, k)
        Samples of each coordinate that there are, values relative to any constant, NaN where there is none. Among
        them is the base.
    lb, ub, h : ndarray, shape (n,)
    largest : float
        Largest |f| among the values that the samples come from, for rounding.
    seed : int
        Of the random combinations that test additivity again at 3 n evaluations and at each doubling.
    most : float
        Evaluations per variable at which it ends.
    thorough : bool
        Whether coordinates are looked at in their widest gaps for other minima before the search ends, and additivity
        is tested once more.

    Attributes
    ----------
    ended : str
        "done", or "coupled" where f turned out not to be a sum.
    resolved : bool
        Whether every coordinate stands in a minimum as finely as values or positions can tell, not on a plateau.
    unique : bool
        Whether the search came to its own end and no coordinate has shown a second minimum.
    """

    state_names: ClassVar[tuple[str, ...]] = (
        "x", "f", "t", "g", "additive", "several", "used", "largest", "resolved", "unique",
    )  # fmt: skip

    def __init__(
        self, x: FloatArray, f: float, t: FloatArray, g: FloatArray, h: FloatArray, lb: FloatArray, ub: FloatArray,
        seed: int, largest: float, most: float = MOST, thorough: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            x=x, f=f, t=t, g=g, h=h, lb=lb, ub=ub, seed=seed, largest=largest, most=most, thorough=thorough
        )
        self.n = len(x)
        self.x, self.f = x.copy(), float(f)
        self.t, self.g = t, g
        self.h, self.lb, self.ub, self.seed = h, lb, ub, seed
        self.largest = largest
        self.most = int(most * self.n)
        self.additive = True
        self.several = 0  # coordinates with more than one minimum
        self.used = 0
        self.thorough = thorough
        self.resolved = self.unique = False
        self.start()

    def _lines(self) -> list[Line]:
        lines = []
        for i in range(self.n):
            line = Line(float(self.lb[i]), float(self.ub[i]), float(self.h[i]))
            for t, g in zip(self.t[i].tolist(), self.g[i].tolist(), strict=True):
                if g == g:
                    line.add(t, g)
            lines.append(line)
        return lines

    def _iteration(self) -> Asking:
        n, x, f, used = self.n, self.x.copy(), self.f, 0
        lines = self._lines()
        rng = np.random.default_rng([self.seed, 1])
        local: list[Any] = [None] * n
        wide: list[Any] = [None] * n
        near: list[tuple[float, int, int]] = []  # heaps: (minus gain, coordinate, version)
        far: list[tuple[float, int, int]] = []
        version = [0] * n
        sharp = [0.0] * n
        several = 0
        sharpest = 0.0

        def refresh(i: int) -> None:
            nonlocal several, sharpest
            line = lines[i]
            version[i] += 1
            local[i] = line.local()
            if local[i] is not None:
                heapq.heappush(near, (-local[i][1], i, version[i]))
            if line.modes > 1 or several:
                step(i)

        def step(i: int) -> None:
            nonlocal sharpest
            line = lines[i]
            sharp[i] = line.sharpness()
            sharpest = max(sharpest, sharp[i])
            found = line.step_interval()
            wide[i] = found
            if found is not None:
                scale = sharp[i] if sharp[i] > 0 else sharpest
                heapq.heappush(far, (found[0] / scale if scale > 0 else found[0], i, version[i]))

        def sample(i: int, new: float) -> Asking:
            nonlocal x, f, used, several
            y = x.copy()
            y[i] = new
            (value,) = (yield y[None]).tolist()
            used += 1
            line = lines[i]
            line.add(new, line.g[line.best] + (value - f) if np.isfinite(value) else np.inf)
            if abs(value) > self.largest and np.isfinite(value):
                self.largest = abs(value)
            if value < f:
                x, f = y, value
                self.x, self.f, self.used = x, f, used
            if line.modes > 1 and not modes[i]:
                modes[i] = True
                several += 1
                if several == 1:
                    for j in range(n):
                        if j != i:
                            step(j)
            refresh(i)

        for i in range(n):
            refresh(i)
        modes = [line.modes > 1 for line in lines]
        several = sum(modes)
        if several:
            for i in range(n):
                step(i)
        test_at = 3 * n
        turn = 0
        looked = False
        while used < self.most:
            while near and near[0][2] != version[near[0][1]]:
                heapq.heappop(near)
            while far and far[0][2] != version[far[0][1]]:
                heapq.heappop(far)
            gain = -near[0][0] if near else 0.0
            exhausted = gain <= SMALL * abs(f)
            take_far = False
            if several and far:
                turn += 1
                take_far = exhausted or (turn % 2 == 0 and far[0][0] < 1)
            if take_far:
                i = far[0][1]
                new = wide[i][1]
            elif not exhausted:
                i = near[0][1]
                new = local[i][0]
                line = lines[i]
                if 0 < line.best < len(line.t) - 1:
                    line.lengths.append(line.t[line.best + 1] - line.t[line.best - 1])
                    del line.lengths[:-3]
            elif self.thorough and not looked:
                looked = True
                for i in range(n):
                    for _ in range(LOOKS):
                        yield from sample(i, lines[i].widest())
                if not (yield from self._still_additive(lines, x, f, rng)):
                    self.additive = False
                    break
                continue
            else:
                break
            yield from sample(i, new)
            if used >= test_at:
                test_at *= 2
                if not (yield from self._still_additive(lines, x, f, rng)):
                    self.additive = False
                    break
        self.several, self.used = several, used
        self.unique = not several and used < self.most
        self.resolved = all(line.resolved(FINE * abs(f)) for line in lines)
        self.ended = "done" if self.additive else "coupled"

    def _still_additive(self, lines: list[Line], x: FloatArray, f: float, rng: np.random.Generator) -> Asking:
        """One more random combination of measured positions."""
        y, predicted, change = x.copy(), f, 0.0
        for i, line in enumerate(lines):
            j = int(rng.integers(len(line.t)))
            if np.isfinite(line.g[j]):
                y[i] = line.t[j]
                predicted += line.g[j] - line.g[line.best]
                change += abs(line.g[j] - line.g[line.best])
        (value,) = (yield y[None]).tolist()
        if value < self.f:
            self.x, self.f = y, value
        return bool(np.isfinite(value) and agrees(value, predicted, change, self.n, self.largest))
