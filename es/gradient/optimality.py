"""Whether a point is an optimum to first order: the conditions of Karush, Kuhn and Tucker.

Nocedal and Wright 2006, Numerical Optimization, theorem 12.1: at a solution the gradient of f is balanced by the
gradients of the constraints that hold with equality, each with a multiplier that is >= 0 where it is an inequality.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from problems.boxes import Box
from problems.constraints import EQUALITY, Constraints, listed

# What a step of the initial scale may promise at an optimum, as a part of the range of f; and where a solver stands
# still, with gradients that may be differences.
BALANCED, STANDING = 3e-7, 1e-5
EPS = float(np.finfo(float).eps)
GAIN = 1e-6  # of |f|: the most that a step in a bowl as wide as the range of f may still gain where a solver stands


def is_stationary(
    x: FloatArray,
    g: FloatArray,
    box: Box | None,
    constraints: Any,
    scale: FloatArray,
    f: float,
    span: float,
    part: float = BALANCED,
) -> bool:
    """Whether no step of the size of `scale` promises more than `part` of `span`, the range that f has had.

    The step sizes, those at the start, make all units alike. Constraints come in the forms of SciPy; where x violates
    one by more than `problems.constraints.EQUALITY` times its slope, 1 at least, the answer is no. Differences below
    the square root of f and `span`, in units of the machine's precision, are rounding.
    """
    if not (np.isfinite(g).all() and math.isfinite(f) and math.isfinite(span)):
        return False
    left = _balanced(x, g * scale, box, constraints, scale)
    if left is None:
        return False
    rounding = 10 * math.sqrt(EPS * abs(f) * span)
    if part == STANDING:
        rounding += 1e-6 * min(abs(f), 1e3 * span)  # of forward differences, of f and of constraints
        # After a fall by many orders a small part of the range is more than all that is left.
        part = max(BALANCED, min(part, math.sqrt(2 * GAIN * abs(f) / span))) if span > 0 else part
    with np.errstate(over="ignore"):
        return bool(math.sqrt(left @ left) <= part * span + rounding)


def _balanced(
    x: FloatArray, slope: FloatArray, box: Box | None, constraints: Any, scale: FloatArray
) -> FloatArray | None:
    """What multipliers >= 0 leave of the gradient, in units of `scale`; None if x violates a constraint."""
    if box is not None:
        low, high = x <= box.lb + 1e-8 * scale, x >= box.ub - 1e-8 * scale
        if not listed(constraints):  # each bound balances its own coordinate
            return np.where((low & (slope > 0)) | (high & (slope < 0)), 0.0, slope)
    elif not listed(constraints):
        return slope
    from scipy.optimize import nnls

    every = Constraints(constraints, x.size)
    step = 1e-7 * scale
    at = np.vstack([x, x + np.diag(step), x - np.diag(step)])
    values = every(at)
    here, above, below = values[0], values[1 : x.size + 1], values[x.size + 1 :]
    size = np.where(every.equality, np.abs(here), here)
    with np.errstate(over="ignore", invalid="ignore"):  # of constraints at infinity
        slopes = 0.5e7 * (above - below).T  # in units of `scale`
    touch = EQUALITY * np.maximum(1.0, np.linalg.norm(slopes, axis=-1))  # whatever a constraint is measured in
    active = every.equality | (here > -touch)
    if (size > touch).any() or not np.isfinite(slopes[active]).all():
        return None
    # Gradients of what is active as columns of length one, outwards, equalities both ways.
    outwards = [] if box is None else [*-np.eye(x.size)[low], *np.eye(x.size)[high]]
    outwards += [*slopes[active], *-slopes[every.equality]]
    normals = np.array([column / length for column in outwards if (length := np.linalg.norm(column)) > 0]).T
    return slope + normals @ nnls(normals, -slope)[0] if normals.size else slope
