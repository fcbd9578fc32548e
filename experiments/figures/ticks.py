"""Ticks of log axes: powers of ten without labels that overprint each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import XAxis, YAxis


def decade_ticks(ax: Axes, which: str, low: float, high: float, most: int = 7) -> None:
    """Set a log axis with at most ``most`` ticks at powers of ten, written 1, 10, 100 or as powers; no minor labels."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

    axis: XAxis | YAxis = ax.xaxis if which == "x" else ax.yaxis
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
    return rf"$10^{{{exponent}}}$" if mantissa == "1" else rf"${mantissa}\cdot 10^{{{exponent}}}$"


def _power(value: float) -> str:
    exponent = round(np.log10(value))
    return {-1: "0.1", 0: "1", 1: "10", 2: "100"}.get(exponent, rf"$10^{{{exponent}}}$")
