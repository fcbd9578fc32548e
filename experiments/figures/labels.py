"""Names of lines: at their ends, with room between them, or in one row for figures of many panels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.figures.style import Axes, Figure, LineStyle, readable, text_width

KEY_ROW, KEY_SIZE = 0.22, 9.0
"""Inches from one row of a legend to the next, and points of its letters."""


def spread(positions: Sequence[float], gap: float, low: float = -np.inf, high: float = np.inf) -> list[float]:
    """Move positions as little as possible (in squares) so that neighbours keep ``gap`` and all lie in [low, high].

    The order of equal positions is kept. When the room is too small, the gap shrinks.

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], 0.2)
    [0.4, 0.6, 0.9]
    """
    from scipy.optimize import isotonic_regression

    count = len(positions)
    if count == 0:
        return []
    gap = min(gap, (high - low) / max(count - 1, 1))
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(count)
    shifted = isotonic_regression(np.asarray(positions, dtype=float)[order] - steps).x
    result = np.empty(count)
    result[order] = np.clip(shifted, low, high - steps[-1]) + steps
    return result.round(12).tolist()


def end_labels(
    ax: Axes, ends: Iterable[tuple[float, float, str, LineStyle]], *, fontsize: float = 8.5, reach: float = 0.05
) -> None:
    """Write labels right of the axes, joined to line ends by thin leader lines, with a minimum distance between them.

    The ends (x, y, label, style) are in data coordinates of final scales and limits. Labels are ordered as the ends are
    from bottom to top, ties as they come; they start `reach` axes widths right of the axes.
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
        x = [point[0], max(1.0, point[0]) + 0.25 * reach, 1.0 + 0.85 * reach]
        look: dict[str, Any] = {"color": style.color, "linewidth": 0.8, "clip_on": False, "zorder": 1.5}
        ax.plot(x, [point[1], point[1], place], transform=ax.transAxes, **look)
        words: dict[str, Any] = {"color": readable(style.color), "fontsize": fontsize, "va": "center", "ha": "left"}
        ax.text(1.0 + reach, place, label, transform=ax.transAxes, **words)


def key_rows(look: Mapping[str, LineStyle], width: float, *, left: float = 0.6) -> int:
    """How many rows `key_strip` takes in a figure of this width in inches."""
    return max((row for _, row in _key_places(look, width, left)), default=-1) + 1


def _key_places(look: Mapping[str, LineStyle], width: float, left: float) -> list[tuple[float, int]]:
    """Left edge in inches and row of each name: as many in a row as there is room for."""
    places, x, row = [], left, 0
    for label, style in look.items():
        wide = 0.4 + text_width([style.name or label], KEY_SIZE) + 0.2
        if x > left and x + wide > width:
            x, row = left, row + 1
        places.append((x, row))
        x += wide
    return places


def key_strip(figure: Figure, look: Mapping[str, LineStyle], y: float, *, left: float = 0.6) -> None:
    """Name all lines in rows from ``y`` inches above the foot downwards, one legend for all panels of a figure."""
    from matplotlib.lines import Line2D

    width, height = figure.get_figwidth(), figure.get_figheight()
    places = _key_places(look, width, left)
    for (label, style), (x, row) in zip(look.items(), places, strict=True):
        level = (y - KEY_ROW * row) / height
        same: dict[str, Any] = {"transform": figure.transFigure, "color": style.color}
        line = Line2D([x / width, (x + 0.34) / width], [level] * 2, linestyle=style.dash, linewidth=1.6, **same)
        dot = Line2D(
            [(x + 0.17) / width], [level], marker=style.marker, markersize=5, markeredgecolor="white",
            markeredgewidth=0.6, **same,
        )  # fmt: skip
        figure.add_artist(line)
        figure.add_artist(dot)
        words: dict[str, Any] = {"color": readable(style.color), "fontsize": KEY_SIZE, "va": "center", "ha": "left"}
        figure.text((x + 0.4) / width, level, style.name or label, **words)
