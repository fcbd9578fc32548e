"""Python's garbage collector, slowed down while a history is written.

A history is many small objects that live until its end and have no cycles. The collector looks at young objects every
700 allocations and at all of them again and again as their number grows: a loop of 3000 Runge-Kutta steps spent two
thirds of its time there. While a differentiation is running, a collection makes the next ones rarer (it does not stop
them: a program that makes cycles of its own still gets its memory back); afterwards the thresholds are as before. A
short differentiation ends before the first collection and costs nothing.
"""

from __future__ import annotations

import gc
import threading
from typing import Any

from autodiff.buffers import UNDER_WAY

RARE = (100_000, 50)
"""Thresholds of the two younger generations while a history is written."""

SLOWED: list[tuple[int, int, int]] = []
"""The thresholds of the user while they are not in force, else empty."""

EAGER = [0, 0]
"""How many eager values have been recorded: up to now, and up to the last collection."""

_lock = threading.Lock()


def _on_collection(phase: str, info: dict[str, Any]) -> None:
    """Called by Python before and after each collection."""
    if phase != "start":
        return
    busy = bool(UNDER_WAY) or EAGER[0] - EAGER[1] > 50
    EAGER[1] = EAGER[0]
    if busy and not SLOWED:
        slow_down()
    elif not busy and SLOWED:
        as_before()


def slow_down() -> None:
    """Make collections rare, unless another thread is at it."""
    if _lock.acquire(blocking=False):  # a collection may come while this thread holds the lock
        try:
            thresholds = gc.get_threshold()
            if not SLOWED and 0 < thresholds[0] < RARE[0]:
                SLOWED.append(thresholds)
                gc.set_threshold(RARE[0], max(RARE[1], thresholds[1]), thresholds[2])
        finally:
            _lock.release()


def as_before() -> None:
    """Give the user's thresholds back when nothing is being differentiated, or leave those that were set meanwhile."""
    if not UNDER_WAY and _lock.acquire(blocking=False):
        try:
            if SLOWED:
                before = SLOWED.pop()
                EAGER[1] = EAGER[0]
                if gc.get_threshold() == (RARE[0], max(RARE[1], before[1]), before[2]):
                    gc.set_threshold(*before)
        finally:
            _lock.release()


gc.callbacks.append(_on_collection)
