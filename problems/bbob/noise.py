"""Sources of random numbers for the noisy suite: keyed streams of our own, and COCO's."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from problems.bbob import legacy
from problems.numbers import FloatArray


class Stream(Protocol):
    """Two endless sequences of numbers; asked for m * k numbers at once or k at a time, they are the same."""

    def normal(self, points: int, each: int) -> FloatArray:
        """Standard normal numbers, shape (points, each)."""

    def uniform(self, points: int, each: int) -> FloatArray:
        """Numbers from [0, 1), shape (points, each)."""


class KeyedStream:
    """Numbers that depend on a key alone: not on other problems, nor on how evaluations are cut into populations.

    Parameters
    ----------
    *key : int
        Non-negative integers, such as seed, function, n, instance and run.
    """

    def __init__(self, *key: int) -> None:
        normal, uniform = np.random.SeedSequence(key).spawn(2)
        self._normal, self._uniform = np.random.default_rng(normal), np.random.default_rng(uniform)

    def normal(self, points: int, each: int) -> FloatArray:
        """Standard normal numbers, shape (points, each)."""
        return self._normal.standard_normal((points, each))

    def uniform(self, points: int, each: int) -> FloatArray:
        """Numbers from [0, 1), shape (points, each)."""
        return self._uniform.random((points, each))


class CocoStream:
    """COCO's noise: number k of a sequence is the first number of the legacy generator with seed 30 + k.

    COCO has one such pair of sequences in a process, begun anew where a suite is created; so its noise depends on the
    order of all evaluations. One stream handed to several problems continues through them in the same way.
    """

    def __init__(self) -> None:
        self._normals = self._uniforms = 30

    def normal(self, points: int, each: int) -> FloatArray:
        """Standard normal numbers, shape (points, each)."""
        first, self._normals = self._normals + 1, self._normals + points * each
        return np.array([legacy.gaussian(1, first + k)[0] for k in range(points * each)]).reshape(points, each)

    def uniform(self, points: int, each: int) -> FloatArray:
        """Numbers from (0, 1), shape (points, each)."""
        first, self._uniforms = self._uniforms + 1, self._uniforms + points * each
        return np.array([legacy.uniform(1, first + k)[0] for k in range(points * each)]).reshape(points, each)


class StreamsInTurn:
    """Streams of rows side by side: each gives the numbers for its own points, one row after the other."""

    def __init__(self, streams: list[Stream]) -> None:
        self.streams = streams

    def normal(self, points: int, each: int) -> FloatArray:
        """Standard normal numbers, shape (points, each)."""
        return np.concatenate([stream.normal(points // len(self.streams), each) for stream in self.streams])

    def uniform(self, points: int, each: int) -> FloatArray:
        """Numbers from [0, 1), shape (points, each)."""
        return np.concatenate([stream.uniform(points // len(self.streams), each) for stream in self.streams])
