"""Tensors: NumPy values that record what is done with them.

``np.sin(x)``, ``x @ y``, ``np.linalg.solve(a, b)`` on tensors arrive here through NumPy's own protocols
(``__array_ufunc__``, NEP 13, and ``__array_function__``, NEP 18) or through an operator; :func:`~.recording.record`
computes the value with plain NumPy and makes the :class:`~autodiff.core.Node` from the rule of the function.

Derivatives of derivatives need nothing more. Every differentiation draws a new *level*, and the data of a tensor may be
a tensor of a lower level. An operation unwraps the highest level only and calls the same NumPy function on what is
inside; whatever has a lower level is a constant to it. The vjps are NumPy code, so they are recorded in turn. Levels
only grow and belong to one call: there is no global stack, and threads, exceptions and nested derivatives cannot
confuse one another (Pearlmutter & Siskind 2008, ACM TOPLAS 30(2)). Level 0 is the eager face
(``tensor(x, requires_grad=True)`` and ``backward()``), level -1 marks tensors without a history.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from autodiff import core
from autodiff.core import Leaf
from autodiff.dispatch import call_function, call_ufunc
from autodiff.eager import Eager, protected
from autodiff.exits import LostGradient, lost
from autodiff.foreign import foreign
from autodiff.operators import value_of
from autodiff.recording import record
from autodiff.registry import RULES

_levels = itertools.count(1).__next__


def new_level() -> int:
    """A level of its own for a differentiation."""
    if SPARSE and "scipy.sparse" in sys.modules:
        meet_sparse()
    return _levels()


def meet_sparse() -> None:
    """SciPy's sparse arrays, which are classes of their own, learn of tensors once they are loaded."""
    if "scipy.sparse" in sys.modules:
        for teach in SPARSE:
            teach()
        SPARSE.clear()


SPARSE: list[Callable[[], None]] = []  # what teaches them, until that was done


OTHER_FRAMEWORK = (
    " cannot take a tensor of autodiff: a function of PyTorch or JAX brings its own gradient, hand that over as jac=,"
    " or write the function with NumPy"
)


def of_value(fun: Any) -> Callable[[Any], Any]:
    """A method that is piecewise constant: it gives a plain number."""
    return lambda self: fun(value_of(self))


class Tensor(Eager):
    """A NumPy value that records what is done with it, so that it can be differentiated.

    Made by :func:`autodiff.tensor` or, under :func:`autodiff.grad` and its kin, handed to the function that is
    differentiated. It behaves like an array: NumPy functions, operators, indexing and array methods work on it and give
    tensors. It cannot be changed in place.

    Attributes
    ----------
    inner : ndarray or NumPy scalar
        The value (a tensor of a lower level where derivatives nest). For this package: take ``x.detach()``.
    node : Node or None
        The history; None for a constant.
    level : int
        Which differentiation the tensor belongs to.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> np.sum(x**2)
    Tensor(np.float64(5.0), made by sum)
    """

    __slots__ = ("__weakref__",)

    def __array_ufunc__(self, ufunc: Any, call: str, *inputs: Any, **kwargs: Any) -> Any:
        if call != "__call__" or kwargs or ufunc not in RULES:
            return call_ufunc(ufunc, call, inputs, kwargs)
        if self.level <= 0:
            return record(ufunc, inputs, kwargs)
        if len(inputs) > 1:
            if ufunc in REFLECTED and inputs[1] is self and type(inputs[0]) is ndarray:  # array @ x and the like
                return REFLECTED[ufunc](self, inputs[0])
            return record(ufunc, inputs, kwargs)
        x, a = self.inner, self.node  # np.exp(x): the short way, as for operators
        out = ufunc(x)
        return core.made(Tensor, out, (a, RULES[ufunc][0](out, x), None), a.depth + 1, ufunc, self.level)

    def __array_function__(self, fun: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if self.level > 0 and fun in SHORT and not kwargs and len(args) == 1:  # np.sum(x): as x.sum()
            return SHORT[fun](self)
        return call_function(fun, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.node is None:
            return np.array(protected(self.inner), dtype=dtype, copy=copy)
        raise lost(
            "a traced tensor cannot become a plain array, its gradient would be lost: use np.stack or np.concatenate"
            " instead of np.array([...]) and a[i] = x, leave out np.asarray(x) (or use autodiff.asarray), take SciPy's"
            " functions from autodiff.special, or x.detach() for the value alone"
        )

    def __jax_array__(self) -> Any:
        raise LostGradient("jax.numpy" + OTHER_FRAMEWORK)

    @classmethod
    def __torch_function__(cls, fun: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise LostGradient(f"torch.{getattr(fun, '__name__', fun)}" + OTHER_FRAMEWORK)

    def __float__(self) -> float:
        if self.node is None:
            return float(self.inner)
        raise lost(
            "float(x) of a traced tensor would lose its gradient: use np.stack, np.concatenate or np.where instead of"
            " a[i] = x, and NumPy functions (np.sin, not math.sin); float(x.detach()) is the value alone"
            + (
                "; what PyTorch computes has a gradient of its own: hand it over as jac="
                if "torch" in sys.modules
                else ""
            )
        )

    __int__, __trunc__, __floor__, __ceil__ = map(of_value, (int, math.trunc, math.floor, math.ceil))

    def __format__(self, spec: str) -> str:
        return format(value_of(self), spec) if spec else repr(self)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a tensor cannot be changed in place: build the new value with np.where, np.concatenate, np.stack or np.pad"
        )

    def __repr__(self) -> str:
        made = "" if self.node is None else f", made by {self.node.name}"
        return f"Tensor({value_of(self)!r}{made})"

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """Convert to another type; the gradient is converted back. Integers and booleans are plain arrays."""
        if np.dtype(dtype).kind in "iub" or not np.can_cast(
            self.dtype, dtype, casting
        ):  # piecewise constant, or refused
            return value_of(self).astype(dtype, order, casting)
        if np.dtype(dtype).kind not in "fc":
            raise LostGradient(f"x.astype({np.dtype(dtype)}) of a tensor would lose its gradient: convert x.detach()")
        return record(astype, (self, np.dtype(dtype)), {})

    def __copy__(self) -> Any:
        return self if self.node is not None else Tensor.of(self.inner, None, -1)

    def __deepcopy__(self, memo: Any) -> Any:
        """A leaf of the eager face becomes another leaf; a traced value never changes and stands for itself."""
        return _rebuild(*self.__reduce__()[1]) if self.level <= 0 and self.is_leaf else self

    def __reduce__(self) -> Any:
        if self.node is None or (self.is_leaf and self.level == 0):
            return _rebuild, (self.inner, self.requires_grad, self.grad)
        raise TypeError(
            "a computed tensor cannot be pickled, its history is made of functions: pickle x.detach() or plain arrays"
        )


class Absent:
    """Stands in the class for what an array or NumPy has and a tensor has not; the error says what to use.

    A ``__getattr__`` in the class would do it too, but makes every ``x.data`` and ``x.level`` five times slower.
    """

    def __init__(self, name: str) -> None:
        cure = f"use np.{name}(x)" if hasattr(np, name) else "x.detach() has it"
        self.message = f"a tensor has no attribute {name!r}: {cure}"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise AttributeError(self.message)


_FUNCTIONS = (np.ufunc, type(np.sum))
for _name in {*dir(ndarray), *(name for name, fun in vars(np).items() if isinstance(fun, _FUNCTIONS))}:
    if not _name.startswith("_") and not hasattr(Tensor, _name):
        setattr(Tensor, _name, Absent(_name))


def astype(x: Any, dtype: Any) -> Any:
    """``x.astype(dtype)`` as a function, for its rule."""
    return x.astype(dtype)


def _rebuild(data: Any, requires_grad: bool, grad: Any) -> Tensor:
    meet_sparse()
    data = data.copy()
    x = Tensor.of(data, Leaf(data) if requires_grad else None, 0 if requires_grad else -1)
    if requires_grad:
        x.grad = grad
    return x


def numeric(x: Any) -> Any:
    """`x` as a NumPy value of a floating or complex type: integers become float64, a number becomes a NumPy scalar."""
    if type(x) is Tensor:
        return x
    if type(x) is ndarray and x.dtype.kind == "f" and x.ndim:
        return x
    if type(x) is float or type(x) is np.float64:
        return np.float64(x)
    data = np.asarray(foreign(x))
    if data.dtype.kind in "iub":
        data = data.astype(np.float64)
    if data.dtype.kind not in "fc":
        raise TypeError(f"x must be made of numbers, got {data.dtype}: pass an array of floats")
    return data[()] if data.ndim == 0 else data


def floating(x: Any) -> Any:
    """As :func:`numeric`, where complex values have no meaning."""
    x = numeric(x)
    if x.dtype.kind == "c":
        raise TypeError(f"x must be real, got {x.dtype}: pass real and imaginary parts as two real arguments")
    return x


def tensor(data: Any, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """A tensor of the eager face: a constant, or a leaf whose ``.grad`` is filled by ``backward()``.

    Parameters
    ----------
    data : array_like
        Numbers, of any shape; integers become float64.
    requires_grad : bool
        Whether to record what is done with the tensor.
    dtype : data type, optional
        Floating type to convert to.

    Examples
    --------
    >>> import autodiff as ad
    >>> w = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> (w ** 2).sum().backward()
    >>> w.grad
    array([2., 4.])
    """
    if type(data) is Tensor and data.node is not None:
        raise LostGradient(
            "autodiff.tensor(x) of a traced tensor would lose its gradient: x is a tensor already; x.detach() is the"
            " value alone"
        )
    data = floating(value_of(data) if dtype is None else np.asarray(value_of(data), dtype=dtype))
    data = data.copy()
    return Tensor.of(data, Leaf(data) if requires_grad else None, 0 if requires_grad else -1)


def asarray(x: Any) -> Any:
    """`x` as an array, or unchanged if it is a tensor (``np.asarray`` would lose the history and is refused).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.asarray([1, 2])
    array([1, 2])
    """
    if type(x) is Tensor:
        return x
    if isinstance(x, np.ma.MaskedArray):
        foreign(x)  # says that the mask would be lost
    return np.asarray(x)


REFLECTED = {
    np.add: Tensor.__radd__, np.subtract: Tensor.__rsub__, np.multiply: Tensor.__rmul__,
    np.true_divide: Tensor.__rtruediv__, np.matmul: Tensor.__rmatmul__,
}  # fmt: skip
SHORT: dict[Any, Any] = {np.sum: Tensor.sum, np.mean: Tensor.mean}
