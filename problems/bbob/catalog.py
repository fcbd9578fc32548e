"""Objectives of all BBOB suites by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from problems.bbob import suite
from problems.bbob.constrained import Constrained
from problems.bbob.frames import Landscape
from problems.bbob.function import Function
from problems.bbob.mixint import levels, mixint
from problems.bbob.noise import Stream
from problems.bbob.noisy import Noisy, noiseless
from problems.bbob.recipe import Recipe
from problems.numbers import FloatArray, size, whole
from problems.objective import Objective

_REPORT = "Hansen, Finck, Ros & Auger 2009, INRIA research report 6829"


@dataclass(frozen=True)
class Suite:
    """What the problems of a suite have in common.

    Attributes
    ----------
    name : str
    functions : range
    default_n : int
    allowed : callable
        Whether the suite has problems of n variables.
    sizes : str
        Those n in words.
    make : callable
        `make(function, n, instance, name, **options)` -> Objective.
    """

    name: str
    functions: range
    default_n: int
    allowed: Callable[[int], bool]
    sizes: str
    make: Callable[..., Objective]


def start(rng: np.random.Generator, n: int) -> FloatArray:
    """Start point drawn uniformly from [-4, 4]^n."""
    return rng.uniform(-4.0, 4.0, n)


def _common(landscape: Landscape, name: str) -> dict[str, Any]:
    """What all objectives of a suite are told alike; bounds, start and step size are those of continuous variables."""
    n = landscape.x_opt.size
    return {
        "vectorized": True,
        "pure": True,
        "x_opt": landscape.x_opt,
        "f_opt": landscape.f_opt,
        "name": name,
        "differentiable": landscape.differentiable,
        "bounds": [(-5.0, 5.0)] * n,
        "x0": partial(start, n=n),
        "sigma0": 2.0,
    }


def _continuous(recipe: Recipe, source: str) -> Callable[..., Objective]:
    def made(function: int, n: int, instance: int, name: str) -> Objective:
        fun = Function(recipe, function, n, instance)
        return Objective(fun, n, source=source, **_common(fun.landscape, name))

    return made


def _noisy(
    function: int, n: int, instance: int, name: str, seed: int = 0, run: int = 0, noise: str | Stream = "keyed"
) -> Objective:
    quiet = Function(noiseless, function, n, instance)
    return Objective(
        Noisy(function, n, instance, seed, run, noise),
        n,
        noisy=True,
        noiseless=quiet,
        source="Hansen, Finck, Ros & Auger 2009, INRIA research report 6869",
        **_common(quiet.landscape, name),
    )


def _mixint(function: int, n: int, instance: int, name: str) -> Objective:
    fun = Function(mixint, function, n, instance)
    count = levels(n)
    high = np.where(count > 0, count - 1.0, 5.0)
    low = np.where(count > 0, 0.0, -5.0)
    # a start is drawn from the bounds, and rounded
    own = {"bounds": list(zip(low.tolist(), high.tolist(), strict=True)), "x0": None, "sigma0": 0.2 * (high - low)}
    source = "Tusar, Brockhoff & Hansen 2019, doi:10.1145/3321707.3321868"
    return Objective(fun, n, integrality=count > 0, source=source, **{**_common(fun.landscape, name), **own})


def _constrained(function: int, n: int, instance: int, name: str) -> Objective:
    from scipy.optimize import NonlinearConstraint

    fun = Constrained(function, n, instance)
    feasible = NonlinearConstraint(fun.constraints, -np.inf, 0.0, jac=fun.jacobian)
    return Objective(
        fun,
        n,
        constraints=feasible,
        source="Dufosse, Hansen, Brockhoff, Sampaio, Atamna & Auger 2022, COCO suite bbob-constrained",
        **{**_common(Landscape(fun, fun.x_opt, fun.f_opt), name), "x0": fun.start},
    )


_TWO_UP = (lambda n: n >= 2, "at least 2")

SUITES = {
    s.name: s
    for s in (
        Suite("bbob", range(1, 25), 10, *_TWO_UP, _continuous(suite.bbob, _REPORT)),
        Suite("bbob-noisy", range(101, 131), 10, *_TWO_UP, _noisy),
        Suite(
            "bbob-largescale",
            range(1, 25),
            40,
            lambda n: n >= 20,
            "at least 20 (COCO: 20, 40, 80, 160, 320, 640)",
            _continuous(suite.largescale, "Varelas et al. 2020, doi:10.1016/j.asoc.2020.106737"),
        ),
        Suite(
            "bbob-mixint",
            range(1, 25),
            10,
            lambda n: n >= 5 and n % 5 == 0,
            "a multiple of 5 (COCO: 5, 10, 20, 40, 80, 160)",
            _mixint,
        ),
        Suite("bbob-boxed", range(1, 25), 10, *_TWO_UP, _continuous(suite.boxed, _REPORT + ", COCO suite bbob-boxed")),
        Suite("bbob-constrained", range(1, 55), 10, *_TWO_UP, _constrained),
    )
}


def names(suite: str | None = None) -> list[str]:
    """Names of all problems, or of those of one suite.

    Parameters
    ----------
    suite : str, optional
        A key of `SUITES`.

    Examples
    --------
    >>> names("bbob")[14]
    'bbob-f15'
    """
    if suite is not None and suite not in SUITES:
        raise ValueError(f"suite must be one of {', '.join(SUITES)}, got {suite!r}")
    chosen = SUITES.values() if suite is None else (SUITES[suite],)
    return [f"{s.name}-f{f}" for s in chosen for f in s.functions]


def make(name: str, n: int | None = None, instance: int = 1, **options: Any) -> Objective:
    """One instance of one function of one suite.

    Parameters
    ----------
    name : str
        Suite and function, such as "bbob-f15", "bbob-noisy-f101" or "bbob-mixint-f3".
    n : int, optional
        Number of variables; 10 by default, 40 in bbob-largescale.
    instance : int
        COCO's instance number, from 1: it sets optimum, rotations and f_opt.
    **options
        bbob-noisy takes `seed`, `run` and `noise`: the noise is a stream of its own for each (seed, problem, run), or
        with noise="coco" the one that COCO draws after a suite was created.

    Returns
    -------
    Objective
        Its bounds are those of interest; only bbob-boxed has no finite values outside of them.

    Raises
    ------
    ValueError
        Unknown name, an n that the suite does not have, an instance below 1.

    Examples
    --------
    >>> f = make("bbob-f1", n=5)
    >>> round(float(f([0, 0, 0, 0, 0])), 6)
    92.303976
    >>> bool(f(f.x_opt) == f.f_opt)
    True
    """
    match = re.fullmatch(r"(bbob(?:-[a-z]+)?)-f(\d+)", name)
    found = SUITES.get(match[1]) if match else None
    if match is None or found is None or int(match[2]) not in found.functions:
        ranges = ", ".join(f"{s.name}-f{s.functions[0]} to -f{s.functions[-1]}" for s in SUITES.values())
        raise ValueError(f"name must be one of {ranges}, got {name!r}")
    n = found.default_n if n is None else size("n", n, f" for {name}")
    if not found.allowed(n):
        raise ValueError(f"n must be {found.sizes} for {name}, got {n}")
    # beyond, the seeds leave the range of the legacy generator
    instance = whole(f"instance of {name}", instance, 1, 100_000)
    if options and found.name != "bbob-noisy":
        raise ValueError(f"{name} takes no option but instance, got {', '.join(options)}")
    return found.make(int(match[2]), n, instance, name, **options)
