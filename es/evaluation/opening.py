"""What the argument `workers` means: this process, worker processes, threads, dask, or what the caller hands over."""

from __future__ import annotations

import concurrent.futures as futures
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from es.evaluation.dask import dask_workers, is_client
from es.evaluation.joblib_executor import JoblibExecutor
from es.evaluation.pools import process_workers
from es.evaluation.workers import Workers
from problems.numbers import short

MapLike = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]


MOST = 2**15  # processes; systems allow about as many


def open_workers(workers: Any, *, own_process: bool = False) -> Workers | MapLike | None:
    """Make sense of the argument `workers`.

    Raises ValueError if `workers` is an int other than -1 or a positive one, or of another type, or if it asks for
    processes in a process that may not have any.

    Parameters
    ----------
    workers : int, map-like callable, Executor, distributed.Client or None
        1: the caller's process. Another int: that many workers (-1: one per core) of the backend that is set through
        `joblib.parallel_config`, processes of our own where none is set. None: as many as `parallel_config` says, 1
        where it says nothing. A callable is used as `workers(function, points)`; an Executor as it is; a client of
        dask with all the workers of its cluster.
    own_process : bool
        Use a worker process even for one worker (evaluations with a timeout must be killable).

    Returns
    -------
    Workers, map-like callable or None
        None means: evaluate in the caller's process.
    """
    if isinstance(workers, futures.Executor):
        size = getattr(workers, "_max_workers", None)
        return Workers(workers, size if isinstance(size, int) else os.cpu_count() or 1)
    if is_client(workers):
        return dask_workers(workers)
    if callable(workers):
        return workers
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int | np.integer)):
        raise ValueError(
            "workers must be an int, None, a map-like callable, a concurrent.futures.Executor or a dask Client, got "
            f"{short(workers)}"
        )
    if workers is not None and (workers < -1 or workers == 0):
        raise ValueError(f"workers must be a positive int, or -1 for one per core, got {workers}")
    if workers is not None and workers > MOST:
        raise ValueError(f"workers must be at most {MOST}, got {short(workers)}")
    if workers == 1:
        return process_workers(1) if own_process else None
    return _from_joblib(None if workers is None else int(workers), own_process)


def _from_joblib(workers: int | None, own_process: bool) -> Workers | None:
    """The backend that `joblib.parallel_config` has made active."""
    import joblib
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    kind = type(backend).__name__
    if kind == "DaskDistributedBackend":
        return dask_workers(backend.client)
    wanted = configured if workers is None else workers
    size = 1 if wanted is None else joblib.cpu_count() if wanted < 0 else int(wanted)
    if kind == "SequentialBackend" or size == 1:
        return process_workers(1) if own_process else None
    if kind == "LokyBackend":
        return process_workers(size)
    if kind == "ThreadingBackend":
        return thread_workers(size)
    return joblib_workers(size)


def thread_workers(size: int) -> Workers:
    """Threads of this process."""
    threads = futures.ThreadPoolExecutor(size)
    return Workers(threads, size, give_back=lambda _: threads.shutdown(wait=False, cancel_futures=True))


def joblib_workers(size: int) -> Workers:
    """Workers of the backend of joblib that is active, whatever it is: one pool for the whole run."""
    executor = JoblibExecutor(size)
    return Workers(executor, size, give_back=lambda _: executor.end())
