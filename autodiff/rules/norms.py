"""Rules of norms: the gradient at 0 is 0, a subgradient, where others have NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.dispatch import refuse_traced
from autodiff.half import in_single
from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import TRACED, traced
from autodiff.rules.factorisations import svdvals
from autodiff.rules.kinks import bent
from autodiff.rules.reductions import expand
from autodiff.tensor import Tensor


def euclidean_rule(out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    zero = np.asarray(value_of(out) == 0)
    conjugated = np.conjugate(x) if x.dtype.kind == "c" else x

    def vjp(g: Any) -> Any:
        if type(x) is not Tensor:
            size = np.where(zero, np.inf, out) if zero.any() else out  # no slope at 0, but NaN if g is
            return expand(g / size, x.shape, axis, keepdims) * conjugated
        slope = expand(np.where(zero, 0, 1 / np.where(zero, 1, out)), x.shape, axis, keepdims) * conjugated
        return bent(expand(g, x.shape, axis, keepdims), slope, x, expand(zero, x.shape, axis, keepdims), "a norm")

    return vjp


@with_rule(euclidean_rule)
def euclidean(x: Any, axis: Any, keepdims: bool) -> Any:
    """sqrt(sum |x|^2)."""
    return np.sqrt(np.sum(np.real(x * np.conjugate(x)), axis=axis, keepdims=keepdims))


def p_norm_rule(out: Any, x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    def vjp(g: Any) -> Any:
        none = value_of(out) == 0
        ratio = np.abs(x) / expand(np.where(none, 1, out), x.shape, axis, keepdims)
        zero = value_of(x) == 0
        sign = np.conjugate(x) / np.where(zero, 1, np.abs(x)) if x.dtype.kind == "c" else np.sign(value_of(x))
        still = bent(x, np.ones(x.shape, x.dtype), x, zero, "a norm") if p < 2 else 0  # its slope is infinite, or none
        slope = np.where(zero, still, np.where(zero, 1, ratio) ** (p - 1) * sign)
        return bent(expand(g, x.shape, axis, keepdims), slope, x, expand(none, x.shape, axis, keepdims), "a norm")

    return vjp


@with_rule(p_norm_rule)
def p_norm(x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """(sum |x|^p)^(1/p)."""
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def top(x: Any, **keywords: Any) -> Any:
    """The largest of numbers that are not negative: 0 if there is none."""
    return np.max(x, initial=0, **keywords)


@traced(np.linalg.vector_norm)
@in_single
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    refuse_traced(ord, "a norm", "ord")
    if ord is None or ord == 2:
        return euclidean(x, axis, keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return top(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(value_of(x) != 0, axis=axis, keepdims=keepdims).astype(value_of(x).real.dtype)
    return p_norm(x, ord, axis, keepdims)


TRACED[np.linalg.matrix_norm] = lambda x, /, *, keepdims=False, ord="fro": norm(x, ord, (-2, -1), keepdims)


@traced(np.linalg.norm)
@in_single
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is None and (ord is None or x.ndim == 1):
        return vector_norm(x, axis=None, keepdims=keepdims, ord=ord)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if np.ndim(axis) == 0 else tuple(axis)
    if len(axes) == 1:
        return vector_norm(x, axis=axes[0], keepdims=keepdims, ord=ord)
    if len(axes) != 2:
        raise ValueError(f"np.linalg.norm with ord={ord!r} needs a vector or a matrix, got {len(axes)} axes")
    row, column = (i % x.ndim for i in axes)
    if ord is None or ord == "fro":
        out = euclidean(x, (row, column), False)
    elif ord in (1, -1, np.inf, -np.inf):
        summed, other = (row, column) if abs(ord) == 1 else (column, row)
        sums = np.sum(np.abs(x), axis=summed, keepdims=True)
        out = np.squeeze(
            top(sums, axis=other, keepdims=True) if ord > 0 else np.min(sums, axis=other, keepdims=True), (row, column)
        )
    elif ord in (2, -2, "nuc"):
        s = svdvals(np.moveaxis(x, (row, column), (-2, -1)))
        out = np.sum(s, axis=-1) if ord == "nuc" else top(s, axis=-1) if ord > 0 else np.min(s, axis=-1)
    else:
        raise ValueError(f"ord of a matrix norm must be None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}")
    return np.expand_dims(out, (row, column)) if keepdims else out


@traced(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
    return norm(x, p, (-2, -1)) * norm(np.linalg.inv(x), p, (-2, -1))
