"""No value leaves a function that is differentiated without its gradient, but by detach; nor enters another one."""

from __future__ import annotations

import array
import copy
import math
import struct
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autodiff as ad
import es

X = np.array([0.5, -1.25, 2.0])

EXITS = [
    lambda x: np.sum(x).item(),
    lambda x: sum(x.tolist()),
    lambda x: np.sum(x.data),
    lambda x: np.sum(ad.asarray(x).data),
    lambda x: np.sum(ad.tensor(x)),
    lambda x: np.sum(ad.tensor(x, requires_grad=True)),
    lambda x: x.numpy().sum(),
    lambda x: np.asarray(x).sum(),
    lambda x: np.array(x).sum(),
    lambda x: np.array([x[0], x[1]]).sum(),
    lambda x: np.array(list(x)).sum(),
    lambda x: np.fromiter(x, float).sum(),
    lambda x: np.asarray(x, dtype=object).sum(),
    lambda x: x.astype(object).sum(),
    lambda x: x.astype(str).astype(float).sum(),
    lambda x: float(x[0]),
    lambda x: complex(x[0]).real,
    lambda x: np.float64(x[0]),
    lambda x: math.sin(x[0]),
    lambda x: math.fsum(x),
    lambda x: array.array("d", x)[0],
    lambda x: struct.unpack("d", struct.pack("d", x[0]))[0],
    lambda x: float(Decimal(x[0])),
    lambda x: float(Fraction(x[0])),
    lambda x: np.sum(x.requires_grad_(False) * 2),
    lambda x: np.sum(np.full_like(x, x[0])),
    lambda x: np.random.default_rng(0).normal(x).sum(),
    lambda x: np.linspace(0.0, 1.0, 3).dot(np.frombuffer(memoryview(x))),
]


@pytest.mark.parametrize("fun", EXITS)
def test_exits_are_closed(fun: Any) -> None:
    """Whatever hands out a bare value raises, or has the right gradient."""
    try:
        got = ad.grad(fun)(X)
    except (RuntimeError, TypeError, ValueError, struct.error):
        return
    ad.check_grads(fun, X)
    assert np.any(got != 0)


@pytest.mark.parametrize("name", ["item", "tolist", "data"])
def test_the_sentence_names_call_and_cure(name: str) -> None:
    def leave(x: Any) -> Any:
        value = getattr(np.sum(x), name)
        return value() if callable(value) else value

    with pytest.raises(ad.LostGradient, match=rf"x\.{name}.* would lose the gradient.*x\.detach\(\)\.{name}"):
        ad.grad(leave)(X)
    with pytest.raises(ad.LostGradient, match="would lose"):
        ad.grad(lambda x: np.sum(ad.grad(lambda y: np.sum(x * y) * np.sum(x).item())(x)))(X)  # from the outer one


def test_minimize_does_not_end_at_its_start() -> None:
    with pytest.raises(ad.LostGradient):
        es.minimize(lambda x: np.sum((x - 1) ** 2).item(), np.zeros(3), method="l-bfgs-b")


def test_detach_is_the_open_door() -> None:
    assert ad.grad(lambda x: x * x.detach().item())(3.0) == 3.0
    assert ad.grad(lambda x: x * x.detach().data)(3.0) == 3.0
    assert ad.grad(lambda x: x * ad.tensor(x.detach()))(3.0) == 3.0
    assert ad.grad(lambda x: x * float(x.detach()))(3.0) == 3.0
    assert ad.grad(lambda x: np.sum(x * np.asarray(x.detach())))(X) == pytest.approx(X)
    assert ad.grad(lambda x: x * int(x))(3.5) == 3.0  # piecewise constant


def test_what_detach_gives_cannot_change_the_history() -> None:
    def f(x: Any) -> Any:
        y = x**2
        held = np.asarray(y.detach())
        with pytest.raises(ValueError, match="read-only"):
            held += 1.0
        return np.sum(y * y)

    np.testing.assert_allclose(ad.grad(f)(X), 4 * X**3)
    w = ad.tensor(X, requires_grad=True)
    y = np.sum(w * w)
    with pytest.raises(ValueError, match="read-only"):
        w.data[0] = 7.0
    w.data = w.data - 1.0  # a new array: the history keeps the old one
    y.backward()
    np.testing.assert_array_equal(w.grad, 2 * X)
    np.testing.assert_array_equal(w.data, X - 1)
    with pytest.raises(ValueError, match="must keep the shape"):
        w.data = np.ones(2)
    with pytest.raises(RuntimeError, match="only a leaf"):
        y.data = 3.0


def test_a_value_that_the_caller_changes_leaves_the_pull_back_alone() -> None:
    value, pull = ad.vjp(np.exp, X)
    value *= 0
    np.testing.assert_array_equal(pull(np.ones(3)), np.exp(X))


def test_eager_tensors_give_their_values() -> None:
    w = ad.tensor(X, requires_grad=True)
    loss = np.sum(w * w)
    assert loss.item() == np.sum(X * X) and (w * 2).tolist() == (X * 2).tolist()
    np.testing.assert_array_equal((w * 2).data, 2 * X)
    with pytest.raises(ad.LostGradient, match=r"x\.detach\(\) is the value alone"):
        ad.tensor(loss)
    assert ad.grad(lambda x: x * loss.item())(1.0) == loss.item()


def test_copies() -> None:
    assert ad.grad(lambda x: np.sum(copy.deepcopy(x) * copy.copy(x)))(X) == pytest.approx(2 * X)
    w = ad.tensor(X, requires_grad=True)
    other = copy.deepcopy(w)
    other.data = other.data + 1
    assert other.requires_grad and other is not w
    np.testing.assert_array_equal(w.data, X)


# tensors of a differentiation that has ended


def kept() -> Any:
    """A tensor that a differentiation left behind."""
    held: list[Any] = []
    ad.grad(lambda x: (held.append(x * 2), np.sum(x))[1])(X)
    return held[0]


@pytest.mark.parametrize(
    "use",
    [
        lambda old: ad.grad(lambda y: np.sum(y * old))(X),
        lambda old: ad.value_and_grad(lambda y: np.sum(y) + np.sum(old))(X),
        lambda old: ad.grad(lambda y: np.sum(old))(X),
        lambda old: ad.grad(np.sum)(old),
        lambda old: ad.vjp(lambda y: y * old, X),
        lambda old: ad.vjp(lambda y: y**2, X)[1](old),
        lambda old: ad.jvp(lambda y: y * old, X, X),
        lambda old: ad.jacobian(lambda y: y * old)(X),
        lambda old: ad.hessian(lambda y: np.sum(y**3 * old))(X),
        lambda old: ad.hvp(lambda y: np.sum(y**3))(X, old),
        lambda old: ad.grad(lambda y: np.sum(ad.grad(lambda z: np.sum(z**2 * old))(y)))(X),
    ],
)
def test_old_tensors_are_refused(use: Any) -> None:
    with pytest.raises(ad.LostGradient, match="differentiation that has ended"):
        use(kept())


def test_an_inner_tensor_that_gets_out_is_refused() -> None:
    def f(x: Any) -> Any:
        held: list[Any] = []
        ad.grad(lambda y: (held.append(y), np.sum(y * y))[1])(x)
        return np.sum(x * held[0])

    with pytest.raises(ad.LostGradient, match="differentiation that has ended"):
        ad.grad(f)(X)


def test_pull_backs_may_be_used_later() -> None:
    held: list[Any] = []

    def f(x: Any) -> Any:
        _, pull = ad.vjp(lambda y: y * x, x)
        held.append(pull)
        return np.sum(pull(x))

    np.testing.assert_allclose(ad.grad(f)(X), 2 * X)
    with pytest.raises(ad.LostGradient, match="differentiation that has ended"):
        held[0](X)  # its factor x is a tensor of the outer differentiation


# cotangents of trees


def test_cotangents_are_matched_by_key() -> None:
    _, pull = ad.vjp(lambda p: {"a": p**2, "b": 3 * p}, 2.0)
    assert pull({"b": 10.0, "a": 1.0}) == pull({"a": 1.0, "b": 10.0}) == 34.0
    _, pull = ad.vjp(lambda p: ({"a": p, "b": [p * 2, p * 3]}, p), 1.0)
    assert pull([{"b": (10.0, 100.0), "a": 1.0}, 1000.0]) == 1 + 20 + 300 + 1000
    _, slope = ad.jvp(lambda d: d["a"] ** 2 + 5 * d["b"], {"a": 3.0, "b": 1.0}, {"b": 1.0, "a": 10.0})
    assert slope == 65.0
    assert ad.hvp(lambda d: d["a"] ** 2 * d["b"])({"a": 3.0, "b": 1.0}, {"b": 1.0, "a": 0.0}) == {"a": 6.0, "b": 0.0}


@pytest.mark.parametrize(
    ("cotangent", "text"),
    [
        ({"a": 1.0}, r"cotangent must be a dict with the keys \['a', 'b'\], got keys \['a'\]"),
        ({"a": 1.0, "b": [1.0, 1.0], "c": 0.0}, "got keys"),
        ([1.0, 1.0], "cotangent must be a dict"),
        (np.ones(2), "cotangent must be a dict"),
        ({"a": 1.0, "b": [1.0]}, r"cotangent\['b'\] must be a list of 2 entries, got 1"),
        ({"a": 1.0, "b": np.ones(2)}, r"cotangent\['b'\] must be a list of 2 entries, got ndarray"),
        ({"a": {"x": 1.0}, "b": [1.0, 1.0]}, r"cotangent\['a'\] must be an array, got dict"),
        ({"a": None, "b": [1.0, 1.0]}, r"cotangent\['a'\] must be an array, got NoneType"),
        ({"a": [np.ones(2), 1.0], "b": [1.0, 1.0]}, r"cotangent\['a'\] must be an array, got list"),
    ],
)
def test_other_structures_are_refused(cotangent: Any, text: str) -> None:
    _, pull = ad.vjp(lambda p: {"a": p**2, "b": [p, 3 * p]}, 2.0)
    with pytest.raises(ValueError, match=text):
        pull(cotangent)


def test_directions_of_another_structure_are_refused() -> None:
    with pytest.raises(ValueError, match=r"v must be a dict with the keys \['a'\]"):
        ad.jvp(lambda d: d["a"], {"a": 1.0}, {"a": 1.0, "b": 2.0})
    with pytest.raises(ValueError, match="v must be a tuple of 2 entries, got ndarray"):
        ad.jvp(lambda p: p[0] + p[1], (1.0, 2.0), np.ones(2))
