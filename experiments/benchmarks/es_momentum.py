"""What momentum does to CMA-ES: MAP-CMA beside CMA-ES, with the weights of the worse half and without them.

    python -m experiments.benchmarks.es_momentum [--out FOLDER] [--runs 31] [--dims 5 10 20 40] [--bbob]

Median evaluations to 1e-8 as a ratio to those of CMA-ES with the same weights, over the runs of a stack; a run that
does not arrive counts as inf. With --bbob the 24 functions of COCO, instances 1 to 15, budget 10,000 n, with IPOP
restarts: how many runs arrive, and the geometric mean, over the functions where all runs of both arrive, of the ratio
of mean evaluations.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.command import FOLDER, benchmark, write_rows
from experiments.benchmarks.counting import TARGET, counted, function, median_of, starts
from problems import get, stack

FUNCTIONS = ("sphere", "rotated ellipsoid", "rotated cigar", "rotated discus", "rosenbrock", "rotated different powers")
WAYS: dict[str, dict[str, Any]] = {
    "plain": {"active": True},
    "momentum": {"active": True, "momentum": True},
    "plain, positive": {"active": False},
    "momentum, positive": {"active": False, "momentum": True},
}
HEADER = ("function", "n", *(part for way in WAYS for part in (way, f"{way}: arrived")))


def on_function(name: str, n: int, runs: int) -> list[Any]:
    """One row: medians of each way, and how many runs arrive."""
    f, (x0, sigma0) = function(name, n), starts(name, n, runs)
    row: list[Any] = [name, n]
    for options in WAYS.values():
        stop = {"ftarget": TARGET, "maxfevals": 1e5 * n}
        row += median_of(counted(es.CMAES(x0, sigma0, rng=1, stop=stop, **options), f))
    return row


def on_bbob(k: int, n: int) -> list[Any]:
    """One row: mean evaluations of each way, and how many runs arrive."""
    problems = stack([get(f"bbob-f{k}", n=n, instance=i) for i in range(1, 16)])
    x0 = np.random.default_rng(k).uniform(-4, 4, (15, n))
    row: list[Any] = [f"bbob-f{k}", n]
    for options in WAYS.values():
        results = es.minimize_runs(
            problems, x0, sigma0=2.0, restarts="ipop", rng=1, ftarget=problems.f_opts + TARGET, maxfevals=10_000 * n,
            options=options,
        )  # fmt: skip
        used = np.array([res.nfev for res in results], dtype=float)
        row += [used.mean(), f"{sum(bool(res.success) for res in results)}/15"]
    return row


def ratios(rows: list[list[Any]], way: str, base: str) -> FloatArray:
    """Evaluations of one way in units of another's, where all runs of both arrive."""
    a, b = (2 + 2 * list(WAYS).index(name) for name in (way, base))
    whole = [row for row in rows if all(len(set(row[at + 1].split("/"))) == 1 for at in (a, b))]
    return np.array([row[a] / row[b] for row in whole])


@benchmark(out=FOLDER, runs=31, dims=[5, 10, 20, 40], bbob=False)
def main(given: argparse.Namespace) -> None:
    """Run, print and write."""
    rows: list[list[Any]] = []
    for n in given.dims:
        for work in range(1, 25) if given.bbob else FUNCTIONS:
            rows.append(on_function(work, n, given.runs) if isinstance(work, str) else on_bbob(work, n))
            print("  ".join(f"{cell:.0f}" if isinstance(cell, float) else f"{cell}" for cell in rows[-1]), flush=True)
    positive = "momentum, positive"
    for way, base in (("momentum", "plain"), (positive, "plain, positive"), (positive, "plain")):
        found = ratios(rows, way, base)
        if found.size:
            mean = np.exp(np.log(found).mean())
            print(f"{way} / {base}: {mean:.3f}, from {found.min():.2f} to {found.max():.2f}, of {found.size}")
    if given.out is not None:
        write_rows(given.out / f"momentum{'-bbob' if given.bbob else ''}.csv", HEADER, rows)
