"""Gradients of sums stay one number, or one per row, until they meet an array: nothing may depend on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import core

Fun = Callable[[Any], Any]

POINT = np.linspace(0.3, 1.7, 12)
ROW = np.linspace(-1.0, 2.0, 4)
COLUMN = np.linspace(0.5, 1.5, 3)[:, None]

FUNCTIONS: dict[str, Fun] = {
    "sum of the argument": lambda x: x.sum(),
    "an entry beside the whole": lambda x: (x[0] + x).sum(),
    "an entry times the whole": lambda x: (x[0] * (x - x[1])).sum(),
    "slices of a sum": lambda x: (2.0 * x).sum() + ((3.0 * x)[1:] ** 2).sum(),
    "slices of what is summed": lambda x: (lambda h: h.sum() + (h[2:] * h[:-2]).sum() + h.sum())(x * 0.5),
    "a number and an array meet": lambda x: (lambda h: h.sum() + (h * h).sum() + np.exp(h).sum())(3.0 * x),
    "constant rows": lambda x: (x.reshape(3, 4) * ROW).sum(),
    "constant rows below": lambda x: (x.reshape(3, 4) * ROW + x.reshape(3, 4)).sum(axis=0, keepdims=True)[0, 1:3].sum(),
    "constant column": lambda x: (COLUMN / x.reshape(3, 4)).mean(axis=1).sum(),
    "rows against columns": lambda x: (x[:3][:, None] + x[3:7]).sum(),
    "rows summed, then squared": lambda x: ((x.reshape(3, 4) - x[:4]).sum(axis=1) ** 2).sum(),
    "both axes in turn": lambda x: np.sqrt((x.reshape(3, 4) ** 2).sum(axis=0)).sum(),
    "means of means": lambda x: np.mean(np.log(x.reshape(2, 6)).mean(axis=-1) * 2.0),
    "reshaped on the way": lambda x: (-(x * 2.0).reshape(4, 3)).sum(),
    "sum over no axis": lambda x: (x * x).sum(axis=()).sum(),
    "powers": lambda x: (x**2 + x**3 + x**-1.5 + 2.0**x).sum(),
    "masked": lambda x: np.sum(x * x, where=POINT > 1.0) + np.mean(x * 3.0),
    "product by a sum": lambda x: ((x * 2.0) * x.sum()).sum(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_and_second_derivative(name: str) -> None:
    f = FUNCTIONS[name]
    step = 1e-6 * np.eye(12)
    slopes = [(f(POINT + d) - f(POINT - d)) / 2e-6 for d in step]
    np.testing.assert_allclose(ad.grad(f)(POINT), slopes, rtol=1e-6, atol=1e-8)
    bends = [(ad.grad(f)(POINT + d) - ad.grad(f)(POINT - d)) / 2e-6 for d in step]
    np.testing.assert_allclose(ad.hessian(f)(POINT), bends, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_with_gradients_in_full(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f = FUNCTIONS[name]
    short = ad.grad(f)(POINT)
    x = ad.tensor(POINT, requires_grad=True)
    f(x).backward()
    np.testing.assert_allclose(x.grad, short, rtol=1e-13)
    monkeypatch.setattr(core, "ELEMENTWISE", frozenset())
    np.testing.assert_allclose(ad.grad(f)(POINT), short, rtol=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_type_and_ownership(name: str) -> None:
    f = FUNCTIONS[name]
    single = ad.grad(f)(POINT.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, ad.grad(f)(POINT), rtol=2e-4)
    g = ad.grad(f)(POINT)
    assert g.shape == POINT.shape
    g += 1.0  # the caller's own


def test_populations() -> None:
    rows = np.linspace(0.2, 2.0, 60).reshape(5, 12)
    for size in (5, 2000):  # below and above the size from which views are taken
        many = np.resize(rows, (size, 12))
        f: Fun = lambda x: (2.0 * x[..., 1:] ** 2 + (1.0 - x[..., :-1]) * 3.0).sum(-1) - (x * 0.5).mean(-1)  # noqa: E731
        value, g = ad.value_and_grad(f)(many)
        np.testing.assert_allclose(g[:5], [ad.grad(f)(x) for x in rows], rtol=1e-14)
        assert value.shape == (size,)


def test_where_levels_meet() -> None:
    """A number at the upper level, an array or a number of the lower one in the vjp."""

    def mixed(c: Any) -> Any:
        return ad.grad(lambda x: (c * x).sum() + (x * x * c).sum())(POINT).sum()

    assert float(ad.grad(mixed)(0.7)) == pytest.approx(12 + 2 * POINT.sum())

    def outer(y: Any) -> Any:
        return (ad.grad(lambda x: (x * y + x).sum() * y.sum())(POINT) ** 2).sum()

    np.testing.assert_allclose(
        ad.grad(outer)(POINT), [(outer(POINT + d) - outer(POINT - d)) / 2e-6 for d in 1e-6 * np.eye(12)], rtol=1e-6
    )


def test_a_rule_of_the_user_must_be_in_full() -> None:
    @ad.custom_vjp
    def total(x: Any) -> Any:
        return np.sum(x), lambda g: g

    with pytest.raises(ValueError, match="shape"):
        ad.grad(lambda x: total(2.0 * x))(POINT)
