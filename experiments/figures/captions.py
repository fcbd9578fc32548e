"""What figures that compare methods are drawn from, and phrases that several captions and descriptions share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.figures.style import Figure, LineStyle, describe
from experiments.statistics.cells import Cell


@dataclass(frozen=True)
class Comparison:
    """What a figure that compares methods shows."""

    cells: Sequence[Cell]  # all methods on all problems of the figure
    styles: Mapping[str, LineStyle]  # per method label, for methods without cells too
    grad_cost: float = 4.0  # evaluations charged for one gradient, for the caption
    notes: Sequence[str] = ()  # sentences that end the caption

    @property
    def look(self) -> dict[str, LineStyle]:
        """Styles of the methods that have cells, in the study's order."""
        here = {cell.method for cell in self.cells}
        return {label: style for label, style in self.styles.items() if label in here}

    @property
    def problems(self) -> list[str]:
        """Labels of the problems, in the study's order."""
        return list(dict.fromkeys(cell.problem for cell in self.cells))

    def describe(self, figure: Figure, caption: str, alt: str) -> None:
        """Keep caption, notes and alternative text with the figure."""
        describe(figure, " ".join([caption, *self.notes]), alt)


def trial_count(cells: Sequence[Cell]) -> str:
    """Number of trials per method and problem: one number, or the range of it."""
    counts = sorted({len(cell.costs) for cell in cells if cell.costs})
    if not counts:
        return "no"
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names with commas and an "and"; of many the first ones.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    words = list(names)
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def in_words(ends: Mapping[str, float], measure: str, *, low: bool = True) -> str:
    """Who is first and who is last in a picture, for those who do not see it.

    Examples
    --------
    >>> in_words({"a": 2.0, "b": 1.0}, "gap")
    'lowest gap: b (1), highest: a (2)'
    """
    known = {name: value for name, value in ends.items() if not np.isnan(value)}
    if not known:
        return "no values"
    ordered = sorted(known, key=lambda name: known[name], reverse=not low)
    words = ("lowest", "highest") if low else ("highest", "lowest")
    (best, worst) = (ordered[0], ordered[-1])
    return f"{words[0]} {measure}: {best} ({known[best]:.3g}), {words[1]}: {worst} ({known[worst]:.3g})"


def first_of(shown: int, every: int, what: str) -> str:
    """A sentence on what a figure leaves out, with a space before it; nothing where it shows all.

    Examples
    --------
    >>> first_of(4, 24, "pairs of problem and method")
    ' Shown: the first 4 of 24 pairs of problem and method.'
    """
    return f" Shown: the first {shown} of {every} {what}." if shown < every else ""
