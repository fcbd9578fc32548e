"""Guided evolution strategy: random search along and beside a surrogate gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.parts.estimate import GradientEstimate
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.samples import Samples
from es.parts.sampling import plain


class GuidedES(GradientEstimate):
    """Guided ES: samples are stretched along the last surrogate gradients, which may be biased, late or wrong.

    Source: Maheswaranathan, Metz, Tucker, Choi & Sohl-Dickstein, Guided evolutionary strategies: augmenting random
    search with surrogate gradients (ICML 2019, arXiv:1806.10230), algorithm 1. Steps have the covariance matrix
    sigma^2 (alpha I + (1 - alpha) n / s U U^T), that of the paper times n, with U an orthonormal basis of the last s
    surrogate gradients. Without a surrogate the past estimates guide, as in Meier, Mujika, Gauy & Steger
    (arXiv:1910.05268). The halvings after `patience` generations are in neither paper.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, rule, lr, shaping, patience, sampling
        See `GradientEstimate`.
    surrogate : callable, optional
        surrogate(x) for x (n,), or (active runs, n) for stacked runs, gives something like the gradient of f in the
        same shape; it is called at the mean once per generation (and not counted in nfev).
    subspace : int
        Number s of surrogate gradients that are kept.
    alpha : float
        Part of the variance that goes to all directions alike.

    Attributes
    ----------
    past : ndarray, shape (s, n), or (runs, s, n)
        The last surrogate gradients, newest first; random directions at the start.

    Examples
    --------
    >>> opt = GuidedES([3.0, -2.0], 0.5, surrogate=np.sign, rng=1, stop={"ftarget": 1e-6})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.success)
    True
    """

    paper = "Maheswaranathan et al., arXiv:1806.10230"
    cost = "n (popsize + s) s"
    good_for = "objectives with an approximate gradient"
    claims = ALL_BUT_ROTATION
    state_names = (*GradientEstimate.state_names, "past", "basis")

    past: FloatArray
    basis: FloatArray

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: Any = None,
        *,
        surrogate: Callable[[FloatArray], npt.ArrayLike] | None = None,
        subspace: int = 1,
        alpha: float = 0.5,
        **common: Any,
    ) -> None:
        if not 0 < alpha <= 1:
            raise ValueError(f"alpha must lie in (0, 1], got {alpha}")
        if not subspace >= 1:
            raise ValueError(f"subspace must be at least 1, got {subspace}")
        self.surrogate, self.subspace, self.alpha = surrogate, subspace, alpha
        super().__init__(x0, sigma0, **common)

    def _init(self) -> None:
        super()._init()
        self.subspace = min(self.subspace, self.n)
        self.past = plain(self._streams, self.batch, self.subspace, self.n)
        self._remember(None)

    def _map(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        beside, along = self._lengths()
        return beside * self.stds, self.basis, (along / beside - 1) * self.basis

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        beside, along = self._lengths()
        return self._guide(y / self.stds[..., None, :], 1 / beside, 1 / along)

    def _lengths(self) -> tuple[float, float]:
        """Standard deviations outside and inside of the subspace, in units of sigma."""
        beside = self.alpha if self.subspace < self.n else 1.0
        return math.sqrt(beside), math.sqrt(self.alpha + (1 - self.alpha) * self.n / self.subspace)

    def _guide(self, z: FloatArray, beside: float, along: float) -> FloatArray:
        """Samples z (..., k, n), their parts inside of the subspace times `along`, the rest times `beside`."""
        U = self.basis
        inside: FloatArray = (z @ U.mT) @ U
        return beside * z + (along - beside) * inside

    def _follow(self, samples: Samples, weights: FloatArray) -> None:
        # (5), with steps in units of sigma and `shape`, and the weights in the place of the values of f.
        (z_w,) = samples.sums(weights)
        g = -self._guide(z_w[..., None, :], *self._lengths())[..., 0, :] / samples.k
        self._step(g)
        self._remember(g)

    def _remember(self, estimate: FloatArray | None) -> None:
        """Put the newest surrogate gradient in front, where there is one that is finite and not zero."""
        guide = estimate
        if self.surrogate is not None:
            guide = np.asarray(self.surrogate(self.x_mean), dtype=float)
            if guide.shape != self.mean.shape:
                raise ValueError(f"surrogate must return the shape of x, {self.mean.shape}, got {guide.shape}")
            guide = guide * self.shape  # to the coordinates in which steps have the same length
        if guide is not None:
            size = np.abs(guide).max(-1)[..., None]
            good = np.isfinite(size) & (size > 0)
            unit = np.where(good, guide / np.where(good, size, 1.0), 0.0)[..., None, :]
            newest = np.concatenate([unit, self.past[..., :-1, :]], axis=-2)
            self.past = np.where(good[..., None], newest, self.past)
        q = np.linalg.qr(self.past.mT)[0]
        self.basis = np.ascontiguousarray(q.mT)
