"""Evaluations of CMA-ES under nonlinear constraints, next to pycma's augmented Lagrangian on the same problems.

    python -m experiments.benchmarks.constraints [--out FOLDER] [--runs 15] [--only NAME ...]

Sphere and rotated ellipsoid (condition 1e6) with one or n / 2 linear constraints, all active at the optimum, with
multipliers of 1; x0 = x_opt + 2 N(0, I), sigma0 = 1. And five problems of Liang et al., Problem definitions and
evaluation criteria for the CEC 2006 special session on constrained real-parameter optimization: g06, g07, g08, g09 and
g24; x0 uniform in the box, sigma0 = 0.3 of its width. Counted are the evaluations of f until a feasible point lies
within the precision of f_opt, relative where |f_opt| > 1: the median, and how many of the runs came so far within
their budget of 3000 n^1.5 evaluations. Needs the extra `peers` for pycma.
"""

from __future__ import annotations

import argparse
import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, NonlinearConstraint

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.counting import Case, Counts, Function, counting, each
from problems import get

PRECISIONS = (1e-6, 1e-8)


@dataclass(frozen=True)
class Constrained:
    """Minimise f under g <= 0 and in a box; f and g work on the last axis."""

    name: str
    n: int
    f: Function
    g: Function
    f_opt: float
    box: Bounds | None = None
    x_opt: FloatArray | None = None

    def start(self, seed: int) -> FloatArray:
        """x0 of a run."""
        rng = np.random.default_rng(seed)
        if self.box is not None:
            return rng.uniform(self.box.lb, self.box.ub)
        return np.asarray(np.asarray(self.x_opt) + 2 * rng.standard_normal(self.n))

    @property
    def sigma0(self) -> FloatArray:
        """Initial standard deviations."""
        return np.ones(self.n) if self.box is None else 0.3 * (self.box.ub - self.box.lb)

    @property
    def budget(self) -> int:
        """Evaluations of a run at the most."""
        return int(3000 * self.n**1.5)


def linear(name: str, n: int, m: int) -> Constrained:
    """A quadratic function whose gradient at x_opt is balanced by m linear constraints with multipliers of 1."""
    rng = np.random.default_rng([n, m])
    R = np.linalg.qr(rng.standard_normal((n, n)))[0]
    H = R.T @ np.diag(10 ** ((6 if name == "ellipsoid" else 0) * np.arange(n) / (n - 1))) @ R
    H = (H + H.T) / 2
    normals = rng.standard_normal((m, n))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    x_opt = rng.standard_normal(n)
    centre = x_opt + np.linalg.solve(H, normals.sum(0))

    def f(x: FloatArray) -> FloatArray:
        y = x - centre
        return np.asarray(0.5 * np.vecdot(y @ H, y))

    return Constrained(
        f"{name}, m={m}", n, f, lambda x: np.asarray((x - x_opt) @ normals.T), float(f(x_opt)), x_opt=x_opt
    )


def of_cec(name: str, n: int, f_opt: float, low: Any, high: Any, f: Callable[..., Any], g: Any) -> Constrained:
    """A problem whose f and g take the variables one by one, as they are printed."""

    def value(x: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(f(*np.moveaxis(x, -1, 0)))

    def constraints(x: FloatArray) -> FloatArray:
        return np.stack(np.broadcast_arrays(*g(*np.moveaxis(x, -1, 0))), axis=-1)

    return Constrained(name, n, value, constraints, f_opt, Bounds(np.full(n, low), np.full(n, high)))


def of_hs(name: str, number: int) -> Constrained:
    """A problem that is one of Hock and Schittkowski's, in CEC's box where that has none."""
    problem: Any = get(f"hs{number}")
    (limits,) = problem.constraints
    n, f_opt = int(problem.x_opt.size), float(problem.f_opt)
    box = problem.bounds or Bounds(np.full(n, -10.0), np.full(n, 10.0))
    return Constrained(name, n, problem.fun, lambda x: -limits.fun(x), f_opt, box)


def cec() -> list[Constrained]:
    """The five problems of CEC 2006."""
    return [
        of_hs("g06", 19),  # two circles that leave a thin crescent
        of_hs("g07", 113),  # six of the eight constraints are active
        of_cec(  # many local optima; neither constraint is active at the best
            "g08", 2, -0.0958250414180359, 0.0, 10.0,
            lambda a, b: -(np.sin(2 * np.pi * a) ** 3) * np.sin(2 * np.pi * b) / (a**3 * (a + b)),
            lambda a, b: (a * a - b + 1, 1 - a + (b - 4) ** 2),
        ),
        of_hs("g09", 100),  # two of the four constraints are active
        of_cec(  # a feasible region in two parts, the optimum where both constraints meet
            "g24", 2, -5.50801327159536, 0.0, [3.0, 4.0], lambda a, b: -(a + b),
            lambda a, b: (
                -2 * a**4 + 8 * a**3 - 8 * a * a + b - 2, -4 * a**4 + 32 * a**3 - 88 * a * a + 96 * a + b - 36
            ),
        ),
    ]  # fmt: skip


def problems() -> list[Constrained]:
    """All of them."""
    return [linear(name, n, m) for n in (5, 10, 20) for name in ("sphere", "ellipsoid") for m in (1, n // 2)] + cec()


def wanted(problem: Constrained, precision: float) -> float:
    """The value that a feasible point must reach."""
    return problem.f_opt + precision * max(1.0, abs(problem.f_opt))


def ours(problem: Constrained, seed: int) -> list[tuple[int, float]]:
    """Evaluations and values at which the best feasible value improved."""
    found: list[tuple[int, float]] = []

    def keep(intermediate_result: Any) -> None:
        if not found or intermediate_result.fun < found[-1][1]:
            found.append((intermediate_result.nfev, intermediate_result.fun))

    es.minimize(
        problem.f, problem.start(seed), sigma0=problem.sigma0, bounds=problem.box,
        constraints=NonlinearConstraint(problem.g, -np.inf, 0), vectorized=True, maxfevals=problem.budget,
        ftarget=wanted(problem, min(PRECISIONS)), callback=keep, rng=seed,
    )  # fmt: skip
    return found


def pycma(problem: Constrained, seed: int) -> list[tuple[int, float]]:
    """The same of pycma's `ConstrainedFitnessAL` with its defaults, updated once per generation."""
    cma = importlib.import_module("cma")
    target = wanted(problem, min(PRECISIONS))
    f = cma.ConstrainedFitnessAL(
        lambda x: float(problem.f(x)), lambda x: problem.g(x).tolist(), logging=0, archives=False
    )
    options: dict[str, Any] = {"verbose": -9, "seed": seed + 1, "maxfevals": problem.budget, "CMA_stds": problem.sigma0}
    # Criteria that compare values of a function that changes; without them it comes further.
    options |= {"tolstagnation": 0, "tolflatfitness": 1000, "tolfun": 0, "tolfunhist": 0}
    if problem.box is not None:
        options["bounds"] = [problem.box.lb.tolist(), problem.box.ub.tolist()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coefficients that are not set yet
        opt = cma.CMAEvolutionStrategy(problem.start(seed), 1.0, options)
        found: list[tuple[int, float]] = []
        while not opt.stop() and not (found and found[-1][1] <= target):
            x = opt.ask()
            opt.tell(x, [f(one) for one in x])
            f.update(opt)
            if f.best_feas.x is not None and (not found or f.best_feas.f < found[-1][1]):
                found.append((opt.countevals, f.best_feas.f))
    return found


def evaluations(found: list[tuple[int, float]], target: float) -> float:
    """Evaluations to the target, inf if it was not reached."""
    return next((float(used) for used, value in found if value <= target), np.inf)


@counting(runs=15)
def main(given: argparse.Namespace) -> list[Case]:
    """Every problem, to both precisions."""

    def counts(method: Callable[[Constrained, int], list[tuple[int, float]]], problem: Constrained) -> Counts:
        def one(seed: int) -> list[float]:
            found = method(problem, seed)
            return [evaluations(found, wanted(problem, precision)) for precision in PRECISIONS]

        return each(one)

    to = tuple(f"to {precision:g}" for precision in PRECISIONS)
    return [Case("cmaes", "pycma", p.name, p.n, counts(ours, p), counts(pycma, p), targets=to) for p in problems()]
