"""MO-CMA-ES: covariance matrix adaptation for several objectives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from es.core import stopping
from es.core.arrays import FloatArray, IntArray, as_shape
from es.core.optimizer import Optimizer
from es.core.told import Rule
from es.parts.categorical import margin
from es.parts.distinct import distinct
from es.parts.integers import Cells, as_whole
from es.parts.invariances import ALL_BUT_MONOTONE
from es.parts.offspring import Offspring
from es.parts.pareto import as_reference, best_rows, fronts, hypervolume
from es.parts.sampling import plain
from es.strategies.one_plus_one_cholesky import cholesky_update
from problems.constraints import EQUALITY

OUTSIDE = 1e-6  # added to all objectives per squared distance from the box, in units of sigma0


class MOCMAES(Optimizer):
    """MO-CMA-ES: a population of (1+1)-CMA-ES, selected by dominance and hypervolume.

    Source: Igel, Hansen & Roth, Covariance matrix adaptation for multi-objective optimization (Evolutionary
    Computation 15(1), 2007), with the notion of success of Voß, Hansen & Igel, Improved step size adaptation for the
    MO-CMA-ES (GECCO 2010): an offspring is one if it is selected.

    Parameters
    ----------
    x0 : array_like, shape (n,) or (runs, n)
        The first population is drawn around it.
    sigma0, rng, stop
        See `Optimizer`. As the figure of a run that criteria and books know, `f_best`, serves minus the hypervolume.
    bounds : scipy.optimize.Bounds or sequence of (low, high), optional
        Points are evaluated at the nearest point of the box; the square of how far they were moved, in units of sigma0,
        is added, times 1e-6, when they are ranked (section 5.1 of the 2007 paper).
    popsize : int
        Points of the population, and offspring per iteration.
    integrality : array_like, shape (n,), optional
        Non-zero where a coordinate takes whole numbers only: it is rounded, and its steps are at least so long that one
        of the whole numbers changes in every fourth offspring, as by the margin of CatCMA.
    reference : array_like, shape (m,), optional
        Up to here the hypervolume is measured; it has no influence on the search. Default: the worst value of each
        objective in the first iteration.

    Attributes
    ----------
    parents : ndarray, shape (popsize, n), or (runs, popsize, n)
        The population, before it is moved into the bounds.
    values : ndarray, shape (popsize, m), or (runs, popsize, m)
        Their objectives, inf where there is no point yet.
    violations : ndarray, shape (popsize,), or (runs, popsize)
        By how much they violate constraints (`tell`), each in units of its largest violation in the first iteration.

    Examples
    --------
    >>> opt = MOCMAES([1.0, 1.0], 1.0, popsize=10, rng=1)
    >>> for _ in range(50):
    ...     x = opt.ask()
    ...     opt.tell(x, np.stack([(x**2).sum(-1), ((x - 1) ** 2).sum(-1)], axis=-1))
    >>> opt.result.x.shape, opt.result.fun.shape
    ((10, 2), (10, 2))
    """

    kind = "multiobjective"
    paper = "Igel, Hansen & Roth, Evolutionary Computation 15(1), 2007"
    cost = "n^2 popsize + popsize^2"
    good_for = "two or three objectives; the result is a set of compromises"
    claims = ALL_BUT_MONOTONE
    criteria = (*stopping.COMMON, "volumestagnation", "tolx", "tolfacupx")
    default_popsize = 20
    OF_POINTS: ClassVar[tuple[str, ...]] = ("parents", "values", "violations", "sigma", "p_succ", "A", "q")
    state_names = ("mean", "reference", "limit_units", *OF_POINTS)

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        reference: npt.ArrayLike | None = None,
        integrality: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        self._integrality = integrality
        self._given = None if reference is None else as_reference(reference)
        super().__init__(x0, sigma0, **common)

    def _init(self) -> None:
        self.whole: IntArray = np.flatnonzero(as_whole(self._integrality, self.n))
        self._cells = Cells.within(self.box, self.whole)
        # Of a step from a whole number to its neighbours.
        self._least_std = float(0.5 / -ndtri(0.5 * margin(self.whole.size)))
        n, shape = self.n, (*self.batch, self.popsize)
        step = self.scale0.max(-1)[..., None]
        self.parents = self._rounded(np.broadcast_to(self.mean[..., None, :], (*shape, n)).copy())
        self.values = np.full((*shape, 0), np.inf)
        self.violations = np.zeros(shape)
        self.limit_units = np.zeros((*self.batch, 0))  # what each constraint is measured in
        self.sigma = np.broadcast_to(step, shape).copy()
        self.A = np.eye(n) * np.broadcast_to((self.scale0 / step)[..., None, None, :], (*shape, 1, n))
        self.q = np.zeros((*shape, n))
        self._target, self._cp = 2 / 11, 1 / 12  # table 1 of the 2007 paper
        self._damping, self._threshold = 1 + n / 2, 0.44
        self._cc, self._ccov = 2 / (n + 2), 2 / (n**2 + 6)
        self.p_succ = np.full(shape, self._target)
        self.reference = np.full((*self.batch, 0), np.nan)
        self._asked = Offspring()

    def _rounded(self, u: FloatArray) -> FloatArray:
        """Points with their whole numbers rounded, in place."""
        if self.whole.size:
            u[..., self.whole] = self._cells.rounded(u[..., self.whole])
        return u

    # Ask and tell ----------------------------------------------------------------------------------

    def _candidates(self, k: int) -> FloatArray:
        parent = np.arange(k) % self.popsize
        z = plain(self._streams, self.batch, k, self.n)
        A, sigma = self.A[..., parent, :, :], self.sigma[..., parent]
        steps = sigma[..., None] * (A @ z[..., None])[..., 0]
        if self.whole.size:
            rows = A[..., self.whole, :]
            stds = sigma[..., None] * np.sqrt(np.vecdot(rows, rows))
            steps[..., self.whole] *= np.maximum(1.0, self._least_std / np.maximum(stds, 1e-300))
        u = self._rounded(self.parents[..., parent, :] + steps)
        x = self._inside(u)
        self._asked.add(z, u, np.broadcast_to(parent, z.shape[:-1]), x)
        return x.copy()

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
        """Hand over evaluated points, in any order; points of the caller's own may be among them.

        Parameters
        ----------
        x : array_like, shape (k, n), or (active runs, k, n)
            Any number of points >= 1. A point that was not asked counts as an offspring of the nearest parent.
        f : array_like, shape (k, m), or (active runs, k, m)
            Their objectives; a point with one that is NaN or inf has failed. One of -inf, the least there is, makes the
            hypervolume infinite and ends the run.
        constraints, equalities : array_like, shape (k, m) or (active runs, k, m), optional
            Values of constraints at each point, kept where they are <= 0, and of equalities, kept within 1e-6 of 0.
            A point that keeps all is better than any that does not, and of these the one that violates them less
            (Deb, Pratap, Agarwal & Meyarivan, A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE TEC
            6(2), 2002, section VI).
        g, rank_by, feasible : None
            As for other optimizers; nothing else has a meaning here.

        Raises
        ------
        ValueError
            Wrong shapes, points that are not finite or outside of the bounds.
        """
        for name, extra in (("g", g), ("rank_by", rank_by), ("feasible", feasible)):
            if extra is not None:
                raise ValueError(f"{name} must be None: {type(self).__name__} ranks points by all their objectives")
        points = self._checked(x, np.zeros(np.shape(x)[:-1]))[0]
        values = self._checked_values(f, points.shape[:-1])
        order, z, u, parent = self._asked.match(points, self)
        runs = self._runs_axis()
        failed: npt.NDArray[np.bool_] = np.asarray(~(values < np.inf).all(-1))
        over = self._over(constraints, equalities, points.shape[:-1])
        values = np.where(failed[..., None], np.inf, values)[(*runs, order)]
        violations = np.where(failed, np.inf if over.any() or self.limit_units.size else 0.0, over)[(*runs, order)]
        hopeless = failed.all(-1)
        self.generations_without_value = np.where(hopeless, self.generations_without_value + 1, 0)[()]
        self.book.count(np.where(failed, np.inf, 0.0), gradients=False, failed=failed)
        self._select(z, u, parent, values, violations, hopeless)
        self._asked = Offspring()
        self.nit += 1

    def _over(
        self, constraints: npt.ArrayLike | None, equalities: npt.ArrayLike | None, shape: tuple[int, ...]
    ) -> FloatArray:
        """By how much points violate their constraints, (..., k), in units of the first iteration's largest ones."""
        parts = [np.zeros((*shape, 0))]
        for name, given in (("constraints", constraints), ("equalities", equalities)):
            if given is None:
                continue
            if np.ndim(given) != len(shape) + 1:
                wanted = ", ".join(map(str, (*shape, "number of constraints")))
                raise ValueError(f"{name} must have shape ({wanted}), got {np.shape(given)}")
            g = as_shape(name, given, (*shape, np.shape(given)[-1]))
            kept = np.abs(g) <= EQUALITY if name == "equalities" else g <= 0
            parts.append(np.where(kept, 0.0, np.where(np.isnan(g), np.inf, np.abs(g))))
        over = np.concatenate(parts, axis=-1)
        m = self.limit_units.shape[-1]
        if over.shape[-1] != m and (m or np.isfinite(self.values).any()):
            raise ValueError(f"constraints must be as many at every point: {m} became {over.shape[-1]}")
        if not m:
            largest = np.where(np.isfinite(over), over, 0.0).max(-2)
            self.limit_units = np.where(largest > 0, largest, 1.0)
        return (over / self.limit_units[..., None, :]).sum(-1)

    def _checked_values(self, f: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
        m = np.shape(f)[-1] if np.ndim(f) == len(shape) + 1 else 0
        # The first finite value fixes their number.
        known = self.values.shape[-1] if np.isfinite(self.values).any() else 0
        known = known or (0 if self._given is None else self._given.size)
        if m == 0 or (known and m != known):
            wanted = (*shape, known or "number of objectives")
            why = "" if self._given is None else f", as reference has {self._given.size} objectives"
            raise ValueError(f"f must have shape ({', '.join(map(str, wanted))}){why}, got {np.shape(f)}")
        values: FloatArray = as_shape("f", f, (*shape, m))
        if self.values.shape[-1] != m:
            self.values = np.full((*self.values.shape[:-1], m), np.inf)
            self.reference = np.full((*self.batch, m), np.nan if self._given is None else self._given)
        return values

    def _select(
        self, z: FloatArray, u: FloatArray, parent: IntArray, values: FloatArray, violations: FloatArray, hopeless: Any
    ) -> None:
        """Algorithm 4 of the 2007 paper for offspring u (..., k, n) of these parents (..., k), in arranged order."""
        runs, popsize = self._runs_axis(), self.popsize
        known = np.asarray((self.values < np.inf).all(-1))
        everybody = np.concatenate([self.parents, u], axis=-2)
        both = np.concatenate([self.values, values], axis=-2)
        moved = (everybody - self._inside(everybody)) / self.scale0[..., None, :]
        over = np.concatenate([np.where(known, self.violations, np.inf), violations], axis=-1)
        merit = both + OUTSIDE * (moved**2).sum(-1)[..., None]
        chosen = np.broadcast_to(np.arange(popsize), self.sigma.shape).copy()
        for run in np.ndindex(self.batch):
            if not np.asarray(hopeless)[run]:
                chosen[run] = best_rows(merit[run], popsize, over[run] if self.limit_units.shape[-1] else None)
        # Parent and offspring learn alike from success, the covariance matrix of the offspring from its step.
        success = (np.arange(popsize, both.shape[-2])[:, None] == chosen[..., None, :]).any(-1)
        mine = parent[..., None, :] == np.arange(popsize)[:, None]
        count = mine.sum(-1)
        rate = (mine & success[..., None, :]).sum(-1) / np.maximum(count, 1)
        learn = known & (count > 0) & ~np.asarray(hopeless)[..., None]  # what is not a point yet has no success
        p_succ = np.where(learn, (1 - self._cp) * self.p_succ + self._cp * rate, self.p_succ)
        growth = np.exp((p_succ - self._target) / (1 - self._target) / self._damping)
        sigma = np.where(learn, self.sigma * growth, self.sigma)
        at = (*runs, parent)
        A, q = cholesky_update(self.A[at], self.q[at], z, p_succ[at] < self._threshold, self._cc, self._ccov)
        real = known[at][..., None]
        A, q = np.where(real[..., None], A, self.A[at]), np.where(real, q, self.q[at])
        offspring = (u, values, violations, sigma[at], p_succ[at], A, q)
        stay = (self.parents, self.values, self.violations, sigma, p_succ, self.A, self.q)
        for name, old, new in zip(self.OF_POINTS, stay, offspring, strict=True):
            setattr(self, name, np.concatenate([old, new], axis=len(self.batch))[(*runs, chosen)])
        self._measure(np.where(violations[..., None] > 0, np.inf, values))

    def _measure(self, values: FloatArray) -> None:
        """Keep the books: the reference point where it is not known, minus the hypervolume, and mean and best point.

        `values` are those of the offspring, inf where they fail or violate constraints.
        """
        finite = np.isfinite(values)
        worst = np.where(finite, values, -np.inf).max(-2)
        self.reference = np.where(np.isnan(self.reference) & finite.any(-2), worst, self.reference)
        figure: FloatArray = np.full(self.batch, np.inf)
        for run in np.ndindex(self.batch):
            if np.isfinite(self.reference[run]).all():
                kept = np.where(self.violations[run][:, None] > 0, np.inf, self.values[run])
                figure[run] = -_volume(kept, self.reference[run])
        figure[np.asarray((values == -np.inf).any((-1, -2)))] = -np.inf
        inside = self._inside(self.parents)
        self.book.improve(inside, np.zeros(self.batch, dtype=np.intp), figure)
        self.mean = inside.mean(-2)
        # Where no point keeps the constraints, the way to the first one is by the least violation.
        self.traces.add(np.where(figure < np.inf, figure, self.violations.min(-1))[..., None])

    # What came out ---------------------------------------------------------------------------------

    @property
    def stds(self) -> FloatArray:
        """Largest standard deviation of each coordinate in the population, (n,) or (active runs, n)."""
        return (self.sigma[..., None] * np.sqrt(np.vecdot(self.A, self.A))).max(-2)

    def front(self, row: int | None = None, decode: Callable[[FloatArray], Any] = np.array) -> dict[str, Any]:
        """The Pareto set found by a run, or by that in this row of a stack.

        Parameters
        ----------
        row : int, optional
        decode : callable
            `decode(x)` is a point (n,) in the caller's words.

        Returns
        -------
        dict
            `x` (k, n), or a list of what `decode` gives where that is no array, and `fun` (k, m), sorted by the first
            objective: each point once, with each of its values where these differ. `hypervolume` and its `reference`
            (m,). Where no point keeps the constraints it is those that violate them least, and the hypervolume is 0.
        """
        at = () if row is None else (row,)
        values, reference, over = self.values[at], self.reference[at], self.violations[at]
        known = np.flatnonzero((values < np.inf).all(-1)) if values.shape[-1] else np.empty(0, np.intp)
        least = over[known].min(initial=np.inf)
        known = known[over[known] == least]
        best = known[fronts(values[known]) == 0]
        best = best[np.lexsort(values[best].T[::-1])]
        points = [decode(x) for x in self._inside(self.parents[at][best])]
        kept = distinct([*zip(points, values[best], strict=True)])
        points, fun = [points[place] for place in kept], values[best[kept]]
        volume = _volume(fun, reference) if best.size and least == 0 else 0.0
        arrays = all(isinstance(point, np.ndarray) for point in points)
        x = np.array(points).reshape(-1, self.n) if arrays else points
        return {"x": x, "fun": fun, "hypervolume": volume, "reference": reference.copy()}

    def _summary(self, run: int, row: int) -> dict[str, Any]:
        return {**super()._summary(run, row), **self.front(None if self.runs is None else row)}

    def _inside(self, u: FloatArray) -> FloatArray:
        return u if self.box is None else np.clip(u, self.box.lb, self.box.ub)

    def _runs_axis(self) -> tuple[IntArray, ...]:
        """An index that goes with one over the points (runs, k) of a stack; nothing for one run."""
        return () if self.runs is None else (np.arange(len(self.active))[:, None],)

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`; points that were asked and not yet told are part of it."""
        return {**super().state_dict(), **self._asked.state_dict()}

    def load_state_dict(self, arrays: Any) -> None:
        """See `Optimizer.load_state_dict`."""
        super().load_state_dict(arrays)
        self._asked = Offspring(arrays)
        for summary in self._ended.values():  # lists without entries have lost their shape
            m = len(summary["reference"])
            summary["x"], summary["fun"] = summary["x"].reshape(-1, self.n), summary["fun"].reshape(-1, m)

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        self._asked.take(rows)


def _volume(values: FloatArray, reference: FloatArray) -> float:
    """The hypervolume, the largest number where it is beyond that; infinite where a value is -inf."""
    if (values == -np.inf).any():
        return np.inf
    return min(hypervolume(values, reference), float(np.finfo(float).max))
