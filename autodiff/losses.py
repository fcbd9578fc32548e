"""Softmax cross-entropy, as one primitive."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.half import in_single
from autodiff.operators import value_of
from autodiff.primitive import primitive
from autodiff.tensor import Tensor, asarray, floating

SHORT = 32  # entries of a row up to which it is reduced in other ways than by NumPy's own


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """Cross-entropy of the softmax of `logits`, -sum_k p_k log softmax(logits)_k, on the last axis.

    Computed from the logits without overflow or log(0), and differentiated as softmax(logits) - p.

    Parameters
    ----------
    logits : array_like, shape (..., k)
        Scores of k classes.
    labels : array_like
        Class numbers, integers of shape (...), or probabilities p of shape (..., k) that sum to one.

    Returns
    -------
    array, shape (...)
        The loss of each row; take ``.mean()`` for the usual objective.

    Raises
    ------
    ValueError
        If a class does not exist, or probabilities are not those of k classes.

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.softmax_cross_entropy(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([0, 1]))
    array([6.93147181e-01, 1.00000000e+03])
    """
    logits, labels = floating(logits), asarray(value_of(labels))
    return _cross_entropy(logits, labels)


@in_single
def _cross_entropy(logits: Any, labels: Any) -> Any:
    if labels.dtype.kind in "iub":
        k, shape = logits.shape[-1], logits.shape[:-1]
        if labels.size and not 0 <= np.minimum.reduce(labels, None) <= np.maximum.reduce(labels, None) < k:
            raise ValueError(f"labels must be class numbers from 0 to {k - 1}, got {labels.min()} to {labels.max()}")
        if labels.shape != shape:
            labels = np.broadcast_to(labels, shape)
        return cross_entropy_of_classes(logits, labels)
    if labels.shape[-1:] != np.shape(logits)[-1:]:
        raise ValueError(
            f"labels must be probabilities of shape (..., {np.shape(logits)[-1]}), or integers, got {labels.dtype} of"
            f" shape {labels.shape}"
        )
    return cross_entropy_of_probabilities(logits, labels)


def exponentials(logits: Any) -> tuple[Any, Any, Any]:
    """On the last axis: logits less the largest, their exponentials, and the sum of these.

    NumPy reduces short rows slowly, one by one: hence the largest is taken across columns, and the sum by a product.
    """
    plain = value_of(logits)
    k = plain.shape[-1]
    if k > SHORT:
        largest = np.max(plain, axis=-1, keepdims=True)
    else:
        columns = np.ascontiguousarray(plain.reshape(-1, k).T)
        largest = np.maximum.reduce(columns, axis=0).reshape(*plain.shape[:-1], 1)
    shifted = logits - largest
    e = np.exp(shifted)
    return shifted, e, e @ np.ones((k, 1), plain.dtype)


@primitive
def cross_entropy_of_classes(logits: Any, labels: Any) -> Any:
    """-log softmax(logits) at the labels."""
    shifted, e, total = exponentials(logits)
    index = (*np.indices(labels.shape, sparse=True), labels)

    def vjp(g: Any) -> Any:
        d = e / total
        if type(d) is np.ndarray and type(g) is not Tensor:  # the common case, without temporary arrays
            d[index] -= 1
            d *= g[..., None]
            return d
        return (d - _one_hot(labels, logits)) * g[..., None]

    return np.log(total[..., 0]) - shifted[index], (vjp, None)


def _one_hot(labels: Any, logits: Any) -> Any:
    return (labels[..., None] == np.arange(logits.shape[-1])).astype(logits.dtype)


@primitive
def cross_entropy_of_probabilities(logits: Any, p: Any) -> Any:
    """-sum_k p_k log softmax(logits)_k."""
    shifted, e, total = exponentials(logits)
    p = p.astype(logits.dtype)
    return -np.sum(p * (shifted - np.log(total)), axis=-1), (
        lambda g: (e / total * np.sum(p, axis=-1, keepdims=True) - p) * g[..., None],
        None,
    )
