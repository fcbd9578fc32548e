"""Rules of indexing and of choosing entries."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.places import own_index, place, scatter
from autodiff.recording import record
from autodiff.registry import SELECTIVE, TRACED, rule, traced
from autodiff.tensor import asarray

rule(operator.getitem, place)


def scatter_rule(out: Any, g: Any, index: Any, shape: Any) -> Any:
    index = own_index(index)
    return lambda h: h[index]


rule(scatter, scatter_rule)
SELECTIVE.update((operator.getitem, np.take, np.where, scatter))


def take_rule(out: Any, a: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    shape = a.shape
    axis = axis if shape else None  # a number counts as an array of one entry
    i, flat = (0, (a.size,)) if axis is None else (axis % a.ndim, shape)
    where = np.asarray(indices)
    if mode == "raise" and out.size == 0 and where.size and not -flat[i] <= where.min() <= where.max() < flat[i]:
        raise IndexError(f"indices of np.take must lie in [-{flat[i]}, {flat[i]}), got {where.min()} to {where.max()}")
    where = where % flat[i] if mode == "wrap" else np.clip(where, 0, flat[i] - 1) if mode == "clip" else where
    index = (slice(None),) * i + (where,)
    if axis is None:
        return lambda g: scatter(g, index, flat).reshape(shape)
    return place(out, a, index)


rule(np.take, take_rule)


@traced(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return np.ravel(arr)[indices]
    axis %= arr.ndim
    index: list[Any] = list(np.indices(arr.shape, sparse=True))
    index[axis] = value_of(indices)
    return arr[tuple(index)]


@traced(np.bincount)
def bincount(x: Any, /, weights: Any, minlength: int = 0) -> Any:
    """The sum of the weights that go into each bin."""
    x = np.asarray(value_of(x))
    return scatter(weights, (x,), (max(minlength, int(x.max(initial=-1)) + 1),))


TRACED[np.compress] = lambda condition, a, axis=None: np.take(a, np.flatnonzero(condition), axis=axis)
TRACED[np.extract] = lambda condition, arr: np.ravel(arr)[np.flatnonzero(value_of(condition))]


def choice(keep: bool) -> Any:
    """Maker for a branch of ``np.where``."""
    return lambda out, condition, x, y: lambda g: np.where(condition if keep else ~condition, g, 0)


rule(np.where, None, choice(True), choice(False))


@traced(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    condition = np.asarray(value_of(condition), dtype=bool)
    return np.nonzero(condition) if x is None else record(np.where, (condition, x, y), {})


@traced(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    out = default
    for condition, x in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = np.where(value_of(condition), x, out)
    return out


@traced(np.choose)
def choose(a: Any, choices: Any) -> Any:
    a = np.asarray(value_of(a))
    return select([a == i for i in range(len(choices))], choices)


def _diagonal(a: Any, offset: int, axis1: int, axis2: int) -> Any:
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    i = np.arange(len(np.diagonal(np.empty(a.shape[-2:], bool), offset)))
    return a[..., i + max(-offset, 0), i + max(offset, 0)]


TRACED[np.diagonal] = lambda a, offset=0, axis1=0, axis2=1: _diagonal(a, offset, axis1, axis2)
TRACED[np.linalg.diagonal] = lambda x, /, *, offset=0: _diagonal(x, offset, -2, -1)


@traced(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(_diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@traced(np.linalg.trace)
def trace_last(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.sum(_diagonal(x, offset, -2, -1), axis=-1, dtype=dtype)


@traced(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return _diagonal(v, k, 0, 1)
    n = v.shape[0] + abs(k)
    i = np.arange(v.shape[0])
    return scatter(v, (i + max(-k, 0), i + max(k, 0)), (n, n))


TRACED[np.diagflat] = lambda v, k=0: diag(np.ravel(asarray(v)), k)
