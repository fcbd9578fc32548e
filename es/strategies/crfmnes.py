"""Cost-reduced fast moving natural evolution strategy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.linear_cost import LinearCost
from es.parts.paths import cumulate, path_factors
from es.parts.phases import Phases
from es.parts.rank_one import split, stretched_cross, stretching, unstretch
from es.parts.samples import RankedSamples
from es.parts.sampling import plain


class CRFMNES(Phases, LinearCost):
    """CR-FM-NES: a diagonal and one direction of dependence, in linear time; the choice for hundreds of variables.

    Source: Nomura & Ono, Fast moving natural evolution strategy for high-dimensional problems (arXiv:2201.11422),
    algorithm 1. The covariance matrix is sigma^2 D (I + v v^T) D; its natural gradient is that of VD-CMA (Akimoto,
    Auger & Hansen, Comparison-based natural gradient optimization in high dimension, GECCO 2014). Parameters: see
    `Phases`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    D, v : ndarray, shape (n,), or (runs, n)
        Scales of the coordinates, and the direction, drawn at the start.
    pc : ndarray, shape (n,), or (runs, n)
        Evolution path of the mean, in units of sigma.
    """

    paper = "Nomura & Ono, arXiv:2201.11422"
    cost = "n popsize"
    good_for = "many variables, ill-conditioned functions with a dominant direction"
    claims = ALL_BUT_ROTATION
    wants_lengths = True
    state_names = ("mean", "sigma", "D", "v", "ps", "pc")

    D: FloatArray
    v: FloatArray
    pc: FloatArray

    def _init(self) -> None:
        super()._init()
        shape = self.scale0 / self.sigma[..., None]
        size = np.exp(np.log(shape).mean(-1))
        self.D = shape / size[..., None]
        self.sigma = self.sigma * size
        self.v = plain(self._streams, self.batch, 1, self.n)[..., 0, :] / math.sqrt(self.n)
        self.pc = np.zeros(self.mean.shape)

    def _set_rates(self, popsize: int) -> None:
        super()._set_rates(popsize)
        n, mueff = self.n, self.mueff
        self._pc_keep, self._pc_gain = path_factors((4 + mueff / n) / (n + 4 + 2 * mueff / n), mueff)
        # Negative for n < 5 as the paper has it, which would shrink the distribution where it moves.
        self._c1 = max(0, n - 5) / 6 * 2 / ((n + 1.3) ** 2 + mueff) / popsize

    def _map(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return np.asarray(self.sigma)[..., None] * self.D, *stretching(self.v)

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        scale = np.asarray(self.sigma)[..., None] * self.D
        return unstretch(y / scale[..., None, :], self.v)

    def _update_from_sums(self, ranked: RankedSamples) -> None:
        (z_u,) = ranked.sums(self.utilities)
        moves, converges = self._phase(z_u)
        w = self._weights(ranked.square_lengths(), moves)
        along = ranked.lengths_along()  # of v, by rank
        z_w, cross, squares = ranked.sums(w, w * along, squares=w)  # sums of w z, w (z v) z / |v| and w z^2
        unit, length = split(self.v)
        more = np.sqrt(1 + length**2) - 1
        step = np.asarray(self.sigma)[..., None] * self.D * (z_w + more * np.vecdot(z_w, unit)[..., None] * unit)
        self.mean += step
        cumulate(self.pc, self._pc_keep, self._pc_gain / self.sigma[..., None], step)
        if self.n > 1:  # in one dimension there is no shape to learn
            self._reshape(unit, length, cross, squares)
        G_sigma = squares.sum(-1) / self.n  # the weights sum to 0
        self.sigma = self.sigma * np.exp(0.5 * self._eta_sigma(moves, converges) * G_sigma)

    def _reshape(self, unit: FloatArray, length: FloatArray, cross: FloatArray, squares: FloatArray) -> None:
        """Follow the natural gradient of D and v, from sum w (z unit) z and sum w z^2, both (..., n)."""
        feasible = np.asarray(self.feasible)[..., None]
        eta, c1 = self._eta_B(feasible), self._c1 * feasible
        # Sums over the local steps y = stretch(z), without making them.
        more = np.sqrt(1 + length**2) - 1
        second = squares + 2 * more * unit * cross + (more * unit) ** 2 * np.vecdot(cross, unit)[..., None]
        cross = stretched_cross(cross, self.v)
        path = self.pc / self.D
        second = eta * second + c1 * path**2
        cross = eta * cross + c1 * np.vecdot(path, unit)[..., None] * path
        s, t = natural_gradient(unit, length, second, cross, c1)
        # Close to where v is parallel to a coordinate axis the damped Fisher matrix is singular.
        largest = np.abs(s).max(-1, keepdims=True)
        trust = np.where(np.isfinite(largest), np.minimum(1.0, 0.9 / np.maximum(largest, 0.9)), 0.0)
        D = self.D * (1 + trust * np.where(trust > 0, s, 0.0))
        self.v = self.v + trust * np.where(trust > 0, t, 0.0)
        logdet = np.log(D).sum(-1) + 0.5 * np.log1p(np.vecdot(self.v, self.v))
        self.D = D / np.exp(logdet / self.n)[..., None]

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return np.asarray(self.sigma)[..., None] * self.D * np.sqrt(1 + self.v**2)

    def _eta_B(self, feasible: Any) -> Any:
        """Learning rate of D and v."""
        return np.tanh((np.minimum(0.02 * feasible, 3 * math.log(self.n)) + 5) / (0.23 * self.n + 25))


def natural_gradient(
    unit: FloatArray, length: FloatArray, second: FloatArray, cross: FloatArray, total: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Natural gradient of the log-likelihood in D and v, summed over weighted steps y in units of sigma D.

    As in VD-CMA (Akimoto, Auger & Hansen, GECCO 2014): the Fisher matrix with its off-diagonal
    blocks damped by alpha, so that it can be inverted in linear time. All is linear in y y^T, so sums are enough.

    Parameters
    ----------
    unit, length : ndarray, shape (..., n) and (..., 1)
        Direction and length of v.
    second, cross : ndarray, shape (..., n)
        sum w y^2 and sum w (y unit) y.
    total : ndarray, shape (..., 1)
        sum w.

    Returns
    -------
    s, t : ndarray, shape (..., n)
        Relative change of D, and change of v; not finite where the damped matrix is singular.
    """
    r2 = length**2
    gamma = 1 + r2
    square = unit**2
    room = (2 * gamma - np.sqrt(gamma)) / square.max(-1, keepdims=True)
    alpha = np.minimum(1.0, np.sqrt(r2**2 + room) / (2 + r2))
    b = -(1 - alpha**2) * r2**2 / gamma + 2 * alpha**2
    H = 2 - (b + 2 * alpha**2) * square
    t = cross - unit * (np.vecdot(cross, unit)[..., None] + gamma * total) / 2
    s = second - r2 / gamma * unit * cross - total
    s = s - alpha / gamma * ((2 + r2) * unit * t - r2 * square * np.vecdot(unit, t)[..., None])
    with np.errstate(divide="ignore", invalid="ignore"):  # singular if v is parallel to a coordinate axis
        inverse = square / H
        s = s / H - b / (1 + b * np.vecdot(square, inverse)[..., None]) * np.vecdot(inverse, s)[..., None] * inverse
        t = t - alpha * ((2 + r2) * unit * s - np.vecdot(square, s)[..., None] * unit)
    return s, t / length
