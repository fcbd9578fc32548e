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
from typing import Any

import numpy as np
from scipy.optimize import Bounds

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.counting import Case, Function, counted, counting, each, function, run, shifted
from experiments.benchmarks.peers import by_ask_and_tell

MIXED = [shape + kind for kind in ("Int", "OneMax", "LeadingOnes") for shape in ("Sphere", "Ellipsoid")]
EARLIER, APART = 500, 0.03  # evaluations of the source problem, and how far its optimum lies from the other


def mixed(name: str, n: int) -> tuple[Function, tuple[float, float]]:
    """A function whose second half of variables takes whole numbers, and the bounds of those."""
    half = n // 2
    quadratic = function("sphere" if name.startswith("Sphere") else "ellipsoid", n if name.endswith("Int") else half)
    if name.endswith("Int"):
        return quadratic, (-10.0, 10.0)
    if name.endswith("OneMax"):
        return lambda x: np.asarray(quadratic(x[..., :half]) + (1 - x[..., half:]).sum(-1)), (0.0, 1.0)
    return lambda x: quadratic(x[..., :half]) + (n - half) - x[..., half:].cumprod(-1).sum(-1), (0.0, 1.0)


def with_margin(name: str, n: int) -> Case:
    """CMA-ES with margin to 1e-10 on a mixed-integer function."""
    f, (low, high) = mixed(name, n)
    whole = np.arange(n) >= n // 2
    bounds = Bounds(np.where(whole, low, -np.inf), np.where(whole, high, np.inf))

    def starts(runs: int) -> FloatArray:
        x0 = np.random.default_rng(n).uniform(1, 3, (runs, n))
        x0[:, whole] = 0.5 if high == 1 else x0[:, whole]
        return x0

    def optimizer(x0: FloatArray) -> Any:
        cls: Any = es.get_method("cmaes-margin")
        return cls(x0, 1.0, bounds=bounds, integrality=whole, rng=1, stop={"ftarget": 1e-10, "maxfevals": 1e4 * n})

    def theirs(runs: int) -> list[float]:
        popsize = optimizer(starts(1)).popsize
        box, steps = np.stack([bounds.lb, bounds.ub], axis=-1), whole.astype(float)
        settings: dict[str, Any] = {"population_size": popsize, "margin": 1 / (n * popsize)}
        peer = importlib.import_module("cmaes").CMAwM
        with np.errstate(all="ignore"):
            return [
                by_ask_and_tell(peer(x0.copy(), 1.0, box, steps, seed=seed, **settings), f, 1e4 * n, 1e-10)
                for seed, x0 in enumerate(starts(runs), start=1)
            ]

    return Case("cmaes-margin", "cmaes", name, n, lambda runs: counted(optimizer(starts(runs)), f, 1e-10), theirs)


def started(on: str, n: int, part: float | None, warm: bool) -> Case:
    """CMA-ES, started warm or cold, to this part of the value in the middle, or to 1e-8."""
    f, middle = function(on, n), np.full(n, 0.5)

    def setting(seed: int) -> tuple[FloatArray, FloatArray, Function, float]:
        rng = np.random.default_rng([n, seed])
        optimum = rng.uniform(0.1, 0.9, n)
        source, target = shifted(f, optimum + APART * rng.standard_normal(n)), shifted(f, optimum)
        points, values = earlier(source, middle, rng)
        return points, values, target, 1e-8 if part is None else part * float(target(middle))

    def optimizer(points: FloatArray, values: FloatArray, **more: Any) -> Any:
        start = dict(es.warm_start(points, values, scale=1.0)) if warm else {"x0": middle, "sigma0": 1 / 6}
        return es.CMAES(**start, **more)

    def ours(seed: int) -> float:
        points, values, target, ftarget = setting(seed)
        opt = run(optimizer(points, values, rng=seed, stop={"ftarget": ftarget, "maxfevals": 1e4 * n}), target)
        return float(opt.nfev) if opt.f_best <= ftarget else np.inf

    def theirs(seed: int) -> float:
        cmaes = importlib.import_module("cmaes")
        points, values, target, ftarget = setting(seed)
        mean, sigma, cov = middle.copy(), 1 / 6, None
        if warm:
            mean, sigma, cov = cmaes.get_warm_start_mgd(list(zip(points, values.tolist(), strict=True)))
        popsize = optimizer(points, values).popsize
        peer = cmaes.CMA(mean, sigma, cov=cov, seed=seed, population_size=popsize)
        return by_ask_and_tell(peer, target, 1e4 * n, ftarget)

    name = f"{on.removeprefix('rotated ')} {'to 1e-4 f' if part else ''}".strip()
    method = "warm-start" if warm else "cold-start"
    return Case(method, "cmaes", name, n, each(ours, 1), each(theirs, 1), times=3 if part else 1)


def earlier(f: Function, middle: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Points and values of a run of CMA-ES, as somebody may have kept them."""
    points, values = [], []

    def kept(x: FloatArray) -> FloatArray:
        points.append(x)
        values.append(f(x))
        return values[-1]

    run(es.CMAES(middle, 1 / 6, rng=rng, stop={"maxfevals": EARLIER}), kept)
    return np.concatenate(points), np.concatenate(values)


@counting(runs=31)
def main(given: argparse.Namespace) -> list[Case]:
    """CMA-ES with margin, then warm and cold starts."""
    dims, shapes = given.dims or (10, 20), ("sphere", "rotated ellipsoid")
    return [with_margin(name, n) for n in dims for name in MIXED] + [
        started(on, n, part, warm) for warm in (True, False) for n in dims for on in shapes for part in (1e-4, None)
    ]
