"""The recording of an operation: its value by plain NumPy, and its node by the rule of the function.

An operation unwraps the tensors of the highest level and calls the same function on what is inside; whatever has a
lower level is a constant to it (see :mod:`autodiff.tensor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import getitem
from typing import Any

import numpy as np
from numpy import ndarray

from autodiff import core
from autodiff.buffers import kept
from autodiff.collection import EAGER as RECORDED
from autodiff.core import FLOAT64, Edges, Several, above, linked
from autodiff.eager import EAGER
from autodiff.foreign import foreign
from autodiff.operators import Operators, refuse_objects, value_of
from autodiff.registry import FORGETFUL, FORWARD, RULES


def lower(a: Any, level: int) -> Any:
    """What an operation at `level` computes with: the data of a tensor of that level, anything lower as it is."""
    return a.inner if isinstance(a, Operators) and (a.level == level or a.level < 0) else a


ORDINARY = frozenset((float, int, bool, complex, np.float64, np.float32, np.bool_, str, tuple, list, slice, dict))


def remembered(a: Any, level: int) -> Any:
    """As :func:`lower`, for a history to remember: an array of the caller's may change later."""
    kind = type(a)
    if kind is ndarray:
        return kept(a, level)
    if isinstance(a, Operators) or a is None or kind in ORDINARY:
        return lower(a, level)
    return foreign(a)


def widened(a: Any, out: Any) -> Any:
    """Whole numbers in the type of the value `out`: arithmetic in their own wraps round (0 - 1 of uint8) or is coarse.

    (The logarithm of an int8 is of half precision.)
    """
    if getattr(a, "dtype", FLOAT64).kind not in "iub":
        return a
    return np.asarray(value_of(a)).astype(np.finfo(getattr(out, "dtype", FLOAT64)).dtype)[()]


def record(fun: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Compute ``fun(*args, **kwargs)`` and remember how, by the rule of `fun`."""
    tensors = [a for a in args if isinstance(a, Operators)]
    if not tensors:
        return fun(*args, **kwargs)
    kind, level = type(tensors[0]), max([a.level for a in tensors])
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
    out = (fun if forward is not fun and any(isinstance(a, Operators) for a in raw) else forward)(*raw, **kwargs)
    if type(out) not in (kind, tuple) and out.dtype.kind in "iub":  # dtype=int: piecewise constant
        return out
    if isinstance(fun, np.ufunc) and fun is not np.ldexp:  # which takes whole numbers only
        raw = [widened(a, out) for a in raw]
    edges: list[Any] = []
    for i, a in enumerate(args):
        if isinstance(a, Operators) and a.level == level and (node := a.node) is not None:
            if i >= len(makers) or (maker := makers[i]) is None:
                raise TypeError(
                    f"{fun.__name__} has no derivative in its argument {i}: pass a plain array there, e.g. x.detach()"
                )
            edges.append((node, maker(out, *raw, **kwargs)))
    return attach(kind, out, linked(edges), level, fun)


def attach(kind: Any, out: Any, edges: Edges | None, level: int, op: Any) -> Any:
    """The value `out` with the history `edges`, as a tensor of class `kind`; a tuple of values becomes a tuple."""
    if edges is None or level < 0 or (level == 0 and not EAGER.recording):
        return tuple(kind.of(part, None, -1) for part in out) if type(out) is tuple else kind.of(out, None, -1)
    if level == 0:
        RECORDED[0] += 1
    for part in out if type(out) is tuple else (out,):
        refuse_objects(part, op)
    depth = above(edges)
    if type(out) is tuple:
        node = core.made(kind, Several, edges, depth, op, level).node
        return tuple(
            core.made(kind, part, (node, Slot(i, len(out)), None), depth + 1, f"{node.name}[{i}]", level)
            for i, part in enumerate(out)
        )
    if type(out) is ndarray and out.ndim == 0:
        out = out[()]
    return core.made(kind, out, edges, depth, op, level)


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
