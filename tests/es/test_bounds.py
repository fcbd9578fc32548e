"""Bounds: nothing is evaluated outside, and optima are found inside, at faces and in corners."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds

from es.parts.bounds import HANDLERS, Transform, handler
from es.registry import get_method
from problems.boxes import Box
from tests.es.table import CONVERGING, ellipsoid, rotation, run, sphere

METHODS = list(HANDLERS)


def watched(f, lb, ub):
    def g(x):
        assert (x >= lb).all() and (x <= ub).all()
        return f(x)

    return g


# Each strategy with the default, and CMA-ES with every method.
CASES = [(name, "transform") for name in CONVERGING] + [
    ("cmaes", method) for method in METHODS if method != "transform"
]
CMAES = get_method("cmaes")


@pytest.mark.parametrize(("name", "method"), CASES)
@pytest.mark.parametrize("place", ["inside", "face", "corner"])
def test_optima(name, method, place):
    n = 4
    x_opt = {"inside": [0.3, -0.2, 0.5, 0], "face": [1.5, -0.2, 0.5, 0], "corner": [1.5, -1.5, 1.2, -1.1]}[place]
    nearest = np.clip(x_opt, -1, 1)
    f = watched(lambda x: sphere(x - x_opt), -1, 1)
    stop = {"ftarget": sphere(nearest - x_opt) + 1e-7, "maxfevals": 20_000}
    opt = get_method(name)(np.zeros(n), 0.5, bounds=[(-1, 1)] * n, bounds_method=method, rng=2, stop=stop)
    result = run(opt, f).result
    assert result.success, result.message
    assert abs(result.x - nearest).max() < 1e-3
    assert (abs(result.mean) <= 1).all()


def test_interior_optimum_costs_what_it_costs_without_bounds():
    n = 5
    R = rotation(n)

    def f(x):
        return ellipsoid((x - 0.1) @ R, 1e4)

    used = {}
    for bounds in (None, [(-1, 1)] * n):
        opt = get_method("cmaes")(np.full((15, n), 0.5), 0.3, bounds=bounds, rng=1, stop={"ftarget": 1e-8})
        used[bounds is None] = np.median([result.nfev for result in run(opt, f).results])
    assert used[False] < 1.1 * used[True]


@pytest.mark.parametrize(
    "bounds",
    [Bounds([0, -np.inf], [1, 0]), [(0, 1), (None, 0)], [(0, 1), (-np.inf, 0)], Box([0, -np.inf], [1, 0])],
    ids=["Bounds", "None", "inf", "Box"],
)
def test_formats(bounds):
    opt = get_method("cmaes")([0.5, -3.0], 2.0, bounds=bounds, rng=1)
    x = np.concatenate([opt.ask() for _ in range(20)])
    assert (x[:, 0] >= 0).all() and (x[:, 0] <= 1).all() and (x[:, 1] <= 0).all()
    assert x[:, 1].min() < -3


def test_refused():
    with pytest.raises(ValueError, match="lower <= upper"):
        get_method("cmaes")([0.5], bounds=[(1, 0)])
    with pytest.raises(ValueError, match="n=2"):
        get_method("cmaes")([0.5, 0.5], bounds=[(0, 1)])
    opt = get_method("cmaes")([0.5], 0.1, bounds=[(0, 1)], rng=1)
    x = opt.ask()
    x[0] = 2
    with pytest.raises(ValueError, match=r"x must lie within bounds, got 2.0 outside \[0.0, 1.0\] in coordinate 0"):
        opt.tell(x, np.ones(len(x)))


def test_fixed_coordinate():
    opt = get_method("cmaes")([0.5, 2.0], 0.3, bounds=[(-1, 1), (2, 2)], rng=1, stop={"ftarget": 4 + 1e-9})
    result = run(opt, watched(sphere, [-1, 2], [1, 2])).result
    assert result.success and result.x[1] == 2


def test_start_at_a_face_and_wide_steps():
    opt = get_method("cmaes")([0.0, 1.0], 50.0, bounds=[(0, 1)] * 2, rng=1, stop={"ftarget": 1e-9})
    assert run(opt, watched(lambda x: sphere(x - 0.4), 0, 1)).result.success


def test_default_steps_come_from_the_bounds():
    opt = get_method("cmaes")([0.5, 5.0, 1.0], bounds=[(0, 1), (0, 10), (None, 3)], rng=1)
    np.testing.assert_allclose(opt.stds, [0.3, 3, 1.5])


@settings(max_examples=60, deadline=None)
@given(
    u=st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3),
    scale=st.floats(1e-3, 1e3),
    method=st.sampled_from(METHODS),
)
def test_decode_stays_inside_and_encode_goes_back(u, scale, method):
    box = Box([-1.0, -2.0, -np.inf], [1.0, np.inf, 5.0])
    keeper = handler(method, box, np.full(3, scale))
    x = keeper.decode(np.array(u))
    assert (x >= box.lb).all() and (x <= box.ub).all()
    np.testing.assert_allclose(keeper.decode(keeper.encode(x)), x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("points", [40, 4000])
@pytest.mark.parametrize("method", METHODS)
def test_each_coordinate_is_mapped_as_it_would_be_alone(method, points):
    """Whatever faces the others have: none, one, two, one beyond all reach, no room between them."""
    lb, ub = np.array([-1.0, -np.inf, 0.5, -1e200, 2.0]), np.array([1.0, np.inf, np.inf, 5.0, 2.0])
    scale = np.array([0.7, 1.0, 3.0, 0.2, 0.7])
    u = np.random.default_rng(3).normal(size=(points, 5)) * np.array([4.0, 9.0, 2.0, 6.0, 1.0])
    alone = [handler(method, Box(lb[i : i + 1], ub[i : i + 1]), scale[i : i + 1]) for i in range(5)]
    together = handler(method, Box(lb, ub), scale).decode(u)
    np.testing.assert_array_equal(together, np.hstack([one.decode(u[:, i : i + 1]) for i, one in enumerate(alone)]))


def test_transform_is_smooth_and_the_identity_inside():
    box = Box([0.0], [1.0])
    keeper = Transform(box, np.array([100.0]))  # the margin is a quarter of the width
    u = np.linspace(-2, 3, 5001)[:, None]
    x = keeper.decode(u)[:, 0]
    slope = np.diff(x) / np.diff(u[:, 0])
    assert abs(slope).max() < 1 + 1e-9 and abs(np.diff(slope)).max() < 0.01
    inside = (u[:, 0] > 0.26) & (u[:, 0] < 0.74)
    np.testing.assert_array_equal(x[inside], u[inside, 0])


@pytest.mark.parametrize("margin", ["transform", "narrow"])
def test_a_mean_beyond_a_face_is_as_good_as_its_mirror_image(margin):
    """The penalty counts from the period of the map that holds the mean, so both rank the same points alike."""
    box = [(-1.0, 1.0), (0.0, None), (None, 0.5)]
    opt = CMAES([0.2, 0.3, 0.1], 1.0, bounds=box, bounds_method=margin, rng=1)
    twin = CMAES([0.2, 0.3, 0.1], 1.0, bounds=box, bounds_method=margin, rng=1)
    a = opt.handler._margin
    twin.mean = np.array([2 * (1 + a[0]), -2 * a[1], 2 * (0.5 + a[2])]) - opt.mean
    u = opt.mean + np.random.default_rng(0).standard_normal((50, 3)) * 3
    mirrored = opt.mean + twin.mean - u
    f = np.arange(50.0)
    np.testing.assert_allclose(opt.handler.decode(u), twin.handler.decode(mirrored), atol=1e-12)
    ranks = opt.handler.ranked_by(f, u, opt)
    assert (ranks > f).any()
    np.testing.assert_allclose(ranks, twin.handler.ranked_by(f, mirrored, twin), rtol=1e-9)


def test_narrow_valleys_across_a_face_are_followed():
    """With the penalty counted from the box, 9 of 4000 such runs came to rest beyond a face."""
    n, R = 10, rotation(10)
    x0 = np.random.default_rng(5).uniform(-5, 5, (300, n))
    opt = CMAES(x0, 1.5, bounds=[(-5, 5)] * n, rng=7, stop={"ftarget": 1e-8, "maxfevals": 30_000})
    assert all(result.fun <= 1e-8 for result in run(opt, lambda x: ellipsoid(x @ R)).results)


def linear(x):
    return (x + 5).sum(-1)


def slope(x):
    """BBOB's f5: weights from 1 to 10, the optimum in one corner."""
    n = x.shape[-1]
    sign = np.where(np.arange(n) % 3 == 0, -1.0, 1.0)
    return (10 ** (np.arange(n) / (n - 1)) * (5 - sign * x)).sum(-1)


@pytest.mark.parametrize(("f", "pycma"), [(linear, 1600), (slope, 1850)])
def test_corners_cost_about_what_they_cost_pycma(f, pycma):
    """Medians of 31 runs of pycma 4.5 from the same places."""
    n, runs = 10, 61
    x0 = np.random.default_rng(3).uniform(-4, 4, (runs, n))
    opt = CMAES(x0, 2.0, bounds=[(-5, 5)] * n, rng=list(range(runs)), stop={"ftarget": 1e-8, "maxfevals": 20_000})
    assert np.median([result.nfev for result in run(opt, f).results]) < 1.1 * pycma


@pytest.mark.parametrize("method", ["transform", "narrow"])
@pytest.mark.parametrize(
    ("popsizes", "n"), [([4], 4), ([3, 3, 3], 3), ([3, 1, 5], 2), ([1, 1, 1], 3), ([9], 1), ([2, 4], 6), ([1], 1)]
)
@pytest.mark.parametrize("alike", [True, False])
def test_points_of_lanes_are_told_from_a_mean_for_each(method, popsizes, n, alike):
    """Also where there are as many points, coordinates, members of a population or runs as of another of these."""
    runs, rng = len(popsizes), np.random.default_rng(3)
    low = np.full(n, -1.0) if alike else -1 - np.arange(n)
    box, scale = Box(low, -low), (np.ones((runs, n)) if alike else rng.uniform(0.1, 2, (runs, n)))
    together, lane = handler(method, box, scale), np.arange(runs).repeat(popsizes)
    together.lanes = lane
    alone = [handler(method, box, one) for one in scale]
    u, means = rng.normal(0, 3, (len(lane), n)), rng.normal(0, 1.5, (runs, n))
    x, x_mean = together.decode(u), together.decode(means)
    np.testing.assert_array_equal(together.encode(x), [alone[i].encode(one) for i, one in zip(lane, x, strict=True)])
    u_mean = [of_one.encode(one) for of_one, one in zip(alone, x_mean, strict=True)]
    np.testing.assert_array_equal(together.encode(x_mean), u_mean)
    state = SimpleNamespace(mean=means, stds=0.5 * scale, scale0=scale)
    x = together.decode(u)
    beyond = together.beyond(u, state)
    for i, of_one in enumerate(alone):
        mine = u[lane == i]
        np.testing.assert_array_equal(x[lane == i], of_one.decode(mine))
        np.testing.assert_array_equal(x_mean[i], of_one.decode(means[i]))
        of_one.decode(mine)
        state = SimpleNamespace(mean=means[i], stds=0.5 * scale[i], scale0=scale[i])
        expected = of_one.beyond(mine, state)
        got = 0 * mine if beyond is None else beyond[lane == i]
        np.testing.assert_array_equal(got, 0 * mine if expected is None else expected)


def test_one_point_is_no_point_of_lanes_though_it_has_as_many_coordinates():
    box, scale = Box(-1 - np.arange(4.0), 1 + np.arange(4.0)), np.arange(1.0, 5.0)
    one, u = handler("transform", box, scale), np.array([3.0, -4.0, 0.5, 9.0])
    expected, back = one.decode(u), one.encode(one.decode(u))
    one.lanes = np.zeros(4, np.intp)
    np.testing.assert_array_equal(one.decode(u), expected)
    np.testing.assert_array_equal(one.encode(expected), back)
