"""What becomes of points: values, failures row by row, here or in a worker."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core.arrays import FloatArray
from es.evaluation.parcel import Missing, Parcel
from problems.evaluation import Evaluation, Reporting
from problems.several import MultiObjective


@dataclass
class Outcome:
    """What became of some rows: values, gradients where asked for, and the failures by row."""

    f: FloatArray  # (k,), or (k, m) for several objectives; NaN where the evaluation failed
    g: FloatArray | None  # (k, n)
    done: npt.NDArray[np.bool_]  # (k,), which rows were evaluated and did not fail
    failures: list[tuple[int, BaseException, str]] = field(default_factory=list)  # row, exception, traceback
    seconds: float = 0.0  # that the evaluation took where it ran
    reports: dict[int, Evaluation] = field(default_factory=dict)  # by row, what the objective told besides a value

    def put(self, rows: Any, f: Any) -> None:
        """Take values f of these rows; the first ones tell how many objectives there are."""
        if self.f.ndim == 2 and self.f.shape[1] != np.shape(f)[-1]:
            self.f = np.full((len(self.f), np.shape(f)[-1]), np.nan)
        self.f[rows] = f


def evaluate_rows(
    objective: Callable[..., Any], x: FloatArray, gradients: bool, together: bool, first_failure_ends: bool = False
) -> Outcome:
    """Evaluate rows x (k, n) and catch what they raise, row by row.

    A population goes to the objective in one call where `together` says so; should that call raise, the rows are
    evaluated one by one to tell the failing ones from the others. With `first_failure_ends` the rows after it are
    left out.
    """
    start = time.perf_counter()
    outcome = empty(x, gradients, objective)
    if together and len(x) > 1:
        # What it raises is found again below, with the row that it comes from.
        with contextlib.suppress(Exception, SystemExit):
            _evaluate(objective, x, slice(None), outcome)
    if not outcome.done.all():
        for row in range(len(x)):
            try:
                _evaluate(objective, x[row], row, outcome)
            except (Exception, SystemExit) as error:  # a simulation that calls sys.exit has failed, no more than that
                outcome.failures.append((row, error, traceback.format_exc()))
                if first_failure_ends:
                    break
    outcome.seconds = time.perf_counter() - start
    return outcome


def _evaluate(objective: Any, x: FloatArray, rows: Any, outcome: Outcome) -> None:
    if outcome.g is not None:
        value, outcome.g[rows] = objective.value_and_grad(x)
        outcome.f[rows] = value
    else:
        value = objective(x)
        outcome.put(rows, value)
    if type(value) is Reporting:
        outcome.reports[rows] = value.evaluation
    outcome.done[rows] = True


@dataclass(frozen=True)
class Chunk:
    """What a worker is asked to do: some rows, with the objective in a parcel."""

    parcel: Parcel
    gradients: bool
    together: bool  # whether the objective takes all rows in one call

    def light(self) -> Chunk:
        """The same, for workers that have the objective."""
        return replace(self, parcel=self.parcel.light())

    def __call__(self, x: FloatArray) -> Outcome | type[Missing]:
        """Evaluate rows x (k, n), or answer that the objective has not arrived."""
        objective = self.parcel.open()
        if objective is Missing:
            return Missing
        outcome = evaluate_rows(objective, np.atleast_2d(x), self.gradients, self.together)
        outcome.failures = [(row, _portable(error), text) for row, error, text in outcome.failures]
        return outcome


def chunks(rows: int, size: int, seconds_per_row: float | None) -> list[range]:
    """Split `rows` points for `size` workers: one chunk each, or point by point where an evaluation is long.

    One chunk per worker costs the fewest messages; with evaluations of 20 ms and more a message costs nothing beside
    them and single points balance the load.
    """
    parts = rows if seconds_per_row is not None and seconds_per_row > 0.02 else min(rows, size)
    bounds = [rows * i // parts for i in range(parts + 1)] if parts else [0]
    return [range(lo, hi) for lo, hi in pairwise(bounds)]


def _portable(error: BaseException) -> BaseException:
    """The exception itself if it can travel between processes, else one that names it."""
    import pickle

    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception as cause:  # whatever a foreign exception's pickling raises, its name and text still travel
        return RuntimeError(f"{type(error).__name__}: {error} (sent as text, for it cannot be pickled: {cause})")


def empty(x: FloatArray, gradients: bool, objective: Any) -> Outcome:
    """The outcome of rows x (k, n) of which none has been evaluated."""
    slopes = np.full(x.shape, np.nan) if gradients else None
    shape = (len(x), 1) if isinstance(objective, MultiObjective) else (len(x),)
    return Outcome(np.full(shape, np.nan), slopes, np.zeros(len(x), dtype=bool))


def fill(whole: Outcome, rows: Sequence[int], part: Outcome) -> None:
    """Put the outcome of some rows into that of all."""
    index = list(rows)
    whole.done[index] = part.done
    if part.done.any():
        whole.put(np.array(index)[part.done], part.f[part.done])
    if whole.g is not None and part.g is not None:
        whole.g[index] = part.g
    whole.failures += [(index[row], error, text) for row, error, text in part.failures]
    whole.seconds += part.seconds
    whole.reports |= {index[row]: report for row, report in part.reports.items()}
