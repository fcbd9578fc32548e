"""Strategies that sample whole numbers and categories: looking beside the best point (`es.parts.beside`), going on.

A search that goes on holds whole numbers and categories as far as the margin lets it, and is as wide as at the start in
real numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts.beside import LooksBeside, Values
from es.parts.full import FullCovariance


class LooksBesideSamples(LooksBeside, FullCovariance):
    """Mixin for CMA-ES with values that are no real numbers; it adds them to `_values`."""

    numeric: Any = slice(None)  # coordinates of the Gaussian

    def _values(self) -> Values:
        return Values.none(self.levels)

    def _is_real(self, x: FloatArray) -> bool:
        return self._values().count < self.n

    @property
    def _draws_plainly(self) -> bool:
        return True  # what is put in the place of samples is drawn for nothing

    def _candidates(self, k: int) -> FloatArray:
        x = super()._candidates(k)
        for row in range(len(self.active)) if self._looks else ():
            points = self._offered(row, k)
            for block in (x, self._asked[-1][2]):
                (block if self.runs is None else block[row])[: len(points)] = points
        return x

    def _of_row(self, name: str, row: int) -> Any:
        """The state of the run of this row."""
        return getattr(self, name) if self.runs is None else getattr(self, name)[row]

    def _set_row(self, name: str, row: int, value: Any) -> None:
        """Set the state of the run of this row."""
        if self.runs is None:
            setattr(self, name, np.array(value)[()])
        else:
            getattr(self, name)[row] = value

    def go_on(self, x: FloatArray) -> None:
        """Search on around a point (n,), though the only run has ended."""
        self._reasons.clear()
        self._go_on_at(0, x)

    def _go_on_at(self, row: int, x: FloatArray) -> None:
        points = np.array(self.x_best, dtype=np.float64)
        points[... if self.runs is None else row] = x
        mean = self._encode(points)
        scale = self._of_row("scale0", row)[self.numeric]
        step = scale.max(initial=0.0) or 1.0
        self._set_row("mean", row, mean if self.runs is None else mean[row])
        self._set_row("sigma", row, step)
        self._set_row("A", row, np.diag(scale / step))
        for path in ("ps", "q", "pc"):
            self._set_row(path, row, np.zeros(self.dim))
        self._asked.clear()  # what is out belongs to another distribution
        if self._waiting is not None:
            self._waiting.turn()
        self._figures_of = -1
