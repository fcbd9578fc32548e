"""Folders of results: open one for a study, go on with it, load it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from experiments.contents import Contents, contents_of, joined, read_contents, short_names
from experiments.curve import Curve, pack, unpack
from experiments.journal import NAME, VERSION, Journal, StoreError
from experiments.provenance import provenance
from experiments.records import Trial, digest
from experiments.settings import separate, terms_of
from experiments.spec import Spec

__all__ = ["Store", "StoreError", "Study", "load", "merge"]

# What may differ between two starts of one study: nothing of it changes a number.
_FREE = ("title", "timeout")


@dataclass
class Study:
    """A study with its results.

    Attributes
    ----------
    header
        ``name``, ``title``, ``spec`` (the study as plain tables), ``grad_cost``, ``precision``, ``problems`` and
        ``methods`` (labels in order), ``params`` (swept parameters), ``total`` (trials asked for, and those that
        the folder held when it was extended), ``sessions``
        (provenance of every start).
    trials
        One dict per finished trial, in the study's order: ``key``, ``problem`` and ``method`` (``name``, ``label``,
        ``options``), ``params``, ``seed``, ``status`` (ok, error, timeout), ``error``, ``n``, ``f_opt``, ``maxcost``,
        ``precision``, ``f``, ``x``, ``nfev``, ``njev``, ``n_failed``, ``cost``, ``seconds``, ``score``,
        ``score_name``, ``stop``, ``message`` and ``curve`` (`experiments.curve.Curve`).
    folder
        Where it was loaded from.
    warnings
        Damaged lines and the like, one sentence each.
    """

    header: dict[str, Any]
    trials: list[dict[str, Any]]
    folder: Path | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def grad_cost(self) -> float:
        """What a gradient is charged, in evaluations."""
        return float(self.header.get("grad_cost", 4.0))

    @property
    def settings(self) -> dict[str, Any]:
        """The study as it was asked for."""
        return {
            **self.header.get("spec", {}),
            **{k: v for k, v in self.header.items() if k not in ("spec", "sessions")},
        }

    @property
    def provenance(self) -> dict[str, Any]:
        """Code, versions, host and command of the latest start."""
        sessions = self.header.get("sessions") or [{}]
        return dict(sessions[-1])

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The trials that ended in an error or ran out of time."""
        return [trial for trial in self.trials if trial["status"] != "ok"]

    def _repr_html_(self) -> str:
        """The table of results, for notebooks."""
        from experiments.statistics.summary import summary_table, used_columns

        there = f"{len(self.trials)} of {self.header['total']} trials finished, {len(self.failed)} failed"
        text = [f"<p><b>{escape(self.header['title'])}</b>: {there}</p>"]
        if self.trials:
            names, rows = used_columns(summary_table(self))
            head = "".join(f"<th>{escape(name)}</th>" for name in names)
            body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
            text.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        return "".join(text)


def identity(tables: Mapping[str, Any]) -> str:
    """Name a study by what its numbers depend on."""
    return digest({key: value for key, value in tables.items() if key not in _FREE})


def header_of(spec: Spec, trials: list[Trial]) -> dict[str, Any]:
    """Make the first line of a study's journal."""
    tables = spec.to_dict()
    problems = dict.fromkeys(trial["problem"]["label"] for trial in trials)
    return {
        "journal": VERSION,
        "name": spec.name,
        "title": spec.heading,
        "identity": identity(tables),
        "spec": tables,
        "grad_cost": spec.grad_cost,
        "precision": spec.precision,
        "problems": list(problems),
        "methods": [method.label for method in spec.methods],
        "params": spec.sweep.params,
        "total": len(trials),
    }


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Name the first setting in which two studies differ."""
    for key in [*new, *old]:
        if key not in _FREE and digest(old.get(key)) != digest(new.get(key)):
            before, after = (json.dumps(tables.get(key)) for tables in (old, new))
            return f"{key} is {_short(before)} there and {_short(after)} here"
    return "labels differ"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class Store:
    """A folder opened for a study, as its only writer.

    Parameters
    ----------
    folder
        New, empty, or one of the same study.
    spec
        The study.
    extend
        Take a folder whose study has other settings, and add this study's trials to it.

    Raises
    ------
    StoreError
        For a folder of another study, one that another process writes, one that cannot be written, and a journal of a
        newer version.  Nothing in it is changed then.
    """

    def __init__(self, folder: str | Path, spec: Spec, *, extend: bool = False) -> None:
        self.folder = Path(folder)
        self.trials = spec.trials
        self.warnings: list[str] = []
        self.finished: dict[str, str] = {}
        header = header_of(spec, self.trials)
        fresh = _is_free(self.folder)
        self.journal = Journal(self.folder)
        try:
            fresh = fresh or self.journal.path.stat().st_size == 0
            if not fresh:
                fresh = self._go_on(header, extend)
            if fresh:
                self.journal.append(header)
            self.journal.append({"kind": "session", **provenance()})
        except BaseException:
            self.journal.close()
            raise

    def _go_on(self, header: dict[str, Any], extend: bool) -> bool:
        """Take over what the folder holds; True if the header is to be written (again)."""
        study = _held(self.folder, header, extend)
        self.journal.cut_tail()
        if not study.header.get("journal"):  # killed while the very first line was written
            return True
        same = study.header["identity"] == header["identity"]
        self.finished = {trial["key"]: trial["status"] for trial in study.trials}
        self.warnings = study.warnings
        # What the folder holds when this study is complete, of which not all need be its own.
        header["total"] = len(self.finished.keys() | {trial["key"] for trial in self.trials})
        # Labels and titles are no part of the identity: the latest ones are those that count.
        plain = [json.dumps({name: table.get(name) for name in header}, sort_keys=True)
                 for table in (header, study.header)]  # fmt: skip
        return not same or plain[0] != plain[1]

    def missing(self, *, retry_failed: bool = False) -> list[Trial]:
        """List the trials still to run, in order."""
        return missing(self.trials, self.finished, retry_failed=retry_failed)

    def add(self, record: dict[str, Any]) -> None:
        """Keep the record of a finished trial."""
        x = record["x"]
        self.journal.append({"kind": "trial", **record, "x": None if x is None else pack(x)})
        self.finished[record["key"]] = record["status"]

    def close(self) -> None:
        """Let another writer in."""
        self.journal.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _is_free(folder: Path) -> bool:
    """Whether a folder holds no journal yet; a StoreError where it must not get one."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; choose a folder for the results.")
    if (folder / NAME).exists():
        return False
    if folder.is_dir() and any(p.name != "journal.lock" for p in folder.iterdir()):
        raise StoreError(f"{folder} holds files but no journal of a study; choose another folder.")
    return True


def _held(folder: Path, header: Mapping[str, Any], extend: bool) -> Study:
    """What a folder holds with a journal to which the study of this header would be added."""
    study = _study(read_contents(folder / NAME))
    there = study.header.get("identity")
    if there is not None and there != header["identity"] and not extend:
        raise StoreError(
            f"{folder} holds another study ({study.header['name']}: "
            f"{_difference(study.header['spec'], header['spec'])}); choose another folder with --out, or add to it "
            "with --extend."
        )
    return study


def finished(folder: str | Path, spec: Spec, *, extend: bool = False) -> dict[str, str]:
    """Key and status of each trial that a folder holds in which a study would run, of which nothing is written; a
    StoreError where `Store` would refuse the folder."""
    folder = Path(folder)
    if _is_free(folder):
        return {}
    return {trial["key"]: trial["status"] for trial in _held(folder, header_of(spec, spec.trials), extend).trials}


def missing(trials: Sequence[Trial], finished: Mapping[str, str], *, retry_failed: bool = False) -> list[Trial]:
    """The trials that are not finished, in order, failed ones among them when they are to be tried again."""
    done = {key for key, status in finished.items() if status == "ok" or not retry_failed}
    return [trial for trial in trials if trial["key"] not in done]


def load(*folders: str | Path, beside: bool = False) -> Study:
    """Load a folder of results, finished or not; several become one study.

    Parameters
    ----------
    *folders
        As `run_study` filled them.  A trial that several of them hold counts once.
    beside
        Whether methods of different folders stand side by side, the folder's name in each label, as two versions of the
        code do; else what has the same settings is pooled.

    Returns
    -------
    Study

    Raises
    ------
    StoreError
        If there is no journal in a folder, or one of a newer version.
    """
    if not folders:
        raise StoreError("name at least one folder of results.")
    contents = [contents_of(Path(folder)) for folder in folders]
    if beside:
        names = short_names([Path(folder) for folder in folders])
        for content, name in zip(contents, names, strict=True):
            content.set_apart(name)
    return _study(contents[0] if len(contents) == 1 else joined(contents))


def merge(folders: Sequence[str | Path], out: str | Path) -> Path:
    """Write the trials of several folders into a new one, which can be loaded, reported and extended like any other.

    Returns
    -------
    Path
        ``out``.
    """
    contents = [contents_of(Path(folder)) for folder in folders]
    target = Path(out)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise StoreError(f"{out} is not empty; choose another folder for the merged trials.")
    whole = joined(contents)
    with Journal(target) as journal:
        now: Any = None
        for record, header in zip(whole.records.values(), whole.headers, strict=True):
            if header is not now:
                journal.append(header)
                now = header
            journal.append(record)
        journal.append(whole.header)
        for session in whole.sessions:
            journal.append(session)
    return target


def _study(content: Contents) -> Study:
    """Unpack what can be used at once, and set trials of other settings apart."""
    header = {**content.header, "sessions": content.sessions}
    if not content.header:
        return Study(header, [], content.folder, content.warnings)
    # Folders that were extended before version 0.2 have a total of the latest study's trials alone.
    header["total"] = max(header["total"], len(content.records))
    records = list(content.records.values())
    specs = [one["spec"] for one in content.headers]
    for record, spec in zip(records, specs, strict=True):
        if record.get("precision") is None:  # records did not hold it before version 0.2
            asked = record["params"].get("precision")
            record["precision"] = terms_of(spec, record["problem"])["precision"] if asked is None else asked
    if any(spec is not content.header["spec"] for spec in specs):
        note = separate(records, specs, content.header["spec"])
        content.warnings += [note] if note else []
    for record, spec in zip(records, specs, strict=True):
        record["curve"] = Curve(record["curve"], float(spec.get("grad_cost", 4.0)))
        if record["x"] is not None:
            record["x"] = unpack(record["x"])
    return Study(header, sorted(records, key=lambda record: record["index"]), content.folder, content.warnings)
