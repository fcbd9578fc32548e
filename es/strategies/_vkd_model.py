"""The restricted covariance matrix of VkD-CMA-ES, C = D (I + V^T S V) D, its update and the choice of k.

Akimoto & Hansen, Projection-based restricted covariance matrix adaptation for high dimension (GECCO 2016), and Online
model selection for restricted covariance matrix adaptation (PPSN 2016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from es.core.arrays import FloatArray

# Constants of the PPSN paper. (The authors' later programs have 1 and 2 for SLOPE_DIAGONAL, where the moving averages
# do not average.)
INC_COND = DEC_COND = 30.0  # an axis counts once its eigenvalue of the correlation part is beyond
GROWTH = math.sqrt(2)  # of k
SLOPE_SIGMA, SLOPE_DIAGONAL = 0.1, 0.3  # changes below which sigma and the diagonal have settled
SLOWDOWN = INC_COND / 10  # times slower than possible: what convergence is accepted to be


@dataclass
class VkDModel:
    """One run's covariance matrix."""

    D: FloatArray  # (n,)
    V: FloatArray  # (k, n), orthonormal rows
    S: FloatArray  # (k,), what each row adds to the variance along itself
    pc: FloatArray  # (n,), the evolution path
    diagonal: FloatArray  # (n,), log variances of the coordinates
    slope_diagonal: FloatArray  # (n,), the moving average of their change
    axes: FloatArray  # (k,), log of 1 + S
    slope_axes: FloatArray  # (k,), the moving average of its change
    log_sigma: float
    slope_sigma: float = 0.0
    since: int = 0  # iterations since k changed
    settled: int = 0  # iterations in a row, the last ones, in which the diagonal did not change

    @classmethod
    def start(cls, D: FloatArray, sigma: float) -> VkDModel:
        """A diagonal matrix, k = 0."""
        n, none = len(D), np.zeros(0)
        zeros = np.zeros(n)
        return cls(
            D, np.zeros((0, n)), none, zeros, 2 * np.log(D), zeros.copy(), none.copy(), none.copy(), math.log(sigma)
        )

    @property
    def k(self) -> int:
        """Number of axes."""
        return len(self.S)

    @property
    def stds(self) -> FloatArray:
        """Square roots of the diagonal of C."""
        return self.D * np.sqrt(1 + self.S @ self.V**2)

    def transform(self, z: FloatArray) -> FloatArray:
        """Normal vectors (..., n) with covariance C, for standard normal z."""
        return self.D * (z + ((z @ self.V.T) * (np.sqrt(1 + self.S) - 1)) @ self.V)

    def whiten(self, y: FloatArray) -> FloatArray:
        """The z that `transform` maps to y."""
        z: FloatArray = y / self.D
        return z + ((z @ self.V.T) * (1 / np.sqrt(1 + self.S) - 1)) @ self.V

    def rates(self, mueff: float) -> tuple[float, float, float]:
        """c1, cmu and cc for the present k, those of PPSN 2016."""
        n, k = len(self.D), self.k
        c1 = 2 / (n * (k + 1) + n + 2 * (k + 2) + mueff)
        cmu = min(1 - c1, 2 * (mueff - 2 + 1 / mueff) / (n * (k + 1) + 4 * (k + 2) + mueff))
        return c1, cmu, math.sqrt(c1)

    def update(self, y: FloatArray, w: FloatArray, hsig: bool) -> None:
        """Learn from selected steps y (mu, n), in units of sigma, with weights w that sum to 1."""
        mueff = 1 / float(w @ w)
        c1, cmu, cc = self.rates(mueff)
        self.pc = (1 - cc) * self.pc
        if hsig:
            self.pc = self.pc + math.sqrt(cc * (2 - cc) * mueff) * (w @ y)
        # What C is to be, in coordinates of D: alpha I + U^T U.
        alpha = max(1e-12, 1 - cmu - c1 + (0.0 if hsig else c1 * cc * (2 - cc)))  # 0 where cmu = 1 - c1
        U = np.vstack(
            [
                np.sqrt(alpha * self.S)[:, None] * self.V,
                np.sqrt(cmu * w)[:, None] * (y / self.D),
                math.sqrt(c1) * (self.pc / self.D)[None, :],
            ]
        )
        variances = alpha + (U * U).sum(0)
        self._project(U, alpha)
        self.D = self.D * np.sqrt(variances / (1 + self.S @ self.V**2))  # the diagonal is kept as it is
        self._normalise()

    def _project(self, U: FloatArray, alpha: float) -> None:
        """The k largest axes of alpha I + U^T U are kept, and the rest becomes isotropic (GECCO 2016)."""
        k, (r, n) = self.k, U.shape
        small = r < n
        values, vectors = np.linalg.eigh(U @ U.T if small else U.T @ U)
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        gamma = float(values[k:].sum()) / (n - k)
        top = values[:k]
        real = top > 1e-14 * values[0]  # the others are no directions yet
        rows = (U.T @ vectors[:, :k][:, real] / np.sqrt(top[real])).T if small else vectors[:, :k][:, real].T
        V, S = np.zeros((k, n)), np.zeros(k)
        V[: len(rows)], S[: len(rows)] = rows, np.maximum(top[real] - gamma, 0.0) / (alpha + gamma)
        self.V, self.S = V, S

    def _normalise(self) -> None:
        """Scale to determinant 1: the step size alone says how long steps are."""
        mean_std = math.exp((np.log(self.D).sum() + 0.5 * np.log1p(self.S).sum()) / len(self.D))
        self.D, self.pc = self.D / mean_std, self.pc / mean_std

    def adapt_k(self, sigma: float, popsize: int, mueff: float) -> None:
        """More axes where the present ones are long and all else has settled; axes that got short are given up.

        The paper asks sigma to have settled too, so that no axis is tried as long as the search converges. Here the
        first axis does not wait for that where the diagonal has been settled for long: one axis costs little, and on
        a function with one long axis the search converges in all the others first, for nothing.
        """
        n, k = len(self.D), self.k
        c1, cmu, _ = self.rates(mueff)
        possible = 0.5 * min(1.0, popsize / n) / SLOWDOWN  # change of log sigma per iteration
        self.since += 1
        log_sigma, diagonal, axes = math.log(sigma), 2 * np.log(self.stds), np.log1p(self.S)
        self.slope_sigma += possible * (log_sigma - self.log_sigma - self.slope_sigma)
        self.slope_diagonal = self.slope_diagonal + (diagonal - self.diagonal - self.slope_diagonal) / n
        self.slope_axes = self.slope_axes + (axes - self.axes - self.slope_axes) / n
        self.log_sigma, self.diagonal, self.axes = log_sigma, diagonal, axes
        wait = 2 * n - 1
        still = bool((np.abs(self.slope_diagonal) < SLOPE_DIAGONAL * (c1 + cmu)).all())
        self.settled = self.settled + 1 if still else 0
        slow = abs(self.slope_sigma) < SLOPE_SIGMA * possible or (k == 0 and self.settled >= wait)
        if self.since > wait and k < n - 1 and still and slow and (1 + self.S > INC_COND).all():
            self._resize(np.arange(k), min(max(math.ceil(k * GROWTH), k + 1), n - 1) - k)
            self.since = 0
        elif self.since > k * wait:
            short = (1 + self.S < DEC_COND) & (self.slope_axes < 0)
            if short.any():
                self._resize(np.flatnonzero(~short), 0)
                self._normalise()

    def _resize(self, keep: Any, more: int) -> None:
        self.V = np.vstack([self.V[keep], np.zeros((more, len(self.D)))])
        for name in ("S", "axes", "slope_axes"):
            setattr(self, name, np.concatenate([getattr(self, name)[keep], np.zeros(more)]))

    def arrays(self) -> dict[str, Any]:
        """All of it, for saving."""
        return {field.name: np.array(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Any]) -> VkDModel:
        """What `arrays` gave."""
        return cls(**{name: value[()] if value.ndim == 0 else value.copy() for name, value in arrays.items()})
