"""The evolution path of a covariance matrix, and the rates of its update: what CMA-ES and its kin share.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772). The path is kept in the
coordinates of z, where C is the identity.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.parts.parameters import CMAParameters, of_runs
from es.parts.pathlength import PathLength


class Cumulation(PathLength):
    """A strategy that learns a covariance matrix by a rank-one and a rank-mu update.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, sampling
        See `Strategy`.
    active : bool
        Whether the worse half of the points gets negative weights in the update of the covariance matrix.

    Attributes
    ----------
    q : ndarray, shape (n,), or (runs, n)
        Evolution path of the covariance matrix.
    parameters : CMAParameters
        Weights and rates.
    """

    parameters: CMAParameters
    q: FloatArray
    _differ: bool  # whether rates differ from run to run

    # What `_set_parameters` gives that depends on the rates.
    _per_run: ClassVar[tuple[str, ...]] = (
        "_ps_keep", "_ps_gain", "_sigma_rate", "_rates", "_worse", "_q_keep", "_q_gain", "_decay",
    )  # fmt: skip

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        active: bool = True,
        **common: Any,
    ) -> None:
        self._active = active
        super().__init__(x0, sigma0, **common)

    def _init(self) -> None:
        super()._init()
        self.q = np.zeros(self.mean.shape)

    def _set_parameters(self, p: CMAParameters, *others: CMAParameters) -> None:
        """Take over weights and rates in `_set_rates`, and prepare what depends on nothing else.

        With several, one for each of the stacked runs: each formula runs for one, and the results get a leading axis.
        """
        if others:
            self._set_parameters_of_runs(p, *others)
            return
        self.parameters, self._differ = p, False
        self._set_path(p.cs, p.damps, p.mueff)
        self._recombine = p.weights[: p.mu]
        used = len(p.weights) if self._active else p.mu
        self._rates = np.append(p.cmu * p.weights[:used], p.c1)[:, None]  # of each z in the update of C, and of q
        self._worse = self.n * p.cmu * p.weights[p.mu : used]
        self._hsig_limit = (1.4 + 2 / (self.n + 1)) * self._chi
        # What depends on hsig: without and with it.
        self._q_keep: Any = 1 - p.cc
        self._q_gain = np.array([0.0, math.sqrt(p.cc * (2 - p.cc) * p.mueff)])
        self._decay = 1 - p.c1 - p.cmu * p.weights.sum() + np.array([p.c1 * p.cc * (2 - p.cc), 0.0])

    def _set_parameters_of_runs(self, *each: CMAParameters) -> None:
        one_by_one: dict[str, list[Any]] = {name: [] for name in self._per_run}
        for p in each:
            self._set_parameters(p)
            for name, values in one_by_one.items():
                values.append(getattr(self, name))
        for name, values in one_by_one.items():
            setattr(self, name, np.array(values))
        for name in ("_ps_keep", "_ps_gain", "_q_keep"):  # these meet vectors
            setattr(self, name, getattr(self, name)[:, None])
        self.parameters, self._differ = of_runs(each), True

    def _cumulate(self, z_w: FloatArray) -> Any:
        """Move both paths; returns hsig, False where that of the step size is too long."""
        self._lengthen(z_w)  # (43)
        hsig = self._length < self._hsig_limit * self._warmed(2 * (self.nit + 1))  # below (45)
        self.q *= self._q_keep  # (45)
        self.q += self._by_hsig(self._q_gain, hsig)[..., None] * z_w
        return hsig

    def _by_hsig(self, table: FloatArray, hsig: Any) -> FloatArray:
        """The entry for hsig of each run, of one table (2, ...) or of one for each (runs, 2, ...)."""
        if self._differ:
            each: FloatArray = table[np.arange(len(table)), hsig.astype(np.intp)]
            return each
        one: FloatArray = table.take(hsig, 0)
        return one

    def _warmed(self, exponent: int) -> Any:
        """sqrt(1 - (1 - cs)^exponent): the share of its stationary length that the path has come to."""
        cs = self.parameters.cs
        if not self._differ:
            return math.sqrt(1 - (1 - cs) ** exponent)
        # A power of Python, as above, which NumPy's may differ from in the last bit.
        return np.array([math.sqrt(1 - (1 - one) ** exponent) for one in cs.tolist()])

    def _update_rates(self, z: FloatArray) -> FloatArray:
        """Rate of each z in the update of C, cmu w_i, and of q, c1: shape (..., k + 1, 1).

        Where w_i < 0 it is multiplied by n / |z_i|^2, which keeps C positive definite (46).
        """
        if not self._active:
            return self._rates_of(None)
        worse = z[..., self.parameters.mu :, :]
        return self._rates_of(np.vecdot(worse, worse))

    def _rates_of(self, worse: FloatArray | None) -> FloatArray:
        """The same from |z_i|^2 (..., k - mu) where w_i < 0."""
        D = np.empty(self.batch + self._rates.shape[-2:])
        D[...] = self._rates
        if worse is not None:
            np.divide(self._worse, worse, out=D[..., self.parameters.mu : -1, 0])
        return D
