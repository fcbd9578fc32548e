"""Few evaluations on mixed spaces: what is reached after 25, 50, 100 and 200 of them, beside optuna and SMAC.

    python -m experiments.benchmarks.mixed_few [--runs 10] [--first 2000] [--budget 200] [--only COM ...]

The problems are those of `experiments.benchmarks.mixed`, with random optima. Each cell is a median over the runs of the
best value so far; behind the name stand the evaluations to the optimum, and of how many runs, where that is reached.
A file keeps what was measured, so that methods and problems can be added one by one.

Ours: `method="gp"`, and the evolution strategy that fits the space. Peers,
left out where they are missing: optuna's TPE, GP (needs torch) and CMA-ES, nevergrad's NGOpt, and
SMAC (`HyperparameterOptimizationFacade`, a random forest).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import es
from experiments.benchmarks.command import benchmark
from experiments.benchmarks.mixed import PROBLEMS, TARGET, Problem
from experiments.benchmarks.mixed_real import METHODS, NEEDS, Enough

AT = (25, 50, 100, 200)


def space_of(problem: Problem) -> es.Space:
    """The space of a problem: x0, x1, ... real, z0, ... whole, c0, ... categories."""
    parameters: dict[str, Any] = {f"x{i}": es.Linear(-10, 10) for i in range(problem.reals)}
    parameters |= {f"z{i}": es.Integer(*ends, log=problem.log) for i, ends in enumerate(problem.whole)}
    parameters |= {f"c{i}": es.Choice(*range(k)) for i, k in enumerate(problem.counts)}
    return es.Space(parameters)


def function_of(problem: Problem, seed: int) -> Callable[[dict[str, Any]], float]:
    """The function of a dict, with an optimum drawn with this seed."""
    f = problem.instance(seed)
    names = [
        [f"{letter}{i}" for i in range(count)]
        for letter, count in (("x", problem.reals), ("z", len(problem.whole)), ("c", len(problem.counts)))
    ]
    return lambda p: f(*(np.array([p[name] for name in some], dtype=float) for some in names))


def curve(problem: Problem, method: Callable[..., None], budget: int, seed: int) -> list[float]:
    """The best value after each evaluation, as far as the optimum."""
    fun, best = function_of(problem, seed), list[float]()

    def f(p: dict[str, Any]) -> float:
        if len(best) >= budget or (best and best[-1] <= TARGET):
            raise Enough
        value = fun(p)
        best.append(min(value, best[-1] if best else np.inf))
        return value

    with contextlib.suppress(Enough):
        method(space_of(problem), f, budget, seed)
    return best


def line(name: str, curves: list[list[float]], seconds: float) -> str:
    """One row of the table."""
    runs = np.array([np.interp(AT, np.arange(1, len(c) + 1), c) for c in curves])
    needed = [len(c) if c[-1] <= TARGET else np.inf for c in curves]
    arrived = int(np.isfinite(needed).sum())
    evaluations = f"{np.median(needed):.0f}" if np.isfinite(np.median(needed)) else "-"
    cells = "".join(f"{value:>11.3g}" for value in np.median(runs, axis=0))
    return f"{name:<34}{cells}{evaluations:>8} ({arrived:2d}){seconds / len(curves):8.1f} s"


@benchmark(
    runs=10, first=(2000, "seed of the first run"), budget=200, only=[], methods=[], out=(Path("mixed_few"), "folder")
)
def main(given: argparse.Namespace) -> None:
    """Measure what is not in the file, and print the table."""
    given.out.mkdir(parents=True, exist_ok=True)
    store = given.out / "curves.json"
    print(f"{'':<34}" + "".join(f"{at:>11}" for at in AT) + f"{'evals':>13}{'a run':>10}")
    for problem in PROBLEMS:
        if given.only and problem.name not in given.only:
            continue
        for name, method in METHODS.items():
            if (given.methods and name not in given.methods) or importlib.util.find_spec(NEEDS.get(name, "es")) is None:
                continue
            known = json.loads(store.read_text()) if store.exists() else {}
            key = f"{problem.name} | {name} | {given.first} {given.runs} {given.budget}"
            if key not in known:
                began = time.process_time()
                found = [
                    curve(problem, method, given.budget, seed) for seed in range(given.first, given.first + given.runs)
                ]
                known = json.loads(store.read_text()) if store.exists() else {}
                known[key] = [found, time.process_time() - began]
                store.write_text(json.dumps(known))
            print(line(f"{problem.name:<17}{name}", *known[key]), flush=True)
