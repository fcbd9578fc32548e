"""Workers: an executor, how many tasks it runs at once, and whether it may be killed and started afresh."""

from __future__ import annotations

import concurrent.futures as futures
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass


class WorkersDied(RuntimeError):
    """What the future of a task raises whose workers died, from an executor that goes on with others."""


@dataclass(eq=False)
class Workers:
    """An executor, how many tasks it runs at once, and whether it may be killed and started afresh."""

    executor: futures.Executor
    size: int  # tasks that run at the same time
    _: KW_ONLY
    # Kills the executor's processes and returns a new one; None for an executor that belongs to the caller.
    remake: Callable[[futures.Executor], futures.Executor] | None = None
    give_back: Callable[[futures.Executor], None] | None = None  # called at the end of the run
    # Called when seconds have passed without a result: sees to it that there are workers, or raises.
    watch: Callable[[], None] | None = None
    fresh: bool = False  # whether its processes are still starting

    def __post_init__(self) -> None:
        self.size = max(1, self.size)

    @property
    def restartable(self) -> bool:
        """Whether `restart` works, that is, whether the pool is ours."""
        return self.remake is not None

    def restart(self) -> None:
        """Kill what runs and go on with fresh workers."""
        if self.remake is None:
            raise RuntimeError(
                "an executor handed in by the caller is never killed, pass workers=int for one that may be"
            )
        self.executor, self.fresh = self.remake(self.executor), True

    def close(self) -> None:
        """Give back what this run alone has used."""
        if self.give_back is not None:
            self.give_back(self.executor)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
