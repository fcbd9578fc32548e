"""An update rule of `autodiff.optim` inside of an optimizer: its memory and its rate are state of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autodiff.optim import Rule
from es.core.arrays import FloatArray


class RuleState:
    """Mixin for optimizers that move `mean` by an update rule, for one run or a stack of them.

    The arrays that the rule remembers are attributes `rule_<name>`, so that they are saved, and compacted when a run
    ends, like all other state; the base learning rate, its halvings and what decides about them are others.

    Attributes
    ----------
    patience : int or None
        Calls of `_halve_where_stalled` without a new least value after which the rate is halved; None: never.
    base_lr, rate : float, or (runs,)
        Learning rate (1 where a schedule gives it), and what is left of it after the halvings.
    since, lowest : float, or (runs,)
        Calls since the last new least value, and this value.
    """

    RULE_STATE: ClassVar[tuple[str, ...]] = ("base_lr", "rate", "since", "lowest")

    mean: FloatArray
    nit: int
    batch: Any
    patience: int | None
    state_names: ClassVar[tuple[str, ...]]
    _each: Callable[[float], Any]

    def _hold(self, rule: Rule) -> None:
        """Take a fresh rule into the state."""
        self._held, lr = rule, rule.lr
        self._schedule = lr if callable(lr) else None
        self.base_lr: Any = self._each(1.0) if callable(lr) else np.broadcast_to(lr, self.batch).copy()[()]
        self.rate, self.since, self.lowest = self._each(1.0), self._each(0), self._each(np.inf)
        # A dry step makes the rule's arrays. The step count is the run's iterations: the same for all runs of a stack.
        rule.step(self.mean, np.zeros_like(self.mean))
        self._memory = tuple(name for name in rule.state if name != "step")
        for name in self._memory:
            setattr(self, f"rule_{name}", np.zeros_like(self.mean))
        names = (*type(self).state_names, *(f"rule_{name}" for name in self._memory))
        self.state_names = names  # type: ignore[misc]  # depends on the rule

    def _rule_step(self, x: FloatArray, g: FloatArray) -> FloatArray:
        """Where the rule goes from x (..., n) with gradient g."""
        rule = self._held
        rule.state = {"step": np.array(self.nit), **{name: getattr(self, f"rule_{name}") for name in self._memory}}
        rule.lr = np.asarray(self.rate * self.base_lr * (1.0 if self._schedule is None else self._schedule(self.nit)))
        y: FloatArray = rule.step(x, g)
        for name in self._memory:
            setattr(self, f"rule_{name}", rule.state[name])
        return y

    def _halve_where_stalled(self, better: Any, value: Any) -> Any:
        """Keep the least value; halve the rate of runs that had none for `patience` calls, and say which these are."""
        self.lowest = np.where(better, value, self.lowest)[()]
        self.since = np.where(better, 0, self.since + 1)[()]
        tired = self.since >= (np.inf if self.patience is None else self.patience)
        self.rate = np.where(tired, 0.5 * self.rate, self.rate)[()]
        self.since = np.where(tired, 0, self.since)[()]
        return tired

    def _forget(self, rows: Any) -> None:
        """Empty the rule's memory in the runs that `rows` says."""
        wide = np.asarray(rows)[..., None]
        for name in self._memory:
            setattr(self, f"rule_{name}", np.where(wide, 0.0, getattr(self, f"rule_{name}")))


def checked_patience(patience: Any) -> Any:
    """`patience` as it is. Raises ValueError if it is neither None nor at least 1."""
    if patience is not None and not patience >= 1:
        raise ValueError(f"patience must be at least 1 or None, got {patience}")
    return patience
