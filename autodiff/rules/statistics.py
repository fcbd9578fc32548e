"""Rules of statistics: quantiles, weighted means, functions that ignore NaN, covariance."""

from __future__ import annotations

import warnings
from math import prod
from typing import Any

import numpy as np

from autodiff.half import in_single
from autodiff.operators import value_of
from autodiff.registry import TRACED, traced
from autodiff.rules.axes import axes_of
from autodiff.rules.reductions import one_over_count, real_only
from autodiff.tensor import Tensor, asarray


def rows_of(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """`a` with the axes to reduce brought together at the end, and its shape with those axes kept as 1."""
    axes = axes_of(axis, a.ndim)
    rest = [i for i in range(a.ndim) if i not in axes]
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    n = prod(a.shape[i] for i in axes)
    return np.transpose(a, (*rest, *axes)).reshape([*[a.shape[i] for i in rest], n]), kept


def positions(n: int, q: Any, method: Any) -> Any:
    """Where among `n` ordered entries the quantiles lie, in entries: every method of NumPy is linear between two."""
    return np.quantile(np.arange(n, dtype=float), q, method=method)


LINE = {
    "linear": (1, 1), "weibull": (0, 0), "hazen": (0.5, 0.5), "interpolated_inverted_cdf": (0, 1),
    "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
}  # fmt: skip
"""The continuous methods by their alpha and beta (Hyndman & Fan 1996); others are piecewise constant in q."""


def slope_of_positions(n: Any, place: Any, method: Any) -> Any:
    """How positions among `n` entries grow with q, 0 where they have come to an end of the entries."""
    if method not in LINE:
        return np.zeros(place.shape)
    alpha, beta = LINE[method]
    inner = (place > 0) & (place < n - 1)
    return np.where(inner | ((n > 1) & (alpha == beta == 1)), n + 1 - alpha - beta, 0.0)


def quantiles(a: Any, q: Any, axis: Any, method: str, keepdims: bool, ignore_nan: bool, weights: Any = None) -> Any:
    """Between two neighbouring order statistics; in weights they are piecewise constant."""
    a, moving, q = asarray(a), q, np.asarray(value_of(q), dtype=float)
    rows, kept = rows_of(a, axis)
    if a.size == 0:
        return np.full(q.shape + (kept if keepdims else rows.shape[:-1]), np.nan, a.dtype)[()]
    invalid = np.isnan(value_of(rows))
    ordered = np.sort(rows, axis=-1)  # NaN comes last
    n = np.sum(~invalid, axis=-1) if ignore_nan else np.full(rows.shape[:-1], rows.shape[-1])
    if weights is None:
        place = np.full((*n.shape, q.size), 0.0)
        for count in np.unique(n[n > 0]):
            place[n == count] = positions(int(count), q.ravel(), method)
    else:
        place = _weighted_positions(value_of(rows), value_of(weights), a.shape, axis, q.ravel(), method, n)
    below = np.floor(place).astype(int)
    if type(moving) is Tensor:  # at the last entry the slope is that from below
        below = np.where((place == below) & (below == n[..., None] - 1), np.maximum(below - 1, 0), below)
    above, weight = np.minimum(below + 1, np.maximum(n[..., None] - 1, 0)), (place - below).astype(a.dtype)
    if type(moving) is Tensor:
        slope = slope_of_positions(n[..., None], place, method if weights is None else None).astype(a.dtype)
        weight = weight + slope * (np.ravel(moving) - q.ravel()).astype(a.dtype)
    low, high = np.take_along_axis(ordered, below, -1), np.take_along_axis(ordered, above, -1)
    still = (value_of(weight) == 0) & (type(moving) is not Tensor)
    out = np.where(still, low, low * (1 - weight) + np.where(still, low, high) * weight)
    missing = n == 0 if ignore_nan else invalid.any(axis=-1)
    if missing.any():
        if ignore_nan:
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=5)  # as NumPy does
        out = np.where(missing[..., None], unknown_of(rows, -1, True), out)
    out = np.moveaxis(out, -1, 0)
    return np.reshape(out, q.shape + (kept if keepdims else out.shape[1:]))


def _weighted_positions(rows: Any, weights: Any, shape: Any, axis: Any, q: Any, method: str, n: Any) -> Any:
    weights = np.asarray(weights, dtype=float)
    if weights.shape != shape:  # along one axis
        weights = np.expand_dims(weights, [i for i in range(len(shape)) if i != axis % len(shape)])
    weights, _ = rows_of(np.broadcast_to(weights, shape), axis)
    order = np.argsort(rows, axis=-1)
    sorted_weights = np.take_along_axis(weights, order, -1)
    place = np.zeros((*rows.shape[:-1], q.size))
    for i in np.ndindex(*rows.shape[:-1]):
        k = int(n[i])
        if k:
            ranks, w = np.arange(k, dtype=float), sorted_weights[i][:k]
            place[i] = np.quantile(ranks, q, method=method, weights=w)  # type: ignore[call-overload]
    return place


def quantile_rule(divisor: float, ignore_nan: bool) -> Any:
    def implementation(
        a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
    ) -> Any:
        return quantiles(a, np.true_divide(q, divisor), axis, method, keepdims, ignore_nan, weights)

    return implementation


def median_rule(ignore_nan: bool) -> Any:
    def implementation(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return quantiles(a, 0.5, axis, "linear", keepdims, ignore_nan)

    return implementation


for ignoring, (by_quantile, by_percent, of_middle) in enumerate(
    ((np.quantile, np.percentile, np.median), (np.nanquantile, np.nanpercentile, np.nanmedian))
):
    traced(by_quantile)(quantile_rule(1, bool(ignoring)))
    traced(by_percent)(quantile_rule(100, bool(ignoring)))
    traced(of_middle)(median_rule(bool(ignoring)))


@traced(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    a = asarray(a)
    if weights is not None and a.dtype.char == "e" and not returned:
        return in_single(average)(a, axis, asarray(weights).astype(np.float32), keepdims=keepdims)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total: Any = np.full(mean.shape, a.size / max(mean.size, 1))[()]
    else:
        weights = asarray(weights)
        if weights.shape != a.shape:
            axes = axes_of(axis, a.ndim)
            if axis is None or weights.shape != tuple(a.shape[i] for i in axes):
                raise ValueError(
                    f"weights must have the shape of a, {a.shape}, or of its axes {axis}, got {weights.shape}"
                )
            weights = np.transpose(weights, np.argsort(axes))
            weights = np.reshape(weights, [n if i in axes else 1 for i, n in enumerate(a.shape)])
            weights = np.broadcast_to(weights, a.shape)
        total = np.sum(weights, axis=axis, keepdims=keepdims)
        if np.any(value_of(total) == 0):
            raise ZeroDivisionError("weights that sum to zero have no average")
        mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (mean, total) if returned else mean


# functions that ignore NaN: the others, on the entries that are numbers


def unknown_of(a: Any, axis: Any, keepdims: bool) -> Any:
    """NaN for each slice of `a`, with NaN as its derivative."""
    return np.sum(a, axis=axis, keepdims=keepdims) * np.nan


def _ignoring(nan_fun: Any, fun: Any, neutral: Any, masked: bool = False) -> None:
    """Rule of `nan_fun`: `fun` with NaN `masked` by ``where=``, or made `neutral`."""

    @traced(nan_fun)
    def implementation(a: Any, axis: Any = None, *, keepdims: bool = False, where: Any = True, **options: Any) -> Any:
        valid = ~np.isnan(value_of(a))
        counted = valid if where is True else valid & np.asarray(value_of(where), bool)
        needed = options.get("correction", options.get("ddof", 0)) if masked else 0
        unknown = np.sum(counted, axis=axis, keepdims=keepdims) <= max(needed, 0)
        if fun is np.sum or fun is np.prod or not unknown.any():
            among = {"where": counted} if masked else {} if where is True else {"where": where}
            return fun(np.where(valid, a, neutral), axis=axis, keepdims=keepdims, **options, **among)
        given = {k: value_of(v) for k, v in options.items()} | ({} if where is True else {"where": where})
        plain = nan_fun(np.asarray(value_of(a)), axis=axis, keepdims=keepdims, **given)  # which warns
        unknown = unknown & np.isnan(plain)
        whole = unknown if keepdims or axis is None else np.expand_dims(unknown, axis)
        among = {"where": counted | whole} if masked else {} if where is True else {"where": where}
        out = fun(np.where(valid, a, neutral), axis=axis, keepdims=keepdims, **options, **among)
        return np.where(unknown, unknown_of(a, axis, keepdims), out)


_ignoring(np.nansum, np.sum, 0)
_ignoring(np.nanprod, np.prod, 1)
_ignoring(np.nanmax, np.max, -np.inf)
_ignoring(np.nanmin, np.min, np.inf)
_ignoring(np.nanmean, np.mean, 0, masked=True)
_ignoring(np.nanvar, np.var, 0, masked=True)
_ignoring(np.nanstd, np.std, 0, masked=True)


TRACED[np.nancumsum] = lambda a, axis=None: np.cumsum(np.where(np.isnan(value_of(a)), 0, a), axis=axis)
TRACED[np.nancumprod] = lambda a, axis=None: np.cumprod(np.where(np.isnan(value_of(a)), 1, a), axis=axis)


@traced(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    x = np.atleast_2d(asarray(m))
    if not rowvar and np.ndim(m) > 1:
        x = x.T
    if y is not None:
        y = np.atleast_2d(asarray(y))
        x = np.concatenate([x, y if rowvar or y.shape[0] == 1 else y.T])
    x = x if dtype is None else x.astype(dtype)
    if x.shape[0] == 0:
        return np.zeros((0, 0), x.dtype)
    free: Any = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        deviation = x - np.mean(x, axis=1, keepdims=True)
        weighted, share = deviation, one_over_count(x, 1, False, True, free)
    else:
        for weights in (fweights, aweights):
            if weights is not None:
                real_only(asarray(weights), "np.cov with weights")
        repeats = np.ones(x.shape[1]) if fweights is None else asarray(fweights) * 1.0
        w = repeats if aweights is None else repeats * aweights
        total = np.sum(w)
        deviation = x - np.sum(x * w, axis=1, keepdims=True) / total
        lost = free if aweights is None else free * np.sum(w * aweights) / total
        weighted = deviation * w
        share = 1 / (total - lost) if value_of(total - lost) > 0 else np.nan
    other = np.conjugate(weighted) if weighted.dtype.kind == "c" else weighted
    return np.squeeze(deviation @ other.T * share)


@traced(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    d = np.sqrt(np.diag(c))
    return c / d[:, None] / d
