"""Several objectives through the driver: the same contract as with one."""

import numpy as np
import pytest

import es
from es.run.checkpoint import Checkpoint
from problems import Ledger, MultiLedger, MultiObjective, Objective

START = np.full(3, 2.0)


def spheres(x):
    return np.stack([(x**2).sum(-1), ((x - 1) ** 2).sum(-1)], axis=-1)


def half(x):
    if x[0] > 2.5:
        raise RuntimeError("boom")
    return [np.nan, 1.0] if x[1] > 2.8 else spheres(x)


def run(fun=spheres, x0=START, **more):
    return es.minimize(fun, x0, **{"method": "mo-cmaes", "rng": 1, "popsize": 10, "maxfevals": 603, **more})


def same(a, b):
    assert (a.nfev, a.nit, a.stop, a.hypervolume) == (b.nfev, b.nit, b.stop, b.hypervolume)
    for name in ("x", "fun", "mean"):
        np.testing.assert_array_equal(a[name], b[name])


def test_result():
    res = run()
    assert res.x.shape == (10, 3) and res.fun.shape == (10, 2) and res.nfev == 603 and res.status == 1
    np.testing.assert_array_equal(spheres(res.x), res.fun)
    assert (np.diff(res.fun[:, 0]) > 0).all() and (np.diff(res.fun[:, 1]) < 0).all()  # nobody dominates anybody
    assert res.hypervolume == es.hypervolume(res.fun, res.reference) > 0
    assert res.history["best"][-1] <= res.history["best"][0] <= 0
    assert es.plot(res).axes
    res = run(options={"reference": [6.0, 6.0]}, ftarget=-30.0)
    assert res.success and res.hypervolume >= 30
    assert run(maxfevals=None).success


def test_ways_of_evaluation():
    whole = run()
    for more in ({"vectorized": True}, {"workers": 2}, {"workers": map}):
        same(whole, run(**more))
    ledger = MultiLedger(MultiObjective(spheres, 3, vectorized=True, bounds=[(-9, 9)] * 3))
    same(whole, run(ledger, bounds=[(None, None)] * 3))
    assert ledger.nfev == 603 and ledger.objective.objectives == 2
    same(whole, run(MultiObjective(spheres, 3, vectorized=True)))


@pytest.mark.parametrize("workers", [1, 2])
def test_failures(workers):
    res = run(half, on_error="penalize", workers=workers)
    assert res.nfev == 603 and 0 < res.n_failed < 603 and "boom" in res.first_error
    assert np.isfinite(res.fun).all()
    with pytest.raises(RuntimeError, match="boom"):
        run(half, workers=workers)
    dead = run(lambda x: 1 / 0, on_error="penalize", workers=workers)
    assert not dead.success and dead.status == 2 and dead.x.shape == (0, 3) and dead.n_failed == dead.nfev


def test_stacked_runs_are_single_runs():
    starts, budgets = START + np.arange(3)[:, None], [603, 77, 300]
    results = es.minimize_runs(
        spheres, starts, method="mo-cmaes", popsize=10, maxfevals=budgets, rng=[1, 2, 3], vectorized=True
    )
    for i, res in enumerate(results):
        one = run(x0=starts[i], rng=i + 1, maxfevals=budgets[i])
        assert (res.nfev, res.nit, res.n_failed, res.hypervolume) == (one.nfev, one.nit, one.n_failed, one.hypervolume)
        np.testing.assert_array_equal(res.x, one.x)
        np.testing.assert_array_equal(res.fun, one.fun)


def test_going_on_is_the_same_as_never_having_stopped(tmp_path):
    for part in (130, 402):
        run(maxfevals=part, checkpoint=Checkpoint(tmp_path / "run.npz", every=0))
    same(run(), run(checkpoint=tmp_path / "run.npz"))


def test_spaces_and_callbacks():
    seen = []
    space = es.Space(a=es.Linear(-2.0, 2.0), b=es.Integer(0, 9))
    res = run(lambda p: [p["a"] ** 2 + p["b"], (p["b"] - 4) ** 2], space)
    assert {p["b"] for p in res.x} == {0, 1, 2, 3, 4}
    space = es.Space(a=es.Linear(-2.0, 2.0), b=es.Log(0.1, 10.0))
    res = run(lambda p: [p["a"] ** 2, (p["a"] - 1) ** 2 + p["b"]], space, callback=seen.append)
    assert len(res.x) == len(res.fun) and all(0 <= p["a"] <= 1.05 for p in res.x)
    assert isinstance(seen[0][0], dict)


SPACES = [
    es.Space(a=es.Integer(0, 3), b=es.Integer(0, 5)),
    es.Space(a=es.Linear(0, 3, step=0.5), b=es.Integer(1, 500, log=True)),
    es.Space(a=es.Choice([1, 2, 3]), b=es.Integer(1, 5)),
    es.Space(a=es.Choice([[1], [2]]), b=es.Integer(1, 5)),
    es.Space(a=es.Integer(0, 3, shape=2), b=es.Integer(0, 1)),
    es.Space(inner=es.Space(a=es.Integer(0, 3)), b=es.Integer(0, 5)),
]


@pytest.mark.parametrize("space", SPACES, ids=repr)
def test_a_point_of_a_space_stands_once_in_the_front(space):
    def f(p):
        a = np.sum(p["inner"]["a"] if "inner" in p else p["a"])
        return [a**2 + (p["b"] - 2) ** 2, (a - 3) ** 2 + p["b"]]

    res = run(f, space, popsize=20)
    assert 1 < len({repr(p) for p in res.x}) == len(res.x) == len(res.fun) < 20
    np.testing.assert_array_equal([f(p) for p in res.x], res.fun)
    assert res.hypervolume == es.hypervolume(res.fun, res.reference)


def test_a_point_stands_once_without_a_space():
    """Where numbers are whole, and where the bounds cut points off; in a stack as alone."""
    for more in ({"bounds": [(0, 3)] * 3, "integrality": [1, 1, 1]}, {"bounds": [(1, 2)] * 3, "sigma0": 50.0}):
        res = run(vectorized=True, **more)
        assert len(np.unique(res.x, axis=0)) == len(res.x) == len(res.fun) < 10
        stacked = es.minimize_runs(
            spheres, [START, START], method="mo-cmaes", rng=[1, 2], popsize=10, maxfevals=603, vectorized=True, **more
        )
        np.testing.assert_array_equal(stacked[0].x, res.x)
        np.testing.assert_array_equal(stacked[0].fun, res.fun)


def test_values_that_differ_at_one_point_all_stand():
    values = iter(np.random.default_rng(0).random((10_000, 2)))
    res = run(lambda p: next(values), es.Space(a=es.Integer(0, 1)))
    assert len(res.x) == len(res.fun) > 2 and len(np.unique(res.fun, axis=0)) == len(res.fun)
    assert res.hypervolume == es.hypervolume(res.fun, res.reference)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"restarts": 2}, "restarts cannot be combined with MOCMAES"),
        ({"options": {"noise": "reevaluate"}}, "noise'] cannot be combined with MOCMAES"),
        ({"jac": lambda x: x}, "jac has no meaning for several objectives"),
        ({"fun": Objective(lambda x: x @ x, 3)}, "fun must have several values per point"),
        ({"fun": Ledger(Objective(lambda x: x @ x, 3))}, "fun must have several values per point"),
        ({"fun": MultiObjective(spheres, 3), "method": "cmaes"}, "fun must have one value per point"),
        ({"fun": lambda x: x @ x}, r"must return an array of shape \(m,\)"),
        ({"fun": lambda x: (x * x).sum(), "vectorized": True}, r"must return an array of shape \(10, m\)"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        run(**arguments)


def test_traces_follow_one_value():
    with pytest.raises(ValueError, match="keep_trace follows one value"):
        es.minimize_runs(spheres, START[None], method="mo-cmaes", keep_trace=True)
