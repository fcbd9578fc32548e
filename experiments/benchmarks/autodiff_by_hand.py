"""Gradients written by hand in NumPy: what the time of `autodiff` is measured against.

They are written as a careful programmer writes them for this one function: no gradient that is not needed, temporary
arrays used again where that is easy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def rosenbrock(x: Array) -> tuple[Any, Array]:
    """Value and gradient of Rosenbrock's function on the last axis."""
    a, b = x[..., :-1], x[..., 1:]
    d = b - a * a
    e = 1.0 - a
    value = (100.0 * d * d + e * e).sum(-1)
    g = np.zeros_like(x)
    g[..., :-1] = -400.0 * d * a - 2.0 * e
    g[..., 1:] += 200.0 * d
    return value, g


def cross_entropy(z: Array, labels: npt.NDArray[Any]) -> tuple[Any, Array]:
    """Mean cross-entropy of the softmax of z (N, k), and its gradient by z."""
    rows = np.arange(len(z))
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    s = e.sum(axis=1, keepdims=True)
    value = (np.log(s[:, 0]) - z[rows, labels]).mean()
    e /= s
    e[rows, labels] -= 1.0
    e /= len(z)
    return value, e


def mlp(p: Sequence[Array], x: Array, labels: npt.NDArray[Any]) -> tuple[Any, list[Array]]:
    """Value and gradient of the cross-entropy of tanh(x w + b) v + c."""
    w, b, v, c = p
    h = np.tanh(x @ w + b)
    value, g = cross_entropy(h @ v + c, labels)
    dv, dc = h.T @ g, g.sum(axis=0)
    g = (g @ v.T) * (1.0 - h * h)
    return value, [x.T @ g, g.sum(axis=0), dv, dc]


class RowColumns:
    """A convolution by the usual im2col: a row (image, place) per window, transposed before and after the product."""

    def __init__(self, x: Array, w: Array, b: Array) -> None:
        n, c, height, width = x.shape
        o, _, k, _ = w.shape
        rows, columns = height - k + 1, width - k + 1
        cols = np.empty((n, c, k, k, rows, columns))
        for i in range(k):
            for j in range(k):
                cols[:, :, i, j] = x[:, :, i : i + rows, j : j + columns]
        self.cols: Array = cols.transpose(0, 4, 5, 1, 2, 3).reshape(n * rows * columns, c * k * k)
        self.x, self.w = x, w
        self.y = (self.cols @ w.reshape(o, -1).T + b).reshape(n, rows, columns, o).transpose(0, 3, 1, 2)

    def weights(self, g: Array) -> tuple[Array, Array]:
        """Gradients of w and b."""
        g = g.transpose(0, 2, 3, 1).reshape(-1, len(self.w))
        return (g.T @ self.cols).reshape(self.w.shape), g.sum(axis=0)

    def windows(self, g: Array) -> Array:
        """Gradient of each window: images, channels, places in the kernel, rows and columns."""
        n, o, rows, columns = g.shape
        d = g.transpose(0, 2, 3, 1).reshape(-1, o) @ self.w.reshape(o, -1)
        return d.reshape(n, rows, columns, *self.w.shape[1:]).transpose(0, 3, 4, 5, 1, 2)

    def images(self, g: Array) -> Array:
        """Gradient of x."""
        d, k, (rows, columns) = self.windows(g), self.w.shape[2], g.shape[2:]
        out = np.zeros_like(self.x)
        for i in range(k):
            for j in range(k):
                out[:, :, i : i + rows, j : j + columns] += d[:, :, i, j]
        return out


class ImageColumns(RowColumns):
    """im2col with a matrix (channel and window, place) per image, which needs no transposed copies."""

    def __init__(self, x: Array, w: Array, b: Array) -> None:
        n, c, height, width = x.shape
        o, _, k, _ = w.shape
        rows, columns = height - k + 1, width - k + 1
        windows = np.lib.stride_tricks.as_strided(x, (n, c, k, k, rows, columns), x.strides + x.strides[2:])
        self.cols = windows.reshape(n, c * k * k, rows * columns)
        self.x, self.w = x, w
        y = w.reshape(o, -1) @ self.cols
        y += b[:, None]
        self.y = y.reshape(n, o, rows, columns)

    def weights(self, g: Array) -> tuple[Array, Array]:
        """Gradients of w and b."""
        flat = g.reshape(*g.shape[:2], -1)
        return (flat @ self.cols.swapaxes(1, 2)).sum(axis=0).reshape(self.w.shape), flat.sum(axis=(0, 2))

    def windows(self, g: Array) -> Array:
        """Gradient of each window."""
        n, o, rows, columns = g.shape
        return (self.w.reshape(o, -1).T @ g.reshape(n, o, -1)).reshape(n, *self.w.shape[1:], rows, columns)


def pool(x: Array) -> Array:
    """Largest of every 2 x 2."""
    rows = np.maximum(x[:, :, 0::2], x[:, :, 1::2])
    return np.maximum(rows[..., 0::2], rows[..., 1::2])


def unpool(x: Array, y: Array, g: Array) -> Array:
    """Gradient of x from the gradient g of y = pool(x); ties share."""
    parts = [(i, j, x[:, :, i::2, j::2] == y) for i in (0, 1) for j in (0, 1)]
    ties = sum(mask.astype(np.int8) for _, _, mask in parts)
    g = g / ties
    out = np.empty(x.shape)
    for i, j, mask in parts:
        np.multiply(g, mask, out=out[:, :, i::2, j::2])
    return out


def convolutional(
    p: Sequence[Array], x: Array, labels: npt.NDArray[Any], conv: type[RowColumns]
) -> tuple[Any, list[Array]]:
    """Value and gradient of the cross-entropy of two stages of convolution, ReLU and pooling, and a linear layer."""
    first = conv(x, p[0], p[1])
    r1 = np.maximum(first.y, 0.0)
    h1 = pool(r1)
    second = conv(h1, p[2], p[3])
    r2 = np.maximum(second.y, 0.0)
    h2 = pool(r2)
    flat = h2.reshape(len(x), -1)
    value, g = cross_entropy(flat @ p[4] + p[5], labels)
    d4, d5 = flat.T @ g, g.sum(axis=0)
    g = unpool(r2, h2, (g @ p[4].T).reshape(h2.shape))
    g *= r2 > 0.0
    d2, d3 = second.weights(g)
    g = unpool(r1, h1, second.images(g))
    g *= r1 > 0.0
    d0, d1 = first.weights(g)
    return value, [d0, d1, d2, d3, d4, d5]


def depthwise(x: Array, w: Array) -> tuple[Any, list[Array]]:
    """Half the sum of squares of a depthwise convolution: images (N, C, H, W), kernels (C, 1, k, k), no border."""
    k = w.shape[-1]
    rows, columns = x.shape[2] - k + 1, x.shape[3] - k + 1
    places = [(i, j, (..., slice(i, i + rows), slice(j, j + columns))) for i in range(k) for j in range(k)]
    y = np.zeros((*x.shape[:2], rows, columns))
    for i, j, window in places:
        y += x[window] * w[:, :, i, j, None]
    dx, dw = np.zeros_like(x), np.empty_like(w)
    for i, j, window in places:
        dx[window] += y * w[:, :, i, j, None]
        dw[:, 0, i, j] = np.einsum("nchw,nchw->c", y, x[window])
    return 0.5 * np.vdot(y, y), [dx, dw]
