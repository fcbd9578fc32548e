"""Rules of functions that rearrange the entries of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.core import pass_on
from autodiff.operators import value_of
from autodiff.primitive import primitive
from autodiff.registry import SELECTIVE, TRACED, rule, traced
from autodiff.tensor import Tensor, asarray, astype


def reshape_back(a: Any, order: Any) -> Any:
    """The vjp of everything that only changes the shape."""
    shape = a.shape
    order = (order or "C").upper()
    if order in ("A", "K"):  # as the array lies in memory, which the gradient need not
        if not np.asarray(value_of(a)).flags.c_contiguous:
            raise TypeError(
                f"order={order!r} of an array that is transposed or strided in memory has no gradient rule: say"
                " order='C' (by rows) or 'F' (by columns)"
            )
        order = "C"
    return lambda g: np.reshape(g, shape, order=order)


rule(np.reshape, lambda out, a, shape, order="C", *, copy=None: reshape_back(a, order))
rule(np.ravel, lambda out, a, order="C": reshape_back(a, order))
rule(np.squeeze, lambda out, a, axis=None: reshape_back(a, "C"))
rule(np.expand_dims, lambda out, a, axis: reshape_back(a, "C"))
rule(np.swapaxes, lambda out, a, axis1, axis2: lambda g: np.swapaxes(g, axis1, axis2))
rule(np.matrix_transpose, lambda out, x: np.matrix_transpose)
rule(np.moveaxis, lambda out, a, source, destination: lambda g: np.moveaxis(g, destination, source))
rule(np.broadcast_to, lambda out, array, shape, *, subok=False: pass_on)
rule(astype, lambda out, x, dtype: pass_on)
rule(np.copy, lambda out, a, order="K", *, subok=False: pass_on)
rule(np.flip, lambda out, m, axis=None: lambda g: np.flip(g, axis))
rule(np.roll, lambda out, a, shift, axis=None: lambda g: np.roll(g, np.negative(shift), axis))
rule(np.fft.fftshift, lambda out, x, axes=None: lambda g: np.fft.ifftshift(g, axes))
rule(np.fft.ifftshift, lambda out, x, axes=None: lambda g: np.fft.fftshift(g, axes))
rule(np.tril, lambda out, m, k=0: lambda g: np.tril(g, k))
rule(np.triu, lambda out, m, k=0: lambda g: np.triu(g, k))
SELECTIVE.update((np.tril, np.triu))


def transpose_rule(out: Any, a: Any, axes: Any = None) -> Any:
    back = None if axes is None else np.argsort(np.asarray(axes) % a.ndim)
    return lambda g: np.transpose(g, back)


rule(np.transpose, transpose_rule)


TRACED[np.astype] = lambda x, dtype, /, *, copy=True: x.astype(dtype)


@traced(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


TRACED[np.fliplr] = lambda m: np.flip(m, 1)
TRACED[np.flipud] = lambda m: np.flip(m, 0)


@traced(np.rot90)
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    a, b = axes
    turned = (m, np.swapaxes(np.flip(m, b), a, b), np.flip(m, (a, b)), np.flip(np.swapaxes(m, a, b), b))
    return turned[k % 4]


@traced(np.atleast_1d)
def atleast_1d(*arrays: Any) -> Any:
    return _each(arrays, lambda x: np.reshape(x, (1,)) if np.ndim(x) == 0 else asarray(x))


@traced(np.atleast_2d)
def atleast_2d(*arrays: Any) -> Any:
    return _each(arrays, lambda x: np.reshape(asarray(x), (1,) * (2 - np.ndim(x)) + np.shape(x)))


@traced(np.atleast_3d)
def atleast_3d(*arrays: Any) -> Any:
    return _each(
        arrays,
        lambda x: np.reshape(
            x, {0: (1, 1, 1), 1: (1, *np.shape(x), 1)}.get(np.ndim(x), (*np.shape(x), 1)[: max(3, np.ndim(x))])
        ),
    )


def _each(arrays: tuple[Any, ...], fun: Any) -> Any:
    out = tuple(fun(a) for a in arrays)
    return out[0] if len(out) == 1 else out


@traced(np.broadcast_arrays)
def broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*[np.shape(a) for a in arrays])
    return tuple(np.broadcast_to(a, shape) for a in arrays)


@traced(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    if dtype is not None and type(fill_value) is Tensor:
        fill_value = fill_value.astype(dtype)
    if type(fill_value) is not Tensor:
        return np.full_like(value_of(a), fill_value, dtype=dtype, shape=shape)
    return np.broadcast_to(fill_value, np.shape(a) if shape is None else shape)


@traced(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    n = len(xi)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    thin = [np.reshape(x, [-1 if order[k] == i else 1 for i in range(n)]) for k, x in enumerate(xi)]
    return tuple(thin) if sparse else broadcast_arrays(*thin)


@traced(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None or (np.ndim(a) == 0 and axis in (0, -1)):  # a number counts as an array of one entry
        a, axis = np.ravel(asarray(a)), 0
    return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis=axis)


@traced(np.tile)
def tile(A: Any, reps: Any) -> Any:
    reps = np.atleast_1d(reps)
    n = max(A.ndim, len(reps))
    out = np.reshape(A, (1,) * (n - A.ndim) + A.shape)
    for axis, times in enumerate(reps, start=n - len(reps)):
        if times != 1:
            out = np.take(out, np.tile(np.arange(out.shape[axis]), times), axis=axis)
    return out


@traced(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    if a.size == 0:
        return np.zeros(new_shape, a.dtype)
    return np.ravel(a)[np.resize(np.arange(a.size), new_shape)]


@primitive
def padded(array: Any, widths: Any, value: Any) -> Any:
    """`array` with `value` around it."""
    inner = tuple(slice(before, before + n) for (before, _), n in zip(widths, array.shape, strict=True))
    return np.pad(array, widths, constant_values=value), (lambda g: g[inner], None, None)


REPEATING = ("edge", "reflect", "symmetric", "wrap")
STATISTICS: dict[str, Any] = {"mean": np.mean, "median": np.median, "maximum": np.max, "minimum": np.min}


@traced(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    *,
    constant_values: Any = 0,
    stat_length: Any = None,
    end_values: Any = 0,
    reflect_type: str = "even",
) -> Any:
    """Every mode that is determined by the array: axis by axis, as NumPy does it."""
    if array.ndim == 0:
        return array  # no axis to pad along
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - array.ndim, (0, 0))) for i in range(array.ndim)]
        pad_width = [(w, w) if isinstance(w, int) else w for w in pad_width]
    widths = np.broadcast_to(pad_width, (array.ndim, 2)).tolist()
    if mode == "constant" and type(constant_values) is not Tensor:
        return padded(array, widths, constant_values)
    if mode not in ("constant", "linear_ramp", *REPEATING, *STATISTICS):
        raise TypeError(f"np.pad has no gradient rule for mode={mode!r}: use np.concatenate")
    pairs = {
        "constant": constant_values, "linear_ramp": end_values
    }.get(mode, 0 if stat_length is None else stat_length)  # fmt: skip
    if mode in ("constant", "linear_ramp") and type(pairs) is not Tensor:
        pairs = np.asarray(pairs, array.dtype)
    pairs = np.broadcast_to(asarray(pairs), (array.ndim, 2))
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        if mode in REPEATING:
            array = _repeated(array, axis, before, after, mode, reflect_type)
            continue
        lead, n = (slice(None),) * axis, array.shape[axis]
        sides = []
        for width, own, edge in ((before, pairs[axis][0], 0), (after, pairs[axis][1], 1)):
            near = array[(*lead, slice(-1, None) if edge else slice(1))]
            if mode == "constant":
                filled = np.broadcast_to(own, (*near.shape[:axis], width, *near.shape[axis + 1 :]))
            elif mode == "linear_ramp":
                ramp = (np.arange(width) / max(width, 1)).astype(array.dtype)
                ramp = np.reshape(ramp[::-1] if edge else ramp, [-1 if i == axis else 1 for i in range(array.ndim)])
                filled = own + (near - own) * ramp
            else:
                k = n if stat_length is None else min(int(own), n)
                part = array[(*lead, slice(n - k, None) if edge else slice(k))]
                filled = np.repeat(STATISTICS[mode](part, axis=axis, keepdims=True), width, axis=axis)
            sides.append(filled)
        array = np.concatenate([sides[0], array, sides[1]], axis=axis)
    return array


def _repeated(array: Any, axis: int, before: int, after: int, mode: Any, reflect_type: str) -> Any:
    n = array.shape[axis]
    out = np.take(array, np.pad(np.arange(n), (before, after), mode=mode), axis=axis)
    if reflect_type == "even" or mode not in ("reflect", "symmetric"):
        return out
    most = n - 1 if mode == "reflect" else n
    if max(before, after) > most:
        raise TypeError(
            f"np.pad has no gradient rule for reflect_type='odd' and more than {most} new entries: do it twice"
        )
    lead = (slice(None),) * axis
    left, right = 2 * array[(*lead, slice(1))], 2 * array[(*lead, slice(-1, None))]
    parts = [left - out[(*lead, slice(before))], array, right - out[(*lead, slice(before + n, None))]]
    return np.concatenate(parts, axis=axis)


@traced(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    widths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = tuple(range(x.ndim)) if axis is None else tuple(int(i) % x.ndim for i in np.atleast_1d(axis))
    if len(widths) != len(axes):
        raise ValueError(f"window_shape must have one length per axis, got {len(widths)} for {len(axes)} axes")
    for width, i in zip(widths, axes, strict=True):
        starts = np.arange(x.shape[i] - width + 1)
        x = np.moveaxis(np.take(x, starts[:, None] + np.arange(width), axis=i), i + 1, -1)
    return x
