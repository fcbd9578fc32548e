"""What a coordinate is measured in decides nothing, and bounds that mean "open" are not searched from end to end."""

import numpy as np
import pytest

import es
from es.gradient.units import powers_of_two
from es.parts.strategy import Strategy
from es.registry import get_method
from tests.es.table import CONVERGING, NAMES, ellipsoid, rosenbrock, run, sphere

UNITS = 2.0 ** np.array([-30, 0, 37, -3, 11, 60])  # powers of two change no mantissa
SAMPLING = [name for name in NAMES if isinstance(name, str) and issubclass(get_method(name), Strategy)]
PLACE, BOUNDS = [5e-3, 1e11], [(1e-4, 1e-2), (1e9, 3e11)]


def engineer(x):
    """A bowl in millimetres and in pascal."""
    return (x[..., 0] / 1e-3 - 3) ** 2 + (x[..., 1] / 1e11 - 2) ** 2


@pytest.mark.parametrize("name", SAMPLING)
@pytest.mark.parametrize("bounded", [False, True])
def test_units_change_nothing(name, bounded):
    start = np.linspace(0.5, 2, len(UNITS))
    runs = []
    for units in (np.ones(len(UNITS)), UNITS):
        bounds = [(-3 * u, 4 * u) for u in units] if bounded else None
        opt = get_method(name)(start * units, 0.5 * units, bounds=bounds, rng=3)
        runs.append(run(opt, lambda x, units=units: ellipsoid(x / units, 1e4), 40))
    plain, scaled = runs
    np.testing.assert_allclose(scaled.mean / UNITS, plain.mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(scaled.axis_ratio, plain.axis_ratio, rtol=1e-6)
    np.testing.assert_allclose(scaled.stds / UNITS, plain.stds, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in CONVERGING if isinstance(name, str)])
def test_millimetres_beside_pascal(name):
    options = {"bounds": BOUNDS, "method": name, "rng": 1, "vectorized": True, "maxfevals": 20_000}
    single = es.minimize(engineer, PLACE, **options)
    for res in (single, *es.minimize_runs(engineer, np.array([PLACE] * 2), **options)):
        assert res.fun < 1e-10 and "conditioncov" not in res.stop, (name, res.message)


def test_millimetres_beside_pascal_without_bounds():
    res = es.minimize(engineer, PLACE, vectorized=True, rng=1)
    assert res.fun < 1e-10
    res = es.minimize(engineer, PLACE, sigma0=[1e-3, 1e11], vectorized=True, rng=1, restarts=1)
    assert res.fun < 1e-10
    opt = es.CMAES(PLACE, covariance0=np.diag([1e-6, 1e22]), rng=1)
    assert run(opt, engineer).f_best < 1e-10 and opt.axis_ratio < 1e3
    box = es.Space(length=(1e-4, 1e-2), modulus=(1e9, 3e11))
    res = es.minimize(lambda p: engineer(np.array([p["length"], p["modulus"]])), box, rng=1)
    assert res.fun < 1e-10


@pytest.mark.parametrize("name", ["cmaes", "xnes", "dd-cmaes", "one-plus-one-cholesky"])
def test_points_of_the_callers_own_in_units(name):
    """The z of a point is found by solving with a matrix whose rows differ by 1e14."""
    rng = np.random.default_rng(0)
    opt = run(get_method(name)(PLACE, [1e-3, 1e11], rng=2), engineer, 30)
    z = rng.standard_normal((5, 2))
    np.testing.assert_allclose(opt._invert_sample(opt._sample(z)), z, rtol=1e-6, atol=1e-8)


def test_compromises_in_units():
    """How far a point lay outside of the bounds is measured in sigma0 of its coordinate."""

    def both(x):
        y = x / units
        return np.stack([(y**2).sum(-1), ((y - 1) ** 2).sum(-1)], axis=-1)

    fronts = []
    for units in (np.ones(2), np.array([2.0**-20, 2.0**30])):
        opt = es.MOCMAES(0.5 * units, 0.3 * units, bounds=[(0, u) for u in units], popsize=8, rng=1)
        for _ in range(20):
            x = opt.ask()
            opt.tell(x, both(x))
        fronts.append(opt.front()["x"] / units)
    np.testing.assert_allclose(*fronts, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("width", [1e6, 1e9, 1e13, 1e15, 1e300, np.finfo(float).max])
@pytest.mark.parametrize("name", ["cmaes", "cmaes-margin", "lq-cmaes", "snes", "dxnes-ic", "one-plus-one"])
def test_bounds_that_mean_open(name, width):
    def f(x):
        return sphere(x - 3)

    mixed = [(-width, width), (-5, 5), (None, width)]
    learns_scales = name in ("cmaes", "cmaes-margin", "lq-cmaes")
    for bounds in ([(-width, width)] * 3, [(-width, 50)] * 3, *([mixed] if learns_scales else [])):
        res = es.minimize(f, [0.5] * 3, bounds=bounds, method=name, vectorized=True, rng=1)
        assert res.success and res.fun < 1e-9, res.message


def test_widths_beyond_reason_are_not_searched():
    near = es.CMAES([1.0, 2.0], rng=1)
    for width in (1e13, 1e300, np.finfo(float).max):
        np.testing.assert_array_equal(es.CMAES([1.0, 2.0], bounds=[(-width, width)] * 2, rng=1).scale0, near.scale0)
        res = es.minimize(rosenbrock, [1.0, 2.0], bounds=[(-width, width)] * 2, vectorized=True, rng=1, restarts=1)
        assert res.fun < 1e-10
    np.testing.assert_allclose(es.CMAES([1e26], bounds=[(1e24, 1e28)], rng=1).scale0, 0.3 * (1e28 - 1e24))
    # A coordinate beside a much larger one has a scale of its own, unless nothing is known about it.
    np.testing.assert_allclose(es.CMAES([5e-3, 1e11, 0.0], rng=1).scale0, [0.3, 3e10, 3e10])
    np.testing.assert_allclose(es.CMAES([1e11, 0.0], bounds=[(1e9, 3e11), (None, None)], rng=1).scale0[1], 0.3)
    # An unbounded function runs to the end of its bounds or says so.
    given = {"fun": lambda x: -x.sum(-1), "x0": [1.0, 2.0], "bounds": [(-1e15, 1e15)] * 2, "vectorized": True, "rng": 1}
    res = es.minimize(**given, method="cmaes")
    assert "tolfacupx" in res.stop and not res.success
    res = es.minimize(**given)
    assert res.success and (res.x == 1e15).all()


def test_long_first_steps_do_not_end_a_run():
    res = es.minimize(sphere, [1.0, 2.0], sigma0=1e12, vectorized=True, rng=1)
    assert res.fun < 1e-9, res.message


def test_a_symmetric_matrix_is_told_by_its_correlations():
    with pytest.raises(ValueError, match="covariance0 must be symmetric"):
        es.CMAES([0.0, 0.0], covariance0=[[1e-18, 1e-19], [2e-19, 1e-18]])
    with pytest.raises(ValueError, match="covariance0 must be positive definite, got -1"):
        es.CMAES([0.0, 0.0], covariance0=[[1.0, 0.0], [0.0, -1.0]])


def slopes(x):
    return np.stack([2 * (x[..., 0] / 1e-3 - 3) / 1e-3, 2 * (x[..., 1] / 1e11 - 2) / 1e11], axis=-1)


@pytest.mark.parametrize(
    "name",
    [
        *("adam", "rmsprop", "adagrad", "l-bfgs-b", "slsqp", "trust-constr", "nelder-mead", "powell"),
        *("differential-evolution", "dual-annealing"),
    ],
)
def test_gradient_methods_and_scipys_solvers_in_units(name):
    """Those with a gradient take 1e-11 for flat: SciPy's own call ends at x0, `success`."""
    res = es.minimize(engineer, PLACE, jac=slopes, bounds=BOUNDS, method=name, rng=1, maxfevals=20_000)
    assert res.fun < 1e-9 and res.success, res.message
    if name in ("adam", "rmsprop"):
        options = {"jac": slopes, "bounds": BOUNDS, "method": name, "vectorized": True, "maxfevals": 20_000}
        assert all(res.fun < 1e-9 for res in es.minimize_runs(engineer, np.array([PLACE, [2e-3, 5e10]]), **options))


@pytest.mark.parametrize("name", ["bfgs", "cg"])
def test_gradient_methods_without_bounds_in_units(name):
    res = es.minimize(engineer, PLACE, jac=slopes, method=name, rng=1)
    assert res.fun < 1e-9 and res.success, res.message


@pytest.mark.parametrize("name", ["adam", "l-bfgs-b", "bfgs", "nelder-mead"])
def test_powers_of_two_change_no_bit(name):
    """Beyond ordinary scales a run is that of the same function in ones, to the last bit."""
    runs = []
    for power in (0, 60):
        size = 2.0**power

        def f(x, size=size):
            return rosenbrock(x / size)

        def g(x, size=size):
            y = x / size
            first = -400 * y[..., 0] * (y[..., 1] - y[..., 0] ** 2) - 2 * (1 - y[..., 0])
            return np.stack([first, 200 * (y[..., 1] - y[..., 0] ** 2)], axis=-1) / size

        x0 = np.array([0.5, 0.75]) * size
        runs.append(es.minimize(f, x0, sigma0=size, jac=g, method=name, rng=1, maxfevals=300))
    assert runs[0].fun == runs[1].fun
    np.testing.assert_array_equal(runs[1].x / 2.0**60, runs[0].x)


def test_ordinary_scales_are_left_alone():
    scale = np.array([1e-4, 0.3, 1.0, 1e4, 1e-5, 3e10])
    np.testing.assert_array_equal(powers_of_two(scale), [1, 1, 1, 1, 2.0**-17, 2.0**35])
