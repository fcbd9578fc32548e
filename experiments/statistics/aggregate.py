"""Aggregates over problems with intervals: interquartile mean, stratified bootstrap, probability of improvement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from es.core.arrays import FloatArray
from experiments.statistics.runtimes import RNG, batches, occurrences, order_quantile


def iqm(scores: ArrayLike) -> FloatArray:
    """Interquartile mean: the mean of the middle half of all runs on all tasks (25 % trimmed mean).

    Parameters
    ----------
    scores : (..., runs, tasks) array
        The last two axes are pooled.

    Returns
    -------
    (...) array

    References
    ----------
    .. [1] R. Agarwal et al. (2021). Deep reinforcement learning at the edge of the statistical precipice. NeurIPS.

    Examples
    --------
    >>> float(iqm([[0.0, 1.0], [2.0, 99.0]]))
    1.5
    """
    from scipy.stats import trim_mean

    table = _scores(scores)
    return np.asarray(trim_mean(table.reshape(*table.shape[:-2], -1), 0.25, axis=-1))


def bootstrap_interval(
    scores: ArrayLike,
    statistic: Callable[[FloatArray], FloatArray] = iqm,
    *,
    samples: int = 5000,
    rng: RNG = 0,
) -> tuple[float, float, float]:
    """A statistic of (runs, tasks) scores with its stratified 95 % bootstrap percentile interval.

    Parameters
    ----------
    scores : (runs, tasks) array
    statistic : callable
        (..., runs, tasks) -> (...).
    samples, rng
        Number of resamples, random source.

    Returns
    -------
    estimate, low, high : float

    Examples
    --------
    >>> bootstrap_interval(np.ones((5, 3)), samples=10)
    (1.0, 1.0, 1.0)
    """
    table = _scores(scores)
    if table.ndim != 2:
        raise ValueError(f"scores must have shape (runs, tasks), got {table.shape}")
    runs, tasks = table.shape
    random = np.random.default_rng(rng)
    parts = []
    for part in batches(samples, table.size):
        index = random.integers(runs, size=(len(part), runs, tasks))  # the runs of each task among themselves
        parts.append(np.asarray(statistic(table[index, np.arange(tasks)])))
    low, high = order_quantile(np.concatenate(parts), [0.025, 0.975])
    return float(statistic(table)), float(low), float(high)


def mean_over_tasks(
    columns: Sequence[FloatArray], *, trimmed: bool = False, samples: int = 5000, rng: RNG = 0
) -> tuple[float, float, float]:
    """Mean score, all tasks alike, with its stratified 95 % bootstrap interval, where tasks have different numbers of
    runs.

    Parameters
    ----------
    columns : sequence of (runs,) arrays
        The scores of each task.
    trimmed
        The interquartile mean: every task has the same weight, and of all of it a quarter is cut off at either end.

    Returns
    -------
    estimate, low, high : float

    Examples
    --------
    >>> mean_over_tasks([np.array([1.0, 1.0, 1.0]), np.array([0.0])], samples=10)
    (0.5, 0.5, 0.5)
    """
    random = np.random.default_rng(rng)
    weights = np.concatenate([np.full(column.size, 1 / (column.size * len(columns))) for column in columns])
    cut = int(0.25 * weights.size) / weights.size if trimmed else 0.0

    def mean(values: FloatArray) -> FloatArray:
        if not cut:
            return np.asarray(values @ weights)
        order = np.argsort(values, axis=-1)
        mine = weights[order]
        ends = np.cumsum(mine, axis=-1)
        kept = np.clip(ends, cut, 1 - cut) - np.clip(ends - mine, cut, 1 - cut)
        return np.asarray(np.vecdot(kept, np.take_along_axis(values, order, axis=-1)) / kept.sum(axis=-1))

    found = []
    for part in batches(samples, weights.size):
        drawn = [column[random.integers(column.size, size=(len(part), column.size))] for column in columns]
        found.append(mean(np.concatenate(drawn, axis=-1)))
    low, high = order_quantile(np.concatenate(found), [0.025, 0.975])
    return float(mean(np.concatenate(columns))), float(low), float(high)


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> float:
    """P(X > Y) + P(X = Y) / 2 for runs of two methods, averaged over tasks (Mann-Whitney U / (N M) per task).

    Parameters
    ----------
    x, y : (runs, tasks) arrays
        Scores, larger is better; the numbers of runs may differ. ``inf`` and ``-inf`` are allowed.

    Returns
    -------
    float
        Between 0 and 1; 0.5 where neither is better.

    Examples
    --------
    >>> probability_of_improvement([[1.0], [2.0]], [[0.0], [1.0]])
    0.875
    """
    return wins_over_tasks(*_tasks(x, y))


def improvement_interval(
    x: ArrayLike, y: ArrayLike, *, samples: int = 2000, rng: RNG = 0
) -> tuple[float, float, float]:
    """P(X > Y) with its stratified 95 % bootstrap interval; arguments as in `probability_of_improvement`.

    Returns
    -------
    estimate, low, high : float
    """
    return wins_interval(*_tasks(x, y), samples=samples, rng=rng)


def _tasks(x: ArrayLike, y: ArrayLike) -> tuple[list[FloatArray], list[FloatArray]]:
    first, second = _scores(x), _scores(y)
    if first.shape[-1] != second.shape[-1]:
        raise ValueError(f"x and y must have the same tasks on their last axis, got {first.shape} and {second.shape}")
    return list(first.T), list(second.T)


def wins_interval(
    x: Sequence[FloatArray], y: Sequence[FloatArray], *, samples: int = 2000, rng: RNG = 0
) -> tuple[float, float, float]:
    """`improvement_interval` of tasks with different numbers of runs, an array (runs,) each."""
    random = np.random.default_rng(rng)
    total = np.zeros(samples)
    for a, b in zip(x, y, strict=True):
        values, place = np.unique(np.concatenate([a, b]), return_inverse=True)
        for part in batches(samples, place.size):
            counts = [occurrences(ranks[random.integers(ranks.size, size=(len(part), ranks.size))], values.size)
                      for ranks in np.split(place, [a.size])]  # fmt: skip
            total[part] += _wins(*counts) / (a.size * b.size)
    low, high = order_quantile(total / len(x), [0.025, 0.975])
    return wins_over_tasks(x, y), float(low), float(high)


def _wins(x: FloatArray, y: FloatArray) -> FloatArray:
    """Pairs in which x has the larger value, ties half, from how often each value occurs (..., values), ascending."""
    below = np.cumsum(y, axis=-1) - 0.5 * y
    return np.asarray(np.vecdot(x, below))


def wins_over_tasks(x: Sequence[FloatArray], y: Sequence[FloatArray]) -> float:
    """`probability_of_improvement` of tasks with different numbers of runs, an array (runs,) each; in n log n."""
    wins = []
    for a, b in zip(x, y, strict=True):
        ordered = np.sort(b)
        sides = (np.searchsorted(ordered, a, side="left"), np.searchsorted(ordered, a, side="right"))
        wins.append(0.5 * (sides[0].mean() + sides[1].mean()) / b.size)
    return float(np.mean(wins))


def _scores(scores: ArrayLike) -> FloatArray:
    table = np.asarray(scores, dtype=float)
    if table.ndim < 2 or table.shape[-1] == 0 or table.shape[-2] == 0:
        raise ValueError(f"scores must have shape (..., runs, tasks) with at least one of each, got {table.shape}")
    if np.isnan(table).any():
        raise ValueError("scores must not be NaN")
    return table
