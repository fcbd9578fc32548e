"""Updates of a covariance factor A, C = A A^T, without an eigendecomposition.

With y_i = A z_i and the evolution path in whitened coordinates, q = A^-1 p_c, the update (47) of the tutorial is
C' = A S A^T with S = a I + c1 q q^T + sum_i d_i z_i z_i^T. Any T with T T^T = S gives the new factor A' = A T, and
the path becomes q' = T^-1 q. Two choices of T: the Cholesky factor of S, and the identity plus a matrix of rank k + 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import blas, lapack

from es.core.arrays import FloatArray, times

# The ufunc under np.linalg.cholesky, whose checks take longer than to factorise a small matrix; it is not public.
_linalg = getattr(np.linalg, "_umath_linalg", None)
_stacked_cholesky: Any = getattr(_linalg, "cholesky_lo", np.linalg.cholesky)


def cholesky_update(
    A: FloatArray, q: FloatArray, z: FloatArray, D: FloatArray, c1: float, aI: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A' = A T and q' = T^-1 q with T the Cholesky factor of S; n^3 operations, over stacked runs at once.

    Parameters
    ----------
    A : ndarray, shape (..., n, n)
    q : ndarray, shape (..., n)
    z : ndarray, shape (..., k, n)
    D : ndarray, shape (..., k + 1, 1)
        d_1, ..., d_k and c1. S must be positive definite: see (46) and (52) of the tutorial.
    c1 : float
    aI : ndarray, shape (..., n + 1, n + 1)
        a times the identity, with one row more than S.
    """
    k, n = z.shape[-2:]
    # The factor of [[S, q], [q^T, r]] has T in its upper block and (T^-1 q)^T in its last row: one factorisation gives
    # both. r = 1/c1 + a is large enough, as q^T S^-1 q < 1/c1.
    V = np.zeros((*z.shape[:-2], k + 1, n + 1))
    V[..., :k, :n] = z
    V[..., k, :n] = q
    V[..., k, n] = 1 / c1
    S = times(V.mT, D * V)
    S += aI
    return retract(A, S)


def retract(A: FloatArray, S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A' = A T and q' = T^-1 q of `cholesky_update`, for the matrices [[S, q], [q^T, r]] (..., n + 1, n + 1)."""
    n, L = A.shape[-1], _stacked_cholesky(S)
    return times(A, L[..., :n, :n]), L[..., n, :n]


def lowrank_update(
    A: FloatArray, q: FloatArray, z: FloatArray, Aq: FloatArray, Az: FloatArray, D: FloatArray, a: float
) -> FloatArray:
    """A <- A T in place, returns T^-1 q, with T = sqrt(a) (I + V M V^T), V = [z_1 .. z_k, q]; n^2 k operations.

    With G = V^T V = L L^T and K K^T = I + L^T D L / a (Cholesky factors of k + 1 rows), M = L^-T (K - I) L^-1 gives
    T T^T = a I + V D V^T = S, as the columns of V L^-T are orthonormal. A V is known from sampling, so A is passed
    over once.

    Parameters
    ----------
    A : ndarray, shape (n, n)
        C-contiguous; overwritten.
    q, Aq : ndarray, shape (n,)
    z, Az : ndarray, shape (k, n)
    D : ndarray, shape (k + 1, 1)
        d_1, ..., d_k and c1.
    a : float

    Raises
    ------
    numpy.linalg.LinAlgError
        If S is not positive definite.
    """
    V, AV = np.vstack([z, q]), np.vstack([Az, Aq])  # rows
    G = V @ V.T
    # V may be short of rank (q is a sum of z at the start, mirrored samples): lifting the diagonal by 1e-11 of the
    # largest entry keeps L regular and changes T by less than that.
    G.flat[:: len(G) + 1] += 1e-11 * G.diagonal().max()
    L = _cholesky(G)
    K = _cholesky(np.eye(len(L)) + L.T @ (D * L) / a)
    X = K.copy()
    X.flat[:: len(X) + 1] -= 1
    # M V: two triangular solves with k + 1 right-hand sides first, then one product with V.
    inner = _solve(L, _solve(L, X.T, 1).T, 1)  # L^-T (X L^-1): (X L^-1)^T = L^-T X^T
    q_new: FloatArray = (q + _solve(L, _solve(K, L[-1], 0) - L[-1], 1) @ V) / np.sqrt(a)
    # A' = sqrt(a) A + (A V^T)(sqrt(a) M) V, as one BLAS call on the transposed arrays, which are in Fortran order.
    blas.dgemm(np.sqrt(a), (inner @ V).T, AV.T, beta=np.sqrt(a), c=A.T, trans_b=True, overwrite_c=True)
    return q_new


def lowrank_updates(
    A: FloatArray, q: FloatArray, z: FloatArray, Aq: FloatArray, Az: FloatArray, D: FloatArray, a: FloatArray
) -> None:
    """`lowrank_update` for one run, or for each of a stack with a leading axis on all arguments; A and q in place."""
    for run in np.ndindex(A.shape[:-2]):
        at = run or ...
        q[at] = lowrank_update(A[at], q[at], z[at], Aq[at], Az[at], D[at], float(a[at]))


def _cholesky(S: FloatArray) -> FloatArray:
    factor, info = lapack.dpotrf(S, lower=1, clean=1)
    if info:
        raise np.linalg.LinAlgError("not positive definite")
    return np.asarray(factor)


def _solve(L: FloatArray, b: FloatArray, transposed: int) -> FloatArray:
    x, _ = lapack.dtrtrs(L, b, lower=1, trans=transposed)
    return np.asarray(x)
