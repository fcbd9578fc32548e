"""Evaluations of MO-CMA-ES to parts of the best hypervolume, next to DEAP's, which is by the same paper.

    python -m experiments.benchmarks.es_multiobjective [--out FOLDER] [--runs 7] [--budget 100000] [--popsize 20]

Problems of two objectives: ZDT1 to ZDT3 in [0, 1]^n (Zitzler, Deb & Thiele 2000), two spheres, and rotated ellipsoids
(ELLI1) and cigar-tablets (CIGTAB1) of condition 1e6, which is the squared 1e3 of Igel, Hansen & Roth (2007). Both start
around the same points with sigma0 = 0.3 of the width of the box of starts. The hypervolume is that of the population up
to (1.1, 1.1), for fronts that lie in [0, 1]^2; the best one is that of as many points spread in the best way. Shown
are medians over the runs, inf where the budget did not suffice. To reach: at most 1.1 times DEAP's evaluations. Needs
the extra `families` for DEAP; without it our figures are printed alone.
"""

from __future__ import annotations

import argparse
import importlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from es.parts.pareto import hypervolume
from experiments.benchmarks.counting import Case, Counts, Function, counting, each, rotation

REFERENCE = np.array([1.1, 1.1])
PARTS = (0.9, 0.98)  # of the best hypervolume
# The second objective along the front of each; elsewhere f / g and h are as the papers have them.
ZDT: dict[str, Callable[[FloatArray], FloatArray]] = {
    "ZDT1": lambda t: 1 - np.sqrt(t),
    "ZDT2": lambda t: 1 - t**2,
    "ZDT3": lambda t: 1 - np.sqrt(t) - t * np.sin(10 * np.pi * t),
}
PROBLEMS = (*ZDT, "spheres", "ELLI1", "CIGTAB1")


def zdt(name: str) -> Function:
    """ZDT1, 2 or 3 on [0, 1]^n."""

    def f(x: FloatArray) -> FloatArray:
        first, g = x[..., 0], 1 + 9 * x[..., 1:].mean(-1)
        ratio = first / g
        wave = ratio * np.sin(10 * np.pi * first) if name == "ZDT3" else 0.0  # of the objective, not of the ratio
        return np.stack([first, g * (ZDT["ZDT2" if name == "ZDT2" else "ZDT1"](ratio) - wave)], axis=-1)

    return f


def quadratic(weights: FloatArray, apart: float, rotated: bool) -> Function:
    """Two quadratic functions with these weights whose optima lie `apart` from each other on the first axis."""
    n = weights.size
    R = rotation(n) if rotated else np.eye(n)
    shift = apart * np.eye(n)[0]
    return lambda x: np.stack([((x @ R.T - s) ** 2) @ weights for s in (0 * shift, shift)], axis=-1)


def problem(name: str, n: int) -> tuple[Function, tuple[float, float] | None, tuple[float, float]]:
    """Function, bounds, and box of the starts."""
    if name in ZDT:
        return zdt(name), (0.0, 1.0), (0.0, 1.0)
    condition = 10 ** (6 * np.arange(n) / (n - 1))
    cigtab = np.r_[1.0, np.full(n - 2, 1e4), 1e6]
    weights = {"spheres": np.ones(n), "ELLI1": condition, "CIGTAB1": cigtab}[name]
    return quadratic(weights, 1.0, name != "spheres"), None, (-2.0, 2.0)


def ideal(name: str, points: int) -> float:
    """Hypervolume of `points` points of the front that are spread in the best way; of all of it for ZDT3.

    The front of ZDT3 is in five pieces, so there the best spread is not a smooth problem.
    """
    from scipy.optimize import minimize

    def lost(t: FloatArray) -> float:
        t = np.clip(t, 0, 1)
        front = (t, ZDT[name](t)) if name in ZDT else (t**2, (1 - t) ** 2)
        return -hypervolume(np.stack(front, axis=-1), REFERENCE)

    if name == "ZDT3":
        return -lost(np.linspace(0, 1, 100_001))
    solve: Any = minimize  # its stubs want more of a function than this one says
    return -float(solve(lost, np.linspace(0, 1, points), method="L-BFGS-B", options={"maxfun": 10**5}).fun)


def ours(f: Function, start: FloatArray, sigma0: float, bounds: Any, popsize: int, seed: int) -> Any:
    """Generator of the objectives of our population after each iteration."""
    box = None if bounds is None else [bounds] * start.size
    opt = es.MOCMAES(start, sigma0, bounds=box, popsize=popsize, rng=seed)
    while True:
        x = opt.ask()
        opt.tell(x, f(x))
        yield opt.front()["fun"]


def deap(f: Function, start: FloatArray, sigma0: float, bounds: Any, popsize: int, seed: int) -> Any:
    """Generator of the objectives of DEAP's population; bounds by its closest-valid penalty with the same factor."""
    cma, base, creator = (importlib.import_module(f"deap.{name}") for name in ("cma", "base", "creator"))
    if not hasattr(creator, "TwoIndividual"):
        creator.create("TwoFitness", base.Fitness, weights=(-1.0, -1.0))
        creator.create("TwoIndividual", list, fitness=creator.TwoFitness)

    def inside(x: FloatArray) -> FloatArray:
        return x if bounds is None else np.clip(x, *bounds)

    def evaluate(population: Any) -> None:
        x = np.array(population)
        moved = 1e-6 * ((x - inside(x)) ** 2).sum(-1)
        for one, values in zip(population, f(inside(x)) + moved[:, None], strict=True):
            one.fitness.values = tuple(values)

    np.random.seed(seed)  # noqa: NPY002 - DEAP draws from the global stream
    first = start + sigma0 * np.random.default_rng(seed).standard_normal((popsize, start.size))
    population = [creator.TwoIndividual(row) for row in first]
    evaluate(population)
    strategy = cma.StrategyMultiObjective(population, sigma=sigma0, mu=popsize, lambda_=popsize)
    while True:
        yield f(inside(np.array([np.asarray(parent) for parent in strategy.parents])))
        population = strategy.generate(creator.TwoIndividual)
        evaluate(population)
        strategy.update(population)


def evaluations(make: Any, name: str, given: argparse.Namespace, seed: int) -> list[float]:
    """Evaluations of one run until its hypervolume is so large for the first time, for each of `PARTS`."""
    f, bounds, (low, high) = problem(name, given.n)
    start = np.random.default_rng([seed, given.n]).uniform(low, high, given.n)
    run = make(f, start, 0.3 * (high - low), bounds, given.popsize, seed)
    best, found = ideal(name, given.popsize), [math.inf] * len(PARTS)
    for used in range(given.popsize, given.budget + 1, given.popsize):
        volume = hypervolume(next(run), REFERENCE)
        found = [min(at, used) if volume >= part * best else at for at, part in zip(found, PARTS, strict=True)]
        if math.isfinite(found[-1]):
            break
    return found


@counting(runs=7, budget=100_000, n=10, popsize=20, problems=(list(PROBLEMS), "", {"choices": PROBLEMS}))
def main(given: argparse.Namespace) -> list[Case]:
    """Every problem, to both parts of the best hypervolume."""

    def counts(make: Any, name: str) -> Counts:
        return each(partial(evaluations, make, name, given))

    parts = tuple(f"to {100 * part:.0f} %" for part in PARTS)
    return [
        Case("mo-cmaes", "deap", name, given.n, counts(ours, name), counts(deap, name), targets=parts)
        for name in given.problems
    ]
