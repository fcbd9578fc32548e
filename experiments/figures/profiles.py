"""Data profile and performance profile of the methods, with every trial as a problem of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.captions import Comparison, in_words, trial_count
from experiments.figures.files import Drawn, Row, csv_rows
from experiments.figures.layout import panel_grid
from experiments.figures.lines import draw_line
from experiments.figures.style import Axes, LineStyle, dress
from experiments.figures.ticks import decade_ticks
from experiments.statistics.cells import Cell
from experiments.statistics.fixed_budget import log_grid
from experiments.statistics.profiles import data_profile, performance_profile, performance_ratios, relative_targets
from experiments.statistics.summary import number

HEADER = ("profile", "method", "at", "fraction", "tolerance", "problems")
TOLERANCE = 1e-5


def profile_times(
    cells: Sequence[Cell], methods: Sequence[str], tolerance: float = TOLERANCE
) -> tuple[FloatArray, FloatArray]:
    """Evaluations (methods, problems * trials) of each trial to Moré and Wild's target, the k-th trials of all methods
    side by side, and the dimension of each problem; ``inf`` for trials that did not get there or are missing.

    The target is f_L + tolerance (f0 - f_L), with the median first value f0 and f_L the optimum or the best value above
    -inf.
    """
    table = {(cell.problem, cell.method): cell for cell in cells}
    columns, dimensions = [], []
    for problem in dict.fromkeys(cell.problem for cell in cells):
        members = [table.get((problem, method)) for method in methods]
        present = [cell for cell in members if cell is not None]
        finite = [gap[np.isfinite(gap)] for cell in present for gap in cell.gaps if np.isfinite(gap).any()]
        starts, best = [gap[0] for gap in finite], min((float(gap.min()) for gap in finite), default=0.0)
        low = 0.0 if present[0].targets.known else best
        target = relative_targets([max(float(np.median(starts)), low)] if starts else [low], [low], tolerance)
        trials = max(len(cell.costs) for cell in present)
        block = np.full((len(methods), trials), np.inf)
        for row, cell in enumerate(members):
            if cell is not None:
                reached = cell.times(target)[0]
                block[row, : reached.size] = reached
        columns.append(block)
        dimensions += [present[0].n] * trials
    return np.concatenate(columns, axis=1), np.array(dimensions, dtype=float)


def profile_figure(shown: Comparison) -> Drawn:
    """Data profile (left) and performance profile (right)."""
    look, methods = shown.look, list(shown.look)
    times, dimensions = profile_times(shown.cells, methods)
    text = (
        f"Share of {times.shape[1]} problems (each of the {trial_count(shown.cells)} trials on a problem is one) "
        f"solved to {number(TOLERANCE)} of the starting gap f(x0) − f_L. Left: within so many simplex gradients of "
        "n + 1 evaluations; right: within so many times the evaluations of the fastest method. One gradient = "
        f"{shown.grad_cost:g} evaluations. Moré and Wild 2009; Dolan and Moré 2002. No simulated restarts."
    )
    grid = panel_grid(2, 2, key=look, panel=2.7, left=0.66)
    scaled = times / (dimensions + 1)
    ratios = performance_ratios(times)
    rows: list[Row] = []
    kinds = (
        ("data", scaled, "simplex gradients (n + 1 evaluations)", "Data profile"),
        ("performance", ratios, "evaluations / evaluations of the fastest", "Performance profile"),
    )
    for ax, (kind, values, xlabel, title) in zip(grid.axes, kinds, strict=True):
        finite = values[np.isfinite(values)]
        low = 1.0 if kind == "performance" else (float(finite.min()) if finite.size else 1.0)
        at = log_grid(low, max(float(finite.max()) if finite.size else low, 10 * low) * 1.3)
        shares = data_profile(times, dimensions, at) if kind == "data" else performance_profile(times, at)
        _draw(ax, at, shares, look)
        dress(ax, title=title, xlabel=xlabel, ylabel="fraction of problems")
        rows += csv_rows(HEADER, (
            (kind, method, x, y, TOLERANCE, times.shape[1])
            for method, share in zip(methods, shares, strict=True) for x, y in zip(at, share, strict=True)
        ))  # fmt: skip
    ends = {row["method"]: float(row["fraction"]) for row in rows if row["profile"] == "data"}
    alt = f"Two charts of rising curves, data profile and performance profile; {in_words(ends, 'share', low=False)}."
    shown.describe(grid.figure, text, alt)
    return grid.figure, rows


def _draw(ax: Axes, at: FloatArray, shares: FloatArray, look: Mapping[str, LineStyle]) -> None:
    decade_ticks(ax, "x", float(at[0]), float(at[-1]), most=5)
    ax.set_ylim(0, 1.03)
    ax.set_yticks(np.linspace(0, 1, 5))
    for position, (style, share) in enumerate(zip(look.values(), shares, strict=True)):
        draw_line(ax, at, share, style, phase=position / len(look), steps=True, last=False)
