"""The main figure of a comparison: fraction of (problem, target) pairs solved against evaluations per dimension."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.captions import Comparison, in_words, trial_count
from experiments.figures.files import Drawn, Row
from experiments.figures.labels import end_labels
from experiments.figures.layout import panel_grid
from experiments.figures.lines import draw_line
from experiments.figures.style import Axes, LineStyle, dress, text_width
from experiments.figures.ticks import decade_ticks
from experiments.statistics.cells import Cell
from experiments.statistics.distributions import ROOM_FOR_RESTARTS, Distributions
from experiments.statistics.ecdf import ecdf
from experiments.statistics.reference import best2009, has_best2009
from experiments.statistics.summary import targets_text

REFERENCES = {"2009": "#D9CFA6", "2009-16": "#CBB7D6"}
HEADER = ("group", "method", "evaluations_per_dimension", "fraction", "low", "high", "simulated", "problems", "trials")


def ecdf_figure(shown: Comparison, known: Distributions) -> Drawn:
    """Runtime distributions of all methods over all problems and targets, in one large panel.

    `known` has all cells as the group ``""``; a method without trials on a problem counts as not having solved it.
    """
    names = [style.name for style in shown.look.values()] + [f"best {years}" for years in REFERENCES]
    right = text_width([_label(name, 0.0) for name in names], 9.5) + 0.5
    grid = panel_grid(1, 1, panel=4.5, left=0.66, right=right, bottom=0.5, top=0.36)
    rows = draw_panel(grid.axes[0], shown.cells, shown.look, known, "", title="Targets reached", fontsize=9.5)
    shown.describe(grid.figure, _caption(shown, known.samples), _alt(rows))
    return grid.figure, rows


def ecdf_panels(shown: Comparison, known: Distributions, groups: Mapping[str, Sequence[Cell]]) -> Drawn:
    """Runtime distributions of groups of problems, which `known` has too: a panel for each title."""
    grid = panel_grid(len(groups), 2 if len(groups) < 5 else 3, key=shown.look, panel=2.4, left=0.66)
    rows: list[Row] = []
    for ax, (title, cells) in zip(grid.axes, groups.items(), strict=True):
        part = draw_panel(ax, cells, shown.look, known, title, title=title, fontsize=8.5)
        rows += [{**row, "group": title} for row in part]
    shown.describe(grid.figure, _caption(shown, known.samples, alone=False), _alt(rows))
    return grid.figure, rows


def draw_panel(
    ax: Axes,
    cells: Sequence[Cell],
    look: Mapping[str, LineStyle],
    known: Distributions,
    group: str,
    *,
    title: str,
    fontsize: float,
) -> list[Row]:
    """Draw all methods of a group, and the best of BBOB behind them where it applies; returns the CSV rows."""
    problems = list(dict.fromkeys(cell.problem for cell in cells))
    methods = known.groups.get(group, {})
    start = 1.0 / min((cell.n for cell in cells), default=10)
    end = max([2 * start, *(found.budget for found in methods.values())]) * ROOM_FOR_RESTARTS
    shown = (known.at >= start * (1 - 1e-9)) & (known.at <= end * (1 + 1e-9))
    at = known.at[shown]
    rows: list[Row] = []
    ends: list[tuple[float, float, str, LineStyle]] = []
    for years, color in REFERENCES.items():
        reference = reference_runtimes(cells, years)
        if reference is None:
            continue
        fraction = ecdf(reference, at)
        style, name = LineStyle(color, "*"), f"best {years}"
        ax.plot(at, fraction, color=style.color, linewidth=5, solid_capstyle="butt", zorder=1.2)
        ends.append((float(at[-1]), float(fraction[-1]), _label(name, float(fraction[-1])), style))
        rows += [
            {"method": name, "evaluations_per_dimension": x, "fraction": y, "problems": len(problems)}
            for x, y in zip(at.tolist(), fraction.tolist(), strict=True)
        ]
    for position, (method, found) in enumerate(methods.items()):
        fraction, low, high = found.fraction[shown], found.low[shown], found.high[shown]
        band = (low, high) if known.samples else None
        style, budget, phase = look[method], found.budget, position / len(methods)
        draw_line(ax, at, fraction, style, band=band, ended=budget, phase=phase, steps=True, last=False)
        if budget <= at[-1]:
            level = fraction[np.clip(np.searchsorted(at, budget * (1 + 1e-9), side="right") - 1, 0, at.size - 1)]
            ax.plot([budget], [level], "x", color=style.color, markersize=7, markeredgewidth=1.8)
        ends.append((float(at[-1]), float(fraction[-1]), _label(style.name, float(fraction[-1])), style))
        same = {"method": method, "problems": found.problems, "trials": found.trials}
        bands = zip(low.tolist(), high.tolist(), strict=True) if band else ((None, None) for _ in at)
        rows += [
            {**same, "evaluations_per_dimension": x, "fraction": y, "low": below, "high": above,
             "simulated": int(x > budget)}
            for x, y, (below, above) in zip(at.tolist(), fraction.tolist(), bands, strict=True)
        ]  # fmt: skip
    wide = fontsize > 9
    pairs_name = "fraction of (problem, target) pairs" if wide else "fraction of pairs"
    dress(ax, title=title, xlabel="evaluations / dimension", ylabel=pairs_name)
    decade_ticks(ax, "x", float(at[0]), float(at[-1]), most=9 if wide else 5)
    ax.set_ylim(0, 1.02)
    ax.set_yticks(np.linspace(0, 1, 6 if wide else 5))
    if wide:
        end_labels(ax, sorted(ends, key=lambda e: e[1]), fontsize=fontsize)
    return rows


def reference_runtimes(cells: Sequence[Cell], years: str = "2009") -> FloatArray | None:
    """ERT / n of the best of BBOB for all targets; None unless all problems are BBOB's and cocopp is installed."""
    problems = {cell.problem: cell for cell in cells}
    matches = [re.fullmatch(r"bbob-f(\d+)", cell.problem_name) for cell in problems.values()]
    if not problems or not all(matches) or not has_best2009(years):
        return None
    parts = [
        best2009(int(match[1]), cell.n, cell.targets.precisions, years) / cell.n
        for match, cell in zip(matches, problems.values(), strict=True)
        if match is not None
    ]
    found = np.concatenate(parts)
    return found if np.isfinite(found).any() else None


def _label(method: str, fraction: float) -> str:
    return f"{method}  {fraction:.2f}"


def _caption(shown: Comparison, samples: int, *, alone: bool = True) -> str:
    cells = shown.cells
    problems = list({cell.problem: cell for cell in cells}.values())
    known = [cell for cell in problems if cell.targets.known]
    relative = [cell for cell in problems if not cell.targets.known]
    number = trial_count(cells)
    parts = [f"{len(problems)} problem{'s' if len(problems) > 1 else ''}, {number} trials each."]
    if known:
        t, finals = known[0].targets.precisions, {cell.problem: cell.targets.final for cell in known}
        parts.append(f"{t.size} targets f − f_opt = {_ten(t[0])} … {targets_text(finals)}.")
    if relative:
        t = relative[0].targets.precisions
        few = ", ".join(cell.problem for cell in relative)
        names = few if len(relative) < 3 else f"{len(relative)} problems without known optimum"
        span = f"{t.size} targets at 1 … {_ten(t[-1] / t[0])}"
        parts.append(f"{names}: {span} of the starting gap to the best f of any trial.")
    parts.append(f"One gradient = {shown.grad_cost:g} evaluations.")
    parts.append("Cross: largest budget; thin beyond it: simulated restarts.")
    for method in dict.fromkeys(cell.method for cell in cells):
        missing = len(problems) - sum(cell.method == method for cell in cells)
        if missing:
            parts.append(f"{method} has no trials on {missing} of the problems: counted as not reached.")
    if reference_runtimes(cells) is not None:
        parts.append(
            "Pale and thick: ERT of the fastest participant per target, of BBOB-2009 and of all up to 2016 (COCO)."
        )
    if samples:
        parts.append(
            f"Band: 95 % bootstrap over trials, pointwise ({samples} resamples; some lose rare successes, so it "
            "may lie below the line)."
        )
    if alone:
        parts.append("Number at the right: fraction at the axis end.")
    return " ".join(parts)


def _ten(value: float) -> str:
    return f"1e{round(np.log10(value))}"


def _alt(rows: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for group in dict.fromkeys(row.get("group") for row in rows):
        ends = {row["method"]: float(row["fraction"]) for row in rows if row.get("group") == group}
        parts.append(f"{group + ': ' if group else ''}{in_words(ends, 'fraction at the end', low=False)}")
    return (
        "Curves that rise from 0 to 1: fraction of pairs of problem and target that are reached, against evaluations "
        f"divided by dimension. {'; '.join(parts)}."
    )
