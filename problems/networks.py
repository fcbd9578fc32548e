"""Dense networks as functions of one flat parameter vector, for a stack of vectors at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np

from autodiff import nn
from problems.numbers import FloatArray, chosen

Init = Callable[[tuple[int, ...], np.random.Generator], FloatArray]


def _identity(z: Any) -> Any:
    return z


def _normal(std: float, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    return std * rng.standard_normal(shape)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "elu": nn.elu,
    "gelu": nn.gelu,
    "identity": _identity,
    "relu": nn.relu,
    "sigmoid": nn.sigmoid,
    "softplus": nn.softplus,
    "tanh": np.tanh,
}

INITS: dict[str, Init] = {
    "kaiming": nn.kaiming_normal,
    "normal": partial(_normal, 1.0),
    "small": partial(_normal, 0.01),
    "xavier": nn.xavier_normal,
    "zeros": partial(_normal, 0.0),
}
"""How weights (inputs, outputs) are drawn; with zeros, hidden units never come to differ."""


class Dense:
    """Fully connected network: h_0 = input, h_k = phi(W_k h_{k-1} + b_k), the last layer without phi.

    The flat vector holds, layer after layer, W (out, in) row by row and b (out).

    Parameters
    ----------
    sizes : tuple of int
        Width of the input, of each hidden layer and of the output; two of them make a linear model.
    activation : str
        A key of `ACTIVATIONS`.
    """

    def __init__(self, sizes: tuple[int, ...], activation: str = "tanh") -> None:
        if min(sizes) < 1:
            raise ValueError(f"every layer must have at least one unit, got {sizes}")
        self.sizes = sizes
        self.activation = chosen("activation", activation, ACTIVATIONS)

    @cached_property
    def n(self) -> int:
        """Number of parameters."""
        return sum(out * (width + 1) for width, out in zip(self.sizes, self.sizes[1:], strict=False))

    def layers(self, x: Any) -> Iterator[tuple[Any, Any]]:
        """W (..., out, in) and b (..., out, 1) of each layer, from x (..., n)."""
        lead, at = x.shape[:-1], 0
        for width, out in zip(self.sizes, self.sizes[1:], strict=False):
            yield (
                x[..., at : at + out * width].reshape((*lead, out, width)),
                x[..., at + out * width : at + out * (width + 1)].reshape((*lead, out, 1)),
            )
            at += out * (width + 1)

    def __call__(self, x: Any, inputs: FloatArray) -> tuple[Any, Any]:
        """Outputs (..., out, examples) for inputs (features, examples), and the sum of the squared weights (...).

        Examples run along the last axis, which keeps the reductions over classes fast, and each parameter vector is a
        matrix product of its own, which keeps its bits independent of the rest of a population.
        """
        layers = list(self.layers(x))
        squares = 0.0
        for weights, _ in layers:
            squares = squares + (weights * weights).sum((-2, -1))
        return self.forward(layers, inputs), squares

    def forward(self, layers: list[tuple[Any, Any]], inputs: Any) -> Any:
        """Outputs (..., out, examples) of split layers for inputs (..., in, examples), shared or one set per vector."""
        phi, h = ACTIVATIONS[self.activation], inputs
        for k, (weights, bias) in enumerate(layers):
            h = np.matmul(weights, h if k == 0 else phi(h)) + bias
        return h


class Start:
    """Start sampler of a `Dense` network: weights as the initialiser draws them, zero biases."""

    def __init__(self, sizes: tuple[int, ...], init: str) -> None:
        self.sizes, self.init = sizes, chosen("init", init, INITS)

    def __call__(self, rng: np.random.Generator) -> FloatArray:
        """One start point (n,)."""
        parts: list[FloatArray] = []
        for width, out in zip(self.sizes, self.sizes[1:], strict=False):
            parts += [INITS[self.init]((width, out), rng).T.reshape(-1), np.zeros(out)]
        return np.concatenate(parts)
