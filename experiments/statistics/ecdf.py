"""Runtime distributions: the fraction of (problem, target) pairs solved within a budget, and the area above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from es.core.arrays import FloatArray
from experiments.statistics.restarts import finish_failed, simulated_restarts
from experiments.statistics.runtimes import RNG, batches, occurrences


def ecdf(runtimes: ArrayLike, at: ArrayLike) -> FloatArray:
    """Fraction of runtimes at or below each value of ``at``; ``inf`` entries count in the denominator.

    Examples
    --------
    >>> ecdf([1.0, 3.0, np.inf, np.inf], [0.5, 1.0, 5.0])
    array([0.  , 0.25, 0.5 ])
    """
    ordered = np.sort(_known(runtimes), axis=None)
    return np.asarray(np.searchsorted(ordered, np.asarray(at, dtype=float), side="right") / ordered.size)


def _known(runtimes: ArrayLike) -> FloatArray:
    """At least one runtime, none of them NaN."""
    values = np.asarray(runtimes, dtype=float)
    if not values.size:
        raise ValueError("runtimes must not be empty")
    if np.isnan(values).any():
        raise ValueError("runtimes must not be NaN: write inf for a failure")
    return values


def ecdf_resamples(
    times: ArrayLike, budgets: ArrayLike, at: ArrayLike, *, samples: int = 200, restarts: bool = True, rng: RNG = 0
) -> FloatArray:
    """Runtime ECDF of one problem in each of many resamples of its runs.

    One resample serves all targets of a run, and simulated restarts are drawn anew in each.

    Parameters
    ----------
    times : (targets, runs) array
        Runtimes, ``inf`` for failures; divided by the dimension if ``at`` is, as ``budgets``.
    budgets : (runs,) array
    at : (points,) array
        Budgets at which the fractions are wanted, increasing.
    samples, rng
        Number of resamples, random source.
    restarts : bool
        Whether failed runs go on with simulated restarts.

    Returns
    -------
    (samples, points) array
        Fractions.
    """
    points = np.asarray(at, dtype=float)
    random = np.random.default_rng(rng)
    hit, spent = np.asarray(times, dtype=float), np.asarray(budgets, dtype=float)
    targets, runs = hit.shape
    # What runs reach by themselves is linear in how often each is drawn; only restarts must be simulated.
    reached = np.stack([np.searchsorted(np.sort(column), points, side="right") for column in hit.T]).astype(float)
    mixed = np.isfinite(hit).any(axis=1) & np.isinf(hit).any(axis=1) if restarts else np.zeros(targets, dtype=bool)
    found = np.empty((samples, points.size))
    for part in batches(samples, max(hit.size, points.size), least=0):
        index = random.integers(runs, size=(len(part), runs))
        found[part] = occurrences(index, runs) @ reached
        if mixed.any():
            found[part] += _restarted(hit[mixed], spent, index, points, random)
    return np.asarray(found / (runs * targets))


def _restarted(
    hit: FloatArray, spent: FloatArray, index: NDArray[np.intp], points: FloatArray, random: np.random.Generator
) -> FloatArray:
    """How many failed runs of each resample (samples, runs) reach a target by each point when they go on with runs
    drawn from their own resample until one succeeds; (samples, points)."""
    size, runs = index.shape
    won = np.isfinite(hit)
    reached = np.moveaxis(won.T[index], 1, -1).reshape(-1, runs)  # a row per sample and target
    cost = np.moveaxis(np.where(won, hit, spent).T[index], 1, -1).reshape(-1, runs)
    result = cost.copy()
    finish_failed(result, ~reached, cost, reached, random, float(points[-1]))
    rows, columns = np.nonzero(~reached)
    slot = np.searchsorted(points, result[rows, columns], side="left")
    flat = slot + (points.size + 1) * (rows // len(hit))
    counts = np.bincount(flat, minlength=size * (points.size + 1)).reshape(size, -1)
    return np.asarray(np.cumsum(counts[:, :-1], axis=1), dtype=float)


def restarted_runtimes(
    problems: Sequence[tuple[ArrayLike, ArrayLike]], draws: int = 100, *, rng: RNG = 0
) -> tuple[FloatArray, FloatArray]:
    """Simulated runtimes of all problems and targets in one vector, and weights that count each problem the same.

    Returns
    -------
    runtimes, weights : (pairs * draws,) arrays
        The weights add up to one.
    """
    random = np.random.default_rng(rng)
    drawn = [simulated_restarts(times, budgets, draws, rng=random).ravel() for times, budgets in problems]
    weights = [np.full(part.size, 1.0 / (part.size * len(drawn))) for part in drawn]
    return np.concatenate(drawn), np.concatenate(weights)


def area_above(runtimes: ArrayLike, low: float, high: float, weights: ArrayLike | None = None) -> float:
    """Area above the ECDF on a log10 axis from ``low`` to ``high``: the mean of log10 runtimes, clipped to that range.

    The difference between two algorithms is the log10 of their geometric mean speed ratio on the pairs.

    Parameters
    ----------
    runtimes : array
        Evaluations (or evaluations per dimension); ``inf`` counts as ``high``.
    low, high : float
        Ends of the budget axis, 0 < low < high.
    weights : array, optional
        One per runtime; equal when left out.

    Returns
    -------
    float
        Decades of evaluations above 10**0; from log10(low), best, to log10(high), nothing solved.

    Examples
    --------
    >>> area_above([10.0, np.inf], 1.0, 1000.0)
    2.0
    """
    if not 0 < low < high:
        raise ValueError(f"low and high must satisfy 0 < low < high, got {low} and {high}")
    clipped = np.log10(np.clip(_known(runtimes), low, high))
    return float(np.average(clipped, weights=None if weights is None else np.asarray(weights, dtype=float)))
