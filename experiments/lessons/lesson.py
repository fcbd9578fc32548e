"""What a lesson is: a study in a function, that gives text, numbers and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        One paragraph, or several with an empty line between them; every number in them comes from `numbers` or from
        the same computation.
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
    needs: tuple[str, ...] = field(default=())
