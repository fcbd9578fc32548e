"""What goes to the workers next: trials in batches, long ones first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from experiments.records import Record, Trial

BATCH_SECONDS = 0.2
MAX_BATCH = 200
# Stacks of this many runs already have most of the gain; smaller ones share the work out better.
SMALL_STACK = 8


def _cell(trial: Mapping[str, Any]) -> tuple[Any, ...]:
    return trial["problem"]["label"], trial["problem"]["n"], trial["method"]["label"]


def _weight(trial: Mapping[str, Any]) -> float:
    """Guess at the relative length of a trial."""
    n = float(trial["problem"].get("n") or 1)
    cost = float(trial.get("maxcost") or (trial.get("budget") or 1.0) * n)
    return cost * n


class Scheduler:
    """Hand out trials in batches of about `BATCH_SECONDS`.

    Dispatch to a worker costs half a millisecond or more, so trials shorter than that travel together.  How long they
    take is learned from the records that come back.  Trials that can be fused travel as whole stacks.

    Parameters
    ----------
    trials
        To run; the longest begin, so that no long one is left alone at the end.
    jobs
        Workers, so that the last batches are shared out.
    stack_limits
        Most runs of each stack, by the trials' ``stack``.
    """

    def __init__(self, trials: Iterable[Trial], jobs: int, stack_limits: Mapping[str, int] | None = None) -> None:
        self.jobs = max(1, jobs)
        self._limits = stack_limits or {}
        known = {stack: place for place, stack in enumerate(self._limits)}
        ordered = sorted(trials, key=lambda t: (-_weight(t), known.get(t.get("stack") or "", -1), t.get("index", 0)))
        self.waiting: deque[Trial] = deque(ordered)
        self.share = max(SMALL_STACK, len(ordered) // (4 * self.jobs))
        self._seconds: dict[tuple[Any, ...], float] = {}

    def batches(self) -> Iterator[list[Trial]]:
        """Yield batches until nothing waits."""
        while batch := self.take():
            yield batch

    def take(self) -> list[Trial]:
        """Take the next batch; empty if nothing waits."""
        if not self.waiting:
            return []
        stack = self.waiting[0].get("stack")
        if stack is not None:
            batch = self._pop(min(self.share, self._limits.get(stack, 1)), lambda trial: trial.get("stack") == stack)
        else:
            cell = _cell(self.waiting[0])
            seconds = self._seconds.get(cell)
            size = 1 if seconds is None else int(BATCH_SECONDS / max(seconds, 1e-9))
            size = min(size, MAX_BATCH, len(self.waiting) // (2 * self.jobs))
            batch = self._pop(size, lambda trial: trial.get("stack") is None and _cell(trial) == cell)
        return batch

    def _pop(self, size: int, fits: Any) -> list[Trial]:
        """Take the first trial, and further ones while they fit."""
        batch = [self.waiting.popleft()]
        while len(batch) < size and self.waiting and fits(self.waiting[0]):
            batch.append(self.waiting.popleft())
        return batch

    def done(self, records: Sequence[Record]) -> None:
        """Learn from what came back how long trials take."""
        for record in records:
            cell, seconds = _cell(record), float(record["seconds"])
            self._seconds[cell] = 0.7 * self._seconds.get(cell, seconds) + 0.3 * seconds
