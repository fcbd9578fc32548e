"""Rules of functions that join arrays and take them apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.dispatch import deep_value
from autodiff.primitive import primitive
from autodiff.registry import TRACED, traced
from autodiff.tensor import asarray


@primitive
def joined(axis: int, *arrays: Any) -> Any:
    """Arrays joined along `axis`; each gets its part of the gradient."""
    ends = np.cumsum([a.shape[axis] for a in arrays])
    lead = (slice(None),) * (axis % arrays[0].ndim)

    def part(i: int) -> Any:
        index = (*lead, slice(int(ends[i]) - arrays[i].shape[axis], int(ends[i])))
        return lambda g: g[index]

    return np.concatenate(arrays, axis), (None, *map(part, range(len(arrays))))


@traced(np.concatenate)
def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    if axis is None:
        return joined(0, *[np.ravel(a) for a in arrays])
    return joined(axis, *[asarray(a) for a in arrays])


TRACED[np.stack] = lambda arrays, axis=0: joined(axis, *[np.expand_dims(asarray(a), axis) for a in arrays])


def typed(x: Any, dtype: Any) -> Any:
    return x if dtype is None else x.astype(dtype)


@traced(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return typed(concatenate([np.atleast_2d(a) for a in tup]), dtype)


@traced(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return typed(concatenate(arrays, 0 if arrays[0].ndim == 1 else 1), dtype)


TRACED[np.dstack] = lambda tup: concatenate([np.atleast_3d(a) for a in tup], 2)
TRACED[np.column_stack] = lambda tup: concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup], 1)
TRACED[np.append] = lambda arr, values, axis=None: concatenate([arr, values], axis)


@traced(np.block)
def block(arrays: Any) -> Any:
    def depth(a: Any) -> int:
        return 1 + max(map(depth, a)) if isinstance(a, list) else 0

    levels = depth(arrays)

    def ndims(a: Any) -> int:
        return max(map(ndims, a)) if isinstance(a, list) else np.ndim(a)

    n = max(levels, ndims(arrays))

    def build(a: Any, level: int) -> Any:
        if isinstance(a, list):
            return concatenate([build(b, level + 1) for b in a], level - levels)
        return np.reshape(a, (1,) * (n - np.ndim(a)) + np.shape(a))

    return build(arrays, 0)


@traced(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    indices_or_sections = deep_value(indices_or_sections)
    pieces = np.array_split(np.arange(ary.shape[axis]), indices_or_sections)
    if np.ndim(indices_or_sections) == 0:
        ends = np.cumsum([len(p) for p in pieces]).tolist()
    else:
        ends = [*indices_or_sections, ary.shape[axis]]
    lead = (slice(None),) * (axis % ary.ndim)
    return [ary[(*lead, slice(a, b))] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


@traced(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    indices_or_sections = deep_value(indices_or_sections)
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % indices_or_sections:
        n = ary.shape[axis]
        raise ValueError(f"{n} entries do not split into {indices_or_sections} equal parts: use np.array_split")
    return array_split(ary, indices_or_sections, axis)


TRACED[np.hsplit] = lambda ary, indices_or_sections: split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)
TRACED[np.vsplit] = lambda ary, indices_or_sections: split(ary, indices_or_sections, 0)
TRACED[np.dsplit] = lambda ary, indices_or_sections: split(ary, indices_or_sections, 2)
TRACED[np.unstack] = lambda x, /, *, axis=0: tuple(np.moveaxis(x, axis, 0))


@traced(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """The entries of `arr` and of `values` laid out as NumPy lays out their numbers."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    arr, values = asarray(arr), asarray(values)
    if values.dtype.kind == "c" and arr.dtype.kind != "c":
        raise TypeError("np.insert would drop the imaginary part of values: convert the array first, arr + 0j")
    if (more := values.ndim - arr.ndim) > 0 and values.shape[:more] == (1,) * more:
        values = np.reshape(values, values.shape[more:])
    n, axis = arr.shape[axis], axis % arr.ndim
    if np.ndim(obj) == 0 and not isinstance(obj, slice):  # one place: the first axis of the values goes there
        values = np.moveaxis(np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape), 0, axis)
        obj = [obj] * values.shape[axis]
    place = np.insert(np.arange(n), obj, -1)
    new = place == -1
    values = np.broadcast_to(values, (*arr.shape[:axis], int(new.sum()), *arr.shape[axis + 1 :]))
    return np.take(concatenate([arr, values], axis), np.where(new, n + np.cumsum(new) - 1, place), axis=axis)


@traced(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return np.take(arr, np.delete(np.arange(arr.shape[axis]), obj), axis=axis)
