"""Which method is best on which problem: ranks by ERT, and whether the best is significantly better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from es.core.arrays import FloatArray
from experiments.statistics.aggregate import probability_of_improvement
from experiments.statistics.cells import Cell
from experiments.statistics.runtimes import expected_runtime
from experiments.statistics.tests import LEVEL, coco_scores, compare_ranks, holm, rank_sum


@dataclass(frozen=True)
class Ranking:
    """Ranks of methods on problems; NaN where a method has no trials.

    Tables are (problems, methods) arrays. All is decided at the common budget of a problem, the least cost that a trial
    on it was allowed, but `final_effects`.
    """

    problems: list[str]
    methods: list[str]
    ert: FloatArray  # to each problem's final target
    ranks: FloatArray  # 1 is best: by ERT; where no trial reached the target, by the median gap left, behind all others
    p_values: FloatArray  # of the best of the problem against this one by COCO's scores, Holm-adjusted; NaN for itself
    effects: FloatArray  # P(best > this one), ties half
    final_effects: FloatArray  # the same by what the trials had at their ends, however much they were allowed
    common: FloatArray  # (problems,): the common budget
    mean_ranks: FloatArray  # (methods,): over the problems on which all methods have trials
    friedman: float  # p value of Friedman's test that all methods rank the same; NaN where it cannot be done
    critical_difference: float  # Nemenyi's, at 5 %; NaN where it cannot be found

    def best_alone(self) -> NDArray[np.bool_]:
        """Per problem whether its best method is significantly better than every other."""
        others = np.where(np.isnan(self.p_values), 0.0, self.p_values)
        compared = (~np.isnan(self.p_values)).any(axis=1)
        return np.asarray(compared & (others < LEVEL).all(axis=1), dtype=bool)

    def sign(self, i: int, j: int) -> str:
        """★ for a best method that is better than every other, ≈ for one that does not differ from the best."""
        p = self.p_values[i, j]
        if np.isnan(p):
            return "★" if self.best_alone()[i] else ""
        return "" if p < LEVEL else "≈"


def common_budget(cells: Sequence[Cell]) -> float:
    """The least cost that a trial of any of the cells was allowed: up to there all had the same chance.

    A trial that ended before by itself has what it had then for the rest of the budget, so that a method which gives up
    early is judged by what it gave up with.
    """
    return min((float(np.min(cell.allowed)) for cell in cells if cell.allowed.size), default=np.inf)


def pair_scores(a: Cell, b: Cell, cutoff: float | None = None) -> tuple[FloatArray, FloatArray]:
    """COCO's scores of the trials of two methods on one problem, larger is better (see `coco_scores`).

    They count up to a cost, the `common_budget` of the two by default; ``inf`` is for their ends.
    """
    limit = common_budget((a, b)) if cutoff is None else cutoff
    first, second = (coco_scores(cell.final_times, cell.gaps_at(limit), limit) for cell in (a, b))
    return first, second


def rank_methods(cells: Sequence[Cell]) -> Ranking:
    """Rank the methods on each problem and test the best against the others, all at the common budget; cells have at
    least one trial each."""
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    methods = list(dict.fromkeys(cell.method for cell in cells))
    table = {(cell.problem, cell.method): cell for cell in cells}
    shape = (len(problems), len(methods))
    ert, ranks, p_values, effects, final_effects = (np.full(shape, np.nan) for _ in range(5))
    common = np.full(len(problems), np.inf)
    for i, problem in enumerate(problems):
        present = [(j, table[problem, m]) for j, m in enumerate(methods) if (problem, m) in table]
        columns = [j for j, _ in present]
        limit = common[i] = common_budget([cell for _, cell in present])
        times = [np.where(c.final_times <= limit, c.final_times, np.inf) for _, c in present]
        ert[i, columns] = [
            float(expected_runtime(t, np.minimum(c.budgets, limit))) for t, (_, c) in zip(times, present, strict=True)
        ]
        left = [float(np.median(c.gaps_at(limit))) for _, c in present]
        ranks[i, columns] = _ranks(ert[i, columns], np.array(left))
        best = columns[int(np.nanargmin(ranks[i, columns]))]
        for j, cell in present:
            if j != best:
                first = table[problem, methods[best]]
                p_value, effects[i, j] = rank_sum(*pair_scores(first, cell, limit))
                # Of what was chosen as the best on these very trials nothing can be shown by them.
                p_values[i, j] = 1.0 if cell.biased or first.biased else p_value
                x, y = pair_scores(first, cell, np.inf)
                final_effects[i, j] = probability_of_improvement(x[:, None], y[:, None])
    full = ~np.isnan(ranks).any(axis=1)
    mean_ranks = ranks[full].mean(axis=0) if full.any() else np.full(len(methods), np.nan)
    friedman, difference = np.nan, np.nan
    if len(methods) > 1 and full.sum() > 1:
        comparison = compare_ranks(ranks[full].T)
        friedman, difference = comparison.p_value, comparison.critical_difference
    return Ranking(
        problems, methods, ert, ranks, holm(p_values), effects, final_effects, common, mean_ranks, friedman, difference
    )


def _ranks(ert: FloatArray, left: FloatArray) -> FloatArray:
    """Ranks by (ert, gap left); equal pairs share the mean rank."""
    pairs = list(zip(ert, np.where(np.isfinite(ert), 0.0, left), strict=True))
    return np.array([1 + sum(q < p for q in pairs) + (sum(q == p for q in pairs) - 1) / 2 for p in pairs])
