"""Waves of angles that are three times each other, as Weierstrass's function (f16) has them: one tangent serves six.

s_k = sin(3^k x)^2 follows s_{k+1} = s_k (3 - 4 s_k)^2, the formula for the threefold angle. Kept are v_k = c_k s_k with
c_0 = 1, c_{k+1} = c_k^3 / 16, which follow v_{k+1} = v_k (3/4 c_k - v_k)^2: a step less for each, and all constants but
the threes are powers of two, which round nothing.
"""

from typing import Any

import numpy as np

from problems.bbob.transforms import ONE, PLAIN, Pair, sine_squared, traced
from problems.numbers import FloatArray

WAVES = 6
_SIZES = [4.0 * 4.0 ** -(3.0**k) for k in range(WAVES)]
_BENDS: list[FloatArray] = [np.array(0.75 * size) for size in _SIZES[:-1]]
# 2^-k s_k + 2^-(k+1) s_{k+1} is v_k (edge + v_{k+1} / v_k), but for a factor that three such pairs have in ratios
_EDGES: list[FloatArray] = [np.array(2.0 * _SIZES[k + 1] / _SIZES[k]) for k in (0, 2, 4)]
_RATIOS: list[FloatArray] = [np.array(_SIZES[k + 1] / _SIZES[k + 3] / 4.0) for k in (0, 2)]
# what the result is to be multiplied by, and with what it holds each v_k
UNIT = 0.5 / _SIZES[1]
_FACTORS: list[FloatArray] = [np.array(0.5**k / size / UNIT) for k, size in enumerate(_SIZES)]


def threefold(x: FloatArray) -> FloatArray:
    """Sum over k = 0..5 of 2^-k sin(3^k x)^2, divided by UNIT, for an array of any shape.

    Digits near 0 are kept. Elsewhere a step may make an error nine times as large (where s_k is 1), an error of x three
    times: the six together are right to 2e-13 within |x| < 12, where a last bit of x moves f16's twelve waves by more.
    """
    if type(x) not in PLAIN:
        return traced(_threefold, x)
    v = sine_squared(x)
    first = _BENDS[0] - v
    np.square(first, first)
    other = first * v
    first += _EDGES[0]
    first *= v
    np.subtract(_BENDS[1], other, v)
    np.square(v, v)
    v *= other
    second = np.subtract(_BENDS[2], v, other)
    second = np.square(second)
    other = np.multiply(second, v, other)
    second += _EDGES[1]
    second *= v
    np.subtract(_BENDS[3], other, v)
    np.square(v, v)
    v *= other
    third = np.subtract(_BENDS[4], v, other)
    np.square(third, third)
    third += _EDGES[2]
    third *= v
    third *= _RATIOS[1]
    third += second
    third *= _RATIOS[0]
    third += first
    return third


def _threefold(x: Any) -> Pair:
    t = np.tan(x)
    square = t * t
    below = ONE + square
    waves, pairs = [square / below], []
    for k, bend in enumerate(_BENDS):
        gap = bend - waves[k]
        grown = gap * gap
        if k % 2 == 0:
            pairs.append((grown + _EDGES[k // 2]) * waves[k])
        waves.append(grown * waves[k])
    total = (pairs[2] * _RATIOS[1] + pairs[1]) * _RATIOS[0] + pairs[0]

    def vjp(g: Any) -> Any:
        slope: Any = _FACTORS[-1]
        for factor, bend, wave in zip(_FACTORS[-2::-1], _BENDS[::-1], waves[-2::-1], strict=True):
            slope = factor + slope * ((bend - wave) * (bend - 3.0 * wave))
        return g * slope * ((t + t) / below)

    return total, (vjp,)
