"""A categorical distribution for each of several variables, learned by adaptive stochastic natural gradient (ASNG).

Akimoto, Shirakawa, Yoshinari, Uchida, Saito and Nishida, Adaptive stochastic natural gradient method for one-shot
neural architecture search (ICML 2019, arXiv:1905.08537), with the margin of Hamano, Saito, Nomura, Uchida and
Shirakawa, CatCMA (GECCO 2024, arXiv:2405.09962), which keeps every value within reach.

A variable with K values has probabilities q_1, ..., q_K, of which the first K - 1 are its parameters. All variables
stand in arrays of the width of the widest; what lies beyond a variable's own values is 0 and stays so. Formulas go over
the last two axes, variables and values, so that stacked runs have a leading axis more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from es.core.arrays import FloatArray, IntArray

RARE = 0.73  # probability that a sample of a settled distribution has every variable at its most likely value
ALPHA = 1.5  # of ASNG: how strong the signal must be against the noise for the step to grow


def margin(variables: int) -> float:
    """Probability that a settled variable is sampled elsewhere: 1 - 0.73^(1 / number of discrete variables)."""
    return float(1 - RARE ** (1 / max(1, variables)))


@dataclass(frozen=True)
class Learned:
    """What ASNG has learned: the state of `Categorical`, each with a leading axis for stacked runs."""

    q: FloatArray  # (m, K), probabilities of the values of each variable
    path: FloatArray  # (m, K - 1), accumulated natural gradients of length 1
    gamma: FloatArray  # (), what the square length of the path would be were the gradients noise
    Delta: FloatArray  # (), signal-to-noise ratio; 1 / Delta is the length of a step, in the metric of Fisher


class Categorical:
    """Independent variables with values 0, 1, ..., K - 1 each, for a K of its own.

    `counts` (m,) gives each K, at least 2. The probability alpha is kept for all values of a variable but the most
    likely one, shared evenly (`margin`).
    """

    def __init__(self, counts: npt.ArrayLike, alpha: float) -> None:
        self.counts: IntArray = np.asarray(counts, dtype=np.intp)
        self.width = int(self.counts.max(initial=1))
        places = np.arange(self.width)
        self.there = places < self.counts[:, None]  # (m, K): the values that a variable has
        self._last = self.counts - 1
        self._first_ones = self.there[:, 1:]  # (m, K - 1): all but the last value of each
        self.least = np.where(self.there, alpha / np.maximum(1, self._last)[:, None], 0.0)
        self.parameters = int(self._last.sum())

    def start(self, batch: tuple[int, ...], preferred: npt.ArrayLike | None = None) -> Learned:
        """All values alike, but that a preferred one begins with half of the probability and its share of the rest.

        `batch` are the leading axes; `preferred` (m,) is NaN where none is.
        """
        q = np.where(self.there, 1 / self.counts[:, None], 0.0)
        if preferred is not None:
            own = np.asarray(preferred, dtype=float)[:, None]
            q = np.where(np.isnan(own), q, self.inside(0.5 * q + 0.5 * (own == np.arange(self.width))))
        path = np.zeros((*batch, len(self.counts), self.width - 1))
        return Learned(np.broadcast_to(q, (*batch, *q.shape)).copy(), path, np.zeros(batch)[()], np.ones(batch)[()])

    def values(self, q: FloatArray, z: FloatArray) -> FloatArray:
        """The value (..., k, m) of each variable at standard normal z (..., k, m): quantiles of its distribution."""
        ends = q.cumsum(-1)[..., None, :, :]
        passed = (ndtr(z.astype(np.float64, copy=False))[..., None] > ends).sum(-1)
        return np.minimum(passed, self._last).astype(float)

    def normals(self, q: FloatArray, values: FloatArray) -> FloatArray:
        """z (..., k, m) in the middle of what `values` maps to these values (..., k, m)."""
        place = np.clip(np.rint(values), 0, self._last).astype(np.intp)[..., None]
        ends, own = q.cumsum(-1)[..., None, :, :], q[..., None, :, :]
        shape = (*place.shape[:-1], self.width)
        upper, width = (np.take_along_axis(np.broadcast_to(a, shape), place, -1)[..., 0] for a in (ends, own))
        return ndtri(np.clip(upper - 0.5 * width, 1e-12, 1 - 1e-12))

    def likeliest(self, q: FloatArray) -> FloatArray:
        """The most likely value of each variable, (..., m)."""
        return q.argmax(-1).astype(float)

    def learned(self, old: Learned, values: FloatArray, weights: FloatArray) -> Learned:
        """One step of ASNG by selected points (..., k, m), best first, with positive weights (k,) of sum 1."""
        q = old.q
        chosen = np.rint(values)[..., None] == np.arange(self.width)
        G = (weights[:, None, None] * (chosen - q[..., None, :, :])).sum(-3)
        gradient = self._natural(G, q)
        flat = gradient.reshape(*gradient.shape[:-2], -1)
        length = np.sqrt(np.vecdot(flat, flat))
        unit = 1 / np.where(length > 0, length, np.inf)  # where every point is alike there is nothing to learn
        delta = 1 / old.Delta
        beta = np.minimum(delta / np.sqrt(self.parameters), 1.0)
        q = self.inside(q + (delta * unit)[..., None, None] * G)
        keep, gain = 1 - beta, np.sqrt(beta * (2 - beta))
        path = keep[..., None, None] * old.path + (gain * unit)[..., None, None] * gradient
        gamma = keep**2 * old.gamma + beta * (2 - beta)
        flat = path.reshape(*path.shape[:-2], -1)
        Delta = old.Delta * np.exp(beta * (gamma - np.vecdot(flat, flat) / ALPHA))
        return Learned(q, path, gamma, Delta)

    def _natural(self, G: FloatArray, q: FloatArray) -> FloatArray:
        """The gradient G (..., m, K) in coordinates in which the metric of Fisher is the identity, (..., m, K - 1)."""
        root = np.sqrt(q)
        last = np.broadcast_to(self._last[:, None], (*q.shape[:-1], 1))
        q_last, G_last = (np.take_along_axis(a, last, -1) for a in (q, G))
        root, G = root[..., :-1], G[..., :-1]
        with np.errstate(divide="ignore", invalid="ignore"):  # beyond a variable's own values, where q is 0
            natural = G / root - root * G_last / (q_last + np.sqrt(q_last))
        return np.where(self._first_ones, natural, 0.0)

    def inside(self, q: FloatArray) -> FloatArray:
        """Probabilities with every value at its least, and of sum 1."""
        q = np.maximum(q, self.least)
        total = q.sum(-1, keepdims=True)
        free = q - self.least
        room = free.sum(-1, keepdims=True)
        q = q + (1 - total) * free / np.where(room > 0, room, 1.0)
        return np.where(self.there, q, 0.0)
