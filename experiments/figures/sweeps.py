"""Sweeps: heat maps over two parameters, and slices along each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.captions import first_of, trial_count
from experiments.figures.files import Drawn, Row, csv_rows
from experiments.figures.layout import panel_grid
from experiments.figures.lines import draw_points
from experiments.figures.style import EDGE, INK, PALE_INK, RED, Axes, LineStyle, describe, dress, shorten, text_width
from experiments.figures.ticks import decade_ticks
from experiments.statistics.cells import Cell
from experiments.statistics.runtimes import expected_runtime, order_quantile
from experiments.statistics.summary import number
from experiments.statistics.sweep import SweepTable, is_numeric, setting_text, short_name, table_importance, value_text

HEATMAP_HEADER = ("problem", "method", "x", "x_value", "y", "y_value", "ert", "median_gap", "successes", "trials")
SLICE_HEADER = ("problem", "method", "parameter", "value", "outcome", "low", "high", "measure", "trials")
MOST_PANELS = 6
UNITS = {
    "sigma0": "sigma0 (units of x)",
    "popsize": "popsize (points)",
    "lr": "lr (learning rate)",
    "n": "n (dimension)",
    "budget": "budget (evaluations / n)",
    "maxcost": "maxcost (evaluations)",
}
"""Axis names of well-known parameters."""
GOOD, MIDDLE, BAD = "#08306B", "#6BAED6", "#F4F6F8"


def heatmap_pair(table: SweepTable) -> tuple[str, str] | None:
    """The two parameters of a heat map: the most important ones that form a grid; None where there are no two."""
    share = table_importance(table)
    grid = [name for name in table.parameters if len(set(map(str, table.column(name)))) <= 40]
    top = sorted(grid, key=lambda name: -share[name])[:2]
    ranked = [name for name in table.parameters if name in top]
    if len(ranked) < 2:
        return None
    pairs = {(str(s.get(ranked[0])), str(s.get(ranked[1]))) for s in table.settings}
    full = len({p[0] for p in pairs}) * len({p[1] for p in pairs})
    return (ranked[0], ranked[1]) if len(pairs) >= 0.5 * full else None


def sorted_levels(column: Sequence[Any]) -> list[Any]:
    """The distinct values in order: numbers by size, others by name."""
    distinct = {str(value): value for value in column}
    return sorted(distinct.values()) if is_numeric(list(distinct.values())) else [distinct[k] for k in sorted(distinct)]


def plot_heatmap(ax: Axes, table: SweepTable, pair: tuple[str, str]) -> list[Row]:
    """Draw the outcome over two parameters, the best of all others in each cell; returns the CSV rows.

    Cells hold the ERT (or the median gap left, where few settings reach the target), with the share of successes
    below when it is not all of them.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm
    from matplotlib.patches import Rectangle

    x_levels, y_levels = sorted_levels(table.column(pair[0])), sorted_levels(table.column(pair[1]))
    x_index = {str(v): i for i, v in enumerate(x_levels)}
    y_index = {str(v): i for i, v in enumerate(y_levels)}
    chosen: dict[tuple[int, int], int] = {}
    for i, setting in enumerate(table.settings):
        place = (y_index[str(setting.get(pair[1]))], x_index[str(setting.get(pair[0]))])
        other = chosen.get(place)
        if other is None or table.order(i) < table.order(other):
            chosen[place] = i
    values = np.full((len(y_levels), len(x_levels)), np.nan)
    for place, i in chosen.items():
        values[place] = table.outcome[i]
    shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    low, high = (np.nanmin(shown), np.nanmax(shown)) if np.isfinite(shown).any() else (1.0, 10.0)
    shades = LinearSegmentedColormap.from_list("outcome", [GOOD, MIDDLE, BAD]).with_extremes(bad="white")
    norm = LogNorm(low, max(high, low * 1.5))
    ax.imshow(shown, cmap=shades, norm=norm, aspect="auto", origin="lower")
    small = max(len(x_levels), 4) > 8
    lines: list[tuple[Any, ...]] = []
    for (y, x), i in sorted(chosen.items()):
        cell, value = table.cells[i], values[y, x]
        times = cell.final_times
        hits = int(np.isfinite(times).sum())
        axes = (pair[0], x_levels[x], pair[1], y_levels[y])
        lines.append((table.problem, table.method, *axes, table.ert[i], table.gaps[i], hits, times.size))
        if not np.isfinite(value):
            text, color = f"0/{times.size}" if not small else "–", PALE_INK
        else:
            text = number(value, 2 if value < 100 else 3)
            text += f"\n{hits}/{times.size}" if table.solved and hits < times.size and not small else ""
            color = "white" if float(norm(value)) < 0.45 else INK
        if not small or not np.isfinite(value):
            ax.text(x, y, text, ha="center", va="center", fontsize=6.5, color=color, linespacing=1.05)
    best = table.settings[table.best]
    corner = (x_index[str(best.get(pair[0]))] - 0.5, y_index[str(best.get(pair[1]))] - 0.5)
    ax.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=RED, linewidth=2.2, clip_on=False))
    for axis, levels in ((ax.xaxis, x_levels), (ax.yaxis, y_levels)):
        words = [shorten(value_text(v), 12) for v in levels]
        most = int(2.2 / (text_width(words, 8.5) + 0.08)) if axis is ax.xaxis else 10
        step = -(-len(levels) // max(1, min(10, most)))
        axis.set_ticks(range(0, len(levels), step), words[::step])
    ax.tick_params(length=0)
    return csv_rows(HEATMAP_HEADER, lines)


def heatmap_figure(tables: Sequence[SweepTable], *, grad_cost: float) -> Drawn | None:
    """Heat maps of the first tables that have two parameters on a grid; None where none has."""
    every = [(table, pair) for table in tables if (pair := heatmap_pair(table)) is not None]
    usable = every[:MOST_PANELS]
    if not usable:
        return None
    measures = {_measure(table) for table, _ in usable}
    count = trial_count([cell for table, _ in usable for cell in table.cells])
    text = (
        f"Cells: {' or '.join(sorted(measures))} per setting, {count} trials each; dark is good. k/N: successes where "
        "not all trials reached the target; orange outline: best setting by these same trials. One gradient = "
        f"{grad_cost:g} evaluations.{first_of(len(usable), len(every), 'pairs of method and problem')}"
    )
    columns = min(2, len(usable))
    grid = panel_grid(len(usable), columns, panel=2.75, left=0.85, right=0.15)
    rows: list[Row] = []
    for ax, (table, pair) in zip(grid.axes, usable, strict=True):
        title = f"{table.method}, {table.cells[0].title}: {'ERT' if table.solved else 'gap left'}"
        dress(ax, title=title, xlabel=_axis_name(pair[0]), ylabel=_axis_name(pair[1]), grid="")
        rows += plot_heatmap(ax, table, pair)
        ax.spines[:].set_visible(False)
    best = [f"{table.method} on {table.problem}: {setting_text(table.settings[table.best])}" for table, _ in usable]
    describe(
        grid.figure, text, f"Heat maps of two parameters, dark where the outcome is good. Best: {'; '.join(best)}."
    )
    return grid.figure, rows


def slice_figure(
    tables: Sequence[SweepTable], look: Mapping[str, LineStyle], *, grad_cost: float, samples: int = 300
) -> Drawn:
    """Outcome along each parameter, all others pooled: a panel per problem and parameter, a line per method."""
    panels: dict[tuple[str, str], list[SweepTable]] = {}
    for table in tables:
        for name in table.parameters:
            panels.setdefault((table.problem, name), []).append(table)
    chosen = dict(list(panels.items())[: 2 * MOST_PANELS])
    several = any(len(table.parameters) > 1 for table in tables)
    text = (
        "ERT: expected runtime to the final target; where few settings reach it the median gap left, as each panel's "
        "axis says; bars: 95 % bootstrap interval over the repeats of each setting. Hollow at the upper edge: no trial "
        "reached the target. "
        + ("A point is the median over the settings of the other parameters. " if several else "")
        + f"One gradient = {grad_cost:g} evaluations."
        + first_of(len(chosen), len(panels), "pairs of problem and parameter")
    )
    key = {label: style for label, style in look.items() if any(table.method == label for table in tables)}
    grid = panel_grid(len(chosen), min(2, len(chosen)), key=key, panel=2.6, left=0.68)
    rows: list[Row] = []
    for ax, ((_, name), members) in zip(grid.axes, chosen.items(), strict=True):
        rows += _slice_panel(ax, members, name, look, samples)
    parts = []
    for problem, name in chosen:
        mine = [row for row in rows if (row["problem"], row["parameter"]) == (problem, name)]
        best = min(mine, key=lambda row: row["outcome"])
        value = value_text(best["value"])
        parts.append(f"{problem}: best at {short_name(name)} = {value} ({best['method']}, {number(best['outcome'])})")
    describe(grid.figure, text, f"Charts of the outcome along each parameter. {'; '.join(parts)}.")
    return grid.figure, rows


def _slice_panel(
    ax: Axes, tables: list[SweepTable], name: str, look: Mapping[str, LineStyle], samples: int
) -> list[Row]:
    solved = float(np.mean([table.solved for table in tables])) >= 0.5
    levels = sorted_levels([value for table in tables for value in table.column(name) if value is not None])
    numeric = is_numeric(levels)
    log_x = numeric and geometric(levels)
    places = {str(v): float(v) if numeric else float(i) for i, v in enumerate(levels)}
    rows: list[tuple[Any, ...]] = []
    lines = []
    for table in tables:
        facts = []
        for value in levels:
            members = [c for c, v in zip(table.cells, table.column(name), strict=True) if str(v) == str(value)]
            if not members:
                continue
            outcome, trials = _outcome(members, solved, samples), sum(len(c.costs) for c in members)
            facts.append((places[str(value)], *outcome))
            rows.append((table.problem, table.method, name, value, *outcome, "ERT" if solved else "median gap", trials))
        lines.append((table.method, np.array(facts, dtype=float).T))
    finite = np.concatenate([f[1:][(f[1:] > 0) & np.isfinite(f[1:])] for _, f in lines])
    bottom, top = (float(finite.min()), float(finite.max())) if finite.size else (1.0, 10.0)
    edge = top * (top / bottom) ** 0.08 * 1.2
    title = f"{tables[0].cells[0].title}: {'ERT' if solved else 'gap left'}"
    dress(ax, title=title, xlabel=_axis_name(name), ylabel="ERT (evaluations)" if solved else "median gap left")
    decade_ticks(ax, "y", bottom / 1.3, edge * 1.15, most=6)
    if log_x:
        decade_ticks(ax, "x", min(levels) / 1.15, max(levels) * 1.15)
    elif numeric:
        pad = 0.04 * (max(levels) - min(levels))
        ax.set_xlim(min(levels) - pad, max(levels) + pad)
    else:
        ax.set_xlim(-0.4, len(levels) - 0.6)
        words = [shorten(value_text(v), 12) for v in levels]
        step = -(-len(levels) // max(1, int(2.9 / (text_width(words, 8.5) + 0.08))))
        ax.set_xticks(range(0, len(levels), step), words[::step])
    for method, (x, y, low, high) in lines:
        draw_points(ax, x, y, low, np.minimum(high, edge * 1.15), np.full_like(y, edge), look[method])
    if any(~np.isfinite(f[1]).all() for _, f in lines):
        ax.axhline(edge, color=EDGE, linewidth=0.6, zorder=0.5)
    return csv_rows(SLICE_HEADER, rows)


def geometric(levels: Sequence[Any]) -> bool:
    """Whether values belong on a log axis: positive, and evenly spaced by factors rather than by differences.

    Examples
    --------
    >>> geometric([1, 2, 4, 8]), geometric([0.1, 1, 10]), geometric([2, 4, 6, 8, 10]), geometric([0, 1, 10])
    (True, True, False, False)
    """
    values = np.sort(np.asarray(levels, dtype=float))
    if values.size < 3 or values[0] <= 0:
        return bool(values.size == 2 and values[0] > 0 and values[1] / values[0] >= 10)
    even = [float(np.std(steps) / np.mean(steps)) for steps in (np.diff(np.log(values)), np.diff(values))]
    return even[0] < even[1]


def _outcome(cells: Sequence[Cell], solved: bool, samples: int) -> tuple[float, float, float]:
    """Median over settings of their ERT or median gap, with the interval that repeats of the same settings give."""
    draws = [_resampled(cell, solved, samples, np.random.default_rng([0, k])) for k, cell in enumerate(cells)]
    found = order_quantile([draw[0] for draw in draws], 0.5)
    low, high = order_quantile(order_quantile(np.array([draw[1:] for draw in draws]), 0.5, axis=0), [0.025, 0.975])
    return float(found), float(low), float(high)


def _resampled(cell: Cell, solved: bool, samples: int, random: np.random.Generator) -> FloatArray:
    """The outcome of a setting, and that of each of its resamples, (1 + samples,)."""
    runs = len(cell.costs)
    index = np.concatenate([np.arange(runs)[None], random.integers(runs, size=(samples, runs))])
    if solved:
        return expected_runtime(cell.final_times[index], cell.budgets[index])
    return np.asarray(np.median(np.maximum(cell.final_gaps, cell.targets.final)[index], axis=1))


def _measure(table: SweepTable) -> str:
    return "ERT (evaluations)" if table.solved else "median gap left"


def _axis_name(path: str) -> str:
    """What stands at the axis: the name, with its unit where it has one."""
    name = short_name(path)
    return UNITS.get(name, shorten(name, 30))
