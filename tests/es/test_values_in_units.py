"""What f is measured in decides nothing for gradient methods and SciPy's solvers, and constraints see x itself."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import LinearConstraint, NonlinearConstraint, rosen, rosen_der

import es
import problems
from es.gradient.units import constraints_in_units, value_unit
from es.registry import get_method, methods
from tests.es.table import sphere

SOLVERS = [info.name for info in methods() if info.kind == "scipy"]
DESCENTS = [info.name for info in methods() if info.kind == "gradient"]
SMALL = [2.0**-40, 1e-12, 1e-20, 1e-200]


@pytest.mark.parametrize("unit", SMALL)
@pytest.mark.parametrize("name", SOLVERS)
def test_small_values_are_no_optimum(name, unit):
    boxed = get_method(name).needs_box
    more = {"bounds": [(-3, 4)] * 2} if boxed else {}
    res = es.minimize(
        lambda x: unit * rosen(x), [-1.2, 1.0], jac=lambda x: unit * rosen_der(x), method=name, rng=1,
        maxfevals=3000, **more,
    )  # fmt: skip
    assert res.fun < 1e-7 * unit and res.success == (name != "dual-annealing"), res.message


@pytest.mark.parametrize("unit", [1e-12, 1e-200])
@pytest.mark.parametrize("name", DESCENTS)
def test_small_gradients_are_no_optimum(name, unit):
    more = {"jac": lambda x: unit * rosen_der(x), "method": name, "maxfevals": 700}
    res = es.minimize(lambda x: unit * rosen(x), [-1.2, 1.0], **more)
    assert res.fun < 24 * unit  # it moves at all
    assert not res.success or res.fun < 1e-6 * unit, res.message


def test_runs_of_a_stack_have_their_own_units():
    units = np.array([1.0, 2.0**-50, 2.0**-100])

    def fun(x):
        return np.exp2(-50 * x[..., 2]) * sphere(x[..., :2] - 1)

    def jac(x):
        unit = np.exp2(-50 * x[..., 2])[..., None]
        return np.concatenate([2 * unit * (x[..., :2] - 1), 0 * unit], axis=-1)

    start = np.column_stack([np.full((3, 2), 4.0), [0.0, 1.0, 2.0]])
    more = {"method": "adam", "vectorized": True, "jac": jac}
    results = es.minimize_runs(fun, start, **more)
    for res, unit in zip(results, units, strict=True):
        assert res.success and res.fun < 1e-12 * unit
    np.testing.assert_array_equal(results[1].x[:2], results[2].x[:2])  # a power of two changes no bit
    alone = es.minimize(fun, start[1], **more)
    np.testing.assert_array_equal(alone.x, results[1].x)


@pytest.mark.parametrize("name", ["l-bfgs-b", "bfgs", "adam", "slsqp"])
def test_a_resumed_run_keeps_its_unit(name, tmp_path):
    more = {"jac": lambda x: 1e-15 * rosen_der(x), "method": name, "rng": 1}
    whole = es.minimize(lambda x: 1e-15 * rosen(x), [-1.2, 1.0], maxfevals=60, **more)
    for budget in (1, 20, 60):
        res = es.minimize(
            lambda x: 1e-15 * rosen(x), [-1.2, 1.0], maxfevals=budget, checkpoint=tmp_path / "a.npz", **more
        )
    assert (res.fun, res.stop) == (whole.fun, whole.stop) and (res.x == whole.x).all()


@pytest.mark.parametrize("name", ["l-bfgs-b", "bfgs", "cg"])
def test_by_ask_and_tell_and_in_stacks(name):
    def fun(x):
        return 1e-14 * np.apply_along_axis(rosen, -1, x)  # whole arrays may be rounded in another way than rows

    def jac(x):
        return 1e-14 * np.apply_along_axis(rosen_der, -1, x)

    def kinked(x):
        return fun(x) + 1e-12 * abs(x).sum(-1)

    def slope(x):
        return jac(x) + 1e-12 * np.sign(x)

    start = np.array([[-1.2, 1.0], [0.3, 0.4]])
    for f, g in ((fun, jac), (kinked, slope)):
        runs = es.minimize_runs(f, start, method=name, jac=g, vectorized=True, maxfevals=400)
        for x0, res in zip(start, runs, strict=True):
            alone = es.minimize(f, x0, method=name, jac=g, maxfevals=400)
            assert (res.fun, res.success, res.nfev) == (alone.fun, alone.success, alone.nfev)
            assert res.success == (f is fun) and (res.fun < 1e-24 or f is kinked), res.message


def test_value_units():
    assert value_unit(0.0, 0.0) == value_unit(1.0, 1e-9) == value_unit(1e-9, 3.0) == value_unit(1e12) == 1
    assert value_unit(np.nan, 1e-9) == value_unit(-np.inf, 1e-9) == 1
    assert value_unit(3e-9, 1e-12) == 2.0**-28
    np.testing.assert_array_equal(value_unit(np.array([1.0, 1e-6]), np.zeros(2)), [1, 2.0**-20])


# Ends of a line search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [1.0, 1e3, -1e6, 1e8])
@pytest.mark.parametrize("name", ["bfgs", "cg", "l-bfgs-b", "slsqp", "trust-constr"])
def test_an_optimum_at_the_last_digit_is_a_success(name, offset):
    res = es.minimize(lambda x: rosen(x) + offset, [-1.2, 1.0], jac=rosen_der, method=name, maxfevals=2000)
    assert res.success and rosen(res.x) < 1e6 * np.spacing(abs(offset)), res.message


@pytest.mark.parametrize("name", ["bfgs", "cg", "l-bfgs-b", "slsqp"])
def test_a_kink_is_no_optimum(name):
    """On it every step along the gradient goes up, and down along the edge."""

    def fun(x):
        return 10 * abs(x[0] - x[1]) + (x[0] + x[1] - 3) ** 2

    def jac(x):
        side, slope = 10 * np.sign(x[0] - x[1]), 2 * (x[0] + x[1] - 3)
        return np.array([side + slope, slope - side])

    for start in ([-2.0, 1.0], [0.3, -4.0], [5.0, 2.0]):
        res = es.minimize(fun, start, jac=jac, method=name, maxfevals=2000)
        assert not res.success or res.fun < 1e-6, res.message


@pytest.mark.parametrize("name", ["bfgs", "cg", "l-bfgs-b", "slsqp", "trust-constr", "nelder-mead"])
@pytest.mark.parametrize("condition", [1e4, 1e8])
def test_a_stiff_bowl(name, condition):
    w = np.array([condition, 1.0, 1.0])
    res = es.minimize(
        lambda x: w @ x**2, [1.0, 1.0, 1.0], jac=lambda x: 2 * w * x, method=name, maxfevals=2000,
    )  # fmt: skip
    assert not res.success or res.fun < 1e-8, res.message
    assert res.success or name in ("trust-constr", "nelder-mead")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["l-bfgs-b", "bfgs", "cg", "slsqp"])
def test_success_on_fits(name):
    """Least squares of Moré, Garbow and Hillstrom: an end is called convergence at a stationary point only."""
    for work in ("mgh-meyer", "mgh-linear-rank-1", "mgh-kowalik-osborne", "mgh-osborne-1", "mgh-powell-badly-scaled"):
        problem = problems.get(work)
        res = es.minimize(problem, method=name, maxfevals=1500)
        slope = np.abs(problem.value_and_grad(res.x)[1] * np.maximum(1, np.abs(res.x))).max()
        assert not res.success or slope < 1e-4 * max(1, abs(problem(problem.x0()) - res.fun)), (work, res.message)
        if work in ("mgh-kowalik-osborne", "mgh-linear-rank-1"):
            assert res.success, (work, res.message)


# Constraints in the units of x -------------------------------------------------------------------------

UNITS = np.array([2.0**-20, 2.0**35])


def engineer(x):
    y = x / UNITS
    return (y[0] - 3) ** 2 + (y[1] - 2) ** 2


def steel(x):
    y = x / UNITS
    return np.array([2 * (y[0] - 3), 2 * (y[1] - 2)]) / UNITS


ROW = 1 / UNITS
FORMS = {
    "linear": LinearConstraint([ROW], -np.inf, 3),
    "sparse": LinearConstraint(scipy.sparse.csr_array([ROW]), -np.inf, 3),
    "nonlinear": NonlinearConstraint(lambda x: (x / UNITS).sum(), -np.inf, 3),
    "with jac": NonlinearConstraint(lambda x: (x / UNITS).sum(), -np.inf, 3, jac=lambda x: ROW[None]),
    "with hess": NonlinearConstraint(
        lambda x: (x / UNITS).sum(), -np.inf, 3, jac=lambda x: ROW[None], hess=lambda x, v: np.zeros((2, 2))
    ),
    "sparse jac": NonlinearConstraint(
        lambda x: (x / UNITS).sum(), -np.inf, 3, jac=lambda x: scipy.sparse.csr_array([ROW])
    ),
    "dict": {"type": "ineq", "fun": lambda x, top: top - (x / UNITS).sum(), "args": (3.0,)},
    "dict with jac": {"type": "ineq", "fun": lambda x: 3 - (x / UNITS).sum(), "jac": lambda x: -ROW},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["slsqp", "trust-constr"])
def test_constrained_solvers_in_units(name, form):
    if name == "slsqp" and ("sparse" in form or "hess" in form):
        pytest.skip("SLSQP takes dense matrices, and no second derivatives")
    res = es.minimize(
        engineer, UNITS, sigma0=UNITS, jac=steel, method=name, constraints=FORMS[form], rng=1, maxfevals=2000,
    )  # fmt: skip
    assert res.success and res.x / UNITS == pytest.approx([2, 1], abs=1e-5), res.message


def test_forms_keep_what_they_have():
    u = np.array([1.5, 0.5])
    for one in FORMS.values():
        (made,) = constraints_in_units(one, UNITS)
        assert type(made) is type(one)
    (made,) = constraints_in_units(
        NonlinearConstraint(lambda x: x @ x, 0, 1, jac=lambda x: 2 * x, hess=lambda x, v: 2 * v[0] * np.eye(2),
                            keep_feasible=True), UNITS,
    )  # fmt: skip
    assert made.keep_feasible
    np.testing.assert_allclose(made.jac(u), 2 * u * UNITS**2)
    np.testing.assert_allclose(made.hess(u, [1.0]) @ np.eye(2), 2 * np.diag(UNITS**2))


def test_whole_numbers_beside_units():
    def fun(x):
        return (x[0] / 1e-9 - 3) ** 2 + (x[1] - 70_000.3) ** 2

    res = es.minimize(
        fun, [1e-9, 5.0], bounds=[(0, 1e-8), (0, 1e5)], integrality=[0, 1], method="differential-evolution", rng=1,
        maxfevals=6000,
    )  # fmt: skip
    assert res.x[1] == 70_000 and res.x[0] == pytest.approx(3e-9, rel=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_the_solvers_own_end_is_told_under_constraints():
    """Points that violate a constraint by what is allowed can be lower: hs13 has no multipliers, and gained 1 %."""
    for name in ("slsqp", "trust-constr"):
        problem = problems.get("hs13")
        res = es.minimize(problem, method=name, maxfevals=1500)
        assert not res.success or res.fun == pytest.approx(1, abs=2e-5), res.message
    line = NonlinearConstraint(lambda x: 1e-3 * (x[0] - 1), 0, np.inf)  # 1e-6 of it is 1e-3 of x
    res = es.minimize(
        lambda x: x[0], [3.0], jac=lambda x: np.ones(1), method="slsqp", constraints=line, bounds=[(-9, 9)]
    )
    assert res.success and res.fun == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("method", ["bfgs", "cg", "slsqp", "trust-constr"])
@pytest.mark.parametrize("unit", [1e20, 1e200])
@pytest.mark.filterwarnings("ignore")  # of overflows, where f is left as it is
def test_solvers_come_as_far_where_squares_of_values_overflow(method, unit):
    def bowl(x):
        return unit * float(((x - 0.7) ** 2).sum())

    more = {"method": method, "jac": lambda x: 2 * unit * (x - 0.7), "rng": 1, "maxfevals": 2000}
    found = [es.minimize(bowl, [2.0, 3.0], **more), *es.minimize_runs(bowl, np.array([[2.0, 3.0]]), **more)]
    for res in found:
        assert res.success and res.fun < 1e-12 * unit, res.message


@pytest.mark.parametrize("method", ["bfgs", "cg", "slsqp", "trust-constr"])
@pytest.mark.filterwarnings("ignore")
def test_a_start_with_large_values_is_no_excuse_for_an_end_far_from_the_minimum(method):
    res = es.minimize(lambda x: float(np.cosh(x).sum()), [90.0, 80.0], jac=np.sinh, method=method, rng=1)
    assert not res.success or res.fun < 2 + 1e-6, res.message
