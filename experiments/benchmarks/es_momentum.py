"""What momentum does to CMA-ES: MAP-CMA beside CMA-ES, with the weights of the worse half and without them.

    python -m experiments.benchmarks.es_momentum [--out FOLDER] [--runs 31] [--dims 5 10 20 40] [--bbob]

Median evaluations to 1e-8 over the runs of a stack, next to those of CMA-ES with the same weights, and without negative
weights next to CMA-ES with them too. With --bbob the 24 functions of COCO, an instance for each run (--runs 15), budget
10,000 n, with IPOP restarts. The means are over the functions where both arrive.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from experiments.benchmarks.counting import TARGET, Case, Rows, counted, counting, function, starts
from problems import get, stack

FUNCTIONS = ("sphere", "rotated ellipsoid", "rotated cigar", "rotated discus", "rosenbrock", "rotated different powers")
# Those with + have no negative weights.
WAYS: dict[str, dict[str, Any]] = {
    "plain": {"active": True},
    "momentum": {"active": True, "momentum": True},
    "plain+": {"active": False},
    "momentum+": {"active": False, "momentum": True},
}
PAIRS = (("momentum", "plain"), ("momentum+", "plain+"), ("momentum+", "plain"))


@cache
def evaluations(way: str, on: str, n: int, runs: int) -> npt.ArrayLike:
    """What each run takes to the target, inf where it does not arrive."""
    if not on.startswith("bbob"):
        x0, sigma0 = starts(on, n, runs)
        stop = {"ftarget": TARGET, "maxfevals": 1e5 * n}
        return counted(es.CMAES(x0, sigma0, rng=1, stop=stop, **WAYS[way]), function(on, n))
    problems = stack([get(on, n=n, instance=i) for i in range(1, runs + 1)])
    results = es.minimize_runs(
        problems, np.random.default_rng(n).uniform(-4, 4, (runs, n)), sigma0=2.0, restarts="ipop", rng=1,
        ftarget=problems.f_opts + TARGET, maxfevals=10_000 * n, options=WAYS[way],
    )  # fmt: skip
    return [res.nfev if res.success else np.inf for res in results]


def summary(rows: Rows, out: Path | None) -> None:
    """The mean ratio of each pair of ways."""
    for pair in PAIRS:
        found = np.array([row[6] for row in rows if row[:2] == pair and np.isfinite(row[6]) and row[6] > 0])
        if found.size:
            mean = np.exp(np.log(found).mean())
            print(f"{' / '.join(pair)}: {mean:.3f}, from {found.min():.2f} to {found.max():.2f}, of {found.size}")


@counting(runs=31, then=summary, bbob=False)
def main(given: argparse.Namespace) -> list[Case]:
    """Each pair of ways on each function."""

    def case(way: str, beside: str, on: str, n: int) -> Case:
        return Case(way, beside, on, n, lambda runs: evaluations(way, on, n, runs),
                    lambda runs: evaluations(beside, on, n, runs))  # fmt: skip

    names = [f"bbob-f{k}" for k in range(1, 25)] if given.bbob else FUNCTIONS
    return [case(*pair, on, n) for n in given.dims or (5, 10, 20, 40) for on in names for pair in PAIRS]
