"""Points that were told, with all that came with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from es.core.arrays import BoolArray, FloatArray, IntArray, pick, pick_rows

Rule = Callable[[FloatArray, FloatArray], FloatArray]


class Told(NamedTuple):
    """Points x (..., k, n), f and what ranks them (..., k), which may become the best, and gradients like x.

    `rank` is f itself where nothing else ranks them.
    """

    x: FloatArray
    f: FloatArray
    rank: FloatArray
    feasible: BoolArray | None = None
    g: FloatArray | None = None

    def of(self, which: Any) -> Told:
        """Those that an index of the first axis picks: runs of a stack, points of one run."""
        return self._each(lambda x: x[which], lambda f: f[which])

    def in_order(self, order: IntArray) -> Told:
        """Points in the order (..., k) of each run."""
        return self._each(lambda x: pick_rows(x, order), lambda f: pick(f, order))

    def _each(self, of_points: Callable[[Any], Any], of_values: Callable[[Any], Any]) -> Told:
        x, f, rank, feasible, g = self
        values = of_values(f)
        return Told(
            of_points(x),
            values,
            values if rank is f else of_values(rank),
            None if feasible is None else of_values(feasible),
            None if g is None else of_points(g),
        )
