"""Folders of results: open one for a study, go on with it, load it."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.curve import Curve, pack, unpack
from experiments.journal import NAME, VERSION, Journal, StoreError, check_version, read_lines
from experiments.provenance import provenance
from experiments.records import Trial, digest
from experiments.spec import Spec

__all__ = ["Store", "StoreError", "Study", "load"]

# What may differ between two starts of one study: nothing of it changes a number.
_FREE = ("title", "timeout")


@dataclass
class Study:
    """A study with its results.

    Attributes
    ----------
    header
        ``name``, ``title``, ``spec`` (the study as plain tables), ``grad_cost``, ``precision``, ``problems`` and
        ``methods`` (labels in order), ``params`` (swept parameters), ``total`` (trials asked for), ``sessions``
        (provenance of every start).
    trials
        One dict per finished trial, in the study's order: ``key``, ``problem`` and ``method`` (``name``, ``label``,
        ``options``), ``params``, ``seed``, ``status`` (ok, error, timeout), ``error``, ``n``, ``f_opt``, ``maxcost``,
        ``f``, ``x``, ``nfev``, ``njev``, ``n_failed``, ``cost``, ``seconds``, ``score``, ``score_name``, ``stop``,
        ``message`` and ``curve`` (`experiments.curve.Curve`).
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
        "title": spec.title or spec.name,
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
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"{self.folder} is a file; choose a folder for the results.")
        fresh = not (self.folder / NAME).exists()
        if fresh and self.folder.is_dir() and any(p.name != "journal.lock" for p in self.folder.iterdir()):
            raise StoreError(f"{self.folder} holds files but no journal of a study; choose another folder.")
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
        study = _read(self.journal.path)
        if not study.header:  # killed while the very first line was written
            self.journal.cut_tail()
            return True
        same = study.header["identity"] == header["identity"]
        if not same and not extend:
            raise StoreError(
                f"{self.folder} holds another study ({study.header['name']}: "
                f"{_difference(study.header['spec'], header['spec'])}); choose another folder with --out, or add to it "
                "with --extend."
            )
        self.journal.cut_tail()
        self.finished = {trial["key"]: trial["status"] for trial in study.trials}
        self.warnings = study.warnings
        return not same

    def missing(self, *, retry_failed: bool = False) -> list[Trial]:
        """List the trials still to run, in order."""
        done = {key for key, status in self.finished.items() if status == "ok" or not retry_failed}
        return [trial for trial in self.trials if trial["key"] not in done]

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


def load(folder: str | Path) -> Study:
    """Load a folder of results, finished or not.

    Parameters
    ----------
    folder
        As `run_study` filled it.

    Returns
    -------
    Study

    Raises
    ------
    StoreError
        If there is no journal in it, or one of a newer version.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise StoreError(f"{folder} holds no results (there is no {NAME} in it).")
    study = _read(path)
    if not study.header:
        raise StoreError(f"{path} is empty; run the study again.")
    return study


def _read(path: Path) -> Study:
    header: dict[str, Any] = {}
    sessions: list[dict[str, Any]] = []
    trials: dict[str, dict[str, Any]] = {}
    warnings: list[str] = []
    # Nothing read here is garbage: the collector would go over a growing heap again and again, for a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number, record, torn in read_lines(path):
            if number == 1 and not torn:
                check_version(record, path)
            if record is None:
                what = "is unfinished" if torn else "is damaged"
                warnings.append(f"Line {number} of {path} {what} and was left out; its trial will run again.")
            elif "journal" in record:
                check_version(record, path)
                header = record
            elif record["kind"] == "session":
                sessions.append(record)
            else:
                trials[record["key"]] = record
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path} cannot be read ({error.strerror}).") from error
    finally:
        if collecting:
            gc.enable()
    if header:
        header["sessions"] = sessions
        grad_cost = float(header["grad_cost"])
        for record in trials.values():
            record["curve"] = Curve(record["curve"], grad_cost)
            if record["x"] is not None:
                record["x"] = unpack(record["x"])
    ordered = sorted(trials.values(), key=lambda record: record["index"])
    return Study(header, ordered, path.parent, warnings)
