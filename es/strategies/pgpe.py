"""PGPE: policy gradients with parameter-based exploration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from autodiff.optim import ClipUp
from es.core.arrays import FloatArray
from es.parts.estimate import GradientEstimate
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.samples import Samples


class PGPE(GradientEstimate):
    """PGPE with ClipUp: like OpenAI-ES, with a spread for each coordinate that follows its gradient too.

    Source: Sehnke, Osendorfer, Rückstieß, Graves, Peters & Schmidhuber, Parameter-exploring policy gradients (Neural
    Networks 23, 2010), equations 7 to 9 with symmetric sampling; with the update rule and the settings of Toklu,
    Liskowski & Srivastava, ClipUp (PPSN 2020): the longest step is a fifteenth of the length of a sample, the learning
    rate half of that, and no spread changes by more than a fifth at once. The halvings after `patience` generations are
    no part of it.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, rule, lr, shaping, patience, sampling
        See `GradientEstimate`.
    lr_sigma : float
        Learning rate of the spreads.
    max_change : float
        Largest relative change of a spread in one generation.

    Attributes
    ----------
    sigma : ndarray, shape (n,), or (runs, n)
        Standard deviations, in units of `shape`.
    """

    paper = "Sehnke et al., Neural Networks 23 (2010); Toklu et al., PPSN 2020"
    good_for = "very many variables of different scales, noisy objectives"
    claims = ALL_BUT_ROTATION
    default_rule = "clipup"

    def __init__(
        self, x0: npt.ArrayLike, sigma0: Any = None, *, lr_sigma: float = 0.1, max_change: float = 0.2, **common: Any
    ) -> None:
        if not 0 < max_change < 1:
            raise ValueError(f"max_change must lie in (0, 1), got {max_change}")
        if not lr_sigma >= 0:
            raise ValueError(f"lr_sigma must not be negative, got {lr_sigma}")
        self.lr_sigma, self.max_change = lr_sigma, max_change
        super().__init__(x0, sigma0, **common)

    def _default_lr(self) -> Any:
        return self.sigma * math.sqrt(self.n) / 30 if self._rule is ClipUp else super()._default_lr()

    def _init(self) -> None:
        super()._init()
        self.sigma = np.broadcast_to(np.asarray(self.sigma)[..., None], self.mean.shape).copy()

    def _follow(self, samples: Samples, weights: FloatArray) -> None:
        z_w, squares = samples.sums(weights, squares=weights)  # sum w z and sum w z^2
        # (7): the gradient in sigma_i is sum w (z_i^2 - 1) sigma_i, here relative to sigma_i; it is the same in a pair.
        growth = (squares - weights.sum(-1)[..., None]) * (self.lr_sigma / samples.k)
        relative = self.sigma / self.sigma.max(-1)[..., None]  # so that the estimate has no unit
        self._step(-relative * z_w / samples.k)
        self.sigma = self.sigma * (1 + np.clip(growth, -self.max_change, self.max_change))

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return self.sigma * self.shape
