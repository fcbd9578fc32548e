"""Ticks of log axes: powers of ten without labels that overprint each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.figures.style import EDGE, GRID, INK, LABEL_SIZE, Axes, text_width

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SAME = 1 + 1e-9
"""Ticks at the ends of an axis belong to it."""


def decade_ticks(ax: Axes, which: str, low: float, high: float, most: int = 7) -> None:
    """Set a log axis with at most ``most`` ticks at powers of ten, written 1, 10, 100 or as powers; no minor labels."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

    axis: Any = ax.xaxis if which == "x" else ax.yaxis
    if which == "x":
        ax.set_xscale("log")
        ax.set_xlim(low, high)
    else:
        ax.set_yscale("log")
        ax.set_ylim(low, high)
    first, last = int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9))
    step = max(1, int(np.ceil((last - first + 1) / most)))
    if last - first < 1:  # less than two powers of ten in sight: 1, 2, 5 steps
        steps: list[float] = []
        for factors in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
            if len(steps) < 2:
                steps = [m * 10.0**e for e in range(first - 1, last + 1) for m in factors if low <= m * 10.0**e <= high]
        axis.set_major_locator(FixedLocator(steps))
        axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    else:
        axis.set_major_locator(FixedLocator([10.0**e for e in range(first + (-first) % step, last + 1, step)]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))
        if most <= 5:  # small panels, of which there are many: ticks take most of the time of drawing
            axis.set_minor_locator(NullLocator())
            axis.set_minor_formatter(NullFormatter())
            return
        axis.set_minor_locator(LogLocator(subs=(1.0,) if step > 1 or last - first > 5 else range(2, 10), numticks=200))
    axis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    if 1e-3 < value < 1e4:
        return f"{value:g}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    mantissa = f"{value / 10.0**exponent:.2g}"
    return _ten(exponent) if mantissa == "1" else f"{mantissa}·{_ten(exponent)}"


def _power(value: float) -> str:
    exponent = round(np.log10(value))
    return {-1: "0.1", 0: "1", 1: "10", 2: "100"}.get(exponent, _ten(exponent))


def _ten(exponent: int) -> str:
    """A power of ten in plain letters, which are drawn much sooner than formulas.

    Examples
    --------
    >>> _ten(-12)
    '10⁻¹²'
    """
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def plain_ticks(ax: Axes) -> None:
    """Draw the ticks, the grid and the axis labels of an axes as one line each and texts, with matplotlib's look.

    Matplotlib's own ticks take most of the time of figures with many small panels. Scales, limits, ticks and labels
    must be final, as `experiments.figures.style.dress` left them: they do not follow changes any more.
    """
    from matplotlib.markers import TICKDOWN, TICKLEFT
    from matplotlib.ticker import NullLocator
    from matplotlib.transforms import ScaledTranslation

    inches = ax.figure.dpi_scale_trans
    for axis, along in ((ax.xaxis, ax.get_xaxis_transform()), (ax.yaxis, ax.get_yaxis_transform())):
        across, low, high = axis is ax.xaxis, *sorted(axis.get_view_interval())
        places = axis.get_majorticklocs().tolist()
        words = axis.get_major_formatter().format_ticks(places)
        shown = [(p, word) for p, word in zip(places, words, strict=True) if low / SAME <= p <= high * SAME]
        name, size = axis.label.get_text(), axis.label.get_fontsize()
        axis.set_major_locator(NullLocator())
        axis.set_minor_locator(NullLocator())
        axis.label.set_text("")
        axis.set_visible(False)
        at = np.array([p for p, _ in shown], dtype=float)
        zero = np.zeros_like(at)
        ends = np.array([zero, zero + 1, zero + np.nan]).T.ravel()
        rows = (np.repeat(at, 3), ends) if across else (ends, np.repeat(at, 3))
        ax.plot(*rows, transform=along, color=GRID, linewidth=0.7, zorder=0.5, scalex=False, scaley=False)
        ax.plot(
            *((at, zero) if across else (zero, at)), transform=along, linestyle="none", color=EDGE, clip_on=False,
            marker=TICKDOWN if across else TICKLEFT, markersize=3.5, markeredgewidth=0.8, scalex=False, scaley=False,
        )  # fmt: skip
        look: dict[str, Any] = {"color": INK, "fontsize": LABEL_SIZE}
        away, va, ha = (ax.get_xaxis_text1_transform if across else ax.get_yaxis_text1_transform)(7.0)
        for p, word in shown:
            ax.text(p if across else 0, 0 if across else p, word, transform=away, va=va, ha=ha, **look)
        if name:
            room = LABEL_SIZE * 1.2 / 72 if across else text_width([word for _, word in shown], LABEL_SIZE)
            away_x, away_y = (0, -room - 11 / 72) if across else (-room - 11 / 72, 0)
            place = ax.transAxes + ScaledTranslation(away_x, away_y, inches)
            same: dict[str, Any] = {"fontsize": size, "color": INK, "transform": place}
            if across:
                ax.text(0.5, 0, name, va="top", ha="center", **same)
            else:
                ax.text(0, 0.5, name, va="bottom", ha="center", rotation=90, rotation_mode="anchor", **same)
