"""What is said of a function that is maximised is said of its own values, and of maxima."""

import numpy as np
import pytest

import es


def hill(x):
    return -float((x**2).sum())


@pytest.mark.parametrize(
    "more",
    [
        {"method": "cmaes"},
        {},
        {"method": "nelder-mead"},
        {"constraints": {"type": "ineq", "fun": lambda x: x[0] + 1}},
        {"restarts": 1, "method": "cmaes"},
        {"method": "gp", "bounds": [(-4, 4)] * 2},
    ],
)
def test_the_target_has_the_sign_of_the_function(more):
    res = es.minimize(hill, [3.0, 3.0], maximize=True, ftarget=-1, rng=1, **more)
    assert res.success and res.stop["ftarget"] == res.fun >= -1
    assert f"(ftarget = {res.fun:.6g}" in res.message


def test_targets_of_runs_in_turn_have_the_sign_of_the_function():
    for res in es.minimize_runs(hill, np.full((2, 2), 3.0), maximize=True, ftarget=-1, rng=1):
        assert res.stop["ftarget"] == res.fun


def test_a_maximum_below_the_target_is_below_it():
    res = es.minimize(hill, [3.0, 3.0], maximize=True, ftarget=1, rng=1, method="cmaes")
    assert not res.success and res.message.startswith("ended below ftarget")
    res = es.minimize(lambda x: -hill(x), [3.0, 3.0], ftarget=-1, rng=1, method="cmaes")
    assert not res.success and res.message.startswith("ended above ftarget")


def test_the_log_of_restarts_has_the_values_of_the_function():
    res = es.minimize(lambda x: 5 + hill(x), [3.0, 3.0], maximize=True, restarts=2, rng=1, method="cmaes")
    assert [leg["fun"] for leg in res.restarts] == pytest.approx([5.0] * 3)


def test_callbacks_see_the_history_in_values_of_the_function():
    seen = []

    def callback(intermediate_result):
        seen.append((intermediate_result.fun, intermediate_result.history))

    res = es.minimize(hill, [3.0, 3.0], maximize=True, maxiter=12, rng=1, method="cmaes", callback=callback)
    fun, history = seen[-1]
    np.testing.assert_array_equal(history["best"], res.history["best"])
    assert history["best"][-1] == fun < 0 and (history["low"] <= history["high"]).all()


@pytest.mark.parametrize(
    "fun, x0, more, says",
    [
        (lambda x: np.inf if x[0] > 1 else hill(x), [0.9], {"method": "cmaes"}, "is inf, above which there is none"),
        (lambda x: float(x.sum()), [1.0, 1.0], {"method": "cmaes"}, "no maximum"),
        (lambda x: -float(np.exp(-x[0])), [1.0], {"method": "cmaes"}, "no maximum without bounds"),
    ],
)
def test_what_ends_a_run_is_told_of_maxima(fun, x0, more, says):
    res = es.minimize(fun, x0, maximize=True, rng=1, maxfevals=20_000, **more)
    assert says in res.message and "minimum" not in res.message


def test_every_row_that_speaks_of_one_side_speaks_of_the_other_too():
    for row in es.core.criteria.ROWS:
        one_sided = any(word in row.says for word in ("minimum", "maximum", "-inf", "below", "above"))
        assert bool(row.of_maximum) == one_sided and row.of_maximum != row.says


def test_the_budget_counts_the_mean_that_is_evaluated_last():
    res = es.minimize(lambda x: -hill(x), [3.0, 3.0], evaluate_mean=True, maxfevals=100, rng=1, method="cmaes")
    assert res.stop == {"maxfevals": 100.0} and "(maxfevals = 100) after 100 evaluations" in res.message


def test_a_mean_that_reaches_the_target_is_a_success():
    common = {"evaluate_mean": True, "maxfevals": 100, "rng": 2, "method": "cmaes"}
    free = es.minimize(hill, [3.0, 3.0], maximize=True, **common)
    assert free.fun == free.fun_mean and not free.success
    res = es.minimize(hill, [3.0, 3.0], maximize=True, ftarget=free.fun, **common)
    assert res.success and res.stop["ftarget"] == free.fun
