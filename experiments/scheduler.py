"""What goes to the workers next: trials in batches, long ones first."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from experiments.records import Kind, Record, Trial, kind_of, weight_of

BATCH_SECONDS = 0.2
MAX_BATCH = 200
# Stacks of this many runs already have most of the gain; smaller ones share the work out better.
SMALL_STACK = 8
# By so much a stack may pass its bound, rather than leave a few runs to another.
SLACK = 1.1


class Scheduler:
    """Hand out trials in batches of about `BATCH_SECONDS`.

    Dispatch to a worker costs half a millisecond or more, so trials shorter than that travel together.  How long they
    take is learned from the records that come back.  Trials that can be fused travel as whole stacks, of which
    `stack_limits` says by name how many runs they may have (see `dealt`).  The longest begin, so that no long one is
    left alone at the end, and what is short is shared out among the workers (`jobs`).
    """

    def __init__(self, trials: Iterable[Trial], jobs: int, stack_limits: Mapping[str, int] | None = None) -> None:
        self.jobs = max(1, jobs)
        ordered, limits = sorted(trials, key=lambda trial: trial.get("index", 0)), stack_limits or {}
        share = max(SMALL_STACK, len(ordered) // (4 * self.jobs))
        stacks: dict[str, list[Trial]] = {}
        for trial in ordered:
            if trial.get("stack") is not None:
                stacks.setdefault(trial["stack"], []).append(trial)
        groups = [[trial] for trial in ordered if trial.get("stack") is None]
        for name, group in stacks.items():
            groups += dealt(group, min(share, limits.get(name, 1)))
        self.waiting = deque(sorted(groups, key=lambda group: -max(map(weight_of, group))))
        self._seconds: dict[Kind, float] = {}

    def batches(self) -> Iterator[list[Trial]]:
        """Yield batches until nothing waits."""
        while batch := self.take():
            yield batch

    def take(self) -> list[Trial]:
        """Take the next batch; empty if nothing waits."""
        if not self.waiting:
            return []
        batch = self.waiting.popleft()
        if batch[0].get("stack") is not None:
            return batch
        kind = kind_of(batch[0])
        seconds = self._seconds.get(kind)
        size = 1 if seconds is None else int(BATCH_SECONDS / max(seconds, 1e-9))
        size = min(size, MAX_BATCH, (1 + len(self.waiting)) // (2 * self.jobs))
        while len(batch) < size and self._fits(kind):
            batch += self.waiting.popleft()
        return batch

    def _fits(self, kind: Kind) -> bool:
        """Whether the next that waits is a trial alone, of this kind."""
        return bool(self.waiting) and self.waiting[0][0].get("stack") is None and kind_of(self.waiting[0][0]) == kind

    def done(self, records: Sequence[Record]) -> None:
        """Learn from what came back how long trials take."""
        for record in records:
            kind, seconds = kind_of(record), float(record["seconds"])
            self._seconds[kind] = 0.7 * self._seconds.get(kind, seconds) + 0.3 * seconds


def dealt(group: Sequence[Trial], most: int) -> list[list[Trial]]:
    """Deal trials of one stack into as few as may be, of about `most` runs at most, as equal as can be.

    Each has as many runs as the others, give or take one, and kinds of problems from all over the study, whole where
    that can be: neighbours are alike, and the last worker would have all the hard ones.
    """
    pieces = math.ceil(len(group) / int(SLACK * most))
    kinds: dict[Kind, list[Trial]] = {}
    for trial in group:
        kinds.setdefault(kind_of(trial), []).append(trial)
    decks = list(kinds.values())
    order = [trial for first in range(pieces) for deck in decks[first::pieces] for trial in deck]
    marks = [len(order) * piece // pieces for piece in range(pieces + 1)]
    return [order[start:end] for start, end in itertools.pairwise(marks)]
