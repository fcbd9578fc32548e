"""Copies and pickles of the methods whose searches are loops go on as the original does, bit for bit."""

import copy
import pickle

import numpy as np
import pytest

import es
from es.run.arguments import Maker
from es.run.restarts import with_restarts
from tests.es import functions as F

WAYS = (copy.deepcopy, lambda opt: pickle.loads(pickle.dumps(opt)))
START = np.array([-0.7, 0.4, 0.9])


def waves(x):
    return float(10 * x.size + x @ x - 10 * np.cos(2 * np.pi * x).sum())


def steps(x):
    return float(np.floor(5 * np.abs(x)).sum())


def go_on(opt, fun, most):
    """Ask and tell; what came out."""
    for _ in range(most):
        if opt.stop():
            break
        x = opt.ask()
        opt.tell(x, np.array([fun(row) for row in x]))
    return [opt.stop(), int(opt.nfev), float(opt.f_best), opt.x_best.tolist(), opt.x_mean.tolist()]


@pytest.mark.parametrize("fun", [F.rosenbrock, waves, steps])
@pytest.mark.parametrize("method", ["auto", "quasi-newton", "separable-search"])
def test_copies_go_on(method, fun):
    opt = es.get_method(method)(START, 0.5, rng=3, bounds=[(-2, 2)] * 3)
    done = 0
    for more in (0, 1, 2, 3, 7, 20, 60, 200):
        go_on(opt, fun, more - done)
        done = more
        copies = [way(opt) for way in WAYS]
        before = opt.state_dict()
        ends = [go_on(one, fun, 150) for one in copies]
        assert ends[0] == ends[1]
        after = opt.state_dict()  # the original is as it was
        timed = [name for name in before if name.endswith("books")]
        np.testing.assert_equal(after | dict.fromkeys(timed), before | dict.fromkeys(timed))
        kept = es.get_method(method)(START, 0.5, rng=3, bounds=[(-2, 2)] * 3)
        kept.load_state_dict(before)
        assert go_on(kept, fun, 150) == ends[0]
    fresh = es.get_method(method)(START, 0.5, rng=3, bounds=[(-2, 2)] * 3)
    go_on(fresh, fun, done)
    assert go_on(fresh, fun, 150) == ends[0]


@pytest.mark.parametrize("restarts", ["ipop", "bipop"])
@pytest.mark.parametrize("method", ["quasi-newton", "separable-search", "snes"])
def test_with_restarts(method, restarts):
    def made():
        return with_restarts(Maker(es.get_method(method), START, sigma0=0.5), restarts, 5)

    whole, opt = made(), made()
    go_on(opt, waves, 40)
    first, second = (way(opt) for way in WAYS)
    go_on(whole, waves, 40)
    assert go_on(whole, waves, 60) == go_on(first, waves, 60) == go_on(second, waves, 60)


def test_a_batch_that_is_told_in_part():
    opt = es.SeparableSearch(np.full(6, 0.3), 0.5, rng=1)
    while len(x := opt.ask()) < 3:
        opt.tell(x, np.array([waves(row) for row in x]))
    opt.tell(x[:2], [waves(x[0]), waves(x[1])])
    other = copy.deepcopy(opt)
    assert np.array_equal(opt.ask(), other.ask())
    assert go_on(opt, waves, 50) == go_on(other, waves, 50)
