"""Transformations of variables and values that COCO builds its functions from (Hansen et al. 2009, section 0.2).

All act on the last axis, consist of NumPy functions that `autodiff` can follow, and write nothing in place.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_AMPLITUDE: FloatArray = np.array(0.098)


@lru_cache(maxsize=64)
def steps(n: int) -> FloatArray:
    """Exponents e_i = i / (n - 1), i = 0..n-1, of all coordinate-wise scalings (read-only)."""
    e = np.arange(n) / (n - 1.0)
    e.setflags(write=False)
    return e


def conditioning(n: int, alpha: float) -> FloatArray:
    """Diagonal of Lambda^alpha: alpha^(e_i / 2), shape (n,)."""
    return np.sqrt(alpha) ** steps(n)


def columns(values: NDArray[np.floating[Any]]) -> list[NDArray[np.floating[Any]]]:
    """`values` along a new first axis: entry d of the list broadcasts with arrays of d axes, d = 0..3."""
    return [values.reshape((-1,) + (1,) * d) for d in range(4)]


def sine_squared(x: FloatArray) -> FloatArray:
    """sin(x)^2 = t^2 / (1 + t^2) with t = tan(x).

    NumPy computes tangents, unlike sines, with the vector units of the processor where it has AVX-512: five times
    faster there, and no less exact.
    """
    t: FloatArray = np.tan(x)
    q = t * t
    return q / (ONE + q)


def half_sine(x: FloatArray) -> FloatArray:
    """sin(2 x) / 2 = t / (1 + t^2) with t = tan(x); see :func:`sine_squared` for the reason."""
    t: FloatArray = np.tan(x)
    return t / (ONE + t * t)


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
    h = np.log(np.abs(x) + TINY)
    side = np.sign(x)
    waves = half_sine(h * (_C1[0] + _C1[1] * side)) + half_sine(h * (_C2[0] + _C2[1] * side))
    return x * np.exp(_AMPLITUDE * waves)


def asymmetric(x: FloatArray, strength: FloatArray) -> FloatArray:
    """T_asy: x_i^(1 + beta e_i sqrt(x_i)) for positive x_i, x_i for the others.

    Parameters
    ----------
    x : ndarray, shape (..., n)
    strength : ndarray, shape (n,)
        beta e.

    Returns
    -------
    ndarray, shape (..., n)
    """
    positive = np.maximum(x, TINY)
    # TINY goes as it came, so that 0 stays 0
    return positive ** (ONE + strength * np.sqrt(positive)) + (np.minimum(x, _ZERO) - TINY)


def round_half_up(x: FloatArray) -> FloatArray:
    """Nearest integer, halves upwards, as COCO rounds (NumPy rounds halves to even)."""
    return np.floor(x + 0.5)


def dot(weights: FloatArray, x: FloatArray) -> FloatArray:
    """Sum of weights_i x_i over the last axis of x.

    This and :func:`turn` are one product per point: a product with the whole batch would be faster still, but then the
    last bits of a value would depend on the points beside it.
    """
    return np.matmul(weights, x[..., None])[..., 0]


def turn(matrix: FloatArray, x: FloatArray) -> FloatArray:
    """Matrix times each vector along the last axis of x."""
    return np.matmul(matrix, x[..., None])[..., 0]


def squares(z: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum of weights_i z_i^2 over the last axis."""
    return dot(weights, z * z)


def penalty(x: FloatArray, weights: FloatArray) -> FloatArray:
    """f_pen: sum of weights_i max(0, |x_i| - 5)^2 over the last axis."""
    return squares(np.maximum(np.abs(x) - _FIVE, _ZERO), weights)
