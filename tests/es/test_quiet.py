"""Warnings of SciPy's solvers do not leak, those of the caller's functions do, and filters are left as they were."""

import gc
import threading
import warnings

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es

HALF_PLANE = LinearConstraint([[1, 1]], 1, np.inf)
MIXED = LinearConstraint([[1, 1], [1, 0]], [1, 0.2], [1, np.inf])
TWICE = [LinearConstraint([[1, 1]], 1, 1), LinearConstraint([[2, 2]], 2, 2)]  # a singular Jacobian


def sphere(x):
    return float((x**2).sum())


def gap(x):
    return sphere(x) if x[0] > 0.2 else np.nan


def rastrigin(x):
    return np.sum(x**2 - 10 * np.cos(2 * np.pi * x) + 10, axis=-1)


def told(opt, fun):
    while not opt.stop():
        x = opt.ask()
        if not opt.wants_gradient:
            opt.tell(x, [fun(row) for row in x])
        else:
            opt.tell(x, [fun(row) for row in x], 2 * x)
    return opt.result


@pytest.mark.parametrize("fun", [sphere, gap])
@pytest.mark.parametrize(
    "method, limits",
    [
        ("slsqp", HALF_PLANE),
        ("slsqp", MIXED),
        ("trust-constr", HALF_PLANE),
        ("trust-constr", MIXED),
        ("trust-constr", TWICE),
    ],
)
def test_solvers_under_constraints_say_nothing(method, fun, limits):
    filters = list(warnings.filters)
    more = {"method": method, "constraints": limits, "rng": 3, "maxfevals": 300}
    res = es.minimize(fun, [3.0, 3], jac="2-point", **more)
    assert res.fun == pytest.approx(0.5, abs=0.01)
    for res in es.minimize_runs(fun, np.full((2, 2), 3.0), jac="2-point", **more):
        assert res.fun == pytest.approx(0.5, abs=0.01)
    told(es.get_method(method)([3.0, 3], constraints=limits, stop={"maxfevals": 100}), fun)
    assert warnings.filters == filters


@pytest.mark.parametrize("method", ["bfgs", "cg"])
def test_line_searches_in_a_stack_say_nothing(method):
    filters = list(warnings.filters)
    starts = np.random.default_rng(2).normal(size=(5, 2))
    es.minimize_runs(rastrigin, starts, method=method, rng=0, maxfevals=1000, vectorized=True)
    assert warnings.filters == filters


def test_solvers_that_take_turns_say_nothing_and_leave_filters_as_they_are():
    filters = list(warnings.filters)
    starts = np.random.default_rng(2).normal(size=(8, 2))
    opts = [es.BFGS(x0) for x0 in starts]
    for _ in range(60):
        for opt in opts:
            if not opt.stop():
                x = opt.ask()
                opt.tell(x, rastrigin(x), 2 * x + 20 * np.pi * np.sin(2 * np.pi * x))
            assert warnings.filters == filters
    del opts, opt
    gc.collect()
    assert warnings.filters == filters


def test_a_solver_that_is_dropped_in_a_line_search_leaves_filters_as_they_are():
    """SciPy's own filter, on while it looks for a step that fails, was left on for good."""
    filters = list(warnings.filters)
    for asks in range(1, 30):
        opt = es.BFGS([1.0, 1.0])
        for _ in range(asks):
            if not opt.stop():
                x = opt.ask()
                opt.tell(x, (x**2).sum(-1), -2 * x)  # the wrong sign: no step is a descent
        del opt
        assert warnings.filters == filters


@pytest.mark.parametrize("method", ["nelder-mead", "bfgs", "slsqp", "trust-constr", "differential-evolution"])
def test_warnings_of_the_function_are_seen(method):
    def fun(x):
        warnings.warn("of the caller's", UserWarning, stacklevel=1)
        return sphere(x)

    more = {"jac": "2-point"} if method in ("bfgs", "slsqp", "trust-constr") else {}
    bounds = {} if method == "bfgs" else {"bounds": [(-4, 4)] * 2}
    with pytest.warns(UserWarning, match="of the caller's") as seen:
        res = es.minimize(fun, [3.0, 3], method=method, maxfevals=60, rng=1, **more, **bounds)
    assert len(seen) == res.nfev
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="of the caller's"):
            es.minimize(fun, [3.0, 3], method=method, maxfevals=60, rng=1, **more, **bounds)


@pytest.mark.parametrize("method", ["slsqp", "trust-constr"])
def test_warnings_of_constraints_are_seen(method):
    def limit(x):
        warnings.warn("of the constraint", UserWarning, stacklevel=1)
        return x.sum() - 1

    for limits in (NonlinearConstraint(limit, 0, np.inf), {"type": "ineq", "fun": limit}):
        with pytest.warns(UserWarning, match="of the constraint"):
            es.minimize(sphere, [3.0, 3], method=method, jac="2-point", constraints=limits, maxfevals=60, rng=1)


def test_a_function_that_minimizes_within_a_solver():
    def fun(x):
        opt = es.BFGS([x[0] + 1.0])
        inner = told(opt, lambda y: float(((y - x[0]) ** 2).sum())) if x[1] > 2 else None
        return sphere(x) + (0 if inner is None else 0 * inner.nfev)

    def limit(x):
        return es.minimize(lambda y: (y - x.sum()) ** 2, [0.0], method="nelder-mead", maxfevals=20).x[0] - 1

    res = es.minimize(
        fun, [3.0, 3], method="slsqp", jac="2-point", constraints={"type": "ineq", "fun": limit}, maxfevals=60
    )
    assert res.nfev > 3


def test_solvers_in_threads_leave_filters_as_they_are():
    filters, found = list(warnings.filters), []

    def work(seed):
        x0 = np.random.default_rng(seed).normal(size=2)
        found.append(es.minimize(rastrigin, x0, method="bfgs", jac="2-point", maxfevals=300))
        found.append(
            es.minimize(gap, x0 + 3, method="trust-constr", jac="2-point", constraints=HALF_PLANE, maxfevals=90)
        )

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and warnings.filters == filters


@pytest.mark.parametrize("method", ["slsqp", "trust-constr"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_constraints_that_are_no_numbers_somewhere_end_a_solver_without_success(method, value):
    """SciPy's factorizations raised a ValueError about infs or NaNs in an array."""
    limit = NonlinearConstraint(lambda x: x.sum() - 1 if x[0] > 1 else value, 0, np.inf)
    res = es.minimize(sphere, [3.0, 3], constraints=limit, method=method, jac="2-point", maxfevals=300)
    assert not res.success
    res = es.minimize(sphere, [0.5, 0.3], constraints=limit, method=method, jac="2-point", maxfevals=300)
    assert not res.success
