"""dd-CMA-ES: CMA-ES with diagonal decoding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core import stopping
from es.core.arrays import FloatArray, at_most
from es.parts import parameters
from es.parts.full import principal_axes, ratio_of_axes
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.paths import cumulate, path_factors
from es.parts.strategy import Strategy


class DDCMAES(Strategy):
    """dd-CMA-ES: a correlation matrix and, learned faster, a scale for each coordinate.

    Steps are sigma D sqrt(C) z with the symmetric root of C, so that z_i belongs to coordinate i. Source: Akimoto &
    Hansen, Diagonal acceleration for covariance matrix adaptation evolution strategies (Evolutionary Computation 28(3),
    2020, arXiv:1905.05885). Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    D : ndarray, shape (n,), or (runs, n)
        Scales of the coordinates.
    root : ndarray, shape (n, n), or (runs, n, n)
        Symmetric root of the correlation matrix C.

    Examples
    --------
    >>> opt = DDCMAES([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "Akimoto & Hansen, arXiv:1905.05885"
    cost = "n^2 popsize, and n^3 every n iterations or so"
    good_for = "up to a thousand variables, badly scaled coordinates with or without correlations"
    claims = ALL_BUT_ROTATION
    criteria = stopping.COVARIANCE
    state_names = (
        "mean", "sigma", "D", "root", "inverse", "change", "ratio", "ps", "pc", "pd", "gamma_s", "gamma_c", "gamma_d",
    )  # fmt: skip

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)
        self.D = self.scale0 / self.sigma[..., None]
        identity = np.broadcast_to(np.eye(self.n), (*self.batch, self.n, self.n))
        self.root, self.inverse, self.change = identity.copy(), identity.copy(), np.zeros(identity.shape)
        self.ratio = self._each(1.0)  # root of the condition number of C
        self.ps, self.pc, self.pd = (np.zeros(self.mean.shape) for _ in range(3))
        # Of each path, its variance under random selection: below 1 until it has warmed up.
        self.gamma_s, self.gamma_c, self.gamma_d = (self._each(0.0) for _ in range(3))

    def _set_rates(self, popsize: int) -> None:
        n, p = self.n, parameters.cma(self.n, popsize, active=False)
        self._mu, self._mueff, self._cs, self._damps = p.mu, p.mueff, p.cs, p.damps
        raw = math.log((popsize + 1) / 2) - np.log(np.arange(p.mu, popsize) + 1)
        positive, negative = p.weights[: p.mu], raw / abs(raw.sum())
        mueff_minus = 1 / float(negative @ negative)
        enough = p.mueff + 1 / p.mueff - 2 + popsize / (2 * (popsize + 5))
        self._rates = []
        for m in (n * (n + 1) / 2, n):  # degrees of freedom: of C, of D
            c1 = 1 / (2 * (m / n + 1) * (n + 1) ** 0.75 + p.mueff / 2)
            cmu = min(enough * c1, 1 - c1)
            scale = min(1 + c1 / cmu, 1 + 2 * mueff_minus / (p.mueff + 2))
            self._rates.append((c1, cmu, math.sqrt(p.mueff * c1) / 2, np.append(positive, scale * negative)))
        self._chi = parameters.expected_norm(n)
        self._shape_rate = sum(self._rates[0][:2])
        self._interval = max(1, int(1 / (10 * n * self._shape_rate)))

    def _sample(self, z: FloatArray) -> FloatArray:
        return self.stds[..., None, :] * (z @ self.root)

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        return (y / self.stds[..., None, :]) @ self.inverse

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        w, mu = self._rates[0][3], self._mu
        z_w, y_w = w[:mu] @ z[..., :mu, :], w[:mu] @ y[..., :mu, :]
        step = y_w / np.asarray(self.sigma)[..., None]
        self.mean += y_w
        cs = self._cs
        cumulate(self.ps, *path_factors(cs, self._mueff), z_w)
        self.gamma_s = (1 - cs) ** 2 * self.gamma_s + cs * (2 - cs)
        square = np.vecdot(self.ps, self.ps)
        hsig = square / self.gamma_s < (2 + 4 / (self.n + 1)) * self.n
        (c1, cmu, cc, w_c), (c1_d, cmu_d, cc_d, w_d) = self._rates
        self.pc, self.gamma_c = self._move(self.pc, self.gamma_c, cc, step, hsig)
        self.pd, self.gamma_d = self._move(self.pd, self.gamma_d, cc_d, step, hsig)
        shrink = np.ones(z.shape[:-1])
        shrink[..., mu:] = self.n / np.vecdot(z[..., mu:, :], z[..., mu:, :])
        # The update of C, active and rank-one, in coordinates of z; summed up until the root is taken again.
        q = self._back(self.pc)
        eye, gamma = np.eye(self.n), np.asarray(self.gamma_c)[..., None, None]
        self.change = self.change + c1 * (q[..., None] * q[..., None, :] - gamma * eye)
        self.change = self.change + cmu * (z.mT @ ((w_c * shrink)[..., None] * z) - w_c.sum() * eye)
        # The same for the diagonal alone, with its own rates, and slower where the condition of C is high.
        growth = c1_d * (self._back(self.pd) ** 2 - np.asarray(self.gamma_d)[..., None])
        growth = growth + cmu_d * (((w_d * shrink)[..., None, :] @ (z * z))[..., 0, :] - w_d.sum())
        self.D = self.D * np.exp(growth / (2 * np.maximum(1.0, self.ratio - 1)[..., None]))
        exponent = cs / self._damps * (np.sqrt(square) / self._chi - np.sqrt(self.gamma_s))
        self.sigma = self.sigma * np.exp(at_most(1.0, exponent))
        if (self.nit + 1) % self._interval == 0:
            self._take_root()

    def _move(self, path: FloatArray, gamma: Any, cc: float, step: FloatArray, hsig: Any) -> tuple[FloatArray, Any]:
        gain = np.where(hsig, math.sqrt(cc * (2 - cc) * self._mueff), 0.0)[..., None]
        return (1 - cc) * path + gain * step, (1 - cc) ** 2 * gamma + hsig * (cc * (2 - cc))

    def _back(self, path: FloatArray) -> FloatArray:
        """A path in coordinates of z."""
        return ((path / self.D)[..., None, :] @ self.inverse)[..., 0, :]

    def _take_root(self) -> None:
        """Apply the summed changes to C, hand its diagonal to D, and take the symmetric root of what remains."""
        least = np.abs(np.linalg.eigvalsh(self.change)[..., 0])
        damped = np.minimum(0.75 / np.maximum(least, 1e-300), 1.0)[..., None, None]  # keeps C positive definite
        C = self.root @ (np.eye(self.n) + damped * self.change) @ self.root
        diagonal = np.sqrt(np.diagonal(C, axis1=-2, axis2=-1))
        self.D = self.D * diagonal  # D takes over the variances,
        C = C / diagonal[..., None] / diagonal[..., None, :]  # and C is a correlation matrix
        values, vectors = np.linalg.eigh(C)
        lengths = np.sqrt(np.maximum(values, 1e-28 * values[..., -1:]))
        back = vectors.mT
        self.root = (vectors * lengths[..., None, :]) @ back
        self.inverse = (vectors / lengths[..., None, :]) @ back
        self.ratio = lengths[..., -1] / lengths[..., 0]
        self.change = np.zeros(C.shape)

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return np.asarray(self.sigma)[..., None] * self.D

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis in `units`, per run."""
        return ratio_of_axes((self.D / self.units)[..., None] * self.root)

    def axes(self) -> FloatArray:
        """Principal axes in `units` as columns (..., n, n), each times its standard deviation, in the caller's x."""
        return principal_axes((self.stds / self.units)[..., None] * self.root, self.units)
