"""Second derivatives of functions of eigenvalues and singular values where some of these are equal.

Of equal values the vectors are arbitrary, and second derivatives by way of the vectors are 0/0. But a function F that
is symmetric in the values (their sum, that of their squares or logarithms, a nuclear norm) is as smooth as it looks.
Its gradient by the matrix is V diag(g) V', with g the derivatives of F by the values, and the derivative of that along
a matrix P, written in the basis V, has the entries

    (g_i - g_j) / (w_i - w_j) P_ij,   which tend to   (F_ii - F_ij) P_ij   where w_i and w_j are equal,

F_ij being second derivatives of F by the values: they are read off the history of g, by one sweep for each equal value.
A block of equal values meets the part of P that is a multiple of the unit matrix by g's own derivatives, and the rest
of it by F_ii - F_ij, so nothing depends on which vectors were taken. Whether F is symmetric is looked at, in g, in
F_ij, and in what else g depends on; where it is not, there is no second derivative, and none is given.

Singular values are the same with (g_i - g_j)/(s_i - s_j) for the hermitian and (g_i + g_j)/(s_i + s_j) for the
skew-hermitian part of P. At singular values of 0 the function has to be even in them.

References: A. Lewis & H. Sendov 2001, Twice differentiable spectral functions, SIAM J. Matrix Anal. Appl. 23(2);
V. Noferini 2017, A formula for the Frechet derivative of a generalized matrix function, SIAM J. Matrix Anal. Appl.
38(2).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.core import Node, added, by_depth, conform, pairs
from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.tensor import Tensor


def t(x: Any) -> Any:
    """Transpose of the last two axes."""
    return np.swapaxes(x, -1, -2)


def conj(x: Any) -> Any:
    """The complex conjugate; of real numbers they themselves."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def h(x: Any) -> Any:
    """Conjugate transpose of the last two axes."""
    return conj(t(x))


def nearly_equal(w: Any) -> float:
    """Relative gap below which two values count as equal."""
    return float(np.finfo(w.dtype).eps ** (2 / 3))


def warn_of_equal_values(name: str) -> None:
    warnings.warn(
        f"{name}: of equal values (up to rounding) neither the vectors nor second derivatives of functions that are not"
        " symmetric in the values are known, they are given as NaN: write symmetric functions without vectors, e.g."
        " np.trace(a @ a), np.linalg.slogdet(a) or np.sum(np.linalg.eigvalsh(a)**2)",
        RuntimeWarning,
        stacklevel=2,
    )


@dataclass
class Differences:
    """How the gradient of a function of values turns with the matrix, for each matrix of a stack.

    Attributes
    ----------
    hermitian, skew : array, (..., n, n)
        Factors of the two parts of P; `skew` is 0 for eigenvalues.
    beyond : array, (..., n)
        Factors of the parts of P outside of the vectors of singular values.
    mean : array, (..., n, n)
        Takes the means over equal values.
    known : bool array, (...)
        Whether the function is symmetric.
    """

    hermitian: Any
    skew: Any
    beyond: Any
    mean: Any
    known: Any


def differences(g: Any, w: Any, singular: bool) -> Differences:
    """Of the derivatives `g` of a function by the values `w`, either a tensor or plain."""
    values, slopes = np.asarray(value_of(w)), np.asarray(value_of(g))
    *lead, n = values.shape
    square = np.zeros((*lead, n, n), values.dtype)
    result = Differences(square, square.copy(), np.zeros_like(values), square.copy(), np.ones(lead, bool))
    for row in np.ndindex(*lead):
        parts = _of_one(_Slopes(g, w, row), slopes[row], values[row], singular)
        for name, part in zip(("hermitian", "skew", "beyond", "mean", "known"), parts, strict=True):
            getattr(result, name)[row] = part
    return result


def _of_one(seconds: Any, g: Any, w: Any, singular: bool) -> tuple[Any, ...]:
    """The parts of :class:`Differences` for the values `w` of one matrix."""
    n, scale = len(w), np.max(np.abs(w), initial=0)
    close = nearly_equal(w) * scale
    zero = (w <= close) if singular else np.zeros(n, bool)
    breaks = np.flatnonzero((np.abs(np.diff(w)) > close) & ~(zero[1:] & zero[:-1])) + 1
    groups = [c for c in np.split(np.arange(n), breaks) if len(c) > 1 or zero[c].any()]
    together = np.eye(n, dtype=bool)
    mean, known = np.eye(n), True
    curvature = np.zeros((n, n))
    for c in groups:
        block = np.ix_(c, c)
        together[block] = True
        second, symmetric = seconds.of(c, bool(zero[c[0]]), 1e-8 * np.max(np.abs(g)) / scale if scale else 0.0)
        tolerance = 1e-9 * np.max(np.abs(g), initial=0) + 2 * seconds.largest * (np.max(w[c]) - np.min(w[c]))
        level = 0.0 if zero[c[0]] else g[c].mean()
        known = known and symmetric and bool(np.max(np.abs(g[c] - level)) <= tolerance + seconds.largest * close)
        curvature[block] = second
        mean[block] = 0.0 if zero[c[0]] else 1 / len(c)
    gaps = np.where(together, 1, w[:, None] - w)
    hermitian = np.where(together, curvature, (g[:, None] - g) / gaps)
    if not singular:
        return hermitian, 0.0, 0.0, mean, known
    sums = w[:, None] + w
    flat = zero[:, None] & zero
    skew = np.where(flat, curvature, (g[:, None] + g) / np.where(flat, 1, sums))
    beyond = np.where(zero, np.diag(curvature), g / np.where(zero, 1, w))
    return hermitian, skew, beyond, mean, known


class _Slopes:
    """Second derivatives of a function by the values of the matrix `row` of a stack, from the history of `g`."""

    def __init__(self, g: Any, w: Any, row: tuple[int, ...]) -> None:
        self.g, self.w, self.row = g, w, row
        self.largest = 0.0

    def of(self, group: Any, even: bool, rounding: float) -> tuple[float, bool]:
        """F_ii - F_ij for the values of `group`, and whether the function looks symmetric in them (and even)."""
        if type(self.g) is not Tensor:
            return 0.0, True
        rows, others = [], []
        for i in group:
            seed = np.zeros(self.g.shape, self.g.dtype)
            seed[(*self.row, i)] = 1
            found, rest = swept(self.g.node, seed, self.w.node)
            rows.append(np.zeros(self.w.shape[-1]) if found is None else np.asarray(found)[self.row])
            others.append(rest)
        second = np.array(rows)
        self.largest = max(self.largest, float(np.max(np.abs(second), initial=0)))
        tolerance = 1e-6 * self.largest + rounding
        inner, k = second[:, group], len(group)
        outer = np.delete(second, group, axis=1)
        diagonal, mixed = np.diag(inner), inner[~np.eye(k, dtype=bool)]
        level = float(mixed.mean()) if mixed.size else 0.0
        symmetric = np.ptp(diagonal) <= tolerance and (not mixed.size or np.ptp(mixed) <= tolerance)
        symmetric = symmetric and (not outer.size or np.max(np.ptp(outer, axis=0)) <= tolerance)
        if even:
            symmetric = symmetric and abs(level) <= tolerance and np.max(np.abs(outer), initial=0) <= tolerance
        return float(diagonal.mean()) - level, bool(symmetric) and _alike(others, even)


def _alike(others: list[dict[Node, Any]], even: bool) -> bool:
    """Whether all of a group depend in the same way (or, of values of 0, not at all) on everything else."""
    for node in {node for rest in others for node in rest}:
        parts = [np.asarray(rest.get(node, 0.0)) for rest in others]
        largest = max(np.max(np.abs(part), initial=0) for part in parts)
        first = 0.0 if even else parts[0]
        if any(np.max(np.abs(part - first), initial=0) > 1e-8 * largest for part in parts):
            return False
    return True


def swept(start: Node, g: Any, target: Node) -> tuple[Any, dict[Node, Any]]:
    """The gradient that `g` at `start` brings to `target`, and what it brings to leaves on other ways."""
    totals, nodes, seen = {start: g}, [start], {start}
    for node in nodes:
        if node is not target:
            new = [parent for parent in node.parents if parent not in seen]
            seen.update(new)
            nodes.extend(dict.fromkeys(new))
    for node in sorted(nodes, key=by_depth, reverse=True):
        if node is target or node.edges is None or node not in totals:
            continue
        total = totals.pop(node)
        for parent, vjp in pairs(node.edges):
            d = conform(vjp(total), parent, node)
            if d is not None:
                totals[parent] = added(totals[parent], d, parent, set()) if parent in totals else d
    return totals.pop(target, None), totals


def lost(d: Any, c: Any, known: Any, name: str) -> Any:
    """The gradient `d` that came of `c`, NaN for matrices of which it is not known."""
    spoiled = ~known & (np.any(value_of(c) != 0, axis=(-2, -1)) | (type(c) is Tensor))
    if not spoiled.any():
        return d
    warn_of_equal_values(name)
    return np.where(spoiled[..., None, None], np.asarray(np.nan, value_of(d).dtype), d)


def turned(m: Any, by: Differences) -> tuple[Any, Any]:
    """`m`, the cotangent in the basis of the vectors: what the values receive, and what the matrix does."""
    diagonal = np.real(np.diagonal(m, axis1=-2, axis2=-1))
    means = (by.mean @ diagonal[..., None])[..., 0]
    both = (m + h(m)) / 2
    inner = by.hermitian * (both - means[..., None] * np.eye(m.shape[-1])) + by.skew * (m - h(m)) / 2
    return means, inner


def eigen_by_slopes(out: Any, g: Any, a: Any, v: Any, by: Differences) -> Any:
    return lambda c: turned(h(v) @ t(c) @ v, by)[0]


def eigen_by_matrix(out: Any, g: Any, a: Any, v: Any, by: Differences) -> Any:
    def vjp(c: Any) -> Any:
        inner = turned(h(v) @ t(c) @ v, by)[1]
        return lost(t(v @ inner @ h(v)), c, by.known, "np.linalg.eigh")

    return vjp


@with_rule(eigen_by_slopes, eigen_by_matrix, None, None)
def of_eigenvalues(g: Any, a: Any, v: Any, by: Differences) -> Any:
    """V diag(g) V^H, the gradient of a function of the eigenvalues of the hermitian matrix `a`."""
    return (v * g[..., None, :]) @ h(v)


def singular_by_slopes(out: Any, g: Any, a: Any, u: Any, vh: Any, by: Differences) -> Any:
    return lambda c: turned(vh @ t(c) @ u, by)[0]


def singular_by_matrix(out: Any, g: Any, a: Any, u: Any, vh: Any, by: Differences) -> Any:
    def vjp(c: Any) -> Any:
        m, v, r = t(c), h(vh), by.beyond[..., None, :]
        d = v @ turned(vh @ m @ u, by)[1] @ h(u)
        if a.shape[-2] > a.shape[-1]:
            left = (v * r) @ (vh @ m)
            d = d + left - left @ u @ h(u)
        if a.shape[-2] < a.shape[-1]:
            right = (m @ u * r) @ h(u)
            d = d + right - v @ (vh @ right)
        return lost(t(d), c, by.known, "np.linalg.svd")

    return vjp


@with_rule(singular_by_slopes, singular_by_matrix, None, None, None)
def of_singular_values(g: Any, a: Any, u: Any, vh: Any, by: Differences) -> Any:
    """U diag(g) V^H, the conjugate of the gradient of a function of the singular values of `a`."""
    return (u * g[..., None, :]) @ vh


def along_matrix(out: Any, g: Any, u: Any, vh: Any, w: Any, singular: bool) -> Any:
    """Where values are equal a direction splits them: their slopes are the values of its part on their vectors."""

    def vjp(c: Any) -> Any:
        name = "np.linalg.svd" if singular else "np.linalg.eigh"
        slopes = np.real(np.diagonal(vh @ t(c) @ u, axis1=-2, axis2=-1))
        if type(c) is Tensor:
            warn_of_equal_values(name)
            return slopes * np.nan
        slopes = slopes.copy()
        for row in np.ndindex(w.shape[:-1]):
            close = nearly_equal(w) * np.max(np.abs(w[row]), initial=0)
            for group in np.split(np.arange(w.shape[-1]), np.flatnonzero(np.abs(np.diff(w[row])) > close) + 1):
                left, right, p = u[row][:, group], h(vh[row][group]), h(t(c[row]))
                if singular and w[row][group[0]] <= close:
                    rest = np.delete(u[row], group, axis=1), np.delete(h(vh[row]), group, axis=1)
                    p = p - rest[0] @ (h(rest[0]) @ p)
                    slopes[row][group] = np.linalg.svdvals(p - (p @ rest[1]) @ h(rest[1]))[: len(group)]
                elif len(group) > 1:
                    block = h(left) @ p @ right
                    split = np.linalg.eigvalsh((block + h(block)) / 2)
                    slopes[row][group] = split[::-1] if singular else split
        return slopes

    return vjp


@with_rule(along_matrix, None, None, None, None)
def of_cotangent(g: Any, u: Any, vh: Any, w: Any, singular: bool) -> Any:
    """U diag(g) V^H, differentiated by g alone: how the values move when the matrix does."""
    return (u * g[..., None, :]) @ vh


def degenerate(g: Any, a: Any, w: Any, singular: bool = False) -> bool:
    """Whether the gradient `g` of values is to be differentiated, once, where some are equal, or 0."""
    if type(a) is not Tensor and type(g) is not Tensor:
        return False
    if type(a) is Tensor and (type(a.inner) is Tensor or (type(g) is Tensor and g.level != a.level)):
        return False
    values = np.asarray(value_of(w))
    close = nearly_equal(values) * np.max(np.abs(values), axis=-1, initial=0, keepdims=True)
    equal = np.any(np.abs(np.diff(values, axis=-1)) <= close)
    return bool(equal or (singular and np.any(values <= close)))
