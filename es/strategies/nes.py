"""Natural evolution strategy with a Fisher matrix estimated from samples: the definition, carried out as it stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.parts.exponential import Exponential
from es.parts.invariances import ALL
from es.parts.sampling import plain


class NES(Exponential):
    """Exact NES: search gradient times the inverse of a Fisher matrix that is estimated from samples.

    Source: Wierstra, Schaul, Glasmachers, Sun, Peters & Schmidhuber, Natural Evolution Strategies (JMLR 15, 2014),
    in exponential coordinates: x = m + sigma A exp(M / 2) z, gradients at M = 0.
    There the Fisher matrix does not depend on the distribution, so that it is estimated once, and samples for it need
    no evaluations. As their number grows the direction becomes that of xNES, which has the Fisher matrix in closed
    form; the rates are those of xNES.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, sampling
        See `Strategy`.
    fisher_samples : int, optional
        Samples for the Fisher matrix; default 2000 or 50 p, the larger, p = n + n (n + 1) / 2 being its size.

    Attributes
    ----------
    fisher : ndarray, shape (p, p), or (runs, p, p)
        The estimate, in the coordinates of `scores`.
    """

    paper = "Wierstra et al., JMLR 15 (2014)"
    cost = "n^6"
    good_for = "a handful of variables; to see what xNES computes in closed form"
    claims = ALL
    state_names = ("mean", "sigma", "A", "fisher")

    fisher: FloatArray

    def __init__(
        self, x0: npt.ArrayLike, sigma0: Any = None, *, fisher_samples: int | None = None, **common: Any
    ) -> None:
        self._fisher_samples = fisher_samples
        super().__init__(x0, sigma0, **common)

    def _init(self) -> None:
        super()._init()
        size = self.n + self.n * (self.n + 1) // 2
        samples = max(2000, 50 * size) if self._fisher_samples is None else self._fisher_samples
        if samples < 2 * size:
            raise ValueError(f"fisher_samples must be at least 2 p = {2 * size}, got {samples}")
        self.fisher = self._estimate_fisher(samples, size)

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        delta, M = self.direction(z)
        self.mean += np.asarray(self.sigma)[..., None] * (self.A @ delta[..., None])[..., 0]
        self._grow(M, self.eta_B, self.eta_sigma)

    def direction(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Natural gradient F^-1 sum u_i s(z_i) in (delta, M) for ranked z (..., k, n): shapes (..., n), (..., n, n)."""
        gradient = self.utilities @ scores(z)
        theta = np.asarray(np.linalg.solve(self.fisher, gradient[..., None])[..., 0], dtype=float)
        return theta[..., : self.n], _matrix(theta[..., self.n :], self.n)

    def _estimate_fisher(self, samples: int, size: int) -> FloatArray:
        """F = E s s^T by the mean over samples, a block of them at a time."""
        fisher = np.zeros((*self.batch, size, size))
        for start in range(0, samples, 1000):
            s = scores(plain(self._streams, self.batch, min(1000, samples - start), self.n))
            fisher += s.mT @ s
        return fisher / samples


def scores(z: FloatArray) -> FloatArray:
    """Derivatives of the log-density in delta and M, for z (..., k, n): shape (..., k, p).

    z for delta, (z z^T - I) / 2 for M, in coordinates that keep lengths: off-diagonal entries times sqrt(2).
    """
    i, j = np.triu_indices(z.shape[-1])
    products = 0.5 * (z[..., i] * z[..., j] - (i == j)) * np.where(i == j, 1.0, math.sqrt(2))
    return np.concatenate([z, products], axis=-1)


def _matrix(entries: FloatArray, n: int) -> FloatArray:
    """The symmetric matrix (..., n, n) whose coordinates, as in `scores`, these are."""
    i, j = np.triu_indices(n)
    M = np.zeros((*entries.shape[:-1], n, n))
    M[..., i, j] = M[..., j, i] = entries / np.where(i == j, 1.0, math.sqrt(2))
    return M
