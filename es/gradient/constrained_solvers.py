"""SciPy's solvers for constraints, and what their ends mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.gradient.ends import Descended, Task, is_notable, keeps_constraints, searches_on
from es.gradient.inversion import Call
from es.gradient.scipy_solvers import UNLIMITED, minimize_quietly
from es.gradient.units import in_large_units
from problems.constraints import EQUALITY, listed

GTOL = 1e-10  # of trust-constr, unless told otherwise, where neither bounds nor constraints are in the way
VANISHED = 1e-30  # barrier of trust-constr
SMALL_GRADIENT = 1  # status of trust-constr
# Status of SLSQP: by its tolerance; no descent along its direction; its own limit.
CONVERGED, LINE_SEARCH, ITERATIONS = 0, 8, 9
STILL = 1e-10  # change of f from one start to the next, as a part of f, by which SLSQP stands still
IDLE = 5  # starts of SLSQP that bring nothing, after which it goes to and fro


@in_large_units
@searches_on
def slsqp(call: Call, task: Task) -> Any:
    """Sequential least squares programming, started again from its end while that is none; see `Descended`.

    Its first step is as long as the gradient, and what it takes for little is absolute. So where it has ended otherwise
    than at an optimum, values are measured by the gradient there.
    """
    seen, x, unit, last, idle = Descended(call), task.x0, 1.0, np.inf, 0

    def measured(x: FloatArray) -> tuple[float, FloatArray]:
        f, g = seen(x)
        return f / unit, g / unit

    options = {**task.options, "maxiter": max(100, 5 * x.size)}
    more: dict[str, Any] = {"bounds": task.bounds(), "constraints": task.constraints, "options": options}
    while True:
        result = minimize_quietly(measured, x, jac=True, method="SLSQP", **more)
        if "jac" not in result:  # bounds leave nothing free
            return result
        result.fun, result.jac = unit * result.fun, unit * result.jac
        if is_notable(result.fun, seen.f, seen.first) and keeps_constraints(seen.x, task):
            result = seen.best(result)
        idle += not last - result.fun > STILL * abs(result.fun)
        stands = not abs(last - result.fun) > STILL * abs(result.fun) or idle > IDLE
        result.success = seen.is_optimum(result, task, stands=stands)
        result.level_step, result.seen = seen.level_step(task), seen
        broken = result.status not in (CONVERGED, LINE_SEARCH, ITERATIONS) and last < np.inf
        if result.success or stands or broken:
            return result
        if result.status != ITERATIONS:
            steep = np.abs(result.jac[: x.size] * task.scale).max()
            unit = float(np.exp2(np.rint(np.log2(steep)))) if 0 < steep < np.inf else 1.0
        x, last = result.x, result.fun


@in_large_units
@searches_on
def trust_constr(call: Call, task: Task) -> Any:
    """Trust-region constrained, with BFGS updates for the second derivatives.

    Bounds are kept by whoever evaluates, at the nearest point inside: SciPy's own `keep_feasible` stays where it is
    when the start lies on a bound. And its test of the gradient leaves the slack of inequalities out, so that it ends
    before an optimum at a bound, in a corner at once; there only small steps with a small barrier are an end, or none
    of it left: where the gradient vanishes steps only grow.
    """
    gtol = task.options["gtol"]
    if gtol is None:
        gtol = GTOL if task.box is None and not listed(task.constraints) else -1.0
    options = {**task.options, "gtol": gtol, "maxiter": UNLIMITED}
    more: dict[str, Any] = {"bounds": task.bounds(), "constraints": task.constraints, "options": options}

    def vanished(x: FloatArray, state: Any) -> bool:
        return bool(state.get("barrier_parameter", 1.0) < VANISHED)

    seen = Descended(call)
    try:
        result = minimize_quietly(seen, task.x0, jac=True, method="trust-constr", callback=vanished, **more)
    except ValueError as error:
        if "must not contain infs or NaNs" not in str(error) or not seen.x.size:
            raise
        from scipy.optimize import OptimizeResult

        result = OptimizeResult()  # a constraint is no number somewhere, and SciPy's factorizations refuse it
        result.update(x=seen.x, fun=seen.f, success=False, status=0, message=str(error))
        return result
    # By its gradient, its steps or its barrier; 4: and a violation above gtol, which may be -1.
    ended = result.status in (1, 2, 3, 4) and result.constr_violation <= EQUALITY
    result.success = ended and (result.status == SMALL_GRADIENT or seen.is_smooth(result, task))
    result.level_step, result.seen = seen.level_step(task), seen
    return result
