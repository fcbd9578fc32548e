"""Evaluations of the plain and covariance strategies to 1e-8, next to the package that has them.

    python -m experiments.benchmarks.es_family_cma [--out FOLDER] [--runs 9] [--only vkd-cmaes ...]

Peers: pycma for lq-CMA-ES (`fmin_lq_surr2`) and VkD-CMA-ES, pypop7 for the others. x0 uniform in [-3, 3]^n with
sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1. The ratio is that of the medians over the runs; to reach:
at most 1.10. Where the peer does not reach the target the ratio is 0; a peer that is not installed is left out (nan).
Needs the extras `peers` and `families`.

The moving averages in pycma's VkD-CMA-ES do not average (they take over each value whole), so that it tries axes as
soon as one step happens to be short: on the separable ellipsoid it takes on axes that mean nothing.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.es_family import TARGET, FloatArray, Function, Peer, Table, compare, pypop7
from experiments.benchmarks.timing import one_thread

QUIET = {"verbose": -9, "tolfun": 0, "tolfunhist": 0}


def pycma_vkd(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """VkD-CMA-ES of pycma."""
    cma = importlib.import_module("cma")
    sampler = importlib.import_module("cma.restricted_gaussian_sampler").GaussVkDSampler
    options = sampler.extend_cma_options({**QUIET, "seed": seed, "ftarget": TARGET, "maxfevals": budget})
    opt = cma.CMAEvolutionStrategy(x0, sigma0, options)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(np.asarray(x)).tolist())
    return float(opt.result.evaluations) if opt.result.fbest <= TARGET else np.inf


def pycma_lq(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """lq-CMA-ES of pycma."""
    cma = importlib.import_module("cma")
    options = {**QUIET, "seed": seed, "ftarget": TARGET, "maxfevals": budget}
    _, opt = cma.fmin_lq_surr2(lambda x: float(f(x)), x0, sigma0, options)
    return float(opt.countevals) if opt.best.f <= TARGET else np.inf


Cases = list[tuple[str, int]]

ROTATED: Cases = [("rotated ellipsoid", 10), ("rotated cigar", 10), ("rotated discus", 10)]
SMALL = ("sphere", "ellipsoid", "discus", "rotated ellipsoid", "rotated cigar", "rosenbrock")
PLAN: dict[str, tuple[str, Peer, Cases, float]] = {
    "csa-es": ("pypop7", pypop7("es.csaes", "CSAES"), [("sphere", 10), ("sphere", 40)], 2e4),
    "ma-es": ("pypop7", pypop7("es.maes", "MAES"), ROTATED, 3e4),
    "one-plus-one-cholesky": ("pypop7", pypop7("es.opoc2009", "OPOC2009"), ROTATED, 3e4),
    "dd-cmaes": ("pypop7", pypop7("es.ddcma", "DDCMA"), [*ROTATED, ("ellipsoid", 40)], 3e4),
    "lq-cmaes": ("pycma", pycma_lq, [(on, n) for n in (5, 10) for on in SMALL] + [(on, 20) for on in SMALL[:5]], 2e4),
    "vkd-cmaes": (
        "pycma",
        pycma_vkd,
        [
            ("sphere", 40),
            ("ellipsoid", 40),
            ("rotated cigar", 40),
            ("rotated cigar", 100),
            ("discus", 40),
            ("discus", 100),
        ],
        1e5,
    ),
    "lm-ma-es": (
        "pypop7",
        pypop7("es.lmmaes", "LMMAES"),
        [("sphere", 100), ("rotated cigar", 100), ("rotated discus", 100)],
        2e6,
    ),
}


def main() -> None:
    """Print the table; write it as CSV if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_cma.csv")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=list(PLAN), default=list(PLAN))
    arguments: Any = parser.parse_args()
    one_thread()
    table = Table()
    for method in arguments.only:
        package, peer, cases, budget = PLAN[method]
        for on, n in cases:
            table.add(method, package, on, n, *compare(method, peer, on, n, arguments.runs, budget))
    if arguments.out:
        table.save(arguments.out / "es_family_cma.csv")


if __name__ == "__main__":
    main()
