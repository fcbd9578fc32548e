"""Nonlinear constraints by the augmented Lagrangian."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es
from es.constraints import Constraints
from tests.es import functions as F


def test_g06_of_the_cec_suite():
    constraint = NonlinearConstraint(
        lambda x: [(x[0] - 5) ** 2 + (x[1] - 5) ** 2, (x[0] - 6) ** 2 + (x[1] - 5) ** 2],
        [100, -np.inf],
        [np.inf, 82.81],
    )
    for seed in range(3):
        res = es.minimize(
            lambda x: (x[0] - 10) ** 3 + (x[1] - 20) ** 3,
            [14.5, 3.0],
            constraints=constraint,
            bounds=[(13, 100), (0, 100)],
            sigma0=0.5,
            rng=seed,
        )
        assert res.fun == pytest.approx(-6961.81387558015, abs=1e-4)
        assert res.fun >= -6961.81387558015 - 1e-7  # feasible, so never below
        assert res.violation == 0
        assert res.success


@pytest.mark.parametrize("n", [3, 10])
def test_sphere_with_an_active_linear_constraint(n):
    res = es.minimize(
        F.sphere, np.full(n, 2.0), constraints=LinearConstraint(np.eye(n)[:1], 1, np.inf), rng=1, sigma0=0.5
    )
    assert res.fun == pytest.approx(1, abs=1e-6)
    assert res.x[0] >= 1
    assert "tolfeasible" in res.stop


def test_ill_conditioned_function_with_a_linear_constraint():
    n = 5
    scale = 1e6 ** (np.arange(n) / (n - 1))
    res = es.minimize(
        lambda x: scale @ (x - 2) ** 2,
        np.full(n, -1.0),
        constraints=LinearConstraint(np.ones((1, n)), -np.inf, 0),
        sigma0=0.5,
        rng=1,
    )
    assert res.fun == pytest.approx(4 * n * n / (1 / scale).sum(), rel=1e-8)


def test_an_inactive_constraint_costs_nothing():
    inactive = NonlinearConstraint(lambda x: x @ x, -np.inf, 1e6)
    a = es.minimize(F.rosenbrock, np.zeros(4), rng=1, ftarget=1e-8)
    b = es.minimize(F.rosenbrock, np.zeros(4), rng=1, ftarget=1e-8, constraints=inactive)
    assert a.nfev == b.nfev
    assert (a.x == b.x).all()


def test_equality():
    res = es.minimize(
        lambda x: x[0] ** 2 + (x[1] - 1) ** 2,
        [0.3, 0.3],
        constraints=NonlinearConstraint(lambda x: x[1] - x[0] ** 2, 0, 0),
        rng=1,
    )
    assert res.fun == pytest.approx(0.75, abs=1e-5)


def test_dicts_of_scipy():
    res = es.minimize(
        F.sphere, [2.0, 2.0], constraints=[{"type": "ineq", "fun": lambda x, a: x[0] - a, "args": (1.0,)}], rng=1
    )
    assert res.x == pytest.approx([1, 0], abs=1e-3)


def test_under_restarts():
    constraint = LinearConstraint([[1.0, 0.0]], 1, np.inf)
    res = es.minimize(F.sphere, [2.0, 2.0], constraints=constraint, restarts=2, rng=1, maxfevals=20000)
    assert len(res.restarts) == 3
    assert all("tolfeasible" in run["stop"] for run in res.restarts[:2])
    assert res.fun == pytest.approx(1, abs=1e-6)


def test_no_feasible_point():
    res = es.minimize(
        F.sphere, [2.0, 2.0], bounds=[(-3, 3)] * 2, constraints=LinearConstraint([[1, 0]], 10, 20), rng=1, maxfevals=300
    )
    assert not res.success
    assert np.isnan(res.fun)
    assert "no feasible point" in res.message
    assert res.violation == pytest.approx(7, abs=0.1)
    assert res.x[0] == pytest.approx(3, abs=0.1)


def test_constraints_that_are_not_finite_count_as_violated():
    constraints = Constraints(NonlinearConstraint(lambda x: np.nan if x[0] > 0 else -1.0, -np.inf, 0), 1)
    g = constraints(np.array([[1.0], [-1.0]]))
    assert (constraints.violation(g) == [np.inf, 0]).all()
    res = es.minimize(
        lambda x: float((x[0] - 1) ** 2),
        [-1.0],
        constraints=NonlinearConstraint(lambda x: np.nan if x[0] > 0.5 else -1.0, -np.inf, 0),
        rng=1,
    )
    assert res.x[0] == pytest.approx(0.5, abs=1e-2)
    assert res.x[0] <= 0.5


def test_two_sided_and_mixed_rows():
    constraints = Constraints([LinearConstraint(np.eye(3), [0, -1, 2], [0, 1, np.inf])], 3)
    g = constraints(np.array([[0.5, 0.5, 3.0]]))
    assert g.tolist() == [[0.5, -1.5, -1.0, -0.5]]
    assert constraints.equality.tolist() == [True, False, False, False]
