"""Trials that differ in start, seed and step size only, fused into one stack of runs: the same numbers, sooner.

Each line of a method and of a vectorised objective then works for all runs at once.  A run's bits do not depend on what
is in the stack beside it, so a study that is killed and resumed in other groups ends with the same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.build import build_problem
from experiments.records import blank_record, digest, judged
from experiments.solve import Terms, ending, outcome, split_options

__all__ = ["mark_stacks", "run_stack"]

Trial = dict[str, Any]

# Above this dimension a generation's own arithmetic dwarfs what a stack saves.
LARGEST_N = 200
MOST_RUNS = 128
MOST_BYTES = 64_000_000

# Options of which each run of a stack may have its own value.
PER_RUN = ("sigma0",)


def stack_name(trial: Mapping[str, Any]) -> str:
    """Name what trials of one stack have in common: all but the start, the seed, the budget and `PER_RUN`."""
    options = trial["method"]["options"]
    same = {name: value for name, value in options.items() if name not in PER_RUN}
    own = [(name, isinstance(options[name], int | float)) for name in PER_RUN if name in options]
    problem = {name: trial["problem"][name] for name in ("name", "n", "options")}
    return digest([problem, trial["method"]["name"], same, own, trial["grad_cost"]])


def can_stack(trial: Mapping[str, Any]) -> bool:
    """Whether a trial can run in a stack.

    Not so finished solvers (SciPy's), restarts, noisy, constrained and point-by-point objectives, and whatever
    `es.minimize_runs` has no argument for.
    """
    import es

    arguments, _ = split_options(trial)
    if es.get_method(trial["method"]["name"]).kind == "scipy" or set(arguments) - {"sigma0", "popsize"}:
        return False
    if not all(isinstance(arguments.get(name, 1.0), int | float) for name in PER_RUN):
        return False
    objective = build_problem(trial["problem"])
    plain = objective.vectorized and not objective.noisy and not objective.constraints
    return plain and objective.integrality is None and objective.n is not None and objective.n <= LARGEST_N


def mark_stacks(trials: Iterable[Trial]) -> tuple[list[Trial], dict[str, int]]:
    """Find the trials that can be fused.

    Returns
    -------
    trials, limits
        The trials, each with the name of its ``stack`` or None; the most runs of each stack.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(stack_name(trial), []).append(trial)
    limits: dict[str, int] = {}
    marked: list[Trial] = []
    for name, group in groups.items():
        # A problem is built here only for a stack that would have company in it.
        if len(group) > 1 and can_stack(group[0]) and stack_limit(group[0]) > 1:
            limits[name] = stack_limit(group[0])
        marked += [trial | {"stack": name if name in limits else None} for trial in group]
    return marked, limits


def stack_limit(trial: Mapping[str, Any]) -> int:
    """Give the most runs of a stack: an n x n matrix for each has to fit."""
    n = build_problem(trial["problem"]).n or 1
    return max(1, min(MOST_RUNS, MOST_BYTES // (8 * n * n)))


def run_stack(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run trials of one stack together.

    Raises
    ------
    Exception
        Whatever the objective or the method raises; the trials can then be run one by one.
    """
    from es.runs import minimize_runs

    started = time.perf_counter()
    terms = [Terms.of(trial) for trial in trials]
    split = [split_options(trial) for trial in trials]
    arguments, options = split[0]
    if "sigma0" in arguments:
        arguments["sigma0"] = np.array([own["sigma0"] for own, _ in split], dtype=np.float64)
    targets = [t.ftarget for t in terms if t.ftarget is not None]
    results = minimize_runs(
        terms[0].objective,
        np.stack([t.x0 for t in terms]),
        method=trials[0]["method"]["name"],
        maxfevals=np.array([t.maxfevals for t in terms]),
        ftarget=np.array(targets) if targets else None,
        keep_trace=True,
        rng=[np.random.default_rng(t.rng) for t in terms],
        options=options or None,
        **arguments,
    )
    seconds = (time.perf_counter() - started) / len(trials)
    return [
        judged(blank_record(trial) | ending(term, result.stop) | _found(term, result) | {"seconds": seconds})
        for trial, term, result in zip(trials, terms, results, strict=True)
    ]


def _found(terms: Terms, result: Any) -> dict[str, Any]:
    counts = {name: int(result[name]) for name in ("nfev", "njev", "n_failed")}
    if not np.isfinite(result.fun):
        return outcome(terms, result.trace, None, None, counts)
    return outcome(terms, result.trace, result.x, float(result.fun), counts)
