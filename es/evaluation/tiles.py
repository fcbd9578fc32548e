"""Populations of different sizes, one after the other, as a stack of problems takes them: in tiles of one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray, IntArray


def tile_width(popsize: int, n: int) -> int:
    """Points in a tile: few, for the last one of a lane wastes some, but each tile copies the matrices of its problem.

    A divisor of the first population, which those of the doubling regime are multiples of.
    """
    return next(width for width in range(min(popsize, max(4, n // 8)), popsize + 1) if popsize % width == 0)


class Tiles:
    """The points of lanes in tiles of one size, by run, as a stack of problems takes them.

    A problem comes once for each of its tiles, so that all points of a function are evaluated in one call. The last
    tile of a lane is filled up with its first point.
    """

    def __init__(self, run: IntArray, popsizes: IntArray, starts: IntArray, width: int) -> None:
        lanes = run.argsort()
        tiles = -(-popsizes[lanes] // width)
        lane = lanes.repeat(tiles)
        number = np.arange(len(lane)) - (tiles.cumsum() - tiles).repeat(tiles)
        place = number[:, None] * width + np.arange(width)
        here = place < popsizes[lane][:, None]
        self._runs, self._points = run[lane], starts[lane][:, None] + np.where(here, place, 0)
        self._places = np.empty(int(popsizes.sum()), np.intp)
        self._places[self._points[here]] = np.flatnonzero(here)

    def evaluate(self, evaluate: Any, x: FloatArray) -> FloatArray:
        """Values of all points (points,)."""
        f, _ = evaluate(self._runs, x.take(self._points, 0), None)
        return np.asarray(f.reshape(-1).take(self._places))
