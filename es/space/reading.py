"""What stands in a space, read from what the user wrote, and functions of a dict as functions of coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from problems.numbers import FloatArray, numbers

from .categories import Choice, Ordinal
from .conditions import Way
from .numeric import Integer, Linear
from .parameter import Fixed, Parameter


class OnCoordinates:
    """A function of a dict as one of coordinates; picklable where the function is."""

    def __init__(self, space: Any, fun: Callable[[dict[str, Any]], Any]) -> None:
        self.space = space
        self.fun = fun
        self.__name__ = getattr(fun, "__name__", type(fun).__name__)

    def __call__(self, y: FloatArray, *args: Any) -> Any:
        """Its value at coordinates y (n,)."""
        return self.fun(self.space.decode(y), *args)


class LinearRows:
    """A x for the numbers of a dict in their order."""

    def __init__(self, A: Any, space: Any) -> None:
        self.A = np.atleast_2d(A.toarray() if hasattr(A, "toarray") else numbers("A of a LinearConstraint", A))
        self.ways = [way for way, leaf in space._leaves.items() if not isinstance(leaf, Fixed)]

    def __call__(self, values: Mapping[str, Any]) -> FloatArray:
        """A x of a dict."""
        x = [entry for way in self.ways for entry in np.ravel(follow(values, way)).tolist()]
        return np.asarray(self.A @ numbers("values under a LinearConstraint", x))


def leaves_of(values: Any, space: Mapping[str, Any], within: Way = ()) -> Iterator[tuple[Way, Any]]:
    """The values of a dict by the ways to them. Raises ValueError if it is no dict, or a name is unknown."""
    if not isinstance(values, Mapping):
        raise ValueError(f"values must be a dict of the parameters {list(space)}, got {str(values)[:40]!r}")
    for name, value in values.items():
        part = space.get(name)
        if part is None:
            raise ValueError(f"values must name parameters among {list(space)}, got {name!r}")
        if isinstance(part, Mapping):
            yield from leaves_of(value, part, (*within, name))
        else:
            yield (*within, name), value


def follow(values: Any, way: tuple[str, ...]) -> Any:
    """What stands at the end of a way through dicts; whatever stands before it goes for all behind it."""
    for name in way:
        if isinstance(values, Mapping):
            values = values.get(name, False)
    return values


def whole_numbers(name: str, parameter: Parameter) -> Parameter:
    """The parameter as one of whole numbers."""
    if isinstance(parameter, Integer | Choice | Ordinal):
        return parameter
    if type(parameter) is Linear:
        low, high = math.ceil(parameter.limits[0]), math.floor(parameter.limits[1])
        init = None if not parameter._starts else np.rint(parameter.init).astype(int)[()]
        step = parameter.step
        if step is None and low < high:
            return Integer(low, high, init=init, shape=parameter.shape, when=parameter.when)
        if step is not None and step == int(step) and low == parameter.limits[0]:
            return parameter
    raise ValueError(f"integrality of parameter {name} cannot be kept by {parameter!r}: make it an Integer")


def read(name: str, value: Any, within: Callable[[Mapping[str, Any], str], Any]) -> Any:
    """The parameter that a value stands for; `within` makes the space of a dict, named by the way to it."""
    if isinstance(value, Parameter) or hasattr(value, "_leaves"):
        return value
    if isinstance(value, Mapping):
        if not value:
            raise ValueError(f"parameter {name} must hold parameters, got an empty dict")
        return within(value, f"{name}.")
    if isinstance(value, tuple) and any(isinstance(entry, str) for entry in value):
        raise ValueError(f"parameter {name} must be a pair of numbers, got {value!r}: choices are a list or a Choice")
    try:
        if isinstance(value, tuple) and len(value) == 2:
            return Linear(*value)
        if isinstance(value, list):
            return Choice(*value)
    except ValueError as error:
        raise ValueError(f"parameter {name}: {error}") from None
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        if value != value:
            raise ValueError(f"parameter {name} must not be NaN: where that is meant, es.Fixed(value) holds it")
        return Fixed(value)
    raise ValueError(
        f"parameter {name} must be Linear, Log, Integer, Ordinal, Choice, Fixed, a pair (low, high), a list, a dict or "
        f"a plain value, got {str(value)[:60]!r}: another object stands still as es.Fixed(...), and a permutation, for "
        "which there is no parameter, is np.argsort of es.Linear(0, 1, shape=n)"
    )
