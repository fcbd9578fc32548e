"""Descents that come straight to a saddle, along an axis, see no slope across it: they look at both sides."""

import numpy as np
import pytest

import es

METHODS = ["adam", "sgd", "momentum", "nesterov", "rmsprop", "adagrad"]


def wells(x):
    """Two minima, -1 at x1 = +-sqrt 2, and a saddle of value 0 between them to which the axis x1 = 0 leads."""
    return x[0] ** 2 - x[1] ** 2 + x[1] ** 4 / 4, np.array([2 * x[0], -2 * x[1] + x[1] ** 3, *(0 * x[2:])])


def bowl(x):
    return (x**2).sum(), 2 * x


def unused(x):
    return (x[0] - 1) ** 2, np.array([2 * (x[0] - 1), 0.0])


@pytest.mark.parametrize("method", METHODS)
def test_the_way_to_a_saddle_goes_on(method):
    for x0 in ([1.0, 0.0], [1.0, 0.0, 3.0]):
        res = es.minimize(wells, x0, method=method, jac=True, rng=1)
        assert res.success and res.fun < -0.999, res.message
        assert es.minimize(lambda x: wells(x)[0], x0, method=method, jac=lambda x: wells(x)[1], rng=1).fun < -0.999


@pytest.mark.parametrize("method", METHODS)
def test_a_minimum_on_an_axis_is_found_as_before(method):
    """It takes the two looks and what comes until criteria are looked at, or the next time that momentum comes by."""
    for fun, x0, away in ((bowl, [1.0, 0.0], [1.0, 1e-300]), (unused, [3.0, 2.0], None)):
        res = es.minimize(fun, x0, method=method, jac=True, rng=1)
        assert res.success and res.fun < 1e-8, res.message
        if away is not None:
            assert res.nfev <= es.minimize(fun, away, method=method, jac=True, rng=1).nfev + (
                25 if method == "momentum" else 5
            )


def test_it_is_the_same_in_stacks():
    x0 = np.array([[1.0, 0.0], [1.0, 0.3], [0.5, 0.0], [0.0, 0.0]])
    for method in ("adam", "nesterov"):
        stacked = es.minimize_runs(wells, x0, method=method, jac=True, rng=1)
        for start, one in zip(x0, stacked, strict=True):
            alone = es.minimize(wells, start, method=method, jac=True, rng=1)
            assert alone.fun < -0.999 and (one.x == alone.x).all()
            assert (one.nfev, one.stop, one.fun) == (alone.nfev, alone.stop, alone.fun)


def test_bounds_and_maximizing_change_nothing():
    res = es.minimize(wells, [1.0, 0.0], method="adam", jac=True, bounds=[(-2, 2), (0, 3)])
    assert res.success and res.fun < -0.999 and res.x[1] > 0
    res = es.minimize(wells, [1.0, 0.0], method="adam", jac=True, bounds=[(-2, 2), (0, 0)])
    assert res.success and abs(res.fun) < 1e-12, res.message
    res = es.minimize(
        lambda x: -wells(x)[0], [1.0, 0.0], method="adam", jac=lambda x: -wells(x)[1], maximize=True
    )  # fmt: skip
    assert res.success and res.fun > 0.999


@pytest.mark.parametrize("method", ["adam", "sgd"])
@pytest.mark.parametrize("fun", [wells, bowl])
def test_a_run_that_is_saved_while_it_looks_aside_goes_on_to_the_same_bits(method, fun):
    def ended(opt, states=None):
        while not opt.stop():
            if states is not None and opt.looking in (1, 2):
                states.append(opt.state_dict())
            x = opt.ask()
            f, g = fun(x[0])
            opt.tell(x, [f], [g])
        return opt.result

    states = []
    whole = ended(es.get_method(method)([1.0, 0.0]), states)
    assert len(states) == 2 - (fun is wells)
    for state in states:
        opt = es.get_method(method)([1.0, 0.0])
        opt.load_state_dict(state)
        res = ended(opt)
        assert (res.x == whole.x).all() and (res.nfev, res.stop) == (whole.nfev, whole.stop)


def test_a_state_of_before_looks_at_no_sides():
    opt = es.Adam([1.0, 0.0])
    for _ in range(3):
        x = opt.ask()
        f, g = wells(x[0])
        opt.tell(x, [f], [g])
    state = {name: value for name, value in opt.state_dict().items() if name not in ("still", "looking")}
    on = es.Adam([1.0, 0.0])
    on.load_state_dict(state)
    assert on.looking == 0 and not on.still.any()


def singly(x):
    """`wells` in single precision."""
    f, g = wells(np.asarray(x, np.float32))
    return np.float32(f), g.astype(np.float32)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "sgd"])
def test_the_way_to_a_saddle_goes_on_in_single_precision(method):
    for fun, jac in ((singly, True), (lambda x: wells(x.astype(np.float32))[0], lambda x: singly(x)[1])):
        for x0 in (np.array([1, 0], np.float32), [1.0, 0.0, 3.0]):
            res = es.minimize(fun, x0, method=method, jac=jac, rng=1)
            assert res.success and res.fun < -0.999, res.message
            for one in es.minimize_runs(fun, np.array([x0, x0]), method=method, jac=jac, rng=1):
                assert (one.fun, one.nfev, one.stop) == (res.fun, res.nfev, res.stop)
    traced = es.minimize(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4 / 4, np.array([1, 0], np.float32), method=method)
    assert traced.success and traced.fun < -0.999, traced.message


@pytest.mark.parametrize("method", ["adam", "rmsprop"])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_way_down_on_one_side_alone_is_found(method, side):
    """The inflection x1^3 falls on one side of its saddle; which one must not matter."""

    def slide(x):
        s = side * x[1]
        return x[0] ** 2 + s**3 + s**4 / 4, np.array([2 * x[0], side * (3 * s**2 + s**3)])

    def slide32(x):
        f, g = slide(np.asarray(x, np.float32))
        return f, g.astype(np.float32)

    for fun in (slide, slide32):
        res = es.minimize(fun, [1.0, 0.0], method=method, jac=True, rng=1)
        assert res.success and res.fun == pytest.approx(-6.75, abs=1e-3), res.message
