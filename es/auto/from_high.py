"""Descents that come down from where f is many orders of magnitude higher than anywhere near its minima.

Rosenbrock's function is 1e18 at (1e4, 1e4) and 1e4 in the valley below it, atoms that overlap have 1e21 times the
energy of those apart. As f falls its curvature does, and the factor of a descent learns that along its steps only: in
other directions its steps and differences stay far too short, so that nothing seems to be left to gain. And what is
rounding beside all that was gained is much in the valley.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.auto.stepwise import Asking
from es.core.arrays import FloatArray
from es.gradient.ends import is_high

EPS = float(np.finfo(float).eps)
HIGH = 1e12  # gained on the way from a start: RANGE of it is more than what an optimum may leave
RANGE = 1e-20  # of all that was gained: less means nothing at the end, however small f itself is
NOTHING = 1e-18  # of all that was gained: what is left of f there, or
SUDDEN = 1e-6  # of what the last step gained: what the next one does
STILL = 1e-6, 1e-12  # parts of x and of the way there: a step is short
PROOF = 1e6  # roundings that f changes by where the factor is judged
SEEN = 30.0  # roundings that a bend of f is more than
LONGER = 100.0  # times as far f is looked at where it does not bend
ANEW = 5  # times that a factor is judged so


def from_high(f_start: float, f: float) -> bool:
    """Whether a run has come down from so high up that f had other curvatures there, and other roundings."""
    return is_high(f_start, f, HIGH)


def is_short(step: FloatArray, x: FloatArray, origin: FloatArray) -> bool:
    """Whether a step from x is short beside x, and beside the way there."""
    part, of_way = STILL
    return bool((np.abs(step) <= part * np.abs(x) + of_way * np.abs(x - origin)).all())


def negligible(run: Any) -> float:
    """What is little beside all that a run has gained; after a start from high up that means nothing at the end only.

    The end is where steps are short, and hardly anything is left of f or steps gain of a sudden far less.
    """
    gained: float = run.f_start - run.f
    if gained > HIGH:
        sudden = abs(run.f) <= NOTHING * gained or run.decrement <= SUDDEN * run.last_drop
        return RANGE * gained if run.still and sudden and gained < math.inf else 0.0
    return max(0.0, RANGE * gained)


def seen_anew(run: Any) -> Asking:
    """Slopes and curvatures by central differences along the axes of the factor; True where there is more to gain."""
    rounding = max(4 * EPS * abs(run.f), 1e-300)
    run.high = run.high or from_high(run.f_start, run.f)
    if not run.high or run.measured or run.anew >= ANEW or not run.f_anew - run.f > SEEN * rounding:
        return False
    turns = np.linalg.svd(run.S / run.scale[:, None])[2].T
    axes = run.S @ turns  # f should have curvature 1 along each
    slope, curvature = np.zeros(run.n) if run.slope is None else run.slope @ turns, np.ones(run.n)
    in_x = PROOF * EPS * (np.abs(run.x)[:, None] / np.maximum(np.abs(axes), 1e-300)).min(0)
    room = 0.5 / (np.abs(axes) / run.width[:, None]).max(0)
    t = np.minimum(np.maximum(math.sqrt(2 * PROOF * rounding), in_x), room)
    unseen = np.arange(run.n)
    while unseen.size:
        steps, length = (axes * t).T[unseen], t[unseen]
        ahead, back = (yield from _rises(run, np.concatenate([run.x + steps, run.x - steps]))).reshape(2, -1)
        known = np.isfinite(ahead) & np.isfinite(back)
        ahead, back = np.where(known, ahead, 0.0), np.where(known, back, 0.0)
        bend = np.maximum(ahead + back, SEEN * rounding)
        slope[unseen] = np.where(known, (ahead - back) / (2 * length), slope[unseen])
        curvature[unseen] = np.where(known, bend / length**2, curvature[unseen])
        # Where no more than rounding is seen, f may bend further on.
        unseen = unseen[known & (bend <= SEEN * rounding) & (LONGER * length < room[unseen])]
        t[unseen] *= LONGER
    longer = 1 / np.sqrt(np.minimum(curvature, 1.0))
    slope *= longer
    run.still, run.decrement = is_short(axes @ (longer * slope), run.x, run.origin), float(slope @ slope)
    if run.decrement <= 4 * run.noise:
        return False
    run.anew, run.f_anew, run.level = run.anew + 1, run.f, False
    run.S, run.slope = axes * longer @ turns.T, turns @ slope
    return True


def _rises(run: Any, points: FloatArray) -> Asking:
    """How much higher f is at points (k, n) than at x, (k,); infinite where it is not finite, or out of bounds."""
    rises, within = np.full(len(points), np.inf), ((points >= run.lb) & (points <= run.ub)).all(1)
    if within.any():
        told = yield points[within]
        rises[within] = np.where(np.isfinite(told), told, np.inf) - run.f
    return rises
