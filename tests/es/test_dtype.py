"""Single precision: points keep their type, bounds hold, what is learned stays in double precision."""

import numpy as np
import pytest

import es
from es.core import state
from es.parts.precision import inner_box, nearest_box
from es.registry import get_method
from problems.boxes import Box
from tests.es.table import CONVERGING, NAMES, ellipsoid, run, sphere

LINEAR = ["snes", "sep-cmaes", "r1nes", "csa-es", "crfmnes", "openai-es", "pgpe", "ars", "guided-es"]
SINGLE = np.dtype(np.float32)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bounds", [None, [(-0.1, 0.7)] * 3], ids=["free", "box"])
@pytest.mark.parametrize("x0", [np.full(3, 0.5), np.full((2, 3), 0.5)], ids=["one", "stack"])
def test_points_are_single(name, bounds, x0):
    opt = get_method(name)(x0, 0.3, dtype=SINGLE, bounds=bounds, rng=1, stop={"maxiter": 30})
    while not opt.stop():
        x = opt.ask()
        assert x.dtype == SINGLE
        if bounds is not None:  # compared as they are: the limits are no numbers of single precision
            assert (x.astype(float) >= -0.1).all() and (x.astype(float) <= 0.7).all()
        opt.tell(x, sphere(x))
    assert opt.mean.dtype == np.float64 and np.asarray(opt.sigma).dtype == np.float64
    assert all(result.x.dtype == SINGLE and result.fun < 0.75 for result in opt.results)


@pytest.mark.parametrize("name", [name for name in LINEAR if name in CONVERGING])
@pytest.mark.parametrize("sampling", ["normal", "mirrored", "mirrored-orthogonal"])
def test_they_converge(name, sampling):
    stop = {"ftarget": 1e-8, "maxfevals": 60_000}
    opt = get_method(name)(np.full(10, 2.0), 1.0, dtype="float32", sampling=sampling, rng=1, stop=stop)
    assert run(opt, lambda x: ellipsoid(x.astype(float), 10)).result.success


@pytest.mark.parametrize("name", LINEAR)
def test_continues_bit_for_bit(name, tmp_path):
    def make():
        return get_method(name)(np.full((2, 5), 0.5), 0.5, dtype=SINGLE, bounds=[(-2, 2)] * 5, rng=7)

    def steps(opt, count):
        for _ in range(count):
            x = opt.ask()
            opt.tell(x, sphere(x))

    through, part = make(), make()
    steps(through, 12)
    steps(part, 5)
    x = part.ask()
    state.save(tmp_path / "run.npz", part.state_dict())
    resumed = make()
    resumed.load_state_dict(state.load(tmp_path / "run.npz"))
    resumed.tell(x, sphere(x))
    steps(resumed, 6)
    np.testing.assert_array_equal(through.mean, resumed.mean)
    assert through.ask().tobytes() == resumed.ask().tobytes()
    assert [r.x.tobytes() for r in through.results] == [r.x.tobytes() for r in resumed.results]


@pytest.mark.parametrize("name", LINEAR)
def test_stacks_and_order_of_rows(name):
    """A run in a stack, alone, and with its rows told in another order: the same bits."""
    x0, seeds, order = np.random.default_rng(0).standard_normal((3, 6)), [4, 5, 6], np.random.default_rng(1)
    stack = get_method(name)(x0, 0.5, dtype=SINGLE, rng=seeds)
    alone, permuted = (get_method(name)(x0[1], 0.5, dtype=SINGLE, rng=5) for _ in range(2))
    for _ in range(15):
        x = stack.ask()
        stack.tell(x, sphere(x))
        x = alone.ask()
        alone.tell(x, sphere(x))
        x = order.permutation(permuted.ask())
        permuted.tell(x, sphere(x))
    np.testing.assert_array_equal(alone.mean, stack.mean[1])
    np.testing.assert_array_equal(alone.mean, permuted.mean)


def test_points_of_the_callers_own_are_rounded():
    opt = get_method("snes")(np.zeros(3), 0.3, dtype=SINGLE, bounds=[(-0.1, 0.7)] * 3, rng=1)
    x = np.asarray(opt.ask(), dtype=float)
    x[0] = [0.7, -0.1, 0.3]  # in the box, where their neighbours in single precision are not
    opt.tell(x, np.arange(len(x)))
    np.testing.assert_array_equal(opt.x_best, np.float32([0.7, -0.1, 0.3]))


def test_boxes():
    box = Box([0.1, -0.1, 0.3, 1.0], [0.7, 0.9, 0.3, np.inf])
    inner, nearest = inner_box(box, SINGLE), nearest_box(box, SINGLE)
    for each in (inner, nearest):
        np.testing.assert_array_equal(each.lb, each.lb.astype(SINGLE))
        np.testing.assert_allclose(each.lb, box.lb, rtol=1e-7)
        np.testing.assert_allclose(each.ub, box.ub, rtol=1e-7)
    moving = box.lb < box.ub
    assert (inner.lb >= box.lb)[moving].all() and (inner.ub <= box.ub)[moving].all()
    assert inner.lb[2] == inner.ub[2] == np.float32(0.3)
    assert inner_box(box, np.dtype(float)) is box and inner_box(None, SINGLE) is None


def test_minimize_takes_it():
    seen = []

    def f(x):
        return float(sphere(np.asarray(x, dtype=float)))

    result = es.minimize(
        f,
        np.full(4, 2.0),
        method="snes",
        rng=1,
        options={"dtype": "float32", "sampling": "mirrored", "stop": {"ftarget": 1e-6}},
        callback=lambda intermediate_result: seen.append(intermediate_result.fun),
    )
    assert result.success and result.fun <= 1e-6 and seen
    np.testing.assert_array_equal(result.x, result.x.astype(SINGLE))  # what was evaluated


@pytest.mark.parametrize("dtype", ["float16", int, "single?", None.__class__])
def test_wrong_types(dtype):
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got"):
        get_method("snes")([0.0], dtype=dtype)


def test_states_of_another_precision():
    saved = get_method("snes")(np.ones(3), rng=1).state_dict()
    with pytest.raises(ValueError, match="with dtype float32, got float64"):
        get_method("snes")(np.ones(3), rng=1, dtype="float32").load_state_dict(saved)


@pytest.mark.parametrize("name", LINEAR)
def test_numbers_stay_in_range(name):
    opt = get_method(name)(np.zeros(2), 1.0, rng=0, dtype=SINGLE)
    values = np.random.default_rng(0)
    for i in range(1500):
        x = opt.ask()
        opt.tell(x, x.sum(-1) if i < 700 else values.random(len(x)))
    assert np.isfinite(opt.ask()).all()
