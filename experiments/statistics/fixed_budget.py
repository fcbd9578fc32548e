"""Fixed-budget view: what the runs had reached after a given number of evaluations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from es.core.arrays import FloatArray


def values_at(costs: ArrayLike, values: ArrayLike, at: ArrayLike) -> FloatArray:
    """Best value of one run after each of the given evaluations: the last known value, NaN before the first.

    Examples
    --------
    >>> values_at([1, 4], [5.0, 2.0], [0.5, 1, 3, 100])
    array([nan,  5.,  5.,  2.])
    """
    cost, value = np.asarray(costs, dtype=float), np.asarray(values, dtype=float)
    if cost.shape != value.shape or cost.ndim != 1:
        raise ValueError(
            f"costs and values must be two vectors of one length, got shapes {cost.shape} and {value.shape}"
        )
    best = np.fmin.accumulate(value) if value.size else value
    index = np.searchsorted(cost, np.asarray(at, dtype=float), side="right")
    return np.asarray(np.append(np.nan, best)[index])


def quantiles_at(
    costs: Sequence[ArrayLike], values: Sequence[ArrayLike], at: ArrayLike, q: Sequence[float] = (0.25, 0.5, 0.75)
) -> FloatArray:
    """Quantiles over runs of the best value after each number of evaluations.

    Runs are aligned by their last known value; a run that ended keeps its final value. A run without value yet counts
    as ``inf``, and a quantile that falls on it is NaN, so that curves start where that part of the runs has started;
    -inf is a value, the least there is.

    Parameters
    ----------
    costs, values : sequences of (points,) arrays, one per run
    at : (budgets,) array
    q : sequence of float

    Returns
    -------
    (len(q), budgets) array
        Quantiles that are values of runs, or the mean of two neighbours.
    """
    if not len(costs):
        raise ValueError("costs must hold at least one run")
    table = np.stack([values_at(c, v, at) for c, v in zip(costs, values, strict=True)])
    table[np.isnan(table)] = np.inf
    ordered = np.sort(table, axis=0)
    position = np.asarray(q, dtype=float) * (len(ordered) - 1)
    below, above = np.floor(position).astype(int), np.ceil(position).astype(int)
    part = (position - below)[:, None]
    low, high = ordered[below], ordered[above]
    with np.errstate(invalid="ignore"):  # 0 * inf where nothing is mixed, -inf + inf where a run has no value
        mixed = np.where(part > 0, low * (1 - part) + high * part, low)
    return np.where(mixed == np.inf, np.nan, mixed)


def log_grid(low: float, high: float, per_decade: int = 40) -> FloatArray:
    """Evaluations from ``low`` to ``high``, evenly spaced on a log axis, both ends included."""
    if not 0 < low <= high:
        raise ValueError(f"low and high must satisfy 0 < low <= high, got {low} and {high}")
    count = max(2, int(np.ceil(np.log10(high / low) * per_decade)) + 1)
    return np.asarray(np.geomspace(low, high, count))
