"""The bbob-noisy suite: f101 to f130 (Hansen, Finck, Ros & Auger 2009, INRIA research report 6869)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.bbob import legacy
from problems.bbob.frames import Frame, Landscape
from problems.bbob.function import Function
from problems.bbob.multimodal import griewank_rosenbrock
from problems.bbob.noise import CocoStream, KeyedStream, Stream
from problems.bbob.suite import FUNCTIONS
from problems.bbob.transforms import penalty
from problems.bbob.unimodal import ellipsoid_rotated
from problems.numbers import whole

__all__ = ["Noisy", "noiseless"]

Array = NDArray[np.float64]

# Noiseless function of each triple f101-103, f104-106, ...
_BASES = (1, 8, 1, 8, 7, 10, 14, 17, 19, 21)
_VARIANTS: dict[int, Callable[[Frame], Landscape]] = {
    10: partial(ellipsoid_rotated, condition=1e4),
    19: partial(griewank_rosenbrock, factor=1.0),
}


@lru_cache(maxsize=32)
def bare(function: int, n: int, instance: int) -> Landscape:
    """Landscape of f101 to f130 that the noise acts on: without any penalty."""
    base = _BASES[(function - 101) // 3]
    frame = Frame(base, n, legacy.instance_seed(function, instance), penalised=False)
    return replace(_VARIANTS.get(base, FUNCTIONS[base])(frame), f_opt=legacy.offset(function, instance))


@lru_cache(maxsize=32)
def noiseless(function: int, n: int, instance: int) -> Landscape:
    """Landscape of f101 to f130 without noise, with the penalty that the suite adds."""
    inner = bare(function, n, instance)
    value, weights = inner.value, np.full(n, 100.0)
    return replace(inner, value=lambda x: value(x) + penalty(x, weights))


def _gaussian(f: Array, stream: Stream, beta: float) -> Array:
    """f_GN = f exp(beta N(0, 1)), equation (3) of the report."""
    noise = stream.normal(f.size, 1).reshape(f.shape)
    return f * np.exp(beta * noise)


def _uniform(f: Array, stream: Stream, alpha: float, beta: float) -> Array:
    """f_UN = f U^beta max(1, (1e9 / (f + 1e-99))^(alpha U')), equation (4)."""
    first, second = stream.uniform(f.size, 2).reshape(*f.shape, 2).transpose((-1, *range(f.ndim)))
    factor: Array = np.power(first, beta) * np.maximum(1.0, np.power(1e9 / (f + 1e-99), alpha * second))
    return f * factor


def _cauchy(f: Array, stream: Stream, alpha: float, probability: float) -> Array:
    """f_CN = f + alpha max(0, 1000 + 1[U < p] N / |N'|), equation (5)."""
    seldom = stream.uniform(f.size, 1).reshape(f.shape) < probability
    top, bottom = stream.normal(f.size, 2).reshape(*f.shape, 2).transpose((-1, *range(f.ndim)))
    return f + alpha * np.maximum(0.0, 1000.0 + np.where(seldom, top / np.abs(bottom + 1e-199), 0.0))


def _model(function: int, n: int) -> Callable[[Array, Stream], Array]:
    """Noise of one function: moderate in f101 to f106, severe from f107 on."""
    severe = function > 106
    kind = (function - 101) % 3
    if kind == 0:
        return partial(_gaussian, beta=1.0 if severe else 0.01)
    if kind == 1:
        strength = 1.0 if severe else 0.01
        return partial(_uniform, alpha=strength * (0.49 + 1.0 / n), beta=strength)
    return partial(_cauchy, alpha=1.0 if severe else 0.01, probability=0.2 if severe else 0.05)


class Noisy:
    """f of one noisy problem: each evaluation draws the next numbers of its stream.

    Parameters
    ----------
    function, n, instance : int
    seed, run : int
        With function, n and instance they are the key of the noise.
    noise : "keyed", "coco" or a stream
        "coco" draws what COCO draws after a suite was created; a CocoStream may be shared by several problems.
    """

    def __init__(self, function: int, n: int, instance: int, seed: int, run: int, noise: str | Stream) -> None:
        self._base, self._weights = Function(bare, function, n, instance), np.full(n, 100.0)
        self._f_opt = self._base.landscape.f_opt
        self._model = _model(function, n)
        seed, run = whole("seed of bbob-noisy", seed), whole("run of bbob-noisy", run)
        if noise == "keyed":
            self.stream: Stream = KeyedStream(seed, function, n, instance, run)
        elif noise == "coco":
            self.stream = CocoStream()
        elif isinstance(noise, str):
            raise ValueError(f"noise must be 'keyed', 'coco' or a stream, got {noise!r}")
        else:
            self.stream = noise

    def __call__(self, x: Any) -> Any:
        """Noisy values at x of shape (..., n)."""
        noisy = self._model(self._base(x) - self._f_opt, self.stream)
        # 1.01e-8 is COCO's, so that the final target 1e-8 is never met by luck
        return noisy + self._f_opt + 1.01e-8 + penalty(x, self._weights)

    def reseed(self, rng: np.random.Generator) -> None:
        """Begin a keyed stream anew, with a key drawn from `rng`; COCO's stream and a caller's own stay as they are."""
        if isinstance(self.stream, KeyedStream):
            self.stream = KeyedStream(int(rng.integers(2**63)))
