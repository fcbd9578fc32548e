"""The driver: results, limits, callbacks, and errors before the first evaluation."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import Bounds, rosen, rosen_der

import es
from problems import Ledger, Objective
from tests.es import functions as F


def counted(fun):
    def call(x):
        call.n += 1
        return fun(x)

    call.n = 0
    return call


@pytest.mark.parametrize(
    ("method", "below"),
    [
        ("cmaes", 1e-8),
        ("snes", 1e-8),
        ("l-bfgs-b", 1e-8),
        ("bfgs", 1e-8),
        ("cg", 1e-8),
        ("nelder-mead", 1e-8),
        ("powell", 1e-8),
        ("slsqp", 1e-8),
        ("trust-constr", 1e-8),
        ("adam", 1e-8),
        ("adamw", 1e-1),
        ("sgd", 1e-8),
        ("momentum", 1e-8),
        ("nesterov", 1e-8),
        ("rmsprop", 1e-6),
        ("adagrad", 1e-8),
        ("lra-cmaes", 1e-8),
    ],
)
def test_every_method_by_name(method, below):
    res = es.minimize(
        lambda x: ((x - 1) ** 2).sum(),
        np.full(4, 3.0),
        method=method,
        jac=lambda x: 2 * (x - 1),
        rng=1,
        maxfevals=20000,
    )
    assert res.fun < below
    assert res.fun == pytest.approx(((res.x - 1) ** 2).sum())
    assert res.nfev <= 20000
    assert res.method
    assert res.stop


@pytest.mark.parametrize("method", ["differential-evolution", "dual-annealing"])
def test_methods_that_need_a_box(method):
    res = es.minimize(F.sphere, [1.0, -2.0], method=method, bounds=[(-3, 3)] * 2, rng=1, maxfevals=4000)
    assert res.fun < 1e-6
    with pytest.raises(ValueError, match="bounds must be finite"):
        es.minimize(F.sphere, [1.0, -2.0], method=method)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("method", ["cmaes", "l-bfgs-b"])
def test_hard_smooth_problems_to_1e_8(method, seed):
    n = 10
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    scale = 1e6 ** (np.arange(n) / (n - 1))

    def ellipsoid(x):
        return float(scale @ (rotation @ x) ** 2)

    def gradient(x):
        return 2 * rotation.T @ (scale * (rotation @ x))

    start = np.random.default_rng(seed).uniform(-2, 2, n)
    assert es.minimize(ellipsoid, start, method=method, jac=gradient, rng=seed, ftarget=1e-8).success
    res = es.minimize(rosen, start, method=method, jac=rosen_der, rng=seed, ftarget=1e-8)
    assert res.success or res.fun == pytest.approx(3.986, abs=0.1)  # its local minimum, which both methods may end in


def test_gradient_from_autodiff():
    res = es.minimize(lambda x: ((x - 2) ** 4).sum(-1) + (x * x).sum(-1), np.zeros(3), method="l-bfgs-b")
    assert res.success
    assert res.njev == res.nfev < 50


def test_maxfevals_is_exact_and_everything_is_counted():
    fun = counted(F.rosenbrock)
    res = es.minimize(fun, np.zeros(5), maxfevals=101, rng=1)
    assert res.nfev == fun.n == 101
    assert res.status == 1
    assert not res.success
    assert res.stop == {"maxfevals": 101.0}


def test_maxiter_maxtime_ftarget():
    assert es.minimize(F.rosenbrock, np.zeros(4), maxiter=7, rng=1).nit == 7
    res = es.minimize(F.slow_rosenbrock, np.zeros(4), maxtime=0.1, rng=1)
    assert "maxtime" in res.stop
    res = es.minimize(F.sphere, np.ones(4), ftarget=1e-3, rng=1)
    assert res.success
    assert res.fun <= 1e-3
    assert res.message.startswith("the target was reached")
    res = es.minimize(lambda x: F.sphere(x) + 1, np.ones(4), ftarget=1e-3, rng=1)
    assert not res.success  # converged, but not to the target


def test_ledger_is_used_as_it_is():
    ledger = Ledger(Objective(F.rosenbrock, 4), keep_trace=True)
    res = es.minimize(ledger, np.zeros(4), maxfevals=200, rng=3)
    assert ledger.nfev == res.nfev == 200
    assert ledger.f_best == res.fun
    assert ledger.trace.f[-1] == res.fun
    again = es.minimize(ledger, np.zeros(4), maxfevals=100, rng=4)
    assert again.nfev == 100  # counted from the run's own start


def test_objective_knows_start_bounds_and_step():
    problem = Objective(F.sphere, 3, bounds=[(1, 4)] * 3, sigma0=0.5)
    res = es.minimize(problem, rng=2)
    assert res.x == pytest.approx(np.ones(3))
    res = es.minimize(problem, np.full(3, 2.0), bounds=[(None, None)] * 3, rng=2)
    assert res.fun < 1e-8


@pytest.mark.parametrize(
    "method", ["cmaes", "snes", "adam", "l-bfgs-b", "nelder-mead", "powell", "trust-constr", "slsqp"]
)
def test_bounds_are_never_left(method):
    seen = []

    def fun(x):
        seen.append(x.copy())
        return F.sphere(x - 3)

    bounds = Bounds([-1, -1, -np.inf], [1, 2, np.inf])
    res = es.minimize(
        fun, [0.5, 0.0, 0.0], method=method, bounds=bounds, jac=lambda x: 2 * (x - 3), rng=1, maxfevals=4000
    )
    seen = np.array(seen)
    assert (seen >= bounds.lb).all()
    assert (seen <= bounds.ub).all()
    assert res.x == pytest.approx([1, 2, 3], abs=1e-3)


def test_callbacks():
    seen = []

    def by_result(intermediate_result):
        seen.append(intermediate_result)
        if len(seen) == 3:
            raise StopIteration

    res = es.minimize(F.sphere, np.ones(3), callback=by_result, rng=1)
    assert res.nit == 3
    assert res.status == 99
    assert "callback" in res.stop
    assert [r.nit for r in seen] == [1, 2, 3]
    points = []
    es.minimize(F.sphere, np.ones(3), callback=points.append, maxiter=4, rng=1)
    assert len(points) == 4
    assert points[0].shape == (3,)


def test_progress_line(capsys):
    es.minimize(F.sphere, np.ones(3), progress=True, maxfevals=50, rng=1)
    out = capsys.readouterr()
    assert out.out == ""
    assert "f = " in out.err
    assert "50/50" in out.err


def test_silent_by_default(capsys):
    es.minimize(F.sphere, np.ones(3), maxfevals=50, rng=1)
    out = capsys.readouterr()
    assert out.out == out.err == ""


def test_nothing_of_the_caller_is_touched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.random.seed(5)  # noqa: NPY002 - the global stream is what is tested
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    x0 = np.ones(4)
    lb, ub = np.full(4, -2.0), np.full(4, 2.0)
    kept = [a.copy() for a in (x0, lb, ub)]

    def vandal(x):
        f = F.sphere(x)
        x[:] = 99
        return f

    res = es.minimize(vandal, x0, bounds=Bounds(lb, ub), rng=1, maxfevals=300)
    assert res.fun < 1e-1
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert all((a == b).all() for a, b in zip((x0, lb, ub), kept, strict=True))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rng", [0, 7, np.random.SeedSequence(3)])
def test_same_seed_same_run(rng):
    a, b = (es.minimize(F.rosenbrock, np.zeros(4), rng=rng, maxfevals=300) for _ in range(2))
    assert (a.x == b.x).all()
    assert a.fun == b.fun


def test_an_unseeded_run_tells_its_seed():
    a = es.minimize(F.rosenbrock, np.zeros(4), maxfevals=300)
    b = es.minimize(F.rosenbrock, np.zeros(4), maxfevals=300, rng=a.seed)
    assert (a.x == b.x).all()


BAD = [
    ({"x0": [1.0, np.nan]}, "x0 must be finite"),
    ({"x0": []}, "x0 must have shape"),
    ({"x0": "ab"}, "x0 must hold real numbers"),
    ({"x0": np.ones((2, 2))}, "minimize_runs"),
    ({"x0": None}, "x0 must be given"),
    ({"sigma0": 0.0}, "sigma0 must be positive, got 0.0"),
    ({"sigma0": -1}, "sigma0 must be positive, got -1"),
    ({"sigma0": [1, 2, 3]}, "sigma0"),
    ({"bounds": [(0, 1)]}, "bounds must have n=2"),
    ({"bounds": [(1, 0), (0, 1)]}, "lower <= upper"),
    ({"bounds": [(3, 4), (0, 4)]}, "x0 must lie within bounds, got 1.0"),
    ({"method": "cmaess"}, "cmaes"),
    ({"method": "lbfgsb"}, "l-bfgs-b"),
    ({"maxfevals": 0}, "maxfevals must be a positive number"),
    ({"maxfevals": 10.5}, "maxfevals must be a whole number"),
    ({"maxiter": -3}, "maxiter"),
    ({"maxtime": "long"}, "maxtime"),
    ({"ftarget": np.nan}, "ftarget"),
    ({"popsize": 0}, "popsize"),
    ({"popsize": 10**12}, "got 1000000000000: they take 48 TB of .*, so take at most"),
    ({"popsize": 1e300}, "popsize must leave room"),
    ({"x0": np.ones(10**7), "method": "cmaes"}, r"n=10000000: it takes 800 TB of .*, so take 'sep-cmaes' or 'snes'"),
    ({"constraints": {"type": "ineq", "fun": lambda x: x[0]}, "method": "one-plus-one"}, "never judged anew"),
    ({"options": {"activ": True}}, "active"),
    ({"options": {"tolxx": 1}}, "tolx"),
    ({"options": {"noise": 3}}, "noise"),
    ({"on_error": "ignore"}, "on_error"),
    ({"timeout": 0}, "timeout"),
    ({"timeout": True}, "timeout"),
    ({"method": 3}, "method must be"),
    ({"workers": 0}, "workers"),
    ({"workers": "two"}, "workers"),
    ({"restarts": "often"}, "restarts"),
    ({"restarts": -1}, "restarts"),
    ({"checkpoint": 3}, "checkpoint"),
    ({"callback": 3}, "callback"),
    ({"integrality": [1, 0, 0]}, "integrality"),
    ({"integrality": [1, 0], "method": "adam"}, "integrality cannot be kept"),
    ({"constraints": [3]}, "constraints must be"),
    ({"rng": "seed"}, "rng"),
    ({"fun": 3}, "fun must be callable"),
    ({"method": "bfgs", "bounds": [(0, 2)] * 2}, "bounds cannot be kept"),
    ({"method": "nelder-mead", "options": {"xatoll": 1}}, "xatol"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=lambda v: str(v)[:40])
def test_errors_come_before_any_evaluation(arguments, message):
    fun = counted(F.sphere)
    given = {"fun": fun, "x0": [1.0, 1.0], "jac": lambda x: 2 * x, **arguments}
    with pytest.raises(ValueError, match=message):
        es.minimize(**given)
    assert fun.n == 0


def test_gradient_method_on_a_function_without_gradient():
    fun = counted(F.sphere)
    with pytest.raises(ValueError, match="needs a gradient"):
        es.minimize(Objective(fun, 2, differentiable=False), [1.0, 1.0], method="adam")
    assert fun.n == 0


@pytest.mark.parametrize(("value", "message"), [(np.ones(2), "one point"), (None, "None"), ("a", "number")])
def test_an_objective_that_returns_no_number(value, message):
    with pytest.raises(ValueError, match=message):
        es.minimize(lambda x: value, [1.0, 1.0])


@pytest.mark.parametrize(("method", "counted"), [("cmaes", 200), (None, 30)])
def test_vectorized_counts_and_agrees(method, counted):
    a = es.minimize(F.rows_sphere, np.ones(3), method=method, vectorized=True, rng=1, maxfevals=counted)
    b = es.minimize(F.rows_sphere, np.ones(3), method=method, rng=1, maxfevals=counted)
    assert (a.x == b.x).all()
    assert a.nfev == b.nfev == counted


def test_importing_es_is_light():
    heavy = ("scipy.optimize", "joblib", "matplotlib", "tqdm", "sklearn")
    code = f"import sys, es; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
