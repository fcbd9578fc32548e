"""Where trials run: processes, threads, a dask cluster, or any other backend that joblib knows."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from es.evaluation.dask import dask_workers
from es.evaluation.opening import joblib_workers, thread_workers
from es.evaluation.pools import process_workers
from es.evaluation.workers import Workers

BACKENDS = ("loky", "threading", "sequential", "dask", "ray")

# What a worker process loads before its first trial, so that its time is its own.
MODULES = ("experiments.solve", "experiments.stacks", "es.minimize")


class BackendError(RuntimeError, ValueError):
    """A backend cannot be used; the message says what to do."""


def check_workers(jobs: int, backend: str | None, timeout: float | None) -> None:
    """Refuse what no trial could run with.

    Raises
    ------
    BackendError
        Naming the argument, what came and what was expected.
    """
    import joblib

    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0 or jobs < -1:
        raise BackendError(f"jobs must be a number of workers or -1 for one per core, got {jobs!r}.")
    known = {*BACKENDS, *joblib.parallel.BACKENDS, *joblib.parallel.EXTERNAL_BACKENDS}
    if backend is not None and backend not in known:
        raise BackendError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}.")
    if timeout is not None and not timeout > 0:
        raise BackendError(f"timeout must be a positive number of seconds, got {timeout!r}.")


def surrounding_backend() -> str:
    """Name the backend of an enclosing ``parallel_config``; loky if there is none."""
    import joblib

    active = joblib.parallel.get_active_backend()[0]
    name = type(active).__name__
    known = {"LokyBackend": "loky", "ThreadingBackend": "threading", "SequentialBackend": "sequential"}
    return known.get(name, "dask" if "Dask" in name else "ray" if "Ray" in name else name)


@contextlib.contextmanager
def open_backend(chosen: str, backend: str | None, jobs: int, trials: int) -> Iterator[Workers]:
    """Open `jobs` workers (-1: one per core) of the chosen backend, but no more than trials, and give them back at the
    end.

    `backend` is what the caller named: with None an enclosing ``parallel_config`` stays as it is. dask and ray use the
    workers that they have.
    """
    import joblib

    with contextlib.ExitStack() as stack:
        if chosen == "dask":
            if backend == "dask" and surrounding_backend() != "dask":
                client = stack.enter_context(_dask_client(jobs))
            else:
                client = joblib.parallel.get_active_backend()[0].client
            yield dask_workers(client)
            return
        if chosen not in ("loky", "threading") and backend is not None:
            if backend == "ray":
                _register_ray()
            stack.enter_context(joblib.parallel_config(backend))
        size = max(1, min(int(joblib.effective_n_jobs(jobs)), trials))
        if chosen == "loky":
            workers = process_workers(size, MODULES)
        else:
            workers = thread_workers(size) if chosen == "threading" else joblib_workers(size)
        yield stack.enter_context(workers)


def _register_ray() -> None:
    """Make ray known to joblib."""
    try:
        hook = importlib.import_module("ray.util.joblib")
    except ImportError:
        raise BackendError("the ray backend needs the package ray: pip install ray") from None
    hook.register_ray()


@contextlib.contextmanager
def _dask_client(jobs: int) -> Iterator[Any]:
    """Use the client that is already connected, or start a cluster of local processes on the loopback interface."""
    import joblib

    try:
        distributed: Any = importlib.import_module("distributed")  # an extra, which has no types
    except ImportError:
        raise BackendError("the dask backend needs the package distributed: pip install evotape[dask]") from None
    try:
        client = distributed.get_client()
    except ValueError:
        client = None
    if client is not None:
        yield client
        return

    class Scheduler(distributed.Scheduler):  # type: ignore[misc]
        def start_http_server(self, *arguments: Any, **options: Any) -> None:
            """Nothing: dask's would listen on port 8787, with or without a dashboard."""

    class Cluster(distributed.LocalCluster):  # type: ignore[misc]
        async def _start(self) -> None:
            cluster: Any = self
            cluster.scheduler_spec = {**cluster.scheduler_spec, "cls": Scheduler}
            await super()._start()

    size = joblib.effective_n_jobs(jobs)
    local: dict[str, Any] = {"host": "127.0.0.1", "dashboard_address": None}
    with Cluster(n_workers=size, threads_per_worker=1, **local) as cluster, distributed.Client(cluster) as started:
        yield started
