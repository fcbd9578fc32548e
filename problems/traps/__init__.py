"""Problems that lead methods into error: 84 traps in eight groups, partly separable functions, and terrain.

The tags are "traps" (and of its groups "trap-additive", "trap-kinks", "trap-stairs", "trap-lost", "trap-floors",
"trap-offsets", "trap-bounds", "trap-sigmas"), "partly" and "terrain". Each problem comes in any n from 2; `seed` draws
its best point, its rotation and all else that is random.

Examples
--------
>>> import problems
>>> f = problems.get("trap-max-abs", n=5, seed=3)
>>> f(f.x_opt) == f.f_opt == 0.0
True
>>> len(problems.names("traps"))
84
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from problems import transforms
from problems.numbers import FloatArray, whole
from problems.objective import Objective
from problems.registry import register
from problems.traps import additive, floors, kinks, lost, partly, stairs, terrain, units
from problems.traps.ground import Builder, Ground

__all__ = ["GROUPS", "make"]

GROUPS: dict[str, dict[str, Builder]] = {
    "trap-additive": additive.TABLE,
    "trap-kinks": kinks.TABLE,
    "trap-stairs": stairs.TABLE,
    "trap-lost": lost.TABLE,
    "trap-floors": floors.TABLE,
    "trap-offsets": units.OFFSETS,
    "trap-bounds": units.BOUNDS,
    "trap-sigmas": units.SIGMAS,
    "partly": partly.TABLE,
    "terrain": terrain.TABLE,
}


def _ground(group: str, name: str, n: int, seed: int) -> Ground:
    # a stream for each name, so that two problems of one seed have nothing in common
    return GROUPS[group][name](n, np.random.default_rng([seed, *name.encode()]))


class Function:
    """f of one problem; it pickles as the few words it was built from.

    Parameters
    ----------
    group, name : str
        Where it stands in `GROUPS`.
    n, seed : int
    """

    def __init__(self, group: str, name: str, n: int, seed: int) -> None:
        self.key = (group, name, n, seed)
        self.ground = _ground(*self.key)

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n), shape (...)."""
        with np.errstate(over="ignore"):
            return self.ground.value(x)

    def __reduce__(self) -> tuple[Callable[..., Function], tuple[str, str, int, int]]:
        return Function, self.key


def _start(rng: np.random.Generator, low: FloatArray, high: FloatArray) -> FloatArray:
    """Drawn uniformly from the inner 80 % of the box."""
    return rng.uniform(0.9 * low + 0.1 * high, 0.1 * low + 0.9 * high)


def _label(group: str, name: str) -> str:
    return f"{'trap' if group.startswith('trap') else group}-{name}"


def make(group: str, name: str, n: int | None = None, *, seed: int = 0) -> Objective:
    """One of the problems, as `problems.get` makes it.

    Parameters
    ----------
    group, name : str
        Where it stands in `GROUPS`.
    n : int, optional
        Number of variables, from 2; 10 by default.
    seed : int
        Draws the best point and all else that is random.

    Returns
    -------
    Objective
        Where nothing else is part of the trap: the box is [-5, 5]^n, a start is drawn from its inner 80 %, and sigma0
        is 2.

    Raises
    ------
    ValueError
        n is 1, or seed is negative.
    """
    n = 10 if n is None else n
    label = _label(group, name)
    if n < 2:
        raise ValueError(f"{label} is defined for n >= 2, got n={n}")
    seed = whole(f"seed of {label}", seed)
    fun = Function(group, name, n, seed)
    ground = fun.ground
    bounds = np.asarray(ground.settings.get("bounds", [(-5.0, 5.0)] * n))
    low, high = bounds.T
    objective = Objective(
        fun,
        n,
        vectorized=True,
        pure=True,
        bounds=bounds,
        x0=ground.settings.get("x0", partial(_start, low=low, high=high)),
        sigma0=ground.settings.get("sigma0", 2.0),
        x_opt=ground.x_opt,
        f_opt=float(fun(ground.x_opt)),
        name=label,
        differentiable=ground.differentiable,
        source=f"{name}: one of the problems of this package, group {group}",
    )
    absolute, relative = ground.noise
    if absolute or relative:
        return transforms.noisy(objective, np.random.default_rng([seed, 1]), std=absolute, relative=relative)
    return objective


for _group, _table in GROUPS.items():
    for _name in _table:
        _tags = ("traps", _group) if _group.startswith("trap") else (_group,)
        register(_label(_group, _name), partial(make, _group, _name), tags=_tags, plane=False)
