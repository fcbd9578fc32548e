"""What strategies share that fit their distribution to an elite: the best share of the population, equally weighted."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.parts.strategy import Strategy


class EliteFit(Strategy):
    """Truncation selection.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, sampling
        See `Strategy`.
    elite : float
        Share of the population that the distribution is fitted to, in (0, 1); at least two points.
    """

    default_elite: ClassVar[float] = 0.25

    def __init__(
        self, x0: npt.ArrayLike, sigma0: npt.ArrayLike | None = None, *, elite: float | None = None, **common: Any
    ) -> None:
        self.elite = self.default_elite if elite is None else float(elite)
        if not 0 < self.elite < 1:
            raise ValueError(f"elite must lie between 0 and 1, got {elite}: it is the share of the population kept")
        super().__init__(x0, sigma0, **common)

    def _set_rates(self, popsize: int) -> None:
        mu = min(popsize, max(2, round(self.elite * popsize)))
        self._weights = np.full(mu, 1 / mu)

    def _mean_of_elite(self, y: FloatArray) -> FloatArray:
        """Mean (..., n) over the elite of ranked rows y (..., k, n)."""
        return self._weights @ y[..., : len(self._weights), :]
