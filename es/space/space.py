"""Named parameters: what a user calls `lr`, `layers` or `solver`, as coordinates that a method can move.

    space = Space(lr=Log(1e-5, 1e-1), dropout=Linear(0, 0.5), layers=Integer(1, 8), solver=Choice("adam", "sgd"))
    res = es.minimize(lambda p: train(p["lr"], p["layers"]), space)
    res.x                     # {"lr": 3.1e-3, "dropout": 0.22, "layers": 4, "solver": "adam"}

A continuous parameter is one coordinate in [0, 1], linear or logarithmic in its value; an integer is a coordinate of
its own scale with `integrality` set, and so is what goes in steps or in an order; a choice has one coordinate in [0, 1]
for each of its values, and the largest coordinate names the value, so that no order is imposed on them. A parameter
with a shape has these for each entry of its array. What is fixed has no coordinate.
"""

from __future__ import annotations

import functools
import html
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.constraints import checked
from problems.numbers import FloatArray, generator, numbers, short
from problems.numbers import size as positive_integer

from .conditions import Conditions, Way, spelt
from .exchange import Exchange
from .levels import as_category, rounded_levels
from .parameter import Fixed, Parameter
from .reading import LinearRows, OnCoordinates, follow, leaves_of, read, whole_numbers


class Space(Exchange, Mapping[str, "Parameter | Space"]):
    """Named parameters in place of x0: the objective receives a dict, and so does the user.

    Parameters
    ----------
    parameters : mapping, optional
        Name to `Linear`, `Log`, `Integer`, `Ordinal`, `Choice` or `Fixed`; a pair (low, high) stands for Linear, a list
        for Choice, a plain value (number, text, bool, None) for Fixed, a dict or a Space for parameters within. Each
        may be there only where others have certain values: `Linear(0, 0.99, when={"solver": "sgd"})`.
    **more
        The same as keywords.

    Attributes
    ----------
    n : int
        Number of coordinates.
    low, high : ndarray, shape (n,)
    bounds : list of (float, float)
    integrality : ndarray of bool, shape (n,)
    categories : ndarray of int, shape (n,)
        Number of values where a coordinate is a category, as in `with_categories`; else 0.
    preferred : ndarray, shape (n,)
        Where `init` of a category was given its place; else NaN.
    x0 : ndarray, shape (n,)
        Coordinates of the `init` values, of the middle where there is none.

    Examples
    --------
    >>> from es import Integer, Linear
    >>> space = Space(dropout=Linear(0, 0.5), layers=Integer(1, 3), optimizer={"momentum": (0, 0.9), "name": "sgd"})
    >>> space.decode(space.x0)
    {'dropout': 0.25, 'layers': 2, 'optimizer': {'momentum': 0.45, 'name': 'sgd'}}
    """

    def __init__(self, parameters: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        if not isinstance(parameters, Mapping | None):
            raise ValueError(f"the parameters of a Space must be a mapping of names, got {short(parameters)}")
        self._fill({**(parameters or {}), **more})._connect()
        if not self.n:
            got = ", ".join(f"parameter {name}" for name in self)
            raise ValueError(f"Space needs at least one parameter that is not fixed, got {got or 'none'}")

    low: FloatArray
    high: FloatArray

    def _fill(self, given: Mapping[str, Any], within: str = "") -> Space:
        self._parameters = {name: read(f"{within}{name}", value, _space_within) for name, value in given.items()}
        parts = list(self._parameters.values())
        stops = np.cumsum([part.low.size for part in parts])
        self._slices = {
            name: slice(int(stop) - part.low.size, int(stop))
            for (name, part), stop in zip(self._parameters.items(), stops, strict=True)
        }
        # Every parameter by the way to it. (Flat also for `es.run.fingerprint`, which looks only so deep.)
        self._leaves: dict[tuple[str, ...], Parameter] = {}
        for name, part in self._parameters.items():
            found = part._leaves.items() if isinstance(part, Space) else [((), part)]
            self._leaves |= {(name, *way): leaf for way, leaf in found}
        self.low, self.high = (
            np.concatenate([np.zeros(0), *(getattr(part, end) for part in parts)]) for end in ("low", "high")
        )
        self.n = self.low.size
        self.bounds = [(float(lo), float(hi)) for lo, hi in zip(self.low, self.high, strict=True)]
        self.integrality = np.concatenate(
            [np.zeros(0, bool), *(np.full(leaf.low.size, leaf.integer) for leaf in self._leaves.values())]
        )
        self.categories = np.concatenate(
            [np.zeros(0, np.intp), *(np.full(leaf.low.size, leaf.levels) for leaf in self._leaves.values())]
        )
        self.preferred: FloatArray = np.concatenate([np.zeros(0), *(leaf.preferred for leaf in self._leaves.values())])
        self.x0: FloatArray = np.concatenate(
            [np.zeros(0), *(leaf.encode(leaf.start()) for leaf in self._leaves.values())]
        )
        return self

    def _connect(self) -> Space:
        """Find the parameters that conditions name, once all of them are known."""
        self._conditions = Conditions(self._leaves)
        stops = np.cumsum([leaf.low.size for leaf in self._leaves.values()]).tolist()
        self._places = {
            way: slice(stop - leaf.low.size, stop)
            for (way, leaf), stop in zip(self._leaves.items(), stops, strict=True)
        }
        return self

    @property
    def conditional(self) -> bool:
        """Whether some parameters are there only at times."""
        return bool(self._conditions)

    @property
    def conditions(self) -> dict[int, dict[int, tuple[int, ...]]]:
        """For each coordinate that is not always there: the coordinates it depends on, and the places of their values.

        Of a space whose parents have one coordinate each, as in `with_categories`.
        """
        found: dict[int, dict[int, tuple[int, ...]]] = {}
        for way, parents in self._conditions.direct.items():
            mine = self._places[way]
            for i in range(mine.start, mine.stop):
                found[i] = {self._places[parent].start: places for parent, places in parents.items()}
        return found

    @property
    def levels(self) -> dict[int, FloatArray]:
        """For each real coordinate that is rounded to whole numbers: where these stand, if they are not too many."""
        return rounded_levels((leaf, self._places[way]) for way, leaf in self._leaves.items())

    def decode(self, y: npt.ArrayLike) -> dict[str, Any]:
        """The user's dict at coordinates y (n,): without what is not there (`when`)."""
        y = np.asarray(y, dtype=float)
        if y.shape != (self.n,):
            raise ValueError(f"coordinates must have shape ({self.n},), got {y.shape}")
        there = None
        if self._conditions:
            there = self._conditions.active(self._leaves, {way: y[at] for way, at in self._places.items()})
        return self._decoded(y, there)

    def _decoded(self, y: FloatArray, there: set[Way] | None, within: Way = ()) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, part in self._parameters.items():
            way, mine = (*within, name), y[self._slices[name]]
            if isinstance(part, Space):
                found = part._decoded(mine, there, way)
                if found or there is None:
                    values[name] = found
            elif there is None or way in there:
                values[name] = part.decode(mine)
        return values

    def encode(self, values: Mapping[str, Any]) -> FloatArray:
        """Coordinates (n,) of a dict that names every parameter that is there; fixed ones may be left out.

        Coordinates of what is not there are those of the start.

        Raises
        ------
        ValueError
            If a name is missing or unknown, or not there, or a value lies outside its parameter.
        """
        if self._conditions:
            return self._encoded_where_there(values)
        return self._encoded(values)

    def _encoded_where_there(self, values: Any) -> FloatArray:
        given = dict(leaves_of(values, self))
        y, there, taken = self.x0.copy(), set[Way](), set[Way]()
        coordinates = {way: y[at] for way, at in self._places.items()}  # views
        for way in self._conditions.order:
            leaf = self._leaves[way]
            if not self._conditions.holds(way, there, self._leaves, coordinates):
                if way in given:
                    when = self._conditions.why_not(way, self._leaves)
                    raise ValueError(f"values must not hold {spelt(way)}, which is there only where {when}")
                continue
            there.add(way)
            if way not in given and not isinstance(leaf, Fixed):
                raise ValueError(f"values must name every parameter that is there, got none for {spelt(way)!r}")
            taken.add(way)
            try:
                coordinates[way][:] = leaf.encode(given[way] if way in given else leaf.start())
            except ValueError as error:
                raise ValueError(f"parameter {spelt(way)}: {error}") from None
        return y

    def _encoded(self, values: Mapping[str, Any]) -> FloatArray:
        if not isinstance(values, Mapping):
            raise ValueError(f"values must be a dict of the parameters {list(self)}, got {str(values)[:40]!r}")
        values = {name: part.value for name, part in self.items() if isinstance(part, Fixed)} | dict(values)
        if set(values) != set(self._parameters):
            odd = min(set(values) ^ set(self._parameters), key=str)
            raise ValueError(f"values must name exactly the parameters {list(self)}, got {odd!r} missing or unknown")
        y: list[FloatArray] = []
        for name, part in self._parameters.items():
            try:
                y.append(part._encoded(values[name]) if isinstance(part, Space) else part.encode(values[name]))
            except ValueError as error:
                raise ValueError(f"parameter {name}: {error}") from None
        return np.concatenate(y)

    def contains(self, values: Any) -> bool:
        """Whether `values` is a dict that `encode` takes.

        Examples
        --------
        >>> from es import Integer
        >>> space = Space(a=(0, 1), b=Integer(0, 100, step=5))
        >>> space.contains({"a": 0.5, "b": 15}), space.contains({"a": 0.5, "b": 16}), space.contains({"a": 0.5})
        (True, False, False)
        """
        try:
            self.encode(values)
        except ValueError:
            return False
        return True

    def sample(self, rng: Any = None) -> dict[str, Any]:
        """A dict drawn at random: uniform in the coordinates, so that a `Log` is uniform in its logarithm.

        Parameters
        ----------
        rng : None, int, SeedSequence or Generator
            A Generator is drawn from; anything else seeds a new one.

        Examples
        --------
        >>> from es import Ordinal
        >>> Space(batch=Ordinal(8, 16, 32), rate=0.1).sample(1)
        {'batch': 32, 'rate': 0.1}
        """
        rng = generator("rng", rng)
        y = rng.uniform(self.low, self.high)
        whole = self.integrality
        if whole.any():
            y[whole] = rng.integers(self.low[whole].astype(np.int64), self.high[whole].astype(np.int64), endpoint=True)
        return self.decode(y)

    def grid(self, n: int) -> Iterator[dict[str, Any]]:
        """Every combination of values spread over each parameter, the last one fastest.

        Parameters
        ----------
        n : int
            Values of each number, evenly over its coordinate with both ends (n = 1: the middle); of whole numbers,
            steps and ordered values at most n of those that there are. A `Choice` gives all its values.

        Examples
        --------
        >>> from es import Log
        >>> [tuple(p.values()) for p in Space(rate=Log(0.01, 1), rule=["sgd", "adam"]).grid(2)]
        [(0.01, 'sgd'), (0.01, 'adam'), (1.0, 'sgd'), (1.0, 'adam')]
        """
        n = positive_integer("n", n)
        axes = [axis for leaf in self._leaves.values() for axis in [leaf.grid(n)] * leaf.entries]
        rows = (np.concatenate(row) for row in itertools.product(*axes))
        if not self._conditions:
            return map(self.decode, rows)
        first = {way: np.tile(leaf.grid(n)[0], leaf.entries) for way, leaf in self._leaves.items()}
        return (self.decode(y) for y in rows if self._conditions.tells(y, first, self._leaves, self._places))

    def with_integers(self, integrality: Any) -> Space:
        """The same space, where parameters that `integrality` says take whole numbers only.

        Parameters
        ----------
        integrality : None, mapping of names, or array_like with one entry per parameter
            Non-zero where a parameter is a whole number. Fixed entries have none.

        Raises
        ------
        ValueError
            If it names another parameter, has another length, or means one that is `Log` or holds no two whole numbers.
        """
        if integrality is None:
            return self
        free = [way for way, leaf in self._leaves.items() if not isinstance(leaf, Fixed)]
        if isinstance(integrality, Mapping):
            self._refuse_unknown(integrality)
            flags = {way: bool(follow(integrality, way)) for way in free}
        else:
            entries = np.ravel(numbers("integrality", integrality))
            if entries.size != len(free):
                raise ValueError(f"integrality must have one entry per parameter ({len(free)}), got {entries.size}")
            flags = dict(zip(free, (entries != 0).tolist(), strict=True))
        return self._made_whole(flags)._connect()

    def _refuse_unknown(self, integrality: Mapping[str, Any]) -> None:
        for name, flag in integrality.items():
            part = self._parameters.get(name)
            if part is None or (isinstance(flag, Mapping) and not isinstance(part, Space)):
                raise ValueError(f"integrality must name parameters of the Space, got {name!r}: {flag!r}")
            if isinstance(part, Space) and isinstance(flag, Mapping):
                part._refuse_unknown(flag)

    def _made_whole(self, flags: Mapping[tuple[str, ...], bool]) -> Space:
        made: dict[str, Any] = {}
        for name, part in self._parameters.items():
            if isinstance(part, Space):
                made[name] = part._made_whole({way[1:]: flag for way, flag in flags.items() if way[0] == name})
            else:
                made[name] = whole_numbers(name, part) if flags.get((name,)) else part
        return Space.__new__(Space)._fill(made)

    def with_categories(self) -> Space:
        """The same space for methods that know categories: each has one coordinate, with the place of its value.

        Whole numbers of at most three values are categories too, which are then found in fewer evaluations.

        Examples
        --------
        >>> from es import Integer
        >>> space = Space(rule=["sgd", "adam", "lamb"], layers=Integer(1, 8), nesterov=[False, True])
        >>> space.n, space.with_categories().n, space.with_categories().categories
        (6, 3, array([3, 0, 2]))
        """
        return self._categorised(self._conditions.parents)._connect()

    def _categorised(self, parents: set[Way], within: Way = ()) -> Space:
        """What others depend on is a category however many values it has."""
        made: dict[str, Any] = {}
        for name, part in self._parameters.items():
            way = (*within, name)
            if isinstance(part, Space):
                made[name] = part._categorised(parents, way)
            else:
                made[name] = as_category(part, math.inf) if way in parents else as_category(part)
        return Space.__new__(Space)._fill(made)

    def constrain(self, constraints: Any) -> list[Any]:
        """Constraints on the user's values as constraints on coordinates.

        Parameters
        ----------
        constraints : constraint or sequence of them
            Functions of `NonlinearConstraint` and of SciPy's dicts get what the objective gets; the columns of a
            `LinearConstraint` are the parameters in their order, which must then be numbers: one column for each
            entry of an array, none for what is fixed.

        Raises
        ------
        ValueError
            If one is of no form of SciPy's, or a linear one has another number of columns.
        """
        from scipy.optimize import NonlinearConstraint

        within: list[Any] = []
        for one in checked(constraints, sum(leaf.entries for leaf in self._free())):
            if isinstance(one, Mapping):
                within.append({"type": one["type"], "fun": self.wrap(one["fun"]), "args": one.get("args", ())})
            elif hasattr(one, "A") and self._conditions:
                raise ValueError(
                    "constraints must not be linear where parameters are there only at times (when): give a "
                    "NonlinearConstraint, whose function gets the dict"
                )
            elif hasattr(one, "A"):
                within.append(NonlinearConstraint(self.wrap(LinearRows(one.A, self)), one.lb, one.ub))
            else:
                within.append(NonlinearConstraint(self.wrap(one.fun), one.lb, one.ub))
        return within

    def _free(self) -> list[Parameter]:
        return [leaf for leaf in self._leaves.values() if not isinstance(leaf, Fixed)]

    def wrap(self, fun: Callable[[dict[str, Any]], Any]) -> Callable[[FloatArray], Any]:
        """`fun` of a dict as a function of coordinates; picklable where `fun` is."""
        return OnCoordinates(self, fun)

    def __getitem__(self, name: str) -> Parameter | Space:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        return f"Space({', '.join(f'{name}={p!r}' for name, p in self._parameters.items())})"

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        titles = ("name", "parameter", "start", *(["there where"] if self._conditions else []))
        head = "".join(f"<th>{title}</th>" for title in titles)
        why = functools.partial(self._conditions.why_not, leaves=self._leaves)
        rows = ((spelt(way), repr(leaf), leaf.start(), why(way)) for way, leaf in self._leaves.items())
        cells = ("".join(f"<td>{html.escape(str(cell))}</td>" for cell in row[: len(titles)]) for row in rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _space_within(parameters: Mapping[str, Any], within: str) -> Space:
    return Space.__new__(Space)._fill(parameters, within)
