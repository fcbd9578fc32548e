"""Activations with parameters of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.arrays import Array
from autodiff.nn.activations import prelu
from autodiff.nn.layers import Conv2d, Layer, Params, Run, against
from autodiff.nn.regularisation import BatchNorm


@dataclass
class PReLU(Layer):
    """`prelu` with one slope per channel; it starts at 0.25. He et al. 2015.

    ``images=True`` for images (..., N, channels, H, W), False for features (..., N, channels).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> model = nn.Model([nn.PReLU(2, images=False)])
    >>> model(model.init(), np.array([[-1.0, 2.0]]))
    array([[-0.25,  2.  ]])
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
        return prelu(x, against(params["a"], self.images))


class FReLU(Layer):
    """Funnel activation max(x, T(x)), T a depthwise convolution and a normalisation. Ma, Zhang and Sun 2020.

    Parameters
    ----------
    channels : int
        Number of channels of the images (..., N, channels, H, W).
    kernel : int
        Odd side of the window; the padding keeps the shape.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import nn
    >>> model = nn.Model([nn.FReLU(2)])
    >>> model(model.init(rng=0), np.ones((3, 2, 8, 8))).shape
    (3, 2, 8, 8)
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
