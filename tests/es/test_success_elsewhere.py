"""What ends mean in stacks, in single precision, in a Space, with workers, and through SciPy: as in a plain run."""

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import LinearConstraint

import es
from tests.es.table import sphere

pytestmark = pytest.mark.filterwarnings("ignore")


def stairs(x):
    return float(np.floor(np.abs(x)).sum() + 1)


def constant(x):
    return 3.0


def hole(x):
    return float(min(((x - 50) ** 2).sum(), 1.0))


def nothing(x):
    return float("nan")


def endless(x):
    return float(x.sum())


GRADIENT = ("l-bfgs-b", "bfgs", "cg", "adam", "momentum")
FLAT = {"constant": constant, "hole": hole, "stairs": stairs}


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize(
    "method", ["l-bfgs-b", "bfgs", "cg", "adam", "momentum", "cmaes", "snes", "quasi-newton", "auto"]
)
def test_a_stack_of_runs_on_a_plateau_has_no_success(method, name):
    jac = {"jac": lambda x: np.zeros_like(x)} if method in GRADIENT else {}
    starts = np.array([[4.2, 4.3], [7.4, 3.3], [5.2, 6.1]])
    for res in es.minimize_runs(FLAT[name], starts, method=method, sigma0=0.3, rng=1, maxfevals=4000, **jac):
        assert not res.success or (name == "stairs" and res.fun == 1), res.message


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "cg", "slsqp", "trust-constr", "adam", "quasi-newton", "auto"])
def test_single_precision_is_converged_to_its_digits_or_no_success(method):
    """f, its gradient and x0 as float32."""
    x0 = np.array([3.0, -2.0], dtype=np.float32)

    def f(x):
        return np.float32(((np.asarray(x, np.float32) - np.float32(0.7)) ** 2).sum())

    def g(x):
        return 2 * (np.asarray(x, np.float32) - np.float32(0.7))

    for offset in (0, 1000):
        res = es.minimize(lambda x, c=offset: f(x) + np.float32(c), x0, jac=g, method=method, rng=1, maxfevals=20_000)
        assert res.x.dtype == np.float64 and isinstance(res.fun, float)
        assert not res.success or res.fun - offset < (1e-10 if offset == 0 else 1e-3), res.message
        assert np.abs(res.x - 0.7).max() < 0.05


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "cg", "adam", "sgd"])
def test_a_stack_of_one_is_the_run_alone(method):
    alone = es.minimize(sphere, [3.0, -2.0], jac=lambda x: 2 * x, method=method, rng=1)
    (one,) = es.minimize_runs(sphere, np.array([[3.0, -2.0]]), jac=lambda x: 2 * x, method=method, rng=1)
    assert (one.fun, one.nfev, one.success, one.stop.keys()) == (
        alone.fun,
        alone.nfev,
        alone.success,
        alone.stop.keys(),
    )
    batch = es.minimize(
        lambda x: (x**2).sum(-1), [3.0, -2.0], jac=lambda x: 2 * x, vectorized=True, method=method, rng=1
    )
    assert (batch.fun, batch.nfev) == (alone.fun, alone.nfev)


@pytest.mark.parametrize("method", ["cmaes", "nelder-mead", "auto"])
def test_a_space_has_the_same_ends(method):
    space = es.Space(a=(-3.0, 5.0), b=(-4.0, 6.0))
    flat = es.minimize(lambda p: 3.0, space, method=method, rng=1, maxfevals=5000)
    assert not flat.success and "flat" in flat.message
    saddle = es.minimize(lambda p: (p["a"] - 1) ** 2 - (p["b"] - 1) ** 2, space, method=method, rng=1)
    # The middle of the space, where the search begins, is a saddle; the best of two corners is at b = 6.
    assert not saddle.success or saddle.fun == pytest.approx(-25), saddle.message
    edge = es.minimize(lambda p: p["a"] + p["b"], space, method=method, rng=1)
    assert edge.success and edge.fun == pytest.approx(-7), edge.message


def test_a_space_in_which_nothing_is_feasible_is_no_success():
    never = [LinearConstraint([[1, 0]], 3, np.inf), LinearConstraint([[1, 0]], -np.inf, 1)]
    space = es.Space(a=(-5.0, 5.0), b=(-5.0, 5.0))
    res = es.minimize(
        lambda p: p["a"] ** 2 + p["b"] ** 2, space, constraints=never, method="cmaes", rng=1, maxfevals=2000
    )
    assert not res.success


@pytest.mark.parametrize("f", [constant, nothing])
def test_workers_have_the_same_ends(f):
    alone = es.minimize(f, [4.2, 4.3], method="cmaes", sigma0=0.3, rng=1, maxfevals=600)
    for more in ({"workers": 2}, {"workers": 2, "asynchronous": True}):
        res = es.minimize(f, [4.2, 4.3], method="cmaes", sigma0=0.3, rng=1, maxfevals=600, **more)
        assert not res.success and not alone.success, res.message


@pytest.mark.parametrize("f", [constant, hole, nothing, endless])
@pytest.mark.parametrize("method", ["cmaes", "nelder-mead", "l-bfgs-b", "auto"])
def test_a_callback_points_of_ones_own_and_the_bridge_change_no_end(f, method):
    jac = {"jac": "2-point"} if method == "l-bfgs-b" else {}
    own = es.minimize(f, [4.2, 4.3], method=method, enqueue=[[4.0, 4.0]], rng=1, maxfevals=3000, **jac)
    assert not own.success, own.message

    def enough(*_):
        raise StopIteration

    stopped = es.minimize(f, [4.2, 4.3], method=method, callback=enough, rng=1, maxfevals=3000, **jac)
    assert not stopped.success or "callback" in stopped.stop, stopped.message
    through = scipy.optimize.minimize(
        f, [4.2, 4.3], method=es.scipy_method(method), options={"rng": 1, "maxfevals": 3000}, **jac
    )
    assert not through.success, through.message
