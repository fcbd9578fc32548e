"""What strategies share that estimate a gradient from samples and follow it by an update rule of `autodiff.optim`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from autodiff import optim
from es.core.arrays import FloatArray, IntArray
from es.parts import shaping as shapings
from es.parts.linear_cost import LinearCost
from es.parts.rule_state import RuleState, checked_patience
from es.parts.samples import Samples


class GradientEstimate(RuleState, LinearCost):
    """Sample around the mean in pairs z, -z; estimate the gradient; let an update rule make the step.

    Where sigma0 has one value per coordinate, the rule works in units of it (relative to the largest). Down a slope it
    goes on for ever: unless a budget is given it ends after 10,000 n evaluations.

    Parameters
    ----------
    x0, sigma0, bounds, rng, stop, bounds_method
        See `Strategy`.
    popsize : int
        See `Strategy`; even numbers make full pairs.
    rule : str, or callable that returns a Rule
        Update rule: a name in `autodiff.optim.rules`, or called as rule(lr=...).
    lr : float, array of shape (runs,) or callable, optional
        Learning rate, one per stacked run if wanted, or a schedule lr(step); the estimate has no unit, so the step is
        of the size of lr. Default: a fixed part of sigma0.
    shaping : {"ranks", "utilities", "values"}
        Weights of the points (`es.parts.shaping`).
    patience : int or None
        Generations without a new best value after which the sample spread and the learning rate are halved, so that
        the search ends at a point and not around it. An addition of this package, in none of the papers: None leaves
        it out, and the method is that of its paper. (On a 10-D sphere it brought f at the last mean down from values
        between 0.03 and 2 to below 1e-12; with noise of standard deviation 0.1 to 1 it divided it by 0.9 to 140. With
        noise of 10, as large as f at the start, three of the four methods did better without.)
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

    evaluations_per_variable = 10_000
    cost: ClassVar[str] = "n popsize"
    adapts: ClassVar[bool] = False  # sigma follows a schedule: for budgets, not for the last digit
    default_rule: ClassVar[str] = "adam"
    default_shaping: ClassVar[str] = "ranks"
    state_names: ClassVar[tuple[str, ...]] = ("mean", "sigma", "shape", *RuleState.RULE_STATE)

    def __init__(
        self,
        x0: npt.ArrayLike,
        sigma0: Any = None,
        *,
        rule: str | Callable[..., optim.Rule] | None = None,
        lr: float | npt.ArrayLike | Callable[[int], Any] | None = None,
        shaping: str | None = None,
        patience: int | None = 30,
        sampling: str = "mirrored",
        rule_options: dict[str, Any] | None = None,
        **common: Any,
    ) -> None:
        self.patience = checked_patience(patience)
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
        self._hold(self._rule(lr=lr, **self._rule_options))

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate, (n,) or (active runs, n)."""
        return np.asarray(self.sigma)[..., None] * self.shape

    def _ranked_by(self, f: FloatArray) -> FloatArray:
        self._merit = super()._ranked_by(f)  # f with all penalties: what is to become small
        return self._merit

    def _learn(self, x: FloatArray, f: FloatArray, g: FloatArray | None, order: IntArray) -> None:
        self._follow(self._samples, self._weights(self._samples, self._merit, order))
        self._settle(np.take_along_axis(self._merit, order[..., :1], -1)[..., 0])

    def _weights(self, samples: Samples, f: FloatArray, order: IntArray) -> FloatArray:
        """Weights (..., k) of the rows, large for good ones."""
        return self._shaping(f, order)

    def _follow(self, samples: Samples, weights: FloatArray) -> None:
        """Learn from k samples, with weights (..., k) that are large for good ones."""
        (z_w,) = samples.sums(weights)
        self._step(-z_w / samples.k)

    def _step(self, g: FloatArray) -> None:
        """Let the rule move the mean by a gradient g (..., n) in units of `shape`."""
        self.mean = self._rule_step(self.mean / self.shape, g) * self.shape

    def _settle(self, best: Any) -> None:
        """Halve spread and learning rate where the best value has not improved for long."""
        tired = self._halve_where_stalled(best < self.lowest, best)
        if np.any(tired):
            half = np.where(tired, 0.5, 1.0)
            self.sigma = self.sigma * (half if np.ndim(self.sigma) == half.ndim else half[..., None])


def _maker(rule: str | Callable[..., optim.Rule]) -> Callable[..., optim.Rule]:
    if callable(rule):
        return rule
    if rule not in optim.rules:
        raise ValueError(f"rule must be one of {', '.join(optim.rules)} or a class, got {rule!r}")
    return optim.rules[rule]
