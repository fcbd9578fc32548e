"""Convergence: quartiles of the best value against evaluations, one panel per problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.figures.captions import Comparison, in_words, trial_count
from experiments.figures.files import Drawn, Row, csv_rows
from experiments.figures.labels import end_labels
from experiments.figures.layout import panel_grid
from experiments.figures.lines import draw_line
from experiments.figures.style import EDGE, PALE_INK, Axes, LineStyle, dress, text_width
from experiments.figures.ticks import decade_ticks, plain_ticks
from experiments.statistics.cells import Cell
from experiments.statistics.fixed_budget import log_grid, quantiles_at
from experiments.statistics.summary import targets_text

MOST_LARGE_PANELS = 8
HEADER = ("problem", "method", "evaluations", "q25", "median", "q75", "trials")


def convergence_figure(shown: Comparison) -> Drawn:
    """Small multiples: best value so far against evaluations, both on log axes, a panel per problem.

    Two panels stand side by side; more than eight are drawn small, four in a row.

    Where the optimum is known the y axis shows f - f_opt, floored at the final target; else it shows f itself.
    """
    problems, look = shown.problems, shown.look
    alone, large = len(problems) == 1, len(problems) <= MOST_LARGE_PANELS
    if alone:
        grid = panel_grid(1, 1, panel=4.2, right=text_width(style.name for style in look.values()) + 0.45, top=0.36)
    elif large:
        grid = panel_grid(len(problems), 2, key=look)
    else:
        grid = panel_grid(len(problems), 4, key=look, panel=1.7, left=0.68, bottom=0.42)
    rows: list[Row] = []
    for index, (ax, problem) in enumerate(zip(grid.axes, problems, strict=True)):
        rows += draw_panel(ax, [c for c in shown.cells if c.problem == problem], look, labelled=alone, large=large)
        if not large:
            ax.set_xlabel(ax.get_xlabel() if grid.is_last(index) else "")
            ax.set_ylabel(ax.get_ylabel() if grid.is_first(index) else "")
            plain_ticks(ax)
    endless = any(row["median"] == -np.inf or row["q25"] == -np.inf for row in rows)
    shown.describe(grid.figure, _caption(shown.cells, shown.grad_cost, endless), _alt(rows, problems))
    return grid.figure, rows


def draw_panel(
    ax: Axes, cells: Sequence[Cell], look: Mapping[str, LineStyle], *, labelled: bool = True, large: bool = True
) -> list[Row]:
    """Draw one problem of the convergence figure and return its CSV rows; ``labelled`` names the lines at their
    ends."""
    targets, title = cells[0].targets, cells[0].title
    cells = [cell for cell in cells if any(cost.size for cost in cell.costs)]
    floor = targets.final if targets.known else -np.inf
    shift = 0.0 if targets.known else targets.reference
    bottom = floor if targets.known else targets.reference  # where -inf is drawn
    ends = [float(np.max(cell.budgets)) for cell in cells]
    at = np.union1d(log_grid(1.0, max([10.0, *ends])), ends)  # a line shows what its last trial came to
    rows: list[Row] = []
    names, lowest, highest = [], np.inf, -np.inf
    for position, (cell, ended) in enumerate(zip(cells, ends, strict=True)):
        quartiles = quantiles_at(cell.costs, [np.maximum(gap, floor) + shift for gap in cell.gaps], at)
        low, middle, high = np.maximum(quartiles, bottom)
        style = look[cell.method]
        phase, pale = position / len(cells), 0.14 if len(cells) < 5 else 0.07
        draw_line(ax, at, middle, style, band=(low, high), ended=ended, phase=phase, pale=pale)
        seen = middle[~np.isnan(middle)]
        if seen.size:
            reached = at[np.nonzero(middle <= seen[-1])[0][0]]
            names.append((at[-1], float(seen[-1]), reached, cell.method, style))
            lowest, highest = min(lowest, float(np.nanmin(low))), max(highest, float(np.nanmax(high)))
        drawn = zip(at, *quartiles, strict=True)
        lines = ((cell.problem, cell.method, *line, len(cell.costs)) for line in drawn if not np.isnan(line[2]))
        rows += csv_rows(HEADER, lines)
    what = "f − f_opt" if targets.known else "objective f (loss)"
    dress(ax, title=title, ylabel=what, xlabel="evaluations")
    if not names:
        return rows
    room = 10 ** (0.04 * max(np.log10(highest / lowest), 0.5)) if lowest > 0 else 1.0
    if lowest > 0:
        decade_ticks(ax, "y", lowest / room, highest * room, most=6 if large else 4)
    decade_ticks(ax, "x", 1.0, float(at[-1]), most=7 if large else 4)
    if targets.known and lowest <= floor * 1.001:
        ax.axhline(floor, color=EDGE, linewidth=0.8, zorder=0.5)
        ax.text(1.15, floor * room**0.25, "target", color=PALE_INK, fontsize=7.5, va="bottom")
    if not labelled:
        return rows
    # of lines that end at the same value the one that was there first is named lowest
    end_labels(ax, [(x, y, style.name, style) for x, y, _, _, style in sorted(names, key=lambda e: (e[1], e[2]))])
    return rows


def _caption(cells: Sequence[Cell], grad_cost: float, endless: bool) -> str:
    finals = {cell.problem: cell.targets.final for cell in cells if cell.targets.known}
    floor = f" f − f_opt is floored at the target {targets_text(finals)}." if finals else ""
    return (
        f"Best value so far; line: median, band: quartiles of {trial_count(cells)} trials per method. One gradient is "
        f"charged as {grad_cost:g} evaluations. Trials that ended keep their last value (thin line: no trial is "
        f"running any more).{floor}{' A value of -inf stands at the best finite one.' if endless else ''}"
    )


def _alt(rows: Sequence[Mapping[str, Any]], problems: Sequence[str]) -> str:
    parts = []
    for problem in problems:
        ends = {row["method"]: float(row["median"]) for row in rows if row["problem"] == problem}
        parts.append(f"{problem}: {in_words(ends, 'median at the end')}")
    return "Line charts of the best value so far against evaluations, on log axes. " + "; ".join(parts) + "."
