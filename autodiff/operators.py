"""Operators and array methods of a tensor: what ``x * y``, ``x[1:]`` and ``x.sum()`` call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from operator import getitem
from typing import Any

import numpy as np
from numpy import float64, ndarray

from autodiff.core import Node
from autodiff.registry import FORWARD, RULES

PLAIN = frozenset((float, int, ndarray, float64, np.float32))
NUMBER = frozenset((float, int))
BASIC = frozenset((int, slice, type(None), type(Ellipsis), np.int64))


def binary(ufunc: Any, op: Callable[..., Any], same: Callable[[Any], Any] | None = None) -> Callable[..., Any]:
    """The method of ``tensor op other``.

    It does what :func:`autodiff.tensor.record` does, written out for two arguments and one level, because a program
    made of small operations spends its time here. Anything unusual goes the general way, through NumPy's protocol.
    `same` is called for ``x op x`` where one edge does for two.
    """

    def method(self: Any, other: Any) -> Any:
        level = self.level
        if level > 0:
            x = self.data
            kind = type(other)
            if kind in PLAIN:
                out = op(x, other)
                a = self.node  # with a Python number the result has the shape and type of x
                spec = a.spec if kind in NUMBER else float64 if type(out) is float64 else (out.shape, out.dtype)
                return type(self)(out, Node(((a, RULES[ufunc][0](out, x, other)),), spec, a.depth + 1, ufunc), level)
            if kind is type(self) and other.level == level:
                if other is self and same is not None:
                    return same(self)
                y, a, b = other.data, self.node, other.node
                out = op(x, y)
                dx, dy = RULES[ufunc]
                depth = a.depth if a.depth > b.depth else b.depth
                spec = float64 if type(out) is float64 else (out.shape, out.dtype)
                edges = ((a, dx(out, x, y)), (b, dy(out, x, y)))
                return kind(out, Node(edges, spec, depth + 1, ufunc), level)
        return ufunc(self, other)

    return method


def reflected(ufunc: Any, op: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The method of ``other op tensor``, where `other` is no tensor."""

    def method(self: Any, other: Any) -> Any:
        level = self.level
        kind = type(other)
        if level > 0 and kind in PLAIN:
            y, b = self.data, self.node
            out = op(other, y)
            spec = b.spec if kind in NUMBER else float64 if type(out) is float64 else (out.shape, out.dtype)
            return type(self)(out, Node(((b, RULES[ufunc][1](out, other, y)),), spec, b.depth + 1, ufunc), level)
        return ufunc(other, self)

    return method


def compare(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison is piecewise constant: it gives plain booleans."""
    return lambda self, other: op(value_of(self), value_of(other))


def calls(fun: Any) -> Callable[..., Any]:
    """The array method that does what the function `fun` does."""
    return lambda self, *args, **kwargs: fun(self, *args, **kwargs)


def reduces(fun: Any) -> Callable[..., Any]:
    """The array method of a reduction, such as ``x.sum(-1)``; the usual arguments go a short way, as in `binary`."""

    def method(self: Any, axis: Any = None, *args: Any, keepdims: bool = False, **kwargs: Any) -> Any:
        level = self.level
        if level > 0 and not args and not kwargs and type(self.data) is not type(self):
            x, a = self.data, self.node
            out = FORWARD[fun](x, axis, keepdims=keepdims)
            spec = float64 if type(out) is float64 else (out.shape, out.dtype)
            vjp = RULES[fun][0](out, x, axis, keepdims=keepdims)
            return type(self)(out, Node(((a, vjp),), spec, a.depth + 1, fun), level)
        return fun(self, axis, *args, keepdims=keepdims, **kwargs)

    return method


def shape_method(fun: Any) -> Callable[..., Any]:
    """As :func:`calls`, for ``x.reshape(2, 3)`` as well as ``x.reshape((2, 3))``."""
    return lambda self, *shape, **kw: fun(self, shape[0] if len(shape) == 1 else shape, **kw)


def value_of(a: Any) -> Any:
    """The plain NumPy value inside `a`, below all levels of differentiation."""
    while isinstance(a, Operators):
        a = a.data
    return a


def is_basic(index: Any) -> bool:
    """Whether `index` consists of slices, integers, None and Ellipsis (so it never names an entry twice)."""
    if type(index) is not tuple:
        return type(index) in BASIC
    return BASIC.issuperset(map(type, index))


class Operators:
    """The part of a tensor that behaves like an array; everything ends in a NumPy function that has a rule."""

    __slots__ = ("data", "level", "node")

    def __init__(self, data: Any, node: Any, level: int) -> None:
        self.data = data
        self.node = node
        self.level = level

    __add__, __radd__ = binary(np.add, operator.add), reflected(np.add, operator.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub), reflected(np.subtract, operator.sub)
    __mul__, __rmul__ = binary(np.multiply, operator.mul, lambda x: x**2), reflected(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = binary(np.true_divide, operator.truediv), reflected(np.true_divide, operator.truediv)
    __pow__, __rpow__ = binary(np.power, operator.pow), reflected(np.power, operator.pow)
    __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul), reflected(np.matmul, operator.matmul)
    __mod__, __rmod__ = binary(np.remainder, operator.mod), reflected(np.remainder, operator.mod)
    __neg__, __pos__, __abs__ = calls(np.negative), calls(np.positive), calls(np.absolute)

    __lt__, __le__, __gt__, __ge__ = (
        compare(operator.lt),
        compare(operator.le),
        compare(operator.gt),
        compare(operator.ge),
    )
    __eq__, __ne__ = compare(operator.eq), compare(operator.ne)  # elementwise, as in NumPy
    __floordiv__, __rfloordiv__ = compare(operator.floordiv), compare(lambda x, y: y // x)
    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Any:
        level = self.level
        if level > 0:
            x, a = self.data, self.node
            out = x[index]
            spec = float64 if type(out) is float64 else (out.shape, out.dtype)
            return type(self)(out, Node(((a, RULES[getitem][0](out, x, index)),), spec, a.depth + 1, getitem), level)
        return take_index(self, index)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(value_of(self))

    shape = property(lambda self: self.data.shape, doc="Shape of the value.")
    ndim = property(lambda self: self.data.ndim, doc="Number of axes.")
    size = property(lambda self: self.data.size, doc="Number of entries.")
    dtype = property(lambda self: self.data.dtype, doc="Data type of the value.")
    T = property(lambda self: np.transpose(self), doc="The transpose.")
    mT = property(lambda self: np.matrix_transpose(self), doc="The transpose of the last two axes.")
    real = property(lambda self: np.real(self), doc="Real part.")
    imag = property(lambda self: np.imag(self), doc="Imaginary part.")

    sum, prod, max, min = reduces(np.sum), reduces(np.prod), reduces(np.max), reduces(np.min)
    mean, ptp = calls(np.mean), calls(np.ptp)
    var, std = calls(np.var), calls(np.std)
    cumsum, cumprod = calls(np.cumsum), calls(np.cumprod)
    argmax, argmin, argsort = calls(np.argmax), calls(np.argmin), calls(np.argsort)
    any, all, nonzero, round = calls(np.any), calls(np.all), calls(np.nonzero), calls(np.round)
    dot, trace, diagonal = calls(np.dot), calls(np.trace), calls(np.diagonal)
    ravel, flatten, squeeze, swapaxes = calls(np.ravel), calls(np.ravel), calls(np.squeeze), calls(np.swapaxes)
    take, repeat, clip = calls(np.take), calls(np.repeat), calls(np.clip)
    conj = conjugate = calls(np.conjugate)
    copy = calls(np.copy)
    reshape = shape_method(np.reshape)

    def transpose(self, *axes: Any) -> Any:
        """Permute the axes, as :meth:`numpy.ndarray.transpose`."""
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)  # type: ignore[call-overload]


def take_index(x: Any, index: Any) -> Any:
    """``x[index]`` of a tensor, the general way."""
    from autodiff.tensor import record

    return record(getitem, (x, index), {})
