"""The values that stopping looks back on: best, median and upper quartile of each generation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, difference

LONGEST = 20_000  # generations that any criterion looks back


def marks(k: Any) -> npt.NDArray[np.intp]:
    """Where best, median and upper quartile of k sorted values stand, (3,), or (..., 3) for several k."""
    return np.stack([0 * k, k // 2, (3 * k) // 4], axis=-1, dtype=np.intp)


class Traces:
    """Ranked values of past generations, three per generation, in a buffer that grows up to twice `LONGEST` rows.

    All have the leading axes `batch`, () of one run and (runs,) of a stack. `last` are the values of the last
    generation, sorted; `first_spread` is the range of those of the first, or of the first ten generations where they
    are of one point each, inf where some were not finite.
    """

    def __init__(self, batch: tuple[int, ...]) -> None:
        self.length = 0
        self.last: FloatArray = np.empty((*batch, 0))
        self.first_spread: Any = np.full(batch, np.nan)[()]
        self._rows: FloatArray = np.empty((64, *batch, 3))
        self._marks = np.zeros(3, dtype=np.intp)
        self._marked = 0
        self._extremes: tuple[tuple[int, int], Any, Any] = ((0, 0), math.nan, math.nan)

    def add(self, ranked: FloatArray) -> None:
        """Keep best, median and upper quartile of sorted values (..., k)."""
        k = ranked.shape[-1]
        if k != self._marked:
            self._marked = k
            self._marks = marks(k)
        if self.length == 0:
            self.first_spread = difference(ranked[..., -1][()], ranked[..., 0][()])
        if self.length == len(self._rows):
            self._make_room()
        self._rows[self.length] = ranked.take(self._marks, -1)
        self.length += 1
        if k == 1 and 1 < self.length <= 10:
            self.first_spread = difference(*self.extremes(10))
        self.last = ranked

    def best(self, window: int) -> FloatArray:
        """Best values of the last `window` generations, shape (window, ...)."""
        return self._rows[max(0, self.length - window) : self.length, ..., 0]

    def ends(self, window: int) -> tuple[float, float]:
        """The oldest and the newest of the best values of the last `window` generations, of one run."""
        return self._rows.item(max(0, self.length - window), 0), self._rows.item(self.length - 1, 0)

    def median(self, window: int) -> FloatArray:
        """Median values of the last `window` generations, shape (window, ...)."""
        return self._rows[max(0, self.length - window) : self.length, ..., 1]

    def quartile(self, window: int) -> FloatArray:
        """Upper quartiles of the last `window` generations, shape (window, ...)."""
        return self._rows[max(0, self.length - window) : self.length, ..., 2]

    def extremes(self, window: int) -> tuple[Any, Any]:
        """Greatest and least of the best values of the last `window` generations, each a number or (...)."""
        if self._extremes[0] != (self.length, window):
            best = self.best(window)
            self._extremes = ((self.length, window), best.max(0), best.min(0))
        return self._extremes[1:]

    def ends_flat(self) -> bool:
        """Whether the best was no better than the upper quartile in the last generation, in any run."""
        last = self._rows[self.length - 1]
        return bool(last[0] == last[2]) if last.ndim == 1 else bool((last[..., 0] == last[..., 2]).any())

    def take(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these runs only."""
        self.last = self.last[rows]
        self.first_spread = self.first_spread[rows]
        kept = np.empty((len(self._rows), len(rows), 3))
        self._rows[: self.length].take(rows, 1, out=kept[: self.length], mode="clip")  # else copied twice
        self._rows = kept
        self._extremes = ((0, 0), math.nan, math.nan)

    def state_dict(self) -> dict[str, npt.NDArray[np.float64]]:
        """What there is, as arrays."""
        return {
            "rows": self._rows[: self.length].copy(),
            "last": self.last.copy(),
            "first_spread": np.array(self.first_spread),
        }

    def load_state_dict(self, state: dict[str, npt.NDArray[np.float64]]) -> None:
        """Take over saved arrays."""
        rows = np.array(state["rows"])
        self.length, self.last = len(rows), np.array(state["last"])
        self.first_spread = state["first_spread"].copy()[()]
        self._rows = np.concatenate([rows, np.empty((max(64, len(rows)), *rows.shape[1:]))])
        self._extremes = ((0, 0), math.nan, math.nan)

    def _make_room(self) -> None:
        if self.length >= 2 * LONGEST:
            self._rows[:LONGEST] = self._rows[self.length - LONGEST : self.length].copy()
            self.length = LONGEST
        else:
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
