"""Tasks over an executor: deadlines, workers that die, and which task it is that kills them.

This knows nothing of what the tasks are. `es.evaluation.evaluate` gives it the points of a population, and a study its
trials.
"""

from __future__ import annotations

import concurrent.futures as futures
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from es.evaluation.workers import Workers, WorkersDied

SHUT_DOWN = "the executor in workers gave up a task: it was shut down, or its connection is lost"
LOOK_EVERY = 2.0  # seconds without a result after which somebody looks whether there can be any

Batch = Sequence[Any]


@dataclass(frozen=True)
class Failed:
    """What became of an item that gave no result: its worker died with it a second time, or its time was over."""

    error: BaseException


class ExecutorLost(RuntimeError):
    """The executor has been shut down, or has broken and is not ours to start again."""


class Dispatcher:
    """Runs batches of items on workers, and finds the item that kills its worker.

    Items that were with a pool when it broke are suspects. When all else has been done they run again alone, one after
    the other, so that the item that kills its worker is told from its neighbours, and from an accident that does not
    come back. A batch is any sequence; `batch[i : i + 1]` are its suspects.

    `task(batch)` gives what is submitted: a function and its arguments; it is asked again for what runs again. A
    `timeout` is in seconds, for a batch, which should be one item then: nothing queues inside the executor, so that an
    item's clock starts when its worker does. Without one `ahead` batches wait inside the executor, by default one for
    each worker, so that none of these does. `died(error)` says whether a worker died, by default `worker_died`; other
    errors are raised.
    """

    def __init__(
        self,
        workers: Workers,
        task: Callable[[Batch], tuple[Any, ...]],
        *,
        timeout: float | None = None,
        ahead: int | None = None,
        died: Callable[[BaseException], bool] | None = None,
    ) -> None:
        self.workers = workers
        self._task = task
        waiting = workers.size if ahead is None else ahead
        self._most = workers.size + (waiting if timeout is None else 0)
        self._timeout = timeout
        self._died = worker_died if died is None else died
        self._suspects: deque[Batch] = deque()
        self._alone: Batch | None = None  # the suspect that runs
        self._running: dict[futures.Future[Any], tuple[Batch, float]] = {}

    def run(self, batches: Iterable[Batch]) -> Generator[tuple[Batch, Any], None, None]:
        """Yield each batch with its result, or each item with a `Failed`, as they come.

        The next batch is asked for when there is room for it. Stop iterating, and what still runs is killed where the
        workers are ours. Raises ExecutorLost if the executor is shut down, or breaks and is the caller's, and any error
        of a task but that its worker died.
        """
        waiting = iter(batches)
        more = True
        self._warm_up()
        try:
            while True:
                while more and len(self._running) < self._most:
                    batch = next(waiting, None)
                    more = batch is not None
                    if batch is not None:
                        self.submit(batch)
                if not self._running:
                    if not self._suspects:
                        return
                    self._alone = self._suspects.popleft()
                    self.submit(self._alone)
                yield from self._finished()
        finally:
            self._give_up()

    def submit(self, batch: Batch) -> None:
        """Hand a batch to the executor, one that has come back without being done included."""
        call = self._task(batch)
        try:
            future = self.workers.executor.submit(*call)
        except (futures.BrokenExecutor, RuntimeError) as error:
            if not self.workers.restartable:
                if isinstance(error, futures.BrokenExecutor):
                    raise
                raise ExecutorLost(SHUT_DOWN) from error
            self.workers.restart()  # it broke between two calls, or its idle processes were shut down
            future = self.workers.executor.submit(*call)
        self._running[future] = batch, time.monotonic()

    def _warm_up(self) -> None:
        """Where items are timed, wait until new processes have imported what they need, one minute at most."""
        if self.workers.fresh and self._timeout is not None:
            self.workers.fresh = False
            nothing = [self.workers.executor.submit(*self._task(())) for _ in range(self.workers.size)]
            futures.wait(nothing, timeout=60.0)

    def _give_up(self) -> None:
        """Leave nothing behind that nobody waits for: it would keep a worker busy and the process alive."""
        left = [future for future in self._running if not future.done()]
        self._running.clear()
        if left and self.workers.restartable:
            self.workers.restart()
        for future in left:
            future.cancel()

    def _finished(self) -> Iterator[tuple[Batch, Any]]:
        wait = LOOK_EVERY
        if self._timeout is not None:
            left = min(start for _, start in self._running.values()) + self._timeout - time.monotonic()
            wait = min(wait, max(0.0, left))
        done, _ = futures.wait(self._running, timeout=wait, return_when=futures.FIRST_COMPLETED)
        done |= {future for future in self._running if future.cancelled()}  # of these `wait` does not always hear
        for future in [future for future in self._running if future in done]:  # in the order in which they were given
            if future in self._running:  # a restart may have taken it off
                yield from self._take(self._running.pop(future)[0], future)
        if self._timeout is not None and not done:
            yield from self._expire(self._timeout)
        if self.workers.watch is not None and not done:
            self.workers.watch()

    def _expire(self, timeout: float) -> Iterator[tuple[Batch, Any]]:
        """Fail what is past its time, and free the workers from it."""
        now = time.monotonic()
        late = [future for future, (_, start) in self._running.items() if now - start >= timeout]
        for future in late:
            yield self._running[future][0], Failed(TimeoutError(f"took longer than timeout={timeout} s"))
        for future in late:
            del self._running[future]
            if not self.workers.restartable:
                future.cancel()
        if late and self.workers.restartable:
            others = [batch for batch, _ in self._running.values()]
            self.workers.restart()
            self._running.clear()
            self._warm_up()
            for batch in others:  # the neighbours are innocent
                self.submit(batch)

    def _take(self, batch: Batch, future: futures.Future[Any]) -> Iterator[tuple[Batch, Any]]:
        alone, self._alone = batch is self._alone, None
        try:
            result = future.result()
        except futures.CancelledError as error:
            raise ExecutorLost(SHUT_DOWN) from error
        except BaseException as error:
            if not self._died(error):
                raise
            if isinstance(error, futures.BrokenExecutor):
                self._mend(error)
            if alone:
                yield batch, Failed(error)
            else:
                self._suspect(batch)
            return
        yield batch, result

    def _suspect(self, batch: Batch) -> None:
        self._suspects.extend(batch[i : i + 1] for i in range(len(batch)))

    def _mend(self, error: BaseException) -> None:
        """A broken pool fails all its futures: what they were is suspect as well, and another pool is needed."""
        for others, _ in self._running.values():
            self._suspect(others)
        self._running.clear()
        if not self.workers.restartable:
            what = f"the executor in workers broke ({first_line(error)})"
            raise ExecutorLost(f"{what} and only its owner can start it again: pass workers=int") from error
        self.workers.restart()


def worker_died(error: BaseException) -> bool:
    """Whether an error says that the worker of a task died: that of an executor, or of dask."""
    return isinstance(error, futures.BrokenExecutor | WorkersDied) or type(error).__name__ == "KilledWorker"


def first_line(error: BaseException) -> str:
    """The first sentence of a message, without the advice that follows it."""
    return (str(error).splitlines() or [type(error).__name__])[0].split(". ")[0]
