"""Functions that have no value, or an infinite one, in much of the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from problems.bbob.transforms import dot
from problems.traps.ground import Builder, Ground, ellipsoid, rastrigin, rosenbrock, sphere


def _without(builder: Builder, where: Callable[[Any, Any], Any], instead: float = np.nan) -> Builder:
    """`instead` in place of f where `where(z, direction)` holds, z = x - x_opt and a random direction."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        ground = builder(n, rng)
        direction = rng.standard_normal(n)
        direction /= np.linalg.norm(direction)
        inner, x_opt = ground.value, ground.x_opt
        return Ground(lambda x: np.where(where(x - x_opt, direction), instead, inner(x)), x_opt)

    return build


def _behind(z: Any, direction: Any) -> Any:
    """Half the space; the best point is on its edge."""
    return dot(direction, z) < 0.0


def _outside(z: Any, direction: Any) -> Any:
    """Beyond a ball around the best point that has few of the starts in it: radius sqrt(5 n)."""
    return (z * z).sum(-1) > 5.0 * z.shape[-1]


TABLE: dict[str, Builder] = {
    "nan-half": _without(ellipsoid, _behind),
    # at a distance of 1 from the best point
    "nan-half-rosenbrock": _without(rosenbrock, lambda z, direction: dot(direction, z) < -1.0),
    "nan-below": _without(sphere, lambda z, _: z[..., 0] < 0.0),
    "nan-outside": _without(ellipsoid, _outside),
    # every second cell of a checkerboard with cells of width 1 around the best point
    "nan-cells": _without(sphere, lambda z, _: np.floor(z + 0.5).sum(-1) % 2.0 == 1.0),
    # any variable more than 3 below its best value, as under a root
    "nan-corner": _without(rastrigin, lambda z, _: z.min(-1) < -3.0),
    "inf-half": _without(ellipsoid, _behind, np.inf),
    "inf-outside": _without(rosenbrock, _outside, np.inf),
}
