"""Differentiable convolutions of :mod:`scipy.signal`, over any number of axes.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> from autodiff.scipy import signal
>>> ad.grad(lambda k: signal.convolve([1.0, 2.0, 3.0], k, mode="valid").sum())(np.ones(2))
array([5., 3.])
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from scipy.fft import next_fast_len

from autodiff.operators import value_of
from autodiff.rules.calculus import convolve_full
from autodiff.tensor import asarray

__all__ = ["convolve", "convolve2d", "correlate", "fftconvolve", "lfilter", "oaconvolve"]


def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Convolution by Fourier transforms; see :func:`scipy.signal.fftconvolve`."""
    a, b = asarray(in1), asarray(in2)
    if a.ndim != b.ndim:
        raise ValueError(f"in1 and in2 must have as many axes as each other, got {a.ndim} and {b.ndim}")
    if a.ndim == 0:
        return a * b
    if a.size == 0 or b.size == 0:
        return np.zeros(0)
    along = tuple(range(a.ndim)) if axes is None else tuple(int(i) % a.ndim for i in np.atleast_1d(axes))
    lengths = [a.shape[i] + b.shape[i] - 1 for i in along]
    fast = [next_fast_len(n, True) for n in lengths]
    full: Any
    if a.dtype.kind == "c" or b.dtype.kind == "c":
        full = np.fft.ifftn(np.fft.fftn(a, fast, along) * np.fft.fftn(b, fast, along), fast, along)
    else:
        full = np.fft.irfftn(np.fft.rfftn(a, fast, along) * np.fft.rfftn(b, fast, along), fast, along)
    full = full[tuple(slice(lengths[along.index(i)]) if i in along else slice(None) for i in range(a.ndim))]
    return _part(full, a.shape, b.shape, mode, along)


def _part(full: Any, first: Any, second: Any, mode: str, axes: tuple[int, ...]) -> Any:
    """What `mode` keeps of the full convolution."""
    if mode == "full":
        return full
    if mode == "same":
        keep = {i: first[i] for i in axes}
    elif mode == "valid":
        if not (all(first[i] >= second[i] for i in axes) or all(first[i] <= second[i] for i in axes)):
            raise ValueError("with mode='valid' one input must be at least as long as the other along every axis")
        keep = {i: abs(first[i] - second[i]) + 1 for i in axes}
    else:
        raise ValueError(f"mode must be 'full', 'same' or 'valid', got {mode!r}")
    index = []
    for i, n in enumerate(full.shape):
        start = (n - keep[i]) // 2 if i in keep else 0
        index.append(slice(start, start + keep.get(i, n)))
    return full[tuple(index)]


def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Convolution; see :func:`scipy.signal.convolve`."""
    a, b = asarray(in1), asarray(in2)
    if method not in ("auto", "direct", "fft"):
        raise ValueError(f"method must be 'auto', 'direct' or 'fft', got {method!r}")
    if a.ndim == b.ndim == 1 and a.size and b.size and method != "fft" and min(a.size, b.size) < 512:
        return _part(convolve_full(a, b), a.shape, b.shape, mode, (0,))
    return fftconvolve(a, b, mode)


def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Correlation, convolution with the turned, conjugate second input; see :func:`scipy.signal.correlate`."""
    b = np.flip(asarray(in2))
    return convolve(in1, np.conjugate(b) if b.dtype.kind == "c" else b, mode, method)


def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """Convolution; the same as :func:`fftconvolve`."""
    return fftconvolve(in1, in2, mode, axes)


def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """Convolution of two matrices; see :func:`scipy.signal.convolve2d`."""
    a, b = asarray(in1), asarray(in2)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(f"convolve2d takes matrices, got {a.ndim} and {b.ndim} axes")
    modes: dict[str, Any] = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}
    if boundary not in modes:
        raise ValueError(f"boundary must be 'fill', 'wrap' or 'symm', got {boundary!r}")
    if mode == "valid" or (boundary == "fill" and not np.any(value_of(fillvalue) != 0)):
        return convolve(a, b, mode)
    m, n = b.shape[0] - 1, b.shape[1] - 1
    options: dict[str, Any] = {"constant_values": fillvalue} if boundary == "fill" else {}
    wide = np.pad(a, ((m, m), (n, n)), mode=modes[boundary], **options)
    out = convolve(wide, b, "valid")
    if a.shape[0] < b.shape[0] and a.shape[1] < b.shape[1] and prod(out.shape) == 0:
        raise ValueError("the second input is too large for this boundary")
    return _part(out, a.shape, b.shape, mode, (0, 1))


def lfilter(b: Any, a: Any, x: Any, axis: int = -1) -> Any:
    """Rational filter; see :func:`scipy.signal.lfilter`. One step of the recursion is one operation."""
    b, a, x = np.atleast_1d(asarray(b)), np.atleast_1d(asarray(a)), np.moveaxis(asarray(x), axis, -1)
    b, a = b / a[0], a[1:] / a[0]
    n = x.shape[-1]
    drive: Any = 0.0
    for k in range(min(b.shape[0], n)):
        zeros = np.zeros((*x.shape[:-1], k), x.dtype)
        drive = drive + b[k] * np.concatenate([zeros, x[..., : n - k]], axis=-1)
    if a.shape[0] == 0 or n == 0:
        return np.moveaxis(drive + 0.0 * x, -1, axis)
    out: list[Any] = []
    for i in range(n):
        y = drive[..., i]
        for k in range(min(a.shape[0], i)):
            y = y - a[k] * out[i - 1 - k]
        out.append(y)
    return np.moveaxis(np.stack(out, axis=-1), -1, axis)
