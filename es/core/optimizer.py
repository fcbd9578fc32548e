"""What all optimizers share: ask and tell, counting, the best so far, stopping, results, saving, stacked runs.

An optimizer is one run, or `runs` independent runs in one object: all its state then has a leading axis, each run
draws from a stream of its own, and a run that has ended is taken out of the arrays, so that it costs nothing from
there on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import FloatArray, as_count, as_scale, as_shape, as_start, check_inside
from es.core.book import Book
from es.core.constrained import Constrained
from es.core.streams import open_streams
from es.core.told import Rule, Told
from es.core.traces import Traces
from problems.boxes import as_box


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
        self.active, self.batch = np.arange(self.runs or 1), start.shape[:-1]
        self.box = as_box(bounds, self.n)
        check_inside(start, self.box)
        self.scale0 = as_scale(sigma0, start, self.box)
        self.popsize = self._default_popsize() if popsize is None else as_count(popsize, least=self.min_rows)
        self._streams, self._seeds = open_streams(rng, self.runs)
        self._watch = stopping.Watch(self, stop)
        self.mean: FloatArray = start
        self.x_start = start.copy()
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
        whole = self._waiting is None and (k is None or count >= self.least_rows)
        return self._candidates(count) if whole else self._next_of_block(count)

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
        whole = self._waiting is None and points.shape[-2] >= self.least_rows
        rank: Any = values if rank_by is None else rank_by
        if rank_by is not None and not callable(rank_by):
            rank = as_shape("rank_by", rank_by, values.shape)
        elif whole and rank_by is not None:
            rank = as_shape("rank_by", rank_by(points, values), values.shape)
        if whole:
            self._learn_from(Told(points, values, rank, allowed, slopes))
        else:
            self._take_part(points, values, rank, allowed)

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
            if (found := self._watch(self)) and (found := self._looked_again(found)):
                for run, reasons in found.items():
                    self._reasons.setdefault(run, {}).update(reasons)
                self._retire()
        if self._lagrange is not None:
            if self._reasons:
                self._reasons[0] = self._lagrange.judged(self._reasons[0])
            for name, figure in ({} if self._reasons else self.checked(self._lagrange.stop())).items():
                self.end(name, figure)
        if self.runs is None:
            return dict(self._reasons[0]) if self._reasons else {}
        return {} if len(self.active) else {run: dict(reasons) for run, reasons in sorted(self._reasons.items())}

    def _looked_again(self, found: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """What runs have met, without those that go on from where they are because they have reason to."""
        return found

    def checked(self, reasons: dict[str, float]) -> dict[str, float]:
        """Why others would end the only run, unless it goes on because it has reason to."""
        return self._looked_again({0: reasons}).get(0, {}) if reasons else {}

    def without_default_end(self) -> None:
        """Leave the end to the caller, who has given a budget: `evaluations_per_variable` counts no more."""
        self._watch.lift("maxfevals")

    def end(self, reason: str, figure: float = 1.0, run: int | Sequence[int] | None = None) -> None:
        """End from outside, one run, several or all, for a reason that `stop()` and the result will tell."""
        for one in self.active.tolist() if run is None else np.ravel(run).tolist():
            self._reasons.setdefault(one, {})[reason] = figure
        self._retire()
