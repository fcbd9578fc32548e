"""Draw the figures that fit a study into a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from experiments.figures.captions import Comparison
from experiments.figures.files import save
from experiments.figures.letters import letters_as_written
from experiments.figures.style import LineStyle, styles
from experiments.statistics.analysis import Analysis
from experiments.statistics.cells import Cell, StudyLike, in_order, method_label, method_name
from experiments.statistics.sweep import selection_notes

MOST_CONVERGENCE_PANELS = 24
FEWEST_SCATTER_PROBLEMS = 4
MOST_SCATTER_PANELS = 11


def study_styles(study: StudyLike) -> dict[str, LineStyle]:
    """Style per method label of a study, in the study's order."""
    names = {method_label(trial): method_name(trial) for trial in study.trials}
    labels = in_order(study.header.get("methods", ()), list(names))
    return styles(labels, [names[label] for label in labels])


@letters_as_written()
def draw_all(study: StudyLike, folder: Path, *, quick: bool = False) -> list[Path]:
    """Draw every figure that suits the study, each as png, svg, csv and txt.

    Always ``convergence`` and ``ecdf``; ``profiles`` and ``ranks`` for two or more methods; ``ecdf-dimension``,
    ``ecdf-group``, ``ert-dimension`` and ``ert-scatter`` where the study has several dimensions, groups of BBOB
    functions, or enough problems; ``sweep-heatmap``, ``sweep-slices`` and ``sweep-parallel`` for sweeps. In a sweep
    the figures that compare methods show the best setting of each. `quick` takes fewer bootstrap samples. Returns the
    files, in the order of a report.
    """
    from experiments.figures import convergence, ecdf, ert, heatmap, parallel, profiles, sweeps

    folder = Path(folder)
    seen = Analysis.of(study, quick=quick)
    cells = seen.cells
    if not cells:
        return []
    cost, tables = float(study.header.get("grad_cost", 4.0)), seen.tables
    notes = selection_notes([one for one in seen.chosen if one.cell.costs])
    shown = Comparison(cells, study_styles(study), cost, notes)
    look = shown.look
    paths: list[Path] = []

    def write(name: str, header: Sequence[str], draw: Callable[[], tuple[Any, list[dict[str, Any]]] | None]) -> None:
        made = draw()
        if made is not None:
            paths.extend(save(made[0], folder, name, made[1], header))

    if tables:
        write("sweep-slices", sweeps.SLICE_HEADER, lambda: sweeps.slice_figure(tables, look, grad_cost=cost))
        write("sweep-heatmap", sweeps.HEATMAP_HEADER, lambda: sweeps.heatmap_figure(tables, grad_cost=cost))
        write("sweep-parallel", parallel.HEADER, lambda: parallel.parallel_figure(tables, grad_cost=cost))
    few = replace(shown, cells=_convergence_cells(cells))
    write("convergence", convergence.HEADER, lambda: convergence.convergence_figure(few))
    write("ecdf", ecdf.HEADER, lambda: ecdf.ecdf_figure(shown, seen.distributions))
    for name, groups in seen.groups.items():
        write(name, ecdf.HEADER, partial(ecdf.ecdf_panels, shown, seen.distributions, groups))
    if len(look) > 1:
        write("profiles", profiles.HEADER, lambda: profiles.profile_figure(shown))
        write("ranks", heatmap.HEADER, lambda: heatmap.heatmap_figure(shown, seen.ranking))
    if ert.dimension_families(cells):
        write("ert-dimension", ert.DIMENSION_HEADER, lambda: ert.dimension_figure(shown))
    pairs = [(next(iter(look)), other) for other in list(look)[1 : MOST_SCATTER_PANELS + 1]]
    if pairs and len(shown.problems) >= FEWEST_SCATTER_PROBLEMS:
        write("ert-scatter", ert.SCATTER_HEADER, lambda: ert.scatter_figure(shown, pairs))
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
