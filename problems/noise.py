"""Gaussian noise on the values of a function, alone and side by side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from problems.rows import Rows, kind_of, rows_of


def reseed(fun: Any, rng: np.random.Generator) -> None:
    """Hand a new stream on to what a transform wraps."""
    begin = getattr(fun, "reseed", None)
    if begin is not None:
        begin(rng)


class Noisy:
    """fun(x) (1 + relative N) + absolute N', with a stream of its own; the gradient is that of the values as drawn."""

    def __init__(self, fun: Any, absolute: float, relative: float, rng: np.random.Generator) -> None:
        self.fun, self.absolute, self.relative, self.rng = fun, absolute, relative, rng

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n)."""
        f = self.fun(x)
        shape = x.shape[:-1]
        if self.relative:
            f = f * (1.0 + self.relative * self.rng.standard_normal(shape))
        return f + self.absolute * self.rng.standard_normal(shape) if self.absolute else f

    def reseed(self, rng: np.random.Generator) -> None:
        """Go on with another stream, and hand it on."""
        self.rng = rng
        reseed(self.fun, rng)

    @property
    def kind(self) -> Hashable:
        """Stacks hold noise of any strength on functions of one kind."""
        inner = kind_of(self.fun)
        return None if inner is None else (Noisy, inner)

    @classmethod
    def beside(cls, members: Sequence[Noisy]) -> NoisyRows:
        """Each row goes on with its own stream."""
        return NoisyRows(rows_of([m.fun for m in members]), list(members))


class NoisyRows:
    """Noisy functions side by side; a row draws what its function would draw alone."""

    def __init__(self, fun: Rows, members: list[Noisy]) -> None:
        self.fun, self.members = fun, members

    def __call__(self, x: Any) -> Any:
        """Values (r, k) at x (r, k, n)."""
        f, points = self.fun(x), x.shape[1]
        relative, absolute = np.ones((len(self.members), points)), np.zeros((len(self.members), points))
        for i, m in enumerate(self.members):  # in the order in which each would draw
            if m.relative:
                relative[i] = 1.0 + m.relative * m.rng.standard_normal(points)
            if m.absolute:
                absolute[i] = m.absolute * m.rng.standard_normal(points)
        return f * relative + absolute

    def take(self, rows: Any) -> NoisyRows:
        """Some rows, with their streams as they stand."""
        chosen = np.arange(len(self.members))[rows]
        return NoisyRows(self.fun.take(rows), [self.members[i] for i in chosen])
