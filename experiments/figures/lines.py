"""One line of a method: in its colour and dash with a band and shifted markers, or through points with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.style import Axes, LineStyle

DOT: dict[str, Any] = {"markersize": 4.8, "markeredgecolor": "white", "markeredgewidth": 0.6, "linestyle": "none"}


def draw_line(
    ax: Axes,
    x: FloatArray,
    y: FloatArray,
    style: LineStyle,
    *,
    band: tuple[FloatArray, FloatArray] | None = None,
    ended: float = np.inf,
    phase: float = 0.0,
    steps: bool = False,
    last: bool = True,
    pale: float = 0.14,
) -> None:
    """Draw a line through x, y (points,) on a log x axis; y is NaN where there is nothing yet.

    The band (low, high) is shaded, `pale` is its opacity. From `ended` on the line is thin and has no band and no
    markers. There is a marker per decade, shifted by `phase` of a decade, and with `last` one at the last point. With
    `steps` values hold until the next.
    """
    look: dict[str, Any] = {"color": style.color, "drawstyle": "steps-post" if steps else "default"}
    going, rest = x <= ended * (1 + 1e-9), x >= ended * (1 - 1e-9)
    if band is not None:
        low, high = (np.asarray(edge)[going] for edge in band)
        ax.fill_between(x[going], low, high, color=style.color, alpha=pale, linewidth=0)
    ax.plot(x[going], y[going], linestyle=style.dash, linewidth=1.6, **look)
    if rest.sum() > 1:
        ax.plot(x[rest], y[rest], linestyle=style.dash, linewidth=0.8, alpha=0.6, **look)
    seen = np.nonzero(~np.isnan(y) & going)[0]
    if not seen.size:
        return
    decades = np.log10(x[seen])
    end = decades[-1] - 0.25 if last else decades[-1]
    wanted = np.arange(np.ceil(decades[0] - phase), end) + phase
    places = [int(seen[np.searchsorted(decades, d, side="right") - 1]) for d in wanted if decades[0] <= d < end]
    places += [int(seen[-1])] if last else []
    ax.plot(x[places], y[places], style.marker, color=style.color, **DOT)


def draw_points(
    ax: Axes, x: FloatArray, y: FloatArray, low: FloatArray, high: FloatArray, open_at: FloatArray, style: LineStyle
) -> None:
    """Draw a line through points (points,) with intervals; pale and hollow at `open_at` where y is not finite."""
    known = np.isfinite(y)
    ax.plot(x[known], y[known], color=style.color, linestyle=style.dash, linewidth=1.5, zorder=3)
    ax.vlines(x[known], low[known], high[known], color=style.color, linewidth=1.0, alpha=0.8, zorder=3)
    ax.plot(x[known], y[known], style.marker, color=style.color, **DOT, zorder=4)
    hollow: dict[str, Any] = {"color": style.color, "fillstyle": "none", "alpha": 0.55, "markersize": 5, "zorder": 4}
    ax.plot(x[~known], open_at[~known], style.marker, linestyle="none", **hollow)
