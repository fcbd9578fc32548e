"""The coordinates of a sum together: which of them promise most, near their best samples and elsewhere."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from es.auto.line import Line

SHARE = 0.1  # coordinates that promise at least this part of the largest gain are sampled together
HARDER = 4.0  # STEP: intervals up to so many times as difficult as the easiest are


class Lines:
    """All coordinates, in two heaps: by the gain that is near at hand, and by the difficulty of STEP's intervals.

    `several` counts those that have shown more than one minimum. As soon as there is one all are searched by STEP.
    """

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.several = 0
        self._near: list[tuple[float, int, int, float]] = []  # (minus gain, coordinate, version, position)
        self._far: list[tuple[float, int, int, float]] = []
        self._version = [0] * len(lines)
        self._modal = [False] * len(lines)
        self._sharpest = 0.0
        for i in range(len(lines)):
            self.refresh(i)

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __getitem__(self, i: int) -> Line:
        return self.lines[i]

    def refresh(self, i: int) -> None:
        """A coordinate has new samples."""
        line = self.lines[i]
        self._version[i] += 1
        found = line.local()
        if found is not None:
            heapq.heappush(self._near, (-found[1], i, self._version[i], found[0]))
        if line.modes > 1 and not self._modal[i]:
            self._modal[i] = True
            self.several += 1
            if self.several == 1:
                for j in range(len(self.lines)):
                    self._step(j)
                return
        if self.several:
            self._step(i)

    def _step(self, i: int) -> None:
        sharp = self.lines[i].sharpness()
        self._sharpest = max(self._sharpest, sharp)
        found = self.lines[i].step_interval()
        if found is not None:
            scale = sharp if sharp > 0 else self._sharpest
            heapq.heappush(self._far, (found[0] / scale if scale > 0 else found[0], i, self._version[i], found[1]))

    def _least(self, heap: list[tuple[float, int, int, float]]) -> tuple[float, int, int, float] | None:
        while heap and heap[0][2] != self._version[heap[0][1]]:
            heapq.heappop(heap)
        return heap[0] if heap else None

    def promising(self, most: int, small: float) -> list[tuple[int, float]]:
        """Coordinates and the positions to look at next: near their best samples, and as many elsewhere by STEP.

        Gains up to `small` are none. STEP goes where its interval is less curved than the minimum that is known, or
        anywhere once nothing is left near by.
        """
        places: list[tuple[int, float]] = []
        top = self._least(self._near)
        kept, lead = [], 0.0
        while top is not None and len(places) < most and -top[0] > small and (not places or top[0] <= SHARE * lead):
            lead = top[0] if not places else lead
            places.append((top[1], top[3]))
            kept.append(heapq.heappop(self._near))
            self.lines[top[1]].remember()
            top = self._least(self._near)
        for entry in kept:
            heapq.heappush(self._near, entry)
        near = len(places)
        far = self._least(self._far) if self.several else None
        kept = []
        limit = 1.0 if near else math.inf
        while far is not None and len(kept) < (near or most) and far[0] < limit:
            if not kept:
                limit = min(limit, HARDER * far[0])
            places.append((far[1], far[3]))
            kept.append(heapq.heappop(self._far))
            far = self._least(self._far)
        for entry in kept:
            heapq.heappush(self._far, entry)
        return places
