"""(mu/mu_w, lambda)-ES with cumulative step-size adaptation."""

from __future__ import annotations

import numpy as np

from es.parts import parameters
from es.parts.isotropic import Isotropic
from es.parts.linear_cost import LinearCost
from es.parts.paths import cumulate, path_factors, path_length
from es.parts.samples import RankedSamples
from es.parts.step_size import path_length_control


class CSAES(LinearCost, Isotropic):
    """(mu/mu_w, lambda)-ES with cumulative step-size adaptation: weighted recombination, one step size.

    CMA-ES without its covariance matrix. Source: Hansen, Arnold & Auger, Evolution Strategies (Springer Handbook of
    Computational Intelligence, 2015), algorithm 5, after Hansen & Ostermeier (Evolutionary Computation 9(2), 2001);
    weights, rate and damping are those of CMA-ES (arXiv:1604.00772). Badly conditioned functions take it long: unless a
    budget is given it ends after 200,000 n evaluations. Parameters: see `Strategy`.

    At a steep kink steps may become small (`tolx`) though a narrow way leads down, which values and steps do not tell
    from a minimum: CMA-ES comes through where kinks are no cusps.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    ps : ndarray, shape (n,), or (runs, n)
        Evolution path.

    Examples
    --------
    >>> opt = CSAES([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "Hansen, Arnold & Auger, Evolution Strategies (2015), algorithm 5"
    good_for = "well-conditioned functions of any number of variables, noise with a large popsize"

    evaluations_per_variable = 200_000
    state_names = ("mean", "sigma", "ps")

    def _set_rates(self, popsize: int) -> None:
        p = parameters.cma(self.n, popsize, active=False)
        self._weights, self._rate, self._expected = p.weights[: p.mu], p.cs / p.damps, parameters.expected_norm(self.n)
        self._ps_keep, self._ps_gain = path_factors(p.cs, p.mueff)

    def _init(self) -> None:
        super()._init()
        self.ps = np.zeros(self.mean.shape)

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        (z_w,) = ranked.sums(self._weights)
        self.mean += self.stds * z_w
        cumulate(self.ps, self._ps_keep, self._ps_gain, z_w)
        self.sigma = self.sigma * path_length_control(path_length(self.ps), self._rate, self._expected)
