"""Layers that act differently in training: dropout and normalisation over the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.arrays import Array
from autodiff.nn.layers import Layer, Params, Run, against
from autodiff.operators import value_of


@dataclass
class Dropout(Layer):
    """In training each entry is zero with probability ``p`` and divided by 1 - p otherwise.

    Srivastava et al. 2014, JMLR 15.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> y = nn.Model([nn.Dropout(0.5)])({}, np.ones(1000), train=True, rng=0)
    >>> sorted(set(y.tolist()))
    [0.0, 2.0]
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.p < 1.0:
            raise ValueError(f"p must lie in [0, 1), got {self.p}")

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output of the shape of x."""
        if not run.train or self.p == 0.0:
            return x
        kept = run.rng.random(x.shape) >= self.p
        return x * (kept / (1.0 - self.p)).astype(value_of(x).dtype)


@dataclass
class BatchNorm(Layer):
    """Every channel is normalised over the batch, then scaled and shifted: gamma (x - mean) / sqrt(var + eps) + beta.

    Ioffe and Szegedy 2015, algorithm 1. The statistics are those of the batch, except when not training and a state was
    given to the model (see `Model.statistics`), which holds the variance divided by N - 1 as in algorithm 2.

    Parameters
    ----------
    channels : int
        Number of channels.
    images : bool
        True for images (..., N, channels, H, W), False for features (..., N, channels).
    eps : float
        Added to the variance.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> model = nn.Model([nn.BatchNorm(1, images=False)])
    >>> model(model.init(), np.array([[1.0], [3.0]])).round(3).ravel()
    array([-1.,  1.])
    """

    channels: int
    images: bool = True
    eps: float = 1e-5

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of gamma and beta."""
        return {"gamma": (self.channels,), "beta": (self.channels,)}

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """Start with the scale one and the shift zero."""
        return super().init(rng) | {"gamma": np.ones(self.channels)}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output of the shape of x."""
        axes, channel = ((-4, -2, -1), -3) if self.images else ((-2,), -1)
        if x.ndim < len(axes) + 1 or x.shape[channel] != self.channels:
            form = "(..., N, channels, H, W)" if self.images else "(..., N, channels)"
            raise ValueError(f"x must have shape {form} with {self.channels} channels, got {x.shape}")

        if run.state is None or run.train:
            mean = np.mean(x, axis=axes, keepdims=True)
            centred = x - mean
            variance = np.mean(centred * centred, axis=axes, keepdims=True)
            count = math.prod(x.shape[axis] for axis in axes)
            unbiased = value_of(variance) * (count / max(count - 1, 1))
            run.seen[run.name] = (value_of(mean).squeeze(axis=axes), unbiased.squeeze(axis=axes))
        else:
            mean, variance = (against(v, self.images).astype(value_of(x).dtype) for v in run.state[run.name])
            centred = x - mean
        scale = against(params["gamma"], self.images) / np.sqrt(variance + self.eps)
        return centred * scale + against(params["beta"], self.images)
