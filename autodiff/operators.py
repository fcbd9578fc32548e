"""Operators and array methods of a tensor: what ``x * y``, ``x[1:]`` and ``x.sum()`` call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from operator import getitem
from typing import Any, Self

import numpy as np
from numpy import float64, ndarray

from autodiff import core
from autodiff.buffers import kept
from autodiff.core import FLOAT64
from autodiff.registry import FORGETFUL, RULES

PLAIN = frozenset((float, int, ndarray, float64, np.float32))
PLACES = RULES.held(getitem)
Method = Callable[..., Any]


def short_forms(ufunc: Any, op: Method, twice: Any = None, *, ruled_by: Any = None) -> tuple[Method, Method]:
    """The methods of ``tensor op other`` and of ``other op tensor``.

    They do what :func:`autodiff.recording.record` does, written out for two arguments and one level, because a program
    made of small operations spends its time here. Anything unusual goes the general way, through NumPy's protocol.
    ``x op x`` is recorded as the function `twice` of x, where one edge does for two. The rule is that of `ufunc`,
    unless `ruled_by` has its own.
    """
    makers, of_square = RULES.held(ruled_by or ufunc), RULES.held(twice)

    def method(self: Any, other: Any, modulo: Any = None) -> Any:
        level = self.level
        if level > 0 and modulo is None:
            kind, own = type(other), type(self)
            x, a = self.inner, self.node
            if kind is own:
                if other is self and twice is not None:
                    out = op(x, x)
                    return core.made(own, out, (a, of_square[0](out, x), None), a.depth + 1, twice, level)
                if other.level == level:
                    y, b = other.inner, other.node
                    out = op(x, y)
                    dx, dy = makers
                    depth = a.depth if a.depth > b.depth else b.depth
                    return core.made(own, out, (a, dx(out, x, y), (b, dy(out, x, y), None)), depth + 1, ufunc, level)
            elif kind is float or kind in PLAIN:
                if kind is ndarray:
                    other = operand(other, ufunc, level)
                out = op(x, other)
                return core.made(own, out, (a, makers[0](out, x, other), None), a.depth + 1, ufunc, level)
        if modulo is not None:
            raise TypeError("pow(x, y, z) is for integers: use x**y % z")
        return NotImplemented if defers(other) else ufunc(self, other)

    def reflected(self: Any, other: Any) -> Any:
        level = self.level
        kind = type(other)
        if level > 0 and (kind is float or kind in PLAIN):
            y, b = self.inner, self.node
            if kind is ndarray:
                other = operand(other, ufunc, level)
            out = op(other, y)
            return core.made(type(self), out, (b, makers[1](out, other, y), None), b.depth + 1, ufunc, level)
        return ufunc(other, self)

    return method, reflected


def operand(array: Any, ufunc: Any, level: int) -> Any:
    """A plain array beside a tensor of `level`, as the history of ``ufunc(...)`` remembers it."""
    refuse_objects(array, ufunc)
    return array if ufunc in FORGETFUL else kept(array, level)


def refuse_objects(array: Any, op: Any) -> None:
    """Raise for an array of Python objects, through which no derivative leads."""
    if array.dtype.hasobject:
        name = getattr(op, "__name__", op)
        raise TypeError(f"{name} met an array of objects beside a traced value: convert it with .astype(float)")


def defers(other: Any) -> bool:
    """Whether the operator of `other` comes first: of sparse matrices, which know nothing of NumPy's ufuncs."""
    kind = type(other)
    return hasattr(kind, "__array_priority__") and not hasattr(kind, "__array_ufunc__")


def compare(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison is piecewise constant: it gives plain booleans."""
    return lambda self, other: op(value_of(self), value_of(other))


def calls(fun: Any) -> Callable[..., Any]:
    """The array method that does what the function `fun` does."""
    return lambda self, *args, **kwargs: fun(self, *args, **kwargs)


def reduces(fun: Any, forward: Any) -> Callable[..., Any]:
    """The array method of the reduction `fun`; the usual arguments go a short way, by `forward`."""
    makers = RULES.held(fun)

    def method(self: Any, axis: Any = None, *args: Any, keepdims: bool = False, **kwargs: Any) -> Any:
        level = self.level
        if level > 0 and not args and not kwargs and type(self.inner) is not type(self):
            x, a = self.inner, self.node
            out = forward(x, axis, None, None, keepdims)
            vjp = makers[0](out, x, axis, keepdims=keepdims)
            return core.made(type(self), out, (a, vjp, None), a.depth + 1, fun, level)
        return fun(self, axis, *args, keepdims=keepdims, **kwargs)

    return method


def quick_mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **kw: Any) -> Any:
    """``np.mean``, without its detours where it is the quotient of the sum and of the number of entries."""
    if type(a) is not ndarray or a.dtype is not FLOAT64 or not a.size or dtype is not None or kw:
        return np.mean(a, axis, dtype, None, keepdims, **kw)
    total = np.add.reduce(a, axis, keepdims=keepdims)
    return total / (a.size // total.size)


def shape_method(fun: Any) -> Callable[..., Any]:
    """As :func:`calls`, for ``x.reshape(2, 3)`` as well as ``x.reshape((2, 3))``."""
    return lambda self, *shape, **kw: fun(self, shape[0] if len(shape) == 1 else shape, **kw)


def value_of(a: Any) -> Any:
    """The plain NumPy value inside `a`, below all levels of differentiation."""
    while isinstance(a, Operators):
        a = a.inner
    return a


class Operators:
    """The part of a tensor that behaves like an array; everything ends in a NumPy function that has a rule."""

    __slots__ = ("inner", "level", "node")

    inner: Any
    node: Any
    level: int

    def __array_function__(self, fun: Any, types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError("tensors say what a NumPy function does with them")

    @classmethod
    def of(cls, inner: Any, node: Any, level: int) -> Self:
        """A tensor with these attributes."""
        result = cls()
        result.inner = inner
        result.node = node
        result.level = level
        return result

    __add__, __radd__ = short_forms(np.add, operator.add)
    __sub__, __rsub__ = short_forms(np.subtract, operator.sub)
    __mul__, __rmul__ = short_forms(np.multiply, operator.mul, np.square)
    __truediv__, __rtruediv__ = short_forms(np.true_divide, operator.truediv)
    __pow__, __rpow__ = short_forms(np.power, operator.pow, ruled_by=operator.pow)
    __matmul__, __rmatmul__ = short_forms(np.matmul, operator.matmul)
    __mod__, __rmod__ = short_forms(np.remainder, operator.mod)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __round__(self, digits: int | None = None) -> Any:
        """Piecewise constant, so a plain number or array."""
        return np.round(value_of(self), digits or 0)

    __neg__, __pos__, __abs__ = calls(np.negative), calls(np.positive), calls(np.absolute)

    __lt__, __le__, __gt__, __ge__ = map(compare, (operator.lt, operator.le, operator.gt, operator.ge))
    __eq__, __ne__ = compare(operator.eq), compare(operator.ne)  # elementwise, as in NumPy
    __floordiv__, __rfloordiv__ = compare(operator.floordiv), compare(lambda x, y: y // x)
    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Any:
        level = self.level
        if level > 0:
            x, a = self.inner, self.node
            out = x[index]
            return core.made(type(self), out, (a, PLACES[0](out, x, index), None), a.depth + 1, getitem, level)
        return self.__array_function__(getitem, (type(self),), (self, index), {})

    def __len__(self) -> int:
        return len(self.inner)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(value_of(self))

    @property
    def shape(self) -> Any:
        """Shape of the value."""
        return self.inner.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise TypeError("a tensor cannot be changed in place: use x = x.reshape(shape)")

    ndim = property(lambda self: self.inner.ndim, doc="Number of axes.")
    size = property(lambda self: self.inner.size, doc="Number of entries.")
    dtype = property(lambda self: self.inner.dtype, doc="Data type of the value.")
    T = property(lambda self: np.transpose(self), doc="The transpose.")
    mT = property(lambda self: np.matrix_transpose(self), doc="The transpose of the last two axes.")
    real = property(lambda self: np.real(self), doc="Real part.")
    imag = property(lambda self: np.imag(self), doc="Imaginary part.")

    sum, prod = reduces(np.sum, np.add.reduce), reduces(np.prod, np.multiply.reduce)
    max, min = reduces(np.max, np.maximum.reduce), reduces(np.min, np.minimum.reduce)
    mean, ptp, var, std = reduces(np.mean, quick_mean), calls(np.ptp), calls(np.var), calls(np.std)
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
