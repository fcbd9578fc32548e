"""Longer differences in the place of such as are lost in rounding.

A difference within some roundings of f says nothing of its slope: beside 1e8 those of x^2 vanish within 0.1 of the
minimum, and beside 1 those of 1e-9 x^2 everywhere. So where a point has no other ones, central differences follow. As
long as they vanish too, as at a minimum, they grow in each coordinate until f is seen to rise or fall.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from es.core.arrays import BoolArray, FloatArray

LOST = 8 * float(np.finfo(float).eps)  # of f: differences within this are rounding
LENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # of the same scale as that of ordinary differences


def central_steps(below: FloatArray, above: FloatArray, h: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Two steps from points with such room to the bounds, and where both lie on one side."""
    near = np.minimum(below, above)
    aside = np.where(above >= below, np.minimum(h, 0.5 * above), -np.minimum(h, 0.5 * below))
    sides = (near < h) & (np.abs(aside) > near)  # a shorter central difference is better than one to a side
    h = np.where(sides, aside, np.where(near < h, near, h))
    return np.where(sides, h, -h), np.where(sides, 2 * h, h), sides


def slope_of_two(
    one: FloatArray, two: FloatArray, first: FloatArray, second: FloatArray, f: FloatArray | float, sides: BoolArray
) -> FloatArray:
    """Slope from f and the values at the end of two steps: of the parabola where both lie on one side."""
    aside = (first - f) * (two / one) - (second - f) * (one / two)
    return np.where(sides, aside, second - first) / (two - one)


def longer_slopes(
    x: FloatArray, f: float, g: FloatArray, lost: BoolArray, lb: FloatArray, ub: FloatArray, units: FloatArray
) -> Generator[FloatArray, FloatArray, FloatArray]:
    """The gradient g (n,) with better slopes where they are lost (n,); yields points (k, n) and is sent their values.

    Nothing is changed where there are other slopes than those that lead out of the bounds.
    """
    outward = (x <= lb) & (g >= 0) | (x >= ub) & (g <= 0)
    if not np.isfinite(f) or not (lost | outward).all():
        return g
    g, left = np.where(lost, 0.0, g), np.flatnonzero(lost & (lb < ub))
    for length in LENGTHS:
        if not left.size or g[lost].any():
            break
        at = x[left]
        h = length * np.maximum(units[left], np.abs(at))
        one, two, sides = central_steps(at - lb[left], ub[left] - at, h)
        points = np.repeat(x[None], 2 * left.size, axis=0)
        to = np.clip(np.concatenate([at + one, at + two]), np.tile(lb[left], 2), np.tile(ub[left], 2))
        points[np.arange(to.size), np.tile(left, 2)] = to
        one, two = np.split(to, 2)
        one, two = one - at, two - at
        values = yield points
        with np.errstate(all="ignore"):  # what is not finite is not seen
            first, second = np.split(values, 2)
            seen = np.maximum(np.abs(first - f), np.abs(second - f)) > LOST * abs(f)
            slope = slope_of_two(one, two, first, second, f, sides)
            sure = np.abs(slope * (two - one)) > LOST * abs(f)
        known = np.isfinite(slope)
        g[left] = np.where(seen & known & sure, slope, 0.0)
        left = left[~seen & known]  # where f has no value there is nothing further out either
    return g
