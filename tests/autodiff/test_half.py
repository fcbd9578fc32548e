"""Half precision ends at 65,504 and counts to 2,048: sums inside of derivatives are formed in single precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import special

N = 70_000
EQUAL, DRAWN = np.ones(N, np.float16), np.random.default_rng(0).uniform(0.5, 1.5, N).astype(np.float16)
TWO_VALUES = (np.arange(N) % 2).astype(np.float16)


@pytest.mark.parametrize("x", [EQUAL, DRAWN, TWO_VALUES], ids=["equal", "drawn", "two values"])
@pytest.mark.parametrize(
    "fun",
    [
        special.logsumexp,
        lambda x: np.sum(special.softmax(x)[:9]),
        lambda x: special.log_softmax(x)[3],
        lambda x: ad.softmax_cross_entropy(x[None], np.array([1]))[0],
        np.max,
        np.min,
        np.ptp,
        np.linalg.norm,
        lambda x: np.linalg.norm(x, 3),
        lambda x: np.linalg.norm(x, np.inf),
        lambda x: np.linalg.vector_norm(x),
        np.var,
        lambda x: np.std(x * np.linspace(1, 2, N).astype(x.dtype)),
        np.nanvar,
        lambda x: np.average(x, weights=np.ones(N, x.dtype)),
        lambda x: np.dot(x, np.ones(N, x.dtype)) / 8,
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_gradients_of_many_entries(fun: Callable[[Any], Any], x: Any) -> None:
    value, got = ad.value_and_grad(fun)(x)
    wide, expected = ad.value_and_grad(fun)(x.astype(float))
    assert value.dtype == got.dtype == np.float16
    if wide < 60_000 and fun is not np.max:
        np.testing.assert_allclose(value, np.float16(wide) if np.isfinite(value) else value, rtol=5e-3, atol=1e-5)
    step = 6e-8  # between the smallest numbers of half precision
    np.testing.assert_allclose(got, expected, rtol=5e-3, atol=2 * step)


def used(x: Any, n: int, use: Callable[[Any, int], Any]) -> Any:
    """`x` in `n` operations."""
    total: Any = np.float16(0)
    for k in range(n):
        total = total + use(x, k) / np.float16(64)
    return total


@pytest.mark.parametrize("n", [2049, 5000])
@pytest.mark.parametrize(
    "use",
    [
        lambda x, k: x[0] * x[1],
        lambda x, k: np.sum(x),
        lambda x, k: x[k % 3],
        lambda x, k: np.sum(x[:2]) + x[2] if k % 2 else x[1] * np.float16(2),
        lambda x, k: np.sum(x[[0, 0]]),
        lambda x, k: np.sqrt(np.where(x > 0, x, np.float16(-1)))[0],
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_many_operations_on_one_value(use: Callable[[Any, int], Any], n: int) -> None:
    x = np.array([1.0, 0.5, 0.25], np.float16)
    for fun in (lambda x: used(x, n, use), lambda x: used(np.exp(x), n, use)):
        got, expected = ad.grad(fun)(x), ad.grad(fun)(x.astype(float))
        assert got.dtype == np.float16
        np.testing.assert_allclose(got, expected, rtol=2e-2)
    w = ad.tensor(x, requires_grad=True)
    used(w, n, use).backward()
    np.testing.assert_allclose(w.grad, ad.grad(lambda x: used(x, n, use))(x.astype(float)), rtol=2e-2)


def test_second_derivatives_of_many_operations() -> None:
    x = np.array([1.0, 0.5], np.float16)
    got = ad.hvp(lambda x: used(x, 3000, lambda x, k: np.sum(x * x)))(x, np.ones(2, np.float16))
    np.testing.assert_allclose(got, 6000 / 64 * np.ones(2), rtol=2e-2)


B, Z = np.ones(3, np.float16), np.zeros((5000, 3), np.float16)


@pytest.mark.parametrize(
    "fun",
    [
        lambda b: np.sum(b + Z.astype(b.dtype)),
        lambda b: np.sum(b * (Z + 1).astype(b.dtype)),
        lambda b: np.sum(b[np.zeros(5000, int)]),
        lambda b: np.sum(np.take(b, np.zeros(5000, int))),
        lambda b: np.sum(np.repeat(b, 5000)),
        lambda b: np.sum(np.broadcast_to(b, (5000, 3))),
        lambda b: np.sum((Z + 1).astype(b.dtype) @ b),
        lambda b: np.sum(np.einsum("ij,j->i", (Z + 1).astype(b.dtype), b)),
        lambda b: np.sum(np.einsum("ij,j->ij", (Z + 1).astype(b.dtype), b)),
        lambda b: np.sum(np.cumsum(np.broadcast_to(b[:1], (5000,)))) / 1000,
        lambda b: np.sum(np.cumprod(np.broadcast_to(b[:1], (5000,)))) / 1000,
        lambda b: np.sum(np.where(Z == 0, b, 0)),
        lambda b: np.sum(np.maximum(Z.astype(b.dtype), b)),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_many_uses_of_one_entry(fun: Callable[[Any], Any]) -> None:
    got, expected = ad.grad(fun)(B), ad.grad(fun)(B.astype(float))
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, expected, rtol=5e-3)
