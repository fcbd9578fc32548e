"""Katsuura's sum of the distances to ever finer grids: the first 32 terms of Takagi's function, from tables.

The sum over j of d(2^j x) / 2^j, with d the distance to the nearest integer, is linear between multiples of 2^-k but
for the terms from k on, and these are 2^-k times the same sum at what is left of 2^k x (Allaart & Kawamura 2012, "The
Takagi function: a survey"). So three looks into tables of its values and rises stand for 32 terms, as exactly.
"""

from typing import Any

import numpy as np

from problems.bbob.transforms import PLAIN, Pair, traced
from problems.numbers import FloatArray

BITS = (11, 11, 10)
# a number below 2^52 that is added to this one stands in its lowest bits
_POINT: FloatArray = np.array(2.0**52)


def _tables() -> list[tuple[FloatArray, Any, FloatArray, FloatArray]]:
    """For each look: 2^bits, a mask of as many bits, the values of its terms in cells of this width, and the rises."""
    found, scale = [], 1.0
    for bits in BITS:
        nodes = np.arange(2**bits + 1) / 2.0**bits
        terms = [np.abs(2.0**j * nodes - np.rint(2.0**j * nodes)) / 2.0**j for j in range(bits)]
        values = scale * np.sum(terms, axis=0)
        found.append((np.array(2.0**bits), np.array(2**bits - 1), values[:-1].copy(), np.diff(values)))
        scale /= 2.0**bits
    return found


_LOOKS = _tables()
# slope of x in a look, for each unit of its rises
_STEEP = [2.0 ** sum(BITS[: k + 1]) for k in range(len(BITS))]


def takagi(x: FloatArray) -> FloatArray:
    """Sum over j = 0..31 of |2^j x - round(2^j x)| / 2^j, for an array of any shape."""
    if type(x) not in PLAIN:
        return traced(_takagi, x)
    left = np.abs(x)  # whose digits stay where x is near 0
    left -= np.floor(left)
    total: Any = None
    for cells, mask, values, rises in _LOOKS:
        place = _split(left, cells, mask)
        rise = rises.take(place)
        rise *= left
        if total is None:
            total = values.take(place)
        else:
            total += values.take(place)
        total += rise
    return total


def _split(left: FloatArray, cells: FloatArray, mask: Any) -> Any:
    """The numbers of the cells of `left`, where stays what is left of each; a NaN has some cell."""
    left *= cells
    cell = np.floor(left)
    left -= cell
    cell += _POINT
    place = cell.view(np.int64)
    place &= mask
    return place


def _slope(x: FloatArray) -> FloatArray:
    """Slope on the side of greater x."""
    left, total = x - np.floor(x), np.zeros(x.shape)
    for (cells, mask, _, rises), steep in zip(_LOOKS, _STEEP, strict=True):
        total += steep * rises.take(_split(left, cells, mask))
    return total


def _takagi(x: Any) -> Pair:
    def vjp(g: Any) -> Any:
        here = x
        while type(here) not in PLAIN:  # in a second derivative, which is 0
            here = here.inner
        # at a kink the mean of both sides
        return g * (0.5 * (_slope(here) - _slope(-here)))

    return takagi(x), (vjp,)
