"""Runtimes: when a run first reached each target, and the expected runtime (ERT) over runs.

Throughout, ``times`` has shape (..., runs): evaluations until the target, ``inf`` where the run never reached it;
``budgets`` has shape (runs,): evaluations that each run spent in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
RNG: TypeAlias = int | np.random.SeedSequence | np.random.Generator | None


def default_targets(first: float = 2.0, last: float = -8.0, count: int = 51) -> FloatArray:
    """COCO's target precisions: ``count`` values from 10**first to 10**last, evenly spaced in the exponent.

    Examples
    --------
    >>> default_targets()[[0, 1, 50]]
    array([1.00000000e+02, 6.30957344e+01, 1.00000000e-08])
    """
    return np.asarray(10.0 ** np.linspace(first, last, count), dtype=float)


def hitting_times(costs: ArrayLike, values: ArrayLike, targets: ArrayLike) -> FloatArray:
    """Evaluations after which one run first had a value at or below each target.

    Parameters
    ----------
    costs : (points,) array
        Evaluations at each recorded point, not decreasing.
    values : (points,) array
        Objective values (or f - f_opt) there; the best so far is taken here, NaN counts as no value.
    targets : (targets,) array
        Values to reach, in any order.

    Returns
    -------
    (targets,) array
        First cost with value <= target, ``inf`` where there is none.

    Examples
    --------
    >>> hitting_times([1, 4, 9], [5.0, 2.0, 0.5], [3.0, 0.1])
    array([ 4., inf])
    """
    cost = np.asarray(costs, dtype=float)
    value = np.asarray(values, dtype=float)
    wanted = np.asarray(targets, dtype=float)
    if cost.shape != value.shape or cost.ndim != 1:
        raise ValueError(
            f"costs and values must be two vectors of one length, got shapes {cost.shape} and {value.shape}"
        )
    if not cost.size:
        return np.full(wanted.shape, np.inf)
    best = np.minimum.accumulate(np.where(np.isnan(value), np.inf, value))
    index = np.searchsorted(-best, -wanted, side="left")  # first index with best <= target
    return np.append(cost, np.inf)[index]


def expected_runtime(times: ArrayLike, budgets: ArrayLike) -> FloatArray:
    """Expected running time: all evaluations spent before the target, divided by the number of successes.

    ERT = (sum of T over successes + sum of M over failures) / successes (Auger and Hansen 2005; COCO), ``inf``
    without success.

    Parameters
    ----------
    times : (..., runs) array
        Evaluations to the target, ``inf`` for failures.
    budgets : (..., runs) array
        Evaluations spent by each run.

    Returns
    -------
    (...) array
        Evaluations.

    Examples
    --------
    >>> float(expected_runtime([100.0, np.inf], [100.0, 300.0]))
    400.0
    """
    hit, spent = times_and_budgets(times, budgets)
    reached = np.isfinite(hit)
    count = reached.sum(axis=-1)
    total = np.where(reached, hit, spent).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def order_quantile(samples: ArrayLike, q: ArrayLike, axis: int = -1) -> FloatArray:
    """Quantiles that are always one of the samples, so that ``inf`` is allowed (inverse of the empirical distribution).

    Returns an array with the shape of ``q`` in front, as np.quantile does.

    Examples
    --------
    >>> order_quantile([3.0, 1.0, np.inf, 2.0], [0.25, 0.5, 1.0])
    array([ 1.,  2., inf])
    """
    ordered = np.sort(np.asarray(samples, dtype=float), axis=axis)
    count = ordered.shape[axis]
    fractions = np.asarray(q, dtype=float)
    if fractions.size and (fractions.min() < 0 or fractions.max() > 1):
        raise ValueError(f"q must lie in [0, 1], got {q!r}")
    index = np.clip(np.ceil(fractions * count - 1e-9).astype(int) - 1, 0, count - 1)
    picked = np.moveaxis(np.take(ordered, index.reshape(-1), axis=axis), axis, 0)
    return np.asarray(picked.reshape(fractions.shape + picked.shape[1:]), dtype=float)


def ert_interval(
    times: ArrayLike, budgets: ArrayLike, *, level: float = 0.95, samples: int = 2000, rng: RNG = 0
) -> tuple[FloatArray, FloatArray]:
    """Bootstrap percentile interval of the ERT: the runs are resampled, a resample without success gives ``inf``.

    Parameters
    ----------
    times : (..., runs) array
        Evaluations to the target, ``inf`` for failures; the same resample serves all leading axes.
    budgets : (runs,) array
        Evaluations spent by each run.
    level : float
        Coverage of the interval.
    samples : int
        Number of resamples.
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    low, high : (...) arrays
        Ends of the interval in evaluations; ``high`` may be ``inf``.

    Examples
    --------
    >>> low, high = ert_interval([10.0, 12.0, 11.0], [10.0, 12.0, 11.0], samples=200)
    >>> bool(10 <= low <= 11 <= high <= 12)
    True
    """
    hit, spent = times_and_budgets(times, budgets)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    runs = hit.shape[-1]
    random = np.random.default_rng(rng)
    reached = np.isfinite(hit)
    cost, won = np.where(reached, hit, spent), reached.astype(float)
    estimates = []
    for part in batches(samples, runs):
        weights = occurrences(random.integers(runs, size=(len(part), runs)), runs)
        total, count = cost @ weights.T, won @ weights.T  # (..., size): sums over a resample as one matrix product
        estimates.append(np.where(count > 0, total / np.maximum(count, 1), np.inf))
    low, high = order_quantile(np.concatenate(estimates, axis=-1), [(1 - level) / 2, (1 + level) / 2])
    return low, high


def batches(samples: int, entries: int, least: int = 1) -> Iterator[range]:
    """The numbers of bootstrap resamples with so many entries each, in batches whose memory is bounded; there have to
    be `least` of them."""
    if samples < least:
        raise ValueError(f"samples must be at least {least}, got {samples}")
    every = range(samples)
    size = max(1, 4_000_000 // max(1, entries))
    return (every[start : start + size] for start in every[::size])


def occurrences(drawn: NDArray[np.intp], count: int) -> FloatArray:
    """How often each of the numbers below `count` stands in each row of ``drawn``, (rows, count)."""
    rows = len(drawn)
    places = drawn + count * np.arange(rows)[:, None]
    return np.bincount(places.ravel(), minlength=rows * count).reshape(rows, count).astype(float)


def times_and_budgets(times: ArrayLike, budgets: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Check runtimes and budgets against each other; returns both as float arrays of the shape of ``times``."""
    hit = np.asarray(times, dtype=float)
    spent = np.asarray(budgets, dtype=float)
    if hit.ndim < 1 or hit.shape[-1] == 0:
        raise ValueError(f"times must have at least one run on its last axis, got shape {hit.shape}")
    if spent.shape[-1:] != hit.shape[-1:]:
        raise ValueError(f"budgets must have one entry per run ({hit.shape[-1]}), got shape {spent.shape}")
    if np.isnan(hit).any() or not np.isfinite(spent).all():
        raise ValueError(
            "times must not be NaN and budgets must be finite: write inf for a target that was not reached"
        )
    return hit, np.broadcast_to(spent, hit.shape)
