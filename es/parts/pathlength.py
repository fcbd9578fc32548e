"""Cumulative step-size adaptation: the step size follows the length of one evolution path."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from es.core.arrays import FloatArray, at_most
from es.parts.parameters import expected_norm
from es.parts.strategy import Strategy


class PathLength(Strategy):
    """An evolution path in coordinates of z, where selection at random makes it N(0, I).

    A subclass calls `_set_path` in its `_set_rates`, and `_lengthen` and `_scale_sigma` in its `_update`. Equation
    numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772).

    Attributes
    ----------
    ps : ndarray, shape (n,), or (runs, n)
        Evolution path of the step size.
    """

    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "ps")

    ps: FloatArray

    def _init(self) -> None:
        super()._init()
        self.ps = np.zeros(self.mean.shape)

    def _set_path(self, cs: float, damps: float, mueff: float) -> None:
        """Take over the rate and the damping."""
        self._cs, self._damps = cs, damps
        self._ps_keep: Any = 1 - cs
        self._ps_gain: Any = math.sqrt(cs * (2 - cs) * mueff)
        self._sigma_rate: Any = cs / damps
        self._chi = expected_norm(self.n)

    def _lengthen(self, z_w: FloatArray) -> None:
        """Move the path by the weighted mean z_w (..., n) of the selected z (43); its length goes to `_length`."""
        self.ps *= self._ps_keep
        self.ps += self._ps_gain * z_w
        self._length: Any = np.sqrt(np.vecdot(self.ps, self.ps))

    def _scale_sigma(self) -> None:
        """The step size grows where the path is longer than that of random selection (44)."""
        self.sigma = self.sigma * np.exp(at_most(1.0, self._sigma_rate * (self._length / self._chi - 1)))
