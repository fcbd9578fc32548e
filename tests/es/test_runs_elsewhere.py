"""What `minimize` takes and stacks do not: run in turn, each the run of `minimize` alone, or refused with a cure."""

import inspect
from functools import partial

import numpy as np
import pytest
from scipy.optimize import Bounds, NonlinearConstraint

import es
import problems
from es.run.each import ELSEWHERE, IN_TURN


def f(x):
    return (x**2).sum(-1)


def shifted(x, shift, scale):
    return scale * ((x - shift) ** 2).sum(-1)


def told(x):
    return es.Evaluation(float(f(x)), constraints=[1 - x[0]])


def informed(x):
    return {"f": float(f(x)), "info": {"first": float(x[0])}}


def of_dict(p):
    value = (p["a"] - 0.3) ** 2 + (p["k"] - 4) ** 2 + (p["c"] != "y")
    return value + (p["b"] - 0.2) ** 2 if p["c"] == "y" else value


SPACE = es.Space(a=(0, 1), k=es.Integer(0, 9), c=["x", "y"], b=es.Linear(0, 1, when={"c": "y"}))
NUMBERS = es.Space(a=(0, 1), b=es.Log(0.01, 1))
START, BOX = [2.0, 1.0], [(-1.0, 3.0), (0.5, 2.0)]
CASES = {
    "args": (shifted, START, {"args": (0.5, 2.0)}),
    "maximize": (lambda x: -f(x), START, {"maximize": True, "ftarget": -1e-4}),
    "constraints": (f, START, {"constraints": NonlinearConstraint(lambda x: x[0], 0.5, np.inf)}),
    "integrality": (f, START, {"integrality": [0, 1]}),
    "known": (f, START, {"known": ([[0.1, 0.1], [0.5, 0.2]], [0.02, 0.29])}),
    "enqueue": (f, START, {"enqueue": [[0.1, 0.1]]}),
    "evaluate_x0": (f, START, {"evaluate_x0": True}),
    "evaluate_mean": (f, START, {"evaluate_mean": True}),
    "archive": (f, START, {"archive": "all"}),
    "asynchronous": (f, START, {"asynchronous": True}),
    "timeout": (f, START, {"timeout": 60.0, "maxfevals": 15}),
    "no start": (f, None, {"bounds": BOX}),
    "no start, bounds": (f, None, {"bounds": Bounds([-1, -1, 0], [1, 2, 3])}),
    "no start, an Objective": (problems.get("bbob-f3", n=3), None, {}),
    "space": (of_dict, SPACE, {}),
    "space of numbers": (lambda p: p["a"] + p["b"], NUMBERS, {"enqueue": [{"a": 0.1, "b": 0.1}], "maximize": True}),
    "told constraints": (told, START, {}),
    "told constraints with restarts": (told, START, {"restarts": 1, "maxfevals": 500}),
    "told": (informed, START, {"archive": "last"}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_run_is_that_of_minimize_alone(name):
    fun, x0, more = CASES[name]
    more = {"maxfevals": 90, "popsize": 5, **more}
    results = es.minimize_runs(fun, x0, runs=2, rng=3, **more)
    for res in results:
        one = es.minimize(fun, x0, method="cmaes", rng=res.seed, **more)
        assert "history" not in res
        if name == "no start, an Objective" or isinstance(x0, es.Space):
            assert np.isfinite(res.fun)
        assert (res.fun, res.nfev, res.nit, res.status, res.method) == (
            one.fun, one.nfev, one.nit, one.status, one.method,
        )  # fmt: skip
        assert res.x == one.x if isinstance(res.x, dict) else np.array_equal(res.x, one.x)
        assert np.array_equal(res.mean, one.mean) if isinstance(res.mean, np.ndarray) else res.mean == one.mean
        assert res.get("violation") == one.get("violation") and res.get("fun_mean") == one.get("fun_mean")
        if "archive" in one:
            assert (np.array_equal(res.archive["x"], one.archive["x"]) and "info" in one.archive) or name == "archive"
    assert results[0].fun != results[1].fun or name in ("known", "enqueue", "integrality", "space")


def test_every_argument_of_minimize_is_taken_or_refused():
    ours = set(inspect.signature(es.minimize_runs).parameters)
    assert set(inspect.signature(es.minimize).parameters) - ours == {*IN_TURN, *ELSEWHERE}
    assert set(IN_TURN) <= {name.split(",")[0] for name in CASES}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_it_is_refused_with_a_cure(name):
    with pytest.raises(ValueError, match=f"{name} is an argument of es.minimize alone: "):
        es.minimize_runs(f, [2.0, 2.0], runs=2, vectorized=True, **{name: 1})


def test_what_says_nothing_leaves_runs_in_their_stack():
    nothing = dict.fromkeys((*IN_TURN, *ELSEWHERE), None) | {"maximize": False, "args": (), "constraints": ()}
    calls = []

    def rows(x):
        calls.append(len(x))
        return f(x)

    run = partial(es.minimize_runs, rows, [2.0, 2.0], runs=2, vectorized=True, rng=1, maxfevals=60)
    a, b = run(**nothing), run()
    assert [one.fun for one in a] == [one.fun for one in b] and set(calls) == {12}


def test_other_names_and_starts():
    with pytest.raises(TypeError, match="unexpected keyword argument 'knwon'"):
        es.minimize_runs(f, [2.0, 2.0], runs=2, knwon=1)
    with pytest.raises(ValueError, match="x0 must be given unless"):
        es.minimize_runs(f, None, runs=2)
    with pytest.raises(ValueError, match=r"x0 must be given unless|finite"):
        es.minimize_runs(f, None, runs=2, bounds=[(-1, np.inf)] * 2)
    with pytest.raises(ValueError, match="got a Space: give `runs`"):
        es.minimize_runs(f, es.Space(a=(0, 1)))
    with pytest.raises(ValueError, match="keep_trace cannot be combined with a Space"):
        es.minimize_runs(of_dict, SPACE, runs=2, keep_trace=True)
    with pytest.raises(ValueError, match="keep_trace cannot be combined with maximize"):
        es.minimize_runs(f, START, runs=2, maximize=True, keep_trace=True)


def test_each_start_has_its_own_trace_and_box():
    boxes = [Bounds([-1, -1], [1, 1]), Bounds([1, 1], [2, 2])]
    results = es.minimize_runs(f, None, runs=2, bounds=boxes, maxfevals=60, rng=1, keep_trace=True)
    assert results[1].fun >= 2 > results[0].fun and all(res.trace.f[-1] == res.fun for res in results)


def test_constraints_that_are_told_need_seeds():
    with pytest.raises(ValueError, match="rng must be an int or a SeedSequence then, got a Generator"):
        es.minimize_runs(told, START, runs=2, rng=np.random.default_rng(1), maxfevals=90)
