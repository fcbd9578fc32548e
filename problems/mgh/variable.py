"""Moré, Garbow & Hillstrom's problems of any size: residuals of (20), (21), (23) to (35)."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.mgh.small import joined

_ROOT_A = float(np.sqrt(1e-5))  # of the weight a in both penalty functions


def _counted(x: Any) -> Any:
    """1, 2, ..., n."""
    return np.arange(1.0, x.shape[-1] + 1.0)


def _total(x: Any) -> Any:
    """Sum over the last axis, which stays."""
    return x.sum(-1, keepdims=True)


def grid(n: int) -> Any:
    """t_i = i / (n + 1)."""
    return np.arange(1.0, n + 1.0) / (n + 1.0)


def _padded(x: Any) -> Any:
    """x with x_0 = x_{n+1} = 0."""
    zero = 0.0 * x[..., :1]
    return joined(zero, x, zero)


def watson(x: Any, m: int) -> Any:
    """(20): a differential equation in the basis of powers, ill-conditioned beyond any hope for n > 12."""
    n = x.shape[-1]
    t = np.arange(1.0, 30.0)[:, None] / 29.0
    powers = t ** np.arange(n)
    slopes = np.arange(1.0, n) * t ** np.arange(n - 1.0)
    rows = x[..., None, :]
    value = (rows * powers).sum(-1)
    first, second = x[..., :1], x[..., 1:2]
    return joined((rows[..., 1:] * slopes).sum(-1) - value * value - 1.0, first, second - first * first - 1.0)


def extended_rosenbrock(x: Any, m: int) -> Any:
    """(21): n / 2 bent valleys side by side."""
    odd, even = x[..., 0::2], x[..., 1::2]
    return joined(10.0 * (even - odd * odd), 1.0 - odd)


def penalty_1(x: Any, m: int) -> Any:
    """(23): all x_i = 1, held weakly, against sum of x_i^2 = 1/4."""
    return joined(_ROOT_A * (x - 1.0), _total(x * x) - 0.25)


def penalty_2(x: Any, m: int) -> Any:
    """(24): exponentials of neighbours, held weakly, against two quadratic conditions."""
    n, i = x.shape[-1], np.arange(2.0, x.shape[-1] + 1.0)
    e = np.exp(x / 10.0)
    y = np.exp(i / 10.0) + np.exp((i - 1.0) / 10.0)
    weights = n - np.arange(float(n))
    return joined(
        x[..., :1] - 0.2,
        _ROOT_A * (e[..., 1:] + e[..., :-1] - y),
        _ROOT_A * (e[..., 1:] - np.exp(-0.1)),
        _total(weights * x * x) - 1.0,
    )


def variably_dimensioned(x: Any, m: int) -> Any:
    """(25): a sphere and the square and fourth power of one weighted sum."""
    d = x - 1.0
    s = _total(_counted(x) * d)
    return joined(d, s, s * s)


def trigonometric(x: Any, m: int) -> Any:
    """(26): many minima, among them those with zero residuals."""
    c = np.cos(x)
    return x.shape[-1] - _total(c) + _counted(x) * (1.0 - c) - np.sin(x)


def brown_almost_linear(x: Any, m: int) -> Any:
    """(27): linear but for the product of all; a minimum of 1 near (0, ..., 0, n + 1)."""
    return joined(x[..., :-1] + _total(x) - (x.shape[-1] + 1.0), x.prod(-1, keepdims=True) - 1.0)


def discrete_boundary_value(x: Any, m: int) -> Any:
    """(28): u'' = (u + t + 1)^3 / 2 by second differences."""
    n = x.shape[-1]
    z, bent = _padded(x), (x + grid(n) + 1.0) ** 3
    return 2.0 * x - z[..., :-2] - z[..., 2:] + bent / (2.0 * (n + 1.0) ** 2)


def discrete_integral(x: Any, m: int) -> Any:
    """(29): the same equation in its integral form."""
    n = x.shape[-1]
    t = grid(n)
    bent = (x + t + 1.0) ** 3
    below, above = np.cumsum(t * bent, axis=-1), (1.0 - t) * bent
    beyond = _total(above) - np.cumsum(above, axis=-1)
    return x + ((1.0 - t) * below + t * beyond) / (2.0 * (n + 1.0))


def broyden_tridiagonal(x: Any, m: int) -> Any:
    """(30): each variable meets its two neighbours."""
    z = _padded(x)
    return (3.0 - 2.0 * x) * x - z[..., :-2] - 2.0 * z[..., 2:] + 1.0


def broyden_banded(x: Any, m: int) -> Any:
    """(31): each variable meets five before it and one behind it."""
    n = x.shape[-1]
    q = x * (1.0 + x)
    around = np.zeros(())
    for shift in (-5, -4, -3, -2, -1, 1):
        if abs(shift) < n:
            zeros = 0.0 * q[..., : abs(shift)]
            moved = joined(zeros, q[..., :shift]) if shift < 0 else joined(q[..., shift:], zeros)
            around = around + moved
    return x * (2.0 + 5.0 * x * x) + 1.0 - around


def linear_full_rank(x: Any, m: int) -> Any:
    """(32): a linear system of full rank with m equations."""
    mean = 2.0 / m * _total(x)
    return joined(x - mean - 1.0, *([-mean - 1.0] * (m - x.shape[-1])))


def linear_rank_1(x: Any, m: int) -> Any:
    """(33): i times the sum of j x_j is to be 1 for i = 1..m."""
    return np.arange(1.0, m + 1.0) * _total(_counted(x) * x) - 1.0


def linear_rank_1_zeros(x: Any, m: int) -> Any:
    """(34): as before, without the first and last variable and equation."""
    weights = _counted(x)
    weights[[0, -1]] = 0.0
    factors = np.arange(0.0, m)
    factors[-1] = 0.0
    return factors * _total(weights * x) - 1.0


def chebyquad(x: Any, m: int) -> Any:
    """(35): nodes x_j in [0, 1] at which means of Chebyshev's polynomials are their integrals."""
    y = 2.0 * x - 1.0
    before, now = 1.0, y
    rows = []
    for i in range(1, m + 1):
        integral = 0.0 if i % 2 else -1.0 / (i * i - 1.0)
        rows.append(now.mean(-1, keepdims=True) - integral)
        before, now = now, 2.0 * y * now - before
    return joined(*rows)
