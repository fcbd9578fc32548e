"""check_rule: each promise, broken by a rule of its own, is found; rules that keep them pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

X = np.array([0.5, -1.25, 2.0])
Y = np.array([1.5, 0.75, -0.5])


def rule(pull: Callable[[Any, Any], Any], value: Callable[[Any], Any] = lambda x: x**3) -> Any:
    """A rule of one argument from its value and ``(g, x) -> gradient``."""

    @ad.custom_vjp
    def of_x(x: Any) -> Any:
        return value(x), lambda g: pull(g, x)

    return of_x


def test_right_rules_pass() -> None:
    ad.check_rule(rule(lambda g, x: 3 * x**2 * g), X, batch=True, order=3)
    for fun in (np.multiply, np.hypot, np.logaddexp):
        ad.check_rule(fun, X, Y)
        ad.check_rule(fun, X[:, None], Y[None, :2])
    ad.check_rule(np.matmul, np.arange(6.0).reshape(2, 3), np.arange(3.0)[:, None] - 1, batch=True)
    ad.check_rule(lambda x, i: x[i], X, np.array([0, 2, 0]))
    ad.check_rule(np.linalg.eigh, np.diag([1.0, 2.0, 4.0]) + 0.1, dtypes=[float])
    for fun in (np.exp, np.sin, np.sqrt, np.tanh, np.conjugate, np.real, np.imag, np.abs, np.fft.fft):
        ad.check_rule(fun, X + 2.5, complex=True)


def test_value() -> None:
    def two_faced(x: Any) -> Any:
        return np.cos(x) if isinstance(x, ad.Tensor) else np.sin(x)

    with pytest.raises(AssertionError, match="two_faced: the value on traced arguments is not the one on plain"):
        ad.check_rule(two_faced, X)


def test_form() -> None:
    def wide(x: Any) -> Any:
        return np.float64(1) * x if isinstance(x, ad.Tensor) else x * 1

    with pytest.raises(AssertionError, match=r"wide: in float32, traced arguments give .*float64"):
        ad.check_rule(wide, X)


def writes(g: Any, x: Any) -> Any:
    g *= 3 * x**2
    return g


def test_writing_to_the_cotangent() -> None:
    with pytest.raises(AssertionError, match="changes the cotangent"):
        ad.check_rule(rule(writes), X)


def test_linearity() -> None:
    with pytest.raises(AssertionError, match="not linear in the cotangent"):
        ad.check_rule(rule(lambda g, x: 3 * x**2 * g * np.abs(g)), X)
    calls: list[int] = []

    def tiring(g: Any, x: Any) -> Any:
        calls.append(1)
        return 3 * x**2 * g * (1.0 if len(calls) < 4 else 0.5)

    with pytest.raises(AssertionError, match=r"not linear|another gradient when it is called again"):
        ad.check_rule(rule(tiring), X)


def test_arguments_alone() -> None:
    def product(x: Any, y: Any) -> Any:
        both = isinstance(x, ad.Tensor) and isinstance(y, ad.Tensor)
        return x * y if both else np.multiply(x, y.detach() if isinstance(y, ad.Tensor) else y)

    with pytest.raises(AssertionError, match="argument 1 receives another gradient when it is the only traced one"):
        ad.check_rule(product, X, Y)


def test_layout() -> None:
    def flat(g: Any, x: Any) -> Any:
        return 2 * np.ravel(x, order="K").reshape(x.shape) * g

    with pytest.raises(AssertionError, match="depends on how an argument lies in memory"):
        ad.check_rule(rule(flat, lambda x: x**2), np.arange(6.0).reshape(2, 3))


def test_differences() -> None:
    with pytest.raises(AssertionError, match="wrong gradient, argument 0, entry"):
        ad.check_rule(rule(lambda g, x: 3.01 * x**2 * g), X)
    constant = rule(lambda g, x: 3 * (x.detach() if isinstance(x, ad.Tensor) else x) ** 2 * g)
    with pytest.raises(AssertionError, match="wrong derivative of the gradient"):
        ad.check_rule(constant, X)
    ad.check_rule(constant, X, order=1)


def test_directions() -> None:
    def stuck(g: Any, x: Any) -> Any:
        return 3 * x**2 * (g.detach() if isinstance(g, ad.Tensor) else g)

    with pytest.raises(AssertionError, match="the derivative along a direction, 0, is not the one of the pull-back"):
        ad.check_rule(rule(stuck), X, order=1)


def test_single_precision() -> None:
    def coarse(g: Any, x: Any) -> Any:
        return 3 * x**2 * g * (1.1 if x.dtype == np.float32 else 1.0)

    with pytest.raises(AssertionError, match="gradients in float32 are far from those in double precision"):
        ad.check_rule(rule(coarse), X)
    ad.check_rule(rule(coarse), X, dtypes=[np.float64])


def test_stacks() -> None:
    def mixing(x: Any) -> Any:
        return np.sum(x**2, axis=0)

    ad.check_rule(mixing, X)
    with pytest.raises((AssertionError, ValueError)):
        ad.check_rule(mixing, X, batch=True)

    def mean_free(g: Any, x: Any) -> Any:
        return 2 * x * g + (0.1 * (g - g.mean(axis=0)) if x.ndim > 1 else 0)

    with pytest.raises(AssertionError, match="the gradients of a stack are not those of its rows"):
        ad.check_rule(rule(mean_free, lambda x: x**2), X, batch=True)


def test_complex() -> None:
    conjugated = rule(lambda g, z: np.conjugate(3 * z**2) * g)
    ad.check_rule(conjugated, X)
    with pytest.raises(AssertionError, match="wrong gradient"):
        ad.check_rule(conjugated, X, complex=True)


def test_nothing_to_check() -> None:
    with pytest.raises(ValueError, match="args must hold an array or a number of a floating type"):
        ad.check_rule(np.take, np.arange(3), 1)
