"""What `es.minimize` takes where no method is named: one table, held by the code and by what documents it."""

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import NonlinearConstraint

import es
from es.auto import handover
from problems import MultiObjective, Objective
from tests.es import functions as F

LINE = NonlinearConstraint(np.sum, -np.inf, 1)


def slope(x):
    return 2 * x


def two_goals(x):
    return [float(((x - 1) ** 2).sum()), float(((x + 1) ** 2).sum())]


@pytest.mark.parametrize(
    ("arguments", "taken"),
    [
        ({}, "Auto"),
        ({"x0": [1.0]}, "Auto"),
        ({"x0": None, "bounds": [(-1, 2)] * 2}, "Auto"),
        ({"jac": slope}, "Auto"),
        ({"jac": "2-point"}, "Auto"),
        ({"fun": lambda x: (float(x @ x), 2 * x), "jac": True}, "Auto"),
        ({"fun": Objective(F.rows_sphere, 2, vectorized=True)}, "Auto"),
        ({"vectorized": True, "fun": F.rows_sphere}, "Auto"),
        ({"maximize": True, "fun": lambda x: -F.sphere(x)}, "Auto"),
        ({"fun": lambda x, a: a * F.sphere(x), "args": (2.0,)}, "Auto"),
        ({"evaluate_x0": True, "archive": "all"}, "Auto"),
        ({"workers": map, "on_error": "penalize"}, "Auto"),
        ({"integrality": [0, 0]}, "Auto"),
        ({"options": {"maxfevals": 30}}, "Auto"),
        ({"options": {"stop": {"ftarget": 1e-3}}}, "Auto"),
        ({"options": {"budget": 100}}, "Auto"),
        ({"popsize": 8}, "CMAES"),
        ({"restarts": 0}, "CMAES"),
        ({"restarts": "bipop", "maxfevals": 200}, "CMAES"),
        ({"options": {"tolx": 1e-4}}, "CMAES"),
        ({"options": {"stop": {"tolfun": 1e-4}}}, "CMAES"),
        ({"options": {"active": False}}, "CMAES"),
        ({"options": {"noise": "reevaluate"}}, "CMAES"),
        ({"known": ([[0.5, 0.5]], [0.5])}, "CMAES"),
        ({"enqueue": [[0.5, 0.5]]}, "CMAES"),
        ({"evaluate_mean": True}, "CMAES"),
        ({"asynchronous": True}, "CMAES"),
        ({"integrality": [0, 1]}, "MarginCMAES"),
        ({"constraints": LINE}, "CMAES"),
        ({"constraints": LINE, "jac": slope}, "SLSQP"),
        ({"constraints": LINE, "jac": slope, "popsize": 8}, "CMAES"),
        ({"fun": MultiObjective(two_goals, 2)}, "MOCMAES"),
        ({"fun": MultiObjective(two_goals, 2), "popsize": 8}, "MOCMAES"),
        ({"x0": es.Space(a=es.Linear(-1, 2), b=es.Log(0.1, 10)), "fun": lambda p: p["a"] ** 2 + p["b"]}, "Auto"),
        ({"x0": es.Space(a=es.Linear(-1, 2)), "fun": lambda p: p["a"] ** 2, "popsize": 8}, "CMAES"),
        ({"x0": es.Space(a=es.Linear(-1, 2), k=es.Integer(1, 9)), "fun": lambda p: p["a"] ** 2 + p["k"]},
         "CatMarginCMAES"),
        ({"x0": es.Space(k=es.Choice("a", "b")), "fun": lambda p: float(p["k"] == "b")}, "ASNG"),
    ],
    ids=lambda value: value if isinstance(value, str) else ", ".join(value) or "nothing",
)  # fmt: skip
def test_what_is_taken(arguments, taken):
    res = es.minimize(**{"fun": F.sphere, "x0": [0.3, -0.2], "maxfevals": 40, "rng": 1, **arguments})
    assert res.method == taken
    assert res.nfev <= 200 and np.isfinite(res.fun).all()


def test_options_of_auto_beside_those_of_strategies_are_told_apart():
    with pytest.raises(ValueError, match="options of CMAES have no 'tolxx': did you mean tolx"):
        es.minimize(F.sphere, [1.0, 1.0], options={"tolxx": 1})
    with pytest.raises(ValueError, match="options of CMAES have no 'budget'"):
        es.minimize(F.sphere, [1.0, 1.0], popsize=7, options={"budget": 50})


def test_auto_by_name_is_taken_whatever_strategies_learn_from():
    for more in ({"popsize": 8}, {"known": ([[0.5, 0.5]], [0.5])}, {"enqueue": [[0.5, 0.5]]}):
        assert es.minimize(F.sphere, [1.0, 1.0], method="auto", maxfevals=30, rng=1, **more).method == "Auto"
    for more, taken in (({"integrality": [0, 1]}, "MarginCMAES"), ({"constraints": LINE, "jac": slope}, "SLSQP")):
        assert es.minimize(F.sphere, [0.1, 0.1], method="auto", maxfevals=30, rng=1, **more).method == taken
    with pytest.raises(ValueError, match="restarts must be None for method 'auto'"):
        es.minimize(F.sphere, [1.0, 1.0], method="auto", restarts=2)


def two(x):
    return [(x**2).sum(-1), ((x - 1) ** 2).sum(-1)]


SEVERAL = "if these are several objectives, take method='mo-cmaes' or a problems.MultiObjective"


@pytest.mark.parametrize("method", [None, "cmaes", "nelder-mead", "gp"])
def test_several_objectives_are_told_what_to_take(method):
    """Of a plain function nothing is known before it is called; both cures of the sentence work."""
    more = {"maxfevals": 60, "rng": 1}
    with pytest.raises(ValueError, match=SEVERAL):
        es.minimize(two, [0.0, 0.0, 0.0], method=method, **more)
    for axis in (0, -1):
        with pytest.raises(ValueError, match=SEVERAL):
            es.minimize(
                lambda x, axis=axis: np.stack(two(x), axis), [0.0, 0.0, 0.0], method=method, vectorized=True, **more
            )
    with pytest.raises(ValueError, match=SEVERAL):
        es.minimize_runs(two, np.zeros((2, 3)), method=method, **more)
    named = es.minimize(two, [0.0, 0.0, 0.0], method="mo-cmaes", **more)
    wrapped = es.minimize(MultiObjective(two, 3), [0.0, 0.0, 0.0], **more)
    assert named.method == wrapped.method == "MOCMAES" and (named.fun == wrapped.fun).all()


@pytest.mark.parametrize("value", [np.zeros((2, 2)), np.zeros(0)])
def test_what_cannot_be_several_objectives(value):
    with pytest.raises(ValueError, match="for one point: return a number") as error:
        es.minimize(lambda x: value, [0.0, 0.0])
    assert "mo-cmaes" not in str(error.value)


@pytest.mark.parametrize("where", ["es.minimize", "experiments/docs/auto.md"])
def test_every_row_of_the_table_is_documented(where):
    page = Path(__file__).parents[2] / "experiments/docs/auto.md"
    text = es.minimize.__doc__ if where == "es.minimize" else page.read_text()
    lines = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]
    start = next(i for i, line in enumerate(lines) if line.startswith("several objectives"))
    rows = zip(lines[start:], handover.TABLE, strict=False)
    assert [line.startswith(f"{given} {method}") for line, (given, method, _) in rows] == [True] * len(handover.TABLE)


def test_stacks_of_runs_are_those_of_cmaes():
    results = es.minimize_runs(F.rows_sphere, np.ones(3), runs=2, vectorized=True, maxfevals=50, rng=1)
    assert [res.method for res in results] == ["CMAES", "CMAES"]
    results = es.minimize_runs(MultiObjective(two_goals, 2), np.ones(2), runs=2, maxfevals=30, rng=1)
    assert [res.method for res in results] == ["MOCMAES", "MOCMAES"]


def test_behind_scipys_function():
    def through(**given):
        return scipy.optimize.minimize(F.rosenbrock, np.zeros(3), method=es.scipy_method(), **given)

    res = through(options={"rng": 1})
    assert res.method == "Auto" and res.success and res.fun < 1e-9
    assert through(tol=1e-4, options={"rng": 1}).method == "CMAES"  # a threshold for steps belongs to a strategy
    assert through(jac=scipy.optimize.rosen_der, options={"rng": 1}).njev > 0


# Checkpoints --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fun", "x0"),
    [
        (F.rosenbrock, np.zeros(3)),
        (lambda p: (p["a"] - 0.3) ** 2 + (p["b"] - 0.1) ** 2, es.Space(a=es.Linear(-1, 2), b=es.Linear(-1, 2))),
    ],
    ids=["array", "space"],
)
def test_a_file_of_the_former_default_goes_on_with_cmaes(fun, x0, tmp_path):
    """Such a file is one of "cmaes", whose settings are the same since."""
    for name in ("named", "default"):
        es.minimize(fun, x0, method="cmaes", maxfevals=70, rng=3, checkpoint=tmp_path / f"{name}.npz")
    named = es.minimize(fun, x0, method="cmaes", maxfevals=140, rng=3, checkpoint=tmp_path / "named.npz")
    found = es.minimize(fun, x0, maxfevals=140, rng=3, checkpoint=tmp_path / "default.npz")
    assert found.method == "CMAES" and found.nfev == named.nfev == 140 and found.fun == named.fun


def test_a_file_of_constraints_and_a_gradient_goes_on_with_cmaes(tmp_path):
    given = {"constraints": LINE, "jac": slope, "rng": 3, "checkpoint": tmp_path / "run.npz"}
    es.minimize(F.sphere, [0.3, 0.2], method="cmaes", maxfevals=60, **given)
    res = es.minimize(F.sphere, [0.3, 0.2], maxfevals=120, **given)
    assert res.method == "CMAES" and res.nfev == 120


def test_a_file_of_another_method_is_refused_with_both_names(tmp_path):
    path = tmp_path / "run.npz"
    es.minimize(F.sphere, [1.0, 2.0], method="snes", maxfevals=40, rng=3, checkpoint=path)
    cure = r"another .*method.*: give it what it began with \(method SNES, here Auto\), or another file name"
    with pytest.raises(ValueError, match=cure):
        es.minimize(F.sphere, [1.0, 2.0], maxfevals=80, rng=3, checkpoint=path)


def test_a_run_of_the_default_goes_on_bit_for_bit(tmp_path):
    def until(nfev):
        def ends(intermediate_result):
            if intermediate_result.nfev >= nfev:
                raise StopIteration

        return ends

    whole = es.minimize(F.rosenbrock, np.zeros(4), maxfevals=300, rng=3)
    for nfev in (7, 60, 210, 300):
        res = es.minimize(
            F.rosenbrock, np.zeros(4), maxfevals=300, rng=3, callback=until(nfev), checkpoint=tmp_path / "run.npz"
        )
    assert res.method == "Auto" and res.nfev == 300 and res.fun == whole.fun and (res.x == whole.x).all()
    with pytest.raises(ValueError, match="method Auto, here CMAES"):
        es.minimize(F.rosenbrock, np.zeros(4), maxfevals=400, rng=3, popsize=9, checkpoint=tmp_path / "run.npz")


# What a caller of the default sees ----------------------------------------------------------------------------------


def test_the_start_is_evaluated_once():
    f = F.rosenbrock
    plain = es.minimize(f, [0.5, 0.1], maxfevals=40, rng=1, archive="all")
    first = es.minimize(f, [0.5, 0.1], maxfevals=40, rng=1, archive="all", evaluate_x0=True)
    np.testing.assert_array_equal(first.archive["x"], plain.archive["x"])
    assert plain.archive["x"][0].tolist() == [0.5, 0.1]


@pytest.mark.parametrize("given", [{"enqueue": [[0.2, 0.2]]}, {"known": ([[0.2, 0.2]], [0.5])}])
def test_points_of_the_callers_own_are_not_in_the_way_of_auto(given):
    res = es.minimize(F.rosenbrock, [0.5, 0.1], method="auto", maxfevals=200, rng=1, **given)
    assert res.phases[0]["phase"] == "start" and res.fun < 1e-10


def test_callbacks_results_and_pictures():
    seen = []
    res = es.minimize(
        F.rosenbrock, np.zeros(4), rng=1, callback=lambda intermediate_result: seen.append(intermediate_result)
    )
    assert len(seen) == res.nit == len(res.history["nfev"])
    assert seen[-1].fun == res.fun and all(a.fun >= b.fun for a, b in pairwise(seen))
    assert all(np.isfinite(one.mean).all() and one.mean.shape == (4,) for one in seen)
    assert len(es.plot(res).axes) >= 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        repr(res), res._repr_html_()


@pytest.mark.parametrize("n", [1, 1000, pytest.param(10_000, marks=pytest.mark.heavy)])
def test_from_one_variable_to_many(n):
    def f(x):
        return float(((x - 0.5) ** 2).sum() + 0.1 * x[0] * x[-1])

    res = es.minimize(f, np.zeros(n), maxfevals=60 if n == 1 else 2 * n + 300, rng=1)
    assert res.method == "Auto" and res.fun < 0.5 * f(np.zeros(n))
