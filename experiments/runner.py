"""Run trials in parallel and give their records back as they finish.

joblib spreads the work: its loky processes by default, threads, or whatever backend the caller's
``joblib.parallel_config`` names (dask and ray among them).  A worker that dies costs nothing but time: what it had is
run again, one trial after the other, so that the trial that kills workers is told from its neighbours.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any

from experiments.dask_runner import BackendError
from experiments.records import worker_died
from experiments.scheduler import Scheduler
from experiments.stacks import mark_stacks
from experiments.worker import one_blas_thread, prepare_worker, run_batch, run_in_worker

__all__ = ["BACKENDS", "check_workers", "run_trials"]

Trial = dict[str, Any]
Record = dict[str, Any]
Work = Callable[..., list[Record]]

BACKENDS = ("loky", "threading", "sequential", "dask", "ray")


def run_trials(
    trials: Iterable[Trial],
    *,
    jobs: int = -1,
    backend: str | None = None,
    timeout: float | None = None,
    work: Work | None = None,
) -> Iterator[Record]:
    """Run trials and yield each record as soon as it is there, in no particular order.

    Parameters
    ----------
    trials
        As `experiments.trial.make_trials` gives them.
    jobs
        Worker processes; -1 is one per core.  dask and ray use the workers that they have.
    backend
        One of `BACKENDS` or any that joblib knows.  None: that of an enclosing ``joblib.parallel_config``, else loky.
        Processes are used for ``jobs=1`` too, so that the numbers are those of any other count; ``"sequential"`` runs
        in this process, for the debugger.
    timeout
        Seconds for one trial.
    work
        What turns a batch of trials into its records; by default they are run.

    Yields
    ------
    dict
        A record per trial.  Stop iterating, and the workers are stopped.
    """
    import joblib

    check_workers(jobs, backend, timeout)
    trials = list(trials)
    if not trials:
        return
    with contextlib.ExitStack() as stack:
        chosen = backend or _surrounding_backend()
        if chosen in ("sequential", "threading"):
            stack.enter_context(one_blas_thread())
            work = work or run_batch
        work = work or run_in_worker
        if chosen == "sequential":
            yield from _in_this_process(trials, timeout, work)
            return
        # Whoever brings work of their own, or a time limit for each trial, gets the trials one by one.
        trials, limits = mark_stacks(trials) if work is run_in_worker and timeout is None else (trials, {})
        if chosen == "dask":
            from experiments.dask_runner import dask_client, run_on_dask

            if backend == "dask" and _surrounding_backend() != "dask":
                client = stack.enter_context(dask_client(jobs))
            else:
                client = joblib.parallel.get_active_backend()[0].client
            yield from run_on_dask(client, trials, limits, timeout, work)
            return
        workers = (
            joblib.effective_n_jobs(jobs) if chosen in ("loky", "threading") else _workers_of(chosen, backend, jobs)
        )
        workers = min(workers, len(trials))  # a worker that gets no trial is started for nothing
        stack.enter_context(_configured(chosen, backend))
        yield from _on_joblib(Scheduler(trials, workers, limits), workers, chosen, timeout, work)


def check_workers(jobs: int, backend: str | None, timeout: float | None) -> None:
    """Refuse what no trial could run with.

    Raises
    ------
    BackendError
        Naming the argument, what came and what was expected.
    """
    import joblib

    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0:
        raise BackendError(f"jobs must be a number of workers or -1 for one per core, got {jobs!r}.")
    known = {*BACKENDS, *joblib.parallel.BACKENDS, *joblib.parallel.EXTERNAL_BACKENDS}
    if backend is not None and backend not in known:
        raise BackendError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}.")
    if timeout is not None and not timeout > 0:
        raise BackendError(f"timeout must be a positive number of seconds, got {timeout!r}.")


def _surrounding_backend() -> str:
    """Name the backend of an enclosing ``parallel_config``; loky if there is none."""
    import joblib

    active = joblib.parallel.get_active_backend()[0]
    name = type(active).__name__
    known = {"LokyBackend": "loky", "ThreadingBackend": "threading", "SequentialBackend": "sequential"}
    return known.get(name, "dask" if "Dask" in name else "ray" if "Ray" in name else name)


def _workers_of(chosen: str, backend: str | None, jobs: int) -> int:
    import joblib

    with _configured(chosen, backend):
        return max(1, int(joblib.effective_n_jobs(jobs)))


@contextlib.contextmanager
def _configured(chosen: str, backend: str | None) -> Iterator[None]:
    """Set joblib's backend up, unless the caller's own configuration is to stay."""
    import joblib

    if chosen == "loky":
        start = {"initializer": prepare_worker, "initargs": (os.getpid(),)}
        with joblib.parallel_config("loky", inner_max_num_threads=1, **start):
            yield
    elif backend is None:
        yield
    else:
        if backend == "ray":
            _register_ray()
        with joblib.parallel_config(backend):
            yield


def _register_ray() -> None:
    """Make ray known to joblib."""
    import importlib

    try:
        hook = importlib.import_module("ray.util.joblib")
    except ImportError:
        raise BackendError("the ray backend needs the package ray: pip install ray") from None
    hook.register_ray()


def _in_this_process(trials: Sequence[Trial], timeout: float | None, work: Work) -> Iterator[Record]:
    for trial in trials:
        yield from work([trial], timeout)


def _on_joblib(scheduler: Scheduler, workers: int, chosen: str, timeout: float | None, work: Work) -> Iterator[Record]:
    """Run through ``joblib.Parallel``; after a worker's death go on with the rest."""
    while scheduler.waiting:
        try:
            with contextlib.closing(_results(scheduler, workers, chosen, timeout, work)) as results:
                for records in results:
                    scheduler.done(records)
                    yield from records
        except GeneratorExit:
            raise
        except Exception as error:
            # `work` keeps every error of a trial in its record, so what arrives here is the death of a worker.
            suspects = scheduler.suspects()
            if not suspects:
                raise
            yield from _one_by_one(suspects, workers, chosen, timeout, work, error)


def _results(
    scheduler: Scheduler, workers: int, chosen: str, timeout: float | None, work: Work
) -> Generator[list[Record], None, None]:
    """Stream batches through joblib; where a backend cannot stream, in rounds of a few batches per worker."""
    import joblib

    call = joblib.delayed(work)
    # Two loky processes of which one works: joblib would run a single job in this process, where a trial that crashes
    # takes the study along and BLAS has other threads.
    alone = chosen == "loky" and workers == 1
    options: dict[str, Any] = {"n_jobs": 2 if alone else workers, "batch_size": 1, "max_nbytes": None}
    options["pre_dispatch"] = 1 if alone else 2 * workers
    leaving = threading.Event()
    try:
        parallel = joblib.Parallel(return_as="generator_unordered", **options)
        stream = parallel(call(batch, timeout) for batch in scheduler.batches(leaving))
    except ValueError:
        stream = None
    if stream is not None:
        try:
            # `yield from` would close the stream before the filter below is set.
            for records in stream:  # noqa: UP028
                yield records
        except BaseException:
            # A batch that joblib hands to loky while loky is told to stop ends loky's thread with a KeyError on the
            # screen (joblib 1.5): no more batches from here on, and a moment for the one that is on its way.
            leaving.set()
            time.sleep(0.02)
            raise
        finally:
            with warnings.catch_warnings():
                # Work is left undone here on purpose; joblib would advise against it.
                warnings.filterwarnings("ignore", message=r"\d+ tasks ")
                stream.close()
        return
    while batches := [batch for _ in range(4 * workers) if (batch := scheduler.take())]:
        yield from joblib.Parallel(**options)(call(batch, timeout) for batch in batches)


def _one_by_one(
    suspects: Sequence[Trial], workers: int, chosen: str, timeout: float | None, work: Work, cause: Exception
) -> Iterator[Record]:
    """Run each suspect with nothing beside it; one that ends its worker again has failed."""
    for trial in suspects:
        scheduler = Scheduler([trial], workers)
        try:
            for records in _results(scheduler, max(workers, 2), chosen, timeout, work):
                yield from records
        except GeneratorExit:
            raise
        except Exception as error:
            yield worker_died(trial, timeout, error)
