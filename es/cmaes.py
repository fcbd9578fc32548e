"""CMA-ES: the covariance matrix adaptation evolution strategy.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), summary in its
appendix A. Where the tutorial has y ~ N(0, C) and C^(-1/2) y, here stand y = A z and z, with C = A A^T for any
factor A: so no matrix is ever decomposed into eigenvalues. The evolution path of C is kept as q = A^-1 p_c and that
of the step size in the coordinates of z, as in Beyer & Sendhoff, Simplify your covariance matrix adaptation
evolution strategy (IEEE TEC 21, 2017).
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from es import parameters
from es.cumulation import Cumulation
from es.factor import cholesky_update, lowrank_update
from es.full import FullCovariance
from es.shapes import FloatArray, times

LOWRANK_FROM = 60  # variables


class CMAES(Cumulation, FullCovariance):
    """Covariance matrix adaptation evolution strategy: the method to try first where there is no gradient.

    Source: Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772). Parameters: see `Cumulation`.

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

    def _init(self) -> None:
        super()._init()
        self.pc = np.zeros(self.mean.shape)  # A q, kept where the update of low rank may need it

    def _tune(self, popsize: int) -> None:
        self._set_parameters(parameters.cma(self.n, popsize, self._active))
        self._lowrank = self.n >= LOWRANK_FROM and 3 * popsize <= self.n  # where it is faster
        self._decay_matrix = self._decay[:, None, None] * np.eye(1 if self._lowrank else self.n + 1)

    # (38) to (40), z ~ N(0, I), y = A z and x = m + sigma y, are in the base classes.

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        p, mu = self.parameters, self.parameters.mu
        z_w = times(self._recombine, z[..., :mu, :])  # (41), in coordinates of z
        y_w = times(self._recombine, y[..., :mu, :])  # (41), in coordinates of x, times sigma
        self.mean += y_w  # (42)
        hsig = self._cumulate(z_w)  # (43), (45)
        z = z[..., : len(self._rates) - 1, :]
        rates = self._update_rates(z)  # (46)
        if self.n >= LOWRANK_FROM:
            self.pc *= 1 - p.cc  # (45), in coordinates of x
            self.pc += self._q_gain.take(hsig)[..., None] * (y_w / self.sigma[..., None])
        if self._lowrank:
            self._update_by_run(z, y, rates, self._decay.take(hsig))  # (47)
        else:
            self.A, self.q = cholesky_update(self.A, self.q, z, rates, p.c1, self._decay_matrix.take(hsig, 0))  # (47)
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
        """Iterations in which C can change by about a fifth."""
        return max(1, math.ceil(0.2 / (self.parameters.c1 + self.parameters.cmu)))
