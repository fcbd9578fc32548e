"""MO-CMA-ES: covariance matrix adaptation for several objectives."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.one_plus_one_cholesky import cholesky_update
from es.pareto import best_rows, fronts
from es.shapes import FloatArray, as_count, as_scale, as_start, check_inside
from es.state import generator_from_text, generator_to_text
from problems.boxes import as_box


class MOCMAES:
    """MO-CMA-ES: a population of (1+1)-CMA-ES, selected by dominance and hypervolume.

    Source: Igel, Hansen & Roth, Covariance matrix adaptation for multi-objective optimization (Evolutionary
    Computation 15(1), 2007), with the notion of success of Voß, Hansen & Igel, Improved step size adaptation for the
    MO-CMA-ES (GECCO 2010): an offspring is one if it is selected. One run only, by ask and tell.

    Parameters
    ----------
    x0 : array_like, shape (n,)
        The first population is drawn around it.
    sigma0 : float or array_like, shape (n,), optional
        Initial standard deviations.
    bounds : scipy.optimize.Bounds or sequence of (low, high), optional
        Points are evaluated at the nearest point of the box; how far they were moved is added, times 1e-6, when they
        are ranked (section 5.1 of the 2007 paper).
    popsize : int
        Points of the population, and offspring per iteration.
    rng : None, int, SeedSequence or Generator

    Attributes
    ----------
    parents : ndarray, shape (popsize, n)
    values : ndarray, shape (popsize, m)
        Their objectives, as they are ranked.

    Examples
    --------
    >>> opt = MOCMAES([1.0, 1.0], 1.0, popsize=10, rng=1)
    >>> for _ in range(50):
    ...     x = opt.ask()
    ...     opt.tell(x, np.stack([(x**2).sum(-1), ((x - 1) ** 2).sum(-1)], axis=-1))
    >>> opt.result.x.shape, opt.result.fun.shape
    ((10, 2), (10, 2))
    """

    kind: ClassVar[str] = "multiobjective"
    paper: ClassVar[str] = "Igel, Hansen & Roth, Evolutionary Computation 15(1), 2007"
    cost: ClassVar[str] = "n^2 popsize + popsize^3 log(popsize)"
    good_for: ClassVar[str] = "two or three objectives; the result is a set of compromises"
    state_names: ClassVar[tuple[str, ...]] = ("parents", "values", "sigma", "p_succ", "A", "q")

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        bounds: Any = None,
        popsize: int = 20,
        rng: Any = None,
    ) -> None:
        start = as_start(x0)
        if start.ndim != 1:
            raise ValueError(f"x0 must have shape (n,), got {start.shape}: MO-CMA-ES is one run")
        self.n, self.popsize = start.size, as_count(popsize, least=2)
        self.box = as_box(bounds, self.n)
        check_inside(start, self.box)
        scale = as_scale(sigma0, start, self.box)
        self._rng = np.random.default_rng(rng)
        self.parents: FloatArray = np.tile(start, (self.popsize, 1))
        self.values: FloatArray = np.empty((0, 0))
        self.sigma: FloatArray = np.full(self.popsize, scale.max())
        self.A: FloatArray = np.tile(np.diag(scale / scale.max()), (self.popsize, 1, 1))
        self.q: FloatArray = np.zeros((self.popsize, self.n))
        self._target, self._cp = 2 / 11, 1 / 12  # table 1 of the 2007 paper
        self._damping, self._threshold = 1 + self.n / 2, 0.44
        self._cc, self._ccov = 2 / (self.n + 2), 2 / (self.n**2 + 6)
        self.p_succ: FloatArray = np.full(self.popsize, self._target)
        self.nfev = self.nit = 0
        self._asked: tuple[FloatArray, FloatArray] | None = None

    def ask(self) -> FloatArray:
        """One offspring of each parent, shape (popsize, n), inside the bounds."""
        z = self._rng.standard_normal((self.popsize, self.n))
        u = self.parents + self.sigma[:, None] * (self.A @ z[..., None])[..., 0]
        self._asked = z, u
        return self._inside(u)

    def tell(self, x: npt.ArrayLike, f: npt.ArrayLike) -> None:
        """Hand over the objectives of the points of the last `ask`.

        Parameters
        ----------
        x : array_like, shape (popsize, n)
            The points, in the order in which they were asked.
        f : array_like, shape (popsize, m)
            Their objectives; a row that is not finite ranks last.

        Raises
        ------
        ValueError
            If the points are others, or the values have another shape.
        """
        values = np.asarray(f, dtype=float)
        if self._asked is None or not np.array_equal(np.asarray(x), self._inside(self._asked[1])):
            raise ValueError("x must be the points of the last ask, in their order")
        if values.ndim != 2 or len(values) != self.popsize or (self.nit and values.shape[1] != self.values.shape[1]):
            raise ValueError(f"f must have shape ({self.popsize}, number of objectives), got {values.shape}")
        z, u = self._asked
        self._asked = None
        values = np.where(np.isfinite(values).all(1)[:, None], values, np.inf)
        values = values + 1e-6 * ((u - self._inside(u)) ** 2).sum(1)[:, None]
        self.nfev += self.popsize
        self.nit += 1
        if self.nit == 1:  # the first population
            self.parents, self.values = u, values
            return
        both = np.concatenate([self.values, values])
        chosen = best_rows(both, self.popsize)
        success = np.isin(np.arange(self.popsize) + self.popsize, chosen)
        # Parent and offspring learn alike from success, the covariance matrix of the offspring from its step.
        p_succ = (1 - self._cp) * self.p_succ + self._cp * success
        sigma = self.sigma * np.exp((p_succ - self._target) / (1 - self._target) / self._damping)
        A, q = cholesky_update(self.A, self.q, z, p_succ < self._threshold, self._cc, self._ccov)
        for name, old, new in (
            ("parents", self.parents, u),
            ("values", self.values, values),
            ("sigma", sigma, sigma),
            ("p_succ", p_succ, p_succ),
            ("A", self.A, A),
            ("q", self.q, q),
        ):
            setattr(self, name, np.concatenate([old, new])[chosen])

    @property
    def result(self) -> Any:
        """The Pareto set found: `x` (k, n), `fun` (k, m), sorted by the first objective; `nfev`, `nit`."""
        from scipy.optimize import OptimizeResult

        result = OptimizeResult()
        result.update({"x": np.empty((0, self.n)), "fun": np.empty((0, 0)), "nfev": self.nfev, "nit": self.nit})
        if not self.nit:
            return result
        front = np.flatnonzero((fronts(self.values) == 0) & np.isfinite(self.values).all(1))
        front = front[self.values[front, 0].argsort(kind="stable")]
        x = self._inside(self.parents[front])
        penalty = 1e-6 * ((self.parents[front] - x) ** 2).sum(1)[:, None]
        result.update({"x": x, "fun": self.values[front] - penalty})
        return result

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """The state between two iterations, as arrays (see `es.state.save`)."""
        arrays = {name: np.array(getattr(self, name)) for name in self.state_names}
        return {
            **arrays,
            "counts": np.array([self.nfev, self.nit]),
            "rng": np.array(generator_to_text(self._rng)),
        }

    def load_state_dict(self, arrays: Any) -> None:
        """Go on where `state_dict` was taken, bit for bit."""
        for name in self.state_names:
            setattr(self, name, np.array(arrays[name]))
        self.nfev, self.nit = (int(count) for count in arrays["counts"])
        self._rng = generator_from_text(str(arrays["rng"]))
        self._asked = None

    def _inside(self, u: FloatArray) -> FloatArray:
        return u.copy() if self.box is None else np.clip(u, self.box.lb, self.box.ub)
