"""Exponential natural evolution strategy."""

from __future__ import annotations

from es.core import stopping
from es.core.arrays import FloatArray
from es.parts.exponential import Exponential
from es.parts.invariances import ALL


class XNES(Exponential):
    """Exponential natural evolution strategy: full covariance, follows the natural gradient in exponential coordinates.

    Source: Glasmachers, Schaul, Yi, Wierstra & Schmidhuber, Exponential natural evolution strategies (GECCO 2010);
    Wierstra et al., Natural Evolution Strategies (JMLR 15, 2014). Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    A : ndarray, shape (n, n), or (runs, n, n)
        Normalised factor B of the covariance matrix, sigma^2 B B^T.
    """

    paper = "Glasmachers et al., GECCO 2010"
    cost = "n^3 + n^2 popsize"
    good_for = "small ill-conditioned problems; the reference for natural gradients"
    claims = ALL
    criteria = stopping.COVARIANCE

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        u = self.utilities
        self.mean += u @ y  # sigma B G_delta, with G_delta = sum u_i z_i
        G = z.mT @ (u[:, None] * z)  # G_M = sum u_i (z_i z_i^T - I); the utilities sum to 0
        self._grow(G, self.eta_B, self.eta_sigma)

    def _set_rates(self, popsize: int) -> None:
        super()._set_rates(popsize)
        self._shape_rate = self.eta_B
