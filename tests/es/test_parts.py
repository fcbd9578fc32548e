"""Asking and telling in parts: in order, out of order, late, never, with points of the caller's own."""

import heapq
import itertools

import numpy as np
import pytest

from es import IPOP, Strategy
from es.registry import get_method
from tests.es.table import NAMES, ellipsoid, rosenbrock, sphere

CMAES = get_method("cmaes")
KINDS = [{}, {"popsize": 7}, {"sampling": "mirrored"}, {"bounds": [(-1, 3)] * 3}, {"dtype": "float32"}]


def assert_same_state(a, b):
    """Every array that is saved, bit for bit, and the counts."""
    one, other = a.state_dict(), b.state_dict()
    assert one.keys() == other.keys()
    for name in one.keys() - {"books"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert a.nit == b.nit
    np.testing.assert_array_equal(a.nfev, b.nfev)


def in_flight(opt, f, workers, evaluations, rng, lost=0.0, spread=0.5):
    """Workers that take lognormal times; a share of the points never comes back."""
    queue, serial = [], itertools.count()
    for _ in range(workers):
        heapq.heappush(queue, (rng.lognormal(0, spread), next(serial), opt.ask(1)))
    for _ in range(evaluations):
        if opt.stop():
            return opt
        now, _, x = heapq.heappop(queue)
        if rng.random() >= lost:
            opt.tell(x, f(x))
        heapq.heappush(queue, (now + rng.lognormal(0, spread), next(serial), opt.ask(1)))
    return opt


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_told_in_any_order_it_is_the_run_of_whole_populations(name, options):
    whole, ones, shuffled = (get_method(name)(np.ones(3), 1.0, rng=1, **options) for _ in range(3))
    rng = np.random.default_rng(0)
    for _ in range(8):
        x = whole.ask()
        whole.tell(x, ellipsoid(x))
        for _ in range(ones.popsize):
            x = ones.ask(1)
            ones.tell(x, ellipsoid(x))
        x = np.concatenate([shuffled.ask(1) for _ in range(shuffled.popsize)])[rng.permutation(shuffled.popsize)]
        while len(x):
            k = int(rng.integers(1, 4))
            shuffled.tell(x[:k], ellipsoid(x[:k]))
            x = x[k:]
    assert_same_state(whole, ones)
    assert_same_state(whole, shuffled)


@pytest.mark.parametrize("name", ["cmaes", "snes", "lm-ma-es", "one-plus-one", "vkd-cmaes", "openai-es"])
def test_stacks_are_told_in_parts(name):
    x0 = np.arange(6.0).reshape(2, 3)
    stack, alone = (get_method(name)(x0, 1.0, popsize=6, rng=[1, 2]) for _ in range(2))
    for _ in range(6):
        x = stack.ask()
        stack.tell(x, ellipsoid(x))
        x = np.concatenate([alone.ask(2), alone.ask(4)], axis=1)
        for rows in (slice(3, 6), slice(0, 1), slice(1, 3)):
            alone.tell(x[:, rows], ellipsoid(x[:, rows]))
    assert_same_state(stack, alone)


def test_a_run_that_ends_leaves_the_stack_with_what_it_waited_for():
    opt, alone = CMAES(np.ones((2, 3)), 1.0, popsize=6, rng=[1, 2]), CMAES(np.ones(3), 1.0, popsize=6, rng=2)
    for _ in range(3):
        x = opt.ask(8)
        opt.tell(x[:, :5], sphere(x[:, :5]))
        opt.tell(x[:, 5:6], sphere(x[:, 5:6]))
        y = alone.ask(8)
        alone.tell(y[:5], sphere(y[:5]))
        alone.tell(y[5:6], sphere(y[5:6]))
    x, y = opt.ask(2), alone.ask(2)
    opt.tell(x, sphere(x))
    alone.tell(y, sphere(y))
    opt.end("enough", run=0)
    for _ in range(5):
        x, y = opt.ask(3), alone.ask(3)
        np.testing.assert_array_equal(x[0], y)
        opt.tell(x, sphere(x))
        alone.tell(y, sphere(y))
    np.testing.assert_array_equal(opt.x_mean[0], alone.x_mean)
    assert opt.nfev[0] == alone.nfev


@pytest.mark.parametrize("name", NAMES)
def test_late_points_are_counted_and_are_no_generation(name):
    opt = get_method(name)(np.ones(3), 1.0, popsize=6, rng=4)
    x = opt.ask(18)
    for rows in (slice(0, 2), slice(2, 6)):
        opt.tell(x[rows], sphere(x[rows]))
    assert (opt.nit, opt.nfev) == (1, 6)
    mean = opt.x_mean
    opt.tell(x[6:], sphere(x[6:]))  # twice as many as a population, of a distribution that is no more
    assert (opt.nit, opt.nfev) == (1, 18) and (opt.x_mean == mean).all()
    assert opt.f_best == sphere(x).min() and (opt.x_best == x[sphere(x).argmin()]).all()
    y = opt.ask(6)
    opt.tell(y[:5], sphere(y[:5]))
    assert opt.nit == 1
    opt.tell(y[5:], sphere(y[5:]))
    assert (opt.nit, opt.nfev) == (2, 24) and len(np.ravel(opt.traces.last)) == 18
    assert np.isfinite(opt.ask()).all()


def test_late_points_are_learned_from_as_points_of_the_callers_own():
    opt, other = (CMAES(np.ones(3), 1.0, popsize=6, rng=4) for _ in range(2))
    x = opt.ask(9)
    other.ask(9)
    opt.tell(x[:6], sphere(x[:6]))
    other.tell(x[:6], sphere(x[:6]))
    opt.tell(x[6:], sphere(x[6:]))
    y, same = opt.ask(), other.ask()
    np.testing.assert_array_equal(y, same)
    opt.tell(y, sphere(y))
    both = np.concatenate([x[6:], y])
    other.tell(both, sphere(both))
    np.testing.assert_array_equal(opt.x_mean, other.x_mean)
    np.testing.assert_array_equal(opt.A, other.A)


def test_asked_ahead_and_told_by_populations():
    """Whole generations that come late are late, too."""
    opt = CMAES(np.ones(3), 1.0, popsize=6, rng=4)
    first, second = opt.ask(), opt.ask()
    opt.tell(second, sphere(second))
    assert opt.nit == 1
    opt.tell(first, sphere(first))
    assert opt.nit == 1 and opt.nfev == 12
    x = opt.ask()
    opt.tell(x, sphere(x))
    assert opt.nit == 2


@pytest.mark.parametrize("name", NAMES)
def test_points_of_the_callers_own_one_by_one(name):
    """Nobody is asked: they are a generation when there are enough of them."""
    rng = np.random.default_rng(0)
    opt = get_method(name)(np.ones(3), 1.0, rng=0, popsize=8)
    for _ in range(160):
        x = opt.x_mean + 0.5 * rng.standard_normal((1, 3))
        opt.tell(x, sphere(x))
    assert opt.nfev == 160 and opt.nit == 20 and sphere(opt.x_mean) < 3


def test_points_that_are_changed_on_their_way_are_learned_from():
    """A caller who rounds what was asked gets on, with many workers too."""
    opt = CMAES(np.full(5, 3.0), 1.0, rng=3, stop={"ftarget": 1e-4, "maxfevals": 9000})
    rng = np.random.default_rng(1)
    queue = [opt.ask(1).round(7) for _ in range(16)]
    while not opt.stop():
        x = queue.pop(int(rng.integers(len(queue))))
        opt.tell(x, sphere(x))
        queue.append(opt.ask(1).round(7))
    assert opt.result.success


@pytest.mark.parametrize("workers", [8, 32])
@pytest.mark.parametrize("name", ["cmaes", "sep-cmaes", "xnes", "csa-es", "one-plus-one", "snes"])
def test_converges_with_workers_in_flight(name, workers):
    opt = get_method(name)(np.full(5, 2.0), 1.0, rng=workers, stop={"ftarget": 1e-8})
    in_flight(opt, sphere, workers, 20_000, np.random.default_rng(workers), lost=0.1)
    assert opt.result.success and opt.result.stop == {"ftarget": opt.f_best}


def test_a_target_that_a_single_point_meets_is_seen_at_once():
    opt = CMAES(np.ones(3), 1.0, popsize=6, rng=4, stop={"ftarget": 0.5, "maxfevals": 4})
    x = opt.ask(1)
    opt.tell(x, [0.4])
    assert opt.stop() == {"ftarget": 0.4} and opt.result.success and opt.result.nfev == 1
    opt = CMAES(np.ones(3), 1.0, popsize=6, rng=4, stop={"maxfevals": 4})
    for i in range(4):
        assert not opt.stop()
        opt.tell(opt.ask(1), [1.0 + i])
    assert opt.stop() == {"maxfevals": 4}


def test_one_value_a_tell_does_not_look_flat():
    opt = CMAES(np.ones(4), 1.0, rng=4)
    for _ in range(400):
        x = opt.ask(1)
        opt.tell(x, rosenbrock(x))
        assert not opt.stop()
    assert opt.nit == 400 // opt.popsize


@pytest.mark.parametrize("name", ["cmaes", "snes", "lm-ma-es", "vkd-cmaes", "pgpe", "one-plus-one"])
def test_saved_in_the_midst_it_goes_on_bit_for_bit(name):
    opt = get_method(name)(np.ones(3), 1.0, popsize=6, rng=4)
    rng = np.random.default_rng(3)
    out = list(opt.ask(5))
    for step in range(60):
        if step % 7 == 3:
            again = get_method(name)(np.ones(3), 1.0, popsize=6, rng=5)
            again.load_state_dict(opt.state_dict())
            assert_same_state(opt, again)
            opt = again
        x = out.pop(int(rng.integers(len(out))))[None]
        opt.tell(x, sphere(x))
        out.append(opt.ask(1)[0])
    whole = get_method(name)(np.ones(3), 1.0, popsize=6, rng=4)
    rng, out = np.random.default_rng(3), list(whole.ask(5))
    for _ in range(60):
        x = out.pop(int(rng.integers(len(out))))[None]
        whole.tell(x, sphere(x))
        out.append(whole.ask(1)[0])
    assert_same_state(opt, whole)


def test_the_callers_arrays_are_not_kept():
    opt, other = (CMAES(np.ones(3), 1.0, popsize=6, rng=4) for _ in range(2))
    x = opt.ask()
    f = sphere(x)
    other.tell(other.ask(), f)
    for i in range(6):
        row, value = x[i : i + 1].copy(), f[i : i + 1].copy()
        opt.tell(row, value, rank_by=value, feasible=[True])
        row[:], value[:] = 7.0, -7.0
    np.testing.assert_array_equal(opt.x_mean, other.x_mean)


def test_penalties_and_feasibility_come_in_parts():
    opt, other = (CMAES(np.ones(2), 1.0, popsize=4, rng=0) for _ in range(2))
    x = opt.ask()
    f, rank, feasible = np.arange(1.0, 5.0), np.arange(4.0, 0.0, -1), np.array([False, True, True, True])
    other.tell(other.ask(), f, rank_by=rank, feasible=feasible)
    opt.tell(x[:1], f[:1], rank_by=rank[:1], feasible=feasible[:1])
    assert opt.f_best == np.inf
    opt.tell(x[1:3], f[1:3], rank_by=rank[1:3])
    opt.tell(x[3:], f[3:], rank_by=rank[3:], feasible=feasible[3:])
    np.testing.assert_array_equal(opt.x_mean, other.x_mean)
    assert opt.f_best == other.f_best == 2 and opt.nfev == 4


def test_values_that_are_not_finite_come_in_parts():
    opt = CMAES(np.ones(3), 1.0, popsize=6, rng=4)
    mean = opt.x_mean
    for _ in range(12):
        opt.tell(opt.ask(1), [np.nan])
    assert opt.nit == 2 and (opt.x_mean == mean).all() and opt.n_failed == 12


@pytest.mark.parametrize("value", [np.nan, np.inf, 9.0])
def test_a_wrong_point_changes_nothing(value):
    opt = CMAES(np.ones(3), 1.0, popsize=6, rng=4, bounds=[(-3, 3)] * 3)
    before = opt.state_dict()
    with pytest.raises(ValueError, match="x must"):
        opt.tell(np.full((1, 3), value), [1.0])
    assert opt.nfev == 0 and opt.nit == 0
    np.testing.assert_array_equal(before["mean"], opt.mean)


def test_a_strategy_that_cannot_invert_its_samples_leaves_late_points_out():
    class Plain(Strategy):
        def _init(self):
            self.sigma = self.scale0.max(-1)

        def _sample(self, z):
            return self.sigma * z

        def _update(self, z, y):
            assert len(z) == 6
            self.mean = self.mean + y[0]

    opt = Plain(np.ones(3), 1.0, popsize=6, rng=4)
    x = opt.ask(9)
    opt.tell(x[:6], sphere(x[:6]))
    opt.tell(x[6:], sphere(x[6:]))
    y = opt.ask()
    opt.tell(y, sphere(y))
    assert opt.nit == 2 and opt.nfev == 15


def test_points_of_a_run_that_has_ended_are_counted_and_not_learned_from():
    def make(**changes):
        return CMAES(**{"x0": np.ones(3), "sigma0": 1.0, "popsize": 6, "stop": {"maxfevals": 6}, **changes})

    opt, other = IPOP(make, rng=1), IPOP(make, rng=1)
    x, y = opt.ask(8), other.ask(6)
    opt.tell(x[:6], sphere(x[:6]))
    other.tell(y, sphere(y))
    again = IPOP(make, rng=1)
    again.load_state_dict(opt.state_dict())
    for one in (opt, again):
        assert len(one.log) == 1 and one.popsize == 12
        one.tell(x[6:7], [-5.0])
        assert one.f_best == -5 and one.inner.nfev == 1
        fresh = one.ask()
        both = np.concatenate([fresh[:4], x[7:], fresh[4:]])
        one.tell(both, sphere(both))
        assert len(one.log) == 2 and one.log[-1]["nfev"] == 14
