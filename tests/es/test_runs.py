"""Stacked runs through `minimize_runs`: each is the run that `minimize` makes of it."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint

import es
from problems import Ledger, Objective
from tests.es import functions as F

START = np.random.default_rng(0).uniform(-2, 2, (5, 4))
BUDGET = [500, 1003, 77, 1501, 300]
TARGET = [1e-3, 1e-8, 1e-8, 1.0, 1e-8]
SIGMA = np.array([0.5, 1, 2, 0.1, 0.3])


def rows_rosenbrock(x):
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


@pytest.mark.parametrize("bounds", [None, [(-3, 3)] * 4])
@pytest.mark.parametrize("method", ["cmaes", "snes"])
def test_bit_identical_to_single_runs(method, bounds):
    more = {"method": method, "bounds": bounds}
    results = es.minimize_runs(
        rows_rosenbrock,
        START,
        vectorized=True,
        sigma0=SIGMA,
        maxfevals=BUDGET,
        ftarget=TARGET,
        rng=range(5),
        keep_trace=True,
        **more,
    )
    for i, res in enumerate(results):
        ledger = Ledger(Objective(rows_rosenbrock, 4, vectorized=True), keep_trace=True)
        one = es.minimize(ledger, START[i], sigma0=SIGMA[i], maxfevals=BUDGET[i], ftarget=TARGET[i], rng=i, **more)
        assert (res.x == one.x).all()
        assert (res.fun, res.nfev, res.nit, res.success, res.status) == (
            one.fun,
            one.nfev,
            one.nit,
            one.success,
            one.status,
        )
        assert res.stop.keys() == one.stop.keys()
        assert all(np.array_equal(a, b) for a, b in zip(res.trace, ledger.trace, strict=True))


@pytest.mark.parametrize("limit", [{"maxiter": 1}, {"maxiter": 6}, {"maxfevals": 61}])
@pytest.mark.parametrize("info", [info for info in es.methods() if info.kind != "categorical"], ids=lambda i: i.name)
def test_every_method_counts_and_ends_as_alone(info, limit):
    several = info.kind == "multiobjective"
    box = None if info.name in ("bfgs", "cg") else [(-2.5, 2.5)] * 3
    more = {"method": info.name, "vectorized": True, "bounds": box, **limit}

    def f(x):
        values = rows_rosenbrock(x)
        return np.stack([values, (x * x).sum(-1)], axis=-1) if several else values

    for i, res in enumerate(es.minimize_runs(f, START[:2, :3], rng=[1, 2], **more)):
        one = es.minimize(f, START[i, :3], rng=i + 1, **more)
        assert (res.nit, res.nfev, res.njev, res.stop) == (one.nit, one.nfev, one.njev, one.stop)
        np.testing.assert_array_equal(res.x, one.x)


def test_gradient_methods_with_a_rate_each():
    rates = np.array([0.01, 0.05, 0.1, 0.3, 1.0])
    results = es.minimize_runs(
        rows_rosenbrock, START, vectorized=True, method="adam", maxfevals=300, options={"lr": rates}
    )
    for i, res in enumerate(results):
        one = es.minimize(
            rows_rosenbrock, START[i], vectorized=True, method="adam", maxfevals=300, options={"lr": rates[i]}
        )
        assert (res.x == one.x).all()
        assert res.njev == res.nfev == one.njev


def test_one_start_for_all_and_a_seed_for_the_stack():
    results = es.minimize_runs(F.rows_sphere, np.ones(3), runs=4, vectorized=True, rng=1, maxfevals=70)
    assert len({res.fun for res in results}) == 4
    again = es.minimize_runs(F.rows_sphere, np.ones(3), runs=2, vectorized=True, rng=1, maxfevals=70)
    assert [r.fun for r in again] == [r.fun for r in results[:2]]
    seeded = es.minimize_runs(F.rows_sphere, np.ones((1, 3)), vectorized=True, rng=[results[2].seed], maxfevals=70)
    assert seeded[0].fun == results[2].fun


def test_point_by_point_objectives_workers_and_failures():
    a = es.minimize_runs(F.raises_outside, np.ones((3, 2)), on_error="penalize", rng=1, maxfevals=40, sigma0=0.3)
    b = es.minimize_runs(
        F.raises_outside, np.ones((3, 2)), on_error="penalize", rng=1, maxfevals=40, sigma0=0.3, workers=2
    )
    assert [r.fun for r in a] == [r.fun for r in b]
    assert all(r.nfev == 40 and r.n_failed > 0 for r in a)
    assert "boom" in a[0].first_error
    dead = es.minimize_runs(lambda x: np.full(x.shape[:-1], np.nan), np.ones((2, 2)), vectorized=True, rng=1)
    assert all(not r.success and np.isnan(r.fun) and (r.x == 1).all() for r in dead)


def fails_afar(x):
    if np.max(x) > 5:
        raise RuntimeError(f"too far at {np.max(x):.3f}")
    return np.sum((x - 1) ** 2, -1) if x.ndim == 1 else np.array([fails_afar(row) for row in x])


@pytest.mark.parametrize("vectorized", [False, True])
@pytest.mark.parametrize(
    "more",
    [{}, {"workers": 2}, {"method": "random-search"}, {"restarts": "ipop"}, {"restarts": "bipop"},
     {"method": "l-bfgs-b", "jac": lambda x: 2 * (x - 1)}, {"method": "nelder-mead"}],
    ids=str,
)  # fmt: skip
def test_an_error_is_that_of_the_run_that_made_it(more, vectorized):
    starts, seeds = [[0.0, 0.0], [9.0, 9.0], [5.0, 5.0]], [1, 2, 3]
    common = {"method": "cmaes", "sigma0": 0.1, "on_error": "penalize", "maxfevals": 40}
    more = {**common, "vectorized": vectorized, **more}
    runs = es.minimize_runs(fails_afar, starts, rng=seeds, **more)
    assert [run.n_failed > 0 for run in runs[:2]] == [False, True]
    for run, start, seed in zip(runs, starts, seeds, strict=True):
        alone = es.minimize(fails_afar, start, rng=seed, **more)
        assert run.n_failed == alone.n_failed
        assert (run.first_error is None) == (run.n_failed == 0) == (alone.first_error is None)
        if run.n_failed:
            assert run.first_error.splitlines()[-1] == alone.first_error.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "l-bfgs-b"},
        {"method": "nelder-mead", "options": {"xatol": 1e-3}},
        {"restarts": 2, "options": {"tolx": 1e-2}},
        {"options": {"noise": "reevaluate"}},
    ],
)
def test_what_does_not_stack_runs_in_turn(arguments):
    starts, most = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([150, 90])
    results = es.minimize_runs(F.rows_sphere, starts, vectorized=True, rng=[4, 5], maxfevals=most, **arguments)
    for start, budget, seed, result in zip(starts, most.tolist(), [4, 5], results, strict=True):
        alone = es.minimize(F.rows_sphere, start, vectorized=True, rng=seed, maxfevals=budget, **arguments)
        np.testing.assert_array_equal(result.x, alone.x)
        assert (result.fun, result.nfev, result.seed) == (alone.fun, alone.nfev, seed)
        assert result.nfev <= budget


def test_a_ledger_serves_one_run():
    ledger = Ledger(Objective(F.rows_sphere, 2, vectorized=True))
    with pytest.raises(ValueError, match="fun is a Ledger, which serves one run"):
        es.minimize_runs(ledger, np.ones((3, 2)), method="powell")
    assert ledger.nfev == 0


def test_runs_in_turn_share_the_time_and_keep_their_traces():
    results = es.minimize_runs(F.rows_sphere, np.ones((3, 2)), method="powell", vectorized=True, keep_trace=True)
    for result in results:
        assert result.trace.f[-1] == result.fun
        assert result.trace.nfev[-1] <= result.nfev
    late = es.minimize_runs(F.rows_sphere, np.ones((3, 2)), method="powell", vectorized=True, maxtime=1e-9)
    assert [result.nfev for result in late[1:]] == [0, 0]


def test_constraints_and_whole_numbers_of_the_objective_are_kept():
    """A stack must not leave out what `minimize` would keep."""
    kept = Objective(F.rows_sphere, 2, vectorized=True, constraints=[LinearConstraint([[1.0, 1.0]], 1.0, np.inf)])
    results = es.minimize_runs(kept, np.ones((3, 2)), rng=1, maxfevals=2000, keep_trace=True)
    assert all(result.x.sum() >= 1 and abs(result.fun - 0.5) < 1e-4 for result in results)
    assert all(abs(result.trace.f[-1] - result.fun) < 1e-5 for result in results)
    whole = Objective(lambda x: ((x - 0.3) ** 2).sum(-1), 3, vectorized=True, integrality=[1, 0, 1])
    for result in es.minimize_runs(whole, np.zeros((3, 3)), rng=1, maxfevals=600):
        assert result.x[0] == result.x[2] == 0
        assert abs(result.x[1] - 0.3) < 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x0": np.ones(3)}, "give `runs`"),
        ({"x0": np.ones((2, 3)), "runs": 4}, "runs must be"),
        ({"x0": np.ones((2, 3)), "restarts": "often"}, "restarts must be"),
        ({"x0": np.ones((2, 3)), "method": "bfgs", "bounds": [(0, 2)] * 3}, "bounds cannot be kept by BFGS"),
        ({"x0": np.ones((2, 3)), "popsize": 10**12}, "popsize must leave room"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        es.minimize_runs(F.rows_sphere, vectorized=True, **arguments)
