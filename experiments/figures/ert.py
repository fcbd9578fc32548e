"""Expected runtimes: against the dimension, and of one method against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.figures.captions import Comparison, in_words, trial_count
from experiments.figures.files import Drawn, Row, csv_rows
from experiments.figures.layout import panel_grid
from experiments.figures.lines import draw_points
from experiments.figures.style import DOTS, EDGE, GREY, NONE, PALETTE, Axes, LineStyle, dress, text_width
from experiments.figures.ticks import decade_ticks, plain_ticks
from experiments.statistics.cells import Cell
from experiments.statistics.runtimes import ert_interval, expected_runtime
from experiments.statistics.summary import targets_text

DIMENSION_HEADER = ("problem", "method", "n", "target", "ert", "low", "high", "successes", "trials", "largest_budget")
SCATTER_HEADER = ("problem", "n", "target", "x_method", "x_ert", "y_method", "y_ert")
MOST_LARGE_PANELS = 4
SCATTER_TARGETS = 11


def dimension_figure(shown: Comparison, samples: int = 500) -> Drawn:
    """ERT / n to the final target against n, a panel per problem family (`Cell.family`) that has several dimensions.

    `samples` are the bootstrap resamples of the intervals; 0 draws none.
    """
    families = dimension_families(shown.cells)
    large = len(families) <= MOST_LARGE_PANELS
    targets = {cell.problem: cell.targets.final for members in families.values() for cell in members
               if cell.targets.known}  # fmt: skip
    sizes: dict[str, Any] = {"panel": 2.5, "left": 0.66} if large else {"panel": 1.7, "left": 0.72, "bottom": 0.42}
    grid = panel_grid(len(families), 2 if large else 4, key=shown.look, **sizes)
    rows: list[Row] = []
    for index, (ax, (family, members)) in enumerate(zip(grid.axes, families.items(), strict=True)):
        rows += _scaling_panel(ax, members, shown.look, samples)
        xlabel = "dimension n" if large or grid.is_last(index) else ""
        ylabel = "ERT / n (evaluations)" if large else ("ERT / n" if grid.is_first(index) else "")
        dress(ax, title=family, xlabel=xlabel, ylabel=ylabel)
        if not large:
            plain_ticks(ax)
    shown.describe(grid.figure, _dimension_caption(shown, targets, samples), _alt(rows))
    return grid.figure, rows


def _alt(rows: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for problem in dict.fromkeys(row["problem"] for row in rows):
        last = max(row["n"] for row in rows if row["problem"] == problem)
        ends = {r["method"]: float(r["ert"]) for r in rows if r["problem"] == problem and r["n"] == last}
        parts.append(f"{problem}, n = {last}: {in_words(ends, 'ERT')}")
    return f"Line charts of expected runtime against dimension, on log axes. {'; '.join(parts)}."


def dimension_families(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """The problem families that occur in two or more dimensions."""
    families: dict[str, list[Cell]] = {}
    for cell in cells:
        families.setdefault(cell.family, []).append(cell)
    return {name: members for name, members in families.items() if len({c.n for c in members}) > 1}


def _scaling_panel(ax: Axes, cells: list[Cell], look: Mapping[str, LineStyle], samples: int) -> list[Row]:
    lines: list[tuple[Any, ...]] = []
    heights = []
    methods = list(dict.fromkeys(cell.method for cell in cells))
    for position, method in enumerate(methods):
        mine = sorted((c for c in cells if c.method == method), key=lambda c: c.n)
        facts = []
        for cell in mine:
            times = cell.final_times
            ert = float(expected_runtime(times, cell.budgets))
            low, high = ert_interval(times, cell.budgets, samples=samples) if samples else (np.asarray(ert),) * 2
            facts.append((cell.n, ert, float(low), float(high), float(cell.budgets.max())))
            hits, budget = int(np.isfinite(times).sum()), cell.budgets.max()
            lines.append((cell.family, method, cell.n, cell.targets.final, ert, low, high, hits, times.size, budget))
        n, ert, low, high, budget = np.array(facts, dtype=float).T
        shift = 1.15 ** ((position - (len(methods) - 1) / 2) / max(len(methods), 4))
        top = np.where(np.isfinite(high), high, np.maximum(ert, budget) * 10)
        draw_points(ax, n * shift, ert / n, low / n, top / n, budget / n, look[method])
        shown = np.where(np.isfinite(ert), ert, budget) / n
        heights += [*shown, *(low / n)[np.isfinite(low)]]
    dimensions = sorted({cell.n for cell in cells})
    decade_ticks(ax, "y", min(heights) / 1.8, max(heights) * 2.5, most=5)
    ax.set_xscale("log")
    ax.set_xlim(dimensions[0] / 1.2, dimensions[-1] * 1.2)
    ax.set_xticks(dimensions, _apart(ax, dimensions))
    ax.set_xticks([], minor=True)
    _slanted_grid(ax)
    return csv_rows(DIMENSION_HEADER, lines)


def _apart(ax: Axes, dimensions: Sequence[int]) -> list[str]:
    """Tick labels of dimensions, left out where they would touch the one before."""
    figure: Any = ax.figure
    width = ax.get_position().width * figure.get_figwidth()
    decades = np.log10(dimensions[-1] * 1.2) - np.log10(dimensions[0] / 1.2)
    labels, free = [], -np.inf
    for n in dimensions:
        place = (np.log10(n) - np.log10(dimensions[0])) / decades * width
        half = text_width([str(n)], 8.5) / 2 + 0.03
        labels.append(str(n) if place - half >= free else "")
        free = place + half if labels[-1] else free
    return labels


def _slanted_grid(ax: Axes) -> None:
    """Dotted lines along which ERT grows like n**2."""
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    slopes = 10.0 ** np.arange(int(np.floor(np.log10(low / right))), int(np.ceil(np.log10(high / left))) + 1)
    x = np.tile([left, right, np.nan], slopes.size)
    ax.plot(x, x * np.repeat(slopes, 3), color=EDGE, linewidth=0.6, linestyle=DOTS, zorder=0.5)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)


def _dimension_caption(shown: Comparison, targets: Mapping[str, float], samples: int) -> str:
    bars = " Bars: 95 % bootstrap intervals." if samples else ""
    aim = f"f − f_opt ≤ {targets_text(targets)}" if targets else "1e-5 of the starting gap"
    return (
        f"Expected runtime (ERT) over dimension to reach {aim}; "
        f"{trial_count(shown.cells)} trials each, one gradient = {shown.grad_cost:g} evaluations.{bars} Hollow: target "
        "never reached, largest budget shown. Dotted slants: growth with n²."
    )


def scatter_figure(shown: Comparison, pairs: Sequence[tuple[str, str]]) -> Drawn:
    """ERT of one method (x) against ERT of another (y), a panel per pair: a point per problem and target, a colour per
    dimension."""
    dimensions = sorted({cell.n for cell in shown.cells})
    columns = min(3 if len(pairs) <= 6 else 4, len(pairs))
    text = (
        f"A point per problem and target ({SCATTER_TARGETS} targets, f − f_opt = 100 … final target, or parts of the "
        "starting gap), small: easy, large: hard. Below the diagonal the method on the y axis is faster; dotted: "
        f"ten times. On the grey margin: never reached. One gradient = {shown.grad_cost:g} evaluations."
    )
    size = {1: 4.6, 2: 3.7, 3: 2.75}.get(columns, 2.15)
    key = {f"n = {n}": LineStyle(PALETTE[i % len(PALETTE)], "o", NONE) for i, n in enumerate(dimensions)}
    grid = panel_grid(len(pairs), columns, key=key, panel=size, left=0.62, right=0.1, top=0.3)
    rows: list[Row] = []
    for ax, pair in zip(grid.axes, pairs, strict=True):
        rows += _scatter_panel(ax, shown, pair, dimensions)
    alt = "Scatter plots of the expected runtimes of pairs of methods, on log axes. " + "; ".join(
        f"{pair[1]} is faster than {pair[0]} at {_faster(rows, pair):.0%} of the points" for pair in pairs
    )
    shown.describe(grid.figure, text, f"{alt}.")
    return grid.figure, rows


def _faster(rows: Sequence[Mapping[str, Any]], pair: tuple[str, str]) -> float:
    mine = [r for r in rows if (r["x_method"], r["y_method"]) == pair and np.isfinite([r["x_ert"], r["y_ert"]]).any()]
    return float(np.mean([row["y_ert"] < row["x_ert"] for row in mine])) if mine else 0.0


def _scatter_panel(ax: Axes, shown: Comparison, pair: tuple[str, str], dimensions: list[int]) -> list[Row]:
    rows: list[Row] = []
    by_key = {(cell.problem, cell.method): cell for cell in shown.cells}
    for problem in shown.problems:
        both = [by_key.get((problem, method)) for method in pair]
        if both[0] is None or both[1] is None:
            continue
        every = both[0].targets.precisions
        chosen = every[np.unique(np.linspace(0, every.size - 1, SCATTER_TARGETS).round().astype(int))]
        x, y = (expected_runtime(cell.times(chosen), cell.budgets) for cell in both if cell is not None)
        points = zip(chosen, x, y, strict=True)
        rows += csv_rows(SCATTER_HEADER, ((problem, both[0].n, t, pair[0], a, pair[1], b) for t, a, b in points))
    found = np.array([[r["x_ert"], r["y_ert"]] for r in rows], dtype=float).reshape(-1, 2)
    finite = found[np.isfinite(found)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (1.0, 10.0)
    low, edge = low / 1.6, high * 2.5
    limit = edge * 2.2
    ax.fill_between([low, limit], edge, limit, color="#EDEDED", linewidth=0, zorder=0)
    ax.fill_betweenx([low, edge], edge, limit, color="#EDEDED", linewidth=0, zorder=0)
    for factor, dash in ((1.0, "-"), (10.0, DOTS), (0.1, DOTS)):
        ax.plot([low, limit], [low * factor, limit * factor], color=GREY, linewidth=0.8, linestyle=dash, zorder=1)
    rank = np.tile(np.linspace(0, 1, SCATTER_TARGETS), max(1, len(rows) // SCATTER_TARGETS + 1))[: len(rows)]
    margin = float(np.sqrt(edge * limit))
    for index, n in enumerate(dimensions):
        mine = np.array([row["n"] == n for row in rows], dtype=bool) & np.isfinite(found).any(axis=1)
        place = np.where(np.isfinite(found), found, margin)[mine]
        dots: dict[str, Any] = {"alpha": 0.75, "linewidths": 0.4, "edgecolors": "white", "zorder": 3}
        ax.scatter(place[:, 0], place[:, 1], s=6 + 26 * rank[mine], color=PALETTE[index % len(PALETTE)], **dots)
    for which in ("x", "y"):
        decade_ticks(ax, which, low, limit, most=5)
    ax.set_aspect("equal", adjustable="box")
    names = [shown.styles[method].name for method in pair]
    dress(ax, title=names[1], xlabel=f"ERT of {names[0]}", ylabel="its ERT (evaluations)")
    return rows
