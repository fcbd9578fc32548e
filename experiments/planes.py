"""Panels and sheets of the gallery: heights of functions of two variables, curves of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from es.core.arrays import FloatArray as Array
from experiments.figures.style import BLUE, EDGE, INK, RED, Axes, Figure, caption, new_figure
from problems import Objective

CLASSIC = {name: name.title() for name in ("ackley", "beale", "booth", "griewank", "himmelblau", "levy", "rastrigin")}
CLASSIC |= {name: name.title() for name in ("rosenbrock", "schwefel", "styblinski-tang", "zakharov")}
CLASSIC |= {"x2-sin-x": "$x^2\\,\\sin x$"}

# Half widths around the optimum where the box is too wide to show what the function is like.
CLOSE = {"ackley": 6.0, "griewank": 25.0}

# Published designs lie on their limits to about nine digits.
ROUNDING = 1e-8

BBOB = (
    *("sphere", "ellipsoid", "Rastrigin", "Büche-Rastrigin", "linear slope", "attractive sector", "step ellipsoid"),
    *("Rosenbrock", "turned Rosenbrock", "turned ellipsoid", "discus", "bent cigar", "sharp ridge", "different powers"),
    *("turned Rastrigin", "Weierstrass", "Schaffer F7", "Schaffer F7, steep", "Griewank-Rosenbrock", "Schwefel"),
    *("Gallagher 101 peaks", "Gallagher 21 peaks", "Katsuura", "Lunacek"),
)
NOISY = (
    *("sphere", "Rosenbrock", "sphere", "Rosenbrock", "step ell."),
    *("ellipsoid", "diff. powers", "Schaffer F7", "Griewank-R.", "Gallagher"),
)
CONSTRAINED = ("sphere", "ellipsoid", "slope", "turned ell.", "discus", "cigar", "powers", "Rastrigin", "turned Rastr.")


def title(name: str) -> str:
    """What stands above the panel of a problem: short, with the function's own name."""
    suite, _, number = name.rpartition("-f")
    if not (suite.startswith("bbob") and number.isdigit()):
        return CLASSIC.get(name, name.replace("-", " "))
    k = int(number)
    if suite == "bbob-noisy":
        return f"f{k} {NOISY[(k - 101) // 3]}, {('Gauss', 'uniform', 'Cauchy')[(k - 101) % 3]}"
    if suite == "bbob-constrained":
        active = (1, 2, 6, 7, 8, 12)[(k - 1) % 6]
        return f"f{k} {CONSTRAINED[(k - 1) // 6]}, {active} active"
    return f"f{k} {BBOB[k - 1]}"


def field(objective: Objective, low: Array, high: Array, points: int = 141) -> tuple[Array, Array, Array]:
    """Places x, y (points,) and values (points, points) of a function of two variables on the grid between two corners
    (2,); row i belongs to y[i]."""
    x, y = np.linspace(low[0], high[0], points), np.linspace(low[1], high[1], points)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    return x, y, np.asarray(objective(grid.reshape(-1, 2))).reshape(points, points)


def logarithm(f: Array, f_opt: float | None) -> Array:
    """log10(f - f_opt), with a floor so that the optimum and its surroundings have a finite depth."""
    finite = f[np.isfinite(f)]
    height = f - (finite.min() if f_opt is None else min(f_opt, finite.min()))
    positive = height[np.isfinite(height) & (height > 0)]
    if not positive.size:
        return np.zeros_like(f)
    floor = max(float(np.quantile(positive, 0.002, method="lower")), float(positive.max()) * 1e-12)
    return np.asarray(np.log10(np.maximum(height, floor)))


def draw_plane(ax: Axes, objective: Objective, name: str, points: int = 141) -> None:
    """Heights of a function of two variables, dark where low, with contour lines evenly spaced on the log scale."""
    low, high = window(objective, name)
    x, y, f = field(objective, low, high, points)
    if objective.constraints and objective.f_opt is not None:
        f = np.maximum(f, objective.f_opt)  # what no feasible point reaches would take up most of the scale
    z = logarithm(f, objective.f_opt)
    shown = z[np.isfinite(z)]
    bottom, top = np.quantile(shown, [0.0, 0.995]) if objective.noisy else (shown.min(), shown.max())
    if top - bottom < 1e-9:
        top = bottom + 1.0
    extent = (x[0], x[-1], y[0], y[-1])
    # An image inside the SVG keeps it small; contour lines on top stay lines.
    ax.imshow(
        z, extent=extent, origin="lower", cmap="viridis", vmin=bottom, vmax=top, aspect="auto", zorder=1,
        interpolation="bilinear" if points < 50 else None,
    )  # fmt: skip
    if not objective.noisy and roughness(z) < 0.04:
        levels = np.linspace(bottom, top, 11)[1:-1]
        ax.contour(x, y, z, levels=levels, colors="white", linestyles="solid", linewidths=0.5, alpha=0.55, zorder=2)
    if objective.constraints:
        draw_infeasible(ax, objective, x, y)
    if objective.x_opt is not None:
        star(ax, *objective.x_opt)
    limit(ax, low, high)


def star(ax: Axes, x: float, y: float) -> None:
    """Mark a best point, whole even at the edge of the panel."""
    ax.plot(x, y, "*", color=RED, markersize=9, markeredgecolor="white", markeredgewidth=0.8, clip_on=False, zorder=4)


def roughness(z: Array) -> float:
    """Mean step over 1/140 of the side, as a share of the whole range: where it is large, contours would cover all."""
    z = np.where(np.isfinite(z), z, np.nan)
    with np.errstate(invalid="ignore"):
        steps = np.nanmean(np.abs(np.diff(z, axis=0))) + np.nanmean(np.abs(np.diff(z, axis=1)))
    return float(steps * (len(z) - 1) / 140 / max(np.nanmax(z) - np.nanmin(z), 1e-300))


def draw_infeasible(ax: Axes, objective: Objective, x: Array, y: Array) -> None:
    """A grey veil where a constraint is violated."""
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    bad = np.zeros(len(grid), dtype=bool)
    for constraint in objective.constraints:
        g = np.asarray(constraint.fun(grid))
        bad |= ((g < constraint.lb - ROUNDING) | (g > constraint.ub + ROUNDING)).any(-1)
    veil = np.zeros((len(y), len(x), 4))
    veil[..., :3], veil[..., 3] = 0.82, 0.78 * bad.reshape(len(y), len(x))
    ax.imshow(veil, extent=(x[0], x[-1], y[0], y[-1]), origin="lower", aspect="auto", zorder=3)


def draw_line(ax: Axes, objective: Objective) -> None:
    """A function of one variable as a curve."""
    assert objective.box is not None
    low, high = objective.box.lb[0], objective.box.ub[0]
    x = np.linspace(low, high, 400)
    f = np.asarray(objective(x[:, None]))
    ax.plot(x, f, color=BLUE, linewidth=1.3)
    if objective.x_opt is not None and objective.f_opt is not None:
        star(ax, objective.x_opt[0], objective.f_opt)
    room = 0.08 * (f.max() - f.min())
    limit(ax, np.array([low, f.min() - room]), np.array([high, f.max() + room]))


def window(objective: Objective, name: str) -> tuple[Array, Array]:
    """Corners of what is shown: the box, or a part of it around the optimum."""
    assert objective.box is not None
    low, high = objective.box.lb, objective.box.ub
    if name in CLOSE and objective.x_opt is not None:
        return objective.x_opt - CLOSE[name], objective.x_opt + CLOSE[name]
    return low, high


def limit(ax: Axes, low: Array, high: Array) -> None:
    """Limits, and ticks at round numbers inside them."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(low[0], high[0])
    ax.set_ylim(low[1], high[1])
    for axis, start, end in ((ax.xaxis, low[0], high[0]), (ax.yaxis, low[1], high[1])):
        ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(start, end)
        axis.set_ticks([t for t in ticks if start <= t <= end])
    if ax.get_yticks()[0] <= low[1]:
        ax.get_yticklabels()[0].set_verticalalignment("bottom")  # clear of the first label below
    ax.tick_params(length=2, pad=1.5, labelsize=6.5, color=EDGE, labelcolor=INK)
    for spine in ax.spines.values():
        spine.set_color(EDGE)


HOW_TO_READ = (
    "Dark is low: logarithm of f minus its least value, each panel on its own scale. Contour lines cut the scale "
    "in ten equal parts; they are left out where f is too rugged or noisy for them."
)


def draw_sheet(
    panels: Sequence[tuple[str, Callable[[Axes], None]]], heading: str, text: str, *, columns: int = 6
) -> Figure:
    """A sheet of panels, each a title and what draws it into its axes, with a heading above and a text below."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    width, height = 1.95 * columns + 0.35, 2.05 * rows + 0.45
    figure = new_figure(width, height)
    used = caption(figure, text, grow=True)
    total = height + used
    bottom, top = (used + 0.25) / total, 1 - 0.62 / total
    grid = figure.add_gridspec(
        rows, columns, left=0.3 / width, right=1 - 0.1 / width, bottom=bottom, top=top, wspace=0.26, hspace=0.36
    )
    figure.text(
        0.12 / width, 1 - 0.22 / total, heading, fontsize=12, fontweight="bold", color=INK, va="center", ha="left"
    )
    for k, (name, draw) in enumerate(panels):
        ax = figure.add_subplot(grid[k // columns, k % columns])
        draw(ax)
        ax.set_title(name, fontsize=8, color=INK, loc="left", pad=3)
    return figure
