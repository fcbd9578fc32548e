"""Workers: an executor, how many tasks it runs at once, and whether it may be killed and started afresh."""

from __future__ import annotations

import concurrent.futures as futures
from collections.abc import Callable


class WorkersDied(RuntimeError):
    """What the future of a task raises whose workers died, from an executor that goes on with others."""


class Workers:
    """An executor, how many tasks it runs at once, and whether it may be killed and started afresh.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    size : int
        Tasks that run at the same time.
    remake : callable or None
        Kills the executor's processes and returns a new one; None for an executor that belongs to the caller.
    close : callable or None
        Called at the end of the run; None leaves the executor as it is.
    watch : callable or None
        Called when seconds have passed without a result: sees to it that there are workers, or raises.
    """

    def __init__(
        self,
        executor: futures.Executor,
        size: int,
        *,
        remake: Callable[[futures.Executor], futures.Executor] | None = None,
        close: Callable[[futures.Executor], None] | None = None,
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
            self._close(self.executor)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
