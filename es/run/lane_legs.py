"""Runs with restarts whose legs have populations of many sizes, as those of BIPOP, side by side in lanes.

Stacks of one population size (`es.run.legs`) end with few legs of the small populations, for these are of many sizes
and nobody waits for the same one: with n = 20 and 10,000 n evaluations 41 of 100 generations were of one leg. In lanes
(`Lanes` of the method) the legs of all runs advance together, whatever their size, and a run's next leg begins when
the last one has ended. Numbers are those of a run alone, bit for bit.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.book import traces_of
from es.run.course import Course, Spent
from es.run.each import Budgets, Each
from es.run.legs import Courses, spent_of

if TYPE_CHECKING:
    from es.core.result import Result


class LaneCourses(Courses):
    """`Courses` in lanes, for methods that have them and problems whose values are finite and may be asked for again.

    `run` goes back to stacks where a value is not finite.
    """

    def run(self) -> list[Result]:
        """Run all to their ends."""
        each, before = self.each, copy.deepcopy(self.courses)  # the first sample changes their streams
        self.lanes = self.makes[0].cls.lanes(each.x0.shape[1], each.options, keep_trace=self.keep_trace)
        try:
            self._advance()
        except self.lanes.NotFinite:
            self.courses = before
            return super().run()
        for course, trace in zip(self.courses, traces_of(self.lanes.improved, len(self.courses)), strict=True):
            course.pieces.append(trace)
        return self._results()

    def _advance(self) -> None:
        lanes, waiting = self.lanes, self.courses
        while True:
            waiting = self._still(waiting)
            chosen = self._chosen(waiting)
            waiting = [course for course in waiting if course not in chosen]
            if chosen or not lanes.open.all():
                self._exchange(chosen)
            if not len(lanes.run):
                return
            for _ in range(lanes.PERIOD):
                waiting += self._step()

    def _still(self, courses: Sequence[Course]) -> list[Course]:
        """Those for which there is time; the others have ended."""
        seconds = time.monotonic() - self.began
        if seconds < self.maxtime:
            return list(courses)
        for course in courses:
            self._finish(course, {"maxtime": seconds})
        return []

    def _chosen(self, waiting: list[Course]) -> list[Course]:
        """Those for which there is room, first what is far behind; one at least."""
        lanes, n = self.lanes, self.each.x0.shape[1]
        points, count = POINTS // n - int(lanes.popsize[lanes.open].sum()), MATRICES // (n * n) - lanes.open.sum()
        chosen: list[Course] = []
        for course in sorted(waiting, key=spent_of):
            points, count = points - course.leg.popsize, count - 1
            if (points < 0 or count < 0) and (chosen or lanes.open.any()):
                break
            chosen.append(course)
        return chosen

    def _exchange(self, courses: list[Course]) -> None:
        """Close the lanes of legs that have ended, and open one for each of these runs."""
        legs, numbers, lanes = [course.leg for course in courses], [course.number for course in courses], self.lanes
        opt, before = None, []
        if legs:
            starts, rngs = [(leg.mean, leg.scale0) for leg in legs], [leg.rng for leg in legs]
            opt = self._optimizer(numbers, starts, legs[0].popsize, rngs)
            before = [
                (leg.maxfevals, spent_of(course), course.restarts.book.f_best)
                for leg, course in zip(legs, courses, strict=True)
            ]
        lanes.exchange(opt, numbers, [leg.popsize for leg in legs], before)
        self._left = self.maxfevals[lanes.run] - lanes.nfev0
        self._turns = self.maxiter[lanes.run] - [self.courses[number].nit for number in lanes.run.tolist()]
        self._goal = self.ftarget[lanes.run]

    def _step(self) -> list[Course]:
        """One generation of all lanes; returns the runs whose leg has ended and that have another one."""
        lanes, go_on = self.lanes, list[Course]()
        cut = lanes.step(self.evaluate, self._left - lanes.nfev)
        found = lanes.stop()
        seconds = time.monotonic() - self.began
        over = (lanes.f_best <= self._goal) | (lanes.nfev >= self._left) | (lanes.nit >= self._turns)
        if seconds >= self.maxtime:
            over[:] = True
        over &= lanes.open
        ended = sorted({*np.flatnonzero(over).tolist(), *found})
        for i, summary in lanes.close(ended, cut).items() if ended else ():
            course = self.courses[lanes.run[i]]
            course.nit += summary["nit"]
            course.leg.end(summary, None)
            nfev, f_best = int(lanes.nfev0[i] + summary["nfev"]), min(float(lanes.f0[i]), summary["fun"])
            spent = Spent(nfev, f_best, course.nit, seconds)
            reasons = {} if cut[i] else found.get(i, {})  # a population that was cut teaches nothing
            if self._goes_on(course, reasons, spent if over[i] else None):
                go_on.append(course)
        return go_on


# Numbers in the points, and in the matrices, of all lanes; with n = 40, 90 lanes for 180 cost 5 to 12 % of time.
POINTS, MATRICES = 2**20, 2**19
LONG = 4000  # evaluations a variable; with 2,000 few legs are left alone, and a generation of stacks costs a tenth less


def in_lanes(cls: Any, each: Each, restarts: Any, evaluate: Any, budgets: Budgets) -> bool:
    """Whether legs are to stand in lanes: those of BIPOP, of a method that has lanes with these options.

    IPOP comes to stacks of one population size by itself.
    """
    n = each.x0.shape[1]
    if budgets.full("maxfevals", np.inf).max() < LONG * n:
        return False
    bipop = isinstance(restarts, str) and restarts.lower() == "bipop"
    if not bipop or not getattr(evaluate, "repeatable", False) or each.rates or each.thresholds:
        return False
    same_box = len({each.key(run) for run in range(len(each.x0))}) == 1
    return same_box and hasattr(cls, "lanes") and cls.lanes(n, each.options) is not None
