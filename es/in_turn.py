"""Runs that do not stack, one after the other: SciPy's solvers, restarts, constraints, evaluations taken again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from es.core.limits import limit
from es.core.streams import open_streams
from es.minimize import minimize
from problems.feasible import Feasible
from problems.ledger import Ledger
from problems.objective import Objective

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

FloatArray = npt.NDArray[np.float64]


def run_in_turn(
    objective: Objective,
    start: FloatArray,
    *,
    each: Mapping[str, Any],
    maxtime: float | None,
    rng: Any,
    keep_trace: bool,
    **common: Any,
) -> list[OptimizeResult]:
    """Call `es.minimize` for each start.

    Parameters
    ----------
    objective : Objective
    start : ndarray, shape (runs, n)
    each : mapping
        Arguments of `es.minimize` that may have one value per run, with a leading axis then.
    maxtime : float or None
        Seconds for all runs together; those that would begin later evaluate nothing.
    rng, keep_trace
        As for `es.minimize_runs`: run i has the stream that it has in a stack.
    **common
        Arguments of `es.minimize`.

    Returns
    -------
    list of OptimizeResult
        Without `history`, of which a thousand would be many.
    """
    seconds = limit("maxtime", maxtime, whole=False)
    began = time.monotonic()
    feasible = Feasible(objective.constraints) if objective.constraints else None
    results = []
    for i, (stream, seed) in enumerate(zip(*open_streams(rng, len(start)), strict=True)):
        ledger = Ledger(objective, keep_trace=True, feasible=feasible) if keep_trace else None
        left = None if seconds is None else max(1e-6, seconds - (time.monotonic() - began))
        own = {name: value if np.ndim(value) == 0 else value[i] for name, value in each.items()}
        result = minimize(
            objective if ledger is None else ledger,
            start[i],
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
