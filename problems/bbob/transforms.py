"""Transformations of variables and values that COCO builds its functions from (Hansen et al. 2009, section 0.2).

All act on the last axis. `autodiff` can follow their steps, but for those that have many it takes a vjp that is written
beside them, with the same bits in half of the time.
"""

from collections.abc import Callable
from functools import cache, lru_cache, wraps
from typing import Any

import numpy as np

from problems.numbers import FloatArray

# x + TINY is x for every positive normal number; it keeps logarithms, roots and their derivatives finite at 0
TINY: FloatArray = np.array(1e-300)
# NumPy takes constants faster as arrays of no dimension than as Python numbers
ONE: FloatArray = np.array(1.0)
PI: FloatArray = np.array(np.pi)
_ZERO: FloatArray = np.array(0.0)
_FIVE: FloatArray = np.array(5.0)
# half of c1 and c2 of T_osz, mean and half difference of their two sides, and the amplitude 2 * 0.049
_C1: list[FloatArray] = [np.array(3.875), np.array(1.125)]
_C2: list[FloatArray] = [np.array(2.75), np.array(1.2)]
_APART: FloatArray = np.array(1.125 / 1.2)  # 1.125 = 1.2 * _APART, to the last bit
_AMPLITUDE: FloatArray = np.array(0.098)
# what 1.2 with the sign of x, and 1.2, are together for positive x
BOTH_SIDES = 2.4
_HALF: FloatArray = np.array(0.5)

PLAIN = frozenset((np.ndarray, np.float64))
# a value and, in a tuple, its vjp: gradient by the value -> gradient by x
Pair = tuple[Any, tuple[Callable[[Any], Any]]]


def traced(pair: Callable[..., Pair], *args: Any) -> Any:
    """The value that `pair` gives of constants and a traced x, the last of `args`, with its vjp."""
    return _primitive(pair)(args[-1], constants=args[:-1])


@cache
def _primitive(pair: Callable[..., Pair]) -> Callable[..., Any]:
    from autodiff import primitive

    return primitive(wraps(pair)(lambda x, constants: pair(*constants, x)))


@lru_cache(maxsize=64)
def steps(n: int) -> FloatArray:
    """Exponents e_i = i / (n - 1), i = 0..n-1, of all coordinate-wise scalings (read-only)."""
    e = np.arange(n) / (n - 1.0)
    e.setflags(write=False)
    return e


def conditioning(n: int, alpha: float) -> FloatArray:
    """Diagonal of Lambda^alpha: alpha^(e_i / 2), shape (n,)."""
    return np.sqrt(alpha) ** steps(n)


def sine_squared(x: FloatArray) -> FloatArray:
    """sin(x)^2 = t^2 / (1 + t^2) with t = tan(x).

    NumPy computes tangents, unlike sines, with the vector units of the processor where it has AVX-512: five times
    faster there, and no less exact.
    """
    if type(x) not in PLAIN:
        return traced(_sine_squared, x)
    q: FloatArray = np.tan(x)
    q *= q
    q /= q + ONE
    return q


def _sine_squared(x: Any) -> Pair:
    t = np.tan(x)
    q = t * t
    below = ONE + q
    value = q / below

    def vjp(g: Any) -> Any:
        d = g / below + -g * (value / below)
        return t * (d + d) * below

    return value, (vjp,)


def half_sine(x: Any) -> Pair:
    """sin(2 x) / 2 = t / (1 + t^2) with t = tan(x), and its vjp; see :func:`sine_squared` for the reason."""
    t = np.tan(x)
    below = ONE + t * t
    value = t / below

    def vjp(g: Any) -> Any:
        d = -g * (value / below)
        return (g / below + t * (d + d)) * below

    return value, (vjp,)


def oscillate(x: FloatArray) -> FloatArray:
    """T_osz: sign(x) exp(h + 0.049 (sin(c1 h) + sin(c2 h))) with h = log|x|, here as x exp(0.049 (..)).

    c1, c2 are 10, 7.9 for positive and 5.5, 3.1 for negative x. It serves variables and function values alike.

    Parameters
    ----------
    x : ndarray, shape (...)

    Returns
    -------
    ndarray, shape (...)
    """
    if type(x) not in PLAIN:
        return traced(_oscillate, x)
    h: FloatArray = np.abs(x)
    h += TINY
    growth: FloatArray = np.exp(_waves(np.log(h), np.copysign(_C2[1], x)))
    growth *= x
    return growth


def _oscillate(x: Any) -> Pair:
    size, side = np.abs(x) + TINY, np.sign(x)
    waves, by_waves = _waves_of(np.log(size), side)
    growth = np.exp(waves)

    def vjp(g: Any) -> Any:
        return g * growth + by_waves(g * x * growth) / size * side

    return x * growth, (vjp,)


def _waves(h: FloatArray, second: FloatArray) -> FloatArray:
    """0.049 (sin(c1 h) + sin(c2 h)), where `second` is 1.2 with the sign of x, and written over.

    As in _waves_of, with the same bits, but in place: most time of many functions goes here.
    """
    first = second * _APART
    first += _C1[0]
    first *= h
    first = np.tan(first)
    below = first * first
    below += ONE
    first /= below
    second += _C2[0]
    second *= h
    second = np.tan(second)
    below = second * second
    below += ONE
    second /= below
    first += second
    first *= _AMPLITUDE
    return first


def _waves_of(h: Any, side: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The same for side = sign(x), and its gradient by h from one by the value."""
    c1, c2 = _C1[0] + _C1[1] * side, _C2[0] + _C2[1] * side
    (first, (by_first,)), (second, (by_second,)) = half_sine(h * c1), half_sine(h * c2)

    def vjp(g: Any) -> Any:
        d = g * _AMPLITUDE
        return by_first(d) * c1 + by_second(d) * c2

    return _AMPLITUDE * (first + second), vjp


def asymmetric(x: FloatArray, strength: FloatArray) -> FloatArray:
    """T_asy: x_i^(1 + beta e_i sqrt(x_i)) for positive x_i, x_i for the others; x exp(beta e sqrt(x) log x) is both.

    Parameters
    ----------
    x : ndarray, shape (..., n)
    strength : ndarray, shape (n,)
        beta e.

    Returns
    -------
    ndarray, shape (..., n)
    """
    if type(x) not in PLAIN:
        return traced(_asymmetric, strength, x)
    # where x is not positive, the exponent is so near to 0 that x is multiplied by 1
    positive = np.maximum(x, TINY)
    growth: FloatArray = np.log(positive)
    growth *= np.sqrt(positive, out=positive)
    growth *= strength
    np.exp(growth, out=growth)
    growth *= x
    return growth


def _asymmetric(strength: FloatArray, x: Any) -> Pair:
    positive = np.maximum(x, TINY)
    h, bend = np.log(positive), np.sqrt(positive)
    growth = np.exp(h * bend * strength)

    def vjp(g: Any) -> Any:
        return g * (growth * (ONE + strength * bend * (ONE + 0.5 * h)))

    return x * growth, (vjp,)


def oscillate_asymmetric(x: FloatArray, strength: FloatArray) -> FloatArray:
    """T_asy(T_osz(x)), of one logarithm: where y = x exp(w), log y is log x + w and sqrt(y) is exp(log(y) / 2).

    Parameters
    ----------
    x : ndarray, shape (..., n)
    strength : ndarray, shape (n,)
        beta e / BOTH_SIDES.

    Returns
    -------
    ndarray, shape (..., n)
    """
    if type(x) not in PLAIN:
        return traced(_oscillate_asymmetric, strength, x)
    h: FloatArray = np.abs(x)
    h += TINY
    np.log(h, h)
    second: FloatArray = np.copysign(_C2[1], x)
    bend = second + _C2[1]
    bend *= strength
    growth = _waves(h, second)
    h += growth
    root = _HALF * h
    np.exp(root, root)
    root *= h
    root *= bend
    growth += root
    np.exp(growth, growth)
    growth *= x
    return growth


def _oscillate_asymmetric(strength: FloatArray, x: Any) -> Pair:
    size, side = np.abs(x) + TINY, np.sign(x)
    bend = (_C2[1] * side + _C2[1]) * strength
    h = np.log(size)
    waves, by_waves = _waves_of(h, side)
    h = h + waves
    root = np.exp(_HALF * h)
    growth = np.exp(waves + root * h * bend)

    def vjp(g: Any) -> Any:
        d = g * x * growth
        by_h = d * bend * root * (ONE + _HALF * h)
        return g * growth + (by_h + by_waves(d + by_h)) / size * side

    return x * growth, (vjp,)


def bend(strength: FloatArray, oscillated: bool) -> tuple[Callable[[FloatArray, FloatArray], FloatArray], FloatArray]:
    """T_asy with beta e (n,), or T_asy after T_osz: a step of x and numbers (n,), and these numbers."""
    return (oscillate_asymmetric, strength / BOTH_SIDES) if oscillated else (asymmetric, strength)


def round_half_up(x: FloatArray) -> FloatArray:
    """Nearest integer, halves upwards, as COCO rounds (NumPy rounds halves to even)."""
    return np.floor(x + 0.5)


def dot(matrix: FloatArray, x: FloatArray) -> FloatArray:
    """Product of weights (n,), or of a matrix (..., m, n), with each vector along the last axis of x.

    It is one product per point, so that the last bits of a value do not depend on the points beside it; matrices that
    meet many points are faster with :func:`problems.bbob.products.multiply`, by a rule that keeps this.
    """
    return _product(matrix, x) if type(x) in PLAIN else traced(_dot, matrix, x)


turn = dot  # what it is with a rotation


def _product(matrix: FloatArray, x: FloatArray) -> Any:
    # the dot products and products that np.matmul would call for, to the last bit, with less ado
    return np.vecdot(matrix, x) if matrix.ndim == 1 else np.matvec(matrix, x)


def _dot(matrix: FloatArray, x: FloatArray) -> Pair:
    def vjp(g: Any) -> Any:
        return matrix * g[..., None] if matrix.ndim == 1 else dot(np.swapaxes(matrix, -1, -2), g)

    return _product(matrix, x), (vjp,)


def squares(z: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum of weights_i z_i^2 over the last axis."""
    z = z * z
    return np.vecdot(weights, z) if type(z) in PLAIN else dot(weights, z)


def penalty(x: FloatArray, weights: FloatArray) -> FloatArray:
    """f_pen: sum of weights_i max(0, |x_i| - 5)^2 over the last axis; one 0 where no point is outside."""
    if type(x) not in PLAIN:
        return traced(_penalty, weights, x)
    size = np.abs(x)
    if np.maximum.reduce(size, axis=None, initial=0.0) <= 5.0:
        return _ZERO
    return squares(np.maximum(size - _FIVE, _ZERO), weights)


def _penalty(weights: FloatArray, x: Any) -> Pair:
    beyond = np.maximum(np.abs(x) - _FIVE, _ZERO)

    def vjp(g: Any) -> Any:
        d = weights * g[..., None]
        return beyond * (d + d) * np.sign(x)

    return squares(beyond, weights), (vjp,)
