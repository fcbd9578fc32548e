"""The functional face: from a function to its derivatives."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy import float64, ndarray

from autodiff.backward import gradients
from autodiff.buffers import UNDER_WAY, Needed, Release, kept, release
from autodiff.collection import SLOWED, as_before
from autodiff.core import FLOAT64, LARGE, Leaf, Node
from autodiff.exits import LAST, LostGradient, named
from autodiff.operators import value_of
from autodiff.recording import lower
from autodiff.tensor import OTHER_FRAMEWORK, Tensor, new_level, numeric
from autodiff.tree import is_numbers, leaves, matched, tree_map

ONE = float64(1)


def vjp(fun: Callable[..., Any], *primals: Any) -> tuple[Any, PullBack]:
    """Value of `fun` and the function that pulls a gradient of the value back to the arguments.

    Parameters
    ----------
    fun : callable
        Function of arrays (or of tuples, lists and dicts of arrays), written in NumPy.
    *primals : array_like or tree of them
        The arguments.

    Returns
    -------
    value : array or tree
        ``fun(*primals)``.
    pull : callable
        ``pull(cotangent)``, a cotangent of the form of `value`, gives the gradient of the form of the argument (a
        tuple of gradients if there are several arguments). May be called any number of times; large arrays that `fun`
        used, `primals` too, must not change until then, and are read-only as long as `pull` is there.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> value, pull = ad.vjp(lambda x: x ** 2, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 10.0]))
    array([ 2., 40.])
    """
    value, pull, depends = pulled(fun, *primals)
    if not depends:
        warn_of_independence()
    return value, pull


def pulled(fun: Callable[..., Any], *primals: Any) -> tuple[Any, PullBack, bool]:
    """As :func:`vjp`, with whether the value depends on the arguments at all, in place of a warning."""
    level = new_level()
    UNDER_WAY[level] = None
    needed = None
    try:
        inputs = tuple(_inputs(p, level) for p in primals)
        out = fun(*inputs)
    except Exception as error:
        if (better := explained(error, UNDER_WAY[level], level)) is None:
            raise
        raise better from error
    finally:
        arrays = UNDER_WAY.pop(level)
        if arrays is not None:
            needed = Release(arrays)  # when `pull` goes, what it needs is given back
        if SLOWED:
            as_before()
    value = tree_map(lambda t: _own_value(lower(t, level)), out)
    depends = any(type(t) is Tensor and t.level == level for t in leaves(out))
    return value, PullBack(inputs, out, level, needed), depends


class PullBack:
    """What leads from a cotangent of the value `out` to the gradients of `inputs`; keeps what that needs."""

    __slots__ = ("inputs", "level", "needed", "out")

    def __init__(self, inputs: tuple[Any, ...], out: Any, level: int, needed: Release | None) -> None:
        self.inputs, self.out, self.level, self.needed = inputs, out, level, needed

    def __call__(self, cotangent: Any, units: bool = False) -> Any:
        """The gradients, of the form of the inputs; of `units` the zeros leave out entries."""
        if self.needed is not None:
            self.needed.needed.verify()
        pairs = matched("cotangent", cotangent, self.out)
        seeds = [(t.node, _fit(g, t)) for t, g in pairs if type(t) is Tensor and t.level == self.level]
        result = _gradients(self.inputs, gradients(seeds, units), [g for _, g in seeds])
        return result[0] if len(self.inputs) == 1 else result

    def of_units(self, units: Iterable[Any]) -> list[Any]:
        """The gradients of single entries, picked by the cotangents `units`, whose zeros leave out the others."""
        states: Any = {kind: "ignore" if state == "warn" else state for kind, state in np.geterr().items()}
        with np.errstate(**states):  # 0 times infinity, of what is left out
            return [self(unit, units=True) for unit in units]


def _own_value(y: Any) -> Any:
    """A value for the caller, who may change it; the pull-back goes on with its own."""
    return y.copy() if type(y) is ndarray else current(y) if type(y) is Tensor else y


def warn_of_independence() -> None:
    """Say to whoever called this package that a derivative is zero because nothing led from `x` to the value."""
    frame, stacklevel = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("autodiff."):
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(
        "the value does not depend on x, so its derivative is zero everywhere: if it should, look for x.detach(), and"
        " for functions that are piecewise constant (floor, sign, argmax, comparisons)",
        stacklevel=stacklevel,
    )


def current(t: Tensor) -> Tensor:
    """`t`, unless it belongs to a differentiation that has ended."""
    if t.level > 0 and t.level not in UNDER_WAY:
        raise LostGradient(
            "a tensor of a differentiation that has ended was used in another one (kept in a list, an attribute or a"
            " closure), and its gradient is lost: keep x.detach() instead, or pass the value as an argument"
        )
    return t


def explained(error: Exception, needed: Needed | None, level: int) -> Exception | None:
    """The reason for `error` in a sentence, if a tensor is behind it, or an array that is `needed` and locked."""
    text = str(error)
    reason: BaseException | None = error
    while reason is not None:  # NumPy hides why a[i] = x fails, SciPy's solvers in C why their function did
        if isinstance(reason, LostGradient):
            return None if reason is error else LostGradient(str(reason))
        reason = reason.__cause__ or reason.__context__
    if needed is not None and needed.helds and isinstance(error, ValueError) and "read-only" in text:
        return ValueError(
            "an array is changed that an earlier operation on a traced value needs for its gradient: make a new"
            " array each time (or copy it before use)"
        )
    if isinstance(error, TypeError) and "torch" in sys.modules and ("(got Tensor)" in text or "has no len" in text):
        return LostGradient(f"PyTorch ({text})" + OTHER_FRAMEWORK)
    theirs = type(error).__module__.partition(".")[0] not in ("builtins", "numpy", "autodiff")
    if LAST.level >= level and (theirs or (type(error) is AttributeError and text.startswith("__"))):
        return LostGradient(LAST.sentence)  # C code put its own error in place of ours, or went on in spite of it
    if type(error) in (TypeError, ValueError, AttributeError) and "Tensor" in text and (sentence := named(error)):
        return type(error)(sentence)
    return None


def _inputs(x: Any, level: int) -> Any:
    """`x` with a tensor of this level, a leaf, in place of each array."""
    if type(x) is float64:
        data: Any = x
    elif type(x) is ndarray:
        if x.ndim == 1 and x.dtype is FLOAT64 and x.size <= LARGE:
            data = x.copy()
        elif x.dtype.kind == "f" and x.ndim:
            data = kept(x, level)
        else:
            data = numeric(x)
            data = kept(data, level) if data is x else data
    elif isinstance(x, (tuple, list, dict)) and not is_numbers(x):
        return tree_map(lambda a: _inputs(a, level), x)
    else:
        data = numeric(x)
    result = Tensor()
    result.inner, result.node, result.level = data, Leaf(data), level
    return result


def _gradients(inputs: Any, grads: dict[Node, Any], seeds: list[Any]) -> Any:
    """The gradient of each input: zeros where none came, and always an array that belongs to nobody else."""
    taken = [_memory(g) for g in seeds]
    return tree_map(lambda t: _own(t, grads, taken), inputs)


def _memory(g: Any) -> int:
    return id(g.base) if type(g) is ndarray and g.base is not None else id(g)


def _own(t: Tensor, grads: dict[Node, Any], taken: list[int]) -> Any:
    g = grads.get(t.node)
    if g is None:
        return np.zeros(t.shape, t.dtype)[()]
    if type(g) is Tensor:
        return current(g)
    if type(g) is ndarray:
        memory = _memory(g)
        if memory in taken or not g.flags.writeable:
            return g.copy()
        taken.append(memory)
    return g


def _fit(cotangent: Any, t: Tensor) -> Any:
    g: Any = cotangent if type(cotangent) is Tensor else np.asarray(cotangent)
    if g.shape != t.shape:
        raise ValueError(f"cotangent must have the shape of the value, {t.shape}, got {g.shape}")
    if g.dtype.kind == "c" and t.dtype.kind != "c":
        raise TypeError(f"cotangent must be real like the value, {t.dtype}, got {g.dtype}")
    return g if type(g) is Tensor else g.astype(t.dtype, copy=False)[()]


def value_and_grad(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """The function that returns value and gradient of `fun`.

    Parameters
    ----------
    fun : callable
        Written in NumPy. One point: `x` of any shape, the value a single number. A population: `fun` works on the last
        axis, ``fun(x).shape == x.shape[:-1]``, and row i of the value depends on row i of `x` only (see
        :func:`check_rows`); the gradients of all rows then come from one sweep. Arguments may be tuples, lists and
        dicts of arrays; then the value is a single number.
    argnums : int or tuple of int
        Which argument, or arguments, to differentiate. Others are handed through as they are.

    Returns
    -------
    callable
        ``(value, gradient)``, for ``x`` of shape (n,) shapes () and (n,), for (..., n) shapes (...) and (..., n). It
        pickles if `fun` does. At complex `x` the gradient g of a real value L is defined by dL = Re(sum(g * dx)), that
        is g = dL/d(real part) - 1j dL/d(imaginary part); L falls fastest along ``-conj(g)``.

    Raises
    ------
    ValueError
        If the value is neither a single number nor one number per row; if the function changes an array of more than
        262,144 entries after it has met a traced value (smaller ones are copied and may change).

    Notes
    -----
    Large arrays are read once more before and after, to see that nothing has changed them. A matrix of data that is
    read-only, ``data.flags.writeable = False``, is not: a gradient of least squares takes half of the time then.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> f = ad.value_and_grad(lambda x: (x ** 2).sum(-1))
    >>> f(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    >>> f(np.array([[1.0, 2.0], [3.0, 4.0]]))[0]
    array([ 5., 25.])
    """
    return partial(_value_and_grad, fun, argnums)


def grad(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that returns the gradient of `fun`; see :func:`value_and_grad` for the arguments.

    Examples
    --------
    >>> import autodiff as ad
    >>> float(ad.grad(ad.grad(lambda x: x ** 3))(2.0))
    12.0
    """
    return partial(_grad, fun, argnums)


def _grad(fun: Any, argnums: Any, *args: Any, **kwargs: Any) -> Any:
    return _value_and_grad(fun, argnums, *args, **kwargs)[1]


def _value_and_grad(fun: Any, argnums: Any, *args: Any, **kwargs: Any) -> Any:
    level = new_level()
    UNDER_WAY[level] = None
    try:
        if argnums == 0 and args:
            inputs = _inputs(args[0], level)
            out = fun(inputs, *args[1:], **kwargs) if kwargs or len(args) > 1 else fun(inputs)
        else:
            full, chosen = list(args), _chosen(argnums, args, kwargs)
            for i in chosen:
                full[i] = _inputs(args[i], level)
            out = fun(*full, **kwargs)
            inputs = tuple(full[i] for i in chosen) if isinstance(argnums, (tuple, list)) else full[chosen[0]]
        if type(out) is Tensor and out.level == level:
            value = out.inner
            if (arrays := UNDER_WAY[level]) is not None:
                arrays.verify()
            seed = ONE if type(value) is float64 else np.ones(out.shape, out.dtype)[()]
            grads = gradients([(out.node, seed)])
            out = None  # the history goes here, before the collector wakes up
        else:
            value, seed, grads = out, None, {}
    except Exception as error:
        if (better := explained(error, UNDER_WAY[level], level)) is None:
            raise
        raise better from error
    finally:
        arrays = UNDER_WAY.pop(level)
        if arrays is not None:
            release(arrays)
        if SLOWED:
            as_before()
    if type(value) is not float64:
        if type(value) is Tensor:
            current(value)
        _check_value(value, inputs[0] if type(inputs) is tuple and len(inputs) == 1 else inputs)
    if not grads:
        warn_of_independence()
    if type(inputs) is Tensor:
        g = grads.get(inputs.node)
        if type(g) is float64 or (type(g) is ndarray and g.base is None and g is not seed and g.flags.writeable):
            return value, g
    return value, _gradients(inputs, grads, [seed])


def _chosen(argnums: Any, args: Any, kwargs: Any) -> list[int]:
    """Positions of the arguments to differentiate, counted from the front."""
    chosen = []
    for i in argnums if isinstance(argnums, (tuple, list)) else (argnums,):
        if not isinstance(i, (int, np.integer)) or isinstance(i, bool):
            raise TypeError(f"argnums must be an int or a tuple of ints, got {argnums!r}")
        if not -len(args) <= i < len(args):
            by_name = f"; {', '.join(kwargs)} came by name, differentiated arguments go by position" if kwargs else ""
            raise TypeError(
                f"argnums {argnums!r} must be among the {len(args)} positional arguments of the call{by_name}"
            )
        chosen.append(int(i) % len(args))
    if len(set(chosen)) < len(chosen) or not chosen:
        raise ValueError(f"argnums must name each argument once, got {argnums!r}")
    return chosen


def _check_value(value: Any, x: Any) -> None:
    """Raise unless `value` is one number, or one number per row of the array `x`."""
    if isinstance(value, (tuple, list, dict)) or value is None:
        got = type(value).__name__
        raise ValueError(f"the function must return a number (or one per row), got {got}: use jacobian or vjp")
    kind = np.asarray(value_of(value)).dtype.kind
    if kind not in "fiub":
        cure = "take np.real, np.imag or np.abs, or use autodiff.jacobian"
        what = f"complex numbers: {cure}" if kind == "c" else f"{type(value).__name__}"
        raise TypeError(f"the function must return real numbers, got {what}")
    shape = np.shape(value)
    rows = x.shape[:-1] if type(x) is Tensor else ()
    if shape not in ((), rows):
        per_row = f" or one per row, shape {rows}" if rows else ""
        cure = "reduce it, e.g. with .sum(-1), or use jacobian"
        raise ValueError(f"the function must return a number{per_row}, got shape {shape}: {cure}")
