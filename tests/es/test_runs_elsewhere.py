"""What `minimize` takes and `minimize_runs` does not is refused with the argument's name and what to do."""

import inspect

import numpy as np
import pytest

import es
from es.run.each import ELSEWHERE


def f(x):
    return (x**2).sum(-1)


def test_every_argument_of_minimize_is_taken_or_refused():
    ours = set(inspect.signature(es.minimize_runs).parameters)
    assert set(inspect.signature(es.minimize).parameters) - ours == set(ELSEWHERE)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_it_is_refused_with_a_cure(name):
    with pytest.raises(ValueError, match=f"{name} is an argument of es.minimize alone: "):
        es.minimize_runs(f, [2.0, 2.0], runs=2, vectorized=True, **{name: 1})


def test_what_says_nothing_is_taken():
    nothing = dict.fromkeys(ELSEWHERE, None) | {"maximize": False, "args": (), "constraints": ()}
    a = es.minimize_runs(f, [2.0, 2.0], runs=2, vectorized=True, rng=1, maxfevals=60, **nothing)
    b = es.minimize_runs(f, [2.0, 2.0], runs=2, vectorized=True, rng=1, maxfevals=60)
    assert [one.fun for one in a] == [one.fun for one in b]


def test_other_names_and_starts():
    with pytest.raises(TypeError, match="unexpected keyword argument 'knwon'"):
        es.minimize_runs(f, [2.0, 2.0], runs=2, knwon=1)
    with pytest.raises(ValueError, match="got None: draw a start"):
        es.minimize_runs(f, None, runs=2, bounds=[(-1, 1)] * 2)
    with pytest.raises(ValueError, match=r"got a Space: call es\.minimize"):
        es.minimize_runs(f, es.Space(a=(0, 1)), runs=2)


@pytest.mark.parametrize("restarts", [None, 1])
def test_evaluations_with_constraints_are_refused(restarts):
    def told(x):
        return es.Evaluation(float(f(x)), constraints=[1 - x[0]])

    with pytest.raises(ValueError, match=r"kept by es\.minimize only"):
        es.minimize_runs(told, np.full(2, 2.0), runs=2, restarts=restarts, maxfevals=100)
