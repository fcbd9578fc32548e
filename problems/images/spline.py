"""Images as smooth functions of position: cubic B-splines with exact or Sobel derivatives."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autodiff.primitive import primitive
from problems.numbers import FloatArray


class SplineImage:
    """A grey image as a twice continuously differentiable function of row and column.

    Cubic B-spline interpolation (Unser, Aldroubi & Eden 1993, IEEE Trans. Signal Processing 41). Positions outside are
    moved to the edge.

    Parameters
    ----------
    pixels : ndarray, shape (rows, columns)
    gradient : {"exact", "sobel"}
        What stands for the derivative in gradients: that of the spline, or the Sobel-filtered image at the position, as
        is customary in image registration. It is a smoothed difference over three pixels, so only approximate.
    """

    def __init__(self, pixels: FloatArray, gradient: str = "exact") -> None:
        if gradient not in ("exact", "sobel"):
            raise ValueError(f"gradient must be 'exact' or 'sobel', got {gradient!r}")
        self.pixels, self.gradient = pixels, gradient

    @cached_property
    def _coefficients(self) -> FloatArray:
        from scipy.ndimage import spline_filter

        return _padded(spline_filter(self.pixels, order=3, mode="mirror"))

    @cached_property
    def sobel(self) -> tuple[FloatArray, FloatArray]:
        """Derivatives of the pixels along rows and columns by Sobel's masks, in grey values per pixel."""
        from scipy.ndimage import sobel

        return sobel(self.pixels, axis=0) / 8.0, sobel(self.pixels, axis=1) / 8.0

    def __call__(self, row: Any, column: Any) -> Any:
        """Grey values at positions of any shape; an `autodiff` tensor gives a differentiable result."""
        return _sample(row, column, self)

    def __getstate__(self) -> dict[str, Any]:
        return {"pixels": self.pixels, "gradient": self.gradient}


@primitive
def _sample(row: Any, column: Any, image: SplineImage) -> Any:
    rows, columns = image.pixels.shape
    inside = (row >= 0) & (row <= rows - 1), (column >= 0) & (column <= columns - 1)
    r, c = np.clip(row, 0.0, rows - 1.0), np.clip(column, 0.0, columns - 1.0)
    i, j = np.minimum(np.floor(r), rows - 2.0), np.minimum(np.floor(c), columns - 2.0)
    corner = i.astype(np.intp) * (columns + 2) + j.astype(np.intp)
    u, v = r - i, c - j
    coefficients = image._coefficients

    def slope(axis: int) -> FloatArray:
        if image.gradient == "sobel":
            along = image.sobel[axis]
            at = i.astype(np.intp), j.astype(np.intp)
            top = (1.0 - v) * along[at] + v * along[at[0], at[1] + 1]
            bottom = (1.0 - v) * along[at[0] + 1, at[1]] + v * along[at[0] + 1, at[1] + 1]
            return np.asarray(((1.0 - u) * top + u * bottom) * inside[axis])
        weights = (_slopes(u), _weights(v)) if axis == 0 else (_weights(u), _slopes(v))
        return np.asarray(_weighted(coefficients, corner, *weights) * inside[axis])

    value = _weighted(coefficients, corner, _weights(u), _weights(v))
    return value, (lambda g: g * slope(0), lambda g: g * slope(1), None)


def _weighted(
    coefficients: FloatArray, corner: npt.NDArray[np.intp], across: list[FloatArray], along: list[FloatArray]
) -> FloatArray:
    """Sum over the 4 x 4 coefficients around each position."""
    flat, width = coefficients.reshape(-1), coefficients.shape[1]
    total: FloatArray = np.zeros(corner.shape)
    for a in range(4):
        line = along[0] * flat[corner + a * width]
        for b in range(1, 4):
            line += along[b] * flat[corner + (a * width + b)]
        total += across[a] * line
    return total


def _weights(t: FloatArray) -> list[FloatArray]:
    """Cubic B-spline at 1 + t, t, 1 - t, 2 - t, for t in [0, 1]."""
    s = 1.0 - t
    return [s * s * s / 6.0, 2.0 / 3.0 - t * t * (1.0 - 0.5 * t), 2.0 / 3.0 - s * s * (1.0 - 0.5 * s), t * t * t / 6.0]


def _slopes(t: FloatArray) -> list[FloatArray]:
    """Derivatives of `_weights`."""
    s = 1.0 - t
    return [-0.5 * s * s, t * (1.5 * t - 2.0), -s * (1.5 * s - 2.0), 0.5 * t * t]


def _padded(coefficients: FloatArray) -> FloatArray:
    """One more coefficient on each side by mirroring, in line with the boundary of `spline_filter`."""
    return np.ascontiguousarray(np.pad(coefficients, 1, mode="reflect"))
