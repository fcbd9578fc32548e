"""Maximum and average over windows of images."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from autodiff.arrays import Array
from autodiff.operators import value_of
from autodiff.primitive import primitive
from autodiff.registry import SELECTIVE
from autodiff.tensor import Tensor, floating
from autodiff.windows import Windows, pair, windows

Size = int | tuple[int, int]


def max_pool2d(x: Any, kernel: Size, *, stride: Size | None = None, padding: Size = 0, dilation: Size = 1) -> Any:
    """Largest value in every window of images.

    Parameters
    ----------
    x : array or tensor, (..., H, W)
        Images, with any leading axes (members of a population, images, channels).
    kernel : int or (rows, columns)
        Shape of the window.
    stride, padding, dilation : int or (rows, columns)
        Step from window to window (default: the kernel, so that windows touch), border on both sides that is never the
        largest, step inside the window.

    Returns
    -------
    array or tensor, (..., Ho, Wo)
        ``Ho = (H + 2 padding - dilation (kernel - 1) - 1) // stride + 1``, likewise ``Wo``.

    Raises
    ------
    ValueError
        If the window does not fit, or the padding is larger than half of it.

    Notes
    -----
    The gradient of a window goes to its largest entry; entries that tie share it equally, as for ``np.max``.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import max_pool2d
    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    """
    x, geometry = _prepare(x, kernel, stride, padding, dilation)
    return largest(x, geometry=geometry)


def avg_pool2d(
    x: Any, kernel: Size, *, stride: Size | None = None, padding: Size = 0, count_include_pad: bool = True
) -> Any:
    """Mean of every window of images.

    Parameters
    ----------
    x : array or tensor, (..., H, W)
        Images, with any leading axes (members of a population, images, channels).
    kernel : int or (rows, columns)
        Shape of the window.
    stride, padding : int or (rows, columns)
        Step from window to window (default: the kernel, so that windows touch), border of zeros on both sides.
    count_include_pad : bool
        Whether the zeros of the border count in the mean.

    Returns
    -------
    array or tensor, (..., Ho, Wo)
        ``Ho = (H + 2 padding - kernel) // stride + 1``, likewise ``Wo``.

    Raises
    ------
    ValueError
        If the window does not fit, or the padding is larger than half of it.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import avg_pool2d
    >>> avg_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """
    x, geometry = _prepare(x, kernel, stride, padding, 1)
    dtype = value_of(x).dtype
    if count_include_pad:
        share: Any = dtype.type(1.0 / (geometry.kernel[0] * geometry.kernel[1]))
    else:
        share = 1.0 / _total(np.ones(geometry.size, dtype), geometry)

    def transpose(g: Array) -> Array:
        g = g * share
        out = np.zeros((*g.shape[:-2], *geometry.padded), g.dtype)
        for shift in geometry.shifts():
            out[shift] += g
        return geometry.crop(out)

    return linear_map(x, apply=lambda v: _total(v, geometry) * share, transpose=transpose)


def _prepare(x: Any, kernel: Size, stride: Size | None, padding: Size, dilation: Size) -> tuple[Any, Windows]:
    x = floating(x)
    if x.ndim < 2:
        raise ValueError(f"x must be images (..., H, W), got shape {x.shape}")
    shape, spacing, border = pair("kernel", kernel, 1), pair("dilation", dilation, 1), pair("padding", padding, 0)
    if any(2 * p > d * (k - 1) + 1 for p, d, k in zip(border, spacing, shape, strict=True)):
        raise ValueError(f"padding must be at most half of the window {kernel}, got {padding}")
    step = shape if stride is None else pair("stride", stride, 1)
    return x, windows(x.shape[-2:], shape, step, border, spacing)


def _reduced(x: Array, geometry: Windows, combine: np.ufunc, fill: float) -> Array:
    """Reduce the windows of images by a ufunc, first along rows of the image, then along columns."""
    x = geometry.pad(x, fill)
    for axis in (0, 1):
        step, spacing, places = geometry.stride[axis], geometry.dilation[axis], geometry.places[axis]
        rest = (slice(None),) * (1 - axis)
        parts = []
        for i in range(geometry.kernel[axis]):
            index: tuple[Any, ...] = (..., slice(i * spacing, i * spacing + step * (places - 1) + 1, step), *rest)
            parts.append(x[index])
        x = parts[0] if len(parts) == 1 else combine(parts[0], parts[1])
        for part in parts[2:]:
            combine(x, part, out=x)
    return x


def _total(x: Array, geometry: Windows) -> Array:
    return _reduced(x, geometry, np.add, 0.0)


@primitive
def largest(x: Any, *, geometry: Windows) -> Any:
    """Largest value of every window; where it stands is found out when a gradient comes."""
    y = largest(x, geometry=geometry) if type(x) is Tensor else _reduced(x, geometry, np.maximum, -np.inf)
    winners = _Winners(value_of(x), value_of(y), geometry)
    return y, (lambda g: linear_map(g, apply=winners.give, transpose=winners.collect),)


class _Winners:
    """The map from values at the windows to the entries that were largest there, and its transpose."""

    def __init__(self, x: Array, y: Array, geometry: Windows) -> None:
        self.x, self.y, self.geometry = x, y, geometry

    @cached_property
    def masks(self) -> list[Array]:
        """For each entry of the window whether it is a largest one."""
        x = self.geometry.pad(self.x, -np.inf)
        return [x[shift] == self.y for shift in self.geometry.shifts()]

    @cached_property
    def ties(self) -> Array | None:
        """How many entries share each window, None where there is one in all of them."""
        if sum(map(np.count_nonzero, self.masks)) == self.y.size:
            return None
        count: Array = np.add.reduce(self.masks, axis=0, dtype=self.y.dtype)
        count[count == 0] = 1  # no entry equals the largest if that is NaN
        return count

    def give(self, g: Array) -> Array:
        if self.ties is not None:
            g = g / self.ties
        geometry = self.geometry
        if geometry.kernel == geometry.stride and geometry.padded == self._covered():
            out = np.empty((*g.shape[:-2], *geometry.padded), g.dtype)
            for shift, mask in zip(geometry.shifts(), self.masks, strict=True):
                np.multiply(g, mask, out=out[shift])
        else:
            out = np.zeros((*g.shape[:-2], *geometry.padded), g.dtype)
            for shift, mask in zip(geometry.shifts(), self.masks, strict=True):
                out[shift] += g * mask
        return geometry.crop(out)

    def _covered(self) -> tuple[int, int]:
        """Shape of the image that windows which touch cover without gaps or overlap."""
        (rows, columns), (kh, kw) = self.geometry.places, self.geometry.kernel
        return (rows * kh, columns * kw) if self.geometry.dilation == (1, 1) else (0, 0)

    def collect(self, h: Array) -> Array:
        h = self.geometry.pad(h)
        shifts = zip(self.geometry.shifts(), self.masks, strict=True)
        total: Array = sum((h[shift] * mask for shift, mask in shifts), start=np.zeros((), h.dtype))
        return total if self.ties is None else total / self.ties


@primitive
def linear_map(v: Any, *, apply: Callable[[Array], Array], transpose: Callable[[Array], Array]) -> Any:
    """Value of a linear map of arrays. Its derivative is the transpose, whose derivative is the map."""
    value = linear_map(v, apply=apply, transpose=transpose) if type(v) is Tensor else apply(v)
    return value, (lambda g: linear_map(g, apply=transpose, transpose=apply),)


SELECTIVE.add(largest)
largest.__name__ = "max_pool2d"  # what a history shows
