"""A branch that was not taken never spoils a gradient; a zero that is only a number does not protect it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import autodiff as ad
from autodiff import nn

pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")

X = np.array([-1.0, 0.0, 4.0])

# what is spoiled at 0 or below, with its derivative at 4
SPOILED: dict[str, tuple[Callable[[Any], Any], float]] = {
    "sqrt": (np.sqrt, 0.25),
    "log": (np.log, 0.25),
    "reciprocal": (lambda x: 1 / x, -1 / 16),
    "power": (lambda x: x**-1.5, -1.5 * 4**-2.5),
    "power of an array": (lambda x: x ** np.array([0.5, 0.5, 0.5]), 0.25),
    "power of itself": (lambda x: x**x, 256 * (np.log(4) + 1)),
    "log1p": (lambda x: np.log1p(x - 1), 0.25),
    "log2": (np.log2, 0.25 / np.log(2)),
    "arccosh": (lambda x: np.arccosh(x + 1), 1 / np.sqrt(24)),
    "gammaln": (special.gammaln, special.digamma(4)),
    "xlogy": (lambda x: special.xlogy(x, x), np.log(4) + 1),
    "logit": (lambda x: special.logit(x / 5), 5 / 4),
    "cube root": (np.cbrt, 4 ** (-2 / 3) / 3),
    "two steps": (lambda x: np.log(np.sqrt(x)), 0.125),
    "a sum": (lambda x: np.sqrt(x) + 1 / x, 0.25 - 1 / 16),
    "a product": (lambda x: np.sqrt(x) * np.log(x), 0.25 * np.log(4) + 0.5),
    "by rows": (lambda x: np.sqrt(np.stack([x, x])).sum(axis=0), 0.5),
    "reshaped": (lambda x: np.sqrt(x.reshape(3, 1)).reshape(3), 0.25),
    "reversed": (lambda x: np.flip(np.sqrt(np.flip(x))), 0.25),
    "stretched": (lambda x: np.sqrt(x[:, None] * np.ones((3, 2))).sum(axis=1), 0.5),
    "a matrix": (lambda x: np.sqrt(x) * np.eye(3)[2] @ np.diag([1.0, 1.0, 2.0]), 0.5),
    "sigmoid of a log": (lambda x: special.expit(np.log(x)), 1 / 25),
    "softplus": (lambda x: np.logaddexp(0, 1 / x), -1 / 16 / (1 + np.exp(-0.25))),
    "hypot": (lambda x: np.hypot(np.sqrt(x), 0.0), 0.25),
}
# what leaves entries out
CHOOSERS: dict[str, Callable[[Any, Any], Any]] = {
    "where": lambda x, y: np.where(x > 0, y, 0.0),
    "where, the other way": lambda x, y: np.where(x <= 0, 0.0, y),
    "index": lambda x, y: y[x > 0],
    "slice": lambda x, y: y[2:],
    "entry": lambda x, y: y[2],
    "take": lambda x, y: np.take(y, [2]),
    "compress": lambda x, y: np.compress(x > 0, y),
    "extract": lambda x, y: np.extract(x > 0, y),
    "select": lambda x, y: np.select([x > 0], [y], 0.0),
    "choose": lambda x, y: np.choose((x > 0).astype(int), [np.zeros(3), y]),
    "sum where": lambda x, y: np.sum(y, where=x > 0),
    "mean where": lambda x, y: np.mean(y, where=x > 0),
    "prod where": lambda x, y: np.prod(y, where=x > 0),
    "max where": lambda x, y: np.max(y, where=x > 0, initial=-np.inf),
    "nansum": lambda x, y: np.nansum(np.where(x > 0, y, np.nan)),
    "where twice": lambda x, y: np.where(x > 0, np.where(x > -5, y, 7.0), 0.0),
    "where of a concatenation": lambda x, y: np.where(x > 0, np.concatenate([y, y])[:3], 0.0),
    "einsum of a choice": lambda x, y: np.einsum("i,i", np.where(x > 0, y, 0.0), np.ones(3)),
    "split": lambda x, y: np.split(y, [2])[1],
    "nan_to_num": lambda x, y: np.nan_to_num(np.where(x > 0, y, np.nan)),
}


@pytest.mark.parametrize("spoiled", SPOILED)
@pytest.mark.parametrize("chooser", CHOOSERS)
def test_what_was_not_taken_does_not_spoil(spoiled: str, chooser: str) -> None:
    fun, slope = SPOILED[spoiled]
    choose = CHOOSERS[chooser]
    if spoiled == "a matrix" and ("nan" in chooser or "prod" in chooser):
        pytest.skip("a product with a matrix spreads NaN in the value itself")

    def f(x: Any) -> Any:
        return np.sum(choose(x, fun(x)))

    np.testing.assert_allclose(ad.grad(f)(X), [0, 0, slope], rtol=1e-12)


@pytest.mark.parametrize("spoiled", [n for n in SPOILED if n not in ("hypot", "a matrix", "gammaln", "logit")])
def test_second_derivatives_and_directions(spoiled: str) -> None:
    fun, slope = SPOILED[spoiled]

    def f(x: Any) -> Any:
        return np.sum(np.where(x > 0, fun(x), 0.0))

    hessian = ad.hessian(f)(X)
    alone = ad.hessian(lambda x: np.sum(fun(x)[2]) if np.ndim(x) else x)(np.array([1.0, 1.0, 4.0]))
    np.testing.assert_allclose(hessian, np.diag([0, 0, alone[2, 2]]), rtol=1e-9, atol=1e-12)
    assert ad.jvp(f, X, np.ones(3))[1] == pytest.approx(slope)
    np.testing.assert_allclose(ad.hvp(f)(X, np.ones(3)), hessian.sum(axis=1), rtol=1e-9, atol=1e-12)


def test_maximum_minimum_and_clip() -> None:
    """The chosen constant is alive, what it was chosen over is not."""
    assert ad.grad(lambda x: np.maximum(np.sqrt(x), 1.0))(0.0) == 0.0
    assert ad.grad(lambda x: np.minimum(1 / x, 5.0))(0.0) == 0.0
    assert ad.grad(lambda x: np.clip(1 / x, -3.0, 3.0))(0.0) == 0.0
    assert ad.grad(lambda x: np.fmax(np.log(x), -2.0))(0.0) == 0.0
    np.testing.assert_array_equal(ad.grad(lambda x: np.max(np.sqrt(x)))(np.array([0.0, 4.0])), [0, 0.25])
    np.testing.assert_array_equal(ad.grad(lambda x: np.min(-np.sqrt(x)))(np.array([0.0, 4.0])), [0, -0.25])
    np.testing.assert_array_equal(ad.grad(lambda x: np.sort(np.sqrt(x))[1])(np.array([0.0, 4.0])), [0, 0.25])
    np.testing.assert_array_equal(ad.grad(lambda x: np.median(np.sqrt(x)))(np.array([0.0, 4.0, 9.0])), [0, 0.25, 0])
    for relu in (nn.relu, ad.special.relu):
        assert ad.grad(lambda x, relu=relu: relu(np.log(x)))(0.0) == 0.0
    images = np.array([[0.0, 4.0], [1.0, 2.0]])
    np.testing.assert_array_equal(ad.grad(lambda x: ad.max_pool2d(np.sqrt(x), 2).sum())(images), [[0, 0.25], [0, 0]])
    np.testing.assert_array_equal(ad.grad(lambda x: np.tril(np.sqrt(x), -1).sum())(images), [[0, 0], [0.5, 0]])


def test_populations_jacobians_trees_and_the_eager_face() -> None:
    def f(x: Any) -> Any:
        return np.where(x[..., 0] > 0, np.sqrt(x[..., 0]) * x[..., 1], x[..., 1])

    rows = np.array([[4.0, 2.0], [0.0, 3.0], [-1.0, 1.0]])
    np.testing.assert_allclose(ad.grad(f)(rows), [[0.5, 2.0], [0, 1], [0, 1]])
    j = ad.jacobian(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(X)
    np.testing.assert_allclose(j, np.diag([0, 0, 0.25]))
    d = ad.grad(lambda p: np.where(p["a"] > 0, np.log(p["a"]), p["b"]))({"a": 0.0, "b": 2.0})
    assert d == {"a": 0.0, "b": 1.0}
    w = ad.tensor(X, requires_grad=True)
    np.sum(np.where(w > 0, np.sqrt(w), 0.0)).backward()
    np.testing.assert_allclose(w.grad, [0, 0, 0.25])
    z = ad.grad(lambda z: np.sum(np.abs(np.where(np.abs(z) > 0, 1 / z, 0))))(np.array([0j, 2 + 0j]))
    np.testing.assert_allclose(z, [0, -0.25])


def test_through_primitives_and_checkpoints() -> None:
    root = ad.custom_vjp(lambda x: (np.sqrt(x), lambda g: g * 0.5 / np.sqrt(x)))
    assert ad.grad(lambda x: np.where(x > 0, root(x), 0.0))(0.0) == 0.0
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(np.where(x > 0, ad.checkpoint(np.sqrt)(x), 0.0)))(X[:2]), 0)

    def norms(x: Any) -> Any:
        length = np.sqrt(np.sum(x * x, axis=-1))
        return np.sum(np.where(length > 0, np.sin(length) / length, 1.0))

    np.testing.assert_allclose(ad.grad(norms)(np.zeros((2, 3))), 0)

    def overflow(x: Any) -> Any:
        total = np.sum(np.exp(x), axis=1)
        return np.sum(np.where(np.isfinite(total), total, 0.0))

    np.testing.assert_allclose(ad.grad(overflow)(np.array([[1.0, 2.0], [1e4, 1.0]])), [[np.e, np.e**2], [0, 0]])
    a = np.array([[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(np.where(x > 0, np.log(a @ x), 0.0)))(X[1:]), [0, 0.25])


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sqrt(x) ** 2, 0.0),  # the slope 2 sqrt(x) is 0, a number
        (lambda x: 0.0 * np.sqrt(x), 0.0),
        (lambda x: np.sqrt(x) * np.sqrt(x), 0.0),
        (lambda x: np.sum(np.where(x >= 0, np.sqrt(x) ** 2, 0.0)), 0.0),
        (lambda x: np.sum(np.sqrt(x[:2]) * np.zeros(2)), X[1:]),
        (lambda x: np.cos(np.sqrt(x)), 0.0),
        (lambda x: np.sum(np.array([[0.0, 0.0]]) @ np.sqrt(x)), X[1:]),
    ],
)
def test_a_zero_that_is_a_number_does_not_protect(f: Any, x: Any) -> None:
    """Right or NaN: 0 would be wrong for the first, whose derivative is 1."""
    g = np.asarray(ad.grad(f)(x)).ravel()[0]
    assert np.isnan(g) or g == pytest.approx(1.0)


def test_what_is_alive_and_infinite_stays() -> None:
    assert ad.grad(np.sqrt)(0.0) == np.inf
    assert ad.grad(lambda x: np.where(x >= 0, np.sqrt(x), 0.0))(0.0) == np.inf
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(np.sqrt(x)))(np.array([0.0, 4.0])), [np.inf, 0.25])
    assert np.isnan(ad.grad(np.log)(np.nan))
    both = ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)) + np.sum(np.sqrt(x[1:2])))(np.array([0.0, 0.0]))
    np.testing.assert_array_equal(both, [0.0, np.inf])  # alive by another way


def test_errors_of_floating_point() -> None:
    def f(x: Any) -> Any:
        return np.sum(
            np.where(x > 0, 1 / np.where(x > 0, np.sqrt(x), 0.5 * x + 1), 0.0) + np.where(x > 0, np.sqrt(x), 0)
        )

    x = np.array([0.0, 4.0])
    with np.errstate(all="raise"):
        assert np.all(np.isfinite(ad.grad(f)(x)))
        with pytest.raises(FloatingPointError, match="divide by zero"):
            ad.grad(np.sqrt)(0.0)
    with ad.debug(), np.errstate(all="ignore"):
        np.testing.assert_allclose(ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)))(X), [0, 0, 0.25])
        with pytest.raises(FloatingPointError, match="gradient of sqrt"):
            ad.grad(lambda x: np.sum(np.where(x >= 0, np.sqrt(x), 0.0)))(X)


def test_large_gradients_are_not_taken_for_infinite() -> None:
    assert ad.grad(lambda x: np.sum(1e300 * x))(X)[0] == 1e300
    calls: list[int] = []

    @ad.custom_vjp
    def counted(x: Any) -> Any:
        return x * 2, lambda g: (calls.append(1), g * 2)[1]

    ad.grad(lambda x: np.sum(counted(x)))(X)
    assert len(calls) == 1  # an ordinary gradient is swept once


@pytest.mark.parametrize("power", [0.5, 1.5, 2.5, -1.0])
def test_second_derivatives_of_what_has_a_first(power: float) -> None:
    """The gradient is finite at 0, and the slope of the gradient is not."""
    x = np.array([0.0, 4.0])
    second = power * (power - 1) * 4 ** (power - 2)

    def f(x: Any) -> Any:
        return np.where(x > 0, x**power, 0.0).sum(-1)

    np.testing.assert_allclose(ad.hessian(f)(x), [[0, 0], [0, second]])
    np.testing.assert_allclose(ad.hessian(lambda x: (x**power)[1:].sum())(x), [[0, 0], [0, second]])
    np.testing.assert_allclose(ad.hessian(lambda x: np.max(x ** abs(power)))(x)[0], [0, 0])
    np.testing.assert_allclose(ad.jacobian(ad.grad(f))(x), [[0, 0], [0, second]])
    np.testing.assert_allclose(ad.hvp(f)(x, np.ones(2)), [0, second])
    np.testing.assert_allclose(ad.hessian(f)(np.stack([x, x[::-1]]))[:, [0, 1], [0, 1]], [[0, second], [second, 0]])
    third = ad.jacobian(ad.hessian(f))(x)
    np.testing.assert_allclose(third[1, 1, 1], second * (power - 2) / 4)
    assert np.count_nonzero(third) == 1


@pytest.mark.filterwarnings("error:invalid")
def test_the_zeros_of_unit_vectors_are_structural() -> None:
    x = np.array([0.0, 4.0])
    np.testing.assert_array_equal(ad.jacobian(lambda x: x**0.5)(x), [[np.inf, 0], [0, 0.25]])
    many = ad.jacobian(lambda x: np.concatenate([x**0.5] * 5))(x)
    np.testing.assert_array_equal(many, np.tile([[np.inf, 0], [0, 0.25]], (5, 1)))
    np.testing.assert_array_equal(ad.hessian(lambda x: (x**1.5).sum())(x), [[np.inf, 0], [0, 0.375]])


def test_numbers_that_are_zero_do_not_protect_second_derivatives() -> None:
    for f, right in (
        (lambda x: np.sqrt(x) ** 4, 2.0),
        (lambda x: np.where(x >= 0, np.sqrt(x) ** 4, 0.0), 2.0),
        (lambda x: x * (x**1.5)[()], np.inf),
    ):
        for h in (ad.hessian(f)(0.0), ad.hessian(lambda x, f=f: f(x[0]) + x[1])(np.zeros(2))[0, 0]):
            assert np.isnan(h) or h == right


def test_many_pulls_through_a_history_of_nested_choices() -> None:
    """Rows that meet an infinite slope and rows that do not, in turn, from one history."""

    def f(x: Any) -> Any:
        y = np.where(x > -1, x**1.5, 0.0)
        return np.where(x > 0, np.sin(np.where(y < 9, y * x, 0.0)) * np.exp(y), 0.0).sum() + (x[1] * x[3]) ** 2

    x = np.array([0.0, 1.0, 0.0, 0.5, 4.0])
    inner = ad.hessian(f)(x)
    apart = ad.hessian(lambda z: f(np.concatenate([[-0.5], z[:1], [-0.5], z[1:]])))(x[[1, 3, 4]])
    np.testing.assert_allclose(inner[np.ix_([1, 3, 4], [1, 3, 4])], apart, rtol=1e-12)
    assert np.all(inner[[0, 2]] == 0) and np.all(inner[:, [0, 2]] == 0)
    _, pull = ad.vjp(ad.grad(f), x)
    for unit in np.eye(5)[::-1]:
        np.testing.assert_allclose(pull(unit), unit @ inner)
    two, pull = ad.vjp(lambda x: (ad.grad(f)(x), ad.grad(f)(x) * 2), x)
    np.testing.assert_allclose(pull((np.ones(5), np.zeros(5))), inner.sum(0))
    np.testing.assert_allclose(pull((np.zeros(5), np.ones(5))), 2 * inner.sum(0))
    assert len(two) == 2
