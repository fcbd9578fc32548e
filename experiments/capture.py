"""What code under trial prints: kept with its trial instead of running into tables and progress bars."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

MOST = 4000
"""Characters that are kept of a trial's output: the first and the last half of them."""

Read = Callable[[], str]


def shortened(text: str, most: int = MOST) -> str:
    """The beginning and the end of a long text.

    Examples
    --------
    >>> shortened("abcdefghij", 4)
    'ab\\n... 6 characters left out ...\\nij'
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n... {len(text) - most} characters left out ...\n{text[-(most // 2) :]}"


class _ByThread(io.TextIOBase):
    """A stream that keeps what a thread writes while the thread asks for it, and passes on what others write."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind
        self.own = threading.local()

    def write(self, text: str) -> int:
        kept: io.StringIO | None = getattr(self.own, "kept", None)
        if kept is None:
            return self.behind.write(text)
        if kept.tell() < 10 * MOST:  # a loop that prints for ever fills no memory
            kept.write(text)
        return len(text)

    def flush(self) -> None:
        if getattr(self.own, "kept", None) is None:
            self.behind.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


_LOCK = threading.Lock()
_USERS = 0


@contextlib.contextmanager
def captured() -> Iterator[Read]:
    """Keep what this thread prints; yields a function that gives it.

    Examples
    --------
    >>> with captured() as read:
    ...     print("hello")
    >>> read()
    'hello\\n'
    """
    global _USERS
    with _LOCK:
        if _USERS == 0:
            sys.stdout, sys.stderr = _ByThread(sys.stdout), _ByThread(sys.stderr)
        _USERS += 1
        streams = (sys.stdout, sys.stderr)
    kept = io.StringIO()
    earlier = [getattr(stream.own, "kept", None) for stream in streams if isinstance(stream, _ByThread)]
    for stream in streams:
        if isinstance(stream, _ByThread):
            stream.own.kept = kept
    try:
        yield lambda: shortened(kept.getvalue())
    finally:
        for stream, before in zip(streams, earlier, strict=False):
            if isinstance(stream, _ByThread):
                stream.own.kept = before
        with _LOCK:
            _USERS -= 1
            if _USERS == 0:
                for name in ("stdout", "stderr"):
                    if isinstance(stream := getattr(sys, name), _ByThread):
                        setattr(sys, name, stream.behind)


@contextlib.contextmanager
def captured_process() -> Iterator[Read]:
    """Keep what this process writes to its output and error, C code and its children included; for workers only."""
    with tempfile.TemporaryFile() as file:
        saved = [os.dup(1), os.dup(2)]

        def flush() -> None:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()

        def read() -> str:
            flush()
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            head = file.read(10 * MOST).decode("utf-8", "replace")
            if size > 20 * MOST:
                file.seek(size - 10 * MOST)
                head += file.read().decode("utf-8", "replace")
            file.seek(0)
            file.truncate()
            return shortened(head)

        flush()
        for target in (1, 2):
            os.dup2(file.fileno(), target)
        try:
            yield read
        finally:
            flush()
            for target, old in zip((1, 2), saved, strict=True):
                os.dup2(old, target)
                os.close(old)
