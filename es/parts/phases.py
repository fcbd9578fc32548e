"""What DX-NES-IC and CR-FM-NES share: phases of the search, and weights and rates that depend on them.

The length of an evolution path tells whether the distribution is moving, stagnating or converging. While it moves,
points far out weigh more; how fast the step size follows depends on the phase and on how many points are feasible,
which are those with a finite value. Nomura, Sakai, Fukushima & Ono, Distance-weighted exponential natural evolution
strategy for implicitly constrained black-box function optimization (CEC 2021); Nomura & Ono, Fast moving natural
evolution strategy for high-dimensional problems (arXiv:2201.11422).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, IntArray
from es.parts import parameters
from es.parts.paths import cumulate, path_factors, path_length
from es.parts.strategy import Strategy


class Phases(Strategy):
    """Weights and rates by the phase of the search; samples come in pairs z, -z.

    Parameters
    ----------
    x0, sigma0, bounds, popsize, rng, stop, bounds_method
        See `Strategy`.
    sampling : str
        See `Strategy`; mirrored unless told otherwise, as in the papers.

    Attributes
    ----------
    ps : ndarray, shape (n,), or (runs, n)
        Evolution path, in coordinates of z.
    """

    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "ps")

    ps: FloatArray

    def __init__(self, x0: npt.ArrayLike, sigma0: Any = None, *, sampling: str = "mirrored", **common: Any) -> None:
        super().__init__(x0, sigma0, sampling=sampling, **common)

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)
        self.ps = np.zeros(self.mean.shape)

    def _set_rates(self, popsize: int) -> None:
        n = self.n
        self.utilities = parameters.utilities(popsize)
        self._raw = self.utilities + 1 / popsize
        self.mueff = float(1 / (self._raw**2).sum())
        self.cs = (self.mueff + 2) / (n + self.mueff + 5)
        self._ps_keep, self._ps_gain = path_factors(self.cs, self.mueff)
        self._chi = parameters.expected_norm(n)
        self._reach = distance_exponent(n) * min(1.0, math.sqrt(popsize / n))

    def _default_popsize(self) -> int:
        return 2 * ((super()._default_popsize() + 1) // 2)

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        finite = np.isfinite(f)
        self.feasible = finite.sum(-1)
        if not finite.all():  # those without a value rank by their distance from the mean, near ones first
            far = np.where(finite, -1.0, self._square_lengths())
            far = np.take_along_axis(far, order, -1)
            order = np.take_along_axis(order, far.argsort(-1, kind="stable"), -1)
        super()._learn(x, f, g, order)

    def _phase(self, z_u: FloatArray) -> tuple[Any, Any]:
        """Move the path by sum u_i z_i (..., n) with utilities u; returns whether the search moves, and converges."""
        cumulate(self.ps, self._ps_keep, self._ps_gain, z_u)
        length = path_length(self.ps)
        return length >= self._chi, length < 0.1 * self._chi

    def _weights(self, square: FloatArray, moves: Any) -> FloatArray:
        """Weights by rank (..., k): while the search moves, they grow with the distance, whose `square` is |z|^2."""
        if not np.any(moves):
            return np.broadcast_to(self.utilities, square.shape)
        k = square.shape[-1]
        exponent = (self._reach * np.sqrt(self.feasible / k))[..., None] * np.sqrt(square)
        weights = self._raw * np.exp(exponent - exponent.max(-1, keepdims=True))
        by_distance = weights / weights.sum(-1, keepdims=True) - 1 / k
        return np.where(np.asarray(moves)[..., None], by_distance, self.utilities)

    def _eta_sigma(self, moves: Any, converges: Any) -> Any:
        """Learning rate of the step size."""
        n, feasible = self.n, self.feasible
        stagnating = np.tanh((0.024 * feasible + 0.7 * n + 20) / (n + 12))
        converging = 2 * np.tanh((0.025 * feasible + 0.75 * n + 10) / (n + 4))
        return np.where(moves, 1.0, np.where(converges, converging, stagnating))


@lru_cache(maxsize=256)
def distance_exponent(n: int) -> float:
    """The a > 0 with (1 + a^2) exp(a^2 / 2) / 0.24 = 10 + n, by Newton's method on the logarithm, which is monotone."""
    a = 1.0
    for _ in range(100):
        value = math.log1p(a * a) + a * a / 2 - math.log(0.24 * (10 + n))
        step = value / (2 * a / (1 + a * a) + a)
        a = max(a - step, a / 2)
        if abs(step) <= 1e-15 * a:
            break
    return a
