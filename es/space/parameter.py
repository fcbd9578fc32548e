"""What every named parameter is: values on one side, coordinates that a method can move on the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray, whole

Shape = int | Sequence[int] | None


class Parameter:
    """One named parameter: how its values stand on coordinates.

    A parameter of one's own defines `decode` and `encode`, or `_value` and `_coordinates` of one entry, from which
    those of an array of entries (`shape`) follow.

    Attributes
    ----------
    low, high : ndarray, shape (k,)
        Bounds of its k coordinates.
    integer : bool
        Whether its coordinates are integers.
    shape : tuple of int or None
        Shape of the array of its entries; None for a single value.
    """

    low: FloatArray
    high: FloatArray
    integer = False
    levels = 0  # number of values of each entry where its coordinate is a category (`es.space.levels`)
    init: Any = None
    shape: tuple[int, ...] | None = None
    when: dict[str, Any] | None = None  # what must hold for it to be there (`es.space.conditions`)
    _starts = False  # whether `init` was given: it may be None

    def decode(self, y: FloatArray) -> Any:
        """Value at coordinates y (k,); an array where the parameter has a shape."""
        if self.shape is None:
            return self._value(y)
        return self._array([self._value(entry) for entry in np.reshape(y, (self.entries, -1))]).reshape(self.shape)

    def encode(self, value: Any) -> FloatArray:
        """Coordinates (k,) of a value.

        Raises
        ------
        ValueError
            If the value lies outside the parameter, or has another shape.
        """
        if self.shape is None:
            return self._coordinates(value)
        return np.concatenate([self._coordinates(entry) for entry in self._entries(value, self.shape)])

    def middle(self) -> Any:
        """The value in the middle of the coordinates, where a run starts unless told otherwise."""
        return self.decode(0.5 * (self.low + self.high))

    def start(self) -> Any:
        """The value where a run starts: `init`, or the middle."""
        return self.init if self._starts or self.init is not None else self.middle()

    @property
    def preferred(self) -> FloatArray:
        """Coordinates (k,) of `init` where they are categories and it was given; else NaN."""
        return np.full(self.low.size, np.nan)

    @property
    def entries(self) -> int:
        """Number of entries: 1 without a shape."""
        return math.prod(self.shape or ())

    def grid(self, n: int) -> list[FloatArray]:
        """Coordinates of at most n values of one entry, spread evenly over what it can be."""
        width = self.low.size // self.entries
        low, high = self.low[:width], self.high[:width]
        if n == 1:
            return [np.rint(0.5 * (low + high)) if self.integer else 0.5 * (low + high)]
        if self.integer:
            n = min(n, int(high[0] - low[0]) + 1)
        points = np.linspace(low, high, n)
        return list(np.rint(points) if self.integer else points)

    def _value(self, y: FloatArray) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define decode")

    def _coordinates(self, value: Any) -> FloatArray:
        raise NotImplementedError(f"{type(self).__name__} must define encode")

    def _array(self, values: list[Any]) -> npt.NDArray[Any]:
        return np.array(values)

    def _lay_out(
        self, low: Sequence[float], high: Sequence[float], shape: Shape, when: Mapping[str, Any] | None
    ) -> None:
        """Set the bounds of all entries from those of one, and what must hold for the parameter to be there."""
        self._depend_on(when)
        if shape is not None:
            sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
            name = f"shape of {type(self).__name__}"
            self.shape = tuple(whole(name, size, 1) for size in sizes)
            if not sizes:
                raise ValueError(f"{name} must hold at least one size, got {shape!r}: leave it out for a single value")
        self.low = np.tile(np.array(low, dtype=float), self.entries)
        self.high = np.tile(np.array(high, dtype=float), self.entries)

    def _depend_on(self, when: Mapping[str, Any] | None) -> None:
        """Set what must hold for the parameter to be there.

        Raises
        ------
        ValueError
            If it is no mapping of names and values.
        """
        if when is None:
            return
        if not isinstance(when, Mapping) or not when or not all(isinstance(name, str) for name in when):
            raise ValueError(
                f'when must be a dict of names and values, such as {{"solver": "sgd"}}, got {str(when)[:60]}'
            )
        when = {name: _any_of(wanted) for name, wanted in when.items()}
        empty = [name for name, wanted in when.items() if isinstance(wanted, list) and not wanted]
        if empty:
            raise ValueError(f"when must allow at least one value of {empty[0]!r}, got an empty list")
        self.when = dict(when)

    def _start_at(self, init: Any) -> None:
        """Set where a run starts; a single value of a parameter with a shape stands for all entries."""
        if self.shape is not None and not isinstance(init, list | np.ndarray):
            init = self._array([init] * self.entries).reshape(self.shape)
        self.encode(init)
        self.init = init
        self._starts = True

    def _entries(self, value: Any, shape: tuple[int, ...]) -> Iterator[Any]:
        if not shape:
            yield value
            return
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != shape[0]:
            raise ValueError(f"a value of {self!r} must be an array of shape {self.shape}, got {str(value)[:40]}")
        for entry in value:
            yield from self._entries(entry, shape[1:])

    def _more(self, **more: Any) -> str:
        """The further arguments that were given, as they stand in `repr`."""
        if self._starts:
            more["init"] = self.init.tolist() if isinstance(self.init, np.ndarray) else self.init
        if self.shape is not None:
            more["shape"] = self.shape if len(self.shape) > 1 else self.shape[0]
        if self.when:
            more["when"] = self.when
        return "".join(f", {name}={value!r}" for name, value in more.items())


def _any_of(wanted: Any) -> Any:
    """Values of which any will do as a list; a tuple may be one value."""
    if isinstance(wanted, set | frozenset):
        return sorted(wanted, key=repr)
    return list(wanted) if isinstance(wanted, range) or (isinstance(wanted, np.ndarray) and wanted.ndim) else wanted


class Fixed(Parameter):
    """A value that does not move: it has no coordinate, and stands in every dict.

    Examples
    --------
    >>> Fixed(0.1).decode(np.zeros(0))
    0.1
    """

    def __init__(self, value: Any, *, when: Mapping[str, Any] | None = None) -> None:
        self.value = value
        self._lay_out([], [], None, when)

    def grid(self, n: int) -> list[FloatArray]:
        """The one value."""
        return [np.zeros(0)]

    def _value(self, y: FloatArray) -> Any:
        return self.value

    def _coordinates(self, value: Any) -> FloatArray:
        if not same(value, self.value):
            raise ValueError(f"a value of {self!r} must be the fixed one, got {value!r}")
        return np.zeros(0)

    def __repr__(self) -> str:
        return f"Fixed({self.value!r}{self._more()})"


def same(a: Any, b: Any) -> bool:
    """Whether two values of any kind are equal; NaN equals NaN, arrays, lists and tuples are compared as a whole."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.shape(a) == np.shape(b) and all(map(same, np.ravel(a).tolist(), np.ravel(b).tolist()))
    if type(a) is type(b) and isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    try:
        return bool(a == b) or bool(a != a and b != b)
    except (TypeError, ValueError):
        return False


def short(value: float) -> str:
    """A number in as few digits as say it exactly."""
    text = f"{value:g}"
    return text if float(text) == value else repr(value)
