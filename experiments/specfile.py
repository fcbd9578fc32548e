"""Read a study from TOML or from plain tables, with changes from the command line."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.overrides import apply_overrides
from experiments.spec import Method, Problem, Spec, own_keys
from experiments.sweep import sweep_from
from experiments.tomlfile import SpecError, line_of, read_toml

SHIPPED = Path(__file__).parent / "specs"
_TOP = {f.name for f in dataclasses.fields(Spec)}


def spec_from(data: Mapping[str, Any]) -> Spec:
    """Read a study from plain tables; a SpecError has the path of the first mistake."""
    for key in data:
        if key not in _TOP:
            raise SpecError((key,), f"is not known here{_closest(key, _TOP)}.")
    for key in ("name", "problems", "methods"):
        if key not in data:
            raise SpecError((), f"a study needs {key}.")
    top = {key: value for key, value in data.items() if key not in ("problems", "methods", "sweep")}
    problems = [_item(Problem, row, ("problems", i)) for i, row in _rows(data["problems"], "problems")]
    methods = [_item(Method, row, ("methods", i)) for i, row in _rows(data["methods"], "methods")]
    return Spec(**top, problems=problems, methods=methods, sweep=sweep_from(data.get("sweep", {})))


def _rows(rows: Any, what: str) -> list[tuple[int, Mapping[str, Any]]]:
    if not isinstance(rows, list) or not all(isinstance(row, str | Mapping) for row in rows):
        raise SpecError((what,), f"must be a list of names or of tables ([[{what}]]), got {rows!r}.")
    items: list[tuple[int, Mapping[str, Any]]] = []
    for i, row in enumerate(rows):
        table = {"name": row} if isinstance(row, str) else dict(row)
        if "names" not in table:
            items.append((i, table))
            continue
        names = table.pop("names")
        if "name" in table or not isinstance(names, list) or not names:
            raise SpecError((what, i, "names"), f"must be a list of names in place of name, got {names!r}.")
        items += [(i, {"name": name, **table}) for name in names]
    return items


def _item(kind: Any, row: Mapping[str, Any], where: tuple[str, int]) -> Any:
    """Build a Problem or a Method; keys that are not its own are options."""
    names = own_keys(kind)
    if "name" not in row:
        raise SpecError(where, "needs a name.")
    own = {key: value for key, value in row.items() if key in names}
    try:
        return kind(**own, options={key: value for key, value in row.items() if key not in names})
    except SpecError as error:
        raise SpecError((*where, *error.path), error.reason) from None


def _closest(name: str, known: Sequence[str] | set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


def ready_made() -> dict[str, Path]:
    """Give the specs that ship, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load_spec(source: str | Path, overrides: Sequence[str] = ()) -> Spec:
    """Read a study from a TOML file or from the name of a ready-made one, with changes from the command line.

    Parameters
    ----------
    source
        Path of a TOML file, or a name of `ready_made`.
    overrides
        Words such as ``seeds=3`` or ``method.sigma0=0.1,1``.

    Raises
    ------
    SpecError
        Naming the file, the line and the key of the first mistake.
    """
    path = Path(source)
    if not path.suffix and not path.exists():
        shipped = ready_made()
        if str(source) not in shipped:
            raise SpecError((), f"no study is called {str(source)!r}{_closest(str(source), set(shipped))}.")
        path = shipped[str(source)]
    if not path.is_file():
        raise SpecError((), f"there is no file {path}.")
    data, text = read_toml(path)
    data.setdefault("name", path.stem)
    changed = apply_overrides(data, overrides)
    others = any(word.startswith(("methods=", "problems=")) for word in overrides)
    if others and changed.get("title") == data.get("title"):
        changed.pop("title", None)  # it tells of others than those that run
    try:
        return spec_from(changed)
    except SpecError as error:
        line = line_of(text, error.path)
        place = f"{path}, line {line}: " if line else f"{path}: "
        raise SpecError((), f"{place}{error}") from None
