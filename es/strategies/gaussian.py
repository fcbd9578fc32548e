"""Isotropic Gaussian evolution strategy."""

from __future__ import annotations

import numpy as np

from es.core.arrays import FloatArray
from es.parts.elite import EliteFit
from es.parts.isotropic import Isotropic


class GaussianES(EliteFit, Isotropic):
    """Isotropic Gaussian ES: mean and one sigma are fitted to the best quarter of the population.

    The simplest strategy there is. The variance of the elite is taken around the mean that it was sampled from, as
    CMA-ES does (Hansen, arXiv:1604.00772, section 3.1, eq. (11)): around its own mean it would shrink even where the
    population runs down a slope, and the search would stop short of the optimum, as in EMNA (Larrañaga & Lozano,
    Estimation of Distribution Algorithms, 2001). Parameters: see `EliteFit`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.

    Examples
    --------
    >>> opt = GaussianES([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "Larrañaga & Lozano (2001), EMNA; variance as in arXiv:1604.00772, eq. (11)"
    good_for = "learning how strategies work; well-conditioned functions, populations of hundreds"
    state_names = ("mean", "sigma")

    def _default_popsize(self) -> int:
        return max(20, 4 * self.n)

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        square = np.vecdot(z, z)[..., None]  # |y_i|^2 / sigma^2
        self.mean += self._mean_of_elite(y)
        self.sigma = self.sigma * np.sqrt(self._mean_of_elite(square)[..., 0] / self.n)
