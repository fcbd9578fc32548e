"""A linear or quadratic model of a function, fitted to an archive of evaluated points: the surrogate of lq-CMA-ES.

Hansen, A global surrogate assisted CMA-ES (GECCO 2019, doi:10.1145/3321707.3321842). Sizes and weights are those of the
author's program (`fitness_models` of pycma 4.5).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lstsq

from es.core.arrays import FloatArray

USED = 0.75  # part of the archive, the best points, that the model is fitted to
SURPLUS = 1.1  # points per coefficient from which on a larger model is fitted
CAPACITY = 2.0  # points per coefficient of the largest model that the archive holds
MOST_WEIGHT = 20.0  # of the residual at the best point; that at the worst point used is 1
LINEAR, DIAGONAL, FULL = range(3)


class QuadraticModel:
    """Weighted least squares on the better part of an archive; the more points, the more coefficients.

    With few points the model is linear; squares of the coordinates come in next, and then their products: `kind` is
    LINEAR, DIAGONAL or FULL. Coordinates are measured from the best point, in units of the extent of the points used,
    and values likewise, so that moving or scaling x or f changes nothing.

    The archive X (m, n), F (m,) holds at least `least` points (the population size), the newest generation first and
    within it the best; F is inf where there was no finite value. Such points count where the model is judged, and are
    left out where it is fitted.
    """

    def __init__(self, n: int, least: int) -> None:
        self.n = n
        self.sizes = (n + 1, 2 * n + 1, n * (n + 3) // 2 + 1)  # coefficients of each kind
        self.capacity = max(least, int(CAPACITY * self.sizes[FULL]))
        self.recent = max(15, least)  # points without a value are kept among so many
        self.X: FloatArray = np.empty((0, n))
        self.F: FloatArray = np.empty(0)
        self.kind = LINEAR
        self._fit: tuple[Any, ...] | None = None

    @property
    def data(self) -> int:
        """Number of points with a value."""
        return int(np.isfinite(self.F).sum())

    def add(self, x: FloatArray, f: FloatArray, of_generation: int) -> None:
        """Take in points x (k, n) with values f (k,), the last of `of_generation` points of one generation."""
        X, F = np.concatenate([x[::-1], self.X]), np.concatenate([np.where(np.isfinite(f), f, np.inf)[::-1], self.F])
        order = np.arange(len(F))
        order[:of_generation] = F[:of_generation].argsort(kind="stable")
        X, F = X[order], F[order]
        finite = np.isfinite(F)
        kept = (np.cumsum(finite) <= self.capacity) & (finite | (np.arange(len(F)) < self.recent))
        self.X, self.F, self._fit = X[kept], F[kept], None
        while self.kind < FULL and USED * self.data >= SURPLUS * self.sizes[self.kind + 1]:
            self.kind += 1

    def restore(self, X: FloatArray, F: FloatArray, kind: int) -> None:
        """Take over a saved archive."""
        self.X, self.F, self.kind, self._fit = np.array(X), np.array(F), kind, None

    def __call__(self, x: FloatArray) -> FloatArray:
        """Values (...) at points x (..., n), 0 as long as there are no data."""
        if not self.data:
            return np.zeros(x.shape[:-1])
        centre, unit, lowest, spread, beta = self._fitted()
        return lowest + spread * (self._features((x - centre) / unit) @ beta)

    def agreement(self, k: int) -> float:
        """Kendall's rank correlation of model and function on the k newest points; 0 for fewer than three."""
        f = self.F[:k]
        if len(f) < 3 or not self.data:
            return 0.0
        return kendall(f, self(self.X[:k]))

    def gradient(self) -> FloatArray:
        """Gradient (n,) at the best point."""
        _, unit, _, spread, beta = self._fitted()
        return spread * beta[1 : self.n + 1] / unit

    def optimum(self) -> FloatArray:
        """Least point (n,) of a quadratic model; where it curves down, a point on the other side of the best one.

        Along each principal axis of the Hessian the step is that of Newton's method, with the absolute value of the
        curvature: where that is negative the step goes down, and not to the saddle.
        """
        centre, unit, _, _, beta = self._fitted()
        values, vectors = np.linalg.eigh(self._hessian(beta))
        curvature = np.maximum(np.abs(values), 1e-14 * np.abs(values).max() + 1e-300)
        step = -((beta[1 : self.n + 1] @ vectors) / curvature) @ vectors.T
        return centre + unit * step

    def _hessian(self, beta: FloatArray) -> FloatArray:
        n = self.n
        H = np.diag(2 * beta[n + 1 : 2 * n + 1])
        if self.kind == FULL:
            i, j = np.triu_indices(n, 1)
            H[i, j] = H[j, i] = beta[2 * n + 1 :]
        return H

    def _features(self, u: FloatArray) -> FloatArray:
        parts = [np.ones((*u.shape[:-1], 1)), u]
        if self.kind >= DIAGONAL:
            parts.append(u * u)
        if self.kind == FULL:
            i, j = np.triu_indices(self.n, 1)
            parts.append(u[..., i] * u[..., j])
        return np.concatenate(parts, axis=-1)

    def _fitted(self) -> tuple[Any, ...]:
        """Centre, unit, least value, spread of values, coefficients."""
        if self._fit is None:
            m, size = self.data, self.sizes[self.kind]
            used = self.F.argsort(kind="stable")[: min(m, max(size + 2, int(USED * (m + 1))))]
            X, F = self.X[used], self.F[used]
            centre, lowest = X[0], F[0]
            unit, spread = np.abs(X - centre).max(0), 0.5 * F[-1] - 0.5 * F[0]
            unit, spread = np.where(unit > 0, unit, 1.0), spread if spread > 0 else 1.0
            w = np.linspace(MOST_WEIGHT, 1.0, len(used))
            y = (0.5 * F - 0.5 * lowest) / spread
            beta = 2 * least_squares(w[:, None] * self._features((X - centre) / unit), w * y)
            self._fit = centre, unit, lowest, spread, beta
        return self._fit


def least_squares(Z: FloatArray, y: FloatArray) -> FloatArray:
    """The shortest beta with the least |Z beta - y|, by a complete orthogonal decomposition."""
    return np.asarray(lstsq(Z, y, cond=1e-15, check_finite=False, lapack_driver="gelsy")[0])


def kendall(a: FloatArray, b: FloatArray) -> float:
    """Kendall's tau-b of two rankings (k,), 0 where one of them has no order.

    Kendall, The treatment of ties in ranking problems (Biometrika 33(3), 1945).
    """
    i, j = np.triu_indices(len(a), 1)
    first, second = (np.unique(values, return_inverse=True)[1] for values in (a, b))  # inf - inf would be NaN
    signs_a, signs_b = np.sign(first[i] - first[j]), np.sign(second[i] - second[j])
    pairs = float(np.count_nonzero(signs_a)) * float(np.count_nonzero(signs_b))
    return float((signs_a * signs_b).sum() / np.sqrt(pairs)) if pairs else 0.0
