"""Parameters that take one of several values: without an order (`Choice`), and with one (`Ordinal`)."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray

from .parameter import Parameter, Shape, same


class _Unset(enum.Enum):
    """Stands for a start that was not given, where None may be one."""

    UNSET = enum.auto()


UNSET = _Unset.UNSET


class _Values(Parameter):
    """One of several values."""

    values: tuple[Any, ...]

    def _take(self, values: tuple[Any, ...]) -> None:
        if len(values) == 1 and isinstance(values[0], Sequence) and not isinstance(values[0], str):
            values = tuple(values[0])
        if len(values) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least two values, got {values!r}: es.Fixed(value) stands still"
            )
        self.values = values

    def _start_with(self, init: Any) -> None:
        # None is a start where it is a value; otherwise it says that there is none.
        if init is not UNSET and (init is not None or any(value is None for value in self.values)):
            self._start_at(init)

    def _place(self, value: Any) -> int:
        """Index of a value: 1 and True are equal, so that one of its own type goes before others."""
        equal = [k for k, mine in enumerate(self.values) if same(mine, value)]
        if not equal:
            raise ValueError(f"a value of {self!r} must be one of its values, got {value!r}")
        return next((k for k in equal if type(self.values[k]) is type(value)), equal[0])

    def _array(self, values: list[Any]) -> npt.NDArray[Any]:
        if {type(value) for value in self.values} <= {int, float}:
            return np.array(values)
        array = np.empty(len(values), dtype=object)
        for k, value in enumerate(values):
            array[k] = value
        return array

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.values))}{self._more()})"


class Choice(_Values):
    """One of several values without an order.

    Parameters
    ----------
    *values
        At least two values of any kind, or one list of them.
    init : optional
        Where a run starts, which may be None where None is a value; default the first value. Methods that know
        categories begin with all values alike, unless this is given: then with half of the probability there.
    shape : int or sequence of int, optional
        Shape of an array of choices, each made on its own.
    when : mapping, optional
        Other parameters and their values, or lists of values, where this one is there (`es.space.conditions`).

    Examples
    --------
    >>> Choice("adam", "sgd").decode(np.array([0.2, 0.7]))
    'sgd'
    """

    def __init__(
        self, *values: Any, init: Any = UNSET, shape: Shape = None, when: Mapping[str, Any] | None = None
    ) -> None:
        self._take(values)
        self._lay_out([0.0] * len(self.values), [1.0] * len(self.values), shape, when)
        self._start_with(init)

    def grid(self, n: int) -> list[FloatArray]:
        """Coordinates of every value: without an order none can be left out."""
        return [self._lead(k) for k, value in enumerate(self.values) if self._place(value) == k]

    def _value(self, y: FloatArray) -> Any:
        return self.values[int(np.argmax(y))]

    def _coordinates(self, value: Any) -> FloatArray:
        return self._lead(self._place(value))

    def _lead(self, k: int) -> FloatArray:
        """A lead for value k, none for the others."""
        y = np.full(len(self.values), 0.5)
        y[k] = 0.75
        return y


class Ordinal(_Values):
    """One of several values in their order: one coordinate of whole numbers, the places of the values.

    Parameters
    ----------
    *values
        At least two different values of any kind, or one list of them, neighbours beside each other.
    init : optional
        Where a run starts; default the value in the middle.
    shape : int or sequence of int, optional
        Shape of an array of such values.
    when : mapping, optional
        Other parameters and their values, or lists of values, where this one is there (`es.space.conditions`).

    Examples
    --------
    >>> Ordinal(8, 16, 32).decode(np.array([1.2]))
    16
    """

    integer = True

    def __init__(
        self, *values: Any, init: Any = UNSET, shape: Shape = None, when: Mapping[str, Any] | None = None
    ) -> None:
        self._take(values)
        twice = [value for k, value in enumerate(self.values) if self._place(value) != k]
        if twice:
            raise ValueError(f"Ordinal needs different values, got {twice[0]!r} twice")
        self._lay_out([0.0], [len(self.values) - 1.0], shape, when)
        self._start_with(init)

    def _value(self, y: FloatArray) -> Any:
        return self.values[int(np.clip(np.rint(y[0]), 0, len(self.values) - 1))]

    def _coordinates(self, value: Any) -> FloatArray:
        return np.array([float(self._place(value))])
