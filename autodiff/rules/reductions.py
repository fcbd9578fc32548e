"""Rules of reductions and cumulative functions: sum, mean, max, prod, var, cumsum, ..."""

from __future__ import annotations

from math import inf, nan, prod
from typing import Any

import numpy as np

from autodiff.core import FLOAT64, SUMS, pass_on, stretched
from autodiff.half import in_single
from autodiff.operators import quick_mean, value_of
from autodiff.recording import record
from autodiff.registry import MASKED, SELECTIVE, TRACED, rule, traced
from autodiff.rules.kinks import bent
from autodiff.tensor import Tensor, asarray


def kept(g: Any, shape: tuple[int, ...], axis: Any, keepdims: Any) -> Any:
    """`g`, the gradient of a reduction over `axis` of an array of `shape`, with the reduced axes back, of length 1."""
    if axis is None or keepdims or not g.shape:
        return g
    ones = list(shape)
    for i in (axis,) if isinstance(axis, (int, np.integer)) else axis:
        ones[i] = 1
    return g.reshape(ones)


def expand(g: Any, shape: tuple[int, ...], axis: Any, keepdims: Any) -> Any:
    """`g`, the gradient of a reduction over `axis`, with the reduced axes back and stretched to `shape`."""
    return stretched(kept(g, shape, axis, keepdims), shape)


def one_over_count(a: Any, axis: Any, keepdims: Any, where: Any, free: Any = 0, of_none: float = nan) -> Any:
    """1 / (n - free) for the number n of entries that go into each entry of the reduction, in the type of `a`.

    Half precision can hold 1/n where it cannot hold n.
    """
    if where is True:
        axes = range(a.ndim) if axis is None or not a.ndim else [axis] if np.ndim(axis) == 0 else axis
        n = max(prod(a.shape[i] for i in axes) - free, 0)
        return 1 / n if n else of_none  # a mean of nothing is NaN, as NumPy has warned
    n = np.maximum(np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims, dtype=float) - free, 0)
    return np.where(n == 0, of_none, 1 / np.where(n == 0, 1, n)).astype(a.dtype)


def real_only(a: Any, name: str) -> None:
    """Refuse complex values where the rule holds for real ones only."""
    if a.dtype.kind == "c":
        raise TypeError(f"{name} of complex values has no gradient rule: take real and imaginary parts first")


def keeps_complex(out: Any, a: Any, name: str) -> None:
    if a.dtype.kind == "c" and out.dtype.kind != "c":
        raise TypeError(f"{name} of complex values has no gradient rule for a real dtype=: take np.real afterwards")


def quick(ufunc: Any) -> Any:
    """``ufunc.reduce`` with the arguments of ``np.sum``, without the detours of the latter."""
    return lambda a, axis=None, dtype=None, keepdims=False, **kw: ufunc.reduce(a, axis, dtype, None, keepdims, **kw)


# sums


def sum_rule(
    out: Any, a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False, initial: Any = 0, where: Any = True
) -> Any:
    if where is True and (axis is None or keepdims or type(out) is np.float64):
        return pass_on
    shape = a.shape
    if where is True:
        return lambda g: kept(g, shape, axis, keepdims)
    return lambda g: expand(g, shape, axis, keepdims) * np.asarray(where)


def mean_rule(
    out: Any, a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False, where: Any = True
) -> Any:
    shape, share = a.shape, one_over_count(a, axis, keepdims, where)
    if where is True:
        return lambda g: kept(g * share, shape, axis, keepdims)
    return lambda g: expand(g * share, shape, axis, keepdims) * np.asarray(where)


rule(np.sum, sum_rule, forward=quick(np.add))
rule(np.mean, mean_rule, forward=quick_mean)
SUMS.update((np.sum, np.mean))
SELECTIVE.update((np.sum, np.mean))  # by where=
MASKED.update((np.prod, np.var, np.std))


def spread_rule(slope: Any) -> Any:
    """Maker for the variance, or for a function of it, `slope` being the derivative of that as a function of its value.

    The variance has the derivative 2 (a - mean) / (n - ddof); the mean itself adds nothing, deviations sum to zero.
    """

    def maker(out: Any, a: Any, axis: Any, dtype: Any, *, ddof: Any, keepdims: Any, where: Any) -> Any:
        real_only(a, "np.var and np.std")
        masked: dict[str, Any] = {} if where is True else {"where": where}

        def vjp(g: Any) -> Any:
            deviation = a - np.mean(a, axis=axis, keepdims=True, **masked)
            weight = slope(out) * (2 * one_over_count(a, axis, keepdims, where, ddof))
            # where it is differentiated: a kink at 0, unless it is always 0, of one entry
            if slope is slope_of_root and type(a) is Tensor and not np.all(value_of(out)):
                kink = (value_of(out) == 0) & (one_over_count(a, axis, keepdims, where) != 1)
                g, weight, kink = (expand(part, a.shape, axis, keepdims) for part in (g, weight, kink))
                d = bent(g, weight * deviation, a, kink, "np.std")
            else:
                d = expand(g * weight, a.shape, axis, keepdims) * deviation
            return d if where is True else np.where(where, d, 0)

        return vjp

    return maker


def slope_of_root(out: Any) -> Any:
    """d(std)/d(var) = 1 / (2 std); 0 where all entries are equal (a subgradient)."""
    zero = value_of(out) == 0
    return np.where(zero, 0, 0.5 / np.where(zero, 1, out))


rule(np.var, spread_rule(lambda out: 1))
rule(np.std, spread_rule(slope_of_root))


def of_spread(fun: Any) -> None:
    """``np.var`` and ``np.std``: by their rules, or about a given mean, which may be traced too."""

    @traced(fun)
    def spread(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        *,
        where: Any = True,
        mean: Any = None,
        correction: Any = None,
    ) -> Any:
        free = ddof if correction is None else correction
        if dtype is None and getattr(a, "dtype", FLOAT64).char == "e":
            return in_single(spread)(a, axis, ddof=free, keepdims=keepdims, where=where, mean=mean)
        if mean is None:
            return record(fun, (a, axis, dtype), {"ddof": free, "keepdims": keepdims, "where": where})
        deviation = asarray(a) - mean
        real_only(deviation, f"np.{fun.__name__} with mean=")
        square = np.sum(deviation * deviation, axis=axis, dtype=dtype, keepdims=keepdims, where=where)
        variance = square * one_over_count(deviation, axis, keepdims, where, free, of_none=inf)
        return variance if fun is np.var else np.sqrt(variance)


for measure in (np.var, np.std):
    of_spread(measure)


def extremum(
    out: Any, a: Any, axis: Any = None, *, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    """Entries equal to the extremum share its gradient."""
    shape = a.shape

    def vjp(g: Any) -> Any:
        top = expand(value_of(out), shape, axis, keepdims)
        chosen = ((value_of(a) == top) | (np.isnan(value_of(a)) & np.isnan(top))) & np.asarray(where)
        n = np.maximum(np.sum(chosen, axis=axis, keepdims=True), 1)
        return expand(g, shape, axis, keepdims) * (chosen / n).astype(out.dtype)

    return vjp


for fun, ufunc in ((np.max, np.maximum), (np.amax, np.maximum), (np.min, np.minimum), (np.amin, np.minimum)):
    rule(fun, extremum, forward=quick(ufunc))
    SELECTIVE.add(fun)


@traced(np.ptp)
def ptp(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# products: with zeros among the factors, products of the others are formed outright


def may_divide(factors: Any, axis: Any) -> Any:
    """Along which lines the product of the others may be had by division; where it is differentiated small ones cancel.

    Each line says so for itself: its last bits do not depend on what stands beside it.
    """
    size = np.abs(value_of(factors))
    if type(factors) is not Tensor or not size.size:
        nowhere_zero = size != 0
        return True if np.all(nowhere_zero) else np.all(nowhere_zero, axis=axis, keepdims=True)
    return np.min(size, axis=axis, keepdims=True) > 1e-3 * np.max(size, axis=axis, keepdims=True)


def either(divide: Any, divided: Any, multiplied: Any, factors: Any) -> Any:
    """``divided(factors)`` along the lines where that may be done, ``multiplied()`` along the others."""
    if divide is True or divide.all():
        return divided(factors)
    if not divide.any():
        return multiplied()
    return np.where(divide, divided(np.where(divide, factors, 1)), multiplied())


def prod_rule(
    out: Any, a: Any, axis: Any = None, dtype: Any = None, *, keepdims: Any = False, initial: Any = 1, where: Any = True
) -> Any:
    shape = a.shape
    mask = np.asarray(where)
    keeps_complex(out, a, "np.prod")

    def vjp(g: Any) -> Any:
        factors = a if where is True else np.where(mask, a, 1)

        def multiplied() -> Any:
            axes = tuple(range(len(shape))) if axis is None else tuple(np.atleast_1d(axis) % len(shape))
            rest = [i for i in range(len(shape)) if i not in axes]
            order = (*rest, *axes)
            n = prod(shape[i] for i in axes)
            rows = np.transpose(factors, order).reshape([shape[i] for i in rest] + [n])
            others = np.prod(np.where(np.eye(n, dtype=bool), 1, rows[..., None, :]), axis=-1) * initial
            others = np.transpose(others.reshape([shape[i] for i in order]), np.argsort(order))
            return expand(g, shape, axis, keepdims) * others

        divided = lambda factors: expand(g * out, shape, axis, keepdims) / factors  # noqa: E731
        return np.where(mask, either(may_divide(factors, axis), divided, multiplied, factors), 0)

    return vjp


rule(np.prod, prod_rule, forward=quick(np.multiply))


@in_single
def reverse_cumsum(g: Any, axis: Any) -> Any:
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


def cumsum_rule(out: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    shape = a.shape
    return lambda g: reverse_cumsum(g, 0 if axis is None else axis).reshape(shape)


def cumprod_rule(out: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    keeps_complex(out, a, "np.cumprod")
    shape = a.shape

    def vjp(g: Any) -> Any:
        x, i = (a.reshape(-1), 0) if axis is None else (a, axis)

        def multiplied() -> Any:
            rows, last = np.moveaxis(x, i, -1), np.moveaxis(g, i, -1)
            n = rows.shape[-1]  # others[k, i]: the product of the first i factors without the k-th
            others = np.cumprod(np.where(np.eye(n, dtype=bool), 1, rows[..., None, :]), axis=-1)
            d = np.sum(np.triu(np.ones((n, n), x.dtype)) * others * last[..., None, :], axis=-1)
            return np.moveaxis(d, -1, i)

        divided = lambda x: reverse_cumsum(g * out, i) / x  # noqa: E731
        return either(may_divide(x, i), divided, multiplied, x).reshape(shape)

    return vjp


rule(np.cumsum, cumsum_rule)
rule(np.cumprod, cumprod_rule)


def cumulative(fun: Any, start: int) -> Any:
    """``np.cumulative_sum`` and its like: `fun`, which may begin with `start`."""

    def implementation(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        x = np.atleast_1d(x)
        i = 0 if axis is None and x.ndim == 1 else axis
        if i is None:
            raise ValueError(f"axis must be given for an array of {x.ndim} axes")
        out = fun(x, axis=i, dtype=dtype)
        if not include_initial:
            return out
        first = np.full([1 if k == i % x.ndim else n for k, n in enumerate(x.shape)], start, out.dtype)
        return np.concatenate([first, out], axis=i)

    return implementation


TRACED[np.cumulative_sum], TRACED[np.cumulative_prod] = cumulative(np.cumsum, 0), cumulative(np.cumprod, 1)
