"""Rank heat map: which method is best on which problem, and whether that is significant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.figures.captions import Comparison, trial_count
from experiments.figures.files import Drawn, csv_rows
from experiments.figures.style import INK, PALE_INK, Axes, new_figure, readable, short_names, text_width
from experiments.statistics.ranking import Ranking, rank_methods
from experiments.statistics.summary import number
from experiments.statistics.tests import LEVEL

HEADER = (
    "problem", "method", "rank", "ert", "p_value", "effect", "final_effect", "common_budget", "mean_rank"
)  # fmt: skip
WIDTH, MOST_ROWS = 8.0, 48
"""Inches; rows of problems in all blocks above which ranks stand in place of ERTs."""
BEST, WORST = "#1F6FB2", "#F7F7F7"


def plot_ranks(ax: Axes, ranking: Ranking, rows: Sequence[int], *, fontsize: float, compact: bool) -> None:
    """Draw a table of problems (rows) and methods (columns), coloured by rank, with the ERT written in the cells.

    A star marks a best method that is better than every other, a tilde methods that do not differ from the best; with
    `compact` the rank stands in place of the ERT.
    """
    from matplotlib.colors import LinearSegmentedColormap

    ranks = ranking.ranks[list(rows)]
    count = ranks.shape[1]
    shades = LinearSegmentedColormap.from_list("ranks", [BEST, "#9CC4E4", WORST])
    shown = (np.nan_to_num(ranks, nan=count) - 1) / max(count - 1, 1)
    ax.imshow(shown, cmap=shades, vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(rows):
        for x in range(count):
            rank, sign = ranking.ranks[row, x], ranking.sign(row, x)
            if np.isnan(rank):
                text, color = "–" if compact else "no data", PALE_INK
            else:
                text = (sign or f"{rank:.0f}") if compact else f"{number(ranking.ert[row, x])} {sign}".rstrip()
                color = "white" if shown[y, x] < 0.25 else INK
            ax.text(x, y, text, ha="center", va="center", fontsize=fontsize, color=color)
    ax.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.0 if compact else 1.5)
    ax.tick_params(which="both", length=0, labelsize=fontsize)
    ax.spines[:].set_visible(False)


def heatmap_figure(shown: Comparison, ranking: Ranking | None = None) -> Drawn:
    """Rank heat map of a study; studies in several dimensions get a block of columns per dimension.

    `ranking` is that of the cells, where it is known already.
    """
    ranking = ranking or rank_methods(shown.cells)
    facts, look = {cell.problem: cell for cell in shown.cells}, shown.look
    dimensions = sorted({cell.n for cell in facts.values()})
    families = list(dict.fromkeys(facts[p].family for p in ranking.problems))
    split = len(dimensions) > 1 and len(families) * len(dimensions) == len(ranking.problems)
    blocks = dimensions if split else [0]
    groups = [[i for i, p in enumerate(ranking.problems) if not split or facts[p].n == n] for n in blocks]
    names = short_names(families if split else [facts[p].title for p in ranking.problems], 34)
    methods = [look[method].name for method in ranking.methods]

    # Cells with an ERT take more room than cells with a rank; names that are wider than their column stand upright.
    fontsize, row_height = 8.5, 0.24
    left = text_width(names, fontsize) + 0.2
    room = WIDTH - left - 0.1
    cell = max(0.62, text_width(["5.05e6 ★"], fontsize))
    compact = cell * len(methods) > room or len(names) * len(blocks) > MOST_ROWS
    if compact:
        fontsize, row_height, cell = 7.0, 0.19, 0.21
        left = text_width(names, fontsize) + 0.2
        room = WIDTH - left - 0.1
    across = min(len(blocks), max(1, int(room // (cell * len(methods) + 0.2))))
    widest = text_width(methods, fontsize)
    each = min(room / across - 0.15, max(cell, widest + 0.12, 0.9) * len(methods))
    upright = widest + 0.08 > each / len(methods)
    # The bottoms of upright names are at the table, so that the block's title has to stand above the longest of them.
    head = (widest + 0.12 if upright else 0.24) + 0.26
    lines = -(-len(blocks) // across)
    high = len(names) * row_height + head
    figure = new_figure(WIDTH, lines * high + 0.08)
    height = figure.get_figheight()
    for index, (n, rows) in enumerate(zip(blocks, groups, strict=True)):
        line, column = divmod(index, across)
        bottom = 0.05 + (lines - 1 - line) * high
        box = (left + column * (room / across), bottom, each, len(names) * row_height)
        ax = figure.add_axes((box[0] / WIDTH, box[1] / height, box[2] / WIDTH, box[3] / height))
        plot_ranks(ax, ranking, rows, fontsize=fontsize - 0.5, compact=compact)
        ax.set_yticks(range(len(rows)), names if column == 0 else [""] * len(rows), color=INK, fontsize=fontsize)
        ax.xaxis.tick_top()
        ax.set_xticks(range(len(methods)), methods, rotation=90 if upright else 0, fontsize=fontsize)
        for label, method in zip(ax.get_xticklabels(), ranking.methods, strict=True):
            label.set_color(readable(look[method].color))
            label.set_fontweight("bold" if not compact else "normal")
        title = f"Ranks, n = {n}" if split else "Ranks"
        look_of: dict[str, Any] = {"fontsize": 9.5, "fontweight": "bold", "color": INK, "va": "center"}
        ax.text(0, 1 + (head - 0.14) / box[3], title, transform=ax.transAxes, **look_of)
    arrays = (ranking.ranks, ranking.ert, ranking.p_values, ranking.effects, ranking.final_effects)
    table = csv_rows(HEADER, (
        (problem, method, *(array[i, j] for array in arrays), ranking.common[i], ranking.mean_ranks[j])
        for i, problem in enumerate(ranking.problems) for j, method in enumerate(ranking.methods)
    ))  # fmt: skip
    shown.describe(figure, _caption(ranking, shown, compact), _alt(ranking))
    return figure, table


def _caption(ranking: Ranking, shown: Comparison, compact: bool) -> str:
    what = "Rank by ERT to the final target" if compact else "ERT to the final target, darker is the better rank"
    limits = sorted(set(ranking.common[np.isfinite(ranking.common)]))
    common = number(limits[0]) + (f" to {number(limits[-1])}" if len(limits) > 1 else "") if limits else "all"
    text = (
        f"{what} (∞: by the median gap left); {trial_count(shown.cells)} trials, one gradient = {shown.grad_cost:g} "
        "evaluations. ★ better than every other method, ≈ no significant difference to the best (rank-sum test, Holm "
        f"over all cells, {LEVEL:.0%}). All is decided at the common budget of {common} evaluations, the least that a "
        "trial on the problem was allowed; a trial that ended before counts with what it had then."
    )
    apart = np.nansum(np.abs(ranking.effects - ranking.final_effects) > 0.25)
    if apart:
        text += f" At the ends of the trials {apart:.0f} of the comparisons look different (column final_effect)."
    if not np.isnan(ranking.friedman):
        means = ", ".join(f"{m} {r:.2f}" for m, r in zip(ranking.methods, ranking.mean_ranks, strict=True))
        text += (
            f" Mean ranks: {means}; Friedman p = {number(ranking.friedman, 2)}, Nemenyi critical difference "
            f"{ranking.critical_difference:.2f} (5 %)."
        )
    return text


def _alt(ranking: Ranking) -> str:
    wins = {method: int((ranking.ranks[:, j] == 1).sum()) for j, method in enumerate(ranking.methods)}
    alone = int(ranking.best_alone().sum())
    first = ", ".join(f"{method} on {count}" for method, count in wins.items() if count)
    return (
        f"Table of {len(ranking.problems)} problems and {len(ranking.methods)} methods, dark where a method is fast. "
        f"First: {first}; significantly ahead of all others on {alone} of the problems."
    )
