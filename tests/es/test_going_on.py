"""Going on from a checkpoint: what may change between two calls, and what is refused because it would be ignored."""

import numpy as np
import pytest

import es
from problems import Ledger, Objective
from tests.es import functions as F

SPACE = es.Space({"a": es.Linear(-2, 2), "b": es.Linear(-2, 2)})
START = np.array([0.3, 0.4])


def call(path, **more):
    return es.minimize(**{"fun": F.sphere, "x0": START, "method": "cmaes", "rng": 1, "checkpoint": path, **more})


def of_dict(d):
    return d["a"] ** 2 + d["b"] ** 2


def two(x):
    return np.array([x @ x, (x - 1) @ (x - 1)])


LONG = np.linspace(-1, 1, 200).reshape(100, 2)
KNOWN = ([[0.0, 0.0]], [0.0])
BEGINNINGS = [
    ({}, {"archive": "all"}, "archive"),
    ({"archive": "last"}, {"archive": "all"}, "archive"),
    ({"archive": "all"}, {}, "archive"),
    ({}, {"known": KNOWN}, "known"),
    ({"known": KNOWN}, {}, "known"),
    ({"known": KNOWN}, {"known": (KNOWN[0], [1.0])}, "known"),
    ({"known": (LONG, LONG.sum(1))}, {"known": (LONG, LONG.sum(1) + (np.arange(100) == 99))}, "known"),
    ({}, {"enqueue": [[1.0, 1.0]]}, "enqueue"),
    ({"enqueue": LONG[:5]}, {"enqueue": LONG[1:6]}, "enqueue"),
    ({}, {"evaluate_x0": True}, "evaluate_x0"),
    ({"evaluate_x0": True, "enqueue": LONG[:5]}, {"enqueue": LONG[:5]}, "evaluate_x0"),
    ({"archive": "all", "known": KNOWN, "enqueue": [[1, 1]]}, {"evaluate_x0": True},
     "archive, enqueue, evaluate_x0, known"),
    ({"method": None, "x0": SPACE, "fun": of_dict}, {"known": ([{"a": 0.0, "b": 0.0}], [0.0])}, "known"),
    ({"method": None, "x0": SPACE, "fun": of_dict}, {"enqueue": [{"a": 0.0, "b": 0.0}]}, "enqueue"),
    ({"method": "mo-cmaes", "fun": two}, {"known": (KNOWN[0], [[0.0, 2.0]])}, "known"),
    ({"method": "mo-cmaes", "fun": two}, {"archive": "all"}, "archive"),
    ({"method": "quasi-newton"}, {"known": KNOWN}, "known"),
    ({"method": "l-bfgs-b", "jac": "2-point"}, {"archive": "last"}, "archive"),
    ({"asynchronous": True}, {"enqueue": [[1.0, 1.0]]}, "enqueue"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "name"), BEGINNINGS)
def test_what_the_run_began_with_cannot_be_changed(first, second, name, tmp_path):
    path, kept = tmp_path / "a.npz", {"x0", "fun", "method", "jac", "asynchronous"}
    call(path, maxfevals=24, **first)
    with pytest.raises(ValueError, match=f"holds a run with another .*{name}.*: give it what it began with"):
        call(path, maxfevals=60, **{name: first[name] for name in kept & set(first)}, **second)
    on, whole = call(path, maxfevals=60, **first), call(None, maxfevals=60, **first)
    assert on.nfev == whole.nfev and np.array_equal(on.fun, whole.fun) and np.array_equal(on.x, whole.x)
    if first.get("archive") == "all":
        assert np.array_equal(on.archive["fun"], whole.archive["fun"])


def test_a_trace_that_lacks_its_begin_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    call(path, maxfevals=24, fun=Ledger(Objective(F.sphere, 2)))
    with pytest.raises(ValueError, match="holds a run with another keep_trace"):
        call(path, maxfevals=60, fun=Ledger(Objective(F.sphere, 2), keep_trace=True))


def many(x):
    return (x**2).sum(-1)


@pytest.mark.parametrize(
    "other",
    [
        {"workers": 2},
        {"vectorized": True, "fun": many},
        {"timeout": 60.0},
        {"on_error": "penalize"},
        {"evaluate_mean": True},
        {"callback": lambda intermediate_result: None},
        {"known": ([], [])} | {"x0": SPACE, "fun": of_dict},
        {"ftarget": 1e-9, "maxiter": 10**6, "maxtime": 1e6},
    ],
    ids=lambda more: min(more),
)
def test_what_has_no_part_in_the_search_may_change(other, tmp_path):
    path, same = tmp_path / "a.npz", {name: other[name] for name in ("x0", "fun") if name in other}
    call(path, maxfevals=24, **same)
    on, whole = call(path, maxfevals=60, **other), call(None, maxfevals=60, **other)
    assert on.nfev == whole.nfev and on.fun == whole.fun and np.array_equal(on.mean, whole.mean)


def test_a_mean_is_evaluated_within_the_budget(tmp_path):
    path = tmp_path / "a.npz"
    call(path, maxfevals=60)
    with pytest.raises(ValueError, match=r"must leave an evaluation for evaluate_mean, got 60: .* has made 60"):
        call(path, maxfevals=60, evaluate_mean=True)
    assert call(path, maxfevals=61, evaluate_mean=True).nfev == 61


# Ends within a population ----------------------------------------------------------------------------


def told(x):
    return es.Evaluation(float(x @ x), constraints=[1 - x[0]])


def valley_of_two(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


BOX = {"bounds": [(-2.0, 2.0)] * 2}
CUT = [
    *({"method": name} for name in ("cmaes", "random-search", "cem", "snes", "lq-cmaes", "quasi-newton", "adam")),
    {"method": "differential-evolution", **BOX},
    {"method": "mo-cmaes", "fun": two},
    {"restarts": "ipop"},
    {"restarts": "bipop", **BOX},
    {"archive": "all", "enqueue": LONG[:7]},
    {"archive": "last", "enqueue": LONG, "evaluate_x0": True},
    {"method": "quasi-newton", "enqueue": LONG},
    {"method": "l-bfgs-b", "jac": "3-point", "enqueue": LONG},
    {"method": "l-bfgs-b", "jac": "3-point"},
    {"options": {"noise": "reevaluate"}},
    {"constraints": {"type": "ineq", "fun": lambda x: x[0] - 1}},
    {"fun": told},
    {"workers": 2},
    {"on_error": "penalize", "fun": F.raises_outside, "sigma0": 1.0},
]


@pytest.mark.parametrize("more", CUT, ids=str)
def test_an_end_within_a_population_is_paid_once(more, tmp_path):
    paid, more = [], {"fun": valley_of_two, **more}

    def fun(x):
        paid.append(1)
        return more["fun"](x)

    path, counted = tmp_path / "a.npz", {**more, "fun": more["fun"] if "workers" in more else fun}
    counted |= {"jac": lambda x: 2 * x} if more.get("method") == "adam" else {}
    first = call(path, maxfevals=47, **counted)
    evaluated = len(paid)
    again = call(path, maxfevals=47, **counted)
    assert first.nfev == 47 and len(paid) == evaluated
    assert "workers" in more or evaluated >= 47
    for name in set(first) - {"seconds", "history"}:
        np.testing.assert_equal(again[name], first[name], name)
    np.testing.assert_equal(dict(again.history), dict(first.history))
    further = [call(path, maxfevals=most, **counted) for most in (48, 101, 101)]  # from before the cut, as ever
    for most, result in zip((48, 101, 101), further, strict=True):
        whole = call(None, maxfevals=most, **counted)
        for name in set(whole) - {"seconds", "history"}:
            np.testing.assert_equal(result[name], whole[name], name)


def test_a_kill_before_the_end_leaves_what_goes_on(tmp_path):
    def fun(x):
        paid.append(1)
        if len(paid) == dies:
            raise KeyboardInterrupt
        return valley_of_two(x)

    whole, path = call(None, maxfevals=47, fun=valley_of_two), tmp_path / "a.npz"
    paid, dies = [], 45  # in the last population, which the budget cuts
    with pytest.raises(KeyboardInterrupt):
        call(path, maxfevals=47, fun=fun)
    on = call(path, maxfevals=47, fun=fun)
    assert (on.nfev, on.fun, len(paid)) == (47, whole.fun, 45 + 47 - 42)


def test_auto_knows_the_budget_of_the_call_that_goes_on(tmp_path):
    """That of the first call came back with its state."""
    path, more = tmp_path / "a.npz", {"method": "auto", "fun": valley_of_two, "enqueue": LONG}
    call(path, maxfevals=47, **more)
    on, whole = call(path, maxfevals=300, **more), call(None, maxfevals=300, **more)
    assert (on.nfev, on.fun, on.message) == (whole.nfev, whole.fun, whole.message)
