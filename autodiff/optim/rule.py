"""What the update rules of gradient descent share: learning rate, gradient clipping, state and its saving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from autodiff.arrays import Array

Rate = float | npt.ArrayLike | Callable[[int], Any]


def row_norm(x: Array) -> Array:
    """Norm along the last axis; the explicit C order keeps a row's bits free of what is stacked beside it."""
    return np.sqrt(np.multiply(x, x, order="C").sum(axis=-1, keepdims=True)) if x.ndim else np.abs(x)


def clip_by_norm(g: Array, limit: float) -> Array:
    """Scale every vector on the last axis of ``g`` (..., n) down to Euclidean length ``limit`` where it is longer.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import clip_by_norm
    >>> clip_by_norm(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    scale: Array = (limit / np.maximum(row_norm(g), limit)).astype(g.dtype, copy=False)
    return g * scale


def clip_by_value(g: Array, limit: float) -> Array:
    """Clip every entry of ``g`` to the interval from ``-limit`` to ``limit``.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import clip_by_value
    >>> clip_by_value(np.array([-3.0, 0.5]), 1.0)
    array([-1. ,  0.5])
    """
    return np.clip(g, -limit, limit)


class Rule:
    """What all update rules share: learning rate, gradient clipping, state and its saving.

    Parameters
    ----------
    lr : float, array or callable
        Learning rate: a number, an array that broadcasts over the leading axes ``x.shape[:-1]`` (one rate per run), or
        a schedule, called with the number of updates done so far (0 at the first).
    clip_norm : float, optional
        Longest gradient allowed: each vector on the last axis is scaled down to this length (`clip_by_norm`).
    clip_value : float, optional
        Largest entry of the gradient allowed (`clip_by_value`, before the norm).

    Attributes
    ----------
    state : dict of str to ndarray
        ``"step"``, the number of updates done, and the arrays of the rule, each shaped like x.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.optim import SGD
    >>> runs = SGD(lr=[0.1, 0.5], clip_norm=1.0)  # two runs with a rate of their own each
    >>> runs.step(np.zeros((2, 2)), np.array([[3.0, 4.0], [0.3, 0.4]]))
    array([[-0.06, -0.08],
           [-0.15, -0.2 ]])
    """

    def __init__(self, lr: Rate, *, clip_norm: float | None = None, clip_value: float | None = None) -> None:
        if callable(lr):
            self.lr: Callable[[int], Any] | Array = lr
        else:
            self.lr = np.array(lr, dtype=float)
            if not (np.all(np.isfinite(self.lr)) and np.all(self.lr >= 0)):
                raise ValueError(f"lr must be finite and not negative, got {lr}")
        for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if limit is not None and not limit > 0:
                raise ValueError(f"{name} must be positive or None, got {limit}")
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.state: dict[str, Array] = {}
        self.reset()

    def reset(self) -> None:
        """Forget all updates: the next step is the first."""
        self.state = {"step": np.zeros((), dtype=np.int64)}

    def step(self, x: npt.ArrayLike, g: npt.ArrayLike) -> Array:
        """Next point from the point ``x`` (..., n) and the gradient ``g`` there; neither is changed.

        Raises
        ------
        ValueError
            If the shapes of ``x``, ``g``, the learning rate and the state kept from earlier steps disagree.
        """
        x, g = np.asarray(x), np.asarray(g)
        if x.dtype.kind != "f":
            x = x.astype(float)
        g = g.astype(x.dtype, copy=False)
        if g.shape != x.shape:
            raise ValueError(f"g must have the shape of x, {x.shape}, got {g.shape}")
        lr = self._rate(x)
        if self.clip_value is not None:
            g = clip_by_value(g, self.clip_value)
        if self.clip_norm is not None:
            g = clip_by_norm(g, self.clip_norm)
        self.state["step"] = self.state["step"] + 1
        return self._next(x, g, lr)

    def _next(self, x: Array, g: Array, lr: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__} must define _next(x, g, lr)")

    def _rate(self, x: Array) -> Array:
        """Learning rate in the dtype of x, broadcastable against it."""
        lr = np.asarray(self.lr(int(self.state["step"])) if callable(self.lr) else self.lr, dtype=x.dtype)
        if lr.ndim == 0:
            return lr
        leading = x.shape[:-1][-lr.ndim :]
        if len(leading) < lr.ndim or any(a not in (1, b) for a, b in zip(lr.shape, leading, strict=True)):
            raise ValueError(f"lr of shape {lr.shape} must broadcast over the leading axes {x.shape[:-1]} of x")
        return lr[..., None]

    def _kept(self, name: str, x: Array) -> Array:
        """State array ``name``, zeros at first; rules change it in place."""
        kept = self.state.get(name)
        if kept is None:
            kept = self.state[name] = np.zeros_like(x)
        elif kept.shape != x.shape:
            raise ValueError(
                f"x has shape {x.shape} but the rule has seen {kept.shape}: call reset() to start anew, "
                "or take(rows) to go on with some of the stacked runs"
            )
        return kept

    def take(self, index: Any) -> None:
        """Go on with some of the stacked runs: keep the rows ``index`` (slice, mask or integers) of axis 0."""
        self.state = {name: value if value.ndim == 0 else value[index].copy() for name, value in self.state.items()}
        if not callable(self.lr) and np.ndim(self.lr) > 0 and len(self.lr) > 1:
            self.lr = self.lr[index].copy()

    def state_dict(self) -> dict[str, Array]:
        """Copy of the state, with the learning rates under ``"lr"`` where each run has its own."""
        state = {name: value.copy() for name, value in self.state.items()}
        if not callable(self.lr) and np.ndim(self.lr) > 0:
            state["lr"] = self.lr.copy()
        return state

    def load_state_dict(self, state: Mapping[str, npt.ArrayLike]) -> None:
        """Take over a state that `state_dict` gave, for instance through ``numpy.savez``."""
        if "step" not in state:
            raise ValueError(f"state must hold 'step' as state_dict() gives it, got the keys {sorted(state)}")
        loaded = {name: np.array(value) for name, value in state.items()}
        if "lr" in loaded:
            self.lr = loaded.pop("lr")
        self.state = loaded
