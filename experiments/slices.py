"""Sheets of the gallery for problems of more than two variables: planes through a point that is worth seeing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import problems
from es.core.arrays import FloatArray as Array
from experiments.figures.style import INK, Axes, Figure
from experiments.planes import HOW_TO_READ, draw_plane, draw_sheet, title
from problems import Objective

SHEETS = {
    "bbob-largescale": "BBOB, large scale: n = 40, first instance, a plane through the optimum",
    "bbob-mixint": "BBOB, mixed integer: n = 5, first instance, a plane through the optimum",
    "engineering": "Engineering: two design variables, the others as in the best design",
    "tasks": "Learning, control, images: the plane of a start and of what a short search found",
}
TEXTS = {
    "bbob-largescale": "Star: the optimum. Axes: x1 and x2, the other variables at the optimum.",
    "bbob-mixint": "Star: the optimum. Across x4, one of 16 integers, up x5, continuous; the others at the optimum.",
    "engineering": "A point under the grey veil violates a constraint. Star: the best-known design. Axes: the two "
    "variables that are named, in the problem's own units.",
    "tasks": "Across: 0 is the start, and 1, with the star, what 30 steps of L-BFGS-B found, or 400 evaluations of "
    "CMA-ES where there is no gradient; up: a random direction of the same length.",
}
STEPS, EVALUATIONS = 30, 400

# Engineering problems: two variables that tell a story, as index, name, and what is shown of their range
DESIGNS = {
    "welded-beam": ((2, "beam height", 8.0, 10.0), (3, "beam width", 0.1, 0.5)),
    "pressure-vessel": ((2, "radius", 40.0, 43.0), (3, "length", 160.0, 200.0)),
    "tension-spring": ((0, "wire", 0.05, 0.06), (1, "coil", 0.25, 0.6)),
    "speed-reducer": ((0, "face width", 3.42, 3.6), (5, "shaft diameter", 3.2, 3.7)),
    "ten-bar-truss": ((0, "area of bar 1", 22.0, 35.0), (8, "area of bar 9", 14.0, 28.0)),
    "ten-bar-truss-discrete": ((0, "section of bar 1", 33.5, 41.5), (8, "section of bar 9", 33.5, 41.5)),
    "ten-bar-sizing": ((0, "area of bar 1", 0.1, 35.0), (8, "area of bar 9", 0.1, 35.0)),
}


@dataclass(frozen=True)
class Slice:
    """A function of (..., n) on the plane origin + a u + b v: takes (..., 2)."""

    fun: Callable[[Any], Any]
    origin: Array
    u: Array
    v: Array

    def __call__(self, x: Any) -> Any:
        """Values at x (..., 2)."""
        return self.fun(self.origin + x[..., :1] * self.u + x[..., 1:] * self.v)


def plane(
    objective: Objective, origin: Array, u: Array, v: Array, *, low: Array, high: Array, star: Array | None
) -> Objective:
    """An objective of two variables (a, b): one of n variables on the plane origin + a u + b v, with its constraints.

    What is shown lies between the corners `low` and `high`; `star` is the best point on the plane.
    """
    from scipy.optimize import NonlinearConstraint

    limits = [NonlinearConstraint(Slice(c.fun, origin, u, v), c.lb, c.ub) for c in objective.constraints]
    return Objective(
        Slice(objective, origin, u, v),
        2,
        vectorized=True,
        bounds=np.stack([low, high], axis=1),
        constraints=limits,
        x_opt=star,
        f_opt=objective.f_opt,
        name=objective.name,
        noisy=objective.noisy,
    )


def through(objective: Objective, center: Array, i: int, j: int, low: Array, high: Array) -> Objective:
    """The plane of variables i and j through a point."""
    axes = np.eye(center.size)
    origin = np.where(axes[i] + axes[j] > 0, 0.0, center)
    star = None if objective.x_opt is None else center[[i, j]]
    return plane(objective, origin, axes[i], axes[j], low=low, high=high, star=star)


def found(objective: Objective) -> Objective:
    """The plane of a start, of what a short search finds from there, and of a random direction."""
    import es

    start = objective.x0(0)
    if objective.differentiable:
        result = es.minimize(objective, start, method="l-bfgs-b", maxiter=STEPS)
    else:
        result = es.minimize(objective, start, method="cmaes", maxfevals=EVALUATIONS, rng=0)
    u = np.asarray(result.x) - start
    v = np.random.default_rng(0).standard_normal(start.size)
    v -= (v @ u) / (u @ u) * u
    v *= np.linalg.norm(u) / np.linalg.norm(v)
    low, high = np.array([-0.5, -1.0]), np.array([1.5, 1.0])
    return plane(objective, start, u, v, low=low, high=high, star=np.array([1.0, 0.0]))


def draw_slices(group: str, *, points: int = 141) -> Figure:
    """One of the `SHEETS`; tasks, whose values take longer, with a sixth of the grid points along each side."""
    if group == "engineering":
        panels = [(title(name), partial(_draw_design, name=name, points=points)) for name in DESIGNS]
    elif group == "tasks":
        tasks = [name for tag in ("learning", "control", "images") for name in problems.names(tag)]
        few = max(11, points // 6)
        tasks = [name for name in tasks if name != "gym" or find_spec("gymnasium") is not None]
        panels = [(title(name), partial(_draw_task, name=name, points=few)) for name in tasks]
    else:
        panels = [(title(name), partial(_draw_bbob, name=name, points=points)) for name in problems.names(group)]
    columns = 4 if len(panels) < 12 else 7 if len(panels) == 14 else 6
    return draw_sheet(panels, SHEETS[group], f"{HOW_TO_READ} {TEXTS[group]}", columns=columns)


def _draw_bbob(ax: Axes, name: str, points: int) -> None:
    n, pair = (5, [3, 4]) if "mixint" in name else (40, [0, 1])
    objective = problems.get(name, n=n)
    assert objective.x_opt is not None and objective.box is not None
    low, high = objective.box.lb[pair], objective.box.ub[pair]
    draw_plane(ax, through(objective, objective.x_opt, pair[0], pair[1], low, high), name, points)


def _draw_design(ax: Axes, name: str, points: int) -> None:
    from matplotlib.patheffects import withStroke

    (i, across, left, right), (j, up, bottom, top) = DESIGNS[name]
    objective = problems.get(name)
    best = objective.x_opt if objective.x_opt is not None else problems.get("ten-bar-truss").x_opt
    assert best is not None
    shown = through(objective, best, i, j, np.array([left, bottom]), np.array([right, top]))
    draw_plane(ax, shown, name, points)
    edge = [withStroke(linewidth=1.6, foreground=INK)]  # readable on the veil and on the heights
    look: dict[str, Any] = {"transform": ax.transAxes, "fontsize": 6.5, "color": "white", "path_effects": edge}
    ax.text(0.97, 0.03, across, ha="right", va="bottom", **look)
    ax.text(0.03, 0.97, up, ha="left", va="top", **look)


def _draw_task(ax: Axes, name: str, points: int) -> None:
    few = {"starts": 2} if name in problems.names("control") and name != "gym" else {}
    draw_plane(ax, found(problems.get(name, **few)), name, points)
