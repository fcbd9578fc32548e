"""Convolution and transposed convolution of images, as matrix products over columns, and their derivatives.

Three maps belong together, each linear in both of its arguments: images and weights give an output (`correlate`), an
output and weights give images (`spread`), images and an output give weights (`weigh`). One number is behind all three,

    sum(y * correlate(x, w)) = sum(x * spread(y, w)) = sum(w * weigh(x, y)),

so each is a derivative of the other two, and derivatives of every order stay among the three.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff.arrays import Array
from autodiff.primitive import primitive
from autodiff.tensor import Tensor, floating
from autodiff.windows import Windows, pair, windows

CHUNK_BYTES = 2**21
"""Columns are made for a few images at a time, as many as fit in here: about the size of a second-level cache."""


def conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Any:
    """Convolution of images (cross-correlation, as in all neural networks: the kernel is not turned over).

    Parameters
    ----------
    x : array or tensor, (..., N, C, H, W)
        N images of C channels.
    w : array or tensor, (..., O, C // groups, kh, kw)
        Weights of O output channels. Leading axes are a population of weights: they broadcast against those of ``x``
        that stand before N.
    b : array or tensor, (..., O), optional
        Added to each output channel.
    stride, padding, dilation : int or (rows, columns)
        Step from window to window, border of zeros on both sides, step inside the window.
    groups : int
        The channels are cut into so many parts that do not see each other; ``groups=C`` is depthwise.

    Returns
    -------
    array or tensor, (..., N, O, Ho, Wo)
        ``Ho = (H + 2 padding - dilation (kh - 1) - 1) // stride + 1``, likewise ``Wo``.

    Raises
    ------
    ValueError
        If channels, groups and shapes do not fit together.

    Notes
    -----
    im2col (Chellapilla, Puri and Simard 2006) with one column per place, so that the output needs no transposing.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import conv2d
    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    x, w = floating(x), floating(w)
    b = None if b is None else floating(b)
    if x.ndim < 4 or w.ndim < 4:
        raise ValueError(f"x must be (..., N, C, H, W) and w (..., O, C, kh, kw), got {x.shape} and {w.shape}")
    c, (o, part) = x.shape[-3], w.shape[-4:-2]
    if groups < 1 or o % groups or c != part * groups:
        raise ValueError(
            f"w of shape {w.shape} with groups={groups} needs x of {part * groups} channels, got {x.shape}"
        )
    if b is not None and (b.ndim < 1 or b.shape[-1] != o):
        raise ValueError(f"b must have one entry for each of the {o} output channels, got {b.shape}")
    step, border, spacing = pair("stride", stride, 1), pair("padding", padding, 0), pair("dilation", dilation, 1)
    geometry = windows(x.shape[-2:], w.shape[-2:], step, border, spacing)
    return correlate(x, w, b, geometry=geometry, groups=groups)


def conv_transpose2d(
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Any:
    """Transposed convolution: the derivative of `conv2d` by its images, as a map of its own.

    Parameters
    ----------
    x : array or tensor, (..., N, C, H, W)
        N images of C channels.
    w : array or tensor, (..., C, O // groups, kh, kw)
        Weights of O output channels (input channels first: the weights of the convolution that is transposed).
    b : array or tensor, (..., O), optional
        Added to each output channel.
    stride, padding, dilation : int or (rows, columns)
        Those of the convolution that is transposed.
    output_padding : int or (rows, columns)
        Rows and columns added at the end, for sizes that several convolutions map to the same one.
    groups : int
        The channels are cut into so many parts that do not see each other.

    Returns
    -------
    array or tensor, (..., N, O, Ho, Wo)
        ``Ho = (H - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1``, likewise ``Wo``.

    Raises
    ------
    ValueError
        If channels, groups and shapes do not fit together, or ``output_padding`` is smaller than neither stride nor
        dilation.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import conv_transpose2d
    >>> conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))
    array([[[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]]])
    """
    x, w = floating(x), floating(w)
    if x.ndim < 4 or w.ndim < 4:
        raise ValueError(f"x must be (..., N, C, H, W) and w (..., C, O, kh, kw), got {x.shape} and {w.shape}")
    c = x.shape[-3]
    if groups < 1 or c % groups or w.shape[-4] != c:
        raise ValueError(f"w of shape {w.shape} with groups={groups} needs x of {w.shape[-4]} channels, got {x.shape}")
    step, border, spacing = pair("stride", stride, 1), pair("padding", padding, 0), pair("dilation", dilation, 1)
    more = pair("output_padding", output_padding, 0)
    if any(m >= max(s, d) for m, s, d in zip(more, step, spacing, strict=True)):
        raise ValueError(f"output_padding must be smaller than stride or dilation, got {output_padding}")
    height, width = (
        (n - 1) * s - 2 * p + d * (k - 1) + m + 1
        for n, s, p, d, k, m in zip(x.shape[-2:], step, border, spacing, w.shape[-2:], more, strict=True)
    )
    y = spread(x, w, geometry=windows((height, width), w.shape[-2:], step, border, spacing), groups=groups)
    return y if b is None else y + floating(b)[..., None, :, None, None]


class _Workspace(threading.local):
    """Memory for the columns of a few images, used again and again by the calls of one thread.

    A convolution makes many times the size of its images in columns. Fresh memory for them would cost more in page
    faults than the copying itself, and columns of all images would not stay in the cache until they are read.
    """

    def __init__(self) -> None:
        self.buffers: dict[str, Array] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """Array of any content; valid until the same thread asks for this name again."""
        size = math.prod(shape) * dtype.itemsize
        buffer = self.buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = np.empty(size, np.uint8)
            if size <= CHUNK_BYTES:  # more is not kept
                self.buffers[name] = buffer
        return buffer[:size].view(dtype).reshape(shape)


_workspace = _Workspace()


def _chunks(n: int, image_bytes: int) -> Iterator[slice]:
    """Slices of n images whose columns fit into the workspace."""
    step = max(1, CHUNK_BYTES // max(1, image_bytes))
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


def _matrices(w: Array, groups: int) -> Array:
    """Weights (..., O, C, kh, kw) as matrices that multiply columns (..., N, [groups,] C kh kw, places)."""
    *lead, o, c, kh, kw = w.shape
    return w.reshape(*lead, *(1,) * bool(lead), *(groups,) * (groups > 1), o // groups, c * kh * kw)


def _parted(values: Array, groups: int) -> Array:
    """Rows (..., N, rows, places) with an axis of groups where there are several."""
    *lead, rows, places = values.shape
    return values if groups == 1 else values.reshape(*lead, groups, rows // groups, places)


def _images(a: Array, part: slice, axis: int) -> Array:
    """View of some images of an array, whose axis of images is counted from the end."""
    index: tuple[Any, ...] = (*(slice(None),) * (a.ndim + axis), part)
    return a[index]


def _columns(x: Array, geometry: Windows, groups: int) -> Iterator[tuple[slice, Array]]:
    """Columns of images (N, C, H, W), a few images at a time: (N, [groups,] rows, places)."""
    n, c = x.shape[:2]
    places = math.prod(geometry.places)
    rows = c * geometry.area
    view = geometry.columns(np.ascontiguousarray(geometry.pad(x)))
    for part in _chunks(n, rows * places * x.itemsize):
        columns = _workspace.array("columns", (part.stop - part.start, *view.shape[1:]), x.dtype)
        np.copyto(columns, view[part])
        yield part, _parted(columns.reshape(len(columns), rows, places), groups)


def _each(kernel: Callable[..., Array], a: Array, b: Array, geometry: Windows, groups: int) -> Array:
    """Apply a kernel member by member, where both arguments are populations."""
    lead = np.broadcast_shapes(a.shape[:-4], b.shape[:-4])
    a, b = np.broadcast_to(a, lead + a.shape[-4:]), np.broadcast_to(b, lead + b.shape[-4:])
    parts = np.stack([kernel(a[member], b[member], geometry, groups) for member in np.ndindex(lead)])
    return parts.reshape(*lead, *parts.shape[1:])


def _correlate(x: Array, w: Array, geometry: Windows, groups: int) -> Array:
    if x.ndim > 4 and w.ndim > 4:
        return _each(_correlate, x, w, geometry, groups)
    lead = x.shape[:-4] + w.shape[:-4]
    n = x.shape[-4]
    x = x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
    o, matrices = w.shape[-4], _matrices(w, groups)
    parted = (groups, o // groups) if groups > 1 else (o,)
    out = np.empty((*w.shape[:-4], len(x), *parted, math.prod(geometry.places)), np.result_type(x, w))
    for part, columns in _columns(x, geometry, groups):
        np.matmul(matrices, columns, out=_images(out, part, -2 - len(parted)))
    return out.reshape(*lead, n, o, *geometry.places)


def _spread(y: Array, w: Array, geometry: Windows, groups: int) -> Array:
    if w.ndim > 4:
        return _each(_spread, y, w, geometry, groups)
    lead = y.shape[:-3]
    y = y.reshape(math.prod(lead), *y.shape[-3:])
    out = np.zeros((len(y), w.shape[-3] * groups, *geometry.padded), np.result_type(y, w))
    (_spread_rows if geometry.stride[1] == 1 else _spread_windows)(y, w, geometry, groups, out)
    out = geometry.crop(out)
    return out.reshape(*lead, *out.shape[1:])


def _spread_windows(y: Array, w: Array, geometry: Windows, groups: int, out: Array) -> None:
    """Columns of whole windows by a matrix product, then one addition for each entry of the window."""
    (n, o), rows, places = y.shape[:2], out.shape[1] * geometry.area, math.prod(geometry.places)
    turned = _matrices(w, groups).swapaxes(-1, -2)
    for part in _chunks(n, rows * places * out.itemsize):
        size = part.stop - part.start
        columns = _workspace.array("columns", (size, rows, places), out.dtype)
        np.matmul(turned, _parted(y[part].reshape(size, o, places), groups), out=_parted(columns, groups))
        geometry.fold(columns, out[part])


def _spread_rows(y: Array, w: Array, geometry: Windows, groups: int, out: Array) -> None:
    """The columns of the window are summed by the matrix product, so that one addition for each of its rows is left."""
    (n, o), (c, kh, kw) = y.shape[:2], w.shape[1:]
    long = (geometry.places[0], geometry.padded[1])
    places = math.prod(long)
    turned = w.reshape(groups, o // groups, c, kh, kw).transpose(0, 3, 2, 1, 4).reshape(groups, kh * c, -1)
    parts = list(_chunks(n, (o * kw + groups * kh * c) * places * out.itemsize))
    columns = _workspace.array("columns", (parts[0].stop if parts else 0, o, kw, *long), y.dtype)
    columns.fill(0.0)  # as the ends of shifted rows remain
    for part in parts:
        size = part.stop - part.start
        shifted = columns[:size]
        geometry.shift_rows(y[part], shifted)
        rows = _workspace.array("rows", (size, groups, kh * c, places), out.dtype)
        np.matmul(turned, shifted.reshape(size, groups, o // groups * kw, places), out=rows)
        images = out[part].reshape(size, groups, c, *geometry.padded)
        geometry.add_rows(rows.reshape(size, groups, kh, c, *long), images)


def _weigh(x: Array, y: Array, geometry: Windows, groups: int) -> Array:
    if x.ndim > 4:
        return _each(_weigh, x, y, geometry, groups)
    lead, (o, c) = y.shape[:-4], (y.shape[-3], x.shape[-3])
    y = _parted(y.reshape(*y.shape[:-2], math.prod(geometry.places)), groups)
    axis = -4 if groups > 1 else -3  # that of the images
    total = np.zeros((*lead, o, c // groups, *geometry.kernel), np.result_type(x, y))
    for part, columns in _columns(x, geometry, groups):
        products = (_images(y, part, axis) @ columns.swapaxes(-1, -2)).sum(axis=axis)
        total += products.reshape(total.shape)
    return total


def _any_traced(*args: Any) -> bool:
    return any(type(a) is Tensor for a in args)


@primitive
def correlate(x: Any, w: Any, b: Any, *, geometry: Windows, groups: int) -> Any:
    """Output (..., N, O, Ho, Wo) from images and weights, and a bias where b is not None."""
    if _any_traced(x, w, b):
        y = correlate(x, w, b, geometry=geometry, groups=groups)
    else:
        y = _correlate(x, w, geometry, groups)
        if b is not None:
            b = b[:, None, None] if b.ndim == 1 else b[..., None, :, None, None]
            fits = b.dtype == y.dtype and (b.ndim == 3 or np.broadcast_shapes(b.shape, y.shape) == y.shape)
            y = np.add(y, b, out=y if fits else None)
    return y, (
        lambda g: spread(g, w, geometry=geometry, groups=groups),
        lambda g: weigh(x, g, geometry=geometry, groups=groups),
        lambda g: g.sum(axis=(-4, -2, -1)),
    )


@primitive
def spread(y: Any, w: Any, *, geometry: Windows, groups: int) -> Any:
    """Images (..., N, C, H, W) from an output and weights: the gradient of `correlate` by the images."""
    kernel = spread if _any_traced(y, w) else _spread
    return kernel(y, w, geometry=geometry, groups=groups), (
        lambda g: correlate(g, w, None, geometry=geometry, groups=groups),
        lambda g: weigh(g, y, geometry=geometry, groups=groups),
    )


@primitive
def weigh(x: Any, y: Any, *, geometry: Windows, groups: int) -> Any:
    """Weights (..., O, C // groups, kh, kw) from images and an output: the gradient of `correlate` by the weights."""
    kernel = weigh if _any_traced(x, y) else _weigh
    return kernel(x, y, geometry=geometry, groups=groups), (
        lambda g: spread(y, g, geometry=geometry, groups=groups),
        lambda g: correlate(x, g, None, geometry=geometry, groups=groups),
    )


# What a history shows:
correlate.__name__, spread.__name__, weigh.__name__ = "conv2d", "conv_transpose2d", "conv2d_weights"
