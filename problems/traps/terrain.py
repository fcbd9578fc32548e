"""Rough and smooth functions, turned, shifted and scaled: to check thresholds on what no suite was tuned to."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems import functions
from problems.bbob.transforms import turn
from problems.transforms import rotation
from problems.traps.ground import Builder, Ground, Map


def lunacek(x: Any) -> Any:
    """Two funnels with Rastrigin's ripples (Lunacek, Whitley & Sutton 2008, PPSN X): the best point is at 2.5."""
    n = x.shape[-1]
    s = 1.0 - 0.5 / (np.sqrt(n + 20.0) - 4.1)
    near, far = x - 2.5, x + np.sqrt((2.5**2 - 1.0) / s)
    ripples = (10.0 - 10.0 * np.cos(2.0 * np.pi * near)).sum(-1)
    return np.minimum((near * near).sum(-1), n + s * (far * far).sum(-1)) + ripples


def salomon(x: Any) -> Any:
    """1 - cos(2 pi r) + r / 10 with r = |x|: rings (Salomon 1996, BioSystems 39)."""
    r = np.sqrt((x * x).sum(-1) + 1e-300)
    return 1.0 - np.cos(2.0 * np.pi * r) + 0.1 * r


def _placed(fun: Map, image: float, width: float) -> Builder:
    """fun about its best point, turned; the box [-5, 5] is `width` wide in its units, by a factor of 1/2 to 2."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        x_opt, matrix = rng.uniform(-4.0, 4.0, n), rotation(n, rng)
        scale = 0.1 * width * 2.0 ** rng.uniform(-1.0, 1.0)
        return Ground(lambda x: fun(scale * turn(matrix, x - x_opt) + image), x_opt)

    return build


ROUGH: dict[str, Builder] = {
    "ackley": _placed(functions.ackley, 0.0, 65.0),
    "griewank": _placed(functions.griewank, 0.0, 100.0),
    "levy": _placed(functions.levy, 1.0, 20.0),
    "schwefel": _placed(functions.schwefel, 420.96874635998203, 2000.0),
    "lunacek": _placed(lunacek, 2.5, 10.0),
    "rastrigin": _placed(functions.rastrigin, 0.0, 10.24),
    "salomon": _placed(salomon, 0.0, 20.0),
}
SMOOTH: dict[str, Builder] = {
    "ellipsoid": _placed(functions.ellipsoid, 0.0, 10.0),
    "cigar": _placed(functions.cigar, 0.0, 10.0),
    "discus": _placed(functions.discus, 0.0, 10.0),
    "different-powers": _placed(functions.different_powers, 0.0, 2.0),
    "rosenbrock": _placed(functions.rosenbrock, 1.0, 4.0),
    "zakharov": _placed(functions.zakharov, 0.0, 15.0),
}
TABLE: dict[str, Builder] = ROUGH | SMOOTH
