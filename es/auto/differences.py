"""Slopes and second derivatives along the columns of a factor, by differences as long as rounding and noise allow."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from es.auto.noise import inward, line, of_order
from es.auto.stepwise import Asking
from es.core.arrays import FloatArray

EPS = float(np.finfo(float).eps)
FIRST = 5e-7  # length of the first differences, as part of the scale
LONGER = 30.0  # last resort
LONGEST = 1e-3  # of a difference, as part of the width
CENTRAL = ("central", "long")  # modes in which differences are
BESIDE = 1e-5  # of the scale: how far from a minimum its gradient is looked at
SHORT = 1e-6  # of the scale: spacing on which gradients are looked at for noise
NOISY_PART = 0.1  # of the change of slopes; 0.7 of it where all is noise
ROUNDS = 3  # of evaluations at most that differences in vain may take
BOTTOM = 1e4  # roundings: a first rise of so little is the bottom of a minimum, not the edge of a plateau
CONDITION = 1e-6  # eigenvalues of the Hessian are not taken under this part of the largest


def _lengths(run: Any, x: FloatArray, f: float) -> FloatArray:
    """Lengths (n,) of differences along the columns of S.

    With values known to `noise`, 2 sqrt(noise) is best for a forward difference along a direction of curvature 1 (Gill,
    Murray, Saunders and Wright 1983).
    """
    noise = run.noise
    if run.mode == "first":
        # No curvature is known yet. Where noise is, f is taken to change over one scale by what was gained so far.
        t0 = max(FIRST, 2 * math.sqrt(noise / max(run.f_start - f, noise))) if run.measured else FIRST
    else:
        t0 = 2 * math.sqrt(noise)
        if run.mode in CENTRAL:
            t0 = max(t0, (3 * noise) ** (1 / 3) * abs(f) ** (1 / 6))
        if run.mode == "long":
            t0 *= LONGER
    size = np.abs(run.S)
    relative = (size / run.width[:, None]).max(0)
    with np.errstate(over="ignore"):
        t = np.maximum(t0, 4 * EPS * (np.abs(x)[:, None] / np.maximum(size, 1e-300)).min(0))  # x + t s must not be x
    return np.minimum(t, (100 * LONGEST if run.measured else LONGEST) / relative)


def _forward(run: Any, x: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Points (n, n) for forward differences, and their lengths (n,); None where both ways leave the bounds.

    A difference that would leave the bounds goes the other way.
    """
    D = (run.S * t).T
    ahead, back = x + D, x - D
    out = ((ahead < run.lb) | (ahead > run.ub)).any(1)
    if out.any():
        if (out & ((back < run.lb) | (back > run.ub)).any(1)).any():
            return None
        return np.where(out[:, None], back, ahead), np.where(out, -t, t)
    return ahead, t


def _slope_of(rise: FloatArray, t: FloatArray, first: bool) -> FloatArray:
    """A forward difference of length t along a direction of curvature 1 is t slope + t^2 / 2."""
    slope = rise / t
    return slope if first else slope - t / 2


def slopes(run: Any, x: FloatArray, f: float) -> Asking:
    """Slopes of f along the columns of S at x, by forward or central differences; None where values are missing.

    Where a difference leaves the bounds both ways, or they are central, all begin a little inside.
    """
    n, central = run.n, run.mode in CENTRAL
    known = run.foreseen
    run.foreseen = None
    if known is not None and np.array_equal(known.x, x):
        rise = known.values - f
        slope = _slope_of(rise, known.t, first=False)
        run.level = not rise.any()
        return slope if np.isfinite(slope).all() else None
    t = _lengths(run, x, f)
    plan = None if central else _forward(run, x, t)
    if plan is None:
        D = (run.S * t).T
        ahead, back = x + D, x - D
        if ((ahead < run.lb) | (ahead > run.ub)).any():
            reach = np.minimum(np.abs(D).max(0), (run.ub - run.lb) / 2)
            D = np.clip(D, -reach, reach)
            x = np.minimum(np.maximum(x, run.lb + reach), run.ub - reach)
            (f,) = (yield x[None]).tolist()
            ahead, back = x + D, x - D
        plan = ahead, t
    if central:
        both = yield np.concatenate([plan[0], back])
        rise = both[:n] - both[n:]
        slope = rise / (2 * t)
    else:
        rise = (yield plan[0]) - f
        slope = _slope_of(rise, plan[1], run.mode == "first")
    # Central differences vanish at a minimum though the values there do not: only equal values are level.
    run.level = not rise.any() and not (central and (both[:n] != f).any())
    return slope if np.isfinite(slope).all() else None


class Foreseen(NamedTuple):
    """Values for the differences at a point that were asked for along with the value there."""

    x: FloatArray
    t: FloatArray
    values: FloatArray


def with_differences(run: Any, y: FloatArray, f: float) -> Asking:
    """The value at y, where a step leads; along with it the differences there, if that saves a round of evaluations.

    If the step is taken its slopes are known (speculative gradients: Schnabel, Comput. Math. Appl. 1987); if not, the
    differences were in vain: they are asked for only where the first step of the last line search was taken. f is the
    value before the step.
    """
    rounds = -(-run.n // run.at_once)
    saves = run.at_once > 1 and rounds <= ROUNDS and -(-(run.n + 1) // run.at_once) == rounds
    if saves and run.taken and run.mode == "forward" and not run.gradient:
        plan = _forward(run, y, _lengths(run, y, f))
        if plan is not None:
            told = yield np.concatenate([y[None], plan[0]])
            run.foreseen = Foreseen(y, plan[1], told[1:])
            return float(told[0])
    (value,) = (yield y[None]).tolist()
    return value


def at_the_bottom(run: Any) -> Asking:
    """Whether f, level at the run's point, rises around it as from a minimum: by little at first, and on both sides.

    Two values on ever longer lines until they differ. A gradient of zero with values that differ at once is a minimum.
    """
    side = np.where(np.arange(run.n) % 2 == 0, 1.0, -1.0) * np.linspace(1.0, 0.6, run.n)
    for i in range(7):
        d = 10.0 ** (i - 6) * side * run.scale
        ends = np.stack([run.x + d, run.x - d])
        values = yield np.minimum(np.maximum(ends, run.lb), run.ub)
        if not np.isfinite(values).all() or (values < run.f).any():
            return False
        if (values > run.f).any():
            return (i == 0 and run.gradient) or float(values.max()) - run.f <= BOTTOM * EPS * run.size
    return False


def gradient_lies(run: Any, g: FloatArray) -> Asking:
    """Whether a central difference contradicts the gradient g (n,) at the run's point; two evaluations.

    Along a direction with a part of every coordinate; what rounding may have done counts for the gradient.
    """
    t = 1e-4
    side = np.where(np.arange(run.n) % 2 == 0, 1.0, -1.0) * np.linspace(1.0, 0.6, run.n)
    d = t * side * run.scale
    ahead = np.minimum(np.maximum(run.x + d, run.lb), run.ub)
    back = np.minimum(np.maximum(run.x - d, run.lb), run.ub)
    values = yield np.stack([ahead, back])
    if not np.isfinite(values).all():
        return False
    seen, said = float(values[0] - values[1]), float(g @ (ahead - back))
    bend = abs(float(values[0] + values[1]) - 2 * run.f)
    return abs(seen - said) > 0.1 * max(abs(seen), abs(said)) + 0.1 * bend + 16 * run.noise


def gradient_noisy(run: Any) -> Asking:
    """Whether what gradients change by along a short line is noise; five gradients.

    Third differences of slopes on a line so short vanish beside the first ones, but not those of noise (Moré and Wild
    2011).
    """
    points = line(run.x, SHORT * inward(run.x, run.scale, run.lb, run.ub), run.lb, run.ub)[:5]
    told = yield from run.told_slopes(points)
    if told is None:
        return False
    slopes_there = told[:, 1:] @ (points[1] - points[0])
    change = float(np.sqrt(np.mean(np.diff(slopes_there) ** 2)))
    return of_order(slopes_there, 3) > NOISY_PART * change


def gradient_jumps(run: Any, g: FloatArray) -> Asking:
    """Whether the gradient, g (n,) at the run's point, jumps beside it: a kink, not a minimum; four gradients.

    The slope of a smooth function changes by a tenth over a tenth of the way, that of one with a kink by as much.
    """
    d = BESIDE * inward(run.x, run.scale, run.lb, run.ub)
    points = run.x + np.array([[1.0], [0.1], [-1.0], [-0.1]]) * d
    told = yield from run.told_slopes(np.minimum(np.maximum(points, run.lb), run.ub))
    if told is None:
        return False
    change = np.abs(told[:, 1:] @ d - g @ d)
    return bool(((change[1::2] > 0.5 * change[::2]) & (change[1::2] > 4 * run.noise)).any())


def second(run: Any) -> Asking:
    """Second derivatives (n, n) along the columns that S had, None where they cannot be told; sets new S and slopes."""
    if run.gradient:
        found = yield from _of_gradients(run)
    else:
        found = yield from _of_values(run)
    if found is None:
        return None
    B, slope, least = found
    w, V = np.linalg.eigh(B)
    top = float(np.abs(w).max())
    if not top > 0:
        return None
    change = V / np.sqrt(np.maximum(np.abs(w), max(CONDITION * top, least)))
    run.S, run.slope = run.S @ change, change.T @ slope
    run.decrement = float(run.slope @ run.slope)
    return B


def _of_values(run: Any) -> Asking:
    """f(x + u_i + u_j) - f(x + u_i) - f(x + u_j) + f(x) off the diagonal, central differences on it."""
    x, f, S, n, noise = run.x, run.f, run.S, run.n, run.noise
    relative = (np.abs(S) / run.width[:, None]).max()
    t = 3 * min((4 * noise) ** (1 / 3) * max(abs(f), noise) ** (1 / 6), 1e-5 / relative)
    t = max(t, 64 * EPS * np.abs(x).max() / np.abs(S).max())
    D = (S * t).T
    rows, columns = np.triu_indices(n, 1)
    reach = 2 * np.abs(D).max(0)
    if (run.ub - run.lb < 4 * reach).any():
        return None
    if ((x - reach < run.lb) | (x + reach > run.ub)).any():  # begin as far inside as differences need
        x = np.minimum(np.maximum(x, run.lb + reach), run.ub - reach)
        (f,) = (yield x[None]).tolist()
        if not math.isfinite(f):
            return None
        run.x, run.f = x, f
    values = yield np.concatenate([x + D, x - D, x + D[rows] + D[columns]])
    if not np.isfinite(values).all():
        return None
    plus, minus, pairs = values[:n], values[n : 2 * n], values[2 * n :]
    B = np.zeros((n, n))
    B[rows, columns] = pairs - plus[rows] - plus[columns] + f
    B += B.T
    B[np.arange(n), np.arange(n)] = plus - 2 * f + minus
    return B / (t * t), (plus - minus) / (2 * t), 4 * noise / (t * t)


def _of_gradients(run: Any) -> Asking:
    """Differences of gradients along the columns of S."""
    x, S = run.x, run.S
    relative = (np.abs(S) / run.width[:, None]).max(0)
    t = np.minimum(np.sqrt(EPS * max(abs(run.f), 1e-300)) * 30, 1e-5 / relative)
    t = np.maximum(t, 64 * EPS * np.abs(x).max() / np.abs(S).max(0))
    plan = _forward(run, x, t)
    told = None if plan is None else (yield from run.told_slopes(plan[0]))
    if plan is None or told is None:
        return None
    B = ((told[:, 1:] @ S) - run.slope) / plan[1][:, None]
    return (B + B.T) / 2, run.slope, 0.0
