"""SciPy's solvers as optimizers, and our methods behind SciPy's minimize."""

import gc
import threading
import time

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import Bounds, minimize, rosen, rosen_der

import es
from es.gradient.inversion import Inverted
from es.gradient.lbfgsb import answered, by_steps, usable
from es.gradient.scipy_methods import LBFGSB, DifferentialEvolution, NelderMead
from es.registry import get_method
from problems.boxes import as_box
from tests.es import functions as F


def test_ask_and_tell_by_hand():
    opt = LBFGSB(np.zeros(4))
    while not opt.stop():
        x = opt.ask()
        assert x.shape == (1, 4)
        opt.tell(x, [rosen(x[0])], [rosen_der(x[0])])
    assert opt.result.fun < 1e-12
    assert opt.result.nfev == opt.result.njev
    with pytest.raises(RuntimeError, match="has finished"):
        opt.ask()


def test_generations_come_as_batches():
    opt = DifferentialEvolution([0.0, 0.0], bounds=[(-2, 2)] * 2, rng=1, popsize=40)
    x = opt.ask()
    assert x.shape == (40, 2)
    opt.tell(x, F.rows_sphere(x))
    assert opt.ask().shape == (40, 2)


def test_the_same_points_as_scipy_itself():
    seen = []

    def fun(x):
        seen.append(x.copy())
        return rosen(x)

    es.minimize(fun, np.zeros(3), method="nelder-mead", maxfevals=120)
    ours, seen[:] = list(seen), []
    scipy.optimize.minimize(fun, np.zeros(3), method="nelder-mead", options={"adaptive": True, "maxfev": 120})
    assert all((a == b).all() for a, b in zip(ours, seen, strict=False))


def test_a_dropped_optimizer_leaves_no_thread():
    before = threading.active_count()
    for _ in range(5):
        NelderMead([1.0, 2.0]).ask()
    gc.collect()
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before


METHODS = [info.name for info in es.methods() if info.kind == "scipy"]
BOXED = ("differential-evolution", "dual-annealing")


def by_ask_and_tell(name, count, **options):
    """A run by hand, up to its end or `count` tells."""
    opt = get_method(name)(np.linspace(-1, 1, 4), rng=3, **options)
    while not opt.stop() and opt.nit < count:
        x = opt.ask()
        opt.tell(x, [rosen(row) for row in x], [rosen_der(row) for row in x] if opt.wants_gradient else None)
    return opt


@pytest.mark.parametrize("name", METHODS)
def test_the_driver_and_ask_and_tell_give_the_same_numbers(name):
    box = {"bounds": [(-1.5, 2)] * 4} if name in BOXED else {}
    res = es.minimize(rosen, np.linspace(-1, 1, 4), method=name, jac=rosen_der, rng=3, maxiter=150, **box)
    opt = by_ask_and_tell(name, 150, **box)
    assert (res.x == opt.x_best).all() and res.fun == opt.f_best
    assert (res.nfev, res.nit, (res.mean == opt.mean).all()) == (opt.nfev, opt.nit, True)
    assert ("converged" in res.stop) == ("converged" in opt.stop())


@pytest.mark.parametrize("error", [TypeError, ValueError, StopIteration, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("name", METHODS)
def test_no_solver_sees_the_errors_of_the_objective(name, error):
    def fun(x):
        if len(seen) == 30:
            raise error("mine") from ZeroDivisionError("first")
        seen.append(x)
        return rosen(x)

    seen = []
    box = {"bounds": [(-1.5, 2)] * 4} if name in BOXED else {}
    with pytest.raises(error, match="mine") as caught:
        es.minimize(fun, np.linspace(-1, 1, 4), method=name, jac=rosen_der, rng=3, **box)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("name", METHODS)
def test_the_objective_runs_with_the_floating_point_errors_of_the_caller(name):
    def fun(x):
        seen.append(np.geterr()["divide"])
        return rosen(x)

    seen = []
    box = {"bounds": [(-1.5, 2)] * 4} if name in BOXED else {}
    with np.errstate(divide="raise"):
        es.minimize(fun, np.linspace(-1, 1, 4), method=name, jac=rosen_der, rng=3, maxfevals=20, **box)
    assert set(seen) == {"raise"}


def test_errors_inside_a_solver_reach_the_caller():
    def solve(call):
        call(np.zeros((1, 2)))
        raise ZeroDivisionError("inside")

    engine = Inverted(solve)
    with pytest.raises(ZeroDivisionError, match="inside"):
        engine.tell(np.zeros(1))


def test_errors_of_the_objective_are_raised_as_they_are():
    with pytest.raises(RuntimeError, match="boom"):
        es.minimize(F.raises_outside, np.full(3, 2.0), method="nelder-mead")


def test_integers_in_differential_evolution():
    res = es.minimize(
        lambda x: ((x - 2.4) ** 2).sum(),
        [0.0, 0.0],
        method="differential-evolution",
        bounds=[(-5, 5)] * 2,
        integrality=[1, 0],
        rng=1,
        maxfevals=3000,
    )
    assert res.x == pytest.approx([2, 2.4], abs=1e-3)


def test_constraints_of_slsqp():
    constraint = scipy.optimize.LinearConstraint([[1, 1]], 1, np.inf)
    res = es.minimize(F.sphere, [2.0, 2.0], method="slsqp", jac=F.sphere_gradient, constraints=constraint)
    assert res.x == pytest.approx([0.5, 0.5])
    assert res.ncev > 0
    with pytest.raises(ValueError, match="constraints cannot be kept by Adam"):
        es.minimize(F.sphere, [2.0, 2.0], method="adam", jac=F.sphere_gradient, constraints=constraint)


@pytest.mark.parametrize("name", ["cmaes", "snes", "l-bfgs-b", "adam"])
def test_behind_scipy(name):
    res = scipy.optimize.minimize(
        lambda x, a: ((x - a) ** 2).sum(),
        np.zeros(3),
        args=(2.0,),
        jac=lambda x, a: 2 * (x - a),
        method=es.scipy_method(name),
        bounds=[(-1, 1.5)] * 3,
        options={"rng": 1, "maxfev": 4000},
    )
    assert res.x == pytest.approx(np.full(3, 1.5), abs=1e-4)
    assert res.nfev <= 4000


def test_behind_scipy_callback_constraints_tol_and_errors():
    seen = []
    res = scipy.optimize.minimize(
        F.sphere,
        np.full(2, 2.0),
        method=es.scipy_method("cmaes"),
        constraints=scipy.optimize.NonlinearConstraint(lambda x: x[0] + x[1], 1, np.inf),
        callback=lambda intermediate_result: seen.append(intermediate_result.nfev),
        tol=1e-8,
        options={"rng": 1},
    )
    assert res.x == pytest.approx([0.5, 0.5], abs=1e-4)
    assert seen[-1] == res.nfev
    with pytest.raises(ValueError, match="cmaes"):
        es.scipy_method("cmaess")
    with pytest.warns(RuntimeWarning, match="hess"):
        scipy.optimize.minimize(F.sphere, [1.0, 1.0], method=es.scipy_method("cmaes"), hess=lambda x: np.eye(2))


def bounded_valley(x):
    low, high = x[:-1], x[1:]
    rise = high - low * low
    g = np.zeros_like(x)
    g[:-1] = -400 * low * rise - 2 * (1 - low)
    g[1:] += 200 * rise
    return float((100 * rise * rise + (1 - low) ** 2).sum()), g


@pytest.mark.parametrize("maxcor", [3, 20])
@pytest.mark.parametrize(
    "bounds",
    [None, [(-2.0, 0.5)] * 6, [(None, 0.3), (-1.0, None), (None, None), (0.2, 0.2), (-2.0, 2.0), (-2.0, 0.9)]],
    ids=["free", "box", "mixed"],
)
def test_the_steps_of_lbfgsb_are_those_of_minimize(bounds, maxcor):
    assert usable()
    options = {"maxcor": maxcor, "ftol": 2e-15, "gtol": 1e-10, "maxls": 50}
    start = np.array([-1.2, 0.4, -0.3, 0.2, 0.1, 0.3]) * (1.0 if bounds is not None else 1.5)
    box, asked, scipy_asked = as_box(bounds, 6), [], []

    def answer(x):
        f, g = bounded_valley(x[0])
        return np.array([f]), g[None]

    def watched(x):
        scipy_asked.append(x.copy())
        return bounded_valley(x)

    mine = answered(by_steps(start, box, options, lambda x, f, g: asked.append(x)), answer)
    given = None if box is None else Bounds(box.lb, box.ub)
    scipys = minimize(watched, start, jac=True, method="L-BFGS-B", bounds=given, options=options)
    assert np.array_equal(asked, scipy_asked)
    assert np.array_equal(mine.x, scipys.x) and mine.fun == scipys.fun
    assert (mine.success, mine.status) == (scipys.success, scipys.status)
    assert mine.small_gradient == ("GRADIENT" in scipys.message)


@pytest.mark.parametrize("size", [1.0, 1e-12])
def test_lbfgsb_without_the_steps_gives_the_same_numbers(monkeypatch, size):
    def valley(x):
        f, g = bounded_valley(x)
        return size * f, size * g

    def run():
        return es.minimize(valley, np.full(6, -0.7), jac=True, method="l-bfgs-b", bounds=[(-2, 0.8)] * 6, rng=1)

    def by_hand():
        opt = LBFGSB(np.full(6, -0.7), bounds=[(-2, 0.8)] * 6)
        while not opt.stop():
            x = opt.ask()
            f, g = valley(x[0])
            opt.tell(x, [f], [g])
        return opt.result

    with_steps = [run(), by_hand()]
    monkeypatch.setattr("es.gradient.scipy_solvers.usable", lambda: False)
    for mine, scipys in zip(with_steps, [run(), by_hand()], strict=True):
        assert np.array_equal(mine.x, scipys.x) and mine.nfev == scipys.nfev and mine.stop == scipys.stop


@pytest.mark.parametrize("method", [m.name for m in es.methods() if m.kind == "scipy"])
def test_a_solver_takes_the_points_that_it_asked_for_and_no_others(method):
    """It learns by their order: a value told twice, or of another point, would be that of the next one."""
    cls = get_method(method)

    def begin():
        return cls([1.5, -0.5], bounds=None if method in ("bfgs", "cg") else [(-3, 3)] * 2, rng=1)

    def tell(opt, x):
        opt.tell(x, (x**2).sum(-1), 2 * x if opt.wants_gradient else None)

    opt = begin()
    x = opt.ask()
    for other in (0.9 * x, np.concatenate([x, x]), np.concatenate([x, 0 * x + 0.125])):
        with pytest.raises(ValueError, match="points that ask"):
            tell(opt, other)
    assert opt.nfev == 0
    tell(opt, x)
    if not opt.stop() and not np.array_equal(opt.ask(), x):
        with pytest.raises(ValueError, match="points that ask"):
            tell(opt, x)
    plain, turned = begin(), begin()
    for _ in range(20):
        if plain.stop():
            break
        x = plain.ask()
        tell(plain, x)
        tell(turned, turned.ask()[::-1])
    assert plain.nfev == turned.nfev and np.array_equal(plain.x_best, turned.x_best)
