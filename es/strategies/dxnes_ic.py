"""Distance-weighted exponential natural evolution strategy for implicit constraints."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core import stopping
from es.core.arrays import FloatArray
from es.parts.exponential import Exponential
from es.parts.invariances import ALL
from es.parts.phases import Phases


class DXNESIC(Phases, Exponential):
    """DX-NES-IC: xNES with rates that follow the phase of the search; copes with regions that have no value.

    Source: Nomura, Sakai, Fukushima & Ono, Distance-weighted exponential natural evolution strategy for implicitly
    constrained black-box function optimization (CEC 2021). Parameters: see `Phases`. Points without a
    finite value are infeasible: they rank by their distance from the mean, and slow the learning down.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    A : ndarray, shape (n, n), or (runs, n, n)
        Normalised factor B of the covariance matrix, sigma^2 B B^T.
    gamma : float, or (runs,)
        By how much expansion is emphasised while the distribution moves.
    """

    paper = "Nomura et al., CEC 2021"
    cost = "n^3 + n^2 popsize"
    good_for = "small ill-conditioned problems, regions where the objective has no value"
    claims = ALL
    criteria = stopping.COVARIANCE
    state_names = ("mean", "sigma", "A", "ps", "gamma")

    gamma: Any

    def _init(self) -> None:
        Exponential._init(self)
        self.ps = np.zeros(self.mean.shape)
        self.gamma = self._each(1.0)
        self._c_gamma = 1 / (3 * max(1, self.n - 1))

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        moves, converges = self._phase(self.utilities @ z)
        w = self._weights(np.vecdot(z, z), moves)[..., None, :]
        self.mean += (w @ y)[..., 0, :]  # sigma B G_delta
        G = z.mT @ (w.mT * z)  # G_M = sum w_i (z_i z_i^T - I); the weights sum to 0
        before = self.A
        self._grow(G, self._rate_of_shape(moves, converges), self._eta_sigma(moves, converges))
        self._expand(before, moves)

    def _rate_of_shape(self, moves: Any, converges: Any) -> Any:
        """Learning rate of the shape."""
        n = self.n
        return np.where(moves, 180, np.where(converges, 12, 168)) * (
            n * np.tanh(0.02 * self.feasible) / (47 * n * n + 6400)
        )

    def _expand(self, before: FloatArray, moves: Any) -> None:
        """Emphasise the expansion along principal axes, in `units`, that grew while the distribution moves."""
        units = self.units[..., :, None]
        before, A = before / units, self.A / units
        old, new = before @ before.mT, A @ A.mT
        # Where axes are of equal length, as at the start, those of the new matrix decide: nothing depends on the
        # coordinates.
        axes = np.linalg.eigh(old + 1e-6 * new)[1]
        tau = (axes * (new @ axes)).sum(-2) / (axes * (old @ axes)).sum(-2) - 1
        d_gamma = min(1.0, self.n / self._rates_popsize)
        largest = np.sqrt(1 + d_gamma * np.maximum(tau.max(-1), 0.0))
        self.gamma = np.maximum((1 - self._c_gamma) * self.gamma + self._c_gamma * largest, 1.0)[()]
        if not np.any(moves):
            return
        grows = np.where((tau > 0) & np.asarray(moves)[..., None], np.asarray(self.gamma)[..., None], 1.0)
        scale = np.exp(np.log(grows).mean(-1))  # det(Q)^(1/n)
        Q = axes * (grows / scale[..., None])[..., None, :] @ axes.mT
        self.A = np.where(np.asarray(moves)[..., None, None], units * (Q @ A), self.A)
        self.sigma = self.sigma * scale

    @property
    def rare_interval(self) -> int:
        """Iterations between looks at criteria that need a decomposition of the covariance matrix."""
        return max(1, self.n // 2)
