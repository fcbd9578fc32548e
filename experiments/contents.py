"""What journals of studies hold, as it stands there: read one, join several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.collector import without_collector
from experiments.journal import NAME, StoreError, check_version, read_lines
from experiments.renamed import renamed


@dataclass
class Contents:
    """What a journal holds, as it stands there."""

    folder: Path
    header: dict[str, Any]
    sessions: list[dict[str, Any]]
    records: dict[str, dict[str, Any]]
    headers: list[dict[str, Any]]  # for each record the header in force when it was written
    warnings: list[str]

    def rename(self) -> None:
        """Give what was written under other labels those of the header."""
        records, self.headers = renamed(list(self.records.values()), self.headers, self.header)
        self.records = dict(zip(self.records, records, strict=True))

    def set_apart(self, name: str) -> None:
        """Put a name into the labels of all methods."""
        labels = {label: f"{label} ({name})" for label in self.header["methods"]}
        self.header = {**self.header, "methods": list(labels.values())}
        self.records = {
            f"{name}/{key}": {**record, "key": f"{name}/{key}", "method": {**record["method"], "label":
                              f"{record['method']['label']} ({name})"}} for key, record in self.records.items()
        }  # fmt: skip


def short_names(folders: Sequence[Path]) -> list[str]:
    """Names of folders, with their parents where the names are the same."""
    names = [folder.resolve().name for folder in folders]
    return [str(folder) if names.count(name) > 1 else name for folder, name in zip(folders, names, strict=True)]


def contents_of(folder: Path) -> Contents:
    """What a folder of results holds; a StoreError where there are none."""
    path = folder / NAME
    if not path.is_file():
        raise StoreError(f"{folder} holds no results (there is no {NAME} in it).")
    content = read_contents(path)
    if not content.header:
        raise StoreError(f"{path} is empty; run the study again.")
    return content


def joined(contents: Sequence[Contents]) -> Contents:
    """One study of several; the last folder's settings are the ones that count as usual."""
    records: dict[str, dict[str, Any]] = {}
    headers: dict[str, dict[str, Any]] = {}
    twice = 0
    for content in contents:
        for (key, record), header in zip(content.records.items(), content.headers, strict=True):
            twice += key in records
            if key not in records or records[key]["status"] != "ok":
                records[key], headers[key] = record, header
    every = [content.header for content in contents]
    header = dict(every[-1])
    for name in ("problems", "methods", "params"):
        header[name] = list(dict.fromkeys(label for one in every for label in one[name]))
    titles = list(dict.fromkeys(one["title"] for one in every))
    header |= {"title": " + ".join(titles), "total": max(len(records), *(one["total"] for one in every))}
    warnings = [warning for content in contents for warning in content.warnings]
    if twice:
        warnings.append(f"{twice} trials are in several of the folders and count once.")
    sessions = [session for content in contents for session in content.sessions]
    one = Contents(contents[0].folder, header, sessions, records, [headers[key] for key in records], warnings)
    one.rename()
    return one


def read_contents(path: Path) -> Contents:
    """Read a journal; damaged lines are left out and told."""
    content = Contents(path.parent, {}, [], {}, [], [])
    under: dict[str, dict[str, Any]] = {}
    try:
        with without_collector():  # nothing read here is garbage, and looking for it takes a third of the time
            for number, record, torn in read_lines(path):
                if number == 1 and not torn:
                    check_version(record, path)
                if record is None:
                    what = "is unfinished" if torn else "is damaged"
                    content.warnings.append(
                        f"Line {number} of {path} {what} and was left out; its trial will run again."
                    )
                elif "journal" in record:
                    check_version(record, path)
                    content.header = record
                elif record["kind"] == "session":
                    content.sessions.append(record)
                else:
                    content.records.pop(record["key"], None)  # what was written last comes last
                    content.records[record["key"]], under[record["key"]] = record, content.header
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path} cannot be read ({error.strerror}).") from error
    content.headers = [under[key] for key in content.records]
    content.rename()
    return content
