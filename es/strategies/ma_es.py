"""Matrix adaptation evolution strategy."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from es.core.arrays import FloatArray
from es.parts import parameters
from es.parts.full import FullCovariance
from es.parts.pathlength import PathLength


class MAES(PathLength, FullCovariance):
    """Matrix adaptation ES: CMA-ES that learns the factor of its covariance matrix directly, with one path for all.

    Source: Beyer & Sendhoff, Simplify your covariance matrix adaptation evolution strategy (IEEE TEC 21(5), 2017),
    figure 3. Weights and rates are those of CMA-ES without negative weights. Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    A : ndarray, shape (n, n), or (runs, n, n)
        The paper's M: steps are sigma M z.
    ps : ndarray, shape (n,), or (runs, n)
        The paper's s: evolution path of the step size and of M.

    Examples
    --------
    >>> opt = MAES([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "Beyer & Sendhoff, IEEE TEC 21(5), 2017"
    cost = "n^2 popsize"
    good_for = "what CMA-ES is good for; the shortest way to write it"
    claims: ClassVar[frozenset[str]] = frozenset({"rotation", "translation", "scaling", "monotone", "permutation"})
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "A", "ps")

    def _set_rates(self, popsize: int) -> None:
        p = self._p = parameters.cma(self.n, popsize, active=False)
        self._set_path(p.cs, p.damps, p.mueff)

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        p, w = self._p, self._p.weights[: self._p.mu]
        z, y = z[..., : p.mu, :], y[..., : p.mu, :]
        self.mean += w @ y
        self._lengthen(w @ z)
        # M <- M (I + c1/2 (s s^T - I) + cmu/2 (sum w_i z_i z_i^T - I)); M z_i = y_i / sigma saves the n^3 product.
        s, sigma = self.ps[..., None], np.asarray(self.sigma)[..., None, None]
        M = (1 - (p.c1 + p.cmu) / 2) * self.A
        M += (p.c1 / 2) * (self.A @ s) * self.ps[..., None, :]
        M += (y / sigma).swapaxes(-1, -2) @ ((p.cmu / 2) * w[:, None] * z)
        self.A = M
        self._scale_sigma()

    @property
    def rare_interval(self) -> Any:
        """Iterations in which the covariance matrix can change by about a fifth."""
        return max(1, math.ceil(0.2 / (self._p.c1 + self._p.cmu)))
