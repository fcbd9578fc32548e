"""Names of lines: at their ends, with room between them, or in one row for figures of many panels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from experiments.figures.style import LineStyle, readable, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def spread(positions: Sequence[float], gap: float, low: float = -np.inf, high: float = np.inf) -> list[float]:
    """Move positions as little as possible (in squares) so that neighbours keep ``gap`` and all lie in [low, high].

    The order of equal positions is kept. When the room is too small, the gap shrinks.

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], 0.2)
    [0.4, 0.6, 0.9]
    """
    count = len(positions)
    if count == 0:
        return []
    gap = min(gap, (high - low) / max(count - 1, 1))
    order = sorted(range(count), key=lambda i: (positions[i], i))
    blocks: list[list[float]] = []  # pool adjacent violators on position minus rank * gap
    for rank, i in enumerate(order):
        blocks.append([positions[i] - rank * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, size = blocks.pop()
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * size) / (blocks[-1][1] + size), blocks[-1][1] + size]
    shifted = [mean for mean, size in blocks for _ in range(int(size))]
    top = high - (count - 1) * gap
    result = [0.0] * count
    for rank, i in enumerate(order):
        result[i] = round(float(min(max(shifted[rank], low), top)) + rank * gap, 12)
    return result


def end_labels(
    ax: Axes,
    ends: Iterable[tuple[float, float, str, LineStyle]],
    *,
    fontsize: float = 8.5,
    reach: float = 0.05,
) -> None:
    """Write labels right of the axes, joined to line ends by thin leader lines, with a minimum distance between them.

    Parameters
    ----------
    ax : Axes
        Axes whose scales and limits are final.
    ends : iterable of (x, y, label, style)
        Line ends in data coordinates; labels are ordered as the ends are from bottom to top, ties as they come.
    fontsize : float
        Points.
    reach : float
        Where the text starts, in axes widths right of the axes.
    """
    items = list(ends)
    if not items:
        return
    to_axes = ax.transData + ax.transAxes.inverted()
    points = [to_axes.transform((x, y)) for x, y, _, _ in items]
    height = ax.get_window_extent().height
    gap = fontsize * 1.35 / 72 * ax.figure.dpi / height
    places = spread([float(p[1]) for p in points], gap, 0.01, 0.99)
    for (_, _, label, style), point, place in zip(items, points, places, strict=True):
        ax.plot(
            [point[0], max(1.0, point[0]) + 0.25 * reach, 1.0 + 0.85 * reach],
            [point[1], point[1], place],
            transform=ax.transAxes,
            color=style.color,
            linewidth=0.8,
            clip_on=False,
            zorder=1.5,
        )
        ax.text(
            1.0 + reach,
            place,
            label,
            transform=ax.transAxes,
            color=readable(style.color),
            fontsize=fontsize,
            va="center",
            ha="left",
        )


def key_strip(
    figure: Figure, look: Mapping[str, LineStyle], y: float, *, fontsize: float = 9.0, left: float = 0.6
) -> None:
    """Name all lines in one row at ``y`` inches from the foot, for figures with too many panels for labels at line
    ends."""
    from matplotlib.lines import Line2D

    width, height = figure.get_figwidth(), figure.get_figheight()
    x = left
    for label, style in look.items():
        line = Line2D(
            [x / width, (x + 0.32) / width],
            [y / height] * 2,
            transform=figure.transFigure,
            color=style.color,
            linestyle=style.dash,
            linewidth=1.6,
        )
        dot = Line2D(
            [(x + 0.16) / width],
            [y / height],
            transform=figure.transFigure,
            color=style.color,
            marker=style.marker,
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.6,
        )
        figure.add_artist(line)
        figure.add_artist(dot)
        figure.text(
            (x + 0.4) / width, y / height, label, color=readable(style.color), fontsize=fontsize, va="center", ha="left"
        )
        x += 0.4 + text_width([label], fontsize) + 0.25
