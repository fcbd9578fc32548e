"""How far a study is: a bar in a terminal, a line every so often in a pipe, with an estimate of what is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from experiments.estimate import Clock, human_time
from experiments.records import Trial, weight_of

IN_TERMINAL, IN_PIPE = 0.2, 15.0
"""Seconds between two pictures of the bar, and at first between two lines."""


class Progress:
    """Trials done, failed and left, on a stream such as ``sys.stderr``; nothing if there is none.

    `missing` are to run; `total` are in the study, of which `done` were finished before, `failed` of them in vain.
    """

    def __init__(self, missing: Sequence[Trial], total: int, done: int, failed: int, stream: TextIO | None) -> None:
        self.total, self.done, self.failed, self.stream = total, done, failed, stream
        self.clock = Clock(missing)
        self.weights = {trial["key"]: weight_of(trial) for trial in missing}
        self.terminal = stream is not None and stream.isatty()
        self.pause = IN_TERMINAL if self.terminal else IN_PIPE
        self.shown = time.perf_counter()
        self.first = done

    def __enter__(self) -> Progress:
        if self.terminal:
            self._show()
        return self

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one finished trial."""
        self.done += 1
        self.failed += record["status"] != "ok"
        self.clock.add(record, self.weights.get(record["key"], 1.0))

    def show_in_time(self) -> None:
        """Show where the study is, if that is some time ago; in the middle of what ended together it would mislead."""
        if self.stream is not None and time.perf_counter() - self.shown >= self.pause:
            self._show()
            if not self.terminal:
                self.pause = min(self.pause * 1.5, 300.0)

    def __exit__(self, *error: object) -> None:
        if self.stream is not None:
            self._show(end=True)

    def line(self, end: bool = False) -> str:
        """What is shown."""
        text = f"{self.done}/{self.total} trials, {self.failed} failed"
        elapsed = time.perf_counter() - self.clock.started
        left = self.clock.time_left()
        if end or self.done >= self.total:
            return f"{text}, {human_time(elapsed)}"
        return f"{text}, about {human_time(left)} left" if left is not None else text

    def _show(self, end: bool = False) -> None:
        assert self.stream is not None
        self.shown = time.perf_counter()
        text = self.line(end)
        if self.terminal:
            width = 24
            full = round(width * self.done / max(self.total, 1))
            text = f"\r\x1b[K[{'#' * full}{'.' * (width - full)}] {text}"
        self.stream.write(text + ("\n" if end or not self.terminal else ""))
        self.stream.flush()
