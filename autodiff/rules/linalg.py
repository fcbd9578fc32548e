"""Rules of ``np.linalg``: equations, determinants, powers, least squares; all of them take stacks of matrices.

References: M. Giles 2008, An extended collection of matrix derivative results for forward and reverse mode AD (Oxford
NA-08/01); G. Golub & V. Pereyra 1973, SIAM J. Numer. Anal. 10 (pseudo-inverse).
"""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import TRACED, rule, traced
from autodiff.rules.factorisations import svdvals
from autodiff.rules.reductions import real_only
from autodiff.rules.spectra import conj, h, t
from autodiff.tensor import Tensor, asarray

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


def cofactors_rule(out: Any, a: Any) -> Any:
    """In the bases of singular vectors of `a` the derivative by P is E diag(P) on the diagonal and -E P' beside it,
    E_ij being the product of the singular values but i and j: no quotient is formed."""
    if type(a) is Tensor:
        raise TypeError("np.linalg.det of a singular matrix has no rule for third derivatives: write out the products")

    def vjp(c: Any) -> Any:
        u, vh, sign, s = bases(a)
        n, unit = a.shape[-1], np.eye(a.shape[-1], dtype=bool)
        pairs = np.prod(np.where(unit[:, None] | unit, 1, s[..., None, None, :]), axis=-1) * ~unit
        inner = h(u) @ c @ h(vh)
        by_diagonal = (pairs @ np.diagonal(inner, axis1=-2, axis2=-1)[..., None]) * np.eye(n)
        return sign * (conj(u) @ (by_diagonal - pairs * t(inner)) @ conj(vh))

    return vjp


def bases(a: Any) -> tuple[Any, Any, Any, Any]:
    """Singular vectors, the sign of their determinants, singular values."""
    u, s, vh = np.linalg.svd(a)
    return u, vh, (np.linalg.det(u) * np.linalg.det(vh))[..., None, None], s


@with_rule(cofactors_rule)
def cofactors(a: Any) -> Any:
    """The derivative of the determinant, of a matrix that has no inverse, too."""
    u, vh, sign, s = bases(a)
    others = np.prod(np.where(np.eye(a.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    return sign * ((conj(u) * others[..., None, :]) @ conj(vh))


def det_rule(out: Any, a: Any) -> Any:
    """The matrix of cofactors; from the singular values if some matrix is singular, or nearly."""

    def vjp(g: Any) -> Any:
        if np.all(value_of(out) != 0):
            inverse = np.linalg.inv(a)
            size = np.abs(value_of(inverse)).max((-2, -1)) * np.abs(value_of(a)).max((-2, -1))
            if np.all(size < np.finfo(size.dtype).eps ** -0.75):
                return (g * out)[..., None, None] * t(inverse)
        return g[..., None, None] * cofactors(a)

    return vjp


rule(np.linalg.det, det_rule)


@with_rule(lambda out, a: lambda g: 0 * a if g[1] is None else g[1][..., None, None] * t(np.linalg.inv(a)))
def _slogdet(a: Any) -> Any:
    return tuple(np.linalg.slogdet(a))


SLOGDET = type(np.linalg.slogdet(np.eye(1)))


@traced(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    real_only(a, "np.linalg.slogdet")
    return SLOGDET(*_slogdet(a))


@traced(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    n = index(n)
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
    out, *rest = map(asarray, arrays)
    if not rest:
        raise ValueError("np.linalg.multi_dot needs at least two arrays")
    for a in rest:
        out = out @ a
    return out


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
    a = a if a.dtype.kind in "fc" else a.astype(float)
    cut = np.finfo(a.dtype).eps * max(a.shape) if rcond is None else max(rcond, 0)
    x = pinv(a, cut) @ b
    rank = np.linalg.lstsq(value_of(a), value_of(b), rcond)[2]
    full = rank == a.shape[1] < a.shape[0]
    residuals = np.empty(0, a.dtype)
    if full:
        gap = np.reshape(b - a @ x, (a.shape[0], -1))
        residuals = np.sum(np.real(gap * np.conjugate(gap)) if gap.dtype.kind == "c" else gap**2, axis=0)
    return x, residuals, rank, svdvals(a)


@traced(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any) -> Any:
    a, b = asarray(a), asarray(b)
    if a.ndim <= b.ndim:
        raise ValueError(f"np.linalg.tensorsolve needs a with more axes than b, got shapes {a.shape} and {b.shape}")
    x = np.linalg.solve(np.reshape(a, (b.size, b.size)), np.ravel(b))
    return np.reshape(x, a.shape[b.ndim :])


@traced(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    n = int(np.prod(a.shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (n, n))), a.shape[ind:] + a.shape[:ind])


TRACED[np.linalg.matrix_transpose] = lambda x, /: np.matrix_transpose(x)
