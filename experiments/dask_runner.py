"""Run trials on a dask cluster through its own client.

joblib's dask backend waits for ever on a task whose worker keeps dying (joblib 1.6: its collector sets the exception
and never calls back), so the client behind ``joblib.parallel_config("dask")`` is used directly.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from experiments.records import worker_died
from experiments.scheduler import Scheduler

__all__ = ["BackendError", "dask_client", "run_on_dask"]


class BackendError(RuntimeError, ValueError):
    """A backend cannot be used; the message says what to do."""


def _distributed() -> Any:
    """Import distributed, which is an extra (and has no types)."""
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise BackendError("the dask backend needs the package distributed: pip install evotape[dask]") from None


@contextlib.contextmanager
def dask_client(jobs: int) -> Iterator[Any]:
    """Use the client that is already connected, or start a cluster of local processes on the loopback interface."""
    distributed = _distributed()
    try:
        client = distributed.get_client()
    except ValueError:
        client = None
    if client is not None:
        yield client
        return
    import joblib

    with (
        distributed.LocalCluster(
            n_workers=joblib.effective_n_jobs(jobs),
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as started,
    ):
        yield started


def run_on_dask(
    client: Any,
    trials: Sequence[dict[str, Any]],
    limits: Mapping[str, int],
    timeout: float | None,
    work: Callable[..., list[dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """Keep every worker busy with two batches and yield the records as they come.

    A worker that dies is restarted by its nanny and its tasks run again.  A task that several workers died with comes
    back as an error; its trials then run one by one, and what fails again has failed.
    """
    workers = max(1, sum(client.ncores().values()))
    scheduler = Scheduler(trials, workers, limits)
    stream = _distributed().as_completed()
    batches: dict[Any, list[dict[str, Any]]] = {}
    suspects: list[dict[str, Any]] = []

    def submit() -> None:
        batch = scheduler.take()
        if batch:
            future = client.submit(work, batch, timeout, pure=False)
            batches[future.key] = batch
            stream.add(future)

    try:
        for _ in range(2 * workers):
            submit()
        for future in stream:
            batch = batches.pop(future.key)
            records = _result(future)
            if records is None:
                suspects += batch
                scheduler.forget(batch)
            else:
                scheduler.done(records)
                yield from records
            submit()
        for trial in suspects:
            yield _alone(client, trial, timeout, work)
    finally:
        client.cancel([future for future in stream.futures])


def _result(future: Any) -> list[dict[str, Any]] | None:
    """Fetch what a batch gave; None if its workers died, be it while the result waited there to be fetched."""
    distributed = _distributed()
    try:
        records: list[dict[str, Any]] = future.result()
    except distributed.KilledWorker:
        return None
    except distributed.client.FutureCancelledError as error:
        raise BackendError(
            f"the connection to the dask scheduler is lost ({error}); finished trials are kept: run the same command "
            "again to go on."
        ) from error
    return records


def _alone(
    client: Any, trial: dict[str, Any], timeout: float | None, work: Callable[..., list[dict[str, Any]]]
) -> dict[str, Any]:
    future = client.submit(work, [trial], timeout, pure=False)
    error = future.exception()
    if error is not None:
        return worker_died(trial, timeout, error)
    record: dict[str, Any] = future.result()[0]
    return record
