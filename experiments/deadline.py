"""A time limit for one trial."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType


class TrialTimeout(BaseException):
    """A trial ran out of time.  No `Exception`, so that code under trial does not catch it by accident."""


class Deadline:
    """Raise `TrialTimeout` when the time is up.

    In a main thread on a POSIX system an alarm interrupts whatever runs, except a C call that does not return.
    Elsewhere (threads of a dask worker, Windows) `check`, called at every evaluation, notices.  With None there is no
    limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._end = float("inf") if seconds is None else time.perf_counter() + seconds
        self._alarm = (
            seconds is not None and hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
        )

    def check(self) -> None:
        """Raise `TrialTimeout` if the time is up."""
        if time.perf_counter() > self._end:
            raise TrialTimeout

    def __enter__(self) -> Deadline:
        if self._alarm and self.seconds is not None:
            self._previous = signal.signal(signal.SIGALRM, self._ring)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)
        return self

    def _ring(self, number: int, frame: FrameType | None) -> None:
        raise TrialTimeout

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._alarm:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._previous)
