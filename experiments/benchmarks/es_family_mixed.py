"""Evaluations of CMA-ES with margin and of warm starts, next to the package cmaes, which has both.

    python -m experiments.benchmarks.es_family_mixed [--out FOLDER] [--runs 31] [--dims 10 20] [--only warm-start ...]

CMA-ES with margin (`cmaes.CMAwM`): the six mixed-integer functions of Hamano et al. (GECCO 2022, arXiv:2205.13482) to
1e-10, as there half of the variables integers in [-10, 10] or binary, the mean at the start uniform in [1, 3] (0.5 for
binary variables), sigma0 = 1, the default population and margin, at most 1e4 n evaluations.

Warm start (`cmaes.get_warm_start_mgd` and `cmaes.CMA`; Nomura et al., arXiv:2012.06932): both get the 500 points of a
run on a source problem whose optimum is 0.03 N(0, I) away from that of the target problem, and the same gamma and
alpha; `cold-start` is CMA-ES from the middle of the box [0, 1]^n with sigma0 = 1/6. Sphere and rotated ellipsoid
(condition 1e6) to 1e-4 of the value at the middle of the box, where the warm start pays, and to 1e-8. There are three
times as many of the shorter runs, because their median varies more.

The ratio is that of the medians over the runs; to reach: at most 1.10, with as many runs that arrive. The peer's own
reasons to stop are left aside. Needs the extra `peers`; without it our figures are printed alone (nan).
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import Bounds

from es.parts.warm_start import warm_start
from es.registry import get_method
from experiments.benchmarks.es_family import FloatArray, Function, Table, by_ask_and_tell, function, side_by_side
from experiments.benchmarks.timing import one_thread

MIXED = [shape + kind for kind in ("Int", "OneMax", "LeadingOnes") for shape in ("Sphere", "Ellipsoid")]
EARLIER, APART = 500, 0.03  # evaluations of the source problem, and how far its optimum lies from the other


def mixed(name: str, n: int) -> tuple[Function, tuple[float, float]]:
    """A function whose second half of variables takes whole numbers, and the bounds of those."""
    half = n // 2
    quadratic = function("sphere" if name.startswith("Sphere") else "ellipsoid", n if name.endswith("Int") else half)

    def one_max(x: FloatArray) -> FloatArray:
        return np.asarray(quadratic(x[..., :half]) + (1 - x[..., half:]).sum(-1))

    def leading_ones(x: FloatArray) -> FloatArray:
        return np.asarray(quadratic(x[..., :half]) + (n - half) - x[..., half:].cumprod(-1).sum(-1))

    if name.endswith("Int"):
        return quadratic, (-10.0, 10.0)
    return one_max if name.endswith("OneMax") else leading_ones, (0.0, 1.0)


def with_margin(name: str, n: int, runs: int) -> tuple[float, float, str]:
    """Median evaluations to 1e-10 on a mixed-integer function, ours and those of cmaes, and how many runs arrived."""
    f, (low, high) = mixed(name, n)
    whole = np.arange(n) >= n // 2
    bounds = Bounds(np.where(whole, low, -np.inf), np.where(whole, high, np.inf))
    starts = np.random.default_rng(n).uniform(1, 3, (runs, n))
    if high == 1:
        starts[:, whole] = 0.5
    stop = {"ftarget": 1e-10, "maxfevals": 1e4 * n}
    opt = get_method("cmaes-margin")(starts, 1.0, bounds=bounds, integrality=whole, rng=1, stop=stop)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    mine = np.array([result.nfev if result.fun <= stop["ftarget"] else np.inf for result in opt.results])

    def theirs(start: FloatArray, seed: int) -> float:
        box, steps = np.stack([bounds.lb, bounds.ub], axis=-1), whole.astype(float)
        peer = importlib.import_module("cmaes").CMAwM(
            start, 1.0, box, steps, seed=seed, population_size=opt.popsize, margin=1 / (n * opt.popsize)
        )
        with np.errstate(all="ignore"):
            return by_ask_and_tell(peer, f, stop["maxfevals"], stop["ftarget"])

    try:
        others = [theirs(start.copy(), seed) for seed, start in enumerate(starts, start=1)]
    except ImportError:
        others = [np.nan]
    return side_by_side(mine, np.array(others))


def started(on: str, n: int, runs: int, part: float | None, warm: bool) -> tuple[float, float, str]:
    """Median evaluations to this part of the value in the middle, or to 1e-8, ours and those of cmaes."""
    f, middle = function(on, n), np.full(n, 0.5)
    mine, others = [], []
    for seed in range(1, runs + 1):
        rng = np.random.default_rng([n, seed])
        optimum = rng.uniform(0.1, 0.9, n)
        source, target = shifted(f, optimum + APART * rng.standard_normal(n)), shifted(f, optimum)
        points, values = earlier(source, middle, rng)
        ftarget = 1e-8 if part is None else part * float(target(middle))
        start: dict[str, Any] = {"x0": middle, "sigma0": 1 / 6}
        if warm:
            start = dict(warm_start(points, values, scale=1.0))
        opt = get_method("cmaes")(**start, rng=seed, stop={"ftarget": ftarget, "maxfevals": 1e4 * n})
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, target(x))
        mine.append(float(opt.nfev) if opt.f_best <= ftarget else np.inf)
        try:
            cmaes = importlib.import_module("cmaes")
        except ImportError:
            others = [np.nan]
            continue
        mean, sigma, cov = middle.copy(), 1 / 6, None
        if warm:
            mean, sigma, cov = cmaes.get_warm_start_mgd(list(zip(points, values.tolist(), strict=True)))
        peer = cmaes.CMA(mean, sigma, cov=cov, seed=seed, population_size=opt.popsize)
        others.append(by_ask_and_tell(peer, target, 1e4 * n, ftarget))
    return side_by_side(np.array(mine), np.array(others))


def shifted(f: Function, optimum: FloatArray) -> Function:
    """f moved to an optimum."""
    return lambda x: f(x - optimum)


def earlier(f: Function, middle: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Points and values of a run of CMA-ES, as somebody may have kept them."""
    opt = get_method("cmaes")(middle, 1 / 6, rng=rng, stop={"maxfevals": EARLIER})
    points, values = [], []
    while not opt.stop():
        points.append(opt.ask())
        values.append(f(points[-1]))
        opt.tell(points[-1], values[-1])
    return np.concatenate(points), np.concatenate(values)


def main() -> None:
    """Print the table; write it as CSV if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_mixed.csv")
    parser.add_argument("--runs", type=int, default=31)
    parser.add_argument("--dims", type=int, nargs="+", default=[10, 20])
    methods = ["cmaes-margin", "warm-start", "cold-start"]
    parser.add_argument("--only", nargs="+", choices=methods, default=methods)
    arguments = parser.parse_args()
    one_thread()
    table = Table()
    for method in arguments.only:
        for n in arguments.dims:
            if method == "cmaes-margin":
                for name in MIXED:
                    table.add(method, "cmaes", name, n, *with_margin(name, n, arguments.runs))
                continue
            for on in ("sphere", "rotated ellipsoid"):
                for part, name in ((1e-4, "to 1e-4 f"), (None, "")):
                    runs = arguments.runs * (3 if part else 1)
                    medians = started(on, n, runs, part, method == "warm-start")
                    table.add(method, "cmaes", f"{on.removeprefix('rotated ')} {name}", n, *medians)
    if arguments.out:
        table.save(arguments.out / "es_family_mixed.csv")


if __name__ == "__main__":
    main()
