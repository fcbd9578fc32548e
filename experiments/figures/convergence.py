"""Convergence: quartiles of the best value against evaluations, one panel per problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.figures.captions import trial_count
from experiments.figures.labels import end_labels, key_strip
from experiments.figures.layout import panel_grid
from experiments.figures.style import EDGE, PALE_INK, LineStyle, dress, text_width
from experiments.figures.ticks import decade_ticks
from experiments.statistics.cells import Cell
from experiments.statistics.fixed_budget import log_grid, quantiles_at
from experiments.statistics.runtimes import FloatArray
from experiments.statistics.summary import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LABELLED_PANELS = 8
HEADER = ("problem", "method", "evaluations", "q25", "median", "q75", "trials")


def plot_quartiles(
    ax: Axes, at: FloatArray, quartiles: FloatArray, style: LineStyle, *, ended: float = np.inf, phase: float = 0.0
) -> None:
    """Draw a median line with its quartile band.

    Parameters
    ----------
    ax : Axes
        Log-log axes.
    at : (points,) array
        Evaluations.
    quartiles : (3, points) array
        25 %, 50 % and 75 % quantiles; NaN where there is none yet.
    style : LineStyle
    ended : float
        Evaluations after which no run was going on; from there the line is thin.
    phase : float
        Shift of the markers in parts of a decade, so that markers of different methods do not cover each other.
    """
    low, middle, high = quartiles
    running = at <= ended * (1 + 1e-9)
    ax.fill_between(at[running], low[running], high[running], color=style.color, alpha=0.16, linewidth=0)
    ax.plot(at[running], middle[running], color=style.color, linestyle=style.dash, linewidth=1.7)
    rest = at >= ended * (1 - 1e-9)
    if rest.sum() > 1:
        ax.plot(at[rest], middle[rest], color=style.color, linewidth=0.8, alpha=0.75)
    seen = np.nonzero(~np.isnan(middle) & running)[0]
    if seen.size:
        decades = np.log10(at[seen])
        wanted = np.arange(np.ceil(decades[0] - phase), decades[-1] - 0.25) + phase
        places = [int(seen[np.argmin(np.abs(decades - d))]) for d in wanted if decades[0] <= d < decades[-1] - 0.25]
        places.append(int(seen[-1]))
        ax.plot(
            at[places],
            middle[places],
            style.marker,
            color=style.color,
            markersize=4.6,
            markeredgecolor="white",
            markeredgewidth=0.6,
        )


def convergence_figure(
    cells: Sequence[Cell], look: Mapping[str, LineStyle], *, grad_cost: float, columns: int = 2
) -> tuple[Figure, list[dict[str, Any]]]:
    """Small multiples: best value so far against evaluations, both on log axes, a panel per problem.

    Where the optimum is known the y axis shows f - f_opt, floored at the final target; else it shows f itself.

    Parameters
    ----------
    cells : sequence of Cell
        All methods on all problems of the figure.
    look : dict
        Style per method label.
    grad_cost : float
        Evaluations charged for one gradient; only written in the caption.
    columns : int
        Panels side by side; more than eight panels are drawn small, four in a row, with one key for all.

    Returns
    -------
    figure, rows
        The figure, and the lines of its CSV (`HEADER`).
    """
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    text = _caption(cells, grad_cost)
    labelled = len(problems) <= MOST_LABELLED_PANELS
    if labelled:
        grid = panel_grid(len(problems), columns, caption=text, right=text_width(look) + 0.28)
    else:
        grid = panel_grid(len(problems), 4, caption=text, panel=1.7, left=0.62, bottom=0.42, head=0.35)
        key_strip(grid.figure, look, grid.figure.get_figheight() - 0.2)
    rows: list[dict[str, Any]] = []
    for index, (ax, problem) in enumerate(zip(grid.axes, problems, strict=True)):
        rows += draw_panel(ax, [c for c in cells if c.problem == problem], look, labelled=labelled)
        if not labelled:
            ax.set_xlabel(ax.get_xlabel() if grid.is_last(index) else "")
            ax.set_ylabel(ax.get_ylabel() if grid.is_first(index) else "")
    return grid.figure, rows


def draw_panel(
    ax: Axes, cells: Sequence[Cell], look: Mapping[str, LineStyle], *, labelled: bool = True
) -> list[dict[str, Any]]:
    """Draw one problem of the convergence figure and return its CSV rows; ``labelled`` names the lines at their
    ends."""
    targets, title = cells[0].targets, cells[0].title
    cells = [cell for cell in cells if any(cost.size for cost in cell.costs)]
    floor = targets.final if targets.known else -np.inf
    shift = 0.0 if targets.known else targets.reference
    last = max((float(np.max(cell.budgets)) for cell in cells), default=10.0)
    at = log_grid(1.0, max(last, 10.0))
    rows: list[dict[str, Any]] = []
    ends, lowest, highest = [], np.inf, -np.inf
    for position, cell in enumerate(cells):
        values = [np.maximum(gap, floor) + shift for gap in cell.gaps]
        quartiles = quantiles_at(cell.costs, values, at)
        ended = float(np.max(cell.budgets))
        style = look[cell.method]
        plot_quartiles(ax, at, quartiles, style, ended=ended, phase=position / max(len(cells), 1))
        seen = quartiles[1][~np.isnan(quartiles[1])]
        if seen.size:
            reached = at[np.nonzero(quartiles[1] <= seen[-1])[0][0]]
            ends.append((at[-1], float(seen[-1]), reached, cell.method, style))
            lowest, highest = min(lowest, float(np.nanmin(quartiles))), max(highest, float(np.nanmax(quartiles)))
        rows += [
            {
                "problem": cell.problem,
                "method": cell.method,
                "evaluations": x,
                "q25": a,
                "median": b,
                "q75": c,
                "trials": len(cell.costs),
            }
            for x, (a, b, c) in zip(at, quartiles.T, strict=True)
            if not np.isnan(b)
        ]
    what = r"$f - f_\mathrm{opt}$" if targets.known else "objective f (loss)"
    dress(ax, title=title, ylabel=what, xlabel="evaluations")
    if not ends:
        return rows
    room = 10 ** (0.04 * max(np.log10(highest / lowest), 0.5)) if lowest > 0 else 1.0
    if lowest > 0:
        decade_ticks(ax, "y", lowest / room, highest * room, most=6 if labelled else 4)
    decade_ticks(ax, "x", 1.0, float(at[-1]), most=7 if labelled else 4)
    if targets.known and lowest <= floor * 1.001:
        ax.axhline(floor, color=EDGE, linewidth=0.8, zorder=0.5)
        ax.text(1.15, floor * room**0.25, "target", color=PALE_INK, fontsize=7.5, va="bottom")
    if not labelled:
        return rows
    # of lines that end at the same value the one that was there first is named lowest
    end_labels(ax, [(x, y, label, style) for x, y, _, label, style in sorted(ends, key=lambda e: (e[1], e[2]))])
    return rows


def _caption(cells: Sequence[Cell], grad_cost: float) -> str:
    count = trial_count(cells)
    known = any(cell.targets.known for cell in cells)
    return (
        f"Best value so far; line: median, band: quartiles of {count} trials per method. One gradient is charged as "
        f"{grad_cost:g} evaluations. Trials that ended keep their last value (thin line: no trial is running any more)."
        + (
            f" f − f_opt is floored at the target {number(next(c.targets.final for c in cells if c.targets.known))}."
            if known
            else ""
        )
    )
