"""Rules of ``np.fft``.

The transforms are linear and, for the convention dL = Re(g dz) of this package, the discrete Fourier matrix is its own
transpose: the gradient of a transform is a transform of the gradient. A real argument receives the real part (the sweep
sees to it). Transforms over several axes are compositions of those over one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.registry import TRACED, rule

INVERSE_NORM: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def fit(g: Any, n: int, axis: int) -> Any:
    """`g` cut or filled up with zeros to length `n`: the transpose of what a transform with ``n=`` does first."""
    have = g.shape[axis]
    if have > n:
        return g[(slice(None),) * (axis % g.ndim) + (slice(n),)]
    if have < n:
        return np.pad(g, [(0, n - have if i == axis % g.ndim else 0) for i in range(g.ndim)])
    return g


def full_rule(transform: Any) -> Any:
    def maker(out: Any, a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
        length = a.shape[axis]
        m = length if n is None else n
        return lambda g: fit(transform(g, m, axis, norm), length, axis)

    return maker


def irfft_rule(out: Any, a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """Every frequency but the first, and the last of an even length, stands for its mirror image as well."""
    length = a.shape[axis]
    m = 2 * (length - 1) if n is None else n
    weight = np.full(m // 2 + 1, 2.0, out.dtype)
    weight[0] = 1
    if m % 2 == 0:
        weight[-1] = 1
    weight = weight.reshape([-1 if i == axis % a.ndim else 1 for i in range(a.ndim)])
    return lambda g: fit(np.conjugate(np.fft.rfft(g, m, axis, INVERSE_NORM[norm])) * weight, length, axis)


rule(np.fft.fft, full_rule(np.fft.fft))
rule(np.fft.ifft, full_rule(np.fft.ifft))
rule(np.fft.rfft, full_rule(np.fft.fft))  # frequencies that are left out have gradient 0
rule(np.fft.irfft, irfft_rule)


def over_axes(transform: Any, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    axes, s = plan(a, s, axes)
    for n, axis in zip(s[::-1], axes[::-1], strict=True):  # the last first, as NumPy: an axis may stand there twice
        a = transform(a, n, axis, norm)
    return a


def plan(a: Any, s: Any, axes: Any, half: bool = False) -> tuple[list[int], list[int]]:
    """The axes to transform and the length of each; of the last of a `half` of frequencies the whole's."""
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(a.ndim)
    axes = list(axes)
    if s is not None and len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    lengths = [a.shape[i] if s is None or s[k] in (-1, None) else s[k] for k, i in enumerate(axes)]
    if half and s is None:
        lengths[-1] = 2 * (lengths[-1] - 1)
    return axes, lengths


def rfftn(a: Any, s: Any, axes: Any, norm: Any) -> Any:
    axes, s = plan(a, s, axes)
    return over_axes(np.fft.fft, np.fft.rfft(a, s[-1], axes[-1], norm), s[:-1], axes[:-1], norm)


def irfftn(a: Any, s: Any, axes: Any, norm: Any) -> Any:
    axes, s = plan(a, s, axes, half=True)
    for n, axis in zip(s[:-1], axes[:-1], strict=True):
        a = np.fft.ifft(a, n, axis, norm)
    return np.fft.irfft(a, s[-1], axes[-1], norm)


TRACED[np.fft.fftn] = lambda a, s=None, axes=None, norm=None: over_axes(np.fft.fft, a, s, axes, norm)
TRACED[np.fft.fft2] = lambda a, s=None, axes=(-2, -1), norm=None: over_axes(np.fft.fft, a, s, axes, norm)
TRACED[np.fft.ifftn] = lambda a, s=None, axes=None, norm=None: over_axes(np.fft.ifft, a, s, axes, norm)
TRACED[np.fft.ifft2] = lambda a, s=None, axes=(-2, -1), norm=None: over_axes(np.fft.ifft, a, s, axes, norm)
TRACED[np.fft.rfftn] = lambda a, s=None, axes=None, norm=None: rfftn(a, s, axes, norm)
TRACED[np.fft.rfft2] = lambda a, s=None, axes=(-2, -1), norm=None: rfftn(a, s, axes, norm)
TRACED[np.fft.irfftn] = lambda a, s=None, axes=None, norm=None: irfftn(a, s, axes, norm)
TRACED[np.fft.irfft2] = lambda a, s=None, axes=(-2, -1), norm=None: irfftn(a, s, axes, norm)
TRACED[np.fft.hfft] = lambda a, n=None, axis=-1, norm=None: np.fft.irfft(np.conjugate(a), n, axis, INVERSE_NORM[norm])
TRACED[np.fft.ihfft] = lambda a, n=None, axis=-1, norm=None: np.conjugate(np.fft.rfft(a, n, axis, INVERSE_NORM[norm]))
