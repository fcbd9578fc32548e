"""Learning from points and values: what a method gives for it, and what is the same for all of them."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import FloatArray, IntArray, as_points, as_shape, check_finite, check_inside
from es.core.progress import Progress
from es.core.ranking import rank_best_first
from es.core.told import Told
from es.core.waiting import Waiting
from problems.boxes import Box


class Learner(Progress):
    """The part of an `Optimizer` that learns, when all points that it learns from have come back."""

    kind: ClassVar[str] = "strategy"
    paper: ClassVar[str] = ""
    cost: ClassVar[str] = ""
    good_for: ClassVar[str] = ""
    claims: ClassVar[frozenset[str]] = frozenset()
    wants_gradient: bool = False  # of the class; a search whose batches differ says it of the batch
    default_popsize: ClassVar[int] = 1
    evaluations_per_variable: ClassVar[float | None] = None  # where the method has no end of its own on some functions
    min_rows: ClassVar[int] = 1  # the smallest population
    state_names: ClassVar[tuple[str, ...]] = ("mean",)
    dtype: np.dtype[Any] = np.dtype(np.float64)  # of points
    ranks_values: bool = True  # whether f itself ranked the last points
    sigma: Any = None  # step size, of methods that have one
    criteria: ClassVar[tuple[str, ...]] = stopping.COMMON

    batch: tuple[int, ...]  # leading axes of the state: () for one run, (active runs,) for stacked ones
    box: Box | None
    x_start: FloatArray  # x0, (n,) or (active runs, n)
    f_sorted: FloatArray | None
    generations_without_value: Any
    generations_without_gradient: Any
    _waiting: Waiting | None = None  # made when somebody asks or tells in parts

    # What a method gives ---------------------------------------------------------------------------

    def _init(self) -> None:
        """Further state, once `n`, `batch`, `popsize`, `mean` and `scale0` are known."""

    def _prepare(self) -> None:
        """Make the state, at the end of the constructor."""
        self._init()

    def _default_popsize(self) -> int:
        return self.default_popsize

    @property
    def rare_interval(self) -> int:
        """Iterations between looks at criteria that need a decomposition of the covariance matrix."""
        return 1

    def _candidates(self, k: int) -> FloatArray:
        """The next k points (..., k, n), inside the bounds; a fresh array."""
        raise NotImplementedError(f"{type(self).__name__} must define _candidates: it says which points to ask for")

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        """Move on, from points (..., k, n), values (..., k) and gradients like x.

        `order` (..., k) ranks the rows best first, non-finite ones last.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _learn: it moves the method on after a tell")

    def _arrange(self, x: FloatArray) -> IntArray | None:
        """An order of the rows that does not depend on the order in which they came; None if they are in it."""
        self._check_told(x)
        return None

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        """What ranks the rows once they are arranged; the same array where it is f itself."""
        return f

    def _after(self) -> None:
        """Last thing in each tell."""

    # What is the same for all ----------------------------------------------------------------------

    def _each(self, value: float) -> Any:
        """A number for each run: a NumPy scalar for one, an array (runs,) for stacked ones."""
        return np.full(self.batch, value)[()]

    def _row_names(self) -> tuple[str, ...]:
        return ("generations_without_value", "generations_without_gradient", "scale0", *self.state_names)

    def _checked(self, x: npt.ArrayLike, f: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        points = as_points(x, self.dtype)
        shape = points.shape
        if shape[:-2] != self.batch or shape[-1:] != (self.n,) or len(shape) < 2:
            wanted = (*self.batch, "k", self.n)
            raise ValueError(f"x must have shape ({', '.join(map(str, wanted))}), got {shape}")
        if shape[-2] == 0:
            raise ValueError("x must hold at least one point, got none")
        return points, as_shape("f", f, shape[:-1])

    def _checked_gradient(self, g: npt.ArrayLike | None, shape: tuple[int, ...]) -> FloatArray | None:
        if g is None:
            if self.wants_gradient:
                raise ValueError(f"g must be given to {type(self).__name__}, which moves by gradients, got None")
            return None
        if not self.wants_gradient:
            raise ValueError(f"g must not be given to {type(self).__name__}, which uses no gradients")
        return as_shape("g", g, shape)

    def _check_told(self, x: FloatArray) -> None:
        """Refuse points that nobody could have been asked for."""
        check_finite(x)
        check_inside(x, self.box, "x")

    def _learn_from(self, told: Told, booked: bool = False) -> None:
        """Learn from points that have all come back, and count them unless they are in the book."""
        raw = told.f  # in the order of the caller's
        arranged = self._arrange(told.x)
        if arranged is not None:
            told = told.in_order(arranged)
        points, values, rank, allowed, slopes = told
        self.ranks_values = rank is values
        rank = self._ranked_by(rank)
        order, ranked, clean = rank_best_first(rank)
        plain = clean and rank is values
        if not booked:
            finite = plain or math.isfinite(np.vdot(values, values))  # cheap, and enough
            self.book.count(raw, gradients=slopes is not None, failed=None if finite else ~(raw < np.inf))
            if plain and allowed is None:
                self.book.improve(points, order[..., 0][()], ranked[..., 0][()])
            elif finite and allowed is None:
                self.book.improve(points, values.argmin(-1), np.minimum.reduce(values, -1))
            else:
                good = values < np.inf
                value = np.where(good if allowed is None else good & allowed, values, np.inf)
                self.book.improve(points, value.argmin(-1), value.min(-1))
        self.f_sorted = ranked if plain else None
        self.traces.add(ranked)
        if slopes is not None:
            self._watch_gradients(slopes)
        self._learn_where_possible(points, values, slopes, order, None if clean else ranked)
        self.nit += 1
        self._after()

    def _watch_gradients(self, g: FloatArray) -> None:
        if math.isfinite(np.vdot(g, g)) and self.runs is None:  # the rule, and cheap
            self.generations_without_gradient = 0
            return
        self.book.odd = True
        bad = ~np.isfinite(g).all((-1, -2))
        self.generations_without_gradient = np.where(bad, self.generations_without_gradient + 1, 0)[()]

    def _learn_where_possible(
        self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray, unclean: FloatArray | None
    ) -> None:
        """Learn, except in runs without a finite value; `unclean`: ranked values, if some are not finite."""
        if unclean is None and not self._was_unclean:  # the rule
            self._learn(x, f, g, order)
            return
        hopeless = np.False_ if unclean is None else unclean[..., 0] == np.inf
        self._count_without_value(hopeless)
        self._was_unclean = unclean is not None
        if not hopeless.any():
            self._learn(x, f, g, order)
        elif not hopeless.all():
            kept = {name: getattr(self, name)[hopeless].copy() for name in self.state_names}
            self._learn(x, f, g, order)
            for name, rows in kept.items():
                getattr(self, name)[hopeless] = rows

    def _count_without_value(self, hopeless: Any) -> None:
        """One generation more without a finite value in runs where that is so, none in the others."""
        self.book.odd = True
        count = self.generations_without_value
        self.generations_without_value = np.where(hopeless, count + 1, 0 * count)[()]

    def _retire(self) -> None:
        """Take runs that have a reason to end out of the stack."""
        over = [] if self.runs is None else [run in self._reasons for run in self.active.tolist()]
        if not any(over):
            return
        for row in np.flatnonzero(over).tolist():
            run = int(self.active[row])
            self._ended[run] = self._summary(run, row)
        self._take_runs(np.flatnonzero(np.logical_not(over)))

    def _take_runs(self, rows: IntArray) -> None:
        """Keep these rows of everything that has one row per run."""
        for name in self._row_names():
            setattr(self, name, getattr(self, name)[rows])
        self.x_start = self.x_start[rows]
        self.book.take(rows)
        self.traces.take(rows)
        self._watch.take(rows)
        if self._waiting is not None:
            self._waiting.take(rows)
        self._streams = [self._streams[row] for row in rows]
        self.active = self.active[rows]
        self.batch = (len(rows),)
        self._figures_of = -1
