"""Partly separable functions: sums of functions of a few variables each, which tests of additivity must not pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems import functions
from problems.bbob.transforms import turn
from problems.transforms import rotation
from problems.traps.ground import Builder, Ground, moved


def _blocks(fun: Any, size: int) -> Builder:
    """fun of each block of `size` variables, turned by a rotation of its own; the variables in random order."""

    def build(n: int, rng: np.random.Generator) -> Ground:
        x_opt, order = rng.uniform(-4.0, 4.0, n), rng.permutation(n)
        cuts = [order[i : i + size] for i in range(0, n, size)]
        turns = [rotation(len(cut), rng) for cut in cuts]

        def value(x: Any) -> Any:
            z = x - x_opt
            return sum(fun(turn(matrix, z[..., cut])) for cut, matrix in zip(cuts, turns, strict=True))

        return Ground(value, x_opt)

    return build


def _pairs_rosenbrock(z: Any) -> Any:
    """A bent valley for each pair; a variable without a partner stands alone."""
    odd, even = z[..., 0::2], z[..., 1::2]
    head = odd[..., : even.shape[-1]]
    bend, rest = even - head * head, 1.0 - odd
    return 100.0 * (bend * bend).sum(-1) + (rest * rest).sum(-1)


def _chained_wood(z: Any) -> Any:
    """Wood's function of each four neighbours, two apart."""
    total = np.zeros(())
    for i in range(0, z.shape[-1] - 3, 2):
        a, b, c, d = (z[..., i + k : i + k + 1] for k in range(4))
        total = total + (
            100.0 * (b - a * a) ** 2
            + (1.0 - a) ** 2
            + 90.0 * (d - c * c) ** 2
            + (1.0 - c) ** 2
            + 10.0 * (b + d - 2.0) ** 2
            + 0.1 * (b - d) ** 2
        )
    return total[..., 0] if z.shape[-1] > 3 else _pairs_rosenbrock(z)


def _triples(z: Any) -> Any:
    """Squares of sums of three neighbours, and a thousandth of the sphere."""
    padded = np.concatenate([0.0 * z[..., :1], z, 0.0 * z[..., :1]], -1)
    s = padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]
    return (s * s).sum(-1) + 1e-3 * (z * z).sum(-1)


def _tridiagonal(z: Any) -> Any:
    """Trid, with its minimum at 0: sum of z_i^2 less sum of z_i z_{i+1}."""
    return (z * z).sum(-1) - (z[..., 1:] * z[..., :-1]).sum(-1)


TABLE: dict[str, Builder] = {
    "pairs-rosenbrock": moved(_pairs_rosenbrock, 1.0),
    "pairs-ellipsoid": _blocks(functions.ellipsoid, 2),
    "blocks-ellipsoid": _blocks(functions.ellipsoid, 5),
    "blocks-rastrigin": _blocks(functions.rastrigin, 3),
    "chained-rosenbrock": moved(functions.rosenbrock, 1.0),
    "chained-wood": moved(_chained_wood, 1.0),
    "triples": moved(_triples),
    "tridiagonal": moved(_tridiagonal),
}
