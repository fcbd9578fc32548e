"""Parameters that are numbers: real, logarithmic, whole, or in steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from problems.numbers import FloatArray, number

from .parameter import Parameter, Shape, short

MOST = 2**53  # whole numbers up to here are exact in float64
ROUNDINGS = 8  # halves of one, by which the logarithm of a value may be off
NARROW = 1e-9  # limits whose logarithms are this close: nothing is gained by them, and values are not told apart
SLACK = 1e-6  # share of a step that limits and values may be off by rounding


class Linear(Parameter):
    """A real parameter between two limits.

    Parameters
    ----------
    low, high : float
        Limits, low < high.
    init : float or array_like, optional
        Where a run starts; default the middle of the coordinate.
    step : float, optional
        Only low, low + step, ..., high: `high - low` must be a multiple of it. The coordinate counts the steps.
    shape : int or sequence of int, optional
        Shape of an array of such numbers.
    when : mapping, optional
        Other parameters and their values, or lists of values, where this one is there (`es.space.conditions`).

    Examples
    --------
    >>> Linear(-1, 3).middle()
    1.0
    >>> Linear(0, 1, step=0.1).decode(np.array([3.2]))
    0.3
    >>> Linear(0, 1, shape=3).middle()
    array([0.5, 0.5, 0.5])
    """

    step: float | None = None

    def __init__(
        self, low: float, high: float, init: Any = None, *, step: float | None = None, shape: Shape = None,
        when: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        low, high = (number(f"a limit of {type(self).__name__}", limit) for limit in (low, high))
        if not (math.isfinite(high - low) and low < high):
            cure = ": es.Fixed(value) stands still" if low == high else ""
            raise ValueError(f"{type(self).__name__} needs finite low < high, got {low} and {high}{cure}")
        self.limits = (float(low), float(high))
        self._ends = (self._scale(low), self._scale(high))
        if step is not None:
            self.step, self.integer = step_between(self, low, high, step), True
        self._lay_out([0.0], [1.0 if self.step is None else count_steps(low, high, self.step)], shape, when)
        if init is not None:
            self._start_at(init)

    def _scale(self, value: float) -> float:
        return float(value)

    def _unscale(self, t: float) -> float:
        return t

    def _value(self, y: FloatArray) -> float:
        """Value at coordinates y (1,), never outside the limits by rounding."""
        u = float(y[0])
        if self.step is not None:
            return value_of_step(u, *self.limits, self.step)
        if not 0.0 < u < 1.0:  # the ends as they were given: exp(log(0.01)) is another number
            return self.limits[0] if u <= 0.0 else self.limits[1]
        lo, hi = self._ends
        return min(max(self._unscale((1.0 - u) * lo + u * hi), self.limits[0]), self.limits[1])

    def _coordinates(self, value: float) -> FloatArray:
        given = number(f"a value of {self!r}", value)
        if not self.limits[0] <= given <= self.limits[1]:
            raise ValueError(f"a value of {self!r} must lie between its limits, got {value}")
        if self.step is not None:
            return np.array([step_of_value(self, given, *self.limits, self.step)])
        lo, hi = self._ends
        return np.array([(self._scale(given) - lo) / (hi - lo)])

    def __repr__(self) -> str:
        more = {} if self.step is None else {"step": self.step}
        return f"{type(self).__name__}({short(self.limits[0])}, {short(self.limits[1])}{self._more(**more)})"


class Log(Linear):
    """A positive parameter whose ratios matter, such as a learning rate: one coordinate in its logarithm.

    Parameters
    ----------
    low, high : float
        Limits, 0 < low < high.
    init : float or array_like, optional
        Where a run starts; default the geometric mean of the limits.
    shape : int or sequence of int, optional
        Shape of an array of such numbers.
    when : mapping, optional
        Other parameters and their values, or lists of values, where this one is there (`es.space.conditions`).

    Examples
    --------
    >>> round(Log(1e-4, 1e-2).middle(), 12)
    0.001
    """

    def __init__(
        self, low: float, high: float, init: Any = None, *, shape: Shape = None, when: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(low, high, init, shape=shape, when=when)

    def _scale(self, value: float) -> float:
        if not value > 0:
            raise ValueError(f"low and high of Log must be positive, got {value}")
        return math.log(value)

    def _unscale(self, t: float) -> float:
        return math.exp(t)


class Integer(Parameter):
    """A whole number between two limits, both included.

    Parameters
    ----------
    low, high : int
        Limits, low < high.
    init : int or array_like, optional
        Where a run starts; default the middle.
    log : bool
        Ratios matter, as in a number of units from 1 to 1024: the coordinate is continuous, in the logarithm from
        low - 1/2 to high + 1/2, and its value is rounded.
    step : int, optional
        Only low, low + step, ..., high: `high - low` must be a multiple of it. The coordinate counts the steps.
    shape : int or sequence of int, optional
        Shape of an array of such numbers.
    when : mapping, optional
        Other parameters and their values, or lists of values, where this one is there (`es.space.conditions`).

    Examples
    --------
    >>> Integer(1, 8).decode(np.array([3.2]))
    3
    >>> Integer(1, 1024, log=True).middle(), Integer(0, 100, step=5).decode(np.array([3.0]))
    (23, 15)
    """

    step: int | None = None
    log = False

    def __init__(
        self,
        low: int,
        high: int,
        init: Any = None,
        *,
        log: bool = False,
        step: int | None = None,
        shape: Shape = None,
        when: Mapping[str, Any] | None = None,
    ) -> None:
        first, last = (number("a limit of Integer", limit) for limit in (low, high))
        if first != np.floor(first) or last != np.floor(last) or not -MOST <= first < last <= MOST:
            cure = ": es.Fixed(value) stands still" if low == high else ": es.Log takes more" if last > MOST else ""
            raise ValueError(f"Integer needs whole low < high within 2**53, got {low} and {high}{cure}")
        self.limits = (int(first), int(last))
        if not isinstance(log, bool | np.bool_):
            raise ValueError(f"log of Integer must be True or False, got {log!r}")
        if log and step is not None:
            raise ValueError(f"step of Integer must be None where log=True, got {step!r}: take an Ordinal")
        if log and first < 1:
            raise ValueError(f"Integer with log=True needs low of at least 1, got {low}")
        if step is not None:
            size = step_between(self, first, last, step)
            if size != np.floor(size):
                raise ValueError(f"step of Integer must be a whole number, got {step}")
            self.step = int(size) if size != 1 else None
        self.integer = not log
        if log:
            self.log = True
            self._ends = (math.log(first - 0.5), math.log(last + 0.5))
            if self._ends[1] - self._ends[0] < NARROW:
                raise ValueError(
                    f"Integer with log=True needs limits further apart, got {low} and {high}: leave log out"
                )
            first, last = 0.0, 1.0
        elif self.step is not None:
            first, last = 0.0, count_steps(first, last, self.step)
        self._lay_out([first], [last], shape, when)
        if init is not None:
            self._start_at(init)

    def grid(self, n: int) -> list[FloatArray]:
        """Coordinates of at most n values, spread evenly over the coordinate."""
        if not self.log:
            return super().grid(n)
        low, high = self.limits
        if high - low < n:
            return [self._coordinates(value) for value in range(low, high + 1)]
        return [self._coordinates(k) for k in dict.fromkeys(self._value(y) for y in super().grid(n))]

    def _value(self, y: FloatArray) -> int:
        """The nearest whole number, within the limits."""
        low, high = self.limits
        if self.log:
            return self._of_share(float(y[0]))
        if self.step is not None:
            return min(low + self.step * max(round(float(y[0])), 0), high)
        return int(np.clip(np.rint(y[0]), low, high))

    def _coordinates(self, value: int) -> FloatArray:
        given = number(f"a value of {self!r}", value)
        low, high = self.limits
        if given != np.floor(given) or not low <= given <= high:
            raise ValueError(f"a value of {self!r} must be a whole number between its limits, got {value}")
        if self.log:
            return np.array([self._share_of(int(given))])
        if self.step is not None:
            return np.array([step_of_value(self, given, low, high, self.step)])
        return np.array([given])

    def _of_share(self, u: float) -> int:
        """The value at u of the logarithmic coordinate."""
        low, high = self.limits
        if not 0.0 < u < 1.0:
            return low if u <= 0.0 else high
        lo, hi = self._ends
        return min(max(round(math.exp(lo + u * (hi - lo))), low), high)

    def _share_of(self, value: int) -> float:
        """Where a value stands on the logarithmic coordinate, which beyond 1e14 tells only some of them apart."""
        lo, hi = self._ends
        t = math.log(value)
        u, rounding = (t - lo) / (hi - lo), 0.5 * math.ulp(t) / (hi - lo)
        for k in sorted(range(-ROUNDINGS, ROUNDINGS + 1), key=abs):
            if self._of_share(u + k * rounding) == value:
                return u + k * rounding
        raise ValueError(
            f"a value of {self!r} must be one of those that float64 tells apart in the logarithm, got {value}: take "
            f"{self._of_share(u)}"
        )

    def __repr__(self) -> str:
        more = ({"log": True} if self.log else {}) | ({} if self.step is None else {"step": self.step})
        return f"Integer({self.limits[0]}, {self.limits[1]}{self._more(**more)})"


def step_between(parameter: Parameter, low: float, high: float, step: Any) -> float:
    """A step as a number, which divides the range; else a ValueError."""
    name = type(parameter).__name__
    size = number(f"step of {name}", step)
    if not 0 < size <= high - low:
        raise ValueError(f"step of {name} must be positive and at most high - low = {short(high - low)}, got {step}")
    steps = (high - low) / size
    if steps > MOST:
        raise ValueError(f"step of {name} must leave at most 2**53 values, got {step}: leave it out")
    if abs(steps - round(steps)) > SLACK + 1e-14 * steps:
        last = value_of_step(math.floor(steps), low, high, size)
        raise ValueError(
            f"step of {name} must divide high - low = {short(high - low)}, got {step}: take high = {short(last)}"
        )
    return size


def count_steps(low: float, high: float, step: float) -> int:
    """Number of steps from low to high."""
    return round((high - low) / step)


def value_of_step(k: float, low: float, high: float, step: float) -> float:
    """low + k step for the nearest whole k, in decimals: what a person means by 0.1 + 2 * 0.1."""
    last = (high - low) / step
    if k >= last - 0.5 and abs(last - round(last)) <= SLACK + 1e-14 * last:
        return high
    return float(Decimal(repr(low)) + max(round(k), 0) * Decimal(repr(step)))


def step_of_value(parameter: Parameter, value: float, low: float, high: float, step: float) -> float:
    """Which step a value stands on, up to rounding."""
    k = (value - low) / step
    if abs(k - round(k)) > SLACK + 1e-14 * abs(k):
        raise ValueError(f"a value of {parameter!r} must be a whole number of steps above its low, got {value}")
    return float(min(round(k), count_steps(low, high, step)))
