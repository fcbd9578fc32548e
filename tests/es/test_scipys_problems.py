"""Problems of SciPy's own tests through the methods that wrap its solvers: what SciPy finds is found.

The numbered ones are Lampinen's (2002, from Michalewicz and Schoenauer 1996; 1 to 8 are g01, g09, g07, g10, g08, g06,
g04 and g05 of CEC 2006), the others of its tests of trust-constr and of the solvers for bounds.
"""

import warnings

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import LinearConstraint, NonlinearConstraint, rosen, rosen_der

import es


def lampinen_1():
    """13 variables, linear constraints, an optimum in a corner."""
    A = np.zeros((9, 13))
    for row, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        A[row, [i, j, 9 + i, 9 + j]] = 2, 2, 1, 1
        A[3 + row, [row, 9 + row]] = -8, 1
        A[6 + row, [3 + 2 * row, 4 + 2 * row, 9 + row]] = -2, -1, 1
    line = LinearConstraint(A, -np.inf, [10] * 3 + [0] * 6)

    def f(x):
        return 5 * x[:4].sum() - 5 * x[:4] @ x[:4] - x[4:].sum()

    return f, [0.9] * 9 + [2.5] * 3 + [0.5], {"constraints": line, "bounds": [(0, 1)] * 9 + [(0, 100)] * 3 + [(0, 1)]}


def lampinen_2():
    def f(x):
        a, b, c, d, e, p, q = x
        square = (a - 10) ** 2 + 5 * (b - 12) ** 2 + c**4 + 3 * (d - 11) ** 2
        return square + 10 * e**6 + 7 * p**2 + q**4 - 4 * p * q - 10 * p - 8 * q

    def g(x):
        a, b, c, d, e, p, q = x
        return np.array([
            2 * a**2 + 3 * b**4 + c + 4 * d**2 + 5 * e - 127,
            23 * a + b**2 + 6 * p**2 - 8 * q - 196,
            7 * a + 3 * b + 10 * c**2 + d - e - 282,
            4 * a**2 + b**2 - 3 * a * b + 2 * c**2 + 5 * p - 11 * q,
        ])  # fmt: skip

    return f, [1, 2, 0, 4, 0, 1, 1], {"constraints": NonlinearConstraint(g, -np.inf, 0), "bounds": [(-10, 10)] * 7}


def lampinen_3():
    A = np.zeros((3, 10))
    A[0, [0, 1, 6, 7]], A[1, [0, 1, 6, 7]], A[2, [0, 1, 8, 9]] = (4, 5, -3, 9), (10, -8, -17, 2), (-8, 2, 5, -2)

    def f(x):
        a, b, *rest = x
        weights, centres = np.array([1, 4, 1, 2, 5, 7, 2, 1]), np.array([10, 5, 3, 1, 0, 11, 10, 7])
        return a**2 + b**2 + a * b - 14 * a - 16 * b + weights @ (np.array(rest) - centres) ** 2 + 45

    def g(x):
        a, b, c, d, e, p, _, _, s, t = x
        return np.array([
            -3 * a + 6 * b + 12 * (s - 8) ** 2 - 7 * t,
            3 * (a - 2) ** 2 + 4 * (b - 3) ** 2 + 2 * c**2 - 7 * d - 120,
            a**2 + 2 * (b - 2) ** 2 - 2 * a * b + 14 * e - 6 * p,
            5 * a**2 + 8 * b + (c - 6) ** 2 - 2 * d - 40,
            0.5 * (a - 8) ** 2 + 2 * (b - 4) ** 2 + 3 * e**2 - p - 30,
        ])  # fmt: skip

    rules = [LinearConstraint(A, -np.inf, [105, 0, 12]), NonlinearConstraint(g, -np.inf, 0)]
    return f, [2, 3, 5, 5, 1, 2, 7, 3, 6, 10], {"constraints": rules, "bounds": [(-10, 10)] * 10}


def lampinen_4():
    """A heat exchanger: 7049.248, variables from 10 to 10,000."""
    A = np.zeros((3, 8))
    A[0, [3, 5]], A[1, [4, 6, 3]], A[2, [7, 4]] = (0.0025, 0.0025), (0.0025, 0.0025, -0.0025), (0.01, -0.01)

    def g(x):
        return np.array([
            x[0] * x[5] - 833.33252 * x[3] - 100 * x[0] + 83333.333,
            x[1] * x[6] - 1250 * x[4] - x[1] * x[3] + 1250 * x[3],
            x[2] * x[7] - 1250000 - x[2] * x[4] + 2500 * x[4],
        ])  # fmt: skip

    box = [(100, 10000), (1000, 10000), (1000, 10000), *[(10, 1000)] * 5]
    rules = [LinearConstraint(A, -np.inf, 1), NonlinearConstraint(g, 0, np.inf)]
    return lambda x: x[:3].sum(), [5000, 5000, 5000, 200, 350, 150, 225, 425], {"constraints": rules, "bounds": box}


def lampinen_5():
    def f(x):
        return -(np.sin(2 * np.pi * x[0]) ** 3) * np.sin(2 * np.pi * x[1]) / (x[0] ** 3 * (x[0] + x[1]))

    def g(x):
        return np.array([x[0] ** 2 - x[1] + 1, 1 - x[0] + (x[1] - 4) ** 2])

    return f, [1.3, 4.3], {"constraints": NonlinearConstraint(g, -np.inf, 0), "bounds": [(0.1, 10), (0.1, 10)]}


def lampinen_8():
    def f(x):
        return 3 * x[0] + 1e-6 * x[0] ** 3 + 2 * x[1] + 2e-6 / 3 * x[1] ** 3

    def g(x):
        a, b, c, d = x
        return 1000 * np.array([
            np.sin(-c - 0.25) + np.sin(-d - 0.25) + 0.8948 - a / 1000,
            np.sin(c - 0.25) + np.sin(c - d - 0.25) + 0.8948 - b / 1000,
            np.sin(d - 0.25) + np.sin(d - c - 0.25) + 1.2948,
        ])  # fmt: skip

    rules = [LinearConstraint([[0, 0, -1, 1], [0, 0, 1, -1]], -0.55, np.inf), NonlinearConstraint(g, -1e-3, 1e-3)]
    return f, [700, 1000, 0.1, -0.4], {"constraints": rules, "bounds": [(0, 1200)] * 2 + [(-0.55, 0.55)] * 2}


def below_and_on_a_line():
    rules = [LinearConstraint([[1, 2]], -np.inf, 1), LinearConstraint([[2, 1]], 1, 1)]
    return rosen, [-1, -0.5], {"constraints": rules}


def electrons(forms):
    """Charges in the unit ball, which repel each other: they end at its surface, opposite each other."""

    def f(x):
        points = x.reshape(3, -1)
        i, j = np.triu_indices(points.shape[1], 1)
        return (1 / np.linalg.norm(points[:, i] - points[:, j], axis=0)).sum()

    def g(x):
        return (x.reshape(3, -1) ** 2).sum(0) - 1

    def jac(x):
        return np.hstack([2 * np.diag(row) for row in x.reshape(3, -1)])

    start = np.random.default_rng(1).standard_normal((3, forms["count"]))
    ball = NonlinearConstraint(g, -np.inf, 0, **({"jac": jac} if forms["jac"] else {}))
    return f, 0.8 * (start / np.linalg.norm(start, axis=0)).ravel(), {"constraints": ball}


def two_electrons():
    return electrons({"count": 2, "jac": True})


def six_electrons():
    return electrons({"count": 6, "jac": False})


def away_from_zero():
    ring = NonlinearConstraint(lambda x: x[0] ** 2 - x[1] ** 2, 1, np.inf)
    return lambda x: x @ x, [1.0, 2.0], {"constraints": ring}


def no_point_at_all():
    """x^2 + 1 = 0 has no solution."""
    return lambda x: x @ x, [0.5, 0.5], {"constraints": NonlinearConstraint(lambda x: x[0] ** 2 + 1, 0, 0)}


# The value of the optimum where it is known, None: what SciPy finds from this start.
WORKS = [
    (lampinen_1, -15.0), (lampinen_2, 680.6300573), (lampinen_3, 24.3062091), (lampinen_4, 7049.248),
    (lampinen_5, -0.095825), (lampinen_8, None), (below_and_on_a_line, None), (two_electrons, 0.5),
    (six_electrons, None), (away_from_zero, 1.0),
]  # fmt: skip
HEAVY = {
    ("trust-constr", name)
    for name in ("lampinen_1", "lampinen_2", "lampinen_3", "lampinen_4", "lampinen_8", "six_electrons")
}


def scipy_finds(f, x0, method, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"maxiter": 3000}
        return scipy.optimize.minimize(f, np.array(x0, dtype=float), method=method, options=options, **more)


def keeps(x, constraints, slack=2e-6):
    from problems.constraints import Constraints

    rules = Constraints(constraints, len(x), slack=slack, equality_slack=slack)
    return rules.violation(rules(np.asarray(x)[None]))[0] == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("method", "work", "f_opt"),
    [
        pytest.param(method, *case, marks=[pytest.mark.heavy] if (method, case[0].__name__) in HEAVY else [])
        for method in ("slsqp", "trust-constr")
        for case in WORKS
    ],
)
def test_constrained(work, f_opt, method):
    f, x0, more = work()
    res = es.minimize(f, np.array(x0, dtype=float), method=method, maxfevals=20_000, jac="2-point", rng=1, **more)
    theirs = scipy_finds(f, x0, method, **more)
    wanted = f_opt if f_opt is not None else theirs.fun
    assert keeps(res.x, more["constraints"])
    near = res.fun <= wanted + 1e-5 * max(1, abs(wanted))
    if theirs.success and keeps(theirs.x, more["constraints"]) and theirs.fun <= wanted + 1e-5 * max(1, abs(wanted)):
        assert near and res.success, (res.message, theirs.message)
    assert near or not res.success, res.message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["slsqp", "trust-constr", "cmaes"])
def test_where_no_point_is_feasible(method):
    f, x0, more = no_point_at_all()
    res = es.minimize(f, np.array(x0), method=method, maxfevals=2000, rng=1, **more)
    assert not res.success and res.violation >= 1 - 1e-9 and "no feasible point" in res.message


BOXES = {
    "none": (None, [1.0, 1.0]),
    "upper": ([(None, -0.8)] * 2, [-0.8, -0.8]),  # SciPy's: no better place than the corner that Nelder-Mead finds
    "lower": ([(3.0, None)] * 2, [3.0, 9.0]),
    "both": ([(3.0, 4.0), (1.0, 5.0)], [3.0, 5.0]),
    "one fixed": ([(4.0, 4.0), (5.0, 20.0)], [4.0, 16.0]),
    "all fixed": ([(4.0, 4.0), (5.0, 5.0)], [4.0, 5.0]),
    "bounded rosenbrock": ([(-2.0, 0.0), (0.0, 2.0)], None),
}
BOUNDED = ["l-bfgs-b", "slsqp", "trust-constr", "nelder-mead", "powell", "differential-evolution", "dual-annealing"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("method", [*BOUNDED, "bfgs", "cg"])
def test_rosenbrock_in_boxes(method, box):
    bounds, x_opt = BOXES[box]
    if bounds is None and method in ("differential-evolution", "dual-annealing"):
        bounds = [(-3, 4)] * 2
    elif method in ("differential-evolution", "dual-annealing"):
        bounds = [(-9.0 if low is None else low, 20.0 if high is None else high) for low, high in bounds]
    if bounds is not None and method in ("bfgs", "cg"):
        pytest.skip("keeps no bounds")
    limits = [(-np.inf if a is None else a, np.inf if b is None else b) for a, b in bounds or [(None, None)] * 2]
    start = np.array([min(max(-1.5, low), high) for low, high in limits])
    res = es.minimize(rosen, start, method=method, jac=rosen_der, bounds=bounds, rng=1, maxfevals=6000)
    own = scipy.optimize.minimize(rosen, start, method="L-BFGS-B", jac=rosen_der, bounds=bounds, tol=1e-14)
    wanted = own.fun if x_opt is None else min(own.fun, rosen(np.array(x_opt)))
    assert res.fun <= wanted + 1e-6 * max(1, wanted)
    if method in ("l-bfgs-b", "slsqp", "bfgs", "cg", "nelder-mead"):
        assert res.success, res.message
