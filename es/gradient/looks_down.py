"""What a descent looks at where smaller steps bring nothing more: a few points down the slope at its best one.

A rule that remembers the squares of gradients, or a rate that was halved again and again, may have been made for a
start where f is 1e20: steps are so small from there on that nothing is gained, while the gradient is a trifle beside
the first. Where one of the points is lower the run goes on from there, with its first rate and nothing remembered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.gradient.looks_aside import LooksAside

LENGTHS = 0.1 ** np.arange(1, 7)  # of the steps down, in units of the scale
END, OVER = 1, 2 + len(LENGTHS)  # values of `downward` at the end itself and after all; between them at the points
MOST = 5  # times that a run goes on
LEAST = 1e-12  # fall of f that counts, in its unit


class LooksDown(LooksAside):
    """Mixin for descents of one run or of a stack of them.

    Attributes
    ----------
    downward : int, or (runs,)
        What is looked at; 0 before any look, see the constants above.
    onward : int, or (runs,)
        Times that the run went on.
    uphill : ndarray, shape (n,), or (runs, n)
        Gradient at the end, its largest entry 1.
    first_lr : float, or (runs,)
        The rate that it goes on with.
    """

    def _be_ready_to_look(self) -> None:
        self.downward, self.onward = self._each(0), self._each(0)
        self.uphill = np.zeros_like(self.mean)
        self.first_lr = np.array(self.base_lr)[()]
        super()._be_ready_to_look()

    def _note_looks(self) -> None:
        super()._note_looks()
        self._any_down = bool(np.any((self.downward >= END) & (self.downward < OVER)))

    def _are_looking_down(self) -> Any:
        """Which runs are; None where none is."""
        return (self.downward >= END) & (self.downward < OVER) if self._any_down else None

    def _least(self) -> Any:
        """A fall of f that is more than its rounding."""
        return np.maximum(LEAST * np.asarray(self.size), 1e4 * np.finfo(float).eps * np.abs(self.lowest))

    def _turn_down(self, looking: Any, slope: FloatArray, fall: Any, memory: dict[str, FloatArray]) -> None:
        """Where a point was looked at, with this gradient, by which f fell: go on from there, to the next, or end."""
        for name, before in memory.items():
            setattr(self, f"rule_{name}", np.where(looking[..., None], before, getattr(self, f"rule_{name}")))
        at_end = looking & (self.downward == END)
        top = np.abs(slope * self._measure).max(-1)
        known = (top > 0) & (top < np.inf)
        unit = np.where(known, top, np.inf)[..., None]
        way = np.where(unit < np.inf, slope, 0.0) * self._measure / unit
        self.uphill = np.where(at_end[..., None], way, self.uphill)
        falls = looking & ~at_end & (fall > self._least())
        reach = np.asarray((self.scale0 / self._measure).max(-1))
        with np.errstate(invalid="ignore", over="ignore"):
            flat = at_end & ~(top * np.asarray(self.size) * LENGTHS[0] * reach > self._least())
        after = np.where(falls, 0, np.where(flat, OVER, self.downward + 1))
        self.downward = np.where(looking, after, self.downward)[()]
        length = np.append(LENGTHS, [0.0, 0.0])[np.clip(self.downward - END - 1, 0, len(LENGTHS))]
        ahead = self._inside(self.back - (length * reach)[..., None] * self.uphill * self._measure)
        self.mean = np.where((looking & ~falls)[..., None], ahead, self.mean)
        self.mean = np.where(falls[..., None], self.back, self.mean)
        self.slope = np.where(looking, np.inf, self.slope)[()]
        self.onward = np.where(falls, self.onward + 1, self.onward)[()]
        self.base_lr = np.where(falls, self.first_lr, self.base_lr)[()]
        self._note_looks()
        self._begin_again(falls)

    def _looked_down(self, found: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
        """Look down from ends of a worn rate; those that always led further down are no convergence."""
        ended = [run for run, reasons in found.items() if reasons.keys() == {"tolrate"}]
        met = np.isin(self.active, ended).reshape(self.batch)
        begin = met & (self.downward == 0)
        if np.any(begin):
            self.downward = np.where(begin, END, self.downward)[()]
            self.mean = np.where(begin[..., None], self.back, self.mean)
            self._note_looks()
        on = set(self.active[np.ravel(met & (self.downward < OVER))].tolist())
        often = set(self.active[np.ravel(met & (self.onward >= MOST))].tolist())
        return {
            run: {"steep": 1.0} if run in often else reasons
            for run, reasons in found.items()
            if run not in on or run in often
        }
