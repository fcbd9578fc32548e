"""Rules of statistics: quantiles, weighted means, functions that ignore NaN, covariance."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.registry import traced
from autodiff.rules.reductions import one_over_count
from autodiff.tensor import asarray


def rows_of(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """`a` with the axes to reduce brought together at the end, and its shape with those axes kept as 1."""
    axes = tuple(range(a.ndim)) if axis is None else tuple(int(i) % a.ndim for i in np.atleast_1d(axis))
    rest = [i for i in range(a.ndim) if i not in axes]
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    n = prod(a.shape[i] for i in axes)
    return np.transpose(a, (*rest, *axes)).reshape([*[a.shape[i] for i in rest], n]), kept


ROUNDING = {"linear": None, "lower": np.floor, "higher": np.ceil, "nearest": np.rint, "midpoint": None}


def quantiles(a: Any, q: Any, axis: Any, method: str, keepdims: bool, ignore_nan: bool) -> Any:
    """Between two neighbouring order statistics; the position `q` is a constant."""
    if method not in ROUNDING:
        raise TypeError(f"np.quantile has no gradient rule for method={method!r}: use one of {', '.join(ROUNDING)}")
    q = np.asarray(q, dtype=float)
    rows, kept = rows_of(a, axis)
    if a.size == 0:
        return np.full(q.shape + (kept if keepdims else rows.shape[:-1]), np.nan, a.dtype)[()]
    invalid = np.isnan(value_of(rows))
    n = np.sum(~invalid, axis=-1, keepdims=True) if ignore_nan else rows.shape[-1]
    position = np.broadcast_to(q.ravel() * (n - 1), (*rows.shape[:-1], q.size))
    if (snap := ROUNDING[method]) is not None:
        position = snap(position)
    below, above = np.floor(position).astype(int), np.ceil(position).astype(int)
    weight = (position - below if method != "midpoint" else np.where(above > below, 0.5, 0)).astype(a.dtype)
    ordered = np.sort(rows, axis=-1)  # NaN comes last
    out = np.take_along_axis(ordered, below, -1) * (1 - weight) + np.take_along_axis(ordered, above, -1) * weight
    if not ignore_nan and invalid.any():
        out = np.where(invalid.any(axis=-1, keepdims=True), np.nan, out)
    out = np.moveaxis(out, -1, 0)
    return np.reshape(out, q.shape + (kept if keepdims else out.shape[1:]))


@traced(np.quantile)
def quantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    return quantiles(a, q, axis, method, keepdims, ignore_nan=False)


@traced(np.percentile)
def percentile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    return quantiles(a, np.true_divide(q, 100), axis, method, keepdims, ignore_nan=False)


@traced(np.median)
def median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return quantiles(a, 0.5, axis, "linear", keepdims, ignore_nan=False)


@traced(np.nanquantile)
def nanquantile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    return quantiles(a, q, axis, method, keepdims, ignore_nan=True)


@traced(np.nanpercentile)
def nanpercentile(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    return quantiles(a, np.true_divide(q, 100), axis, method, keepdims, ignore_nan=True)


@traced(np.nanmedian)
def nanmedian(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return quantiles(a, 0.5, axis, "linear", keepdims, ignore_nan=True)


@traced(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    a = asarray(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total: Any = np.full(mean.shape, a.size / max(mean.size, 1))[()]
    else:
        weights = asarray(weights)
        if weights.shape != a.shape:
            shape = [1] * a.ndim
            shape[axis] = a.shape[axis]
            weights = np.broadcast_to(np.reshape(weights, shape), a.shape)
        total = np.sum(weights, axis=axis, keepdims=keepdims)
        mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


# functions that ignore NaN: the others, on the entries that are numbers


def _ignoring(fun: Any, neutral: Any, masked: bool) -> Any:
    def implementation(a: Any, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Any:
        valid = ~np.isnan(value_of(a))
        if masked:
            options["where"] = valid
        return fun(np.where(valid, a, neutral), axis=axis, keepdims=keepdims, **options)

    return implementation


traced(np.nansum)(_ignoring(np.sum, 0, False))
traced(np.nanprod)(_ignoring(np.prod, 1, False))
traced(np.nanmax)(_ignoring(np.max, -np.inf, False))
traced(np.nanmin)(_ignoring(np.min, np.inf, False))
traced(np.nanmean)(_ignoring(np.mean, 0, True))
traced(np.nanvar)(_ignoring(np.var, 0, True))
traced(np.nanstd)(_ignoring(np.std, 0, True))


@traced(np.nancumsum)
def nancumsum(a: Any, axis: Any = None) -> Any:
    return np.cumsum(np.where(np.isnan(value_of(a)), 0, a), axis=axis)


@traced(np.nancumprod)
def nancumprod(a: Any, axis: Any = None) -> Any:
    return np.cumprod(np.where(np.isnan(value_of(a)), 1, a), axis=axis)


@traced(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    x = np.atleast_2d(asarray(m))
    if not rowvar and np.ndim(m) > 1:
        x = x.T
    if y is not None:
        y = np.atleast_2d(asarray(y))
        x = np.concatenate([x, y if rowvar or y.shape[0] == 1 else y.T])
    free = (0 if bias else 1) if ddof is None else ddof
    x = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(x @ x.T * one_over_count(x, 1, False, True, free))


@traced(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    d = np.sqrt(np.diag(c))
    return c / d[:, None] / d
