"""Cross-entropy method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.parts.elite import EliteFit
from es.parts.invariances import ALL_BUT_ROTATION


class CEM(EliteFit):
    """Cross-entropy method: mean and standard deviation of each coordinate are fitted to the elite, with smoothing.

    Source: de Boer, Kroese, Mannor & Rubinstein, A tutorial on the cross-entropy method (Annals of Operations
    Research 134, 2005), with smoothed updating.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, sampling
        See `Strategy`. `sigma0` must cover the optimum: the spread of the elite shrinks on a slope.
    elite : float
        Share of the population that the distribution is fitted to.
    smoothing : float
        Weight of the new mean and standard deviations in (0, 1]; 1: no smoothing.
    extra_std : float
        Standard deviation added to that of the elite, in units of sigma0 and falling to 0 over the first hundred
        iterations; keeps the search from ending early on noisy functions (Szita & Lőrincz, Neural Computation 18(12),
        2006).

    Attributes
    ----------
    sigma : ndarray, shape (n,), or (runs, n)
        Standard deviations.
    path : ndarray, shape (n,), or (runs, n)
        Where the mean has been going of late; a run that ends while it goes on is no success.

    Examples
    --------
    >>> opt = CEM([3.0, 3.0], 3.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "de Boer et al., Annals of Operations Research 134 (2005)"
    cost = "n popsize"
    good_for = "noisy functions, control and planning; a sigma0 that covers the optimum"
    claims = ALL_BUT_ROTATION
    state_names = ("mean", "sigma", "path")
    default_elite = 0.2

    sigma: FloatArray
    path: FloatArray

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        smoothing: float = 0.7,
        extra_std: float = 0.0,
        **common: Any,
    ) -> None:
        if not 0 < smoothing <= 1:
            raise ValueError(f"smoothing must lie in (0, 1], got {smoothing}: 1 means none")
        if extra_std < 0:
            raise ValueError(f"extra_std must not be negative, got {extra_std}")
        self._smoothing, self._extra_std = smoothing, extra_std
        super().__init__(x0, sigma0, **common)

    def _default_popsize(self) -> int:
        return max(50, 10 * self.n)

    def _init(self) -> None:
        self.sigma = self.scale0.copy()
        self.path = np.zeros(self.mean.shape)

    def _sample(self, z: FloatArray) -> FloatArray:
        return self.sigma[..., None, :] * z

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        return y / self.sigma[..., None, :]

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        centre = self._mean_of_elite(z)
        spread = self.sigma * np.sqrt(self._mean_of_elite((z - centre[..., None, :]) ** 2))
        if self._extra_std:
            spread = spread + self._extra_std * max(0.0, 1 - self.nit / 100) * self.scale0
        # A sum of the moves in which old ones fade, N(0, I) where they are random.
        self.path = 0.8 * self.path + 0.6 * math.sqrt(len(self._weights)) * centre
        self.mean += self._smoothing * (self.sigma * centre)
        self.sigma = (1 - self._smoothing) * self.sigma + self._smoothing * spread

    @property
    def drifting(self) -> Any:
        """Whether the mean has moved in one direction of late, by more than random moves do, per run.

        The spread of an elite shrinks on a slope too, so small steps alone are no sign of an optimum.
        """
        square = self.path**2
        return (square.max(-1) > 25) | (square.sum(-1) > 4 * self.n + 20)

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate."""
        return self.sigma
