"""Rank heat map: which method is best on which problem, and whether that is significant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.figures.captions import trial_count
from experiments.figures.style import INK, PALE_INK, LineStyle, caption, new_figure, readable, text_width
from experiments.statistics.cells import Cell
from experiments.statistics.ranking import Ranking, rank_methods
from experiments.statistics.summary import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEADER = ("problem", "method", "rank", "ert", "p_value", "effect", "mean_rank")
BEST, WORST = "#1F6FB2", "#F7F7F7"


def plot_ranks(ax: Axes, ranking: Ranking, rows: Sequence[int], *, level: float = 0.05, fontsize: float = 8.0) -> None:
    """Draw a table of problems (rows) and methods (columns), coloured by rank, with the ERT written in the cells.

    Parameters
    ----------
    ax : Axes
    ranking : Ranking
    rows : sequence of int
        Problems to show.
    level : float
        Of the test: a star marks a best method that is better than every other, a tilde marks methods that do not
        differ from the best.
    fontsize : float
        Points.
    """
    from matplotlib.colors import LinearSegmentedColormap

    ranks = ranking.ranks[list(rows)]
    count = ranks.shape[1]
    shades = LinearSegmentedColormap.from_list("ranks", [BEST, "#9CC4E4", WORST])
    shown = (np.nan_to_num(ranks, nan=count) - 1) / max(count - 1, 1)
    ax.imshow(shown, cmap=shades, vmin=0, vmax=1, aspect="auto")
    alone = ranking.best_alone(level)
    for y, row in enumerate(rows):
        for x in range(count):
            rank = ranking.ranks[row, x]
            if np.isnan(rank):
                ax.text(x, y, "no data", ha="center", va="center", fontsize=fontsize - 1, color=PALE_INK)
                continue
            p = ranking.p_values[row, x]
            sign = ("★" if alone[row] else "") if np.isnan(p) else ("" if p < level else "≈")
            text = f"{number(ranking.ert[row, x])} {sign}".rstrip()
            ax.text(
                x, y, text, ha="center", va="center", fontsize=fontsize, color="white" if shown[y, x] < 0.25 else INK
            )
    ax.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="both", length=0, labelsize=8.5)
    ax.spines[:].set_visible(False)


def heatmap_figure(
    cells: Sequence[Cell], look: Mapping[str, LineStyle], *, grad_cost: float, level: float = 0.05
) -> tuple[Figure, list[dict[str, Any]]]:
    """Rank heat map of a study; studies in several dimensions get a block of columns per dimension.

    Parameters
    ----------
    cells : sequence of Cell
    look : dict
        Style per method label: colours the column heads.
    grad_cost, level
        Cost of a gradient, for the caption; level of the tests.

    Returns
    -------
    figure, rows
        The figure, and the lines of its CSV (`HEADER`).
    """
    ranking = rank_methods(cells)
    facts = {cell.problem: cell for cell in cells}
    dimensions = sorted({cell.n for cell in facts.values()})
    families = list(dict.fromkeys(facts[p].family for p in ranking.problems))
    split = len(dimensions) > 1 and len(families) * len(dimensions) == len(ranking.problems)
    blocks = dimensions if split else [0]
    groups = [[i for i, p in enumerate(ranking.problems) if not split or facts[p].n == n] for n in blocks]
    names = families if split else [facts[p].title for p in ranking.problems]

    methods = ranking.methods
    left = text_width(names, 8.5) + 0.2
    widest = max(text_width(methods, 8.5) + 0.1, 0.62 * 1.0)
    across = -(-int((8.0 - left) // (widest * len(methods) + 0.25)) // 1) or 1
    across = min(max(across, 1), len(blocks))
    lines = -(-len(blocks) // across)
    row_height, head = 0.24, 0.78 if split else 0.6
    width = 8.0
    figure = new_figure(width, lines * (len(names) * row_height + head))
    foot = caption(figure, _caption(ranking, cells, grad_cost, level, named=split), grow=True)
    height = figure.get_figheight()
    block_width = (width - left - 0.1) / across
    for index, (n, rows) in enumerate(zip(blocks, groups, strict=True)):
        line, column = divmod(index, across)
        bottom = foot + 0.05 + (lines - 1 - line) * (len(names) * row_height + head)
        inner = min(block_width - 0.12, 1.15 * len(methods) if across == 1 else block_width)
        ax = figure.add_axes(
            ((left + column * block_width) / width, bottom / height, inner / width, len(names) * row_height / height)
        )
        plot_ranks(ax, ranking, rows, level=level, fontsize=7.5 if across > 1 else 8.5)
        ax.set_yticks(range(len(rows)), names if column == 0 else [""] * len(rows), color=INK)
        ax.xaxis.tick_top()
        heads = [f"{m}\n{_mean(ranking, i)}" if not split else m for i, m in enumerate(methods)]
        ax.set_xticks(range(len(methods)), heads)
        for label, method in zip(ax.get_xticklabels(), methods, strict=True):
            label.set_color(readable(look[method].color))
            label.set_fontweight("bold")
            label.set_fontsize(8.5 if across == 1 else 7.5)
        if split:
            ax.set_title(f"n = {n}", fontsize=9.5, fontweight="bold", loc="left", color=INK, pad=6)
    table = [
        {
            "problem": problem,
            "method": method,
            "rank": ranking.ranks[i, j],
            "ert": ranking.ert[i, j],
            "p_value": ranking.p_values[i, j],
            "effect": ranking.effects[i, j],
            "mean_rank": ranking.mean_ranks[j],
        }
        for i, problem in enumerate(ranking.problems)
        for j, method in enumerate(methods)
    ]
    return figure, table


def _mean(ranking: Ranking, index: int) -> str:
    mean = ranking.mean_ranks[index]
    return "" if np.isnan(mean) else f"mean rank {mean:.2f}"


def _caption(ranking: Ranking, cells: Sequence[Cell], grad_cost: float, level: float, named: bool) -> str:
    count = trial_count(cells)
    text = (
        f"ERT to the final target, darker is the better rank (∞: by the median gap left); {count} trials, one "
        f"gradient = {grad_cost:g} evaluations. ★ better than every other method, ≈ no significant difference to "
        f"the best "
        f"(rank-sum test at the smallest budget of a trial that failed, Holm over all cells, {level:.0%})."
    )
    if not np.isnan(ranking.friedman):
        means = ", ".join(f"{m} {r:.2f}" for m, r in zip(ranking.methods, ranking.mean_ranks, strict=True))
        text += f" Mean ranks: {means};" if named else " Mean ranks:"
        text += (
            f" Friedman p = {number(ranking.friedman, 2)}, Nemenyi critical difference "
            f"{ranking.critical_difference:.2f} (5 %)."
        )
    return text
