import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.statistics import (
    area_above,
    default_targets,
    ecdf,
    ecdf_resamples,
    ert_interval,
    expected_runtime,
    hitting_times,
    order_quantile,
    restarted_runtimes,
    simulated_restarts,
)
from experiments.statistics.restarts import derandomized_indices
from tests.experiments.published import ERT, INTERVAL, RUNS


def by_hand(costs, values, target):
    return next((c for c, v in zip(costs, values, strict=True) if v <= target), np.inf)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-5, 5) | st.just(float("nan")), min_size=0, max_size=20),
    st.lists(st.floats(-6, 6), min_size=1, max_size=6),
)
def test_hitting_times_are_the_first_cost_at_or_below_the_target(values, targets):
    costs = np.arange(1.0, len(values) + 1)
    got = hitting_times(costs, values, targets)
    assert got.tolist() == [by_hand(costs, values, t) for t in targets]


@pytest.mark.parametrize("function", sorted(RUNS))
def test_published_expected_runtimes(function):
    times, budgets = RUNS[function]
    got = float(expected_runtime(times, budgets))
    assert got == pytest.approx(ERT[function], rel=2e-3)


def test_published_value_of_f22_to_four_digits():
    assert float(expected_runtime(*RUNS[22])) == pytest.approx(5.048e6, rel=1e-4)


@pytest.mark.parametrize("function", sorted(RUNS))
def test_published_bootstrap_intervals(function):
    low, high = ert_interval(*RUNS[function], samples=2000, rng=1)
    want_low, want_high = INTERVAL[function]
    assert float(low) == pytest.approx(want_low, rel=0.08)
    assert float(high) == (want_high if np.isinf(want_high) else pytest.approx(want_high, rel=0.12))


def test_simulated_restarts_have_the_mean_and_median_of_f22():
    drawn = simulated_restarts(*RUNS[22], draws=200_000, rng=0)
    assert drawn.mean() == pytest.approx(5.05e6, rel=0.01)
    assert np.median(drawn) == pytest.approx(2.77e6, rel=0.02)


def test_simulated_restarts_do_not_touch_successes_and_keep_lost_targets():
    times = [[5.0, 7.0, 6.0], [np.inf, np.inf, np.inf], [5.0, np.inf, np.inf]]
    drawn = simulated_restarts(times, [9.0, 9.0, 9.0], draws=30, rng=3)
    assert sorted(set(drawn[0])) == [5.0, 6.0, 7.0]
    assert np.isinf(drawn[1]).all()
    assert np.isin(drawn[2] % 9.0, 5.0).all()
    assert (np.bincount(drawn[0].astype(int))[5:] == 10).all()  # derandomised: each run opens a third of the draws


def test_derandomised_indices_balance():
    counts = np.bincount(derandomized_indices(7, 24, rng=0), minlength=7)
    assert counts.max() - counts.min() <= 1


def test_derandomising_reduces_the_variance():
    times, budgets = RUNS[21]
    means = {
        how: np.var([simulated_restarts(times, budgets, 30, rng=s, derandomized=how).mean() for s in range(200)])
        for how in (True, False)
    }
    assert means[True] < 0.8 * means[False]


def test_expected_runtime_is_infinite_without_success_and_broadcasts():
    times = np.array([[1.0, 2.0], [np.inf, 3.0], [np.inf, np.inf]])
    assert expected_runtime(times, [10.0, 4.0]).tolist() == [1.5, 13.0, np.inf]


def test_order_quantile_allows_infinity_and_several_axes():
    table = np.array([[1.0, np.inf, 3.0], [5.0, 4.0, 6.0]])
    got = order_quantile(table, [0.5, 1.0])
    assert got.tolist() == [[3.0, 5.0], [np.inf, 6.0]]
    assert order_quantile(table, 0.5, axis=0).tolist() == [1.0, 4.0, 3.0]


def test_restarted_runtimes_weigh_each_problem_the_same():
    runtimes, weights = restarted_runtimes([([[1.0]], [1.0]), ([[1.0, 2.0]] * 9, [3.0, 3.0])], draws=10, rng=0)
    assert weights.sum() == pytest.approx(1.0)
    assert [weights[runtimes <= at].sum() for at in (1.0, 2.0)] == pytest.approx([0.75, 1.0])


def test_ecdf_is_a_fraction_of_all_pairs():
    assert ecdf([[1.0, np.inf], [2.0, 3.0]], [0.0, 2.0, 99.0]).tolist() == [0.0, 0.5, 0.75]


def test_area_is_the_area_above_the_curve():
    rng = np.random.default_rng(0)
    runtimes = np.where(rng.random(500) < 0.3, np.inf, 10 ** rng.uniform(-1, 5, 500))
    at = np.geomspace(1.0, 1e4, 20_001)
    above = np.trapezoid(1 - ecdf(runtimes, at), np.log10(at))
    assert area_above(runtimes, 1.0, 1e4) == pytest.approx(above, abs=1e-3)


def test_area_difference_is_the_log_speed_ratio():
    slow = np.array([40.0, 90.0, 300.0])
    assert area_above(slow, 1, 1e4) - area_above(slow / 10, 1, 1e4) == pytest.approx(1.0)


def test_band_holds_the_curve_and_shrinks_with_runs():
    rng = np.random.default_rng(1)
    at = np.geomspace(1, 1e5, 40)

    def width(runs):
        times = 10 ** rng.normal(2.5, 0.6, size=(20, runs))
        times[rng.random(times.shape) < 0.3] = np.inf
        budgets = np.full(runs, 1e4)
        low, high = order_quantile(ecdf_resamples(times, budgets, at, samples=200, rng=0), [0.025, 0.975], axis=0)
        fraction = ecdf(simulated_restarts(times, budgets, 200, rng=0), at)
        assert (low <= fraction + 0.02).all()
        assert (fraction - 0.02 <= high).all()
        assert (np.diff(low) >= 0).all() and (np.diff(high) >= 0).all()
        return (high - low).mean()

    assert width(60) < 0.7 * width(8)


def test_band_without_restarts_counts_only_real_runs():
    times = np.array([[1.0, np.inf]])
    alone, again = (ecdf_resamples(times, [5.0, 5.0], [1e9], restarts=r, samples=300) for r in (False, True))
    assert order_quantile(alone, 0.975, axis=0) == 1.0  # a resample may hold the success twice
    assert order_quantile(again, 0.4, axis=0) == 1.0  # with restarts one success is enough


def test_default_targets_are_cocos():
    assert default_targets() == pytest.approx(10 ** np.arange(2, -8.2, -0.2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hitting_times([1, 2], [1.0], [0.0]), "one length"),
        (lambda: expected_runtime([], []), "at least one run"),
        (lambda: expected_runtime([1.0, 2.0], [1.0]), "one entry per run"),
        (lambda: expected_runtime([np.nan], [1.0]), "write inf"),
        (lambda: simulated_restarts([1.0], [1.0], draws=0), "draws must be at least 1"),
        (lambda: order_quantile([1.0], 1.5), r"q must lie in \[0, 1\]"),
        (lambda: ert_interval([1.0], [1.0], level=95), "level must lie between 0 and 1"),
        (lambda: area_above([1.0], 10, 1), "0 < low < high"),
        (lambda: ecdf([], [1.0]), "must not be empty"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
