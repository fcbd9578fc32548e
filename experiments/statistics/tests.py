"""Tests of differences: rank sums per problem with Holm's correction, and mean ranks over problems (Friedman,
Nemenyi)."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from es.core.arrays import FloatArray

LEVEL = 0.05
"""Of all tests of a study together, as Holm corrects them."""
EXACT_COST = 33**4 * 2
"""Additions up to which a rank-sum test is exact: about 3 ms. Beyond them the approximation errs by parts of a percent
where p is near a level, and by orders of magnitude only far below it."""


def coco_scores(times: ArrayLike, gaps: ArrayLike, cutoff: float = np.inf) -> FloatArray:
    """COCO's one number per trial, larger is better: 1 / runtime where the target was reached, else minus the gap left.

    Parameters
    ----------
    times : (trials,) array
        Evaluations to the target, ``inf`` for failures.
    gaps : (trials,) array
        Best f - f_opt of each trial after ``cutoff`` evaluations.
    cutoff : float
        Smallest budget of an unsuccessful trial in the comparison; a runtime beyond it counts as a failure, so that a
        trial does not win by its larger budget.

    Returns
    -------
    (trials,) array

    Examples
    --------
    >>> coco_scores([50.0, np.inf], [0.0, 3.0])
    array([ 0.02, -3.  ])
    """
    runtime, left = np.asarray(times, dtype=float), np.asarray(gaps, dtype=float)
    reached = np.isfinite(runtime) & (runtime <= cutoff)
    return np.where(reached, 1.0 / np.where(reached, runtime, 1.0), -left)


def rank_sum(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Wilcoxon rank-sum (Mann-Whitney) test of two samples, two-sided.

    Exact, ties included, for samples of up to `EXACT_COST` (33 values each), where the probability is that of the ranks
    dealt out at random; else the normal approximation with corrections for ties and continuity.

    Returns
    -------
    p_value : float
    effect : float
        P(X > Y) + P(X = Y) / 2: 0.5 for no difference, 1 if all of x lies above all of y.

    Examples
    --------
    >>> p, effect = rank_sum([4.0, 5.0, 6.0, 7.0], [0.0, 1.0, 2.0, 3.0])
    >>> round(p, 4), effect
    (0.0286, 1.0)
    """
    from scipy.stats import mannwhitneyu, rankdata

    first, second = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if not first.size or not second.size:
        raise ValueError(f"x and y must not be empty, got {first.size} and {second.size} values")
    if np.isnan(first).any() or np.isnan(second).any():
        raise ValueError("x and y must not be NaN")
    pooled = np.concatenate([first, second])
    if np.all(pooled == pooled[0]):  # nothing to rank: the approximation would divide by zero
        return 1.0, 0.5
    ranks = np.unique(pooled, return_inverse=True)[1].astype(float)  # inf - inf never arises among ranks
    if is_exact(first.size, second.size):
        return _dealt(rankdata(ranks), first.size)
    result = mannwhitneyu(ranks[: first.size], ranks[first.size :], alternative="two-sided", method="asymptotic")
    return float(result.pvalue), float(result.statistic) / (first.size * second.size)


def is_exact(m: int, n: int) -> bool:
    """Whether `rank_sum` of samples of these sizes is exact."""
    return (m + n) * min(m, n) * m * n <= EXACT_COST


def _dealt(ranks: FloatArray, m: int) -> tuple[float, float]:
    """Rank-sum test of the first m of all mean ranks, by counting the ways to choose that many of them for each sum."""
    n = ranks.size - m
    few = ranks[:m] if m <= n else ranks[m:]
    # Ranks as whole numbers from 0: halves are doubled where there are any.
    scale = 1 if (ranks == np.round(ranks)).all() else 2
    whole = np.sort(np.round(scale * (ranks - ranks.min())).astype(int))
    total = int(np.round(scale * (few - ranks.min())).sum())
    ways = _ways(tuple(whole.tolist()), few.size)
    tail = min(ways[: total + 1].sum(), ways[total:].sum()) / ways.sum()
    above = float(ranks[:m].sum()) - m * (m + 1) / 2
    return float(min(1.0, 2 * tail)), above / (m * n)


@functools.lru_cache(maxsize=64)
def _ways(numbers: tuple[int, ...], count: int) -> FloatArray:
    """In how many ways `count` of these numbers have each sum from 0 on."""
    ways = np.zeros((count + 1, sum(numbers[-count:]) + 1))
    ways[0, 0] = 1.0
    for number in numbers:
        ways[1:, number:] += ways[:-1, : ways.shape[1] - number].copy()
    return np.asarray(ways[count])


def holm(p_values: ArrayLike) -> FloatArray:
    """Holm's adjusted p values: reject where they are below the level, and the family-wise error stays below it.

    Parameters
    ----------
    p_values : array
        Of any shape, between 0 and 1; NaN entries are left out of the family and stay NaN.

    References
    ----------
    .. [1] S. Holm (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    raw = np.asarray(p_values, dtype=float)
    if ((raw < 0) | (raw > 1)).any():
        raise ValueError(f"p_values must lie between 0 and 1, got {raw[(raw < 0) | (raw > 1)][0]}")
    adjusted = np.full(raw.size, np.nan)
    flat = raw.ravel()
    present = np.nonzero(~np.isnan(flat))[0]
    order = present[np.argsort(flat[present], kind="stable")]
    steps = flat[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted.reshape(raw.shape)


@dataclass(frozen=True)
class RankComparison:
    """Result of `compare_ranks`.

    Attributes
    ----------
    ranks : (methods, problems) array
        1 is best, ties share the mean rank.
    mean_ranks : (methods,) array
    statistic, p_value : float
        Friedman's chi-square with correction for ties, and its p value: all methods rank the same.
    critical_difference : float
        Nemenyi: two mean ranks differ at the level if they are further apart than this.
    """

    ranks: FloatArray
    mean_ranks: FloatArray
    statistic: float
    p_value: float
    critical_difference: float


def compare_ranks(scores: ArrayLike) -> RankComparison:
    """Friedman's test over problems, with Nemenyi's critical difference of mean ranks.

    Parameters
    ----------
    scores : (methods, problems) array
        Smaller is better (for instance the ERT); ``inf`` is allowed and ties with ``inf``.

    References
    ----------
    .. [1] J. Demšar (2006). Statistical comparisons of classifiers over multiple data sets. JMLR 7, eq. 1 to 3.

    Examples
    --------
    >>> result = compare_ranks([[1.0, 2.0, 1.0, 1.0], [2.0, 3.0, 2.0, 3.0], [3.0, 9.0, 4.0, 2.0]])
    >>> result.mean_ranks
    array([1.  , 2.25, 2.75])
    """
    from scipy.stats import chi2, rankdata, studentized_range

    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 1:
        raise ValueError(f"scores must have shape (methods, problems) with two or more methods, got {table.shape}")
    if np.isnan(table).any():
        raise ValueError("scores must not be NaN: write inf for a failure")
    methods, problems = table.shape
    ranks = np.asarray(rankdata(table, axis=0), dtype=float)
    means = ranks.mean(axis=1)
    spread = float(((ranks - (methods + 1) / 2) ** 2).sum()) / (problems * (methods - 1))
    squares = float(((means - (methods + 1) / 2) ** 2).sum())
    statistic = problems * squares / spread if spread > 0 else 0.0
    # the studentized range over sqrt(2) with infinitely many degrees of freedom
    q = float(studentized_range.ppf(1 - LEVEL, methods, 1e6)) / np.sqrt(2)
    return RankComparison(
        ranks=ranks,
        mean_ranks=means,
        statistic=statistic,
        p_value=float(chi2.sf(statistic, methods - 1)),
        critical_difference=float(q * np.sqrt(methods * (methods + 1) / (6 * problems))),
    )
