"""Evaluate populations: one place for errors, time limits, dead workers and the books.

Whatever happens to a point, in this process or in a worker, it ends in one of two ways: its value (NaN for a failure
that is penalised) is booked in the run's `problems.Ledger`, in the order of the rows, or an exception leaves
`Evaluator`.
"""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from es.limits import limit
from es.workers import MapLike, Missing, Parcel, Workers, chunks, open_workers
from problems.ledger import Ledger

FloatArray = npt.NDArray[np.float64]

ON_ERROR = ("raise", "penalize")


@dataclass
class Outcome:
    """What became of some rows: values, gradients where asked for, and the failures by row.

    Attributes
    ----------
    f : ndarray, shape (k,)
        NaN where the evaluation failed.
    g : ndarray, shape (k, n), or None
    done : ndarray of bool, shape (k,)
        Which rows were evaluated and did not fail.
    failures : list of (row, exception, traceback text)
    seconds : float
        Time that the evaluation took where it ran.
    """

    f: FloatArray
    g: FloatArray | None
    done: npt.NDArray[np.bool_]
    failures: list[tuple[int, BaseException, str]] = field(default_factory=list)
    seconds: float = 0.0


def evaluate_rows(
    objective: Callable[..., Any], x: FloatArray, gradients: bool, together: bool, first_failure_ends: bool = False
) -> Outcome:
    """Evaluate rows x (k, n) and catch what they raise, row by row.

    A population goes to the objective in one call where `together` says so; should that call raise, the rows are
    evaluated one by one to tell the failing ones from the others. With `first_failure_ends` the rows after it are
    left out.
    """
    start = time.perf_counter()
    outcome = _empty(x, gradients)
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


def _evaluate(objective: Any, x: FloatArray, rows: int | slice, outcome: Outcome) -> None:
    if outcome.g is not None:
        outcome.f[rows], outcome.g[rows] = objective.value_and_grad(x)
    else:
        outcome.f[rows] = objective(x)
    outcome.done[rows] = True


class _Chunk:
    """What a worker is asked to do: some rows, with the objective in a parcel."""

    def __init__(self, parcel: Parcel, gradients: bool, together: bool) -> None:
        self.parcel = parcel
        self.gradients = gradients
        self.together = together

    def __call__(self, x: FloatArray) -> Outcome | type[Missing]:
        objective = self.parcel.open()
        if objective is Missing:
            return Missing
        outcome = evaluate_rows(objective, np.atleast_2d(x), self.gradients, self.together)
        outcome.failures = [(row, _portable(error), text) for row, error, text in outcome.failures]
        return outcome


def _portable(error: BaseException) -> BaseException:
    """The exception itself if it can travel between processes, else one that names it."""
    import pickle

    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception as cause:  # whatever a foreign exception's pickling raises, its name and text still travel
        return RuntimeError(f"{type(error).__name__}: {error} (sent as text, for it cannot be pickled: {cause})")


class Evaluator:
    """Values of whole populations for one run, wherever they are computed.

    Parameters
    ----------
    ledger : problems.Ledger
        Counts every point; only what is evaluated in this process runs through its objective here.
    workers : int, map-like callable, Executor or None
        See `es.workers.open_workers`.
    on_error : {"raise", "penalize"}
        An exception in the objective, a worker that dies with a point or a point past its time limit: raised, or
        taken as the value NaN, which ranks last and is counted in `n_failed`.
    timeout : float, optional
        Seconds that one evaluation may take. Evaluations then run in worker processes, even with `workers=1`.

    Attributes
    ----------
    first_error : str or None
        Traceback of the first penalised failure.

    Raises
    ------
    ValueError
        If an argument has no meaning.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        workers: int | MapLike | futures.Executor | None = 1,
        on_error: str = "raise",
        timeout: float | None = None,
    ) -> None:
        if on_error not in ON_ERROR:
            raise ValueError(f"on_error must be 'raise' or 'penalize', got {on_error!r}")
        timeout = limit("timeout", timeout, whole=False)
        self.ledger = ledger
        self.on_error = on_error
        self.timeout = timeout
        self.first_error: str | None = None
        self._workers = open_workers(workers, own_process=timeout is not None)
        if timeout is not None and not isinstance(self._workers, Workers):
            raise ValueError(
                "timeout needs workers that report one by one, got a map-like callable: pass an int or an Executor"
            )
        self._parcel = Parcel(ledger.objective)
        self._known = False  # whether the workers have the parcel
        self._seconds_per_row: float | None = None

    def __call__(self, x: FloatArray, *, gradients: bool = False) -> tuple[FloatArray, FloatArray | None]:
        """Evaluate rows x (k, n): f (k,) and, if asked for, g (k, n)."""
        if self._workers is None and self.on_error == "raise" and self.ledger.objective.vectorized:
            if gradients:
                return self.ledger.value_and_grad(x)
            return self.ledger(x), None  # the fast path: one call for all
        outcome = self._outcome(x, gradients)
        if outcome.failures:
            self._note_failures(outcome, x)
        self.ledger.record(x, outcome.f, gradients=len(x) * gradients)
        return outcome.f, outcome.g

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
        job = _Chunk(self._parcel, gradients, together)
        if isinstance(self._workers, Workers):
            return _Spread(self, self._workers, job, x).run()
        whole = _empty(x, gradients)
        for row, part in enumerate(self._workers(job, list(x))):
            _fill(whole, range(row, row + 1), part)
        return whole

    def _note_failures(self, outcome: Outcome, x: FloatArray) -> None:
        row, error, text = min(outcome.failures, key=lambda failure: failure[0])
        if self.on_error == "raise":
            # What was evaluated beside the failing point is booked before the exception leaves.
            self._book(x, outcome)
            error.add_note(f"raised at x = {x[row]}")
            if text and self._workers is not None:
                error.add_note(f"in a worker:\n{text}")  # the traceback itself does not travel
            raise error
        if self.first_error is None:
            self.first_error = text or "".join(traceback.format_exception_only(error))


def _empty(x: FloatArray, gradients: bool) -> Outcome:
    slopes = np.full(x.shape, np.nan) if gradients else None
    return Outcome(np.full(len(x), np.nan), slopes, np.zeros(len(x), dtype=bool))


def _fill(whole: Outcome, rows: Sequence[int], part: Outcome) -> None:
    index = list(rows)
    whole.f[index], whole.done[index] = part.f, part.done
    if whole.g is not None and part.g is not None:
        whole.g[index] = part.g
    whole.failures += [(index[row], error, text) for row, error, text in part.failures]
    whole.seconds += part.seconds


class _Spread:
    """One population over an executor: chunks, deadlines, and what to do when a worker dies.

    Rows that were with a pool when it broke are suspects. They are evaluated again alone, one after the other, so
    that the point that kills its worker is told from its neighbours and from an accident that does not come back.
    """

    def __init__(self, evaluator: Evaluator, workers: Workers, job: _Chunk, x: FloatArray) -> None:
        self.evaluator = evaluator
        self.workers = workers
        self.job = job
        self.x = x
        self.whole = _empty(x, job.gradients)
        self.suspects: deque[int] = deque()
        self.running: dict[futures.Future[Any], tuple[Sequence[int], float]] = {}

    def run(self) -> Outcome:
        evaluator, timeout = self.evaluator, self.evaluator.timeout
        if timeout is None:
            waiting = deque(chunks(len(self.x), self.workers.size, evaluator._seconds_per_row))
        else:
            waiting = deque(range(i, i + 1) for i in range(len(self.x)))
        if not isinstance(self.workers.executor, futures.ThreadPoolExecutor):
            self.job.parcel.packed()  # what cannot travel is an error here, in plain words
        light = self.job.parcel.light() if evaluator._known else self.job.parcel
        try:
            while (waiting or self.running or self.suspects) and not self._lost():
                # With a time limit nothing queues inside the executor: a point's clock starts when its worker does.
                while waiting and (timeout is None or len(self.running) < self.workers.size):
                    self._submit(waiting.popleft(), light)
                if not self.running and self.suspects:
                    self._submit(range(self.suspects[0], self.suspects[0] + 1), self.job.parcel)
                for rows, future in self._finished():
                    self._take(rows, future, waiting)
        except BaseException:
            evaluator._book(self.x, self.whole)
            raise
        finally:
            self._give_up()
        evaluator._known = True
        evaluator._seconds_per_row = self.whole.seconds / len(self.x)
        return self.whole

    def _give_up(self) -> None:
        """Leave no evaluation behind that nobody waits for: it would keep a worker busy and the process alive."""
        left = [future for future in self.running if not future.cancel() and not future.done()]
        if left and self.workers.restartable:
            self.workers.restart()

    def _lost(self) -> bool:
        """Whether there is a failure that will be raised, so that the rest need not be waited for."""
        return bool(self.whole.failures) and self.evaluator.on_error == "raise"

    def _submit(self, rows: Sequence[int], parcel: Parcel) -> None:
        job = _Chunk(parcel, self.job.gradients, self.job.together)
        points = self.x[rows[0] : rows[-1] + 1]
        try:
            future = self.workers.executor.submit(job, points)
        except (futures.BrokenExecutor, RuntimeError):
            if not self.workers.restartable:
                raise
            self.workers.restart()  # it broke between two calls, or its idle processes were shut down
            future = self.workers.executor.submit(job, points)
        self.running[future] = (rows, time.monotonic())

    def _finished(self) -> Iterator[tuple[Sequence[int], futures.Future[Any]]]:
        timeout = self.evaluator.timeout
        wait = None
        if timeout is not None:
            wait = max(0.0, min(start for _, start in self.running.values()) + timeout - time.monotonic())
        done, _ = futures.wait(self.running, timeout=wait, return_when=futures.FIRST_COMPLETED)
        for future in done:
            if future in self.running:  # a restart may have taken it off
                yield self.running.pop(future)[0], future
        if timeout is not None and not done:
            self._expire(timeout)

    def _expire(self, timeout: float) -> None:
        """Fail what is past its time, and free the workers from it."""
        now = time.monotonic()
        late = [future for future, (_, start) in self.running.items() if now - start >= timeout]
        for future in late:
            rows, _ = self.running.pop(future)
            future.cancel()
            self._fail(rows[0], TimeoutError(f"fun took longer than timeout={timeout} s"))
        if late and self.workers.restartable:
            others = list(self.running.values())
            self.running.clear()
            self.workers.restart()
            for rows, _ in others if not self._lost() else ():  # the neighbours are innocent
                self._submit(rows, self.job.parcel)

    def _take(self, rows: Sequence[int], future: futures.Future[Any], waiting: deque[Sequence[int]]) -> None:
        alone = bool(self.suspects) and len(rows) == 1 and rows[0] == self.suspects[0]
        try:
            part = future.result()
        except BaseException as error:
            if not _worker_died(error):
                raise
            self._bury(rows, error, alone)
            return
        if part is Missing:
            self._submit(rows, self.job.parcel)
            return
        if alone:
            self.suspects.popleft()
        _fill(self.whole, rows, part)

    def _bury(self, rows: Sequence[int], error: BaseException, alone: bool) -> None:
        if alone:
            row = self.suspects.popleft()
            self._fail(row, RuntimeError(f"a worker died twice while it evaluated fun: {first_line(error)}"))
        else:
            self.suspects.extend(rows)
        if isinstance(error, futures.BrokenExecutor):
            # A broken pool fails all its futures; those rows are suspects as well.
            for others, _ in self.running.values():
                self.suspects.extend(others)
            self.running.clear()
            if not self.workers.restartable:
                what = f"the executor in workers broke ({first_line(error)})"
                raise RuntimeError(f"{what} and only its owner can start it again: pass workers=int") from error
            self.workers.restart()

    def _fail(self, row: int, error: BaseException) -> None:
        self.whole.failures.append((row, error, ""))


def first_line(error: BaseException) -> str:
    """The first sentence of a message, without the advice that follows it."""
    return (str(error).splitlines() or [type(error).__name__])[0].split(". ")[0]


def _worker_died(error: BaseException) -> bool:
    return isinstance(error, futures.BrokenExecutor) or type(error).__name__ == "KilledWorker"
