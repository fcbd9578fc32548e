"""CMA-ES: the covariance matrix adaptation evolution strategy.

Equation numbers are those of Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772), appendix A. Where it
has y ~ N(0, C) and C^(-1/2) y, here stand y = A z and z, with C = A A^T for any factor A: so no matrix is ever
decomposed into eigenvalues. The paths are kept in the coordinates of z, that of C as q = A^-1 p_c, as in Beyer &
Sendhoff, Simplify your covariance matrix adaptation evolution strategy (IEEE TEC 21, 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray, as_start, times
from es.parts import parameters
from es.parts.bounds import DEFAULT
from es.parts.factor import cholesky_update, lowrank_updates
from es.parts.full import FullCovariance, steps
from es.parts.invariances import ALL
from es.parts.momentum import as_momentum, with_momentum
from es.parts.parameters import CMAParameters
from es.parts.paths import cumulate, path_length
from es.parts.rates import by_heaviside, cma_rates, covariance_weights, default_rates, heaviside, rare_interval
from es.parts.step_size import path_length_control
from problems.numbers import flag

LOWRANK_FROM = 60  # variables


class CMAES(FullCovariance):
    """Covariance matrix adaptation evolution strategy: the method to try first where there is no gradient.

    Source: Hansen, The CMA Evolution Strategy: A Tutorial (arXiv:1604.00772). The step size is damped more where the
    population is much larger than n, as in pycma from version 4.5 on (`es.parts.parameters`).

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, covariance0, bounds_method, sampling
        See `Strategy` and `FullCovariance`.
    active : bool
        Whether the worse half of the points gets negative weights in the update of the covariance matrix.
    c1, cmu, cc, cs, damps : float, or array_like of shape (runs,), optional
        Learning rates and damping in the place of the defaults, for stacked runs also one for each.
    momentum : bool or float
        MAP-CMA: the mean also follows the path of C (`es.parts.momentum`). True takes r = n of the paper, a number is
        r; beside negative weights this goes beyond the paper. Evaluations to 1e-8 are .99 times as many as without it
        (.95 to 1.07 over six functions, n = 5, 10, 20; .98 without negative weights), and .97 times as many (.83 to
        1.27) on those of COCO's functions that are always solved, n = 5, 10, so it is off
        (`experiments/benchmarks/es_momentum.py`).

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    A : ndarray, shape (n, n), or (runs, n, n)
        Factor of the covariance matrix, C = A A^T.
    ps, q : ndarray, shape (n,), or (runs, n)
        Evolution paths of the step size and of the covariance matrix, in coordinates of z.
    rates : CMARates
        What the equations multiply with, made from `parameters`.

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
    claims = ALL
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "A", "ps", "q", "pc")

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: float | npt.ArrayLike | None = None,
        *,
        active: bool = True,
        momentum: bool | float = False,
        c1: npt.ArrayLike | None = None,
        cmu: npt.ArrayLike | None = None,
        cc: npt.ArrayLike | None = None,
        cs: npt.ArrayLike | None = None,
        damps: npt.ArrayLike | None = None,
        **common: Any,
    ) -> None:
        given, shape = {"c1": c1, "cmu": cmu, "cc": cc, "cs": cs, "damps": damps}, as_start(x0).shape
        self._given = parameters.given_rates(given, shape[:-1])
        self._active = flag("active", active)
        self._momentum = as_momentum(momentum, shape[-1])
        super().__init__(x0, sigma0, **common)

    @classmethod
    def lanes(cls, n: int, options: Mapping[str, Any], *, keep_trace: bool = False) -> Any:
        """What takes runs of different population sizes side by side (`es.strategies._cmaes_lanes`).

        None where there is no such form: with options that change a generation, or for so many variables that the
        update is of low rank.
        """
        from es.strategies._cmaes_lanes import Lanes

        method = options.get("bounds_method", DEFAULT)
        plain = cls is CMAES and n < LOWRANK_FROM and not set(options) - {"bounds_method"}
        return Lanes(method, keep_trace=keep_trace) if plain and method in ("transform", "narrow") else None

    def _set_rates(self, popsize: int) -> None:
        if self._given:
            given = parameters.of_each_run(self._given, self.active)
            each = (parameters.cma(self.dim, popsize, self._active, **rates) for rates in given)  # (49) to (58)
            self.rates = cma_rates(self.dim, self._active, *each)
        else:
            self.rates = default_rates(self.dim, popsize, self._active)
        self._lowrank = self.dim >= LOWRANK_FROM and 3 * popsize <= self.dim  # where it is faster
        self._decay_matrix = self.rates.decay[..., None, None] * np.eye(1 if self._lowrank else self.dim + 1)

    def _init(self) -> None:
        super()._init()
        self.ps, self.q = np.zeros((*self.batch, self.dim)), np.zeros((*self.batch, self.dim))
        self.pc = np.zeros((*self.batch, self.dim))  # A q, kept where the update of low rank may need it

    def _sample(self, z: FloatArray) -> FloatArray:
        return steps(self.sigma, self.A, z)  # (38) z ~ N(0, I), (39) y = A z, (40) x = m + sigma y

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        r, sigma, momentum = self.rates, self.sigma, self._momentum
        z_w = times(r.recombination, z[..., : r.mu, :])  # (41), in coordinates of z
        y_w = times(r.recombination, y[..., : r.mu, :])  # (41), in coordinates of x, times sigma
        if momentum is None:
            self.mean += y_w  # (42)
        cumulate(self.ps, r.ps_keep, r.ps_gain, z_w)  # (43)
        length = path_length(self.ps)
        self.sigma = sigma * path_length_control(length, r.sigma_rate, r.expected)  # (44)
        hsig = heaviside(r, length, self.nit + 1) if momentum is None else np.ones(self.batch, bool)[()]
        pc_gain = by_heaviside(r, r.pc_gain, hsig)
        cumulate(self.q, r.pc_keep, pc_gain, z_w)  # (45), in coordinates of z
        if momentum is not None:  # in the place of (42)
            path = steps(sigma, self.A, self.q[..., None, :])[..., 0, :]
            self.mean += with_momentum(y_w, path, r.parameters.c1, r.parameters.cmu, momentum)
        z = z[..., : r.used, :]
        worse = z[..., r.mu :, :]
        weights = covariance_weights(r, self.batch, np.vecdot(worse, worse) if self._active else None)  # (46)
        if self.dim >= LOWRANK_FROM:
            cumulate(self.pc, r.pc_keep, pc_gain, y_w / sigma[..., None])  # (45), in coordinates of x
        if self._lowrank:
            y = y[..., : r.used, :] / sigma[..., None, None]
            decay = by_heaviside(r, r.decay, hsig)
            decay = np.broadcast_to(decay, self.batch) if self.batch else decay
            lowrank_updates(self.A, self.q, z, self.pc, y, weights, decay)  # (47)
        else:
            decay = by_heaviside(r, self._decay_matrix, hsig)
            self.A, self.q = cholesky_update(self.A, self.q, z, weights, r.parameters.c1, decay)  # (47)

    @property
    def parameters(self) -> CMAParameters:
        """Weights and learning rates, table 1 of the tutorial."""
        return self.rates.parameters

    @property
    def rare_interval(self) -> int:
        """Iterations in which C can change by about a fifth, at default rates: the same whatever is in the stack."""
        return rare_interval(default_rates(self.dim, self._rates_popsize, self._active))

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        if self._given and len(self.active):
            self._set_rates(self._rates_popsize)
