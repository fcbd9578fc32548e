"""Weights of points from their values: what strategies that estimate a gradient multiply the samples with.

All weights are large for good points, so that sum w_i z_i points downhill.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from es.core.arrays import FloatArray, IntArray
from es.parts.parameters import utilities

Shaping = Callable[[FloatArray, IntArray], FloatArray]


def by_rank(weights: FloatArray, order: IntArray) -> FloatArray:
    """Weights (j,) or (..., j) of the first ranks, j <= k, dealt out to the rows: shape (..., k), as `order`."""
    first = order[..., : weights.shape[-1]]
    dealt = np.zeros(order.shape)
    if order.ndim == 1:
        dealt[first] = weights
    else:
        dealt[np.arange(len(order))[:, None], first] = weights
    return dealt


def centered_ranks(f: FloatArray, order: IntArray) -> FloatArray:
    """From 1/2 for the best to -1/2 for the worst, evenly spaced (Salimans et al., arXiv:1703.03864, section 2.1)."""
    return by_rank(np.linspace(0.5, -0.5, f.shape[-1]), order)


def nes_utilities(f: FloatArray, order: IntArray) -> FloatArray:
    """The utilities of natural evolution strategies, times the number of points."""
    k = f.shape[-1]
    return by_rank(k * utilities(k), order)


def standardized(f: FloatArray, order: IntArray) -> FloatArray:
    """(mean f - f) / std f; values that are not finite count like the worst that is, and all are 0 on a plateau."""
    f = in_units(f)
    centered = f.mean(-1, keepdims=True) - f
    std = np.sqrt((centered * centered).mean(-1, keepdims=True))
    return np.where(std > 1e-15, centered / np.where(std > 1e-15, std, 1.0), 0.0)


def in_units(f: FloatArray) -> FloatArray:
    """f over its largest size, so that no square overflows, with the worst value wherever there is none."""
    finite = np.isfinite(f)
    if not finite.all():
        worst = np.where(finite, f, -np.inf).max(-1, keepdims=True)
        f = np.where(finite, f, np.where(np.isfinite(worst), worst, 0.0))
    size = np.abs(f).max(-1, keepdims=True)
    return f / np.where(size > 0, size, 1.0)


SHAPINGS: dict[str, Shaping] = {"ranks": centered_ranks, "utilities": nes_utilities, "values": standardized}


def shaping(name: str) -> Shaping:
    """The shaping of this name. Raises ValueError if there is none."""
    if name not in SHAPINGS:
        raise ValueError(f"shaping must be one of {', '.join(SHAPINGS)}, got {name!r}")
    return SHAPINGS[name]
