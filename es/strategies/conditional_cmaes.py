"""CMA-ES on spaces where some parameters are there only at times: one distribution for each branch.

A distribution that is told of points in which a coordinate did not matter learns noise in it. So each branch has a
CatCMA with margin of its own, which learns from its own points only, and a categorical distribution picks the branch.
With three branches of three parameters, beside three in common, and optima of the branches 0, .1 and .2 (or 0, 3 and 6)
apart this solves 15 of 15 runs; one joint distribution in which such coordinates are free 4 (9), one that is told of
them at the mean 7 (11). Where branches multiply to more than two dozen, coordinates under the same condition have a
distribution together (`es.parts.branches.blocks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import FloatArray
from es.parts.beside import LooksBeside, Values
from es.parts.branches import as_conditions, matters
from es.parts.integers import Cells, as_levels, as_whole
from es.parts.searches import OneSearchPerRun
from es.strategies._branch_search import BranchSearch
from es.strategies.cat_cmaes import as_categories
from es.strategies.cat_cmaes_margin import CatMarginCMAES

POINTS = 10  # told between two updates of the distribution of the branches
OWN: frozenset[str] = frozenset(stopping.COMMON)  # criteria that look at the whole run


class ConditionalCMAES(LooksBeside, OneSearchPerRun):
    """CatCMA with margin for each branch of a space with conditions, and a distribution of the branches.

    Parameters
    ----------
    conditions : mapping, optional
        Coordinate -> {parent: values}: it matters only where all its parents, which are categories, have one of these
        values and matter themselves. Others always matter.
    categories, integrality, preferred, levels
        See `CatMarginCMAES`. Branches that hold the preferred values begin with half of the probability.
    x0, sigma0, bounds, popsize, rng, stop
        See `Optimizer`. Coordinates that do not matter have the value that x0 has.

    Attributes
    ----------
    searches : list of BranchSearch
        Of each active run the distributions: `searches[0].searches` of the branches, `learned.q` their probabilities.

    Raises
    ------
    ValueError
        If a parent is no category, or bounds take values from it, or conditions go in a circle.

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
    claims: ClassVar[frozenset[str]] = frozenset({"monotone", "permutation"})
    takes_late_points = True
    criteria: ClassVar[tuple[str, ...]] = CatMarginCMAES.criteria
    default_popsize = POINTS
    most_branches: ClassVar[int] = 24  # with a distribution each

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        conditions: Mapping[int, Mapping[int, Any]] | None = None,
        categories: npt.ArrayLike | None = None,
        integrality: npt.ArrayLike | None = None,
        preferred: npt.ArrayLike | None = None,
        levels: Mapping[int, npt.ArrayLike] | None = None,
        **common: Any,
    ) -> None:
        n = np.shape(x0)[-1] if np.ndim(x0) else 0
        self._counts, self._whole = as_categories(categories, n), as_whole(integrality, n)
        self.levels = as_levels(levels, n)
        self.conditions = as_conditions(conditions, self._counts)
        self._preferred = np.full(n, np.nan) if preferred is None else np.array(preferred, dtype=float)
        if self._preferred.shape != (n,):
            raise ValueError(f"preferred must have shape ({n},), one entry per coordinate, got {self._preferred.shape}")
        self._sigma_given = sigma0 is not None
        super().__init__(x0, sigma0, **common)

    @property
    def least_rows(self) -> int:
        """How many points are told between two updates of the distribution of the branches."""
        return self.popsize

    def _init(self) -> None:
        self._of_caller = self._watch.given
        thresholds = self._watch.thresholds
        off = {name: None for name in self.criteria if name not in OWN}
        self.searches = []
        for row, at in enumerate(np.ndindex(self.batch)):
            own = {name: t[row] if np.ndim(t) else t for name, t in thresholds.items() if name not in OWN}
            self.searches.append(
                BranchSearch(
                    self.mean[at], self.scale0[at] if self._sigma_given else None, self._streams[row], self.box,
                    counts=self._counts, whole=self._whole, preferred=self._preferred, conditions=self.conditions,
                    points=self.popsize, most=self.most_branches, stop={**off, **own},
                )
            )  # fmt: skip
        places = np.flatnonzero((self._counts > 0) | self._whole)
        ordered = self._counts[places] == 0
        cells = Cells.within(self.box, places)
        low = np.where(ordered, cells.low, np.maximum(cells.low, 0.0))
        high = np.where(ordered, cells.high, np.minimum(cells.high, self._counts[places] - 1.0))
        self._discrete = Values(places, low, high, ordered, self.levels)
        mine = {name: t for name, t in thresholds.items() if name in OWN}
        self._watch = stopping.Watch(self, {**dict.fromkeys(self.criteria), **mine})  # the others look at each branch

    # Ask and tell ----------------------------------------------------------------------------------

    def _candidates(self, k: int) -> FloatArray:
        points = []
        for row, search in enumerate(self.searches):
            beside = self._offered(row, k)
            points.append(np.concatenate([beside, search.ask(k - len(beside))]))
        return self._side_by_side(points, k, self.n)

    def switch_off(self, names: Iterable[str]) -> None:
        """See `Constrained.switch_off`; of every branch."""
        self._watch.switch_off(names, self._of_caller)
        for search in self.searches:
            search.switch_off(names, self._of_caller)

    def stop(self) -> dict[Any, Any]:
        """See `Optimizer.stop`; a run ends with the last of its branches, for the reason of the best one."""
        reasons = super().stop()
        if reasons or not self.nit:
            return reasons
        whys = {run: search.why_ended() for run, search in zip(self.active.tolist(), self.searches, strict=True)}
        self._end_all(self._looked_again({run: why for run, why in whys.items() if why}))
        return super().stop()

    # Looking beside the best point -----------------------------------------------------------------

    def _values(self) -> Values:
        return self._discrete

    def _beside(self, row: int, x: FloatArray) -> FloatArray:
        points = self._discrete.beside(x, matters(self.conditions, x, self.n))
        for point in points:  # what does not matter there has the value of the start
            there = matters(self.conditions, point, self.n)
            point[~there] = self.searches[row].start[~there]
        return points

    def _is_real(self, x: FloatArray) -> bool:
        there = matters(self.conditions, x, self.n)
        there[[*self._discrete.places, *self.levels]] = False
        return bool(there.any())

    def _level(self, row: int) -> float:
        level = self.searches[row].level(self._best_of(row)[0])
        return super()._level(row) if level is None else level

    def _go_on_at(self, row: int, x: FloatArray) -> None:
        self.searches[row].go_on_at(x)

    # Looking at the distribution -------------------------------------------------------------------

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate in the branch that is most likely, of others as at the start."""
        stds = self.scale0.copy()
        for at, search in self._at_each():
            stds[at] = search.stds(self.scale0[at])
        return stds

    @property
    def sigma(self) -> Any:
        """Largest step size of all branches, per run."""
        values = [search.sigma for search in self.searches]
        return values[0] if self.runs is None else np.array(values)
