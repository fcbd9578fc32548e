"""Rules of differences, integrals, interpolation and convolution on grids."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.places import scatter
from autodiff.primitive import with_rule
from autodiff.registry import traced
from autodiff.rules.axes import axes_of, axis_of
from autodiff.rules.reductions import real_only
from autodiff.tensor import Tensor, asarray


def at(axis: int, ndim: int, *index: Any) -> tuple[Any, ...]:
    """The index that applies ``slice(*index)`` to one axis."""
    return (slice(None),) * axis_of(axis, ndim) + (slice(*index),)


@traced(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    a = asarray(a)
    axis = axis_of(axis, a.ndim)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    parts = [a]
    for extra, place in ((prepend, 0), (append, len(parts) + 1)):
        if extra is not None:
            shape = [1 if i == axis else k for i, k in enumerate(a.shape)]
            parts.insert(place, np.broadcast_to(extra, shape) if np.ndim(extra) == 0 else extra)
    a = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    for _ in range(n):
        a = a[at(axis, a.ndim, 1, None)] - a[at(axis, a.ndim, None, -1)]
    return a


@traced(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = asarray(ary)
    parts = [to_begin, diff(np.ravel(ary)), to_end]
    return np.concatenate(
        [np.ravel(p if type(p) is Tensor else np.asarray(p, ary.dtype)) for p in parts if p is not None]
    )


@traced(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = asarray(y)
    steps = dx
    if x is not None:
        steps = np.diff(asarray(x)) if np.ndim(x) == 1 else np.diff(asarray(x), axis=axis)
        if np.ndim(x) == 1:
            steps = np.reshape(steps, [-1 if i == axis % y.ndim else 1 for i in range(y.ndim)])
    return np.sum(steps * (y[at(axis, y.ndim, 1, None)] + y[at(axis, y.ndim, None, -1)]) / 2, axis=axis)


@traced(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = asarray(f)
    axes = axes_of(axis, f.ndim)
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1:
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(f"np.gradient needs one spacing or one per axis, got {len(spacings)} for {len(axes)} axes")
    out = tuple(_slopes(np.moveaxis(f, i, -1), h, i, edge_order) for i, h in zip(axes, spacings, strict=True))
    return out[0] if len(out) == 1 else out


def _slopes(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Slopes on the last axis by second-order differences on a grid with steps `h` (a number, or the coordinates)."""
    n = f.shape[-1]
    real_only(asarray(h), "np.gradient on coordinates")
    h = h if type(h) is Tensor else np.asarray(h, f.dtype)
    steps = np.diff(h) if np.ndim(h) else h * np.ones(n - 1, f.dtype)
    a, b = steps[:-1], steps[1:]
    slopes = (f[..., 1:] - f[..., :-1]) / steps
    inner = (b * slopes[..., :-1] + a * slopes[..., 1:]) / (a + b)
    first, last = slopes[..., :1], slopes[..., -1:]
    if edge_order == 2:
        first = first - (slopes[..., 1:2] - first) * a[:1] / (a[:1] + b[:1])
        last = last + (last - slopes[..., -2:-1]) * b[-1:] / (a[-1:] + b[-1:])
    return np.moveaxis(np.concatenate([first, inner, last], axis=-1), -1, axis)


@traced(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    x, xp, fp = asarray(x), asarray(xp), asarray(fp)
    real_only(x, "np.interp")
    real_only(xp, "np.interp")
    if period is not None:  # one period of the grid, with its neighbours on either side
        period, left, right = np.abs(asarray(period)), None, None
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(value_of(xp))
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    plain, grid = value_of(x), value_of(xp)
    if len(grid) == 1:
        xp, fp = np.concatenate([xp, xp + 1]), np.concatenate([fp, fp])
    i = np.clip(np.searchsorted(grid, plain, side="right") - 1, 0, len(xp) - 2)
    slope = (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i])
    inside = fp[i] + slope * (x - xp[i])
    out = np.where(plain > grid[-1], fp[-1] if right is None else right, inside)
    return np.where(plain < grid[0], fp[0] if left is None else left, out)


def whole(dtype: Any) -> bool:
    """Whether a type is one of whole numbers, whose values are piecewise constant."""
    return dtype is not None and np.dtype(dtype).kind in "iub"


@traced(np.linspace)
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    start, stop = asarray(start), asarray(stop)
    if whole(dtype):
        out = np.linspace(value_of(start), value_of(stop), num, endpoint, dtype=dtype, axis=axis)
        return (out, linspace(start, stop, num, endpoint, True)[1]) if retstep else out
    steps = num - 1 if endpoint else num
    t = np.reshape(np.arange(num) / max(steps, 1), (-1,) + (1,) * max(start.ndim, stop.ndim))
    t = t.astype(np.result_type(start.dtype, stop.dtype, np.float32))
    out = np.moveaxis(start * (1 - t) + stop * t, 0, axis)
    out = out if dtype is None else out.astype(dtype)
    return (out, (stop - start) / max(steps, 1)) if retstep else out


@traced(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    if whole(dtype):
        return np.logspace(value_of(start), value_of(stop), num, endpoint, value_of(base), dtype, axis)
    out = base ** linspace(start, stop, num, endpoint, axis=axis)
    return out if dtype is None else out.astype(dtype)


@traced(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = asarray(start), asarray(stop)
    if whole(dtype):
        return np.geomspace(value_of(start), value_of(stop), num, endpoint, dtype, axis)
    real_only(start, "np.geomspace")
    real_only(stop, "np.geomspace")
    sign = np.sign(value_of(start))
    out = sign * np.exp(linspace(np.log(sign * start), np.log(sign * stop), num, endpoint, axis=axis))
    return out if dtype is None else out.astype(dtype)


@traced(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **options: Any) -> Any:
    rows = np.moveaxis(arr, axis, -1)
    lead = rows.shape[:-1]
    out = np.stack([asarray(func1d(row, *args, **options)) for row in np.reshape(rows, (prod(lead), rows.shape[-1]))])
    ndim = out.ndim - 1
    out = np.reshape(out, lead + out.shape[1:])
    return np.moveaxis(out, range(len(lead), len(lead) + ndim), range(axis % arr.ndim, axis % arr.ndim + ndim))


@traced(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **options: Any) -> Any:
    """Each function is called on the entries of its condition only, as in NumPy."""
    if isinstance(condlist, (bool, np.bool_)) or (not isinstance(condlist[0], (list, np.ndarray)) and x.ndim):
        condlist = [condlist]
    conditions = [np.asarray(value_of(c), dtype=bool) for c in condlist]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    out: Any = np.zeros(x.shape, x.dtype)
    for condition, f in zip(conditions, funclist, strict=True):
        part = f(x[condition], *args, **options) if callable(f) else f
        part = part if type(part) is Tensor else np.asarray(part, x.dtype)
        whole = scatter(
            np.broadcast_to(part, (int(condition.sum()),)), np.nonzero(condition) if x.ndim else (), x.shape
        )
        out = np.where(condition, whole, out)
    return out


# convolution: `full` and `valid` are each other's transpose


@with_rule(lambda out, a, v: lambda g: correlate_valid(g, v), lambda out, a, v: lambda g: correlate_valid(g, a))
def convolve_full(a: Any, v: Any) -> Any:
    """c_k = sum_i a_i v_(k-i), of length len(a) + len(v) - 1."""
    return np.convolve(a, v)


@with_rule(lambda out, a, v: lambda g: convolve_full(g, v), lambda out, a, v: lambda g: correlate_valid(a, g))
def correlate_valid(a: Any, v: Any) -> Any:
    """c_k = sum_i a_(k+i) v_i for len(a) >= len(v)."""
    return np.correlate(a, np.conjugate(v), "valid")  # NumPy conjugates once more


@traced(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = np.atleast_1d(asarray(a)), np.atleast_1d(asarray(v))
    out = convolve_full(a, v)
    long, short = max(len(a), len(v)), min(len(a), len(v))
    start, length = {
        "full": (0, long + short - 1),
        "same": ((short - 1) // 2, long),
        "valid": (short - 1, long - short + 1),
    }[mode]
    return out[start : start + length]


@traced(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = asarray(a), asarray(v)
    v = np.conjugate(v) if v.dtype.kind == "c" else v
    return convolve(v, a[::-1], mode)[::-1] if len(v) > len(a) else convolve(a, v[::-1], mode)
