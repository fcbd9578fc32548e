"""Learning-rate schedules: functions of the number of updates done so far, as small objects that pickle."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Constant:
    """The same rate ``lr`` at every step.

    Examples
    --------
    >>> from autodiff.optim import Constant
    >>> Constant(0.1)(1000)
    0.1
    """

    lr: float

    def __call__(self, step: int) -> float:
        """Rate of the update number ``step`` (the first is 0)."""
        return self.lr


@dataclass(frozen=True)
class StepDecay:
    """Multiply the rate by ``factor`` after every ``every`` updates: ``lr * factor ** (step // every)``.

    Examples
    --------
    >>> from autodiff.optim import StepDecay
    >>> [StepDecay(1.0, every=2)(k) for k in range(5)]
    [1.0, 1.0, 0.1, 0.1, 0.010000000000000002]
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be at least 1 update, got {self.every}")

    def __call__(self, step: int) -> float:
        """Rate of the update number ``step`` (the first is 0)."""
        return self.lr * float(self.factor ** (step // self.every))


@dataclass(frozen=True)
class Exponential:
    """Multiply the rate by ``factor`` after every update: ``lr * factor ** step``.

    Examples
    --------
    >>> from autodiff.optim import Exponential
    >>> [Exponential(1.0, factor=0.5)(k) for k in range(3)]
    [1.0, 0.5, 0.25]
    """

    lr: float
    factor: float = 0.99

    def __call__(self, step: int) -> float:
        """Rate of the update number ``step`` (the first is 0)."""
        return self.lr * float(self.factor**step)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from ``lr`` down to ``final`` over ``steps`` updates, ``final`` from then on.

    Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation (5) without restarts.

    Examples
    --------
    >>> from autodiff.optim import Cosine
    >>> [round(Cosine(1.0, steps=4)(k), 3) for k in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    lr: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1 update, got {self.steps}")

    def __call__(self, step: int) -> float:
        """Rate of the update number ``step`` (the first is 0)."""
        fraction = min(step / self.steps, 1.0)
        return self.final + 0.5 * (self.lr - self.final) * (1.0 + math.cos(math.pi * fraction))


@dataclass(frozen=True)
class Warmup:
    """Rise linearly to ``lr`` over ``steps`` updates; a schedule given as ``lr`` starts when the rise is over.

    Examples
    --------
    >>> from autodiff.optim import Exponential, Warmup
    >>> [Warmup(1.0, steps=4)(k) for k in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    >>> [Warmup(Exponential(1.0, 0.5), steps=2)(k) for k in range(5)]
    [0.5, 1.0, 1.0, 0.5, 0.25]
    """

    lr: float | Callable[[int], Any]
    steps: int

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1 update, got {self.steps}")

    def __call__(self, step: int) -> Any:
        """Rate of the update number ``step`` (the first is 0)."""
        rate = self.lr(max(step - self.steps, 0)) if callable(self.lr) else self.lr
        return rate * min((step + 1) / self.steps, 1.0)
