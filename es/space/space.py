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
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray, generator, short
from problems.numbers import size as positive_integer

from .conditions import Conditions, Way, spelt
from .levels import rounded_levels
from .parameter import Fixed, Parameter
from .reading import leaves_of, read
from .variants import Variants


class Space(Variants, Mapping[str, "Parameter | Space"]):
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

    def _fill(self, given: Mapping[str, Any], within: str = "") -> Self:
        self._parameters = {name: read(f"{within}{name}", value, _made) for name, value in given.items()}
        # Every parameter by the way to it. (Flat also for `es.run.fingerprint`, which looks only so deep.)
        self._leaves: dict[tuple[str, ...], Parameter] = {}
        for name, part in self._parameters.items():
            found = part._leaves.items() if isinstance(part, Space) else [((), part)]
            self._leaves |= {(name, *way): leaf for way, leaf in found}
        leaves = list(self._leaves.values())
        self.low, self.high = (
            np.concatenate([np.zeros(0), *(getattr(leaf, end) for leaf in leaves)]) for end in ("low", "high")
        )
        self.n = self.low.size
        self.bounds = [(float(lo), float(hi)) for lo, hi in zip(self.low, self.high, strict=True)]
        sizes = np.array([leaf.low.size for leaf in leaves], dtype=int)
        self.integrality = np.repeat(np.array([leaf.integer for leaf in leaves], dtype=bool), sizes)
        self.categories = np.repeat(np.array([leaf.levels for leaf in leaves], dtype=np.intp), sizes)
        self.preferred: FloatArray = np.concatenate([np.zeros(0), *(leaf.preferred for leaf in leaves)])
        self.x0: FloatArray = np.concatenate([np.zeros(0), *(leaf.encode(leaf.start()) for leaf in leaves)])
        return self

    def _connect(self) -> Self:
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
        values: dict[str, Any] = {}
        for way, leaf in self._leaves.items():
            if there is None or way in there:
                inner = values
                for name in way[:-1]:
                    inner = inner.setdefault(name, {})
                inner[way[-1]] = leaf.decode(y[self._places[way]])
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

    def _changed(self, change: Callable[[Way, Parameter], Parameter], within: Way = ()) -> Self:
        made: dict[str, Any] = {}
        for name, part in self._parameters.items():
            way = (*within, name)
            made[name] = part._changed(change, way) if isinstance(part, Space) else change(way, part)
        return type(self).__new__(type(self))._fill(made)

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


def _made(parameters: Mapping[str, Any], within: str) -> Space:
    return Space.__new__(Space)._fill(parameters, within)
