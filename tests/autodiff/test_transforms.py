"""From functions to derivatives: gradients, populations, trees, higher orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess, rosen_hess_prod

import autodiff as ad
from tests.autodiff.table import X, rosenbrock

# values, gradients and populations


def test_value_and_gradient_of_one_point() -> None:
    value, gradient = ad.value_and_grad(rosenbrock)(X)
    assert type(value) is np.float64 and type(gradient) is np.ndarray
    np.testing.assert_allclose(value, rosen(X), rtol=1e-14)
    np.testing.assert_allclose(gradient, rosen_der(X), rtol=1e-12)


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 7), (1, 7), (0, 7)])
def test_population_is_its_rows(shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(1).normal(size=shape)
    value, gradient = ad.value_and_grad(rosenbrock)(points)
    assert value.shape == shape[:-1] and gradient.shape == shape
    for index in np.ndindex(shape[:-1]):
        v, g = ad.value_and_grad(rosenbrock)(points[index])
        np.testing.assert_allclose(value[index], v, rtol=1e-13)
        np.testing.assert_allclose(gradient[index], g, rtol=1e-12)


def test_integers_lists_and_numbers_become_float64() -> None:
    assert ad.grad(lambda x: (x**2).sum())([1, 2]).dtype == np.float64
    assert ad.grad(lambda x: (x**2).sum())(np.array([True, False])).dtype == np.float64
    assert type(ad.grad(np.square)(3)) is np.float64
    assert ad.grad(np.square)(3) == 6


def test_float32_in_float32_out() -> None:
    value, gradient = ad.value_and_grad(rosenbrock)(X.astype(np.float32))
    assert value.dtype == gradient.dtype == np.float32
    assert ad.hvp(rosenbrock)(X.astype(np.float32), np.ones(7)).dtype == np.float32


def test_input_is_left_as_it_is_and_never_handed_out() -> None:
    x = X.copy()
    g = ad.grad(lambda y: (y * X).sum() + (y * X).sum())(x)
    g += 1
    np.testing.assert_array_equal(x, X)
    large = ad.grad(np.sum)(np.ones(20_000))
    large *= 2  # the caller's own, not a view of one number
    a, b = ad.grad(lambda y, z: (y + z).sum(), (0, 1))(X, X)
    a += 1
    np.testing.assert_array_equal(b, np.ones(7))
    cotangent = np.ones(7)
    pulled = ad.vjp(lambda y: y, X)[1](cotangent)
    pulled += 1
    np.testing.assert_array_equal(cotangent, np.ones(7))


def test_a_function_that_does_not_depend_on_its_argument_has_gradient_zero() -> None:
    independent = "the value does not depend on x"
    with pytest.warns(UserWarning, match=independent) as caught:
        value, gradient = ad.value_and_grad(lambda x: 3.0)(X)
        assert value == 3.0
        np.testing.assert_array_equal(gradient, np.zeros(7))
        np.testing.assert_array_equal(ad.grad(lambda x: np.floor(x).sum())(X), np.zeros(7))
        np.testing.assert_array_equal(ad.vjp(lambda x: np.sign(x), X)[1](X), np.zeros(7))
        np.testing.assert_array_equal(ad.jvp(lambda x: np.sign(x), X, X)[1], np.zeros(7))
        np.testing.assert_array_equal(ad.jacobian(lambda x: np.ones(3))(X), np.zeros((3, 7)))
        np.testing.assert_array_equal(ad.elementwise_grad(np.round)(X), np.zeros(7))
    assert len(caught) == 6 and {w.filename for w in caught} == {__file__}  # it points to the caller


def test_what_depends_on_x_in_part_or_linearly_gives_no_warning() -> None:
    assert ad.grad(lambda x, y: 3 * x, argnums=(0, 1))(1.0, 2.0) == (3.0, 0.0)
    np.testing.assert_array_equal(ad.hessian(lambda x: 3 * x.sum())(X), np.zeros((7, 7)))
    np.testing.assert_array_equal(ad.hvp(np.sum)(X, X), np.zeros(7))
    ad.check_grads(np.sum, X, order=3)
    np.testing.assert_array_equal(ad.grad(ad.checkpoint(lambda x: x * np.sign(x)))(3.0), 1.0)


def test_branches_and_loops_are_differentiated_as_they_ran() -> None:
    def f(x: Any) -> Any:
        out = x
        while abs(out) < 100:
            out = out * x if out > 0 else out - 1
        return out

    assert ad.grad(f)(3.0) == 5 * 3.0**4


# several arguments, trees of arrays


def test_argnums() -> None:
    def f(a: Any, b: Any, c: float = 1.0) -> Any:
        return (a * b**2).sum() * c

    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(ad.grad(f, 1)(a, b), 2 * a * b)
    ga, gb = ad.grad(f, (0, 1))(a, b, c=2.0)
    np.testing.assert_array_equal(ga, 2 * b**2)
    np.testing.assert_array_equal(gb, 4 * a * b)


def test_trees() -> None:
    params = {"w": np.ones((2, 3)), "layers": [np.array([1.0, 2.0]), (np.float64(3.0),)]}
    value, g = ad.value_and_grad(lambda p: (p["w"] * 2).sum() + p["layers"][0].prod() * p["layers"][1][0])(params)
    assert value == 18.0
    assert isinstance(g["layers"][1], tuple)
    np.testing.assert_array_equal(g["w"], np.full((2, 3), 2.0))
    np.testing.assert_array_equal(g["layers"][0], [6.0, 3.0])
    assert g["layers"][1][0] == 2.0


# derivatives of derivatives


def test_nested_gradients() -> None:
    f: Callable[..., Any] = np.exp
    for _ in range(5):
        f = ad.grad(f)
    np.testing.assert_allclose(f(1.0), np.e)
    g: Callable[..., Any] = lambda x: x**7  # noqa: E731
    for _ in range(7):
        g = ad.grad(g)
    np.testing.assert_allclose(g(2.0), 5040)


def test_levels_are_not_confused() -> None:
    assert ad.grad(lambda x: x * ad.grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert ad.grad(lambda x: x * ad.grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert ad.grad(lambda x: ad.grad(lambda y: x * y * y)(x))(3.0) == 12.0
    assert ad.grad(lambda x: ad.grad(lambda y: x**2 * y**3)(2.0))(3.0) == 72.0


def test_hessian_and_products() -> None:
    v = np.random.default_rng(2).normal(size=7)
    np.testing.assert_allclose(ad.hessian(rosenbrock)(X), rosen_hess(X), rtol=1e-12)
    np.testing.assert_allclose(ad.hessian(rosenbrock, vectorized=True)(X), rosen_hess(X), rtol=1e-12)
    np.testing.assert_allclose(ad.hvp(rosenbrock)(X, v), rosen_hess_prod(X, v), rtol=1e-12)
    points = np.stack([X, 2 * X, -X])
    for fun in (ad.hessian(rosenbrock), ad.hessian(rosenbrock, vectorized=True)):
        np.testing.assert_allclose(fun(points), [rosen_hess(x) for x in points], rtol=1e-11)
    np.testing.assert_allclose(ad.hvp(rosenbrock)(points, points), [rosen_hess_prod(x, x) for x in points], rtol=1e-11)
    assert ad.hessian(lambda x: (x**3).sum())(np.ones((2, 3))).shape == (2, 3, 2, 3)


def test_jacobian_both_ways() -> None:
    tall = ad.jacobian(lambda x: np.outer(x, np.arange(9.0)) ** 2)(np.array([1.0, 2.0]))
    assert tall.shape == (2, 9, 2)
    np.testing.assert_allclose(tall[1, :, 1], 4 * np.arange(9.0) ** 2)
    wide = ad.jacobian(lambda x: np.stack([x.sum(), (x**2).sum()]))(X)
    np.testing.assert_allclose(wide, [np.ones(7), 2 * X])
    np.testing.assert_array_equal(ad.jacobian(lambda x: x)(X), np.eye(7))
    assert ad.jacobian(lambda x: x[:0])(X).shape == (0, 7)


def test_jvp_and_vjp_are_transposes() -> None:
    a = np.random.default_rng(3).normal(size=(4, 7))
    v, w = np.ones(7), np.arange(4.0)
    value, tangent = ad.jvp(lambda x: np.tanh(a @ x), X, v)
    same, pull = ad.vjp(lambda x: np.tanh(a @ x), X)
    np.testing.assert_array_equal(value, same)
    np.testing.assert_allclose(tangent @ w, pull(w) @ v)
    np.testing.assert_allclose(pull(2 * w), 2 * pull(w))  # may be called again


def test_elementwise_grad_and_check_rows() -> None:
    np.testing.assert_allclose(ad.elementwise_grad(np.sin)(X), np.cos(X))
    with pytest.raises(ValueError, match="jacobian"):
        ad.elementwise_grad(np.sum)(X)
    assert ad.check_rows(rosenbrock, X)
    assert not ad.check_rows(lambda x: x[0] ** 2 + x[1], X)
    assert not ad.check_rows(lambda x: (x**2).sum(-1) * x.mean(), X)
    assert not ad.check_rows(lambda x: (x - x.mean(0)).sum(-1) ** 2 if x.ndim > 1 else (x.sum() ** 2), X)
    assert not ad.check_rows(lambda x: x.sum(), X)


def test_gradient_methods_of_scipy_take_it() -> None:
    result = minimize(ad.value_and_grad(rosenbrock), np.zeros(5), jac=True, method="L-BFGS-B")
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-2)
    result = minimize(rosenbrock, np.zeros(5), jac=ad.grad(rosenbrock), hessp=ad.hvp(rosenbrock), method="Newton-CG")
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-2)
