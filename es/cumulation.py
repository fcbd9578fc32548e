"""The evolution path of a covariance matrix, and the rates of its update: what CMA-ES and its kin share.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772). The path is kept in the
coordinates of z, where C is the identity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from es.parameters import CMAParameters
from es.pathlength import PathLength
from es.shapes import FloatArray


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

    def _set_parameters(self, p: CMAParameters) -> None:
        """Take over weights and rates in `_tune`, and prepare what depends on nothing else."""
        self.parameters = p
        self._set_path(p.cs, p.damps, p.mueff)
        self._recombine = p.weights[: p.mu]
        used = len(p.weights) if self._active else p.mu
        self._rates = np.append(p.cmu * p.weights[:used], p.c1)[:, None]  # of each z in the update of C, and of q
        self._worse = self.n * p.cmu * p.weights[p.mu : used]
        self._hsig_limit = (1.4 + 2 / (self.n + 1)) * self._chi
        # What depends on hsig: without and with it.
        self._q_gain = np.array([0.0, math.sqrt(p.cc * (2 - p.cc) * p.mueff)])
        self._decay = 1 - p.c1 - p.cmu * p.weights.sum() + np.array([p.c1 * p.cc * (2 - p.cc), 0.0])

    def _cumulate(self, z_w: FloatArray) -> Any:
        """Move both paths; returns hsig, False where that of the step size is too long."""
        p = self.parameters
        self._lengthen(z_w)  # (43)
        warmed = math.sqrt(1 - (1 - p.cs) ** (2 * (self.nit + 1)))
        hsig = self._length < self._hsig_limit * warmed  # below (45)
        self.q *= 1 - p.cc  # (45)
        self.q += self._q_gain.take(hsig)[..., None] * z_w
        return hsig

    def _update_rates(self, z: FloatArray) -> FloatArray:
        """Rate of each z in the update of C, cmu w_i, and of q, c1: shape (..., k + 1, 1).

        Where w_i < 0 it is multiplied by n / |z_i|^2, which keeps C positive definite (46).
        """
        D = np.empty(z.shape[:-2] + self._rates.shape)
        D[...] = self._rates
        if self._active:
            worse = z[..., self.parameters.mu :, :]
            np.divide(self._worse, np.vecdot(worse, worse), out=D[..., self.parameters.mu : -1, 0])
        return D
