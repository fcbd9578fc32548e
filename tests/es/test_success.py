"""`success` is true only for a target, or for a criterion that means that nothing more is to be gained."""

import warnings

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import LinearConstraint, NonlinearConstraint, rosen, rosen_der

import es
import problems
from es.core.optimizer import Optimizer
from es.registry import get_method, methods
from problems import Objective
from tests.es.table import NAMES, ellipsoid, sphere

GRADIENT = [info.name for info in methods() if get_method(info.name).wants_gradient]
SAMPLING = [name for name in NAMES if isinstance(name, str)]
# Several objectives, no convergence at all, only where sigma0 holds the optimum.
NO_END = ("mo-cmaes", "random-search", "cem", "gp")  # or, of gp, one after five digits
BOX = [(-6.0, 7.0)] * 3


def outcomes(fun, x0, method, **more):
    """The same run by the driver, in a stack where it stacks, with restarts, by SciPy's bridge."""
    info = {i.name: i for i in methods()}[method]
    more = {"rng": 3, "maxfevals": 40_000, **more}
    yield es.minimize(fun, x0, method=method, **more)
    yield es.minimize(fun, x0, method=method, restarts=1, **more)
    if info.kind != "scipy":
        jac = {"jac": more.pop("jac")} if "jac" in more else {}
        yield from es.minimize_runs(fun, np.tile(x0, (2, 1)), method=method, **jac, **more)


# Flat ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SAMPLING)
@pytest.mark.parametrize("level", [0.0, 1e300])
def test_a_constant_is_no_success(method, level):
    res = es.minimize(lambda x: level, np.ones(3), method=method, rng=1, maxfevals=20_000)
    assert not res.success and res.fun == level, res.message


@pytest.mark.parametrize("method", ["cmaes", "sep-cmaes", "snes", "csa-es"])
@pytest.mark.parametrize("off", [{}, {"tolflatfitness": None}, {"tolflatfitness": 500}])
def test_a_plateau_is_no_success(method, off):
    def stairs(x):
        return float(np.floor(np.abs(x)).sum())

    for res in outcomes(stairs, np.full(3, 4.2), method, options=off, sigma0=0.5):
        assert not res.success, res.message


@pytest.mark.parametrize("method", ["cmaes", "snes", "csa-es", "ma-es", "one-plus-one"])
@pytest.mark.parametrize("offset", [1e6, -1e9])
def test_values_that_have_no_more_digits_are_converged(method, offset):
    res = es.minimize(lambda x: float(sphere(x - 1) + offset), np.full(3, 4.0), method=method, rng=1, maxfevals=20_000)
    assert res.success, res.message
    assert sphere(res.x - 1) < 1e4 * np.spacing(abs(offset))


# The wrong scale ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma0", [1e-17, 1e-300])
@pytest.mark.parametrize("method", SAMPLING)
def test_steps_that_are_lost_from_the_start_are_no_success(method, sigma0):
    res = es.minimize(sphere, np.full(3, 2.0), method=method, sigma0=sigma0, rng=1, maxfevals=20_000)
    assert not res.success or res.fun < 1e-6, res.message


def test_small_steps_in_a_small_world_are_fine():
    for scale in (1e-30, 1e-100):
        res = es.minimize(lambda x, s=scale: sphere(x / s), np.full(3, 2 * scale), sigma0=scale, rng=1)
        assert res.success and res.fun < 1e-9


def test_a_condition_at_the_limit_is_no_success():
    for res in outcomes(lambda x: ellipsoid(x, 1e30), np.full(3, 2.0), "cmaes", options={"tolfun": 0, "tolfunhist": 0}):
        assert not res.success or res.fun < 1e-9, res.message


# Distributions that shrink where there is no optimum -------------------------------------------------


@pytest.mark.parametrize("n", [2, 5, 20])
def test_cem_that_stands_on_a_slope_is_no_success(n):
    there, successes = 0, 0
    for seed in range(4):
        start = np.random.default_rng(seed).uniform(-3, 3, n)
        for sigma0 in (0.3, 1.0, 3.0):
            res = es.minimize(sphere, start, method="cem", sigma0=sigma0, rng=seed, vectorized=True, maxfevals=40_000)
            assert res.fun < 1e-6 or not res.success, res.message
            there, successes = there + (res.fun < 1e-6), successes + res.success
    assert there < 12 and successes >= 0.5 * there


# Gradients -------------------------------------------------------------------------------------------


BAD_GRADIENTS = {
    "nan": lambda x: x * np.nan,
    "inf": lambda x: np.full_like(x, np.inf),
    "one entry": lambda x: np.where(np.arange(x.shape[-1]) == 1, np.nan, 2 * x),
    "somewhere": lambda x: np.where(x.sum(-1, keepdims=True) < 2.5, np.nan, 2 * x),
}


@pytest.mark.parametrize("method", GRADIENT)
@pytest.mark.parametrize("bad", BAD_GRADIENTS)
def test_gradients_that_are_not_finite_are_no_success(method, bad):
    for res in outcomes(sphere, np.array([1.0, 2.0, 3.0]), method, jac=BAD_GRADIENTS[bad], maxfevals=3000):
        assert not res.success, res.message


@pytest.mark.parametrize("method", GRADIENT)
def test_complex_gradients_are_refused(method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="real numbers"):
            es.minimize(sphere, [1.0, 2.0], method=method, jac=lambda x: 2 * x + 1j)
        with pytest.raises(ValueError, match="real numbers"):
            es.minimize(lambda x: (sphere(x), 2 * x + 1j), [1.0, 2.0], method=method, jac=True)


def test_a_blind_run_stays_blind_when_it_is_resumed(tmp_path):
    for budget in (1, 50):
        res = es.minimize(
            sphere, [1.0, 2.0], method="l-bfgs-b", jac=BAD_GRADIENTS["nan"], checkpoint=tmp_path / "a.npz", rng=1,
            maxfevals=budget,
        )  # fmt: skip
        assert not res.success


@pytest.mark.parametrize("method", ["momentum", "adamw", "adam"])
def test_a_worn_rate_is_a_success_where_the_gradient_is_small(method):
    res = es.minimize(rosen, np.zeros(4), jac=rosen_der, method=method, maxfevals=30_000)
    assert res.success == (res.fun < 1e-7), res.message


def test_a_descent_that_sees_no_slope_says_why():
    res = es.minimize(lambda x: 1.0, np.zeros(3), method="adam", jac=lambda x: 0 * x, rng=1)
    assert not res.success and set(res.stop) == {"stationary"} and "saddle" in res.message


@pytest.mark.parametrize("method", ["snes", "cmaes", "sep-cmaes", "csa-es"])
def test_rest_at_another_place_than_the_best_point_is_no_success(method):
    """A lucky sample in the middle of a ring of NaN is the best point; the search came to rest at the outer rim."""

    def ring(x):
        return np.nan if 0.2 < np.hypot(*x) < 0.5 else sphere(x)

    ends = []
    for seed in range(6):
        res = es.minimize(ring, [1.3, 0.3], method=method, rng=seed, maxfevals=4000)
        assert not res.success or res.fun < 1e-9 or abs(res.fun - 0.25) < 1e-6, res.message
        ends += list(res.stop)
    (twice,) = es.minimize_runs(ring, np.array([[1.3, 0.3]]), method=method, rng=seed, maxfevals=4000)
    assert not twice.success or twice.fun < 1e-9 or abs(twice.fun - 0.25) < 1e-6
    assert method in ("csa-es", "sep-cmaes") or "elsewhere" in ends


@pytest.mark.parametrize("method", ["l-bfgs-b", "slsqp", "adam", "cg"])
@pytest.mark.filterwarnings("ignore")
def test_a_long_descent_is_not_the_end(method):
    """Meyer's fit falls from 2e9 to 88: 1e-5 of that way is more than all that is left of it."""
    problem = problems.get("mgh-meyer")
    res = es.minimize(problem, method=method, rng=1, maxfevals=8000)
    assert not res.success or res.fun < 1.001 * problem.f_opt, (res.fun, res.message)


# Constraints -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cmaes", "snes", "slsqp", "trust-constr"])
@pytest.mark.parametrize("limits", [(np.nan, np.inf), (-np.inf, np.nan), (np.nan, np.nan), (3.0, 2.0)])
@pytest.mark.parametrize("form", ["linear", "nonlinear"])
def test_limits_of_constraints_that_mean_nothing_are_refused(method, limits, form):
    one = LinearConstraint([[1, 1]], *limits) if form == "linear" else NonlinearConstraint(lambda x: x.sum(), *limits)
    for where in ({"fun": sphere, "constraints": one}, {"fun": lambda: Objective(sphere, 2, constraints=one)}):
        with pytest.raises(ValueError, match="constraint"):
            fun = where["fun"]() if "constraints" not in where else where["fun"]
            es.minimize(**{**where, "fun": fun}, x0=[1.0, 2.0], jac=None, method=method, rng=1, maxfevals=300)


# Where there is success ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [info.name for info in methods() if info.name not in NO_END and info.kind != "categorical"]
)
def test_a_plain_sphere_is_a_success(method):
    more = {} if method in ("bfgs", "cg") else {"bounds": BOX}
    res = es.minimize(
        sphere, np.full(3, 2.0), method=method, jac=lambda x: 2 * x, rng=2, sigma0=1.0, maxfevals=60_000, **more
    )
    assert res.success and res.fun < 1e-7, res.message


def test_the_bridge_says_the_same():
    through = scipy.optimize.minimize(lambda x: 0.0, [1.0, 2.0], method=es.scipy_method("cmaes"), options={"rng": 1})
    assert not through.success and through.status == 2


@pytest.mark.parametrize("method", ["quasi-newton", "separable-search", "auto", "cmaes", "bfgs", "l-bfgs-b"])
@pytest.mark.parametrize("slope", [lambda x: float(x.sum()), lambda x: -float((x**2).sum())], ids=["plane", "dome"])
@pytest.mark.filterwarnings("ignore:overflow")
def test_no_success_on_the_way_to_infinity(method, slope):
    jac = "2-point" if method.endswith(("bfgs", "bfgs-b")) else None
    res = es.minimize(slope, np.ones(3), method=method, jac=jac, rng=1, maxfevals=20_000)
    assert not res.success, res.message


@pytest.mark.parametrize("method", ["cmaes", "sep-cmaes"])
def test_steps_that_are_small_in_a_valley_along_which_f_still_falls_are_no_success(method):
    for seed in range(3):
        res = es.minimize(
            lambda x: 1e8 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, [-1.2, 1.0], method=method, rng=seed,
            maxfevals=40_000,
        )  # fmt: skip
        assert not res.success or res.fun < 1e-6, res.message


@pytest.mark.parametrize("method", ["cmaes", "ma-es", "snes", "csa-es"])
@pytest.mark.parametrize("n", [1, 3])
def test_small_steps_at_the_tip_of_a_cusp_are_a_success(method, n):
    for cusp in (lambda x: np.abs(x).sum(), lambda x: np.sqrt(np.abs(x)).sum()):
        res = es.minimize(cusp, np.full(n, 3.0), method=method, rng=1, maxfevals=20_000)
        assert res.success and res.fun < 1e-5, res.message


def test_what_a_class_of_its_own_leaves_out_is_named():
    class Empty(Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define"):
        Empty([1.0, 2.0]).ask()
