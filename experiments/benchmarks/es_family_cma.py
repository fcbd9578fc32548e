"""Evaluations of the plain and covariance strategies to 1e-8, next to the best peer that has the same strategy.

    python -m experiments.benchmarks.es_family_cma [--out FOLDER] [--runs 9] [--only vkd-cmaes ...]

Peers: pycma for VkD-CMA-ES, pypop7 for the others. x0 uniform in [-3, 3]^n, sigma0 = 1. The ratio is that of the
medians over the runs; to reach: at most 1.10. Where the peer does not reach the target the ratio is 0. Needs the extra
`peers` and pypop7; a peer that is not installed leaves its rows out.
"""

from __future__ import annotations

import argparse
import csv
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from experiments.benchmarks.timing import one_thread

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
Peer = Callable[[Function, FloatArray, float], list[float]]

TARGET = 1e-8
LIMIT = 1.10


def quadratic(name: str, n: int, turned: bool) -> Function:
    """A quadratic function by its name, least value 0."""
    i = np.arange(n) / (n - 1)
    weights = {
        "sphere": np.ones(n),
        "ellipsoid": 10 ** (6 * i),
        "cigar": np.where(i == 0, 1.0, 1e6),
        "discus": np.where(i == 0, 1e6, 1.0),
    }[name]
    R = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0] if turned else np.eye(n)
    return lambda x: np.asarray(((x @ R.T) ** 2) @ weights)


def ours(method: str, f: Function, starts: FloatArray, budget: float) -> list[float]:
    """Evaluations of each run, inf where the target was not reached."""
    opt = es.get_method(method)(starts, 1.0, rng=1, stop={"ftarget": TARGET, "maxfevals": budget})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    return [result.nfev if result.fun <= TARGET else np.inf for result in opt.results]


def pycma_vkd(f: Function, starts: FloatArray, budget: float) -> list[float]:
    """Evaluations of pycma's VkD-CMA-ES."""
    cma = importlib.import_module("cma")
    sampler = importlib.import_module("cma.restricted_gaussian_sampler").GaussVkDSampler
    used = []
    for seed, x0 in enumerate(starts, start=1):
        options = sampler.extend_cma_options(
            {"verbose": -9, "seed": seed, "ftarget": TARGET, "maxfevals": budget, "tolfun": 0, "tolfunhist": 0}
        )
        opt = cma.CMAEvolutionStrategy(x0, 1.0, options)
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, f(np.asarray(x)).tolist())
        used.append(opt.result.evaluations if opt.result.fbest <= TARGET else np.inf)
    return used


def pypop7(module: str, name: str) -> Peer:
    """Evaluations of a strategy of pypop7."""

    def run(f: Function, starts: FloatArray, budget: float) -> list[float]:
        cls: Any = getattr(importlib.import_module(f"pypop7.optimizers.es.{module}"), name)
        n, used = starts.shape[1], []
        for seed, x0 in enumerate(starts):
            problem = {
                "fitness_function": lambda x: float(f(x)),
                "ndim_problem": n,
                "lower_boundary": np.full(n, -1e9),
                "upper_boundary": np.full(n, 1e9),
            }
            options = {
                "max_function_evaluations": budget,
                "fitness_threshold": TARGET,
                "seed_rng": seed,
                "mean": x0,
                "sigma": 1.0,
                "is_restart": False,
                "verbose": 0,
            }
            result = cls(problem, options).optimize()
            used.append(result["n_function_evaluations"] if result["best_so_far_y"] <= TARGET else np.inf)
        return used

    return run


ROTATED = [("ellipsoid", 10, True), ("cigar", 10, True), ("discus", 10, True)]
PLAN: dict[str, tuple[str, Peer, list[tuple[str, int, bool]], float]] = {
    "csa-es": ("pypop7", pypop7("csaes", "CSAES"), [("sphere", 10, False), ("sphere", 40, False)], 2e4),
    "ma-es": ("pypop7", pypop7("maes", "MAES"), ROTATED, 3e4),
    "one-plus-one-cholesky": ("pypop7", pypop7("opoc2009", "OPOC2009"), ROTATED, 3e4),
    "dd-cmaes": ("pypop7", pypop7("ddcma", "DDCMA"), [*ROTATED, ("ellipsoid", 40, False)], 3e4),
    "vkd-cmaes": (
        "pycma",
        pycma_vkd,
        [
            ("sphere", 40, False),
            ("ellipsoid", 40, False),
            ("cigar", 40, True),
            ("cigar", 100, True),
            ("discus", 40, False),
            ("discus", 100, False),
        ],
        1e5,
    ),
    "lm-ma-es": ("pypop7", pypop7("lmmaes", "LMMAES"), [("sphere", 100, False), ("cigar", 100, True)], 5e5),
}


def main() -> None:
    """Print the table; write it as CSV if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_cma.csv")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=list(PLAN), default=list(PLAN))
    arguments = parser.parse_args()
    one_thread()
    rows: list[tuple[Any, ...]] = []
    print(f"{'method':23s}{'function':22s}{'n':>4s}{'evotape':>10s}{'peer':>10s}{'ratio':>8s}")
    for method in arguments.only:
        package, peer, cases, budget = PLAN[method]
        for name, n, turned in cases:
            f, label = quadratic(name, n, turned), name + (" rotated" if turned else "")
            starts = np.random.default_rng(n).uniform(-3, 3, (arguments.runs, n))
            mine = float(np.median(ours(method, f, starts, budget)))
            try:
                theirs = float(np.median(peer(f, starts, budget)))
            except ImportError:
                print(f"{method:23s}{label:22s}{n:>4d}{mine:>10.0f}   {package} is not installed", flush=True)
                continue
            ratio = mine / theirs
            rows.append((method, package, label, n, mine, theirs, ratio))
            mark = "" if ratio <= LIMIT else " above"
            print(f"{method:23s}{label:22s}{n:>4d}{mine:>10.0f}{theirs:>10.0f}{ratio:>8.3f}{mark}", flush=True)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        with (arguments.out / "es_family_cma.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("method", "peer", "function", "n", "evotape", "theirs", "ratio"), *rows])


if __name__ == "__main__":
    main()
