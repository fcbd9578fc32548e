"""Rules of ``np.linalg``; all of them take stacks of matrices.

References: M. Giles 2008, An extended collection of matrix derivative results for forward and reverse mode AD (Oxford
NA-08/01); J. Townsend 2016, Differentiating the singular value decomposition; G. Golub & V. Pereyra 1973, SIAM J.
Numer. Anal. 10 (pseudo-inverse); S. Walter & L. Lehmann 2018, J. Comput. Appl. Math. 340 (QR). ``cholesky`` and
``eigh`` read one triangle of their argument only, and the gradient is that of what they compute: the other triangle
receives zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import rule, traced
from autodiff.rules.reductions import expand, real_only
from autodiff.tensor import asarray


def t(x: Any) -> Any:
    """Transpose of the last two axes."""
    return np.swapaxes(x, -1, -2)


def diagonal_matrix(x: Any) -> Any:
    """Diagonal matrices of the rows of `x`."""
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


# solving


def solve_left(out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return lambda g: -np.linalg.solve(t(a), g[..., None]) * out[..., None, :]
    return lambda g: -np.linalg.solve(t(a), g) @ t(out)


def solve_right(out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return lambda g: np.linalg.solve(t(a), g[..., None])[..., 0]
    return lambda g: np.linalg.solve(t(a), g)


rule(np.linalg.solve, solve_left, solve_right)
rule(np.linalg.inv, lambda out, a: lambda g: -t(out) @ g @ t(out))


def det_rule(out: Any, a: Any) -> Any:
    """The matrix of cofactors; from the singular values if some matrix is singular."""

    def vjp(g: Any) -> Any:
        if np.all(value_of(out) != 0):
            return (g * out)[..., None, None] * t(np.linalg.inv(a))
        u, s, vt = np.linalg.svd(a)
        n = a.shape[-1]
        others = np.prod(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]), axis=-1)
        sign = np.linalg.det(value_of(u)) * np.linalg.det(value_of(vt))
        return (g * sign)[..., None, None] * ((u * others[..., None, :]) @ vt)

    return vjp


rule(np.linalg.det, det_rule)


@with_rule(lambda out, a: lambda g: 0 * a if g[1] is None else g[1][..., None, None] * t(np.linalg.inv(a)))
def _slogdet(a: Any) -> Any:
    return tuple(np.linalg.slogdet(a))


@traced(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    real_only(a, "np.linalg.slogdet")
    return SLOGDET(*_slogdet(a))


@traced(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    out: Any = None
    while n:  # binary powers
        if n % 2:
            out = a if out is None else out @ a
        n //= 2
        a = a @ a if n else a
    return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) if out is None else out


@traced(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    out, *rest = arrays
    for a in rest:
        out = out @ a
    return out


# factorisations


def one_triangle(s: Any, upper: bool) -> Any:
    """Gradient with respect to one triangle of a symmetric matrix, from that with respect to the whole."""
    both = s + t(s)
    half = np.triu(both, 1) if upper else np.tril(both, -1)
    return half + s * np.eye(s.shape[-1], dtype=s.dtype)


def cholesky_rule(out: Any, a: Any, upper: bool = False) -> Any:
    real_only(a, "np.linalg.cholesky")

    def vjp(g: Any) -> Any:
        low, g = (t(out), t(g)) if upper else (out, g)
        phi = np.tril(t(low) @ g)
        phi = phi - 0.5 * phi * np.eye(low.shape[-1], dtype=low.dtype)
        s = np.linalg.solve(t(low), t(np.linalg.solve(t(low), t(phi))))
        return one_triangle((s + t(s)) / 2, upper)

    return vjp


@with_rule(cholesky_rule)
def _cholesky(a: Any, upper: bool) -> Any:
    return np.linalg.cholesky(a, upper=upper)


@traced(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    return _cholesky(a, upper)


def inverse_gaps(w: Any) -> Any:
    """1 / (w_j - w_i), 0 on the diagonal."""
    gaps = w[..., None, :] - w[..., :, None]
    eye = np.eye(w.shape[-1], dtype=bool)
    return np.where(eye, 0, 1 / np.where(eye, 1, gaps))


def eigh_rule(out: Any, a: Any, upper: bool) -> Any:
    real_only(a, "np.linalg.eigh")
    w, v = out

    def vjp(g: Any) -> Any:
        gw, gv = g
        inner: Any = 0.0 if gw is None else diagonal_matrix(gw)
        if (
            gv is not None
        ):  # not formed otherwise: equal eigenvalues have no unique vectors, but their sum has a gradient
            inner = inner + (t(v) @ gv) * inverse_gaps(w)
        s = v @ inner @ t(v)
        return one_triangle((s + t(s)) / 2, upper)

    return vjp


@with_rule(eigh_rule)
def _eigh(a: Any, upper: bool) -> Any:
    return tuple(np.linalg.eigh(a, "U" if upper else "L"))


@traced(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    return EIGH(*_eigh(a, UPLO.upper() == "U"))


@traced(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return _eigh(a, UPLO.upper() == "U")[0]


def svd_rule(out: Any, a: Any, full_matrices: bool) -> Any:
    real_only(a, "np.linalg.svd")
    s, k = out[1], out[1].shape[-1]
    u, vt = out[0][..., :, :k], out[2][..., :k, :]

    def vjp(g: Any) -> Any:
        gu, gs, gvt = g
        inner: Any = 0.0 if gs is None else diagonal_matrix(gs)
        gaps = inverse_gaps(s * s) if gu is not None or gvt is not None else None
        outer: Any = 0.0
        if gu is not None:
            _no_signal_beyond(gu[..., :, k:])
            gu = gu[..., :, :k]
            j = gaps * (t(u) @ gu)
            inner = inner + (j + t(j)) * s[..., None, :]
            if u.shape[-2] > k:
                outer = outer + ((gu - u @ (t(u) @ gu)) / s[..., None, :]) @ vt
        if gvt is not None:
            _no_signal_beyond(gvt[..., k:, :])
            gv = t(gvt[..., :k, :])
            j = gaps * (vt @ gv)
            inner = inner + s[..., :, None] * (j + t(j))
            if vt.shape[-1] > k:
                outer = outer + (u / s[..., None, :]) @ t(gv - t(vt) @ (vt @ gv))
        return u @ inner @ vt + outer

    return vjp


def _no_signal_beyond(g: Any) -> None:
    if np.any(value_of(g) != 0):
        raise ValueError(
            "np.linalg.svd: the vectors beyond the smaller side of a matrix have no gradient: use full_matrices=False"
        )


@with_rule(svd_rule)
def _svd(a: Any, full_matrices: bool) -> Any:
    return tuple(np.linalg.svd(a, full_matrices))


@traced(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        raise TypeError("np.linalg.svd has no gradient rule for hermitian=True: leave it out, or use np.linalg.eigh")
    return SVD(*_svd(a, full_matrices)) if compute_uv else _svd(a, False)[1]


@traced(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    return _svd(x, False)[1]


def qr_rule(out: Any, a: Any) -> Any:
    real_only(a, "np.linalg.qr")
    q, r = out
    k = q.shape[-1]

    def square(gq: Any, gr: Any, r: Any) -> Any:
        m = r @ t(gr) - t(gq) @ q
        m = np.tril(m) + t(np.tril(m, -1))
        return t(np.linalg.solve(r, t(gq + q @ m)))

    def vjp(g: Any) -> Any:
        gq = np.zeros_like(value_of(q)) if g[0] is None else g[0]
        gr = np.zeros_like(value_of(r)) if g[1] is None else g[1]
        if a.shape[-1] <= k:
            return square(gq, gr, r)
        rest = a[
            ..., :, k:
        ]  # a wide matrix: q and the left part of r come from the left square, q.T @ rest is the right part
        left = square(gq + rest @ t(gr[..., :, k:]), gr[..., :, :k], r[..., :, :k])
        return np.concatenate([left, q @ gr[..., :, k:]], axis=-1)

    return vjp


@with_rule(qr_rule)
def _qr(a: Any) -> Any:
    return tuple(np.linalg.qr(a))


@traced(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    square = a.shape[-2] <= a.shape[-1]
    if mode not in ("reduced", "r") and not (mode == "complete" and square):
        raise TypeError(
            f"np.linalg.qr has no gradient rule for mode={mode!r} of a matrix of shape {a.shape}: use mode='reduced'"
        )
    q, r = _qr(a)
    return r if mode == "r" else QR(q, r)


SLOGDET = type(np.linalg.slogdet(np.eye(1)))
EIGH = type(np.linalg.eigh(np.eye(1)))
SVD = type(np.linalg.svd(np.eye(1)))
QR = type(np.linalg.qr(np.eye(1)))

# least squares


def pinv_rule(out: Any, a: Any, rcond: Any, rtol: Any) -> Any:
    real_only(a, "np.linalg.pinv")

    def vjp(g: Any) -> Any:
        p, gt = out, t(g)
        return -t(p) @ g @ t(p) + (gt - a @ (p @ gt)) @ p @ t(p) + t(p) @ p @ (gt - (gt @ p) @ a)

    return vjp


@with_rule(pinv_rule)
def _pinv(a: Any, rcond: Any, rtol: Any) -> Any:
    return np.linalg.pinv(a, rtol=rtol) if rcond is None else np.linalg.pinv(a, rcond)


@traced(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, *, rtol: Any = None) -> Any:
    return _pinv(a, rcond, rtol)


@traced(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution of least norm is pinv(a) @ b."""
    a, b = asarray(a), asarray(b)
    cut = np.finfo(a.dtype).eps * max(a.shape) if rcond is None else max(rcond, 0)
    x = pinv(a, cut) @ b
    rank = np.linalg.lstsq(value_of(a), value_of(b), rcond)[2]
    full = rank == a.shape[1] < a.shape[0]
    residuals = np.sum(np.reshape(b - a @ x, (a.shape[0], -1)) ** 2, axis=0) if full else np.empty(0, a.dtype)
    return x, residuals, rank, svdvals(a)


# norms: 0 is the gradient at 0


def euclidean_rule(out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    zero = value_of(out) == 0
    conjugated = np.conjugate(x) if x.dtype.kind == "c" else x
    return lambda g: expand(g * np.where(zero, 0, 1 / np.where(zero, 1, out)), x.shape, axis, keepdims) * conjugated


@with_rule(euclidean_rule)
def euclidean(x: Any, axis: Any, keepdims: bool) -> Any:
    """sqrt(sum |x|^2)."""
    return np.sqrt(np.sum(np.real(x * np.conjugate(x)), axis=axis, keepdims=keepdims))


def p_norm_rule(out: Any, x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    real_only(x, "np.linalg.norm with ord other than 2")

    def vjp(g: Any) -> Any:
        top = np.where(value_of(out) == 0, 1, out)
        ratio = np.abs(x) / expand(top, x.shape, axis, keepdims)
        zero = value_of(x) == 0
        slope = np.where(zero, 0, np.where(zero, 1, ratio) ** (p - 1)) * np.sign(value_of(x))
        return expand(g, x.shape, axis, keepdims) * slope

    return vjp


@with_rule(p_norm_rule)
def p_norm(x: Any, p: float, axis: Any, keepdims: bool) -> Any:
    """(sum |x|^p)^(1/p)."""
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


@traced(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if ord is None or ord == 2:
        return euclidean(x, axis, keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(value_of(x) != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
    return p_norm(x, ord, axis, keepdims)


@traced(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm(x, ord, (-2, -1), keepdims)


@traced(np.linalg.norm)
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
        out = np.squeeze((np.max if ord > 0 else np.min)(sums, axis=other, keepdims=True), (row, column))
    elif ord in (2, -2, "nuc"):
        s = svdvals(np.moveaxis(x, (row, column), (-2, -1)))
        out = np.sum(s, axis=-1) if ord == "nuc" else np.max(s, axis=-1) if ord > 0 else np.min(s, axis=-1)
    else:
        raise ValueError(f"ord of a matrix norm must be None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}")
    return np.expand_dims(out, (row, column)) if keepdims else out


@traced(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
    return norm(x, p, (-2, -1)) * norm(np.linalg.inv(x), p, (-2, -1))


@traced(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return np.matrix_transpose(x)
