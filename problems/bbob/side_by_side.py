"""Instances of one function side by side: each parameter gets a leading axis, and the formulas stay as they are.

A builder that is handed a `FrameStack` in place of a `Frame` draws arrays (r, 1, n) in place of (n,), and matrices
(r, 1, n, n) in place of (n, n). NumPy's products go through them matrix by matrix, as for one instance, so that values
have the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from problems.bbob.frames import Dense, Frame, Landscape, Map, Rotation
from problems.bbob.recipe import Recipe
from problems.bbob.transforms import bend
from problems.numbers import FloatArray

# Numbers in the arrays of a part: as many as the allocator has at hand (an array of 128 kB asks for fresh pages)
ROOM = 9000


class Laid:
    """Numbers (n,), (r, 1, n) or (r, 1) that are laid out for all they meet, which NumPy takes in half the time.

    What was laid out last is kept: populations of a run have one size.
    """

    def __init__(self, values: FloatArray) -> None:
        self._values = self._last = values

    def beside(self, x: Any) -> FloatArray:
        """The numbers in the shape of x, points or values."""
        last = self._last
        if last.shape != x.shape:
            last = self._last = np.ascontiguousarray(np.broadcast_to(self._values, x.shape))
        return last


class FrameStack:
    """Random parts of several instances of one function; what they have in common is asked of the first.

    Parameters
    ----------
    frames : sequence of Frame
        Of one function and n.
    known : list of arrays, optional
        What the builder draws, in the order in which it does, where that is known.
    """

    def __init__(self, frames: Sequence[Frame], known: list[Any] | None = None) -> None:
        self.frames, self.known = tuple(frames), known or []
        self.f_opt = np.array([frame.f_opt for frame in frames])[:, None]
        self.drawn: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["frames"][0], name)

    def take(self, rows: Any) -> FrameStack:
        """Some of the instances: one index into each parameter."""
        chosen = np.arange(len(self.frames))[rows]
        return FrameStack([self.frames[i] for i in chosen], [_indexed(value, rows) for value in self.drawn])

    def _recall(self, make: Callable[[], Any]) -> Any:
        """What `make` gives, or what is known to come next."""
        k = len(self.drawn)
        self.drawn.append(self.known[k] if k < len(self.known) else make())
        return self.drawn[k]

    def draw(self, make: Callable[[Frame], Any]) -> Any:
        """What `make` gives for each frame, side by side: an array or a tuple of arrays (or None)."""

        def stacked() -> Any:
            parts = [make(frame) for frame in self.frames]
            if not isinstance(parts[0], tuple):
                return np.stack(parts)[:, None]
            columns = zip(*parts, strict=True)
            return tuple(None if column[0] is None else np.stack(column)[:, None] for column in columns)

        return self._recall(stacked)

    def optimum(self, added: int = 0) -> FloatArray:
        """x_opt of each, shape (r, 1, n)."""
        return self.draw(lambda frame: frame.optimum(added))

    def valley_optimum(self, turn: Rotation, factor: float) -> FloatArray:
        """x_opt of f9, shape (r, 1, n)."""
        return self.draw(lambda frame: frame.valley_optimum(frame.rotations()[0], factor))

    @staticmethod
    def less(values: FloatArray) -> Map:
        """x -> x - values, for values (r, 1, n) or (n,)."""
        beside = Laid(values).beside
        return lambda x: x - beside(x)

    @staticmethod
    def times(values: FloatArray) -> Map:
        """x -> x * values, for values (r, 1, n) or (n,)."""
        beside = Laid(values).beside
        return lambda x: x * beside(x)

    @staticmethod
    def bent(strength: FloatArray, oscillated: bool = False) -> Map:
        """T_asy with beta e (n,), or T_asy after T_osz."""
        step, numbers = bend(strength, oscillated)
        beside = Laid(numbers).beside
        return lambda x: step(x, beside(x))

    @staticmethod
    def raised(values: FloatArray) -> Map:
        """x -> x ** values, for values (r, 1, n) or (n,)."""
        beside = Laid(values).beside
        return lambda x: x ** beside(x)

    def rotations(self) -> Sequence[Rotation]:
        """Rotations of the function, each of all instances."""
        kinds = [type(rotation) for rotation in self.frames[0].rotations()]

        def arrays(k: int, frame: Frame) -> Any:
            return frame.rotations()[k].arrays

        return [kind(*self.draw(partial(arrays, k))) for k, kind in enumerate(kinds)]

    def chain(self, first: Any, diagonal: FloatArray, second: Any) -> Map:
        """x -> second(diagonal * first(x)), in one product or one after the other, as for one instance."""
        if not isinstance(first, Dense):
            return self.frames[0].chain(first, diagonal, second)
        return Dense(self._recall(lambda: Frame.product(first, diagonal, second)))


def _indexed(value: Any, rows: Any) -> Any:
    return tuple(None if part is None else part[rows] for part in value) if isinstance(value, tuple) else value[rows]


class Instances:
    """Instances of one function as one callable: x (r, k, n) -> (r, k)."""

    def __init__(self, recipe: Recipe, function: int, frames: FrameStack) -> None:
        self.recipe, self.function, self.frames = recipe, function, frames
        self.landscape: Landscape = recipe.finish(function, frames)
        self._lowest = Laid(np.asarray(self.landscape.f_opt)).beside
        self._parts: dict[tuple[int, int], Instances] = {}

    def take(self, rows: Any) -> Instances:
        """Some of the instances."""
        return Instances(self.recipe, self.function, self.frames.take(rows))

    def __call__(self, x: Any) -> Any:
        """Values, in parts that stay in the cache where there are many points."""
        landscape = self.landscape
        if type(x) is not np.ndarray or x.size * landscape.width <= ROOM:
            values = landscape.value(x)
            return values + self._lowest(values)
        count, points, n = x.shape
        room = max(1, int(ROOM / landscape.width) // n)  # points in a part
        if points >= room or count == 1:
            values = np.empty((count, points))
            for i in range(count):
                part = self._part(i, i + 1)
                for j in range(0, points, room):
                    values[i : i + 1, j : j + room] = part.value(x[i : i + 1, j : j + room])
            return values + self._lowest(values)
        rows = max(1, room // points)
        parts = [self._part(i, min(i + rows, count)).value(x[i : i + rows]) for i in range(0, count, rows)]
        values = np.concatenate(parts)
        return values + self._lowest(values)

    def _part(self, start: int, stop: int) -> Landscape:
        """The landscape of consecutive instances, kept."""
        if (start, stop) not in self._parts:
            self._parts[start, stop] = self.take(slice(start, stop))
        return self._parts[start, stop].landscape
