"""Losses of outputs (..., out, examples) against targets, averaged over the examples: (...)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.special import logsumexp
from problems.numbers import FloatArray


def squared(z: Any, y: FloatArray) -> Any:
    """Half the mean squared error, y (1, examples)."""
    e = z - y
    return 0.5 * (e * e).sum(-2).mean(-1)


def logistic(z: Any, y: FloatArray) -> Any:
    """Mean negative log-likelihood of a coin with odds exp(z), y (1, examples) in {0, 1}."""
    return (np.logaddexp(z, 0.0) - y * z).sum(-2).mean(-1)


def cross_entropy(z: Any, y: FloatArray) -> Any:
    """Mean of log-sum-exp of the scores minus the score of the right class, y (classes, examples) one-hot."""
    return (logsumexp(z, axis=-2) - (y * z).sum(-2)).mean(-1)


LOSSES = {"squared": squared, "logistic": logistic, "softmax": cross_entropy}


def encode(loss: str, y: Any, classes: int) -> FloatArray:
    """Targets in the form that the loss takes: (out, examples)."""
    if loss == "softmax":
        return np.ascontiguousarray(np.eye(classes)[y].T)
    return np.asarray(y, dtype=np.float64)[None, :]
