"""Ranking: best first, whatever the values."""

from __future__ import annotations

import math

import numpy as np

from es.core.arrays import FloatArray, IntArray, pick

FIRST = np.zeros(1, dtype=np.intp)  # the order of a single value
FIRST.setflags(write=False)
MANY = 200  # values from which on it is quicker to sort in any way, which gives the same unless some are equal


def rank_best_first(f: FloatArray) -> tuple[IntArray, FloatArray, bool]:
    """Order of the values best first, the values in it, and whether all are finite; NaN counts as inf."""
    if f.shape == (1,):
        clean = math.isfinite(f[0])
        return FIRST, f if f[0] < math.inf else np.array([np.inf]), clean
    order = f.argsort(-1, kind="stable" if f.size < MANY else None)
    ranked = pick(f, order)
    if f.size >= MANY and np.count_nonzero(ranked[..., 1:] == ranked[..., :-1]):
        order = f.argsort(-1, kind="stable")
        ranked = pick(f, order)
    # NaN and inf sort to the end and -inf to the front, so two looks show whether there are any.
    if f.ndim == 1:
        clean = math.isfinite(ranked[0]) and math.isfinite(ranked[-1])
    else:
        ends = ranked[:, 0], ranked[:, -1]
        clean = math.isfinite(np.vdot(*ends)) or bool(np.isfinite(ends).all())  # the first is quicker, and may overflow
    if not clean:
        f = np.where(f < np.inf, f, np.inf)
        order = f.argsort(-1, kind="stable")
        ranked = pick(f, order)
    return order, ranked, clean
