"""Optimizers that say themselves which points they want next: one batch after the other, told whole or in parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import state as store
from es.core.arrays import FloatArray, IntArray
from es.core.optimizer import Optimizer
from es.core.told import Told
from es.gradient.units import value_unit

ENDLESS = 1e100  # lengths of the start from there: a way to infinity, where squares and products are about to overflow


class BatchOptimizer(Optimizer, ABC):
    """Base class: `ask` hands out a batch, `tell` moves on when the last of its values has come.

    Points may be told in any order and in parts; points of the caller's own count and may become the best. Variables
    whose bounds are equal are left out of the search: the batch is made in the free ones.

    A subclass gives `_open` (begin, once `free`, `lb`, `ub` and `start` are known), `_wanted` (the next batch, (k,
    free variables), or None when there is nothing left to ask for) and `_took` (its values). `wants_gradient` is of
    the present batch.
    """

    kind: ClassVar[str] = "hybrid"
    state_names: ClassVar[tuple[str, ...]] = ("mean",)

    def __init__(self, x0: npt.ArrayLike, sigma0: Any = None, **common: Any) -> None:
        self._asked: FloatArray | None = None  # the batch, in all variables
        super().__init__(x0, sigma0, **common)
        if self.runs is not None:
            name = type(self).__name__
            raise ValueError(f"x0 must have shape (n,) for {name}, got {np.shape(x0)}: use es.minimize_runs")

    def _init(self) -> None:
        if self.runs is not None:
            return
        self._values = np.empty(0)
        self._unit = 0.0  # of the values that the search sees; 0 until one is known that is neither 0 nor infinite
        self._slopes: FloatArray | None = None
        self._missing = np.empty(0, dtype=bool)
        low = np.full(self.n, -np.inf) if self.box is None else self.box.lb
        high = np.full(self.n, np.inf) if self.box is None else self.box.ub
        self._frozen = self.mean.copy()
        self.free: IntArray = np.flatnonzero(high > low)
        self.lb, self.ub = low[self.free], high[self.free]
        self.start, self.scale = self.mean[self.free], self.scale0[self.free]
        self._open()

    @abstractmethod
    def _open(self) -> None:
        """Begin."""

    @abstractmethod
    def _wanted(self) -> FloatArray | None:
        """The next batch; None when there is nothing left to ask for."""

    @abstractmethod
    def _took(self, x: FloatArray, f: FloatArray, g: FloatArray | None) -> None:
        """Its values, and gradients where they were wanted."""

    def _counted(self, count: int, before: float) -> None:
        """So many points were told, and the best value was `before`."""

    # The loop --------------------------------------------------------------------------------------

    def _batch(self) -> FloatArray:
        """The batch that is wanted now, in all variables."""
        if self._asked is None:
            wanted = self._wanted()
            if wanted is None:
                raise RuntimeError(f"{type(self).__name__} has finished: look at stop() before ask()")
            if self.box is not None:  # sums of steps may pass a bound by rounding
                wanted = np.minimum(np.maximum(wanted, self.lb), self.ub)
            if len(self.free) == self.n:
                self._asked = wanted
            else:
                self._asked = np.repeat(self._frozen[None], len(wanted), axis=0)
                self._asked[:, self.free] = wanted
            self._values = np.empty(len(wanted))
            self._missing = np.ones(len(wanted), dtype=bool)
            self.wants_gradient = self._wants_slopes()
            self._slopes = np.empty(self._asked.shape) if self.wants_gradient else None
        return self._asked

    def _wants_slopes(self) -> bool:
        """Whether gradients are wanted at the points of the batch."""
        return False

    @property
    def popsize(self) -> int:
        """Points that are wanted next."""
        if "_missing" not in self.__dict__ or self.__dict__.get("_reasons"):
            return 1
        self._batch()
        return int(self._missing.sum())

    @popsize.setter
    def popsize(self, value: int) -> None:
        """The search decides."""

    def ask(self, k: int | None = None) -> FloatArray:
        """The points that are wanted next and have not been told, at most k of them.

        A second call before `tell` gives the same points: what comes next depends on their values.
        """
        points = self._batch()
        wanted = points.copy() if self._missing.all() else points[self._missing]
        return wanted if k is None else wanted[:k]

    def _learn_from(self, told: Told, booked: bool = False) -> None:
        """The search goes on when all points of the batch have been told."""
        points, values, rank, feasible, slopes = told
        self.nit += 1
        good = values < np.inf
        whole = bool(good.all())
        self.book.count(values, gradients=slopes is not None, failed=None if whole else ~good)
        self.generations_without_value = 0 if whole or good.any() else self.generations_without_value + 1
        allowed = values if whole else np.where(good, values, np.inf)
        if feasible is not None:
            allowed = np.where(feasible, allowed, np.inf)
        best, before = allowed.argmin(), float(self.f_best)
        self.book.improve(points, best, allowed[best])
        batch = self._batch() if self._asked is None else self._asked
        self._counted(len(values), before)
        if len(batch) == len(points) and self._missing.all() and np.array_equal(batch, points):
            self._values, self._slopes = rank, slopes
        else:
            self._fill(points, rank, slopes)
            if self._missing.any():
                return
        self._asked = None
        x_free = batch if len(self.free) == self.n else batch[:, self.free]
        g_free = None if self._slopes is None else self._slopes[:, self.free]
        if self.f_best < before and self._is_endless():
            self.end("tolfacupx")
            return
        if self._unit == 0.0 and (known := self._values[np.isfinite(self._values) & (self._values != 0)]).size:
            self._unit = float(value_unit(known[0], most=1e100))
        unit = self._unit or 1.0
        self._took(x_free, self._values / unit, None if g_free is None else g_free / unit)

    def _is_endless(self) -> bool:
        gone = np.abs(self.x_best[self.free] - self.start)
        return bool((gone > ENDLESS * np.maximum(self.scale, np.abs(self.start))).any())

    def _fill(self, points: FloatArray, values: FloatArray, slopes: FloatArray | None) -> None:
        """Values of some of the batch, and of points of the caller's own, which only count."""
        assert self._asked is not None
        self._check_told(points)
        for i, point in enumerate(points):
            same = np.flatnonzero(self._missing & (self._asked == point).all(1))
            if same.size:
                j = int(same[0])
                self._values[j] = values[i]
                self._missing[j] = False
                if slopes is not None and self._slopes is not None:
                    self._slopes[j] = slopes[i]

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`; a batch that is told in part is part of it."""
        arrays = {**super().state_dict(), "batch.unit": np.array(self._unit)}
        if self._asked is not None:
            arrays |= {
                "batch.x": self._asked.copy(),
                "batch.f": self._values.copy(),
                "batch.open": self._missing.copy(),
            }
            if self._slopes is not None:
                arrays["batch.g"] = self._slopes.copy()
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `Optimizer.load_state_dict`."""
        self._asked, self._unit = None, float(arrays.get("batch.unit", 1.0))
        self.wants_gradient = "batch.g" in arrays
        if "batch.x" in arrays:
            self._asked = np.array(arrays["batch.x"])
            self._values, self._missing = np.array(arrays["batch.f"]), np.array(arrays["batch.open"])
            self._slopes = np.array(arrays["batch.g"]) if "batch.g" in arrays else None
        # Before `popsize` is looked at, which asks for the next batch of a run that goes on.
        self._reasons = {int(run): reasons for run, reasons in store.unpack(arrays["books"])["reasons"]}
        super().load_state_dict(arrays)
