"""What all optimizers share: ask and tell, counting, the best so far, stopping, results, saving, stacked runs.

An optimizer is one run, or `runs` independent runs in one object: all its state then has a leading axis, each run
draws from a stream of its own, and a run that has ended is taken out of the arrays, so that it costs nothing from
there on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_count,
    as_points,
    as_scale,
    as_shape,
    as_start,
    check_finite,
    check_inside,
    pick,
    pick_rows,
)
from es.core.book import Book
from es.core.constrained import Constrained
from es.core.in_parts import Rule
from es.core.lagrangian import NO_POINT
from es.core.ranking import rank_best_first
from es.core.streams import open_streams
from es.core.traces import Traces
from problems.boxes import as_box

if TYPE_CHECKING:
    from es.core.result import Result


class Optimizer(Constrained):
    """Base class of everything that can be asked for points and told their values.

    Parameters
    ----------
    x0 : array_like, shape (n,) or (runs, n)
        Start, inside the bounds. Two axes make stacked runs, one per row.
    sigma0 : float or array_like, optional
        Initial standard deviations: a number, one per coordinate (n,); for stacked runs a number, (runs,), (runs, n) or
        (1, n). Default: 0.3 of the width of the bounds where that is finite, not 0, and at most 1e8 max(1, |x0|); else
        0.3 times the largest of 1 and all |x0|, but 0.3 max(1, |x0|) for a coordinate that is not 0 and less than a
        thousandth of the largest.
    bounds : scipy.optimize.Bounds or sequence of (low, high), optional
        Box that no evaluated point leaves.
    popsize : int, optional
        Points per iteration.
    rng : None, int, SeedSequence or Generator
        Source of randomness; for stacked runs also a sequence with one entry per run. The global NumPy stream is not
        touched.
    stop : mapping, optional
        Thresholds of stopping criteria by name (`es.core.stopping`); None switches a criterion off.

    Raises
    ------
    ValueError
        An argument of the wrong shape or value; the message names it.

    Notes
    -----
    A subclass gives `_candidates` and `_learn`. `state_names` lists the arrays that are the state of a run, each with a
    leading axis when runs are stacked: what is saved, and what a run that has ended is taken out of.
    """

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
    sigma: Any = None  # step size, of methods that have one
    criteria: ClassVar[tuple[str, ...]] = stopping.COMMON

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        bounds: Any = None,
        popsize: int | None = None,
        rng: Any = None,
        stop: Mapping[str, Any] | None = None,
    ) -> None:
        start = as_start(x0)
        self.n = start.shape[-1]
        self.runs: int | None = len(start) if start.ndim == 2 else None
        self.active = np.arange(self.runs or 1)
        self.box = as_box(bounds, self.n)
        check_inside(start, self.box)
        self.scale0 = as_scale(sigma0, start, self.box)
        self.popsize = self._default_popsize() if popsize is None else as_count(popsize, least=self.min_rows)
        self._streams, self._seeds = open_streams(rng, self.runs)
        self._watch = stopping.Watch(self, stop)
        self.mean: FloatArray = start
        self.book = Book(start.astype(self.dtype))
        self.generations_without_value: Any = self._each(0)  # in a row, up to now
        self.generations_without_gradient: Any = self._each(0)  # one that is not finite counts as none
        self._was_unclean = True
        self.nit = 0
        self.f_sorted: FloatArray | None = None
        self.traces = Traces(self.batch)
        self._ended: dict[int, dict[str, Any]] = {}
        self._reasons: dict[int, dict[str, float]] = {}
        self._looked = -1
        self._figures: dict[str, Any] = {}
        self._figures_of = -1
        self._opened = time.monotonic()
        self._prepare()

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
        raise NotImplementedError

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        """Move on, from points (..., k, n), values (..., k) and gradients like x.

        `order` (..., k) ranks the rows best first, non-finite ones last.
        """
        raise NotImplementedError

    def _arrange(self, x: FloatArray) -> IntArray | None:
        """An order of the rows that does not depend on the order in which they came; None if they are in it."""
        self._check_told(x)
        return None

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        """What ranks the rows once they are arranged; the same array where it is f itself."""
        return f

    def _after(self) -> None:
        """Last thing in each tell."""

    # The loop --------------------------------------------------------------------------------------

    @property
    def batch(self) -> tuple[int, ...]:
        """Leading axes of the state: () for one run, (active runs,) for stacked ones."""
        return () if self.runs is None else (len(self.active),)

    def ask(self, k: int | None = None) -> FloatArray:
        """Points to evaluate.

        Parameters
        ----------
        k : int, optional
            How many; default `popsize`. Each further call gives further points, before and after `tell`, so that as
            many may be out as there are workers. Fewer than `popsize` are the next ones of a population that is made
            as a whole: asked one by one they are the same to the last bit.

        Returns
        -------
        ndarray, shape (k, n), or (active runs, k, n) for stacked runs
            Inside the bounds; the caller's to keep or change.
        """
        count = self.popsize if k is None else as_count(k, "k")
        return self._candidates(count) if self._takes_whole(count) else self._next_of_block(count)

    def tell(
        self,
        x: npt.ArrayLike,
        f: npt.ArrayLike,
        g: npt.ArrayLike | None = None,
        *,
        rank_by: npt.ArrayLike | Rule | None = None,
        feasible: npt.ArrayLike | None = None,
        constraints: npt.ArrayLike | None = None,
        equalities: npt.ArrayLike | None = None,
    ) -> None:
        """Hand over evaluated points: as many as there are, in any order; points of the caller's own may be among them.

        Every point counts at once, and may become the best. Methods that sample a population learn as soon as `popsize`
        points of their present distribution have come back, in one call or in many: told in parts or out of order that
        is the run, bit for bit, that whole populations give. Points of an earlier distribution that come back late are
        further rows of the next update, as points of the caller's own (see Notes); what never comes back is replaced by
        asking for more.

        Parameters
        ----------
        x : array_like, shape (k, n), or (active runs, k, n)
            Any number of points >= 1. Runs of a stack learn together, when each has its population.
        f : array_like, shape (k,) or (active runs, k)
            Values. NaN and inf rank last and never become the best; -inf is the least there is and ends the run.
        g : array_like, shape of x, optional
            Gradients, for methods with `wants_gradient`.
        rank_by : array_like, shape of f, or callable, optional
            Ranks the points in the place of f (say f plus a penalty); f is still what is reported. A callable
            `rank_by(x, f)` is asked when the points are learned from, for all of them.
        feasible : array_like of bool, shape of f, optional
            Only these may become the best so far.
        constraints, equalities : array_like, shape (k, m) or (k,), optional
            Values of m constraints at each point, kept where they are <= 0, and of equalities, kept where they are 0:
            they rank the points, as those of `es.minimize` do and to the same bits, and only points that keep them
            become the best. In the place of rank_by and feasible, of one run, and then in every call.

        Raises
        ------
        ValueError
            Wrong shapes, points that are not finite or outside of the bounds, gradients missing or not asked for.

        Notes
        -----
        The sample z of a point that comes late is computed anew from the present distribution, and counts up to a
        length of sqrt(n) + 2 n / (n + 2) (Hansen, arXiv:1110.4181). Learning from any `popsize` points instead, late
        ones among them, lets the step size collapse: with 32 workers it fails on the sphere with n = 10 in 14 of 15
        runs, and so does keeping the old z. Dropping late points takes a quarter to a half more evaluations
        (`experiments/benchmarks/es_asynchronous.py`). A point that the caller has changed on its way is one of the
        caller's own: told alone it counts as a late one while such are awaited, else as one of the present ones.
        """
        points, values = self._checked(x, f)
        slopes = self._checked_gradient(g, points.shape)
        if constraints is not None or equalities is not None or self._lagrange is not None:
            if rank_by is not None or feasible is not None:
                raise ValueError("constraints take the place of rank_by and feasible: leave these out")
            self._check_told(points)
            feasible = self._under_constraints(points, constraints, equalities)
            rank_by = self._lagrangian
        allowed = None if feasible is None else as_shape("feasible", feasible, values.shape, bool)
        whole = self._takes_whole(points.shape[-2])
        rank: Any = values if rank_by is None else rank_by
        if rank_by is not None and not callable(rank_by):
            rank = as_shape("rank_by", rank_by, values.shape)
        elif whole and rank_by is not None:
            rank = as_shape("rank_by", rank_by(points, values), values.shape)
        if whole:
            self._learn_from(points, values, slopes, rank, allowed)
        else:
            self._take_part(points, values, rank, allowed)

    def _learn_from(
        self,
        points: FloatArray,
        values: FloatArray,
        slopes: FloatArray | None,
        rank: FloatArray,
        allowed: BoolArray | None,
        booked: bool = False,
    ) -> None:
        """Learn from points (..., k, n) that have all come back, and count them unless they are in the book."""
        raw = values  # in the order of the caller's
        arranged = self._arrange(points)
        if arranged is not None:
            same = rank is values
            points, values = pick_rows(points, arranged), pick(values, arranged)
            rank = values if same else pick(rank, arranged)
            slopes = None if slopes is None else pick_rows(slopes, arranged)
            allowed = None if allowed is None else pick(allowed, arranged)
        rank = self._ranked_by(rank)
        order, ranked, clean = rank_best_first(rank)
        plain = clean and rank is values
        if not booked:
            self.book.count(raw, gradients=slopes is not None, failed=None if plain else ~(raw < np.inf))
            if plain and allowed is None:
                self.book.improve(points, order[..., 0][()], ranked[..., 0][()])
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

    def stop(self) -> dict[Any, Any]:
        """Why to end, empty while there is no reason.

        Returns
        -------
        dict
            One run: criterion -> figure. Stacked runs: empty until the last one has ended, then run -> criterion ->
            figure; runs that have ended are taken out of the stack here.
        """
        if self._looked != self.nit:
            self._looked = self.nit
            found = self._watch(self)
            if found:
                for run, reasons in found.items():
                    self._reasons.setdefault(run, {}).update(reasons)
                self._retire()
        if self._lagrange is not None:
            if self._reasons:
                self._reasons[0] = self._lagrange.judged(self._reasons[0])
            for name, figure in ({} if self._reasons else self._lagrange.stop()).items():
                self.end(name, figure)
        if self.runs is None:
            return dict(self._reasons[0]) if self._reasons else {}
        return {} if len(self.active) else {run: dict(reasons) for run, reasons in sorted(self._reasons.items())}

    def without_default_end(self) -> None:
        """Leave the end to the caller, who has given a budget: `evaluations_per_variable` counts no more."""
        self._watch.lift("maxfevals")

    def end(self, reason: str, figure: float = 1.0, run: int | None = None) -> None:
        """End from outside, one run or all, for a reason that `stop()` and the result will tell."""
        for one in self.active.tolist() if run is None else [run]:
            self._reasons.setdefault(one, {})[reason] = figure
        self._retire()

    # What came out ---------------------------------------------------------------------------------

    @property
    def x_mean(self) -> FloatArray:
        """Centre of the search in the caller's coordinates, (n,) or (active runs, n)."""
        return self.mean.copy()

    @property
    def result(self) -> Result:
        """Result of the run.

        Returns
        -------
        es.Result
            `x`, `fun`: the best evaluated point and value (x0 and NaN if no value was finite); `mean`: centre of the
            search; `stop`, `message`, `status`, `success`: why it ended; `nfev`, `njev`, `nit`, `n_failed`; `seed`.

        Raises
        ------
        ValueError
            For stacked runs, which have `results`.
        """
        if self.runs is not None:
            raise ValueError(f"result is of a single run, got {self.runs} stacked runs: use results")
        return self.results[0]

    @property
    def results(self) -> list[Result]:
        """The result of each run, ended or not, in the order of x0."""
        from es.core.result import Result

        rows = {int(run): row for row, run in enumerate(self.active)}
        return [
            Result(self._ended[run] if run in self._ended else self._summary(run, rows[run]))
            for run in range(self.runs or 1)
        ]

    def ended(self, run: int) -> Mapping[str, Any] | None:
        """What the result of a stacked run says that has ended; None of one that goes on."""
        return self._ended.get(run)

    def _summary(self, run: int, row: int) -> dict[str, Any]:
        """What the result of a run says, read from row `row` of the state."""
        counts = self.book.of(row)
        wanted, found = "ftarget" in self._watch.thresholds, not math.isnan(counts["fun"])
        spent: Any = {name: counts[name] for name in ("nfev", "n_failed")}
        more = self._told_report()
        instead = NO_POINT if more.get("violation") else ""
        return {
            **counts,
            **more,
            **stopping.ending(self._reasons.get(run, {}), found=found, wanted=wanted, instead=instead, **spent),
            "mean": self.x_mean[... if self.runs is None else row].copy(),
            "nit": self.nit,
            "seed": self._seeds[run],
        }

    @property
    def nfev(self) -> Any:
        """Points evaluated, a number or one per active run."""
        return self.book.nfev

    @property
    def njev(self) -> Any:
        """Gradients evaluated, a number or one per active run."""
        return self.book.njev

    @property
    def n_failed(self) -> Any:
        """Points without a value, a number or one per active run."""
        return self.book.n_failed

    @property
    def f_best(self) -> Any:
        """Least value so far, a number or one per active run; inf before the first."""
        return self.book.f_best

    @property
    def x_best(self) -> FloatArray:
        """Where it was found, (n,) or (active runs, n)."""
        return self.book.x_best

    # Inside ----------------------------------------------------------------------------------------

    @property
    def units(self) -> FloatArray:
        """What each coordinate is measured in, (n,) or (active runs, n): sigma0, relative to its largest entry."""
        return self.scale0 / self.scale0.max(-1, keepdims=True)

    @property
    def stds(self) -> Any:
        """Standard deviation of each coordinate, (n,) or (active runs, n); None where a method does not sample."""
        return None

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis, per run; None where a method does not sample."""
        return None

    @property
    def growth(self) -> Any:
        """Largest ratio of a standard deviation to what it was at the start, per run."""
        return (self.once("stds") / self.scale0).max(-1)

    def once(self, figure: str) -> Any:
        """`stds`, `growth` or `axis_ratio`, made once an iteration however many look at it."""
        if self._figures_of != self.nit:
            self._figures, self._figures_of = {}, self.nit
        if figure not in self._figures:
            self._figures[figure] = getattr(self, figure)
        return self._figures[figure]

    @property
    def seconds(self) -> float:
        """Time since the run began, before it was saved and loaded included."""
        return time.monotonic() - self._opened

    @property
    def seed(self) -> Any:
        """What would give the same random stream as `rng`; for stacked runs a list. None where a Generator came in."""
        return self._seeds[0] if self.runs is None else list(self._seeds)

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

    def _watch_gradients(self, g: FloatArray) -> None:
        if math.isfinite(np.vdot(g, g)) and self.runs is None:  # the rule, and cheap
            self.generations_without_gradient = 0
            return
        bad = ~np.isfinite(g).all((-1, -2))
        self.generations_without_gradient = np.where(bad, self.generations_without_gradient + 1, 0)[()]

    def _check_told(self, x: FloatArray) -> None:
        """Refuse points that nobody could have been asked for."""
        check_finite(x)
        check_inside(x, self.box, "x")

    def _learn_where_possible(
        self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray, unclean: FloatArray | None
    ) -> None:
        """Learn, except in runs without a finite value; `unclean`: ranked values, if some are not finite."""
        hopeless = np.False_ if unclean is None else unclean[..., 0] == np.inf
        if unclean is not None or self._was_unclean:
            count = self.generations_without_value
            self.generations_without_value = np.where(hopeless, count + 1, 0 * count)[()]
            self._was_unclean = unclean is not None
        if unclean is None or not hopeless.any():
            self._learn(x, f, g, order)
        elif not hopeless.all():
            kept = {name: getattr(self, name)[hopeless].copy() for name in self.state_names}
            self._learn(x, f, g, order)
            for name, rows in kept.items():
                getattr(self, name)[hopeless] = rows

    def _retire(self) -> None:
        """Take runs that have a reason to end out of the stack."""
        if self.runs is None or not any(run in self._reasons for run in self.active.tolist()):
            return
        for row, run in enumerate(self.active.tolist()):
            if run in self._reasons:
                self._ended[run] = self._summary(run, row)
        self._take_runs(
            np.array([row for row, run in enumerate(self.active.tolist()) if run not in self._reasons], int)
        )

    def _take_runs(self, rows: IntArray) -> None:
        """Keep these rows of everything that has one row per run."""
        for name in self._row_names():
            setattr(self, name, getattr(self, name)[rows])
        self.book.take(rows)
        self.traces.take(rows)
        self._watch.take(rows)
        if self._waiting is not None:
            self._waiting.take(rows)
        self._streams = [self._streams[row] for row in rows]
        self.active = self.active[rows]
        self._figures_of = -1
