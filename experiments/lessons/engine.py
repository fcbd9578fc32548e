"""Reverse-mode differentiation in a hundred lines, to be read from top to bottom.

An expression E is made step by step, and each step knows its own derivative. The chain rule puts them together: what a
value x does to E, it does through the values y that were made from it,

    dE/dx  =  sum over y made from x  of  dE/dy dy/dx.

So every value keeps what it was made from, with a function that multiplies by dy/dx (a `pull`), and :func:`backward`
walks from E to the beginning. :mod:`autodiff` does the same; what it has besides is in the lesson `reverse_mode`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pull = Callable[[Array], Array]  # dE/dy -> dE/dy dy/dx

number = count()


class Value:
    """An array with what it was made from: pairs of a value x and the pull that leads from dE/dself to dE/dx."""

    __array_ufunc__ = None  # array + Value is left to Value, entry by entry it would be many values

    def __init__(self, data: npt.ArrayLike, *parents: tuple[Value, Pull]) -> None:
        self.data: Array = np.asarray(data, dtype=float)
        self.parents = parents
        self.born = next(number)  # whatever is made from this has a higher number
        self.grad: Array = np.zeros_like(self.data)  # dE/dself, as far as it has been added up

    def __add__(self, other: Any) -> Value:
        x, y = self, value(other)
        return Value(x.data + y.data, (x, lambda g: g), (y, lambda g: g))  # d(x + y)/dx = 1

    def __mul__(self, other: Any) -> Value:
        x, y = self, value(other)
        return Value(x.data * y.data, (x, lambda g: g * y.data), (y, lambda g: g * x.data))  # d(x y)/dx = y

    def __pow__(self, n: float) -> Value:
        x = self
        return Value(x.data**n, (x, lambda g: g * n * x.data ** (n - 1)))  # d(x^n)/dx = n x^(n-1)

    def __matmul__(self, other: Any) -> Value:
        """Matrices: entry (i, k) of x meets row k of y, so what comes back to it is g_i . y_k."""
        x, y = self, value(other)
        return Value(x.data @ y.data, (x, lambda g: g @ y.data.T), (y, lambda g: x.data.T @ g))

    def __getitem__(self, index: Any) -> Value:
        """A part of x: the gradient goes back to its place, and nothing to the rest."""
        x = self

        def pull(g: Array) -> Array:
            whole = np.zeros_like(x.data)
            np.add.at(whole, index, g)  # adds, where an index array names an entry twice
            return whole

        return Value(x.data[index], (x, pull))

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Value:
        """Every entry goes into the sum with slope 1, so each receives the sum's gradient."""
        x = self

        def pull(g: Array) -> Array:
            kept = g if axis is None or keepdims else np.expand_dims(g, axis)
            return np.broadcast_to(kept, x.data.shape)

        return Value(x.data.sum(axis=axis, keepdims=keepdims), (x, pull))

    __radd__, __rmul__ = __add__, __mul__

    def __rmatmul__(self, other: Any) -> Value:
        return value(other) @ self

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Any) -> Value:
        return self + -value(other)

    def __rsub__(self, other: Any) -> Value:
        return value(other) + -self

    def __truediv__(self, other: Any) -> Value:
        return self * value(other) ** -1.0

    def __rtruediv__(self, other: Any) -> Value:
        return value(other) * self**-1.0


def value(x: Any) -> Value:
    """A plain number or array as a value that was made from nothing."""
    return x if isinstance(x, Value) else Value(x)


def elementwise(fun: Callable[[Array], Array], slope: Callable[[Array, Array], Array]) -> Callable[[Value], Value]:
    """A function of single entries, from its slope as a function of x and y = fun(x)."""

    def of(x: Value) -> Value:
        y = fun(x.data)
        return Value(y, (x, lambda g: g * slope(x.data, y)))

    return of


exp = elementwise(np.exp, lambda x, y: y)
log = elementwise(np.log, lambda x, y: 1 / x)
sin = elementwise(np.sin, lambda x, y: np.cos(x))
tanh = elementwise(np.tanh, lambda x, y: 1 - y * y)


def backward(end: Value) -> None:
    """Bring dE/dx to every x that E = `end`, a single number, was made from: the chain rule, latest value first."""
    made_from = {end}
    unseen = [end]
    while unseen:  # a loop and not a recursion, so that long expressions are no problem
        new = {x for x, _ in unseen.pop().parents} - made_from
        made_from |= new
        unseen += new
    end.grad = np.ones_like(end.data)  # dE/dE
    for y in sorted(made_from, key=lambda y: y.born, reverse=True):  # all that was made from y has had its turn
        for x, pull in y.parents:
            x.grad = x.grad + unstretched(pull(y.grad), x.data.shape)  # dE/dx += dE/dy dy/dx


def unstretched(g: Array, shape: tuple[int, ...]) -> Array:
    """Where NumPy has stretched x to fit, one entry went into many: their gradients add up."""
    g = np.sum(g, axis=tuple(range(g.ndim - len(shape))))
    return np.sum(g, axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def grad(f: Callable[[Value], Value]) -> Callable[[npt.ArrayLike], Array]:
    """The function that returns df/dx.

    >>> grad(lambda x: (x**2).sum())([1.0, 2.0])
    array([2., 4.])
    """

    def of(x: npt.ArrayLike) -> Array:
        start = Value(x)
        backward(f(start))
        return start.grad

    return of
