"""Named parameters: what a user calls `lr`, `layers` or `solver`, as coordinates that a method can move.

    space = Space(lr=Log(1e-5, 1e-1), dropout=Linear(0, 0.5), layers=Integer(1, 8), solver=Choice("adam", "sgd"))
    res = es.minimize(lambda p: train(p["lr"], p["layers"]), space)
    res.x                     # {"lr": 3.1e-3, "dropout": 0.22, "layers": 4, "solver": "adam"}

A continuous parameter is one coordinate in [0, 1], linear or logarithmic in its value; an integer is a coordinate of
its own scale with `integrality` set; a choice has one coordinate in [0, 1] for each of its values, and the largest
coordinate names the value, so that no order is imposed on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.constraints import checked
from problems.numbers import number, numbers

FloatArray = npt.NDArray[np.float64]


class Parameter:
    """One named parameter: how its values stand on coordinates.

    Attributes
    ----------
    low, high : ndarray, shape (k,)
        Bounds of its k coordinates.
    integer : bool
        Whether its coordinates are integers.
    """

    low: FloatArray
    high: FloatArray
    integer = False
    init: Any = None

    def decode(self, y: FloatArray) -> Any:
        """Value at coordinates y (k,)."""
        raise NotImplementedError(f"{type(self).__name__} must define decode")

    def encode(self, value: Any) -> FloatArray:
        """Coordinates (k,) of a value."""
        raise NotImplementedError(f"{type(self).__name__} must define encode")

    def middle(self) -> Any:
        """The value in the middle of the coordinates, where a run starts unless told otherwise."""
        return self.decode(0.5 * (self.low + self.high))


class Linear(Parameter):
    """A real parameter between two limits.

    Parameters
    ----------
    low, high : float
        Limits, low < high.
    init : float, optional
        Where a run starts; default the middle of the coordinate.

    Examples
    --------
    >>> Linear(-1, 3).middle()
    1.0
    """

    def __init__(self, low: float, high: float, init: float | None = None) -> None:
        low, high = (number(f"a limit of {type(self).__name__}", limit) for limit in (low, high))
        if not (math.isfinite(high - low) and low < high):
            raise ValueError(f"{type(self).__name__} needs finite low < high, got {low} and {high}")
        self.limits = (float(low), float(high))
        self.low, self.high = np.zeros(1), np.ones(1)
        self._ends = (self._scale(low), self._scale(high))
        self.init = init
        if init is not None:
            self.encode(init)

    def _scale(self, value: float) -> float:
        return float(value)

    def _unscale(self, t: float) -> float:
        return t

    def decode(self, y: FloatArray) -> float:
        """Value at coordinates y (1,), never outside the limits by rounding."""
        lo, hi = self._ends
        u = float(y[0])
        return min(max(self._unscale((1.0 - u) * lo + u * hi), self.limits[0]), self.limits[1])

    def encode(self, value: float) -> FloatArray:
        """Coordinates (1,) of a value."""
        if not self.limits[0] <= number(f"a value of {self!r}", value) <= self.limits[1]:
            raise ValueError(f"a value of {self!r} must lie between its limits, got {value}")
        lo, hi = self._ends
        return np.array([(self._scale(value) - lo) / (hi - lo)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.limits[0]:g}, {self.limits[1]:g})"


class Log(Linear):
    """A positive parameter whose ratios matter, such as a learning rate: one coordinate in its logarithm.

    Examples
    --------
    >>> round(Log(1e-4, 1e-2).middle(), 12)
    0.001
    """

    def _scale(self, value: float) -> float:
        if not value > 0:
            raise ValueError(f"Log needs positive limits, got {value}")
        return math.log(value)

    def _unscale(self, t: float) -> float:
        return math.exp(t)


class Integer(Parameter):
    """A whole number between two limits, both included.

    Examples
    --------
    >>> Integer(1, 8).decode(np.array([3.2]))
    3
    """

    integer = True

    def __init__(self, low: int, high: int, init: int | None = None) -> None:
        first, last = (number("a limit of Integer", limit) for limit in (low, high))
        if first != np.floor(first) or last != np.floor(last) or not -(2**53) <= first < last <= 2**53:
            raise ValueError(f"Integer needs whole low < high, got {low} and {high}")
        self.low, self.high = np.array([float(low)]), np.array([float(high)])
        self.init = init
        if init is not None:
            self.encode(init)

    def decode(self, y: FloatArray) -> int:
        """The nearest whole number, within the limits."""
        return int(np.clip(np.rint(y[0]), self.low[0], self.high[0]))

    def encode(self, value: int) -> FloatArray:
        """Coordinates (1,) of a value."""
        given = number(f"a value of {self!r}", value)
        if given != np.floor(given) or not self.low[0] <= value <= self.high[0]:
            raise ValueError(f"a value of {self!r} must be a whole number between its limits, got {value}")
        return np.array([float(value)])

    def __repr__(self) -> str:
        return f"Integer({self.low[0]:g}, {self.high[0]:g})"


class Choice(Parameter):
    """One of several values without an order.

    Examples
    --------
    >>> Choice("adam", "sgd").decode(np.array([0.2, 0.7]))
    'sgd'
    """

    def __init__(self, *values: Any, init: Any = None) -> None:
        if len(values) == 1 and isinstance(values[0], Sequence) and not isinstance(values[0], str):
            values = tuple(values[0])
        if len(values) < 2:
            raise ValueError(f"Choice needs at least two values, got {values!r}")
        self.values = values
        self.low, self.high = np.zeros(len(values)), np.ones(len(values))
        self.init = init
        if init is not None:
            self.encode(init)

    def decode(self, y: FloatArray) -> Any:
        """The value of the largest coordinate."""
        return self.values[int(np.argmax(y))]

    def encode(self, value: Any) -> FloatArray:
        """Coordinates (k,): a lead for the value, none for the others."""
        if value not in self.values:
            raise ValueError(f"a value of {self!r} must be one of its values, got {value!r}")
        y = np.full(len(self.values), 0.5)
        y[self.values.index(value)] = 0.75
        return y

    def __repr__(self) -> str:
        return f"Choice{self.values!r}"


class Space(Mapping[str, Parameter]):
    """Named parameters in place of x0: the objective receives a dict, and so does the user.

    Parameters
    ----------
    parameters : mapping, optional
        Name to `Linear`, `Log`, `Integer` or `Choice`; a pair (low, high) stands for Linear, a list for Choice.
    **more
        The same as keywords.

    Attributes
    ----------
    n : int
        Number of coordinates.
    bounds : list of (float, float)
    integrality : ndarray of bool, shape (n,)
    x0 : ndarray, shape (n,)
        Coordinates of the `init` values, of the middle where there is none.

    Examples
    --------
    >>> space = Space(dropout=Linear(0, 0.5), layers=Integer(1, 3))
    >>> space.decode(space.x0)
    {'dropout': 0.25, 'layers': 2}
    """

    def __init__(self, parameters: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        given = {**(parameters or {}), **more}
        if not given:
            raise ValueError("Space needs at least one parameter, got none")
        self._parameters = {name: _as_parameter(name, value) for name, value in given.items()}
        stops = np.cumsum([p.low.size for p in self._parameters.values()])
        self._slices = {
            name: slice(int(stop) - p.low.size, int(stop))
            for (name, p), stop in zip(self._parameters.items(), stops, strict=True)
        }
        self.n = int(stops[-1])
        low = np.concatenate([p.low for p in self._parameters.values()])
        high = np.concatenate([p.high for p in self._parameters.values()])
        self.bounds = [(float(lo), float(hi)) for lo, hi in zip(low, high, strict=True)]
        self.integrality = np.concatenate([np.full(p.low.size, p.integer) for p in self._parameters.values()])
        start = [p.encode(p.middle() if p.init is None else p.init) for p in self._parameters.values()]
        self.x0: FloatArray = np.concatenate(start)

    def decode(self, y: npt.ArrayLike) -> dict[str, Any]:
        """The user's dict at coordinates y (n,)."""
        y = np.asarray(y, dtype=float)
        return {name: p.decode(y[self._slices[name]]) for name, p in self._parameters.items()}

    def encode(self, values: Mapping[str, Any]) -> FloatArray:
        """Coordinates (n,) of a dict that names every parameter.

        Raises
        ------
        ValueError
            If a name is missing or unknown, or a value lies outside its parameter.
        """
        if set(values) != set(self._parameters):
            odd = sorted(set(values) ^ set(self._parameters))[0]
            raise ValueError(f"values must name exactly the parameters {list(self)}, got {odd!r} missing or unknown")
        return np.concatenate([p.encode(values[name]) for name, p in self._parameters.items()])

    def with_integers(self, integrality: Any) -> Space:
        """The same space, where parameters that `integrality` says take whole numbers only.

        Parameters
        ----------
        integrality : None, mapping of names, or array_like with one entry per parameter
            Non-zero where a parameter is a whole number.

        Raises
        ------
        ValueError
            If it names another parameter, has another length, or means one that is `Log` or holds no two whole numbers.
        """
        if integrality is None:
            return self
        if isinstance(integrality, Mapping):
            odd = sorted(set(integrality) - set(self))
            if odd:
                raise ValueError(f"integrality must name parameters of the Space, got {odd[0]!r}")
            flags = {name: bool(integrality.get(name, False)) for name in self}
        else:
            entries = np.ravel(numbers("integrality", integrality))
            if entries.size != len(self):
                raise ValueError(f"integrality must have one entry per parameter ({len(self)}), got {entries.size}")
            flags = dict(zip(self, (entries != 0).tolist(), strict=True))
        return Space({name: _whole(name, p) if flags[name] else p for name, p in self.items()})

    def constrain(self, constraints: Any) -> list[Any]:
        """Constraints on the user's values as constraints on coordinates.

        Parameters
        ----------
        constraints : constraint or sequence of them
            Functions of `NonlinearConstraint` and of SciPy's dicts get what the objective gets; the columns of a
            `LinearConstraint` are the parameters in their order, which must then be numbers.

        Raises
        ------
        ValueError
            If one is of no form of SciPy's, or a linear one has another number of columns.
        """
        from scipy.optimize import NonlinearConstraint

        within: list[Any] = []
        for one in checked(constraints, len(self)):
            if isinstance(one, Mapping):
                within.append({"type": one["type"], "fun": self.wrap(one["fun"]), "args": one.get("args", ())})
            elif hasattr(one, "A"):
                within.append(NonlinearConstraint(self.wrap(_Linear(one.A)), one.lb, one.ub))
            else:
                within.append(NonlinearConstraint(self.wrap(one.fun), one.lb, one.ub))
        return within

    def wrap(self, fun: Callable[[dict[str, Any]], Any]) -> Callable[[FloatArray], Any]:
        """`fun` of a dict as a function of coordinates; picklable where `fun` is."""
        return _OnCoordinates(self, fun)

    def __getitem__(self, name: str) -> Parameter:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        return f"Space({', '.join(f'{name}={p!r}' for name, p in self._parameters.items())})"


class _OnCoordinates:
    def __init__(self, space: Space, fun: Callable[[dict[str, Any]], Any]) -> None:
        self.space = space
        self.fun = fun
        self.__name__ = getattr(fun, "__name__", type(fun).__name__)

    def __call__(self, y: FloatArray, *args: Any) -> Any:
        return self.fun(self.space.decode(y), *args)


class _Linear:
    """A x for the values of a dict in their order."""

    def __init__(self, A: Any) -> None:
        self.A = np.atleast_2d(A.toarray() if hasattr(A, "toarray") else numbers("A of a LinearConstraint", A))

    def __call__(self, values: Mapping[str, Any]) -> FloatArray:
        x = numbers("values under a LinearConstraint", list(values.values()))
        return np.asarray(self.A @ x)


def _whole(name: str, parameter: Parameter) -> Parameter:
    """The parameter as one of whole numbers."""
    if isinstance(parameter, Integer | Choice):
        return parameter
    if isinstance(parameter, Linear) and not isinstance(parameter, Log):
        low, high = math.ceil(parameter.limits[0]), math.floor(parameter.limits[1])
        if low < high:
            return Integer(low, high, init=None if parameter.init is None else round(parameter.init))
    raise ValueError(f"integrality of parameter {name} cannot be kept by {parameter!r}: make it an Integer")


def _as_parameter(name: str, value: Any) -> Parameter:
    if isinstance(value, Parameter):
        return value
    if isinstance(value, tuple) and any(isinstance(entry, str) for entry in value):
        raise ValueError(f"parameter {name} must be a pair of numbers, got {value!r}: choices are a list or a Choice")
    if isinstance(value, tuple) and len(value) == 2:
        return Linear(*value)
    if isinstance(value, list):
        return Choice(*value)
    raise ValueError(
        f"parameter {name} must be Linear, Log, Integer, Choice, a pair (low, high) or a list, got {value!r}"
    )
