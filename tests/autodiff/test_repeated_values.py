"""Equal eigenvalues and singular values: what exists is right, what does not is NaN with a warning, never a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

RANDOM = np.random.default_rng(0)
Q, P = (np.linalg.qr(RANDOM.normal(size=(3, 3)))[0] for _ in range(2))
V = RANDOM.normal(size=(3, 3))
REPEATED = [np.eye(3), np.zeros((3, 3)), *(Q @ np.diag([1.0, 1.0 + gap, 2.0]) @ Q.T for gap in (0.0, 1e-15, 1e-12))]


def symmetric(x: Any) -> Any:
    return (x + x.T) / 2


FUNCTIONS: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda x: np.sum(np.linalg.eigvalsh(symmetric(x)) ** 2), lambda x: np.sum(symmetric(x) ** 2)),
    (lambda x: np.sum(np.linalg.eigh(symmetric(x))[0] ** 4), lambda x: np.sum((symmetric(x) @ symmetric(x)) ** 2)),
    (lambda x: np.sum(np.linalg.eigvalsh(symmetric(x))), np.trace),
    (lambda x: np.sum(np.linalg.svdvals(x @ P) ** 2), lambda x: np.sum(x * x)),
    (lambda x: np.sum(np.linalg.svdvals(x @ P) ** 4), lambda x: np.sum((x.T @ x) ** 2)),
    (lambda x: np.sum((np.linalg.eigvalsh(symmetric(x)) - 1) ** 2), lambda x: np.sum((symmetric(x) - np.eye(3)) ** 2)),
    (lambda x: np.real(np.sum(np.linalg.eigvals(x) ** 2)), lambda x: np.trace(x @ x)),
]


@pytest.mark.parametrize("a", REPEATED)
@pytest.mark.parametrize(("fun", "same"), FUNCTIONS)
def test_second_derivatives(fun: Any, same: Any, a: Any) -> None:
    with pytest.warns(RuntimeWarning) as seen:
        got = ad.hvp(fun)(a, V)
    expected = ad.hvp(same)(a, V)
    right = np.isclose(got, expected, rtol=1e-5, atol=1e-5)
    assert np.all(right | np.isnan(got)) and any("NaN" in str(w.message) for w in seen)


@pytest.mark.parametrize(("fun", "same"), FUNCTIONS)
def test_second_derivatives_of_distinct_and_close_values(fun: Any, same: Any) -> None:
    for gap, tolerance in ((0.5, 1e-10), (1e-6, 1e-7)):
        a = Q @ np.diag([1.0, 1.0 + gap, 2.0]) @ Q.T
        np.testing.assert_allclose(ad.hvp(fun)(a, V), ad.hvp(same)(a, V), rtol=tolerance, atol=tolerance)


@pytest.mark.filterwarnings("error")
def test_a_single_value_beside_equal_ones_has_all_derivatives() -> None:
    a = Q @ np.diag([1.0, 1.0, 2.0]) @ Q.T
    top: Callable[[Any], Any] = lambda x: np.linalg.eigvalsh(symmetric(x))[-1]  # noqa: E731
    step = 1e-4
    slope = (ad.grad(top)(a + step * V) - ad.grad(top)(a - step * V)) / (2 * step)
    np.testing.assert_allclose(ad.hvp(top)(a, V), slope, atol=1e-6)
    vector: Callable[[Any], Any] = lambda x: np.abs(np.linalg.eigh(symmetric(x))[1][0, -1])  # noqa: E731
    ad.check_grads(vector, a, order=1)


@pytest.mark.parametrize("a", REPEATED)
def test_functions_through_vectors_of_equal_values(a: Any) -> None:
    def exponential(x: Any) -> Any:
        w, v = np.linalg.eigh(symmetric(x))
        return np.sum((v * np.exp(w)) @ v.T * V)

    with pytest.warns(RuntimeWarning, match="given as NaN"):
        assert np.isnan(ad.grad(exponential)(a)).any()


def test_first_derivatives_of_the_values_stay() -> None:
    for a in REPEATED:
        np.testing.assert_allclose(ad.grad(FUNCTIONS[0][0])(a), 2 * symmetric(a), atol=1e-12)
        np.testing.assert_allclose(ad.grad(FUNCTIONS[3][0])(a), 2 * a, atol=1e-12)
