"""Values of f and of constraints as the augmented Lagrangian sees them, so that it can calculate with them.

Coefficients are quotients and squares of spreads, which leave the range of doubles where f or a constraint is of
extraordinary size: such values are seen in a power of two of the first ones, which changes no mantissa. A constraint at
-inf is kept, by much. And an equality whose values are stairs, a flag above all, has no two sides that a multiplier
could balance: h(x) = 0 is seen as the inequality |h(x)| <= 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import BoolArray, FloatArray

ORDINARY = 1e50  # sizes between this and its inverse are
HUGE = 1e75  # in units: beyond, an infeasible value says as much as one of inf
ROUNDING = 1e-6  # of the largest value of a constraint: lower ones repeat by rounding


class Seen:
    """How values are seen: all that it knows comes from those that it is shown.

    Attributes
    ----------
    unit : float
        Of f; 0 until a value that is not zero is known.
    units : ndarray, shape (m,)
        Of the constraints, in the same way.
    least, most : ndarray, shape (m,)
        Their lowest and highest values in these, 0 included.
    stairs : ndarray of bool, shape (m,)
        Equalities whose values are stairs.
    """

    def __init__(self, m: int) -> None:
        self.unit = 0.0
        self.units, self.least, self.most = np.zeros(m), np.zeros(m), np.zeros(m)
        self.stairs = np.zeros(m, dtype=bool)
        self._look_at_units()

    def values(self, f: FloatArray, feasible: BoolArray, entered: bool) -> FloatArray:
        """f (k,) as it is seen; infeasible points have inf in the place of what no penalty could be compared with.

        Until the feasible region is `entered` points are not ranked by f, and there may be no sense in its size.
        """
        if self.unit == 0.0 and entered:
            self.unit = _unit(f[feasible] if feasible.any() else f)
        if self.unit not in (0.0, 1.0):
            with np.errstate(over="ignore"):  # beside tiny values a huge one is infinite
                f = f / self.unit
        if np.abs(f).max() <= HUGE:
            return f
        return np.where(~feasible & (np.abs(f) > HUGE), np.inf, f)

    def constraints(self, x: FloatArray, g: FloatArray, equality: BoolArray, slack: float) -> FloatArray:
        """g (k, m) at points x (k, n) as they are seen; `equality` says what is meant for one, with this slack.

        NaN and inf, which say nothing of how far a constraint is violated, stay as they are.
        """
        if not self._known:
            self.units = np.array([_unit(g[:, k]) if unit == 0.0 else unit for k, unit in enumerate(self.units)])
            self._look_at_units()
        if not self._plain:
            with np.errstate(over="ignore"):
                g = g / np.where(self.units > 0, self.units, 1.0)
        low, high = g.min(0), g.max(0)
        odd = not (high.max(initial=0.0) <= HUGE and low.min(initial=0.0) >= -HUGE)  # or NaN
        if odd:
            finite = np.isfinite(g)
            known = np.clip(np.where(finite, g, 0.0), -HUGE, HUGE)
            g, low, high = np.where(finite, known, g), known.min(0), known.max(0)
        self.least, self.most = np.minimum(self.least, low), np.maximum(self.most, high)
        if odd:
            largest = self.largest
            g = np.where(~equality & (g == -np.inf), -np.where(largest > 0, largest, 1.0), g)
        for k in np.flatnonzero(equality & ~self.stairs).tolist() if equality.any() else ():
            if len(set(g[:, k].tolist())) < len(g):  # which continuous values are not
                self.stairs[k] = self._are_stairs(k, x, g[:, k], slack)
        return np.where(self.stairs, np.abs(g), g) if self.stairs.any() else g

    @property
    def largest(self) -> FloatArray:
        """Size of the largest values of the constraints, (m,)."""
        return np.maximum(-self.least, self.most)

    def _are_stairs(self, k: int, x: FloatArray, values: FloatArray, slack: float) -> bool:
        """Whether half of the values of equality k at x that violate it are there twice."""
        size, largest = np.where(np.isfinite(values), np.abs(values), 0.0), self.largest[k]
        steps = values[size > max(slack / (self.units[k] or 1.0), ROUNDING * largest)]
        if steps.size < 3 or 2 * np.unique(steps).size > steps.size:
            return False
        # A sum of whole numbers has steps as well, and two sides; a flag has one, and one value there.
        flag = self.least[k] * self.most[k] == 0 and bool((np.abs(steps) == largest).all())
        return flag or not any(_is_discrete(column) for column in x.T)

    def _look_at_units(self) -> None:
        self._known, self._plain = bool(self.units.all()), bool(((self.units == 1) | (self.units == 0)).all())

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """State as arrays."""
        return {
            "seen_unit": np.array(self.unit), "seen_units": self.units, "seen_range": np.stack([self.least, self.most]),
            "stairs": self.stairs,
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken; an older state has seen all as it is."""
        self.unit = float(state.get("seen_unit", 1.0))
        self.units = np.array(state.get("seen_units", np.ones_like(self.units)))
        self._look_at_units()
        self.least, self.most = np.array(state.get("seen_range", [self.least, self.most]))
        self.stairs = np.array(state.get("stairs", self.stairs), dtype=bool)


def _unit(values: FloatArray) -> float:
    """What to measure these in: 0 where all are zero or none is finite, 1 where half of them are of ordinary size."""
    size = np.abs(values[np.isfinite(values) & (values != 0)])
    middle = float(np.median(size)) if size.size else 0.0
    if middle == 0.0 or 1 <= ORDINARY * middle <= ORDINARY**2:
        return float(middle > 0)
    return float(np.exp2(np.floor(np.log2(middle))))


def _is_discrete(column: FloatArray) -> bool:
    """Whether a coordinate (k,) has whole values only, or few."""
    return bool((column == np.rint(column)).all()) or 2 * np.unique(column).size <= column.size
