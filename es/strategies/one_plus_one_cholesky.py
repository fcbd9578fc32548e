"""(1+1)-CMA-ES with Cholesky update."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core import stopping
from es.core.arrays import FloatArray
from es.parts.elitist import Elitist
from es.parts.full import FullCovariance, steps
from es.parts.invariances import ALL


class OnePlusOneCholesky(Elitist, FullCovariance):
    """(1+1)-Cholesky-CMA-ES: elitist, one offspring at a time, a full covariance matrix in n^2 operations.

    Source: Suttorp, Hansen & Igel, Efficient covariance matrix update for variable metric evolution strategies
    (Machine Learning 75, 2009), after Igel, Suttorp & Hansen (GECCO 2006). Rates for `popsize` > 1, a (1+lambda)-ES,
    are those of Igel, Hansen & Roth (Evolutionary Computation 15(1), 2007), table 1. The evolution path is kept in
    coordinates of z, w = A^-1 p_c, so that the inverse of A is not needed. Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    A : ndarray, shape (n, n), or (runs, n, n)
        Factor of the covariance matrix.
    q : ndarray, shape (n,), or (runs, n)
        Evolution path, the paper's w.
    p_succ : float, or (runs,)
        Smoothed rate of success.

    Examples
    --------
    >>> opt = OnePlusOneCholesky([3.0, 3.0], 1.0, rng=1)
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.fun < 1e-8)
    True
    """

    paper = "Suttorp, Hansen & Igel, Machine Learning 75 (2009)"
    cost = "n^2 popsize"
    good_for = "unimodal ill-conditioned functions with few evaluations, up to a few thousand variables"
    claims = ALL
    # Offspring are worse than their parent most of the time: values of f that do not get better are no stagnation.
    criteria = tuple(name for name in stopping.COVARIANCE if name != "stagnation")
    state_names = ("mean", "sigma", "f_parent", "A", "q", "p_succ")

    p_succ: Any
    q: FloatArray

    def _init(self) -> None:
        super()._init()
        self.q = np.zeros(self.mean.shape)
        self.p_succ = self._each(self._target)

    def _set_rates(self, popsize: int) -> None:
        n = self.n
        self._target = 1 / (5 + math.sqrt(popsize) / 2)
        self._cp = self._target * popsize / (2 + self._target * popsize)
        self._damping = 1 + n / (2 * popsize)
        self._threshold = 0.44
        self._cc = 2 / (n + 2)
        self._ccov = self._shape_rate = 2 / (n * n + 6)

    def _sample(self, z: FloatArray) -> FloatArray:
        return steps(self.sigma, self.A, z)

    def _adapt(self, success: FloatArray, better: Any, z: FloatArray) -> None:
        self.p_succ = (1 - self._cp) * self.p_succ + self._cp * success
        self.sigma = self.sigma * np.exp((self.p_succ - self._target) / (1 - self._target) / self._damping)
        if not np.any(better):
            return
        # Where success is frequent the step size is too small, and its steps say nothing about C.
        A, q = cholesky_update(self.A, self.q, z, self.p_succ < self._threshold, self._cc, self._ccov)
        wide = np.asarray(better)[..., None]
        self.A = np.where(wide[..., None], A, self.A)
        self.q = np.where(wide, q, self.q)


def cholesky_update(
    A: FloatArray, q: FloatArray, z: FloatArray, steady: Any, cc: float, ccov: float
) -> tuple[FloatArray, FloatArray]:
    """Factor and path after the successful step A z: C' = alpha C + ccov p_c p_c^T, over leading axes at once.

    Parameters
    ----------
    A : ndarray, shape (..., n, n)
    q, z : ndarray, shape (..., n)
        Path in coordinates of z, q = A^-1 p_c, and the z of the step.
    steady : bool, shape (...)
        Whether the step may enter the path.
    cc, ccov : float
        Rates of the path and of the covariance matrix.
    """
    steady = np.asarray(steady)
    gain = np.where(steady, math.sqrt(cc * (2 - cc)), 0.0)
    w = (1 - cc) * q + gain[..., None] * z
    alpha = np.where(steady, 1 - ccov, 1 - ccov + ccov * cc * (2 - cc))
    # A' = sqrt(alpha) (A + b (A w) w^T), and A'^-1 p_c is w but for a factor.
    square = np.vecdot(w, w)
    root = np.sqrt(1 + ccov / alpha * square)
    b = (root - 1) / np.maximum(square, 1e-300)
    grown = A + (A @ w[..., None]) * (b[..., None] * w)[..., None, :]
    return np.sqrt(alpha)[..., None, None] * grown, w / (np.sqrt(alpha) * root)[..., None]
