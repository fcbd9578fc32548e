"""Many runs of solvers that work with gradients, side by side: each tick evaluates the next point of all in one call.

A solver has no state in common with others, so nothing but the evaluation and the books is shared; each makes the steps
that it makes alone. Where restarts do not depend on what was found, and evaluations have no side effects, the next legs
of a run stand beside the present one, each in a *lane* of its own, and wait for their turn to be counted: following the
operations of a function takes as long for fifteen points as for sixty. One that has gone further by then than the
budget of its run allows begins anew.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray, IntArray
from es.core.criteria import CRITERIA
from es.evaluation.stacked import OfEach
from es.gradient.lanes import Lanes
from es.gradient.lbfgsb import usable
from es.gradient.scipy_methods import BFGS, CG, LBFGSB
from es.run.course import Course, Leg, Spent
from es.run.legs import Courses
from es.run.restarts import IPOP
from problems.ledger import Trace

if TYPE_CHECKING:
    from es.core.result import Result


STACKED = (LBFGSB, BFGS, CG)
PATIENCE = {name: int(CRITERIA[name].default or 0) for name in ("nofinite", "nogradient")}
LANES, OF_RUN = 1024, 16  # at most, of all runs, and at work for one


class SolverCourses(Courses):
    """Runs of one solver of `STACKED`, with restarts or without; see `Courses` for the parameters."""

    def _firsts(self) -> dict[int, tuple[int, FloatArray]]:
        """As of `Courses`, of solvers that stand in no stack."""
        return {number: (1, make(rng=0).x_mean) for number, make in enumerate(self.makes)}

    def run(self) -> list[Result]:
        """Run all to their ends."""
        runs, n = len(self.courses), self.courses[0].leg.mean.size
        self._foresees = isinstance(self.evaluate, OfEach) and self.evaluate.repeatable and usable()
        self._foresees &= self.makes[0].cls is LBFGSB and all(type(course.restarts) is IPOP for course in self.courses)
        # Of runs: the limit and the evaluations of legs that have ended, the best value of these, and the lanes.
        self._limit, self._nfev0 = np.minimum(self.maxfevals, self.maxiter), np.zeros(runs, dtype=np.int64)
        self._best, self._lanes = np.full(runs, np.inf), [list[int]() for _ in range(runs)]
        # Of lanes: the run, whether its leg is the present one of that, whether it waits for its turn to be counted; of
        # their legs: evaluations, failures, evaluations in a row without a value and without a gradient, the least
        # finite value, the best value, its point, the newest point that is as good, and improvements.
        lanes = runs + (LANES if self._foresees else 0)
        self._free = list(range(lanes))[::-1]
        self._run, self._nfev, self._failed = (np.zeros(lanes, dtype=np.int64) for _ in range(3))
        self._present, self._waits = np.zeros(lanes, dtype=bool), np.zeros(lanes, dtype=bool)
        self._without = {name: np.zeros(lanes, dtype=np.int64) for name in PATIENCE}
        self._low, self._f, self._budget = (np.full(lanes, np.inf) for _ in range(3))
        self._x, self._mean = np.zeros((lanes, n)), np.zeros((lanes, n))
        self._solvers = Lanes(lanes, n, self._x)
        self._improved: list[list[tuple[int, float]]] = [[] for _ in range(lanes)]
        self._lower, self._upper = np.full((runs, n), -np.inf), np.full((runs, n), np.inf)
        for run, course in enumerate(self.courses):
            if course.leg.box is not None:
                self._lower[run], self._upper[run] = course.leg.box.lb, course.leg.box.ub
            self._open(run, course.leg)
        alike = all((bounds == bounds[0]).all() for bounds in (self._lower, self._upper))
        while (active := self._at_work()).size:
            at = self._run[active]
            rows: Any = slice(0, 1) if alike else at
            lower, upper = self._lower[rows], self._upper[rows]
            while self._tick(active, at, lower, upper):
                pass
        return self._results()

    def _at_work(self) -> IntArray:
        """Lanes whose legs go on, run by run."""
        return np.array([lane for lanes in self._lanes for lane in lanes if not self._waits[lane]], dtype=np.int64)

    def _open(self, run: int, leg: Leg) -> None:
        """Give a leg of a run a lane, behind those that it has."""
        lane = self._free.pop()
        self._run[lane], self._present[lane] = run, not self._lanes[run]
        self._lanes[run].append(lane)
        self._begin(lane, leg)

    def _begin(self, lane: int, leg: Leg) -> None:
        """Start the solver of a leg."""
        self._nfev[lane] = self._failed[lane] = 0
        self._waits[lane] = False
        self._budget[lane] = leg.maxfevals
        for count in self._without.values():
            count[lane] = 0
        self._low[lane] = self._f[lane] = np.inf
        self._x[lane] = self._mean[lane] = leg.mean
        self._improved[lane] = []
        self._solvers.begin(lane, self.makes[self._run[lane]], leg.mean, leg.scale0, leg.rng)

    def _look_ahead(self, course: Course) -> None:
        """Let as many of the next legs begin as the budget has room for, if they are as long as those that have ended.

        Half as many as have ended without success are seldom in vain.
        """
        run, ended = course.number, len(course.restarts.log)
        lanes, alive = self._lanes[run], sum(map(bool, self._lanes))
        to_come = (self._limit[run] / self._nfev0[run] - 1) * ended
        room = min(LANES // alive, OF_RUN, 1 + ended // 2, to_come)
        at_work = len(lanes) - int(np.count_nonzero(self._waits[lanes]))
        wanted = 2 ** int(math.log2(max(1.0, room)))  # changes seldom: stacks of functions are made anew then
        while at_work < wanted and len(lanes) < 4 * wanted and len(self._free) > alive:
            leg = course.restarts.foresee(len(lanes) - 1)
            if leg is None:
                break
            self._open(run, leg)
            at_work += 1

    def _tick(self, active: IntArray, runs: IntArray, lower: FloatArray, upper: FloatArray) -> bool:
        """Evaluate the next point of each, and go on; says whether all are still at work."""
        x = self._solvers.asked(active, lower, upper)
        try:
            f, g = self.evaluate(runs, x, None, gradients=True)
        except Exception:
            if self._present[active].all():
                raise
            self._foresees = False  # what a run alone would not have asked for must not end it
            for lanes in self._lanes:
                self._free += lanes[1:]
                del lanes[1:]
            return False
        assert g is not None
        value = f[:, 0]
        finite, known = np.isfinite(value), np.isfinite(g[:, 0])
        slopes = known[:, 0] if known.all() else known.all(-1)
        self._book(active, x[:, 0], value, finite, slopes)
        self._solvers.tell(active, x, f, g, finite & slopes)
        return not self._end_some(active, runs)

    def _book(self, active: IntArray, x: FloatArray, value: FloatArray, finite: Any, slopes: Any) -> None:
        """Count, and keep the best of the legs."""
        self._nfev[active] += 1
        good = finite if finite.all() else value < np.inf
        self._failed[active] += ~good
        for name, seen in (("nofinite", good), ("nogradient", slopes)):
            self._without[name][active] = np.where(seen, 0, self._without[name][active] + 1)
        near = (finite & (value <= self._low[active])).nonzero()[0]
        at = active[near]
        self._mean[at], self._low[at] = x[near], value[near]
        better = (good & (value < self._f[active])).nonzero()[0]
        at = active[better]
        self._f[at], self._x[at] = value[better], x[better]
        if self.keep_trace:
            for lane, nfev, f in zip(at.tolist(), self._nfev[at].tolist(), value[better].tolist(), strict=True):
                self._improved[lane].append((nfev, f))

    def _end_some(self, active: IntArray, runs: IntArray) -> bool:
        """End legs that have a reason to, and runs that are at their limits; whether there were any."""
        present = self._present[active]
        over = present & (self._nfev0[runs] + self._nfev[active] >= self._limit[runs])
        over |= self._f[active] <= self.ftarget[runs]
        if time.monotonic() - self.began >= self.maxtime:
            over |= present
        ended = self._solvers.have_ended(active) | (self._f[active] == -np.inf)
        ended |= self._nfev[active] >= self._budget[active]
        for name, most in PATIENCE.items():
            ended |= self._without[name][active] >= most
        rows = (ended | over).nonzero()[0]
        self._waits[active[rows]] = True
        for run in sorted(set(runs[rows].tolist())):
            course = self.courses[run]
            while not course.stop and self._waits[self._lanes[run][0]]:
                self._end(course)
            if self._foresees and not course.stop:
                self._look_ahead(course)
        return bool(rows.size)

    def _end(self, course: Course) -> None:
        """Book the present leg of a run, which has ended or reached a limit, and turn to the next one."""
        run, lane = course.number, self._lanes[course.number][0]
        if self._nfev0[run] + self._nfev[lane] - 1 >= self._limit[run]:  # the budget ends within it
            self._begin(lane, course.leg)
            return
        nfev0, best = int(self._nfev0[run]), float(self._best[run])
        nfev, seconds = nfev0 + int(self._nfev[lane]), time.monotonic() - self.began
        if self.keep_trace and (better := [(k, f) for k, f in self._improved[lane] if f < best]):
            counts, values = zip(*better, strict=True)
            course.pieces.append(Trace(nfev0 + np.array(counts), nfev0 + np.array(counts), np.array(values)))
        self._nfev0[run], self._best[run] = nfev, min(best, self._f[lane])
        over = nfev >= self._limit[run] or self._best[run] <= self.ftarget[run] or seconds >= self.maxtime
        course.nit = nfev
        course.leg.end(self._summary(lane), None)
        if reasons := self._reasons(lane):
            course.restarts.go_on(reasons)
        self._free.append(self._lanes[run].pop(0))
        if over:
            self._finish(course, self._limits(run, Spent(nfev, float(self._best[run]), nfev, seconds)))
        elif stop := course.restarts.stop():
            self._finish(course, stop)
        elif not self._lanes[run]:
            self._open(run, course.leg)
        if course.stop:
            self._free += self._lanes[run]
            self._lanes[run] = []
        else:
            self._present[self._lanes[run][0]] = True

    def _reasons(self, lane: int) -> dict[str, float]:
        """Why a leg has ended; empty if it would go on."""
        reasons: dict[str, float] = dict(self._solvers.reasons(lane))
        if self._nfev[lane] >= self._budget[lane]:
            reasons["maxfevals"] = float(self._nfev[lane])
        if self._f[lane] == -np.inf:
            reasons["lowest"] = -math.inf
        for name, most in PATIENCE.items():
            if self._without[name][lane] >= most:
                reasons[name] = float(self._without[name][lane])
        return reasons

    def _summary(self, lane: int) -> dict[str, Any]:
        """The books of a leg, as of an optimizer."""
        nfev, f = int(self._nfev[lane]), float(self._f[lane])
        return {
            "nfev": nfev, "njev": nfev, "n_failed": int(self._failed[lane]), "fun": f if f < np.inf else np.nan,
            "x": self._x[lane].copy(), "mean": self._mean[lane].copy(),
        }  # fmt: skip
