"""ask and tell: shapes, counting, values that are not finite, points of the caller's own, asking ahead, odd values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from es.registry import get_method
from tests.es.table import CONVERGING, FAST_WITH_MANY, NAMES, ellipsoid, run, sphere

CMAES = get_method("cmaes")


@pytest.mark.parametrize("name", CONVERGING)
def test_one_dimension(name):
    opt = run(get_method(name)([3.0], 1.0, rng=1, stop={"ftarget": 1e-9, "maxfevals": 10_000}), sphere)
    assert opt.result.success and opt.result.fun <= 1e-9


@pytest.mark.parametrize(
    ("name", "factor"), [(name, 10) for name in CONVERGING] + [(name, 100) for name in FAST_WITH_MANY]
)
def test_large_populations(name, factor):
    n = 3
    opt = get_method(name)(np.ones(n), 1.0, popsize=factor * n, rng=1, stop={"ftarget": 1e-6, "maxfevals": 60_000})
    assert run(opt, lambda x: ellipsoid(x, 100)).result.fun <= 1e-6


@pytest.mark.parametrize("name", CONVERGING)
def test_smallest_populations(name):
    for popsize in (2, 3):
        opt = get_method(name)(np.ones(3), 1.0, popsize=popsize, rng=1, stop={"maxfevals": 300})
        assert run(opt, sphere).result.fun < 3


@pytest.mark.parametrize("name", NAMES)
def test_the_callers_arrays_and_stream_are_left_alone(name):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    x0 = np.ones(3)
    opt = get_method(name)(x0, 1.0, popsize=6, rng=0)
    x = opt.ask()
    kept, f = x.copy(), sphere(x)
    f[0] = np.nan
    f_kept = f.copy()
    opt.tell(x, f)
    x[:] = 77
    np.testing.assert_array_equal(x0, 1)
    np.testing.assert_array_equal(f, f_kept)
    assert opt.f_best == f_kept[1:].min() and (opt.x_best == kept[1 + f_kept[1:].argmin()]).all()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("name", CONVERGING)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_half_space_without_values(name, bad):
    def f(x):
        return np.where(x[..., 0] < 0.5, bad, sphere(x - 1))

    opt = get_method(name)(np.full(3, 0.6), 0.3, rng=1, stop={"maxfevals": 3000, "ftarget": 1e-7})
    result = run(opt, f).result
    assert result.success and 0 <= result.fun <= 1e-7
    assert result.x[0] >= 0.5
    assert result.n_failed > 0


@pytest.mark.parametrize("name", NAMES)
def test_nothing_finite(name):
    opt = get_method(name)(np.ones(3), 1.0, rng=1)
    mean = opt.mean.copy()
    result = run(opt, lambda x: np.full(len(x), np.nan)).result
    np.testing.assert_array_equal(opt.mean, mean)
    assert not result.success and result.status == 2 and "no finite value" in result.message
    assert np.isnan(result.fun) and (result.x == 1).all() and result.n_failed == result.nfev
    assert "nofinite" in result.stop


def test_failures_are_counted_and_rank_last():
    opt = CMAES(np.ones(2), 1.0, popsize=6, rng=0)
    x = opt.ask()
    f = np.array([-np.inf, 3.0, np.nan, 1.0, np.inf, 2.0])
    opt.tell(x, f)
    assert opt.n_failed == 2 and opt.f_best == -np.inf and (opt.x_best == x[0]).all()
    np.testing.assert_array_equal(opt.traces.last, [-np.inf, 1, 2, 3, np.inf, np.inf])


@pytest.mark.parametrize("name", NAMES)
def test_points_of_the_callers_own_only(name):
    rng = np.random.default_rng(0)
    opt = get_method(name)(np.ones(3), 1.0, rng=0)
    for _ in range(20):
        x = opt.mean + 0.5 * rng.standard_normal((max(8, opt.popsize), 3))
        opt.tell(x, sphere(x))
    assert opt.nfev == 20 * len(x) and sphere(opt.mean) < 3


def test_injected_mean_has_no_direction():
    opt = CMAES(np.ones(3), 1.0, rng=0)
    x = opt.ask()
    x[:] = opt.mean
    opt.tell(x, np.arange(len(x)))
    assert np.isfinite(opt.A).all() and np.isfinite(opt.sigma)


@pytest.mark.parametrize(
    ("x", "f", "message"),
    [
        (np.ones((6, 2)), np.full(6, 1 + 1j), "f must hold real numbers"),
        (np.ones((6, 2)) + 0j, np.ones(6), "x must hold real numbers"),
        (np.ones((6, 2)), np.ma.masked_array(np.ones(6), mask=[1, 0, 0, 0, 0, 0]), "f must be a plain array"),
        (np.ma.masked_array(np.ones((6, 2)), mask=True), np.ones(6), "x must be a plain array"),
        (np.ones((6, 2)), [10**400] * 6, "f must hold numbers below"),
    ],
)
@pytest.mark.parametrize("name", ["cmaes", "snes", "one-plus-one", "lq-cmaes", "adam", "nelder-mead"])
def test_values_that_are_no_real_numbers(name, x, f, message):
    opt = get_method(name)(np.zeros(2), 1.0, rng=0)
    g = {"g": np.ones((6, 2))} if opt.wants_gradient else {}
    opt.ask()
    with pytest.raises(ValueError, match=message):
        opt.tell(x, f, **g)
    if opt.wants_gradient:
        with pytest.raises(ValueError, match="g must hold real numbers"):
            opt.tell(np.ones((1, 2)), np.ones(1), np.ones((1, 2)) * 1j)


@pytest.mark.parametrize("name", ["adam", "sgd", "l-bfgs-b", "nelder-mead", "cmaes", "lq-cmaes", "random-search"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_points_that_are_not_finite(name, value):
    opt = get_method(name)(np.zeros(2), 1.0, popsize=None, rng=0)
    x = opt.ask()
    x[0, 1] = value
    g = {"g": np.ones(x.shape)} if opt.wants_gradient else {}
    with pytest.raises(ValueError, match="x must be finite"):
        opt.tell(x, np.ones(len(x)), **g)


@pytest.mark.parametrize("argument", ["x0", "sigma0"])
def test_masked_and_complex_starts(argument):
    for value in (np.ma.masked_array([1.0, 2.0], mask=[1, 0]), np.array([1.0, 2.0 + 1j])):
        with pytest.raises(ValueError, match=f"{argument} must"):
            CMAES(**{"x0": [1.0, 2.0], argument: value})


def test_rank_by_and_feasible():
    opt = CMAES(np.ones(2), 1.0, popsize=4, rng=0)
    x = opt.ask()
    opt.tell(x, [1.0, 2.0, 3.0, 4.0], rank_by=[4.0, 3.0, 2.0, 1.0], feasible=[False, True, True, True])
    assert opt.f_best == 2 and (opt.x_best == x[1]).all()
    other = CMAES(np.ones(2), 1.0, popsize=4, rng=0)
    y = other.ask()
    other.tell(y, [4.0, 3.0, 2.0, 1.0])
    np.testing.assert_array_equal(opt.mean, other.mean)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((6, 3)), np.ones(6)), r"x must have shape \(k, 2\), got \(6, 3\)"),
        ((np.ones((6, 2)), np.ones(5)), r"f must have shape \(6,\), got \(5,\)"),
        ((np.ones((0, 2)), np.ones(0)), "x must hold at least one point"),
        ((np.full((6, 2), np.nan), np.ones(6)), "x must be finite"),
        ((np.ones((6, 2)), ["a"] * 6), "f must hold real numbers"),
        ((np.ones((6, 2)), np.ones(6), np.ones((6, 2))), "g must not be given to CMAES"),
    ],
)
def test_wrong_tells(arguments, message):
    with pytest.raises(ValueError, match=message):
        CMAES(np.zeros(2), 1.0, rng=0).tell(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x0": []}, r"x0 must have shape \(n,\)"),
        ({"x0": [np.nan]}, "x0 must be finite"),
        ({"x0": ["a"]}, "x0 must hold real numbers"),
        ({"x0": [0.0], "sigma0": -1.0}, "sigma0 must be positive, got -1.0"),
        ({"x0": [0.0], "sigma0": np.inf}, "sigma0 must be finite, got inf"),
        ({"x0": [0.0], "sigma0": [1.0, 2.0]}, "sigma0 must be a number or have the shape"),
        ({"x0": [0.0], "popsize": 1}, "popsize must be at least 2, got 1"),
        ({"x0": [0.0], "popsize": 2.5}, "popsize must be a whole number, got 2.5"),
        ({"x0": [0.0], "rng": -1}, "rng must be None, an int >= 0, a SeedSequence or a Generator, got -1"),
        ({"x0": [0.0], "rng": "a"}, "rng must be None"),
        ({"x0": [0.0], "bounds": [(1, 2)]}, r"x0 must lie within bounds, got 0.0 outside \[1.0, 2.0\] in coordinate 0"),
        ({"x0": [0.0], "stop": {"tolfum": 1}}, "stop has no criterion 'tolfum' for CMAES: did you mean tolfun"),
        ({"x0": [0.0], "stop": {"tolfun": "a"}}, r"stop\['tolfun'\] must"),
        ({"x0": [0.0], "sampling": "sobol"}, "sampling must be one of normal, mirrored"),
        ({"x0": [0.0], "bounds": [(-1, 2)], "bounds_method": "none"}, "bounds_method must be one of transform"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        CMAES(**arguments)


odd = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(NAMES), n=st.integers(1, 4), popsize=st.integers(2, 9))
def test_any_values(data, name, n, popsize):
    """Whatever f says, ask keeps giving finite points, and no warning is raised."""
    bounds = data.draw(st.sampled_from([None, [(-0.5, 2.0)] * n]))
    opt = get_method(name)(np.zeros(n), 1.0, popsize=popsize, rng=0, bounds=bounds)
    seen = []
    for _ in range(12):
        x = opt.ask()
        assert np.isfinite(x).all()
        f = data.draw(hnp.arrays(float, popsize, elements=odd))
        opt.tell(x, f)
        seen.extend(f[f < np.inf])
        opt.stop()
    assert opt.f_best == min(seen, default=np.inf)
    assert opt.n_failed == 12 * popsize - len(seen)


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    name=st.sampled_from(NAMES),
    points=hnp.arrays(float, (5, 3), elements=st.floats(-1e6, 1e6)),
)
def test_any_points(data, name, points):
    """Points of the caller's own, of any size, leave a working state."""
    opt = get_method(name)(np.zeros(3), 1.0, popsize=6, rng=0)
    for _ in range(4):
        x = opt.ask()
        k = data.draw(st.integers(1, 5))
        x[:k] = points[:k]
        opt.tell(x, sphere(x))
    assert np.isfinite(opt.ask()).all() and np.isfinite(opt.stds).all()


@pytest.mark.parametrize("name", NAMES)
def test_random_ranks_for_ever(name):
    """Nobody looks at stop(): the numbers stay in range."""
    opt = get_method(name)(np.zeros(2), 1.0, rng=0)
    values = np.random.default_rng(0)
    for _ in range(3000):
        x = opt.ask()
        opt.tell(x, values.random(len(x)))
    assert np.isfinite(opt.ask()).all()


@pytest.mark.parametrize("name", CONVERGING)
def test_unbounded_slope(name):
    opt = get_method(name)(np.zeros(3), 1.0, rng=0)
    result = run(opt, lambda x: x.sum(-1), 20_000).result
    assert "tolfacupx" in result.stop and not result.success


@pytest.mark.parametrize("method", ["snes", "sep-cmaes", "cmaes"])
@pytest.mark.parametrize("start", [0.0, 4.9])
def test_what_a_caller_writes_into_asked_points_changes_no_run_that_is_told_the_points_themselves(method, start):
    def end(writes):
        opt = get_method(method)([start] * 3, 1.0, bounds=[(-5, 5)] * 3, rng=1)
        for _ in range(30):
            x = opt.ask()
            asked = x.copy()
            if writes:
                x[:] = 1e3
            opt.tell(asked, ((asked - 4.8) ** 2).sum(-1))
        return opt.x_mean

    np.testing.assert_array_equal(end(True), end(False))
