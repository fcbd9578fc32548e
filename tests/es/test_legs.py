"""Runs with restarts in stacks, of one objective or of a problem each: each is the run that `minimize` makes of it."""

import numpy as np
import pytest

import es
from es.evaluation.stacked import OfEach
from problems import Ledger, Objective, get, stack
from tests.es import functions as F

BOX = [(-5.0, 5.0)] * 3
START = np.random.default_rng(0).uniform(-4, 4, (6, 3))
FIELDS = ("fun", "nfev", "njev", "n_failed", "nit", "success", "status", "message", "seed", "method")


def rows_rastrigin(x):
    return (x * x - 10 * np.cos(2 * np.pi * x) + 10).sum(-1)


def assert_same(result, alone, trace):
    for name in FIELDS:
        assert result[name] == alone[name] or (np.isnan(result[name]) and np.isnan(alone[name])), name
    np.testing.assert_array_equal(result.x, alone.x)
    np.testing.assert_array_equal(result.mean, alone.mean)
    assert result.stop == alone.stop
    assert result.get("restarts") == alone.get("restarts")
    assert all(np.array_equal(a, b) for a, b in zip(result.trace, trace, strict=True))


def compare(fun, starts, *, each=None, **common):
    """minimize_runs beside minimize; `each` are arguments of which every run has its own."""
    common = {"method": "cmaes", **common}
    each = each or {}
    common.setdefault("method", "cmaes")
    options = {**common.pop("options", {})}
    of_options = {name: each.pop(name) for name in list(each) if name in ("c1", "cmu", "lr")}
    results = es.minimize_runs(
        fun, starts, rng=range(len(starts)), keep_trace=True, options={**options, **of_options}, **each, **common
    )
    assert sum(result.nfev for result in results) > 0
    for i, result in enumerate(results):
        ledger = Ledger(fun.objectives[i] if hasattr(fun, "objectives") else fun, keep_trace=True)
        mine = {name: value[i] for name, value in each.items()}
        own = {**options, **{name: value[i] for name, value in of_options.items()}}
        alone = es.minimize(ledger, starts[i], rng=i, options=own, **mine, **common)
        assert_same(result, alone, ledger.trace)
    return results


@pytest.mark.parametrize("restarts", ["ipop", "bipop", 2])
@pytest.mark.parametrize("method", ["cmaes", "snes", "sep-cmaes", "xnes", "ma-es", "csa-es"])
@pytest.mark.parametrize("bounds", [None, BOX])
def test_legs_in_stacks_are_the_legs_of_single_runs(method, restarts, bounds):
    objective = Objective(rows_rastrigin, 3, vectorized=True)
    budget = [400, 3001, 777, 1500, 1, 2000]
    results = compare(
        objective, START, each={"maxfevals": budget, "ftarget": [1e-8, 1e-8, 1.0, 5.0, 1e-8, 1e-8]},
        method=method, restarts=restarts, bounds=bounds, options={"tolfun": 1e-2, "tolx": 1e-3},
    )  # fmt: skip
    assert max(len(result.restarts) for result in results) > 1


def test_gradient_methods_restart_in_stacks():
    objective = Objective(rows_rastrigin, 3, vectorized=True, jac=lambda x: 2 * x + 20 * np.pi * np.sin(2 * np.pi * x))
    results = compare(
        objective,
        START,
        method="adam",
        restarts=5,
        maxfevals=900,
        options={"patience": 5, "tolrate": 0.1},
        each={"lr": np.array([0.1, 0.3, 0.1, 0.2, 1, 0.05])},
    )
    assert all(result.njev == result.nfev for result in results)
    assert max(len(result.restarts) for result in results) > 1


def test_restarts_end_by_themselves_by_iterations_and_without_values():
    sphere = Objective(F.rows_sphere, 3, vectorized=True)
    compare(sphere, START, restarts=1)
    compare(sphere, START, restarts=3, each={"maxiter": [3, 200, 90, 1, 500, 10]})

    def half(x):
        return np.where(x[..., 0] < 0, np.nan, (x * x).sum(-1))

    compare(Objective(half, 3, vectorized=True), START, restarts="bipop", maxfevals=3000)
    compare(Objective(lambda x: np.full(x.shape[:-1], np.nan), 3, vectorized=True), START, restarts=1, maxfevals=800)
    compare(Objective(lambda x: np.full(x.shape[:-1], -np.inf), 3, vectorized=True), START, restarts=1, maxfevals=800)


@pytest.mark.parametrize("restarts", [None, "ipop", "bipop"])
def test_population_sizes_steps_rates_and_boxes_of_each_run(restarts):
    objective = Objective(rows_rastrigin, 3, vectorized=True)
    boxes = [es_bounds(5), es_bounds(6), es_bounds(5), es_bounds(7), es_bounds(6), es_bounds(5)]
    each = {
        "popsize": [4, 9, 4, None, 9, 7], "sigma0": [0.1, 2.0, 1.0, 0.5, 0.7, 3.0], "bounds": boxes,
        "c1": np.linspace(0.02, 0.2, 6), "maxfevals": [500, 900, 333, 1200, 40, 800],
    }  # fmt: skip
    compare(objective, START, each=each, restarts=restarts)


def es_bounds(width):
    from scipy.optimize import Bounds

    return Bounds(-width * np.ones(3), width * np.ones(3))


def of_bbob(n, functions, instances):
    return stack([get(f"bbob-f{f}", n=n, instance=k) for f in functions for k in instances])


@pytest.mark.parametrize("n", [2, 3, 5, 10, *(pytest.param(n, marks=pytest.mark.heavy) for n in (20, 40))])
@pytest.mark.parametrize("restarts", ["ipop", "bipop"])
def test_a_problem_for_each_run(n, restarts):
    """All 24 functions, so that the company of a run is as mixed as can be."""
    problems = of_bbob(n, range(1, 25), (1, 2) if n < 10 else (3,))
    starts = np.stack([problem.x0(i) for i, problem in enumerate(problems.objectives)])
    compare(
        problems,
        starts,
        restarts=restarts,
        maxfevals=(120 if n < 10 else 40) * n,
        each={"ftarget": problems.f_opts + 1e-8},
    )


def test_a_problem_for_each_run_without_restarts_and_with_gradients():
    problems = of_bbob(3, (1, 8, 15, 21), (1, 2))
    starts = np.stack([problem.x0(i) for i, problem in enumerate(problems.objectives)])
    compare(problems, starts, maxfevals=211)
    compare(problems, starts, method="l-bfgs-b", maxfevals=211)
    results = es.minimize_runs(problems, starts, method="adam", rng=1, maxfevals=60)
    for problem, start, result in zip(problems.objectives, starts, results, strict=True):
        assert es.minimize(problem, start, method="adam", maxfevals=60).fun == result.fun


def test_each_problem_has_its_own_first_step():
    problems = stack([Objective(F.rows_sphere, 3, vectorized=True, sigma0=sigma) for sigma in (None, 0.1, 5.0)])
    starts = np.ones((3, 3))
    results = es.minimize_runs(problems, starts, rng=range(3), maxfevals=100, bounds=[(-50, 50)] * 3)
    for i, (problem, result) in enumerate(zip(problems.objectives, results, strict=True)):
        alone = es.minimize(problem, starts[i], method="cmaes", rng=i, maxfevals=100, bounds=[(-50, 50)] * 3)
        assert alone.fun == result.fun


def test_company_changes_no_bit():
    problems = of_bbob(5, (3, 8, 10, 15), (1, 2, 3))
    starts = np.stack([problem.x0(i) for i, problem in enumerate(problems.objectives)])
    more = {"restarts": "bipop", "maxfevals": 3000}
    together = es.minimize_runs(problems, starts, rng=range(12), **more)
    for rows in ([0, 5, 7], [11, 3], [4]):
        apart = es.minimize_runs(problems.take(rows), starts[rows], rng=rows, **more)
        for row, result in zip(rows, apart, strict=True):
            assert (result.fun, result.nfev, result.restarts) == (
                together[row].fun, together[row].nfev, together[row].restarts
            )  # fmt: skip


def test_failures_of_one_problem_are_its_own():
    def fails(x):
        if (x[..., 0] > 1).any():
            raise RuntimeError("boom")
        return (x * x).sum(-1)

    problems = stack([Objective(F.rows_sphere, 3, vectorized=True), Objective(fails, 3, vectorized=True)])
    starts = np.ones((2, 3))
    compare(problems, starts, on_error="penalize", maxfevals=150)
    both = es.minimize_runs(problems, starts, on_error="penalize", maxfevals=150, rng=1)
    assert both[0].n_failed == 0
    assert both[0].first_error is None
    assert both[1].n_failed > 0
    assert "boom" in both[1].first_error
    with pytest.raises(RuntimeError, match="boom"):
        es.minimize_runs(problems, starts, maxfevals=150, rng=1)


def test_what_a_stack_of_problems_cannot_do_is_said():
    problems = of_bbob(3, (1,), (1, 2))
    with pytest.raises(ValueError, match="a problem for each of the 3 runs, got a stack of 2"):
        es.minimize_runs(problems, np.ones((3, 3)))
    with pytest.raises(ValueError, match="workers must be 1 for a Stack"):
        es.minimize_runs(problems, np.ones(3), workers=2)
    with pytest.raises(ValueError, match="popsize must be a number or have one entry per run"):
        es.minimize_runs(problems, np.ones(3), popsize=[4, 5, 6])
    with pytest.raises(ValueError, match="bounds for each run must be 2 boxes, got 1"):
        es.minimize_runs(problems, np.ones(3), bounds=[es_bounds(5)])
    with pytest.raises(ValueError, match="fun must be one problem"):
        es.minimize(problems, np.ones(3))


def test_time_is_shared():
    problems = of_bbob(5, (15,), (1, 2, 3))
    results = es.minimize_runs(problems, np.ones(5), restarts="bipop", maxtime=1e-9, rng=1)
    assert {tuple(result.stop) for result in results} == {("maxtime",)}
    results = es.minimize_runs(problems, np.ones(5), restarts="bipop", maxtime=0.2, rng=1)
    assert all(result.stop.keys() == {"maxtime"} and result.nfev > 0 for result in results)


@pytest.mark.parametrize("broken", [False, True])
def test_next_legs_of_a_solver_stand_beside_the_present_one_and_are_counted_in_their_turn(broken, monkeypatch):
    problems = stack([get(f"bbob-f{f}", n=2, instance=i) for f in (3, 21, 8) for i in (1, 2)])
    evaluate, seen = OfEach.__call__, []

    def watched(self, runs, x, done, **wanted):
        seen.append(len(runs))
        if len(set(runs)) < len(runs) and broken and len(seen) > 700:
            raise ValueError("a point that no run alone would have asked for")
        return evaluate(self, runs, x, done, **wanted)

    monkeypatch.setattr(OfEach, "__call__", watched)
    budgets, targets = [1500, 911, 1234, 1500, 1, 1500], problems.f_opts + np.array([-1, -1, 1e-8, -1, 1e-8, 1e-8])
    results = compare(
        problems, np.full((6, 2), 2.0), each={"maxfevals": budgets, "ftarget": targets}, method="l-bfgs-b",
        restarts=1000,
    )  # fmt: skip
    assert sum(seen) > sum(result.nfev for result in results)  # some in vain
    assert broken or len(seen) < 1500
