"""Limited-memory BFGS on gradients, for more variables than a matrix fits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from es.auto import line_search
from es.auto.differences import gradient_jumps, gradient_lies
from es.auto.stepwise import Asking, Stepwise
from es.core.arrays import FloatArray

EPS = float(np.finfo(float).eps)
MEMORY = 20  # pairs of steps and changes of the gradient
FAILURES = 2  # in a row end the run


@dataclass(eq=False)
class LimitedLoop(Stepwise):
    """L-BFGS (Nocedal and Wright 2006, algorithm 7.4) with gradients, on the face of the bounds where it stands.

    Coordinates at a bound that the gradient holds there are left out of the step; the line search bends at the bounds.
    It ends as "converged", "flat", "lost" or "failed", which mean what they mean of `NewtonLoop`.
    """

    scale: FloatArray
    lb: FloatArray
    ub: FloatArray
    f_start: float = math.nan  # from which gains count; NaN: that of x

    state_names: ClassVar[tuple[str, ...]] = (
        "x", "f", "g", "s", "y", "nit", "failures", "drop", "last_drop", "decrement", "left_out",
    )  # fmt: skip
    measured = 0.0
    S = None  # no factor: its minima are not remembered
    gradient, at_once = True, 1

    def _open(self) -> None:
        self.origin = self.x.copy()
        self.f_start = self.f if math.isnan(self.f_start) else self.f_start
        self.g: FloatArray | None = None
        self.left_out = ""  # "lying" where a difference contradicted the gradient
        self.s, self.y = np.empty((0, self.n)), np.empty((0, self.n))  # the newest last
        self.nit = self.failures = 0
        self.drop = self.last_drop = self.decrement = math.inf

    @property
    def noise(self) -> float:
        """Differences of values below this mean nothing."""
        return max(4 * EPS * abs(self.f), 1e-300)

    def _gradient(self, x: FloatArray) -> Asking:
        told = yield from self.told_slopes(x[None])
        return None if told is None else (float(told[0, 0]), told[0, 1:])

    def _iteration(self) -> Asking:
        width = self.ub - self.lb
        self.width = np.where(np.isfinite(width), width, 20 * self.scale + 4 * np.abs(self.x - self.origin))
        if self.g is None:
            found = yield from self._gradient(self.x)
            if found is None:
                self.ended = "failed"
                return
            self.f, self.g = found
            if math.isnan(self.f_start):
                self.f_start = self.f
        assert self.g is not None
        x, f, g = self.x, self.f, self.g
        held = ((x <= self.lb) & (g > 0)) | ((x >= self.ub) & (g < 0))
        free = np.where(held, 0.0, g)
        d = np.where(held, 0.0, -self._times_inverse(free))
        slope = float(free @ d)
        if not slope < 0:
            d, slope = -free, -float(free @ free)
        self.decrement = -slope
        if slope == 0 or (len(self.s) and -slope <= 4 * self.noise):
            if (yield from self._doubt(g)):
                self.ended = "lost"
                return
            self.ended = "flat" if self.nit == 0 and not g.any() else "converged"
            return
        if not len(self.s):  # no curvature is known: a step of a tenth of the scale
            d = d * (0.1 / float(np.max(np.abs(d) / self.scale)))
            slope = float(free @ d)
        best = yield from line_search.search(self, x, f, d, slope)
        told = None if best is None else (yield from self._gradient(best[0]))
        if told is None:
            self.failures += 1
            self.s, self.y = self.s[:0], self.y[:0]
            if self.failures >= FAILURES:
                yield from self._doubt(g)
                self.ended = "lost"
            return
        f_new, g_new = told
        s, y = best[0] - x, g_new - g
        if float(s @ y) > 1e-12 * math.sqrt(float(s @ s) * float(y @ y)):
            self.s, self.y = np.vstack([self.s[-MEMORY + 1 :], s]), np.vstack([self.y[-MEMORY + 1 :], y])
        self.last_drop, self.drop = f - f_new, max(self.last_drop, f - f_new)
        self.x, self.f, self.g, self.nit, self.failures = best[0], f_new, g_new, self.nit + 1, 0

    def _doubt(self, g: FloatArray) -> Asking:
        """About to end: whether the gradient jumps here; where a difference contradicts it that is said."""
        self.left_out = "lying" if (yield from gradient_lies(self, g)) else ""
        return not self.left_out and (yield from gradient_jumps(self, g))

    def _times_inverse(self, g: FloatArray) -> FloatArray:
        """H^-1 g by the two loops of algorithm 7.4."""
        q = g.copy()
        rho = 1 / np.vecdot(self.s, self.y)
        a = np.empty(len(rho))
        for i in range(len(rho) - 1, -1, -1):
            a[i] = rho[i] * (self.s[i] @ q)
            q -= a[i] * self.y[i]
        if len(rho):
            q *= (self.s[-1] @ self.y[-1]) / (self.y[-1] @ self.y[-1])
        for i in range(len(rho)):
            q += (a[i] - rho[i] * (self.y[i] @ q)) * self.s[i]
        return q
