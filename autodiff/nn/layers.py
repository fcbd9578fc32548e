"""Layers: what a network is made of. A layer holds sizes and options, never parameters.

``layer.shapes`` names the parameters it needs, ``layer.init(rng)`` draws them, and ``layer(params, x, run)`` is a pure
function. Axes in front of those a layer names are a population: parameters (popsize, ...) give outputs (popsize, ...).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autodiff.conv import conv2d, conv_transpose2d
from autodiff.nn.activations import prelu
from autodiff.nn.initialisers import kaiming_normal
from autodiff.operators import value_of
from autodiff.pool import avg_pool2d, max_pool2d

Array = npt.NDArray[Any]
Size = int | tuple[int, int]
Initialiser = Callable[..., Array]
Params = Mapping[str, Any]


@dataclass
class Run:
    """What one call of a network knows besides parameters and input.

    Attributes
    ----------
    train : bool
        Whether dropout drops and normalisation uses the statistics of the batch.
    rng : Generator
        Source of dropout.
    state : mapping or None
        Statistics that normalisation uses when not training: name of a layer -> (mean, variance).
    seen : dict
        Statistics of this batch, in the same form.
    name : str
        Name of the layer that is called.
    """

    train: bool = False
    rng: Any = None
    state: Mapping[str, tuple[Array, Array]] | None = None
    seen: dict[str, tuple[Array, Array]] = field(default_factory=dict)
    name: str = ""


class Layer:
    """A layer without parameters; the others override `shapes` and `init`."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the parameters by name."""
        return {}

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """First values of the parameters: zeros unless a layer says otherwise."""
        return {name: np.zeros(shape) for name, shape in self.shapes.items()}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output for the input x."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(params, x, run)")


@dataclass
class Linear(Layer):
    """x @ w + b for x (..., N, inputs), w (..., inputs, outputs), b (..., outputs).

    Parameters
    ----------
    inputs, outputs : int
        Numbers of features.
    bias : bool
        Whether there is a b; it starts at zero.
    initialiser : callable
        Draws w: ``initialiser(shape, rng)``.
    """

    inputs: int
    outputs: int
    bias: bool = True
    initialiser: Initialiser = kaiming_normal

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of w and b."""
        return {"w": (self.inputs, self.outputs)} | ({"b": (self.outputs,)} if self.bias else {})

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw w; b is zero."""
        return super().init(rng) | {"w": self.initialiser(self.shapes["w"], rng)}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., N, outputs)."""
        y = x @ params["w"]
        if not self.bias:
            return y
        b = params["b"]
        return y + (b if b.ndim == 1 else b[..., None, :])


@dataclass
class Conv2d(Layer):
    """`autodiff.conv2d` of images (..., N, inputs, H, W) to (..., N, outputs, Ho, Wo).

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    kernel : int or (rows, columns)
        Shape of the window.
    stride, padding, dilation, groups
        As for `autodiff.conv2d`.
    bias : bool
        Whether there is a b; it starts at zero.
    initialiser : callable
        Draws w: ``initialiser(shape, rng)``.
    """

    inputs: int
    outputs: int
    kernel: Size
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    groups: int = 1
    bias: bool = True
    initialiser: Initialiser = kaiming_normal

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of w and b."""
        kernel = (self.kernel, self.kernel) if isinstance(self.kernel, int) else tuple(self.kernel)
        if self.inputs % self.groups or self.outputs % self.groups:
            raise ValueError(f"groups must divide inputs {self.inputs} and outputs {self.outputs}, got {self.groups}")
        return self._weights(kernel) | ({"b": (self.outputs,)} if self.bias else {})

    def _weights(self, kernel: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        return {"w": (self.outputs, self.inputs // self.groups, *kernel)}

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw w; b is zero."""
        return super().init(rng) | {"w": self.initialiser(self.shapes["w"], rng)}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., N, outputs, Ho, Wo)."""
        w, b = params["w"], params.get("b")
        return conv2d(x, w, b, stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups)


@dataclass
class ConvTranspose2d(Conv2d):
    """`autodiff.conv_transpose2d`, with the options of `Conv2d` and ``output_padding``."""

    output_padding: Size = 0

    def _weights(self, kernel: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        return {"w": (self.inputs, self.outputs // self.groups, *kernel)}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., N, outputs, Ho, Wo)."""
        return conv_transpose2d(
            x,
            params["w"],
            params.get("b"),
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )


@dataclass
class MaxPool2d(Layer):
    """`autodiff.max_pool2d` of images."""

    kernel: Size
    stride: Size | None = None
    padding: Size = 0

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., Ho, Wo)."""
        return max_pool2d(x, self.kernel, stride=self.stride, padding=self.padding)


@dataclass
class AvgPool2d(Layer):
    """`autodiff.avg_pool2d` of images."""

    kernel: Size
    stride: Size | None = None
    padding: Size = 0

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., Ho, Wo)."""
        return avg_pool2d(x, self.kernel, stride=self.stride, padding=self.padding)


@dataclass
class Flatten(Layer):
    """The last ``axes`` axes become one: (..., N, C, H, W) becomes (..., N, C H W)."""

    axes: int = 3

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., features)."""
        kept = x.ndim - self.axes
        if kept < 0:
            raise ValueError(f"x must have at least {self.axes} axes to flatten, got shape {x.shape}")
        return x.reshape(*x.shape[:kept], math.prod(x.shape[kept:]))


@dataclass
class Dropout(Layer):
    """In training each entry is zero with probability ``p`` and divided by 1 - p otherwise.

    Srivastava et al. 2014, JMLR 15.
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

        def spread(v: Any) -> Any:  # (..., channels) against x
            if self.images:
                return v[:, None, None] if v.ndim == 1 else v[..., None, :, None, None]
            return v if v.ndim == 1 else v[..., None, :]

        if run.state is None or run.train:
            mean = np.mean(x, axis=axes, keepdims=True)
            centred = x - mean
            variance = np.mean(centred * centred, axis=axes, keepdims=True)
            count = math.prod(x.shape[axis] for axis in axes)
            unbiased = value_of(variance) * (count / max(count - 1, 1))
            run.seen[run.name] = (value_of(mean).squeeze(axis=axes), unbiased.squeeze(axis=axes))
        else:
            mean, variance = (spread(part).astype(value_of(x).dtype) for part in run.state[run.name])
            centred = x - mean
        scale = spread(params["gamma"]) / np.sqrt(variance + self.eps)
        return centred * scale + spread(params["beta"])


@dataclass
class PReLU(Layer):
    """`prelu` with one slope per channel; it starts at 0.25. He et al. 2015.

    ``images=True`` for images (..., N, channels, H, W), False for features (..., N, channels).
    """

    channels: int
    images: bool = True

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of a."""
        return {"a": (self.channels,)}

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """Start at 0.25."""
        return {"a": np.full(self.channels, 0.25)}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output of the shape of x."""
        a = params["a"]
        if self.images:
            return prelu(x, a[:, None, None] if a.ndim == 1 else a[..., None, :, None, None])
        return prelu(x, a if a.ndim == 1 else a[..., None, :])


class FReLU(Layer):
    """Funnel activation max(x, T(x)), T a depthwise convolution and a normalisation. Ma, Zhang and Sun 2020.

    Parameters
    ----------
    channels : int
        Number of channels of the images (..., N, channels, H, W).
    kernel : int
        Odd side of the window; the padding keeps the shape.
    """

    def __init__(self, channels: int, kernel: int = 3) -> None:
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, got {kernel}")
        self.conv = Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
        self.norm = BatchNorm(channels)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of w, gamma and beta."""
        return self.conv.shapes | self.norm.shapes

    def init(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw w; the normalisation starts as the identity scale."""
        return self.conv.init(rng) | self.norm.init(rng)

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output of the shape of x."""
        return np.maximum(x, self.norm(params, self.conv(params, x, run), run))
