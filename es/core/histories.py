"""The values that stopping looks back on, of runs that come and go: a slot each."""

from __future__ import annotations

import numpy as np

from es.core.arrays import FloatArray, IntArray
from es.core.traces import LONGEST, Traces


class Histories:
    """Best, median and upper quartile of each generation, of lanes that come and go; see `es.core.traces`.

    Each lane has a slot as long as it is open, where nothing is moved when other lanes are joined or left.
    """

    def __init__(self) -> None:
        self._values = np.empty((0, 64, 3))

    def free(self, taken: IntArray, count: int) -> IntArray:
        """So many slots beside those that are taken."""
        missing = len(taken) + count - len(self._values)
        if missing > 0:
            self._values = np.concatenate([self._values, np.empty((missing, *self._values.shape[1:]))])
        return np.setdiff1d(np.arange(len(self._values)), taken)[:count]

    def add(self, slots: IntArray, lengths: IntArray, values: FloatArray) -> None:
        """Keep values (r, 3) of a generation in each slot, and count it in `lengths`."""
        room = self._values.shape[1]
        if lengths.max() == room and room < 2 * LONGEST:
            self._values = np.concatenate([self._values, np.empty_like(self._values)], 1)[:, : 2 * LONGEST]
        for i in np.flatnonzero(lengths == 2 * LONGEST):
            self._values[slots[i], :LONGEST] = self._values[slots[i], LONGEST:].copy()
            lengths[i] = LONGEST
        self._values[slots, lengths] = values
        lengths += 1

    def ends(self, slots: IntArray, lengths: IntArray, windows: IntArray) -> tuple[FloatArray, FloatArray]:
        """The values of the oldest and of the newest generation in the window of each, (r, 3)."""
        return self._values[slots, np.maximum(lengths - windows, 0)], self._values[slots, lengths - 1]

    def of(self, slot: int, length: int) -> Traces:
        """Those in a slot as the traces of a run."""
        traces = Traces(())
        traces.length, traces._rows = int(length), self._values[slot]
        return traces
