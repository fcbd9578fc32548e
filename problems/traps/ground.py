"""What a trap is built from: a function with its best point at a random place, and what methods are told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from problems import functions
from problems.bbob.transforms import turn
from problems.numbers import FloatArray
from problems.transforms import rotation

Map = Callable[[Any], Any]


@dataclass(frozen=True)
class Ground:
    """One function.

    Attributes
    ----------
    value : callable
        x of shape (..., n) -> (...).
    x_opt : ndarray, shape (n,)
    differentiable : bool
        Whether the gradient exists almost everywhere and says something.
    noise : tuple of two floats
        Standard deviations of additive and of multiplicative noise.
    settings : dict
        What differs from the box [-5, 5]^n, starts in its inner 80 % and a step size of 2.
    """

    value: Map
    x_opt: FloatArray
    differentiable: bool = True
    noise: tuple[float, float] = (0.0, 0.0)
    settings: dict[str, Any] = field(default_factory=dict)


Builder = Callable[[int, np.random.Generator], Ground]


def moved(fun: Map, image: float = 0.0, **settings: Any) -> Builder:
    """fun with its best point, all of whose coordinates are `image`, moved to a random place in [-4, 4]^n."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        x_opt = rng.uniform(-4.0, 4.0, n)
        return Ground(lambda x: fun(x - x_opt + image), x_opt, **settings)

    return build


def turned(fun: Map, image: float = 0.0, **settings: Any) -> Builder:
    """The same, turned about its best point."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        x_opt = rng.uniform(-4.0, 4.0, n)
        matrix = rotation(n, rng)
        return Ground(lambda x: fun(turn(matrix, x - x_opt) + image), x_opt, **settings)

    return build


def through(builder: Builder, outer: Map = lambda f: f, **changes: Any) -> Builder:
    """outer(f) in place of f, with other fields of `Ground` changed."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        ground = builder(n, rng)
        inner = ground.value
        return replace(ground, value=lambda x: outer(inner(x)), **changes)

    return build


sphere: Builder = moved(functions.sphere)
ellipsoid: Builder = turned(functions.ellipsoid)
rastrigin: Builder = turned(functions.rastrigin)
rosenbrock: Builder = turned(functions.rosenbrock, 1.0)
