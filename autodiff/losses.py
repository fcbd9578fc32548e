"""Softmax cross-entropy, as one primitive."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import primitive
from autodiff.tensor import Tensor


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

    Examples
    --------
    >>> import numpy as np, autodiff as ad
    >>> ad.softmax_cross_entropy(np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([0, 1]))
    array([6.93147181e-01, 1.00000000e+03])
    """
    labels = np.asarray(value_of(labels))
    if labels.dtype.kind in "iub":
        if labels.shape != np.shape(logits)[:-1]:
            labels = np.broadcast_to(labels, np.shape(logits)[:-1])
        return cross_entropy_of_classes(logits, labels)
    return cross_entropy_of_probabilities(logits, labels)


def log_normalised(logits: Any) -> Any:
    """logits - logsumexp(logits), on the last axis."""
    shifted = logits - np.max(value_of(logits), axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


@primitive
def cross_entropy_of_classes(logits: Any, labels: Any) -> Any:
    """-log softmax(logits) at the labels."""
    logp = log_normalised(logits)
    index = (*np.indices(labels.shape, sparse=True), labels)

    def vjp(g: Any) -> Any:
        d = np.exp(logp)
        if type(d) is np.ndarray and type(g) is not Tensor:  # the common case, without temporary arrays
            d[index] -= 1
            d *= g[..., None]
            return d
        return (d - _one_hot(labels, logits)) * g[..., None]

    return -logp[index], (vjp, None)


def _one_hot(labels: Any, logits: Any) -> Any:
    return (labels[..., None] == np.arange(logits.shape[-1])).astype(logits.dtype)


@primitive
def cross_entropy_of_probabilities(logits: Any, p: Any) -> Any:
    """-sum_k p_k log softmax(logits)_k."""
    logp = log_normalised(logits)
    p = p.astype(logits.dtype)
    return -np.sum(p * logp, axis=-1), (
        lambda g: (np.exp(logp) * np.sum(p, axis=-1, keepdims=True) - p) * g[..., None],
        None,
    )
