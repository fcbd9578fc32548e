"""CMA-ES with a diagonal covariance matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.parts import parameters
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.linear_cost import LinearCost
from es.parts.parameters import CMAParameters
from es.parts.paths import cumulate, path_length
from es.parts.rates import by_heaviside, cma_rates, covariance_weights, heaviside
from es.parts.samples import RankedSamples
from es.parts.step_size import path_length_control
from problems.numbers import flag


class SepCMAES(LinearCost):
    """Separable CMA-ES: a diagonal covariance matrix, learned (n + 2) / 3 times as fast, in linear time.

    Source: Ros & Hansen, A simple modification in CMA-ES achieving linear time and space complexity (PPSN 2008).
    Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), appendix A.

    At a kink that does not lie along coordinates steps may become small (`tolx`) though a narrow way leads down, which
    values and steps do not tell from a minimum: CMA-ES comes through where kinks are no cusps.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method, sampling
        See `Strategy`.
    active : bool
        Whether the worse half of the points gets negative weights in the update of the covariance matrix.

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
    claims = ALL_BUT_ROTATION
    wants_lengths = True
    state_names = ("mean", "sigma", "D", "ps", "q")

    D: FloatArray

    def __init__(
        self, x0: npt.ArrayLike, sigma0: float | npt.ArrayLike | None = None, *, active: bool = True, **common: Any
    ) -> None:
        self._active = flag("active", active)
        super().__init__(x0, sigma0, **common)

    def _set_rates(self, popsize: int) -> None:
        self.rates = cma_rates(self.n, self._active, parameters.separable_cma(self.n, popsize, self._active))

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)
        self.D = self.scale0 / self.sigma[..., None]
        self.ps, self.q = np.zeros(self.mean.shape), np.zeros(self.mean.shape)

    # (38) to (40): steps are z ~ N(0, I) times the standard deviations sigma D.

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        r = self.rates
        worse = ranked.square_lengths()[..., r.mu :] if self._active else None
        weights = covariance_weights(r, self.batch, worse)[..., 0]  # (46)
        z_w, squares = ranked.sums(r.recombination, squares=weights[..., :-1])  # (41), and the last sum of (47)
        self.mean += self.stds * z_w  # (42)
        cumulate(self.ps, r.ps_keep, r.ps_gain, z_w)  # (43)
        length = path_length(self.ps)
        self.sigma = self.sigma * path_length_control(length, r.sigma_rate, r.expected)  # (44)
        hsig = heaviside(r, length, self.nit + 1)
        cumulate(self.q, r.pc_keep, by_heaviside(r, r.pc_gain, hsig), z_w)  # (45), in coordinates of z
        change = np.sqrt(by_heaviside(r, r.decay, hsig)[..., None] + squares + weights[..., -1:] * self.q**2)
        self.D = self.D * change  # (47): of the matrix S in C' = D S D only the diagonal
        self.q /= change

    @property
    def parameters(self) -> CMAParameters:
        """Weights and learning rates, table 1 of the tutorial."""
        return self.rates.parameters

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return np.asarray(self.sigma)[..., None] * self.D
