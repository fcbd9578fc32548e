"""Many runs of solvers that work with gradients, side by side: each tick evaluates the next point of all in one call.

A solver has no state in common with others, so nothing but the evaluation and the books is shared; each makes the steps
that it makes alone. Where a run restarts, its next leg takes the place of the one that has ended.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray, IntArray
from es.core.criteria import CRITERIA
from es.gradient.scipy_methods import BFGS, CG, LBFGSB
from es.run.legs import Course, Courses, Spent
from problems.ledger import Trace

if TYPE_CHECKING:
    from es.core.result import Result


STACKED = (LBFGSB, BFGS, CG)
PATIENCE = {name: int(CRITERIA[name].default or 0) for name in ("nofinite", "nogradient")}


class SolverCourses(Courses):
    """Runs of one solver of `STACKED`, with restarts or without; see `Courses` for the parameters."""

    def _firsts(self) -> dict[int, tuple[int, FloatArray]]:
        """As of `Courses`, of solvers that stand in no stack."""
        return {number: (1, make(rng=0).x_mean) for number, make in enumerate(self.makes)}

    def run(self) -> list[Result]:
        """Run all to their ends."""
        runs, n = len(self.courses), self.courses[0].leg.mean.size
        self._solvers: list[Any] = [None] * runs
        self._best, self._improved = np.full(runs, np.inf), list[tuple[IntArray, IntArray, FloatArray]]()
        # Of the present leg: its budget, evaluations, failures, evaluations in a row without a value and without a
        # gradient, the least finite value, the best value, its point, and the newest point that is as good.
        self._budget = np.full(runs, np.inf)
        self._nfev0, self._nfev, self._failed = (np.zeros(runs, dtype=np.int64) for _ in range(3))
        self._without = {name: np.zeros(runs, dtype=np.int64) for name in PATIENCE}
        self._low, self._f = np.full(runs, np.inf), np.full(runs, np.inf)
        self._x, self._mean = np.zeros((runs, n)), np.zeros((runs, n))
        self._lower, self._upper = np.full((runs, n), -np.inf), np.full((runs, n), np.inf)
        for run, course in enumerate(self.courses):
            if course.leg.box is not None:
                self._lower[run], self._upper[run] = course.leg.box.lb, course.leg.box.ub
        alive = np.arange(runs)
        for course in self.courses:
            self._begin(course)
        while alive.size:
            self._tick(alive)
            alive = alive[[not self.courses[run].stop for run in alive]]
        return self._results()

    def _begin(self, course: Course) -> None:
        """Start the solver of the present leg."""
        leg, run = course.leg, course.number
        solver = self.makes[run](x0=leg.mean, sigma0=leg.scale0, rng=leg.rng)
        self._solvers[run] = solver
        self._nfev0[run] += self._nfev[run]
        self._nfev[run] = self._failed[run] = 0
        self._budget[run] = leg.maxfevals
        for count in self._without.values():
            count[run] = 0
        self._low[run] = self._f[run] = np.inf
        self._x[run] = self._mean[run] = leg.mean

    def _tick(self, alive: IntArray) -> None:
        """Evaluate the next point of each, and go on."""
        solvers = [self._solvers[run] for run in alive.tolist()]
        x = self._asked(alive, solvers)
        f, g = self.evaluate(alive, x, None, gradients=True)
        assert g is not None
        value = f[:, 0]
        with_value, with_slope = value < np.inf, np.isfinite(g).all((-1, -2))
        self._book(alive, x[:, 0], value, with_value, with_slope)
        plain = np.isfinite(value) & with_slope
        for row, solver in enumerate(solvers):
            solver.tell_stacked(x[row], f[row], g[row], bool(plain[row]))
        self._end_some(alive, solvers)

    def _asked(self, alive: IntArray, solvers: list[Any]) -> FloatArray:
        """The next points (runs, 1, n), inside the bounds."""
        x = np.array([solver.asked for solver in solvers])
        if not math.isfinite(np.vdot(x, x)):  # one runs away, or goes very far
            return np.stack([solver.ask() for solver in solvers])
        return np.minimum(np.maximum(x, self._lower[alive, None]), self._upper[alive, None])

    def _book(self, alive: IntArray, x: FloatArray, value: FloatArray, good: Any, slopes: Any) -> None:
        """Count, and keep the best of the legs and of the runs."""
        self._nfev[alive] += 1
        self._failed[alive] += ~good
        self._without["nofinite"][alive] = np.where(good, 0, self._without["nofinite"][alive] + 1)
        self._without["nogradient"][alive] = np.where(slopes, 0, self._without["nogradient"][alive] + 1)
        known = np.isfinite(value)
        near = alive[known & (value <= self._low[alive])]
        self._mean[near] = x[known & (value <= self._low[alive])]
        self._low[alive[known]] = np.minimum(self._low[alive[known]], value[known])
        better = good & (value < self._f[alive])
        self._f[alive[better]], self._x[alive[better]] = value[better], x[better]
        better = good & (value < self._best[alive])
        if better.any():
            at = alive[better]
            self._best[at] = value[better]
            self._improved.append((at, self._nfev0[at] + self._nfev[at], value[better]))

    def _end_some(self, alive: IntArray, solvers: list[Any]) -> None:
        """End legs that have a reason to, and runs that are at their limits."""
        seconds = time.monotonic() - self.began
        nfev, best = self._nfev0[alive] + self._nfev[alive], self._best[alive]
        over = (nfev >= self.maxfevals[alive]) | (best <= self.ftarget[alive]) | (nfev >= self.maxiter[alive])
        over |= seconds >= self.maxtime
        ended = np.array([solver.has_ended for solver in solvers]) | (self._f[alive] == -np.inf)
        ended |= self._nfev[alive] >= self._budget[alive]
        for name, most in PATIENCE.items():
            ended |= self._without[name][alive] >= most
        for row in np.flatnonzero(ended | over).tolist():
            run = int(alive[row])
            course, solver = self.courses[run], solvers[row]
            course.nit = int(nfev[row])
            course.leg.end(self._summary(run), None)
            if ended[row]:
                course.restarts.go_on(self._reasons(run, solver))
            if over[row]:
                spent = Spent(int(nfev[row]), float(best[row]), course.nit, seconds)
                self._finish(course, self._limits(run, spent))
            elif stop := course.restarts.stop():
                self._finish(course, stop)
            else:
                self._begin(course)

    def _reasons(self, run: int, solver: Any) -> dict[str, float]:
        """Why a leg has ended."""
        reasons: dict[str, float] = dict(solver.reasons)
        if self._nfev[run] >= self._budget[run]:
            reasons["maxfevals"] = float(self._nfev[run])
        if self._f[run] == -np.inf:
            reasons["lowest"] = -math.inf
        for name, most in PATIENCE.items():
            if self._without[name][run] >= most:
                reasons[name] = float(self._without[name][run])
        return reasons

    def _summary(self, run: int) -> dict[str, Any]:
        """The books of a leg, as of an optimizer."""
        nfev, f = int(self._nfev[run]), float(self._f[run])
        return {
            "nfev": nfev, "njev": nfev, "n_failed": int(self._failed[run]), "fun": f if f < np.inf else np.nan,
            "x": self._x[run].copy(), "mean": self._mean[run].copy(),
        }  # fmt: skip

    def _results(self) -> list[Result]:
        if self.keep_trace and self._improved:
            run, nfev, f = (np.concatenate(column) for column in zip(*self._improved, strict=True))
            order = run.argsort(kind="stable")
            ends = np.searchsorted(run[order], np.arange(1, len(self.courses)))
            parts = (np.split(column[order], ends) for column in (nfev, nfev, f))
            for course, trace in zip(self.courses, zip(*parts, strict=True), strict=True):
                course.pieces = [Trace(*trace)]
        return super()._results()
