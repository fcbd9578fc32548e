"""When to stop: each criterion a small function with a name, a default threshold and a figure.

A criterion is called with the optimizer and its threshold and returns (met, figure), each a number for one run or an
array over stacked runs. Thresholds that compare values of f or lengths in x are relative wherever an absolute one would
mislead for functions of a small or large scale. Sources: Hansen, The CMA Evolution Strategy: A Tutorial
(arXiv:1604.00772), appendix B.3, and Auger & Hansen (CEC 2005).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import difference

if TYPE_CHECKING:
    from es.core.optimizer import Optimizer

Outcome = tuple[Any, Any]
NOT_YET: Outcome = (False, math.nan)


@dataclass(frozen=True)
class Criterion:
    """A named test, `test(opt, threshold) -> (met, figure)`; one that is not cheap is made every few iterations."""

    name: str
    default: float | Callable[[Any], float] | None
    test: Callable[[Any, Any], Outcome]
    says: str
    cheap: bool
    good: bool


CRITERIA: dict[str, Criterion] = {}


def criterion(
    name: str, default: float | Callable[[Any], float] | None, says: str, *, cheap: bool = False, good: bool = True
) -> Callable[[Callable[[Any, Any], Outcome]], Callable[[Any, Any], Outcome]]:
    """Register a test under a name.

    Parameters
    ----------
    name : str
    default : float, callable or None
        Threshold unless the caller gives one; a callable gets the optimizer; None: off.
    says : str
        What the message of the result says.
    cheap : bool
        Whether it is made in every iteration.
    good : bool
        Whether a run that ends so has come to an end of its own (`success`), other than by a budget or a failure.
    """

    def keep(test: Callable[[Any, Any], Outcome]) -> Callable[[Any, Any], Outcome]:
        CRITERIA[name] = Criterion(name, default, test, says, cheap, good)
        return test

    return keep


# Target, budget, failure ---------------------------------------------------------------------------


@criterion("ftarget", None, "the target value was reached", cheap=True)
def ftarget(opt: Optimizer, threshold: Any) -> Outcome:
    """Best value at or below the target."""
    return opt.f_best <= threshold, opt.f_best


@criterion("maxfevals", None, "the budget of evaluations is spent", cheap=True, good=False)
def maxfevals(opt: Optimizer, threshold: Any) -> Outcome:
    """Evaluations, looked at between iterations."""
    return opt.nfev >= threshold, opt.nfev


@criterion("maxiter", None, "the budget of iterations is spent", cheap=True, good=False)
def maxiter(opt: Optimizer, threshold: Any) -> Outcome:
    """Iterations."""
    return opt.nit >= threshold, opt.nit


@criterion("maxtime", None, "the time is spent", cheap=True, good=False)
def maxtime(opt: Optimizer, threshold: Any) -> Outcome:
    """Seconds since the optimizer was made."""
    seconds = opt.seconds
    return seconds >= threshold, seconds


@criterion("nofinite", 30, "the objective gave no finite value", cheap=True, good=False)
def nofinite(opt: Optimizer, threshold: Any) -> Outcome:
    """Iterations in a row without a finite value."""
    return opt.barren >= threshold, opt.barren


COMMON = ("ftarget", "maxfevals", "maxiter", "maxtime", "nofinite")


# Values of f ---------------------------------------------------------------------------------------


def window(opt: Optimizer) -> int:
    """Generations that the history of f is looked back: 10 + ceil(30 n / popsize)."""
    return 10 + math.ceil(30 * opt.n / opt.popsize)


def _scale(opt: Optimizer) -> Any:
    """1, or the spread of f in the first generation where that is smaller: scaling f by 1e-20 stops nothing."""
    spread = opt.traces.first_spread
    return np.where((spread > 0) & (spread < 1), spread, 1.0)


@criterion("tolfun", 1e-12, "values of f no longer differ")
def tolfun(opt: Optimizer, threshold: Any) -> Outcome:
    """Range of f in the last generation and of the best values before it, in units of min(1, first spread of f)."""
    back = window(opt)
    if opt.nit < back:
        return NOT_YET
    best, last = opt.traces.best(back), opt.traces.last
    top, bottom = np.maximum(best.max(0), last[..., -1]), np.minimum(best.min(0), last[..., 0])
    figure = difference(top, bottom) / _scale(opt)
    return figure < threshold, figure


@criterion("tolfunhist", 1e-12, "the best value no longer changes")
def tolfunhist(opt: Optimizer, threshold: Any) -> Outcome:
    """Range of the best values of the last generations, in units of min(1, first spread of f)."""
    back = window(opt)
    if opt.nit < back:
        return NOT_YET
    best = opt.traces.best(back)
    figure = difference(best.max(0), best.min(0)) / _scale(opt)
    return figure < threshold, figure


@criterion("tolflatfitness", 10, "the function is flat where it was sampled")
def tolflatfitness(opt: Optimizer, threshold: Any) -> Outcome:
    """Generations in a row, the last ones, in which three quarters of the population had the same value."""
    back = int(min(np.max(threshold), opt.traces.length))
    if opt.nit < np.min(threshold) or opt.popsize < 4:
        return NOT_YET
    best = opt.traces.best(back)
    flat = (best == opt.traces.quartile(back)) & (best < np.inf)
    count = np.where(flat.all(0), back, np.argmin(flat[::-1], axis=0))
    return count >= threshold, np.minimum(count, threshold)  # not more: thresholds of others in the stack may be higher


@criterion("stagnation", 1.0, "neither best nor median values get better")
def stagnation(opt: Optimizer, threshold: Any) -> Outcome:
    """The newest 30 % of the last 20 % of generations are no better than the oldest 30 %, by best and median values.

    They are at least 100 + 100 n^1.5 / popsize generations, as in pycma: the tutorial's 120 + 30 n / popsize ended one
    of 250 runs on a 10-D ellipsoid while its covariance matrix was still being learned. The figure is the number of
    generations in units of that length.
    """
    least = 100 + 100 * opt.n**1.5 / opt.popsize
    if opt.nit < least * np.min(threshold) or opt.nit % max(1, int(least / 20)):
        return NOT_YET
    back = int(min(max(0.2 * opt.nit, least), opt.traces.length, 20_000))
    part = max(1, int(0.3 * back))
    worse = np.asarray(opt.nit >= least * threshold) & np.full(opt.batch, True)
    for values in (opt.traces.best(back), opt.traces.median(back)):
        worse &= np.median(values[-part:], axis=0) >= np.median(values[:part], axis=0)
    return worse, opt.nit / least


# The distribution ----------------------------------------------------------------------------------


@criterion("tolx", 1e-12, "the steps are small")
def tolx(opt: Any, threshold: Any) -> Outcome:
    """Largest ratio of a standard deviation to what it was at the start."""
    figure = (opt.stds / opt.scale0).max(-1)
    return figure < threshold, figure


@criterion("tolfacupx", 1e4, "the steps grew: sigma0 was much too small, or the function has no minimum", good=False)
def tolfacupx(opt: Any, threshold: Any) -> Outcome:
    """Largest ratio of a standard deviation to what it was at the start."""
    figure = (opt.stds / opt.scale0).max(-1)
    return figure > threshold, figure


@criterion("noeffectcoord", 0.2, "a step in a coordinate is lost in rounding")
def noeffectcoord(opt: Any, threshold: Any) -> Outcome:
    """Coordinates of the mean that stay as they are, in the precision of points, when `threshold` stds are added."""
    factor = threshold[..., None] if np.ndim(threshold) else threshold
    moved = opt.mean + factor * opt.stds
    lost = (opt.mean.astype(opt.dtype, copy=False) == moved.astype(opt.dtype, copy=False)).sum(-1)
    return lost > 0, lost


@criterion("noeffectaxis", 0.1, "a step along a principal axis is lost in rounding")
def noeffectaxis(opt: Any, threshold: Any) -> Outcome:
    """Principal axes along which the mean stays as it is when `threshold` standard deviations are added."""
    axes = opt.axes()  # (..., n, n): column i is the i-th axis times its standard deviation
    factor = threshold[..., None, None] if np.ndim(threshold) else threshold
    mean = opt.mean[..., None]
    lost = (mean == mean + factor * axes).all(-2).sum(-1)
    return lost > 0, lost


@criterion("conditioncov", 1e14, "the condition number of the covariance matrix is at the limit of double precision")
def conditioncov(opt: Any, threshold: Any) -> Outcome:
    """Condition number of the covariance matrix."""
    figure = opt.axis_ratio**2
    return figure > threshold, figure


DISTRIBUTION = (*COMMON, "tolfun", "tolfunhist", "tolflatfitness", "stagnation", "tolx", "tolfacupx", "noeffectcoord")
COVARIANCE = (*DISTRIBUTION, "noeffectaxis", "conditioncov")
RARE = ("noeffectaxis", "conditioncov")


# Looking -------------------------------------------------------------------------------------------


def thresholds(opt: Optimizer, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Threshold of each criterion that is on: the defaults, and what the caller says.

    Raises
    ------
    ValueError
        If a name is not among the criteria of the method (with the closest ones), or a threshold is no number.
    """
    chosen: dict[str, Any] = {}
    for name in opt.criteria:
        default = CRITERIA[name].default
        chosen[name] = default(opt) if callable(default) else default
    for name, value in (given or {}).items():
        if name not in chosen:
            near = difflib.get_close_matches(name, opt.criteria, 3) or opt.criteria
            raise ValueError(
                f"stop has no criterion {name!r} for {type(opt).__name__}: did you mean {' or '.join(near)}?"
            )
        chosen[name] = _threshold(name, value, opt.runs)
    return {name: value for name, value in chosen.items() if value is not None}


def look(opt: Optimizer) -> Iterator[tuple[int, dict[str, float]]]:
    """Runs that have met a criterion now, each with the figures of what it met."""
    found: dict[int, dict[str, float]] = {}
    # No test reacts to less than a few iterations, and a decomposition of C to less than a change of C.
    often = opt.nit > 0 and opt.nit % max(5, opt.n // 20) == 0
    seldom = opt.nit > 0 and opt.nit % max(20, opt.rare_interval) == 0
    for name, threshold in opt._thresholds.items():
        test = CRITERIA[name]
        if not (test.cheap or (seldom if name in RARE else often)):
            continue
        met, figure = test.test(opt, threshold)
        if not (met if opt.runs is None else np.any(met)):
            continue
        rows = np.flatnonzero(np.broadcast_to(met, opt.batch or (1,)))
        figures = np.broadcast_to(figure, opt.batch or (1,))
        for row in rows.tolist():
            found.setdefault(int(opt.active[row]), {})[name] = float(figures[row])
    yield from found.items()


def verdict(reasons: Mapping[str, float], found: bool) -> tuple[int, str]:
    """Status and message: 0 came to an end of its own, 1 out of budget or ended from outside, 2 found nothing.

    A run that is still going on has status 1.
    """
    told = "; ".join(f"{name}={figure:.6g}: {_says(name)}" for name, figure in reasons.items())
    if not found:
        return 2, f"no finite value was found ({told})" if told else "no finite value was found"
    if not reasons:
        return 1, "not ended yet"
    # A target that was asked for decides; else any criterion of convergence does.
    good = any(name in CRITERIA and CRITERIA[name].good for name in reasons)
    return (0 if good else 1), told


def _says(name: str) -> str:
    return CRITERIA[name].says if name in CRITERIA else "ended from outside"


def _threshold(name: str, value: Any, runs: int | None) -> Any:
    if value is None or value is False:
        return None
    try:
        number = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"stop[{name!r}] must be a number or None, got {value!r}") from None
    if np.isnan(number).any() or number.shape not in ((), *([(runs,)] if runs else [])):
        raise ValueError(f"stop[{name!r}] must be a number, or one per stacked run, got {value!r}")
    return float(number) if number.ndim == 0 else number
