"""Asking and telling in parts: what an optimizer does beside whole generations, and off their path."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import BoolArray, FloatArray, as_shape
from es.core.saving import Saving
from es.core.told import Rule, Told
from es.core.waiting import Keys, Waiting


class InParts(Saving):
    """Points that are asked or told a few at a time, or are counted and not learned from."""

    takes_late_points: ClassVar[bool] = False  # whether points may be told one by one, late and never

    def _points_out(self) -> FloatArray:
        """Points (..., j, n) that were asked in whole populations since the last update."""
        return np.empty((*self.batch, 0, self.n))

    def _learnable(self, told: Told) -> Told:
        """The rows that the method can learn from."""
        return told

    @property
    def least_rows(self) -> int:
        """How many points of its present distribution the method learns from at least."""
        return 1

    # Asking and telling ----------------------------------------------------------------------------

    def _open_waiting(self) -> Waiting:
        if self._waiting is None:
            self._waiting = Waiting(len(self.active), self.least_rows)
            self._waiting.note_out(self._points_out())
        return self._waiting

    def _next_of_block(self, k: int) -> FloatArray:
        return self._open_waiting().hand_out(k, self._candidates)

    def _take_part(self, x: FloatArray, f: FloatArray, rank: FloatArray | Rule, feasible: BoolArray | None) -> None:
        """Count points, and learn from all that have come back as soon as there are enough."""
        self._check_told(x)
        waiting = self._open_waiting()
        self._book_points(x, f, None, feasible)
        values = f.copy()  # the caller may go on writing into the arrays
        waiting.take_in(Told(x.copy(), values, values if rank is f or callable(rank) else rank.copy(), feasible))
        self._looked = -1  # a target or a budget may have been reached
        if waiting.enough:
            told = self._learnable(waiting.collect())
            self._learn_from(told._replace(rank=rank(told.x, told.f)) if callable(rank) else told, booked=True)
            waiting.turn()
            if waiting.idle:
                self._waiting = None

    def _leave_out(self, asked: FloatArray, told: FloatArray) -> None:
        """Remember the points that are still out when those that were told are learned from."""
        self._waiting = Waiting(len(self.active), self.least_rows)
        self._waiting.leave(asked, told)

    def outstanding(self) -> list[Keys]:
        """What was asked and has not been told, for each active run: a key of each point, and how often."""
        waiting = self._waiting
        if waiting is None:
            waiting = Waiting(len(self.active), self.least_rows)
            waiting.note_out(self._points_out())
        return [{**late, **out} for late, out in zip(waiting.late, waiting.out, strict=True)]

    def record(
        self,
        x: npt.ArrayLike,
        f: npt.ArrayLike,
        g: npt.ArrayLike | None = None,
        *,
        rank_by: npt.ArrayLike | None = None,
        feasible: npt.ArrayLike | None = None,
    ) -> None:
        """Count points and keep the best without learning from them: the last ones of a budget.

        Parameters
        ----------
        x, f, g, feasible
            As for `tell`; any number of points >= 1.
        rank_by
            Not used.
        """
        points, values = self._checked(x, f)
        slopes = self._checked_gradient(g, points.shape)
        self._book_points(points, values, slopes, feasible)
        self.f_sorted = None
        self.nit += 1

    def note(self, x: npt.ArrayLike, f: npt.ArrayLike, *, feasible: npt.ArrayLike | None = None) -> None:
        """Count points and keep the best, no more: those beside the points of `tell`, which differences take.

        Parameters
        ----------
        x, f, feasible
            As for `tell`; any number of points >= 1.
        """
        self._book_points(*self._checked(x, f), None, feasible)

    def _book_points(
        self, points: FloatArray, values: FloatArray, slopes: FloatArray | None, feasible: npt.ArrayLike | None
    ) -> None:
        if feasible is None and values.ndim == 1 and math.isfinite(np.vdot(values, values)):  # the rule, and cheap
            self.book.count(values, gradients=slopes is not None, failed=None)
            best = values.argmin()
            self.book.improve(points, best, values[best])
            return
        good = values < np.inf
        self.book.count(values, gradients=slopes is not None, failed=~good)
        allowed = good if feasible is None else good & as_shape("feasible", feasible, values.shape, bool)
        value = np.where(allowed, values, np.inf)
        self.book.improve(points, value.argmin(-1), value.min(-1))

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All that the run depends on from here, as plain arrays (see `es.core.state.save`)."""
        arrays = super().state_dict()
        if self._waiting is not None:
            arrays |= {f"waiting.{name}": np.array(value) for name, value in self._waiting.state_dict().items()}
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Saving.load_state_dict`."""
        super().load_state_dict(arrays)
        kept = state.below(arrays, "waiting.")
        self._waiting = Waiting(len(self.active), self.least_rows) if kept else None
        if self._waiting is not None:
            self._waiting.load_state_dict(kept)
