"""Products of a matrix with many points at a time, in which the bits of a point do not depend on those beside it.

BLAS multiplies many points two to ten times as fast as one after the other, but promises nothing about last bits: its
kernels are chosen by the number of rows and the order of memory, and each kind of processor has its own. So there is
one rule, for a point alone, in a batch, in a stack and in lanes: a point is a row of a product of at least two and at
most `Rows.most` rows, their number a multiple of `Rows.step` (the last one stands there again where some are missing),
with both factors in the order of C. A look at the BLAS in use finds the step: 1 with AVX-512, 2 with AVX2, 4 for older
processors. Where it finds none, each point has a product of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from problems.bbob.transforms import Pair, dot, traced
from problems.numbers import FloatArray

# Rows, and multiplications, in one product: with more, threads may share the work, or other kernels do it
ROWS = 256
WORK = 2**18
_FLOAT = np.dtype(np.float64)


class Rows(NamedTuple):
    """How many rows a product may have, what their number is a multiple of, and what one point takes."""

    most: int
    step: int
    least: int


def multiply(columns: FloatArray, x: FloatArray) -> FloatArray:
    """Product of a matrix M (m, n), given by its columns, with each point along the last axis of x.

    Parameters
    ----------
    columns : ndarray, shape (n, m) or (..., n, m)
        In the order of C.
    x : ndarray, shape (..., n) or (..., k, n)
        With more than one matrix, k points for each.

    Returns
    -------
    ndarray, shape (..., m) or (..., k, m)
    """
    return _multiplied(columns, x) if type(x) is np.ndarray else traced(_multiply, columns, x)


def back(columns: FloatArray, y: FloatArray) -> FloatArray:
    """Product of M' with each point along the last axis of y, one by one: gradients are asked of few points."""
    return dot(_apiece(columns), y)


def _apiece(columns: FloatArray) -> FloatArray:
    """With an axis for the points of each matrix."""
    return columns if columns.ndim == 2 else columns[..., None, :, :]


def _multiply(columns: FloatArray, x: FloatArray) -> Pair:
    return _multiplied(columns, x), (lambda g: back(columns, g),)


def _multiplied(columns: FloatArray, x: FloatArray) -> Any:
    n, m = columns.shape[-2:]
    rows = rows_together(n, m)
    if rows is None or x.dtype != _FLOAT:
        return np.matvec(np.swapaxes(_apiece(columns), -1, -2), np.ascontiguousarray(x))
    if x.ndim == 1:
        filled = np.empty((rows.least, n))
        filled[...] = x
        return np.matmul(filled, columns)[0]
    if columns.ndim > 2 or x.ndim == 2:
        return _together(columns, x, rows)
    return _together(columns, x.reshape(-1, n), rows).reshape(*x.shape[:-1], m)


def _together(columns: FloatArray, x: FloatArray, rows: Rows) -> Any:
    count = x.shape[-2]
    if count == 1:
        # the steps that follow take twice the time where their numbers have gaps
        return np.matmul(x.repeat(rows.least, -2), columns)[..., :1, :].copy()
    if count > rows.most:
        parts = [x[..., i : i + rows.most, :] for i in range(0, count, rows.most)]
        return np.concatenate([_together(columns, part, rows) for part in parts], axis=-2)
    if count % rows.step == 0:
        return np.matmul(np.ascontiguousarray(x), columns)
    *more, _, n = x.shape
    filled = np.empty((*more, count + -count % rows.step, n))
    filled[..., :count, :] = x
    filled[..., count:, :] = x[..., -1:, :]
    return np.matmul(filled, columns)[..., :count, :].copy()


@cache
def rows_together(n: int, m: int) -> Rows | None:
    """Rows of n numbers that a product with an (n, m) matrix may have so that none depends on others; None for none.

    All numbers of rows are tried, with both factors at different places of memory.
    """
    most = min(ROWS, WORK // (n * m)) // 8 * 8
    if not most:
        return None
    draw = np.random.default_rng(0)
    points, matrix = draw.normal(size=most * n), draw.normal(size=n * m)
    whole = np.matmul(points.reshape(most, n), matrix.reshape(n, m))
    places, others = np.empty(most * n + 8), np.empty(n * m + 8)

    def alike(count: int, shift: int) -> bool:
        x, columns = places[shift % 8 :][: count * n], others[shift // 8 % 8 :][: n * m]
        x[:], columns[:] = points[: count * n], matrix
        return np.array_equal(np.matmul(x.reshape(count, n), columns.reshape(n, m)), whole[:count])

    for step in (1, 2, 4, 8):
        if all(alike(count, 11 * count // step) for count in range(max(2, step), most + 1, step)):
            return Rows(most, step, max(2, step))
    return None
