"""Trials fused into one stack of runs: the same numbers, sooner.

Trials of one method and one n share a stack: they may differ in problem, start, seed, budget, step size, population
size and learning rates. Each line of a method, and of each function, then works for all runs at once.  A run's bits do
not depend on what is in the stack beside it, so a study that is killed and resumed in other groups ends with the same
numbers.  A stack holds as many trials as are done in about `SECONDS`: so much is lost at most where a study is killed.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.build import build_problem, is_own_function, method_named
from experiments.records import Trial, blank_record, digest, judged
from experiments.solve import Terms, ending, outcome, split_options

__all__ = ["mark_stacks", "run_stack"]

# Above this dimension a generation's own arithmetic dwarfs what a stack saves.
LARGEST_N = 200
MOST_RUNS = 512
MOST_BYTES = 64_000_000
SECONDS = 180.0
"""About what a stack may take."""
BIPOP = 2
"""As much longer may one of BIPOP take: the run with the most generations decides, and the others share them."""
OWN_SECONDS, SECONDS_PER_N = 1e-6, 7e-8
"""What a method takes for an evaluation in a stack, and for each variable of it."""
UNKNOWN_SECONDS = 1e-5
"""What an evaluation of a function of the user's is taken to take."""
SOLVER_SECONDS = 3e-5
"""The same of a solver of SciPy's."""
COMPANY = 4
TOGETHER_SECONDS = 2e-4
"""What an evaluation with gradients takes however few runs share it: following the operations of the function."""
POINTS, LOOKS = 64, 4
"""By how many points, and how often, the time of an objective is taken."""

# Options of which each run of a stack may have its own value, and which methods take one for each.
PER_RUN = ("sigma0", "popsize")
RATES = ("c1", "cmu", "cc", "cs", "damps")


@dataclass(frozen=True)
class Traits:
    """What problems must have in common to share a stack, and about how long an evaluation takes."""

    plain: bool
    alike: str
    seconds: float


def per_run(method: str) -> tuple[str, ...]:
    """Names of the options of which each run of a stack of this method may have its own number."""
    import es
    from es.gradient.descent import Descent

    if is_own_function(method):
        return ()
    cls = method_named(method)
    return PER_RUN + (RATES if cls is es.CMAES else ()) + (("lr",) if issubclass(cls, Descent) else ())


def stack_name(trial: Mapping[str, Any]) -> str:
    """Name what trials that may share a stack have in common: the method, its other options, and n."""
    options, own = trial["method"]["options"], per_run(trial["method"]["name"])
    same = {name: value for name, value in options.items() if name not in own}
    kinds = [(name, isinstance(options[name], int | float)) for name in own if name in options]
    return digest([trial["problem"]["n"], trial["method"]["name"], same, kinds, trial["grad_cost"]])


def can_stack(trial: Mapping[str, Any]) -> bool:
    """Whether a trial can run in a stack.

    Not so methods of the user's, which need not be written for stacks, SciPy's solvers without gradients, noisy,
    constrained and point-by-point objectives, and whatever `es.minimize_runs` has no argument for or would run in turn.
    """
    from es.run.legs import stacks_with_restarts
    from es.run.solver_legs import STACKED

    if is_own_function(trial["method"]["name"]):
        return False
    arguments, options = split_options(trial)
    cls = method_named(trial["method"]["name"])
    solver = cls in STACKED and "stop" not in options
    if (cls.kind not in ("strategy", "gradient") and not solver) or set(arguments) - {"sigma0", "popsize", "restarts"}:
        return False
    if arguments.get("restarts") is not None and not solver and not stacks_with_restarts(cls, options):
        return False
    if not all(isinstance(trial["method"]["options"].get(name, 1.0), int | float) for name in PER_RUN):
        return False
    return _traits(_words(trial)).plain


def _words(trial: Mapping[str, Any]) -> str:
    """A problem as text; instances of one function are taken to be alike."""
    problem = trial["problem"]
    options = {name: value for name, value in problem["options"].items() if name != "instance"}
    gradient = wants_gradient(trial["method"]["name"])
    return json.dumps([problem["name"], problem["n"], options, gradient], sort_keys=True)


@functools.cache
def wants_gradient(method: str) -> bool:
    """Whether a method asks for gradients."""
    return bool(method_named(method).wants_gradient)


@functools.lru_cache(maxsize=4096)
def _traits(words: str) -> Traits:
    """Look at the problem of these words."""
    name, n, options, gradient = json.loads(words)
    objective = build_problem({"name": name, "n": n, "options": options})
    plain = objective.vectorized and not objective.noisy and not objective.constraints
    plain = plain and objective.integrality is None and objective.n is not None and objective.n <= LARGEST_N
    if not plain or (gradient and objective.differentiable is False):
        return Traits(False, words, 0.0)
    box = None if objective.box is None else [objective.box.lb.tolist(), objective.box.ub.tolist()]
    alike = json.dumps([objective.n, box, objective.f_opt is None])
    if is_own_function(name):  # no code of the user's runs outside of a trial
        return Traits(True, alike, UNKNOWN_SECONDS)
    start = objective.x0(np.random.default_rng(0))
    x = start + 1e-3 * np.random.default_rng(1).standard_normal((POINTS, start.size))
    if objective.box is not None:
        x = np.clip(x, objective.box.lb, objective.box.ub)
    evaluate = objective.value_and_grad if gradient else objective
    try:
        marks = [time.perf_counter()]
        for _ in range(LOOKS):
            evaluate(x)
            marks.append(time.perf_counter())
    except Exception:  # the trials themselves will say what is wrong
        return Traits(False, words, 0.0)
    return Traits(True, alike, float(np.diff(marks).min()) / POINTS)  # the least is what no other process was in


def mark_stacks(trials: Iterable[Trial]) -> tuple[list[Trial], dict[str, int]]:
    """The trials, each with the name of the ``stack`` in which it can be fused with others, or None; and the most runs
    of each stack."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(stack_name(trial), []).append(trial)
    limits: dict[str, int] = {}
    marked: list[Trial] = []
    for name, group in groups.items():
        for stack, members in _parts(name, group).items():
            if stack and len(members) > 1 and (limit := stack_limit(members)) > 1:
                limits[stack] = limit
            marked += [trial | {"stack": stack if stack in limits else None} for trial in members]
    return marked, limits


def _parts(name: str, group: list[Trial]) -> dict[str, list[Trial]]:
    """Trials by the stack that they can stand in, "" for none; a problem is built only where there is company."""
    if len(group) == 1:
        return {"": group}
    parts: dict[str, list[Trial]] = {}
    for trial in group:
        stack = digest([name, _traits(_words(trial)).alike]) if can_stack(trial) else ""
        parts.setdefault(stack, []).append(trial)
    return parts


def stack_limit(group: Sequence[Trial]) -> int:
    """Give the most runs of a stack: it has to end in about `SECONDS`, and an n x n matrix for each has to fit.

    One of BIPOP may take `BIPOP` times as long, one with gradients `COMPANY` times as long as one run alone, if that is
    more: most of that time is shared.
    """
    n = group[0]["problem"]["n"] or build_problem(group[0]["problem"]).n or 1
    each = float(np.mean([seconds_of(trial, n) for trial in group]))
    bipop = group[0]["method"]["options"].get("restarts") == "bipop"
    seconds, together = SECONDS * (BIPOP if bipop else 1), 0.0
    if wants_gradient(group[0]["method"]["name"]):
        together = max(_evaluations(trial, n) for trial in group) * TOGETHER_SECONDS
        seconds = max(SECONDS, COMPANY * (together + each))
    return int(max(1, min(MOST_RUNS, MOST_BYTES // (8 * n * n), (seconds - together) / each)))


def _evaluations(trial: Trial, n: int) -> float:
    """How many evaluations a trial has, if it spends its whole budget."""
    budget = float(trial["maxcost"] if trial["maxcost"] is not None else trial["budget"] * n)
    return budget / (1.0 + float(trial["grad_cost"]) if wants_gradient(trial["method"]["name"]) else 1.0)


def seconds_of(trial: Trial, n: int) -> float:
    """About how long a trial takes in a stack, if it spends its whole budget."""
    own = SOLVER_SECONDS if method_named(trial["method"]["name"]).kind == "scipy" else OWN_SECONDS
    return _evaluations(trial, n) * (_traits(_words(trial)).seconds + own + SECONDS_PER_N * n)


def run_stack(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run trials of one stack together; whatever an objective or the method raises, they can be run one by one then."""
    from es.runs import minimize_runs

    started = time.perf_counter()
    terms = [Terms.of(trial) for trial in trials]
    targets = [t.ftarget for t in terms if t.ftarget is not None]
    own = per_run(terms[0].method)
    arguments, options = _columns([t.arguments for t in terms], own), _columns([t.options for t in terms], own)
    results = minimize_runs(
        _objective(trials, terms),
        np.stack([t.x0 for t in terms]),
        method=method_named(terms[0].method),
        maxfevals=np.array([t.maxfevals for t in terms]),
        ftarget=np.array(targets) if targets else None,
        keep_trace=True,
        rng=[np.random.default_rng(t.rng) for t in terms],
        options=options or None,
        **arguments,
    )
    each = (time.perf_counter() - started) / max(1, sum(result.nfev for result in results))
    return [
        judged(blank_record(trial) | ending(term, result.stop) | _found(term, result) | {"seconds": each * result.nfev})
        for trial, term, result in zip(trials, terms, results, strict=True)
    ]


def _columns(rows: Sequence[dict[str, Any]], own: Sequence[str]) -> dict[str, Any]:
    """One table of several: a number where all have the same, an array where they differ and may."""
    found = dict(rows[0])
    for name in found.keys() & set(own):
        values = [row[name] for row in rows]
        if len(set(values)) > 1:
            found[name] = np.array(values)
    return found


def _objective(trials: Sequence[Mapping[str, Any]], terms: Sequence[Terms]) -> Any:
    """The problem of all trials, or theirs side by side; equal ones are one."""
    import problems

    known: dict[str, Any] = {}
    objectives = [known.setdefault(digest(trial["problem"]), term.objective)
                  for trial, term in zip(trials, terms, strict=True)]  # fmt: skip
    return objectives[0] if len(known) == 1 else problems.stack(objectives)


def _found(terms: Terms, result: Any) -> dict[str, Any]:
    counts = {name: int(result[name]) for name in ("nfev", "njev", "n_failed")}
    if not result.fun < np.inf:  # -inf is a value, the least there is
        return outcome(terms, result.trace, None, None, counts)
    return outcome(terms, result.trace, result.x, float(result.fun), counts)
