"""Evaluations of the plain and covariance strategies to 1e-8, next to the package that has them.

    python -m experiments.benchmarks.es_family_cma [--out FOLDER] [--runs 9] [--only vkd-cmaes ...]

Peers: pycma for lq-CMA-ES (`fmin_lq_surr2`) and VkD-CMA-ES, pycma (`CMA_diagonal`) and `cmaes` for sep-CMA-ES, pypop7
for the others. x0 uniform in [-3, 3]^n with sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1. The ratio is
that of the medians over the runs; to reach: at most 1.10. Where the peer does not reach the target the ratio is 0; a
peer that is not installed is left out (nan). Needs the extras `peers` and `families`.

The moving averages in pycma's VkD-CMA-ES do not average (they take over each value whole), so that it tries axes as
soon as one step happens to be short: on the separable ellipsoid it takes on axes that mean nothing.

The (1+1)-ES is pypop7's RES: the same rule, log sigma changed by (success - 1/5) / sqrt(n + 1) after each offspring.
The cross-entropy method is pypop7's standard one, SCEM, which smooths mean and standard deviations with one factor,
`alpha`, where ours has `smoothing`; it gets our population size, share of the elite and smoothing in place of its own
(1000, 0.2 and 0.8), and sigma0 = 3, which covers the optimum. (DSCEM is another method, whose smoothing of the standard
deviations fades with the iterations; UMDA starts from a uniform population and does not smooth.) pypop7 ends within a
population, ours after it: half a population is up to 2 % of a median here.

Without a row here: `gaussian`, because no package fits one sigma to an elite (pypop7's EMNA fits a covariance matrix
around the elite's own mean, evosax's SimpleES a standard deviation for each coordinate), and `random-search`, which
only draws. `cmaes` is compared in es_evaluations, `cmaes-margin` and the warm start in es_family_mixed, `lra-cmaes` in
es_noise, `mo-cmaes` in es_multiobjective, the natural-gradient strategies in es_family_nes, and those that follow an
estimated gradient in es_family_gradient. SciPy's own code behind our driver are `l-bfgs-b`, `bfgs`, `cg`,
`nelder-mead`, `powell`, `slsqp`, `trust-constr`, `differential-evolution` and `dual-annealing`. The update rules
`sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam` and `adamw` do not search: the tests compare their steps
with PyTorch's.
"""

from __future__ import annotations

import argparse
import importlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.es_family import (
    TARGET,
    FloatArray,
    Function,
    Peer,
    Table,
    by_ask_and_tell,
    compare,
    pypop7,
)
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


def pycma_diagonal(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """Sep-CMA-ES of pycma."""
    cma = importlib.import_module("cma")
    options = {**QUIET, "seed": seed, "ftarget": TARGET, "maxfevals": budget, "popsize": popsize, "CMA_diagonal": True}
    opt = cma.CMAEvolutionStrategy(x0, sigma0, options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of long evolution paths, in their usual course
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, f(np.asarray(x)).tolist())
    return float(opt.result.evaluations) if opt.result.fbest <= TARGET else np.inf


def cmaes_sep(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """Sep-CMA-ES of cmaes."""
    cmaes = importlib.import_module("cmaes")
    opt = cmaes.SepCMA(mean=x0, sigma=sigma0, population_size=popsize, seed=seed)
    return by_ask_and_tell(opt, f, budget)


def pypop7_scem(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """Cross-entropy method of pypop7, with the share of the elite and the smoothing that ours has by default."""
    ours = {"n_individuals": popsize, "n_parents": round(0.2 * popsize), "alpha": 0.7}
    return pypop7("cem.scem", "SCEM", **ours)(f, x0, sigma0, popsize, seed, budget)


def pycma_lq(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    """lq-CMA-ES of pycma."""
    cma = importlib.import_module("cma")
    options = {**QUIET, "seed": seed, "ftarget": TARGET, "maxfevals": budget}
    _, opt = cma.fmin_lq_surr2(lambda x: float(f(x)), x0, sigma0, options)
    return float(opt.countevals) if opt.best.f <= TARGET else np.inf


Cases = list[tuple[str, int]]


@dataclass(frozen=True)
class Plan:
    """A method, a peer that has it, and functions of so many variables to compare them on."""

    method: str
    package: str
    peer: Peer
    cases: Cases
    budget: float
    sigma0: float | None = None


SPHERES: Cases = [("sphere", 10), ("sphere", 40)]
ROTATED: Cases = [("rotated ellipsoid", 10), ("rotated cigar", 10), ("rotated discus", 10)]
SEPARABLE: Cases = [(on, n) for n in (10, 40, 100) for on in ("ellipsoid", "cigar", "discus")]
SMALL = ("sphere", "ellipsoid", "discus", "rotated ellipsoid", "rotated cigar", "rosenbrock")
QUADRATIC: Cases = [(on, n) for n in (5, 10) for on in SMALL] + [(on, 20) for on in SMALL[:5]]
LOW_RANK: Cases = [
    ("sphere", 40), ("ellipsoid", 40), ("rotated cigar", 40), ("rotated cigar", 100), ("discus", 40), ("discus", 100),
]  # fmt: skip
LARGE: Cases = [("sphere", 100), ("rotated cigar", 100), ("rotated discus", 100)]
PLANS = [
    Plan("one-plus-one", "pypop7", pypop7("es.res", "RES"), SPHERES, 1e4),
    Plan("csa-es", "pypop7", pypop7("es.csaes", "CSAES"), SPHERES, 2e4),
    Plan("cem", "pypop7", pypop7_scem, [*SPHERES, ("ellipsoid", 10), ("ellipsoid", 40)], 2e5, sigma0=3.0),
    Plan("ma-es", "pypop7", pypop7("es.strategies.ma_es", "MAES"), ROTATED, 3e4),
    Plan("one-plus-one-cholesky", "pypop7", pypop7("es.opoc2009", "OPOC2009"), ROTATED, 3e4),
    Plan("dd-cmaes", "pypop7", pypop7("es.strategies.dd_cmaes", "DDCMA"), [*ROTATED, ("ellipsoid", 40)], 3e4),
    Plan("sep-cmaes", "pycma", pycma_diagonal, SEPARABLE, 2e5),
    Plan("sep-cmaes", "cmaes", cmaes_sep, SEPARABLE, 2e5),
    Plan("lq-cmaes", "pycma", pycma_lq, QUADRATIC, 2e4),
    Plan("vkd-cmaes", "pycma", pycma_vkd, LOW_RANK, 1e5),
    Plan("lm-ma-es", "pypop7", pypop7("es.strategies.lm_ma_es", "LMMAES"), LARGE, 2e6),
]


def main() -> None:
    """Print the table; write it as CSV if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_cma.csv")
    parser.add_argument("--runs", type=int, default=9)
    methods = list(dict.fromkeys(plan.method for plan in PLANS))
    parser.add_argument("--only", nargs="+", choices=methods, default=methods)
    arguments: Any = parser.parse_args()
    one_thread()
    table = Table()
    for plan in PLANS:
        for on, n in plan.cases if plan.method in arguments.only else ():
            medians = compare(plan.method, plan.peer, on, n, arguments.runs, plan.budget, plan.sigma0)
            table.add(plan.method, plan.package, on, n, *medians)
    if arguments.out:
        table.save(arguments.out / "es_family_cma.csv")


if __name__ == "__main__":
    main()
