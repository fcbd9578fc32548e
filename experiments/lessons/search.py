"""Search without gradients: ellipses that learn a landscape, the natural gradient, and when the black box wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autodiff as ad
import es
import problems
from experiments.figures.layout import panel_grid
from experiments.figures.paths import Path2D, record_path
from experiments.figures.style import INK, dress, styles
from experiments.figures.trajectories import ellipse, plot_contours
from experiments.lessons import search_gradient, search_race
from experiments.lessons.lesson import GRAD_COST, Drawing, Finding, Lesson, Numbers, words
from experiments.statistics.summary import number

METHODS = {"gaussian": "Gaussian ES", "cmaes": "CMA-ES", "xnes": "xNES"}
START, SIGMA0, POPSIZE = np.array([-1.0, 1.0]), 0.4, 20
SHOWN = (0, 3, 8, 18, 36)  # generations
BOX = (-2.0, 1.6, -0.9, 1.9)
PRECISION, RUNS = 1e-8, 21
RECORDED, BUDGET = 3000, 10_000  # evaluations of the runs that are drawn, and of those that are counted


def study() -> Finding:
    """Three strategies on one landscape, two gradients on one sphere, two kinds of method on five grounds."""
    parts = [ellipses(), search_gradient.study(), search_race.study()]
    return Finding(
        "\n\n".join(part.text for part in parts),
        {name: value for part in parts for name, value in part.numbers.items()},
        [drawing for part in parts for drawing in part.drawings],
    )


def recorded(objective: Any, method: str, label: str) -> Path2D:
    """The way of one run, step by step."""
    options = {"sigma0": SIGMA0, "popsize": POPSIZE}
    return record_path(
        objective, method, START, label=label, maxcost=RECORDED, precision=PRECISION, rng=1, options=options
    )


def ellipses() -> Finding:
    """Runtimes of many runs, and the shape of the last ellipse of each path beside that of the valley."""
    objective: Any = problems.get("rosenbrock", n=2)
    paths = [recorded(objective, method, label) for method, label in METHODS.items()]
    curvature, axes = np.linalg.eigh(np.asarray(ad.hessian(objective)(objective.x_opt)))
    valley = axes[:, 0]  # of least curvature
    numbers: Numbers = {"valley_axis_ratio": float(np.sqrt(curvature[1] / curvature[0]))}
    runtimes: Numbers = {}
    for path in paths:
        assert path.covariance is not None  # all three are strategies
        values, vectors = np.linalg.eigh(path.covariance[-1])
        runs = es.minimize_runs(
            objective, START, runs=RUNS, method=path.name, sigma0=SIGMA0, popsize=POPSIZE, maxfevals=BUDGET,
            ftarget=PRECISION, rng=1,
        )  # fmt: skip
        runtimes[path.name] = float(np.median([r.nfev if r.success else np.inf for r in runs]))
        numbers |= {
            f"{path.name}_arrived": sum(bool(r.success) for r in runs),
            f"{path.name}_median_value": float(np.median([r.fun for r in runs])),
            f"{path.name}_axis_ratio": float(np.sqrt(values[1] / values[0])),
            f"{path.name}_degrees_off": float(np.degrees(np.arccos(min(1.0, abs(vectors[:, 1] @ valley))))),
        }
    took = {name: f"{x:.0f}" if np.isfinite(x) else f"more than {BUDGET}" for name, x in runtimes.items()}
    numbers |= {f"{name}_evaluations": value for name, value in runtimes.items() if np.isfinite(value)}
    text = words(__name__, **numbers, took=took, precision=number(PRECISION))
    return Finding(text, numbers, [_draw(objective, paths)])


def _draw(objective: Any, paths: Sequence[Path2D]) -> Drawing:
    grid = panel_grid(
        len(paths) * len(SHOWN), len(SHOWN), width=9.0, panel=1.81,  # which makes the units of both axes equal
        left=0.42, right=0.03, bottom=0.4, top=0.28, caption=words(__name__, "ellipses"),
    )  # fmt: skip
    looks = styles([p.label for p in paths], [p.name for p in paths])
    rows: list[dict[str, Any]] = []
    for index, ax in enumerate(grid.axes):
        path, generation = paths[index // len(SHOWN)], SHOWN[index % len(SHOWN)]
        assert path.covariance is not None  # all three are strategies
        color, centre, best = looks[path.label].color, path.centre[generation], path.best[generation]
        covariance = path.covariance[generation]
        plot_contours(ax, objective, BOX, 0.0, points=140)
        outline = ellipse(centre, covariance)
        ax.plot(*path.population[generation].T, ".", color=INK, markersize=3, alpha=0.6, zorder=3)
        ax.plot(*path.centre[: generation + 1].T, color=color, linewidth=1.2, zorder=4)
        ax.fill(*outline.T, facecolor=color, alpha=0.22, zorder=2)
        ax.plot(*outline.T, color=color, linewidth=1.6, zorder=4)
        ax.plot(*objective.x_opt, "*", color=INK, markersize=9, markeredgecolor="white", zorder=5)
        ax.set(xlim=BOX[:2], ylim=BOX[2:], xticks=[-1, 0, 1], yticks=[0, 1])
        dress(ax, xlabel="x1" * grid.is_last(index), ylabel="x2" * grid.is_first(index), grid="")
        note = f"gen. {generation}" + ("" if np.isnan(best) else f", f = {number(best, 2)}")
        ax.set_title(note, fontsize=8, loc="right", color=INK, pad=4)
        if grid.is_first(index):
            ax.set_title(path.label, fontsize=9, loc="left", color=INK, pad=4, fontweight="bold")
        rows.append(
            {"method": path.label, "generation": generation, "x1": centre[0], "x2": centre[1],
             "c11": covariance[0, 0], "c12": covariance[0, 1], "c22": covariance[1, 1], "best": best}
        )  # fmt: skip
    return Drawing("ellipses", grid.figure, rows, partial(_animate, objective=objective, paths=paths), after=0)


def _animate(file: Path, objective: Any, paths: Sequence[Path2D]) -> Path:
    from experiments.figures.animation import save_animation

    shown = [*paths, recorded(objective, "snes", "SNES")]
    shown = [replace(path, label=path.label.removesuffix(" ES")) for path in shown]  # there is little room for names
    return save_animation(file, shown, objective, grad_cost=GRAD_COST, frames=60)


LESSON = Lesson("search", "Search without gradients", study, needs=("circuits",))
