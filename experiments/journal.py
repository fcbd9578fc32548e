"""The journal: one line per record, appended and on the disk before the next trial counts as finished.

Each line is a JSON object that ends in the CRC-32 of what stands before, so that a damaged line is noticed and never
taken for a result.  Values that are not finite stand there as ``-Infinity``, ``Infinity`` and ``NaN``, as Python's json
writes and reads them.  The first line names the format's version and the study.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

VERSION = 1
NAME = "journal.jsonl"
_TAIL = len(',"crc":"01234567"}')


class StoreError(OSError):
    """A folder of results cannot be read, written or continued; the message says why and what to do."""


def encode(record: dict[str, Any]) -> bytes:
    """Write a record as one line with its checksum."""
    body = json.dumps(record, separators=(",", ":")).encode("ascii")[:-1]
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def decode(line: bytes) -> dict[str, Any] | None:
    """Read one line; None if it is torn or damaged."""
    line = line.rstrip(b"\n")
    body, tail = line[:-_TAIL], line[-_TAIL:]
    if tail != b',"crc":"%08x"}' % zlib.crc32(body):
        return None
    return json.loads(body + b"}")


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None, bool]]:
    """Give line number, record (None if damaged) and whether the line is the unfinished last one."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            yield number, decode(line) if line.endswith(b"\n") else None, not line.endswith(b"\n")


def check_version(record: dict[str, Any] | None, path: Path) -> None:
    """Refuse a first line that is no header, or one of a newer format."""
    if record is None or "journal" not in record:
        raise StoreError(f"{path} does not begin with the header of a journal; choose another folder.")
    if record["journal"] > VERSION:
        raise StoreError(
            f"{path} was written in version {record['journal']} of the journal's format and this evotape reads up to "
            f"version {VERSION}; install a newer evotape to go on with it."
        )


class Journal:
    """Append records to a journal, as its only writer.

    Parameters
    ----------
    folder
        Made if it is missing.

    Raises
    ------
    StoreError
        If the folder cannot be written, or another process writes to it.
    """

    def __init__(self, folder: Path) -> None:
        import filelock

        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = filelock.FileLock(folder / "journal.lock")
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise StoreError(
                f"{folder} is being written by another process; wait for it or choose another folder."
            ) from None
        except OSError as error:
            raise StoreError(f"{folder} cannot be written ({_reason(error)}); choose another folder.") from error
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            self._lock.release()
            raise StoreError(f"{self.path} cannot be written ({_reason(error)}); choose another folder.") from error

    def cut_tail(self) -> bool:
        """Cut off the unfinished last line that a crash left behind; True if there was one."""
        size = os.fstat(self._file).st_size
        start = size
        with self.path.open("rb") as file:
            while start > 0:
                begin = max(0, start - 65536)
                file.seek(begin)
                cut = file.read(start - begin).rfind(b"\n")
                if cut >= 0:
                    start = begin + cut + 1
                    break
                start = begin
        if start < size:
            os.ftruncate(self._file, start)
        return start < size

    def append(self, record: dict[str, Any]) -> None:
        """Append one record; when this returns, it is on the disk.

        Raises
        ------
        StoreError
            If the disk is full or gone; what was written before stays whole.
        """
        line = encode(record)
        size = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            if written < len(line):
                # A short write is how a full disk begins; the rest of the line either fits or says so itself.
                os.write(self._file, line[written:])
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            raise StoreError(
                f"{self.path} cannot be written ({_reason(error)}); all records before are safe: make room and run the "
                "same command again to go on."
            ) from error

    def close(self) -> None:
        """Let another writer in."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
