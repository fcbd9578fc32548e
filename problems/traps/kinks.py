"""Functions that are not smooth, most of them of Haarala, Miettinen & Mäkelä 2004, Optimization Methods & Software 19.

Some look additive to a few test points, because at them one term hides all others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from problems.bbob.transforms import turn
from problems.traps.ground import Builder, Map, moved, turned

Terms = Callable[[Any], tuple[Any, ...]]


def _pairs(z: Any) -> tuple[Any, Any]:
    return z[..., :-1], z[..., 1:]


def _sum_of_largest(terms: Terms) -> Map:
    """Sum over neighbours of the largest of their terms."""
    return lambda z: reduce(np.maximum, terms(z)).sum(-1)


def _largest_sum(terms: Terms) -> Map:
    """The largest of the sums of the terms over neighbours."""
    return lambda z: reduce(np.maximum, [term.sum(-1) for term in terms(z)])


def _cb3(z: Any) -> tuple[Any, Any, Any]:
    a, b = _pairs(z)
    a2 = a * a
    return a2 * a2 + b * b, (2.0 - a) * (2.0 - a) + (2.0 - b) * (2.0 - b), 2.0 * np.exp(b - a)


def _crescent(z: Any) -> tuple[Any, Any]:
    a, b = _pairs(z)
    bow = a * a + (b - 1.0) * (b - 1.0)
    return bow + (b - 1.0), (b + 1.0) - bow


def _hilbert(z: Any) -> Any:
    """max over i of |sum of z_j / (i + j - 1)|."""
    i = np.arange(1.0, z.shape[-1] + 1.0)
    return np.abs(turn(1.0 / (i[:, None] + i - 1.0), z)).max(-1)


def _chained_lq(z: Any) -> Any:
    """Sum of max(-a - b, -a - b + a^2 + b^2 - 1) over neighbours a, b."""
    a, b = _pairs(z)
    return (np.maximum(a * a + b * b - 1.0, 0.0) - a - b).sum(-1)


def _brown_2(z: Any) -> Any:
    """Sum of |a|^(b^2 + 1) + |b|^(a^2 + 1) over neighbours."""
    a, b = _pairs(np.abs(z) + 1e-300)
    return (a ** (b * b + 1.0) + b ** (a * a + 1.0)).sum(-1)


TABLE: dict[str, Builder] = {
    "max-abs": moved(lambda z: np.abs(z).max(-1)),
    "maxq": moved(lambda z: (z * z).max(-1)),
    "hilbert": moved(_hilbert),
    "sum-abs-turned": turned(lambda z: np.abs(z).sum(-1)),
    "roots": moved(lambda z: np.sqrt(np.abs(z) + 1e-300).sum(-1)),  # with cusps
    "chained-lq": moved(_chained_lq, float(np.sqrt(0.5))),
    "chained-cb3-1": moved(_sum_of_largest(_cb3), 1.0),
    "chained-cb3-2": moved(_largest_sum(_cb3), 1.0),
    "active-faces": moved(lambda z: np.log1p(np.maximum(np.abs(z).max(-1), np.abs(z.sum(-1))))),
    "brown-2": moved(_brown_2),
    "crescent-1": moved(_largest_sum(_crescent)),
    "crescent-2": moved(_sum_of_largest(_crescent)),
}
