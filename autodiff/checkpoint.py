"""Checkpointing: keep the inputs of a piece of work instead of its history, and do the work again on the way back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import guarding, primitive
from autodiff.randomness import alike, fingerprint, generators, replayed
from autodiff.recording import remembered
from autodiff.tensor import Tensor
from autodiff.transforms import pulled
from autodiff.tree import leaves, tree_map


def checkpoint(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which keeps only its arguments for the backward pass and is called again there.

    The forward pass runs ``fun`` on plain arrays, so nothing inside it is recorded or kept. When a gradient comes,
    ``fun`` runs once more, recorded this time, and its history is dropped as soon as the gradient has gone through.

    Parameters
    ----------
    fun : callable
        Function of arrays, or of tuples, lists and dicts of arrays, that returns an array or a tuple of arrays. It must
        give the same result when called again, and everything that is to receive a gradient must come in as a
        positional argument. Random generators that can be seen (in arguments, closures, attributes, or by a global
        name) draw the same numbers again.

    Returns
    -------
    callable
        With the arguments of ``fun``. It pickles if ``fun`` does.

    Raises
    ------
    ValueError
        When called, if ``fun`` uses a traced tensor that is not among its arguments: its gradient would be lost.
    RuntimeError
        When a gradient comes, if the value is not the same as before.

    Notes
    -----
    Griewank and Walther 2008, Evaluating Derivatives, chapter 12; Chen, Xu, Zhang and Guestrin 2016, "Training deep
    nets with sublinear memory cost".

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import checkpoint
    >>> import autodiff as ad
    >>> calls = []
    >>> def f(x):
    ...     calls.append(type(x).__name__)
    ...     return np.sin(x) ** 2
    >>> float(ad.grad(checkpoint(f))(0.5) - np.sin(1.0))
    0.0
    >>> calls  # forward on plain numbers, backward on tensors
    ['float64', 'Tensor']
    """
    return partial(_checkpointed, fun)


def checkpoint_sequential(
    layers: Sequence[Callable[..., Any]], x: Any, segments: int | None = None, params: Sequence[Any] | None = None
) -> Any:
    """Apply functions one after the other and keep only what goes from segment to segment.

    Parameters
    ----------
    layers : sequence of callables
        ``x = layer(x)`` in turn, or ``x = layer(p, x)`` if ``params`` are given.
    x : array or tensor
        Input of the first layer.
    segments : int, optional
        Number of segments, about sqrt(len(layers)) by default, which needs the least memory.
    params : sequence, optional
        One entry for each layer (array, or tuple, list or dict of arrays) that is to receive a gradient.

    Returns
    -------
    array or tensor
        Output of the last layer. The backward pass calls every layer once more.

    Raises
    ------
    ValueError
        If ``segments`` does not lie between 1 and the number of layers, or ``params`` and ``layers`` differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import checkpoint_sequential
    >>> import autodiff as ad
    >>> f = lambda x: checkpoint_sequential([np.sin, np.cos, np.exp], x, segments=2)
    >>> bool(ad.grad(f)(0.5) == ad.grad(lambda x: np.exp(np.cos(np.sin(x))))(0.5))
    True
    """
    layers = list(layers)
    if not layers:
        return x
    if segments is None:
        segments = round(math.sqrt(len(layers)))
    if not 1 <= segments <= len(layers):
        raise ValueError(f"segments must lie between 1 and the number of layers, {len(layers)}, got {segments}")
    if params is not None and len(params) != len(layers):
        raise ValueError(f"params must have one entry for each of the {len(layers)} layers, got {len(params)}")
    ends = [round(k * len(layers) / segments) for k in range(segments + 1)]
    for a, b in pairwise(ends):
        own = None if params is None else tuple(params[a:b])
        x = _checkpointed(partial(_run_segment, layers[a:b]), own, x)
    return x


def _run_segment(layers: Sequence[Callable[..., Any]], params: Sequence[Any] | None, x: Any) -> Any:
    for k, layer in enumerate(layers):
        x = layer(x) if params is None else layer(params[k], x)
    return x


_HOLE = object()
"""Stands for a traced value in the arguments that are kept, so that no tensor is kept with its history."""


class _Filled:
    """``fun`` as a function of its traced arguments alone."""

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.fun, self.kwargs = fun, kwargs
        self.name = getattr(fun, "__name__", type(fun).__name__)
        level = max(a.level for a in leaves(args) if type(a) is Tensor)
        self.args = tree_map(lambda a: _HOLE if type(a) is Tensor else remembered(a, level), args)

    def __call__(self, *values: Any) -> Any:
        rest = iter(values)
        args = tree_map(lambda a: next(rest) if a is _HOLE else a, self.args)
        return self.fun(*args, **self.kwargs)


def _checkpointed(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    traced = [a for a in leaves(args) if type(a) is Tensor]
    if not traced:
        return fun(*args, **kwargs)
    return again(*traced, fun=_Filled(fun, args, kwargs))


@primitive
def again(*values: Any, fun: _Filled) -> Any:
    """Value of ``fun``, whose pull-back calls it again."""
    moments = generators(fun)
    value = guarding(fun, fun.name)(*values)
    parts = value if type(value) is tuple else (value,)
    for part in parts:
        if isinstance(part, (list, dict, tuple)) or part is None:
            raise ValueError(f"fun must return an array or a tuple of arrays, got {type(part).__name__}")
    marks = [fingerprint(value_of(part)) for part in parts]

    def pull(g: Any) -> tuple[Any, ...]:
        with replayed(moments):
            result, pull_again, _ = pulled(fun, *values)
        for part, mark in zip(leaves(result), marks, strict=True):
            plain = np.asarray(value_of(part))
            eps = float(np.finfo(plain.dtype).eps) if plain.dtype.kind in "fc" else 0.0
            if not alike(fingerprint(plain), mark, eps):
                raise RuntimeError(
                    f"the checkpointed function {fun.name} gave another value when it was called again for the"
                    " gradient: hand random generators and arrays that change as arguments, and leave both alone"
                )
        if type(result) is tuple:
            g = tuple(np.zeros_like(r) if c is None else c for r, c in zip(result, g, strict=True))
        gradients = pull_again(g)
        return gradients if len(values) > 1 else (gradients,)

    return value, pull


again.__name__ = "checkpointed function"  # what a history and an error show
