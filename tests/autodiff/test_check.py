"""check_grads says what is wrong and where, and knows kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

X = np.array([0.3, 0.5, 0.9])


@ad.custom_vjp
def wrong_entry(x: Any, y: Any) -> Any:
    bad = np.array([1.0, 1.0, 1.01])
    return (x**2).sum() + (y**2).sum(), lambda g: (g * 2 * x, g * 2 * y * bad)


@ad.custom_vjp
def wrong_second(x: Any) -> Any:
    return x**3, lambda g: g * (3 * x * x.detach() if isinstance(x, ad.Tensor) else 3 * x * x)


def test_names_argument_and_entry() -> None:
    with pytest.raises(AssertionError, match=r"wrong gradient, argument 1, entry 2: 0\.2285.*, by differences 0\.2263"):
        ad.check_grads(wrong_entry, X, X)
    with pytest.raises(AssertionError, match=r"argument 0, array 1, entry 2"):
        ad.check_grads(lambda p: wrong_entry(p["a"], p["b"]), {"a": X, "b": X})


def test_second_order() -> None:
    ad.check_grads(wrong_second, X)
    with pytest.raises(AssertionError, match="wrong derivative of the gradient"):
        ad.check_grads(wrong_second, X, order=2)


def test_kinks() -> None:
    for f in (np.abs, lambda x: np.maximum(x, 0.0), ad.special.relu, lambda x: np.linalg.norm(x), np.max):
        ad.check_grads(f, np.zeros(3))
    ad.check_grads(lambda x: np.clip(x, 0.0, 1.0), np.array([0.0, 0.5, 1.0]))

    @ad.custom_vjp
    def outside(x: Any) -> Any:
        return np.abs(x), lambda g: 3.0 * g

    with pytest.raises(AssertionError, match=r"\(a kink: -0.1257\d* on the left, 0.1257\d* on the right\)"):
        ad.check_grads(outside, 0.0)


def test_single_precision_and_scale() -> None:
    ad.check_grads(lambda x: np.tanh(x).sum(), X.astype(np.float32))
    ad.check_grads(lambda x: (x**2).sum(), 1e6 * X)
    ad.check_grads(lambda x: 1e8 * np.sin(x).sum(), X)
    with pytest.raises(AssertionError):
        ad.check_grads(wrong_entry, 1e5 * X, 1e5 * X)
