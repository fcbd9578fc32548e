"""Moré, Garbow & Hillstrom's problems of fixed size without data: residuals of (1) to (7), (11) to (14), (16), (18).

Each takes x of shape (..., n) and the number m of residuals, and gives them with shape (..., m).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.numbers import columns


def joined(*residuals: Any) -> Any:
    """Residuals beside each other along the last axis."""
    return np.concatenate(residuals, axis=-1)


def rosenbrock(x: Any, m: int) -> Any:
    """(1): a bent valley."""
    a, b = columns(x)
    return joined(10.0 * (b - a * a), 1.0 - a)


def freudenstein_roth(x: Any, m: int) -> Any:
    """(2): a second minimum, 48.98, beside the one with zero residuals."""
    a, b = columns(x)
    return joined(-13.0 + a + ((5.0 - b) * b - 2.0) * b, -29.0 + a + ((b + 1.0) * b - 14.0) * b)


def powell_badly_scaled(x: Any, m: int) -> Any:
    """(3): variables that differ by a factor of 1e6 at the minimum."""
    a, b = columns(x)
    return joined(1e4 * a * b - 1.0, np.exp(-a) + np.exp(-b) - 1.0001)


def brown_badly_scaled(x: Any, m: int) -> Any:
    """(4): variables that differ by a factor of 5e11 at the minimum."""
    a, b = columns(x)
    return joined(a - 1e6, b - 2e-6, a * b - 2.0)


def beale(x: Any, m: int) -> Any:
    """(5): flat, with steep edges."""
    a, b = columns(x)
    return joined(1.5 - a * (1.0 - b), 2.25 - a * (1.0 - b**2), 2.625 - a * (1.0 - b**3))


def jennrich_sampson(x: Any, m: int) -> Any:
    """(6): two growth rates that become equal at the minimum."""
    a, b = columns(x)
    i = np.arange(1.0, m + 1.0)
    return 2.0 + 2.0 * i - (np.exp(i * a) + np.exp(i * b))


def helical_valley(x: Any, m: int) -> Any:
    """(7): a valley that winds about an axis; the angle jumps on the half-plane x_1 = 0, x_2 < 0."""
    a, b, c = columns(x)
    # arctan(x_2 / x_1), and half a turn more where x_1 < 0, without a division by 0
    turns = np.arctan2(b, a) / (2.0 * np.pi) + np.where((a < 0.0) & (b < 0.0), 1.0, 0.0)
    return joined(10.0 * (c - 10.0 * turns), 10.0 * (np.sqrt(a * a + b * b) - 1.0), c)


def gulf(x: Any, m: int) -> Any:
    """(11), Gulf research and development: |y_i - x_2|^x_3, where the paper prints "mi" for the minus sign."""
    a, b, c = columns(x)
    t = np.arange(1.0, m + 1.0) / 100.0
    y = 25.0 + (-50.0 * np.log(t)) ** (2.0 / 3.0)
    return np.exp(-(np.abs(y - b) ** c) / a) - t


def box(x: Any, m: int) -> Any:
    """(12), Box three-dimensional: minima at (1, 10, 1), (10, 1, -1) and where x_1 = x_2, x_3 = 0."""
    a, b, c = columns(x)
    t = 0.1 * np.arange(1.0, m + 1.0)
    return np.exp(-t * a) - np.exp(-t * b) - c * (np.exp(-t) - np.exp(-10.0 * t))


def powell_singular(x: Any, m: int) -> Any:
    """(13) and, with n a multiple of 4, (22): the Hessian is singular at the minimum."""
    a, b, c, d = (x[..., k::4] for k in range(4))
    return joined(a + 10.0 * b, np.sqrt(5.0) * (c - d), (b - 2.0 * c) ** 2, np.sqrt(10.0) * (a - d) ** 2)


def wood(x: Any, m: int) -> Any:
    """(14): two bent valleys, loosely coupled."""
    a, b, c, d = columns(x)
    return joined(
        10.0 * (b - a * a),
        1.0 - a,
        np.sqrt(90.0) * (d - c * c),
        1.0 - c,
        np.sqrt(10.0) * (b + d - 2.0),
        (b - d) / np.sqrt(10.0),
    )


def brown_dennis(x: Any, m: int) -> Any:
    """(16): residuals that stay large."""
    a, b, c, d = columns(x)
    t = np.arange(1.0, m + 1.0) / 5.0
    return (a + t * b - np.exp(t)) ** 2 + (c + d * np.sin(t) - np.cos(t)) ** 2


def biggs_exp6(x: Any, m: int) -> Any:
    """(18), Biggs EXP6: three exponentials; a second minimum, 5.65565e-3."""
    a, b, c, d, e, f = columns(x)
    t = 0.1 * np.arange(1.0, m + 1.0)
    y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
    return c * np.exp(-t * a) - d * np.exp(-t * b) + f * np.exp(-t * e) - y
