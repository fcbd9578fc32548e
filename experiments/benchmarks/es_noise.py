"""LRA-CMA-ES on noisy and rugged functions, next to the package cmaes with lr_adapt=True and to plain CMA-ES.

    python -m experiments.benchmarks.es_noise [--out FOLDER] [--runs 11]

As in Nomura, Akimoto & Ono (arXiv:2304.03473) m0 = 3, sigma0 = 2 and the population is the default; on the sphere with
noise N(0, 1), on Rastrigin's function, where both are slow and the target is a coarse one, and on the ellipsoid of
condition 1e6. Counted are the evaluations until the value of the mean, without noise, is at most the target; the ratio
is that of the medians; to reach: at most 1.10, with as many runs that succeed. Plain CMA-ES stands
beside it as a peer of its own. Needs the extra `peers`.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.counting import Case, counting, each, function


class Noisy(NamedTuple):
    """A function with noise of a standard deviation, and how near the mean is to come."""

    name: str
    n: int
    std: float
    target: float
    budget: int


CASES = [
    Noisy("sphere", 10, 1.0, 1e-1, 100_000),
    Noisy("sphere", 10, 1.0, 1e-2, 300_000),
    Noisy("rastrigin", 10, 0.0, 10.0, 100_000),
    Noisy("ellipsoid", 10, 0.0, 1e-8, 30_000),
]


def until_near(case: Noisy, seed: int, opt: Any, ask: Callable[[], FloatArray], tell: Callable[..., object]) -> float:
    """Evaluations until the value of the mean is at the target, inf where the optimizer stops or the budget ends."""
    f, noise, used = function(case.name, case.n), np.random.default_rng([seed, 1]), 0
    while used < case.budget and not (opt.stop() if hasattr(opt, "stop") else opt.should_stop()):
        x = ask()
        tell(x, f(x) + case.std * noise.standard_normal(len(x)))
        used += len(x)
        if f(opt.mean) <= case.target:
            return float(used)
    return np.inf


def ours(method: str) -> Callable[[Noisy, int], float]:
    """Evaluations of a run of a method of this package."""

    def run(case: Noisy, seed: int) -> float:
        opt: Any = es.get_method(method)(np.full(case.n, 3.0), 2.0, rng=seed)
        return until_near(case, seed, opt, opt.ask, opt.tell)

    return run


def cmaes(case: Noisy, seed: int) -> float:
    """The same of the package cmaes."""
    opt = importlib.import_module("cmaes").CMA(mean=np.full(case.n, 3.0), sigma=2.0, seed=seed, lr_adapt=True)
    return until_near(
        case, seed, opt, lambda: np.array([opt.ask() for _ in range(opt.population_size)]),
        lambda x, f: opt.tell(list(zip(x, f.tolist(), strict=True))),
    )  # fmt: skip


@counting(runs=11)
def main(given: argparse.Namespace) -> list[Case]:
    """Each function beside the package, and beside plain CMA-ES."""
    return [
        Case("lra-cmaes", package, f"{case.name}{', noise 1' if case.std else ''} to {case.target:g}", case.n,
             each(partial(ours("lra-cmaes"), case)), each(partial(peer, case)))
        for case in CASES for package, peer in (("cmaes", cmaes), ("no lra", ours("cmaes")))
    ]  # fmt: skip
