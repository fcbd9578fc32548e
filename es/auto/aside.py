"""Where a quasi-Newton run that has seen no Hessian looks beside its end: it may have come straight to a saddle.

By gradients all directions across those that were told are looked at (`es.gradient.across`). By values a run goes along
a line for as few iterations as come before its Hessian, and one direction across that has to do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.auto.stepwise import Asking
from es.core.arrays import FloatArray
from es.gradient.across import BESIDE, lower_across


def step_aside(run: Any, least: float, soon: bool) -> Asking:
    """A step to a point that may be lower than the end of a run, by `least`; None where there is none.

    `soon` says that it is over before its Hessian.
    """
    way = (run.x - run.origin) / run.scale
    if run.n == 1 or not way.any():
        return None
    if run.gradient:
        point = yield from _lower_across(run, least)
        return None if point is None else point - run.x
    chance = np.random.default_rng(run.n).standard_normal(run.n)
    return BESIDE * run.scale * (chance - (chance @ way) / (way @ way) * way) if soon else None


def _lower_across(run: Any, least: float) -> Asking:
    def look(point: FloatArray) -> Asking:
        told = yield from run.told_slopes(point[None])
        return (math.inf, point) if told is None else (float(told[0, 0]), told[0, 1:])

    bounds = run.lb, run.ub
    return (yield from lower_across(run.x, run.f, run.x_slope, run.slopes_told, run.scale, bounds, least, look))
