"""The bbob-noisy suite: f101 to f130 (Hansen, Finck, Ros & Auger 2009, INRIA research report 6869)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from problems.bbob import legacy
from problems.bbob.frames import Frame, Landscape
from problems.bbob.function import Function
from problems.bbob.multimodal import griewank_rosenbrock
from problems.bbob.noise import CocoStream, KeyedStream, Stream, StreamsInTurn
from problems.bbob.recipe import Recipe
from problems.bbob.side_by_side import Instances
from problems.bbob.suite import FUNCTIONS
from problems.bbob.transforms import penalty
from problems.bbob.unimodal import ellipsoid_rotated
from problems.numbers import FloatArray, whole

_VARIANTS: dict[int, Callable[[Frame], Landscape]] = {
    10: partial(ellipsoid_rotated, condition=1e4),
    19: partial(griewank_rosenbrock, factor=1.0),
}


def noisy_frame(function: int, n: int, instance: int) -> Frame:
    """Random parts of the noiseless function: without any penalty of its own."""
    base, seed = legacy.NOISY_BASE[(function - 101) // 3], legacy.instance_seed(function, instance)
    return Frame(base, n, seed, penalised=False, f_opt=legacy.offset(function, instance))


def finish_bare(function: int, frame: Frame) -> Landscape:
    """What the noise of f101 to f130 acts on."""
    return replace(_VARIANTS.get(frame.function, FUNCTIONS[frame.function])(frame), f_opt=frame.f_opt)


def finish_noiseless(function: int, frame: Frame) -> Landscape:
    """f101 to f130 without noise, with the penalty that the suite adds."""
    inner = finish_bare(function, frame)
    value, weights = inner.value, np.full(frame.n, 100.0)
    return replace(inner, value=lambda x: value(x) + penalty(x, weights))


bare = Recipe(noisy_frame, finish_bare)
noiseless = Recipe(noisy_frame, finish_noiseless)


def _gaussian(f: FloatArray, stream: Stream, beta: float) -> FloatArray:
    """f_GN = f exp(beta N(0, 1)), equation (3) of the report."""
    noise = stream.normal(f.size, 1).reshape(f.shape)
    return f * np.exp(beta * noise)


def _uniform(f: FloatArray, stream: Stream, alpha: float, beta: float) -> FloatArray:
    """f_UN = f U^beta max(1, (1e9 / (f + 1e-99))^(alpha U')), equation (4)."""
    first, second = stream.uniform(f.size, 2).reshape(*f.shape, 2).transpose((-1, *range(f.ndim)))
    factor: FloatArray = np.power(first, beta) * np.maximum(1.0, np.power(1e9 / (f + 1e-99), alpha * second))
    return f * factor


def _cauchy(f: FloatArray, stream: Stream, alpha: float, probability: float) -> FloatArray:
    """f_CN = f + alpha max(0, 1000 + 1[U < p] N / |N'|), equation (5)."""
    seldom = stream.uniform(f.size, 1).reshape(f.shape) < probability
    top, bottom = stream.normal(f.size, 2).reshape(*f.shape, 2).transpose((-1, *range(f.ndim)))
    return f + alpha * np.maximum(0.0, 1000.0 + np.where(seldom, top / np.abs(bottom + 1e-199), 0.0))


def _model(function: int, n: int) -> Callable[[FloatArray, Stream], FloatArray]:
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
        self.key = (function, n)
        self._base, self._weights = Function(bare, function, n, instance), np.full(n, 100.0)
        self._f_opt = self._base.landscape.f_opt
        self._model = _model(function, n)
        seed, run = whole("seed of bbob-noisy", seed), whole("run of bbob-noisy", run)
        if noise == "keyed":
            self.stream: Stream = KeyedStream(seed, function, n, instance, run)
        elif noise == "coco":
            self.stream = CocoStream()
        elif isinstance(noise, str) or not (hasattr(noise, "normal") and hasattr(noise, "uniform")):
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

    @property
    def kind(self) -> Hashable:
        """Stacks hold instances and runs of one function in one n, each with its own stream."""
        return (Noisy, *self.key)

    @classmethod
    def beside(cls, members: Sequence[Noisy]) -> NoisyInstances:
        """Instances as one."""
        return NoisyInstances(Function.beside([m._base for m in members]), list(members))


class NoisyInstances:
    """Noisy functions side by side; a row draws what its function would draw alone."""

    def __init__(self, base: Instances, members: list[Noisy]) -> None:
        self.base, self.members = base, members

    def __call__(self, x: Any) -> Any:
        """Noisy values (r, k) at x (r, k, n)."""
        first, f_opt = self.members[0], self.base.landscape.f_opt
        noisy = first._model(self.base(x) - f_opt, StreamsInTurn([m.stream for m in self.members]))
        return noisy + f_opt + 1.01e-8 + penalty(x, first._weights)

    def take(self, rows: Any) -> NoisyInstances:
        """Some rows, with their streams as they stand."""
        chosen = np.arange(len(self.members))[rows]
        return NoisyInstances(self.base.take(rows), [self.members[i] for i in chosen])
