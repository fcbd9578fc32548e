"""What a run hands out is the caller's: writing into it changes nothing of the run, nor of what is handed out later."""

import numpy as np
import pytest

import es
from tests.es.golden_runs import UNBOUNDED, two_goals, valley

METHODS = [info for info in es.methods() if info.kind not in ("categorical", "model")]
START, BOX = np.linspace(-0.5, 0.5, 5), [(-0.8, 0.9)] * 5


def spoil(value):
    """Write into all arrays, lists and dicts."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "fiu" and value.flags.writeable:
            value[...] = 77
    elif isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            spoil(value[key])
            if not isinstance(value[key], np.ndarray | dict | list):
                value[key] = 77


def same(a, b):
    assert a.keys() == b.keys()
    for name in a.keys() - {"seconds", "history"}:
        np.testing.assert_equal(a[name], b[name])
    if "history" in a:
        np.testing.assert_equal(dict(a.history), dict(b.history))


def arguments(info):
    more = {} if info.name in UNBOUNDED else {"bounds": BOX}
    return (two_goals if info.kind == "multiobjective" else valley), more


def spoiling(intermediate_result):
    spoil(intermediate_result.history)
    spoil(intermediate_result)


@pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)
def test_a_callback_may_write_into_what_it_is_shown(info):
    fun, more = arguments(info)
    more |= {"method": info.name, "sigma0": 0.4, "vectorized": True, "maxfevals": 200, "rng": 7}
    whole = es.minimize(fun, START, **more)
    same(whole, es.minimize(fun, START, callback=spoiling, **more))
    same(whole, es.minimize(fun, START, callback=lambda x: spoil(x), **more))


@pytest.mark.parametrize("method", [None, "cat-cmaes", "asng"])
def test_of_a_space_too(method):
    space = es.Space({"a": es.Linear(-2, 2, shape=2), "b": es.Choice([1, 2, 3])} if method != "asng" else
                     {"b": es.Choice([1, 2, 3]), "c": es.Choice([1, 2, 5])})  # fmt: skip
    more = {"method": method, "maxfevals": 100, "rng": 7}

    def fun(d):
        return sum(float(np.sum(value)) for value in d.values())

    same(es.minimize(fun, space, **more), es.minimize(fun, space, callback=spoiling, **more))


@pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)
def test_results_between_two_tells_are_copies(info):
    fun, more = arguments(info)

    def run(look):
        opt = es.get_method(info.name)(START, 0.4, rng=1, **more)
        for _ in range(25):
            if opt.stop():
                break
            x = opt.ask()
            opt.tell(x, fun(x), *([2 * x] if opt.wants_gradient else []))
            if look:
                spoil(opt.result)
        return opt.result

    same(run(False), run(True))


def test_results_of_runs_that_have_ended_are_copies():
    opt = es.CMAES(np.zeros((3, 5)), 0.4, rng=1, stop={"maxfevals": np.array([20, 50, 90])})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, valley(x))
    before = [(result.x.copy(), result.mean.copy(), dict(result.stop)) for result in opt.results]
    for result in opt.results:
        spoil(result)
    for (x, mean, stop), result in zip(before, opt.results, strict=True):
        assert np.array_equal(x, result.x) and np.array_equal(mean, result.mean) and stop == result.stop
