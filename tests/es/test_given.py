"""What the caller gives besides a function and a start: args, maximize, known, enqueue, evaluate_x0, archive, ..."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

import es
from problems import Ledger, Objective

METHODS = ["cmaes", "one-plus-one", "lq-cmaes", "random-search", "auto", "adam", "nelder-mead", "l-bfgs-b"]


def sphere(x):
    return float(((x - 1) ** 2).sum())


def gradient(x):
    return 2 * (x - 1)


def jac_of(method):
    return gradient if method in ("adam", "l-bfgs-b") else None


@pytest.mark.parametrize("method", METHODS)
def test_args_and_maximize(method):
    def scaled(x, a, b):
        return a * float(((x - b) ** 2).sum())

    def slope(x, a, b):
        return 2 * a * (x - b)

    common = {"method": method, "rng": 1, "maxfevals": 300}
    jac = slope if jac_of(method) else None
    plain = es.minimize(
        lambda x: scaled(x, 2.0, 1.0), np.zeros(3), jac=jac and (lambda x: slope(x, 2.0, 1.0)), **common
    )
    res = es.minimize(scaled, np.zeros(3), (2.0, 1.0), jac=jac, **common)
    np.testing.assert_array_equal(res.x, plain.x)
    seen = []

    def callback(intermediate_result):
        seen.append(intermediate_result.fun)

    most = es.minimize(scaled, np.zeros(3), args=(-2.0, 1.0), jac=jac, maximize=True, callback=callback, **common)
    np.testing.assert_array_equal(most.x, plain.x)
    assert most.fun == -plain.fun and most.stop.keys() == plain.stop.keys()
    np.testing.assert_array_equal(most.history["best"], -plain.history["best"])
    np.testing.assert_array_equal(most.history["low"], -plain.history["high"])
    assert seen == sorted(seen) and seen[-1] == most.fun


def test_a_target_from_below():
    res = es.minimize(lambda x: -sphere(x), np.zeros(3), maximize=True, ftarget=np.float32(-1e-3), rng=1, archive="all")
    assert res.success and -1e-3 <= res.fun <= 0 and res.archive["fun"].max() == res.fun
    pair = es.minimize(
        lambda x: (-sphere(x), -gradient(x)), np.zeros(3), jac=True, maximize=True, method="l-bfgs-b", ftarget=-1e-9
    )
    assert pair.success


@pytest.mark.parametrize("method", METHODS)
def test_known_points_are_used_and_not_counted(method):
    X = np.array([[1.0, 1.0, 1.001], [4.0, 4.0, 4.0]])
    f = [sphere(x) for x in X]
    res = es.minimize(sphere, np.zeros(3), method=method, jac=jac_of(method), known=(X, f), maxfevals=20, rng=1)
    assert res.nfev <= 20 and res.fun <= f[0]
    if res.fun == f[0]:
        np.testing.assert_array_equal(res.x, X[0])


def test_strategies_learn_from_known_points():
    rng = np.random.default_rng(1)
    X = rng.normal(1.0, 0.1, (12, 4))
    f = [sphere(x) for x in X]
    with_them = es.minimize(sphere, np.full(4, 3.0), sigma0=1.0, known=(X, f), maxfevals=16, rng=1)
    without = es.minimize(sphere, np.full(4, 3.0), method="cmaes", sigma0=1.0, maxfevals=16, rng=1)
    assert sphere(with_them.mean) < sphere(without.mean)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("workers", [1, "threads"])
def test_points_go_first(workers, asynchronous):
    X = np.array([[2.0, 2.0], [0.5, 0.5], [1.0, 1.0]])
    with ThreadPoolExecutor(2) as threads:
        res = es.minimize(
            sphere, [3.0, 0.0], enqueue=X, evaluate_x0=True, maxfevals=30, rng=1, archive="all",
            workers=threads if workers == "threads" else 1, asynchronous=asynchronous,
        )  # fmt: skip
    first = res.archive["x"][:4].tolist()
    assert sorted(first) == sorted([[3.0, 0.0], *X.tolist()]) and res.nfev == 30 == len(res.archive["fun"])
    assert res.fun == 0 and (res.x == 1).all()
    np.testing.assert_array_equal(res.archive["fun"], [sphere(x) for x in res.archive["x"]])
    short = es.minimize(sphere, [3.0, 0.0], enqueue=X, maxfevals=2, rng=1, asynchronous=asynchronous)
    assert short.nfev == 2 and short.fun == 0.5


@pytest.mark.parametrize("method", METHODS)
def test_points_go_first_for_every_method(method):
    res = es.minimize(
        sphere, [3.0, 0.0], method=method, jac=jac_of(method), enqueue=[[1.0, 1.0]], evaluate_x0=True, maxfevals=60,
        rng=1, archive="all",
    )  # fmt: skip
    assert res.archive["x"][:2].tolist() == [[3.0, 0.0], [1.0, 1.0]] and res.fun == 0 and res.nfev <= 60


def test_several_objectives():
    def two(x):
        return [float(x @ x), float(((x - 1) ** 2).sum())]

    X = np.full((2, 2), 0.5)
    res = es.minimize(
        two, [3.0, 0.0], method="mo-cmaes", enqueue=X[:1], known=(X, [two(x) for x in X]), maxfevals=61, rng=1,
        archive="all",
    )  # fmt: skip
    assert res.archive["fun"].shape == (61, 2) and res.nfev == 61
    with pytest.raises(ValueError, match="maximize cannot be combined with MOCMAES"):
        es.minimize(two, [3.0, 0.0], method="mo-cmaes", maximize=True)


@pytest.mark.parametrize("method", ["cmaes", "auto"])
def test_in_a_space(method):
    space = es.Space(a=(0, 4), b=es.Integer(1, 9), c=["x", "y"])

    def gain(p, shift):
        return -((p["a"] - shift) ** 2) - (p["b"] - 3) ** 2 - (p["c"] == "x")

    best = {"a": 1.0, "b": 3, "c": "y"}
    res = es.minimize(
        gain, space, args=(1.0,), method=method, maximize=True, enqueue=[best], known=([{**best, "a": 2.0}], [-1.0]),
        evaluate_x0=True, maxfevals=50, rng=1, archive="all", evaluate_mean=True,
    )  # fmt: skip
    assert res.x == best and res.fun == 0 and res.nfev == 50
    assert res.archive["x"][0] == space.decode(space.x0) and res.archive["x"][1] == best
    assert isinstance(res.fun_mean, float)
    with pytest.raises(ValueError, match=r"enqueue\[0\]: "):
        es.minimize(gain, space, args=(1.0,), enqueue=[{"a": 1.0}])


def test_restarts_constraints_and_noise():
    X = np.full((3, 2), 2.0)
    res = es.minimize(
        lambda x: float(x.sum()), [2.0, 2.0], restarts=2, enqueue=X, evaluate_x0=True, maxfevals=3000, rng=1,
        known=(X + 1, [6.0] * 3), constraints=NonlinearConstraint(lambda x: x @ x, 1, np.inf), bounds=[(0, 3)] * 2,
        evaluate_mean=True,
    )  # fmt: skip
    assert res.violation == 0 and res.fun < 1.01 and res.nfev <= 3000
    low = es.minimize(
        lambda x: float(x.sum()), [2.0, 2.0], known=([[0.0, 0.0]], [0.0]), maxfevals=20, rng=1, asynchronous=True,
        constraints=NonlinearConstraint(lambda x: x @ x, 1, np.inf), bounds=[(0, 3)] * 2,
    )  # fmt: skip
    assert low.fun > 0.5 and low.x @ low.x >= 1
    res = es.minimize(sphere, [2.0, 2.0], enqueue=X, options={"noise": "reevaluate"}, maxfevals=100, rng=1)
    assert res.nfev <= 100


def test_no_start():
    res = es.minimize(sphere, bounds=[(0, 3)] * 4, rng=1, maxfevals=50, archive="all", evaluate_x0=True)
    again = es.minimize(sphere, bounds=[(0, 3)] * 4, rng=1, maxfevals=50, archive="all", evaluate_x0=True)
    np.testing.assert_array_equal(res.archive["x"], again.archive["x"])
    assert ((res.archive["x"] >= 0) & (res.archive["x"] <= 3)).all()
    whole = es.minimize(sphere, bounds=[(0, 3)] * 2, integrality=[1, 1], rng=1, maxfevals=50)
    assert whole.x.tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"x0 must be given unless .* all bounds are finite; got None"):
        es.minimize(sphere, bounds=[(0, 3), (0, None)])


def test_the_mean_is_evaluated_with_the_last_evaluation():
    count = 0

    def counting(x):
        nonlocal count
        count += 1
        return sphere(x)

    res = es.minimize(counting, np.zeros(3), maxfevals=60, rng=1, evaluate_mean=True)
    assert res.nfev == count == 60 and res.fun_mean == sphere(res.mean) and res.fun <= res.fun_mean
    assert es.minimize(lambda x: -sphere(x), np.zeros(3), maximize=True, rng=1, evaluate_mean=True).fun_mean <= 0


def test_the_last_batch():
    res = es.minimize(sphere, np.zeros(3), popsize=8, maxiter=5, rng=1, archive="last")
    assert res.archive["x"].shape == (8, 3) and res.nfev == 40
    assert "archive" not in es.minimize(sphere, np.zeros(3), maxfevals=50, rng=1)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_killed_and_resumed(tmp_path, asynchronous):
    count = 0

    def dying(x):
        nonlocal count
        count += 1
        if count == 40:
            raise KeyboardInterrupt
        return -sphere(x)

    common = {
        "rng": 1, "enqueue": [[2.0, 2.0]], "known": ([[1.5, 1.5]], [-0.5]), "evaluate_x0": True, "archive": "all",
        "maximize": True, "maxfevals": 80, "asynchronous": asynchronous,
    }  # fmt: skip
    whole = es.minimize(lambda x: -sphere(x), [0.0, 0.0], **common)
    kept = {"checkpoint": es.Checkpoint(tmp_path / "run.npz", every=0)}
    with pytest.raises(KeyboardInterrupt):
        es.minimize(dying, [0.0, 0.0], **common, **kept)
    res = es.minimize(dying, [0.0, 0.0], **common, **kept)
    np.testing.assert_array_equal(res.x, whole.x)
    np.testing.assert_array_equal(res.archive["x"], whole.archive["x"])
    np.testing.assert_array_equal(res.archive["fun"], whole.archive["fun"])
    with pytest.raises(ValueError, match="maximize"):
        es.minimize(sphere, [0.0, 0.0], **{**common, "maximize": False}, **kept)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"known": [[1.0, 1.0]]}, r"known must be a pair \(X, f\)"),
        ({"known": ([[1.0, 1.0]], [1.0, 2.0])}, "known must have a value for each of its 1 points"),
        ({"known": ([[1.0, np.nan]], [1.0])}, "known must be finite"),
        ({"enqueue": [[1.0, 9.0]]}, "enqueue must lie within bounds"),
        ({"enqueue": [1.0, 1.0]}, r"enqueue must have shape \(k, 2\)"),
        ({"enqueue": [[1.0, 0.5]], "integrality": [1, 1]}, "enqueue must hold whole numbers"),
        ({"evaluate_x0": "yes"}, "evaluate_x0 must be"),
        ({"maximize": 3}, "maximize must be"),
        ({"archive": "some"}, "archive must be 'all', 'last' or None"),
    ],
)
def test_wrong_arguments(more, message):
    with pytest.raises(ValueError, match=message):
        es.minimize(sphere, [1.0, 2.0], bounds=[(0, 3)] * 2, maxfevals=10, **more)


def test_objectives_are_minimised_as_they_are():
    for more, message in (({"maximize": True}, "maximize cannot"), ({"args": (1,)}, "args cannot")):
        with pytest.raises(ValueError, match=message):
            es.minimize(Objective(sphere, 2), [1.0, 2.0], **more)
    with pytest.raises(ValueError, match="archive cannot be given beside a Ledger"):
        es.minimize(Ledger(Objective(sphere, 2)), [1.0, 2.0], archive="all")
