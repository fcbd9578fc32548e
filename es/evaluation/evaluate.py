"""Evaluate populations: one place for errors, time limits, dead workers and the books.

Whatever happens to a point, in this process or in a worker, it ends in one of two ways: its value (NaN for a failure
that is penalised) is booked in the run's `problems.Ledger`, in the order of the rows, or an exception leaves
`Evaluator`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.core.limits import limit
from es.evaluation.dispatch import Dispatcher, Failed, first_line
from es.evaluation.opening import MapLike, open_workers
from es.evaluation.outcome import Chunk, Outcome, chunks, empty, evaluate_rows, fill
from es.evaluation.parcel import Missing, Parcel
from es.evaluation.workers import Workers
from problems.evaluation import Evaluation, Reporting
from problems.ledger import Ledger
from problems.numbers import short
from problems.several import MultiObjective

ON_ERROR = ("raise", "penalize")


class ConstraintsTold(ValueError):
    """The objective has told of constraints where nobody takes them."""


class Evaluator:
    """Values of whole populations for one run, wherever they are computed.

    Parameters
    ----------
    ledger : problems.Ledger
        Counts every point; only what is evaluated in this process runs through its objective here.
    workers : int, map-like callable, Executor, dask Client or None
        See `es.evaluation.opening.open_workers`.
    on_error : {"raise", "penalize"}
        An exception in the objective, a worker that dies with a point or a point past its time limit: raised, or
        taken as the value NaN, which ranks last and is counted in `n_failed`. A gradient that autodiff loses is raised
        in any case.
    timeout : float, optional
        Seconds that one evaluation may take. Evaluations then run in worker processes, even with `workers=1`.

    Attributes
    ----------
    first_error : str or None
        Traceback of the first penalised failure.
    failures : list of (int, str)
        Rows of the last population whose failure was penalised, in their order, with tracebacks.
    known : bool
        Whether the workers have the objective.
    seconds_per_row : float or None
        What an evaluation took in the last population.
    reported : callable or None
        `reported(x, evaluation)` is called with what the objective tells of a point x (n,) besides its value.

    Raises
    ------
    ValueError
        If an argument has no meaning.
    """

    def __init__(
        self, ledger: Ledger, *, workers: Any = 1, on_error: str = "raise", timeout: float | None = None
    ) -> None:
        if not isinstance(on_error, str) or on_error not in ON_ERROR:
            raise ValueError(f"on_error must be 'raise' or 'penalize', got {short(on_error)}")
        timeout = limit("timeout", timeout, whole=False)
        self.ledger = ledger
        self.on_error = on_error
        self.timeout = timeout
        self.first_error: str | None = None
        self.failures: list[tuple[int, str]] = []
        self._workers = open_workers(workers, own_process=timeout is not None)
        if timeout is not None and not isinstance(self._workers, Workers):
            raise ValueError(
                "timeout needs workers that report one by one, got a map-like callable: pass an int or an Executor"
            )
        self._plain = self._workers is None and on_error == "raise"
        self._parcel = None if self._workers is None else Parcel(ledger.objective)
        self.known = False
        self.seconds_per_row: float | None = None
        self.reported: Callable[[FloatArray, Evaluation], None] | None = None

    def __call__(self, x: FloatArray, *, gradients: bool = False) -> tuple[FloatArray, FloatArray | None]:
        """Evaluate rows x (k, n): f (k,) and, if asked for, g (k, n)."""
        if self._plain and (self.ledger.objective.vectorized or len(x) == 1):
            return self._at_once(x, gradients)
        outcome = self._outcome(x, gradients)
        self.failures = []
        if outcome.failures:
            self._note_failures(outcome, x)
        self.ledger.record(x, outcome.f, gradients=len(x) * gradients)
        for row in sorted(outcome.reports):
            self.report(x[row], outcome.reports[row])
        return outcome.f, outcome.g

    def report(self, x: FloatArray, evaluation: Evaluation) -> None:
        """Hand on what the objective told of a point x (n,).

        Raises
        ------
        ConstraintsTold
            If these are constraints, and nobody takes them.
        """
        if self.reported is not None:
            self.reported(x, evaluation)
        elif evaluation.constraints.size or evaluation.equalities.size:
            raise ConstraintsTold("constraints that fun returns are kept by runs that do not stand in a stack")

    def _at_once(self, x: FloatArray, gradients: bool) -> tuple[FloatArray, FloatArray | None]:
        """The short way: one call for all rows, in this process, and whatever it raises is raised."""
        objective, g = self.ledger.objective, None
        together = objective.vectorized or isinstance(objective, MultiObjective)
        try:
            if not gradients:
                f = objective(x) if together else objective(x[0])
            elif objective.vectorized:
                f, g = objective.value_and_grad(x)
            else:
                f, slope = objective.value_and_grad(x[0])
                g = slope[None]
        except (Exception, SystemExit) as error:
            if len(x) == 1:
                error.add_note(f"raised at x = {x[0]}")
            raise
        self.ledger.record(x, f, gradients=len(x) * gradients)
        if type(f) is Reporting:
            self.report(x[0], f.evaluation)
        return f if isinstance(f, np.ndarray) else np.array([f], dtype=np.float64), g

    def close(self) -> None:
        """Give the workers back."""
        if isinstance(self._workers, Workers):
            self._workers.close()

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _book(self, x: FloatArray, outcome: Outcome) -> None:
        """Record what was evaluated of a population that is given up."""
        done = outcome.done
        self.ledger.record(x[done], outcome.f[done], gradients=int(done.sum()) * (outcome.g is not None))

    def _outcome(self, x: FloatArray, gradients: bool) -> Outcome:
        together = bool(self.ledger.objective.vectorized)
        if self._workers is None:
            return evaluate_rows(self.ledger.objective, x, gradients, together, self.on_error == "raise")
        if isinstance(self._workers, Workers):
            return self._dispatched(self._workers, gradients, x)
        return self._mapped(self._workers, gradients, x)

    def _job(self, gradients: bool) -> Chunk:
        """What workers are to do with their rows."""
        assert self._parcel is not None
        return Chunk(self._parcel, gradients, bool(self.ledger.objective.vectorized))

    def _mapped(self, workers: MapLike, gradients: bool, x: FloatArray) -> Outcome:
        """Through a map-like callable of the caller's."""
        whole = empty(x, gradients, self.ledger.objective)
        parts = list(workers(self._job(gradients), list(x)))
        if len(parts) != len(x):
            raise ValueError(f"workers must return one result for each of {len(x)} points, got {len(parts)}")
        for row, part in enumerate(parts):
            fill(whole, range(row, row + 1), part)
        return whole

    def dispatcher(
        self, workers: Workers, gradients: bool, points: Callable[[Any], FloatArray], arrived: Callable[[int], bool],
        ahead: int | None = None,
    ) -> Dispatcher:  # fmt: skip
        """What gives batches of numbers to an executor, each with its points (k, n).

        The objective stays at home once it has arrived, which is asked by how many points were given; what is sent
        again is sent whole, as to workers that are new.
        """
        job, threads = self._job(gradients), isinstance(workers.executor, ThreadPoolExecutor)
        if not threads:
            job.parcel.packed()  # what cannot travel is an error here, in plain words
        given: set[int] = set()

        def task(rows: Any) -> tuple[Chunk, FloatArray]:
            light = not threads and len(rows) > 0 and arrived(len(given)) and given.isdisjoint(rows)
            given.update(rows)
            return (job.light() if light else job), points(rows)

        return Dispatcher(workers, task, timeout=self.timeout, ahead=ahead)

    def _dispatched(self, workers: Workers, gradients: bool, x: FloatArray) -> Outcome:
        """Through an executor: all rows, or as many as it takes to find one whose failure is to be raised."""
        whole = empty(x, gradients, self.ledger.objective)
        dispatcher = self.dispatcher(workers, gradients, lambda rows: x[list(rows)], lambda _: self.known)
        single = self.timeout is not None
        batches = (
            [range(i, i + 1) for i in range(len(x))] if single else chunks(len(x), workers.size, self.seconds_per_row)
        )
        try:
            with closing(dispatcher.run(batches)) as results:
                for rows, part in results:
                    if part is Missing:
                        dispatcher.submit(rows)
                    elif isinstance(part, Failed):
                        whole.failures.append((rows[0], explained(part.error), ""))
                    else:
                        fill(whole, rows, part)
                    if whole.failures and self.on_error == "raise":
                        break  # the rest need not be waited for
        except BaseException:
            self._book(x, whole)
            raise
        self.known = True
        self.seconds_per_row = whole.seconds / len(x)
        return whole

    def _note_failures(self, outcome: Outcome, x: FloatArray) -> None:
        outcome.failures.sort(key=lambda failure: failure[0])
        row, error, text = outcome.failures[0]
        # That autodiff cannot follow the objective is no matter of the point: no other would be better.
        lost = [failure for failure in outcome.failures if type(failure[1]).__name__ == "LostGradient"]
        if lost:
            row, error, text = lost[0]
        if self.on_error == "raise" or lost:
            # What was evaluated beside the failing point is booked before the exception leaves.
            self._book(x, outcome)
            error.add_note(f"raised at x = {x[row]}")
            if text and self._workers is not None:
                error.add_note(f"in a worker:\n{text}")  # the traceback itself does not travel
            raise error
        self.failures = [
            (row, text or "".join(traceback.format_exception_only(error))) for row, error, text in outcome.failures
        ]
        if self.first_error is None:
            self.first_error = self.failures[0][1]


def explained(error: BaseException) -> BaseException:
    """What became of an evaluation whose worker was killed, by a time limit or by itself."""
    if isinstance(error, TimeoutError):
        return TimeoutError(f"fun {error}")
    return RuntimeError(f"a worker died twice while it evaluated fun: {first_line(error)}")
