"""Random numbers of the 2009 BBOB code, on which every instance of the COCO suites hangs.

The generator is the minimal standard one (Park & Miller 1988) behind a 32-slot shuffle (Bays & Durham 1976). Its
numbers, and the order in which they are used, are those of COCO's ``suite_bbob_legacy_code.c``.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from problems.numbers import FloatArray

MODULUS = 2_147_483_647
MULTIPLIER = 16_807
SLOTS = 32
SLOT_WIDTH = 67_108_865
WARM_UP = 40


@lru_cache(maxsize=8)
def _powers(count: int) -> NDArray[np.int64]:
    """16807^1 .. 16807^count modulo 2^31 - 1, by doubling; products stay below 2^62."""
    powers = np.array([MULTIPLIER], dtype=np.int64)
    while powers.size < count:
        powers = np.concatenate([powers, powers * powers[-1] % MODULUS])
    return powers[:count]


def uniform(count: int, seed: int) -> FloatArray:
    """Draw `count` numbers in (0, 1) as ``bbob2009_unif`` does.

    Parameters
    ----------
    count : int
        How many numbers.
    seed : int
        Any integer; its absolute value counts and 0 stands for 1.

    Returns
    -------
    ndarray, shape (count,)

    Examples
    --------
    >>> uniform(2, 1).round(6)
    array([0.415999, 0.091965])
    """
    stream: list[int] = (_powers(WARM_UP + count) * max(1, abs(seed)) % MODULUS).tolist()
    # the warm-up runs from slot 39 down to slot 0, and only slots below 32 exist
    slots = stream[WARM_UP - SLOTS : WARM_UP][::-1]
    last = slots[0]
    draws = []
    for state in stream[WARM_UP:]:
        slot = last // SLOT_WIDTH
        last = slots[slot]
        slots[slot] = state
        draws.append(last)
    u = np.array(draws, dtype=np.float64) / MODULUS
    return np.where(u == 0.0, 1e-99, u)


def gaussian(count: int, seed: int) -> FloatArray:
    """Draw `count` standard normal numbers as ``bbob2009_gauss`` does (Box & Muller 1958).

    Parameters
    ----------
    count, seed : int
        As for :func:`uniform`.

    Returns
    -------
    ndarray, shape (count,)

    Examples
    --------
    >>> gaussian(3, 10001).round(6)
    array([-0.064432,  0.732282, -1.257366])
    """
    u = uniform(2 * count, seed).tolist()
    # logarithm and cosine of the C library: NumPy's own may differ in the last bit, which `rotation` would magnify
    pairs = zip(u[:count], u[count:], strict=True)
    g = np.array([math.sqrt(-2.0 * math.log(a)) * math.cos(2.0 * math.pi * b) for a, b in pairs])
    return np.where(g == 0.0, 1e-99, g)


@lru_cache(maxsize=64)
def rotation(seed: int, n: int) -> FloatArray:
    """Build a random orthogonal matrix as ``bbob2009_compute_rotation`` does.

    Columns of normal numbers pass through modified Gram-Schmidt. The later columns lose their part along column j
    all at once, which is the same arithmetic as column by column. Sums run from first to last, as in C: normal
    matrices can be so ill-conditioned that another order of summation changes entries by 1e-11 at n = 40.

    Parameters
    ----------
    seed : int
        Seed of :func:`gaussian`.
    n : int
        Number of rows and columns.

    Returns
    -------
    ndarray, shape (n, n)
        Read-only, because it is kept and shared.

    Examples
    --------
    >>> R = rotation(3, 4)
    >>> bool(np.allclose(R @ R.T, np.eye(4)))
    True
    """
    # columns of the result are rows here: contiguous, and the numbers come column by column
    columns = gaussian(n * n, seed).reshape(n, n)
    for j in range(n):
        column = columns[j] / np.sqrt(np.cumsum(columns[j] * columns[j])[-1])
        columns[j] = column
        columns[j + 1 :] -= np.outer(np.cumsum(columns[j + 1 :] * column, axis=1)[:, -1], column)
    columns.setflags(write=False)
    return columns.T


def optimum(seed: int, n: int, half_width: float = 4.0) -> FloatArray:
    """Draw the place of the optimum as ``bbob2009_compute_xopt`` does.

    Parameters
    ----------
    seed, n : int
        Seed of :func:`uniform` and number of variables.
    half_width : float
        4 in most suites, 5 in the boxed one.

    Returns
    -------
    ndarray, shape (n,)
        Multiples of half_width / 5000 in [-half_width, half_width); zero becomes -1e-5.

    Examples
    --------
    >>> bool(np.all(np.abs(optimum(10001, 5)) <= 4))
    True
    """
    x = 2.0 * half_width * np.floor(1e4 * uniform(n, seed)) / 1e4 - half_width
    return np.where(x == 0.0, -1e-5, x)


# functions that share the random numbers of another one: Bueche-Rastrigin of Rastrigin, the second Schaffers of the
# first, and in the noisy suite the second and third of every triple of the first
_SHARED = {4: 3, 18: 17}
NOISY_BASE = (1, 8, 1, 8, 7, 10, 14, 17, 19, 21)


def _base_seed(function: int) -> int:
    if function > 100:
        return NOISY_BASE[(function - 101) // 3]
    return _SHARED.get(function, function)


def instance_seed(function: int, instance: int) -> int:
    """Seed from which all random parts of one instance of a function derive.

    Parameters
    ----------
    function : int
        1 to 24, or 101 to 130 for the noisy suite.
    instance : int
        Instance number, from 1.

    Examples
    --------
    >>> instance_seed(18, 2)
    20017
    """
    return _base_seed(function) + 10_000 * instance


def offset(function: int, instance: int) -> float:
    """Value of the optimum as ``bbob2009_compute_fopt`` draws it: a clipped, rounded Cauchy number.

    Parameters
    ----------
    function, instance : int
        As for :func:`instance_seed`.

    Returns
    -------
    float
        In [-1000, 1000], two decimals.

    Examples
    --------
    >>> offset(1, 1)
    79.48
    """
    seed = instance_seed(function, instance)
    ratio = float(gaussian(1, seed)[0]) / float(gaussian(1, seed + 1)[0])
    return min(1000.0, max(-1000.0, float(np.floor(1e4 * ratio + 0.5)) / 100.0))
