"""The part of :mod:`autodiff.scipy.linalg` that puts matrices together from vectors and blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from autodiff.tensor import asarray


def toeplitz(c: Any, r: Any = None) -> Any:
    """Matrix with constant diagonals; see :func:`scipy.linalg.toeplitz`."""
    c = np.ravel(asarray(c))
    r = (np.conjugate(c) if c.dtype.kind == "c" else c) if r is None else np.ravel(asarray(r))
    values = np.concatenate([c[::-1], r[1:]])
    return values[len(c) - 1 + np.arange(len(r)) - np.arange(len(c))[:, None]]


def circulant(c: Any) -> Any:
    """Matrix whose columns are `c` turned on; see :func:`scipy.linalg.circulant`."""
    c = asarray(c)
    n = c.shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % n]


def hankel(c: Any, r: Any = None) -> Any:
    """Matrix with constant anti-diagonals; see :func:`scipy.linalg.hankel`."""
    c = np.ravel(asarray(c))
    r = np.zeros(len(c), c.dtype) if r is None else np.ravel(asarray(r))
    values = np.concatenate([c, r[1:]])
    return values[np.arange(len(c))[:, None] + np.arange(len(r))]


def block_diag(*arrs: Any) -> Any:
    """Blocks along the diagonal of one matrix; see :func:`scipy.linalg.block_diag`."""
    blocks = [np.atleast_2d(asarray(a)) for a in arrs]
    if not blocks:
        return scipy.linalg.block_diag()
    columns = [b.shape[1] for b in blocks]
    rows = []
    for i, b in enumerate(blocks):
        left, right = sum(columns[:i]), sum(columns[i + 1 :])
        rows.append(
            np.concatenate([np.zeros((b.shape[0], left), b.dtype), b, np.zeros((b.shape[0], right), b.dtype)], axis=1)
        )
    return np.concatenate(rows)
