"""Rules of the factorisations of ``np.linalg``: Cholesky, symmetric eigenvalues, singular values, QR; all take stacks.

``cholesky`` and ``eigh`` read one triangle of their argument only, and the gradient is that of what they compute: the
other triangle receives zero. Vectors of equal eigenvalues or singular values have no derivative, the sum of such values
has one; so the part of the vectors is left out where no gradient comes to them.

References: M. Giles 2008, An extended collection of matrix derivative results for forward and reverse mode AD (Oxford
NA-08/01); J. Townsend 2016, Differentiating the singular value decomposition; S. Walter & L. Lehmann 2018, J. Comput.
Appl. Math. 340 (QR).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import TRACED, traced
from autodiff.rules.reductions import real_only
from autodiff.rules.spectra import (
    conj,
    degenerate,
    differences,
    h,
    of_cotangent,
    of_eigenvalues,
    of_singular_values,
    t,
    warn_of_equal_values,
)
from autodiff.tensor import Tensor


def same_phase(turned: Any, name: str) -> None:
    """Refuse a gradient that depends on the phases of complex vectors, which are arbitrary."""
    if turned.dtype.kind == "c":
        plain = np.asarray(value_of(turned))
        phases = np.abs(np.imag(np.diagonal(plain, axis1=-2, axis2=-1)))
        if np.any(phases > 1e-6 * (1 + np.abs(plain).max(initial=0))):
            raise ValueError(
                f"{name}: the result depends on the phases of the vectors, which are arbitrary, so it has no gradient:"
                " use what does not, such as np.abs(v) or v * v.conj()"
            )


def diagonal_matrix(x: Any) -> Any:
    """Diagonal matrices of the rows of `x`."""
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


def one_triangle(s: Any, upper: bool) -> Any:
    """Gradient with respect to one triangle of a symmetric matrix, from that with respect to the whole."""
    both = s + h(s)  # of a complex matrix, the conjugate entries of the other triangle
    real = np.real(s) if s.dtype.kind == "c" else s
    return (np.triu(both, 1) if upper else np.tril(both, -1)) + real * np.eye(s.shape[-1], dtype=real.dtype)


def symmetric(a: Any, upper: bool) -> Any:
    """The matrix of which `a` holds one triangle; the other one is not read."""
    half, diagonal = np.triu(a, 1) if upper else np.tril(a, -1), np.diagonal(a, axis1=-2, axis2=-1)
    return half + h(half) + diagonal_matrix(np.real(diagonal) if a.dtype.kind == "c" else diagonal)


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


TRACED[np.linalg.cholesky] = lambda a, /, *, upper=False: _cholesky(a, upper)


def equal_pairs(w: Any) -> Any:
    """Which two values are equal up to rounding, a matrix for each row of values."""
    plain = np.asarray(value_of(w))
    scale = np.abs(plain).max(axis=-1, initial=0)[..., None, None]
    gaps = np.abs(plain[..., None, :] - plain[..., :, None])
    return (gaps <= np.finfo(plain.dtype).eps ** (2 / 3) * scale) & ~np.eye(plain.shape[-1], dtype=bool)


def by_gaps(turned: Any, w: Any, touched: Any, name: str, squares: bool = False) -> Any:
    """`turned` / (w_j - w_i), or / (w_j^2 - w_i^2), 0 on the diagonal: how vectors turn.

    Where two values are equal their vectors have no derivative. A quotient of two rounding errors would come out, which
    looks like any number, so it is NaN, with a warning, if one of the two vectors is `touched` by a gradient. From a
    relative gap of eps^(2/3) on the quotient is right to several digits.
    """
    equal = equal_pairs(w)
    spoiled = equal & (touched[..., None, :] | touched[..., :, None])
    factors, none = w * w if squares else w, equal | np.eye(w.shape[-1], dtype=bool)
    gaps = np.where(none, 1, factors[..., None, :] - factors[..., :, None])
    out = np.where(none, 0, turned / gaps)
    if not spoiled.any():
        return out
    warn_of_equal_values(name)
    return out + np.where(spoiled, np.nan, 0).astype(np.real(value_of(w)).dtype)


def unknown_slope(out: Any, d: Any, equal: Any, name: str) -> Any:
    def vjp(g: Any) -> Any:
        spoiled = equal & (value_of(g) != 0)
        if spoiled.any():
            warn_of_equal_values(name)
        return np.where(spoiled, np.nan, 1).astype(np.real(value_of(d)).dtype) * g

    return vjp


@with_rule(unknown_slope, None, None)
def _of_equal(d: Any, equal: Any, name: str) -> Any:
    return d


def of_values(d: Any, g: Any, w: Any, name: str) -> Any:
    """The gradient `d` of a matrix, from the gradient `g` of its values `w`.

    If `g` depends on the values, `d` turns with them where they are equal, which their vectors do not tell.
    """
    if type(d) is not Tensor or type(g) is not Tensor:
        return d
    equal = equal_pairs(w).any((-2, -1))
    return _of_equal(d, equal[..., None, None], name) if equal.any() else d


def touched_columns(g: Any) -> Any:
    """Which vectors, the columns of `g`, receive a gradient."""
    return np.any(np.asarray(value_of(g)) != 0, axis=-2)


def eigh_rule(out: Any, a: Any, upper: bool) -> Any:
    w, v = out

    def vjp(g: Any) -> Any:
        gw, gv = g
        if gv is None and degenerate(gw, a, w):
            if type(a) is Tensor:
                s = of_eigenvalues(gw, symmetric(a, upper), value_of(v), differences(gw, w, False))
            else:
                s = of_cotangent(gw, v, h(v), w, False)
            return one_triangle(conj((s + h(s)) / 2), upper)
        inner: Any = 0.0 if gw is None else diagonal_matrix(gw)
        if (
            gv is not None
        ):  # not formed otherwise: equal eigenvalues have no unique vectors, but their sum has a gradient
            turned = h(v) @ conj(gv)
            same_phase(turned, "np.linalg.eigh")
            inner = inner + by_gaps(turned, w, touched_columns(gv), "np.linalg.eigh")
        s = v @ inner @ h(v)
        return of_values(one_triangle(conj((s + h(s)) / 2), upper), gw, w, "np.linalg.eigh")

    return vjp


@with_rule(eigh_rule)
def _eigh(a: Any, upper: bool) -> Any:
    return tuple(np.linalg.eigh(a, "U" if upper else "L"))


TRACED[np.linalg.eigh] = lambda a, UPLO="L": EIGH(*_eigh(a, UPLO.upper() == "U"))
TRACED[np.linalg.eigvalsh] = lambda a, UPLO="L": _eigh(a, UPLO.upper() == "U")[0]


def svd_rule(out: Any, a: Any, full_matrices: bool) -> Any:
    s, k = out[1], out[1].shape[-1]
    u, vh = out[0][..., :, :k], out[2][..., :k, :]

    def vjp(g: Any) -> Any:
        gu, gs, gvh = g
        if gu is None and gvh is None and degenerate(gs, a, s, singular=True):
            if type(a) is not Tensor:
                return conj(of_cotangent(gs, u, vh, s, True))
            return conj(of_singular_values(gs, a, value_of(u), value_of(vh), differences(gs, s, True)))
        inner: Any = 0.0 if gs is None else diagonal_matrix(gs)
        touched = np.zeros(s.shape, bool)
        for vectors in (gu[..., :k] if gu is not None else None, t(gvh[..., :k, :]) if gvh is not None else None):
            if vectors is not None:
                touched = touched | touched_columns(vectors)
        outer: Any = 0.0
        turned_u: Any = 0.0
        turned_v: Any = 0.0
        if gu is not None:
            _no_signal_beyond(gu[..., :, k:])
            gu = conj(gu[..., :, :k])
            turned_u = h(u) @ gu
            j = by_gaps(turned_u, s, touched, "np.linalg.svd", squares=True)
            inner = inner + (j + h(j)) * s[..., None, :]
            if u.shape[-2] > k:
                outer = outer + ((gu - u @ turned_u) / s[..., None, :]) @ vh
        if gvh is not None:
            _no_signal_beyond(gvh[..., k:, :])
            gv = t(gvh[..., :k, :])  # of V, of which V^H is the conjugate transpose: already conjugated
            turned_v = vh @ gv
            j = by_gaps(turned_v, s, touched, "np.linalg.svd", squares=True)
            inner = inner + s[..., :, None] * (j + h(j))
            if vh.shape[-1] > k:
                outer = outer + (u / s[..., None, :]) @ h(gv - h(vh) @ turned_v)
        if a.dtype.kind == "c" and (gu is not None or gvh is not None):
            same_phase(turned_u + turned_v, "np.linalg.svd")
            phases = np.imag(np.diagonal(turned_u, axis1=-2, axis2=-1)) if gu is not None else 0.0
            inner = inner + 1j * diagonal_matrix(phases / s)
        return of_values(conj(u @ inner @ vh + outer), gs, s, "np.linalg.svd")

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


EIGH: Any = type(np.linalg.eigh(np.eye(1)))
SVD: Any = type(np.linalg.svd(np.eye(1)))
QR: Any = type(np.linalg.qr(np.eye(1)))
