"""Differentiable functions of :mod:`scipy.linalg`.

Matrices may be complex, and come in stacks where NumPy's own functions take stacks. Arguments of SciPy that only save
memory or time (``overwrite_a``, ``check_finite``) are not there.

References: M. Giles 2008, An extended collection of matrix derivative results (Oxford NA-08/01); N. Higham 2008,
Functions of Matrices, theorem 3.6 (derivatives by block matrices).

Examples
--------
>>> import numpy as np, autodiff as ad
>>> from autodiff.scipy import linalg
>>> ad.grad(lambda a: np.trace(linalg.expm(a)))(np.zeros((2, 2)))
array([[1., 0.],
       [0., 1.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.rules.factorisations import symmetric
from autodiff.rules.spectra import h, t
from autodiff.scipy.special_matrices import block_diag, circulant, hankel, toeplitz
from autodiff.tensor import asarray

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "det", "eigh", "eigvalsh", "expm", "hankel",
    "inv", "logm", "lstsq", "lu", "lu_factor", "lu_solve", "norm", "pinv", "solve", "solve_banded",
    "solve_continuous_lyapunov", "solve_discrete_lyapunov", "solve_sylvester", "solve_triangular", "sqrtm", "svdvals",
    "toeplitz",
]  # fmt: skip


def real_as(x: Any, d: Any) -> Any:
    """The gradient `d` of `x`: its real part if `x` is real."""
    d = np.real(d) if x.dtype.kind != "c" and d.dtype.kind == "c" else d
    return d if d.dtype == x.dtype else d.astype(x.dtype)


# triangular systems and what is built on them


def triangle(a: Any, lower: bool, unit: bool = False) -> Any:
    """The part of `a` that a triangular solver reads."""
    k = 1 if unit else 0
    return np.tril(a, -k) if lower else np.triu(a, k)


def by_matrix(out: Any, a: Any, b: Any, lower: bool, transposed: bool, unit: bool) -> Any:
    def vjp(g: Any) -> Any:
        s = _triangular(a, g, lower, not transposed, unit)
        return -triangle(out @ t(s) if transposed else s @ t(out), lower, unit)

    return vjp


def by_right_side(out: Any, a: Any, b: Any, lower: bool, transposed: bool, unit: bool) -> Any:
    return lambda g: _triangular(a, g, lower, not transposed, unit)


@with_rule(by_matrix, by_right_side)
def _triangular(a: Any, b: Any, lower: bool, transposed: bool, unit: bool) -> Any:
    if a.ndim == 2 and b.ndim == 2 and b.size:
        trans: Any = int(transposed)
        return scipy.linalg.solve_triangular(a, b, trans=trans, lower=lower, unit_diagonal=unit)
    part = triangle(a, lower, unit)
    part = part + np.eye(a.shape[-1], dtype=a.dtype) if unit else part
    return np.linalg.solve(t(part) if transposed else part, b)


def solve_triangular(a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False) -> Any:
    """Solution of a triangular system; see :func:`scipy.linalg.solve_triangular`. Only one triangle of `a` is read."""
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ValueError(f"trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")
    a, b = asarray(a) * 1.0, asarray(b) * 1.0
    if trans in (2, "C") and a.dtype.kind == "c":
        a = np.conjugate(a)
    one = b.ndim == 1
    out = _triangular(a, b[:, None] if one else b, lower, trans not in (0, "N"), unit_diagonal)
    return out[..., 0] if one else out


def cholesky(a: Any, lower: bool = False) -> Any:
    """Cholesky factor; see :func:`scipy.linalg.cholesky`. Only one triangle of `a` is read."""
    return np.linalg.cholesky(asarray(a), upper=not lower)


def cho_factor(a: Any, lower: bool = False) -> tuple[Any, bool]:
    """Cholesky factor for :func:`cho_solve`; see :func:`scipy.linalg.cho_factor`. The other triangle holds zeros."""
    return cholesky(a, lower), lower


def cho_solve(c_and_lower: tuple[Any, bool], b: Any) -> Any:
    """Solution of a x = b from the factor of :func:`cho_factor`; see :func:`scipy.linalg.cho_solve`."""
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    return solve_triangular(c, solve_triangular(c, b, first, lower), second, lower)


def solve(a: Any, b: Any) -> Any:
    """Solution of a square system; see :func:`scipy.linalg.solve`."""
    return np.linalg.solve(asarray(a), asarray(b))


def square_lu_rule(out: Any, a: Any) -> Any:
    """dL = L tril(L^-1 dA U^-1, -1), dU = triu(L^-1 dA U^-1) U, of a matrix whose rows are in order."""
    low, up = out

    def vjp(g: Any) -> Any:
        inner: Any = 0.0
        if g[0] is not None:
            inner = inner + np.tril(t(low) @ g[0], -1)
        if g[1] is not None:
            inner = inner + np.triu(g[1] @ t(up))
        left = _triangular(low, inner, True, True, True)
        return t(_triangular(up, t(left), False, False, False))

    return vjp


@with_rule(square_lu_rule)
def _square_lu(a: Any) -> Any:
    p, low, up = scipy.linalg.lu(a)
    if not np.array_equal(p, np.eye(len(a))):  # a tie of pivots: the rows are in order for one of them
        n = len(a)
        low, up = np.eye(n, dtype=a.dtype), a.copy()
        for k in range(n - 1):
            low[k + 1 :, k] = up[k + 1 :, k] / up[k, k]
            up[k + 1 :] -= low[k + 1 :, k, None] * up[k]
    return low, up


def lu(a: Any, permute_l: bool = False, p_indices: bool = False) -> tuple[Any, ...]:
    """Pivoted LU factors of one matrix; see :func:`scipy.linalg.lu`. The permutation is constant."""
    a = asarray(a) * 1.0
    if a.ndim != 2:
        raise ValueError(f"lu takes one matrix, got shape {a.shape}: call it for each")
    order = scipy.linalg.lu(value_of(a), p_indices=True)[0]  # a = (L U)[order]
    rows = a[np.argsort(order)]
    m, n = a.shape
    k = min(m, n)
    low, up = _square_lu(rows[:k, :k])
    if m > n:
        low = np.concatenate([low, t(_triangular(up, t(rows[k:]), False, True, False))])
    elif n > m:
        up = np.concatenate([up, _triangular(low, rows[:, k:], True, False, True)], axis=1)
    if permute_l:
        return low[order], up
    return (order if p_indices else np.eye(m, dtype=a.dtype)[order]), low, up


def lu_factor(a: Any) -> tuple[Any, Any]:
    """Both factors in one square array, and the permutation as row numbers, for :func:`lu_solve`.

    :func:`scipy.linalg.lu_factor` gives row exchanges in place of row numbers.
    """
    order, low, up = lu(a, p_indices=True)
    if low.shape != up.shape:
        raise ValueError(f"lu_factor takes a square matrix, got shape {np.shape(a)}")
    return np.tril(low, -1) + up, np.argsort(order)


def lu_solve(lu_and_piv: tuple[Any, Any], b: Any) -> Any:
    """Solution of a x = b from :func:`lu_factor`; see :func:`scipy.linalg.lu_solve`."""
    factors, rows = lu_and_piv
    y = solve_triangular(factors, asarray(b)[rows], lower=True, unit_diagonal=True)
    return solve_triangular(factors, y)


# functions of a matrix


def by_block(fun: Any) -> Any:
    """Maker for an analytic function of a matrix: f([[A, E], [0, A]]) has the derivative along E in its corner."""

    def maker(out: Any, a: Any) -> Any:
        n = a.shape[-1]

        def vjp(g: Any) -> Any:
            zero = np.zeros(a.shape, a.dtype)
            block = np.concatenate([np.concatenate([t(a), g], axis=-1), np.concatenate([zero, t(a)], axis=-1)], axis=-2)
            return real_as(a, fun(block)[..., :n, n:])

        return vjp

    return maker


@with_rule(by_block(lambda a: expm(a)))
def _expm(a: Any) -> Any:
    return scipy.linalg.expm(a)


def expm(A: Any) -> Any:
    """Exponential of matrices; see :func:`scipy.linalg.expm`."""
    return _expm(asarray(A) * 1.0)


@with_rule(by_block(lambda a: logm(a)))
def _logm(a: Any) -> Any:
    out = scipy.linalg.logm(a)
    return np.real(out) if a.dtype.kind != "c" and not np.any(np.imag(out)) else out


def logm(A: Any) -> Any:
    """Logarithm of a matrix; see :func:`scipy.linalg.logm`."""
    return _logm(_one_matrix(A, "logm"))


def sqrtm_rule(out: Any, a: Any) -> Any:
    """X dX + dX X = dA, a Sylvester equation."""
    return lambda g: real_as(a, _sylvester(t(out), t(out), g))


@with_rule(sqrtm_rule)
def _sqrtm(a: Any) -> Any:
    return scipy.linalg.sqrtm(a)


def sqrtm(A: Any) -> Any:
    """Square root of a matrix; see :func:`scipy.linalg.sqrtm`."""
    return _sqrtm(_one_matrix(A, "sqrtm"))


def _one_matrix(a: Any, name: str) -> Any:
    a = asarray(a) * 1.0
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"{name} takes one square matrix, got shape {a.shape}")
    return a


# matrix equations


@with_rule(
    lambda out, a, b, q: lambda g: real_as(a, -_sylvester(t(a), t(b), g) @ t(out)),
    lambda out, a, b, q: lambda g: real_as(b, -t(out) @ _sylvester(t(a), t(b), g)),
    lambda out, a, b, q: lambda g: real_as(q, _sylvester(t(a), t(b), g)),
)
def _sylvester(a: Any, b: Any, q: Any) -> Any:
    return scipy.linalg.solve_sylvester(a, b, q)


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Solution of a x + x b = q; see :func:`scipy.linalg.solve_sylvester`."""
    return _sylvester(asarray(a) * 1.0, asarray(b) * 1.0, asarray(q) * 1.0)


def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """Solution of a x + x a^H = q; see :func:`scipy.linalg.solve_continuous_lyapunov`."""
    a = asarray(a) * 1.0
    return solve_sylvester(a, h(a), q)


def solve_discrete_lyapunov(a: Any, q: Any) -> Any:
    """Solution of a x a^H - x + q = 0; see :func:`scipy.linalg.solve_discrete_lyapunov`."""
    a, q = asarray(a) * 1.0, asarray(q) * 1.0
    n = len(a)
    left = np.eye(n * n) - np.kron(a, np.conjugate(a) if a.dtype.kind == "c" else a)
    return np.reshape(np.linalg.solve(left, np.ravel(q)), (n, n))


def band_transposed(ab: Any, lower: int, upper: int) -> Any:
    """The bands of the transposed matrix."""
    n = ab.shape[1]
    rows = []
    for row in range(lower + upper + 1):
        k = row - lower  # the diagonal j - i = k of the matrix
        diagonal = ab[upper - k]
        part = diagonal[k:] if k >= 0 else diagonal[: n + k]
        zeros = np.zeros(min(abs(k), n), ab.dtype)
        rows.append(np.concatenate([part, zeros] if k >= 0 else [zeros, part]))
    return np.stack(rows)


def band_outer(x: Any, y: Any, lower: int, upper: int) -> Any:
    """The bands of the matrix with entries sum over c of x_ic y_jc."""
    n = len(x)
    rows = []
    for row in range(lower + upper + 1):
        k = upper - row
        product = np.sum(x[: n - k] * y[k:] if k >= 0 else x[-k:] * y[: n + k], axis=1)
        zeros = np.zeros(min(abs(k), n), product.dtype)
        rows.append(np.concatenate([zeros, product] if k >= 0 else [product, zeros]))
    return np.stack(rows)


@with_rule(
    lambda out, ab, b, lower, upper: (
        lambda g: -band_outer(_banded(band_transposed(ab, lower, upper), g, upper, lower), out, lower, upper)
    ),
    lambda out, ab, b, lower, upper: lambda g: _banded(band_transposed(ab, lower, upper), g, upper, lower),
)
def _banded(ab: Any, b: Any, lower: int, upper: int) -> Any:
    return scipy.linalg.solve_banded((lower, upper), ab, b)


def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any) -> Any:
    """Solution of a banded system; see :func:`scipy.linalg.solve_banded`."""
    lower, upper = l_and_u
    ab, b = asarray(ab) * 1.0, asarray(b) * 1.0
    if ab.shape[0] != lower + upper + 1:
        raise ValueError(f"ab must have {lower + upper + 1} rows for {lower} and {upper} diagonals, got {ab.shape[0]}")
    if max(lower, upper) >= ab.shape[1]:
        raise ValueError(f"a matrix of {ab.shape[1]} rows cannot have {max(lower, upper)} diagonals on one side")
    return _banded(ab, b, lower, upper) if b.ndim > 1 else _banded(ab, b[:, None], lower, upper)[:, 0]


# names that SciPy shares with NumPy


def inv(a: Any) -> Any:
    """Inverse; see :func:`scipy.linalg.inv`."""
    return np.linalg.inv(asarray(a))


def det(a: Any) -> Any:
    """Determinant; see :func:`scipy.linalg.det`."""
    return np.linalg.det(asarray(a))


def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of a vector or matrix; see :func:`scipy.linalg.norm`."""
    return np.linalg.norm(asarray(a), ord, axis, keepdims)


def pinv(a: Any) -> Any:
    """Pseudo-inverse; see :func:`scipy.linalg.pinv`."""
    a = asarray(a)
    return np.linalg.pinv(a, rtol=max(a.shape[-2:]) * np.finfo(a.dtype).eps)


def svdvals(a: Any) -> Any:
    """Singular values; see :func:`scipy.linalg.svdvals`."""
    return np.linalg.svd(asarray(a), compute_uv=False)


def lstsq(a: Any, b: Any) -> Any:
    """Least squares; see :func:`scipy.linalg.lstsq`."""
    return np.linalg.lstsq(asarray(a), asarray(b), rcond=None)


def eigh(a: Any, b: Any = None, lower: bool = True) -> tuple[Any, Any]:
    """Eigenvalues and vectors of a v = w b v, `a` symmetric, `b` positive definite; see :func:`scipy.linalg.eigh`."""
    a = asarray(a)
    uplo: Any = "L" if lower else "U"
    if b is None:
        w, v = np.linalg.eigh(a, uplo)
        return w, v
    factor = cholesky(b, lower=True) if lower else h(cholesky(b, lower=False))
    whole = symmetric(a, upper=not lower)
    inner = solve_triangular(factor, h(solve_triangular(factor, h(whole), lower=True)), lower=True)
    w, v = np.linalg.eigh(inner)
    return w, solve_triangular(factor, v, 2, lower=True)


def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> Any:
    """Eigenvalues of a v = w b v; see :func:`scipy.linalg.eigvalsh`."""
    if b is None:
        return np.linalg.eigvalsh(asarray(a), "L" if lower else "U")
    return eigh(a, b, lower)[0]
