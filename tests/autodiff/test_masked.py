"""Masked arrays are refused wherever they stand beside a tensor: their mask would be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

X = np.array([0.5, -1.25, 2.0])
M = np.ma.masked_array([True, True, False], [False, True, False])
V = np.ma.masked_array([1.0, 2.0, 0.5], [False, True, False])
PLACES = np.ma.masked_array([0, 1, 2], [False, True, False])


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.where(M, x, 0),
        lambda x: np.where(x > V, x, 0),
        lambda x: np.where(x > 0, x, V),
        lambda x: np.select([M, x > 1], [x, 2 * x]),
        lambda x: np.select([x > 0, x < 0], [V, x]),
        lambda x: np.choose(PLACES, [x, x, x]),
        lambda x: np.choose(np.array([0, 1, 0]), [x, V]),
        lambda x: np.clip(x, V, 5),
        lambda x: x.clip(V),
        lambda x: np.clip(x, None, V),
        lambda x: np.clip(x, min=V),
        lambda x: x[M],
        lambda x: x[PLACES],
        lambda x: np.outer(x, x)[0, PLACES],
        lambda x: np.outer(x, x)[M, :],
        lambda x: np.take(x, PLACES),
        lambda x: x.take(PLACES),
        lambda x: np.take_along_axis(x, PLACES, 0),
        lambda x: np.compress(M, x),
        lambda x: np.extract(M, x),
        lambda x: np.bincount(PLACES, x),
        lambda x: np.sum(x, where=M),
        lambda x: x.sum(where=M),
        lambda x: np.add.reduce(x, where=M),
        lambda x: np.mean(x, where=M),
        lambda x: np.max(x, where=M, initial=0),
        lambda x: np.average(x, weights=V),
        lambda x: np.concatenate([x, V]),
        lambda x: np.stack([x, V]),
        lambda x: ad.array([x, V]),
        lambda x: np.add(x, 1, out=V),
        lambda x: np.sum(x, out=V),
        lambda x: np.dot(x, V),
        lambda x: np.einsum("i,i->", x, V),
        lambda x: np.interp(x, V, V),
        lambda x: np.piecewise(x, [M], [lambda y: y, 0.0]),
        lambda x: np.repeat(x, PLACES),
        lambda x: np.linalg.solve(np.diag(x), V),
        lambda x: ad.special.logsumexp(x, b=V),
        lambda x: ad.softmax_cross_entropy(np.outer(x, x), PLACES),
        lambda x: ad.nn.cross_entropy(np.outer(x, x), PLACES),
        lambda x: ad.nn.mse(x, V),
    ],
)
def test_masks_are_not_forgotten(fun: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, ad.LostGradient), match=r"mask|out=|no gradient rule"):
        ad.grad(lambda x: np.sum(fun(x)))(X)


def test_places_and_classes_that_do_not_exist() -> None:
    empty = np.ones((0, 3))
    for index in ([7], [-4], [[0, 3]]):
        with pytest.raises(IndexError, match=r"must lie in \[-3, 3\)|out of bounds"):
            ad.grad(lambda x, i=index: np.sum(np.take(x, i, axis=1)))(empty)
    assert ad.grad(lambda x: np.sum(np.take(x, [2, -3], axis=1)))(empty).shape == (0, 3)
    assert ad.grad(lambda x: np.sum(np.take(x, [7], axis=1, mode="wrap")))(empty).shape == (0, 3)
    for labels in ([0, 3], [-1, 0]):
        with pytest.raises(ValueError, match="class numbers from 0 to 2"):
            ad.softmax_cross_entropy(np.zeros((2, 3)), np.array(labels))
        with pytest.raises(ValueError, match="class numbers from 0 to 2"):
            ad.grad(lambda x, c=labels: ad.nn.cross_entropy(x, np.array(c)))(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="class numbers"):
        ad.softmax_cross_entropy(empty, np.array(7))
    with pytest.raises(ValueError, match=r"probabilities of shape \(\.\.\., 3\)"):
        ad.softmax_cross_entropy(np.zeros((2, 3)), np.array([[0.5], [0.5]]))
