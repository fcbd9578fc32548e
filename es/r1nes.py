"""Rank-one natural evolution strategy."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from es.parameters import utilities
from es.rankone import split, stretch, stretched_cross, unstretch, weighted_cross
from es.sampling import plain
from es.shapes import FloatArray
from es.strategy import Strategy


class R1NES(Strategy):
    """R1-NES: a sphere stretched along one direction that is learned, in linear time and without coordinates.

    Source: Sun, Gomez, Schaul & Schmidhuber, A linear time natural evolution strategy for non-separable functions
    (arXiv:1106.1998), algorithm 1. The covariance matrix is sigma^2 (I + u u^T), u = e^c v with |v| = 1; the natural
    gradients in (log sigma, u, c, v) have closed forms. Where sigma0 has one value per coordinate, all this holds in
    units of it. Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    u : ndarray, shape (n,), or (runs, n)
        Direction, and by its length how far the distribution is stretched along it; drawn at the start, with length 1.
    """

    paper = "Sun et al., arXiv:1106.1998"
    cost = "n popsize"
    good_for = "many variables, one direction far longer than all others (cigar, ridges)"
    claims: ClassVar[frozenset[str]] = frozenset({"rotation", "translation", "scaling", "monotone", "permutation"})
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "u", "shape")

    u: FloatArray
    shape: FloatArray

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)
        self.shape = self.scale0 / self.sigma[..., None]
        u = plain(self._streams, self.batch, 1, self.n)[..., 0, :]
        self.u = u / np.sqrt(np.vecdot(u, u))[..., None]

    def _tune(self, popsize: int) -> None:
        self.utilities = utilities(popsize)
        # The paper has 0.1 for both. The gradient in log sigma is the less noisy the larger n is, that in u the more.
        self.eta_sigma = min(1.0, max(0.1, self.n / 60))
        self.eta_u = min(0.3, 3 / self.n)

    def _sample(self, z: FloatArray) -> FloatArray:
        scale = np.asarray(self.sigma)[..., None] * self.shape
        return scale[..., None, :] * stretch(z, self.u)

    def _whiten(self, y: FloatArray) -> FloatArray:
        scale = np.asarray(self.sigma)[..., None] * self.shape
        return unstretch(y / scale[..., None, :], self.u)

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        weights = np.broadcast_to(self.utilities, z.shape[:-1])
        self.mean += self.utilities @ y
        v, r = split(self.u)
        cross = weighted_cross(z, weights, v)
        inner = np.vecdot(cross, v)  # sum w (z v)^2
        total = np.vecdot(weights, np.vecdot(z, z))  # sum w |z|^2
        gradient_sigma, gradient_u = self.natural_gradient(total, inner, stretched_cross(cross, self.u))
        self._move_u(v, r, gradient_u)
        self.sigma = self.sigma * np.exp(self.eta_sigma * gradient_sigma)

    def natural_gradient(self, total: Any, inner: Any, cross: FloatArray) -> tuple[Any, FloatArray]:
        """Natural gradient of the log-likelihood in log sigma and u, for weights that sum to 0.

        Parameters
        ----------
        total, inner : float or ndarray, shape (...)
            sum w |z|^2 and sum w (z v)^2, with z standard normal.
        cross : ndarray, shape (..., n)
            sum w (x v) x of the steps x = (I + u u^T)^(1/2) z.
        """
        v, r = split(self.u)
        n, r2 = self.n, r[..., 0] ** 2
        along, length = (1 + r2) * inner, total + r2 * inner  # sum w (x v)^2, sum w |x|^2
        if n == 1:  # u says nothing that sigma does not
            return 0.5 * inner, np.zeros(self.u.shape)
        gradient_sigma = (length - along) / (2 * (n - 1))
        part = ((r2 - n + 2) * along - (r2 + 1) * length) / (2 * (n - 1))
        return gradient_sigma, (np.asarray(part)[..., None] * v + cross) / r

    def _move_u(self, v: FloatArray, r: FloatArray, gradient: FloatArray) -> None:
        """Shrink u by its logarithm, so that it never vanishes; let it grow by addition, so that it may turn round."""
        size = np.sqrt(np.vecdot(gradient, gradient))[..., None]
        eta = np.minimum(self.eta_u, 2 * r / np.where(size > 0, size, 1.0))
        along = np.vecdot(gradient, v)[..., None]  # r times the gradient in c = log r
        turned = v + eta * (gradient - along * v) / r
        turned = turned / np.sqrt(np.vecdot(turned, turned))[..., None]
        shrunk = r * np.exp(eta * along / r) * turned
        u = np.where(along < 0, shrunk, self.u + eta * gradient)
        v, r = split(u)
        self.u = np.clip(r, 1e-10, 1e10) * v  # beyond that nothing is left in double precision

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        stds: FloatArray = np.asarray(self.sigma)[..., None] * self.shape * np.sqrt(1 + self.u**2)
        return stds

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis, in units of sigma0, per run."""
        return np.sqrt(1 + np.vecdot(self.u, self.u))
