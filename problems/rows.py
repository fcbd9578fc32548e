"""Functions side by side: row i of a batch goes to function i, all rows in one call."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np

from problems.numbers import FloatArray


class Rows(Protocol):
    """r functions at once."""

    def __call__(self, x: Any) -> Any:
        """Values (r, k) at x (r, k, n): row i is that of function i, to the last bit."""

    def take(self, rows: Any) -> Rows:
        """The functions of these rows, in their order; `rows` is an array of indices or a slice."""


class Shared:
    """One and the same vectorised function in all rows.

    Parameters
    ----------
    fun : callable
        x of shape (..., n) -> (...).
    """

    def __init__(self, fun: Callable[[Any], Any]) -> None:
        self.fun = fun

    def __call__(self, x: Any) -> Any:
        """Values (r, k) at x (r, k, n)."""
        return self.fun(x)

    def take(self, rows: Any) -> Shared:
        """Itself: there is one function only."""
        return self


def kind_of(fun: Callable[..., Any]) -> Hashable:
    """What two functions must have in common to share a call, or None if `fun` can share none.

    A function of its own kind has that as `kind`, and a class method `beside(members)` that makes `Rows` of several.
    """
    if hasattr(fun, "beside"):
        return fun.kind  # type: ignore[attr-defined]
    return ("shared", id(fun))


def rows_of(members: Sequence[Callable[..., Any]]) -> Rows:
    """Functions of one kind as one."""
    first = members[0]
    if hasattr(first, "beside"):
        return type(first).beside(members)  # type: ignore[attr-defined]
    return Shared(first)


def abreast(arrays: Sequence[FloatArray | float]) -> FloatArray:
    """Parameters (r, 1, ...) of arrays (...): the second axis is that of the points of a row."""
    return np.stack([np.asarray(array) for array in arrays])[:, None]
