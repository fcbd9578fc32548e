"""What strategies share that estimate a gradient from samples and follow it by an update rule of `autodiff.descent`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from autodiff import descent
from es import shaping as shapings
from es.shapes import FloatArray, IntArray
from es.strategy import Strategy


class GradientEstimate(Strategy):
    """Sample around the mean in pairs z, -z; estimate the gradient; let an update rule make the step.

    Where sigma0 has one value per coordinate, the rule works in units of it (relative to the largest).

    Parameters
    ----------
    x0, sigma0, bounds, rng, stop, bounds_method
        See `Strategy`.
    popsize : int
        See `Strategy`; even numbers make full pairs.
    rule : str, or callable that returns a Rule
        Update rule: a name in `autodiff.descent.rules`, or called as rule(lr=...).
    lr : float, array of shape (runs,) or callable, optional
        Learning rate, one per stacked run if wanted, or a schedule lr(step); the estimate has no unit, so the step is
        of the size of lr. Default: a fixed part of sigma0.
    shaping : {"ranks", "utilities", "values"}
        Weights of the points (`es.shaping`).
    patience : int or None
        Generations without a new best value after which the sample spread and the learning rate are halved, so that
        the search ends at a point and not around it. None: never, as in the papers; for noisy objectives.
    sampling : str
        See `Strategy`.
    **options
        Further arguments of the rule (momentum, beta1, ...) or of the optimizer.

    Attributes
    ----------
    sigma : ndarray, shape (), or (runs,)
        Standard deviation of the samples.
    rate : float, or (runs,)
        What is left of the learning rate after the halvings.
    """

    cost: ClassVar[str] = "n popsize"
    adapts: ClassVar[bool] = False  # sigma follows a schedule: for budgets, not for the last digit
    default_rule: ClassVar[str] = "adam"
    default_shaping: ClassVar[str] = "ranks"
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "shape", "base_lr", "rate", "since", "lowest")

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: Any = None,
        *,
        rule: str | Callable[..., descent.Rule] | None = None,
        lr: float | npt.ArrayLike | Callable[[int], Any] | None = None,
        shaping: str | None = None,
        patience: int | None = 30,
        sampling: str = "mirrored",
        rule_options: dict[str, Any] | None = None,
        **common: Any,
    ) -> None:
        if patience is not None and not patience >= 1:
            raise ValueError(f"patience must be at least 1 or None, got {patience}")
        self.patience = patience
        self._shaping = shapings.shaping(shaping or self.default_shaping)
        self._rule, self._lr, self._rule_options = _maker(rule or self.default_rule), lr, rule_options or {}
        super().__init__(x0, sigma0, sampling=sampling, **common)

    def _default_popsize(self) -> int:
        return 2 * ((super()._default_popsize() + 1) // 2)

    def _default_lr(self) -> Any:
        """Learning rate for this sigma0."""
        return 0.5 * self.sigma

    def _init(self) -> None:
        self.sigma = self.scale0.max(-1)
        self.shape = self.scale0 / self.sigma[..., None]
        lr = self._default_lr() if self._lr is None else self._lr
        self.rule = self._rule(lr=lr, **self._rule_options)
        self._schedule = lr if callable(lr) else None
        self.base_lr = (
            self._each(1.0) if callable(lr) else np.broadcast_to(np.asarray(self.rule.lr), self.batch).copy()[()]
        )
        self.rate, self.since, self.lowest = self._each(1.0), self._each(0), self._each(np.inf)
        # A dry step makes the rule's arrays, so that they are saved and compacted like all other state.
        self.rule.step(self.mean, np.zeros_like(self.mean))
        self._memory = tuple(name for name in self.rule.state if name != "step")
        for name in self._memory:
            setattr(self, f"rule_{name}", np.zeros_like(self.mean))
        own = type(self).state_names
        self.state_names = (*own, *(f"rule_{name}" for name in self._memory))  # type: ignore[misc]  # the rule decides

    def _sample(self, z: FloatArray) -> FloatArray:
        y: FloatArray = self.stds[..., None, :] * z
        return y

    def _whiten(self, y: FloatArray) -> FloatArray:
        return y / self.stds[..., None, :]

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        stds: FloatArray = np.asarray(self.sigma)[..., None] * self.shape
        return stds

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        z, y = self._told
        self._follow(z, y, self._shaping(f, order))
        self._tire(np.take_along_axis(f, order[..., :1], -1)[..., 0])

    def _follow(self, z: FloatArray, y: FloatArray, weights: FloatArray) -> None:
        """Learn from z and steps y (..., k, n), in any order, with weights (..., k) that are large for good ones."""
        self._step(-(weights[..., None, :] @ z)[..., 0, :] / z.shape[-2])

    def _step(self, g: FloatArray) -> None:
        """Let the rule move the mean by a gradient g (..., n) in units of `shape`."""
        rule = self.rule
        # The step count is the run's iterations: the same for all runs of a stack, whatever happens to each of them.
        rule.state = {"step": np.array(self.nit), **{name: getattr(self, f"rule_{name}") for name in self._memory}}
        rule.lr = np.asarray(self.rate * self.base_lr * (1.0 if self._schedule is None else self._schedule(self.nit)))
        self.mean = rule.step(self.mean / self.shape, g) * self.shape
        for name in self._memory:
            setattr(self, f"rule_{name}", rule.state[name])

    def _tire(self, best: Any) -> None:
        """Halve spread and learning rate where the best value has not improved for long."""
        better = best < self.lowest
        self.lowest = np.where(better, best, self.lowest)[()]
        self.since = np.where(better, 0, self.since + 1)[()]
        if self.patience is not None and np.any(tired := self.since >= self.patience):
            half = np.where(tired, 0.5, 1.0)
            self.since = np.where(tired, 0, self.since)[()]
            self.rate = self.rate * half
            self.sigma = self.sigma * (half if np.ndim(self.sigma) == half.ndim else half[..., None])


def _maker(rule: str | Callable[..., descent.Rule]) -> Callable[..., descent.Rule]:
    if callable(rule):
        return rule
    if rule not in descent.rules:
        raise ValueError(f"rule must be one of {', '.join(descent.rules)} or a class, got {rule!r}")
    return descent.rules[rule]
