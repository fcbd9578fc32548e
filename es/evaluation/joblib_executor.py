"""Any backend of joblib as an executor: one pool for a whole run, whichever `joblib.parallel_config` names."""

from __future__ import annotations

import concurrent.futures as futures
import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from es.evaluation.workers import WorkersDied

Task = tuple["futures.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class JoblibExecutor(futures.Executor):
    """Runs what is submitted through one `joblib.Parallel`, whose pool stays open until `shutdown`.

    At most `size` tasks run at the same time, on the backend that is active where the executor is made. A thread
    hands the tasks to joblib as they come. joblib does not say which of them lost their workers, so all that were under
    way then fail with `WorkersDied`, and the next ones get a fresh pool.
    """

    def __init__(self, size: int) -> None:
        from joblib.parallel import get_active_backend

        self._size = size
        self._backend = get_active_backend()[0]  # joblib keeps it by thread
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True, name="evotape-joblib")
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Queue a call; see `concurrent.futures.Executor`."""
        if self._closed:
            raise RuntimeError("cannot submit to an executor that has been shut down")
        if kwargs:
            raise TypeError(f"submit takes positional arguments only, got {', '.join(kwargs)}")
        future: futures.Future[Any] = futures.Future()
        self._tasks.put((future, fn, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the pool, after the tasks that are queued unless they are cancelled."""
        self._closed = True
        while cancel_futures:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is not None:
                task[0].cancel()
        self._tasks.put(None)
        if wait:
            self._thread.join()

    def end(self, patience: float = 5.0) -> None:
        """Cancel what waits, and wait a while for what runs, so that the pool is closed in good order."""
        self.shutdown(wait=False, cancel_futures=True)
        self._thread.join(patience)

    def _serve(self) -> None:
        import joblib

        options: dict[str, Any] = {"n_jobs": self._size, "batch_size": 1, "pre_dispatch": "2*n_jobs"}
        while True:
            with joblib.parallel_config(self._backend):
                try:
                    parallel = joblib.Parallel(return_as="generator_unordered", **options)
                except ValueError:  # this backend gives its results back together
                    parallel = joblib.Parallel(**options)
                with parallel:
                    healthy = True
                    while healthy:
                        task = self._tasks.get()
                        if task is None:
                            return
                        healthy = self._round(parallel, task)

    def _round(self, parallel: Any, first: Task) -> bool:
        """Run a task and those that come while there are some; False if workers died."""
        import joblib

        under_way: dict[int, futures.Future[Any]] = {}
        call = joblib.delayed(_call)

        def tasks() -> Iterator[Any]:
            task: Task | None = first
            for number in itertools.count():
                if task is None:
                    self._tasks.put(None)  # for the loop, which is to end
                    return
                future, fn, args = task
                if future.set_running_or_notify_cancel():
                    under_way[number] = future
                    yield call(number, fn, args)
                try:
                    task = self._tasks.get_nowait()
                except queue.Empty:
                    return

        try:
            for number, value, error in parallel(tasks()):
                future = under_way.pop(number)
                if error is None:
                    future.set_result(value)
                else:
                    future.set_exception(error)
        except BaseException as error:
            for future in under_way.values():
                future.set_exception(WorkersDied(f"{type(error).__name__}: {error}"))
            return False
        return True


def _call(number: int, fn: Callable[..., Any], args: tuple[Any, ...]) -> tuple[int, Any, BaseException | None]:
    """What travels: the task's own error comes back as a value, so that any other is that of the workers."""
    try:
        return number, fn(*args), None
    except Exception as error:
        return number, None, error
