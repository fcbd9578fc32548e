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
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from es.parts.pareto import hypervolume
from experiments.benchmarks.counting import Case, Function, count, each

REFERENCE = np.array([1.1, 1.1])
PROBLEMS = ("ZDT1", "ZDT2", "ZDT3", "spheres", "ELLI1", "CIGTAB1")
PARTS = (0.9, 0.98)  # of the best hypervolume


def zdt(number: int) -> Function:
    """ZDT1, 2 or 3 on [0, 1]^n."""

    def f(x: FloatArray) -> FloatArray:
        first, g = x[..., 0], 1 + 9 * x[..., 1:].mean(-1)
        ratio = first / g
        h = {
            1: 1 - np.sqrt(ratio),
            2: 1 - ratio**2,
            3: 1 - np.sqrt(ratio) - ratio * np.sin(10 * np.pi * first),
        }[number]
        return np.stack([first, g * h], axis=-1)

    return f


def quadratic(weights: FloatArray, apart: float, rotated: bool) -> Function:
    """Two quadratic functions with these weights whose optima lie `apart` from each other on the first axis."""
    n = weights.size
    R = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0] if rotated else np.eye(n)
    shift = apart * np.eye(n)[0]

    def f(x: FloatArray) -> FloatArray:
        y = x @ R.T
        return np.stack([((y - s) ** 2) @ weights for s in (0 * shift, shift)], axis=-1)

    return f


def problem(name: str, n: int) -> tuple[Function, tuple[float, float] | None, tuple[float, float]]:
    """Function, bounds, and box of the starts."""
    if name.startswith("ZDT"):
        return zdt(int(name[-1])), (0.0, 1.0), (0.0, 1.0)
    condition = 10 ** (6 * np.arange(n) / (n - 1))
    cigtab = np.r_[1.0, np.full(n - 2, 1e4), 1e6]
    weights = {"spheres": np.ones(n), "ELLI1": condition, "CIGTAB1": cigtab}[name]
    return quadratic(weights, 1.0, name != "spheres"), None, (-2.0, 2.0)


def ideal(name: str, points: int) -> float:
    """Hypervolume of `points` points of the front that are spread in the best way; of all of it for ZDT3.

    The front of ZDT3 is in five pieces, so there the best spread is not a smooth problem.
    """
    from scipy.optimize import minimize

    t = np.linspace(0, 1, 100_001 if name == "ZDT3" else points)
    if name == "ZDT3":
        return hypervolume(front(name, t), REFERENCE)
    solve: Any = minimize  # the stubs of SciPy want more of a lambda than it can say
    found = solve(
        lambda t: -hypervolume(front(name, np.clip(t, 0, 1)), REFERENCE),
        t,
        method="L-BFGS-B",
        options={"maxfun": 10**5},
    )
    return -float(found.fun)


def front(name: str, t: FloatArray) -> FloatArray:
    """Points of the optimal front for t (k,) in [0, 1], shape (k, 2)."""
    first, second = {
        "ZDT1": (t, 1 - np.sqrt(t)),
        "ZDT2": (t, 1 - t**2),
        "ZDT3": (t, 1 - np.sqrt(t) - t * np.sin(10 * np.pi * t)),
    }.get(name, (t**2, (1 - t) ** 2))
    return np.stack([first, second], axis=-1)


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


def evaluations(make: Any, name: str, n: int, popsize: int, budget: int, seed: int) -> list[float]:
    """Evaluations of one run until its hypervolume is so large for the first time, for each of `PARTS`."""
    f, bounds, (low, high) = problem(name, n)
    start = np.random.default_rng([seed, n]).uniform(low, high, n)
    run = make(f, start, 0.3 * (high - low), bounds, popsize, seed)
    best, found = ideal(name, popsize), [math.inf] * len(PARTS)
    for iteration in range(1, budget // popsize + 1):
        volume = hypervolume(next(run), REFERENCE)
        for i, part in enumerate(PARTS):
            if volume >= part * best:
                found[i] = min(found[i], iteration * popsize)
        if math.isfinite(found[-1]):
            break
    return found


def cases(given: argparse.Namespace) -> list[Case]:
    """Every problem, to both parts of the best hypervolume."""

    def counts(make: Any, name: str) -> Any:
        return each(lambda seed: evaluations(make, name, given.n, given.popsize, given.budget, seed))

    parts = tuple(f"to {100 * part:.0f} %" for part in PARTS)
    return [
        Case("mo-cmaes", "deap", name, given.n, counts(ours, name), counts(deap, name), targets=parts)
        for name in given.problems
    ]


def options(parser: argparse.ArgumentParser) -> None:
    """What the other benchmarks do not have."""
    parser.add_argument("--budget", type=int, default=100_000)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--popsize", type=int, default=20)
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS), choices=PROBLEMS)


def main() -> None:
    """Print the table; write it as CSV if asked."""
    count(__doc__, "es_multiobjective", cases, runs=7, options=options)


if __name__ == "__main__":
    main()
