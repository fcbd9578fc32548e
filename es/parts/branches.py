"""Coordinates that matter only where others have certain values, and how a search divides along them.

A condition says of a coordinate which values others, its parents, must have; parents are categories. Values of a parent
that no condition tells apart go together. There are two ways to divide the coordinates:

* `branches`: one part for each combination of values that conditions tell apart, with all coordinates that matter
  there. A point lies in one part.
* `blocks`: one part for all coordinates that always matter, and one for those under the same condition. A point lies in
  several. Their number grows with that of the conditions, where branches multiply.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from es.core.arrays import BoolArray, FloatArray, IntArray

Conditions = Mapping[int, Mapping[int, tuple[int, ...]]]


def as_conditions(given: Mapping[int, Mapping[int, Any]] | None, counts: IntArray) -> Conditions:
    """Conditions as they were given, where `counts` (n,) says how many values each coordinate has as a category.

    Raises ValueError if one names a coordinate that there is not, or a parent that is no category.
    """
    conditions = {int(i): {int(p): tuple(map(int, v)) for p, v in each.items()} for i, each in (given or {}).items()}
    for i, parents in conditions.items():
        if odd := [p for p in (i, *parents) if not 0 <= p < len(counts) or (p in parents and not counts[p])]:
            raise ValueError(f"conditions of coordinate {i} must name categories, got coordinate {odd[0]}")
    return conditions


@dataclass(frozen=True)
class Part:
    """Coordinates that are searched together."""

    places: IntArray  # of the coordinates
    # For a category among them the values that it has here, by its place; others have all.
    values: dict[int, tuple[int, ...]] = field(default_factory=dict)
    fixed: dict[int, int] = field(default_factory=dict)  # of categories that are the same in the whole part

    def inner(self, x: FloatArray) -> FloatArray:
        """The coordinates (..., places) of points x (..., n), categories by their number among the values here."""
        found = x[..., self.places].copy()
        for column, place in enumerate(self.places.tolist()):
            if place in self.values:
                values, mine = np.array(self.values[place]), np.rint(found[..., column])
                found[..., column] = (mine[..., None] == values).argmax(-1)
        return found

    def put(self, inner: FloatArray, x: FloatArray) -> None:
        """Set the coordinates of a point x (n,)."""
        for column, place in enumerate(self.places.tolist()):
            x[place] = self.values[place][round(float(inner[column]))] if place in self.values else inner[column]
        for place, value in self.fixed.items():
            x[place] = value


def matters(conditions: Conditions, x: FloatArray, n: int) -> BoolArray:
    """Which coordinates of a point x (n,) matter."""
    there = np.ones(n, dtype=bool)
    for i in in_order(conditions, n):
        there[i] = all(there[p] and round(float(x[p])) in allowed for p, allowed in conditions.get(i, {}).items())
    return there


def in_order(conditions: Conditions, n: int) -> list[int]:
    """All coordinates, parents before their children. Raises ValueError if conditions go in a circle."""
    order: list[int] = []
    left = list(range(n))
    while left:
        ready = [i for i in left if all(p in order for p in conditions.get(i, {}))]
        if not ready:
            raise ValueError(f"conditions must not go in a circle, got coordinates {left} that wait for each other")
        order += ready
        left = [i for i in left if i not in ready]
    return order


def together(conditions: Conditions, parent: int, count: int) -> list[tuple[int, ...]]:
    """Values of a parent, those that no condition tells apart in one tuple."""
    lists = [frozenset(each[parent]) for each in conditions.values() if parent in each]
    groups: dict[tuple[bool, ...], list[int]] = {}
    for value in range(count):
        groups.setdefault(tuple(value in allowed for allowed in lists), []).append(value)
    return [tuple(group) for group in groups.values()]


def branches(conditions: Conditions, counts: IntArray, most: int) -> list[Part] | None:
    """One part for each combination that conditions tell apart; None where there are more than `most`."""
    n = len(counts)
    order = in_order(conditions, n)
    parents = {p for each in conditions.values() for p in each}
    groups = {p: together(conditions, p, int(counts[p])) for p in parents}

    def grow(at: int, chosen: dict[int, tuple[int, ...]], there: list[int]) -> Iterator[Part]:
        if at == n:
            free = [i for i in sorted(there) if len(chosen.get(i, (0, 1))) > 1]
            values = {i: chosen[i] for i in free if i in chosen}
            yield Part(np.array(free, dtype=np.intp), values, {i: v[0] for i, v in chosen.items() if len(v) == 1})
            return
        i = order[at]
        holds = all(p in there and chosen[p][0] in allowed for p, allowed in conditions.get(i, {}).items())
        if not holds:
            yield from grow(at + 1, chosen, there)
        elif i in parents:
            for group in groups[i]:
                yield from grow(at + 1, {**chosen, i: group}, [*there, i])
        else:
            yield from grow(at + 1, chosen, [*there, i])

    found = list(itertools.islice(grow(0, {}, []), most + 1))
    return found if len(found) <= most else None


def blocks(conditions: Conditions, counts: IntArray) -> list[Part]:
    """One part for the coordinates under each condition, those that always matter first and parents before children."""
    groups: dict[tuple[tuple[int, tuple[int, ...]], ...], list[int]] = {}
    for i in in_order(conditions, len(counts)):
        groups.setdefault(tuple(sorted((p, tuple(sorted(v))) for p, v in conditions.get(i, {}).items())), []).append(i)
    return [Part(np.array(sorted(each), dtype=np.intp)) for each in groups.values()]
