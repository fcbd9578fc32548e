"""Saving: what is loaded goes on bit for bit, generator included, without pickle."""

import numpy as np
import pytest

from es.core import state
from es.registry import get_method
from tests.es.table import NAMES, rosenbrock, run, sphere


def steps(opt, count, f):
    for _ in range(count):
        x = opt.ask()
        opt.tell(x, f(x))
        opt.stop()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("x0", [np.zeros(3), np.zeros((4, 3))], ids=["one", "stack"])
def test_continues_bit_for_bit(name, x0, tmp_path):
    def make():
        return get_method(name)(x0, 0.5, rng=7, bounds=[(-2, 2)] * 3, stop={"ftarget": 1e-6})

    through, part = make(), make()
    steps(part, 15, rosenbrock)
    state.save(tmp_path / "run.npz", part.state_dict())
    resumed = make()
    resumed.load_state_dict(state.load(tmp_path / "run.npz"))
    run(through, rosenbrock, 400)
    run(resumed, rosenbrock, 400)
    for a, b in zip(through.results, resumed.results, strict=True):
        assert (a.nfev, a.nit, a.fun, a.stop, a.message) == (b.nfev, b.nit, b.fun, b.stop, b.message)
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.mean, b.mean)
    assert [stream.random() for stream in through._streams] == [stream.random() for stream in resumed._streams]


def test_ended_runs_are_saved():
    def make():
        return get_method("cmaes")(np.ones((5, 2)), [0.1, 0.2, 0.5, 1, 2], rng=1, stop={"ftarget": 1e-6})

    through, part = make(), make()
    while len(part.active) > 3:
        steps(part, 1, sphere)
    resumed = make()
    resumed.load_state_dict(part.state_dict())
    np.testing.assert_array_equal(resumed.active, part.active)
    run(through, sphere)
    run(resumed, sphere)
    assert through.stop() == resumed.stop()
    assert [r.fun for r in through.results] == [r.fun for r in resumed.results]
    assert [r.x.tolist() for r in through.results] == [r.x.tolist() for r in resumed.results]


def test_asked_points_are_saved():
    a = get_method("cmaes")(np.ones(3), 1.0, rng=1)
    x = a.ask()
    b = get_method("cmaes")(np.ones(3), 1.0, rng=99)
    b.load_state_dict(a.state_dict())
    for opt in (a, b):
        opt.tell(x, sphere(x))
    np.testing.assert_array_equal(a.ask(), b.ask())


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_every_bit_generator(kind):
    generator = np.random.Generator(kind(5))
    generator.standard_normal(3)
    generator.integers(10, dtype=np.int32)
    copy = state.generator_from_text(state.generator_to_text(generator))
    np.testing.assert_array_equal(generator.standard_normal(9), copy.standard_normal(9))
    assert generator.integers(2**32, dtype=np.uint32) == copy.integers(2**32, dtype=np.uint32)


def test_the_callers_generator_stays_in_use():
    mine = np.random.default_rng(3)
    opt = get_method("snes")(np.ones(3), 1.0, rng=mine)
    saved = opt.state_dict()
    first = opt.ask()
    opt.load_state_dict(saved)
    np.testing.assert_array_equal(opt.ask(), first)
    assert opt._streams[0] is mine and opt.seed is None


def test_wrong_states():
    saved = get_method("cmaes")(np.ones(3), 1.0, rng=1).state_dict()
    with pytest.raises(ValueError, match="state must be of an optimizer with class SNES, got CMAES"):
        get_method("snes")(np.ones(3), 1.0).load_state_dict(saved)
    with pytest.raises(ValueError, match="popsize 9, got 7"):
        get_method("cmaes")(np.ones(3), 1.0, popsize=9).load_state_dict(saved)
    with pytest.raises(ValueError, match="state must fit x0 of 2 coordinates"):
        get_method("cmaes")(np.ones(2), 1.0, popsize=7).load_state_dict(saved)
    with pytest.raises(ValueError, match="rng state must name a NumPy bit generator, got 'os'"):
        state.generator_from_text('{"bit_generator": "os"}')


def test_save_replaces_in_one_step(tmp_path):
    path = tmp_path / "a.npz"
    state.save(path, {"a": np.arange(3)})
    with pytest.raises(ValueError, match="plain arrays, got objects in 'a'"):
        state.save(path, {"a": np.array([None])})
    assert state.load(path)["a"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_seeds():
    make = get_method("cmaes")
    assert make([0.0], rng=0).seed == 0
    drawn = make([0.0]).seed
    np.testing.assert_array_equal(make([0.0, 1.0], rng=drawn).ask(), make([0.0, 1.0], rng=drawn).ask())
    assert (make([0.0, 1.0], rng=0).ask() != make([0.0, 1.0], rng=1).ask()).all()
    assert (make([0.0, 1.0]).ask() != make([0.0, 1.0]).ask()).all()


def test_what_ranked_the_last_points_is_saved():
    """Whether f did decides if a best point elsewhere is a doubt; states of older versions do not say."""
    opt = get_method("cmaes")(np.ones(3), 0.5, rng=1)
    x = opt.ask()
    opt.tell(x, sphere(x), rank_by=np.abs(x).max(-1))
    saved = opt.state_dict()
    again = get_method("cmaes")(np.ones(3), 0.5, rng=2)
    again.load_state_dict(saved)
    assert not opt.ranks_values and not again.ranks_values
    books = state.unpack(saved["books"])
    del books["ranks_values"]
    again.load_state_dict({**saved, "books": state.pack(books)})
    assert again.ranks_values


def valley(x):
    return np.abs(x[..., 0] + x[..., 1]) + 100 * np.abs(x[..., 0] - x[..., 1])


def two_wells(x):
    return x[..., 0] ** 2 + (x[..., 1] ** 2 - 1) ** 2


def slope_of_wells(x):
    return np.stack([2 * x[..., 0], 4 * x[..., 1] * (x[..., 1] ** 2 - 1)], axis=-1)


@pytest.mark.parametrize("x0", [[0.0, 0.0], [[0.0, 0.0], [0.3, 0.7], [0.0, 0.0]]], ids=["one", "stack"])
@pytest.mark.parametrize(("name", "f"), [("one-plus-one", valley), ("adam", two_wells), ("sgd", two_wells)])
def test_searches_that_have_begun_again_are_saved(name, f, x0):
    """A (1+1)-ES whose steps had become small, and rules that left a start without slope."""

    def make():
        return get_method(name)(np.array(x0) + (f is valley), 1.0, rng=3)

    def go_on(opt, most=np.inf):
        while not opt.stop() and opt.nit < most:
            x = opt.ask()
            opt.tell(x, f(x), *([slope_of_wells(x)] if opt.wants_gradient else []))
        return opt

    through = go_on(make())
    if through.runs is None:  # else runs that have ended are gone from it
        assert getattr(through, "looks", 0) > 1 or getattr(through, "sides", 0) == 1
    for part in (0.3, 0.6, 0.98):
        resumed = make()
        resumed.load_state_dict(go_on(make(), int(part * through.nit)).state_dict())
        for one, other in zip(go_on(resumed).results, through.results, strict=True):
            assert (one.fun, one.nfev, one.nit, one.stop) == (other.fun, other.nfev, other.nit, other.stop)
            np.testing.assert_array_equal(one.x, other.x)
