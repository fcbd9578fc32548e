"""Networks as pure functions of their parameters, named or in one flat vector."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from autodiff.arrays import Array
from autodiff.nn.layers import Layer, Run
from autodiff.tensor import floating

State = Mapping[str, tuple[Array, Array]]
Part = Layer | Callable[[Any], Any]


class Model:
    """A network: layers with names, and the way through them.

    Parameters
    ----------
    layers : sequence or dict of layers and functions
        Layers (`Linear`, ...) and plain functions (``nn.relu``). In a sequence their names are "0", "1", ...
    forward : callable, optional
        ``forward(layers, x)`` with ``layers[name](x)`` for every layer: the way through the network where it is not one
        after the other (skip connections, weights that are used twice).

    Attributes
    ----------
    shapes : dict of str to tuple
        Shape of every parameter, ``"name of layer.name in layer"``, in the order of the flat vector.
    n : int
        Number of parameters: length of the flat vector.
    slices : dict of str to slice
        Where each parameter stands in the flat vector.

    Notes
    -----
    Parameters may have leading axes, all the same: flat vectors (popsize, n) are a population of networks, whose
    outputs are (popsize, N, ...) in one call. An evolution strategy and a gradient method thus drive the same function.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff.nn import Linear, Model
    >>> model = Model([Linear(2, 3), np.tanh, Linear(3, 1)])
    >>> theta = model.flatten(model.init(rng=0))
    >>> model.n, model(theta, np.ones((5, 2))).shape
    (13, (5, 1))
    >>> model(np.zeros((7, 13)), np.ones((5, 2))).shape  # seven networks at once
    (7, 5, 1)
    """

    def __init__(
        self,
        layers: Sequence[Part] | Mapping[str, Part],
        forward: Callable[[Mapping[str, Callable[[Any], Any]], Any], Any] | None = None,
    ) -> None:
        pairs: Iterable[tuple[Any, Part]] = layers.items() if isinstance(layers, Mapping) else enumerate(layers)
        self.layers: dict[str, Part] = {str(name): layer for name, layer in pairs}
        self.forward = forward
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._keys: dict[str, dict[str, str]] = {}
        for name, layer in self.layers.items():
            if not callable(layer):
                raise ValueError(f"layers must be layers or functions, got {layer!r} as {name!r}")
            if isinstance(layer, Layer):
                self._keys[name] = {key: f"{name}.{key}" for key in layer.shapes}
                self.shapes |= {f"{name}.{key}": shape for key, shape in layer.shapes.items()}
        ends = np.cumsum([0, *(math.prod(shape) for shape in self.shapes.values())]).tolist()
        self.n: int = ends[-1]
        self.slices = {name: slice(a, b) for name, a, b in zip(self.shapes, ends, ends[1:], strict=False)}

    def init(self, rng: Any = None, dtype: npt.DTypeLike = float) -> dict[str, Array]:
        """Draw the first parameters.

        Parameters
        ----------
        rng : None, int, SeedSequence or Generator
            Source of randomness.
        dtype : data type
            Of the parameters.

        Returns
        -------
        dict of str to ndarray
            Named parameters.
        """
        rng = np.random.default_rng(rng)
        params: dict[str, Array] = {}
        for name, layer in self.layers.items():
            if isinstance(layer, Layer):
                params |= {f"{name}.{key}": value.astype(dtype) for key, value in layer.init(rng).items()}
        return params

    def flatten(self, params: Mapping[str, Any]) -> Any:
        """Named parameters, each (..., *shape), as one vector (..., n).

        Raises
        ------
        ValueError
            If names or shapes are not those of `shapes`.
        """
        if set(params) != set(self.shapes):
            raise ValueError(f"params must have the names {list(self.shapes)}, got {list(params)}")
        parts = []
        for name, shape in self.shapes.items():
            whole = params[name].shape
            lead = whole[: len(whole) - len(shape)]
            if whole[len(lead) :] != shape:
                raise ValueError(f"{name} must have shape {shape} behind any leading axes, got {whole}")
            parts.append(params[name].reshape(*lead, math.prod(shape)))
        return np.concatenate(parts, axis=-1) if parts else np.zeros(0)

    def unflatten(self, theta: Any) -> dict[str, Any]:
        """One vector (..., n) as named parameters, each (..., *shape).

        Raises
        ------
        ValueError
            If the last axis does not have length `n`.
        """
        theta = floating(theta)
        if theta.ndim < 1 or theta.shape[-1] != self.n:
            raise ValueError(f"theta must have shape (..., {self.n}), got {theta.shape}")
        lead = theta.shape[:-1]
        return {name: theta[..., self.slices[name]].reshape(*lead, *shape) for name, shape in self.shapes.items()}

    def __call__(self, params: Any, x: Any, *, train: bool = False, rng: Any = None, state: State | None = None) -> Any:
        """Output of the network.

        Parameters
        ----------
        params : dict, or array or tensor (..., n)
            Named parameters or the flat vector.
        x : array or tensor, (N, ...)
            Input, with the batch axis that the layers expect.
        train : bool
            Whether dropout drops and normalisation uses the batch in spite of ``state``.
        rng : None, int, SeedSequence or Generator
            Source of dropout.
        state : mapping, optional
            Statistics for normalisation outside training (see `statistics`); without it those of the batch are used.

        Returns
        -------
        array or tensor
            Output, with the leading axes of the parameters.
        """
        return self._through(params, x, Run(train, np.random.default_rng(rng) if train else None, state))

    def statistics(self, params: Any, x: Any, state: State | None = None, momentum: float = 0.1) -> State:
        """Mean and variance of every normalisation layer on the batch x, averaged into ``state`` if that is given.

        Parameters
        ----------
        params, x
            As for calling the model.
        state : mapping, optional
            Statistics so far: the result is ``(1 - momentum) * state + momentum * batch``.
        momentum : float
            Weight of the batch; 1 / k for the k-th batch gives the mean over batches.

        Returns
        -------
        dict of str to (ndarray, ndarray)
            Name of the layer -> mean and variance of its channels; hand it to the model as ``state``.
        """
        run = Run(train=False)
        self._through(params, x, run)
        if state is None:
            return run.seen
        kept = 1.0 - momentum
        return {
            name: (kept * state[name][0] + momentum * mean, kept * state[name][1] + momentum * variance)
            for name, (mean, variance) in run.seen.items()
        }

    def _through(self, params: Any, x: Any, run: Run) -> Any:
        if not isinstance(params, Mapping):
            params = self.unflatten(params)
        x = floating(x)
        bound: dict[str, Callable[[Any], Any]] = {}
        for name, layer in self.layers.items():
            if isinstance(layer, Layer):
                own = {key: params[whole] for key, whole in self._keys[name].items()}
                bound[name] = partial(layer, own, run=replace(run, name=name))
            else:
                bound[name] = layer
        if self.forward is not None:
            return self.forward(bound, x)
        for step in bound.values():
            x = step(x)
        return x
