"""Optimizers that keep one search of another kind for each run of the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import FloatArray, IntArray
from es.core.optimizer import Optimizer


class OneSearchPerRun(Optimizer):
    """Tells the `searches` what their runs are told, saves them with the run, and drops those of runs that have ended.

    There is one for each active run. Its `order(x)` ranks points (k, n) as it does not depend on how they come,
    `tell(x, f, rank)` learns from them, and `centre(before)` is the mean (n,) from there on.
    """

    searches: list[Any]
    _rank: FloatArray  # what ranks the points that are told

    def _rests(self, at: tuple[int, ...]) -> bool:
        """Whether the run at this index learns nothing from what is told."""
        return False

    def _side_by_side(self, values: Sequence[Any], *shape: int) -> Any:
        """What each search gave, of this shape; with a leading axis where runs are stacked."""
        return values[0] if self.runs is None else np.array(values).reshape(*self.batch, *shape)

    def _at_each(self) -> Iterator[tuple[Any, Any]]:
        """The index of each run, and its search."""
        return zip(np.ndindex(self.batch), self.searches, strict=True)

    def _arrange(self, x: FloatArray) -> IntArray | None:
        self._check_told(x)
        order = np.empty(x.shape[:-1], dtype=np.intp)
        for at, search in self._at_each():
            order[at] = search.order(x[at])
        return order

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        self._rank = f
        return f

    def _learn_where_possible(
        self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray, unclean: FloatArray | None
    ) -> None:
        # Points without a value are told too: a model learns where not to go.
        self._count_without_value(~(self._rank < np.inf).any(-1))
        for at, search in self._at_each():
            if not self._rests(at):
                search.tell(x[at], f[at], self._rank[at])
                self.mean[at] = search.centre(self.mean[at])

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
