"""The picture of a run: values, step size, axis ratio, coordinates, standard deviations, as users of pycma know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_LINES = 40  # coordinates drawn as single lines
LABELLED = 10  # lines that get a number at their end


def plot(result: Mapping[str, Any], *, f_opt: float | None = None, figure: Figure | None = None) -> Figure:
    """Draw a run of `es.minimize` on four panels over the evaluations.

    Top left: the best value so far and the values of each generation, over the least that is known (`f_opt`, else
    the best value of the run), on a log axis, with step size and axis ratio. Top right: coordinates of the mean.
    Bottom left: best, median and worst value as they are. Bottom right: standard deviations of the coordinates.
    Where the method has phases (`auto`), bands on the left say which of them ran.

    Parameters
    ----------
    result : OptimizeResult
        What `es.minimize` returned, or what it shows to a callback.
    f_opt : float, optional
        The value that differences are taken to.
    figure : matplotlib Figure, optional
        Where to draw; default a new one. What is on it is cleared, so that a callback can draw the run as it grows.

    Returns
    -------
    matplotlib.figure.Figure
        Nothing is shown or saved: `figure.savefig("run.png")`.

    Raises
    ------
    ValueError
        If the result has no history.

    Examples
    --------
    >>> import es
    >>> res = es.minimize(lambda x: (x**2).sum(), [3.0, 3.0], rng=1)
    >>> len(es.plot(res).axes)
    4
    """
    try:
        history = result["history"]
    except KeyError:
        history = None
    if not history or not len(history["nit"]):
        raise ValueError("result must have a history, as es.minimize gives it: this one has none")
    if figure is None:
        from matplotlib.figure import Figure as NewFigure  # no pyplot: no window, no global state

        figure = NewFigure(figsize=(11, 8), layout="constrained")
    figure.clear()
    (values, means), (raw, stds) = figure.subplots(2, 2, sharex=True)
    draw_values(history, values, f_opt)
    draw_lines(history["nfev"], history["mean"], means, "coordinates of the mean")
    draw_raw(history, raw)
    draw_lines(history["nfev"], history["stds"], stds, "standard deviations of the coordinates", log=True)
    if result.get("phases"):
        draw_phases(result["phases"], (values, raw))
    for ax in (raw, stds):
        ax.set_xlabel("evaluations")
    figure.suptitle(_title(result), parse_math=False)
    return figure


def draw_values(history: Mapping[str, FloatArray], ax: Axes, f_opt: float | None = None) -> None:
    """Differences of f to the least value known, with step size and axis ratio, on a log axis."""
    nfev = history["nfev"]
    finite = history["best"][np.isfinite(history["best"])]
    least = f_opt if f_opt is not None else (finite.min() if finite.size else 0.0)
    name = "f_opt" if f_opt is not None else "best f"
    best, median = (_positive(history[key] - least) for key in ("best", "median"))
    low, high = _positive(history["low"] - least), _positive(history["high"] - least)
    ax.fill_between(nfev, low, high, color="tab:blue", alpha=0.15, linewidth=0)
    ax.plot(nfev, median, color="tab:blue", alpha=0.6, linewidth=0.8, label=f"median f − {name}")
    ax.plot(nfev, best, color="tab:blue", linewidth=1.8, label=f"best f so far − {name}")
    for key, color, label in (("sigma", "tab:green", "step size sigma"), ("axis_ratio", "tab:red", "axis ratio")):
        known = np.isfinite(history[key])
        if known.any():
            ax.plot(nfev[known], history[key][known], color=color, linewidth=1.2, label=label)
    ax.set_ylabel("log scale")
    if any(np.isfinite(np.asarray(line.get_ydata(), dtype=float)).any() for line in ax.lines):
        ax.set_yscale("log")
    ax.set_title("values of f (differences), step size, axis ratio", fontsize="medium")
    _legend(ax)


def draw_raw(history: Mapping[str, FloatArray], ax: Axes) -> None:
    """Best, median and range of f in each generation as they are, without the worst of the beginning."""
    nfev = history["nfev"]
    ax.fill_between(
        nfev, history["low"], history["high"], color="tab:blue", alpha=0.15, linewidth=0, label="generation"
    )
    ax.plot(nfev, history["median"], color="tab:blue", alpha=0.6, linewidth=0.8, label="median")
    ax.plot(nfev, history["best"], color="tab:blue", linewidth=1.8, label="best so far")
    settled = history["median"][len(nfev) // 10 :]
    settled = settled[np.isfinite(settled)]
    finite = history["best"][np.isfinite(history["best"])]
    if settled.size and finite.size:
        bottom, top = finite.min(), np.percentile(settled, 95)
        margin = 0.1 * (top - bottom) or 0.1 * abs(bottom) or 1.0
        ax.set_ylim(bottom - margin, top + margin)
    ax.set_ylabel("f")
    ax.set_title("values of f, without the first tenth's worst", fontsize="medium")
    _legend(ax)


def draw_lines(nfev: FloatArray, lines: FloatArray, ax: Axes, title: str, *, log: bool = False) -> None:
    """One line per coordinate, numbered at its end where there are few."""
    ax.set_title(title, fontsize="medium")
    shown = min(lines.shape[1] if lines.ndim == 2 else 0, MOST_LINES)
    drawable = lines[:, :shown][np.isfinite(lines[:, :shown])] if shown else np.empty(0)
    if not drawable.size:
        ax.text(
            0.5, 0.5, "not a property of this method", transform=ax.transAxes, ha="center", va="center", color="gray"
        )
        return
    if log and (drawable > 0).any():
        ax.set_yscale("log")
    from matplotlib import colormaps

    colors = colormaps["viridis"](np.linspace(0, 0.9, shown))
    for i in range(shown):
        ax.plot(nfev, lines[:, i], color=colors[i], linewidth=1)
    if shown <= LABELLED:
        _number_lines(ax, lines[-1, :shown], colors)
    elif lines.shape[1] > shown:
        ax.set_title(f"{title} (the first {shown} of them)", fontsize="medium")


def draw_phases(phases: Sequence[Mapping[str, Any]], axes: Sequence[Axes]) -> None:
    """The spans of each phase of a run as bands behind the curves, named on the first of the axes."""
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    colors = colormaps["Set2"](np.linspace(0, 1, 8))
    named = []
    for phase, color in zip(phases, colors, strict=False):
        for ax in axes:
            for first, last in phase["spans"]:
                ax.axvspan(first, last, color=color, alpha=0.35, linewidth=0, zorder=0)
        named.append(Patch(color=color, alpha=0.35, label=f"{phase['phase']} ({phase['nfev']})"))
    handles, labels = axes[0].get_legend_handles_labels()
    labels += [str(patch.get_label()) for patch in named]
    axes[0].legend(handles=[*handles, *named], labels=labels, fontsize="small", loc="best")


def _number_lines(ax: Axes, ends: FloatArray, colors: Any) -> None:
    """Numbers beside the ends of the lines, spread so that none covers another."""
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top)
    if ax.get_yscale() == "log":
        ends, bottom, top = np.log(np.maximum(ends, bottom)), np.log(bottom), np.log(top)
    places = np.clip((ends - bottom) / (top - bottom), 0.0, 1.0)
    order = np.argsort(places, kind="stable")
    apart = 0.045
    spread = places.copy()
    for before, i in pairwise(order):
        spread[i] = max(spread[i], spread[before] + apart)
    spread += np.mean(places - spread)
    for i in order:
        ax.text(
            1.01,
            spread[i],
            f"x[{i}]",
            transform=ax.transAxes,
            color=colors[i],
            va="center",
            fontsize="small",
            clip_on=False,
        )


def _positive(x: FloatArray) -> FloatArray:
    """What a log axis can show."""
    return np.where(x > 0, x, np.nan)


def _legend(ax: Axes) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize="small", frameon=True, loc="best")


def _title(result: Mapping[str, Any]) -> str:
    reasons = ", ".join(result.get("stop", {})) or "not ended"
    best = f"hypervolume {result['hypervolume']:.6g}" if "hypervolume" in result else f"f = {result['fun']:.6g}"
    what = f"{result.get('method', 'run')}: {best} after {result['nfev']} evaluations"
    return f"{what} (stopped by {reasons})"
