"""Gradient methods as optimizers."""

import numpy as np
import pytest

import es
from autodiff import optim
from es.gradient import descent

NAMES = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]


def quadratic(x):
    return (x * x).sum(-1)


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_those_of_the_rule(name):
    opt = es.get_method(name)([1.0, -2.0], lr=0.05)
    rule, x = optim.rules[name](lr=0.05), np.array([1.0, -2.0])
    for _ in range(20):
        asked = opt.ask()
        assert asked.shape == (1, 2)
        assert asked[0] == pytest.approx(x, rel=1e-12)
        opt.tell(asked, quadratic(asked), 2 * asked)
        x = rule.step(x, 2 * x)


@pytest.mark.parametrize("name", NAMES)
def test_a_stacked_run_is_bit_identical_to_a_single_one(name):
    start = np.random.default_rng(0).uniform(-2, 2, (4, 3))
    rates = np.array([0.01, 0.1, 0.3, 3.0])
    cls = es.get_method(name)
    stack = cls(start, lr=rates, stop={"maxfevals": [30, 80, 50, 80]})
    single = [cls(x, lr=lr, stop={"maxfevals": m}) for x, lr, m in zip(start, rates, (30, 80, 50, 80), strict=True)]
    while not stack.stop():
        x = stack.ask()
        stack.tell(x, quadratic(x), 2 * x)
    for run, opt in enumerate(single):
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, quadratic(x), 2 * x)
        assert (stack.results[run].x == opt.result.x).all()
        assert stack.results[run].fun == opt.result.fun
        assert stack.results[run].nfev == opt.result.nfev


def test_adam_out_of_the_box_on_rosenbrock():
    from scipy.optimize import rosen, rosen_der

    start = np.random.default_rng(0).uniform(-2, 2, 10)
    res = es.minimize(rosen, start, method="adam", jac=rosen_der, maxfevals=20000)
    assert res.fun < 1e-6
    assert res.stop.keys() & {"tolrate", "tolgrad"}


def test_a_rate_that_is_much_too_high_is_halved_until_it_holds():
    scale = 10.0 ** np.arange(4)
    res = es.minimize(
        lambda x: (scale * x * x).sum(),
        np.ones(4),
        method="sgd",
        jac=lambda x: 2 * scale * x,
        options={"lr": 100.0},
        maxfevals=5000,
    )
    assert res.fun < 1e-6


def test_schedules_options_and_their_errors():
    opt = descent.Adam([1.0], lr=optim.Exponential(0.1, 0.9), beta1=0.5, clip_norm=1.0)
    opt.tell(opt.ask(), [1.0], [[2.0]])
    assert opt.mean[0] == pytest.approx(0.9)
    for bad, message in (({"lr": -1}, "lr must be"), ({"beta1": 2}, "beta1"), ({"patience": 0}, "patience")):
        with pytest.raises(ValueError, match=message):
            descent.Adam([1.0], **bad)
    with pytest.raises(ValueError, match="g must be given"):
        opt.tell(opt.ask(), [1.0])


def test_bounds_end_in_the_corner():
    res = es.minimize(lambda x: x.sum(), [0.5, 0.5], method="adam", jac=lambda x: np.ones(2), bounds=[(0, 1)] * 2)
    assert (res.x == 0).all()
    assert "tolgrad" in res.stop  # the gradient points out of the bounds


def test_state_dict_round_trip():
    opt, other = descent.Adam([1.0, 2.0]), descent.Adam([1.0, 2.0])
    for _ in range(5):
        x = opt.ask()
        opt.tell(x, quadratic(x), 2 * x)
    other.load_state_dict(opt.state_dict())
    for one in (opt, other):
        x = one.ask()
        one.tell(x, quadratic(x), 2 * x)
    assert (opt.mean == other.mean).all()


def test_a_constant_rate_where_patience_is_none():
    opt = descent.SGD(np.ones(2), lr=0.9999, patience=None)
    for _ in range(300):
        x = opt.ask()
        opt.tell(x, 1 + (x * x).sum(-1) * 0, 0 * x)
    assert opt.rate == 1.0 and "tolrate" not in opt.stop()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("least", [np.inf, 1e308])
def test_a_start_without_a_value_beside_others_warns_of_nothing(least):
    def f(x):
        return np.where(x[..., 0] < 0.5, least, (x**2).sum(-1))

    starts = np.array([[0.2, 1.0], [3.0, 3.0]])
    runs = es.minimize_runs(f, starts, method="adam", jac=lambda x: 2 * x, vectorized=True, rng=1, maxfevals=500)
    assert np.isnan(runs[0].fun) or runs[0].fun == least
    assert not runs[1].success and runs[1].fun < 1
