"""Runs with restarts, many at once: what each makes between two restarts is part of a stack.

The legs (`es.run.course`) of many runs that have the same population size are run side by side, as one stack, to their
ends: so a leg is what it would be alone, bit for bit, whatever stands beside it.

IPOP comes to one stack for each population size. The small populations of BIPOP are of many sizes, and what is far
behind is left alone in the end, so the stack of the run with the fewest evaluations so far goes first; where the method
and the problems allow it, its legs stand in lanes (`es.run.lane_legs`). Of 96 runs of BIPOP (24 functions, n = 40,
10,000 n evaluations) that are 165,000 generations of stacks, where the stack that most runs wait for takes 199,000, and
the smallest population first 250,000.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray
from es.core.criteria import LIMITS
from es.core.limits import reached
from es.evaluation.stacked import StackedEvaluator, one_step
from es.gradient.descent import Descent
from es.parts.strategy import Strategy
from es.run.arguments import Maker
from es.run.course import Course, Legs, Once, Spent, start_of
from es.run.each import Budgets, Each
from es.run.restarts import with_restarts
from problems.ledger import Trace

if TYPE_CHECKING:
    from es.core.result import Result


# Beyond that the arrays of a stack leave the cache, and longer ones gain nothing: numbers in the points of a
# generation, and in the matrices.
POINTS, MATRICES = 2**18, 2**17
FEWEST, MOST_POINTS = 8, 2**22  # so many legs at least, unless their points are more than this: 32 MB in each array


class Courses:
    """Runs with restarts, in stacks of legs.

    Parameters
    ----------
    cls : class
        Of the optimizers.
    each : Each
        What the runs are started with.
    restarts : None, int, "ipop" or "bipop"
    rngs : sequence of (Generator, seed)
        One for each run, with what gives it again (None where only the generator is known).
    evaluate : StackedEvaluator
    budgets : Budgets
    keep_trace : bool
    """

    def __init__(
        self,
        cls: Any,
        each: Each,
        restarts: Any,
        rngs: Sequence[tuple[np.random.Generator, Any]],
        evaluate: StackedEvaluator,
        budgets: Budgets,
        *,
        keep_trace: bool = False,
    ) -> None:
        self.each, self.evaluate, self.keep_trace = each, evaluate, keep_trace
        self.makes = [Maker(cls, **each.alone(run)) for run in range(len(rngs))]
        for make in self.makes:
            make.budgeted = budgets.budgeted
        self.ftarget = budgets.full("ftarget", np.nan)
        self.maxfevals, self.maxiter = budgets.full("maxfevals", np.inf), budgets.full("maxiter", np.inf)
        self.maxtime = np.inf if budgets.maxtime is None else budgets.maxtime
        self.began = time.monotonic()
        self.courses = []
        firsts = self._firsts()
        for number, (stream, seed) in enumerate(rngs):
            rng = stream if seed is None else seed
            legs = Legs(self.makes[number], *firsts[number])
            policy = Once(legs, rng=rng) if restarts is None else with_restarts(legs, restarts, rng)
            self.courses.append(Course(number, policy, seed))

    def run(self) -> list[Result]:
        """Run all to their ends."""
        waiting: dict[Any, list[Course]] = {}
        for course in self.courses:
            self._wait(course, waiting)
        while waiting:
            key = min(waiting, key=lambda key: (min(map(spent_of, waiting[key])), key[0]))
            group = sorted(waiting.pop(key), key=spent_of)
            most = self._most(group[0].leg.popsize, group[0].leg.mean.size)
            if len(group) > most:
                waiting[key], group = group[most:], group[:most]
            group.sort(key=lambda course: course.number)  # what shares a function stands together
            for course in self._stack(group):
                self._wait(course, waiting)
        return self._results()

    def _firsts(self) -> dict[int, tuple[int, FloatArray]]:
        """Population size and mean, in the caller's coordinates, with which each run starts."""
        groups: dict[Any, list[int]] = {}
        for number, make in enumerate(self.makes):
            groups.setdefault((make.fixed["popsize"], self.each.key(number)), []).append(number)
        found: dict[int, tuple[int, FloatArray]] = {}
        for (popsize, _), group in groups.items():
            most = self._most(popsize or 1, self.makes[group[0]].fixed["x0"].size)
            for first in range(0, len(group), most):
                numbers = group[first : first + most]
                starts = [start_of(self.makes[number]) for number in numbers]
                opt = self._optimizer(numbers, starts, popsize, [0] * len(numbers))
                size = opt.popsize if opt.kind == "strategy" else 1
                found |= {number: (size, mean) for number, mean in zip(numbers, opt.x_mean, strict=True)}
        return found

    def _results(self) -> list[Result]:
        name = self.makes[0].name
        return [
            course.result(
                wanted=not np.isnan(self.ftarget[course.number]), method=name, keep_trace=self.keep_trace,
                first_error=self.evaluate.error_of(course.number),
            )
            for course in self.courses
        ]  # fmt: skip

    def _wait(self, course: Course, waiting: dict[Any, list[Course]]) -> None:
        """Put a run among those whose legs can share a stack; where there is no time left it has ended."""
        seconds = time.monotonic() - self.began
        if seconds >= self.maxtime:
            self._finish(course, {"maxtime": seconds})
            return
        key = (course.leg.popsize, self.each.key(course.number))
        waiting.setdefault(key, []).append(course)

    def _most(self, popsize: int, n: int) -> int:
        """How many legs make a stack that is no slower than two."""
        square = n * n if "A" in getattr(self.makes[0].cls, "state_names", ()) else n
        points = popsize * n
        return max(1, min(FEWEST, MOST_POINTS // points), min(POINTS // points, MATRICES // square))

    def _stack(self, courses: list[Course]) -> list[Course]:
        """Run the present legs of these runs to their ends, side by side; returns the runs that go on."""
        numbers = np.array([course.number for course in courses])
        books = [course.restarts.book for course in courses]
        nfev0, nit0 = np.array([book.nfev for book in books]), np.array([course.nit for course in courses])
        f0 = np.array([book.f_best for book in books])
        most, target, turns = self.maxfevals[numbers], self.ftarget[numbers], self.maxiter[numbers] - nit0
        legs = [course.leg for course in courses]
        opt, active, go_on = self._optimizer(
            numbers.tolist(), [(leg.mean, leg.scale0) for leg in legs], legs[0].popsize, [leg.rng for leg in legs],
            **_columns([{"maxfevals": leg.maxfevals} for leg in legs]),
        ), None, list[Course]()  # fmt: skip
        if isinstance(opt, Strategy):
            opt.draw_ahead(untouched=getattr(self.evaluate, "repeatable", False))
        if self.keep_trace:
            opt.book.keep_trace()
        while len(opt.active):
            if opt.active is not active:  # some have ended
                active = opt.active
                here, before, goal = numbers[active], nfev0[active], target[active]
                # Generations of which no run comes to the end of its budget.
                left = most[active] - before - opt.nfev
                calm = min(np.floor(left / opt.popsize).min(), (turns[active] - opt.nit).min())
            room = None if calm >= 1 else most[active] - before - opt.nfev
            means = one_step(opt, self.evaluate, here, room)
            calm -= 1
            seconds, spent_here, found_here = time.monotonic() - self.began, opt.nfev, opt.f_best
            over = found_here <= goal
            if calm <= 0:
                over |= (before + spent_here >= most[active]) | (opt.nit >= turns[active])
            if seconds >= self.maxtime:
                over[:] = True
            opt.stop()
            if opt.active is active and not np.count_nonzero(over):
                continue
            nfev, f_best = before + spent_here, np.minimum(f0[active], found_here)
            by_itself = ~np.isin(active, opt.active)
            by_itself[list(means)] = False  # a population that was cut teaches nothing, so nothing ends by it
            rows = np.flatnonzero(by_itself | over).tolist()
            opt.end("limit", run=[at for at in active[rows].tolist() if opt.ended(at) is None])
            for row in rows:
                course, summary = courses[active[row]], opt.ended(int(active[row]))
                course.nit += opt.nit
                course.leg.end(summary, means.get(row))
                reasons = summary["stop"] if by_itself[row] else {}
                spent = Spent(int(nfev[row]), float(f_best[row]), course.nit, seconds)
                if self._goes_on(course, reasons, spent if over[row] else None):
                    go_on.append(course)
        if self.keep_trace:
            for course, trace, nfev_before, f_before in zip(courses, opt.book.traces(), nfev0, f0, strict=True):
                better = trace.f < f_before
                njev_before = nfev_before if opt.wants_gradient else 0
                course.pieces.append(
                    Trace(trace.nfev[better] + nfev_before, trace.njev[better] + njev_before, trace.f[better])
                )
        return go_on

    def _goes_on(self, course: Course, reasons: Mapping[str, float], over: Spent | None) -> bool:
        """Whether a run whose leg has ended has another one.

        `reasons` are why the leg ended by itself, empty where it did not; `over` what the run has spent, where it has
        come to a limit.
        """
        if reasons:
            course.restarts.go_on(reasons)
        if over is not None:
            self._finish(course, self._limits(course.number, over))
        elif ended := course.restarts.stop():
            self._finish(course, ended)
        else:
            return True
        return False

    def _optimizer(
        self,
        numbers: Sequence[int],
        starts: Sequence[tuple[FloatArray, FloatArray]],
        popsize: int | None,
        rngs: list[Any],
        **stop: Any,
    ) -> Any:
        """Legs of these runs, with their x0 and sigma0, as one optimizer of stacked runs."""
        rates: dict[str, Any] = {name: rate[numbers] for name, rate in self.each.rates.items()}
        stops = _columns([self.makes[number].fixed.get("stop") or {} for number in numbers])
        x0, sigma0 = (np.stack(column) for column in zip(*starts, strict=True))
        return self.makes[numbers[0]](
            x0=x0, sigma0=sigma0, popsize=popsize, rng=rngs, stop={**stops, **stop}, **rates
        )  # fmt: skip

    def _limits(self, run: int, spent: Spent) -> dict[str, float]:
        """The limits that a run has reached, each with its figure."""
        own = {name: getattr(self, name)[run] for name in LIMITS if name != "maxtime"}
        return reached(spent, {**own, "maxtime": self.maxtime})

    def _finish(self, course: Course, stop: Mapping[str, float]) -> None:
        course.stop, course.seconds = dict(stop), time.monotonic() - self.began


def stacks_with_restarts(cls: Any, options: Mapping[str, Any]) -> bool:
    """Whether the legs of a method can stand in stacks.

    Not where an iteration is no generation (lq-CMA-ES), nor where a covariance matrix says what a restart starts from.
    """
    return issubclass(cls, Strategy | Descent) and options.get("covariance0") is None


def spent_of(course: Course) -> int:
    """Evaluations of the legs that have ended."""
    return int(course.restarts.book.nfev)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of several mappings by name: one where all have the same, else an array."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {name: values[0] if len(set(values)) == 1 else np.array(values) for name, values in columns.items()}
