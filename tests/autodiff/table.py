"""The form of the table of cases: function, inputs, keywords.

``case(fun, *inputs, **keywords)``: arrays of floats are differentiated, everything else is handed through. Functions
of lists are written as a lambda with ``of=`` naming what it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Case:
    of: Any
    fun: Callable[..., Any]
    inputs: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)
    nth: int = 2  # order of derivatives to check
    single: bool = True  # whether float32 is meaningful

    @property
    def id(self) -> str:
        name = getattr(self.of, "__name__", str(self.of))
        shapes = ",".join(str(np.shape(x)).replace(" ", "") for x in self.inputs if is_variable(x))
        words = ",".join(f"{k}={np.shape(v) if isinstance(v, np.ndarray) else v}" for k, v in self.keywords.items())
        return f"{name}-{shapes}-{words}"

    def variables(self) -> list[Any]:
        return [x for x in self.inputs if is_variable(x)]

    def call(self, *variables: Any) -> Any:
        """The function of the differentiated inputs alone."""
        rest = iter(variables)
        return self.fun(*[next(rest) if is_variable(x) else x for x in self.inputs], **self.keywords)


def is_variable(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


CASES: list[Case] = []
_random = np.random.default_rng(20240501)


def case(fun: Any, *inputs: Any, of: Any = None, nth: int = 2, single: bool = True, **keywords: Any) -> None:
    CASES.append(Case(of or fun, fun, inputs, keywords, nth, single))


def R(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    """Entries between `low` and `high` in random order, well apart from one another and from zero."""
    n = int(np.prod(shape))
    x = np.linspace(low, high, 2 * n + 1)[1::2] + _random.uniform(-0.3, 0.3, size=n) * (high - low) / (2 * n)
    x = _random.permutation(np.where(np.abs(x) < 0.3 / n, np.copysign(0.3 / n, x), x))
    return x.reshape(shape)[()] if shape else np.asarray(x[0])


def P(*shape: int) -> Any:
    """Positive entries."""
    return R(*shape, low=0.3, high=2.5)


def U(*shape: int) -> Any:
    """Entries between 0 and 1."""
    return R(*shape, low=0.15, high=0.85)


def S(*shape: int) -> Any:
    """Stack of symmetric positive definite matrices with distinct eigenvalues."""
    a = 0.15 * R(*shape)
    return a + a.swapaxes(-1, -2) + np.diag(3.0 * np.arange(1, shape[-1] + 1))


def M(*shape: int) -> Any:
    """Stack of matrices with distinct singular values, none near zero."""
    return 0.3 * R(*shape) + np.eye(*shape[-2:]) * 3 * np.arange(1, shape[-1] + 1)


MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])

# a function with a known gradient, for the tests of the machine

X = np.random.default_rng(0).normal(size=7)


def rosenbrock(x: Any) -> Any:
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)
