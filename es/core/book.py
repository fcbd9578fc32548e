"""The book of what runs have used and what they have found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import BoolArray, FloatArray, IntArray
from problems.ledger import Trace


class Book:
    """Counts and the best point of one run, or of each in a stack.

    Values that count are those below +inf: -inf is the best there is, NaN and +inf are failures.

    Parameters
    ----------
    start : ndarray, shape (n,) or (runs, n)
        What `x_best` is until a value counts.

    Attributes
    ----------
    nfev, njev, n_failed : int, or ndarray of int, shape (runs,)
        Points and gradients evaluated; points that failed.
    f_best : float, or ndarray, shape (runs,)
        Least value so far; inf before the first.
    x_best : ndarray, shape of start
    odd : bool
        Whether a value or gradient was not finite since somebody has last looked for it; True at the start.
    """

    NAMES = ("nfev", "njev", "n_failed", "f_best", "x_best")

    def __init__(self, start: FloatArray) -> None:
        self.stacked = start.ndim == 2
        zero: Any = np.zeros(len(start), dtype=np.int64) if self.stacked else 0
        self.nfev, self.njev, self.n_failed = (zero + 0 for _ in range(3))
        self.f_best: Any = np.full(len(start), np.inf) if self.stacked else np.float64(np.inf)
        self.x_best = start.copy()
        self.odd = True
        self._evaluated: BoolArray | None = None
        self._improved: list[tuple[Any, ...]] | None = None
        self._started = len(start) if self.stacked else 1
        self._runs = np.arange(len(start)) if self.stacked else np.zeros(1, dtype=np.intp)

    def keep_trace(self) -> None:
        """Note every improvement from here on, for `trace`."""
        self._improved = []

    def expect(self, evaluated: BoolArray) -> None:
        """Say which rows (runs, k) of the next points are evaluated; the others are not counted."""
        self._evaluated = evaluated

    def count(self, f: FloatArray, *, gradients: bool, failed: BoolArray | None) -> None:
        """Count points with values f (..., k) in the order in which they came.

        Parameters
        ----------
        f : ndarray
        gradients : bool
            Whether each came with a gradient.
        failed : ndarray of bool, shape of f, or None
            Which of them have no value that counts; None: all have one.
        """
        done, self._evaluated = self._evaluated, None
        if self._improved is not None:
            gone = np.zeros(f.shape, dtype=bool) if failed is None else failed
            self._note(np.where(gone if done is None else gone | ~done, np.inf, f), gradients)
        if done is None:
            points: Any = f.shape[-1]
            missed: Any = 0 if failed is None else failed.sum(-1)
        else:
            points = done.sum(-1)
            missed = 0 if failed is None else (failed & done).sum(-1)
        self.nfev += points
        if gradients:
            self.njev += points
        if failed is not None:
            self.odd = True
            self.n_failed = self.n_failed + missed if self.stacked else self.n_failed + int(missed)

    def improve(self, x: FloatArray, first: Any, value: Any) -> None:
        """Remember row `first` of points x (..., k, n) in each run where its value is the least so far."""
        if not self.stacked:
            if value < self.f_best:
                self.f_best, self.x_best = value[()], x[first].copy()
            return
        (better,) = (value < self.f_best).nonzero()
        if better.size:
            self.f_best[better] = value[better]
            self.x_best[better] = x[better, first[better]]

    def add(self, other: Book) -> None:
        """Take in the book of another run, one after this."""
        for name in ("nfev", "njev", "n_failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.f_best < self.f_best:
            self.f_best, self.x_best = other.f_best, other.x_best

    def _note(self, value: FloatArray, gradients: bool) -> None:
        """Note the improvements among values (..., k), exact to the evaluation."""
        assert self._improved is not None
        lowest = np.minimum.accumulate(np.column_stack([np.atleast_1d(self.f_best), np.atleast_2d(value)]), axis=1)
        row, place = np.nonzero(lowest[:, 1:] < lowest[:, :-1])
        if row.size:
            nfev, njev = np.atleast_1d(self.nfev)[row], np.atleast_1d(self.njev)[row]
            step = place + 1
            self._improved.append((self._runs[row], nfev + step, njev + step * gradients, lowest[row, step]))

    def trace(self, run: int = 0) -> Trace:
        """Every improvement of a run, ended or not; it takes `keep_trace`."""
        parts = [np.concatenate(column) for column in zip(*(self._improved or ()), strict=True)]
        if not parts:
            return Trace(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        mine = parts[0] == run
        return Trace(parts[1][mine], parts[2][mine], parts[3][mine])

    def traces(self) -> list[Trace]:
        """Every improvement of each run of a stack, ended or not; it takes `keep_trace`."""
        return traces_of(self._improved or (), self._started)

    def of(self, row: int) -> dict[str, Any]:
        """What a result says of the run in this row: x, fun (NaN if no value counted), nfev, njev, n_failed."""
        at: Any = row if self.stacked else ...
        f_best = float(np.asarray(self.f_best)[at])
        counts = {name: int(np.asarray(getattr(self, name))[at]) for name in ("nfev", "njev", "n_failed")}
        return {"x": self.x_best[at].copy(), "fun": f_best if f_best < np.inf else np.nan, **counts}

    def take(self, rows: IntArray) -> None:
        """Keep these runs only."""
        for name in (*self.NAMES, "_runs"):
            setattr(self, name, getattr(self, name)[rows])

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """Counts and best as arrays; improvements are not part of it."""
        return {name: np.array(getattr(self, name)) for name in self.NAMES}

    def load_state_dict(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        self.odd = True
        for name in self.NAMES:
            value = state[name]
            whole = name in ("nfev", "njev", "n_failed") and not value.ndim
            setattr(self, name, int(value) if whole else value.copy() if value.ndim else value[()])


def traces_of(improved: Iterable[tuple[Any, ...]], runs: int) -> list[Trace]:
    """Improvements by run, from tuples of arrays: numbers of runs, evaluations, gradients and values."""
    none = (np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    run, *columns = [np.concatenate(column) for column in zip(none, *improved, strict=True)]
    order = run.argsort(kind="stable")
    ends = np.searchsorted(run[order], np.arange(1, runs))
    return [Trace(*parts) for parts in zip(*(np.split(column[order], ends) for column in columns), strict=True)]
