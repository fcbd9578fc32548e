"""Trials of different settings in one folder: rows of their own, never one pool.

A folder that was extended after `budget`, `grad_cost` or an option changed, and folders that were merged, hold trials
that are no repeats of each other although problem and method have the same labels.  Their labels say then what differs
from the study as it was asked for last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.records import allowance, digest

TERMS = ("budget", "maxcost", "precision", "grad_cost")
DEFAULTS = {"budget": 1000.0, "precision": 1e-8, "grad_cost": 4.0}


def terms_of(spec: Mapping[str, Any], problem: Mapping[str, Any]) -> dict[str, Any]:
    """What a study, as plain tables, allows and asks of a run on a problem of a record: budget, precision and the price
    of a gradient."""
    tables = [row if isinstance(row, Mapping) else {"name": row} for row in spec.get("problems", ())]
    same = [row for row in tables if row.get("name") == problem["name"]]
    # A swept dimension is in the label of the record alone; where one row has the name it is that one.
    alone = same[0] if len(same) == 1 else {}
    own: Mapping[str, Any] = next((row for row in same if row.get("label") == problem.get("label")), alone)
    terms = DEFAULTS | {name: spec[name] for name in TERMS if name in spec}
    precision = own.get("precision") or terms["precision"]
    return terms | {"precision": precision} | allowance(own, terms)


def _options(trial: Mapping[str, Any], part: str, drop: frozenset[str]) -> dict[str, Any]:
    """Name, dimension and options of a trial's problem or method that the sweep does not vary and the repeat does not
    set."""
    swept = {path.partition(".")[2] for path in trial["params"] if path.startswith(f"{part}.")}
    every = {"name": trial[part]["name"], "n": trial[part].get("n"), **trial[part]["options"]}
    return {name: value for name, value in every.items() if name not in swept | drop}


def _seeded(spec: Mapping[str, Any]) -> frozenset[str]:
    """Options whose value is the number of the repeat."""
    rows = [row for row in spec.get("problems", ()) if isinstance(row, Mapping)]
    return frozenset(name for row in rows for name, value in row.items() if value == "seed")


def separate(trials: Sequence[dict[str, Any]], specs: Sequence[Mapping[str, Any]], latest: Mapping[str, Any]) -> str:
    """Give trials of other settings labels of their own, in place; the trials of the latest study keep theirs.

    The records stand in the order in which they were written, each with the study under which it ran, as plain tables.
    Returns a sentence on what was found; it is empty if all trials are of one setting.
    """
    drop = _seeded(latest).union(*(_seeded(spec) for spec in {id(spec): spec for spec in specs}.values()))
    found: set[str] = set()
    places = [{part: _place(trial, part) for part in ("problem", "method")} for trial in trials]
    usual: dict[tuple[str, ...], dict[str, Any]] = {}
    for trial, place in zip(reversed(trials), reversed(places), strict=True):
        for part in place:  # what ran last under these labels is what the study asks for now
            usual.setdefault(place[part], _options(trial, part, drop))
    for trial, place, spec in zip(trials, places, specs, strict=True):
        asked, had = terms_of(latest, trial["problem"]), terms_of(spec, trial["problem"])
        had["precision"] = trial["precision"]
        swept = set(trial["params"])
        if swept & {"budget", "maxcost"}:
            swept |= {"budget", "maxcost"}
        other = {name: had[name] for name in TERMS if name not in swept and digest(had[name]) != digest(asked[name])}
        other = {name: value for name, value in other.items() if value is not None}
        # Another precision is another task, if the optimum is known; the rest is how a method was run.
        task = {name: other.pop(name) for name in ("precision",) if name in other}
        for part, words in (("problem", {} if trial.get("f_opt") is None else task), ("method", other)):
            mine, now = _options(trial, part, drop), usual[place[part]]
            words = words | {k: mine.get(k) for k in {**mine, **now} if digest(mine.get(k)) != digest(now.get(k))}
            if words:
                text = ", ".join(f"{name}={_word(value)}" for name, value in sorted(words.items()))
                trial[part] = {**trial[part], "label": f"{trial[part]['label']} [{text}]"}
                found.add(f"{trial[part]['label']}")
    if not found:
        return ""
    names = sorted(found)
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"Trials of other settings than the study now asks for are rows of their own: {shown}."


def _word(value: Any) -> str:
    return "default" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _place(trial: Mapping[str, Any], part: str) -> tuple[str, ...]:
    return (part, str(trial["problem"]["label"]), str(trial["method"]["label"] if part == "method" else ""))
