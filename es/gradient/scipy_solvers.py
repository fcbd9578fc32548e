"""The calls of SciPy's solvers, each as a function of `call`, which evaluates points, and of a `Task`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.gradient.inversion import Call
from es.gradient.lbfgsb import UNTOLD, Asking, answered, by_steps, usable
from es.gradient.optimality import BALANCED, STANDING, is_stationary
from problems.boxes import Box

UNLIMITED = 2**31 - 1  # the driver holds the budget; SciPy's own limits must not cut it short
PRECISION = 2  # status of BFGS and CG: a line search found no descent
LEAST_GAIN = 1e-12  # of f, that a further start must bring
DRIFTED = 1e5  # lengths of the start, or of x0
UNMOVED, LEVEL, BESIDE = 1e-6, 1e-8, 1e-2  # in units of the scale: a start, a gradient, a step away from the start


@dataclass
class Task:
    """What a solver works on: start, scale of steps, box, seed, population, constraints, options and integrality.

    The seed may be a function that gives it.
    """

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


def _value(call: Call) -> Callable[[FloatArray], float]:
    return lambda x: float(call(x[None])[0][0])


def value_and_gradient(call: Call) -> Callable[[FloatArray], tuple[float, FloatArray]]:
    """The function that SciPy minimises with `jac=True`."""

    def both(x: FloatArray) -> tuple[float, FloatArray]:
        f, g = call(x[None])
        if g is None:
            raise ValueError(UNTOLD)
        return f.item(0), g[0]

    return both


class Descended:
    """A function with its gradient that remembers its first value and its best point, by which the end is judged.

    Asked for all digits, solvers mostly end at an optimum by a line search that finds no descent, which SciPy calls a
    failure. So where they end otherwise than by their tolerance, the conditions of an optimum decide.
    """

    def __init__(self, fun: Callable[[FloatArray], tuple[float, FloatArray]] | None = None) -> None:
        self._fun = fun
        self._at = b""
        self._slope: Any = None
        self.first: float | None = None
        self.f = np.inf
        self.x = self.g = np.empty(0)

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient at x."""
        assert self._fun is not None
        f, g = self._fun(x)
        self.note(x, f, g)
        return f, g

    def note(self, x: FloatArray, f: float, g: FloatArray) -> None:
        """Remember a value and a gradient that somebody else has asked for."""
        if self.first is None:
            self.first = f
        if f < self.f:
            self.f, self.x, self.g = f, x.copy(), g.copy()

    def value(self, x: FloatArray) -> float:
        """Value at x. With `gradient` what SciPy makes of `jac=True`, without two comparisons of arrays each time."""
        assert self._fun is not None
        f, self._slope = self._fun(x)
        self._at = x.tobytes()
        self.note(x, f, self._slope)
        return f

    def gradient(self, x: FloatArray) -> Any:
        """Gradient at x."""
        if x.tobytes() != self._at:
            self.value(x)
        return self._slope

    def best(self, result: Any) -> Any:
        """The result with the best point in the place of its last one, which a failed line search may have left."""
        if self.f < result.fun:
            result.x, result.fun, result.jac = self.x, self.f, self.g
        return result

    def is_optimum(self, result: Any, task: Task, *, stands: bool) -> bool:
        """Whether the point of a result meets the conditions of an optimum; `stands`: a new start has not left it."""
        x, f = np.array(result.x), float(result.fun)
        g = np.array(result.jac[: x.size])  # SLSQP's has an entry more
        span = 0.0 if self.first is None else abs(self.first - f)
        way = np.abs(x - task.x0)
        if span < abs(f) and (way > DRIFTED * np.maximum(task.scale, np.abs(task.x0))).any():
            return False  # so far away, and more is left than was gained: a valley that levels out
        scale = np.maximum(task.scale, way)  # what is flat far away may be no optimum
        return is_stationary(x, g, task.box, task.constraints, scale, f, span, STANDING if stands else BALANCED)


def minimize_quietly(*args: Any, **kwargs: Any) -> Any:
    """`scipy.optimize.minimize` without floating-point warnings from inside the solver.

    Its Python warnings are left alone: their filters belong to the whole process, and this runs beside the caller's
    thread.
    """
    from scipy.optimize import minimize

    with np.errstate(all="ignore"):
        return minimize(*args, **kwargs)


def beside(result: Any, task: Task) -> FloatArray | None:
    """Two points beside the start, on either side, where a solver has stayed there because the gradient vanishes.

    That is so at a maximum and at a saddle as well as at a minimum. The step is along all coordinates in which the
    gradient vanishes, in a direction of chance.
    """
    slope = result.get("grad", result.get("jac"))  # trust-constr keeps that of the constraints in jac
    if not result.success or slope is None or (np.abs(result.x - task.x0) > UNMOVED * task.scale).any():
        return None
    slope = np.abs(np.array(slope)[: task.x0.size] * task.scale)
    level = slope <= LEVEL * max(1.0, slope.max())
    seed = task.seed() if callable(task.seed) else task.seed
    step = BESIDE * task.scale * np.random.default_rng(seed).standard_normal(task.x0.size) * level
    points = np.array([task.x0 - step, task.x0 + step])
    if task.box is not None:
        points = np.clip(points, task.box.lb, task.box.ub)
    return points if (points != task.x0).any() else None


def lower(first: Any, second: Any, task: Task, start: FloatArray, value: float) -> Any:
    """What a solver found from its start, or what it found from beside it, if that is lower and no breach of limits.

    Where it stayed at both, which differ in all coordinates, and f is not higher beside, f is flat there: no success.
    """
    result = second if second.fun < first.fun and (second.success or not task.constraints) else first
    stays = (np.abs(second.x - start) <= UNMOVED * task.scale).all() and (start != task.x0).all()
    result.flat = bool(stays and result.success and not value > first.fun)
    return result


def leaves_its_start(solve: Callable[[Call, Task], Any]) -> Callable[[Call, Task], Any]:
    """A solver that begins again beside its start where the gradient vanishes there; see `beside`."""

    def solve_twice(call: Call, task: Task) -> Any:
        result = solve(call, task)
        points = beside(result, task)
        if points is None:
            return result
        values = [call(point[None])[0].item(0) for point in points]
        start = points[np.argmin(values)]
        return lower(result, solve(call, replace(task, x0=start)), task, start, min(values))

    return solve_twice


class Stalls:
    """Whether L-BFGS-B is to start again with an empty memory where it stalled: until that gains little three times."""

    def __init__(self, seen: Descended, task: Task) -> None:
        self._seen, self._task = seen, task
        self._last, self._little = np.inf, 0

    def is_over(self, result: Any, small_gradient: bool) -> bool:
        """Look at the end of a start, and say in the last one whether it is a success."""
        gain = self._last - result.fun
        self._little += not gain > 0.5 * abs(result.fun)
        if not small_gradient and self._little < 3 and gain > LEAST_GAIN * abs(result.fun):
            self._last = result.fun
            return False
        # A start that gains nothing, even where the line search complained, has nothing but rounding left.
        stands = not gain > LEAST_GAIN * abs(result.fun)
        result.success = small_gradient or self._seen.is_optimum(result, self._task, stands=stands)
        return True


def lbfgsb(call: Call, task: Task) -> Any:
    """L-BFGS-B, started again while that gains something."""
    if takes_steps(task):
        return answered(lbfgsb_by_steps(task), call)
    return leaves_its_start(_lbfgsb_of_scipy)(call, task)


def _lbfgsb_of_scipy(call: Call, task: Task) -> Any:
    seen, x = Descended(value_and_gradient(call)), task.x0
    stalls, options = Stalls(seen, task), {**task.options, "maxiter": UNLIMITED, "maxfun": UNLIMITED}
    while True:
        result = minimize_quietly(seen, x, jac=True, method="L-BFGS-B", bounds=task.bounds(), options=options)
        if "jac" not in result or stalls.is_over(result, "GRADIENT" in str(result.message)):
            return result  # without `jac`: bounds leave nothing free
        x = result.x


def takes_steps(task: Task) -> bool:
    """Whether L-BFGS-B goes by the routine that hands back control; `minimize` serves where the box fixes variables."""
    return (task.box is None or bool((task.box.lb < task.box.ub).all())) and task.options["maxls"] > 0 and usable()


def lbfgsb_by_steps(task: Task, search: Callable[..., Asking] = by_steps) -> Asking:
    """`lbfgsb` as a generator of points; `search` is what goes from each start."""
    result = yield from _lbfgsb_of_steps(task, search)
    points = beside(result, task)
    if points is None:
        return result
    values = []
    for point in points:
        values.append((yield point[None])[0].item(0))
    start = points[np.argmin(values)]
    second = yield from _lbfgsb_of_steps(replace(task, x0=start), search)
    return lower(result, second, task, start, min(values))


def _lbfgsb_of_steps(task: Task, search: Callable[..., Asking]) -> Asking:
    seen, x = Descended(), task.x0
    stalls = Stalls(seen, task)
    while True:
        result = yield from search(x, task.box, task.options, seen.note)
        if stalls.is_over(result, result.small_gradient):
            return result
        x = result.x


def _gradient_solver(name: str) -> Callable[[Call, Task], Any]:
    def solve(call: Call, task: Task) -> Any:
        """Started again from its end where a line search has failed: in a valley it may go on; see `Descended`."""
        seen, x, last = Descended(value_and_gradient(call)), task.x0, np.inf
        options = {**task.options, "maxiter": UNLIMITED}
        while True:
            result = minimize_quietly(seen.value, x, jac=seen.gradient, method=name, options=options)
            if result.success or result.status != PRECISION:
                return result
            result = seen.best(result)
            if not last - result.fun > LEAST_GAIN * abs(result.fun):
                result.success = seen.is_optimum(result, task, stands=True)
                return result
            x, last = result.x, result.fun

    return solve


bfgs = leaves_its_start(_gradient_solver("BFGS"))
cg = leaves_its_start(_gradient_solver("CG"))


def nelder_mead(call: Call, task: Task) -> Any:
    """Downhill simplex."""
    options = {**task.options, "maxiter": UNLIMITED, "maxfev": UNLIMITED}
    return minimize_quietly(_value(call), task.x0, method="Nelder-Mead", bounds=task.bounds(), options=options)


def powell(call: Call, task: Task) -> Any:
    """Powell's conjugate directions."""
    options = {**task.options, "maxiter": UNLIMITED, "maxfev": UNLIMITED}
    try:
        return minimize_quietly(_value(call), task.x0, method="Powell", bounds=task.bounds(), options=options)
    except RuntimeError as error:
        if "bracket" not in str(error):
            raise
        from scipy.optimize import OptimizeResult

        result = OptimizeResult()
        result.update(x=task.x0, success=False, status=2, message=str(error))
        return result  # down a slope without an end


def differential_evolution(call: Call, task: Task) -> Any:
    """Differential evolution with a generation per batch."""
    from scipy.optimize import differential_evolution as solve

    def values(x: npt.NDArray[Any]) -> Any:  # SciPy's batches have shape (n, k); the polish asks for single points
        f = call(np.atleast_2d(x.T))[0]
        return float(f[0]) if x.ndim == 1 else f

    n = task.x0.size
    integrality = None if task.integrality is None else np.asarray(task.integrality) != 0
    per_variable = 15 if task.popsize is None else max(1, -(-task.popsize // n))
    return solve(
        values,
        task.bounds(),
        x0=task.x0,
        popsize=per_variable,
        vectorized=True,
        updating="deferred",
        integrality=integrality,
        maxiter=UNLIMITED,
        rng=np.random.default_rng(task.seed),
        **task.options,
    )


def dual_annealing(call: Call, task: Task) -> Any:
    """Generalised simulated annealing; `sweeps` is SciPy's maxiter. It works on what the box leaves free."""
    from scipy.optimize import Bounds, OptimizeResult
    from scipy.optimize import dual_annealing as solve

    assert task.box is not None
    value, free, x = _value(call), task.box.lb < task.box.ub, task.x0.copy()
    if not free.any():
        whole: Any = OptimizeResult()
        whole.update(x=x, fun=value(x), success=True, status=0)
        return whole

    def of_free(part: FloatArray) -> float:
        x[free] = part
        return value(x)

    options = dict(task.options)
    sweeps = options.pop("sweeps")
    rng = np.random.default_rng(task.seed)
    bounds = Bounds(task.box.lb[free], task.box.ub[free])
    result: Any = solve(of_free, bounds, x0=task.x0[free], maxiter=sweeps, maxfun=UNLIMITED, rng=rng, **options)
    x[free] = result.x
    result.x = x
    return result
