"""Runtime distributions of all methods over all groups of problems that are shown, with one bootstrap for all of them.

The distribution over a group is the mean of those of its problems, and problems are resampled apart from each other:
so each cell is resampled once, and what it gives is added to every group that has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from es.core.arrays import FloatArray
from experiments.statistics.cells import Cell
from experiments.statistics.ecdf import ecdf, ecdf_resamples
from experiments.statistics.fixed_budget import log_grid
from experiments.statistics.restarts import simulated_restarts
from experiments.statistics.runtimes import order_quantile

ROOM_FOR_RESTARTS = 10.0
"""Distributions end at this multiple of the largest budget, so that simulated restarts can be seen."""
PER_DECADE = 60


@dataclass(frozen=True)
class CellDistribution:
    """The distribution of one method on one problem, and the standard deviation of it over the resamples."""

    fraction: FloatArray
    deviation: FloatArray


@dataclass(frozen=True)
class Distribution:
    """The distribution of one method over a group of problems; those without trials count as not reached."""

    fraction: FloatArray  # (points,): of (problem, target) pairs
    low: FloatArray  # and `high`: the pointwise band, without width where nothing was resampled
    high: FloatArray
    budget: float  # evaluations / n of the longest trial
    problems: int
    trials: int


@dataclass(frozen=True)
class Distributions:
    """Distributions of all methods over groups of problems."""

    at: FloatArray  # (points,): evaluations / n at which they are given
    groups: dict[str, dict[str, Distribution]]  # by group and method
    cells: dict[tuple[str, str], CellDistribution]  # by problem and method
    samples: int  # bootstrap resamples of the bands


def distributions(
    cells: Sequence[Cell], groups: Mapping[str, Sequence[Cell]], *, samples: int = 200, draws: int = 100
) -> Distributions:
    """Resample every cell, of at least one trial each, once, and sum up over groups, whose problems are those of their
    cells.

    `samples` are the bootstrap resamples of the bands, which cover 95 %, `draws` the simulated runtimes per (problem,
    target).
    """
    budgets = {id(cell): float(np.max(cell.budgets)) / cell.n for cell in cells}
    first = 1.0 / min((cell.n for cell in cells), default=10)
    at = log_grid(first, max(max(budgets.values(), default=1.0), 2 * first) * ROOM_FOR_RESTARTS, PER_DECADE)
    problems = {name: len({cell.problem for cell in members}) for name, members in groups.items()}
    homes: dict[int, list[str]] = {}
    for name, members in groups.items():
        for cell in members:
            homes.setdefault(id(cell), []).append(name)
    sums = {(name, cell.method): np.zeros((samples, at.size)) for name, members in groups.items() for cell in members}
    means = {place: np.zeros(at.size) for place in sums}
    single: dict[tuple[str, str], CellDistribution] = {}
    for index, cell in enumerate(cells):
        times, spent = cell.times() / cell.n, cell.budgets / cell.n
        random = np.random.default_rng(index)
        fraction = ecdf(simulated_restarts(times, spent, draws, rng=random), at)
        resampled = ecdf_resamples(times, spent, at, samples=samples, rng=random)
        deviation = resampled.std(axis=0) if samples else np.zeros(at.size)
        single[cell.problem, cell.method] = CellDistribution(fraction, deviation)
        for name in homes.get(id(cell), ()):
            place = (name, cell.method)
            means[place] += fraction / problems[name]
            sums[place] += resampled / problems[name]
    found: dict[str, dict[str, Distribution]] = {}
    for name, members in groups.items():
        for method in dict.fromkeys(cell.method for cell in members):
            mine = [cell for cell in members if cell.method == method]
            mean = means[name, method]
            low, high = order_quantile(sums[name, method], [0.025, 0.975], axis=0) if samples else (mean, mean)
            budget, trials = max(budgets[id(cell)] for cell in mine), sum(len(cell.costs) for cell in mine)
            found.setdefault(name, {})[method] = Distribution(mean, low, high, budget, len(mine), trials)
    return Distributions(at, found, single, samples)
