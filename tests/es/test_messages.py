"""What an argument is refused with: one sentence that names it, before anything is evaluated or allocated."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es


def bowl(x):
    return (x * x).sum(-1)


def several(**arguments):
    return es.minimize_runs(bowl, **{"x0": np.ones(2), "runs": 3, "vectorized": True, "maxfevals": 30} | arguments)


def one(**arguments):
    return es.minimize(bowl, **{"x0": [1.0, 1.0], "maxfevals": 30} | arguments)


@pytest.mark.parametrize("method", ["cmaes", "nelder-mead"])
@pytest.mark.parametrize("name", ["maxfevals", "maxiter", "maxtime"])
@pytest.mark.parametrize("value", [0, -1, -np.inf, np.nan, "10", True, 1j])
def test_runs_refuse_the_budgets_that_one_run_refuses(method, name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be a positive number or None, got ") as mine:
        several(method=method, **{name: value})
    with pytest.raises(ValueError, match=rf"^{name} must be") as theirs:
        one(method=method, **{name: value})
    assert str(mine.value) == str(theirs.value)


@pytest.mark.parametrize("method", ["cmaes", "nelder-mead"])
@pytest.mark.parametrize("name", ["maxfevals", "maxiter", "ftarget"])
@pytest.mark.parametrize("value", [[1, 2], [[1, 2, 3]], [1, 2, np.nan], [1, "a", 3], []])
def test_limits_of_each_run(method, name, value):
    with pytest.raises(ValueError, match=rf"^{name} must "):
        several(method=method, **{name: value})


def test_limits_of_each_run_are_checked_before_the_first_evaluation():
    calls = []
    with pytest.raises(ValueError, match=r"^maxfevals must be a positive number"):
        es.minimize_runs(calls.append, np.ones(2), runs=3, method="nelder-mead", maxfevals=[5, 5, 0])
    assert not calls


@pytest.mark.parametrize("call", [one, several])
@pytest.mark.parametrize("name", ["maxfevals", "maxiter", "maxtime", "ftarget"])
def test_limits_of_many_digits(call, name):
    with pytest.raises(ValueError, match=rf"^{name} must hold numbers below 1.8e308, got an integer of more digits"):
        call(**{name: 10**400})


def test_runs_that_no_machine_can_hold_are_refused_before_memory_is_taken():
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"^runs must leave room for the state of each, got 1000000000: they take"):
        several(runs=10**9)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


@pytest.mark.parametrize("call", [one, several])
@pytest.mark.parametrize("value", [3, [1], "ab", ("tolx", 1), {"tolx"}, b"x", 1.5])
def test_options_that_are_no_mapping(call, value):
    with pytest.raises(ValueError, match=r"^options must be a mapping of names"):
        call(options=value)
    with pytest.raises(ValueError, match=r"^options\['stop'\] must be a mapping of names"):
        call(options={"stop": value})
    with pytest.raises(ValueError, match=r"^options must have names as keys, got '1'"):
        call(options={1: 2})


@pytest.mark.parametrize("value", ["abc", 3, ["tolx"], ("tolx", 1)])
def test_stop_that_is_no_mapping(value):
    with pytest.raises(ValueError, match=r"^stop must be a mapping of criteria"):
        es.CMAES([1.0, 1.0], stop=value)


@pytest.mark.parametrize("value", ["a", 1j, [[1]], 10**400, np.ma.masked, {}])
def test_thresholds_that_are_no_number(value):
    with pytest.raises(ValueError, match=r"^stop\['tolx'\] must "):
        es.CMAES([1.0, 1.0], stop={"tolx": value})


@pytest.mark.parametrize("method", ["cmaes", "sep-cmaes", "lq-cmaes"])
@pytest.mark.parametrize("value", ["maybe", 1, None, [True], np.nan])
def test_switches_are_true_or_false(method, value):
    with pytest.raises(ValueError, match=r"^active must be True or False, got"):
        one(method=method, options={"active": value})
    with pytest.raises(ValueError, match=r"^keep_trace must be True or False, got"):
        several(keep_trace=value)


@pytest.mark.parametrize("value", [True, np.False_])
def test_switches_of_numpy(value):
    assert one(options={"active": value}).nfev == 30


@pytest.mark.parametrize("method", ["nelder-mead", "l-bfgs-b", "powell"])
@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_solver_that_runs_cannot_be_pickled(method, how):
    opt = es.get_method(method)([1.0, 1.0], rng=1)
    how(opt)
    opt.ask()
    with pytest.raises(TypeError, match=r"cannot be pickled or copied once its solver runs: do it before"):
        how(opt)


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ({"sigma0": np.inf}, "sigma0 must be finite"),
        ({"constraints": LinearConstraint([[1, 1, 1]], 0, 1)}, "A of constraint 0 must have a column for each"),
        ({"constraints": LinearConstraint([[1, 1]], 2, 1)}, "constraint 0 has lb > ub"),
        ({"constraints": NonlinearConstraint(bowl, 2, 1)}, "constraint 0 has lb > ub"),
        ({"x0": [10**400, 1]}, "x0 must hold numbers below"),
    ],
)
def test_numbers_that_no_run_can_have(argument, sentence):
    with pytest.raises(ValueError, match=rf"^{sentence}"):
        one(**argument)


def test_an_entry_of_methods_is_a_method():
    assert one(method=es.methods()[0], rng=1).fun == one(method="cmaes", rng=1).fun
    assert "cmaes" in es.methods()
