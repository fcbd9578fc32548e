"""Random initial weights that keep the size of signals from layer to layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.arrays import Array

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}


def gain(activation: str, slope: float = 0.01) -> float:
    """Factor that makes up for what an activation does to the size of its input.

    Parameters
    ----------
    activation : {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"}
        Name of the activation that follows the layer.
    slope : float
        Slope of the negative part of the leaky ReLU.

    Examples
    --------
    >>> from autodiff.nn import gain
    >>> round(gain("relu") ** 2, 6)
    2.0
    """
    if activation == "leaky_relu":
        return math.sqrt(2.0 / (1.0 + slope**2))
    if activation not in _GAINS:
        raise ValueError(f"activation must be one of {sorted([*_GAINS, 'leaky_relu'])}, got {activation!r}")
    return _GAINS[activation]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Numbers of inputs and outputs that one output and one input meet in weights of this shape.

    Matrices are (inputs, outputs), kernels (outputs, inputs, rows, columns).

    Examples
    --------
    >>> from autodiff.nn import fans
    >>> fans((784, 128)), fans((8, 3, 5, 5))
    ((784, 128), (75, 200))
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) > 2:
        area = math.prod(shape[2:])
        return shape[1] * area, shape[0] * area
    raise ValueError(f"shape must be that of a matrix or of convolution kernels, got {shape}")


def xavier_uniform(shape: tuple[int, ...], rng: Any = None, *, gain: float = 1.0) -> Array:
    """Uniform weights of variance ``2 gain^2 / (fan_in + fan_out)``. Glorot and Bengio 2010, equation (16).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import xavier_uniform
    >>> bool(np.abs(xavier_uniform((300, 300), rng=0)).max() <= 0.1)
    True
    """
    fan_in, fan_out = fans(shape)
    limit = gain * math.sqrt(6.0 / (fan_in + fan_out))
    return np.random.default_rng(rng).uniform(-limit, limit, shape)


def xavier_normal(shape: tuple[int, ...], rng: Any = None, *, gain: float = 1.0) -> Array:
    """Normal weights of variance ``2 gain^2 / (fan_in + fan_out)``. Glorot and Bengio 2010.

    Examples
    --------
    >>> from autodiff.nn import xavier_normal
    >>> round(float(xavier_normal((400, 600), rng=0).var() * 500), 1)
    1.0
    """
    fan_in, fan_out = fans(shape)
    return np.random.default_rng(rng).normal(0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), shape)


def kaiming_uniform(shape: tuple[int, ...], rng: Any = None, *, gain: float = math.sqrt(2.0)) -> Array:
    """Uniform weights of variance ``gain^2 / fan_in``; the gain's default is that of ReLU. He et al. 2015.

    Examples
    --------
    >>> from autodiff.nn import kaiming_uniform
    >>> round(float(kaiming_uniform((500, 500), rng=0).var() * 500), 1)
    2.0
    """
    limit = gain * math.sqrt(3.0 / fans(shape)[0])
    return np.random.default_rng(rng).uniform(-limit, limit, shape)


def kaiming_normal(shape: tuple[int, ...], rng: Any = None, *, gain: float = math.sqrt(2.0)) -> Array:
    """Normal weights of variance ``gain^2 / fan_in``; the gain's default is that of ReLU. He et al. 2015.

    Examples
    --------
    >>> from autodiff.nn import kaiming_normal
    >>> round(float(kaiming_normal((500, 500), rng=0).var() * 500), 1)
    2.0
    """
    return np.random.default_rng(rng).normal(0.0, gain / math.sqrt(fans(shape)[0]), shape)
