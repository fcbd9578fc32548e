"""Names, random streams and records of trials: what a trial is before and after it runs.

A trial is named by the SHA-256 of its content, and its random streams come from that name, so they depend neither on
the order of the trials nor on the worker, nor on what was added to the study later.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Trial = dict[str, Any]
Record = dict[str, Any]
Kind = tuple[str, Any, str]

_CONTENT = ("problem", "method", "seed", "budget", "maxcost", "precision", "grad_cost", "study_seed")


def _canonical(value: Any) -> Any:
    """Make equal contents look equal: 1.0 is 1, labels do not count, None is absent."""
    if isinstance(value, Mapping):
        return {k: _canonical(v) for k, v in value.items() if k != "label" and v is not None}
    if isinstance(value, list | tuple):
        return [_canonical(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def digest(content: Any) -> str:
    """Hash plain data by its canonical JSON; 32 hexadecimal digits."""
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def key_of(trial: Mapping[str, Any]) -> str:
    """Name a trial by its content: all that its numbers depend on besides the code."""
    return digest({name: trial.get(name) for name in _CONTENT})


def swept_label(label: str, part: str, params: Mapping[str, Any]) -> str:
    """The label of a trial's problem or method, in which stand the name and the dimension that the sweep has put in.

    Another function or dimension is another problem in tables and figures.

    Examples
    --------
    >>> swept_label("sphere (n=2)", "problem", {"problem.n": 5, "problem.name": "rastrigin"})
    'rastrigin (n=5)'
    """
    for path, value in params.items():
        head, n, _ = label.partition(" (n=")
        if path == f"{part}.name":
            label = f"{value}{label[len(head) :] if n else ''}"
        elif path == "problem.n" == f"{part}.n":
            label = f"{head} (n={value})"
    return label


def _sequence(study_seed: int, name: str) -> np.random.SeedSequence:
    return np.random.SeedSequence([study_seed, *(int(name[i : i + 8], 16) for i in range(0, 32, 8))])


def streams(trial: Mapping[str, Any]) -> tuple[np.random.SeedSequence, np.random.SeedSequence]:
    """Give the seeds of a trial: for the problem's side (start point, noise) and for the method's.

    The first one does not depend on the method, so that all methods start repeat 3 of a problem from the same point.
    """
    shared = digest({name: trial[name] for name in ("problem", "seed")})
    return _sequence(trial["study_seed"], shared), _sequence(trial["study_seed"], trial["key"])


def kind_of(trial: Mapping[str, Any]) -> Kind:
    """Trials of one kind take about the same time."""
    return trial["problem"]["label"], trial["problem"]["n"], trial["method"]["name"]


def weight_of(trial: Mapping[str, Any]) -> float:
    """A guess at the relative length of a trial: its budget in evaluations, more where there are many variables.

    The overhead of a generation does not depend on the dimension up to some tens of variables.
    """
    return whole_cost(trial) * (20.0 + float(trial["problem"].get("n") or 10))


def whole_cost(trial: Mapping[str, Any]) -> float:
    """The budget of a trial."""
    return float(trial.get("maxcost") or (trial.get("budget") or 1.0) * float(trial["problem"].get("n") or 10))


def allowance(*words: Mapping[str, Any]) -> dict[str, Any]:
    """What a trial may spend, `budget` for each variable or `maxcost` in all: by the first table that says one."""
    said = ((name, table[name]) for table in words for name in ("maxcost", "budget") if table.get(name) is not None)
    return {"budget": None, "maxcost": None} | dict(itertools.islice(said, 1))


def blank_record(trial: Mapping[str, Any]) -> Record:
    """Give the record of a trial before anything has happened."""
    record: Record = {name: trial[name] for name in ("key", "index", "problem", "method", "params", "seed")}
    record |= {"status": "ok", "error": "", "n": trial["problem"]["n"] or 0, "f_opt": None, "maxcost": trial["maxcost"]}
    record["precision"] = trial.get("precision")
    record |= {"f": None, "x": None, "nfev": 0, "njev": 0, "n_failed": 0, "cost": 0.0, "seconds": 0.0}
    return record | {"score": None, "score_name": None, "stop": {}, "message": "", "curve": {}, "output": ""}


def judged(record: Record) -> Record:
    """Call a trial failed that ended well but has nothing to show: no evaluation, or none with a finite value."""
    if record["status"] != "ok" or record["n_failed"] < record["nfev"]:
        return record
    made = record["nfev"]
    what = f"none of the {made} evaluations gave a finite value" if made else "no evaluation was made"
    return record | {"status": "error", "error": what, "message": what}


def failed_record(trial: Mapping[str, Any], error: str) -> Record:
    """Give the record of a trial that never came back, such as one whose worker died."""
    return blank_record(trial) | {"status": "error", "error": error, "message": error.strip().splitlines()[-1]}


def worker_died(trial: Trial, timeout: float | None, error: BaseException) -> Record:
    """Give the record of a trial whose worker died twice."""
    reason = " ".join(str(error).split())[:300]
    late = f" or it did not stop at its time limit of {timeout:g} s" if timeout is not None else ""
    return failed_record(
        trial,
        "The worker process died with this trial, and again when it ran alone: it ran out of memory, the code under "
        f"trial crashed{late} ({type(error).__name__}: {reason}).",
    )
