"""LRA-CMA-ES on noisy and rugged functions, next to the package cmaes with lr_adapt=True and to plain CMA-ES.

    python -m experiments.benchmarks.es_noise [--out FOLDER] [--runs 11]

As in Nomura, Akimoto & Ono (arXiv:2304.03473) m0 = 3, sigma0 = 2 and the population is the default; on the sphere with
noise N(0, 1), on Rastrigin's function, where both are slow and the target is a coarse one, and on the ellipsoid of
condition 1e6. Counted are the evaluations until the value of the mean, without noise, is at most the target; the ratio
is that of the medians; to reach: at most 1.10, with as many runs that succeed. Needs the extra `peers`.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from experiments.benchmarks.es_family import median_of
from experiments.benchmarks.timing import one_thread, write_rows

FloatArray = npt.NDArray[np.float64]
LIMIT = 1.10


@dataclass(frozen=True)
class Case:
    """A function with noise of a standard deviation, and how near the mean is to come."""

    name: str
    n: int
    f: Callable[[FloatArray], FloatArray]
    std: float
    target: float
    budget: int


def rastrigin(x: FloatArray) -> FloatArray:
    """10 n + sum of x^2 - 10 cos(2 pi x)."""
    return np.asarray((x * x - 10 * np.cos(2 * np.pi * x) + 10).sum(-1))


def sphere(x: FloatArray) -> FloatArray:
    """Sum of squares."""
    return np.asarray(np.vecdot(x, x))


def ellipsoid(x: FloatArray) -> FloatArray:
    """Sum of squares with weights from 1 to 1e6."""
    n = x.shape[-1]
    return np.asarray((x * x) @ 10 ** (6 * np.arange(n) / (n - 1)))


CASES = [
    Case("sphere, noise 1", 10, sphere, 1.0, 1e-1, 100_000),
    Case("sphere, noise 1", 10, sphere, 1.0, 1e-2, 300_000),
    Case("rastrigin", 10, rastrigin, 0.0, 10.0, 100_000),
    Case("ellipsoid", 10, ellipsoid, 0.0, 1e-8, 30_000),
]


def ours(method: str) -> Callable[[Case, int], float]:
    """Evaluations of a run of a method of this package, inf where the target was not reached."""

    def run(case: Case, seed: int) -> float:
        noise = np.random.default_rng([seed, 1])
        opt: Any = es.get_method(method)(np.full(case.n, 3.0), 2.0, rng=seed, stop={"maxfevals": case.budget})
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, case.f(x) + case.std * noise.standard_normal(len(x)))
            if case.f(opt.mean) <= case.target:
                return float(opt.nfev)
        return np.inf

    return run


def cmaes(case: Case, seed: int) -> float:
    """The same of the package cmaes."""
    noise = np.random.default_rng([seed, 1])
    opt = importlib.import_module("cmaes").CMA(mean=np.full(case.n, 3.0), sigma=2.0, seed=seed, lr_adapt=True)
    used = 0
    while used < case.budget and not opt.should_stop():
        x = np.array([opt.ask() for _ in range(opt.population_size)])
        f = case.f(x) + case.std * noise.standard_normal(len(x))
        opt.tell(list(zip(x, f.tolist(), strict=True)))
        used += len(x)
        if case.f(opt.mean) <= case.target:
            return float(used)
    return np.inf


def main() -> None:
    """Print the table; write it as CSV if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_noise.csv")
    parser.add_argument("--runs", type=int, default=11)
    arguments = parser.parse_args()
    one_thread()
    methods = {"lra-cmaes": ours("lra-cmaes"), "package cmaes": cmaes, "cmaes": ours("cmaes")}
    rows: list[tuple[Any, ...]] = []
    print(f"{'function':18s}{'n':>3s}{'target':>8s}" + "".join(f"{name:>20s}" for name in methods), "  ratio")
    for case in CASES:
        cells, medians = "", {}
        for name, method in methods.items():
            used = np.array([method(case, seed) for seed in range(arguments.runs)])
            medians[name], reached, share = median_of(used)
            cells += f"{medians[name]:>12.0f} {share}"
            rows.append((case.name, case.n, case.target, name, medians[name], reached, len(used)))
        ratio = medians["lra-cmaes"] / medians["package cmaes"]
        mark = "" if ratio <= LIMIT else " above"
        print(f"{case.name:18s}{case.n:>3d}{case.target:>8.0e}{cells}{ratio:>8.3f}{mark}", flush=True)
    if arguments.out:
        header = ("function", "n", "target", "method", "median", "reached", "runs")
        write_rows(arguments.out / "es_noise.csv", header, rows)


if __name__ == "__main__":
    main()
