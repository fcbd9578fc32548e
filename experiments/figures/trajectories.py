"""Trajectories on 2-D contours: search ellipses of evolution strategies and paths of gradient methods, still and
moving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from experiments.figures.files import Drawn, csv_rows
from experiments.figures.layout import Grid, panel_grid
from experiments.figures.paths import Path2D
from experiments.figures.style import INK, Axes, LineStyle, dress, styles
from experiments.statistics.summary import number

HEADER = ("method", "step", "evaluations", "x1", "x2", "best", "c11", "c12", "c22")
SHOWN_ELLIPSES = 9


def plot_contours(
    ax: Axes,
    fun: Callable[[FloatArray], FloatArray],
    box: tuple[float, float, float, float],
    f_low: float,
    points: int = 220,
) -> None:
    """Fill the panel, a box (left, right, bottom, top), with contours of log10(f - f_low), pale so that paths can be
    read on them; `f_low` is the optimum, or any value below all others."""
    from matplotlib.colors import LinearSegmentedColormap

    left, right, bottom, top = box
    x, y = np.meshgrid(np.linspace(left, right, points), np.linspace(bottom, top, points))
    gap = np.asarray(fun(np.stack([x, y], axis=-1)), dtype=float) - f_low
    finite = gap[np.isfinite(gap) & (gap > 0)]
    floor = np.quantile(finite, 0.002) if finite.size else 1.0
    height = np.log10(np.maximum(gap, floor))
    shades = LinearSegmentedColormap.from_list("ground", ["#C9D6DF", "#E6ECF0", "#FAFBFC"])
    levels = np.linspace(float(np.nanmin(height)), float(np.nanmax(height)), 15)
    filled = ax.contourf(x, y, height, levels=levels, cmap=shades)
    lines = ax.contour(x, y, height, levels=levels, colors="#AEBBC5", linewidths=0.4, linestyles="solid")
    filled.set_rasterized(True)  # as paths they are a megabyte of SVG for a few panels
    lines.set_rasterized(True)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)


def ellipse(centre: FloatArray, covariance: FloatArray, size: float = 2.0, points: int = 60) -> FloatArray:
    """Outline (points, 2) of the ``size`` standard deviations ellipse of a normal distribution.

    Examples
    --------
    >>> np.abs(ellipse(np.zeros(2), np.eye(2), 3.0)).max().round(6)
    np.float64(3.0)
    """
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    angle = np.linspace(0, 2 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return np.asarray(centre + size * (circle * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def plot_path(ax: Axes, path: Path2D, style: LineStyle) -> None:
    """Draw a run on an axes: line of centres, a dot per step, and ellipses (2 standard deviations) for strategies."""
    way = path.centre
    ax.plot(way[:, 0], way[:, 1], color=style.color, linewidth=1.4, zorder=4)
    ax.plot(way[:, 0], way[:, 1], ".", color=style.color, markersize=2.6, zorder=4)
    if path.covariance is not None:
        steps = np.unique(np.geomspace(1, len(way), SHOWN_ELLIPSES).astype(int)) - 1
        for step in steps:
            outline = ellipse(path.centre[step], path.covariance[step])
            ax.plot(outline[:, 0], outline[:, 1], color=style.color, linewidth=0.9, alpha=0.75, zorder=3)
    ax.plot(*path.centre[0], "o", color="white", markeredgecolor=INK, markersize=6, zorder=5)
    ax.plot(*way[-1], style.marker, color=style.color, markeredgecolor="white", markersize=7, zorder=6)


def view_box(paths: Sequence[Path2D], x_opt: FloatArray | None) -> tuple[float, float, float, float]:
    """Limits that hold all centres, the first ellipses and the optimum, with some room, not more than 3:1."""
    parts = [path.centre[np.isfinite(path.centre).all(axis=1)] for path in paths]
    parts += [ellipse(p.centre[0], p.covariance[0]) for p in paths if p.covariance is not None]
    if x_opt is not None:
        parts.append(np.atleast_2d(x_opt))
    cloud = np.concatenate(parts)
    low, high = cloud.min(axis=0), cloud.max(axis=0)
    size = np.maximum(high - low, 1e-12)
    size = np.maximum(size, size.max() / 3) * 1.12
    middle = (low + high) / 2
    left, bottom = middle - size / 2
    right, top = middle + size / 2
    return float(left), float(right), float(bottom), float(top)


def stage(paths: Sequence[Path2D], objective: Any, caption: str, width: float = 8.0) -> tuple[Grid, list[LineStyle]]:
    """Panels with contours, start and optimum, one per path."""
    box = view_box(paths, objective.x_opt)
    f_low = objective.f_opt if objective.f_opt is not None else min(float(np.nanmin(p.best)) for p in paths)
    columns = 2 if len(paths) in (2, 4) else min(3, len(paths))
    panel = (width / columns - 0.75) * (box[3] - box[2]) / (box[1] - box[0])
    panel = float(np.clip(panel, 1.6, 4.2)) + 0.85
    grid = panel_grid(len(paths), columns, caption=caption, width=width, panel=panel, left=0.6, right=0.15)
    for index, (ax, path) in enumerate(zip(grid.axes, paths, strict=True)):
        plot_contours(ax, objective, box, f_low)
        if objective.x_opt is not None:
            x, y = np.asarray(objective.x_opt).reshape(-1)[:2]
            ax.plot(x, y, "*", color=INK, markersize=10, markeredgecolor="white", zorder=7)
        below, beside = grid.is_last(index), grid.is_first(index)
        dress(ax, title=path.label, xlabel="x1" if below else "", ylabel="x2" if beside else "", grid="")
    table = styles([path.label for path in paths], [path.name for path in paths])
    return grid, [table[path.label] for path in paths]


def trajectory_figure(paths: Sequence[Path2D], objective: Any, *, grad_cost: float) -> Drawn:
    """A panel per run on the contours of the objective of two variables; the caption says the cost of a gradient."""
    text = (
        f"{objective.name or 'objective'}, contours of log10(f − f_opt). Circle: start, star: optimum. Line: mean of "
        "the strategy, or the point of the gradient method (best so far for finished solvers); ellipses: 2 standard "
        f"deviations of the search distribution at {SHOWN_ELLIPSES} steps. One gradient = {grad_cost:g} evaluations."
    )
    grid, looks = stage(paths, objective, text)
    lines: list[tuple[Any, ...]] = []
    for ax, path, style in zip(grid.axes, paths, looks, strict=True):
        plot_path(ax, path, style)
        ax.set_title(result_text(path, path.cost.size - 1, objective), fontsize=8, loc="right", color=INK, pad=7)
        for step, (centre, cost, best) in enumerate(zip(path.centre, path.cost, path.best, strict=True)):
            c = path.covariance[step] if path.covariance is not None else np.full((2, 2), np.nan)
            lines.append((path.label, step, cost, *centre, best, c[0, 0], c[0, 1], c[1, 1]))
    return grid.figure, csv_rows(HEADER, lines)


def result_text(path: Path2D, step: int, objective: Any) -> str:
    """What a run has spent and reached after a step."""
    best = path.best[step]
    gap = best - objective.f_opt if objective.f_opt is not None else best
    what = "f − f_opt" if objective.f_opt is not None else "f"
    return f"{path.cost[step]:.0f} evaluations" + ("" if np.isnan(gap) else f", {what} = {number(float(gap), 2)}")
