"""Whatever comes in: `minimize` ends with a result whose fields agree, or with one sentence before any evaluation."""

import math

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import es

VALUES = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324]))
METHODS = st.sampled_from(["cmaes", "snes", "adam", "sgd", "l-bfgs-b", "nelder-mead", "powell"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=METHODS,
    n=st.integers(1, 4),
    budget=st.integers(1, 60),
    wild=st.dictionaries(st.integers(0, 59), VALUES, max_size=20),
    box=st.booleans(),
    seed=st.integers(0, 2**32),
    scale=st.floats(1e-30, 1e30),
)
def test_wild_values(method, n, budget, wild, box, seed, scale):
    calls, finite = [], []

    def fun(x):
        with np.errstate(over="ignore"):
            value = wild.get(len(calls), scale * float(x @ x))
        calls.append(x.copy())
        if value < math.inf:
            finite.append(value)
        return value

    def gradient_at(x):
        with np.errstate(over="ignore"):
            return 2 * scale * x

    bounds = [(-2.0, 3.0)] * n if box else None
    res = es.minimize(fun, np.ones(n), method=method, jac=gradient_at, bounds=bounds, maxfevals=budget, rng=seed)
    gradient = res.njev > 0
    assert res.nfev == len(calls) <= budget
    assert res.njev == (len(calls) if gradient else 0)
    assert res.n_failed == len(calls) - len(finite)
    assert res.x.shape == (n,)
    assert np.isfinite(res.x).all()
    if finite:
        assert res.fun == min(finite)
    else:
        assert math.isnan(res.fun)
        assert not res.success
    if box:
        points = np.array(calls)
        assert (points >= -2).all()
        assert (points <= 3).all()
    assert res.message


FLOATS = st.one_of(st.floats(-50, 50), st.sampled_from([math.nan, math.inf, -math.inf, 1e-300, 1e300]))
SIZES = st.one_of(
    st.floats(-5, 200), st.integers(-3, 200)
)  # a population of 1e300 is out of memory, no matter how it is said
ANY = st.one_of(st.none(), st.booleans(), st.integers(-3, 5), FLOATS, st.text(max_size=3), st.lists(FLOATS, max_size=3))


NAMES = [
    "x0",
    "sigma0",
    "bounds",
    "maxfevals",
    "maxiter",
    "ftarget",
    "restarts",
    "on_error",
    "rng",
    "method",
    "integrality",
]


@settings(max_examples=60, deadline=None)
@given(setting=st.one_of(st.tuples(st.sampled_from(NAMES), ANY), st.tuples(st.just("popsize"), SIZES)))
def test_wild_arguments(setting):
    name, value = setting
    calls = []

    def fun(x):
        calls.append(1)
        with np.errstate(over="ignore"):
            return float(x @ x)

    try:
        res = es.minimize(**{"fun": fun, "x0": [1.0, 1.0], "maxfevals": 20, "rng": 1, name: value})
    except (ValueError, TypeError) as error:
        assert str(error)
        assert not calls
    else:
        assert res.nfev == len(calls)
