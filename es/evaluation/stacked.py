"""Values for stacked runs: of one objective that all runs share, or of a problem for each (`problems.Stack`)."""

from __future__ import annotations

import traceback
from typing import Any, Protocol

import numpy as np

from es.core.arrays import BoolArray, FloatArray, IntArray
from es.evaluation.evaluate import ON_ERROR, Evaluator
from problems.ledger import Ledger
from problems.numbers import short
from problems.objective import Objective
from problems.stack import Stack


class StackedEvaluator(Protocol):
    """Evaluates the populations of runs that stand side by side."""

    def __call__(
        self, runs: IntArray, x: FloatArray, done: BoolArray | None, *, gradients: bool = False
    ) -> tuple[FloatArray, FloatArray | None]:
        """Values (r, k) and, if asked for, gradients (r, k, n).

        Parameters
        ----------
        runs : ndarray of int, shape (r,)
            Which runs they are, among all, in rising order; one may come several times.
        x : ndarray, shape (r, k, n)
        done : ndarray of bool, shape (r, k), or None
            Which points to evaluate, from the first of a run on; None: all. The others get NaN.
        """

    def error_of(self, run: int) -> str | None:
        """Traceback of the first failure of this run that was penalised."""

    def close(self) -> None:
        """Give workers back."""


class Shared:
    """One objective for all runs, with `workers` and `on_error` as of `es.evaluation.evaluate.Evaluator`."""

    def __init__(self, ledger: Ledger, *, workers: Any = 1, on_error: str = "raise") -> None:
        self._evaluate = Evaluator(ledger, workers=workers, on_error=on_error)
        self._errors: dict[int, str] = {}

    def __call__(
        self, runs: IntArray, x: FloatArray, done: BoolArray | None, *, gradients: bool = False
    ) -> tuple[FloatArray, FloatArray | None]:
        """See `StackedEvaluator`."""
        if done is None:
            f, g = self._evaluate(x.reshape(-1, x.shape[-1]), gradients=gradients)
            if self._evaluate.failures:
                self._note(runs.repeat(x.shape[1]))
            return f.reshape(*x.shape[:2], *f.shape[1:]), None if g is None else g.reshape(x.shape)
        f, g = self._evaluate(x[done], gradients=gradients)
        if self._evaluate.failures:
            self._note(runs[done.nonzero()[0]])
        values, slopes = np.full((*x.shape[:2], *f.shape[1:]), np.nan), None
        values[done] = f
        if g is not None:
            slopes = np.full(x.shape, np.nan)
            slopes[done] = g
        return values, slopes

    def _note(self, runs: IntArray) -> None:
        """Keep the first failure of each run among those of the last points; `runs` says whose each point was."""
        for row, text in self._evaluate.failures:
            self._errors.setdefault(int(runs[row]), text)

    def error_of(self, run: int) -> str | None:
        """The first failure of this run."""
        return self._errors.get(run)

    def close(self) -> None:
        """Give workers back."""
        self._evaluate.close()


class OfEach:
    """A problem for each run, all of which are evaluated in one call, in this process: problem i is that of run i.

    Raises ValueError if there are to be workers, or `on_error` has no meaning.
    """

    def __init__(self, problems: Stack, *, workers: Any = 1, on_error: str = "raise") -> None:
        if workers is not None and not (isinstance(workers, int) and workers == 1):
            raise ValueError(
                f"workers must be 1 for a Stack, whose problems are evaluated in one call, got {short(workers)}: "
                "share out the runs among processes of your own"
            )
        if not isinstance(on_error, str) or on_error not in ON_ERROR:
            raise ValueError(f"on_error must be 'raise' or 'penalize', got {short(on_error)}")
        self._all, self._penalize = problems, on_error == "penalize"
        self._runs, self._now = np.arange(len(problems)), problems  # those of the last call
        self._key = self._runs.tobytes()
        # Whether further points of our own suites may be evaluated unseen: no noise, no calls of the user's functions.
        self.repeatable = not self._penalize and all(p.pure and not p.noisy and p.source for p in problems.objectives)
        self._errors: dict[int, str] = {}

    def __call__(
        self, runs: IntArray, x: FloatArray, done: BoolArray | None, *, gradients: bool = False
    ) -> tuple[FloatArray, FloatArray | None]:
        """See `StackedEvaluator`."""
        whole: Any = True if done is None else np.asarray(done.all(-1))
        if done is None or whole.all():
            try:
                return self._together(runs, x, gradients)
            except (Exception, SystemExit):
                if not self._penalize:
                    raise
                whole = np.full(len(runs), False)
        if self.repeatable and done is not None and not gradients:
            return np.where(done, self._together(runs, x, False)[0], np.nan), None
        f, g = np.full(x.shape[:2], np.nan), np.full(x.shape, np.nan) if gradients else None
        if whole.any():
            f[whole], slopes = self(runs[whole], x[whole], None, gradients=gradients)
            if g is not None:
                g[whole] = slopes
        for row in np.flatnonzero(~whole).tolist():
            mine = slice(None) if done is None else slice(0, int(done[row].sum()))
            self._alone(int(runs[row]), x[row, mine], f[row, mine], None if g is None else g[row, mine])
        return f, g

    def _together(self, runs: IntArray, x: FloatArray, gradients: bool) -> tuple[FloatArray, FloatArray | None]:
        if (key := runs.tobytes()) != self._key:
            first, last = (np.searchsorted(self._runs, runs, side) for side in ("left", "right"))
            rows = np.minimum(first + np.arange(len(runs)) - np.searchsorted(runs, runs), last - 1)
            # Functions whose rows stay as they are copy nothing.
            found = np.array_equal(self._runs[rows], runs)
            self._now = self._now.take(rows) if found else self._all.take(runs)
            self._runs, self._key = runs.copy(), key
        return self._now.value_and_grad(x) if gradients else (self._now(x), None)

    def _alone(self, run: int, x: FloatArray, f: FloatArray, g: FloatArray | None) -> None:
        """Values, and gradients, of the points of one run, into f and g."""
        problem: Objective = self._all.objectives[run]
        one_by_one = self._penalize or not problem.vectorized
        for part in range(len(x)) if one_by_one else [slice(None)]:
            try:
                if g is None:
                    f[part] = problem(x[part])
                elif len(x):
                    f[part], g[part] = problem.value_and_grad(x[part])
            except (Exception, SystemExit):
                if not self._penalize:
                    raise
                self._errors.setdefault(run, traceback.format_exc())

    def error_of(self, run: int) -> str | None:
        """The first failure of this run."""
        return self._errors.get(run)

    def close(self) -> None:
        """Nothing to give back."""


def stacked_evaluator(ledger: Ledger, *, workers: Any, on_error: str) -> StackedEvaluator:
    """The evaluator for the objective of a ledger."""
    kind = OfEach(ledger.objective, workers=workers, on_error=on_error) if isinstance(ledger.objective, Stack) else None
    return kind or Shared(ledger, workers=workers, on_error=on_error)


def one_step(opt: Any, evaluate: StackedEvaluator, runs: IntArray, room: FloatArray | None) -> dict[int, FloatArray]:
    """Ask, evaluate and tell for all active runs; a run's last population is cut where its budget ends.

    `evaluate` knows the active runs by the numbers `runs`. Each may make `room` more evaluations; None: a population at
    least. Returns row -> mean before the step, of the runs whose population was cut to what nothing is learnt from.
    """
    x = opt.ask()
    k = x.shape[1]
    if room is None or not (room < k).any():
        opt.tell(x, *evaluate(runs, x, None, gradients=opt.wants_gradient))
        return {}
    done: BoolArray = np.arange(k) < room[:, None]
    f, g = evaluate(runs, x, done, gradients=opt.wants_gradient)
    opt.book.expect(done)
    cut, means = np.flatnonzero(room < min(k, opt.least_rows)), opt.x_mean
    opt.tell(x, f, g)
    return dict(zip(cut.tolist(), means[cut], strict=True))
