"""What strategies share whose covariance matrix moves by an exponential: exact NES, xNES and DX-NES-IC."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts import parameters
from es.parts.full import FullCovariance, steps


class Exponential(FullCovariance):
    """Steps sigma A z, with A and sigma moved in exponential coordinates, A exp(M / 2).

    Source: Glasmachers, Schaul, Yi, Wierstra & Schmidhuber, Exponential natural evolution strategies (GECCO 2010).
    """

    utilities: FloatArray
    eta_sigma: Any
    eta_B: Any

    def _set_rates(self, popsize: int) -> None:
        n = self.n
        self.utilities = parameters.utilities(popsize)
        self.eta_sigma = self.eta_B = (9 + 3 * math.log(n)) / (5 * n * math.sqrt(n))

    def _sample(self, z: FloatArray) -> FloatArray:
        return steps(self.sigma, self.A, z)

    def _grow(self, G: FloatArray, eta_B: Any, eta_sigma: Any) -> None:
        """A <- A exp(eta_B / 2 (G - G_sigma I)) and sigma <- sigma exp(eta_sigma / 2 G_sigma), G_sigma = tr(G) / n.

        G (..., n, n) is symmetric, so that eigenvectors give the exponential.
        """
        G_sigma = np.trace(G, axis1=-2, axis2=-1) / self.n
        values, vectors = np.linalg.eigh(G)
        growth = np.exp(np.asarray(0.5 * eta_B)[..., None] * (values - np.asarray(G_sigma)[..., None]))
        self.A = self.A @ (vectors * growth[..., None, :] @ vectors.mT)
        self.sigma = self.sigma * np.exp(0.5 * eta_sigma * G_sigma)
