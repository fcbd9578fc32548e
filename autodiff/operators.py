"""Operators and array methods of a tensor: what ``x * y``, ``x[1:]`` and ``x.sum()`` call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from operator import getitem
from typing import Any, Self

import numpy as np
from numpy import float64, ndarray

from autodiff import core
from autodiff.registry import RULES

PLAIN = frozenset((float, int, ndarray, float64, np.float32))


def binary(ufunc: Any, op: Callable[..., Any], twice: Any = None) -> Callable[..., Any]:
    """The method of ``tensor op other``.

    It does what :func:`autodiff.tensor.record` does, written out for two arguments and one level, because a program
    made of small operations spends its time here. Anything unusual goes the general way, through NumPy's protocol.
    ``x op x`` is recorded as the function `twice` of x, where one edge does for two.
    """

    def method(self: Any, other: Any) -> Any:
        level = self.level
        if level <= 0:
            return ufunc(self, other)
        kind, own = type(other), type(self)
        x, a = self.data, self.node
        if kind is not own:
            if kind not in PLAIN:
                return ufunc(self, other)
            out = op(x, other)
            return core.made(own, out, (a, RULES[ufunc][0](out, x, other), None), a.depth + 1, ufunc, level)
        if other.level != level:
            return ufunc(self, other)
        if other is self and twice is not None:
            out = op(x, x)
            return core.made(kind, out, (a, RULES[twice][0](out, x), None), a.depth + 1, twice, level)
        y, b = other.data, other.node
        out = op(x, y)
        dx, dy = RULES[ufunc]
        depth = a.depth if a.depth > b.depth else b.depth
        return core.made(kind, out, (a, dx(out, x, y), (b, dy(out, x, y), None)), depth + 1, ufunc, level)

    return method


def reflected(ufunc: Any, op: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The method of ``other op tensor``, where `other` is no tensor."""

    def method(self: Any, other: Any) -> Any:
        level = self.level
        if level <= 0 or type(other) not in PLAIN:
            return ufunc(other, self)
        y, b = self.data, self.node
        out = op(other, y)
        return core.made(type(self), out, (b, RULES[ufunc][1](out, other, y), None), b.depth + 1, ufunc, level)

    return method


def compare(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison is piecewise constant: it gives plain booleans."""
    return lambda self, other: op(value_of(self), value_of(other))


def calls(fun: Any) -> Callable[..., Any]:
    """The array method that does what the function `fun` does."""
    return lambda self, *args, **kwargs: fun(self, *args, **kwargs)


def reduces(fun: Any, forward: Any) -> Callable[..., Any]:
    """The array method of the reduction `fun`; the usual arguments go a short way, as in `binary`, by `forward`."""

    def method(self: Any, axis: Any = None, *args: Any, keepdims: bool = False, **kwargs: Any) -> Any:
        level = self.level
        if level > 0 and not args and not kwargs and type(self.data) is not type(self):
            x, a = self.data, self.node
            out = forward(x, axis, None, None, keepdims)
            vjp = RULES[fun][0](out, x, axis, keepdims=keepdims)
            return core.made(type(self), out, (a, vjp, None), a.depth + 1, fun, level)
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


class Operators:
    """The part of a tensor that behaves like an array; everything ends in a NumPy function that has a rule."""

    __slots__ = ("data", "level", "node")

    data: Any
    node: Any
    level: int

    @classmethod
    def of(cls, data: Any, node: Any, level: int) -> Self:
        """A tensor with these attributes."""
        result = cls()
        result.data = data
        result.node = node
        result.level = level
        return result

    __add__, __radd__ = binary(np.add, operator.add), reflected(np.add, operator.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub), reflected(np.subtract, operator.sub)
    __mul__, __rmul__ = binary(np.multiply, operator.mul, np.square), reflected(np.multiply, operator.mul)
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
            vjp = RULES[getitem][0](out, x, index)
            return core.made(type(self), out, (a, vjp, None), a.depth + 1, getitem, level)
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

    sum, prod = reduces(np.sum, np.add.reduce), reduces(np.prod, np.multiply.reduce)
    max, min = reduces(np.max, np.maximum.reduce), reduces(np.min, np.minimum.reduce)
    mean, ptp, var, std = reduces(np.mean, np.mean), calls(np.ptp), calls(np.var), calls(np.std)
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
        order: Any = (axes[0] if len(axes) == 1 else axes) or None
        fun: Any = np.transpose  # NumPy's types know nothing of its own protocols
        return fun(self, order)


def take_index(x: Any, index: Any) -> Any:
    """``x[index]`` of a tensor, the general way."""
    from autodiff.tensor import record

    return record(getitem, (x, index), {})
