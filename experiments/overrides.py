"""Changes to a study from the command line: ``key=value`` and its forms with several values."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.sweep import flat_conditions, listed, parse_override


def apply_overrides(data: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """Apply words such as ``seeds=3``, ``methods=cmaes,snes`` or ``method.sigma0=0.1,1`` to a study's tables.

    ``method.<option>`` and ``problem.<option>`` with one value set it for all methods or problems; with several they
    become an axis of the sweep's grid (``problem.n`` gives one problem per dimension instead).  ``methods`` and
    ``problems`` choose by name and keep the settings of those that the study has.  `data` is left as it is.
    """
    new = copy.deepcopy(dict(data))
    # Who takes part is settled first, so that the order of the words does not matter.
    for path, value, many in sorted(map(parse_override, words), key=lambda p: p[0] not in ("methods", "problems")):
        head, _, option = path.partition(".")
        if path in ("methods", "problems"):
            new[path] = _choose(new.get(path, []), value if many else [value])
        elif head in ("method", "problem") and option:
            if many and path != "problem.n":
                _set_axis(new, path, value)
            else:
                _drop_axis(new, path)
                _drop_condition(new, path)
                new[f"{head}s"] = [_with(row, option, value) for row in new.get(f"{head}s", [])]
        elif many and path != "seeds":
            _set_axis(new, path, value)
        else:
            _drop_axis(new, path)
            _drop_condition(new, path)
            new[path] = value
    asked = [parse_override(word)[0] for word in words]
    for part in ("method", "problem"):
        if f"{part}s" in asked:
            before, now = (_names(tables.get(f"{part}s", [])) for tables in (data, new))
            _drop_foreign(new, f"{part}.name", [name for name in before if name not in now], now, asked)
    return new


def _names(rows: Any) -> list[Any]:
    """The names in rows of methods or problems."""
    tables = [row if isinstance(row, Mapping) else {"name": row} for row in (rows if isinstance(rows, list) else [])]
    return [name for table in tables for name in listed(table.get("names", table.get("name")))]


def _drop_foreign(data: dict[str, Any], key: str, gone: list[Any], now: list[Any], asked: Sequence[str]) -> None:
    """Take those parameters out of the sweep, if not asked for, that by their conditions only what has gone takes."""
    for path, condition in _conditions(data).items():
        names = listed(condition.get(key, [])) if isinstance(condition, Mapping) else []
        if path not in asked and any(name in gone for name in names) and not any(name in now for name in names):
            _drop_axis(data, path)
            _drop_condition(data, path)


def _conditions(data: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions of the sweep by path; what is no table is left to those who refuse it."""
    sweep = data.get("sweep")
    when = sweep.get("when") if isinstance(sweep, Mapping) else None
    return flat_conditions(when) if isinstance(when, Mapping) else {}


def _drop_condition(data: dict[str, Any], path: str) -> None:
    """Take out the condition of a parameter that is swept no longer."""
    conditions = _conditions(data)
    if conditions.pop(path, None) is not None:
        data["sweep"]["when"] = conditions


def _choose(rows: Sequence[Any], names: Sequence[Any]) -> list[Any]:
    """Keep the rows of the chosen names; a name that the study lacks is added bare."""
    chosen: list[Any] = []
    for name in names:
        same = [row for row in rows if (row.get("name") if isinstance(row, Mapping) else row) == name]
        chosen.extend(same or [{"name": name}])
    return chosen


def _with(row: Any, option: str, value: Any) -> dict[str, Any]:
    table = {"name": row} if isinstance(row, str) else dict(row)
    table[option] = value
    if option == "n":
        table.pop("label", None)
    return table


def _set_axis(data: dict[str, Any], path: str, values: Sequence[Any]) -> None:
    _drop_axis(data, path)
    data.setdefault("sweep", {}).setdefault("grid", {})[path] = list(values)


def _drop_axis(data: dict[str, Any], path: str) -> None:
    """Take a parameter out of the sweep, written as a quoted path or as nested tables."""
    sweep, (head, _, option) = data.get("sweep", {}), path.partition(".")
    for table in (sweep.get("grid", {}), sweep.get("zip", {}), sweep.get("random", {}).get("space", {})):
        table.pop(path, None)
        if isinstance(table.get(head), dict):
            table[head].pop(option, None)
            if not table[head]:
                del table[head]
    if not sweep.get("random", {}).get("space", True):
        del sweep["random"]
