"""What stands beside the first argument: options that are traced, lists in place of arrays, types of the result."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from tests.autodiff.cases import CASES, Case
from tests.autodiff.table import is_variable

X = np.array([0.3, -1.25, 2.0, 0.7])
DATA = np.array([[0.3, 1.2, -2.0, 4.0], [2.0, 2.5, 0.1, -1.0], [0.7, 0.2, 3.0, 1.1]])
METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_quantiles_by_their_order(method: str, axis: int | None) -> None:
    for q in (np.float64(0.37), np.array([0.03, 0.61, 0.97])):
        ad.check_grads(lambda q, a: np.quantile(a, q, axis=axis, method=method), q, DATA, order=1)
        ad.check_grads(lambda q: np.percentile(DATA, 100 * q, axis=axis, method=method) + np.sum(q), q)
    ad.check_grads(lambda q: np.nanquantile(np.where(DATA > 3, np.nan, DATA), q, axis=axis), np.float64(0.37))


def test_quantiles_at_both_ends() -> None:
    ordered = np.sort(DATA[0])
    slope = ad.grad(lambda q: np.quantile(DATA[0], q))
    np.testing.assert_allclose([slope(0.0), slope(1.0)], 3 * (ordered[[1, 3]] - ordered[[0, 2]]))


SEVERAL = [c for c in CASES if sum(is_variable(a) and a.ndim > 0 for a in c.inputs) > 1]


@pytest.mark.parametrize("case", SEVERAL, ids=lambda c: c.id)
def test_lists_beside_a_traced_array(case: Case) -> None:
    """One argument is traced, the others are lists: as NumPy takes them, or a sentence."""
    variable = [i for i, a in enumerate(case.inputs) if is_variable(a) and a.ndim > 0]
    for kept in variable:

        def call(x: Any, kept: int = kept) -> Any:
            given = [x if i == kept else a.tolist() if i in variable else a for i, a in enumerate(case.inputs)]
            return case.fun(*given, **case.keywords)

        try:
            call(case.inputs[kept])
        except (TypeError, ValueError, AttributeError):
            continue  # NumPy itself does not take lists there
        ad.check_grads(call, case.inputs[kept], order=1)


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.sum(x, dtype=int),
        lambda x: np.mean(x, None, int),
        lambda x: np.prod(x, dtype=np.int64),
        lambda x: np.cumsum(x, dtype=int)[2],
        lambda x: np.trace(np.outer(x, x), dtype=int),
        lambda x: np.nansum(x, dtype=int),
        lambda x: x.sum(dtype=int),
        lambda x: x.astype(int).sum(),
    ],
)
def test_whole_numbers_are_piecewise_constant(fun: Callable[[Any], Any]) -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: fun(x) + np.sum(x))(X), np.ones(4))


@pytest.mark.parametrize(
    ("fun", "text"),
    [
        (lambda x: np.linalg.norm(x, x[0] + 1), "derivative in ord"),
        (lambda x: np.linalg.vector_norm(x, ord=x[0]), "derivative in ord"),
        (lambda x: np.nan_to_num(x, nan=x[0]), "np.nan_to_num has no derivative in nan"),
    ],
)
def test_options_without_a_derivative(fun: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        ad.grad(lambda x: np.sum(fun(x)))(X)


def test_words_that_change_nothing() -> None:
    def f(x: Any) -> Any:
        return np.sin(x, where=True, dtype=None, out=None).sum() + np.add(x, x, where=True).sum()

    np.testing.assert_allclose(ad.grad(f)(X), np.cos(X) + 2)
    np.testing.assert_array_equal(ad.grad(lambda x: x.astype(float, copy=False).sum())(X), np.ones(4))


def test_whole_parts_are_piecewise_constant() -> None:
    assert ad.grad(lambda x: (math.trunc(x) + math.floor(x) + math.ceil(x)) * x)(2.5) == 7.0
    assert ad.grad(lambda x: np.nextafter(x, 9.0) * 2)(2.5) == 2.0
    assert ad.grad(lambda x: np.split(X * x, [2])[0].sum())(1.0) == pytest.approx(X[:2].sum())
    assert ad.grad(lambda x: np.array_split(X * x, round(x))[1].sum())(2.0) == pytest.approx(X[2:].sum())


def test_einsum_takes_lists_in_both_forms() -> None:
    b = [[1.0, 2.0], [3.0, 4.0]]
    a = X.reshape(2, 2)
    for call in (
        lambda x: np.einsum(x, [0, 1], b, [1, 2]),
        lambda x: np.einsum(x, [0, 1], b, [1, 2], [0, 2]),
        lambda x: np.einsum(b, [0, 1], x, [1, 2], [0, 2]),
        lambda x: np.einsum("ij,jk", x, b),
    ):
        ad.check_grads(call, a)
        np.testing.assert_array_equal(ad.vjp(call, a)[0], call(a))
