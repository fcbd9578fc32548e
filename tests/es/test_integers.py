"""CMA-ES with margin."""

import numpy as np
import pytest
from scipy.optimize import Bounds
from scipy.special import ndtr

import es
from es.strategies.cmaes_margin import MarginCMAES
from tests.es import functions as F

N = 20
MIXED = [0] * 10 + [1] * 10
SCALE = 1e6 ** (np.arange(N) / (N - 1))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("fun", "budget"), [(F.sphere, 7000), (lambda x: SCALE @ x**2, 15000)], ids=["SphereInt", "EllipsoidInt"]
)
def test_mixed_problems_of_the_paper(fun, budget, seed):
    res = es.minimize(fun, np.full(N, 7.0), sigma0=2.0, integrality=MIXED, rng=seed, maxfevals=budget, ftarget=1e-10)
    assert res.success
    assert (res.x[10:] == 0).all()


@pytest.mark.parametrize("seed", range(2))
def test_leading_ones(seed):
    res = es.minimize(
        lambda x: N - np.cumprod(x > 0.5).sum(),
        np.full(N, 0.5),
        bounds=[(0, 1)] * N,
        integrality=[1] * N,
        rng=seed,
        ftarget=0,
        maxfevals=5000,
    )
    assert res.success


def test_binary_beside_real_variables_in_many_runs():
    def fun(x):
        return (x[..., :10] ** 2).sum(-1) + 10 - x[..., 10:].cumprod(-1).sum(-1)

    start = np.random.default_rng(N).uniform(1, 3, (30, N))
    start[:, 10:] = 0.5
    bounds = Bounds(np.repeat([-np.inf, 0.0], 10), np.repeat([np.inf, 1.0], 10))
    stop = {"ftarget": 1e-10, "maxfevals": 10_000}
    opt = MarginCMAES(start, 1.0, integrality=MIXED, bounds=bounds, rng=1, stop=stop)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, fun(x))
    assert max(result.fun for result in opt.results) <= 1e-10


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_the_margin_is_alpha_whatever_the_step_size(scale):
    opt = MarginCMAES(np.full(2, 0.5), scale, integrality=[1, 1], bounds=[(0, 1), (0, 5)], rng=1)
    opt.mean = opt.mean + scale * np.array([40.0, -70.0])
    opt._keep_margin(0.01)
    other = ndtr(np.array([-1, 1]) * (opt.mean - 0.5) / opt.stds)  # of the integers beside the one the mean lies on
    assert other == pytest.approx(0.01)


def test_only_integers_are_evaluated_inside_the_bounds():
    seen = []

    def fun(x):
        seen.append(x.copy())
        return F.sphere(x - 2.3)

    res = es.minimize(
        fun, [0.5, 0.5, 1.0], bounds=[(-1.5, 1.7), (None, 1), (0.1, 9)], integrality=[1, 0, 1], rng=1, maxfevals=1500
    )
    seen = np.array(seen)
    assert (seen[:, [0, 2]] == np.rint(seen[:, [0, 2]])).all()
    assert set(np.unique(seen[:, 0])) <= {-1.0, 0.0, 1.0}
    assert seen[:, 1].max() <= 1
    assert seen[:, 2].min() >= 1
    assert res.x == pytest.approx([1, 1, 2], abs=1e-5)


def test_the_margin_holds_after_every_update():
    opt = MarginCMAES(
        np.full(4, 3.2), 1.0, integrality=[1, 1, 0, 1], bounds=[(0, 5), (None, None), (-9, 9), (0, 4)], rng=2
    )
    alpha = 1 / (4 * opt.popsize)
    for _ in range(150):
        x = opt.ask()
        opt.tell(x, F.rows_sphere(x))
        m, s = opt.mean, opt.stds
        for j in (0, 1, 3):
            cell = np.clip(np.rint(m[j]), *((0, 5), (-np.inf, np.inf), None, (0, 4))[j])
            leave = ndtr((cell - 0.5 - m[j]) / s[j]) + ndtr((m[j] - cell - 0.5) / s[j])
            assert leave > 0.4 * alpha


def test_stack_and_state():
    def fun(x):
        return ((x - 1.4) ** 2).sum(-1)

    stack = MarginCMAES(np.full((2, 3), 5.0), 1.0, integrality=[1, 0, 1], rng=[3, 4])
    one = MarginCMAES(np.full(3, 5.0), 1.0, integrality=[1, 0, 1], rng=4)
    for _ in range(30):
        x, y = stack.ask(), one.ask()
        assert (x[1] == y).all()
        stack.tell(x, fun(x))
        one.tell(y, fun(y))
    other = MarginCMAES(np.full(3, 5.0), 1.0, integrality=[1, 0, 1], rng=0)
    other.load_state_dict(one.state_dict())
    assert (other.ask() == one.ask()).all()


def test_without_integers_it_is_cma_es():
    for box in (None, [(-3, 3)] * 4):
        margin, plain = (cls(np.ones(4), 1.0, rng=3, bounds=box) for cls in (MarginCMAES, es.CMAES))
        for _ in range(50):
            x, y = margin.ask(), plain.ask()
            assert (x == y).all()
            margin.tell(x, F.rows_sphere(x))
            plain.tell(y, F.rows_sphere(y))


def test_points_of_the_callers_own():
    opt = MarginCMAES(np.full(3, 5.0), 1.0, integrality=[1, 0, 1], rng=3)
    x = np.vstack([opt.ask(), [[1.0, 1.5, 1.0]]])
    opt.tell(x, F.rows_sphere(x - 1))
    assert (opt.x_best == [1.0, 1.5, 1.0]).all()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"integrality": [1]}, "integrality must have shape"),
        ({"integrality": [1, 0], "bounds": [(0.2, 0.8), (0, 1)]}, "whole number"),
    ],
)
def test_errors(more, message):
    with pytest.raises(ValueError, match=message):
        MarginCMAES([0.5, 0.5], 1.0, **more)
