"""Line search by parabolas through the slope and the newest value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.auto.differences import with_differences
from es.auto.stepwise import Asking
from es.core.arrays import FloatArray

TRIES = 8
ENOUGH = 1e-4  # part of what the slope promises that must be gained (Nocedal and Wright 2006, (3.4))


def search(run: Any, x: FloatArray, f: float, d: FloatArray, slope: float) -> Asking:
    """A better point along d, its value and whether it is the first that was tried; None where there is none.

    Backtracks to the vertex of the parabola, within 0.1 and 0.5 of the step; grows up to four times where the vertex
    lies far ahead; tries the vertex where it lies well before the step.
    """
    longest = float(np.max(np.abs(d) / run.width))
    limit = 0.5 / longest if longest > 0 else 1.0
    a, goal = min(1.0, limit), math.inf
    best: tuple[FloatArray, float, bool] | None = None
    for k in range(TRIES):
        y = np.minimum(np.maximum(x + a * d, run.lb), run.ub)
        if k == 0:
            value = yield from with_differences(run, y, f)
        else:
            (value,) = (yield y[None]).tolist()
        if not math.isfinite(value):
            a *= 0.1
            continue
        goal = _vertex(f, slope, a, value)
        if value < f + ENOUGH * a * slope or (value < f and -a * slope <= run.noise):
            best = (y, value, k == 0)
            break
        if value < f and best is None:
            best = (y, value, k == 0)
        a = min(max(goal, 0.1 * a), 0.5 * a)
    if best is None:
        return None
    if goal < 0.6 * a:
        y = np.minimum(np.maximum(x + goal * d, run.lb), run.ub)
        (value,) = (yield y[None]).tolist()
        return (y, value, False) if value < best[1] else best
    for _ in range(3):
        b = min(goal, 4 * a, limit)
        if goal <= 1.8 * a or b <= 1.1 * a:
            break
        y = np.minimum(np.maximum(x + b * d, run.lb), run.ub)
        (value,) = (yield y[None]).tolist()
        if not value < best[1]:
            break
        best, a = (y, value, False), b
        goal = _vertex(f, slope, a, value)
    return best


def _vertex(f: float, slope: float, a: float, value: float) -> float:
    """Vertex of the parabola with value f and this slope at 0, and a value at a; inf where it is not convex."""
    curve = (value - f - slope * a) / (a * a)
    return -slope / (2 * curve) if curve > 0 else math.inf
