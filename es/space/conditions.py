"""Parameters that exist only where others have certain values: `when={"solver": "sgd"}`.

Every name in `when` must hold, a list of values means any of them, and a parameter that is not there itself has none. A
name is looked up beside the parameter, then in the dicts around it; "group.name" leads into a dict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from problems.numbers import FloatArray

from .levels import count_levels, place, place_of
from .parameter import Parameter

Way = tuple[str, ...]
MOST = 10_000  # values of a parameter that others depend on, each with a probability of its own


class Conditions:
    """What must hold for each parameter of a space, given by the way to it, to be there.

    Raises ValueError if a name is unknown, a value is none of its parameter, values of a parent cannot be counted, or
    conditions go in a circle.

    Attributes
    ----------
    direct : dict
        Way to a parameter -> way to each parent -> places of the values that it may have.
    order : tuple
        Ways of all parameters, parents before their children.
    """

    def __init__(self, leaves: Mapping[Way, Parameter]) -> None:
        self.direct: dict[Way, dict[Way, tuple[int, ...]]] = {}
        for way, leaf in leaves.items():
            if leaf.when:
                self.direct[way] = {}
                for name, wanted in leaf.when.items():
                    parent = _found(name, way, leaves)
                    self.direct[way][parent] = _places(name, wanted, way, leaves[parent])
        self.order: tuple[Way, ...] = self._sorted(leaves)

    def __bool__(self) -> bool:
        return bool(self.direct)

    @property
    def parents(self) -> set[Way]:
        """Ways of the parameters that others depend on."""
        return {parent for each in self.direct.values() for parent in each}

    def _sorted(self, leaves: Iterable[Way]) -> tuple[Way, ...]:
        done: dict[Way, None] = {}
        left = list(leaves)
        while left:
            ready = [way for way in left if all(parent in done for parent in self.direct.get(way, ()))]
            if not ready:
                ring = ", ".join(spelt(way) for way in left if way in self.direct)
                raise ValueError(f"when must not lead in a circle, got parameters {ring} that wait for each other")
            done |= dict.fromkeys(ready)
            left = [way for way in left if way not in done]
        return tuple(done)

    def active(self, leaves: Mapping[Way, Parameter], coordinates: Mapping[Way, FloatArray]) -> set[Way]:
        """The parameters that are there at these coordinates."""
        there: set[Way] = set()
        for way in self.order:
            if self.holds(way, there, leaves, coordinates):
                there.add(way)
        return there

    def holds(
        self, way: Way, there: set[Way], leaves: Mapping[Way, Parameter], coordinates: Mapping[Way, FloatArray]
    ) -> bool:
        """Whether what a parameter depends on is so, all parents being known."""
        return all(
            parent in there and place(leaves[parent], coordinates[parent]) in allowed
            for parent, allowed in self.direct.get(way, {}).items()
        )

    def tells(
        self,
        y: FloatArray,
        first: Mapping[Way, FloatArray],
        leaves: Mapping[Way, Parameter],
        places: Mapping[Way, slice],
    ) -> bool:
        """Whether all that is not there at y has its first coordinates: of points that say the same, one does."""
        there = self.active(leaves, {way: y[at] for way, at in places.items()})
        return all(way in there or np.array_equal(y[at], first[way]) for way, at in places.items())

    def why_not(self, way: Way, leaves: Mapping[Way, Parameter]) -> str:
        """The condition in words, for a message."""
        return " and ".join(f"{name} {_choice(wanted)}" for name, wanted in (leaves[way].when or {}).items())


def _found(name: str, way: Way, leaves: Mapping[Way, Parameter]) -> Way:
    """The parameter that a name means, seen from another: beside it, then in the dicts around."""
    for depth in range(len(way) - 1, -1, -1):
        for rest in ((name,), tuple(name.split("."))):
            if (*way[:depth], *rest) in leaves:
                return (*way[:depth], *rest)
    known = ", ".join(spelt(other) for other in leaves if other != way)
    raise ValueError(f"when of parameter {spelt(way)} must name another parameter ({known}), got {name!r}")


def _places(name: str, wanted: Any, way: Way, parent: Parameter) -> tuple[int, ...]:
    if not count_levels(parent) or parent.shape is not None:
        raise ValueError(
            f"when of parameter {spelt(way)} must name a Choice, an Ordinal, or whole numbers or steps without a "
            f"shape, got {name!r}: {parent!r}"
        )
    if count_levels(parent) > MOST:
        raise ValueError(
            f"when of parameter {spelt(way)} must name a parameter of at most {MOST} values, got {name!r}: {parent!r}"
        )
    try:
        return tuple(place_of(parent, value) for value in (wanted if isinstance(wanted, list) else [wanted]))
    except ValueError as error:
        cure = " (a list means any of its values)" if isinstance(wanted, tuple) else ""
        raise ValueError(f"when of parameter {spelt(way)}: {error}{cure}") from None


def spelt(way: Way) -> str:
    """A way through dicts as one name."""
    return ".".join(map(str, way))


def _choice(wanted: Any) -> str:
    return f"is one of {wanted!r}" if isinstance(wanted, list) else f"is {wanted!r}"
