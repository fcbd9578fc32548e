"""What a lesson is: a program that gives numbers and figures, and beside it a text with places for the numbers."""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.figures.style import Figure

Array = np.ndarray[Any, Any]
Numbers = dict[str, float | int]
Row = dict[str, Any]

GRAD_COST = 4.0
"""Evaluations charged for one gradient, the upper end of the cheap-gradient bound."""


@dataclass(frozen=True)
class Drawing:
    """A figure with its data."""

    name: str
    """File name without ending."""
    figure: Figure
    rows: Sequence[Mapping[str, Any]]
    """What the figure shows; the keys of the first are the columns of the CSV file."""
    motion: Callable[[Path], Path] | None = None
    """Writes the same in motion to the path of a gif, and returns it; the page has it folded away."""
    after: int | None = None
    """Number, from 0, of the paragraph beneath which the page has the figure; beneath text and table when left out."""


@dataclass(frozen=True)
class Table:
    """A small table for the page: a heading for each column, and rows of text."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Finding:
    """What a lesson found."""

    text: str
    """Paragraphs with an empty line between them, as `words` gives them."""
    numbers: Mapping[str, float | int]
    """The figures that the lesson claims, for tests and for ``numbers.json``."""
    drawings: Sequence[Drawing]
    table: Table | None = None


@dataclass(frozen=True)
class Lesson:
    """A named study."""

    name: str
    """What the command line calls it."""
    title: str
    study: Callable[[], Finding]
    """Does the work; gives the same each time but for measured seconds."""
    needs: tuple[str, ...] = ()
    """Other lessons that are best read before."""


class _Filling(string.Formatter):
    """`str.format` in which names of numbers may hold dots: that of the whole name comes before attributes."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if field_name in kwargs:
            return kwargs[field_name], field_name
        return super().get_field(field_name, args, kwargs)


def words(module: str, part: str = "", /, **values: Any) -> str:
    """The text of a lesson, from the Markdown file beside its program, with all numbers in their places.

    Parameters
    ----------
    module : str
        ``__name__`` of the program.
    part : str
        The figure whose caption is wanted, which stands below ``## its-name``; the text above all such headings when
        left out.
    **values
        What the places name, such as the lesson's numbers: ``{error:.0e}`` is filled as in an f-string. Constants of
        the program are known. A place that names nothing of both is a ValueError.
    """
    program = sys.modules[module]
    file = Path(str(program.__file__)).with_suffix(".md")
    name, *parts = re.split(r"^## (.+)$", "\n" + file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = dict(zip(["", *parts[::2]], [name, *parts[1::2]], strict=True))
    if part not in found:
        raise ValueError(f"{file.name} has no part {part!r}, only {', '.join(filter(None, found))}")
    text = "\n\n".join(paragraph.strip().replace("\n", " ") for paragraph in found[part].strip().split("\n\n"))
    try:
        return _Filling().vformat(text, (), {**vars(program), **values})
    except (KeyError, AttributeError, IndexError) as error:
        raise ValueError(f"{file.name} has a place for a number that its program does not give: {error}") from error


def named(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of one kind under names without spaces.

    Examples
    --------
    >>> named("cost", {"random search": 3})
    {'cost_random_search': 3}
    """
    return {f"{kind}_{name}".replace(" ", "_"): value for name, value in values.items()}


def records(**columns: Any) -> list[Row]:
    """Rows of a table from its columns; a single word or number stands in each row.

    Examples
    --------
    >>> records(way="uphill", n=[1, 2])
    [{'way': 'uphill', 'n': 1}, {'way': 'uphill', 'n': 2}]
    """
    single = [isinstance(column, str) or not hasattr(column, "__len__") for column in columns.values()]
    count = next(len(column) for column, one in zip(columns.values(), single, strict=True) if not one)
    filled = [[c] * count if one else c for c, one in zip(columns.values(), single, strict=True)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*filled, strict=True)]
