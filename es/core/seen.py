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

    def values(self, f: FloatArray, feasible: BoolArray, entered: bool) -> FloatArray:
        """f (k,) as it is seen; infeasible points have inf in the place of what no penalty could be compared with.

        Until the feasible region is `entered` points are not ranked by f, and there may be no sense in its size.
        """
        if self.unit == 0.0 and entered:
            self.unit = _unit(f[feasible] if feasible.any() else f)
        if self.unit not in (0.0, 1.0):
            with np.errstate(over="ignore"):  # beside tiny values a huge one is infinite
                f = f / self.unit
        lost = ~feasible & (np.abs(f) > HUGE)
        return np.where(lost, np.inf, f) if lost.any() else f

    def constraints(self, x: FloatArray, g: FloatArray, equality: BoolArray, slack: float) -> FloatArray:
        """g (k, m) at points x (k, n) as they are seen; `equality` says what is meant for one, with this slack.

        NaN and inf, which say nothing of how far a constraint is violated, stay as they are.
        """
        self.units = np.array([_unit(g[:, k]) if unit == 0.0 else unit for k, unit in enumerate(self.units)])
        measure = np.where(self.units > 0, self.units, 1.0)
        if (measure != 1).any():
            with np.errstate(over="ignore"):
                g = g / measure
        finite = np.isfinite(g)
        known = np.clip(np.where(finite, g, 0.0), -HUGE, HUGE)
        g = np.where(finite, known, g)
        self.least = np.minimum(self.least, known.min(0, initial=0.0))
        self.most = np.maximum(self.most, known.max(0, initial=0.0))
        largest = np.maximum(-self.least, self.most)
        g = np.where(~equality & (g == -np.inf), -np.where(largest > 0, largest, 1.0), g)
        beyond = np.abs(known) > np.maximum(slack / measure, ROUNDING * largest)
        for k in np.flatnonzero(equality & ~self.stairs):
            steps = g[beyond[:, k], k]
            if steps.size > 2 and 2 * np.unique(steps).size <= steps.size:
                # A sum of whole numbers has steps as well, and two sides; a flag has one, and one value there.
                flag = self.least[k] * self.most[k] == 0 and (np.abs(steps) == largest[k]).all()
                self.stairs[k] = flag or not any(_is_discrete(column) for column in x.T)
        return np.where(self.stairs, np.abs(g), g) if self.stairs.any() else g

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
