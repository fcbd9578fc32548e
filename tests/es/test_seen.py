"""Constraints and values of extraordinary size, or with steps, under the augmented Lagrangian."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es
from es.core.seen import Seen

HALF_PLANE = LinearConstraint([[1, 1]], 1, np.inf)


def sphere(x):
    return float((x**2).sum())


def flag(x):
    return float(x.sum() >= 1)


@pytest.mark.parametrize("n", [1, 2])
def test_an_equality_that_is_a_flag_is_reached_or_no_success(n):
    """18 of 25 runs with n = 1 called a value far above the minimum a success while it was taken as two-sided."""
    runs = [
        es.minimize(sphere, [3.0] * n, constraints=NonlinearConstraint(flag, 1, 1), maxfevals=5000, rng=seed)
        for seed in range(8)
    ]
    arrived = [res.fun < 1.0001 / n for res in runs]
    assert sum(arrived) >= 7
    assert all(there or not res.success for there, res in zip(arrived, runs, strict=True))


def test_stairs_on_both_sides_of_an_equality_are_reached():
    stairs = NonlinearConstraint(lambda x: np.rint(x.sum() - 1), 0, 0)  # kept where the sum is 0.5 to 1.5
    runs = [es.minimize(sphere, [3.0, 3.0], constraints=stairs, maxfevals=5000, rng=seed) for seed in (1, 2, 3)]
    assert all(res.fun == pytest.approx(0.125, rel=1e-6) for res in runs)


def test_an_equality_without_a_point_between_its_sides_ends_without_success():
    jump = NonlinearConstraint(lambda x: np.sign(x.sum() - 1), 0, 0)
    res = es.minimize(sphere, [3.0], constraints=jump, maxfevals=3000, rng=1)
    assert not res.success and "no feasible point" in res.message


@pytest.mark.parametrize(
    "g, stairs",
    [
        ([-1.0, 0, 0, -1, 0, -1], True),
        ([-2.0, 0, 1, 1, -2, 1], True),
        ([-1.0, 0, 0, -0.5, 0, -0.25], False),  # one-sided, and no steps
        ([1e-7, 0, 0, 1e-7, 1e-7, 1e-7], False),  # kept
    ],
)
def test_only_equalities_whose_values_repeat_are_stairs(g, stairs):
    x = np.random.default_rng(1).normal(size=(6, 2))
    seen = Seen(1)
    seen.constraints(x, np.array(g)[:, None], np.array([True]), 1e-6)
    assert seen.stairs[0] == stairs


def test_sums_of_whole_numbers_stay_equalities_and_flags_of_them_do_not():
    x = np.random.default_rng(1).integers(0, 5, size=(20, 2)).astype(float)
    g = np.stack([x.sum(1) - 4, (x.sum(1) >= 4) - 1.0], axis=1)
    seen = Seen(2)
    seen.constraints(x, g, np.array([True, True]), 1e-6)
    assert seen.stairs.tolist() == [False, True]


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("of", ["f", "g", "equality"])
def test_the_size_of_values_and_constraints_decides_nothing(of, size):
    scales = {"f": (size, 1.0), "g": (1.0, size), "equality": (size, 1.0)}[of]
    limit = NonlinearConstraint(lambda x: scales[1] * (x.sum() - 1), 0, 0 if of == "equality" else np.inf)
    res = es.minimize(lambda x: scales[0] * sphere(x), [3.0, 3], constraints=limit, maxfevals=8000, rng=3)
    assert res.success and res.fun / scales[0] == pytest.approx(0.5, abs=1e-5)


def test_values_of_ordinary_size_are_seen_as_they_are():
    seen, x = Seen(2), np.ones((3, 1))
    f, g = np.array([3.0, -1e40, np.nan]), np.array([[1.0, 1e-40], [-2.0, np.inf], [0.0, 1.0]])
    shown = seen.values(f, np.array([True, False, False]), True)
    np.testing.assert_array_equal(shown, f)
    np.testing.assert_array_equal(seen.constraints(x, g, np.array([False, True]), 1e-6), g)


@pytest.mark.parametrize("penalty", [1e80, 1e160, 1.7e308, np.inf])
def test_a_penalty_of_any_size_beyond_a_constraint_is_infinite(penalty):
    res = es.minimize(
        lambda x: sphere(x) if x.sum() >= 1 else penalty, [3.0, 3], constraints=HALF_PLANE, rng=3, maxfevals=8000
    )
    assert res.success and res.fun == pytest.approx(0.5, rel=1e-6)


def test_a_constraint_at_minus_infinity_is_kept():
    def logarithm(x):
        return float(np.log(x.sum() - 1)) if x.sum() > 1 else -np.inf  # kept where the sum is at most 2

    limit = NonlinearConstraint(logarithm, -np.inf, 0.0)
    res = es.minimize(sphere, [0.5, 0.3], constraints=limit, maxfevals=500, rng=1)
    assert res.fun < 1e-12 and res.violation == 0


def test_a_constraint_that_overflows_where_it_is_kept_leads_to_the_minimum():
    """Success at 1.289 was claimed where values of -inf counted as violated."""

    def steep(x):
        with np.errstate(over="ignore"):
            return 1e308 * (x.sum() - 1)

    res = es.minimize(sphere, [3.0, 3], constraints=NonlinearConstraint(steep, 0, np.inf), rng=3, maxfevals=8000)
    assert res.success and res.fun == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e200])
def test_a_run_that_is_killed_goes_on_with_what_it_has_seen(tmp_path, scale):
    limits = [NonlinearConstraint(flag, 1, 1), NonlinearConstraint(lambda x: scale * x[0], 0, np.inf)]

    def run(most, path=None):
        return es.minimize(sphere, [3.0, 3], constraints=limits, rng=1, maxfevals=most, checkpoint=path)

    whole = run(900)
    run(400, tmp_path / "run")
    again = run(900, tmp_path / "run")
    assert again.fun == whole.fun and again.message == whole.message
