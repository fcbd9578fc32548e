"""What one of Hock & Schittkowski's problems consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from problems.numbers import columns


@dataclass(frozen=True)
class Problem:
    """One problem in the terms of its page: functions of x_1, x_2, ..., each of shape (..., 1)."""

    fun: Callable[..., Any]
    start: tuple[float, ...]
    x_opt: Sequence[float]
    bounds: Sequence[tuple[float, float]] = ()
    """Of all variables; none where it is empty."""
    equal: Callable[..., tuple[Any, ...]] | None = None
    """What is to be 0."""
    least_zero: Callable[..., tuple[Any, ...]] | None = None
    """What is to be at least 0."""

    def value(self, x: Any) -> Any:
        """Values at x of shape (..., n), shape (...)."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.fun(*columns(x))[..., 0]

    def limits(self, x: Any, equal: bool) -> Any:
        """What is to be 0, or what is to be at least 0, at x of shape (..., n): shape (..., m)."""
        given = self.equal if equal else self.least_zero
        assert given is not None
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return np.concatenate(given(*columns(x)), axis=-1)
