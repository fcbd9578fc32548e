"""What has happened since a checkpoint was written, line by line, so that a kill loses nothing that was told."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Events beside a checkpoint, each on disk before its effects are.

    A journal belongs to one state of the checkpoint: `begin` names it, and events of another state are not read. Lines
    are JSON; the last one may be cut off by a kill, and is then no event.

    Parameters
    ----------
    path : Path
        The checkpoint's; the journal stands beside it, with `.told` at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}.told")
        self._file: int | None = None
        self._warned = False

    def begin(self, name: str) -> None:
        """Start anew, for the state of this name."""
        self.close()
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
        except OSError as error:
            self._warn(error)
        self.note(name)

    def note(self, event: Any) -> None:
        """Write an event down."""
        if self._file is None:
            return
        try:
            os.write(self._file, (json.dumps(event) + "\n").encode())
        except OSError as error:
            self._warn(error)

    def read(self, name: str) -> Iterator[Any]:
        """The events since the state of this name, if the journal is of that."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except OSError:
            return
        for place, line in enumerate(lines[:-1]):  # what follows the last line end was cut off
            try:
                event = json.loads(line)
            except ValueError:
                return
            if place:
                yield event
            elif event != name:
                return

    def close(self) -> None:
        """Stop writing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self) -> None:
        """The checkpoint holds all that has happened."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            warnings.warn(
                f"{self.path} cannot be written ({error}): a kill may lose points told since the last checkpoint",
                RuntimeWarning,
                stacklevel=2,
            )
        self._warned = True
