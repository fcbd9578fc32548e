"""Coordinates that a descent has moved alike all the way, as where f is symmetric in them and they begin alike.

No gradient tells them apart, so their common way may lead to a saddle: (x0 x1 - 1)^2 has one at 0, to which the way
from (1, -1) leads by every rule that treats coordinates alike. `es.gradient.across` has the same for solvers, whose
ways may lie in any subspace; a rule that goes hundreds of steps leaves all other ones by its rounding.
"""

from __future__ import annotations

import math

import numpy as np

from es.core.arrays import FloatArray
from es.gradient.across import EVEN, STRAIGHT

HUGE = 1e100  # a gradient, whose square had better not be added up
ALIKE = 1e-9  # of the largest move: moves that differ by less are alike


class Twins:
    """Groups of coordinates whose moves from `start` (n,) have had one size at all points of a way (k, n), if any.

    Attributes
    ----------
    any : bool
        Whether there are two that are alike.
    """

    any = False

    def __init__(self, start: FloatArray, way: FloatArray) -> None:
        moves, begun = np.abs(way - start), np.abs(start)
        moves = moves[moves.any(axis=1)]
        if not len(moves):
            return
        largest = moves.max(axis=1, keepdims=True)
        order = np.lexsort((moves[0], begun))
        apart = np.abs(np.diff(moves[:, order])) > ALIKE * largest
        new = (np.diff(begun[order]) != 0) | apart.any(axis=0)
        self._group = np.empty(start.size, dtype=np.intp)
        self._group[order] = np.concatenate([[0], np.cumsum(new)])
        self._sign = np.where(way[-1] < start, -1.0, 1.0)
        self._sizes = np.bincount(self._group)
        self.any = bool((self._sizes > 1).any())

    def across(self, step: FloatArray) -> FloatArray:
        """The part of a step by which twins part: each group's mean move is 0."""
        moves = self._sign * step
        mean = np.bincount(self._group, moves) / self._sizes
        return self._sign * (moves - mean[self._group])

    def next_step(self, step: FloatArray, slope: FloatArray, rise: float, last: bool) -> FloatArray | None:
        """What to look at after a step across, along which f rises by `rise` and at whose end it has a gradient.

        None where it rises as in a bowl, and so on all sides; the other side where it rises as fast in all directions;
        else a step with more of what rises least, by a turn of the power iteration on 1 - H / |H step|.
        """
        slope, size = self.across(slope), math.sqrt(step @ step)
        if size == 0 or not slope.any():
            return None  # bounds leave no room; or f is flat
        if (top := np.abs(slope).max()) > HUGE:  # the slope's square overflows, and its size does not matter
            slope, rise = slope / top, rise / top
        gain = slope @ step
        rest = slope - gain / size**2 * step
        if math.sqrt(rest @ rest) <= STRAIGHT * math.sqrt(slope @ slope):
            return None if last or abs(gain - 2 * rise) < EVEN * gain else -step
        turned = step - size / math.sqrt(slope @ slope) * slope
        return None if last else size / math.sqrt(turned @ turned) * turned
