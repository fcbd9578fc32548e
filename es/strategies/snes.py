"""Separable natural evolution strategy."""

from __future__ import annotations

import math

import numpy as np

from es.core.arrays import FloatArray
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.linear_cost import LinearCost
from es.parts.parameters import utilities
from es.parts.samples import RankedSamples


class SNES(LinearCost):
    """Separable natural evolution strategy: one step size per coordinate, follows the natural gradient.

    Source: Wierstra, Schaul, Glasmachers, Sun, Peters & Schmidhuber, Natural Evolution Strategies (JMLR 15, 2014),
    algorithm 6. Badly conditioned functions that are no sums over coordinates take it long: unless a budget is given it
    ends after 200,000 n evaluations. Parameters: see `Strategy`.

    At a kink that does not lie along coordinates steps may become small (`tolx`) though a narrow way leads down, which
    values and steps do not tell from a minimum: CMA-ES comes through where kinks are no cusps.

    Attributes
    ----------
    sigma : ndarray, shape (n,), or (runs, n)
        Standard deviations.
    """

    paper = "Wierstra et al., JMLR 15 (2014), algorithm 6"
    cost = "n popsize"
    good_for = "many variables, separable functions"
    claims = ALL_BUT_ROTATION
    evaluations_per_variable = 200_000

    sigma: FloatArray

    def _init(self) -> None:
        self.sigma = self.scale0.copy()

    def _set_rates(self, popsize: int) -> None:
        self.utilities = utilities(popsize)
        self._total = self.utilities.sum()  # 0 but for rounding
        self.eta_sigma = (3 + math.log(self.n)) / (5 * math.sqrt(self.n))

    # Steps are sigma z, as for all of its kind unless they say otherwise.

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        z_u, squares = ranked.sums(self.utilities, squares=self.utilities)  # sum u z and sum u z^2, best first
        self.mean += self.sigma * z_u
        self.sigma = self.sigma * np.exp(0.5 * self.eta_sigma * (squares - self._total))

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate."""
        return self.sigma
