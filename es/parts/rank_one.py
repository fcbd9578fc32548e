"""Normal vectors with covariance I + v v^T, in linear time: what strategies with one direction of dependence share."""

from __future__ import annotations

import numpy as np

from es.core.arrays import FloatArray


def split(v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Direction (..., n) and length (..., 1) of v."""
    length = np.sqrt(np.vecdot(v, v))[..., None]
    return v / length, length


def stretching(v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P and Q (..., 1, n) of (I + v v^T)^(1/2) z = z + (z P^T) Q: the part along v is sqrt(1 + |v|^2) times as long."""
    unit, length = split(v)
    return unit[..., None, :], ((np.sqrt(1 + length**2) - 1) * unit)[..., None, :]


def unstretch(y: FloatArray, v: FloatArray) -> FloatArray:
    """The rows z (..., k, n) that `stretching` makes y of."""
    unit, length = split(v)
    along = (1 / np.sqrt(1 + length**2) - 1) * np.vecdot(y, unit[..., None, :])
    return along[..., None] * unit[..., None, :] + y


def stretched_cross(cross: FloatArray, v: FloatArray) -> FloatArray:
    """sum w (y unit) y of rows y stretched along v, from sum w (z unit) z of the rows z before, both (..., n)."""
    unit, length = split(v)
    root = np.sqrt(1 + length**2)
    return root * (cross + (root - 1) * np.vecdot(cross, unit)[..., None] * unit)
