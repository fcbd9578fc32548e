"""How the first quasi-Newton run of `auto` gets on: whether it goes on alone, shares with CMA-ES, or crawls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ALONE = 100  # evaluations per variable that the run has before CMA-ES runs beside it
LOOK = 30  # evaluations per variable in which a run that goes well divides its Newton decrement by 4
CRAWLS = 0.1  # a smooth function gains half of the decrement in a step, one with kinks less than this part


class Progress:
    """The books of the first run, between two iterations.

    A quadratic model that fits promises half of the Newton decrement as the gain of a step. Medians over 15 iterations
    are .3 to 1 of it on smooth functions, valleys like Rosenbrock's included. Where f has kinks along the way they are
    .1 to 1e-5: the decrement shrinks while f hardly does, and says nothing about how far there is to go.
    """

    def __init__(self, n: int) -> None:
        self.n = n  # free variables
        self.alone = float(ALONE * n)  # evaluations that the run has before others share
        self.crawls = False  # whether its steps gained next to nothing of what the model promised between two looks
        self.moved = 0.0  # root mean square of the way since the look before, over coordinates, in units of the scale
        self._look_at = self.alone - LOOK * n
        self._nit = -1  # iterations that have been seen
        self._before = math.inf  # median decrement of the window before
        self._decrements: list[float] = []
        self._parts: list[float] = []  # gains as parts of the decrements
        self._mark: list[float] = []  # where the run was when the present window began

    def goes_on_alone(self, run: Any, used: float) -> bool:
        """Whether others have to wait: 100 n evaluations, then while 30 n divide the median decrement by 4."""
        if run.nit != self._nit:
            self._nit = run.nit
            self._decrements.append(run.decrement)
            if 0 < run.decrement < math.inf and run.last_drop < math.inf:
                self._parts.append(run.last_drop / run.decrement)
        if used >= self._look_at:
            middle = float(np.median(self._decrements)) if self._decrements else math.inf
            self._compare(run)
            if used >= self.alone and middle <= self._before / 4 and not self.crawls:
                self.alone = used + LOOK * self.n
            self._before, self._decrements = middle, []
            self._look_at = used + LOOK * self.n
        return used < self.alone

    def _compare(self, run: Any) -> None:
        """What steps gained with what the model promised, since the look before."""
        self.crawls = bool(self._parts) and float(np.median(self._parts)) < CRAWLS
        if self._mark:
            way = (run.x - np.array(self._mark)) / run.scale
            self.moved = float(np.sqrt(np.mean(way * way)))
        self._parts, self._mark = [], run.x.tolist()
