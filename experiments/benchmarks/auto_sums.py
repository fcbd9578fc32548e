"""How often a function that is no sum over its coordinates passes for one in the separable search of `auto`.

    python -m experiments.benchmarks.auto_sums [--seeds 6] [--dims 2 3 5 10 20 40]

The functions: f6 to f24 of bbob, Wood's and the other problems of Moré, Garbow and Hillstrom that are coupled, partly
separable ones, rough and smooth terrain that is turned, and traps: maxima, sums of absolute values of turned variables,
and sums with a coupling of 1e-2 to 1e-8 of their size. A verdict is false where the search has not found out by the end
of 60 n evaluations; how many evaluations it took is told too. Beside them are sums of one term per coordinate (a search
that called all functions coupled would make no false verdict either), and functions of which the values that a search
sees do not tell: a coupling of 1e-14 of what f changes, and one that begins far out.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from itertools import product

import numpy as np

import es
import problems
from experiments.benchmarks.command import benchmark
from experiments.benchmarks.counting import run
from problems import bbob
from problems.objective import Objective

Found = Iterator[tuple[str, int, int, Objective]]  # group, n, seed and problem

BUDGET = 60  # evaluations per variable
SUMS = ("bbob-f1", "bbob-f2", "bbob-f3", "bbob-f4", "bbob-f5")
KINKS = ("max-abs", "maxq", "hilbert", "sum-abs-turned", "chained-lq", "chained-cb3-1", "chained-cb3-2", "brown-2")
FIXED = ("mgh-wood", "mgh-brown-badly-scaled", "mgh-rosenbrock", "mgh-powell-badly-scaled", "mgh-beale")


def hidden(name: str) -> bool:
    """Whether what couples the variables is not seen in values."""
    return name in ("trap-coupled-ellipsoid-1e-8", "trap-coupled-far")


def unseen(dims: list[int], seeds: int) -> Found:
    """Those of which values do not tell."""
    for n, seed, name in product(dims, range(1, seeds + 1), filter(hidden, problems.names("trap-additive"))):
        yield name.removeprefix("trap-"), n, seed, problems.get(name, n=n, seed=seed)


def coupled(dims: list[int], seeds: int) -> Found:
    """Functions that are no sums over their coordinates."""
    for n, seed in product(dims, range(1, seeds + 1)):
        for f in range(6, 25):
            yield "bbob f6-f24", n, seed, bbob.make(f"bbob-f{f}", n, seed)
        for group in ("trap-additive", "partly", "terrain"):
            for name in problems.names(group):
                if (group != "partly" or n >= 4) and not hidden(name):  # in fewer some blocks are single variables
                    yield group, n, seed, problems.get(name, n=n, seed=seed)
        for name in KINKS:
            yield "kinks", n, seed, problems.get(f"trap-{name}", n=n, seed=seed)
    for seed, name in product(range(1, 4 * seeds + 1), FIXED):
        problem = problems.get(name)
        assert problem.n is not None
        yield "mgh", problem.n, seed, problem


def sums(dims: list[int], seeds: int) -> Found:
    """Functions that are."""
    for n, seed, name in product(dims, range(1, seeds + 1), SUMS):
        yield name, n, seed, bbob.make(name, n, seed)


def found_out(problem: Objective, n: int, seed: int) -> int:
    """Evaluations after which the search called the problem coupled, 0 if it did not."""
    rng = np.random.default_rng([seed, n, zlib.crc32((problem.name or "").encode())])
    opt = es.SeparableSearch(rng.uniform(-4, 4, n), rng.uniform(0.3, 2), bounds=[(-5, 5)] * n, rng=seed,
                             stop={"maxfevals": BUDGET * n})  # fmt: skip
    run(opt, problem)
    return int(opt.nfev) if "coupled" in opt.stop() else 0


@benchmark(dims=[2, 3, 5, 10, 20, 40], seeds=6)
def main(given: argparse.Namespace) -> None:
    """Count, and print a line for each group and each false verdict."""
    for kind, cases in (("no sums", coupled), ("sums", sums), ("couplings that are not seen", unseen)):
        took: dict[str, list[float]] = {}
        wrong = total = 0
        for group, n, seed, problem in cases(given.dims, given.seeds):
            count = found_out(problem, n, seed)
            took.setdefault(group, []).append(count / n if count else np.inf)
            total += 1
            wrong += (count == 0) is (kind != "sums")
            if kind in ("sums", "no sums") and (count == 0) is (kind == "no sums"):
                print(f"  wrong: {problem.name}, n = {n}, seed {seed}", f"after {count} evaluations" if count else "")
        print(f"{kind}: {wrong} wrong of {total}")
        for group, parts in took.items():
            late = np.array(parts)
            called = late[late < np.inf]
            when = f" after {np.median(called):.1f} n (median), {called.max():.1f} n at most" if called.size else ""
            print(f"  {group:<26} {called.size} of {late.size} called coupled{when}")
