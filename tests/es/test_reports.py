"""`es.Evaluation`: constraints and findings that come with the value."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

import es
from problems import Objective

BOX = {"bounds": [(0, 3)] * 2, "rng": 1}
CIRCLE = NonlinearConstraint(lambda x: 1 - x @ x, -np.inf, 0)


def value(x):
    return float(x.sum())


def make_simulation(calls=None, dict_=False):
    """A function within a function, which travels to workers by value."""

    def simulation(x):
        if calls is not None:
            calls.append(x.copy())
        parts = {"f": float(x.sum()), "constraints": [1 - x @ x], "info": {"x0": float(x[0]), "run": "a"}}
        return parts if dict_ else es.Evaluation(**parts)

    return simulation


@pytest.mark.parametrize("dict_", [False, True])
def test_constraints_are_no_second_simulation(dict_):
    calls = []
    res = es.minimize(make_simulation(calls, dict_), [2.0, 1.0], method="cmaes", maxfevals=500, archive="all", **BOX)
    want = es.minimize(value, [2.0, 1.0], constraints=CIRCLE, maxfevals=500, **BOX)
    np.testing.assert_array_equal(res.x, want.x)
    np.testing.assert_array_equal(res.mean, want.mean)
    assert (res.fun, res.nfev, res.violation, res.stop) == (want.fun, want.nfev, 0.0, want.stop)
    assert len(calls) == res.nfev == res.ncev == 500 and res.x @ res.x >= 1
    archive = res.archive
    np.testing.assert_array_equal(archive["x"], calls)
    np.testing.assert_array_equal(archive["constraints"][:, 0], [1 - x @ x for x in calls])
    assert [info["x0"] for info in archive["info"]] == [x[0] for x in calls]


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("workers", [1, 2, "threads"])
def test_with_workers(workers, asynchronous):
    with ThreadPoolExecutor(3) as threads:
        res = es.minimize(
            make_simulation(), [2.0, 1.0], maxfevals=800, archive="all", asynchronous=asynchronous,
            workers=threads if workers == "threads" else workers, evaluate_mean=True, evaluate_x0=True, **BOX,
        )  # fmt: skip
    assert res.violation == 0 and res.x @ res.x >= 1 and res.fun < 1.2 and res.nfev == 800
    for x, g, info in zip(res.archive["x"], res.archive["constraints"], res.archive["info"], strict=True):
        assert g == 1 - x @ x and info["x0"] == x[0]


def test_the_default_goes_over_to_cmaes_at_the_first_evaluation():
    calls = []
    res = es.minimize(make_simulation(calls), [2.0, 1.0], maxfevals=600, archive="all", **BOX)
    assert res.method == "CMAES" and res.violation == 0 and abs(res.fun - 1) < 1e-4
    assert len(calls) == res.nfev == res.ncev == len(res.archive["constraints"]) == 600
    assert res.archive["x"][0].tolist() == [2.0, 1.0] and np.isfinite(res.history["stds"]).all()


def test_equalities_restarts_space_and_maximize():
    space = es.Space(a=(0, 3), b=(0, 3))

    def simulation(p):
        return es.Evaluation(-(p["a"] ** 2) - p["b"] ** 2, equalities=[p["a"] + p["b"] - 2], info={"a": p["a"]})

    res = es.minimize(simulation, space, maximize=True, restarts=1, maxfevals=4000, rng=1, archive="all")
    assert abs(res.x["a"] - 1) < 1e-3 and abs(res.fun + 2) < 1e-3
    assert all(x["a"] == info["a"] for x, info in zip(res.archive["x"], res.archive["info"], strict=True))


@pytest.mark.parametrize(
    "method", ["auto", "random-search", "one-plus-one", "lq-cmaes", "nelder-mead", "mo-cmaes", "adam"]
)
def test_infos_for_every_method(method):
    def simulation(x):
        return es.Evaluation(float(x @ x), info={"n": len(x)})

    common = {"method": method, "maxfevals": 30, "archive": "all", "rng": 1}
    if method in ("mo-cmaes", "adam"):
        with pytest.raises((ValueError, TypeError, RuntimeError)):
            es.minimize(lambda x: es.Evaluation([1.0, 2.0]), [2.0, 1.0], **common)
        return
    res = es.minimize(simulation, [2.0, 1.0], **common)
    assert res.archive["info"] == [{"n": 2}] * res.nfev


@pytest.mark.parametrize("method", ["one-plus-one", "nelder-mead", "auto", "slsqp"])
def test_methods_that_keep_no_constraints_say_so(method):
    jac = {"jac": "2-point"} if method == "slsqp" else {}
    with pytest.raises(ValueError, match=r"constraints (that fun returns )?cannot be kept by"):
        es.minimize(make_simulation(), [2.0, 1.0], method=method, maxfevals=50, **BOX, **jac)


def test_failed_points_have_no_constraints():
    def simulation(x):
        if x[0] > 2:
            raise ArithmeticError
        return es.Evaluation(float(x.sum()), constraints=[1 - x @ x])

    res = es.minimize(simulation, [1.9, 1.0], on_error="penalize", maxfevals=400, **BOX)
    assert res.n_failed > 0 and res.violation == 0 and res.fun < 1.2


@pytest.mark.parametrize("asynchronous", [False, True])
def test_killed_and_resumed(tmp_path, asynchronous):
    count = 0
    simulation = make_simulation()

    def dying(x):
        nonlocal count
        count += 1
        if count % 90 == 0:
            raise KeyboardInterrupt
        return simulation(x)

    common = {"maxfevals": 300, "archive": "all", "asynchronous": asynchronous, **BOX}
    whole = es.minimize(simulation, [2.0, 1.0], **common)
    for _ in range(20):
        try:
            kept = es.Checkpoint(tmp_path / "run.npz", every=1e9 if asynchronous else 0)
            res = es.minimize(dying, [2.0, 1.0], checkpoint=kept, **common)
            break
        except KeyboardInterrupt:
            pass
    np.testing.assert_array_equal(res.x, whole.x)
    np.testing.assert_array_equal(res.mean, whole.mean)
    np.testing.assert_array_equal(res.archive["constraints"], whole.archive["constraints"])
    assert res.archive["info"] == whole.archive["info"] and res.nfev == 300


def test_criteria_that_compare_values_are_off():
    res = es.minimize(
        lambda x: es.Evaluation(1.0, constraints=[1 - x @ x]), [2.0, 1.0], maxfevals=3000, restarts=1, **BOX
    )
    # What the constraints say of feasible values stands in their place.
    assert set(res.stop) == {"tolflatfitness", "restarts"} and res.restarts[0]["nfev"] > 400
    assert not res.success and res.violation == 0


def test_what_is_wrong_is_said():
    sizes = iter([1] * 4 + [2] * 40)
    for fun, message in (
        (lambda x: {"value": 1.0}, "a dict that fun returns must have 'f' and may have constraints"),
        (lambda x: {"f": 1.0, "constrains": [1]}, "got 'constrains'"),
        (lambda x: es.Evaluation("a"), "must return a real number"),
        (lambda x: es.Evaluation(1.0, constraints=["a"]), "constraints of an Evaluation must"),
        (lambda x: es.Evaluation(1.0, info=3), "info of an Evaluation must be a mapping"),
        (lambda x: es.Evaluation(1.0, constraints=[0.0] * next(sizes)), "as many constraints at every point"),
    ):
        with pytest.raises(ValueError, match=message):
            es.minimize(fun, [2.0, 1.0], maxfevals=50, rng=1)
    with pytest.raises(ValueError, match="cannot be combined with the argument constraints"):
        es.minimize(make_simulation(), [2.0, 1.0], constraints=CIRCLE, maxfevals=50, **BOX)


def test_an_objective_gives_a_number_that_remembers():
    f = Objective(make_simulation(), 2)
    one = f([1.0, 2.0])
    assert one == 3.0 and one.evaluation.info == {"x0": 1.0, "run": "a"}
    assert f(np.ones((3, 2))).dtype == np.float64
    assert repr(es.Evaluation(1.0, [2.0], info={})) == "Evaluation(1.0, constraints=[2.0], info={})"
