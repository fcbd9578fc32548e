"""Operands and calls of other kinds: right, or refused in a sentence that names them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import autodiff as ad

X = np.array([0.5, -1.25, 2.0])
MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
with pytest.warns(PendingDeprecationWarning):
    MATRIX = np.matrix([[1.0, 2.0, 3.0]])


class Plain(np.ndarray):
    """A subclass without an arithmetic of its own."""


class Units(np.ndarray):
    """One with it."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: x * Fraction(1, 2), 2.0, 0.5),
        (lambda x: Fraction(1, 2) * x + Fraction(1, 3) - x / Fraction(2), 2.0, 0.0),
        (lambda x: round(x) * x, 2.3, 2.0),
        (lambda x: round(x, 1) * x, 2.33, 2.3),
        (lambda x: divmod(x, 2.0)[1] + divmod(x, 2.0)[0], 2.3, 1.0),
        (lambda x: divmod(7.0, x)[1], 2.3, -3.0),
        (lambda x: pow(x, 2), 3.0, 6.0),
        (lambda x: np.sum(x * X.view(Plain)), X, X),
        (lambda x: np.sum(X.view(Plain) * x + X.view(Plain)), X, X),
        (lambda x: np.sum(x * x), X.view(Plain), 2 * X),
        (lambda x: np.einsum("ij->j", x).sum(), np.ones((1, 3)), np.ones((1, 3))),
        (lambda x: np.einsum("ij,ij->j", x, np.ones((4, 3))).sum(), np.ones((1, 3)), np.full((1, 3), 4.0)),
        (lambda x: np.repeat(x, 3, axis=0).sum(), 2.0, 3.0),
    ],
)
def test_right(f: Callable[[Any], Any], x: Any, slope: Any) -> None:
    got = ad.grad(f)(x)
    np.testing.assert_allclose(got, slope)
    assert type(got) in (np.ndarray, np.float64)


def set_shape(x: Any) -> Any:
    x.shape = (3, 1)
    return x.sum()


@pytest.mark.parametrize(
    ("f", "error", "text"),
    [
        (lambda x: np.sum(x * MASKED), TypeError, "MaskedArray has an arithmetic of its own"),
        (lambda x: np.sum(np.multiply(MASKED, x)), TypeError, "MaskedArray has an arithmetic of its own"),
        (lambda x: np.sum(x + MASKED), TypeError, "MaskedArray has an arithmetic of its own"),
        (lambda x: np.sum(MASKED * x), (TypeError, ad.LostGradient), "MaskedArray|would lose|lost"),
        (lambda x: np.sum(x * MATRIX), TypeError, "matrix has an arithmetic of its own"),
        (lambda x: np.sum(MATRIX * x), TypeError, "matrix has an arithmetic of its own"),
        (lambda x: np.sum(MATRIX @ x), TypeError, "matrix has an arithmetic of its own"),
        (lambda x: np.sum(x * X.view(Units)), (TypeError, NotImplementedError), "^$|rules of their own"),
        (lambda x: np.sum(x * np.array([1, 2, 3], dtype=object)), TypeError, "multiply met an array of objects"),
        (lambda x: np.sum(x + np.array([1, 2, 3], dtype=object)), TypeError, "add met an array of objects"),
        (lambda x: pow(x, 2, 5), TypeError, r"use x\*\*y % z"),
        (set_shape, TypeError, r"use x = x.reshape\(shape\)"),
        (lambda x: optimize.brentq(lambda t: t - x[2], 0, 5), ad.LostGradient, "would lose|lost"),
        (lambda x: np.frompyfunc(lambda a: a * 2, 1, 1)(x).sum(), TypeError, r"^<lambda> \(vectorized\) has no"),
    ],
)
def test_refused(f: Callable[[Any], Any], error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        ad.grad(f)(X)


@pytest.mark.parametrize("x", [MASKED, MATRIX])
def test_arguments_of_other_kinds(x: Any) -> None:
    with pytest.raises(TypeError, match="has an arithmetic of its own"):
        ad.grad(lambda y: np.sum(y * y))(x)


def test_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    s = pandas.Series([1.0, 2.0, 3.0])
    got = ad.grad(lambda x: np.sum(x * s))(X)
    np.testing.assert_array_equal(got, [1, 2, 3])
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x @ pandas.DataFrame(np.eye(3))))(X), np.ones(3))
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x * x))(s), 2 * s)


def test_which_argument() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y

    assert ad.grad(f, argnums=np.int64(1))(3.0, 2.0) == 3.0 and ad.grad(f, argnums=-1)(3.0, 2.0) == 3.0
    assert ad.grad(f, argnums=[0, np.int64(1)])(3.0, 2.0) == (2.0, 3.0)
    with pytest.raises(TypeError, match="x came by name"):
        ad.grad(lambda x: x**2)(x=2.0)
    for argnums in (2, -3, (0, 5)):
        with pytest.raises(TypeError, match="must be among the 2 positional arguments"):
            ad.grad(f, argnums=argnums)(1.0, 2.0)
    with pytest.raises(TypeError, match="must be among the 0 positional arguments"):
        ad.grad(f)()
    with pytest.raises(TypeError, match="argnums must be an int or a tuple of ints, got 'x'"):
        ad.grad(f, argnums="x")(1.0, 2.0)
    with pytest.raises(ValueError, match="each argument once"):
        ad.grad(f, argnums=(0, 0))(1.0, 2.0)


def test_half_precision_counts_beyond_its_range() -> None:
    x = np.ones(70_000, np.float16)
    for f in (np.mean, np.nanmean, np.average):
        np.testing.assert_allclose(ad.grad(f)(x)[:2].astype(float), 1 / 70_000, rtol=1e-2)
