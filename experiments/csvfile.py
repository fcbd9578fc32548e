"""Tables in CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def write_csv(path: str | Path, header: Iterable[str], rows: Iterable[Sequence[Any]], *, add: bool = False) -> Path:
    """Write a table, or `add` to it, its folder too if it is not there, and return the file's path; None is empty.

    Halves of characters, as texts of errors may hold them, stand as ``\\udcff``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = add and path.exists()
    mode = "a" if begun else "w"
    with path.open(mode, newline="", encoding="utf-8", errors="backslashreplace") as file:
        csv.writer(file, lineterminator="\n").writerows(rows if begun else [list(header), *rows])
    return path


def read_csv(path: str | Path) -> list[dict[str, str]]:
    """The rows of a table by their headings; none where there is no file."""
    if not Path(path).exists():
        return []
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
