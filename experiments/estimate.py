"""How long a study will take, from a few of its trials; and what is left of it while it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.build import build_problem
from experiments.records import Kind, Record, Trial, kind_of, weight_of, whole_cost
from experiments.stacks import mark_stacks, seconds_of, wants_gradient
from experiments.trial import run_trial
from experiments.worker import run_batch

SHORTEST = 1e-4
FELLOWS = 64
"""Trials of a stack by which the time of all is estimated."""


class Clock:
    """Learns how long trials take, and says how long those still take that are left of the ones to run.

    A kind of trial that has been seen takes its mean time, another one its budget times what a unit of budget took in
    the kinds that were seen with the same method, or with any.  What is left is divided by the speed so far: seconds of
    trials per second on the wall, which has the number of workers and the gain of stacks in it.
    """

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.left: dict[Kind, list[float]] = {}
        for trial in trials:
            entry = self.left.setdefault(kind_of(trial), [0, 0.0])
            entry[0] += 1
            entry[1] += weight_of(trial)
        self.seen: dict[Kind, list[float]] = {}
        self.rate: dict[str, list[float]] = {}
        self.started = time.perf_counter()
        self.worked = 0.0

    def add(self, trial: Mapping[str, Any], weight: float, *, seconds: float | None = None) -> None:
        """Note that a trial has ended, or with ``seconds`` only how long one of its kind would take."""
        kind = kind_of(trial)
        taken = max(float(trial["seconds"] if seconds is None else seconds), SHORTEST)
        entry = self.seen.setdefault(kind, [0, 0.0])
        entry[0] += 1
        entry[1] += taken
        for name in (kind[2], ""):
            rate = self.rate.setdefault(name, [0.0, 0.0])
            rate[0] += taken
            rate[1] += weight
        if seconds is None:
            self.worked += taken
            left = self.left.get(kind)
            if left is not None:
                left[0] -= 1
                left[1] -= weight

    def work_left(self) -> float:
        """Seconds that the trials which are left would take one after the other."""
        total = 0.0
        for kind, (count, weight) in self.left.items():
            if count <= 0:
                continue
            if kind in self.seen:
                total += count * self.seen[kind][1] / self.seen[kind][0]
            else:
                rate = self.rate.get(kind[2]) or self.rate.get("") or [0.0, 1.0]
                total += max(weight, 0.0) * rate[0] / max(rate[1], 1e-12)
        return total

    def time_left(self) -> float | None:
        """Seconds on the wall until the last trial ends; None while nothing is known."""
        elapsed = time.perf_counter() - self.started
        if self.worked <= 0 or elapsed <= 0:
            return None
        return self.work_left() / (self.worked / elapsed)


def time_needed(trials: Sequence[Trial], *, seconds: float = 8.0, timeout: float | None = None) -> tuple[float, int]:
    """Seconds that trials take one after the other, from a sample that is run here and now, and the size of the sample.

    The sample may take about `seconds`; `timeout` is what a trial of the study may take.
    """
    clock = Clock(trials)
    kinds: dict[Kind, Trial] = {}
    stacks: dict[str, list[Trial]] = {}
    marked, most = mark_stacks(trials)
    for trial in marked:
        kinds.setdefault(kind_of(trial), trial)
        if trial["stack"]:
            stacks.setdefault(trial["stack"], []).append(trial)
    by_method: dict[str, list[Trial]] = {}
    for trial in sorted(kinds.values(), key=weight_of):
        by_method.setdefault(trial["method"]["name"], []).append(trial)
    # Every method in turn, on problems from all over the range of sizes.
    order = [group[int(len(group) * part)] for part in _spread_out(max(map(len, by_method.values()), default=0))
             for group in by_method.values()]  # fmt: skip
    end = time.perf_counter() + seconds
    done: set[str] = set()
    share = seconds / max(4, len(by_method), len(stacks))
    for trial in order:
        left = end - time.perf_counter()
        if left <= 0:
            break
        if trial["key"] in done or kind_of(trial) in clock.seen:
            continue
        done.add(trial["key"])
        limit = max(0.05, min(left, share))
        fellows = stacks[trial["stack"]] if trial["stack"] and timeout is None else []
        shares = wants_gradient(trial["method"]["name"])  # following a function takes as long for one trial as for all
        count = most[trial["stack"]] if fellows and shares else FELLOWS
        if looked := _look_at_stack(clock, fellows, count, limit):
            done |= looked
            continue
        build_problem(trial["problem"])  # once a process, and no part of a trial's time
        record = run_trial(trial, limit)
        clock.add(trial, weight_of(trial), seconds=min(_whole(record), timeout or math.inf))
    return clock.work_left(), len(done)


def _look_at_stack(clock: Clock, trials: Sequence[Trial], count: int, limit: float) -> set[str]:
    """Note how long trials of a stack would take, from so many that run together for about so many seconds.

    Each gets so small a part of its budget; whoever has ended by then has shown all that it takes, and the others are
    taken to spend the whole of it. The keys of those that ran; none where they cannot run together.
    """
    if not trials:
        return set()
    sample = [trials[int(place * len(trials))] for place in _spread_out(min(count, len(trials)))]
    for trial in sample:
        build_problem(trial["problem"])
    wholes = [whole_cost(trial) for trial in sample]
    part = min(1.0, limit / sum(seconds_of(trial, trial["problem"]["n"] or 1) for trial in sample))
    cut = [trial | {"budget": None, "maxcost": max(1.0, part * whole)}
           for trial, whole in zip(sample, wholes, strict=True)]  # fmt: skip
    run_batch(cut[:2])  # what is loaded once is no part of a trial's time
    records = run_batch(cut)
    if any(record["status"] != "ok" for record in records):
        return set()
    each = sum(record["seconds"] for record in records) / max(1.0, sum(record["cost"] for record in records))
    for trial, record, whole in zip(sample, records, wholes, strict=True):
        cost = whole if "maxfevals" in record["stop"] else record["cost"]
        clock.add(trial, weight_of(trial), seconds=each * cost)
    return {trial["key"] for trial in sample}


def _whole(record: Record) -> float:
    """How long a trial would have taken that was cut off, were it to spend its whole budget."""
    seconds = float(record["seconds"])
    if record["status"] != "timeout" or not record["cost"]:
        return seconds
    return max(seconds, seconds * float(record["maxcost"]) / float(record["cost"]))


def _spread_out(count: int) -> list[float]:
    """Places in [0, 1) that fill the range evenly, whenever one stops (van der Corput)."""
    from scipy.stats.qmc import Halton

    return [float(place) for place in Halton(1, scramble=False).random(count).ravel()]


def human_time(seconds: float) -> str:
    """A time as a person says it.

    Examples
    --------
    >>> [human_time(t) for t in (0.4, 42, 400, 9000, 200_000)]
    ['under 1 s', '42 s', '7 min', '2.5 h', '2.3 days']
    """
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
