"""The criteria that can end a run: a row of a table each, and the test that it names.

What they mean for a result, and how they are looked at, is in `es.core.stopping`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray, difference
from es.core.traces import Traces

Outcome = tuple[Any, Any]
NOT_YET: Outcome = (False, math.nan)


class Spent(Protocol):
    """What limits look at: the optimizer, or the books of a run of the driver."""

    nit: int

    @property
    def nfev(self) -> Any:
        """Evaluations."""

    @property
    def f_best(self) -> Any:
        """Least value so far."""

    @property
    def seconds(self) -> float:
        """Since the run began."""


class Watched(Spent, Protocol):
    """What criteria look at: an optimizer of one run or of stacked runs; see `es.core.optimizer.Optimizer`."""

    n: int
    runs: int | None
    popsize: int
    active: npt.NDArray[np.intp]
    mean: FloatArray
    scale0: FloatArray
    dtype: Any
    traces: Traces
    generations_without_value: Any
    generations_without_gradient: Any
    criteria: ClassVar[tuple[str, ...]]
    evaluations_per_variable: ClassVar[float | None]

    @property
    def batch(self) -> tuple[int, ...]:
        """() for one run, (active runs,) for stacked ones."""

    @property
    def rare_interval(self) -> int:
        """Iterations between looks at what needs a decomposition."""


class Distribution(Watched, Protocol):
    """An optimizer that samples; see `es.parts.strategy.Strategy`."""

    @property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate."""

    @property
    def units(self) -> FloatArray:
        """What each coordinate is measured in."""

    @property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis, in `units`."""

    def axes(self) -> FloatArray:
        """Principal axes in `units` as columns, each times its standard deviation, in the caller's x."""


class Steps:
    """What several tests need of a distribution, made when the first of them asks and once for all of a look."""

    def __init__(self, opt: Distribution) -> None:
        self._opt = opt

    @cached_property
    def stds(self) -> FloatArray:
        """Standard deviation of each coordinate."""
        return self._opt.stds

    @cached_property
    def growth(self) -> Any:
        """Largest ratio of a standard deviation to what it was at the start, per run."""
        return (self.stds / self._opt.scale0).max(-1)

    @cached_property
    def axis_ratio(self) -> Any:
        """Ratio of the longest to the shortest principal axis in `units`, per run."""
        return self._opt.axis_ratio


@dataclass(frozen=True)
class Criterion:
    """A row of the table.

    Attributes
    ----------
    name : str
    default : float or None
        Threshold unless the caller gives one; None: off.
    means : str
        A key of `es.core.stopping.MEANINGS`.
    says : str
        What the message of the result says.
    test : callable or None
        `test(opt, threshold) -> (met, figure)`, each a number for one run or an array over stacked runs; with
        `of_steps` it gets `Steps(opt)` as well. None: others tell of it.
    look : {"always", "often", "rarely"}
        In every iteration, every few, or as rarely as the covariance matrix changes.
    of_steps : bool
        Whether the test looks at the distribution.
    doubts : tuple of (callable, str)
        `doubt(opt, threshold) -> bool or array`: whether the run only looks as if it had met the criterion, and the
        name of the row that says what it has met instead.
    """

    name: str
    default: float | None
    means: str
    says: str
    test: Callable[..., Outcome] | None = None
    look: str = "often"
    of_steps: bool = False
    doubts: tuple[tuple[Callable[[Any, Any], Any], str], ...] = ()


# Target and budgets --------------------------------------------------------------------------------


def _reached(opt: Spent, threshold: Any) -> Outcome:
    """The best value, at or below the target."""
    return opt.f_best <= threshold, opt.f_best


def _evaluations(opt: Spent, threshold: Any) -> Outcome:
    """Evaluations, looked at between iterations."""
    return opt.nfev >= threshold, opt.nfev


def _iterations(opt: Spent, threshold: Any) -> Outcome:
    """Iterations."""
    return opt.nit >= threshold, opt.nit


def _seconds(opt: Spent, threshold: Any) -> Outcome:
    """Seconds since the run began."""
    seconds = opt.seconds
    return seconds >= threshold, seconds


def _without_value(opt: Watched, threshold: Any) -> Outcome:
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
    """Whether the ends of the window tell already that a single run has not met `threshold`: most do."""
    if opt.runs is not None:
        return False
    old, new = opt.traces.best(back)[[0, -1]].tolist()
    return bool(abs(difference(old, new)) >= max(threshold * _scale(opt), 1e-13 * abs(new)))


def _range(opt: Watched, threshold: Any) -> Outcome:
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


def _range_of_best(opt: Watched, threshold: Any) -> Outcome:
    """Range of the best values of the last generations, in units of min(1, first spread of f)."""
    back = window(opt)
    if opt.nit < back or _still_moving(opt, threshold, back):
        return NOT_YET
    top, bottom = opt.traces.extremes(back)
    figure = difference(top, bottom) / _scale(opt)
    return (figure < threshold) | _rounding(top, bottom), figure


def _flat(opt: Watched, threshold: Any) -> Outcome:
    """Generations in a row, the last ones, in which three quarters of the population had the same value."""
    if opt.popsize < 4 or not opt.traces.ends_flat() or opt.nit < np.min(threshold):
        return NOT_YET
    back = int(min(np.max(threshold), opt.traces.length))
    best = opt.traces.best(back)
    flat = (best == opt.traces.quartile(back)) & (best < np.inf)
    count = np.where(flat.all(0), back, np.argmin(flat[::-1], axis=0))
    return count >= threshold, np.minimum(count, threshold)  # not more: thresholds of others in the stack may be higher


def _stagnating(opt: Watched, threshold: Any) -> Outcome:
    """The newest 30 % of the last 20 % of generations are no better than the oldest 30 %, by best and median values.

    They are at least 100 + 100 n^1.5 / popsize generations, as in pycma: the tutorial's 120 + 30 n / popsize ended one
    of 250 runs on a 10-D ellipsoid while its covariance matrix was still being learned. The figure is the number of
    generations in units of that length.
    """
    least = 100 + 100 * opt.n**1.5 / opt.popsize
    if opt.nit % max(1, int(least / 20)) or opt.nit < least * np.min(threshold):
        return NOT_YET
    back = int(min(max(0.2 * opt.nit, least), opt.traces.length, 20_000))
    part = max(1, int(0.3 * back))
    worse = np.asarray(opt.nit >= least * threshold) & np.full(opt.batch, True)
    for values in (opt.traces.best(back), opt.traces.median(back)):
        worse &= _median(values[-part:]) >= _median(values[:part])
        if not worse.any():
            return NOT_YET
    return worse, opt.nit / least


def _median(values: FloatArray) -> Any:
    """`np.median` over the first axis, of which half the time goes into looking for NaN."""
    ranked, k = np.sort(values, axis=0), len(values)
    return ranked[k // 2] if k % 2 else 0.5 * (ranked[k // 2 - 1] + ranked[k // 2])


# The distribution ----------------------------------------------------------------------------------


def _small_steps(opt: Distribution, threshold: Any, steps: Steps) -> Outcome:
    """Largest ratio of a standard deviation to what it was at the start, or to max(1, |mean|) where that is less.

    So steps that began far too long, as between bounds of a million, do not end a run while they are still long.
    """
    figure = steps.growth
    if np.any(opt.scale0 > 1):
        figure = (steps.stds / np.minimum(opt.scale0, np.maximum(1.0, np.abs(opt.mean)))).max(-1)
    return figure < threshold, figure


def _large_steps(opt: Distribution, threshold: Any, steps: Steps) -> Outcome:
    """Largest ratio of a standard deviation to what it was at the start."""
    return steps.growth > threshold, steps.growth


def _lost_in_coordinates(opt: Distribution, threshold: Any, steps: Steps) -> Outcome:
    """Coordinates of the mean that stay as they are, in the precision of points, when `threshold` stds are added."""
    factor = threshold[..., None] if np.ndim(threshold) else threshold
    mean = opt.mean
    moved = mean + factor * steps.stds
    if opt.dtype != mean.dtype:
        mean, moved = mean.astype(opt.dtype), moved.astype(opt.dtype)
    same = mean == moved
    if not same.any():
        return NOT_YET
    lost = same.sum(-1)
    return lost > 0, lost


def _lost_along_axes(opt: Distribution, threshold: Any, steps: Steps) -> Outcome:
    """Principal axes along which the mean stays as it is when `threshold` standard deviations are added."""
    # An axis is lost only where its largest coordinate is, and for the shortest axis that is at least as large as this.
    units = opt.units
    shortest = threshold * (steps.stds / units).max(-1) / (steps.axis_ratio * math.sqrt(opt.n))
    if np.all(shortest > 1e-15 * (np.abs(opt.mean) / units).max(-1)):
        return NOT_YET
    axes = opt.axes()  # (..., n, n): column i is the i-th axis times its standard deviation
    factor = threshold[..., None, None] if np.ndim(threshold) else threshold
    mean = opt.mean[..., None]
    lost = (mean == mean + factor * axes).all(-2).sum(-1)
    return lost > 0, lost


def _condition(opt: Distribution, threshold: Any, steps: Steps) -> Outcome:
    """Condition number of the covariance matrix, with x in `units`."""
    figure = steps.axis_ratio**2
    return figure > threshold, figure


# Doubts --------------------------------------------------------------------------------------------


def _fine(opt: Watched, threshold: Any = 1e-12) -> Any:
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


def _resolved(opt: Watched, threshold: Any) -> Any:
    """Equal values that came down to it by small steps: f has no more digits there."""
    return _fine(opt)


def _coarse(opt: Watched, threshold: Any) -> Any:
    """A plateau: values are equal, but the last step down to them was a large one, or there was none."""
    return np.logical_not(_fine(opt, threshold))


def _plateau(opt: Watched, threshold: Any) -> Any:
    """Best values that were all the same of late, though f has more digits."""
    top, bottom = opt.traces.extremes(window(opt))
    return np.logical_and(top == bottom, np.logical_not(_fine(opt)))


def _unshrunk(opt: Distribution, threshold: Any) -> Any:
    """Steps that have not become smaller since the start."""
    return (opt.stds / opt.scale0).max(-1) > 0.1


def _drifting(opt: Any, threshold: Any) -> Any:
    """A distribution whose mean still moves in one direction; see `es.strategies.cem`."""
    return getattr(opt, "drifting", False)


# Gradients -----------------------------------------------------------------------------------------


def _without_gradient(opt: Watched, threshold: Any) -> Outcome:
    """Iterations in a row in which a gradient was not finite."""
    return opt.generations_without_gradient >= threshold, opt.generations_without_gradient


def _steep(opt: Any, threshold: Any) -> Any:
    """No gradient has been as small as a millionth of the largest one."""
    return np.logical_not(opt.gentlest <= 1e-6 * opt.steepest)


def _small_gradient(opt: Any, threshold: Any) -> Outcome:
    """Largest entry of the gradient, without the part that points out of the bounds."""
    return opt.slope < threshold, opt.slope


def _worn_rate(opt: Any, threshold: Any) -> Outcome:
    """What is left of the learning rate after the halvings."""
    return opt.rate < threshold, opt.rate


DRIFT = ((_drifting, "drift"), (_plateau, "tolflatfitness"))
VALUES = ((_drifting, "drift"), (_coarse, "tolflatfitness"))
STEPS = ((_unshrunk, "smallsteps"), *DRIFT)

ROWS = (
    Criterion("ftarget", None, "target", "the target was reached", _reached, "always"),
    Criterion("maxfevals", None, "budget", "the budget of evaluations is spent", _evaluations, "always"),
    Criterion("maxiter", None, "budget", "the budget of iterations is spent", _iterations, "always"),
    Criterion("maxtime", None, "budget", "the time is spent", _seconds, "always"),
    Criterion("lowest", -math.inf, "target", "the value is -inf, below which there is none", _reached, "always"),
    Criterion("nofinite", 30, "failed", "the objective gave no finite value", _without_value, "always"),
    Criterion("nogradient", 30, "failed", "the objective gave no finite gradient", _without_gradient, "always"),
    Criterion("tolfun", 1e-12, "converged", "values of f no longer differ", _range, doubts=VALUES),
    Criterion("tolfunhist", 1e-12, "converged", "the best value no longer changes", _range_of_best, doubts=VALUES),
    Criterion(
        "tolflatfitness", 10, "failed", "the function is flat where it was sampled", _flat,
        doubts=((_resolved, "resolution"),),
    ),
    Criterion("resolution", None, "converged", "values of f differ by no more than its precision"),
    Criterion("stagnation", 1.0, "failed", "neither best nor median values get better", _stagnating),
    Criterion("volumestagnation", 1.0, "converged", "the hypervolume no longer grows", _stagnating),
    Criterion("tolx", 1e-12, "converged", "the steps are small", _small_steps, of_steps=True, doubts=DRIFT),
    Criterion(
        "tolfacupx", 1e4, "failed", "the steps grew: sigma0 was much too small, or the function has no minimum",
        _large_steps, of_steps=True,
    ),
    Criterion(
        "noeffectcoord", 0.2, "converged", "a step in a coordinate is lost in rounding",
        _lost_in_coordinates, of_steps=True, doubts=STEPS,
    ),
    Criterion(
        "noeffectaxis", 0.1, "converged", "a step along a principal axis is lost in rounding",
        _lost_along_axes, "rarely", of_steps=True, doubts=STEPS,
    ),
    Criterion(
        "conditioncov", 1e14, "failed",
        "the condition number of the covariance matrix is at the limit of double precision", _condition, "rarely",
        of_steps=True,
    ),
    Criterion("smallsteps", None, "failed", "steps were lost in rounding from the start: sigma0 is too small for x0"),
    Criterion("drift", None, "failed", "the steps shrank while the mean still moved: sigma0 does not hold the optimum"),
    Criterion("tolgrad", 1e-10, "converged", "the gradient is small", _small_gradient),
    Criterion(
        "tolrate", 1e-4, "converged", "smaller steps bring nothing more", _worn_rate, doubts=((_steep, "steep"),)
    ),
    Criterion("steep", None, "failed", "smaller steps bring nothing more, and the gradient is not small"),
    Criterion("tolfeasible", None, "converged", "the best feasible value no longer changes"),
    Criterion("converged", None, "converged", "the solver has converged"),
    Criterion("solver", None, "failed", "the solver has ended without convergence"),
    Criterion("coupled", None, "failed", "the function is no sum over its coordinates"),
    Criterion("restarts", None, "neutral", "so many restarts were made"),
    Criterion("callback", None, "stopped", "the callback raised StopIteration"),
)  # fmt: skip
CRITERIA: dict[str, Criterion] = {row.name: row for row in ROWS}

LIMITS = ("ftarget", "maxfevals", "maxiter", "maxtime")
COMMON = (*LIMITS, "lowest", "nofinite", "nogradient")
DISTRIBUTION = (*COMMON, "tolfun", "tolfunhist", "tolflatfitness", "stagnation", "tolx", "tolfacupx", "noeffectcoord")
COVARIANCE = (*DISTRIBUTION, "noeffectaxis", "conditioncov")
