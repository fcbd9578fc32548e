"""LRA-CMA-ES: CMA-ES whose learning rates follow the signal-to-noise ratio of its own updates.

Nomura, Akimoto and Ono, CMA-ES with learning rate adaptation: can CMA-ES with default population size solve
multimodal and noisy problems? (GECCO 2023, arXiv:2304.03473).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.strategies.cmaes import CMAES

ALPHA, BETA_MEAN, BETA_COV, GAMMA = 1.4, 0.1, 0.03, 0.1  # the paper's defaults


class LRACMAES(CMAES):
    """CMA-ES with learning rate adaptation: for noisy and rugged functions, with the default population.

    Takes more evaluations on smooth functions than `CMAES`: 18,250 to 1e-8 on the ellipsoid of condition 1e6, n = 10,
    where the package cmaes takes 18,660 (`experiments/benchmarks/es_noise.py`). On noise it
    goes on for ever by design: unless a budget is given it ends after 10,000 n evaluations. Parameters are those of
    `CMAES`.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0)
    >>> opt = LRACMAES([3.0, 3.0], 1.0, rng=1, stop={"maxiter": 2000})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1) + noise.standard_normal(len(x)))
    >>> bool(abs(opt.mean).max() < 0.5)
    True
    """

    evaluations_per_variable = 10_000
    paper = "Nomura, Akimoto and Ono, arXiv:2304.03473"
    cost = "n^3"
    good_for = "noisy or multimodal functions up to a few hundred variables"
    # Small learning rates look like stagnation for a long while.
    criteria = tuple(name for name in CMAES.criteria if name != "stagnation")
    state_names = (
        *CMAES.state_names, "eta_mean", "eta_cov", "_e_mean", "_v_mean", "_e_cov", "_v_cov",
    )  # fmt: skip

    def _init(self) -> None:
        super()._init()
        self.eta_mean, self.eta_cov = self._each(1.0), self._each(1.0)
        self._v_mean, self._v_cov = self._each(0.0), self._each(0.0)
        self._e_mean, self._e_cov = np.zeros(self.mean.shape), np.zeros(self.A.shape)

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        mean, A, sigma, units = self.mean.copy(), self.A.copy(), self.sigma, self.units
        super()._update(z, y)
        # In coordinates of z, x = m + sigma A z, CMA-ES has turned N(0, I) into N(local_mean, S), and nothing depends
        # on the frame or the scale of x; so A^-1 stands where the paper has C^(-1/2).
        step = self.mean - mean
        A_in_units = A / units[..., :, None]
        B = np.linalg.solve(A_in_units, self._factor_in_units)
        S = _each_entry(self.sigma / sigma) ** 2 * (B @ B.mT)
        local_mean = np.linalg.solve(A_in_units, (step / units)[..., None])[..., 0] / sigma[..., None]
        local_cov = (S - np.eye(self.n)) / np.sqrt(2)
        before = self.eta_mean
        self._e_mean, self._v_mean, self.eta_mean = _adapt(
            self._e_mean, self._v_mean, self.eta_mean, local_mean, BETA_MEAN
        )
        self._e_cov, self._v_cov, self.eta_cov = _adapt(self._e_cov, self._v_cov, self.eta_cov, local_cov, BETA_COV)
        self.mean = mean + np.asarray(self.eta_mean)[..., None] * step
        eta = _each_entry(self.eta_cov)
        T: FloatArray = np.asarray(np.linalg.cholesky((1 - eta) * np.eye(self.n) + eta * S), dtype=np.float64)
        # det C stays what it was, the rest is step size. The path p_c = A q stays where it is in x.
        grown = np.exp(np.log(np.diagonal(T, axis1=-2, axis2=-1)).mean(-1))[()]
        T = T / _each_entry(grown)
        self.q = np.asarray(np.linalg.solve(T, B @ self.q[..., None])[..., 0], dtype=np.float64)
        self.A = np.asarray(A @ T, dtype=np.float64)
        self.sigma = (sigma * grown * (before / self.eta_mean))[()]  # the best step size goes with 1 / eta


def _each_entry(scalar: Any) -> FloatArray:
    """A number per run, to be multiplied with a matrix per run."""
    return np.asarray(scalar, dtype=np.float64)[..., None, None]


def _adapt(e: FloatArray, v: Any, eta: Any, local: FloatArray, beta: float) -> tuple[FloatArray, Any, Any]:
    """Moving averages of the update and of its square, their signal-to-noise ratio, the learning rate."""
    e = (1 - beta) * e + beta * local
    v = (1 - beta) * v + beta * _square(local, np.ndim(eta))
    signal = _square(e, np.ndim(eta))
    noise = np.maximum(v - signal, 1e-300)
    ratio = (signal - beta / (2 - beta) * v) / noise
    change = np.clip(ratio / (ALPHA * eta) - 1, -1.0, 1.0)
    eta = np.minimum(1.0, eta * np.exp(np.minimum(GAMMA * eta, beta) * change))
    return e, v, eta[()]


def _square(a: FloatArray, batch_axes: int) -> Any:
    """Sum of the squares of all entries of each run, in one order whatever is stacked beside it."""
    flat = a.reshape(*a.shape[:batch_axes], -1)
    return np.asarray(np.vecdot(flat, flat), dtype=np.float64)[()]
