"""VkD-CMA-ES: CMA-ES with a covariance matrix of k axes and a diagonal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import FloatArray, IntArray
from es.parts import parameters
from es.parts.invariances import ALL_BUT_ROTATION
from es.parts.strategy import Strategy
from es.strategies._vkd_model import VkDModel


class VkDCMAES(Strategy):
    """VkD-CMA-ES: a diagonal and k axes for a covariance matrix, with k chosen while it runs.

    Source: Akimoto & Hansen, Projection-based restricted covariance matrix adaptation for high dimension (GECCO 2016)
    and Online model selection for restricted covariance matrix adaptation (PPSN 2016). The step size is adapted by two
    points on either side of the mean along its last move (Hansen, Atamna & Auger, How to assess step-size adaptation
    mechanisms in randomised search, PPSN 2014). Where the population is 2 n and more steps may grow without an end on
    slopes that are steeper on one side, at which CMA-ES damps them (`es.parts.parameters`). Parameters: see `Strategy`.

    Attributes
    ----------
    sigma : float, or (runs,)
        Step size.
    models : list of VkDModel
        The covariance matrix of each active run; `models[0].k` is its number of axes.

    Examples
    --------
    >>> opt = VkDCMAES([3.0] * 20, 1.0, rng=1, stop={"ftarget": 1e-8})
    >>> while not opt.stop():
    ...     x = opt.ask()
    ...     opt.tell(x, (x**2).sum(-1))
    >>> bool(opt.result.success)
    True
    """

    paper = "Akimoto & Hansen, PPSN 2016"
    cost = "n (k + popsize)^2"
    good_for = "hundreds to thousands of variables with scales of their own and a few directions across them"
    claims = ALL_BUT_ROTATION
    state_names = ("mean", "sigma", "ps", "move")

    ps: Any
    move: FloatArray

    def _init(self) -> None:
        largest = self.scale0.max(-1)
        D = self.scale0 / largest[..., None]
        mean_std = np.exp(np.log(D).sum(-1) / self.n)
        self.sigma = largest * mean_std
        D = D / mean_std[..., None]
        self.models = [VkDModel.start(D[at], float(self.sigma[at])) for at in self._runs()]
        self.ps = self._each(0.0)
        self.move = np.zeros(self.mean.shape)  # last move of the mean, in units of sigma

    def _set_rates(self, popsize: int) -> None:
        p = parameters.cma(self.n, popsize, active=False)
        self._weights, self._mueff = p.weights[: p.mu], p.mueff
        self._cs, self._damps = 0.3, 4 - 3 / self.n  # of the two-point adaptation

    def _runs(self) -> list[Any]:
        return [at or ... for at in np.ndindex(self.batch)]

    def _each_run(self, map_one: Callable[[VkDModel, FloatArray], FloatArray], z: FloatArray) -> FloatArray:
        y = np.empty(z.shape)
        for at, model in zip(self._runs(), self.models, strict=True):
            y[at] = map_one(model, z[at])
        return y

    def _sample(self, z: FloatArray) -> FloatArray:
        return np.asarray(self.sigma)[..., None, None] * self._each_run(VkDModel.transform, z)

    def _invert_sample(self, y: FloatArray) -> FloatArray:
        return self._each_run(VkDModel.whiten, y / np.asarray(self.sigma)[..., None, None])

    def _candidates(self, k: int) -> FloatArray:
        """The first two points of an iteration lie on either side of the mean, along its last move."""
        x = super()._candidates(k)
        if len(self._asked) == 1 and k > 2 and self.move.any():
            z, y, mine = self._asked[0]
            along = self._each_run(VkDModel.whiten, self.move)
            square = np.asarray(np.vecdot(along, along))[..., None]
            length = np.sqrt(np.vecdot(z[..., 0, :], z[..., 0, :])[..., None] / np.maximum(square, 1e-300))
            z[..., 0, :] = np.where(square > 0, length * along, z[..., 0, :])
            z[..., 1, :] = np.where(square > 0, -z[..., 0, :], z[..., 1, :])
            y[...] = self._sample(z)
            mine[...] = self._decode(self.mean[..., None, :] + y)
            return mine.copy()
        return x

    def _update(self, z: FloatArray, y: FloatArray) -> None:
        mu, popsize = len(self._weights), z.shape[-2]
        hsig = self._two_points(z)
        steps = y[..., :mu, :] / np.asarray(self.sigma_before)[..., None, None]
        self.mean += self._weights @ y[..., :mu, :]
        self.move = self._weights @ steps
        for at, model in zip(self._runs(), self.models, strict=True):
            if np.asarray(self.generations_without_value)[at] == 0:
                model.update(steps[at], self._weights, bool(np.asarray(hsig)[at]))
                model.adapt_k(float(np.asarray(self.sigma)[at]), popsize, self._mueff)

    def _two_points(self, z: FloatArray) -> Any:
        """Scale sigma by which of the two points has the better rank; returns whether it does not grow too fast."""
        self.sigma_before = self.sigma
        along = self._each_run(VkDModel.whiten, self.move)
        length = np.sqrt(np.vecdot(along, along))
        cosine = (z @ along[..., None])[..., 0] / np.maximum(np.sqrt(np.vecdot(z, z)) * length[..., None], 1e-300)
        ahead, behind = cosine.argmax(-1), cosine.argmin(-1)
        found = (cosine.max(-1) > 0.999) & (cosine.min(-1) < -0.999)
        alpha = (behind - ahead) / max(1, z.shape[-2] - 1)
        self.ps = np.where(found, self.ps + self._cs * (alpha - self.ps), self.ps)[()]
        self.sigma = self.sigma * np.where(found, np.exp(self.ps / self._damps), 1.0)[()]
        return self.ps < 0.5

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        stds = [model.stds for model in self.models]
        each = np.array(stds).reshape(self.mean.shape)
        return np.asarray(self.sigma)[..., None] * each

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis in `units`, at most: that of D times that of the rest."""
        scales = [m.D / self.units[at] for at, m in zip(self._runs(), self.models, strict=True)]
        longest = [np.sqrt(1 + m.S.max(initial=0.0)) for m in self.models]
        ratios = [D.max() / D.min() * length for D, length in zip(scales, longest, strict=True)]
        return np.array(ratios).reshape(self.batch)[()]

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """See `Strategy.state_dict`; the models, whose k differ from run to run, are part of it."""
        arrays = super().state_dict()
        for i, model in enumerate(self.models):
            arrays |= {f"model.{i}.{name}": value for name, value in model.arrays().items()}
        return arrays

    def load_state_dict(self, arrays: Any) -> None:
        """See `Strategy.load_state_dict`."""
        super().load_state_dict(arrays)
        for i in range(len(self.models)):
            self.models[i] = VkDModel.from_arrays(state.below(arrays, f"model.{i}."))

    def _take_runs(self, rows: IntArray) -> None:
        super()._take_runs(rows)
        self.models = [self.models[row] for row in rows]
