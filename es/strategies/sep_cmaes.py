"""CMA-ES with a diagonal covariance matrix."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from es.core.arrays import FloatArray
from es.parts import parameters
from es.parts.cumulation import Cumulation
from es.parts.linear_cost import LinearCost
from es.parts.samples import RankedSamples


class SepCMAES(LinearCost, Cumulation):
    """Separable CMA-ES: a diagonal covariance matrix, learned (n + 2) / 3 times as fast, in linear time.

    Source: Ros & Hansen, A simple modification in CMA-ES achieving linear time and space complexity (PPSN 2008).
    Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772). Parameters: see
    `Cumulation`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    D : ndarray, shape (n,), or (runs, n)
        Square roots of the diagonal of C.
    """

    paper = "Ros & Hansen, PPSN 2008"
    cost = "n popsize"
    good_for = "many variables, separable or nearly separable functions"
    claims: ClassVar[frozenset[str]] = frozenset({"translation", "scaling", "monotone", "permutation"})
    wants_lengths: ClassVar[bool] = True
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "D", "ps", "q")

    D: FloatArray

    def _init(self) -> None:
        super()._init()
        self.sigma = self.scale0.max(-1)
        self.D = self.scale0 / self.sigma[..., None]

    def _set_rates(self, popsize: int) -> None:
        self._set_parameters(parameters.separable_cma(self.n, popsize, self._active))

    # (39), (40): steps are z times the standard deviations.

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        worse = ranked.square_lengths()[..., self.parameters.mu :] if self._active else None
        rates = self._rates_of(worse)[..., 0]  # (46)
        z_w, squares = ranked.sums(self._recombine, squares=rates[..., :-1])  # (41)
        self.mean += self.stds * z_w  # (42)
        hsig = self._cumulate(z_w)  # (43), (45)
        # (47): the diagonal of S in C' = A S A^T
        change = self._decay.take(hsig)[..., None] + squares + rates[..., -1:] * self.q**2
        change = np.sqrt(change)
        self.D = self.D * change
        self.q /= change
        self._scale_sigma()  # (44)

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        stds: FloatArray = np.asarray(self.sigma)[..., None] * self.D
        return stds

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the largest to the smallest standard deviation, per run."""
        return self.D.max(-1) / self.D.min(-1)
