"""Evaluations on mixed spaces, next to CatCMAwM and CMAwM of the package cmaes.

    python -m experiments.benchmarks.mixed [--runs 15] [--first 1000] [--only COM CLO ...] [--out FOLDER]

Thirteen problems with random optima, to 1e-8 within 20,000 evaluations, which count up to the first point there. Ours
is `es.minimize(f, es.Space(...))` with nothing else said but target and budget. The peers begin, as they do by default,
in the middle with a sixth (whole numbers a fifth) of the distance to the bounds; their own reasons to stop are left
aside. The functions are those of Hamano et al. (arXiv:2405.09962, 2504.07884):

* COM (categorical one-max): how many categories are not at their optimum; CLO (leading ones): how many there are from
  the first wrong one on. Ten categories of four values alone; five of five values beside numbers.
* Sphere and ellipsoid (axes up to 1000 : 1), real numbers in [-10, 10], whole numbers from -10 to 10, or twenty of five
  levels. OneMax and LeadingOnes of twenty whole numbers 0 or 1. Five whole numbers from 1 to 1024, f a sphere in their
  natural logarithms, in which the optimum is uniform; for ours these are `Integer(1, 1024, log=True)`, which the peers
  do not have.

Branches: three parameters in common and three in each of three branches (`when=`), all in [-1, 1], whose optima are 0,
.1 and .2, or 0, 3 and 6, apart; ours alone.

The ratio is that of the medians, to reach: 1.05 to the better of the two peers, and 0.6 on the last one, with every run
arriving. Needs the extra `peers`; without it our figures are printed alone.

Seeds 31000 to 31014, all 15 of each arriving; medians, and the ratio to the better peer:

    problem          ours  CatCMAwM  CMAwM  ratio    problem          ours  CatCMAwM  CMAwM  ratio
    COM                93       111          0.84    EllipsoidInt     2938      3406   3278   0.90
    CLO               526       754          0.70    Levels            381       606    603   0.63
    SphereCOM        1077      1227          0.88    EllipsoidLevels   863      1442   1996   0.60
    EllipsoidCLO     1823      2033          0.90    OneMax             95       177    191   0.54
    SphereIntCOM     1634      1949          0.84    LeadingOnes       384       941    630   0.61
    EllipsoidIntCLO  2853      3549          0.80    LogInt             47       872   1127   0.05
    SphereInt        1352      1751   1721   0.79    Branches    1753, 1304
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.counting import Case, counting, each
from experiments.benchmarks.spaces import Task, Values, curve

TARGET, BUDGET = 1e-8, 20_000
AXES = 1000.0  # of the ellipsoid, longest to shortest


@dataclass(frozen=True)
class Problem:
    """A function of real numbers x, whole numbers z and categories c."""

    name: str
    reals: int = 0  # in [-10, 10]
    whole: tuple[tuple[int, int], ...] = ()  # least and largest of each
    counts: tuple[int, ...] = ()  # values of each category
    shape: str = "sphere"  # or "ellipsoid", of the numbers
    leading: bool = False  # whether categories count from the first wrong one on
    bits: str = ""  # "onemax" or "leadingones" where whole numbers count as categories do
    log: bool = False  # whether f is in the logarithms of the whole numbers

    def instance(self, seed: int) -> Callable[[FloatArray, FloatArray, FloatArray], float]:
        """The function with an optimum drawn with this seed."""
        rng = np.random.default_rng([seed, 77])
        x_opt = rng.uniform(-8, 8, self.reals)
        z_opt = np.array([rng.integers(low, high + 1) for low, high in self.whole], dtype=float)
        if self.log:
            z_opt = np.rint(np.exp([rng.uniform(np.log(low), np.log(high)) for low, high in self.whole]))
        c_opt = np.array([rng.integers(k) for k in self.counts], dtype=float)
        n = self.reals + len(self.whole)
        scale = AXES ** (2 * np.arange(n) / max(1, n - 1)) if self.shape == "ellipsoid" else np.ones(n)

        def f(x: FloatArray, z: FloatArray, c: FloatArray) -> float:
            if self.bits:
                return _wrong(z == z_opt, self.bits == "leadingones")
            gap = np.log(z) - np.log(z_opt) if self.log else z - z_opt
            move = np.concatenate([x - x_opt, gap])
            return float(scale @ move**2) + _wrong(c == c_opt, self.leading)

        return f

    def space(self) -> es.Space:
        """x0, x1, ... real, z0, ... whole, c0, ... categories."""
        parameters: dict[str, Any] = {f"x{i}": es.Linear(-10, 10) for i in range(self.reals)}
        parameters |= {f"z{i}": es.Integer(*ends, log=self.log) for i, ends in enumerate(self.whole)}
        parameters |= {f"c{i}": es.Choice(*range(k)) for i, k in enumerate(self.counts)}
        return es.Space(parameters)

    def function(self, seed: int) -> Task:
        """The same of a dict."""
        f, counts = self.instance(seed), {"x": self.reals, "z": len(self.whole), "c": len(self.counts)}
        names = [[f"{letter}{i}" for i in range(count)] for letter, count in counts.items()]
        return lambda p: f(*(np.array([p[name] for name in some], dtype=float) for some in names))


def _wrong(right: npt.NDArray[np.bool_], leading: bool) -> float:
    return float(right.size - (np.cumprod(right) if leading else right).sum())


TENS, FIVE_LEVELS, BITS = ((-10, 10),) * 5, ((0, 4),) * 20, ((0, 1),) * 20
PROBLEMS = [
    Problem("COM", counts=(4,) * 10),
    Problem("CLO", counts=(4,) * 10, leading=True),
    Problem("SphereCOM", reals=5, counts=(5,) * 5),
    Problem("EllipsoidCLO", reals=5, counts=(5,) * 5, shape="ellipsoid", leading=True),
    Problem("SphereIntCOM", reals=5, whole=TENS, counts=(5,) * 5),
    Problem("EllipsoidIntCLO", reals=5, whole=TENS, counts=(5,) * 5, shape="ellipsoid", leading=True),
    Problem("SphereInt", reals=5, whole=TENS),
    Problem("EllipsoidInt", reals=5, whole=TENS, shape="ellipsoid"),
    Problem("Levels", whole=FIVE_LEVELS),
    Problem("EllipsoidLevels", whole=FIVE_LEVELS, shape="ellipsoid"),
    Problem("OneMax", whole=BITS, bits="onemax"),
    Problem("LeadingOnes", whole=BITS, bits="leadingones"),
    Problem("LogInt", whole=((1, 1024),) * 5, log=True),
]


def arrived(space: es.Space, f: Task, seed: int) -> float:
    """Evaluations of `es.minimize`, inf where it does not arrive."""

    def method(space: es.Space, f: Task, budget: int, seed: int) -> object:
        return es.minimize(f, space, ftarget=TARGET, maxfevals=budget, rng=seed)

    best = curve(space, f, method, BUDGET, seed, TARGET)
    return float(len(best)) if best[-1] <= TARGET else np.inf


def ours(problem: Problem, seed: int) -> float:
    """Evaluations of ours."""
    return arrived(problem.space(), problem.function(seed), seed)


def cat_cma_with_margin(problem: Problem, seed: int) -> float:
    """Evaluations of `cmaes.CatCMAwM`, inf where it does not arrive."""
    opt = importlib.import_module("cmaes").CatCMAwM(
        x_space=[[-10, 10]] * problem.reals or None,
        z_space=[list(range(low, high + 1)) for low, high in problem.whole] or None,
        c_space=list(problem.counts) or None,
        seed=seed,
    )
    f, none = problem.instance(seed), np.zeros(0)

    def value(s: Any) -> float:
        c = none if s.c is None else s.c.argmax(-1).astype(float)
        return f(none if s.x is None else s.x, none if s.z is None else s.z, c)

    return _until(lambda: [opt.ask() for _ in range(opt.population_size)], opt.tell, value)


def cma_with_margin(problem: Problem, seed: int) -> float:
    """The same of `cmaes.CMAwM`, for problems without categories."""
    bounds = np.array([(-10.0, 10.0)] * problem.reals + list(problem.whole), dtype=float)
    real = np.arange(len(bounds)) < problem.reals
    std = 0.5 * (bounds[:, 1] - bounds[:, 0]) / np.where(real, 6, 5)
    opt = importlib.import_module("cmaes").CMAwM(
        mean=bounds.mean(-1), sigma=1.0, bounds=bounds, steps=np.where(real, 0.0, 1.0), cov=np.diag(std**2), seed=seed
    )
    f, k = problem.instance(seed), problem.reals
    return _until(
        lambda: [opt.ask() for _ in range(opt.population_size)],
        lambda told: opt.tell([(s[1], value) for s, value in told]),
        lambda s: f(s[0][:k], s[0][k:], np.zeros(0)),
    )


def _until(ask: Callable[[], list[Any]], tell: Callable[[Any], Any], value: Callable[[Any], float]) -> float:
    used = 0
    while used < BUDGET:
        told = []
        for solution in ask():
            used += 1
            found = value(solution)
            if found <= TARGET:
                return float(used)
            told.append((solution, found))
        try:
            tell(told)
        except (AssertionError, FloatingPointError, ValueError):  # it ends where its own numbers overflow
            return np.inf
    return np.inf


def branches(gaps: tuple[float, ...], seed: int) -> float:
    """Evaluations on a sphere of three common parameters and three of each branch, whose optima are `gaps` apart."""
    rng = np.random.default_rng([seed, 78])
    common, own, best = rng.uniform(-0.8, 0.8, 3), rng.uniform(-0.8, 0.8, (len(gaps), 3)), rng.permutation(gaps)
    parameters: dict[str, Any] = {f"x{i}": es.Linear(-1, 1) for i in range(3)}
    parameters["branch"] = es.Choice(*range(len(gaps)))
    for b in range(len(gaps)):
        parameters |= {f"y{b}{i}": es.Linear(-1, 1, when={"branch": b}) for i in range(3)}

    def f(p: Values) -> float:
        b = p["branch"]
        x, y = np.array([p[f"x{i}"] for i in range(3)]), np.array([p[f"y{b}{i}"] for i in range(3)])
        return float(((x - common) ** 2).sum() + ((y - own[b]) ** 2).sum() + best[b])

    return arrived(es.Space(parameters), f, seed)


GAPS = ((0.0, 0.1, 0.2), (0.0, 3.0, 6.0))
PEERS = {"CatCMAwM": cat_cma_with_margin, "CMAwM": cma_with_margin}


@counting(runs=15, limit=1.05, first=(1000, "seed of the first run"))
def main(given: argparse.Namespace) -> list[Case]:
    """Each problem beside each peer that has what is in it, and branches alone."""
    found = []
    for problem in PROBLEMS:
        mine = each(cache(partial(ours, problem)), given.first)
        for name, peer in PEERS.items():
            if name != "CMAwM" or not problem.counts:
                n = problem.reals + len(problem.whole) + len(problem.counts)
                found.append(Case("space", name, problem.name, n, mine, each(partial(peer, problem), given.first)))
    for gaps in GAPS:
        on, mine = "Branches " + "/".join(f"{gap:g}" for gap in gaps), each(partial(branches, gaps), given.first)
        found.append(Case("space", "-", on, 6, mine, lambda runs: [np.nan] * runs))
    return found
