"""Runs that do not stack, one after the other: SciPy's solvers, restarts, constraints, evaluations taken again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from es.core.streams import open_streams
from es.minimize import minimize
from es.run.differences import as_scheme
from es.run.each import Budgets, Each
from es.space import Space
from problems.feasible import Feasible
from problems.ledger import Ledger
from problems.objective import Objective
from problems.stack import Stack

if TYPE_CHECKING:
    from es.core.result import Result


def run_in_turn(
    fun: Any, x0: Any, objective: Objective, each: Each, *, budgets: Budgets, rng: Any, keep_trace: bool, **common: Any
) -> list[Result]:
    """Call `es.minimize` for each start, with these common arguments.

    The results have no `history`, of which a thousand would be many. `objective` is `fun` for all runs, or a Stack with
    one for each. Of an array x0 each run has its row of `each`; runs that would begin after the `maxtime` of the
    budgets evaluate nothing, and run i has the stream that it has in a stack. Raises ValueError if fun is a Ledger,
    which serves one run.
    """
    if isinstance(fun, Ledger):
        raise ValueError(
            f"fun is a Ledger, which serves one run, and {len(each.x0)} would run in turn: pass its .objective"
        )
    seconds = budgets.maxtime
    began = time.monotonic()
    feasible = Feasible(objective.constraints) if objective.constraints else None
    whole = objective if keep_trace else fun
    if isinstance(whole, Objective):  # which has both in it
        common["jac"], common["vectorized"] = as_scheme(common["jac"]), False
    problems = whole.objectives if isinstance(whole, Stack) else (whole,) * len(each.x0)
    results = []
    for i, (stream, seed) in enumerate(zip(*open_streams(rng, len(each.x0)), strict=True)):
        problem, own = problems[i], each.alone(i)
        own["bounds"] = own.pop("box")
        if x0 is None or isinstance(x0, Space):
            own["x0"] = x0
        own |= budgets.of(i)
        ledger = Ledger(problem, keep_trace=True, feasible=feasible) if keep_trace else None
        left = None if seconds is None else max(1e-6, seconds - (time.monotonic() - began))
        result = minimize(
            problem if ledger is None else ledger, maxtime=left, rng=stream if seed is None else seed, **own, **common
        )
        del result["history"]
        if ledger is not None:
            result["trace"] = ledger.trace
        results.append(result)
    return results
