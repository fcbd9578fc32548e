"""Directions in which no gradient of a search has pointed: across its way, where an end may be a saddle.

Where the gradient at a start points straight at a saddle, or f is symmetric in coordinates that are equal there, every
gradient lies in a subspace that the search never leaves, and there its end is a minimum. Across that subspace nothing
is known, and f may fall: (x0 x1 - 1)^2 does so at 0, to which the way from (1, -1) leads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.core.arrays import BoolArray, FloatArray

BESIDE, AT_BOUND = 1e-2, 1e-8  # scales: a step to what is looked at, and so near to a bound x is at it
REMEMBERED = 32  # gradients at the start of a search that are remembered
MOST = 16  # dimensions of a way that is taken for a subspace
FEW = 4  # dimensions of one in which no gradient need have come along others
ASIDE = 1e-3  # of a gradient: what points out of a subspace
NOISE = 1e-5  # of the largest gradient: what points nowhere, as differences of f do
TELLING = 0.1  # of a gradient: the noise in one that tells where it points
LOOKS = 8  # directions across in which f is looked at
STRAIGHT = 0.01  # of a change of the gradient: how far from the step it may point where all directions are alike
EVEN = 0.1  # of a gain: how far it may be from that on a parabola


Looking = Generator[FloatArray, Any, Any]


def most_remembered(n: int) -> int:
    """So many gradients of n variables are remembered that a way in a subspace is known by them."""
    return min(REMEMBERED, 2 * n)


def subspace(slopes: FloatArray, free: BoolArray) -> FloatArray | None:
    """An orthonormal basis (r, n) of what gradients (k, n) span in free coordinates; None where they point everywhere.

    Gradients that each point out of all before them may be those of a search that was over too soon for more. So one
    must have come along the others, unless they are few.
    """
    most = min(np.count_nonzero(free), MOST)
    basis, largest, again = np.empty((0, free.size)), 0.0, False
    for slope in slopes * free:
        size = math.sqrt(slope @ slope)
        if not math.isfinite(size):
            continue
        largest = max(largest, size)
        rest = _without(slope, basis)
        length = math.sqrt(rest @ rest)
        if length > max(ASIDE * size, NOISE * largest):
            basis = np.vstack([basis, rest / length])
            if len(basis) == most:
                return None
        else:
            again = again or TELLING * size > NOISE * largest
    return basis if len(basis) and (again or len(basis) <= FEW) else None


def _without(x: FloatArray, basis: FloatArray) -> FloatArray:
    """x less its part along the rows of an orthonormal basis; twice, for digits that the first time has lost."""
    for _ in range(2 if len(basis) else 0):
        x = x - (basis @ x) @ basis
    return x


@dataclass
class Across:
    """Looks across a subspace, from the end of a search.

    Parameters
    ----------
    f, slope : float and ndarray, shape (n,)
        Value and gradient at the end. Gradients and steps are in units of the scale.
    basis : ndarray, shape (r, n)
        Of the subspace, orthonormal.
    free : ndarray, shape (n,)
        Which coordinates are at no bound.
    length : float
        Of a step to what is looked at.
    rounding : float
        By so much f must be lower at least.
    inside : callable
        `inside(step)` is the point at a step from the end, kept inside the bounds.
    look : callable
        `look(point)` is a generator of points to be evaluated, which returns value and gradient at `point`.
    """

    f: float
    slope: FloatArray
    basis: FloatArray
    free: BoolArray
    length: float
    rounding: float
    inside: Callable[[FloatArray], FloatArray]
    look: Callable[[FloatArray], Looking]

    def lower_point(self) -> Looking:
        """A lower point than the end; None where f curves up everywhere.

        The first direction is one of chance, always the same. Where the gradient changes along it, as in a bowl, it is
        the only one. Else it is the first of Lanczos' iteration, which finds where f curves least (Golub and Van Loan
        2013, Matrix Computations, chapter 10).
        """
        n = self.slope.size
        directions, curvatures = np.empty((0, n)), np.zeros((LOOKS, LOOKS))
        fresh = _without(np.random.default_rng(n).standard_normal(n) * self.free, self.basis)
        for k in range(LOOKS):
            fresh /= math.sqrt(fresh @ fresh)
            directions = np.vstack([directions, fresh])
            lower, bend, even = yield from self._look_along(fresh)
            if lower is None and k == 0 and not even:
                lower, *_ = yield from self._look_along(-fresh)
            if lower is not None or bend is None:
                return lower
            bend = _without(bend * self.free, self.basis)
            curvatures[k, : k + 1] = curvatures[: k + 1, k] = directions @ bend
            fresh = _without(bend, directions)
            if not math.sqrt(fresh @ fresh) > STRAIGHT * math.sqrt(bend @ bend):
                break
        least, ways = np.linalg.eigh(curvatures[: k + 1, : k + 1])
        for side in (1, -1) if least[0] < 0 else ():
            lower, *_ = yield from self._look_along(side * ways[:, 0] @ directions)
            if lower is not None:
                return lower
        return None

    def _look_along(self, direction: FloatArray) -> Looking:
        """The point there if it is lower; how the gradient changes on the way, if that is known; and whether evenly."""
        step = self.length * direction
        point = self.inside(step)
        f, g = yield from self.look(point)
        gain = self.f - f
        if gain > self.rounding:
            return point, None, False
        if not math.isfinite(gain):
            return None, None, False
        change = g - self.slope
        return None, change / self.length, abs(change @ step + 2 * gain) < EVEN * (change @ step)


def lower_across(
    x: FloatArray, f: float, g: FloatArray, slopes: FloatArray, scale: FloatArray, bounds: tuple[Any, Any],
    rounding: float, look: Callable[[FloatArray], Looking],
) -> Looking:  # fmt: skip
    """A point that is lower than the end x of a search by `rounding`, across its gradients; None where there is none.

    `slopes` (k, n) are gradients on its way, `g` the last one, `look` tells a value and a gradient at a point.
    """
    low, high = bounds
    near = AT_BOUND * scale
    free = np.broadcast_to((x > low + near) & (x < high - near), x.shape)
    basis = subspace(slopes * scale, free)
    if basis is None:
        return None

    def inside(step: FloatArray) -> FloatArray:
        return np.minimum(np.maximum(x + step * scale, low), high)

    def seen(point: FloatArray) -> Looking:
        value, slope = yield from look(point)
        return value, slope * scale

    length = BESIDE * math.sqrt(x.size)
    return (yield from Across(f, g * scale, basis, free, length, rounding, inside, seen).lower_point())
