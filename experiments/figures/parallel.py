"""Parallel coordinates of a sweep: a line per setting across all parameters, coloured by outcome, with importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.captions import first_of
from experiments.figures.files import Drawn, Row, csv_rows
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, EDGE, GREY, INK, PALE_INK, RED, Axes, describe, readable, shorten
from experiments.figures.sweeps import geometric, sorted_levels
from experiments.statistics.summary import number
from experiments.statistics.sweep import SweepTable, is_numeric, setting_text, short_name, table_importance, value_text

HEADER = ("problem", "method", "setting", "parameter", "value", "importance", "outcome")
MOST_PANELS = 4


def unit_column(column: Sequence[Any]) -> tuple[FloatArray, list[tuple[float, str]]]:
    """Places between 0 and 1 on a parameter's axis, and its ticks: numbers by size (log for wide ranges), others by
    name.

    Examples
    --------
    >>> unit_column([1.0, 10.0, 100.0])[0].tolist()
    [0.0, 0.5, 1.0]
    """
    known = [value for value in column if value is not None]
    if known and is_numeric(known):
        numbers = np.array([np.nan if value is None else float(value) for value in column])
        low, high = np.nanmin(numbers), np.nanmax(numbers)
        log = geometric(sorted({float(v) for v in known})) or bool(low > 0 and high / low >= 100)
        scaled = np.log10(numbers) if log else numbers
        first, last = (np.log10(low), np.log10(high)) if log else (low, high)
        width = last - first or 1.0
        distinct = sorted({float(v) for v in known})
        middle = np.sqrt(low * high) if log else (low + high) / 2
        shown = distinct if len(distinct) <= 6 else [float(low), float(middle), float(high)]
        ticks = [(float(((np.log10(v) if log else v) - first) / width), value_text(v)) for v in shown]
        return (scaled - first) / width, ticks
    levels = sorted_levels(known)
    place = {str(value): (i + 0.5) / len(levels) for i, value in enumerate(levels)}
    ticks = [(place[str(value)], value_text(value)) for value in levels]
    return np.array([place.get(str(value), np.nan) if value is not None else np.nan for value in column]), ticks


@dataclass(frozen=True)
class Axis:
    """One axis: its name, a note below it, and its ticks as (place between 0 and 1, text)."""

    name: str
    note: str
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Coordinates:
    """A sweep table as lines across axes."""

    axes: list[Axis]  # the parameters, the most important first, and the outcome
    lines: FloatArray  # (axes, settings): places between 0 and 1; NaN where a setting has no value
    shares: list[float]  # importance of each parameter


def coordinates(table: SweepTable) -> Coordinates:
    """Place the settings of a table on the axes of its parameters and of the outcome, the best at the top."""
    share = table_importance(table)
    names = sorted(table.parameters, key=lambda name: -share[name])
    outcome = table.outcome
    columns = [unit_column(table.column(name)) for name in names]
    finite = np.isfinite(outcome) & (outcome > 0)
    logs = np.log10(np.where(finite, outcome, np.nan))
    low, high = (np.nanmin(logs), np.nanmax(logs)) if finite.any() else (0.0, 1.0)
    last = np.where(finite, (high - logs) / (high - low or 1.0) * 0.88 + 0.12, 0.0)  # best at the top, unsolved at 0
    ticks = [(1.0, number(10**low)), (0.56, number(10 ** ((low + high) / 2))), (0.12, number(10**high))]
    if not finite.all():
        ticks.append((0.0, "never"))
    axes = [Axis(short_name(name), f"explains {share[name]:.0%}", column[1])
            for name, column in zip(names, columns, strict=True)]  # fmt: skip
    axes.append(Axis("ERT" if table.solved else "median gap", "(evaluations)" if table.solved else "left", ticks))
    return Coordinates(axes, np.stack([places for places, _ in columns] + [last]), [share[name] for name in names])


def plot_parallel(ax: Axes, table: SweepTable) -> list[Row]:
    """Draw one sweep table: an axis per parameter, the most important first, the outcome last; returns the CSV rows."""
    from matplotlib.colors import LinearSegmentedColormap

    found = coordinates(table)
    lines, outcome, last = found.lines, table.outcome, found.lines[-1]
    names = [axis.name for axis in found.axes[:-1]]
    share = table_importance(table)
    order = np.argsort(last, kind="stable")
    shades = LinearSegmentedColormap.from_list("rank", ["#E3E3E3", "#A8C8E0", BLUE])
    grid = np.linspace(0, 1, 24)
    smooth = grid * grid * (3 - 2 * grid)

    def draw(y: FloatArray, **style: Any) -> None:
        for axis in range(len(names)):
            if not np.isnan(y[axis : axis + 2]).any():
                ax.plot(axis + grid, y[axis] + (y[axis + 1] - y[axis]) * smooth, **style)

    for position, index in enumerate(order):
        color = shades(position / max(len(order) - 1, 1))
        draw(lines[:, index], color=color, linewidth=0.9, alpha=0.85, zorder=2 + position / len(order))
    draw(lines[:, table.best], color=RED, linewidth=2.0, zorder=4)
    for axis, tick in enumerate(one.ticks for one in found.axes):
        ax.plot([axis, axis], [-0.02, 1.02], color=GREY, linewidth=1.0, zorder=5)
        for y_place, text in tick:
            ax.plot([axis - 0.012 * len(names), axis], [y_place, y_place], color=GREY, linewidth=0.8, zorder=5)
            ax.text(
                axis - 0.02 * len(names), y_place, text, ha="right", va="center", fontsize=7.5, color=INK, zorder=6,
                bbox={"boxstyle": "square,pad=0.08", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
            )  # fmt: skip
    for axis, one in enumerate(found.axes):
        ax.text(axis, -0.09, shorten(one.name, 18), ha="center", va="top", fontsize=9, color=INK)
        ax.text(axis, -0.205, one.note, ha="center", va="top", fontsize=7.5, color=PALE_INK)
    for axis, part in enumerate(found.shares):
        ax.fill_between([axis - 0.25, axis + 0.25], -0.335, -0.3, color="#EDEDED", linewidth=0)
        ax.fill_between([axis - 0.25, axis - 0.25 + 0.5 * part], -0.335, -0.3, color=readable(BLUE), linewidth=0)
    ax.set_xlim(-0.35, len(names) + 0.3)
    ax.set_ylim(-0.36, 1.06)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    title = shorten(f"{table.method}, {table.cells[0].title}", 80)
    ax.set_title(title, fontsize=10, color=INK, loc="left", pad=5, fontweight="bold")
    ax.spines[:].set_color(EDGE)
    return csv_rows(HEADER, (
        (table.problem, table.method, index, name, setting.get(name), share[name], outcome[index])
        for index, setting in enumerate(table.settings)
        for name in sorted(table.parameters, key=lambda name: -share[name])
    ))  # fmt: skip


def usable(tables: Sequence[SweepTable]) -> list[SweepTable]:
    """The first tables with two or more parameters."""
    return _several(tables)[:MOST_PANELS]


def _several(tables: Sequence[SweepTable]) -> list[SweepTable]:
    return [table for table in tables if len(table.parameters) > 1]


def parallel_figure(tables: Sequence[SweepTable], *, grad_cost: float) -> Drawn | None:
    """Parallel coordinates of the first tables with two or more parameters; None where none has."""
    shown = usable(tables)
    if not shown:
        return None
    text = (
        "A line per setting; blue: good, grey: bad, orange: the best by these same trials. Axes from left to right by "
        "importance: the share of the variance of the ranked outcome that the parameter explains by itself (what is "
        f"missing to 100 % is interaction and noise). One gradient = {grad_cost:g} evaluations."
        f"{first_of(len(shown), len(_several(tables)), 'pairs of method and problem')}"
    )
    grid = panel_grid(len(shown), 1, panel=3.1, left=0.35, right=0.1, bottom=0.1, top=0.34)
    rows: list[Row] = []
    for ax, table in zip(grid.axes, shown, strict=True):
        rows += plot_parallel(ax, table)
    parts = [f"{t.method} on {t.problem}: best {setting_text(t.settings[t.best])}" for t in shown]
    describe(grid.figure, text, f"Parallel coordinates, a line per setting. {'; '.join(parts)}.")
    return grid.figure, rows
