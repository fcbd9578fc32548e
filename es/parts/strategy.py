"""Base class of all strategies that sample: points are the mean plus a step made from standard normal z.

A strategy states what its paper's box states: a step for each z, and what the ranked z teach. All else is here, once:
drawing, bounds, finding out which z belongs to a point that was told, points of the caller's own, ranking.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core import stopping
from es.core.arrays import FloatArray, IntArray, check_finite, check_inside, pick_rows, pick_rows_of
from es.core.optimizer import Optimizer
from es.core.told import Told
from es.parts import bounds as boxes
from es.parts.matching import OWN, fill_in, longest_own, places, unchanged
from es.parts.precision import RANGE, as_precision, inner_box, nearest_box
from es.parts.sampling import SAMPLERS, Ahead, sampler


class Strategy(Optimizer):
    """An evolution strategy: sample around a mean, learn from the ranks.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop
        See `Optimizer`.
    bounds_method : {"transform", "narrow", "reflect", "penalty"}
        How bounds are kept (`es.parts.bounds`).
    sampling : {"normal", "mirrored", "orthogonal", "mirrored-orthogonal"}
        How the normal samples of a population are drawn (`es.parts.sampling`).
    dtype : {"float64", "float32"} or NumPy type
        Precision of the samples and the points; single precision takes half the memory and less time. What is learned
        is in double precision all the same. Points that are told are rounded to it.

    Notes
    -----
    A strategy gives `_sample`, what its steps are, and `_update`, what the ranked ones teach; `_init` for its state,
    `_set_rates` for what depends on the number of points alone, and `_invert_sample`, without which points of the
    caller's own cannot be told. Attributes that change from tell to tell are listed in `state_names`: they are what is
    saved. Formulas go over the last axes only, `y.shape[-2]` points of `y.shape[-1]` variables, so that the same lines
    serve one run and a stack of them, in which all state has a leading axis.

    Examples
    --------
    Steps of one length for all coordinates; the mean of the better half and its spread:

    >>> import numpy as np
    >>> from es import Strategy, check_strategy
    >>> class BetterHalf(Strategy):
    ...     claims = frozenset({"translation", "scaling", "rotation", "monotone", "permutation"})
    ...     state_names = ("mean", "sigma")
    ...     def _set_rates(self, popsize):
    ...         mu = max(1, popsize // 2)
    ...         self.weights = np.full(mu, 1 / mu)
    ...     def _init(self):
    ...         self.sigma = self.scale0.max(-1)
    ...     def _sample(self, z):
    ...         return self.sigma[..., None, None] * z
    ...     def _invert_sample(self, y):
    ...         return y / self.sigma[..., None, None]
    ...     def _update(self, z, y):
    ...         mu = len(self.weights)
    ...         square = np.vecdot(z, z)[..., :mu, None]
    ...         self.mean += self.weights @ y[..., :mu, :]
    ...         self.sigma = self.sigma * np.sqrt((self.weights @ square)[..., 0] / self.n)
    >>> check_strategy(BetterHalf)
    >>> opt = BetterHalf([3.0, -2.0], 1.0, popsize=20, rng=1, stop={"ftarget": 1e-8})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.success)
    True
    """

    criteria: ClassVar[tuple[str, ...]] = stopping.DISTRIBUTION
    min_rows: ClassVar[int] = 2
    _shape_rate: float = math.inf  # by which the covariance matrix changes in an iteration, where a strategy knows it
    _ahead: Ahead | None = None  # what draws in the place of `_normal`
    _untouched: bool = False  # whether points always come back as they were asked
    _in_order: bool = False  # whether those of the only `ask` since the last tell are told as they were asked
    takes_late_points: ClassVar[bool] = True
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma")
    asked_parts: ClassVar[tuple[str, ...]] = ("z", "y", "x")  # what is kept of points until they are told

    sigma: Any

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        bounds_method: str = boxes.DEFAULT,
        sampling: str = "normal",
        dtype: npt.DTypeLike = np.float64,
        **common: Any,
    ) -> None:
        self.dtype = as_precision(dtype)
        self._range = RANGE[self.dtype.type]
        self._normal = sampler(sampling)
        self._bounds_method = bounds_method
        self._asked: list[tuple[npt.NDArray[Any], ...]] = []  # samples, steps and points since the last tell
        self._told: tuple[FloatArray, FloatArray]
        super().__init__(x0, sigma0, **common)

    # What a strategy gives -------------------------------------------------------------------------

    def _set_rates(self, popsize: int) -> None:
        """Weights and rates for this many rows: called before `_init`, and when `tell` gets another number of rows."""

    def _sample(self, z: FloatArray) -> FloatArray:
        """Steps from the mean (..., k, n) for standard normal z (..., k, n)."""
        raise NotImplementedError(f"{type(self).__name__} must define _sample: it makes steps of standard normal z")

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        """Learn from z and steps y = x - mean, both (..., k, n), rows sorted best first."""
        raise NotImplementedError(f"{type(self).__name__} must define _update: it moves the distribution on")

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        """The z that `_sample` maps to the steps y; needed for points of the caller's own."""
        raise NotImplementedError(f"{type(self).__name__} must define _invert_sample: own points need it")

    # Drawn from the state --------------------------------------------------------------------------

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return np.broadcast_to(np.asarray(self.sigma)[..., None], self.mean.shape)

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis of the distribution in `units`, per run."""
        stds = self.stds / self.units
        return stds.max(-1) / stds.min(-1)

    def axes(self) -> FloatArray:
        """Principal axes in `units` as columns (..., n, n), each times its standard deviation, in the caller's x."""
        return np.eye(self.n) * self.stds[..., None, :]

    @property
    def rare_interval(self) -> int:
        """Iterations in which the covariance matrix can change by about a fifth: between looks at decompositions."""
        return max(1, math.ceil(0.2 / self._shape_rate))

    @property
    def x_mean(self) -> FloatArray:
        """Mean of the distribution in the caller's coordinates, inside the bounds."""
        return self._decode(self.mean).copy()

    # The base's hooks ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        box = inner_box(self.box, self.dtype)
        self.handler = None if box is None else boxes.handler(self._bounds_method, box, self.scale0)
        self.mean = self._encode(self.mean)
        self._rates_popsize = self.popsize
        self._set_rates(self.popsize)
        self._init()

    def _default_popsize(self) -> int:
        return 4 + int(3 * np.log(self.n))

    @property
    def least_rows(self) -> int:
        """How many points of its present distribution the strategy learns from at least: a population."""
        return self.popsize

    def _points_out(self) -> FloatArray:
        return self._all_asked()[2]

    def _decode(self, u: FloatArray) -> FloatArray:
        """Points to evaluate for points of the strategy."""
        return u if self.handler is None else self.handler.decode(u)

    def _encode(self, x: FloatArray) -> FloatArray:
        return x if self.handler is None else self.handler.encode(x)

    def _candidates(self, k: int) -> FloatArray:
        z = (self._ahead or self._normal)(self._streams, self.batch, k, self.n, self.dtype)
        y = self._sample(z)
        u = self.mean[..., None, :] + y
        x = np.asarray(self._decode(u), dtype=self.dtype)
        self._asked.append((z, y, x))
        return x if self._untouched else x.copy()

    def draw_ahead(self, untouched: bool = False) -> None:
        """Draw the samples of several generations at once from here on; the state cannot be saved then.

        `untouched`: each population will be told as it was asked, so that nobody has to look.
        """
        self._untouched = untouched
        plain = self._normal is SAMPLERS["normal"] and self.dtype == np.float64
        if plain and self._draws_plainly:
            self._ahead = Ahead()

    @property
    def _draws_plainly(self) -> bool:
        return type(self)._candidates is Strategy._candidates

    def _all_asked(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Samples, steps and points (..., j, n) of all that was asked since the last tell."""
        if not self._asked:
            none = np.empty((*self.batch, 0, self.n))
            return none, none, none
        z, y, x = (np.concatenate(parts, axis=-2) for parts in zip(*self._asked, strict=True))
        return z, y, x

    def _arrange(self, x: FloatArray) -> IntArray | None:
        self._in_order = len(self._asked) == 1 and (self._untouched or unchanged(x, self._asked[0][2]))
        if not self._in_order:
            return self._match(x, *self._all_asked())
        z, y, _ = self._asked[0]
        self._told = z, y
        return None

    def _match(self, x: FloatArray, z_asked: FloatArray, y_asked: FloatArray, x_asked: FloatArray) -> IntArray:
        """Rows as they were asked, then those of the caller's own, whose z is found by going back from the point."""
        place = places(x, x_asked)
        if self._waiting is None and x_asked.shape[-2] > x.shape[-2]:
            self._leave_out(x_asked, x)
        order: IntArray = place.argsort(-1, kind="stable")
        if place.max() < OWN:
            z, y = pick_rows(z_asked, place), pick_rows(y_asked, place)
        else:
            z, y = self._of_own(x)
            if z_asked.shape[-2]:
                z, y = fill_in(z, z_asked, place), fill_in(y, y_asked, place)
        self._told = pick_rows(z, order), pick_rows(y, order)
        return order

    def _learnable(self, told: Told) -> Told:
        """All rows; of a strategy that cannot tell which z a point has, those of its present distribution."""
        if self.runs is not None or type(self)._invert_sample is not Strategy._invert_sample:
            return told
        return told.of(places(told.x, self._points_out()) < OWN)

    def _check_told(self, x: FloatArray) -> None:
        check_finite(x)
        check_inside(x, nearest_box(self.box, self.dtype), "x")

    def _of_own(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """z and steps of the caller's own points."""
        self._check_told(x)
        z = self._invert_sample(self._encode(x) - self.mean[..., None, :])
        longest = longest_own(self.n)
        length = np.sqrt(np.vecdot(z, z))[..., None]
        z = np.where(length > longest, z * (longest / np.maximum(length, longest)), z)
        z = np.where(length > 0, z, 1e-100)  # a point at the mean has no direction: any will do
        return z, self._sample(z)

    def _told_points(self) -> FloatArray:
        """The points that were told, (..., k, n), before they were brought inside the bounds."""
        return self.mean[..., None, :] + self._told[1]

    def _square_lengths(self) -> FloatArray:
        """|z|^2 of the points that were told, (..., k)."""
        z = self._told[0]
        return np.vecdot(z, z)

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        if self.handler is None:
            return f
        u = self.handler.decoded(self._asked[0][2]) if self._in_order else None
        return self.handler.ranked_by(f, self._told_points() if u is None else u, self)

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        z, y = self._told
        self._adjust_rates(z.shape[-2])
        self._update(*pick_rows_of((z, y), order))

    def _adjust_rates(self, k: int) -> None:
        """Weights and rates for this many rows, where there were others before."""
        if k != self._rates_popsize:
            self._rates_popsize = k
            self._set_rates(k)

    def _after(self) -> None:
        self._asked.clear()
        least, most, interval = self._range
        if self.nit % interval == 0:
            # Whoever goes on beyond tolfacupx or tolx for long enough comes to the ends of the range of the numbers.
            self.sigma = np.clip(self.sigma, least, most)

    def _summary(self, run: int, row: int) -> dict[str, Any]:
        return {
            **super()._summary(run, row),
            "sigma": float(np.max(self.sigma if self.runs is None else self.sigma[row])),
        }

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Optimizer.state_dict`; points that were asked and not yet told are part of it."""
        arrays = super().state_dict()
        arrays["rates_popsize"] = np.array(self._rates_popsize)  # steps may depend on rates, as those of LM-MA-ES
        for i, parts in enumerate(self._asked):
            arrays |= {f"asked.{i}.{name}": part.copy() for name, part in zip(self.asked_parts, parts, strict=True)}
        return arrays

    def load_state_dict(self, arrays: Any) -> None:
        """See `Optimizer.load_state_dict`."""
        super().load_state_dict(arrays)
        self._adjust_rates(int(arrays["rates_popsize"]))
        self._asked = []
        while f"asked.{len(self._asked)}.z" in arrays:
            i = len(self._asked)
            self._asked.append(tuple(np.array(arrays[f"asked.{i}.{part}"]) for part in self.asked_parts))

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        if self.handler is not None:
            self.handler.take(rows)
        if self._ahead is not None:
            self._ahead.take(rows)
        self._asked = [tuple(part[rows] for part in parts) for parts in self._asked]
