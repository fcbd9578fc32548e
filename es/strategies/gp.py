"""Bayesian optimization by a Gaussian process, for functions of which each evaluation costs seconds or more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import FloatArray, as_count
from es.parts.branches import as_conditions
from es.parts.integers import as_levels, as_whole
from es.parts.mixed_domain import Domain
from es.parts.searches import OneSearchPerRun
from es.strategies._gp_search import GPSearch
from es.strategies.cat_cmaes import as_categories


class GP(OneSearchPerRun):
    """Bayesian optimization: a Gaussian process of all points so far says where improvement is expected.

    Source: Jones, Schonlau and Welch, Efficient global optimization of expensive black-box functions (Journal of Global
    Optimization 13, 1998). The model (`es.parts.gaussian_process`) is that of Rasmussen and Williams with Matern's
    kernel, one length for each coordinate, Hamming's distance for categories, and a variance of noise, which is
    estimated. Values are made normal by the transform of Yeo and Johnson, as Cowen-Rivers et al. do (HEBO, Journal of
    Artificial Intelligence Research 74, 2022). The first points are x0 and a Latin hypercube; each further one has
    the largest logarithm of expected improvement (`es.parts.improvement`) among many candidates, from which numbers
    climb along its slope and others from neighbour to neighbour, which takes about a twentieth of a second.

    A run ends where no improvement is expected (`tolimprovement`), after the model has been doubted: the best point was
    changed in each coordinate in turn to where a model that is less sure of it hopes for most, and none was better. It
    ends too where all points of a space are known.

    Points that are out are taken to have the value that the model predicts (kriging believer), so many may be asked
    at once, told one by one, late or never. A value that is not finite counts as the worst so far.

    Parameters
    ----------
    x0 : array_like, shape (n,) or (runs, n)
        The first point.
    sigma0 : float or array_like, optional
        Where a coordinate has no bounds, points lie within sigma0 / 0.6 of the best one.
    bounds, popsize, rng, stop
        See `Optimizer`.
    categories : array_like of int, shape (n,), optional
        Number of values of each coordinate that is a category, whose values are 0, 1, ...; 0 for numbers.
    integrality : array_like, shape (n,), optional
        Non-zero where a number is whole.
    levels : mapping of int to array_like, optional
        All values that a number may have, where there are only some.
    conditions : mapping, optional
        As of `ConditionalCMAES`. Coordinates that do not matter have the value that x0 has.
    first : int, optional
        Points before the model is asked; default n + 1, but 6 at least and 12 at most.

    Attributes
    ----------
    searches : list of GPSearch
        What each active run knows: points `x` and values `f`, `model` and its `theta`.

    Notes
    -----
    The model takes 250 points; of more it takes the better half of so many and the latest, so that a step never takes
    much longer than then. Linear algebra has one thread meanwhile, where threadpoolctl is installed. The values are
    modelled, not ranks: other units of f change nothing, other monotone transforms do. `x_mean` is the told point with
    the least value that the model predicts: without noise the best one.

    Examples
    --------
    >>> opt = GP([0.0, 0.0], bounds=[(-2, 2), (0, 3)], integrality=[0, 1], rng=1, stop={"maxfevals": 25})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x[:, 0] - 1) ** 2 + (x[:, 1] - 2) ** 2)
    >>> opt.result.x.round(1)
    array([1., 2.])
    """

    kind = "model"
    paper = "Jones, Schonlau & Welch, Journal of Global Optimization 13 (1998)"
    cost = "N^3 for N points, at most 250"
    good_for = "up to some hundred expensive evaluations, up to about 20 numbers and categories"
    claims: ClassVar[frozenset[str]] = frozenset({"permutation"})
    evaluations_per_variable = 40
    takes_late_points = True
    criteria: ClassVar[tuple[str, ...]] = (*stopping.COMMON, "tolimprovement")

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        categories: npt.ArrayLike | None = None,
        integrality: npt.ArrayLike | None = None,
        levels: Mapping[int, npt.ArrayLike] | None = None,
        conditions: Mapping[int, Mapping[int, Any]] | None = None,
        first: int | None = None,
        **common: Any,
    ) -> None:
        n = np.shape(x0)[-1] if np.ndim(x0) else 0
        self._counts, self._whole = as_categories(categories, n), as_whole(integrality, n)
        self._levels = as_levels(levels, n)
        self.conditions = as_conditions(conditions, self._counts)
        self.first = min(max(n + 1, 6), 12) if first is None else as_count(first, "first")
        super().__init__(x0, sigma0, **common)

    def _init(self) -> None:
        self.searches = []
        tolerance = np.broadcast_to(self._watch.thresholds.get("tolimprovement", 0.0), self.batch)
        for row, at in enumerate(np.ndindex(self.batch)):
            start = self.mean[at]
            domain = Domain(
                start, self.scale0[at], self.box, self._counts, self._whole, self._levels, self.conditions
            )  # fmt: skip
            self.searches.append(GPSearch(domain, start, self._streams[row], self.first, float(tolerance[at])))
        self._rank: FloatArray = np.empty(0)

    def _candidates(self, k: int) -> FloatArray:
        points = [search.ask(k, rng) for search, rng in zip(self.searches, self._streams, strict=True)]
        return self._side_by_side(points, k, self.n)

    @property
    def expected(self) -> Any:
        """Largest improvement that was expected of the latest points, in units of the spread of f, per run."""
        return self._side_by_side([search.expected for search in self.searches])

    @property
    def constant(self) -> Any:
        """Whether all values are the same, per run."""
        return self._side_by_side([search.constant for search in self.searches])
