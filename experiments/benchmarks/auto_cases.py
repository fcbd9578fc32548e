"""Problems on which `auto` is measured, suite by suite.

    bbob, bbob-noisy, bbob-largescale   by --dims, --instances and --functions
    bbob-times-1e-4                     bbob with noise that multiplies f - f_opt: 1 + 1e-4 N
    traps, partly, terrain              by --dims and --instances
    real                                learning, control, engineering and images, up to --largest variables
    any tag of `problems`               the same

Constraints of continuous problems become a stiff penalty in "real"; elsewhere such problems are left out, as are those
with integers.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import problems
from problems import bbob
from problems.constraints import Constraints
from problems.objective import Objective

BBOB = ("bbob", "bbob-noisy", "bbob-largescale")
TIMES = "-times-"
REAL = ("learning", "control", "engineering", "images")
PENALTY = 1e3  # times |f_opt|, for each unit by which a constraint is missed


class Case(NamedTuple):
    """One problem, made anew for each run."""

    name: str
    n: int
    instance: int


def of_bbob(suite: str) -> bool:
    """Whether targets are those of bbob, in its box."""
    return suite.partition(TIMES)[0] in BBOB


def multiplied(suite: str) -> float:
    """Standard deviation of the noise that multiplies f - f_opt."""
    level = suite.partition(TIMES)[2]
    return float(level) if level else 0.0


def make(case: Case, suite: str, seed: int) -> Objective:
    """The problem of a case, without the noise of "-times-"; the noise of bbob-noisy differs from seed to seed."""
    suite = suite.partition(TIMES)[0]
    if suite == "bbob-noisy":
        return bbob.make(case.name, case.n, case.instance, seed=seed)
    if suite in BBOB:
        return bbob.make(case.name, case.n, case.instance)
    problem = problems.get(case.name, **({"n": case.n, "seed": case.instance} if case.instance else {}))
    return penalised(problem) if problem.constraints else problem


def penalised(problem: Objective) -> Objective:
    """f + 1000 |f_opt| times what the constraints miss."""
    assert problem.n is not None
    limits, weight = Constraints(problem.constraints, problem.n), PENALTY * abs(problem.f_opt or 1.0)

    def fun(x: Any) -> Any:
        rows = np.atleast_2d(x)
        return (problem(rows) + weight * limits.violation(limits(rows))).reshape(np.shape(x)[:-1])

    return Objective(fun, n=problem.n, bounds=problem.bounds, x0=problem.x0, name=problem.name, vectorized=True)


def noisy(fun: Any, f_opt: float, level: float, rng: np.random.Generator) -> Objective:
    """f_opt + (f - f_opt) (1 + level N); `fun` sees each point and keeps what f is without noise."""

    def value(x: Any) -> Any:
        f = fun(x)
        return f_opt + (f - f_opt) * (1 + level * rng.standard_normal(np.shape(f)))

    return Objective(value, n=fun.n, bounds=fun.bounds, vectorized=True)


def cases(given: argparse.Namespace) -> Iterator[Case]:
    """All problems of a suite, in the dimensions and instances that were asked for."""
    suite = given.suite.partition(TIMES)[0]
    if suite in BBOB:
        functions = given.functions or (range(101, 131) if suite == "bbob-noisy" else range(1, 25))
        for n, instance, function in itertools.product(given.dims, given.instances, functions):
            yield Case(f"{suite}-f{function}", n, instance)
        return
    if suite in ("traps", "partly", "terrain"):
        for n, name, instance in itertools.product(given.dims, problems.names(suite), given.instances):
            yield Case(name, n, instance)
        return
    for tag in REAL if suite == "real" else (suite,):
        for name in problems.names(tag):
            try:
                problem = problems.get(name)
            except ImportError:
                continue  # its package is not installed
            taken = problem.integrality is None and (suite == "real" or not problem.constraints)
            if taken and problem.n is not None and problem.n <= given.largest:
                yield Case(name, problem.n, 0)
