"""Whether a solver has come to a minimum: how flat f is at its end, how much was gained, and what is beside and beyond.

Solvers end where the gradient vanishes, or where a line search finds no descent. Both happen elsewhere as well: at
saddles, on stairs, at kinks, and on ways to infinity on which f levels out. So conditions of an optimum decide, and a
few more points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from es.core.arrays import BoolArray, FloatArray
from es.gradient.across import BESIDE, lower_across, most_remembered
from es.gradient.inversion import Call
from es.gradient.lbfgsb import UNTOLD, Asking, answered
from es.gradient.optimality import BALANCED, EPS, STANDING, is_stationary
from problems.boxes import Box
from problems.constraints import Constraints, listed

FAR = 1e9  # lengths beyond which f has no digits left for a step, which looks like a minimum
DRIFTED = 1e5  # lengths beyond which less was gained than is left: a valley that levels out looks like a minimum
SLACK = 1e4 * EPS  # of f: a difference that is no rounding
KINK = 1e-3  # of the largest entry of a gradient: what is left at an end that is none of a smooth function
LITTLE = 0.1  # of what was gained: in a bowl the curvature along a step accounts for twice that on the whole way
NOTABLE = 1e-10  # of what was gained: a step that gains less may be rounding
AHEAD = 0.1  # of the way gone: how far to look where f curves so little
ONWARD = 2  # further searches, on a way on which f still falls
CROSSED = 4  # further searches, each from a saddle
HIGH = 1e8  # gained on the way: valleys seem flat beside it
ANEW = 5  # further searches, after one that began there
UNMOVED, LEVEL = 1e-6, 1e-8  # in units of the scale: a start, a gradient


def lengths(x: FloatArray, x0: FloatArray, scale: FloatArray) -> float:
    """How far x is from x0, in lengths of the start, or of x0."""
    return float((np.abs(x - x0) / np.maximum(scale, np.abs(x0))).max(initial=0.0))


def is_notable(before: Any, f: Any, first: Any) -> Any:
    """Whether a step to f, from the best value before, has gained more than rounding of all that was gained."""
    return before - f > NOTABLE * (first - f)


@dataclass
class Task:
    """What a solver works on: start, scale of steps, box, seed, population, constraints, options and integrality."""

    x0: FloatArray
    scale: FloatArray
    box: Box | None
    seed: Any
    popsize: int | None
    constraints: Any
    options: Mapping[str, Any]
    integrality: Any = None

    def bounds(self) -> Any:
        """The box as SciPy's Bounds, or None."""
        from scipy.optimize import Bounds

        return None if self.box is None else Bounds(self.box.lb, self.box.ub)


class Descended:
    """A function with its gradient that remembers its first value and its best point, by which the end is judged.

    Asked for all digits, solvers mostly end at an optimum by a line search that finds no descent, which SciPy calls a
    failure. So where they end otherwise than by their tolerance, the conditions of an optimum decide.
    """

    def __init__(self, call: Call | None = None) -> None:
        self._call = call
        self._at = b""
        self._slope: Any = None
        self.first: float | None = None
        self.f = np.inf
        self.x = self.g = self.last_x = self.last_g = np.empty(0)  # the best point, and the one before it
        self.steepest = 0.0
        self.slopes: list[FloatArray] = []  # on the way down, the first
        self._remembers = True

    def _at_once(self, x: FloatArray) -> tuple[float, FloatArray]:
        assert self._call is not None
        values, slopes = self._call(x[None])
        if slopes is None:
            raise ValueError(UNTOLD)
        f, g = values.item(0), slopes[0]
        self.saw(x, f, g)
        return f, g

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient at x: the function that SciPy minimises with `jac=True`."""
        f, g = self._at_once(x)
        self.steepest = max(self.steepest, float(np.abs(g).max()))
        return f, g

    def note(self, x: FloatArray, f: float, g: FloatArray) -> float:
        """Remember a value and a gradient that somebody else has asked for; the first value of all."""
        if self.first is None:
            self.first = f
        if f < self.f:
            if is_notable(self.f, f, self.first):
                self.last_x, self.last_g = self.x, self.g
            self.f, self.x, self.g = f, x.copy(), g.copy()
        return self.first

    def saw(self, x: FloatArray, f: float, g: FloatArray) -> None:
        """Remember all of a point that somebody else has asked for."""
        better = f < self.f
        self.note(x, f, g)
        if better and self._remembers:
            self.see(self.g)

    def see(self, g: FloatArray) -> None:
        """Remember a gradient on the way down, which nobody will write to, if it is one of the first."""
        self.slopes.append(g)
        self._remembers = len(self.slopes) < most_remembered(g.size)

    def value(self, x: FloatArray) -> float:
        """Value at x. With `gradient` what SciPy makes of `jac=True`, without two comparisons of arrays each time."""
        f, self._slope = self._at_once(x)
        self._at = x.tobytes()
        return f

    def gradient(self, x: FloatArray) -> Any:
        """Gradient at x."""
        if x.tobytes() != self._at:
            self.value(x)
        return self._slope

    def best(self, result: Any, slack: float = 0.0) -> Any:
        """The result with the best point in the place of its last one, which a line search may have left."""
        if result.fun - self.f > slack * abs(result.fun):
            result.x, result.fun, result.jac = self.x, self.f, self.g
        return result

    def is_optimum(self, result: Any, task: Task, *, stands: bool) -> bool:
        """Whether the point of a result meets the conditions of an optimum; `stands`: a new start has not left it."""
        x, f = result.x, float(result.fun)
        g = gradient_of(result, x.size)
        span = 0.0 if self.first is None else abs(self.first - f)
        if span < abs(f) and lengths(x, task.x0, task.scale) > DRIFTED:
            return False  # so far away, and more is left than was gained: a valley that levels out
        scale = np.maximum(task.scale, np.abs(x - task.x0))  # what is flat far away may be no optimum
        return is_stationary(x, g, task.box, task.constraints, scale, f, span, STANDING if stands else BALANCED)

    def level_step(self, task: Task) -> FloatArray | None:
        """A step along the last one, where f curves too little along that for a minimum; None where it curves.

        Solvers come to an inflection along the axis on which it is one, by steps that each halve what is left.
        """
        if not self.last_x.size or self.first is None:
            return None
        last, gone = (self.x - self.last_x) / task.scale, (self.x - task.x0) / task.scale
        size, way = math.sqrt(last @ last), math.sqrt(gone @ gone)
        curvature = float(last @ ((self.g - self.last_g) * task.scale)) / size**2 if size > 0 else np.inf
        level = curvature * way**2 <= LITTLE * (self.first - self.f)
        return AHEAD * way / size * last * task.scale if level else None

    def is_smooth(self, result: Any, task: Task) -> bool:
        """Whether less of the gradient is left at a result than at a kink, where steps become small as well."""
        x, rounding = np.array(result.x), 1e-10
        span = self.steepest * float(task.scale.max()) + rounding / KINK
        g = gradient_of(result, x.size)
        return is_stationary(x, g, task.box, task.constraints, task.scale, float(result.fun), span, KINK)


def gradient_of(result: Any, n: int) -> Any:
    """The gradient of f in a result; None where bounds left nothing free."""
    g = result.get("grad", result.get("jac"))  # trust-constr keeps that of the constraints in jac
    return None if g is None else np.array(g)[:n]  # SLSQP's has an entry more


def beside(result: Any, task: Task) -> FloatArray | None:
    """Two points beside an end, on either side, where the gradient vanishes in coordinates that are still at x0.

    That is so at a maximum and at a saddle as well as at a minimum. The step is along all such coordinates, in a
    direction of chance, always the same one: these solvers take no `rng`. Along all coordinates there are where every
    entry of the gradient is 0, as differences on stairs are.
    """
    slope = _slope(result, task)
    if slope is None:
        return None
    level = (np.abs(slope) <= LEVEL * max(1.0, np.abs(slope).max())) & (_near(result.x, task.x0, task) | ~slope.any())
    if not level.any():
        return None
    step = BESIDE * task.scale * np.random.default_rng(task.x0.size).standard_normal(task.x0.size) * level
    points = _inside(np.array([result.x - step, result.x + step]), task)
    return points if (points != result.x).any() else None


def _slope(result: Any, task: Task) -> FloatArray | None:
    """Gradient of f at the end of a search that calls itself successful, in units of the scale."""
    g = gradient_of(result, task.x0.size) if result.success else None
    return None if g is None else g * task.scale


def _near(x: FloatArray, start: FloatArray, task: Task) -> BoolArray:
    return np.asarray(np.abs(x - start) <= UNMOVED * task.scale)


def _inside(x: FloatArray, task: Task) -> FloatArray:
    return x if task.box is None else np.minimum(np.maximum(x, task.box.lb), task.box.ub)


def is_high(first: float, f: float, high: float) -> bool:
    """Whether more was gained on the way from a first value to f than `high`, and than that many hundredths of |f|."""
    return high * max(1.0, abs(f) / 100.0) < first - f < math.inf


def _came_from_high_up(result: Any) -> bool:
    """Whether a success gained so much that hardly any gradient is steep beside it, and valleys seem flat."""
    first = result.seen.first if result.success and "seen" in result else None
    return first is not None and is_high(first, result.fun, HIGH)


def _rounding(result: Any) -> float:
    """How much lower a point must be than an end: more than rounding of f there, and of all that was gained."""
    first = result.seen.first if "seen" in result else None
    return max(SLACK * abs(result.fun), 0.0 if first is None else EPS * abs(first - result.fun))


def _lower_point(result: Any, task: Task) -> Asking:
    """A lower point than an end: beside it on stairs, along a last step on which f is level, or as far again from x0.

    The last in the coordinates in which f still falls there, and less than here: so it is on a way to infinity. None
    where the end is a minimum.
    """
    slope, x, fun = _slope(result, task), result.x, result.fun
    if slope is None:
        return None
    if not slope.any():
        points = beside(result, task)
        for point in () if points is None else points:
            if (yield from _value_of(point, task))[0] < fun:
                return point
        return None
    slack, step = _rounding(result), result.get("level_step")
    for point in () if step is None else _inside(np.array([x - step, x + step]), task):
        if fun - (yield from _value_of(point, task))[0] > slack:
            return point
    way = x - task.x0
    falls = slope * way < 0
    for _ in range(2 if falls.any() else 0):
        point = _inside(x + way * falls, task)
        f, g = yield from _value_of(point, task)
        if fun - f > slack:
            return point
        g = g * task.scale
        still = falls & (g * way <= 0) & (np.abs(g) < np.abs(slope))
        if (still == falls).all() or not still.any():
            return None
        falls = still
    return None


def _point_across(result: Any, task: Task) -> Asking:
    """A lower point than an end, across all gradients of its search; None where there is none."""
    if not result.success or "seen" not in result or not result.seen.slopes:
        return None
    bounds = (-np.inf, np.inf) if task.box is None else (task.box.lb, task.box.ub)
    slopes, g = np.array(result.seen.slopes), gradient_of(result, task.x0.size)
    return (yield from lower_across(
        result.x, result.fun, g, slopes, task.scale, bounds, _rounding(result), lambda point: _value_of(point, task)
    ))  # fmt: skip


def keeps_constraints(point: FloatArray, task: Task) -> bool:
    """Whether a point keeps them all, if there are any."""
    if not listed(task.constraints):
        return True
    rules = Constraints(task.constraints, point.size)
    return not rules.violation(rules(point[None])).any()


def _value_of(point: FloatArray, task: Task) -> Asking:
    """Value and gradient; infinite and none outside of the constraints."""
    if not keeps_constraints(point, task):
        return np.inf, np.zeros(point.size)
    f, g = yield point[None]
    return f.item(0), np.zeros(point.size) if g is None else g[0]


def searched(solve: Callable[[Task], Asking], task: Task) -> Asking:
    """What a solver finds, begun again where that need not be a minimum: `beside` its start, across its way, lower.

    And from its end, where it began so high up that what is left seems nothing. Where it stays at both of two starts
    that differ in all free coordinates, and f is not higher beside, f is `flat` there. Where there is a lower point
    again and again, it is no success.
    """

    def lower(first: Any, second: Any) -> Any:
        return second if second.fun < first.fun and (second.success or not task.constraints) else first

    result = yield from solve(task)
    for _ in range(ANEW if _came_from_high_up(result) else 0):
        again = yield from solve(replace(task, x0=np.array(result.x)))
        if not result.fun - again.fun > SLACK * abs(result.fun):
            break
        result = again
    stayed = _near(result.x, task.x0, task)
    points = beside(result, task) if stayed.any() else None
    if points is not None:
        values = []
        for point in points:
            values.append((yield point[None])[0].item(0))
        start = points[np.argmin(values)]
        second = yield from solve(replace(task, x0=start))
        fixed = np.False_ if task.box is None else task.box.lb == task.box.ub
        stays = stayed.all() and ((start != task.x0) | fixed).all() and _near(second.x, start, task).all()
        flat = stays and not min(values) > result.fun
        result = lower(result, second)
        result.flat = bool(flat and result.success)
    onward = crossed = 0
    while onward < ONWARD and crossed < CROSSED and not result.get("flat"):
        point = yield from _lower_point(result, task)
        onward += point is not None
        if point is None:
            point = yield from _point_across(result, task)
            crossed += 1
        if point is None:
            return result
        result = lower(result, (yield from solve(replace(task, x0=point))))
    result.success = bool(result.get("flat"))
    return result


def searches_on(solve: Callable[[Call, Task], Any]) -> Callable[[Call, Task], Any]:
    """A solver that is begun again where its end need not be a minimum; see `searched`."""

    def solve_again(call: Call, task: Task) -> Any:
        def at_once(task: Task) -> Asking:
            yield from ()
            return solve(call, task)

        return answered(searched(at_once, task), call)

    return solve_again


def why_ended(
    outcome: Any, task: Task, blind: Sequence[FloatArray], x_best: FloatArray, plateau: Callable[[], bool],
    alike: bool = False,
) -> str:  # fmt: skip
    """The reason for which a solver has ended.

    Parameters
    ----------
    outcome : scipy.optimize.OptimizeResult
    task : Task
    blind : sequence of ndarray
        Points whose value or gradient was not finite.
    x_best : ndarray, shape (n,)
    plateau : callable
        Whether f is flat where the solver was, if it has not looked beside its start itself.
    alike : bool
        Whether it was told one value everywhere, and no slope.
    """
    reason = "converged" if getattr(outcome, "success", True) else "solver"
    if blind and any(np.array_equal(_inside(np.array(outcome.x), task), x) for x in blind):
        reason = "nogradient"  # no optimum: the solver stopped there by what it was told in the place of NaN
    flat = getattr(outcome, "flat", None)  # None: the solver has not looked beside its start
    if reason == "converged" and (flat or alike or (flat is None and plateau())):
        reason = "tolflatfitness"
    if reason == "converged" and max(lengths(x, task.x0, task.scale) for x in (outcome.x, x_best)) > FAR:
        reason = "tolfacupx"
    return reason
