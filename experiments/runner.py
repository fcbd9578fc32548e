"""Run trials in parallel and give their records back as they finish.

A worker that dies costs nothing but time: what it had is run again, one trial after the other, so that the trial that
kills workers is told from its neighbours (`es.evaluation.dispatch`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any

from es.evaluation.dispatch import Dispatcher, ExecutorLost, Failed
from experiments.backends import BACKENDS, BackendError, check_workers, open_backend, surrounding_backend
from experiments.records import Record, Trial, worker_died
from experiments.scheduler import Scheduler
from experiments.stacks import mark_stacks
from experiments.worker import one_blas_thread, run_batch, run_in_worker

__all__ = ["BACKENDS", "check_workers", "run_batches", "run_trials"]

Work = Callable[..., list[Record]]


def run_trials(trials: Iterable[Trial], **settings: Any) -> Iterator[Record]:
    """Run trials and yield each record as soon as it is there, in no particular order; see `run_batches`."""
    with contextlib.closing(run_batches(trials, **settings)) as batches:
        for records in batches:
            yield from records


def run_batches(
    trials: Iterable[Trial],
    *,
    jobs: int = -1,
    backend: str | None = None,
    timeout: float | None = None,
    work: Work | None = None,
) -> Generator[list[Record]]:
    """Run trials and yield the records of those that ran together as soon as they are there, in no particular order.

    The backend is one of `BACKENDS` or any that joblib knows; without it that of an enclosing
    ``joblib.parallel_config``, else loky, with `jobs` processes, -1 for one per core. Processes are used for ``jobs=1``
    too, so that the numbers are those of any other count; ``"sequential"`` runs in this process, for the debugger; dask
    and ray use the workers that they have. One trial may take `timeout` seconds; `work` turns a batch of trials into
    its records, where it is not to run them. Stop iterating, and the workers are stopped.
    """
    check_workers(jobs, backend, timeout)
    trials = list(trials)
    if not trials:
        return
    with contextlib.ExitStack() as stack:
        chosen = backend or surrounding_backend()
        if chosen in ("sequential", "threading"):
            stack.enter_context(one_blas_thread())
            work = work or run_batch
        work = work or run_in_worker
        if chosen == "sequential":
            yield from (work([trial], timeout) for trial in trials)
            return
        # Whoever brings work of their own, or a time limit for each trial, gets the trials one by one.
        trials, limits = mark_stacks(trials) if work is run_in_worker and timeout is None else (trials, {})
        workers = stack.enter_context(open_backend(chosen, backend, jobs, len(trials)))
        scheduler = Scheduler(trials, workers.size, limits)

        def task(batch: Sequence[Trial]) -> tuple[Work, list[Trial], float | None]:
            return work, list(batch), timeout

        # `work` keeps every error of a trial in its record, so any other is the death of a worker.
        dispatcher = Dispatcher(workers, task, died=lambda error: isinstance(error, Exception))
        results = stack.enter_context(contextlib.closing(dispatcher.run(scheduler.batches())))
        try:
            for batch, found in results:
                if isinstance(found, Failed):
                    yield [worker_died(batch[0], timeout, found.error)]
                else:
                    scheduler.done(found)
                    yield found
        except ExecutorLost as error:
            raise BackendError(
                f"the workers are lost, perhaps the connection to the dask scheduler ({error}); finished trials are "
                "kept: run the same command again to go on."
            ) from error
