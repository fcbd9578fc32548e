"""The classic functions themselves: plain NumPy on the last axis, (..., n) -> (...).

A row's value never depends on the rows beside it, not even in the last bit: sums run over the last axis of a contiguous
array, and no matrix product runs across rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from problems.numbers import FloatArray

__all__ = [
    "ackley", "beale", "booth", "cigar", "different_powers", "discus", "ellipsoid", "griewank", "himmelblau", "levy",
    "monkey_saddle", "rastrigin", "rosenbrock", "saddle", "schwefel", "sphere", "step", "styblinski_tang", "x2_sin_x",
    "zakharov",
]  # fmt: skip

_E = float(np.exp(1.0))
_SCHWEFEL_PEAK = 418.98288727243371  # the largest value of x sin(sqrt(x)) below 500, at x = 420.96874635998203


def _kept(weights: FloatArray) -> FloatArray:
    weights.setflags(write=False)
    return weights


@lru_cache(maxsize=256)
def _powers(condition: float, n: int) -> FloatArray:
    """condition^(i / (n - 1)) for i = 0..n-1, kept and read-only."""
    return _kept(np.asarray(condition ** (np.arange(n) / max(1, n - 1))))


@lru_cache(maxsize=256)
def _first(first: float, others: float, n: int) -> FloatArray:
    """Weights (first, others, others, ...), kept and read-only."""
    return _kept(np.append(first, np.full(n - 1, others)))


# -- one valley, smooth ------------------------------------------------------------------------------------------------


def sphere(x: Any) -> Any:
    """Sum of x_i^2."""
    return (x * x).sum(-1)


def ellipsoid(x: Any) -> Any:
    """Sum of 10^(6 i / (n - 1)) x_i^2: condition number 1e6."""
    return (_powers(1e6, x.shape[-1]) * x * x).sum(-1)


def discus(x: Any) -> Any:
    """1e6 x_0^2 + the sum of the other x_i^2: one short axis."""
    return (_first(1e6, 1.0, x.shape[-1]) * x * x).sum(-1)


def cigar(x: Any) -> Any:
    """x_0^2 + 1e6 times the sum of the other x_i^2: one long axis."""
    return (_first(1.0, 1e6, x.shape[-1]) * x * x).sum(-1)


def different_powers(x: Any) -> Any:
    """Sum of |x_i|^(2 + 10 i / (n - 1)): the closer to the optimum, the worse conditioned."""
    n = x.shape[-1]
    return (np.abs(x) ** (2.0 + 10.0 * np.arange(n) / max(1, n - 1))).sum(-1)


def rosenbrock(x: Any) -> Any:
    """Sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2: a bent valley; for n >= 4 a local minimum near (-1, 1, ..., 1)."""
    head, tail = x[..., :-1], x[..., 1:]
    bend, rest = tail - head * head, 1.0 - head
    return (100.0 * bend * bend + rest * rest).sum(-1)


def zakharov(x: Any) -> Any:
    """Sum of x_i^2 + s^2 + s^4 with s = sum of i x_i / 2, i from 1: a plate with one steep direction."""
    s = (0.5 * np.arange(1.0, x.shape[-1] + 1.0) * x).sum(-1)
    s2 = s * s
    return (x * x).sum(-1) + s2 + s2 * s2


def booth(x: Any) -> Any:
    """(x + 2 y - 7)^2 + (2 x + y - 5)^2, n = 2."""
    a, b = x[..., 0], x[..., 1]
    u, v = a + 2.0 * b - 7.0, 2.0 * a + b - 5.0
    return u * u + v * v


def beale(x: Any) -> Any:
    """(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2, n = 2: flat, with steep edges."""
    a, b = x[..., 0], x[..., 1]
    b2 = b * b  # NumPy's powers of a number and of an array differ in the last bit
    u, v, w = 1.5 - a + a * b, 2.25 - a + a * b2, 2.625 - a + a * (b2 * b)
    return u * u + v * v + w * w


# -- many valleys ------------------------------------------------------------------------------------------------------


def rastrigin(x: Any) -> Any:
    """10 n + sum of x_i^2 - 10 cos(2 pi x_i): about 10^n local minima on a bowl."""
    return (x * x + (10.0 - 10.0 * np.cos(2.0 * np.pi * x))).sum(-1)


def ackley(x: Any) -> Any:
    """20 (1 - exp(-r / 5)) + e - exp(mean of cos(2 pi x_i)), r the root mean square: a rippled funnel, a kink at 0."""
    r = np.linalg.norm(x, axis=-1) / np.sqrt(x.shape[-1])
    return -20.0 * np.expm1(-0.2 * r) + (_E - np.exp(np.cos(2.0 * np.pi * x).mean(-1)))


def griewank(x: Any) -> Any:
    """1 + sum of x_i^2 / 4000 - product of cos(x_i / sqrt(i)), i from 1: ripples that weaken as n grows."""
    waves = np.cos(x / np.sqrt(np.arange(1.0, x.shape[-1] + 1.0)))
    return (x * x).sum(-1) / 4000.0 + (1.0 - waves.prod(-1))


def schwefel(x: Any) -> Any:
    """418.98 n - sum of x_i sin(sqrt|x_i|): the best valley is far from the next best.

    Beyond the box [-500, 500] the published function has lower values; 0.01 (|x_i| - 500)^2 is added there, as in BBOB
    f20, so that the optimum is one for methods without bounds too.
    """
    size = np.abs(x)
    over = np.maximum(size - 500.0, 0.0)
    return ((_SCHWEFEL_PEAK - x * np.sin(np.sqrt(size))) + 0.01 * over * over).sum(-1)


def levy(x: Any) -> Any:
    """With u = (x - 1) / 4: sin^2(pi u_1) + u_n^2 (1 + sin^2(2 pi u_n)) + sum of u_i^2 (1 + 10 sin^2(pi u_i + pi + 1)).

    The sum leaves u_n out. The paper's w is u + 1; in u the sines vanish at the optimum to the last bit.
    """
    u = (x - 1.0) / 4.0
    first, inner, last = np.sin(np.pi * u[..., 0]), u[..., :-1], u[..., -1]
    waves = np.sin(np.pi * inner + (np.pi + 1.0))
    end = np.sin(2.0 * np.pi * last)
    return first * first + (inner * inner * (1.0 + 10.0 * waves * waves)).sum(-1) + last * last * (1.0 + end * end)


def styblinski_tang(x: Any) -> Any:
    """Half the sum of x_i^4 - 16 x_i^2 + 5 x_i: 2^n minima of different depth."""
    x2 = x * x
    return 0.5 * (x2 * x2 - 16.0 * x2 + 5.0 * x).sum(-1)


def himmelblau(x: Any) -> Any:
    """(x^2 + y - 11)^2 + (x + y^2 - 7)^2, n = 2: four minima of equal value."""
    a, b = x[..., 0], x[..., 1]
    u, v = a * a + b - 11.0, a + b * b - 7.0
    return u * u + v * v


def x2_sin_x(x: Any) -> Any:
    """x^2 sin x, n = 1; without lower bound outside a box."""
    a = x[..., 0]
    return a * a * np.sin(a)


# -- where a gradient does not help ------------------------------------------------------------------------------------


def saddle(x: Any) -> Any:
    """Half of each even x_i^2, plus x_i^4 / 4 - x_i^2 / 2 for each odd i: a saddle at 0, minima at odd x_i = +-1."""
    even, odd = x[..., 0::2], x[..., 1::2]
    odd2 = odd * odd
    return 0.5 * (even * even).sum(-1) + (0.25 * odd2 * odd2 - 0.5 * odd2).sum(-1)


def monkey_saddle(x: Any) -> Any:
    """x^3 - 3 x y^2 + (x^2 + y^2)^2 / 4, n = 2: gradient and Hessian vanish at 0, three minima lie at distance 3."""
    a, b = x[..., 0], x[..., 1]
    r2 = a * a + b * b
    return a * (a * a - 3.0 * b * b) + 0.25 * r2 * r2


def step(x: Any) -> Any:
    """Sum of floor(x_i + 1/2)^2: flat almost everywhere, so the gradient says nothing."""
    level = np.floor(x + 0.5)
    return (level * level).sum(-1)
