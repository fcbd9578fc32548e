"""Before a run calls itself a success it looks at its best point once more, and further out where that is far."""

import numpy as np
import pytest

import es
from es.auto import endings
from es.auto.last_look import LastLook
from es.auto.line import Line

# f tends to a limit: along both axes, along one, along a valley that is oblique, or slower than any exponential.
AWAY = {
    "softplus": lambda x: np.logaddexp(0, -x).sum(),
    "softplus + 1": lambda x: np.logaddexp(0, -x).sum() + 1,
    "turned": lambda x: np.logaddexp(0, -x.sum()) + np.logaddexp(0, -x[0] - 2 * x[1]),
    "oblique": lambda x: np.exp(-x[0] - x[1]) + (x[0] - x[1]) ** 2,
    "oblique + 1": lambda x: np.exp(-x[0] - x[1]) + (x[0] - x[1]) ** 2 + 1,
    "ratio": lambda x: 1 / (1 + (x[0] + x[1]) ** 2) + (x[0] - x[1]) ** 2,
    "hill": lambda x: 3 + 1 / (1 + x @ x),
    "arctan": lambda x: np.arctan(x[0] + 0.3 * x[1]) + (x[1] - 1) ** 2,
}
# Minima far from the start in units of sigma0, alone or in a level valley without an end.
LONG = {
    "far": (lambda x: ((x - 1e3) ** 2).sum(), [0.0, 0.0], {}),
    "tiny steps": (lambda x: ((x - 5) ** 2).sum(), [0.0, 0.0], {"sigma0": 1e-3}),
    "fourth power": (lambda x: ((x - 9.0) ** 4).sum() + (x[0] - x[1]) ** 2, [0.0, 0.0], {"sigma0": 0.5}),
    "unused": (lambda x: (x[0] - 1e3) ** 2, [3.0, 3.0], {}),
    "level": (lambda x: (x[0] + x[1] - 1e4) ** 2, [3.0, 1.0], {}),
    "hyperbola": (lambda x: (x[0] * x[1] - 1) ** 2, [0.001, 0.002], {"sigma0": 0.03}),
    "circle": (lambda x: (x @ x - 1) ** 2, [0.01, 0.01], {"sigma0": 0.01}),
    "one-sided": (lambda x: np.exp(x[0] + x[1]) - x.sum() + (x[0] - x[1]) ** 2, [30.0, 20.0], {"sigma0": 1}),
    "banana": (lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (x[0] - 30) ** 2, [1.0, 1.0], {"sigma0": 0.3}),
}


@pytest.mark.parametrize("method", ["auto", "quasi-newton", "separable-search"])
@pytest.mark.parametrize("name", AWAY)
def test_no_success_where_f_tends_to_a_limit_far_out(name, method):
    for x0 in ([0.1, 0.2], [3.0, -2.0]):
        for seed in range(2):
            res = es.minimize(lambda x: float(AWAY[name](x)), x0, method=method, rng=seed)
            assert not res.success, res.message


def test_the_end_is_named_in_any_units_maximized_and_with_a_budget_and_bounds_help():
    def f(x):
        return float(AWAY["oblique"](x))

    res = es.minimize(f, [3.0, -2.0], rng=1)
    assert set(res.stop) == {"endless"} and "bounds" in res.message and "last look" in res.message
    assert set(es.minimize(lambda x: -f(x), [3.0, -2.0], maximize=True, rng=1).stop) == {"endless"}
    assert set(es.minimize(lambda x: f(x / 1e6), [3e6, -2e6], rng=1).stop) == {"endless"}
    assert set(es.minimize(lambda x: 1e9 * f(x), [3.0, -2.0], method="quasi-newton").stop) == {"endless"}
    assert not es.minimize(f, [3.0, -2.0], maxfevals=20_000, rng=1).success
    within = es.minimize(f, [3.0, -2.0], bounds=[(-9, 9)] * 2, rng=1)
    assert within.success and np.allclose(within.x, 9)
    for runs in es.minimize_runs(f, np.array([[3.0, -2.0]] * 2), method="auto", rng=1):
        assert not runs.success


def test_gradients_tell_the_same():
    def slope(x):
        return -np.exp(-x.sum()) + 2 * (x[0] - x[1]) * np.array([1, -1])

    for method in ("auto", "quasi-newton"):
        res = es.minimize(lambda x: float(AWAY["oblique"](x)), [3.0, -2.0], jac=slope, method=method, rng=1)
        assert not res.success, res.message


@pytest.mark.parametrize("name", LONG)
def test_a_long_way_to_a_minimum_is_a_success(name):
    f, x0, more = LONG[name]
    for seed in range(2):
        res = es.minimize(lambda x: float(f(x)), x0, rng=seed, **more)
        least = 1.0 if name == "one-sided" else 0.0
        assert res.success and res.fun < least + 1e-9, res.message
    res = es.minimize(lambda x: float(f(x)), x0, method="quasi-newton", **more)
    assert res.success and res.fun < least + 1e-9, res.message


def test_a_look_that_is_saved_goes_on_to_the_same_bits():
    def f(x):
        return np.array([float(AWAY["oblique + 1"](point)) for point in x])

    for cls in (es.Auto, es.QuasiNewton):
        opt, looked = cls([3.0, -2.0], 1.0, rng=1), 0
        while not opt.stop():
            x = opt.ask()
            if isinstance(getattr(opt, "look", None) or getattr(opt, "_search", None), LastLook):
                looked += 1
                again = cls([3.0, -2.0], 1.0, rng=1)
                again.load_state_dict(opt.state_dict())
                assert (again.ask() == x).all()
                if looked % 3:
                    opt = again
            opt.tell(x, f(x))
        assert looked > 10 and set(opt.stop()) == {"endless"}


def two_hollows(x):
    """A wide one around 0, and a deeper one around (3, 3) that is narrow."""
    return min(x @ x + 0.5 * x[0] * x[1], 50 * ((x - 3) ** 2).sum() - 1 + 20 * (x[0] - 3) * (x[1] - 3))


@pytest.mark.parametrize("aside", [0.05, 0.1])
def test_a_best_value_of_a_population_is_descended_from_before_a_success(aside):
    opt = es.Auto([1.0, -1.0], 0.3, rng=1)

    def turn():
        x = opt.ask()
        opt.tell(x, [two_hollows(point) for point in x])

    while opt.restarts < 3:
        turn()
    found = np.array([3.0 + aside, 3.0])
    opt.tell(found[None], [two_hollows(found)])
    opt._x, opt._f, opt.holder = found.copy(), two_hollows(found), "cma"
    opt.restarts, opt._better_at, opt.doubtful = 30, 2, False
    endings.after_restarts(opt)
    while not opt.stop():
        turn()
    assert opt.f_best < -1 + 1e-9 or not opt.result.success


def test_no_points_are_asked_for_once_the_end_is_known():
    def f(x):
        return (10.0 ** np.arange(3) * (x @ np.array([[1, 0.2, 0], [0, 1, 0.3], [0, 0, 1]]) - 0.5) ** 2).sum(-1)

    opt = es.Auto(np.ones(3), 0.3, rng=1)
    while not opt.stop():
        x = opt.ask()
        assert not opt.stop()
        opt.tell(x, f(x))
    assert opt.result.success


def test_a_coordinate_that_has_levelled_out_to_rounding_is_found_out():
    line = Line(-50.0, 50.0, 30.0)
    for t, ulps in ((-50.0, 1), (-37.6, 1), (-30.0, 1), (-18.5, 0), (0.0, 1)):
        line.add(t, ulps * 1e-16)
    line.add(7.3, 2.0)
    assert line.has_levelled(5e-12)
    bottom = Line(-50.0, 50.0, 1.0)
    for t in (-3.0, -1e-5, 0.0, 1e-5, 2.0):
        bottom.add(t, 1e6 + t * t - 1e6)
    assert bottom.resolved(2e-5) and not bottom.has_levelled(2e-5)
