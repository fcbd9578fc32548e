"""Tensors: NumPy values that record what is done with them.

``np.sin(x)``, ``x @ y``, ``np.linalg.solve(a, b)`` on tensors arrive here through NumPy's own protocols
(``__array_ufunc__``, NEP 13, and ``__array_function__``, NEP 18) or through an operator; :func:`record` computes the
value with plain NumPy and makes the :class:`~autodiff.core.Node` from the rule of the function.

Derivatives of derivatives need nothing more. Every differentiation draws a new *level*, and the data of a tensor may be
a tensor of a lower level. An operation unwraps the highest level only and calls the same NumPy function on what is
inside; whatever has a lower level is a constant to it. The vjps are NumPy code, so they are recorded in turn. Levels
only grow and belong to one call: there is no global stack, and threads, exceptions and nested derivatives cannot
confuse one another (Pearlmutter & Siskind 2008, ACM TOPLAS 30(2)). Level 0 is the eager face
(``tensor(x, requires_grad=True)`` and ``backward()``), level -1 marks tensors without a history.
"""

from __future__ import annotations

import inspect
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import getitem
from typing import Any

import numpy as np
from numpy import ndarray

from autodiff import core
from autodiff.buffers import kept
from autodiff.collection import EAGER as RECORDED
from autodiff.core import Edges, Leaf, Several, linked
from autodiff.eager import EAGER, Eager, protected
from autodiff.exits import LostGradient, lost
from autodiff.foreign import foreign, refuse_masked
from autodiff.operators import value_of
from autodiff.registry import CONSTANT, FORGETFUL, FORWARD, RULES, TRACED

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
        x = self.inner  # np.exp(x): the short way, as for operators
        out = ufunc(x)
        return core.made(Tensor, out, (self.node, RULES[ufunc][0](out, x), None), ufunc, self.level)

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

    def __int__(self) -> int:
        return int(value_of(self))  # piecewise constant

    def __trunc__(self) -> Any:
        return math.trunc(value_of(self))

    def __floor__(self) -> Any:
        return math.floor(value_of(self))

    def __ceil__(self) -> Any:
        return math.ceil(value_of(self))

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


# ------------------------------------------------------------------------------------------------ recording


def top_level(args: Iterable[Any]) -> int | None:
    """The highest level among the tensors in `args`, None if there is none."""
    levels = [a.level for a in args if type(a) is Tensor]
    return max(levels) if levels else None


def lower(a: Any, level: int) -> Any:
    """What an operation at `level` computes with: the data of a tensor of that level, anything lower as it is."""
    return a.inner if type(a) is Tensor and (a.level == level or a.level < 0) else a


ORDINARY = frozenset((float, int, bool, complex, np.float64, np.float32, np.bool_, str, tuple, list, slice, dict))


def remembered(a: Any, level: int) -> Any:
    """As :func:`lower`, for a history to remember: an array of the caller's may change later."""
    kind = type(a)
    if kind is ndarray:
        return kept(a, level)
    if kind is Tensor or a is None or kind in ORDINARY:
        return lower(a, level)
    return foreign(a)


def record(fun: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Compute ``fun(*args, **kwargs)`` and remember how, by the rule of `fun`."""
    level = top_level(args)
    if level is None:
        return fun(*args, **kwargs)
    if fun is getitem:  # a place keeps its own index
        raw = [lower(a, level) for a in args]
    elif fun in FORGETFUL:
        raw = [a if type(a) is ndarray else remembered(a, level) for a in args]
    else:
        raw = [remembered(a, level) for a in args]
        if kwargs:
            kwargs = {k: kept(v, level) if type(v) is ndarray else v for k, v in kwargs.items()}
    makers = RULES[fun]
    for i, a in enumerate(raw[: len(makers)]):
        if type(a) in (list, tuple) and makers[i] is not None:
            raw[i] = np.asarray(a)
    forward = FORWARD.get(fun, fun)
    out = (fun if forward is not fun and any(type(a) is Tensor for a in raw) else forward)(*raw, **kwargs)
    if type(out) is not Tensor and type(out) is not tuple and out.dtype.kind in "iub":  # dtype=int: piecewise constant
        return out
    edges: list[Any] = []
    for i, a in enumerate(args):
        if type(a) is Tensor and a.level == level and (node := a.node) is not None:
            if i >= len(makers) or (maker := makers[i]) is None:
                raise TypeError(
                    f"{fun.__name__} has no derivative in its argument {i}: pass a plain array there, e.g. x.detach()"
                )
            edges.append((node, maker(out, *raw, **kwargs)))
    return attach(out, linked(edges), level, fun)


def attach(out: Any, edges: Edges | None, level: int, op: Any) -> Any:
    """The value `out` with the history `edges`, as a tensor; a tuple of values becomes a tuple of tensors."""
    if edges is None or level < 0 or (level == 0 and not EAGER.recording):
        return tuple(Tensor.of(part, None, -1) for part in out) if type(out) is tuple else Tensor.of(out, None, -1)
    if level == 0:
        RECORDED[0] += 1
    if type(out) is tuple:
        node = core.made(Tensor, Several, edges, op, level).node
        return tuple(
            core.made(Tensor, part, (node, Slot(i, len(out)), None), f"{node.name}[{i}]", level)
            for i, part in enumerate(out)
        )
    if type(out) is ndarray and out.ndim == 0:
        out = out[()]
    return core.made(Tensor, out, edges, op, level)


class Slot:
    """The vjp of taking entry `i` of a tuple of `n` values."""

    __slots__ = ("i", "n")

    def __init__(self, i: int, n: int) -> None:
        self.i, self.n = i, n

    def __call__(self, g: Any) -> list[Any]:
        """The gradient of the tuple: `g` in its place, nothing elsewhere."""
        parts: list[Any] = [None] * self.n
        parts[self.i] = g
        return parts


# ------------------------------------------------------------------------------------------------ dispatch

REFLECTED = {
    np.add: Tensor.__radd__, np.subtract: Tensor.__rsub__, np.multiply: Tensor.__rmul__,
    np.true_divide: Tensor.__rtruediv__, np.matmul: Tensor.__rmatmul__,
}  # fmt: skip
SHORT: dict[Any, Any] = {np.sum: Tensor.sum, np.mean: Tensor.mean}
REDUCE: dict[Any, Any] = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
ACCUMULATE: dict[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}


USUAL_WORDS: dict[str, Any] = {"where": True, "dtype": None, "signature": None, "subok": True}


def call_ufunc(ufunc: Any, call: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``ufunc(...)`` with keywords, ``ufunc.reduce(...)`` and the like."""
    if any(a is not None for a in kwargs.get("out", ())):
        raise TypeError(
            f"{name_of(ufunc)} cannot write into out= (or by an operator such as a += x) when an argument is traced:"
            " use the value that it returns (a = a + x)"
        )
    kwargs = {k: v for k, v in kwargs.items() if k != "out" and not (k in USUAL_WORDS and v is USUAL_WORDS[k])}
    if ufunc in TRACED and call == "__call__":
        return TRACED[ufunc](*inputs, **kwargs)
    if ufunc in CONSTANT:
        return getattr(ufunc, call)(*[value_of(a) for a in inputs], **kwargs)
    if call == "reduce" and ufunc in REDUCE:
        return REDUCE[ufunc](inputs[0], **({"axis": 0} | kwargs))
    if call == "accumulate" and ufunc in ACCUMULATE:
        return ACCUMULATE[ufunc](inputs[0], **({"axis": 0} | kwargs))
    if call == "outer" and not kwargs:
        a, b = inputs
        return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b)
    if call != "__call__":
        raise TypeError(f"{name_of(ufunc)}.{call} has no gradient rule: {CURE}")
    if kwargs:
        words = ", ".join(kwargs)
        raise TypeError(f"{name_of(ufunc)} has no gradient rule for {words}=: leave it out (for where= use np.where)")
    if ufunc not in RULES:
        raise TypeError(f"{name_of(ufunc)} has no gradient rule: {CURE}")
    return record(ufunc, inputs, kwargs)


IN_PLACE = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
CURE = (
    "write it with functions that have one, give it one with autodiff.custom_vjp,"
    " or pass x.detach() if no gradient should flow"
)


def call_function(fun: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``fun(*args, **kwargs)`` for a NumPy function that is no ufunc."""
    if fun in CONSTANT:
        return fun(*map(deep_value, args), **{k: deep_value(v) for k, v in kwargs.items()})
    refuse_masked(args)
    if fun in IN_PLACE:
        raise TypeError(
            f"{name_of(fun)} changes an array in place, which has no gradient:"
            " use np.where, np.concatenate, np.stack or np.diag"
        )
    if fun not in TRACED and fun not in RULES:
        raise TypeError(f"{name_of(fun)} has no gradient rule: {CURE}")
    if kwargs:
        refuse_masked(kwargs.values())
        if kwargs.get("out", 0) is None:
            kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        names = parameters(fun)
        unknown = [k for k in kwargs if k not in names]
        if unknown and "options" not in names:
            raise TypeError(
                f"{name_of(fun)} has no gradient rule for {', '.join(unknown)}=, only for {', '.join(names)}:"
                " leave it out, or do it to the result with functions that have a rule"
            )
    if fun in TRACED:
        return TRACED[fun](*args, **kwargs)
    if any(type(v) is Tensor for v in kwargs.values()):  # np.sum(a=x): bring tensors into their positions
        args = list(args)
        for name in parameters(fun)[len(args) :]:
            if name not in kwargs:
                break
            args.append(kwargs.pop(name))
    return record(fun, args, kwargs)


@cache
def parameters(fun: Any) -> tuple[str, ...]:
    """The arguments that the rule of `fun` knows."""
    if fun in TRACED:
        return tuple(inspect.signature(TRACED[fun]).parameters)
    maker = next(m for m in RULES[fun] if m is not None)
    return tuple(inspect.signature(maker).parameters)[1:]


def name_of(fun: Any) -> str:
    """``np.linalg.solve`` and the like, for messages."""
    name = str(fun.__name__)
    if isinstance(fun, np.ufunc):
        if hasattr(np, name):
            return f"np.{name}"
        return name if "vectorized" in name else f"scipy.special.{name}"
    return f"{fun.__module__}.{name}".replace("numpy", "np")


def refuse_traced(a: Any, fun: str, name: str) -> None:
    """Raise if the option `name` of `fun` is traced, for which there is no derivative."""
    if type(a) is Tensor:
        raise TypeError(f"{fun} has no derivative in {name}: pass a plain number there, e.g. {name}=x.detach()")


def deep_value(a: Any) -> Any:
    """As `value_of`, also inside lists and tuples."""
    if type(a) in (list, tuple):
        return type(a)(deep_value(b) for b in a)
    return value_of(a)
