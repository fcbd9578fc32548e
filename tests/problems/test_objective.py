"""Objective: shapes, checks, gradients, copies."""

from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds

from problems import Objective


def bowl(x):
    return (x * x).sum(-1)


def bowl_gradient(x):
    return 2.0 * x


def bowl_both(x):
    return (x * x).sum(-1), 2.0 * x


@given(
    lead=st.lists(st.integers(0, 4), max_size=3),
    n=st.integers(1, 5),
    vectorized=st.booleans(),
    jac=st.sampled_from([None, True, bowl_gradient]),
    seed=st.integers(0, 2**32 - 1),
)
def test_shapes_of_calls(lead, n, vectorized, jac, seed):
    x = np.random.default_rng(seed).standard_normal((*lead, n))
    before = x.copy()
    f = Objective(bowl_both if jac is True else bowl, n, vectorized=vectorized, jac=jac)
    values = f(x)
    assert np.shape(values) == tuple(lead)
    np.testing.assert_array_equal(values, bowl(x))
    value, slope = f.value_and_grad(x)
    assert slope.shape == x.shape
    np.testing.assert_allclose(value, bowl(x), rtol=1e-15)
    np.testing.assert_allclose(slope, 2 * x, rtol=1e-15)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("vectorized", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_batch_equals_rows_bit_by_bit(vectorized, order):
    x = np.asarray(np.random.default_rng(0).standard_normal((7, 33)), order=order)
    f = Objective(lambda x: (np.sin(x) * x).sum(-1), vectorized=vectorized)
    np.testing.assert_array_equal(f(x), [f(row) for row in x])
    np.testing.assert_array_equal(f(x[::2]), f(x)[::2])


@pytest.mark.parametrize(
    "result", [3, 3.0, True, np.float32(3), np.array(3.0), np.array([3.0]), np.array([[3]]), [3.0]]
)
def test_a_number_in_any_dress(result):
    f = Objective(lambda x: result, n=2)
    assert f([1, 2]) == float(np.ravel(result)[0])
    assert isinstance(f([1, 2]), float)
    np.testing.assert_array_equal(f(np.zeros((2, 2))), np.full(2, float(np.ravel(result)[0])))


def test_nan_and_inf_pass():
    f = Objective(lambda x: [np.nan, np.inf, -np.inf][int(x[0])], n=1)
    np.testing.assert_array_equal(f([[0], [1], [2]]), [np.nan, np.inf, -np.inf])


@pytest.mark.parametrize(
    ("fun", "vectorized", "message"),
    [
        (lambda x: None, False, "returned None"),
        (lambda x: None, True, "returned None"),
        (lambda x: x, False, "set vectorized=True"),
        (lambda x: x, True, "over the last axis only"),
        (lambda x: x.sum(), True, "over the last axis only"),
        (lambda x: [x.sum(-1), [1]], True, "last axis"),
        (lambda x: "3", False, "must return a real number, got str"),
        (lambda x: {}, False, "must return a real number, got dict"),
        (lambda x: 1j, False, "must return a real number, got complex"),
        (lambda x: x.sum(-1) + 0j, True, "must return real numbers"),
        (lambda x: [], False, "shape \\(0,\\) for one point"),
    ],
)
def test_bad_results(fun, vectorized, message):
    with pytest.raises(ValueError, match=message):
        Objective(fun, 3, vectorized=vectorized)(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(4), r"x must have shape \(\.\.\., 3\) for bowl, got \(4,\)"),
        (np.zeros((3, 2)), r"got \(3, 2\)"),
        (1.0, r"got \(\)"),
        (["a", "b", "c"], "x must hold real numbers"),
        ([[1, 2, 3], [1]], "rows of different lengths"),
        (np.zeros(3, dtype=complex), "x must hold real numbers"),
    ],
)
def test_bad_points(x, message):
    with pytest.raises(ValueError, match=message):
        Objective(bowl, 3, vectorized=True)(x)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fun": 3}, "fun must be callable, got int"),
        ({"n": 0}, "n must be a positive integer, got 0"),
        ({"n": 2.5}, "n must be a positive integer"),
        ({"n": True}, "n must be a positive integer"),
        ({"jac": "2-point"}, "jac must be None, True or a callable"),
        ({"jac": True, "differentiable": False}, "contradicts"),
        ({"bounds": [(1, 0), (0, 1)]}, "lower <= upper, got 1.0 > 0.0 in coordinate 0"),
        ({"bounds": [(0, 1), (0, 1)], "n": 3}, r"bounds must have n=3 \(low, high\) pairs, got 2"),
        ({"bounds": [(0, np.nan)]}, "must not hold NaN"),
        ({"bounds": 3}, "bounds must be"),
        ({"bounds": "ab"}, "bounds must be"),
        ({"bounds": Bounds([0, 0], [1, 1]), "n": 3}, "n=3 entries"),
        ({"sigma0": -1.0}, "sigma0 must be positive, got -1.0"),
        ({"sigma0": [1.0, 0.0]}, "sigma0 must be positive"),
        ({"sigma0": [1.0, 2.0], "n": 3}, r"sigma0 must have shape \(3,\), got \(2,\)"),
        ({"x0": [np.nan, 1.0]}, "x0 must be finite"),
        ({"x0": [0.0, 1.0], "n": 3}, r"x0 must have shape \(3,\), got \(2,\)"),
        ({"x_opt": [[0.0]]}, "x_opt must have shape"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Objective(**({"fun": bowl} | settings))


def test_bounds_in_every_form():
    for bounds in ([(0, 1), (-1, None)], Bounds([0, -1], [1, np.inf]), np.array([[0, 1], [-1, np.inf]])):
        f = Objective(bowl, bounds=bounds)
        assert f.n == 2
        assert isinstance(f.bounds, Bounds)
        np.testing.assert_array_equal(f.bounds.lb, [0, -1])
        np.testing.assert_array_equal(f.bounds.ub, [1, np.inf])
    assert Objective(bowl, 3, bounds=Bounds(0, 1)).bounds.lb.tolist() == [0, 0, 0]
    assert Objective(bowl).bounds is None


def test_starts():
    inside = Objective(bowl, bounds=[(2, 3)] * 4)
    x = inside.x0(7)
    assert x.shape == (4,)
    assert ((x >= 2) & (x <= 3)).all()
    np.testing.assert_array_equal(x, inside.x0(np.random.default_rng(7)))
    given = np.array([1.0, 2.0])
    fixed = Objective(bowl, x0=given)
    fixed.x0()[:] = 9
    np.testing.assert_array_equal(fixed.x0(), given)
    drawn = Objective(bowl, 2, x0=lambda rng: rng.standard_normal(2))
    assert drawn.x0(1).tolist() == np.random.default_rng(1).standard_normal(2).tolist()
    whole = Objective(bowl, bounds=[(0, 9)] * 3, integrality=[1, 0, 1]).x0(3)
    assert (whole[[0, 2]] % 1 == 0).all()
    with pytest.raises(ValueError, match="has no start point: give x0, or finite bounds"):
        Objective(bowl, 2).x0()


def test_no_gradient_says_so():
    f = Objective(np.sum, 2, name="count", differentiable=False)
    with pytest.raises(ValueError, match="count has no gradient: use a method that needs only values"):
        f.value_and_grad(np.zeros(2))
    assert Objective(bowl).differentiable is None
    assert Objective(bowl, jac=bowl_gradient).differentiable is True


@pytest.mark.parametrize(
    ("jac", "fun", "message"),
    [
        (True, bowl, r"with jac=True must return \(f, g\)"),
        (lambda x: x[..., :1], bowl, r"must have the shape \(4, 2\) of x, got \(4, 1\)"),
        (lambda x: None, bowl, "gradient"),
    ],
)
def test_bad_gradients(jac, fun, message):
    with pytest.raises(ValueError, match=message):
        Objective(fun, 2, jac=jac, vectorized=True).value_and_grad(np.ones((4, 2)))


def test_the_function_may_write_into_its_argument():
    def careless(x):
        x *= 2
        return (x * x).sum(-1)

    for vectorized, dtype in product((False, True), (np.float64, np.float32)):
        x = np.ones((3, 2), dtype)
        f = Objective(careless, 2, vectorized=vectorized, jac=bowl_gradient)
        assert f(x).tolist() == [8, 8, 8]
        assert f(x[0]) == 8
        assert f.value_and_grad(x)[1].tolist() == [[2, 2]] * 3
        assert (x == 1).all()


def test_pickles_after_a_gradient():
    f = Objective(bowl, 3, vectorized=True, bounds=[(-1, 1)] * 3)
    f.value_and_grad(np.ones(3))
    g = pickle.loads(pickle.dumps(f))
    assert g(np.ones(3)) == 3
    assert g.value_and_grad(np.ones(3))[1].tolist() == [2, 2, 2]


def test_errors_of_the_function_come_through():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Objective(broken, 1)([0.0])


def test_higher_transforms_go_through_an_objective():
    import autodiff

    f = Objective(bowl, 3, vectorized=True)
    np.testing.assert_allclose(autodiff.grad(f)(np.ones(3)), [2, 2, 2])
    with pytest.raises(ValueError, match="set vectorized=True"):
        autodiff.value_and_grad(Objective(bowl, 3))(np.ones((2, 3)))
