"""Pools of processes of our own: warm from one run to the next, one BLAS thread each, gone when their owner is gone.

joblib's engine, loky, is used directly as an executor, because a `joblib.Parallel` call waits for its results in steps
of 10 ms, a third of the throughput for a population of 5 ms evaluations.
"""

from __future__ import annotations

import atexit
import concurrent.futures as futures
import contextlib
import importlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from es.evaluation.workers import Workers

# One BLAS thread per worker: with as many workers as cores, more threads only fight each other.
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    )
}
IDLE_SECONDS = 300  # an idle pool gives its processes back after this long
LOOK_SECONDS = 0.5  # between two looks of a worker whether its owner is still there

Kind = tuple[int, tuple[str, ...]]  # number of processes, modules that they import at the start

# Pools stay warm from one run to the next (a cold start costs 0.4 s); each is used by one run at a time.
_idle: dict[Kind, list[futures.Executor]] = {}
_lock = threading.Lock()


def process_workers(size: int, modules: Sequence[str] = ()) -> Workers:
    """Worker processes, an idle pool of earlier runs if there is one.

    They import these modules before their first task, so that its time is its own. Raises ValueError in a process that
    may not have processes of its own.
    """
    if multiprocessing.current_process().daemon:
        raise ValueError(
            f"workers must be 1 in a daemon process such as a worker of multiprocessing.Pool, which may start no "
            f"processes, got {size}: use workers=1 there, or a ThreadPoolExecutor"
        )
    kind = size, tuple(modules)
    with _lock:
        idle = _idle.get(kind, [])
        executor = idle.pop() if idle else None
    remake, keep = partial(_replace, kind), partial(_keep_warm, kind)
    return Workers(executor or _new_pool(kind), size, remake=remake, give_back=keep, fresh=executor is None)


def _new_pool(kind: Kind) -> futures.Executor:
    # loky's plain executor, not its reusable singleton: joblib.Parallel fails on a singleton that it did not make
    # itself.
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    size, modules = kind
    return ProcessPoolExecutor(
        size, timeout=IDLE_SECONDS, env=ONE_THREAD, initializer=prepare_worker, initargs=(os.getpid(), modules)
    )


def _kill(executor: Any) -> None:
    # A pool that is killed forgets its tasks, but not their numbers in its queue (loky of joblib 1.6), and its thread
    # would end with a KeyError that the user sees.
    with contextlib.suppress(AttributeError, queue.Empty):
        while True:
            executor._work_ids.get_nowait()
    executor.shutdown(wait=True, kill_workers=True)


def _replace(kind: Kind, broken: futures.Executor) -> futures.Executor:
    _kill(broken)
    return _new_pool(kind)


def _keep_warm(kind: Kind, pool: futures.Executor) -> None:
    with _lock:
        _idle.setdefault(kind, []).append(pool)


@atexit.register
def close_pools() -> None:
    """Stop the idle worker processes that are kept warm between runs."""
    with _lock:
        pools = [pool for idle in _idle.values() for pool in idle]
        _idle.clear()
    for pool in pools:
        _kill(pool)


def _forget_pools() -> None:
    """In a forked process: the pools, and a lock that may be held, are those of its parent."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()
    # At its exit multiprocessing would try to join the workers, which only their parent can.
    children: set[Any] = getattr(multiprocessing.process, "_children", set())
    children.difference_update([child for child in children if child._parent_pid != os.getpid()])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)


def prepare_worker(owner: int, modules: Sequence[str] = ()) -> None:
    """Set up a fresh worker of the process `owner`, with these modules imported.

    Ctrl-C reaches the whole process group; the owner deals with it and ends its workers. When the owner is killed, they
    end themselves: loky's would wait for work for ever, each holding the pipe open for the other.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix":
        threading.Thread(target=_follow, args=(owner,), daemon=True).start()
    for module in modules:
        importlib.import_module(module)


def _follow(owner: int) -> None:
    """End this process soon after its owner."""
    while os.getppid() == owner:
        time.sleep(LOOK_SECONDS)
    os._exit(1)
