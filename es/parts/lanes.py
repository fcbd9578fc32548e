"""What follows from the population sizes of runs side by side (`es.strategies._cmaes_lanes`).

Points of a population follow each other, and those of each lane follow those of the last; what equations multiply with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from es.core import looks
from es.core.arrays import BoolArray, FloatArray, IntArray
from es.core.stopping import RARELY
from es.parts.paths import warmth
from es.parts.rates import CMARates, default_rates, rare_interval
from es.parts.sampling import AHEAD

PERIOD = 5  # generations between joining and leaving
CACHE = 2**15  # numbers in the matrices of lanes that are factorised at a time


@dataclass(frozen=True)
class Size:
    """Lanes of one population size k, which follow each other.

    `firsts` says where the points of each begin, (lanes, 1), and `ahead` whether samples of a period are drawn at once.
    """

    lanes: slice
    points: slice
    shape: tuple[int, int]
    rates: CMARates
    firsts: IntArray
    ahead: bool

    def of_points(self, values: Any) -> Any:
        """Those of their points (lanes, k, ...), of values with a row for each point."""
        return values[self.points].reshape(self.shape + values.shape[1:])


def sizes_of(popsizes: IntArray, n: int) -> list[Size]:
    """The sizes among population sizes in rising order."""
    found, first, start = [], 0, 0
    for k, count in zip(*np.unique(popsizes, return_counts=True), strict=True):
        last, stop = first + int(count), start + int(k * count)
        found.append(
            Size(
                slice(first, last),
                slice(start, stop),
                (int(count), int(k)),
                default_rates(n, int(k), True),
                np.arange(start, stop, k)[:, None],
                bool(PERIOD * k * n <= AHEAD),
            )
        )
        first, start = last, stop
    return found


@dataclass(frozen=True)
class Block:
    """Lanes that follow each other, with the rows of V in (47) that are theirs.

    `parts` are those of one size each: its lanes and rows within the block, and (lanes, k + 1, n + 1).
    """

    lanes: slice
    rows: slice
    parts: tuple[tuple[slice, slice, tuple[int, int, int]], ...]

    @property
    def count(self) -> int:
        """Number of lanes."""
        return self.lanes.stop - self.lanes.start


def blocks_of(sizes: Sequence[Size], n: int) -> list[Block]:
    """All lanes, in blocks whose matrices (n + 1, n + 1) stay in the cache."""
    most = max(1, CACHE // (n + 1) ** 2)
    blocks, parts, lane, row, lanes, rows = list[Block](), list[Any](), 0, 0, 0, 0
    for size in sizes:
        left, height = size.shape[0], size.shape[1] + 1
        while left:
            count = min(left, most - lanes)
            here, there = slice(lanes, lanes + count), slice(rows, rows + count * height)
            parts.append((here, there, (count, height, n + 1)))
            left, lanes, rows = left - count, here.stop, there.stop
            if lanes == most or (not left and size is sizes[-1]):
                blocks.append(Block(slice(lane, lane + lanes), slice(row, row + rows), tuple(parts)))
                lane, row, lanes, rows, parts = lane + lanes, row + rows, 0, 0, []
    return blocks


class Rates:
    """What the equations multiply with, for lanes of these population sizes; names as in `CMARates`.

    `of_samples` has an entry for each row of V in (47), of which `worse_rows` are those with negative weights; they are
    the points `worse`. `last` is the last entry of each path's row, `window` the generations criteria look back.
    """

    def __init__(self, sizes: Sequence[Size], n: int) -> None:
        counts, popsizes = zip(*(size.shape for size in sizes), strict=True)
        rates = [size.rates for size in sizes]

        def of_lanes(values: Any) -> Any:
            return np.repeat(np.array(values), counts, axis=0)

        self.ps_keep, self.ps_gain = of_lanes([[r.ps_keep] for r in rates]), of_lanes([[r.ps_gain] for r in rates])
        self.pc_keep, self.pc_gain = of_lanes([[r.pc_keep] for r in rates]), of_lanes([r.pc_gain[1] for r in rates])
        self.sigma_rate, self.decay = of_lanes([r.sigma_rate for r in rates]), of_lanes([r.decay for r in rates]).T
        self.expected, self.longest = rates[0].expected, rates[0].longest
        self.last = of_lanes([1 / r.parameters.c1 for r in rates])
        self.of_samples = np.concatenate([np.tile(r.of_samples[:, 0], k) for r, k in zip(rates, counts, strict=True)])
        self.of_worse = np.concatenate([np.tile(r.of_worse, k) for r, k in zip(rates, counts, strict=True)])
        self.worse = np.concatenate(
            [(size.firsts + np.arange(size.rates.mu, size.shape[1])).reshape(-1) for size in sizes]
        )
        lanes = np.concatenate(
            [np.repeat(np.arange(s.lanes.start, s.lanes.stop), s.shape[1] - s.rates.mu) for s in sizes]
        )
        self.worse_rows = self.worse + lanes
        alone: list[Any] = [SimpleNamespace(n=n, popsize=k) for k in popsizes]
        self.window = of_lanes([looks.window(one) for one in alone])
        least, between = zip(*(looks.times_of_stagnation(one) for one in alone), strict=True)
        self._stagnation, self._between = of_lanes(least), of_lanes(between)
        self._rare = of_lanes([max(RARELY, rare_interval(r)) for r in rates])
        tables = [_warmths(r.parameters.cs) for r in rates]
        self._warmths = np.concatenate(tables)
        lengths = np.array([len(table) for table in tables])
        self._first_warmth, self._warm = of_lanes(np.cumsum(lengths) - lengths), of_lanes(lengths - 1)

    def warmth(self, generations: IntArray) -> FloatArray:
        """`es.parts.paths.warmth` of each lane after so many generations of its own."""
        return self._warmths.take(self._first_warmth + np.minimum(generations, self._warm))

    def rare(self, generations: IntArray) -> BoolArray:
        """Lanes where the criteria are due that are looked at rarely."""
        return np.asarray(generations % self._rare == 0)

    def stagnation_due(self, generations: IntArray) -> BoolArray:
        """Lanes where it is due to look whether values still get better."""
        return np.asarray((generations % self._between == 0) & (generations >= self._stagnation))


@lru_cache(maxsize=1024)
def _warmths(cs: float) -> FloatArray:
    """`warmth` by generation, up to the one from which on it is 1."""
    found = [warmth(cs, 0)]
    while found[-1] < 1:
        found.append(warmth(cs, len(found)))
    table = np.array(found)
    table.setflags(write=False)
    return table
