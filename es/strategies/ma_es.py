"""Matrix adaptation evolution strategy."""

from __future__ import annotations

import numpy as np

from es.core.arrays import FloatArray
from es.parts import parameters
from es.parts.full import FullCovariance, steps
from es.parts.invariances import ALL
from es.parts.paths import cumulate, path_factors, path_length
from es.parts.step_size import path_length_control


class MAES(FullCovariance):
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
    claims = ALL
    state_names = ("mean", "sigma", "A", "ps")

    def _set_rates(self, popsize: int) -> None:
        p = self._p = parameters.cma(self.n, popsize, active=False)
        self._recombination = p.weights[: p.mu]
        self._ps_keep, self._ps_gain = path_factors(p.cs, p.mueff)
        self._shape_rate = p.c1 + p.cmu

    def _init(self) -> None:
        super()._init()
        self.ps = np.zeros(self.mean.shape)

    # Lines are numbered as in figure 3 of the paper: M1 to M12.

    def _sample(self, z: FloatArray) -> FloatArray:
        return steps(self.sigma, self.A, z)  # (M4) to (M6): z ~ N(0, I), d = M z, x = y + sigma d

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        p, w = self._p, self._recombination
        z, y = z[..., : p.mu, :], y[..., : p.mu, :]
        self.mean += w @ y  # (M9)
        cumulate(self.ps, self._ps_keep, self._ps_gain, w @ z)  # (M10)
        # (M11): M <- M (I + c1/2 (s s^T - I) + cmu/2 (sum w_i z_i z_i^T - I)), where M z_i = y_i / sigma is known.
        s, sigma = self.ps[..., None], np.asarray(self.sigma)[..., None, None]
        M = (1 - (p.c1 + p.cmu) / 2) * self.A
        M += (p.c1 / 2) * (self.A @ s) * self.ps[..., None, :]
        M += (y / sigma).mT @ ((p.cmu / 2) * w[:, None] * z)
        self.A = M
        factor = path_length_control(path_length(self.ps), p.cs / p.damps, parameters.expected_norm(self.n))
        self.sigma = self.sigma * factor  # (M12)
