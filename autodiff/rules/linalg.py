"""Rules of ``np.linalg``: equations, determinants, powers, least squares; all of them take stacks of matrices.

References: M. Giles 2008, An extended collection of matrix derivative results for forward and reverse mode AD (Oxford
NA-08/01); G. Golub & V. Pereyra 1973, SIAM J. Numer. Anal. 10 (pseudo-inverse).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import rule, traced
from autodiff.rules.factorisations import svdvals, t
from autodiff.rules.reductions import real_only
from autodiff.tensor import asarray

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


SLOGDET = type(np.linalg.slogdet(np.eye(1)))


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
    out, *rest = map(asarray, arrays)
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
    cut = np.finfo(a.dtype).eps * max(a.shape) if rcond is None else max(rcond, 0)
    x = pinv(a, cut) @ b
    rank = np.linalg.lstsq(value_of(a), value_of(b), rcond)[2]
    full = rank == a.shape[1] < a.shape[0]
    residuals = np.sum(np.reshape(b - a @ x, (a.shape[0], -1)) ** 2, axis=0) if full else np.empty(0, a.dtype)
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


@traced(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return np.matrix_transpose(x)
