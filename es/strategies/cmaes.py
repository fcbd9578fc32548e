"""CMA-ES: the covariance matrix adaptation evolution strategy.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), summary in its
appendix A. Where the tutorial has y ~ N(0, C) and C^(-1/2) y, here stand y = A z and z, with C = A A^T for any
factor A: so no matrix is ever decomposed into eigenvalues. The evolution path of C is kept as q = A^-1 p_c and that
of the step size in the coordinates of z, as in Beyer & Sendhoff, Simplify your covariance matrix adaptation
evolution strategy (IEEE TEC 21, 2017).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray, times
from es.parts import parameters
from es.parts.cumulation import Cumulation
from es.parts.factor import cholesky_update, lowrank_update
from es.parts.full import FullCovariance

LOWRANK_FROM = 60  # variables


class CMAES(Cumulation, FullCovariance):
    """Covariance matrix adaptation evolution strategy: the method to try first where there is no gradient.

    Source: Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772).

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, active, covariance0, sampling
        See `Strategy`, `Cumulation` and `FullCovariance`.
    bounds_method : {"narrow", "transform", "reflect", "penalty"}
        How bounds are kept (`es.parts.bounds`).
    c1, cmu, cc, cs, damps : float, or array_like of shape (runs,), optional
        Learning rates and damping in the place of the defaults, for stacked runs also one for each.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    A : ndarray, shape (n, n), or (runs, n, n)
        Factor of the covariance matrix, C = A A^T.
    parameters : CMAParameters
        Weights and learning rates.

    Examples
    --------
    >>> opt = CMAES([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-9)
    True
    """

    paper = "Hansen, arXiv:1604.00772"
    cost = "n^2 popsize"
    good_for = "up to a few thousand variables, ill-conditioned and non-separable functions"
    claims: ClassVar[frozenset[str]] = frozenset({"rotation", "translation", "scaling", "monotone", "permutation"})
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "A", "ps", "q", "pc")

    pc: FloatArray

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        bounds_method: str = "narrow",
        c1: npt.ArrayLike | None = None,
        cmu: npt.ArrayLike | None = None,
        cc: npt.ArrayLike | None = None,
        cs: npt.ArrayLike | None = None,
        damps: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        given = {"c1": c1, "cmu": cmu, "cc": cc, "cs": cs, "damps": damps}
        self._given = parameters.given_rates(given, np.shape(x0)[:-1])
        super().__init__(x0, sigma0, bounds_method=bounds_method, **common)

    def _init(self) -> None:
        super()._init()
        self.pc = np.zeros(self.mean.shape)  # A q, kept where the update of low rank may need it

    def _set_rates(self, popsize: int) -> None:
        given = parameters.of_each_run(self._given, self.active)
        self._set_parameters(*(parameters.cma(self.n, popsize, self._active, **rates) for rates in given))
        self._lowrank = self.n >= LOWRANK_FROM and 3 * popsize <= self.n  # where it is faster
        self._decay_matrix = self._decay[..., None, None] * np.eye(1 if self._lowrank else self.n + 1)

    # (38) to (40), z ~ N(0, I), y = A z and x = m + sigma y, are in the base classes.

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        p, mu = self.parameters, self.parameters.mu
        z_w = times(self._recombine, z[..., :mu, :])  # (41), in coordinates of z
        y_w = times(self._recombine, y[..., :mu, :])  # (41), in coordinates of x, times sigma
        self.mean += y_w  # (42)
        hsig = self._cumulate(z_w)  # (43), (45)
        z = z[..., : self._rates.shape[-2] - 1, :]
        rates = self._update_rates(z)  # (46)
        if self.n >= LOWRANK_FROM:
            self.pc *= self._q_keep  # (45), in coordinates of x
            self.pc += self._by_hsig(self._q_gain, hsig)[..., None] * (y_w / self.sigma[..., None])
        if self._lowrank:
            self._update_by_run(z, y, rates, self._by_hsig(self._decay, hsig))  # (47)
        else:
            decay = self._by_hsig(self._decay_matrix, hsig)
            self.A, self.q = cholesky_update(self.A, self.q, z, rates, p.c1, decay)  # (47)
        self._scale_sigma()  # (44)

    def _update_by_run(self, z: FloatArray, y: FloatArray, rates: FloatArray, decay: FloatArray) -> None:
        """(47) by the update of low rank, one run after the other."""
        steps = y[..., : z.shape[-2], :] / self.sigma[..., None, None]
        for run in np.ndindex(self.batch):
            at = run or ...
            self.q[at] = lowrank_update(
                self.A[at], self.q[at], z[at], self.pc[at], steps[at], rates[at], float(decay[at])
            )

    @property
    def rare_interval(self) -> int:
        """Iterations in which C can change by about a fifth, at default rates: the same whatever is in the stack."""
        p = parameters.cma(self.n, self._rates_popsize, self._active)
        return max(1, math.ceil(0.2 / float(p.c1 + p.cmu)))

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        if self._given and len(self.active):
            self._set_rates(self._rates_popsize)
