"""Optimizers that keep one search of another kind for each run of the stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import FloatArray, IntArray
from es.core.optimizer import Optimizer


class OneSearchPerRun(Optimizer):
    """Saves the searches with the run, and drops those of runs that have ended.

    Attributes
    ----------
    searches : list
        One for each active run, with `state_dict` and `load_state_dict`.
    """

    searches: list[Any]
    _rank: FloatArray  # what ranks the points that are told

    def _side_by_side(self, values: Sequence[Any], *shape: int) -> Any:
        """What each search gave, of this shape; with a leading axis where runs are stacked."""
        return values[0] if self.runs is None else np.array(values).reshape(*self.batch, *shape)

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        self._rank = f
        return f

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`; points that were asked and not yet told are part of it."""
        arrays = super().state_dict()
        for row, search in enumerate(self.searches):
            arrays |= {f"search.{row}.{name}": value for name, value in search.state_dict().items()}
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Optimizer.load_state_dict`."""
        super().load_state_dict(arrays)
        for row, search in enumerate(self.searches):
            search.load_state_dict(state.below(arrays, f"search.{row}."))

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        self.searches = [self.searches[row] for row in rows]
