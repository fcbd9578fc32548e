"""Objectives on the last axis: a population gives what its rows give, in value, gradient and Hessian-vector product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

N = 4
A = np.random.default_rng(0).normal(size=(N, N))
S = A @ A.T + N * np.eye(N)
sp = ad.special

OBJECTIVES: dict[str, Callable[[Any], Any]] = {
    "sphere": lambda x: (x**2).sum(-1),
    "slices": lambda x: (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1),
    "ackley": lambda x: -20 * np.exp(-0.2 * np.sqrt((x**2).mean(-1))) - np.exp(np.cos(2 * np.pi * x).mean(-1)),
    "griewank": lambda x: (x**2).sum(-1) / 4000 - np.prod(np.cos(x / np.sqrt(np.arange(1, N + 1))), axis=-1),
    "quadratic form": lambda x: ((x @ S) * x).sum(-1),
    "einsum": lambda x: np.einsum("...i,ij,...j->...", x, S, x),
    "rotated": lambda x: np.abs(np.matvec(A, x)).sum(-1),
    "max": lambda x: np.max(np.abs(x), axis=-1),
    "sorted": lambda x: (np.sort(x, axis=-1) * np.arange(N)).sum(-1),
    "median": lambda x: np.median(x, axis=-1) ** 2,
    "norm": lambda x: np.linalg.norm(x, axis=-1) + np.linalg.norm(x, 1, axis=-1) + np.linalg.norm(x, 3, axis=-1),
    "mask": lambda x: np.sum(x**3, axis=-1, where=np.array([True, False, True, True])),
    "where": lambda x: np.where(x > 0, x**2, -x).sum(-1),
    "logsumexp": lambda x: sp.logsumexp(x, axis=-1),
    "softmax": lambda x: (sp.softmax(x, axis=-1) * np.arange(N)).sum(-1),
    "cross-entropy": lambda x: ad.softmax_cross_entropy(x, np.zeros(x.shape[:-1], dtype=int)),
    "special": lambda x: (sp.gammaln(1 + x**2) + sp.erf(x) + sp.xlogy(x**2, 1 + x**2) + sp.log_ndtr(x)).sum(-1),
    "cumulative": lambda x: (np.cumsum(x, axis=-1) ** 2).sum(-1) + np.cumprod(x, axis=-1)[..., -1],
    "gather": lambda x: (x[..., [0, 2, 2]] * x[..., [1, 1, 3]]).sum(-1) + np.take(x, [3, 0], axis=-1).sum(-1),
    "differences": lambda x: (np.diff(x, axis=-1) ** 2).sum(-1) + np.trapezoid(np.sin(x), dx=0.1, axis=-1),
    "padded": lambda x: (np.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 1)]) ** 3).sum(-1),
    "stacked": lambda x: np.stack([x[..., 0] * x[..., 1], np.sin(x[..., 2])], axis=-1).sum(-1),
    "joined": lambda x: (np.concatenate([x, x**2], axis=-1) ** 2).sum(-1),
    "statistics": lambda x: np.var(x, axis=-1) + np.std(x, axis=-1, ddof=1) + np.ptp(x, axis=-1),
    "solve": lambda x: (np.linalg.solve(S, x[..., None])[..., 0] * x).sum(-1),
    "log det": lambda x: np.linalg.slogdet(S + x[..., :, None] * x[..., None, :])[1],
    "eigenvalues": lambda x: np.linalg.eigvalsh(S + x[..., :, None] * x[..., None, :])[..., -1],
    "cholesky": lambda x: np.linalg.cholesky(S + x[..., :, None] * x[..., None, :])[..., -1, -1],
    "spectrum": lambda x: (np.abs(np.fft.rfft(x, axis=-1)) ** 2 * np.arange(3)).sum(-1),
    "convolved": lambda x: (np.fft.irfft(np.fft.rfft(x) * np.array([1, 2j, 1 - 1j]), n=N) ** 2).sum(-1),
    "layers": lambda x: np.tanh(np.tanh(x @ A) @ A.T + 0.1).sum(-1),
    "product": lambda x: np.prod(x, axis=-1) + np.min(x, axis=-1) * np.mean(x, axis=-1),
    "reshaped": lambda x: (x.reshape(*x.shape[:-1], 2, 2) @ x.reshape(*x.shape[:-1], 2, 2)).sum((-1, -2)),
    "trace": lambda x: np.trace(x[..., :, None] * (x @ A)[..., None, :], axis1=-2, axis2=-1),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_population_is_its_rows(name: str) -> None:
    fun = OBJECTIVES[name]
    x = np.random.default_rng(1).normal(size=(2, 3, N))
    v = np.random.default_rng(2).normal(size=(2, 3, N))
    value, gradient = ad.value_and_grad(fun)(x)
    product = ad.hvp(fun)(x, v)
    np.testing.assert_allclose(value, fun(x), rtol=1e-13)
    for index in np.ndindex(2, 3):
        f, g = ad.value_and_grad(fun)(x[index])
        np.testing.assert_allclose(value[index], f, rtol=1e-11)
        np.testing.assert_allclose(gradient[index], g, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(product[index], ad.hvp(fun)(x[index], v[index]), rtol=1e-7, atol=1e-9)
    ad.check_grads(fun, x[0, 0], order=2)
    assert ad.check_rows(fun, x.reshape(6, N))
    np.testing.assert_allclose(ad.hessian(fun, vectorized=True)(x[0]), ad.hessian(fun)(x[0]), rtol=1e-7, atol=1e-9)
    small = ad.value_and_grad(fun)(x.astype(np.float32))
    assert small[1].dtype == np.float32
    np.testing.assert_allclose(small[1], gradient, rtol=1e-2, atol=1e-3 * np.abs(gradient).max())


def test_one_argument_chosen_by_a_tuple() -> None:
    x = np.arange(6.0).reshape(2, 3)
    value, (gradient,) = ad.value_and_grad(lambda x: (x**2).sum(-1), argnums=(0,))(x)
    assert value.shape == (2,)
    np.testing.assert_array_equal(gradient, 2 * x)
