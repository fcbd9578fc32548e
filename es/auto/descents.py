"""Quasi-Newton runs of `auto`: which kind fits the number of variables, and where restarts begin."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.auto.limited import LimitedLoop
from es.auto.quasi_newton import NewtonLoop
from es.core.arrays import FloatArray

Descent = NewtonLoop | LimitedLoop

MATRIX_UP_TO = 1000  # variables: beyond, runs need gradients and have a limited memory
POOL = 10  # random points of which the best is where a restart begins
MARGIN = 0.1  # of the width of the bounds that is left out at each side


def descent(
    x: FloatArray, f: float, scale: FloatArray, lb: FloatArray, ub: FloatArray, *, f_start: float, **more: Any
) -> Descent:
    """A run from x; `more` is for `NewtonLoop`."""
    if len(x) > MATRIX_UP_TO:
        return LimitedLoop(x, f, scale, lb, ub, f_start=f_start)
    return NewtonLoop(x, f, scale, lb, ub, f_start=f_start, **more)


def restart_points(
    seed: int, restart: int, start: FloatArray, best: FloatArray, scale: FloatArray, lb: FloatArray, ub: FloatArray
) -> FloatArray:
    """Random points, shape (10, n): in the inner part of finite bounds, around the start where sides are open.

    There they reach as far as the best point is from the start, and further from restart to restart.
    """
    width = ub - lb
    finite = np.isfinite(width)
    inner = MARGIN * np.where(finite, width, 0.0)
    reach = max(3.0, float(np.max(np.abs(best - start) / scale))) * 2 ** (restart % 8 / 4)
    low = np.where(finite, lb + inner, np.maximum(start - reach * scale, lb))
    high = np.where(finite, ub - inner, np.minimum(start + reach * scale, ub))
    return np.random.default_rng(seed).uniform(low, high, (POOL, len(low)))
