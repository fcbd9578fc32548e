"""A small convolutional network as a function of one flat parameter vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import nn
from problems.networks import ACTIVATIONS, INITS
from problems.numbers import FloatArray, chosen


class Conv:
    """Two 3x3 convolutions with phi behind each, 2x2 max pooling, and a linear layer.

    Parameters
    ----------
    edge : int
        Height and width of the images.
    channels : tuple of int
        Filters of the two convolutions.
    classes : int
        Outputs.
    activation, init : str
        Keys of `ACTIVATIONS` and `INITS`.
    """

    def __init__(self, edge: int, channels: tuple[int, int], classes: int, activation: str, init: str) -> None:
        first, second = channels
        pooled = (edge - 4) // 2
        if min(first, second) < 1 or pooled < 1:
            raise ValueError(f"channels must be at least 1 on images of at least 6x6, got {channels} on {edge}x{edge}")
        phi = ACTIVATIONS[chosen("activation", activation, ACTIVATIONS)]
        draw = INITS[chosen("init", init, INITS)]
        self.edge = edge
        self.model = nn.Model(
            [
                nn.Conv2d(1, first, 3, initialiser=draw),
                phi,
                nn.Conv2d(first, second, 3, initialiser=draw),
                phi,
                nn.MaxPool2d(2),
                nn.Flatten(),
                nn.Linear(second * pooled * pooled, classes, initialiser=draw),
            ]
        )

    @property
    def n(self) -> int:
        """Number of parameters."""
        return self.model.n

    def start(self, rng: np.random.Generator) -> FloatArray:
        """A start point (n,)."""
        return np.asarray(self.model.flatten(self.model.init(rng)))

    def __call__(self, x: Any, inputs: FloatArray) -> tuple[Any, Any]:
        """Outputs (..., classes, examples) for pixels (edge^2, examples), and the sum of the squared weights (...)."""
        images = np.ascontiguousarray(inputs.T).reshape(-1, 1, self.edge, self.edge)
        squares = 0.0
        for name, part in self.model.slices.items():
            if name.endswith(".w"):
                weights = x[..., part]
                squares = squares + (weights * weights).sum(-1)
        return np.swapaxes(self.model(x, images), -1, -2), squares
