"""SciPy's solvers for constraints, on Hock and Schittkowski's problems and those of SciPy's tests."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es
import problems
from es.gradient.optimality import is_stationary
from problems.boxes import Box

# Both methods go to a local minimum from the start of these, SciPy's own calls too; the last has no multipliers at
# its optimum (the constraint's gradient is zero there).
LOCAL = ("hs2", "hs16", "hs20", "hs33", "hs13")
NAMES = [name for name in problems.names() if name.startswith("hs") and name not in LOCAL]
QUICK = NAMES[::6]


@pytest.mark.parametrize("method", ["slsqp", "trust-constr"])
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.heavy) for name in NAMES]
)
@pytest.mark.filterwarnings("ignore")
def test_success_is_an_optimum(name, method):
    problem = problems.get(name)
    res = es.minimize(problem, method=method, maxfevals=1500, rng=1)
    gap = (res.fun - problem.f_opt) / max(1, abs(problem.f_opt))
    if res.success:
        assert abs(gap) < 2e-5
    if method == "slsqp" and name not in ("hs15",):
        assert res.success


def scipy_finds(f, x0, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return min(
            float(found.fun)
            for method in ("slsqp", "trust-constr")
            if (found := scipy.optimize.minimize(f, x0, method=method, **more)).success
        )


# Problems of the tests of SciPy: the first three of its trust-constr, the others of its differential evolution
# (Lampinen 2002, who took them from Michalewicz and Schoenauer 1996).
def maratos():
    circle = NonlinearConstraint(lambda x: x[0] ** 2 + x[1] ** 2, 1, 1)
    return lambda x: 2 * (x[0] ** 2 + x[1] ** 2 - 1) - x[0], [0.5, 0.866], {"constraints": circle}, -1.0


def hyperbolic():
    below = NonlinearConstraint(lambda x: 1 / (x[0] + 1) - x[1], -np.inf, 0.25)
    box = [(0, None), (0, None)]
    return (
        lambda x: 0.5 * (x[0] - 2) ** 2 + 0.5 * (x[1] - 0.5) ** 2,
        [0, 0],
        {"constraints": below, "bounds": box},
        None,
    )


def rosenbrock_below_a_line():
    line = LinearConstraint([[1, 2]], -np.inf, 1)
    return lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, [-1, -0.5], {"constraints": line}, None


def box_and_disc():
    disc = NonlinearConstraint(lambda x: x[0] ** 2 + x[1] ** 2, -np.inf, 1)
    return lambda x: -x[0] - x[1], [0.0, 0.0], {"constraints": disc, "bounds": [(0, 5), (0, 5)]}, -np.sqrt(2)


def lampinen_6():
    rings = NonlinearConstraint(
        lambda x: np.array([(x[0] - 5) ** 2 + (x[1] - 5) ** 2, (x[0] - 6) ** 2 + (x[1] - 5) ** 2]),
        [100, -np.inf],
        [np.inf, 82.81],
    )
    f, box = lambda x: (x[0] - 10) ** 3 + (x[1] - 20) ** 3, [(13, 100), (0, 100)]
    return f, [20.1, 5.84], {"constraints": rings, "bounds": box}, -6961.81387558015


def lampinen_7():
    def pressures(x):
        return np.array(
            [
                85.334407 + 0.0056858 * x[1] * x[4] + 0.0006262 * x[0] * x[3] - 0.0022053 * x[2] * x[4],
                80.51249 + 0.0071317 * x[1] * x[4] + 0.0029955 * x[0] * x[1] + 0.0021813 * x[2] ** 2,
                9.300961 + 0.0047026 * x[2] * x[4] + 0.0012547 * x[0] * x[2] + 0.0019085 * x[2] * x[3],
            ]
        )

    def f(x):
        return 5.3578547 * x[2] ** 2 + 0.8356891 * x[0] * x[4] + 37.293239 * x[0] - 40792.141

    box = [(78, 102), (33, 45), (27, 45), (27, 45), (27, 45)]
    limits = NonlinearConstraint(pressures, [0, 90, 20], [92, 110, 25])
    return f, [78.62, 33.44, 31.07, 44.18, 35.22], {"constraints": limits, "bounds": box}, -30665.538671783


def lampinen_9():
    parabola = NonlinearConstraint(lambda x: x[1] - x[0] ** 2, 0, 0)
    f, box = lambda x: x[0] ** 2 + (x[1] - 1) ** 2, [(-1, 1), (-1, 1)]
    return f, [0.5, 0.2], {"constraints": parabola, "bounds": box}, 0.75


def on_a_bound():
    return lambda x: ((x - 1) ** 2).sum(), [0.0, 0.0], {"bounds": [(0, 5)] * 2}, 0.0


def in_a_corner():
    return lambda x: (x + 1).sum(), [0.0, 0.0], {"bounds": [(0, 5)] * 2}, 2.0


WORKS = (maratos, hyperbolic, rosenbrock_below_a_line, box_and_disc, lampinen_6, lampinen_7, lampinen_9, on_a_bound,
         in_a_corner)  # fmt: skip


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("method", ["slsqp", "trust-constr"])
@pytest.mark.filterwarnings("ignore")
def test_what_scipy_finds_is_found(work, method):
    f, x0, more, f_opt = work()
    res = es.minimize(f, np.array(x0, dtype=float), method=method, rng=1, maxfevals=2000, **more)
    wanted = scipy_finds(f, x0, **more) if f_opt is None else f_opt
    assert res.fun <= wanted + 2e-6 * max(1, abs(wanted))
    assert res.success, res.message


@pytest.mark.parametrize("fixed", [[(0, 5), (2, 2), (0, 5)], [(1, 1), (2, 2), (0, 0)]])
@pytest.mark.parametrize("method", [m.name for m in es.methods() if m.kind == "scipy" and m.name not in ("bfgs", "cg")])
@pytest.mark.filterwarnings("ignore")
def test_variables_that_the_bounds_fix(method, fixed):
    start = [low if low == high else 0.3 for low, high in fixed]
    f_opt = sum((low - 1) ** 2 for low, high in fixed if low == high)
    res = es.minimize(
        lambda x: ((x - 1) ** 2).sum(), start, method=method, jac=lambda x: 2 * (x - 1), bounds=fixed, rng=1,
        maxfevals=2000,
    )  # fmt: skip
    assert res.fun == pytest.approx(f_opt, abs=1e-6)


def test_stationary_points_and_others():
    one = np.ones(2)
    assert is_stationary(one, np.zeros(2), None, (), one, 0.0, 1.0)
    assert not is_stationary(one, np.array([1e-3, 0.0]), None, (), one, 0.0, 1.0)
    assert not is_stationary(one, np.array([np.nan, 0.0]), None, (), one, 0.0, 1.0)
    line = LinearConstraint([[1, 1]], 2, np.inf)
    assert is_stationary(one, one, None, line, one, 0.0, 1.0)
    assert not is_stationary(one, -one, None, line, one, 0.0, 1.0)  # a multiplier below zero
    assert not is_stationary(0.9 * one, one, None, line, one, 0.0, 1.0)  # violates it
    both = LinearConstraint([[1, 1]], 2, 2)
    assert is_stationary(one, -one, None, both, one, 0.0, 1.0)


@pytest.mark.parametrize("constraint", [(), LinearConstraint([[1, 1, 1]], -np.inf, 9)])  # far away: no part in it
def test_bounds_balance_a_gradient_that_points_outwards_and_no_other(constraint):
    box = Box(np.array([0.0, -np.inf, 2.0]), np.array([1.0, 1.0, 2.0]))
    x, ones = np.array([0.0, 1.0, 2.0]), np.ones(3)
    for low, high, fixed in itertools.product((-1.0, 0.0, 1.0), repeat=3):
        flat = is_stationary(x, np.array([low, high, fixed]), box, constraint, ones, 0.0, 1.0)
        assert flat == (low >= 0 and high <= 0)
    assert not is_stationary(np.array([0.5, 1.0, 2.0]), np.array([1.0, 0, 0]), box, constraint, ones, 0.0, 1.0)
