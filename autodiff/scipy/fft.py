"""Differentiable transforms of :mod:`scipy.fft`: those of NumPy by the same names, cosine and sine transforms.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> from autodiff.scipy import fft
>>> np.round(ad.grad(lambda x: fft.dct(x)[0])(np.ones(3)), 12)
array([2., 2., 2.])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

# isort: off
from numpy.fft import (
    fft, fft2, fftn, fftshift, hfft, ifft, ifft2, ifftn, ifftshift, ihfft, irfft, irfft2, irfftn, rfft, rfft2, rfftn,
)  # fmt: skip
# isort: on

from autodiff.primitive import with_rule
from autodiff.rules.fft import fit
from autodiff.tensor import asarray

__all__ = [
    "dct", "dctn", "dst", "dstn", "fft", "fft2", "fftn", "fftshift", "hfft", "idct", "idctn", "idst", "idstn", "ifft",
    "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftn",
]  # fmt: skip

TRANSPOSED_TYPE = {1: 1, 2: 3, 3: 2, 4: 4}


def ends(n: int, kind: str, type: int, dtype: Any) -> Any:
    """By which factors a transform without normalisation differs from a symmetric one (or II from III transposed)."""
    weight = np.ones(n, dtype)
    if type == 1 and kind == "dct":
        weight[1:-1] = 2
    elif type == 2:
        weight[0 if kind == "dct" else -1] = 2
    elif type == 3:
        weight[0 if kind == "dct" else -1] = 0.5
    return weight


def transpose_rule(out: Any, x: Any, kind: str, type: int, axis: int) -> Any:
    """The transposed matrix: type II turned into III and back, I and IV nearly symmetric."""
    w = ends(x.shape[axis], kind, type, x.dtype).reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    other = TRANSPOSED_TYPE[type]
    if type == 1:
        return lambda g: w * _transform(g / w, kind, other, axis)
    if type == 3:
        return lambda g: w * _transform(g, kind, other, axis)
    return lambda g: _transform(g * w, kind, other, axis)


@with_rule(transpose_rule)
def _transform(x: Any, kind: str, type: int, axis: int) -> Any:
    return getattr(scipy.fft, kind)(x, type, axis=axis)


def normalised(
    x: Any, kind: str, type: int, n: int | None, axis: int, norm: str | None, inverse: bool, orthogonalize: bool | None
) -> Any:
    x = asarray(x)
    x = x if x.dtype.kind in "fc" else x * 1.0
    if type not in TRANSPOSED_TYPE:
        raise ValueError(f"type must be 1, 2, 3 or 4, got {type}")
    if norm not in (None, "backward", "forward", "ortho"):
        raise ValueError(f"norm must be None, 'backward', 'forward' or 'ortho', got {norm!r}")
    if n is not None:
        x = fit(x, n, axis)
    n = x.shape[axis]
    period = 2 * (n - 1 if kind == "dct" else n + 1) if type == 1 else 2 * n
    if inverse:
        type = TRANSPOSED_TYPE[type]
        norm = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}[norm]
    scale = {None: 1.0, "backward": 1.0, "ortho": period**-0.5, "forward": 1 / period}[norm]
    first: Any = 1.0
    last: Any = 1.0
    if (norm == "ortho" and orthogonalize is None) or orthogonalize:  # make the matrix orthogonal
        shape = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
        root = np.ones(n, x.real.dtype if x.dtype.kind == "c" else x.dtype)
        places = [0] if kind == "dct" else [-1]
        if type == 1:
            places = [0, -1] if kind == "dct" else []
        root[places] = 2**0.5
        root = root.reshape(shape)
        first = root if type in (1, 3) else 1.0
        last = 1 / root if type in (1, 2) else 1.0
    return _transform(x * first, kind, type, axis) * scale * last


def over_one_axis(name: str, what: str) -> Any:
    """The transform of :mod:`scipy.fft` of this name."""
    kind, inverse = name.removeprefix("i"), name.startswith("i")

    def transform(
        x: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: Any = None, *, orthogonalize: Any = None
    ) -> Any:
        return normalised(x, kind, type, n, axis, norm, inverse, orthogonalize)

    return titled(transform, name, what)


def over_axes(one: Any, what: str) -> Any:
    """The same over several axes."""

    def transform(
        x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, *, orthogonalize: Any = None
    ) -> Any:
        x = asarray(x)
        if axes is None:
            axes = range(x.ndim) if s is None else range(-len(np.atleast_1d(s)), 0)
        axes = [int(i) for i in np.atleast_1d(list(axes) if not np.isscalar(axes) else axes)]
        lengths = [None] * len(axes) if s is None else [int(k) for k in np.atleast_1d(s)]
        for axis, n in zip(axes, lengths, strict=True):
            x = one(x, type, n, axis, norm, orthogonalize=orthogonalize)
        return x

    return titled(transform, one.__name__ + "n", f"{what} over several axes")


def titled(transform: Any, name: str, what: str) -> Any:
    transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = f"{what}; see :func:`scipy.fft.{name}`."
    return transform


dct, idct = over_one_axis("dct", "Cosine transform"), over_one_axis("idct", "Inverse cosine transform")
dst, idst = over_one_axis("dst", "Sine transform"), over_one_axis("idst", "Inverse sine transform")
dctn, idctn = over_axes(dct, "Cosine transform"), over_axes(idct, "Inverse cosine transform")
dstn, idstn = over_axes(dst, "Sine transform"), over_axes(idst, "Inverse sine transform")
