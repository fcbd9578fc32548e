"""Rank-one natural evolution strategy."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts.invariances import ALL
from es.parts.linear_cost import LinearCost
from es.parts.parameters import utilities
from es.parts.rank_one import split, stretching, unstretch
from es.parts.samples import RankedSamples
from es.parts.sampling import plain


class R1NES(LinearCost):
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
    claims = ALL
    wants_lengths = True
    state_names = ("mean", "sigma", "u", "shape")

    u: FloatArray
    shape: FloatArray

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)
        self.shape = self.scale0 / self.sigma[..., None]
        u = plain(self._streams, self.batch, 1, self.n)[..., 0, :]
        self.u = u / np.sqrt(np.vecdot(u, u))[..., None]

    def _set_rates(self, popsize: int) -> None:
        self.utilities = utilities(popsize)
        # The paper has 0.1 for both. The gradient in log sigma is the less noisy the larger n is, that in u the more.
        self.eta_sigma = min(1.0, max(0.1, self.n / 60))
        self.eta_u = min(0.3, 3 / self.n)

    def _scale(self) -> FloatArray:
        """The unit of each coordinate, (..., n)."""
        return np.asarray(self.sigma)[..., None] * self.shape

    def _map(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self._scale(), *stretching(self.u)

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        return unstretch(y / self._scale()[..., None, :], self.u)

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        v, r = split(self.u)
        along = ranked.lengths_along()  # of v, by rank
        z_w, cross = ranked.sums(self.utilities, self.utilities * along)  # sum w z and sum w (z v) z
        self.mean += self._scale() * (z_w + (np.sqrt(1 + r**2) - 1) * np.vecdot(z_w, v)[..., None] * v)
        inner = (self.utilities * along**2).sum(-1)  # sum w (z v)^2
        total = (self.utilities * ranked.square_lengths()).sum(-1)  # sum w |z|^2
        gradient_sigma, *gradient_u = self.natural_gradient(r[..., 0], total, inner)
        self._move_u(v, r[..., 0], cross, inner, *gradient_u)
        self.sigma = self.sigma * np.exp(self.eta_sigma * gradient_sigma)

    def natural_gradient(self, r: Any, total: Any, inner: Any) -> tuple[Any, Any, Any]:
        """Natural gradient of the log-likelihood in log sigma and u, for weights that sum to 0.

        Parameters
        ----------
        r : float or ndarray, shape (...)
            Length of u.
        total, inner : float or ndarray, shape (...)
            sum w |z|^2 and sum w (z v)^2, with z standard normal.

        Returns
        -------
        tuple
            The gradient in log sigma, and a and b of that in u, which is a v + b sum w (z v) z.
        """
        n, root = self.n, np.sqrt(1 + r**2)
        # Of steps x = (I + u u^T)^(1/2) z: sum w (x v)^2, sum w |x|^2, and sum w (x v) x = c v + root sum w (z v) z.
        along, length, c = (1 + r**2) * inner, total + r**2 * inner, root * (root - 1) * inner
        if n == 1:  # u says nothing that sigma does not
            return 0.5 * inner, 0 * r, 0 * r
        part = ((r**2 - n + 2) * along - (r**2 + 1) * length) / (2 * (n - 1))
        return (length - along) / (2 * (n - 1)), (part + c) / r, root / r

    def _move_u(self, v: FloatArray, r: Any, cross: FloatArray, inner: Any, a: Any, b: Any) -> None:
        """Shrink u by its logarithm, so that it never vanishes; let it grow by addition, so that it may turn round.

        All happens in the plane of v and `cross`, where v v = 1 and cross v = `inner`.
        """
        square = np.vecdot(cross, cross)

        def length(a: Any, b: Any) -> Any:
            return np.sqrt(np.maximum(a * a + 2 * a * b * inner + b * b * square, 0.0))

        size, along = length(a, b), a + b * inner  # along: r times the gradient in c = log r
        eta = np.minimum(self.eta_u, 2 * r / np.where(size > 0, size, 1.0))
        turned = 1 + eta * (a - along) / r, eta * b / r
        shrunk = r * np.exp(eta * along / r) / length(*turned)
        shrinks = along < 0
        a = np.where(shrinks, shrunk * turned[0], r + eta * a)
        b = np.where(shrinks, shrunk * turned[1], eta * b)
        size = length(a, b)
        # Beyond these lengths nothing is left in double precision.
        kept = np.minimum(np.maximum(size, 1e-10), 1e10) / np.where(size > 0, size, 1.0)
        self.u = (kept * a)[..., None] * v + (kept * b)[..., None] * cross

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return self._scale() * np.sqrt(1 + self.u**2)

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis in `units`, per run."""
        return np.sqrt(1 + np.vecdot(self.u, self.u))
