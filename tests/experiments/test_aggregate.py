import dataclasses
import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from experiments.statistics import (
    area_above,
    bootstrap_interval,
    coco_scores,
    collect,
    compare_ranks,
    data_profile,
    ecdf,
    ert_interval,
    holm,
    improvement_interval,
    iqm,
    overall_table,
    performance_profile,
    performance_ratios,
    probability_of_improvement,
    quantiles_at,
    rank_sum,
    relative_targets,
    values_at,
)
from experiments.statistics.aggregate import mean_over_tasks
from experiments.statistics.power import power_of
from experiments.statistics.ranking import pair_scores, rank_methods
from tests.experiments.fake_study import make, make_bbob

RNG = np.random.default_rng


def test_iqm_is_the_trimmed_mean():
    scores = RNG(0).normal(size=(10, 24))
    assert float(iqm(scores)) == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))


def test_bootstrap_interval_covers_and_is_stratified():
    offsets = np.array([0.0, 100.0, -50.0])
    scores = RNG(1).normal(size=(12, 3)) + offsets
    estimate, low, high = bootstrap_interval(scores, lambda s: s.mean(axis=(-2, -1)), samples=2000)
    assert low < estimate < high
    # within strata the spread is about 1 / sqrt(36); pooled resampling would make it about 60 / sqrt(36)
    assert high - low < 1.2


def test_bootstrap_interval_is_the_same_for_the_same_seed():
    scores = RNG(2).normal(size=(6, 4))
    assert bootstrap_interval(scores, samples=300, rng=5) == bootstrap_interval(scores, samples=300, rng=5)


def test_probability_of_improvement_is_mann_whitney_per_task():
    x, y = RNG(3).integers(0, 6, size=(9, 5)).astype(float), RNG(4).integers(0, 6, size=(7, 5)).astype(float)
    want = [stats.mannwhitneyu(x[:, t], y[:, t]).statistic / 63 for t in range(5)]
    assert probability_of_improvement(x, y) == pytest.approx(np.mean(want))
    estimate, low, high = improvement_interval(x, y, samples=500)
    assert low <= estimate <= high
    assert probability_of_improvement(x, y) + probability_of_improvement(y, x) == pytest.approx(1.0)


def test_probability_of_improvement_with_infinite_scores():
    assert probability_of_improvement([[-np.inf], [1.0]], [[-np.inf], [-np.inf]]) == 0.75


@pytest.mark.parametrize(
    ("sizes", "method"),
    [((15, 12), "exact"), ((9, 9), "exact"), ((3, 30), "exact"), ((30, 3), "exact"), ((1, 5), "exact"),
     ((60, 50), "asymptotic")],
)  # fmt: skip
def test_rank_sum_agrees_with_scipy_and_gives_the_effect(sizes, method):
    x, y = RNG(5).normal(0.8, 1, sizes[0]), RNG(6).normal(0, 1, sizes[1])
    p, effect = rank_sum(x, y)
    reference = stats.mannwhitneyu(x, y, method=method)
    assert p == pytest.approx(reference.pvalue)
    assert effect == pytest.approx(reference.statistic / (sizes[0] * sizes[1]))


@pytest.mark.parametrize("sizes", [(4, 4), (6, 5), (3, 8), (8, 4)])
def test_rank_sum_of_ties_counts_all_ways_to_deal_the_ranks_out(sizes):
    for seed in range(8):
        values = RNG(seed).integers(0, 4, sum(sizes)).astype(float)
        if np.ptp(values) == 0:
            continue
        p, effect = rank_sum(values[: sizes[0]], values[sizes[0] :])
        ranks = stats.rankdata(values)
        sums = np.array([sum(chosen) for chosen in itertools.combinations(ranks, sizes[0])])
        mine = ranks[: sizes[0]].sum()
        assert p == pytest.approx(min(1.0, 2 * min((sums <= mine).mean(), (sums >= mine).mean())))
        wins = [(a > b) + 0.5 * (a == b) for a in values[: sizes[0]] for b in values[sizes[0] :]]
        assert effect == pytest.approx(np.mean(wins))


@pytest.mark.parametrize("repeats", [1, 2, 3, 5, 8, 9, 10, 15, 33, 34, 51])
def test_no_test_gives_less_than_the_smallest_p_value_and_one_gives_it(repeats):
    x, y = np.arange(repeats) + 1000.0, np.arange(repeats) + 0.0
    samples = [(x, y), (x // 2, y // 2), (x * 0 + 2, y * 0), (x, y * 0), (x * 0 + 2000, y)]
    p_values = [rank_sum(*pair)[0] for pair in samples]
    assert min(p_values) == pytest.approx(power_of(repeats, 1).smallest, rel=1e-9)


def test_rank_sum_of_equal_and_of_infinite_samples():
    assert rank_sum([1.0, 1.0], [1.0, 1.0, 1.0]) == (1.0, 0.5)
    p, effect = rank_sum([np.inf] * 8, [1.0] * 8)
    assert p < 0.01 and effect == 1.0


def test_holm_by_hand_and_with_gaps():
    assert holm([[0.01, np.nan], [0.02, 0.9]]).tolist() == [[0.03, pytest.approx(np.nan, nan_ok=True)], [0.04, 0.9]]
    assert holm([0.5, 0.6, 0.9]).max() == 1.0


def test_holm_keeps_the_family_wise_error():
    rng = RNG(7)
    wrong = sum(holm(rng.random(10)).min() < 0.05 for _ in range(2000)) / 2000
    assert wrong < 0.065


def test_friedman_agrees_with_scipy_with_ties():
    scores = RNG(8).integers(0, 5, size=(4, 12)).astype(float)
    result = compare_ranks(scores)
    reference = stats.friedmanchisquare(*scores)
    assert result.statistic == pytest.approx(reference.statistic)
    assert result.p_value == pytest.approx(reference.pvalue)
    assert result.mean_ranks.sum() == pytest.approx(10.0)


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_nemenyi_uses_demsars_table(methods, q):
    scores = RNG(9).random((methods, 20))
    want = q * np.sqrt(methods * (methods + 1) / (6 * 20))
    assert compare_ranks(scores).critical_difference == pytest.approx(want, rel=1e-3)


def test_coco_scores_order_successes_above_failures():
    scores = coco_scores([100.0, 10.0, np.inf, np.inf], [0.0, 0.0, 1.0, 5.0])
    assert np.argsort(-scores).tolist() == [1, 0, 2, 3]


def test_data_profile_by_hand():
    times = np.array([[11.0, 110.0, np.inf]])
    assert data_profile(times, [10, 10, 10], [0.9, 1.0, 10.0, 1e9])[0].tolist() == pytest.approx(
        [0, 1 / 3, 2 / 3, 2 / 3]
    )


def test_performance_profile_counts_ties_and_unsolved_problems():
    times = np.array([[1.0, 4.0, np.inf, np.inf], [1.0, 2.0, 7.0, np.inf]])
    assert performance_ratios(times)[0].tolist() == [1.0, 2.0, np.inf, np.inf]
    profile = performance_profile(times, [1.0, 2.0, 100.0])
    assert profile.tolist() == [[0.25, 0.5, 0.5], [0.75, 0.75, 0.75]]


def test_relative_targets_are_more_and_wilds():
    assert relative_targets([10.0, 5.0], [0.0, 5.0], 1e-3) == pytest.approx([0.01, 5.0])


def test_fixed_budget_aligns_by_last_known_value():
    costs = [np.array([1.0, 10.0]), np.array([2.0, 4.0, 8.0]), np.array([5.0])]
    values = [np.array([9.0, 1.0]), np.array([8.0, 3.0, 2.0]), np.array([7.0])]
    at = np.array([0.5, 1.0, 4.0, 5.0, 100.0])
    assert values_at(costs[1], values[1], at).tolist()[2:] == [3.0, 3.0, 2.0]
    low, middle, high = quantiles_at(costs, values, at)
    assert np.isnan(middle[:2]).all() and np.isnan(low[:1]).all()
    assert middle[2:].tolist() == [9.0, 7.0, 2.0]
    assert high[-1] == 4.5 and low[-1] == 1.5


def test_fixed_budget_quantiles_are_numpys():
    values = RNG(10).random((11, 1))
    got = quantiles_at([[1.0]] * 11, list(values), [1.0], (0.1, 0.25, 0.5, 0.9))
    assert got[:, 0] == pytest.approx(np.quantile(values[:, 0], (0.1, 0.25, 0.5, 0.9)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: iqm([1.0, 2.0]), r"\(..., runs, tasks\)"),
        (lambda: iqm([[np.nan]]), "NaN"),
        (lambda: holm([-1, 0.1]), "between 0 and 1, got -1.0"),
        (lambda: holm([[2.0, 0.1]]), "between 0 and 1, got 2.0"),
        (lambda: performance_profile([[np.nan, 1], [1, 2]], [1]), "must not be NaN"),
        (lambda: performance_profile(np.empty((2, 0)), [1]), "at least one problem"),
        (lambda: data_profile([[np.nan, 1], [1, 2]], [2, 2], [1]), "must not be NaN"),
        (lambda: data_profile([], [], [1]), "at least one problem"),
        (lambda: area_above([], 1, 10), "must not be empty"),
        (lambda: area_above([np.nan], 1, 10), "must not be NaN"),
        (lambda: ecdf([np.nan, 1.0], [1]), "must not be NaN"),
        (lambda: ert_interval([1.0], [1.0], samples=0), "samples must be at least 1, got 0"),
        (lambda: bootstrap_interval(np.ones((2, 2)), samples=0), "samples must be at least 1, got 0"),
        (lambda: improvement_interval([[1.0]], [[0.0]], samples=0), "samples must be at least 1, got 0"),
        (lambda: probability_of_improvement([[1.0]], [[1.0, 2.0]]), "same tasks"),
        (lambda: rank_sum([], [1.0]), "must not be empty"),
        (lambda: compare_ranks([[1.0, 2.0]]), "two or more methods"),
        (lambda: performance_ratios([1.0]), r"\(solvers, problems\)"),
        (lambda: relative_targets([1.0], [2.0], 0.1), "below best"),
        (lambda: relative_targets([1.0], [0.0], 2.0), "tolerance"),
        (lambda: quantiles_at([], [], [1.0]), "at least one run"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_ranks_put_unsolved_methods_behind_by_their_gap():
    cells = collect(make(9, failures=False))
    ranking = rank_methods(cells)
    row = ranking.problems.index("Rosenbrock (n=10)")
    assert dict(zip(ranking.methods, ranking.ranks[row], strict=True)) == {
        "L-BFGS-B": 1,
        "CMA-ES": 2,
        "Adam": 3,
        "SNES": 4,
    }
    assert np.isnan(ranking.p_values[row, ranking.methods.index("L-BFGS-B")])
    assert ranking.best_alone()[row]
    assert ranking.mean_ranks == pytest.approx(ranking.ranks.mean(axis=0))


def test_a_trial_does_not_win_by_its_larger_budget():
    cells = collect(make(9, failures=False))
    quick, slow = (
        next(c for c in cells if c.problem.startswith("Ros") and c.method == m) for m in ("L-BFGS-B", "CMA-ES")
    )
    first, second = pair_scores(quick, slow)
    assert first.min() > second.max() > 0
    cut = dataclasses.replace(
        quick,
        costs=[c[:3] for c in quick.costs],
        gaps=[g[:3] for g in quick.gaps],
        budgets=np.full(9, 20.0),
        allowed=np.full(9, 20.0),
    )
    first, second = pair_scores(cut, slow)
    assert (second < 0).all()  # after 20 evaluations no trial of either had reached the target


def test_a_trial_that_gives_up_early_is_judged_by_what_it_gave_up_with():
    cells = collect(make(9, failures=False))
    quick, slow = (
        next(c for c in cells if c.problem.startswith("Ras") and c.method == m) for m in ("L-BFGS-B", "CMA-ES")
    )
    assert max(quick.budgets) < 500 < min(slow.budgets) and not np.isfinite(quick.final_times).any()
    first, second = pair_scores(quick, slow)  # both were allowed 1e5 evaluations
    assert first.max() < second.min() < 0
    ranking = rank_methods([quick, slow])
    assert ranking.methods[int(np.argmin(ranking.ranks[0]))] == "CMA-ES"
    assert np.nanmax(ranking.effects) == np.nanmax(ranking.final_effects) == 1.0
    assert np.nanmin(ranking.p_values) < 1e-3 and ranking.best_alone()[0]


def test_the_common_budget_is_what_all_were_allowed():
    cells = collect(make(9, failures=False))
    quick, slow = (
        next(c for c in cells if c.problem.startswith("Ros") and c.method == m) for m in ("L-BFGS-B", "CMA-ES")
    )
    ranking = rank_methods([dataclasses.replace(quick, allowed=np.full(9, 150.0)), slow])
    assert ranking.common.tolist() == [150.0]
    assert np.isinf(ranking.ert).all() and np.nanmax(ranking.final_effects) == 1.0


def test_the_share_of_targets_is_trimmed_only_where_problems_are_many():
    rows = overall_table(collect(make(9)), samples=20)
    table = {c.problem: c for c in collect(make(9)) if c.method == "CMA-ES"}
    shares = [np.isfinite(c.times()).mean() for c in table.values()]
    mine = next(row for row in rows if row["method"] == "CMA-ES")
    assert not mine["trimmed"] and mine["iqm"] == pytest.approx(np.mean(shares), abs=0.01) and mine["iqm"] < 0.9
    many = overall_table(collect(make_bbob(tuple(range(1, 11)), (2,), trials=3)), samples=20)
    assert all(row["trimmed"] for row in many)


def test_probability_of_improvement_of_large_samples_needs_little_memory():
    x, y = RNG(11).normal(0.2, 1, (40_000, 1)), RNG(12).normal(0, 1, (40_000, 1))
    tracemalloc.start()
    estimate, low, high = improvement_interval(x, y, samples=50)
    assert tracemalloc.get_traced_memory()[1] < 4e8
    tracemalloc.stop()
    assert low < estimate < high and estimate == pytest.approx(stats.norm.cdf(0.2 / np.sqrt(2)), abs=0.01)


def test_overall_table_orders_by_speed():
    rows = overall_table(collect(make(9)), samples=100)
    assert rows[0]["method"] == "L-BFGS-B"
    assert rows[0]["slowdown"] == 1.0 and rows[0]["p_better"] is None
    for row in rows[1:]:
        assert row["slowdown"] >= 1.0
        assert row["p_low"] <= row["p_better"] <= row["p_high"]
        assert row["iqm_low"] <= row["iqm"] <= row["iqm_high"]


def test_power_of_few_and_of_very_many_repeats():
    assert power_of(4, 1).smallest == pytest.approx(stats.mannwhitneyu([1, 2, 3, 4], [5, 6, 7, 8]).pvalue)
    assert not power_of(4, 253).possible and power_of(power_of(4, 253).needed, 253).possible
    assert not power_of(power_of(4, 253).needed - 1, 253).possible
    assert power_of(50_000, 1).possible and power_of(50_000, 1).smallest < 1e-300
    assert 0.5 < power_of(1000, 1).effect() < power_of(10, 1).effect() <= 1.0


def uneven(study, drop):
    """The study without some repeats: ``drop`` says how many of each problem are left."""
    left = dict(zip(study.header["problems"], drop, strict=False))
    kept = [t for t in study.trials if t["seed"] < left.get(t["problem"]["label"], 99)]
    return dataclasses.replace(study, trials=kept)


@pytest.mark.parametrize("drop", [(9, 9, 9, 9), (3, 2, 9, 5), (1, 4, 2, 7)])
def test_all_problems_have_the_same_weight_however_many_runs_they_have(drop):
    cells = collect(uneven(make(9, failures=False), drop))
    rows = overall_table(cells, samples=50)
    for row in rows:
        mine = [cell for cell in cells if cell.method == row["method"]]
        shares = [np.isfinite(cell.times()).mean(axis=0) for cell in mine]
        assert [share.size for share in shares] == list(drop)
        assert row["iqm"] == pytest.approx(np.mean([share.mean() for share in shares]))
        assert row["iqm_low"] <= row["iqm"] <= row["iqm_high"]
    for row in rows[1:]:
        pairs = [[next(c for c in cells if (c.problem, c.method) == (p, m)) for m in (rows[0]["method"], row["method"])]
                 for p in dict.fromkeys(cell.problem for cell in cells)]  # fmt: skip
        for name, cutoff in (("p_better", None), ("p_final", np.inf)):
            scores = [pair_scores(*pair, cutoff) for pair in pairs]
            wins = [stats.mannwhitneyu(a, b).statistic / (a.size * b.size) for a, b in scores]
            assert row[name] == pytest.approx(np.mean(wins))


def test_the_interquartile_mean_of_uneven_tasks_is_that_of_tasks_repeated_to_one_length():
    columns = [RNG(k).normal(size=size) for k, size in enumerate((4, 2, 8, 4, 1, 8))]
    estimate = mean_over_tasks(columns, trimmed=True, samples=10)[0]
    # 27 runs: floor(27 / 4) / 27 of the weight is cut at either end, here of 27 * 8 copies of each task
    copies = np.sort(np.concatenate([np.repeat(column, 27 * 8 // column.size) for column in columns]))
    cut = copies.size * 6 // 27
    assert estimate == pytest.approx(copies[cut:-cut].mean())
    even = RNG(9).normal(size=(7, 10))
    assert mean_over_tasks(list(even.T), trimmed=True, samples=10)[0] == pytest.approx(float(iqm(even)))


def test_intervals_of_uneven_tasks_come_from_the_runs_that_there_were():
    """Two runs, copied to sixteen, would look as sure as sixteen."""
    few, many = np.array([0.0, 1.0]), np.tile([0.0, 1.0], 8)
    _, low, high = mean_over_tasks([few, many], samples=2000)
    share = np.sqrt(0.25 / 2 + 0.25 / 16) / 2
    assert high - low == pytest.approx(2 * 1.96 * share, rel=0.15)
    assert mean_over_tasks([few, few + 1], samples=500) == mean_over_tasks([few, few + 1], samples=500)
