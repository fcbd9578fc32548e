"""Groups of problems that have a panel each: dimensions, and the groups of BBOB functions."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.statistics.cells import Cell

BBOB_GROUPS = {
    "separable (f1–f5)": range(1, 6),
    "moderate (f6–f9)": range(6, 10),
    "ill-conditioned (f10–f14)": range(10, 15),
    "multi-modal (f15–f19)": range(15, 20),
    "weakly structured (f20–f24)": range(20, 25),
}
FEWEST_FUNCTIONS = 10
"""With fewer BBOB functions than this the groups are too small to be shown apart."""

_HOMES = {f"bbob-f{f}": title for title, numbers in BBOB_GROUPS.items() for f in numbers}


def group_of(problem_name: str) -> str:
    """Title of the group of a BBOB function; empty for other problems.

    Examples
    --------
    >>> group_of("bbob-f8"), group_of("sphere")
    ('moderate (f6–f9)', '')
    """
    return _HOMES.get(problem_name, "")


def by_dimension(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Cells per dimension, where most problems come in several dimensions."""
    dimensions = sorted({cell.n for cell in cells})
    if 2 * len({cell.family for cell in cells}) > len({cell.problem for cell in cells}):
        return {}
    return {f"n = {n}": [cell for cell in cells if cell.n == n] for n in dimensions}


def by_group(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Cells per group of BBOB functions; nothing for studies with other problems, or few functions."""
    names = {cell.problem_name for cell in cells}
    if not all(group_of(name) for name in names) or len(names) < FEWEST_FUNCTIONS:
        return {}
    groups = {title: [cell for cell in cells if group_of(cell.problem_name) == title] for title in BBOB_GROUPS}
    return {title: members for title, members in groups.items() if members}
