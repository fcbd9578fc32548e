"""CatCMA: numbers by CMA-ES and categories by a categorical distribution, learned from one ranking.

Hamano, Saito, Nomura, Uchida and Shirakawa, CatCMA: stochastic optimization for mixed-category problems (GECCO 2024,
arXiv:2405.09962). A category is one coordinate of x that holds 0, 1, ..., K - 1. Its z is as normal as that of any
other coordinate; the value is a quantile of the distribution (`es.parts.categorical`), so that all ways to save and to
stack runs hold for categories too. Beyond the paper the z of a category are a Latin hypercube over the population
(`es.parts.sampling.SpreadOut`): a value that chance leaves out of the first ones comes back by the margin alone,
which made one run in four take two to five times as long. To draw points anew that are in a population already saves
more where categories are all there is, but fails where what is hidden differs, as in the blocks of `ConditionalCMAES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray, as_start, check_inside, opened, pick_rows, search_widths
from es.parts import parameters
from es.parts.beside import Values
from es.parts.beside_samples import LooksBesideSamples
from es.parts.categorical import Categorical, Learned, margin
from es.parts.full import principal_axes, ratio_of_axes, steps
from es.parts.rates import cma_rates
from es.parts.sampling import SpreadOut
from es.strategies.cmaes import CMAES
from problems.boxes import Box, as_box
from problems.numbers import numbers

LEARNED = ("probabilities", "asng_path", "asng_gamma", "asng_delta")
# Criteria that take equal values for the end of a search, as they are where numbers are real; see `settled`.
OF_REALS: dict[str, None] = dict.fromkeys(("tolfun", "tolfunhist", "tolflatfitness", "tolx"))


class CatCMAES(LooksBesideSamples, CMAES):
    """CatCMA: CMA-ES for numbers beside a categorical distribution for values without an order.

    Source: Hamano, Saito, Nomura, Uchida and Shirakawa, CatCMA: stochastic optimization for mixed-category problems
    (arXiv:2405.09962).

    Parameters
    ----------
    categories : array_like of int, shape (n,), optional
        Number of values of each coordinate that is a category, which are then 0, 1, ..., K - 1; 0 where a coordinate is
        a number. Default: none is a category, which is CMA-ES with positive weights, bit for bit.
    preferred : array_like, shape (n,), optional
        For a category the value that begins with half of the probability, and its share of the rest; NaN where all
        values begin alike, and where a coordinate is a number. With a `Space` that is `init` where it was given.
    x0, sigma0, **common
        See `CMAES`. A category begins as `preferred` says, whatever x0 says, and takes the values inside its bounds.
        What is told for it is rounded to the nearest value. Beside categories sigma0 is by default the distance to the
        nearer bound over 6, as in the paper.

    Attributes
    ----------
    probabilities : ndarray, shape (m, K), or (runs, m, K)
        Of the values of each of the m categories, 0 beyond those that it has.

    Raises
    ------
    ValueError
        If `categories` or `preferred` has another shape, bounds leave a category no value, or none is the preferred
        one.

    Examples
    --------
    >>> opt = CatCMAES([1.0, 0.0], 1.0, categories=[0, 3], rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x[:, 0] - 3) ** 2 + (x[:, 1] != 2))
    >>> opt.result.x.round(4)
    array([3., 2.])
    """

    paper = "Hamano, Saito, Nomura, Uchida and Shirakawa, arXiv:2405.09962"
    cost = "n^2 popsize"
    good_for = "real numbers beside categories without an order, up to a few hundred variables"
    state_names: ClassVar[tuple[str, ...]] = (*CMAES.state_names, *LEARNED)
    criteria: ClassVar[tuple[str, ...]] = (*CMAES.criteria, "settled")
    active_default: ClassVar[bool] = False  # of the weights of the worse half: CatCMA has none
    nearer: ClassVar[float] = 6.0  # sigma0 where none is given: the distance to the nearer bound over this

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        categories: npt.ArrayLike | None = None,
        preferred: npt.ArrayLike | None = None,
        active: bool | None = None,
        bounds: Any = None,
        stop: Mapping[str, Any] | None = None,
        covariance0: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        start = as_start(x0)
        n = start.shape[-1]
        counts = as_categories(categories, n)
        self.places: IntArray = np.flatnonzero(counts)
        self.numeric: Any = np.flatnonzero(counts == 0) if self.places.size else slice(None)
        self._numbers: int = n - int(self.places.size)
        box = as_box(bounds, n)
        if self.places.size:
            if covariance0 is not None:
                raise ValueError("covariance0 cannot be given beside categories, which have no covariance: take sigma0")
            start = self._within(start, box, counts)
        self._preferred = self._as_preferred(preferred, n)
        if self.discrete:
            sigma0 = self._first_scale(start, box) if sigma0 is None and covariance0 is None else sigma0
            if isinstance(stop, Mapping | None):
                stop = {**OF_REALS, **(stop or {})}
        active = self.active_default if active is None else active
        super().__init__(start, sigma0, active=active, bounds=box, stop=stop, covariance0=covariance0, **common)

    @property
    def discrete(self) -> int:
        """Number of coordinates that are no real numbers."""
        return int(self.places.size)

    @property
    def dim(self) -> int:
        """Number of coordinates of the Gaussian: those that are numbers."""
        return self._numbers

    @property
    def _spread(self) -> IntArray:
        """Coordinates of z that are a Latin hypercube over the population."""
        return self.places

    @property
    def patience(self) -> int:
        """Generations in which a value that is sampled as rarely as the margin allows has been sampled ten times."""
        if not self.discrete:
            return 0
        alpha = margin(self.discrete)
        others = int(self.categorical.counts.max(initial=2)) - 1
        return int(10 * others / (alpha * self.popsize)) + 1

    def _within(self, start: FloatArray, box: Box | None, counts: IntArray) -> FloatArray:
        """Note what values bounds leave to each category; the start with the nearest of them."""
        j = self.places
        box = Box(-np.inf, np.inf, counts.size) if box is None else box
        low, high = np.maximum(np.ceil(box.lb[j]), 0.0), np.minimum(np.floor(box.ub[j]), counts[j] - 1.0)
        if (low > high).any():
            i = int(j[np.flatnonzero(low > high)[0]])
            raise ValueError(
                f"bounds must leave one of its {counts[i]} values to coordinate {i}, got [{box.lb[i]}, {box.ub[i]}]"
            )
        self._lowest, self.counts = low, (high - low).astype(np.intp) + 1
        check_inside(start, box)
        start = start.copy()
        start[..., j] = np.clip(np.rint(start[..., j]), low, high)
        return start

    @property
    def _ends(self) -> tuple[FloatArray, FloatArray]:
        """The first and the last value of each category."""
        return self._lowest, self._lowest + self.counts - 1.0

    def _as_preferred(self, preferred: npt.ArrayLike | None, n: int) -> FloatArray | None:
        """The preferred value of each category, counted from its lowest."""
        if preferred is None:
            return None
        given = np.array(preferred, dtype=float)
        if given.shape != (n,):
            raise ValueError(f"preferred must have shape ({n},), one entry per coordinate, got {given.shape}")
        if not np.isnan(np.delete(given, self.places)).all():
            raise ValueError("preferred must be NaN where a coordinate is a number: x0 says where that starts")
        if not self.places.size:
            return None
        found = given[self.places] - self._lowest
        odd = ~np.isnan(found) & ((found != np.rint(found)) | (found < 0) | (found >= self.counts))
        if odd.any():
            i = int(self.places[odd][0])
            raise ValueError(f"preferred must be a value of its category, got {given[i]:g} for coordinate {i}")
        return found

    def _first_scale(self, start: FloatArray, box: Box | None) -> FloatArray | None:
        """Default of sigma0; None where some coordinate has no finite bounds to tell it by."""
        width = search_widths(box, start)
        width[..., self.places] = 1.0
        if not np.isfinite(width).all():
            return None
        return np.where(width > 0, 0.5 * width / self._shares(start.shape[-1]), 1.0)

    def _shares(self, n: int) -> FloatArray:
        """What half the width of the bounds of each coordinate is divided by for its first standard deviation."""
        return np.full(n, self.nearer)

    def _default_popsize(self) -> int:
        """4 + 3 ln n; where numbers are beside discrete values 4 + 2.5 ln n, which takes a twentieth less evaluations.

        (With 4 + 2 ln n two of 30 runs fail on an ellipsoid of whole numbers.)
        """
        return 4 + int((2.5 if self.discrete and self.dim else 3) * np.log(self.n))

    # The strategy ----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        box = self.box
        if self.places.size:
            self.categorical = Categorical(self.counts, margin(self.discrete))
            self._keep(self.categorical.start(self.batch, self._preferred))
            self.scale0[..., self.places] = 1.0
            self.box = opened(box, self.places)  # the distribution keeps to its values by itself
        else:
            self.categorical = Categorical(np.zeros(0, np.intp), 0.0)
            self._keep(self.categorical.start(self.batch))
        super()._prepare()
        self.box = box
        if self._spread.size:
            self._normal = SpreadOut(self._normal.fill, self._normal.mirrored, tuple(self._spread.tolist()))
        if self.places.size:
            self.mean[..., self.places] = 0.0
            self.scale0[..., self.places] = self._spreads()

    def _keep(self, learned: Learned) -> None:
        self.probabilities, self.asng_path = learned.q, learned.path
        self.asng_gamma, self.asng_delta = learned.gamma, learned.Delta

    def _set_rates(self, popsize: int) -> None:
        if self.dim:
            super()._set_rates(popsize)
        else:  # of the rates, categories need the weights alone
            self.rates = cma_rates(1, False, parameters.cma(1, popsize, False))

    def _init(self) -> None:
        super()._init()
        if self.places.size:
            scale = self.scale0[..., self.numeric]
            self.sigma = scale.max(-1) if self.dim else self._each(1.0)
            self.A = np.eye(self.dim) * scale[..., None, :] / np.asarray(self.sigma)[..., None, None]

    def _decode(self, u: FloatArray) -> FloatArray:
        x, j = super()._decode(u), self.places
        if not j.size:
            return x
        x = np.array(x)
        q = self.probabilities
        if u.ndim == self.mean.ndim:  # one point for each run, the mean
            x[..., j] = self._lowest + self.categorical.likeliest(q)
        else:
            x[..., j] = self._lowest + self.categorical.values(q, u[..., j])
        return x

    def _encode(self, x: FloatArray) -> FloatArray:
        u, j = super()._encode(x), self.places
        if not j.size:
            return u
        u = np.array(u)
        values = x[..., j] - self._lowest
        single = x.ndim == self.mean.ndim
        z = self.categorical.normals(self.probabilities, values[..., None, :] if single else values)
        u[..., j] = z[..., 0, :] if single else z
        return u

    def _sample(self, z: FloatArray) -> FloatArray:
        if not self.places.size:
            return super()._sample(z)
        y = np.array(z, dtype=np.float64)
        if self.dim:
            y[..., self.numeric] = steps(self.sigma, self.A, z.take(self.numeric, -1))
        return y

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        if not self.places.size:
            return super()._invert_sample(y)
        z = np.array(y)
        if self.dim:
            move = y.take(self.numeric, -1) / self.sigma[..., None, None] / self.units[..., None, self.numeric]
            z[..., self.numeric] = np.linalg.solve(self._factor_in_units, move.mT).mT
        return z

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        self._chosen = pick_rows(x[..., self.places], order) if self.places.size else None
        super()._learn(x, f, g, order)

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        if self._chosen is None:
            super()._update(z, y)
            return
        if self.dim:  # CMA-ES in the coordinates that are numbers, as if there were no others
            mean, j = self.mean, self.numeric
            self.mean = mean.take(j, -1)
            of_numbers = z.take(j, -1)  # in C order, or sums would be taken in another one
            # A point of the caller's own may have the mean's numbers: any direction will do, but not none.
            of_numbers[~of_numbers.any(-1)] = 1e-100
            super()._update(of_numbers, y.take(j, -1))
            mean[..., j], self.mean = self.mean, mean
        r = self.rates
        old = Learned(self.probabilities, self.asng_path, self.asng_gamma, self.asng_delta)
        values = np.clip(np.rint(self._chosen[..., : r.mu, :]) - self._lowest, 0, self.counts - 1)
        self._keep(self.categorical.learned(old, values, r.recombination))

    @property
    def rare_interval(self) -> int:
        """Iterations in which C can change by about a fifth; without numbers there is no C."""
        return super().rare_interval if self.dim else 1

    # Looking beside the best point -----------------------------------------------------------------

    def _values(self) -> Values:
        values = super()._values()
        return values.joined(self.places, *self._ends, False) if self.places.size else values

    def _go_on_at(self, row: int, x: FloatArray) -> None:
        super()._go_on_at(row, x)
        if self.places.size:
            own = np.rint(x[self.places] - self._lowest)[:, None]
            held = self.categorical.inside(np.asarray(own == np.arange(self.categorical.width), dtype=float))
            alike, mean = self.categorical.start(()), self._of_row("mean", row).copy()
            mean[self.places] = 0.0
            held_values = held, alike.path, alike.gamma, alike.Delta, mean
            for name, value in zip((*LEARNED, "mean"), held_values, strict=True):
                self._set_row(name, row, value)

    # Looking at the distribution -------------------------------------------------------------------

    def _spreads(self) -> FloatArray:
        """How far each category is from being decided: the square root of its Gini impurity."""
        q = self.probabilities
        return np.sqrt(np.maximum(1 - (q * q).sum(-1), 1e-30))

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, of a category the square root of its Gini impurity."""
        if not self.places.size:
            return super().stds
        stds = np.empty(self.mean.shape)
        stds[..., self.places] = self._spreads()
        if self.dim:
            stds[..., self.numeric] = super().stds
        return stds

    @property
    def covariance(self) -> FloatArray:
        """Covariance matrix (n, n) or (active runs, n, n), diagonal where coordinates are categories."""
        if not self.places.size:
            return super().covariance
        axes = self._widened(np.asarray(self.sigma)[..., None, None] * self.A)
        return axes @ axes.mT

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis of the Gaussian in `units`, per run."""
        return ratio_of_axes(self._factor_in_units) if self.dim else self._each(1.0)

    def axes(self) -> FloatArray:
        """Principal axes in `units` as columns (..., n, n), each times its standard deviation, in the caller's x."""
        if not self.places.size:
            return super().axes()
        inner = principal_axes(self._factor_in_units, self.units[..., self.numeric])
        return self._widened(np.asarray(self.sigma)[..., None, None] * inner)

    def _widened(self, factor: FloatArray) -> FloatArray:
        """A matrix (..., dim, dim) with the other coordinates, whose standard deviations are on the diagonal."""
        wide = np.eye(self.n) * self.stds[..., None, :]
        wide[..., self.numeric[:, None], self.numeric] = factor
        return wide

    @property
    def _factor_in_units(self) -> FloatArray:
        return self.A / self.units[..., self.numeric, None]


def as_categories(categories: npt.ArrayLike | None, n: int) -> IntArray:
    """Number of values of each coordinate that is a category, 0 for the others.

    Raises ValueError if it has another shape than (n,), or an entry that is neither 0 nor a whole number of at least 2.
    """
    if categories is None:
        return np.zeros(n, dtype=np.intp)
    counts = numbers("categories", categories)
    if counts.shape != (n,):
        raise ValueError(f"categories must have shape ({n},), one entry per coordinate, got {counts.shape}")
    odd = (counts != np.rint(counts)) | (counts < 0) | (counts == 1) | ~np.isfinite(counts)
    if odd.any():
        raise ValueError(
            f"categories must hold the number of values of a category, at least 2, or 0 for a number, "
            f"got {counts[odd][0]:g}"
        )
    return counts.astype(np.intp)
