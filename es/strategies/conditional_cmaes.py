"""CMA-ES on spaces where some parameters are there only at times: one distribution for each branch.

A distribution that is told of points in which a coordinate did not matter learns noise in it. So each branch has a
CatCMA with margin of its own, which learns from its own points only, and a categorical distribution picks the branch.
With three branches of three parameters, beside three in common, and optima of the branches 0, .1 and .2 (or 0, 3 and 6)
apart this solves 15 of 15 runs; one joint distribution in which such coordinates are free 4 (9), one that is told of
them at the mean 7 (11). Where branches multiply to more than `MOST`, coordinates under the same condition have a
distribution together (`es.parts.branches.blocks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import state, stopping
from es.core.arrays import FloatArray, IntArray, check_finite, check_inside
from es.core.optimizer import Optimizer
from es.parts.branches import Part, blocks, branches, matters
from es.parts.categorical import Categorical, Learned, margin
from es.parts.parameters import cma
from es.strategies.cat_cmaes import LEARNED, as_categories
from es.strategies.cat_cmaes_margin import CatMarginCMAES
from problems.boxes import Box
from problems.numbers import numbers

MOST = 24  # branches with a distribution each
POINTS = 10  # told between two updates of the distribution of the branches
OWN: frozenset[str] = frozenset(stopping.COMMON)  # criteria that look at the whole run


class ConditionalCMAES(Optimizer):
    """CatCMA with margin for each branch of a space with conditions, and a distribution of the branches.

    Parameters
    ----------
    conditions : mapping
        Coordinate -> {parent: values}: it matters only where all its parents, which are categories, have one of these
        values and matter themselves. Others always matter.
    categories, integrality, preferred
        See `CatMarginCMAES`. Branches that hold the preferred values begin with half of the probability.
    x0, sigma0, bounds, popsize, rng, stop
        See `Optimizer`; one run. Coordinates that do not matter have the value that x0 has.

    Attributes
    ----------
    probabilities : ndarray, shape (1, number of branches)

    Raises
    ------
    ValueError
        If runs are stacked, a parent is no category, or conditions go in a circle.

    Examples
    --------
    The second coordinate matters only where the first is 1:

    >>> opt = ConditionalCMAES([0.0, 0.0], 1.0, categories=[2, 0], conditions={1: {0: (1,)}}, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, np.where(x[:, 0] == 1, (x[:, 1] - 3) ** 2, 1.0))
    >>> opt.result.x.round(4)
    array([1., 3.])
    """

    kind = "categorical"
    paper = "parts: Hamano et al., arXiv:2504.07884; Akimoto et al., arXiv:1905.08537"
    cost = "n^2 popsize"
    good_for = "spaces in which parameters are there only where others have certain values"
    takes_late_points = True
    criteria: ClassVar[tuple[str, ...]] = CatMarginCMAES.criteria
    state_names: ClassVar[tuple[str, ...]] = ("mean", *LEARNED)

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        conditions: Mapping[int, Mapping[int, Any]],
        categories: npt.ArrayLike,
        integrality: npt.ArrayLike | None = None,
        preferred: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        n = np.shape(x0)[-1] if np.ndim(x0) else 0
        if np.ndim(x0) == 2:
            raise ValueError(f"x0 must be one point for ConditionalCMAES, got {len(np.asarray(x0))} stacked runs")
        self._counts = as_categories(categories, n)
        self._whole = np.zeros(n, bool) if integrality is None else numbers("integrality", integrality) != 0
        self.conditions = {int(i): {int(p): tuple(map(int, v)) for p, v in d.items()} for i, d in conditions.items()}
        for i, each in self.conditions.items():
            if odd := [p for p in each if not 0 <= p < n or not self._counts[p]]:
                raise ValueError(f"conditions of coordinate {i} must name categories, got coordinate {odd[0]}")
        self._preferred = np.full(n, np.nan) if preferred is None else np.array(preferred, dtype=float)
        if self._preferred.shape != (n,):
            raise ValueError(f"preferred must have shape ({n},), one entry per coordinate, got {self._preferred.shape}")
        self._sigma_given = sigma0
        super().__init__(x0, sigma0, **common)

    def _default_popsize(self) -> int:
        return POINTS

    @property
    def least_rows(self) -> int:
        """How many points are told between two updates of the distribution of the branches."""
        return self.popsize

    def _init(self) -> None:
        whole = branches(self.conditions, self._counts, MOST)
        self.parts: list[Part] = blocks(self.conditions, self._counts) if whole is None else whole
        self.branched = whole is not None
        self._start = self.mean.copy()
        count = len(self.parts) if self.branched else 1
        self.categorical = Categorical([count], margin(1))
        self._keep(self._start_of_branches(count))
        self._of_caller = self._watch.given
        stop = {name: t for name, t in self._watch.thresholds.items() if name not in OWN}
        off = {name: None for name in self.criteria if name not in OWN and name not in stop}
        self.searches = [self._search(part, {**off, **stop}) for part in self.parts]
        own = {name: t for name, t in self._watch.thresholds.items() if name in OWN}
        self._watch = stopping.Watch(self, {**dict.fromkeys(self.criteria), **own})  # the others look at each branch
        self._valued: set[int] = set()  # parts without coordinates whose value is known
        self._rows: list[tuple[int, float]] = []  # branch and rank of points since the last update

    def _search(self, part: Part, stop: dict[str, Any]) -> CatMarginCMAES | None:
        """The distribution of a part; None where nothing is left to search."""
        j = part.places
        if not j.size:
            return None
        counts, preferred = self._counts[j], self._preferred[j].copy()
        start = self._start[j].copy()
        for column, place in enumerate(j.tolist()):
            if place in part.values:
                values = part.values[place]
                counts[column], start[column] = len(values), 0.0
                own = preferred[column]
                preferred[column] = values.index(int(own)) if own in values else np.nan
        box = self.box
        if box is not None:
            lb, ub = box.lb[j].copy(), box.ub[j].copy()
            for column, place in enumerate(j.tolist()):
                if place in part.values:
                    lb[column], ub[column] = 0.0, counts[column] - 1.0
            box = Box(lb, ub)
        seed = int(self._streams[0].integers(2**63))
        sigma0 = None if self._sigma_given is None else self.scale0[j]
        return CatMarginCMAES(
            start, sigma0, categories=counts, integrality=self._whole[j], bounds=box, rng=seed, stop=stop,
            preferred=preferred,
        )  # fmt: skip

    def _start_of_branches(self, count: int) -> Learned:
        """All branches alike, but that those with preferred values in their parents begin with half and their share."""
        alike = self.categorical.start(())
        wanted = {p: self._preferred[p] for each in self.conditions.values() for p in each}
        wanted = {p: value for p, value in wanted.items() if not np.isnan(value)}
        if not wanted or not self.branched or count == 1:
            return alike
        held = np.array(
            [
                all(wanted[p] == v for p, v in part.fixed.items() if p in wanted)
                and all(wanted[p] in v for p, v in part.values.items() if p in wanted)
                for part in self.parts
            ]
        )
        q = self.categorical.inside(0.5 * alike.q + 0.5 * held / held.sum())
        return Learned(q, alike.path, alike.gamma, alike.Delta)

    def _keep(self, learned: Learned) -> None:
        self.probabilities, self.asng_path = learned.q, learned.path
        self.asng_gamma, self.asng_delta = learned.gamma, learned.Delta

    # Ask and tell ----------------------------------------------------------------------------------

    def _candidates(self, k: int) -> FloatArray:
        return np.array([self._point() for _ in range(k)])

    def _point(self) -> FloatArray:
        x = self._start.copy()
        if self.branched:
            branch = self._pick()
            search = self.searches[branch]
            self.parts[branch].put(np.zeros(0) if search is None else search.ask(1)[0], x)
            return x
        there = np.zeros(self.n, dtype=bool)
        for part, search in zip(self.parts, self.searches, strict=True):  # parents before children
            if search is not None and all(there[p] and round(float(x[p])) in v for p, v in self._of(part).items()):
                part.put(search.ask(1)[0], x)
                there[part.places] = True
        return x

    def _of(self, part: Part) -> Mapping[int, tuple[int, ...]]:
        """The condition of a block."""
        return self.conditions.get(int(part.places[0]), {})

    def _pick(self) -> int:
        """A branch that goes on, by its probability; any where all have ended."""
        q = self.probabilities[0].copy()
        live = np.array([not self._over(i) for i in range(len(self.parts))])
        q = np.where(live, q, 0.0) if live.any() else q
        return int(self._streams[0].choice(len(q), p=q / q.sum()))

    def _over(self, i: int) -> bool:
        """Whether a part has ended; one without coordinates has with its first value."""
        search = self.searches[i]
        return bool(search.stop()) if search is not None else i in self._valued

    def _arrange(self, x: FloatArray) -> IntArray | None:
        check_inside(x, self.box, "x")
        check_finite(x)
        return None

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        self._rank = f
        return f

    def _learn_where_possible(
        self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray, unclean: FloatArray | None
    ) -> None:
        rank = np.where(self._rank < np.inf, self._rank, np.inf)
        bad = ~np.isfinite(rank).any()
        self.generations_without_value = (
            self.generations_without_value + 1 if bad else 0 * self.generations_without_value
        )
        for point, value, merit in zip(x, f, rank, strict=True):
            for i in self._parts_of(point):
                search = self.searches[i]
                if search is not None:
                    search.tell(self.parts[i].inner(point)[None], [value], rank_by=[merit])
                else:
                    self._valued.add(i)
                if self.branched:
                    self._rows.append((i, float(merit)))
        if len(self._rows) >= self.popsize:
            self._choose()
        self.mean = self._centre()

    def _parts_of(self, x: FloatArray) -> list[int]:
        """The numbers of the parts that a point lies in."""
        there = matters(self.conditions, x, self.n)
        if not self.branched:
            return [i for i, part in enumerate(self.parts) if there[part.places[0]]]
        for i, part in enumerate(self.parts):
            held = all(there[p] and round(float(x[p])) == v for p, v in part.fixed.items())
            held = held and all(there[p] and round(float(x[p])) in v for p, v in part.values.items())
            if held and np.count_nonzero(there) == len(part.fixed) + len(part.places):
                return [i]
        raise ValueError(f"x must hold one of its values in each category, got {x}")

    def _choose(self) -> None:
        """Learn which branch is better, from the points since the last time."""
        rows = sorted(self._rows, key=lambda row: row[1])
        weights = cma(1, max(2, len(rows)), False).weights
        weights = weights[weights > 0]
        if len(self.parts) > 1 and rows[0][1] < np.inf:
            old = Learned(self.probabilities, self.asng_path, self.asng_gamma, self.asng_delta)
            values = np.array([[float(i)] for i, _ in rows[: len(weights)]])
            self._keep(self.categorical.learned(old, values, weights))
        self._rows = []

    def _centre(self) -> FloatArray:
        """The mean of the branch that is most likely, or of all blocks that matter."""
        x = self._start.copy()
        if self.branched:
            i = int(self.probabilities[0].argmax())
            search = self.searches[i]
            self.parts[i].put(np.zeros(0) if search is None else search.x_mean, x)
            return x
        for part, search in zip(self.parts, self.searches, strict=True):
            if search is not None:
                part.put(search.x_mean, x)
        return x

    def switch_off(self, names: Iterable[str]) -> None:
        """See `Constrained.switch_off`; of every branch."""
        self._watch.switch_off(names, self._of_caller)
        for search in self.searches:
            if search is not None:
                search._watch.switch_off(names, self._of_caller)

    def stop(self) -> dict[Any, Any]:
        """See `Optimizer.stop`; the run ends with the last of its branches, for the reason of the best one."""
        reasons = super().stop()
        if not reasons and self.nit and all(self._over(i) for i in range(len(self.parts))):
            known = [search for search in self.searches if search is not None and search.f_best < np.inf]
            best = min(known, key=lambda search: float(search.f_best), default=None)
            for name, figure in (best.stop() if best is not None else {"settled": 0.0}).items():
                self.end(name, figure)
            reasons = super().stop()
        return reasons

    # Looking at the distribution -------------------------------------------------------------------

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate in the branch that is most likely, of others as at the start."""
        stds = self.scale0.copy()
        chosen = [int(self.probabilities[0].argmax())] if self.branched else range(len(self.parts))
        for i in chosen:
            search = self.searches[i]
            if search is not None:
                stds[self.parts[i].places] = search.stds
        return stds

    @property
    def sigma(self) -> float:
        """Largest step size of all branches."""
        return max((float(search.sigma) for search in self.searches if search is not None), default=1.0)

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`; points that are out in any branch are part of it."""
        arrays = super().state_dict()
        arrays["rows"] = np.array(self._rows, dtype=float).reshape(-1, 2)
        arrays["empty"] = np.array(sorted(self._valued), dtype=np.intp)
        for i, search in enumerate(self.searches):
            if search is not None:
                arrays |= {f"branch.{i}.{name}": value for name, value in search.state_dict().items()}
        return arrays

    def load_state_dict(self, arrays: Any) -> None:
        """See `Optimizer.load_state_dict`."""
        super().load_state_dict(arrays)
        self._rows = [(int(i), float(rank)) for i, rank in arrays["rows"]]
        self._valued = set(np.array(arrays["empty"]).tolist())
        for i, search in enumerate(self.searches):
            if search is not None:
                search.load_state_dict(state.below(arrays, f"branch.{i}."))
