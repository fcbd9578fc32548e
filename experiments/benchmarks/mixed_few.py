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
import json
import time
from pathlib import Path

import numpy as np

from experiments.benchmarks.command import benchmark
from experiments.benchmarks.mixed import PROBLEMS, TARGET
from experiments.benchmarks.spaces import curve, methods

AT = (25, 50, 100, 200)


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
    store, seeds = given.out / "curves.json", range(given.first, given.first + given.runs)
    print(f"{'':<34}" + "".join(f"{at:>11}" for at in AT) + f"{'evals':>13}{'a run':>10}")
    for problem in PROBLEMS:
        if given.only and problem.name not in given.only:
            continue
        space = problem.space()
        for name, method in methods(given.methods).items():
            known = json.loads(store.read_text()) if store.exists() else {}
            key = f"{problem.name} | {name} | {given.first} {given.runs} {given.budget}"
            if key not in known:
                began = time.process_time()
                found = [curve(space, problem.function(k), method, given.budget, k, TARGET) for k in seeds]
                known = json.loads(store.read_text()) if store.exists() else {}
                known[key] = [found, time.process_time() - began]
                store.write_text(json.dumps(known))
            print(line(f"{problem.name:<17}{name}", *known[key]), flush=True)
