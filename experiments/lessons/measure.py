"""What lessons measure: seconds and memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """The shortest of some calls, in processor time."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return max(min(times), 1e-6)  # the clock of some systems ticks no finer


@contextmanager
def traced_memory() -> Iterator[Callable[[], tuple[int, int]]]:
    """Give a function that says how many bytes of what was made inside are held now, and were at the peak."""
    tracemalloc.start()
    try:
        yield tracemalloc.get_traced_memory
    finally:
        tracemalloc.stop()
