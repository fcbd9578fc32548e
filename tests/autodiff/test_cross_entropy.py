"""Softmax cross-entropy for short and long rows, of any memory order, with classes and with probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import autodiff as ad


@pytest.mark.parametrize("k", [3, 40])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_value_and_gradient(k: int, order: tuple[int, ...]) -> None:
    rng = np.random.default_rng(k)
    shape = (4, 5, k)
    z = rng.normal(size=[shape[i] for i in order]).transpose(np.argsort(order))
    assert z.shape == shape
    labels = rng.integers(0, k, shape[:-1])
    p = np.eye(k)[labels]
    for target in (labels, p):
        np.testing.assert_allclose(ad.softmax_cross_entropy(z, target), -np.sum(p * log_softmax(z, -1), axis=-1))
        g = ad.grad(lambda z, t=target: ad.softmax_cross_entropy(z, t).sum())(z)
        np.testing.assert_allclose(g, softmax(z, -1) - p, atol=1e-15)
        single = ad.grad(lambda z, t=target: ad.softmax_cross_entropy(z, t).sum())(z.astype(np.float32))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, g, atol=1e-6)


def test_lists_one_row_and_no_rows() -> None:
    assert ad.softmax_cross_entropy([[0, 0], [1000, 0]], [0, 1])[1] == 1000.0
    assert ad.softmax_cross_entropy(np.zeros(4), 2) == pytest.approx(np.log(4))
    assert ad.softmax_cross_entropy(np.zeros((0, 4)), np.zeros(0, int)).shape == (0,)
