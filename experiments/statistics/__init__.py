"""Statistics of comparisons: runtimes, their distributions, profiles, aggregates and tests. Arrays in, arrays out."""

from experiments.statistics.aggregate import bootstrap_interval, improvement_interval, iqm, probability_of_improvement
from experiments.statistics.cells import Cell, Targets, collect, problem_targets
from experiments.statistics.ecdf import area_above, ecdf, ecdf_resamples, restarted_runtimes
from experiments.statistics.fixed_budget import quantiles_at, values_at
from experiments.statistics.overall import overall_table
from experiments.statistics.profiles import data_profile, performance_profile, performance_ratios, relative_targets
from experiments.statistics.restarts import simulated_restarts
from experiments.statistics.runtimes import (
    default_targets,
    ert_interval,
    expected_runtime,
    hitting_times,
    order_quantile,
)
from experiments.statistics.summary import format_table, number, summary_table
from experiments.statistics.tests import RankComparison, coco_scores, compare_ranks, holm, rank_sum

__all__ = [
    "Cell", "RankComparison", "Targets", "area_above", "bootstrap_interval", "coco_scores", "collect", "compare_ranks",
    "data_profile", "default_targets", "ecdf", "ecdf_resamples", "ert_interval", "expected_runtime", "format_table",
    "hitting_times", "holm", "improvement_interval", "iqm", "number", "order_quantile", "overall_table",
    "performance_profile", "performance_ratios", "probability_of_improvement", "problem_targets", "quantiles_at",
    "rank_sum", "relative_targets", "restarted_runtimes", "simulated_restarts", "summary_table", "values_at",
]  # fmt: skip
