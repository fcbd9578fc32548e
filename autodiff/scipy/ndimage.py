"""Differentiable interpolation of :mod:`scipy.ndimage`, in the values and in the coordinates.

Reference: P. Thevenaz, T. Blu & M. Unser 2000, Interpolation revisited, IEEE Trans. Medical Imaging 19(7).

Examples
--------
>>> import numpy as np, autodiff as ad
>>> from autodiff.scipy import ndimage
>>> image = np.arange(12.0).reshape(3, 4)
>>> ad.grad(lambda c: ndimage.map_coordinates(image, c, order=1).sum())(np.array([[0.5], [1.2]])).ravel()
array([4., 1.])
"""

from __future__ import annotations

import itertools
from math import comb, factorial
from typing import Any

import numpy as np
from scipy.ndimage import spline_filter1d

from autodiff.operators import value_of
from autodiff.tensor import asarray

__all__ = ["map_coordinates", "shift", "spline_filter"]

FILTER_MODE = {
    "constant": "mirror", "nearest": "nearest", "mirror": "mirror", "reflect": "reflect", "grid-wrap": "grid-wrap"
}  # fmt: skip


def basis(order: int, t: Any) -> Any:
    """The B-spline of `order` centred at 0, at distances `t`: of the piece in which each lies, a polynomial."""
    shifted = t + (order + 1) / 2
    total: Any = 0.0
    for k in range(order + 2):
        live = value_of(shifted) > k
        part = np.where(live, shifted - k, 0)
        total = total + (-1) ** k * comb(order + 1, k) * (part**order if order else live * 1.0)
    return total / factorial(order)


def spline_filter(input: Any, order: Any = 3, mode: Any = "mirror") -> Any:
    """Coefficients of the spline through the values; see :func:`scipy.ndimage.spline_filter`. It is linear."""
    out = asarray(input) * 1.0
    if order < 2:
        return out
    for axis, n in enumerate(out.shape):
        if n > 1:
            matrix = spline_filter1d(np.eye(n), order, axis=0, mode=mode).astype(out.dtype)
            out = np.moveaxis(np.tensordot(matrix, out, axes=(1, axis)), 0, axis)
    return out


def _inside(i: Any, n: int, mode: str) -> Any:
    """Indices brought inside 0..n-1, as the values go on beyond the edge."""
    if mode == "grid-wrap":
        return i % n
    if mode == "reflect":
        i = i % (2 * n)
        return np.where(i >= n, 2 * n - 1 - i, i)
    if n == 1:
        return np.zeros_like(i)
    i = i % (2 * n - 2)
    return np.where(i >= n, 2 * n - 2 - i, i)


def map_coordinates(
    input: Any, coordinates: Any, order: int = 3, mode: str = "constant", cval: float = 0.0, prefilter: bool = True
) -> Any:
    """Values between the entries of an array, by splines; see :func:`scipy.ndimage.map_coordinates`.

    Parameters
    ----------
    input : array_like
        The values.
    coordinates : array_like, shape (input.ndim, ...)
        Where to interpolate, in entries.
    order : int
        Degree of the spline, 0 to 5; at 0 and 1 the coordinates have no derivative at the entries themselves.
    mode : str
        'constant', 'nearest', 'mirror', 'reflect' or 'grid-wrap'.
    cval : float
        Value beyond the edges for 'constant'.
    prefilter : bool
        Whether `input` holds values; coefficients of a spline otherwise.
    """
    x, where = asarray(input) * 1.0, asarray(coordinates) * 1.0
    if mode not in FILTER_MODE:
        raise ValueError(f"mode must be one of {', '.join(FILTER_MODE)} to be differentiated, got {mode!r}")
    if not 0 <= order <= 5:
        raise ValueError(f"order must be 0 to 5, got {order}")
    if where.shape[0] != x.ndim:
        raise ValueError(f"coordinates must have {x.ndim} rows, one per axis of input, got {where.shape[0]}")
    outside = np.zeros(where.shape[1:], bool)
    shape = x.shape
    padding = 12 if mode == "nearest" and prefilter and order > 1 else 0  # as SciPy does
    if padding:
        x = np.pad(x, padding, mode="edge")
    coefficients = spline_filter(x, order, FILTER_MODE[mode]) if prefilter else x
    places, weights = [], []
    for axis, n in enumerate(shape):
        u = where[axis]
        plain = value_of(u)
        if mode == "constant":
            outside |= (plain < 0) | (plain > n - 1)
        elif mode == "nearest":
            u = np.clip(u, -padding, n - 1 + padding)
        elif mode == "mirror" and n > 1:
            u = _folded(u, n - 1)
        elif mode == "reflect":
            u = _folded(u + 0.5, n) - 0.5
        elif mode == "grid-wrap":
            u = u - n * np.floor(value_of(u) / n)
        u = u + padding
        first = np.floor(value_of(u) + (0.0 if order % 2 else 0.5)).astype(int) - order // 2
        places.append([_inside(first + k, n + 2 * padding, mode) for k in range(order + 1)])
        weights.append([basis(order, u - (first + k)) for k in range(order + 1)])
    out: Any = 0.0
    for choice in itertools.product(range(order + 1), repeat=x.ndim):
        part = coefficients[tuple(places[axis][k] for axis, k in enumerate(choice))]
        for axis, k in enumerate(choice):
            part = part * weights[axis][k]
        out = out + part
    return np.where(outside, cval, out) if outside.any() else out


def _folded(u: Any, n: int) -> Any:
    """`u` mirrored at 0 and n until it lies between."""
    u = u - 2 * n * np.floor(value_of(u) / (2 * n))
    return np.where(value_of(u) > n, 2 * n - u, u)


def shift(
    input: Any, shift: Any, order: int = 3, mode: str = "constant", cval: float = 0.0, prefilter: bool = True
) -> Any:
    """An array moved by parts of entries; see :func:`scipy.ndimage.shift`."""
    x, by = asarray(input), asarray(shift) * 1.0
    by = np.broadcast_to(by, (x.ndim,))
    grid = np.stack([np.broadcast_to(g, x.shape) for g in np.indices(x.shape, sparse=True)])
    return map_coordinates(x, grid - by[(slice(None), *(None,) * x.ndim)], order, mode, cval, prefilter)
