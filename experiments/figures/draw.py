"""Draw the figures that fit a study into a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.figures.files import save
from experiments.figures.style import LineStyle, styles
from experiments.statistics.cells import Cell, StudyLike, in_order, method_label, method_name
from experiments.statistics.sweep import best_cells, selection_notes, sweep_tables

MOST_CONVERGENCE_PANELS = 24
FEWEST_SCATTER_PROBLEMS = 4
MOST_SCATTER_PANELS = 11

BBOB_GROUPS = {
    "separable (f1–f5)": range(1, 6),
    "moderate (f6–f9)": range(6, 10),
    "ill-conditioned (f10–f14)": range(10, 15),
    "multi-modal (f15–f19)": range(15, 20),
    "weakly structured (f20–f24)": range(20, 25),
}


def study_styles(study: StudyLike) -> dict[str, LineStyle]:
    """Style per method label of a study, in the study's order."""
    names = {method_label(trial): method_name(trial) for trial in study.trials}
    labels = in_order(study.header.get("methods", ()), list(names))
    return styles(labels, [names[label] for label in labels])


def draw_all(study: StudyLike, folder: Path, *, quick: bool = False) -> list[Path]:
    """Draw every figure that suits the study, each as png, svg, csv and txt.

    Always ``convergence`` and ``ecdf``; ``profiles`` and ``ranks`` for two or more methods; ``ecdf-dimension``,
    ``ecdf-group``, ``ert-dimension`` and ``ert-scatter`` where the study has several dimensions, groups of BBOB
    functions, or enough problems; ``sweep-heatmap``, ``sweep-slices`` and ``sweep-parallel`` for sweeps. In a sweep
    the figures that compare methods show the best setting of each.

    Parameters
    ----------
    study : Study
        Anything with ``header`` and ``trials``.
    folder : Path
        Where the files go; made if missing.
    quick : bool
        Fewer bootstrap samples.

    Returns
    -------
    list of Path
        The files written, in the order of a report.
    """
    from experiments.figures import convergence, ecdf, ert, heatmap, parallel, profiles, sweeps

    folder = Path(folder)
    chosen = [one for one in best_cells(study) if one.cell.costs]
    cells = [one.cell for one in chosen]
    if not cells:
        return []
    look = study_styles(study)
    look = {label: style for label, style in look.items() if any(cell.method == label for cell in cells)}
    cost = float(study.header.get("grad_cost", 4.0))
    tables = sweep_tables(study)
    samples = 50 if quick else int(np.clip(400_000 // len(study.trials), 100, 200))
    paths: list[Path] = []

    def write(name: str, header: Sequence[str], draw: Callable[[], tuple[Any, list[dict[str, Any]]] | None]) -> None:
        made = draw()
        if made is not None:
            paths.extend(save(made[0], folder, name, made[1], header))

    notes = selection_notes(chosen)
    same: dict[str, Any] = {"grad_cost": cost, "notes": notes}
    if tables:
        write("sweep-slices", sweeps.SLICE_HEADER, lambda: sweeps.slice_figure(tables, look, grad_cost=cost))
        write("sweep-heatmap", sweeps.HEATMAP_HEADER, lambda: sweeps.heatmap_figure(tables, grad_cost=cost))
        write("sweep-parallel", parallel.HEADER, lambda: parallel.parallel_figure(tables, grad_cost=cost))
    shown = _convergence_cells(cells)
    write("convergence", convergence.HEADER, lambda: convergence.convergence_figure(shown, look, **same))
    write("ecdf", ecdf.HEADER, lambda: ecdf.ecdf_figure(cells, look, samples=samples, **same))
    for name, groups in (("ecdf-dimension", _by_dimension(cells)), ("ecdf-group", _by_group(cells))):
        if len(groups) > 1:
            write(name, ecdf.HEADER, partial(ecdf.ecdf_panels, groups, look, samples=samples // 2, **same))
    if len(look) > 1:
        write("profiles", profiles.HEADER, lambda: profiles.profile_figure(cells, look, **same))
        write("ranks", heatmap.HEADER, lambda: heatmap.heatmap_figure(cells, look, **same))
    if ert.dimension_families(cells):
        write("ert-dimension", ert.DIMENSION_HEADER, lambda: ert.dimension_figure(cells, look, **same))
    pairs = [(next(iter(look)), other) for other in list(look)[1 : MOST_SCATTER_PANELS + 1]]
    if pairs and len({cell.problem for cell in cells}) >= FEWEST_SCATTER_PROBLEMS:
        write("ert-scatter", ert.SCATTER_HEADER, lambda: ert.scatter_figure(cells, pairs, look=look, **same))
    return paths


def _convergence_cells(cells: list[Cell]) -> list[Cell]:
    """All problems if they are few, else those of the middle dimension, else the first."""
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    if len(problems) <= MOST_CONVERGENCE_PANELS:
        return cells
    dimensions = sorted({cell.n for cell in cells})
    kept = [cell for cell in cells if cell.n == dimensions[len(dimensions) // 2]]
    problems = list(dict.fromkeys(cell.problem for cell in kept))[:MOST_CONVERGENCE_PANELS]
    return [cell for cell in kept if cell.problem in problems]


def _by_dimension(cells: list[Cell]) -> dict[str, list[Cell]]:
    """Cells per dimension, where most problems come in several dimensions."""
    dimensions = sorted({cell.n for cell in cells})
    if 2 * len({cell.family for cell in cells}) > len({cell.problem for cell in cells}):
        return {}
    return {f"n = {n}": [cell for cell in cells if cell.n == n] for n in dimensions}


def _by_group(cells: list[Cell]) -> dict[str, list[Cell]]:
    """Cells per group of BBOB functions; nothing for studies with other problems, or few functions."""
    functions = {f"bbob-f{f}": title for title, numbers in BBOB_GROUPS.items() for f in numbers}
    if not all(cell.problem_name in functions for cell in cells) or len({cell.problem_name for cell in cells}) < 10:
        return {}
    groups = {title: [cell for cell in cells if functions[cell.problem_name] == title] for title in BBOB_GROUPS}
    return {title: members for title, members in groups.items() if members}
