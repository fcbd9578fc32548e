"""The calls of SciPy's solvers, each as a function of `call`, which evaluates points, and of a `Task`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.gradient.across import BESIDE
from es.gradient.ends import ONWARD, SLACK, Descended, Task, searched, searches_on
from es.gradient.inversion import Call
from es.gradient.lbfgsb import Asking, answered, by_steps, usable
from es.gradient.units import in_large_units
from problems.boxes import Box

UNLIMITED = 2**31 - 1  # the driver holds the budget; SciPy's own limits must not cut it short
ITERATIONS, PRECISION = 1, 2  # status of BFGS and CG: their own limit; a line search found no descent
AT_A_TIME = 20_000  # iterations: BFGS takes steps of 0 for ever, without a value, once its matrix has no digits left
SETTLED = 1e-8  # of f, or of 1: less than what a search that is begun again must bring
AGAIN, ROUNDS = 200, 10  # evaluations a variable, of one that is begun again, and how often
LEAST_GAIN = 1e-12  # of f, that a further start must bring


def _value(call: Call) -> Callable[[FloatArray], float]:
    return lambda x: float(call(x[None])[0][0])


def minimize_quietly(*args: Any, **kwargs: Any) -> Any:
    """`scipy.optimize.minimize` without floating-point warnings from inside the solver; of others see `quietly`."""
    from scipy.optimize import minimize

    with np.errstate(all="ignore"):
        return minimize(*args, **kwargs)


class Stalls:
    """Whether L-BFGS-B is to start again with an empty memory where it stalled: until that gains little three times."""

    def __init__(self, seen: Descended, task: Task) -> None:
        self._seen, self._task = seen, task
        self._last, self._little = np.inf, 0

    def is_over(self, result: Any, small_gradient: bool) -> bool:
        """Look at the end of a start, and say in the last one whether it is a success."""
        x, result = result.x, self._seen.best(result, SLACK)
        small_gradient = small_gradient and x is result.x  # not where a lower point has been passed by
        fun = result.fun
        gain = self._last - fun
        self._little += not gain > 0.5 * abs(fun)
        # A start that gains nothing, even where the line search complained, has nothing but rounding left.
        stands = not gain > LEAST_GAIN * abs(fun)
        if not (small_gradient or stands) and self._little < 3:
            self._last = fun
            return False
        result.success = small_gradient or self._seen.is_optimum(result, self._task, stands=stands)
        result.level_step, result.seen = self._seen.level_step(self._task), self._seen
        return True


def lbfgsb(call: Call, task: Task) -> Any:
    """L-BFGS-B, started again while that gains something."""
    if takes_steps(task):
        return answered(lbfgsb_by_steps(task), call)
    return searches_on(_lbfgsb_of_scipy)(call, task)


def _lbfgsb_of_scipy(call: Call, task: Task) -> Any:
    seen, x = Descended(call), task.x0
    stalls, options = Stalls(seen, task), {**task.options, "maxiter": UNLIMITED, "maxfun": UNLIMITED}
    while True:
        result = minimize_quietly(seen, x, jac=True, method="L-BFGS-B", bounds=task.bounds(), options=options)
        if "jac" not in result or stalls.is_over(result, "GRADIENT" in str(result.message)):
            return result  # without `jac`: bounds leave nothing free
        x = result.x


def takes_steps(task: Task) -> bool:
    """Whether L-BFGS-B goes by the routine that hands back control; `minimize` serves where the box fixes variables."""
    return (task.box is None or bool((task.box.lb < task.box.ub).all())) and task.options["maxls"] > 0 and usable()


def _search(x0: FloatArray, box: Box | None, options: Mapping[str, Any], seen: Descended) -> Asking:
    return by_steps(x0, box, options, seen.saw)


def lbfgsb_by_steps(task: Task, search: Callable[..., Asking] = _search) -> Asking:
    """`lbfgsb` as a generator of points; `search` is what goes from each start, and tells what it sees."""
    return searched(partial(_lbfgsb_of_steps, search=search), task)


def _lbfgsb_of_steps(task: Task, search: Callable[..., Asking]) -> Asking:
    seen, x = Descended(), task.x0
    stalls = Stalls(seen, task)
    while True:
        result = yield from search(x, task.box, task.options, seen)
        if stalls.is_over(result, result.small_gradient):
            return result
        x = result.x


def _gradient_solver(name: str) -> Callable[[Call, Task], Any]:
    def solve(call: Call, task: Task) -> Any:
        """Started again from its end where a line search has failed: in a valley it may go on; see `Descended`."""
        seen, x, last = Descended(call), task.x0, np.inf
        options = {**task.options, "maxiter": AT_A_TIME}
        while True:
            result = minimize_quietly(seen.value, x, jac=seen.gradient, method=name, options=options)
            if result.status == ITERATIONS:
                result.status = PRECISION
            x, result = result.x, seen.best(result, 0.0 if result.status == PRECISION else SLACK)
            result.level_step, result.seen = seen.level_step(task), seen
            if x is result.x and (result.success or result.status != PRECISION):
                return result
            if not last - result.fun > LEAST_GAIN * abs(result.fun):
                result.success = seen.is_optimum(result, task, stands=True)
                return result
            x, last = result.x, result.fun

    return solve


bfgs = in_large_units(searches_on(_gradient_solver("BFGS")))
cg = in_large_units(searches_on(_gradient_solver("CG")))


def _settled(name: str, call: Call, task: Task) -> Any:
    """A search without gradients, begun again where a point a little aside of its end is lower.

    Between bounds, where a simplex and directions collapse, begun again at its end until that brings nothing. No
    success where it goes on and on.
    """
    options: dict[str, Any] = {**task.options, "maxiter": UNLIMITED, "maxfev": UNLIMITED}
    more: dict[str, Any] = {"method": name, "bounds": task.bounds()}
    fun, n, gain = _value(call), task.x0.size, np.inf
    result = minimize_quietly(fun, task.x0, options=options, **more)
    options.update(maxfev=AGAIN * n, **dict.fromkeys({"initial_simplex", "direc"} & options.keys()))
    box = task.box
    for _ in range(0 if box is not None else ONWARD + 1):
        if not result.success:
            return result
        points = result.x + np.vstack([np.diag(size * task.scale) for size in (BESIDE, -BESIDE)])
        values = [fun(point) for point in points]
        if not result.fun - min(values) > SLACK * abs(result.fun):
            return result
        again = minimize_quietly(fun, points[np.argmin(values)], options=options, **more)
        result = min(result, again, key=lambda end: end.fun)
    if box is None or not result.success:
        result.success = False
        return result
    if name == "Nelder-Mead" and not (((result.x == box.lb) | (result.x == box.ub)) & (box.lb < box.ub)).any():
        return result  # a simplex that has collapsed lies on a face
    for _ in range(ROUNDS):
        if not gain > SETTLED * max(1.0, abs(result.fun)):
            return result
        last = result.fun
        again = minimize_quietly(fun, result.x, options=options, **more)
        if not last - again.fun > SETTLED:
            steps = np.vstack([np.diag(size * task.scale) for size in (BESIDE, -BESIDE, BESIDE**2, -(BESIDE**2))])
            lowest = min(np.clip(result.x + steps, box.lb, box.ub), key=fun)
            if (value := fun(lowest)) < result.fun:
                result.x, result.fun = lowest, value
                again = minimize_quietly(fun, lowest, options=options, **more)
        if again.fun < result.fun:
            result.x, result.fun = again.x, again.fun
        gain = last - result.fun
    result.success = False
    return result


def nelder_mead(call: Call, task: Task) -> Any:
    """Downhill simplex."""
    return _settled("Nelder-Mead", call, task)


def powell(call: Call, task: Task) -> Any:
    """Powell's conjugate directions."""
    try:
        return _settled("Powell", call, task)
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
    with np.errstate(all="ignore"):
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
    with np.errstate(all="ignore"):
        result: Any = solve(of_free, bounds, x0=task.x0[free], maxiter=sweeps, maxfun=UNLIMITED, rng=rng, **options)
    x[free] = result.x
    result.x = x
    return result
