"""Layers: what a network is made of. A layer holds sizes and options, never parameters.

``layer.shapes`` names the parameters it needs, ``layer.init(rng)`` draws them, and ``layer(params, x, run)`` is a pure
function. Axes in front of those a layer names are a population: parameters (popsize, ...) give outputs (popsize, ...).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from autodiff.arrays import Array
from autodiff.conv import conv2d, conv_transpose2d
from autodiff.nn.initialisers import kaiming_normal
from autodiff.pool import avg_pool2d, max_pool2d

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

    Examples
    --------
    >>> from autodiff.nn import Run
    >>> Run(train=True).seen
    {}
    """

    train: bool = False
    rng: Any = None
    state: Mapping[str, tuple[Array, Array]] | None = None
    seen: dict[str, tuple[Array, Array]] = field(default_factory=dict)
    name: str = ""


def against(v: Any, images: bool) -> Any:
    """Values (..., channels) in the form of images (..., N, channels, H, W) or of features (..., N, channels)."""
    if images:
        return v[:, None, None] if v.ndim == 1 else v[..., None, :, None, None]
    return v if v.ndim == 1 else v[..., None, :]


class Layer:
    """A layer without parameters; the others override `shapes` and `init`.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> class Scale(nn.Layer):
    ...     shapes = {"s": (1,)}
    ...     def __call__(self, params, x, run):
    ...         return params["s"] * x
    >>> nn.Model([Scale()])({"0.s": np.array([2.0])}, np.ones(3))
    array([2., 2., 2.])
    """

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

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> model = nn.Model({"out": nn.Linear(2, 1)})
    >>> model({"out.w": np.array([[1.0], [2.0]]), "out.b": np.array([0.5])}, np.ones((3, 2))).ravel()
    array([3.5, 3.5, 3.5])
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
        return y + against(params["b"], images=False) if self.bias else y


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

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> model = nn.Model([nn.Conv2d(3, 8, 5, padding=2)])
    >>> model(model.init(rng=0), np.ones((4, 3, 28, 28))).shape
    (4, 8, 28, 28)
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
        return conv2d(x, params["w"], params.get("b"), **self._options())

    def _options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}


@dataclass
class ConvTranspose2d(Conv2d):
    """`autodiff.conv_transpose2d`, with the options of `Conv2d` and ``output_padding``.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> model = nn.Model([nn.ConvTranspose2d(8, 3, 2, stride=2)])
    >>> model(model.init(rng=0), np.ones((4, 8, 7, 7))).shape
    (4, 3, 14, 14)
    """

    output_padding: Size = 0

    def _weights(self, kernel: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        return {"w": (self.inputs, self.outputs // self.groups, *kernel)}

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., N, outputs, Ho, Wo)."""
        more = self.output_padding
        return conv_transpose2d(x, params["w"], params.get("b"), output_padding=more, **self._options())


@dataclass
class _Pool2d(Layer):
    """Windows of images, each of which becomes one number by `pool`."""

    kernel: Size
    stride: Size | None = None
    padding: Size = 0
    pool: ClassVar[Any]

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., Ho, Wo)."""
        return type(self).pool(x, self.kernel, stride=self.stride, padding=self.padding)


@dataclass
class MaxPool2d(_Pool2d):
    """`autodiff.max_pool2d` of images.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> nn.Model([nn.MaxPool2d(2)])({}, np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[3.]]]])
    """

    pool = staticmethod(max_pool2d)


@dataclass
class AvgPool2d(_Pool2d):
    """`autodiff.avg_pool2d` of images.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> nn.Model([nn.AvgPool2d(2)])({}, np.arange(4.0).reshape(1, 1, 2, 2))
    array([[[[1.5]]]])
    """

    pool = staticmethod(avg_pool2d)


@dataclass
class Flatten(Layer):
    """The last ``axes`` axes become one: (..., N, C, H, W) becomes (..., N, C H W).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> nn.Model([nn.Flatten()])({}, np.ones((5, 2, 3, 4))).shape
    (5, 24)
    """

    axes: int = 3

    def __call__(self, params: Params, x: Any, run: Run) -> Any:
        """Output (..., features)."""
        kept = x.ndim - self.axes
        if kept < 0:
            raise ValueError(f"x must have at least {self.axes} axes to flatten, got shape {x.shape}")
        return x.reshape(*x.shape[:kept], math.prod(x.shape[kept:]))
