"""What runs trials, in a worker process or in this one: batches, one BLAS thread, no orphans."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from experiments.capture import captured, captured_process
from experiments.trial import run_trial

# A C call that never returns hears no alarm; this long after its time limit the worker ends itself.
GRACE_SECONDS = 10.0


def _limit_blas() -> Any:
    """Set the BLAS libraries of this process to one thread."""
    import scipy.linalg.blas  # noqa: F401  (SciPy's own BLAS is loaded now, so that it is found)
    import threadpoolctl

    return threadpoolctl.threadpool_limits(limits=1)


@functools.cache
def _claim_process() -> None:
    """Give BLAS one thread for the rest of this worker's life."""
    _limit_blas()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Give BLAS one thread: sums are then added in one order, whatever the number of cores.

    To be entered in the thread that starts the others, since threadpoolctl lets one thread of a process decide.
    """
    with _limit_blas():
        yield


def run_batch(trials: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    """Run trials: neighbours that can be fused as one stack of runs, the others one after the other.

    Returns a record each, in order; an error inside a trial is its record's, never an exception.
    """
    records = []
    # A time limit is a trial's own, so with one each runs alone.
    for _, group in itertools.groupby(trials, key=lambda trial: None if timeout is not None else trial.get("stack")):
        neighbours = list(group)
        records += _fused(neighbours) or [run_trial(trial, timeout) for trial in neighbours]
    return records


def _fused(trials: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Run trials as one stack; None if they are no stack, or if one of them fails in it."""
    if len(trials) < 2 or trials[0].get("stack") is None:
        return None
    from experiments.stacks import run_stack

    with captured() as printed:
        try:
            records = run_stack(trials)
        except KeyboardInterrupt:
            raise
        except BaseException:
            # Run alone, the guilty trial has the error in its record and the others have their results.
            return None
        return _with_output(records, printed())


def _with_output(records: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Add to the first of some records what they printed together."""
    if text and records:
        note = f"(printed by {len(records)} trials that ran together)\n" if len(records) > 1 else ""
        records[0] |= {"output": records[0].get("output", "") + note + text}
    return records


def run_in_worker(trials: Sequence[dict[str, Any]], timeout: float | None = None) -> list[dict[str, Any]]:
    """Run trials in a process that is here for nothing else; the function that travels to the workers."""
    _claim_process()
    if threading.current_thread() is not threading.main_thread():  # one of several threads (dask's) that print
        return _in_time(trials, timeout)
    with captured_process() as printed:
        return _with_output(_in_time(trials, timeout), printed())


def _in_time(trials: Sequence[dict[str, Any]], timeout: float | None) -> list[dict[str, Any]]:
    if timeout is None:
        return run_batch(trials)
    records = []
    for trial in trials:
        with _last_resort(timeout + GRACE_SECONDS):
            records += run_batch([trial], timeout)
    return records


_ONE_GUARD = threading.Lock()


@contextlib.contextmanager
def _last_resort(seconds: float) -> Iterator[None]:
    """End this process if its trial does not end.

    The timer is a thread in C that needs no GIL, so it ends what neither an alarm nor a check could stop.  A process
    has one timer; where several threads run trials (dask's can), those beside the first go without.
    """
    if not _ONE_GUARD.acquire(blocking=False):
        yield
        return
    try:
        faulthandler.dump_traceback_later(seconds, exit=True)
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        _ONE_GUARD.release()
