"""Functions that look like sums of functions of one variable each, and are not quite."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from problems import functions
from problems.bbob.transforms import turn
from problems.traps.ground import Builder, Ground, Map, moved


def _coupled(z: Any, fun: Map, strength: float) -> Any:
    """fun + strength * sum of z_i z_{i+1}, which is no less than 0 where fun is no less than the sphere."""
    return fun(z) + strength * (z[..., :-1] * z[..., 1:]).sum(-1)


def _near(z: Any) -> Any:
    """Coupled near the best point only: far out, the exponential is less than rounding."""
    s = z.sum(-1)
    return (z * z).sum(-1) + 0.5 * s * s * np.exp(-(z * z).sum(-1))


def _far(z: Any) -> Any:
    """Coupled far out only."""
    over = np.maximum(z.sum(-1) - 3.0, 0.0)
    return (z * z).sum(-1) + over * over


def _one_pair(n: int, rng: np.random.Generator) -> Ground:
    """Separable but for the first and last variable, which are turned by 45 degrees at a condition of 1e4."""
    x_opt = rng.uniform(-4.0, 4.0, n)
    matrix = np.eye(n)
    half = np.sqrt(0.5)
    matrix[0, 0], matrix[0, -1], matrix[-1, 0], matrix[-1, -1] = 100.0 * half, 100.0 * half, -half, half
    return Ground(lambda x: functions.sphere(turn(matrix, x - x_opt)), x_opt)


_BASES = {"sphere": functions.sphere, "ellipsoid": functions.ellipsoid, "rastrigin": functions.rastrigin}

TABLE: dict[str, Builder] = {
    f"coupled-{name}-{strength:.0e}".replace("e-0", "e-"): moved(partial(_coupled, fun=fun, strength=strength))
    for name, fun in _BASES.items()
    for strength in (1e-2, 1e-4, 1e-6, 1e-8)
}
TABLE |= {
    "coupled-near": moved(_near),
    "coupled-far": moved(_far),
    "product": moved(lambda z: np.expm1(np.log1p(z * z).sum(-1))),  # of 1 + z_i^2, less 1: the logarithm is a sum
    "one-pair": _one_pair,
}
