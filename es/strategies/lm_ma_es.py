"""Limited-memory matrix adaptation evolution strategy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, at_most, square
from es.parts import parameters
from es.parts.isotropic import Isotropic
from es.parts.paths import cumulate, path_factors, path_length


class LMMAES(Isotropic):
    """Limited-memory MA-ES: a transformation of m = 4 + 3 ln n vectors in place of a matrix.

    Source: Loshchilov, Glasmachers & Beyer, Large scale black-box optimization by limited-memory matrix adaptation
    (IEEE TEC 23(2), 2019, arXiv:1705.06693), with the names of its algorithm. The rates of the paper are made
    for populations much smaller than n; beyond they would exceed 1, so here n counts as at least 2 mueff, and no rate
    exceeds one half. A single axis that is much shorter than all others (discus) is learned, but slowly: the paths can
    only stretch. Unless a budget is given it ends after 200,000 n evaluations.

    Where the population is 3 n and more its steps may grow without an end on slopes that are steeper on one side, at
    which CMA-ES damps them (`es.parts.parameters`).

    At a steep kink steps may become small (`tolx`) though a narrow way leads down, which values and steps do not tell
    from a minimum: CMA-ES comes through where kinks are no cusps.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method
        See `Strategy`.
    sampling : str
        See `Strategy`; mirrored unless told otherwise, as in the program that the authors give with the paper. It takes
        a tenth fewer evaluations on the cigar and a third fewer on the ellipsoid.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    m : ndarray, shape (4 + 3 ln n, n), or (runs, 4 + 3 ln n, n)
        Evolution paths over longer and longer times; each stretches the distribution along itself.
    ps : ndarray, shape (n,), or (runs, n)
        Evolution path of the step size.

    Examples
    --------
    >>> opt = LMMAES([3.0] * 20, 1.0, rng=1, stop={"ftarget": 1e-8})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.success)
    True
    """

    paper = "Loshchilov, Glasmachers & Beyer, arXiv:1705.06693"
    cost = "n log(n) popsize"
    good_for = "thousands of variables that depend on each other, with few directions that differ in scale"
    evaluations_per_variable = 200_000
    state_names = ("mean", "sigma", "ps", "m", "moved")

    m: FloatArray

    def __init__(self, x0: npt.ArrayLike, sigma0: Any = None, *, sampling: str = "mirrored", **common: Any) -> None:
        super().__init__(x0, sigma0, sampling=sampling, **common)

    def _init(self) -> None:
        super()._init()
        self.ps = np.zeros(self.mean.shape)
        self.m = np.zeros((*self.batch, len(self._cd), self.n))
        self.moved = self._each(0)  # updates so far: the paths are used one after the other

    def _set_rates(self, popsize: int) -> None:
        p = parameters.cma(self.n, popsize, active=False)
        n, i = max(self.n, 2 * p.mueff), np.arange(4 + int(3 * math.log(self.n)))
        self._weights = p.weights[: p.mu]
        self._cs, self._damps = min(0.5, 2 * popsize / n), 2.0
        self._ps_keep, self._ps_gain = path_factors(self._cs, p.mueff)
        self._cd = np.minimum(0.5, 1 / (1.5**i * n))
        self._cc = np.minimum(0.5, popsize / (4.0**i * n))[:, None]
        self._gain = np.sqrt(p.mueff * self._cc * (2 - self._cc))

    def _rates(self) -> FloatArray:
        """Rate of each path in the transformation, 0 for those not yet in use: shape (m, ..., 1, 1)."""
        used = np.asarray(self.moved) > np.arange(len(self._cd)).reshape(-1, *(1,) * len(self.batch))
        return (self._cd.reshape(-1, *(1,) * len(self.batch)) * used)[..., None, None]

    def _sample(self, z: FloatArray) -> FloatArray:
        d = z
        for i, cd in enumerate(self._rates()):  # d <- (1 - cd) d + cd m_i (m_i^T d)
            if cd.any():
                m = self.m[..., i, :, None]
                d = (1 - cd) * d + cd * (d @ m) * m.mT
        return super()._sample(d)

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        d = super()._invert_sample(y)
        for i, cd in reversed(list(enumerate(self._rates()))):
            if cd.any():  # the inverse of each factor, by Sherman & Morrison
                m = self.m[..., i, :, None]
                square = (m.mT @ m) * cd / (1 - cd)
                d = (d - cd / (1 - cd) * (d @ m) / (1 + square) * m.mT) / (1 - cd)
        return d

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        mu = len(self._weights)
        z_w = self._weights @ z[..., :mu, :]  # of the best by rank, not in the order of sampling
        self.mean += self._weights @ y[..., :mu, :]
        cumulate(self.ps, self._ps_keep, self._ps_gain, z_w)
        self.m = (1 - self._cc) * self.m + self._gain * z_w[..., None, :]
        self.moved = np.minimum(self.moved + 1, len(self._cd))
        surplus = square(path_length(self.ps)) / self.n - 1
        self.sigma = self.sigma * np.exp(at_most(1.0, self._cs / self._damps * surplus))
