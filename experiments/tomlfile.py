"""Read TOML and remember on which line every key stands, so that a mistake can be shown where it was made."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Key = str | int


class SpecError(ValueError):
    """A mistake in a study's description.

    Parameters
    ----------
    path
        Where: keys and list positions from the top, e.g. ``("problems", 1, "n")``.
    reason
        What came, what was expected, the cure.
    """

    def __init__(self, path: Sequence[Key], reason: str) -> None:
        self.path = tuple(path)
        self.reason = reason
        super().__init__(f"{show_path(self.path)} {reason}" if self.path else reason)

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Key, ...], str]]:
        return SpecError, (self.path, self.reason)


def show_path(path: Sequence[Key]) -> str:
    """Write a path as a reader would: ``problems[1].n``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*(\]\]?)\s*(#.*)?$")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.|=|$)""")


def _parts(text: str) -> list[str]:
    """Split a dotted TOML key (``a."b.c".d``) into its parts, stopping at ``=``."""
    parts: list[str] = []
    position = 0
    while match := _PART.match(text, position):
        parts.append(next(group for group in match.groups()[:3] if group is not None))
        position = match.end()
        if match.group(4) != ".":
            return parts
    return []


def _depth(line: str) -> int:
    """Count the brackets that a line leaves open, outside strings and comments."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', "", line).split("#", 1)[0]
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")


def key_lines(text: str) -> dict[tuple[Key, ...], int]:
    """Map every key's path to its line number (from 1); array tables carry their position in the path."""
    lines: dict[tuple[Key, ...], int] = {}
    counts: dict[tuple[Key, ...], int] = {}
    table: tuple[Key, ...] = ()
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if depth > 0:
            depth += _depth(line)
            continue
        header = _HEADER.match(line)
        if header:
            table = ()
            names = _parts(header.group(2))
            for position, name in enumerate(names):
                table = (*table, name)
                last = position == len(names) - 1
                if header.group(1) == "[[" and last:
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    table = (*table, counts[table])
                lines.setdefault(table, number)
        elif (parts := _parts(line)) and "=" in line:
            for end in range(1, len(parts) + 1):
                lines.setdefault((*table, *parts[:end]), number)
            depth = max(0, _depth(line.split("=", 1)[1]))
    return lines


def line_of(text: str, path: Sequence[Key]) -> int | None:
    """Find the line of a key, or of the nearest table around it.

    Examples
    --------
    >>> line_of("name = 'a'\\n[[problems]]\\nn = 0\\n", ("problems", 0, "n"))
    3
    """
    # A dotted key and a quoted one with dots are the same place for a reader.
    lines = {_spelled_out(key): number for key, number in reversed(key_lines(text).items())}
    full = _spelled_out(path)
    return next((lines[full[:end]] for end in range(len(full), 0, -1) if full[:end] in lines), None)


def _spelled_out(path: Sequence[Key]) -> tuple[Key, ...]:
    parts: list[Key] = []
    for key in path:
        parts.extend([key] if isinstance(key, int) else key.split("."))
    return tuple(parts)


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The tables of a TOML file, and its text for `line_of`; a syntax error names the file and the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError((), f"{path} is not valid TOML: it must be UTF-8, byte {error.start + 1} is not.") from None
    except OSError as error:
        raise SpecError((), f"{path} cannot be read ({error.strerror}).") from None
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise SpecError((), f"{path} is not valid TOML: {error}") from None


def is_number(value: Any) -> bool:
    """Whether a value is a finite number that a float can hold."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < math.inf and abs(value) < 10**300  # an int may be too large for a float


def is_whole(value: Any, least: int = 0) -> bool:
    """Whether a value is an integer, and no less than that."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def positive(value: Any, where: Sequence[str | int]) -> None:
    """Refuse what is neither None nor a positive number."""
    if value is not None and not (is_number(value) and value > 0):
        raise SpecError(where, f"must be a positive number, got {value!r}.")


def plain(value: Any, where: Sequence[str | int]) -> Any:
    """Turn an option, or a value of a sweep, into what JSON and TOML can hold, so that a key can be made of it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(k): plain(v, (*where, str(k))) for k, v in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(v, (*where, i)) for i, v in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(where, f"must be a finite number, got {value!r}.")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise SpecError(where, f"must be text, got {value!r}, which has halves of characters.")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SpecError(where, f"must be a number, a word, a list or a table, got {type(value).__name__}.")
