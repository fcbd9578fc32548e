"""Simulated restarts: the runtime of an algorithm that is restarted until it reaches the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from es.core.arrays import FloatArray
from experiments.statistics.runtimes import RNG, times_and_budgets


def derandomized_indices(runs: int, draws: int, rng: RNG = None) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """``draws`` indices below ``runs`` in which each appears equally often (up to one): random permutations, one
    after the other.

    Examples
    --------
    >>> np.bincount(derandomized_indices(3, 9, rng=1)).tolist()
    [3, 3, 3]
    """
    random = np.random.default_rng(rng)
    rounds = -(-draws // runs)
    return np.concatenate([random.permutation(runs) for _ in range(rounds)])[:draws].astype(np.intp)


def simulated_restarts(
    times: ArrayLike, budgets: ArrayLike, draws: int = 100, *, rng: RNG = 0, derandomized: bool = True
) -> FloatArray:
    """Runtimes of a restarted algorithm, drawn from its recorded runs.

    A draw takes runs at random with replacement, adds up what they spent, and ends at the first that reached the
    target. Its mean is the ERT. With ``derandomized`` the first run of each draw comes from random permutations,
    which removes most of the variance (cocopp does the same). Only valid for exchangeable runs: same function, same
    settings.

    Parameters
    ----------
    times : (..., runs) array
        Evaluations to the target, ``inf`` for failures. The first run of a draw is the same for all leading axes.
    budgets : (runs,) or (..., runs) array
        Evaluations spent by each run.
    draws : int
        Number of simulated runtimes.
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    (..., draws) array
        Evaluations; ``inf`` for targets that no run reached.

    Examples
    --------
    >>> simulated_restarts([[5.0, 7.0], [np.inf, np.inf]], [7.0, 7.0], draws=4, rng=0)
    array([[ 5.,  7.,  5.,  7.],
           [inf, inf, inf, inf]])
    """
    hit, spent = times_and_budgets(times, budgets)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    random = np.random.default_rng(rng)
    lead, runs = hit.shape[:-1], hit.shape[-1]
    hit, spent = hit.reshape(-1, runs), spent.reshape(-1, runs)
    if derandomized:
        first = derandomized_indices(runs, draws, random)
    else:
        first = random.integers(runs, size=draws).astype(np.intp)
    reached = np.isfinite(hit)
    cost = np.where(reached, hit, spent)
    result = cost[:, first]
    finish_failed(result, ~reached[:, first], cost, reached, random)
    return result.reshape(*lead, draws)


def finish_failed(
    result: FloatArray,
    failed: NDArray[np.bool_],
    cost: FloatArray,
    reached: NDArray[np.bool_],
    random: np.random.Generator,
    limit: float = np.inf,
) -> None:
    """Add further runs to the failed entries of ``result``, in place, until one succeeds; ``inf`` where no run can.

    `result` and `failed` (rows, draws) are what was spent so far and where the target is still open, `cost` and
    `reached` (rows, runs) what each recorded run costs (runtime or budget) and whether it reached the target. Entries
    that grow beyond the limit become ``inf``, which saves time where nobody looks further.
    """
    runs = reached.shape[-1]
    solvable = np.asarray(reached.any(axis=-1), dtype=bool)
    result[~solvable] = np.inf
    rows, columns = np.nonzero(failed & solvable[:, None])
    place, spent, row = rows * result.shape[-1] + columns, result[rows, columns], rows * runs
    costs, ends = cost.ravel(), reached.ravel()
    found = np.empty_like(spent)
    open_ = np.arange(spent.size)
    while open_.size:  # ends with probability one: each pass succeeds with probability >= 1 / runs
        pick = row + (random.random(row.size) * runs).astype(np.intp)
        spent += costs.take(pick)
        going = ~(ends.take(pick) | (spent > limit))
        found[open_] = spent
        open_, spent, row = open_[going], spent[going], row[going]
    found[found > limit] = np.inf
    result.flat[place] = found
