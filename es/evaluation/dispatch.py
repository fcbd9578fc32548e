"""One population over an executor: chunks, deadlines, and what to do when a worker dies."""

from __future__ import annotations

import concurrent.futures as futures
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from es.evaluation.outcome import Chunk, Outcome, empty, fill
from es.evaluation.workers import Missing, Parcel, Workers, chunks

if TYPE_CHECKING:
    from es.evaluation.evaluate import Evaluator

FloatArray = npt.NDArray[np.float64]

SHUT_DOWN = "the executor in workers gave up an evaluation of fun: it was shut down, or its connection is lost"
LOOK_EVERY = 2.0  # seconds without a result after which somebody looks whether there can be any


class Spread:
    """One population over an executor: chunks, deadlines, and what to do when a worker dies.

    Rows that were with a pool when it broke are suspects. They are evaluated again alone, one after the other, so
    that the point that kills its worker is told from its neighbours and from an accident that does not come back.
    """

    def __init__(self, evaluator: Evaluator, workers: Workers, job: Chunk, x: FloatArray) -> None:
        self.evaluator = evaluator
        self.workers = workers
        self.job = job
        self.x = x
        self.whole = empty(x, job.gradients, evaluator.ledger.objective)
        self.suspects: deque[int] = deque()
        self.running: dict[futures.Future[Any], tuple[Sequence[int], float]] = {}

    def run(self) -> Outcome:
        """Evaluate all rows, or as many as it takes to find one whose failure is to be raised."""
        evaluator, timeout = self.evaluator, self.evaluator.timeout
        if timeout is None:
            waiting = deque(chunks(len(self.x), self.workers.size, evaluator.seconds_per_row))
        else:
            waiting = deque(range(i, i + 1) for i in range(len(self.x)))
        if not isinstance(self.workers.executor, futures.ThreadPoolExecutor):
            self.job.parcel.packed()  # what cannot travel is an error here, in plain words
        light = self.job.parcel.light() if evaluator.known else self.job.parcel
        self._warm_up()
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
            evaluator.book(self.x, self.whole)
            raise
        finally:
            self._give_up()
        evaluator.known = True
        evaluator.seconds_per_row = self.whole.seconds / len(self.x)
        return self.whole

    def _warm_up(self) -> None:
        """Where evaluations are timed, wait until new processes have imported what they need, one minute at most."""
        if self.workers.fresh and self.evaluator.timeout is not None:
            self.workers.fresh = False
            nothing = [self.workers.executor.submit(self.job, self.x[:0]) for _ in range(self.workers.size)]
            futures.wait(nothing, timeout=60.0)

    def _give_up(self) -> None:
        """Leave no evaluation behind that nobody waits for: it would keep a worker busy and the process alive."""
        left = [future for future in self.running if not future.cancel() and not future.done()]
        if left and self.workers.restartable:
            self.workers.restart()

    def _lost(self) -> bool:
        """Whether there is a failure that will be raised, so that the rest need not be waited for."""
        return bool(self.whole.failures) and self.evaluator.on_error == "raise"

    def _submit(self, rows: Sequence[int], parcel: Parcel) -> None:
        job = Chunk(parcel, self.job.gradients, self.job.together)
        points = self.x[rows[0] : rows[-1] + 1]
        try:
            future = self.workers.executor.submit(job, points)
        except (futures.BrokenExecutor, RuntimeError) as error:
            if not self.workers.restartable:
                if isinstance(error, futures.BrokenExecutor):
                    raise
                raise RuntimeError(SHUT_DOWN) from error
            self.workers.restart()  # it broke between two calls, or its idle processes were shut down
            future = self.workers.executor.submit(job, points)
        self.running[future] = (rows, time.monotonic())

    def _finished(self) -> Iterator[tuple[Sequence[int], futures.Future[Any]]]:
        timeout, wait = self.evaluator.timeout, LOOK_EVERY
        if timeout is not None:
            left = max(0.0, min(start for _, start in self.running.values()) + timeout - time.monotonic())
            wait = min(wait, left)
        done, _ = futures.wait(self.running, timeout=wait, return_when=futures.FIRST_COMPLETED)
        done |= {future for future in self.running if future.cancelled()}  # of these `wait` does not always hear
        for future in done:
            if future in self.running:  # a restart may have taken it off
                yield self.running.pop(future)[0], future
        if timeout is not None and not done:
            self._expire(timeout)
        if self.workers.watch is not None and not done:
            self.workers.watch()

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
            if not self._lost():
                self._warm_up()
                for rows, _ in others:  # the neighbours are innocent
                    self._submit(rows, self.job.parcel)

    def _take(self, rows: Sequence[int], future: futures.Future[Any], waiting: deque[Sequence[int]]) -> None:
        alone = bool(self.suspects) and len(rows) == 1 and rows[0] == self.suspects[0]
        try:
            part = future.result()
        except futures.CancelledError as error:
            raise RuntimeError(SHUT_DOWN) from error
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
        fill(self.whole, rows, part)

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
