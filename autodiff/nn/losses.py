"""Losses: mean over the data, one value for each member of a population.

The axes of the target are averaged over; axes that the prediction has in front of them stay. Predictions (N, k) of one
network against targets (N, k) give one number, predictions (popsize, N, k) give (popsize,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.losses import softmax_cross_entropy
from autodiff.operators import value_of
from autodiff.tensor import asarray, floating


def mse(y: Any, target: Any) -> Any:
    """Mean squared error.

    Parameters
    ----------
    y : array or tensor, (..., *target.shape)
        Predictions.
    target : array
        What they should be.

    Returns
    -------
    array or tensor, (...)

    Raises
    ------
    ValueError
        If the shape of ``y`` does not end in that of ``target``.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import mse
    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    y, target, axes = _matched(y, target)
    difference = y - target
    return (difference * difference).mean(axes)


def mae(y: Any, target: Any) -> Any:
    """Mean absolute error, for arguments as in `mse`; derivative 0 where a prediction is exact.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import mae
    >>> float(mae(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    y, target, axes = _matched(y, target)
    return np.abs(y - target).mean(axes)


def huber(y: Any, target: Any, delta: float = 1.0) -> Any:
    """Mean of d^2 / 2 for errors d up to ``delta``, of delta (|d| - delta / 2) beyond. Huber 1964.

    Arguments as in `mse`.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import huber
    >>> float(huber(np.array([1.0, 2.0]), np.array([1.5, 4.0])))
    0.8125
    """
    if not delta > 0:
        raise ValueError(f"delta must be positive, got {delta}")
    y, target, axes = _matched(y, target)
    difference = y - target
    # With c the error clipped to delta, c (d - c / 2) is both branches at once, and no branch is thrown away.
    clipped = np.clip(difference, -delta, delta)
    return (clipped * (difference - 0.5 * clipped)).mean(axes)


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean softmax cross-entropy.

    Parameters
    ----------
    logits : array or tensor, (..., N, k)
        Scores of k classes before the softmax.
    labels : integer array (N,), or float array (N, k)
        Classes, or the probabilities of all classes.

    Returns
    -------
    array or tensor, (...)

    Raises
    ------
    ValueError
        If shapes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import cross_entropy
    >>> round(float(cross_entropy(np.zeros((2, 4)), np.array([0, 3]))), 4)
    1.3863
    """
    logits, labels = floating(logits), asarray(labels)
    whole = labels.shape if labels.dtype.kind == "f" else (*labels.shape, logits.shape[-1])
    if logits.shape[logits.ndim - len(whole) :] != whole or len(whole) > logits.ndim:
        raise ValueError(
            f"logits must have shape (..., *labels.shape, k), got {logits.shape} for labels {labels.shape}"
        )
    rows = softmax_cross_entropy(logits, labels)
    return rows.mean(tuple(range(1 - len(whole), 0)))


def l2(theta: Any) -> Any:
    """Half the squared length of every vector on the last axis: weight decay as a part of the loss.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import l2
    >>> l2(np.array([[1.0, 1.0], [3.0, 4.0]]))
    array([ 1. , 12.5])
    """
    theta = floating(theta)
    return 0.5 * np.sum(theta * theta, axis=-1)


def _matched(y: Any, target: Any) -> tuple[Any, Any, tuple[int, ...]]:
    y, target = floating(y), asarray(target)
    shape = value_of(target).shape
    if len(shape) > y.ndim or y.shape[y.ndim - len(shape) :] != shape:
        raise ValueError(f"y must have the shape of target, {shape}, behind any axes of a population, got {y.shape}")
    return y, target, tuple(range(-len(shape), 0))
