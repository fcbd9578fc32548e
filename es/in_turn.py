"""Runs that do not stack, one after the other: SciPy's solvers, restarts, constraints, evaluations taken again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.limits import limit
from es.core.streams import open_streams
from es.minimize import minimize
from es.run.each import Each
from problems.feasible import Feasible
from problems.ledger import Ledger
from problems.objective import Objective
from problems.stack import Stack

if TYPE_CHECKING:
    from es.core.result import Result


def run_in_turn(
    objective: Objective,
    each: Each,
    *,
    limits: Mapping[str, Any],
    maxtime: float | None,
    rng: Any,
    keep_trace: bool,
    **common: Any,
) -> list[Result]:
    """Call `es.minimize` for each start.

    Parameters
    ----------
    objective : Objective
        For all runs, or a Stack with one for each.
    each : Each
        What the runs are started with.
    limits : mapping
        maxfevals, maxiter and ftarget: for all runs, or (runs,).
    maxtime : float or None
        Seconds for all runs together; those that would begin later evaluate nothing.
    rng, keep_trace
        As for `es.minimize_runs`: run i has the stream that it has in a stack.
    **common
        Arguments of `es.minimize`.

    Returns
    -------
    list of es.Result
        Without `history`, of which a thousand would be many.
    """
    seconds = limit("maxtime", maxtime, whole=False)
    began = time.monotonic()
    feasible = Feasible(objective.constraints) if objective.constraints else None
    problems = objective.objectives if isinstance(objective, Stack) else (objective,) * len(each.x0)
    results = []
    for i, (stream, seed) in enumerate(zip(*open_streams(rng, len(each.x0)), strict=True)):
        problem, own = problems[i], each.alone(i)
        own["bounds"] = own.pop("box")
        own |= {name: value[i] if np.ndim(value) else value for name, value in limits.items()}
        ledger = Ledger(problem, keep_trace=True, feasible=feasible) if keep_trace else None
        left = None if seconds is None else max(1e-6, seconds - (time.monotonic() - began))
        result = minimize(
            problem if ledger is None else ledger,
            maxtime=left,
            rng=stream if seed is None else seed,
            **own,
            **common,
        )
        del result["history"]
        if ledger is not None:
            result["trace"] = ledger.trace
        results.append(result)
    return results
