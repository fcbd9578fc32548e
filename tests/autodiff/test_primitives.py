"""Functions that bring their own derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from tests.autodiff.table import X


@ad.custom_vjp
def cube(x: Any) -> Any:
    return x**3, lambda g: 3 * x**2 * g


def uses_cube(x: Any) -> Any:
    return cube(x).sum()


# own primitives


def test_custom_vjp() -> None:
    np.testing.assert_array_equal(ad.grad(uses_cube)(X), 3 * X**2)
    np.testing.assert_array_equal(cube(X), X**3)
    ad.check_grads(cube, X, order=3)

    @ad.custom_vjp
    def twice(x: Any, y: Any, *, scale: float = 1.0) -> Any:
        return scale * x * y, lambda g: (scale * g * y, scale * g * x)

    ad.check_grads(lambda x, y: twice(x, y, scale=3.0), X, X[::-1].copy(), order=2)
    assert ad.grad(lambda x: twice(x, 2.0))(5.0) == 2.0


def test_custom_vjp_mistakes() -> None:
    with pytest.raises(TypeError, match="must return"):
        ad.grad(ad.custom_vjp(lambda x: (x, 3)))(1.0)
    with pytest.raises(ValueError, match="must return 2 gradients"):
        ad.grad(ad.custom_vjp(lambda x, y: (x * y, lambda g: (g,))))(1.0, 2.0)
    with pytest.raises(ValueError, match="shape"):
        ad.grad(ad.custom_vjp(lambda x: (x.sum(), lambda g: np.ones(2))))(X)
    with pytest.raises(TypeError, match="by position"):
        ad.grad(lambda x: ad.custom_vjp(lambda *, x: (x, lambda g: ()))(x=x))(1.0)


# a derivative sees its arguments only


def scaled(c: Any, where: str) -> Any:
    """x**2 with a factor c in the value, in the derivative, or in both."""

    @ad.custom_vjp
    def square(x: Any) -> Any:
        value, slope = (c if where != "vjp" else 1.0), (c if where != "value" else 1.0)
        return value * x**2, lambda g: g * slope * 2 * x

    return square


@pytest.mark.parametrize("where", ["value", "vjp", "both"])
def test_traced_values_in_a_closure_are_refused(where: str) -> None:
    uses = r"square uses a traced tensor that is not one of its arguments"
    with pytest.raises(ValueError, match=uses):
        ad.grad(lambda x: np.sum(scaled(x, where)(x)))(X)
    with pytest.raises(ValueError, match=uses):
        ad.grad(lambda c: np.sum(ad.grad(lambda x: np.sum(scaled(x, where)(x)))(c)))(X)
    w = ad.tensor(X, requires_grad=True)
    with pytest.raises(ValueError, match=uses):
        np.sum(scaled(w, where)(w)).backward()


def test_values_of_an_outer_derivative_are_constants_of_an_inner_one() -> None:
    got = ad.grad(lambda c: ad.grad(lambda x: np.sum(scaled(c, "both")(x)))(3.0))(2.0)
    assert got == 6.0  # d/dc of 2 c x
    assert ad.grad(lambda c: scaled(c, "both")(3.0))(2.0) == 9.0  # no argument is traced: NumPy code like any other
    detached = ad.grad(lambda x: scaled(x.detach(), "both")(x))(3.0)
    assert detached == 18.0


def test_traced_values_inside_of_containers_are_refused() -> None:
    @ad.custom_vjp
    def total(xs: Any, scale: Any = 1.0) -> Any:
        return xs[0] + xs[1], lambda g: (g,)

    with pytest.raises(TypeError, match="total: pass traced arguments one by one, not in a list"):
        ad.grad(lambda x: np.sum(total([x, x])))(X)
    with pytest.raises(TypeError, match="total: pass the traced argument scale by position"):
        ad.grad(lambda x: np.sum(total(X, scale={"a": x})))(X)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g, x: np.stack([g * x, g * x]),
        lambda g, x: np.sum(g * x),
        lambda g, x: (g * x)[:1],
        lambda g, x: (g * x)[None],
    ],
)
def test_gradients_of_the_wrong_shape_are_refused(wrong: Any) -> None:
    half = ad.custom_vjp(lambda x: (x**2 / 2, lambda g: wrong(g, x)))
    with pytest.raises(ValueError, match=r"gave a gradient of shape .* for its argument 0 of shape \(7,\)"):
        ad.grad(lambda x: np.sum(half(x)))(X)


def test_a_stretched_argument_is_summed_by_its_own_derivative() -> None:
    careless = ad.custom_vjp(lambda x, s: (x * s, lambda g: (g * s, g * x)))
    assert ad.grad(lambda x: np.sum(careless(x, 2.0)))(X).shape == (7,)
    with pytest.raises(ValueError, match="sum it over the axes along which the argument was stretched"):
        ad.grad(lambda s: np.sum(careless(X, s)))(2.0)
    careful = ad.custom_vjp(lambda x, s: (x * s, lambda g: (g * s, np.sum(g * x))))
    assert ad.grad(lambda s: np.sum(careful(X, s)))(2.0) == pytest.approx(X.sum())


def test_gradients_may_be_plain_numbers() -> None:
    assert ad.grad(ad.custom_vjp(lambda x: (3 * x, lambda g: 3)))(2.0) == 3.0
