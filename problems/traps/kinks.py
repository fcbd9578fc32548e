"""Functions that are not smooth, most of them of Haarala, Miettinen & Mäkelä 2004, Optimization Methods & Software 19.

Some look additive to a few test points, because at them one term hides all others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.bbob.transforms import turn
from problems.traps.ground import Builder, moved, turned

__all__ = ["TABLE"]

_ROOT_HALF = float(np.sqrt(0.5))


def _pairs(z: Any) -> tuple[Any, Any]:
    return z[..., :-1], z[..., 1:]


def _largest(z: Any) -> Any:
    """max |z_i|."""
    return np.abs(z).max(-1)


def _maxq(z: Any) -> Any:
    """max z_i^2."""
    return (z * z).max(-1)


def _hilbert(z: Any) -> Any:
    """max over i of |sum of z_j / (i + j - 1)|."""
    i = np.arange(1.0, z.shape[-1] + 1.0)
    return np.abs(turn(1.0 / (i[:, None] + i - 1.0), z)).max(-1)


def _absolute(z: Any) -> Any:
    """Sum of |z_i|."""
    return np.abs(z).sum(-1)


def _roots(z: Any) -> Any:
    """Sum of sqrt|z_i|, with cusps."""
    return np.sqrt(np.abs(z) + 1e-300).sum(-1)


def _chained_lq(z: Any) -> Any:
    """Sum of max(-a - b, -a - b + a^2 + b^2 - 1) over neighbours a, b."""
    a, b = _pairs(z)
    return (np.maximum(a * a + b * b - 1.0, 0.0) - a - b).sum(-1)


def _cb3_terms(z: Any) -> tuple[Any, Any, Any]:
    a, b = _pairs(z)
    a2 = a * a
    return a2 * a2 + b * b, (2.0 - a) * (2.0 - a) + (2.0 - b) * (2.0 - b), 2.0 * np.exp(b - a)


def _chained_cb3_1(z: Any) -> Any:
    """Sum of the largest of three terms over neighbours."""
    first, second, third = _cb3_terms(z)
    return np.maximum(np.maximum(first, second), third).sum(-1)


def _chained_cb3_2(z: Any) -> Any:
    """The largest of three sums over neighbours."""
    first, second, third = (term.sum(-1) for term in _cb3_terms(z))
    return np.maximum(np.maximum(first, second), third)


def _active_faces(z: Any) -> Any:
    """max of log(1 + |y|) over y = z_i and y = -sum of z."""
    return np.log1p(np.maximum(np.abs(z).max(-1), np.abs(z.sum(-1))))


def _brown_2(z: Any) -> Any:
    """Sum of |a|^(b^2 + 1) + |b|^(a^2 + 1) over neighbours."""
    a, b = _pairs(np.abs(z) + 1e-300)
    return (a ** (b * b + 1.0) + b ** (a * a + 1.0)).sum(-1)


def _crescent_terms(z: Any) -> tuple[Any, Any]:
    a, b = _pairs(z)
    bow = a * a + (b - 1.0) * (b - 1.0)
    return bow + (b - 1.0), (b + 1.0) - bow


def _crescent_1(z: Any) -> Any:
    """The larger of two sums over neighbours."""
    first, second = (term.sum(-1) for term in _crescent_terms(z))
    return np.maximum(first, second)


def _crescent_2(z: Any) -> Any:
    """Sum of the larger of two terms over neighbours."""
    return np.maximum(*_crescent_terms(z)).sum(-1)


TABLE: dict[str, Builder] = {
    "max-abs": moved(_largest),
    "maxq": moved(_maxq),
    "hilbert": moved(_hilbert),
    "sum-abs-turned": turned(_absolute),
    "roots": moved(_roots),
    "chained-lq": moved(_chained_lq, _ROOT_HALF),
    "chained-cb3-1": moved(_chained_cb3_1, 1.0),
    "chained-cb3-2": moved(_chained_cb3_2, 1.0),
    "active-faces": moved(_active_faces),
    "brown-2": moved(_brown_2),
    "crescent-1": moved(_crescent_1),
    "crescent-2": moved(_crescent_2),
}
