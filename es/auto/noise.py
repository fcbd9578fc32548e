"""ECNoise: the noise level of a function from a few values along a line.

Source: Moré and Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011). Differences of order k of a
smooth function on a fine grid vanish fast with k, those of noise of standard deviation sigma do not: scaled by gamma_k
= (k!)^2 / (2k)! their mean square is sigma^2, whatever k is.
"""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np

from es.core.arrays import FloatArray

POINTS = 7
FIRST = 1e-7  # spacing, as part of the scale of x; a hundred times more where values repeat
SPACINGS = 4
FINER = 0.03


def noise_level(values: FloatArray) -> float | None:
    """Standard deviation of the noise in values on a line of equal spacing, at least 4 and the finest that differ.

    None where the values do not tell: three orders of differences in a row must agree within a factor of 4, and
    differences must change sign ((5.1) and (5.2) of the paper).

    Examples
    --------
    >>> x = np.linspace(0, 1e-6, 7)
    >>> noise = 1e-3 * np.array([0.3, -1.2, 0.8, -0.1, 1.5, -0.9, 0.4])
    >>> 5e-4 < noise_level(x**2 + noise) < 2e-3
    True
    >>> noise_level(np.linspace(0, 1, 7) ** 2) < 1e-15
    True
    """
    levels: list[float] = []
    changes: list[bool] = []
    table = np.asarray(values, dtype=float)
    gamma = 1.0
    for k in range(1, len(values)):
        table = np.diff(table)
        gamma *= k / (2 * (2 * k - 1))  # (k!)^2 / (2k)!
        levels.append(math.sqrt(gamma * float(np.mean(table * table))))
        changes.append(bool(table.min() * table.max() < 0))
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if changes[k] and min(three) > 0 and max(three) <= 4 * min(three):
            return levels[k]
    return None


def of_order(values: FloatArray, k: int) -> float:
    """Standard deviation that the differences of order k speak for, if the values are noise."""
    table = np.diff(values, k)
    return math.factorial(k) / math.sqrt(math.factorial(2 * k)) * math.sqrt(float(np.mean(table * table)))


def measure(
    x: FloatArray, f: float, scale: FloatArray, lb: FloatArray, ub: FloatArray, least: float
) -> Generator[FloatArray, FloatArray, tuple[float, bool]]:
    """Yields points on ever wider lines through x until they tell the noise.

    Returns its level, 0 if below `least`, and whether it comes in steps: values that repeat on the finer line.
    """
    d = inward(x, scale, lb, ub)
    for i in range(SPACINGS):
        h = FIRST * 100**i
        if h * POINTS > 1:
            return 0.0, False
        values = np.concatenate([[f], (yield line(x, h * d, lb, ub))])
        if not np.isfinite(values).all():
            return 0.0, False
        if len(np.unique(values)) < POINTS - 1:  # too fine: steps of rounding, or nothing at all
            continue
        level = noise_level(values) or of_order(values, 3)
        if level <= least:
            return 0.0, False
        # Ripples of a smooth function vanish on a finer line; noise stays, and rounding gives values that repeat.
        values = np.concatenate([[f], (yield line(x, h * FINER * d, lb, ub))])
        if not np.isfinite(values).all():
            return 0.0, False
        if len(np.unique(values)) < POINTS - 1:
            return level, True
        return (level if of_order(values, 3) > level / 10 else 0.0), False
    return 0.0, False


def inward(x: FloatArray, scale: FloatArray, lb: FloatArray, ub: FloatArray) -> FloatArray:
    """A direction with a part of every coordinate, one scale long along each, that stays inside the bounds."""
    side = np.where(np.arange(len(x)) % 2 == 0, 1.0, -1.0)
    into = np.where(x + scale > ub, -1.0, np.where(x - scale < lb, 1.0, side))
    return into * np.minimum(scale, np.where(np.isfinite(ub - lb), 0.4 * (ub - lb), scale))


def line(x: FloatArray, d: FloatArray, lb: FloatArray, ub: FloatArray) -> FloatArray:
    """Points x + d, x + 2 d, ..., inside the bounds."""
    return np.minimum(np.maximum(x + np.arange(1, POINTS)[:, None] * d, lb), ub)
