"""Labels that have changed since records were written: what is the same by its settings goes by its latest label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.records import Record, digest, swept_label

Labels = dict[str, dict[str, str]]


def renames(old: Mapping[str, Any], new: Mapping[str, Any]) -> Labels:
    """For ``problem`` and ``method`` the labels of one study, as plain tables, that are others in a later one.

    Examples
    --------
    >>> old = {"methods": [{"name": "snes", "label": "A"}], "problems": []}
    >>> renames(old, {"methods": [{"name": "cmaes", "label": "A"}, {"name": "snes", "label": "B"}], "problems": []})
    {'problem': {}, 'method': {'A': 'B'}}
    """
    found: Labels = {}
    for part in ("problem", "method"):
        later: dict[str, list[str]] = {}
        for row in new.get(f"{part}s", ()):
            later.setdefault(digest(row), []).append(_label(row))
        mine = found[part] = {}
        for row in old.get(f"{part}s", ()):
            labels = later.get(digest(row))  # a digest knows no label
            if labels and _label(row) not in labels:
                mine[_label(row)] = labels[0]
    return found


def renamed(
    records: Sequence[Record], headers: Sequence[dict[str, Any]], latest: Mapping[str, Any]
) -> tuple[list[Record], list[dict[str, Any]]]:
    """Records, and for each the header under which it was written, with the labels of the latest header."""
    different = {id(one): one for one in headers}
    labels = {place: renames(one["spec"], latest["spec"]) for place, one in different.items()}
    changed = {place: _header(one, labels[place]) for place, one in different.items() if any(labels[place].values())}
    pairs = zip(records, headers, strict=True)
    found = [_record(record, labels[id(one)]) if id(one) in changed else record for record, one in pairs]
    return found, [changed.get(id(one), one) for one in headers]


def _header(header: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """A header with these labels in the place of its own."""
    spec, lists = dict(header["spec"]), {}
    for part, new in labels.items():
        rows = [{**row, "label": new[_label(row)]} if _label(row) in new else row for row in spec.get(f"{part}s", ())]
        spec[f"{part}s"] = rows
        lists[f"{part}s"] = [new.get(label, label) for label in header[f"{part}s"]]
    return {**header, **lists, "spec": spec}


def _record(record: Record, labels: Labels) -> Record:
    """A record with these labels in the place of its own; a swept name or dimension stands in both."""
    changes = {}
    for part, new in labels.items():
        for before, after in new.items():
            if record[part]["label"] == swept_label(before, part, record["params"]):
                changes[part] = {**record[part], "label": swept_label(after, part, record["params"])}
                break
    return {**record, **changes}


def _label(row: Any) -> str:
    return str(row.get("label") or row["name"]) if isinstance(row, Mapping) else str(row)
