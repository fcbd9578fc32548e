"""Gaussian process regression over numbers and categories, with the equations of Rasmussen and Williams.

Rasmussen and Williams, Gaussian Processes for Machine Learning (MIT Press, 2006). The kernel is Matern's with nu = 5/2,
(4.17), of one distance for all coordinates: r^2 = sum_i w_i d_i^2, where d_i is the difference of numbers, and 1 for
two categories that differ (Hamming's distance). Weights w_i = 1 / l_i^2, the variance of the signal and that of the
noise are those of largest posterior probability: (5.8) plus the logarithm of a prior. The prior of the lengths is that
of Hvarfner, Hellsten and Nardi, Vanilla Bayesian optimization performs great in high dimensions (ICML 2024): their
logarithm is normal with mean sqrt(2) + log(n) / 2 and standard deviation sqrt(3), for ranges of length 1.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_solve, cholesky, lapack, solve_triangular
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

from es.core.arrays import FloatArray, IntArray

ROOT5 = math.sqrt(5.0)
LEAST_NOISE, MOST_NOISE = 1e-10, 1.0  # variance, of values of variance 1
LEAST_SIGNAL, MOST_SIGNAL = 0.02, 50.0
NOISE_PRIOR = (math.log(1e-5), 2.0)  # mean and standard deviation of the logarithm
SIGNAL_PRIOR = (0.0, 1.0)
LENGTHS_STD = math.sqrt(3.0)
LEAST_WEIGHT, MOST_WEIGHT = math.exp(-7.0), math.exp(8.0)  # no coordinate is ever taken for one that does not matter
STEPS = 60  # of L-BFGS-B at most


class GaussianProcess:
    """A model of values at points whose coordinates are numbers and categories.

    `counts` (n,) are the numbers of values of each category, whose coordinate holds 0, 1, ...; 0 for numbers, whose
    range is about 1. `theta` (n + 2,) are logarithms of the weights, of the variance of the signal and of that of the
    noise.
    """

    def __init__(self, counts: IntArray) -> None:
        self.counts = counts
        self.numbers = np.flatnonzero(counts == 0)
        n = len(counts)
        self._prior_mean = np.array([-2 * math.sqrt(2) - math.log(n)] * n + [SIGNAL_PRIOR[0], NOISE_PRIOR[0]])
        self._prior_std = np.array([2 * LENGTHS_STD] * n + [SIGNAL_PRIOR[1], NOISE_PRIOR[1]])
        ends = np.log([(LEAST_WEIGHT, MOST_WEIGHT)] * n + [(LEAST_SIGNAL, MOST_SIGNAL), (LEAST_NOISE, MOST_NOISE)])
        self._bounds = ends.tolist()
        self.theta = self.prior()

    def prior(self) -> FloatArray:
        """Where a search for theta begins."""
        return self._prior_mean.copy()

    @property
    def noise(self) -> float:
        """Variance of the noise."""
        return math.exp(self.theta[-1])

    # Choosing theta --------------------------------------------------------------------------------

    def fit(self, u: FloatArray, y: FloatArray) -> None:
        """Choose theta by points u (N, n) and values y (N,) of mean 0 and variance 1: from the last one, or afresh."""
        D = np.empty((len(self.counts), len(u), len(u)))
        for i, count in enumerate(self.counts):
            gap = u[:, None, i] - u[None, :, i]
            D[i] = gap != 0 if count else gap * gap
        found = []
        for start in (self.theta, self.prior()):
            end = minimize(
                self.loss, start, (D, y), jac=True, method="L-BFGS-B", bounds=self._bounds, options={"maxiter": STEPS}
            )
            found.append((float(end.fun), end.x))
        self.theta = min(found, key=lambda pair: pair[0])[1]

    def loss(self, theta: FloatArray, D: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
        """Minus the logarithm of the posterior density of theta, up to a constant, and its gradient (5.8), (5.9).

        D (n, N, N) are squared distances in each coordinate, y (N,) the values.
        """
        n, N = len(self.counts), len(y)
        weights, signal, noise = np.exp(theta[:n]), math.exp(theta[n]), math.exp(theta[n + 1])
        r = np.sqrt(np.tensordot(weights, D, 1))
        decay = np.exp(-ROOT5 * r)
        M = (1 + ROOT5 * r + 5 / 3 * r * r) * decay
        K = signal * M
        K[np.diag_indices(N)] += noise
        gap = (theta - self._prior_mean) / self._prior_std
        try:
            L = cholesky(K, lower=True, check_finite=False)
        except LinAlgError:
            return 1e10, np.zeros(n + 2)
        inverse = lapack.dpotri(L, lower=1)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        alpha = inverse @ y
        value = 0.5 * (y @ alpha) + np.log(np.diag(L)).sum() + 0.5 * (gap @ gap)
        slope = 0.5 * (inverse - np.outer(alpha, alpha))  # of the loss, by the entries of K
        by_square = slope * (-5 / 6 * signal * (1 + ROOT5 * r) * decay)  # by r^2
        gradient = np.empty(n + 2)
        gradient[:n] = weights * (D.reshape(n, -1) @ by_square.ravel())
        gradient[n] = signal * np.vdot(slope, M)
        gradient[n + 1] = noise * np.trace(slope)
        return float(value), gradient + gap / self._prior_std

    # Predicting ------------------------------------------------------------------------------------

    def condition(self, u: FloatArray, y: FloatArray) -> None:
        """Take points u (N, n) and values y (N,) as known."""
        n = len(self.counts)
        self._weights, self._signal = np.exp(self.theta[:n]), math.exp(self.theta[n])
        self._u, self._y, self._features = u, y, self._spread(u)
        noise, K = self.noise, self._kernel(self._features)
        while True:  # more noise where points lie so close that rounding makes K indefinite
            try:
                K[np.diag_indices(len(K))] = self._signal + noise
                self._L = cholesky(K, lower=True, check_finite=False)
                break
            except LinAlgError:
                noise *= 10
        self._alpha: FloatArray = cho_solve((self._L, True), y, check_finite=False)

    def believe(self, u: FloatArray) -> None:
        """Take points u (q, n) as known whose values are what the model predicts (kriging believer).

        Ginsbourger, Le Riche and Carraro, Kriging is well-suited to parallelize optimization (2010), section 4.
        """
        self.condition(np.concatenate([self._u, u]), np.concatenate([self._y, self.predict(u)[0]]))

    def doubted(self, i: int, length: float) -> GaussianProcess:
        """The model of the same points whose length in coordinate i is at most this one."""
        other = copy.copy(self)
        other.theta = self.theta.copy()
        other.theta[i] = max(other.theta[i], -2 * math.log(length))
        other.condition(self._u, self._y)
        return other

    def predict(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation (k,) of the function, without noise, at points u (k, n): (2.25), (2.26)."""
        K = self._kernel(self._spread(u))
        V = solve_triangular(self._L, K.T, lower=True, check_finite=False)
        variance = self._signal - np.einsum("ij,ij->j", V, V)
        return K @ self._alpha, np.sqrt(np.maximum(variance, 1e-12 * self._signal))

    def predict_with_slope(self, u: FloatArray) -> tuple[float, float, FloatArray, FloatArray]:
        """Mean and standard deviation at one point u (n,), and their slopes by its numbers."""
        j = self.numbers
        difference = self._spread(u[None]) - self._features
        r = np.sqrt(np.vecdot(difference, difference))
        decay = np.exp(-ROOT5 * r)
        k = self._signal * (1 + ROOT5 * r + 5 / 3 * r * r) * decay
        by_square = -5 / 6 * self._signal * (1 + ROOT5 * r) * decay
        J = by_square[:, None] * (2 * self._weights[j] * (u[j] - self._u[:, j]))  # (N, numbers)
        back = cho_solve((self._L, True), k, check_finite=False)
        std = math.sqrt(max(self._signal - float(k @ back), 1e-12 * self._signal))
        return float(k @ self._alpha), std, self._alpha @ J, -(back @ J) / std

    def _spread(self, u: FloatArray) -> FloatArray:
        """Points in coordinates where r is Euclid's distance: a category has one for each value."""
        parts = [np.sqrt(self._weights[self.numbers]) * u[:, self.numbers]]
        for i in np.flatnonzero(self.counts):
            parts.append(math.sqrt(0.5 * self._weights[i]) * (u[:, i, None] == np.arange(self.counts[i])))
        return np.concatenate(parts, axis=1)

    def _kernel(self, features: npt.NDArray[np.float64]) -> FloatArray:
        r = cdist(features, self._features)
        return self._signal * ((1 + ROOT5 * r + 5 / 3 * r * r) * np.exp(-ROOT5 * r))
