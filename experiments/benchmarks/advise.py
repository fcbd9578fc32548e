"""How good the advice is: on twenty problems the method that it names, beside the best one of a full study.

    python -m experiments.benchmarks.advise [--out FOLDER] [--seconds 10] [--seeds 7] [--only rosenbrock ...]

The full study runs every method that `advise` could name on each problem, from as many starts and with a budget of 4000
evaluations per variable, gradients charged as 4; a method's cost is its mean log10 of evaluations over 51 targets from
the starting gap to 1e-5 of it, with simulated restarts. The advice has the seconds given and its own starts. To reach:
on at least 16 of the 20 problems the advised method takes at most 1.5 times the evaluations of the best.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import problems
from experiments.advice import Candidate, Race, advise, candidates
from experiments.benchmarks.timing import one_thread, write_rows
from experiments.probe import Probe
from experiments.statistics.overall import overall_table

LIMIT, ENOUGH = 1.5, 16
WORKS: list[tuple[str, dict[str, Any]]] = [
    ("sphere", {"n": 5}), ("ellipsoid", {"n": 5, "rotated": True}), ("ellipsoid", {"n": 20}), ("rosenbrock", {"n": 5}),
    ("rosenbrock", {"n": 20}), ("rastrigin", {"n": 5}), ("ackley", {"n": 10}), ("griewank", {"n": 10}),
    ("levy", {"n": 5}), ("schwefel", {"n": 5}), ("zakharov", {"n": 10}), ("styblinski-tang", {"n": 5}),
    ("bbob-f1", {"n": 5}), ("bbob-f7", {"n": 5}), ("bbob-f10", {"n": 10}), ("bbob-f11", {"n": 5}),
    ("bbob-f14", {"n": 5}), ("bbob-f15", {"n": 5}), ("bbob-f17", {"n": 5}), ("bbob-f21", {"n": 5}),
]  # fmt: skip


def every(seen: Probe, sigma: float) -> list[Candidate]:
    """All methods that could be named, whatever a look says."""
    found: dict[str, Candidate] = {}
    for rugged in (0.0, 1.0):
        for flat in (False, True):
            for budget in (1e2, 1e6):
                look = Probe(seen.n, differentiable=seen.differentiable, rugged=rugged, flat=flat, coupled=0.0)
                found |= {c.label: c for c in candidates(look, sigma, budget)}
    return list(found.values())


def slowdowns(objective: Any, racers: list[Candidate], seen: Probe, seeds: int) -> dict[str, float]:
    """Evaluations of each method over those of the best, in the full study."""
    starts = [np.asarray(objective.x0(np.random.default_rng(100 + k))) for k in range(seeds)]
    cells = Race(objective, starts, seen, 1, 7).rung(racers, 4000.0 * seen.n)
    return {row["method"]: row["slowdown"] for row in overall_table([c for c in cells if c.costs], samples=10)}


def main() -> None:
    """Print a row per problem; write them as CSV if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for advise.csv")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each advice")
    parser.add_argument("--seeds", type=int, default=7, help="runs of each method in the full study")
    parser.add_argument("--only", nargs="+", help="names of problems")
    given = parser.parse_args()
    one_thread()
    rows: list[tuple[Any, ...]] = []
    print(f"{'problem':18s}{'n':>4s}  {'advised':32s}{'best':32s}{'factor':>8s}{'evaluations':>13s}")
    for name, options in WORKS:
        if given.only and name not in given.only:
            continue
        objective = problems.get(name, **options)
        advice = advise(objective, seconds=given.seconds)
        mine = Candidate(advice.method, advice.options)
        sigma = 1.0 if objective.sigma0 is None else float(np.min(objective.sigma0))
        racers = {c.label: c for c in every(advice.probe, sigma)} | {mine.label: mine}
        found = slowdowns(objective, list(racers.values()), advice.probe, given.seeds)
        factor, best = found.get(mine.label, np.inf), min(found, key=lambda label: found[label])
        rows.append((name, advice.probe.n, mine.label, best, factor, advice.evaluations))
        text = f"{name:18s}{advice.probe.n:>4d}  {mine.label:32s}{best:32s}{factor:>8.2f}{advice.evaluations:>13d}"
        print(text + ("" if factor <= LIMIT else " above"), flush=True)
    good = sum(row[4] <= LIMIT for row in rows)
    print(f"{good} of {len(rows)} within {LIMIT} times the best (asked: {ENOUGH} of {len(WORKS)})")
    if given.out:
        write_rows(given.out / "advise.csv", ("problem", "n", "advised", "best", "factor", "evaluations"), rows)


if __name__ == "__main__":
    main()
