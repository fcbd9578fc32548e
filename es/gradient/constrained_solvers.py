"""SciPy's solvers for constraints, and what their ends mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.gradient.inversion import Call, FloatArray
from es.gradient.optimality import is_stationary
from es.gradient.scipy_solvers import UNLIMITED, Task, minimize_quietly, value_and_gradient
from problems.constraints import EQUALITY, listed

GTOL = 1e-10  # of trust-constr, unless told otherwise, where neither bounds nor constraints are in the way
LINE_SEARCH, ITERATIONS = 8, 9  # status of SLSQP: no descent along its direction; its own limit


def slsqp(call: Call, task: Task) -> Any:
    """Sequential least squares programming, started again from its end while that is none.

    Asked for all digits, it mostly ends at an optimum by a line search that finds no descent, which SciPy calls a
    failure, or goes round and round there. So where it ends otherwise than by its tolerance, the conditions of an
    optimum decide.
    """
    fun, x = value_and_gradient(call), task.x0
    least, greatest = np.inf, -np.inf

    def watched(x: FloatArray) -> tuple[float, FloatArray]:
        nonlocal least, greatest
        f, g = fun(x)
        least, greatest = min(least, f), max(greatest, f)
        return f, g

    options = {**task.options, "maxiter": 200}
    more: dict[str, Any] = {"bounds": task.bounds(), "constraints": task.constraints, "options": options}
    while True:
        result = minimize_quietly(watched, x, jac=True, method="SLSQP", **more)
        status = getattr(result, "status", 0)  # there is none where bounds leave nothing free
        if status in (LINE_SEARCH, ITERATIONS):
            at = np.array(result.x), np.array(result.jac[: x.size]), task.box, task.constraints, task.scale
            result.success = is_stationary(*at, float(result.fun), greatest - least)
        if result.success or status != ITERATIONS or np.array_equal(result.x, x):
            return result
        x = result.x


def trust_constr(call: Call, task: Task) -> Any:
    """Trust-region constrained, with BFGS updates for the second derivatives.

    Bounds are kept by whoever evaluates, at the nearest point inside: SciPy's own `keep_feasible` stays where it is
    when the start lies on a bound. And its test of the gradient leaves the slack of inequalities out, so that it ends
    before an optimum at a bound, in a corner at once; there only small steps with a small barrier are an end.
    """
    gtol = task.options["gtol"]
    if gtol is None:
        gtol = GTOL if task.box is None and not listed(task.constraints) else -1.0
    options = {**task.options, "gtol": gtol, "maxiter": UNLIMITED}
    more: dict[str, Any] = {"bounds": task.bounds(), "constraints": task.constraints, "options": options}
    result = minimize_quietly(value_and_gradient(call), task.x0, jac=True, method="trust-constr", **more)
    ended = result.status in (1, 2, 4)  # by its gradient or its steps; 4: and a violation above gtol, which may be -1
    result.success = ended and result.constr_violation <= EQUALITY
    return result
