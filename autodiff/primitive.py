"""Primitives: functions that bring their own derivative.

Two forms. :func:`primitive` returns the value and the vjps together, so that they share what was computed on the way;
:func:`with_rule` keeps a function as it is and states the vjps beside it, as for a NumPy function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autodiff import core
from autodiff.buffers import UNDER_WAY
from autodiff.core import Several, above, linked
from autodiff.operators import value_of
from autodiff.recording import attach, lower, record, remembered
from autodiff.registry import ENTRYWISE, Maker, rule
from autodiff.tensor import Tensor
from autodiff.tree import leaves, tree_map


def primitive(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a function that returns its value together with the vjps of its arguments.

    Parameters
    ----------
    fun : callable
        ``fun(*args, **options)`` returns ``(value, vjps)``. `value` is an array, or a tuple of arrays (then g below
        is a list with None where no gradient came). `vjps` is either a tuple with one function ``g -> gradient`` per
        positional argument, None where it has none; or one function ``g -> tuple of gradients``, for when they come
        together. Tensors are recognised among positional arguments only, one by one, not inside lists.

    Notes
    -----
    With no tensor among the arguments the call costs what `fun` costs. Otherwise `fun` sees the data of the tensors
    of the highest level: plain arrays, except where derivatives nest; there it sees tensors of the level below, so
    for higher derivatives the body and its vjps must be written in functions that have rules (or in other
    primitives).

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> @ad.primitive
    ... def hypotenuse(x, y):
    ...     out = np.hypot(x, y)
    ...     return out, (lambda g: g * x / out, lambda g: g * y / out)
    >>> [float(d) for d in ad.grad(hypotenuse, argnums=(0, 1))(3.0, 4.0)]
    [0.6, 0.8]
    """

    title = getattr(fun, "__name__", type(fun).__name__)
    foreign = not str(getattr(fun, "__module__", "")).startswith("autodiff.")  # may change arrays in place
    body = guarding(fun, title) if foreign else fun

    @wraps(fun)
    def call(*args: Any, **options: Any) -> Any:
        level = max([a.level for a in args if type(a) is Tensor], default=None)
        for name, option in options.items():
            if any(type(a) is Tensor for a in leaves(option)):
                raise TypeError(f"{call.__name__}: pass the traced argument {name} by position, not by name")
        for a in args:
            if isinstance(a, (list, tuple, dict)) and any(type(b) is Tensor for b in leaves(a)):
                raise TypeError(f"{call.__name__}: pass traced arguments one by one, not in a {type(a).__name__}")
        if level is None:
            return fun(*args, **options)[0]
        value, vjps = body(*[remembered(a, level) for a in args], **options)
        if type(value) is not np.ndarray:
            value = tree_map(lambda part: _own(part, level, call.__name__), value)
        if foreign:
            of = f"the vjp of {title}"
            vjps = (
                guarding(vjps, of)
                if callable(vjps)
                else tuple(None if vjp is None else guarding(vjp, of) for vjp in vjps)
            )
        inputs = [
            (i, a.node) for i, a in enumerate(args) if type(a) is Tensor and a.level == level and a.node is not None
        ]
        if callable(vjps):
            if not inputs:
                return attach(Tensor, value, None, level, fun)
            pick: Any = linked([(node, _Share(i, call.__name__, node.shape, level)) for i, node in inputs])
            bundle = core.made(Tensor, Several, pick, above(pick), f"gradients of {call.__name__}", level).node
            return attach(Tensor, value, (bundle, vjps, None), level, call)
        for i, _ in inputs:
            if vjps[i] is None:
                raise TypeError(
                    f"{call.__name__} has no derivative in its argument {i}: pass a plain array there, e.g. x.detach()"
                )
        return attach(Tensor, value, linked([(node, vjps[i]) for i, node in inputs]), level, call)

    return call


class WrittenTo(ValueError):
    """A function changed in place what it was given."""


def guarded(a: Any) -> Any:
    """`a`, of which an array cannot be changed in place: other parts of the history need it as it is."""
    if type(a) is list:
        return [guarded(part) for part in a]
    if type(a) is np.ndarray:
        a = a.view()
        a.setflags(False)  # the quick way to say that it is not writeable
    return a


def guarding(fun: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`fun`, with a sentence in the place of NumPy's where it changes an argument."""

    def call(*args: Any, **options: Any) -> Any:
        try:
            return fun(*map(guarded, args), **options)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise WrittenTo(
                f"{name} changes an array that it was given in place, which other derivatives need as it is: make a new"
                " one (g = g * 2 in place of g *= 2), or copy it first"
            ) from error

    return call


def _own(value: Any, level: int, name: str) -> Any:
    """What a function gave at `level`: plain, or a tensor of a lower level; a closure may have brought in others."""
    if type(value) is Tensor and value.level >= level:
        raise ValueError(
            f"{name} uses a traced tensor that is not one of its arguments, whose gradient would be lost: pass it as an"
            " argument"
        )
    return lower(value, level)


class _Share:
    """The gradient of argument `i`, of `shape`, among those that come together for a function recorded at `level`."""

    __slots__ = ("i", "level", "name", "shape")

    def __init__(self, i: int, name: str, shape: tuple[int, ...], level: int) -> None:
        self.i, self.name, self.shape, self.level = i, name, shape, level

    def __call__(self, grads: Any) -> Any:
        d = grads[self.i]
        if type(d) is Tensor and (d.level == self.level or d.level not in UNDER_WAY):
            raise ValueError(
                f"the vjp of {self.name} uses a traced tensor that is not one of its arguments, whose gradient"
                " would be lost: pass it as an argument"
            )
        if d is not None and d.shape != self.shape:
            raise ValueError(
                f"the vjp of {self.name} gave a gradient of shape {d.shape} for its argument {self.i} of shape"
                f" {self.shape}: sum it over the axes along which the argument was stretched"
            )
        return d


def custom_vjp(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a derivative of its own (for what NumPy code cannot express, or can but not stably or quickly).

    Parameters
    ----------
    fun : callable
        ``fun(*args, **options)`` returns the value and a function ``g -> gradient`` that turns the gradient of the
        value into that of the argument; with several arguments, ``g -> tuple of gradients``, None where there is
        none. `fun` is called with plain arrays. Only where derivatives nest it is called with tensors; the second
        derivative is right if both parts are written in functions that are differentiable themselves.

    Returns
    -------
    callable
        The function that returns the value alone. It may be used on plain arrays as well.

    Raises
    ------
    ValueError
        If the function, or its derivative, uses a traced value that is not one of its positional arguments; when the
        derivative is used, if it has the wrong shape or number of parts. Where an argument was stretched by
        broadcasting, summing its gradient again is up to the derivative.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> @ad.custom_vjp
    ... def log1pexp(x):
    ...     return np.logaddexp(0, x), lambda g: g / (1 + np.exp(-x))
    >>> float(ad.grad(log1pexp)(0.0))
    0.5
    """

    @wraps(fun)
    def checked(*args: Any, **options: Any) -> Any:
        value, pull = fun(*args, **options)
        if not callable(pull):
            raise TypeError(f"{fun.__name__} must return (value, vjp) with a function vjp, got {type(pull).__name__}")

        def vjp(g: Any) -> Any:
            grads = pull(g)
            grads = grads if isinstance(grads, tuple) else (grads,)
            if len(grads) != len(args):
                raise ValueError(
                    f"the vjp of {fun.__name__} must return {len(args)} gradients, one per argument, got {len(grads)}"
                )
            return tuple(map(gradient, grads))

        def gradient(d: Any) -> Any:
            if d is None:
                return None
            d = np.asarray(d)[()] if type(d) is not Tensor else value_of(d) if d.level < 0 else d
            return d.astype(value_type) if d.dtype.kind in "iub" else d

        value_type = np.result_type(getattr(value, "dtype", float))

        return value if type(value) in (Tensor, tuple) else np.asarray(value)[()], vjp

    return primitive(checked)


def with_rule(*makers: Maker | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: state how the function is differentiated, as :func:`~.registry.rule` does for functions of NumPy.

    On plain arrays the function is called as it is.
    """

    def decorate(fun: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(fun)
        def call(*args: Any, **kwargs: Any) -> Any:
            for a in args:
                if type(a) is Tensor:
                    return record(call, args, kwargs)
            return fun(*args, **kwargs)

        rule(call, *makers)
        return call

    return decorate


def entrywise(*makers: Maker | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As :func:`with_rule`, for a function that works entry by entry."""

    def decorate(fun: Callable[..., Any]) -> Callable[..., Any]:
        call = with_rule(*makers)(fun)
        ENTRYWISE.add(call)
        return call

    return decorate
