"""Gradients by differences: their values, their count, their batch, their bounds, and what cannot be."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize._numdiff import approx_derivative

import es
from es.run.differences import SCHEMES, Differences
from problems.boxes import as_box
from problems.ledger import Ledger
from problems.objective import Objective


def curved(x):
    return np.exp(x[..., 0]) * np.sin(x[..., 1]) + x[..., 2] ** 3 * x[..., 0] + x[..., 1] ** 2


class Counting:
    """Rosenbrock's function, which counts its calls and keeps its points; floats only where `plain`."""

    def __init__(self, plain: bool = True) -> None:
        self.plain = plain
        self.points: list[np.ndarray] = []

    def __call__(self, x):
        self.points.append(np.array(x))
        a, b = (float(x[0]), float(x[1])) if self.plain else (x[0], x[1])
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("vectorized", [False, True])
def test_slopes_are_those_of_scipy_at_each_point_also_beside_bounds(scheme, vectorized):
    lb, ub = np.array([-1.0, -3.0, 0.5]), np.array([0.3, 3.0, 0.5 + 1e-7])
    x = np.array([[0.3, -3.0, 0.5], [-1.0, 3.0, 0.5 + 1e-7], [0.3 - 1e-9, 2.99999999, 0.5 + 3e-8], [0.1, 2.0, 0.5]])
    ledger = Ledger(Objective(curved, 3, vectorized=vectorized))
    differences = Differences(scheme, ledger, as_box([*zip(lb, ub, strict=True)], 3), np.ones(3))
    points = differences.around(x)
    found = differences.read(differences.evaluated(points))
    assert len(points) == len(x) * differences.each == ledger.nfev
    assert ledger.njev == len(x)
    assert (found.points >= lb).all() and (found.points <= ub).all()
    reference = [approx_derivative(curved, row, method=scheme, bounds=(lb, ub)) for row in x]
    scale = np.abs(reference).max(-1)[:, None]
    np.testing.assert_allclose(found.g / scale, reference / scale, rtol=0, atol=1e-5 if scheme != "cs" else 1e-14)
    np.testing.assert_array_equal(found.f[: len(x)], curved(x))


def test_a_fixed_variable_has_no_slope_and_costs_nothing():
    differences = Differences(
        "3-point", Ledger(Objective(curved, 3)), as_box([(0, 1), (0.5, 0.5), (0, 1)], 3), np.ones(3)
    )
    assert differences.each == 5
    found = differences.read(differences.evaluated(differences.around(np.full((1, 3), 0.5))))
    assert found.g[0, 1] == 0 and found.g[0, 0] != 0


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "cg", "slsqp", "trust-constr", "adam"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_methods_get_to_the_optimum_and_each_call_is_counted(method, scheme):
    fun = Counting(plain=scheme != "cs")
    res = es.minimize(fun, [-1.2, 1.0], method=method, jac=scheme, rng=1)
    assert res.success and res.fun < 1e-9, (res.fun, res.message)
    assert res.nfev == len(fun.points)
    assert res.nfev == res.njev * (5 if scheme == "3-point" else 3)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("budget", [1, 2, 4, 11, 23])
@pytest.mark.parametrize("restarts", [None, 2])
def test_the_budget_is_kept_to_the_evaluation(scheme, budget, restarts):
    fun = Counting(plain=scheme != "cs")
    res = es.minimize(fun, [-1.2, 1.0], method="l-bfgs-b", jac=scheme, maxfevals=budget, restarts=restarts, rng=1)
    assert res.nfev == len(fun.points) == budget and "maxfevals" in res.stop
    real = [float(Counting()(x.real)) for x in fun.points]
    assert res.fun == min(real)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_vectorised_function_sees_a_point_and_its_differences_in_one_batch(scheme):
    shapes = []

    def fun(x):
        shapes.append(x.shape)
        return ((x - 1) ** 2).sum(-1)

    res = es.minimize(fun, np.zeros(5), method="l-bfgs-b", jac=scheme, vectorized=True)
    assert res.fun < 1e-12 and res.nfev == sum(rows for rows, _ in shapes)
    # Real points and complex ones cannot be in one array.
    assert set(shapes) == ({(1, 5), (5, 5)} if scheme == "cs" else {(6 if scheme == "2-point" else 11, 5)})


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("method", ["l-bfgs-b", "slsqp", "trust-constr", "adam"])
def test_no_point_is_outside_of_the_bounds(scheme, method):
    fun = Counting(plain=scheme != "cs")
    res = es.minimize(fun, [0.3, 1.0], method=method, jac=scheme, bounds=[(0.2, 0.5), (0.1, 1.0)], rng=1)
    points = np.array(fun.points).real
    assert (points >= [0.2, 0.1]).all() and (points <= [0.5, 1.0]).all()
    np.testing.assert_allclose(res.x, [0.5, 0.25], atol=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_numbers_do_not_depend_on_workers(scheme):
    here, there = (
        es.minimize(
            scipy.optimize.rosen, [-1.2, 1.0, 0.5], method="l-bfgs-b", jac=scheme, workers=workers, maxfevals=60
        )
        for workers in (1, 2)
    )
    assert here.fun == there.fun and here.nfev == there.nfev == 60
    np.testing.assert_array_equal(here.x, there.x)


def test_units_of_extraordinary_scale():
    res = es.minimize(
        lambda x: (x[0] / 1e-9 - 3) ** 2 + (x[1] / 1e11 - 2) ** 2, [5e-9, 1e11], method="l-bfgs-b", jac="2-point",
        bounds=[(1e-9, 1e-8), (1e9, 3e11)],
    )  # fmt: skip
    assert res.fun < 1e-10


def test_constraints_hold_at_the_best_point():
    rule = scipy.optimize.LinearConstraint([[1.0, 1.0]], -np.inf, 1.0)
    res = es.minimize(lambda x: ((x - 1) ** 2).sum(), [0.0, 0.0], method="slsqp", jac="2-point", constraints=rule)
    np.testing.assert_allclose(res.x, [0.5, 0.5], atol=1e-6)
    assert res.x.sum() <= 1 + 1e-9


@pytest.mark.parametrize("method", ["l-bfgs-b", "adam"])
def test_runs_in_turn(method):
    results = es.minimize_runs(
        Counting(), [[-1.2, 1.0], [0.5, 0.5]], method=method, jac="2-point", maxfevals=[100, 200], rng=1
    )
    assert [res.nfev <= most for res, most in zip(results, (100, 200), strict=True)] == [True, True]
    alone = es.minimize(Counting(), [0.5, 0.5], method=method, jac="2-point", maxfevals=200, rng=1)
    assert results[1].fun == alone.fun


def test_an_objective_may_be_given_differences_in_the_place_of_its_gradient():
    objective = Objective(scipy.optimize.rosen, 2, jac=lambda x: x * np.nan)
    assert es.minimize(objective, [0.0, 0.0], method="l-bfgs-b", jac="3-point").fun < 1e-9
    rough = Objective(scipy.optimize.rosen, 2, differentiable=False)
    assert es.minimize(rough, [0.0, 0.0], method="l-bfgs-b", jac="2-point").fun < 1e-9


def test_a_checkpoint_goes_on_to_the_bit(tmp_path):
    file = tmp_path / "run.npz"
    whole = es.minimize(Counting(), [-1.2, 1.0], method="l-bfgs-b", jac="2-point", rng=1, maxfevals=90)
    es.minimize(Counting(), [-1.2, 1.0], method="l-bfgs-b", jac="2-point", rng=1, maxfevals=40, checkpoint=file)
    resumed = es.minimize(
        Counting(), [-1.2, 1.0], method="l-bfgs-b", jac="2-point", rng=1, maxfevals=90, checkpoint=file
    )
    assert (resumed.fun, resumed.nfev) == (whole.fun, 90)
    with pytest.raises(ValueError, match="jac"):
        es.minimize(Counting(), [-1.2, 1.0], method="l-bfgs-b", jac="3-point", rng=1, maxfevals=90, checkpoint=file)


def test_through_scipy():
    def fun(x, a):
        return (math.exp(x[0]) - a) ** 2 + float(x[1]) ** 2

    for jac, method in (("2-point", "l-bfgs-b"), ("3-point", "bfgs"), (None, "slsqp")):
        res = scipy.optimize.minimize(fun, [0.0, 1.0], args=(2.0,), method=es.scipy_method(method, jac=jac))
        np.testing.assert_allclose(res.x, [math.log(2), 0], atol=1e-6)
    res = scipy.optimize.minimize(fun, [0.0, 1.0], args=(2.0,), jac="2-point", method=es.scipy_method("l-bfgs-b"))
    np.testing.assert_allclose(res.x, [math.log(2), 0], atol=1e-6)
    with pytest.raises(ValueError, match="'2-point', '3-point', 'cs'"):
        es.scipy_method("l-bfgs-b", jac="4-point")


def test_what_cannot_be_is_said():
    for call in (es.minimize, es.minimize_runs):
        with pytest.raises(ValueError, match=r"jac must be '2-point', '3-point', 'cs'.*got '4-point'"):
            call(Counting(), np.zeros((1, 2)) if call is es.minimize_runs else [0.0, 0.0], jac="4-point")
        with pytest.raises(ValueError, match=r"needs a gradient.*jac='2-point'"):
            rough = Objective(scipy.optimize.rosen, 2, differentiable=False)
            call(rough, np.zeros((1, 2)) if call is es.minimize_runs else [0.0, 0.0], method="adam")
    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="jac='2-point'"):
            es.minimize(lambda x: math.sin(x[0]), [0.0], method="l-bfgs-b", workers=workers)
    with pytest.raises(ValueError, match=r"noise'\] needs .* population"):
        es.minimize(Counting(), [0.0, 0.0], method="adam", jac="2-point", options={"noise": "reevaluate"})


@pytest.mark.parametrize("fun", [lambda x: abs(x[0]) + abs(x[1]), lambda x: math.sin(x[0])])
@pytest.mark.parametrize("on_error", ["raise", "penalize"])
def test_a_function_that_does_not_compute_with_complex_numbers_is_refused(fun, on_error):
    with pytest.raises(TypeError, match=r"jac='cs' needs a fun that computes with complex x.*jac='2-point'"):
        es.minimize(fun, [0.5, 1.0], method="l-bfgs-b", jac="cs", on_error=on_error)


def test_methods_that_use_no_gradient_leave_differences_alone():
    a, b = (es.minimize(Counting(), [0.0, 0.0], method="cmaes", jac=jac, rng=1, maxfevals=300) for jac in (None, "cs"))
    assert a.fun == b.fun
    assert es.minimize(Counting(), [0.0, 0.0], method="auto", jac="2-point", rng=1).fun < 1e-8


@pytest.mark.parametrize("scheme", SCHEMES)
def test_where_all_variables_are_fixed_there_are_no_points_beside(scheme):
    res = es.minimize(lambda x: (x * x).sum(), [1.0, 2.0], method="l-bfgs-b", jac=scheme, bounds=[(1, 1), (2, 2)])
    assert res.success and res.fun == 5.0
    assert res.nfev == res.njev  # nothing beside the points that the solver asks for


@pytest.mark.parametrize("workers", [1, 2])
def test_penalties_do_not_hide_the_cure(workers):
    """That autodiff cannot follow a function is no failure of a point."""
    with pytest.raises(RuntimeError, match=r"where autodiff cannot follow fun, jac='2-point' takes differences"):
        es.minimize(float_of_sum, [1.0, 2.0], method="l-bfgs-b", on_error="penalize", workers=workers, maxfevals=50)
    res = es.minimize(float_of_sum, [1.0, 2.0], method="l-bfgs-b", on_error="penalize", jac="2-point", maxfevals=50)
    assert res.fun < 1e-9


def float_of_sum(x):
    return float(x[0]) ** 2 + float(x[1]) ** 2


DESCENTS = [info.name for info in es.methods() if info.kind == "gradient"]


@pytest.mark.parametrize("scheme", ["2-point", "3-point"])
@pytest.mark.parametrize("method", DESCENTS)
def test_differences_that_are_lost_in_rounding_are_no_success(method, scheme):
    """Those of 1e-9 (x - 3)^2 beside 1, and of (x - 1)^2 beside 1e8 within 0.1 of the minimum: f has the digits."""

    def offset(size, slope, x):
        return size + slope * ((x - 3) ** 2).sum()

    for size, slope in ((1.0, 1e-9), (1e8, 1.0)):
        res = es.minimize(partial(offset, size, slope), [0.0, 1.0], method=method, jac=scheme, rng=1, maxfevals=10_000)
        left = 2 * 1e-10**2 / (4 * slope)  # at a gradient that counts as small
        assert not res.success or res.fun - size < 1.1 * left + 1e-15 * size, res
    assert res.success or method == "adamw"  # whose decay pulls it off the minimum


def test_longer_differences_keep_bounds_budget_and_count():
    lb, ub, seen = np.array([-1.0, 0.0, 2.0]), np.array([1e-5, 1.0, 2.0]), []

    def fun(x):
        seen.append(x.copy())
        return 1e8 + ((x - [0.0, -1.0, 0.0]) ** 2).sum()

    for most in (*range(20, 60, 7), 3000):
        seen.clear()
        res = es.minimize(
            fun, [1e-5, 0.3, 2.0], method="adam", jac="2-point", bounds=[*zip(lb, ub, strict=True)], maxfevals=most
        )
        points = np.array(seen)
        assert (points >= lb).all() and (points <= ub).all()
        assert res.nfev == len(points) <= most
    assert res.success and res.x[1] == 0 and abs(res.x[0]) < 1e-3


def test_a_function_with_idle_variables_keeps_its_success():
    res = es.minimize(lambda x: 1.0 + (x[0] - 1) ** 2, np.full(6, 3.0), method="adam", jac="2-point", rng=1)
    assert res.success and abs(res.x[0] - 1) < 1e-6 and np.abs(res.x[1:] - 3).max() < 0.01


def test_longer_differences_go_on_from_a_checkpoint_to_the_bit(tmp_path):
    def fun(x):
        return 1e8 + ((x - 1) ** 2).sum()

    def run(most, **kept):
        return es.minimize(fun, [3.0, -2.0], method="adam", jac="2-point", rng=1, maxfevals=most, **kept)

    whole = run(900)
    for stop in range(700, 712):
        file = tmp_path / f"{stop}.npz"
        run(stop, checkpoint=file)
        resumed = run(900, checkpoint=file)
        assert (resumed.fun, resumed.x.tolist()) == (whole.fun, whole.x.tolist())
