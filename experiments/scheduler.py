"""What goes to the workers next: trials in batches, long ones first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from experiments.records import Kind, Record, Trial, kind_of, weight_of

BATCH_SECONDS = 0.2
MAX_BATCH = 200
# Stacks of this many runs already have most of the gain; smaller ones share the work out better.
SMALL_STACK = 8


class Scheduler:
    """Hand out trials in batches of about `BATCH_SECONDS`.

    Dispatch to a worker costs half a millisecond or more, so trials shorter than that travel together.  How long they
    take is learned from the records that come back.  Trials that can be fused travel as whole stacks, of which
    `stack_limits` says by name how many runs they may have.  The longest begin, so that no long one is left alone at
    the end, and the last batches are shared out among the workers (`jobs`).
    """

    def __init__(self, trials: Iterable[Trial], jobs: int, stack_limits: Mapping[str, int] | None = None) -> None:
        self.jobs = max(1, jobs)
        self._limits = stack_limits or {}
        known = {stack: place for place, stack in enumerate(self._limits)}
        ordered = sorted(trials, key=lambda t: (-weight_of(t), known.get(t.get("stack") or "", -1), t.get("index", 0)))
        self.waiting: deque[Trial] = deque(ordered)
        self.share = max(SMALL_STACK, len(ordered) // (4 * self.jobs))
        self._seconds: dict[Kind, float] = {}

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
            kind = kind_of(self.waiting[0])
            seconds = self._seconds.get(kind)
            size = 1 if seconds is None else int(BATCH_SECONDS / max(seconds, 1e-9))
            size = min(size, MAX_BATCH, len(self.waiting) // (2 * self.jobs))
            batch = self._pop(size, lambda trial: trial.get("stack") is None and kind_of(trial) == kind)
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
            kind, seconds = kind_of(record), float(record["seconds"])
            self._seconds[kind] = 0.7 * self._seconds.get(kind, seconds) + 0.3 * seconds
