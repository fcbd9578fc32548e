"""Functions that have no value, or an infinite one, in much of the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from problems.bbob.transforms import dot
from problems.numbers import FloatArray
from problems.traps.ground import Builder, Ground, ellipsoid, rastrigin, rosenbrock, sphere

__all__ = ["TABLE"]

Where = Callable[[Any, FloatArray, np.random.Generator], Callable[[Any], Any]]


def _without(builder: Builder, where: Callable[..., Any], instead: float = np.nan) -> Builder:
    """`instead` in place of f where `where(z, direction)` holds, z = x - x_opt and a random direction."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        ground = builder(n, rng)
        direction = rng.standard_normal(n)
        direction /= np.linalg.norm(direction)
        inner, x_opt = ground.value, ground.x_opt

        def value(x: Any) -> Any:
            return np.where(where(x - x_opt, direction), instead, inner(x))

        return Ground(value, x_opt)

    return build


def _behind(z: Any, direction: FloatArray) -> Any:
    """Half the space; the best point is on its edge."""
    return dot(direction, z) < 0.0


def _behind_one(z: Any, direction: FloatArray) -> Any:
    """Half the space at a distance of 1 from the best point."""
    return dot(direction, z) < -1.0


def _below(z: Any, direction: FloatArray) -> Any:
    """Where the first variable is below its best value."""
    return z[..., 0] < 0.0


def _outside(z: Any, direction: FloatArray) -> Any:
    """Beyond a ball around the best point that has few of the starts in it: radius sqrt(5 n)."""
    return (z * z).sum(-1) > 5.0 * z.shape[-1]


def _cells(z: Any, direction: FloatArray) -> Any:
    """Every second cell of a checkerboard with cells of width 1 around the best point."""
    return np.floor(z + 0.5).sum(-1) % 2.0 == 1.0


def _any_below(z: Any, direction: FloatArray) -> Any:
    """Where any variable is more than 3 below its best value, as under a root."""
    return z.min(-1) < -3.0


TABLE: dict[str, Builder] = {
    "nan-half": _without(ellipsoid, _behind),
    "nan-half-rosenbrock": _without(rosenbrock, _behind_one),
    "nan-below": _without(sphere, _below),
    "nan-outside": _without(ellipsoid, _outside),
    "nan-cells": _without(sphere, _cells),
    "nan-corner": _without(rastrigin, _any_below),
    "inf-half": _without(ellipsoid, _behind, np.inf),
    "inf-outside": _without(rosenbrock, _outside, np.inf),
}
