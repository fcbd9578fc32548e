"""The gallery: pictures of all problems, first of those that come in two variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import problems
from experiments.figures.style import Axes, Figure
from experiments.planes import HOW_TO_READ, draw_line, draw_plane, draw_sheet, title
from experiments.slices import SHEETS, draw_slices
from problems.classic import TABLE

TITLES = {
    "classic": "Classic functions",
    "bbob": "BBOB: the 24 functions, first instance",
    "bbob-boxed": "BBOB, boxed: optima anywhere in the box, f infinite outside, first instance",
    "bbob-noisy": "BBOB, noisy: one evaluation per point, first instance",
    "bbob-constrained": "BBOB, constrained: infeasible regions in grey, first instance",
}


def draw_group(names: Sequence[str], heading: str, *, columns: int = 6, points: int = 141) -> Figure:
    """Small multiples of problems that come in two variables, or in one, those as curves; panels have `points` grid
    points along each side."""
    curve = "; for one variable f against x." if "x2-sin-x" in names else "."

    def panel(name: str) -> Callable[[Axes], None]:
        if problems.entry(name).plane:
            return lambda ax: draw_plane(ax, problems.get(name, n=2), name, points)
        return lambda ax: draw_line(ax, problems.get(name))

    veil = "A point under the grey veil violates a constraint. " if "bbob-constrained-f1" in names else ""
    text = f"{HOW_TO_READ} {veil}Star: a best point. Axes: x1 and x2 in the problem's own units{curve}"
    return draw_sheet([(title(name), panel(name)) for name in names], heading, text, columns=columns)


def gallery(folder: str | Path, groups: Sequence[str] | None = None, *, points: int = 141) -> list[Path]:
    """Draw all problems, a figure per group, as PNG and SVG: those of two variables, and planes through the others.

    Groups are keys of `TITLES` and of `experiments.slices.SHEETS`, all if left out. A panel has `points` grid points
    along each side, a sixth of them for slow problems. Returns the files, gallery-<group>.png and .svg.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for group in [*TITLES, *SHEETS] if groups is None else groups:
        if group in SHEETS:
            figure = draw_slices(group, points=points)
        else:
            names = [name for name in problems.names(group) if drawable(name)]
            if group == "classic":
                names.sort(key=list(TABLE).index)  # kin beside kin, as in the table
            if not names:
                known = ", ".join([*TITLES, *SHEETS])
                raise ValueError(f"groups must name problems of two variables ({known}), got {group!r}")
            figure = draw_group(names, TITLES.get(group, group), columns=5 if len(names) == 20 else 6, points=points)
        for suffix in ("png", "svg"):
            paths.append(folder / f"gallery-{group}.{suffix}")
            figure.savefig(paths[-1])
    return paths


def drawable(name: str) -> bool:
    """Whether a problem comes in two variables, or is a curve."""
    entry: Any = problems.entry(name)
    return entry.plane or name == "x2-sin-x"
