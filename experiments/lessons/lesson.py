"""What a lesson is: a program that gives numbers and figures, and beside it a text with places for the numbers."""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
Numbers = dict[str, float | int]

GRAD_COST = 4.0
"""Evaluations charged for one gradient, the upper end of the cheap-gradient bound."""


@dataclass(frozen=True)
class Drawing:
    """A figure with its data.

    Attributes
    ----------
    name : str
        File name without ending.
    figure : Figure
    rows : sequence of dict
        What the figure shows; the keys of the first are the columns of the CSV file.
    motion : callable, optional
        Writes the same in motion: `motion(file)` is called with the path of a gif and returns it. The page has it
        beneath the figure, folded away.
    after : int, optional
        Number, from 0, of the paragraph beneath which the page has the figure; beneath text and table when left out.
    """

    name: str
    figure: Figure
    rows: Sequence[Mapping[str, Any]]
    motion: Callable[[Path], Path] | None = None
    after: int | None = None


@dataclass(frozen=True)
class Table:
    """A small table for the page: a heading for each column, and rows of text."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Finding:
    """What a lesson found.

    Attributes
    ----------
    text : str
        One paragraph, or several with an empty line between them, as `words` gives them.
    numbers : dict of str to number
        The figures that the lesson claims, for tests and for ``numbers.json``.
    drawings : sequence of Drawing
    table : Table, optional
    """

    text: str
    numbers: Mapping[str, float | int]
    drawings: Sequence[Drawing]
    table: Table | None = None


@dataclass(frozen=True)
class Lesson:
    """A named study.

    Attributes
    ----------
    name, title : str
        What the command line and the page call it.
    study : callable
        Does the work: no arguments, returns a `Finding`, the same each time but for measured seconds.
    needs : tuple of str
        Other lessons that are best read before.
    """

    name: str
    title: str
    study: Callable[[], Finding]
    needs: tuple[str, ...] = ()


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
        The figure whose caption is wanted: what stands below ``## its-name``. What stands above all such headings
        when left out.
    **values
        What the places name, such as the lesson's numbers: ``{error:.0e}`` is filled as an f-string would be. The
        constants of the program are known without being given.

    Returns
    -------
    str
        Paragraphs with an empty line between them.

    Raises
    ------
    ValueError
        If the file has no such part, or a place names what is neither given nor a constant.
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


def records(**columns: Any) -> list[dict[str, Any]]:
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
