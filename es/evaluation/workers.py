"""Where points are evaluated: the caller's process, worker processes, threads, dask, or whatever the caller hands over.

`open_workers` turns the argument `workers` into a `Workers` object: a `concurrent.futures.Executor` with its size,
and the way to start it afresh if it is ours. joblib's own engine, loky, is used directly as an executor, because a
`joblib.Parallel` call waits for its results in steps of 10 ms, a third of the throughput for a population of 5 ms
evaluations.
"""

from __future__ import annotations

import atexit
import concurrent.futures as futures
import os
import pickle
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

MapLike = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]

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
IDLE_SECONDS = 300  # an idle pool of ours gives its processes back after this long
LIGHT_BYTES = 32 * 1024  # payloads up to this size travel with every chunk


class Workers:
    """An executor, how many evaluations it runs at once, and whether it may be killed and started afresh.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    size : int
        Evaluations that run at the same time.
    remake : callable or None
        Kills the executor's processes and returns a new one; None for an executor that belongs to the caller.
    close : callable or None
        Called at the end of the run; None leaves the executor as it is (warm, or the caller's).
    watch : callable or None
        Called when seconds have passed without a result: sees to it that there are workers, or raises.
    """

    def __init__(
        self,
        executor: futures.Executor,
        size: int,
        *,
        remake: Callable[[futures.Executor], futures.Executor] | None = None,
        close: Callable[[], None] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> None:
        self.executor = executor
        self.size = max(1, size)
        self.fresh = False  # whether its processes are still starting
        self.watch = watch
        self._remake = remake
        self._close = close

    @property
    def restartable(self) -> bool:
        """Whether `restart` works, that is, whether the pool is ours."""
        return self._remake is not None

    def restart(self) -> None:
        """Kill what runs and go on with fresh workers."""
        if self._remake is None:
            raise RuntimeError(
                "an executor handed in by the caller is never killed, pass workers=int for one that may be"
            )
        self.executor, self.fresh = self._remake(self.executor), True

    def close(self) -> None:
        """Give back what this run alone has used."""
        if self._close is not None:
            self._close()


def open_workers(
    workers: int | MapLike | futures.Executor | None, *, own_process: bool = False
) -> Workers | MapLike | None:
    """Make sense of the argument `workers`.

    Parameters
    ----------
    workers : int, map-like callable, Executor or None
        1: the caller's process. Another int: that many workers (-1: one per core) of the backend that is set through
        `joblib.parallel_config`, loky's processes where none is set. None: as many as `parallel_config` says, 1
        where it says nothing. A callable is used as `workers(function, points)`; an Executor as it is.
    own_process : bool
        Use a worker process even for one worker (evaluations with a timeout must be killable).

    Returns
    -------
    Workers, map-like callable or None
        None means: evaluate in the caller's process.

    Raises
    ------
    ValueError
        If `workers` is an int other than -1 or a positive one, or of another type.
    """
    if isinstance(workers, futures.Executor):
        size = getattr(workers, "_max_workers", None)
        return Workers(workers, size if isinstance(size, int) else os.cpu_count() or 1)
    if callable(workers):
        return workers
    if workers is not None and (isinstance(workers, bool) or not hasattr(workers, "__index__")):
        raise ValueError(
            f"workers must be an int, None, a map-like callable or a concurrent.futures.Executor, got {workers!r}"
        )
    if workers is not None and (workers < -1 or workers == 0):
        raise ValueError(f"workers must be a positive int, or -1 for one per core, got {workers}")
    if workers == 1:
        return _process_workers(1) if own_process else None
    return _from_joblib(workers, own_process)


def _from_joblib(workers: int | None, own_process: bool) -> Workers | MapLike | None:
    """The backend that `joblib.parallel_config` has made active, as an executor where it has one."""
    import joblib
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    kind = type(backend).__name__
    if kind == "DaskDistributedBackend":
        from es.evaluation.dask import dask_workers

        return dask_workers(backend.client)
    wanted = configured if workers is None else workers
    size = 1 if wanted is None else joblib.cpu_count() if wanted < 0 else int(wanted)
    if kind == "SequentialBackend" or size == 1:
        return _process_workers(1) if own_process else None
    if kind == "LokyBackend":
        return _process_workers(size)
    if kind == "ThreadingBackend":
        threads = futures.ThreadPoolExecutor(size)
        return Workers(threads, size, close=lambda: threads.shutdown(wait=False, cancel_futures=True))

    def through_joblib(function: Callable[..., Any], points: Iterable[Any]) -> Iterable[Any]:
        results: Iterable[Any] = joblib.Parallel(n_jobs=size)(joblib.delayed(function)(point) for point in points)
        return results

    return through_joblib


# Pools of ours stay warm from one run to the next (a cold start costs 0.4 s); each is used by one run at a time.
_idle_pools: dict[int, list[futures.Executor]] = {}
_pools_lock = threading.Lock()


def _process_workers(size: int) -> Workers:
    with _pools_lock:
        idle = _idle_pools.get(size, [])
        executor = idle.pop() if idle else None
    holder = Workers(executor or _new_pool(size), size, remake=lambda broken: _replace_pool(broken, size))
    holder.fresh = executor is None
    holder._close = lambda: _give_back(holder)
    return holder


def _new_pool(size: int) -> futures.Executor:
    # loky's plain executor, not its reusable singleton: joblib.Parallel fails on a singleton that it did not make
    # itself.
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    pool: futures.Executor = ProcessPoolExecutor(size, timeout=IDLE_SECONDS, env=ONE_THREAD)
    return pool


def _kill(executor: Any) -> None:
    executor.shutdown(wait=True, kill_workers=True)


def _replace_pool(broken: futures.Executor, size: int) -> futures.Executor:
    _kill(broken)
    return _new_pool(size)


def _give_back(workers: Workers) -> None:
    with _pools_lock:
        _idle_pools.setdefault(workers.size, []).append(workers.executor)


@atexit.register
def close_pools() -> None:
    """Stop the idle worker processes that are kept warm between runs."""
    with _pools_lock:
        pools = [pool for idle in _idle_pools.values() for pool in idle]
        _idle_pools.clear()
    for pool in pools:
        _kill(pool)


class Missing:
    """What a worker answers that does not have the objective yet: send it along."""


class Parcel:
    """A callable on its way to the workers: pickled once, unpickled once in each worker.

    In the same process (threads) the callable itself is used. A heavy payload (a data set) travels only until the
    workers have it; a worker that comes later answers `Missing` and gets it then.
    """

    def __init__(
        self, content: Any, *, key: str | None = None, payload: bytes | None = None, full: bool = True
    ) -> None:
        self._content = content
        self._key = key or uuid.uuid4().hex
        self._payload = payload
        self._full = full

    def packed(self) -> bytes:
        """The pickled content; made at the first call."""
        if self._payload is None:
            # loky's pickler: lambdas and functions of the main script travel too
            from joblib.externals.loky.backend.reduction import dumps

            try:
                self._payload = bytes(dumps(self._content))
            except Exception as error:
                cure = "use workers=1 or a ThreadPoolExecutor"
                raise TypeError(f"fun must be picklable to be evaluated by workers, got {error}: {cure}") from error
        return self._payload

    def light(self) -> Parcel:
        """The same parcel without its payload, if that is too heavy to be sent each time."""
        if len(self.packed()) <= LIGHT_BYTES:
            return self
        return Parcel(self._content, key=self._key, payload=self._payload, full=False)

    def full(self) -> Parcel:
        """The parcel with its payload."""
        return Parcel(self._content, key=self._key, payload=self._payload)

    def open(self) -> Any:
        """The callable, or `Missing` where it has not arrived."""
        return self._content

    def __reduce__(self) -> tuple[Callable[..., Parcel], tuple[str, bytes | None]]:
        return _arrive, (self._key, self.packed() if self._full else None)


_arrived: OrderedDict[str, Any] = OrderedDict()
_ARRIVED_MAX = 8


def _arrive(key: str, payload: bytes | None) -> Parcel:
    """Unpickle a parcel in a worker, once: later ones with the same key find the callable in place."""
    if key not in _arrived:
        if payload is None:
            return Parcel(Missing, key=key)
        _arrived[key] = pickle.loads(payload)
        while len(_arrived) > _ARRIVED_MAX:
            _arrived.popitem(last=False)
    return Parcel(_arrived[key], key=key, payload=payload, full=payload is not None)


def chunks(rows: int, size: int, seconds_per_row: float | None) -> list[Sequence[int]]:
    """Split `rows` points for `size` workers: one chunk each, or point by point where an evaluation is long.

    One chunk per worker costs the fewest messages; with evaluations of 20 ms and more a message costs nothing beside
    them and single points balance the load.
    """
    parts = rows if seconds_per_row is not None and seconds_per_row > 0.02 else min(rows, size)
    bounds = [rows * i // parts for i in range(parts + 1)] if parts else [0]
    return [range(lo, hi) for lo, hi in pairwise(bounds)]
