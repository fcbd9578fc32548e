"""The geometry of a window that slides over images, and the two linear maps that convolution and pooling are made of.

`Windows.columns` shows every window as a column, in the layout (images, channels * window, places): one matrix product
per image then does a convolution, and needs no transposed copy afterwards. `Windows.fold` is its transpose: it adds
every column back to where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from autodiff.arrays import Array

Pair = tuple[int, int]


def pair(name: str, value: int | tuple[int, int], least: int) -> Pair:
    """Read an option that is one integer for both axes, or two, none below ``least``."""
    if type(value) is int and value >= least:
        return value, value
    both = (value, value) if isinstance(value, (int, np.integer)) else tuple(value)
    if len(both) != 2 or any(not isinstance(part, (int, np.integer)) or part < least for part in both):
        raise ValueError(f"{name} must be an integer of at least {least} or two of them (rows, columns), got {value}")
    return int(both[0]), int(both[1])


@dataclass(frozen=True)
class Windows:
    """Windows of shape ``kernel`` over images of shape ``size``; every pair is (rows, columns).

    Attributes
    ----------
    size, kernel, stride, padding, dilation : pair of int
        Image, window, step from window to window, border added on both sides, step inside the window.
    """

    size: Pair
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def __post_init__(self) -> None:
        if min(self.places) < 1:
            raise ValueError(
                f"kernel must fit into the image, got kernel {self.kernel} with dilation {self.dilation} on an image "
                f"of {self.size} with padding {self.padding}"
            )

    @cached_property
    def padded(self) -> Pair:
        """Shape of the image with its border."""
        return self.size[0] + 2 * self.padding[0], self.size[1] + 2 * self.padding[1]

    @cached_property
    def places(self) -> Pair:
        """How many windows fit, in rows and columns: the shape of the result."""
        rows, columns = (
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(self.padded, self.kernel, self.stride, self.dilation, strict=True)
        )
        return rows, columns

    @cached_property
    def area(self) -> int:
        """Entries of a window."""
        return self.kernel[0] * self.kernel[1]

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """Images (..., rows, columns) with a border of ``value``."""
        if self.padding == (0, 0):
            return x
        (h, w), (ph, pw) = self.size, self.padding
        out = np.full((*x.shape[:-2], *self.padded), value, x.dtype)
        out[..., ph : ph + h, pw : pw + w] = x
        return out

    def crop(self, x: Array) -> Array:
        """Inverse of `pad`: padded images without their border."""
        (h, w), (ph, pw) = self.size, self.padding
        return x if self.padding == (0, 0) else x[..., ph : ph + h, pw : pw + w]

    def shifts(self) -> Iterator[tuple[Any, ...]]:
        """For every entry of the window: the index of that entry of all windows in padded images."""
        (rows, columns), (sh, sw), (dh, dw) = self.places, self.stride, self.dilation
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                top, left = i * dh, j * dw
                yield (..., slice(top, top + sh * (rows - 1) + 1, sh), slice(left, left + sw * (columns - 1) + 1, sw))

    def columns(self, x: Array) -> Array:
        """View of padded images x (N, C, rows, columns) by windows: (N, C, window rows and columns, *places)."""
        kernel, places = self.kernel, self.places
        row, column = x.strides[-2:]
        (sh, sw), (dh, dw) = self.stride, self.dilation
        strides = (*x.strides[:2], row * dh, column * dw, row * sh, column * sw)
        return np.ndarray((*x.shape[:2], *kernel, *places), x.dtype, x, 0, strides)  # cheaper than as_strided

    def fold(self, columns: Array, out: Array) -> None:
        """Add columns (N, C * window entries, places) up into padded images ``out`` (N, C, rows, columns)."""
        n, c = out.shape[:2]
        parts = columns.reshape(n, c, -1, *self.places)
        for k, shift in enumerate(self.shifts()):
            out[shift] += parts[:, :, k]

    def shift_rows(self, y: Array, out: Array) -> None:
        """Write values (N, O, *places) once for each column of the window, shifted by it, into rows as long as images'.

        ``out`` has shape (N, O, window columns, places in a column, padded columns), and holds zeros where nothing is
        written. For windows that are one column apart: a matrix product then sums over the columns of the window, and
        only its rows are left for `add_rows`.
        """
        for j in range(self.kernel[1]):
            left = j * self.dilation[1]
            out[:, :, j, :, left : left + self.places[1]] = y

    def add_rows(self, rows: Array, out: Array) -> None:
        """Add rows (..., window rows, C, places in a column, padded columns) up into padded images (..., C, H, W)."""
        last = self.stride[0] * (self.places[0] - 1) + 1
        for i in range(self.kernel[0]):
            top = i * self.dilation[0]
            out[..., top : top + last : self.stride[0], :] += rows[..., i, :, :, :]


windows = lru_cache(maxsize=256)(Windows)
"""`Windows`, remembered: a network asks for the same few geometries at every step."""
