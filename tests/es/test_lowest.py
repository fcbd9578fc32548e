"""-inf is the least value there is: the run ends there and says so, whatever runs it."""

import numpy as np
import pytest
import scipy.optimize

import es
from es.registry import get_method, methods
from problems import Ledger, Objective

BOX = [(-2.0, 3.0)] * 2
ONE_VALUE = [info.name for info in methods() if info.kind not in ("multiobjective", "categorical")]


def cliff(x):
    """A sphere with a hole without a bottom at its side."""
    f = ((x - 1) ** 2).sum(-1)
    return np.where(x[..., 0] > 0.2, -np.inf, f)


def slope(x):
    return 2 * (x - 1)


def is_lowest(result):
    assert result.fun == -np.inf and result.success and result.status == 0, result.message
    assert "lowest" in result.stop and "-inf" in result.message and cliff(np.asarray(result.x)) == -np.inf


@pytest.mark.parametrize("name", ONE_VALUE)
def test_every_method_ends_there(name):
    box = None if name in ("bfgs", "cg") else BOX
    calls = []

    def fun(x):
        calls.append(1)
        return float(cliff(x))

    res = es.minimize(fun, [-0.5, 0.5], method=name, jac=slope, bounds=box, sigma0=1.0, rng=1, maxfevals=5000)
    is_lowest(res)
    assert res.n_failed == 0 and res.nfev == len(calls) < 1000


@pytest.mark.parametrize("name", ["cmaes", "snes", "one-plus-one", "lq-cmaes"])
def test_by_ask_and_tell(name):
    opt = get_method(name)([-0.5, 0.5], 1.0, rng=1)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, cliff(x))
    is_lowest(opt.result)
    assert opt.f_best == -np.inf and opt.n_failed == 0


@pytest.mark.parametrize("name", ["cmaes", "snes", "adam", "lq-cmaes"])
def test_in_a_stack_each_run_ends_there(name):
    start = np.array([[-0.5, 0.5], [-0.2, 0.1], [-1.0, 0.0]])
    objective = Objective(cliff, 2, vectorized=True, jac=slope)
    results = es.minimize_runs(objective, start, method=name, sigma0=0.5, rng=1, maxfevals=3000, keep_trace=True)
    for result in results:
        is_lowest(result)
        assert result.trace.f[-1] == -np.inf and result.n_failed == 0


def test_ledger_restarts_noise_and_the_bridge():
    ledger = Ledger(Objective(cliff, 2, vectorized=True), keep_trace=True)
    res = es.minimize(ledger, [-0.5, 0.5], restarts="bipop", rng=1, maxfevals=3000)
    is_lowest(res)
    assert ledger.f_best == -np.inf and ledger.n_failed == 0 and ledger.trace.f[-1] == -np.inf
    assert len(res.restarts) == 1
    is_lowest(es.minimize(cliff, [-0.5, 0.5], options={"noise": "reevaluate"}, rng=1, maxfevals=3000))
    is_lowest(scipy.optimize.minimize(cliff, [-0.5, 0.5], method=es.scipy_method("cmaes"), options={"rng": 1}))


def test_only_where_it_is_feasible():
    more = {"sigma0": 0.3, "rng": 1, "maxfevals": 3000}
    res = es.minimize(cliff, [-0.5, 0.5], constraints={"type": "ineq", "fun": lambda x: -0.2 - x[0]}, **more)
    assert np.isfinite(res.fun) and res.fun == pytest.approx(1.2**2, abs=1e-4)
    is_lowest(es.minimize(cliff, [-0.5, 0.5], constraints={"type": "ineq", "fun": lambda x: 2 - x @ x}, **more))


def test_a_saved_run_that_has_ended_there_is_over(tmp_path):
    for _ in range(2):
        is_lowest(es.minimize(cliff, [-0.5, 0.5], rng=1, checkpoint=tmp_path / "run.npz"))


@pytest.mark.parametrize("name", ["adam", "momentum", "sgd", "l-bfgs-b", "bfgs", "slsqp", "cmaes", "nelder-mead"])
def test_an_overflow_on_the_way_to_infinity_is_no_success(name):
    """-inf at 1e160 is no place where a function ends: it has no minimum."""
    with np.errstate(over="ignore"):
        for fun, jac in ((lambda x: -(x**4).sum(-1), lambda x: -4 * x**3), (lambda x: -x.sum(-1), lambda x: 0 * x - 1)):
            res = es.minimize(fun, [3.0, 2.0], method=name, jac=jac, rng=1, maxfevals=3000)
            assert not res.success, res.message
            if name in ("adam", "sgd"):
                runs = es.minimize_runs(fun, np.ones((2, 2)), method=name, jac=jac, vectorized=True, maxfevals=500)
                assert not any(run.success for run in runs)
