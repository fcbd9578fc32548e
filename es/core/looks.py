"""What each criterion looks at: a test for each, over one run or stacked runs.

A test gets the optimizer (or the books of a run) and the threshold, and says whether the criterion is met and with
which figure, each a number for one run or an array over stacked runs. A doubt says whether a run only looks as if it
had met a criterion. The table that names them is in `es.core.criteria`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from es.core.arrays import FloatArray, difference, square
from es.core.traces import LONGEST
from es.core.watched import Distribution, Spent, Watched

Outcome = tuple[Any, Any]
NOT_YET: Outcome = (False, math.nan)
MOVING = 1e-13  # of a value: best values that change by more are moving still
LITTLE = 1e-3  # of the range of f, or of all that was gained


# Target and budgets --------------------------------------------------------------------------------


def reached(opt: Spent, threshold: Any) -> Outcome:
    """The best value, at or below the target."""
    return opt.f_best <= threshold, opt.f_best


def evaluations(opt: Spent, threshold: Any) -> Outcome:
    """Evaluations, looked at between iterations."""
    return opt.nfev >= threshold, opt.nfev


def iterations(opt: Spent, threshold: Any) -> Outcome:
    """Iterations."""
    return opt.nit >= threshold, opt.nit


def seconds(opt: Spent, threshold: Any) -> Outcome:
    """Seconds since the run began."""
    spent = opt.seconds
    return spent >= threshold, spent


def without_value(opt: Watched, threshold: Any) -> Outcome:
    """Iterations in a row without a finite value."""
    return opt.generations_without_value >= threshold, opt.generations_without_value


# Values of f ---------------------------------------------------------------------------------------


def window(opt: Watched) -> int:
    """Generations that the history of f is looked back: 10 + ceil(30 n / popsize)."""
    return 10 + math.ceil(30 * opt.n / opt.popsize)


def _scale(opt: Watched) -> Any:
    """1, or the spread of f in the first generation where that is smaller: scaling f by 1e-20 stops nothing."""
    spread = opt.traces.first_spread
    if opt.runs is None:
        return spread if 0 < spread < 1 else 1.0
    return np.where((spread > 0) & (spread < 1), spread, 1.0)


def _rounding(top: Any, bottom: Any) -> Any:
    """Whether values lie within fifty roundings of each other: selection among them is by chance."""
    return (np.abs(top) < np.inf) & (difference(top, bottom) <= 50 * np.finfo(float).eps * np.abs(top))


def _still_moving(opt: Watched, threshold: Any, back: int) -> bool:
    """Whether a look at the best values tells already that no run has met `threshold`: it does, mostly."""
    if opt.runs is not None:
        top, bottom = opt.traces.extremes(back)
        with np.errstate(over="ignore", invalid="ignore"):
            return bool((top - bottom > np.maximum(threshold, MOVING * np.abs(top))).all())
    old, new = opt.traces.ends(back)
    return bool(abs(difference(old, new)) >= max(threshold * _scale(opt), MOVING * abs(new)))


def range_of_values(opt: Watched, threshold: Any) -> Outcome:
    """Range of f in the last generation and of the best values before it, in units of min(1, first spread of f)."""
    back = window(opt)
    if opt.nit < back or _still_moving(opt, threshold, back):
        return NOT_YET
    top, bottom = opt.traces.extremes(back)
    last = opt.traces.last
    if opt.runs is None:
        top, bottom = max(top, last[-1]), min(bottom, last[0])
    else:
        top, bottom = np.maximum(top, last[..., -1]), np.minimum(bottom, last[..., 0])
    figure = difference(top, bottom) / _scale(opt)
    return (figure < threshold) | _rounding(top, bottom), figure


def range_of_best(opt: Watched, threshold: Any) -> Outcome:
    """Range of the best values of the last generations, in units of min(1, first spread of f)."""
    return _range_over(opt, threshold, window(opt))


def _range_over(opt: Watched, threshold: Any, back: int) -> Outcome:
    if opt.nit < back or _still_moving(opt, threshold, back):
        return NOT_YET
    top, bottom = opt.traces.extremes(back)
    figure = difference(top, bottom) / _scale(opt)
    return (figure < threshold) | _rounding(top, bottom), figure


def settled(opt: Any, threshold: Any) -> Outcome:
    """Range of the best values, in units of min(1, first spread of f), while every discrete value was tried.

    The window is that of the history, or `patience` where that is longer. Without discrete values it never ends a run.
    """
    patience = getattr(opt, "patience", 0) or 0
    return _range_over(opt, threshold, max(window(opt), patience)) if patience else NOT_YET


def small_improvement(opt: Any, threshold: Any) -> Outcome:
    """Largest improvement that a model expects of its latest points, in units of the spread of f."""
    return opt.expected < threshold, opt.expected


def constant(opt: Any, threshold: Any) -> Any:
    """Whether all values that a model knows are the same."""
    return opt.constant


def flat(opt: Watched, threshold: Any) -> Outcome:
    """Generations in a row, the last ones, in which three quarters of the population had the same value."""
    if opt.popsize < 4 or not opt.traces.ends_flat() or opt.nit < np.min(threshold):
        return NOT_YET
    back = int(min(np.max(threshold), opt.traces.length))
    best = opt.traces.best(back)
    same = (best == opt.traces.quartile(back)) & (best < np.inf)
    count = np.where(same.all(0), back, np.argmin(same[::-1], axis=0))
    return count >= threshold, np.minimum(count, threshold)  # not more: thresholds of others in the stack may be higher


def stagnating(opt: Watched, threshold: Any) -> Outcome:
    """The newest 30 % of the last 20 % of generations are no better than the oldest 30 %, by best and median values.

    They are at least 100 + 100 n^1.5 / popsize generations, as in pycma: the tutorial's 120 + 30 n / popsize ended one
    of 250 runs on a 10-D ellipsoid while its covariance matrix was still being learned; and no less than three times
    what it takes to try all discrete values. The figure is the number of
    generations in units of that length.
    """
    least, between = times_of_stagnation(opt)
    if opt.nit % between or opt.nit < least * np.min(threshold):
        return NOT_YET
    back = int(min(max(0.2 * opt.nit, least), opt.traces.length, 20_000))
    part = max(1, int(0.3 * back))
    worse = np.asarray(opt.nit >= least * threshold) & np.full(opt.batch, True)
    for values in (opt.traces.best(back), opt.traces.median(back)):
        worse &= _median(values[-part:]) >= _median(values[:part])
        if not worse.any():
            return NOT_YET
    return worse, opt.nit / least


def times_of_stagnation(opt: Watched) -> tuple[float, int]:
    """Generations that `stagnating` needs at least, and those between looks."""
    least = max(100 + 100 * opt.n**1.5 / opt.popsize, 3 * (getattr(opt, "patience", 0) or 0))
    return least, max(1, int(least / 20))


def _median(values: FloatArray) -> Any:
    """`np.median` over the first axis, of which half the time goes into looking for NaN."""
    ranked, k = np.sort(values, axis=0), len(values)
    return ranked[k // 2] if k % 2 else 0.5 * (ranked[k // 2 - 1] + ranked[k // 2])


# The distribution ----------------------------------------------------------------------------------


def small_steps(opt: Distribution, threshold: Any) -> Outcome:
    """Largest ratio of a standard deviation to what it was at the start, or to max(1, |mean|) where that is less.

    So steps that began far too long, as between bounds of a million, do not end a run while they are still long.
    """
    figure = opt.once("growth")
    if not (figure < threshold if opt.runs is None else np.any(figure < threshold)):
        return NOT_YET  # the other ratio is not less
    if np.any(opt.scale0 > 1):
        figure = (opt.once("stds") / np.minimum(opt.scale0, np.maximum(1.0, np.abs(opt.mean)))).max(-1)
    return figure < threshold, figure


def large_steps(opt: Distribution, threshold: Any) -> Outcome:
    """Largest ratio of a standard deviation to what it was at the start."""
    figure = opt.once("growth")
    return figure > threshold, figure


def lost_in_coordinates(opt: Distribution, threshold: Any) -> Outcome:
    """Coordinates of the mean that stay as they are, in the precision of points, when `threshold` stds are added."""
    mean = opt.mean
    moved = mean + _with_axes(threshold, 1) * opt.once("stds")
    if opt.dtype != mean.dtype:
        mean, moved = mean.astype(opt.dtype), moved.astype(opt.dtype)
    same = mean == moved
    if not np.count_nonzero(same):
        return NOT_YET
    lost = same.sum(-1)
    return lost > 0, lost


def lost_along_axes(opt: Distribution, threshold: Any) -> Outcome:
    """Principal axes along which the mean stays as it is when `threshold` standard deviations are added."""
    # An axis is lost only where its largest coordinate is, and for the shortest axis that is at least as large as this.
    units = opt.units
    shortest = threshold * (opt.once("stds") / units).max(-1) / (opt.once("axis_ratio_bound") * math.sqrt(opt.n))
    if np.all(shortest > 1e-15 * (np.abs(opt.mean) / units).max(-1)):
        return NOT_YET
    axes = opt.axes()  # (..., n, n): column i is the i-th axis times its standard deviation
    mean = opt.mean[..., None]
    lost = (mean == mean + _with_axes(threshold, 2) * axes).all(-2).sum(-1)
    return lost > 0, lost


def _with_axes(threshold: Any, more: int) -> Any:
    """A threshold per run with as many trailing axes more; one for all runs as it is."""
    return threshold.reshape(threshold.shape + (1,) * more) if isinstance(threshold, np.ndarray) else threshold


def condition(opt: Distribution, threshold: Any) -> Outcome:
    """Condition number of the covariance matrix, with x in `units`."""
    if np.all(square(opt.once("axis_ratio_bound")) <= threshold):
        return NOT_YET
    figure = square(opt.once("axis_ratio"))
    return figure > threshold, figure


# Doubts --------------------------------------------------------------------------------------------


def fine(opt: Watched, threshold: Any = 1e-12) -> Any:
    """Whether values last got better by as little as f can tell apart, or as little as counts as converged."""
    past = opt.traces.best(5 * window(opt))
    best = np.minimum.accumulate(past.reshape(len(past), -1), axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        drops = best[:-1] - best[1:]
    drops = np.where(drops > 0, drops, 0.0)[::-1]
    made = drops.any(0)
    last = drops[np.argmax(drops > 0, axis=0), np.arange(best.shape[1])] if len(drops) else np.zeros(best.shape[1])
    size = np.where(np.isfinite(best[-1]), np.abs(best[-1]), 0.0)
    fine = made & (last <= np.maximum(100 * threshold * _scale(opt), 1e4 * np.finfo(float).eps * size))
    return fine if opt.runs is not None else bool(fine[0])


def resolved(opt: Watched, threshold: Any) -> Any:
    """Equal values that came down to it by small steps: f has no more digits there."""
    return fine(opt)


def coarse(opt: Watched, threshold: Any) -> Any:
    """A plateau: values are equal, but the last step down to them was a large one, or there was none."""
    return np.logical_not(fine(opt, threshold))


def runaway(opt: Watched, threshold: Any) -> Any:
    """A point so far away that f has overflowed on the way there: there is no minimum."""
    return np.abs(opt.x_best).max(-1) > 1e30 * np.maximum(opt.scale0, 1.0).max(-1)


def plateau(opt: Watched, threshold: Any) -> Any:
    """Best values that were all the same of late, though f has more digits."""
    top, bottom = opt.traces.extremes(window(opt))
    return np.logical_and(top == bottom, np.logical_not(fine(opt)))


def falling(opt: Any, threshold: Any) -> Any:
    """Best values that still fall as fast as before: on the way to an optimum the second half brings far less.

    Of f itself: what ranks points under constraints falls while the multipliers are learnt.
    """
    if not opt.ranks_values:
        return False
    best = np.minimum.accumulate(opt.traces.best(5 * window(opt)), axis=0)
    first, middle, last = best[0], best[len(best) // 2], best[-1]
    with np.errstate(invalid="ignore", over="ignore"):
        least = np.maximum(1e-9 * _scale(opt), 1e4 * np.finfo(float).eps * np.abs(last))
        return (middle - last > least) & (middle - last > 0.5 * (first - middle))


def _above(opt: Watched, values: Any) -> Any:
    """How far the lower quartile of values (k, ...) lies above the best of all."""
    return np.sort(values, axis=0)[len(values) // 4] - opt.f_best


def gained(opt: Watched, gain: Any) -> Any:
    """Whether values fell by more than they differ by at the steps of late, and not by rounding.

    Steps that have become small at a minimum differ in f by about what is left to gain there, whatever the power of
    the distance with which f rises; elsewhere by far less.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        least = 1e4 * np.finfo(float).eps * np.abs(opt.f_best)
        return gain > np.maximum(_above(opt, opt.traces.best(window(opt))), least)


def rough(opt: Any, threshold: Any) -> Any:
    """Values of f that differ as much as at far longer steps before, by more than a millionth of the descent: noise."""
    if not opt.ranks_values:
        return False
    past, begin = opt.traces.best(5 * window(opt)), opt.traces.best(LONGEST)[0]
    back = max(10, len(past) // 25)
    if len(past) < 2 * back:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        parts = [_above(opt, past[k - back : k]) for k in range(len(past), back - 1, -back)]
        return parts[0] > np.maximum(0.1 * np.max(parts, axis=0), 1e-6 * np.abs(begin - opt.f_best))


def unshrunk(opt: Distribution, threshold: Any) -> Any:
    """Steps that have not become smaller since the start."""
    return opt.once("growth") > 0.1


def elsewhere(opt: Any, threshold: Any) -> Any:
    """A best value far below all of late, at a point a hundred standard deviations from where the search is."""
    if not opt.ranks_values:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        far = (np.abs(opt.x_best - opt.once("x_mean")) > 100 * opt.once("stds")).any(-1)
        return far & (lately(opt) - opt.f_best > least_difference(opt))


def lately(opt: Watched) -> Any:
    """The best value of late."""
    return opt.traces.extremes(window(opt))[1]


def least_difference(opt: Watched) -> Any:
    """By how much values differ at least that differ by more than what convergence leaves."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.maximum(1e-10 * _scale(opt), 1e4 * np.finfo(float).eps * np.abs(opt.f_best))


def _unbounded(opt: Any, way: Any) -> Any:
    """How long a way (..., n) is in each coordinate, 0 where it leads towards a bound."""
    return np.abs(way) if opt.box is None else np.abs(way) * np.isinf(np.where(way > 0, opt.box.ub, opt.box.lb))


def endless(opt: Any, threshold: Any) -> Any:
    """Steps that are still long after a long way, along all axes: f tends to a limit at infinity.

    The way is twenty times sigma0, and steps half a percent of it. On the way to a minimum they become far smaller,
    along one axis at least where f does not depend on some variables. Whole numbers keep steps long in any case.
    """
    if np.size(getattr(opt, "whole", ())) or getattr(opt, "discrete", 0):
        return False
    way = _unbounded(opt, opt.once("x_mean") - opt.x_start)
    out = ((way > 20 * opt.scale0) & (opt.once("stds") > way / 200)).any(-1)
    if not np.any(out):
        return False
    return out & (opt.once("growth") > 1e-3 * opt.once("axis_ratio"))


def fading(opt: Any, threshold: Any) -> Any:
    """Equal values that came down to it by small steps, on a way without an end."""
    return np.logical_and(resolved(opt, threshold), endless(opt, threshold))


def drifting(opt: Any, threshold: Any) -> Any:
    """A distribution whose mean still moves in one direction; see `es.strategies.cem`."""
    return getattr(opt, "drifting", False)


# Gradients -----------------------------------------------------------------------------------------


def without_gradient(opt: Watched, threshold: Any) -> Outcome:
    """Iterations in a row in which a gradient was not finite."""
    return opt.generations_without_gradient >= threshold, opt.generations_without_gradient


def steep(opt: Any, threshold: Any) -> Any:
    """No gradient has been as small as a millionth of the largest one, and 1e-5 of the mean slope of the descent."""
    return np.logical_not(opt.gentlest <= np.minimum(1e-6 * opt.steepest, 1e-5 * opt.mean_slope))


def higher(opt: Any, threshold: Any) -> Any:
    """A point that is higher than the best one by more than a little of the range of f, as beyond a cliff."""
    past = opt.traces.best(LONGEST)
    top = np.where(np.isfinite(past), past, -np.inf).max(0)
    return opt.traces.last[..., 0] - opt.f_best > LITTLE * (top - opt.f_best)


def unmoved(opt: Any, threshold: Any) -> Any:
    """A gradient that was small from the start, as at a maximum or saddle; or nearly, and fell little on a long way."""
    small = np.minimum(threshold, 1e-10)
    way = (np.abs(opt.mean - opt.x_start) > 1e-3 * opt.scale0).any(-1)
    return (opt.steepest < small) | (opt.steepest < 10 * small) & way


def gone(opt: Any, threshold: Any) -> Any:
    """A way of 1e9 lengths of the start: f has no digits left there, so that no step brings anything."""
    unit = np.maximum(opt.scale0, np.abs(opt.x_start))
    return (np.abs(opt.mean - opt.x_start) > 1e9 * unit).any(-1)


def outbound(opt: Any, threshold: Any) -> Any:
    """A gradient that became ten times smaller on as long a way as the ten times before: f tends to a limit far away.

    Towards a minimum the ways become shorter, by 10 where the Hessian is regular, by 2 where f is of fourth order. A
    gradient that fell through both levels at once, as at the edge of a plateau, says nothing.
    """
    last, before = _unbounded(opt, opt.mean - opt.at_ten).max(-1), np.abs(opt.at_ten - opt.at_hundred).max(-1)
    least = 0.02 * np.maximum(np.abs(opt.mean - opt.x_start).max(-1), opt.scale0.max(-1))
    return (before > 0) & (last > 0.5 * before) & (last > least)


def small_gradient(opt: Any, threshold: Any) -> Outcome:
    """Largest entry of the gradient, without the part that points out of the bounds."""
    return opt.slope < threshold, opt.slope


def worn_rate(opt: Any, threshold: Any) -> Outcome:
    """What is left of the learning rate after the halvings."""
    return opt.rate < threshold, opt.rate
