"""Plus selection: the parent is the best point so far, and its offspring replace it or are lost."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from es.core.arrays import FloatArray, IntArray, pick, pick_rows
from es.parts.strategy import Strategy


class Elitist(Strategy):
    """(1+lambda) selection, lambda = 1 by default; the first point that is evaluated is x0.

    A subclass gives `_adapt`. Several points of one `tell` are offspring of the same parent, of which the best may
    replace it. On some functions with plateaus it goes on for ever: unless a budget is given it ends after 10,000 n
    evaluations.

    Attributes
    ----------
    f_parent : float, or (runs,)
        What ranks the parent, `mean`; inf until a finite value is known.
    """

    evaluations_per_variable: ClassVar[float | None] = 10_000
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "f_parent")
    min_rows = 1

    f_parent: Any

    def _adapt(self, success: FloatArray, better: Any, z: FloatArray) -> None:
        """Learn from the share of successful offspring (...), and from the z (..., n) of the best where it is better.

        The parent has been replaced already.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _adapt: it learns from successes")

    def _default_popsize(self) -> int:
        return 1

    def _init(self) -> None:
        super()._init()
        self.f_parent = self._each(np.inf)
        self._rank: FloatArray = np.empty((*self.batch, 0))

    def _candidates(self, k: int) -> FloatArray:
        x = super()._candidates(k)
        if self.nit == 0 and len(self._asked) == 1:
            for part in self._asked[0][:2]:
                part[..., 0, :] = 0.0
            self._asked[0][2][..., 0, :] = x[..., 0, :] = self.x_mean
        return x

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        self._rank = super()._ranked_by(f)
        return self._rank

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        z, y = self._told
        first = order[..., :1]
        rank = np.where(np.isfinite(self._rank), self._rank, np.inf)
        best = pick(rank, first)[..., 0]
        known = self.f_parent < np.inf
        success = (rank <= np.asarray(self.f_parent)[..., None]).mean(-1)
        better = best <= self.f_parent
        self.mean = np.where(better[..., None], self.mean + pick_rows(y, first)[..., 0, :], self.mean)
        self.f_parent = np.where(better, best, self.f_parent)[()]
        before = {name: getattr(self, name) for name in self.state_names if name not in ("mean", "f_parent")}
        self._adapt(success, better & known, pick_rows(z, first)[..., 0, :])
        # The value of the first parent says nothing about the offspring of nobody.
        for name, value in before.items():
            after = getattr(self, name)
            wide = np.reshape(known, np.shape(known) + (1,) * (np.ndim(after) - np.ndim(known)))
            setattr(self, name, np.where(wide, after, value)[()])
