"""Descent: how many examples a step sees, how long it is, and how it gets through valleys, ravines and saddles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import problems
from autodiff.optim import SGD
from experiments.figures.animation import save_animation
from experiments.figures.layout import panel_grid
from experiments.figures.paths import Path2D
from experiments.figures.style import BLUE, GREY, INK, RED, dress
from experiments.figures.trajectories import plot_path, result_text, stage
from experiments.lessons import descent_runs as runs
from experiments.lessons.drawing import legend
from experiments.lessons.lesson import GRAD_COST, Drawing, Finding, Lesson, Numbers, Table, named, records, words
from experiments.statistics.summary import number

BATCH_START = np.array([-0.8, -0.6])
SHOWN_POINTS, FRAMES = 200, 36
SHORT = {"Plain descent": "Plain", "With noise": "Noisy", "Momentum 0.9": "Momentum"}  # for the smaller panels of gifs
SHOWN_IN_RAVINE = ("Momentum 0.9", "Adagrad", "RMSprop", "Adam")
SHOWN_ON_SADDLE = ("Plain descent", "With noise", "Momentum 0.9", "CMA-ES")
ANGLE = {"degrees": np.degrees(runs.TURN)}


def batches(numbers: Numbers) -> Drawing:
    """One, some, or all examples in each step."""
    objective, _, examples = runs.regression()
    paths, notes = [], []
    for label, size in runs.BATCHES.items():
        path, left = runs.batch_path(label, size, BATCH_START)
        numbers |= named("examples", {label: float(path.cost[np.argmax(left < runs.NEAR)])})
        numbers |= named("left", {label: float(np.median(left[len(left) // 2 :]))})
        shown = np.unique(np.geomspace(1, len(path.cost), SHOWN_POINTS).astype(int)) - 1
        paths.append(replace(path, centre=path.centre[shown], cost=path.cost[shown], best=path.best[shown]))
        notes.append(f"{len(left) - 1} steps")
    numbers["examples"] = examples
    return draw_paths("batches", paths, objective, words(__name__, "batches", **numbers), notes)


def rates(numbers: Numbers) -> Drawing:
    """A learning rate that is too small, right, too large."""
    objective, _ = runs.bowl(runs.STEEP)
    paths, notes = [], []
    for label, lr in runs.RATES.items():
        points, values = runs.descend(objective, SGD(lr), runs.RATE_START, runs.RATE_STEPS)
        numbers |= named("f_rate", {label: float(values[-1])})
        paths.append(runs.as_path(f"Rate {label}", "sgd", points, values))
        notes.append(f"rate {lr:.3g}: f = {number(float(values[-1]), 2)}")
    numbers["largest_stable_rate"] = 2 / runs.STEEP
    return draw_paths("learning-rates", paths, objective, words(__name__, "learning-rates"), notes)


def valleys(numbers: Numbers) -> Drawing:
    """Momentum through a local minimum."""
    objective = problems.get("x2-sin-x", n=1)
    plain, passing, ends = runs.valley_ends()
    numbers["valley_plain"], numbers["valley_passing"] = float(plain[-1]), float(passing[-1])
    numbers["valley_plain_f"], numbers["valley_passing_f"] = (float(objective(p[-1:])) for p in (plain, passing))
    numbers["least_momentum_that_passes"] = float(runs.MOMENTA[np.abs(ends - passing[-1]) < 0.1].min())
    grid = panel_grid(2, 2, panel=3.2, left=0.75, caption=words(__name__, "momentum"))
    left, right = grid.axes
    x = np.linspace(-6.2, 7.2, 400)
    left.plot(x, objective(x[:, None]), color=GREY, linewidth=1.2)
    for points, lift, color, mark, label in (
        (plain, 2.0, INK, "v", "no momentum"), (passing, 4.5, RED, "o", f"momentum {runs.PASSING:g}")
    ):  # fmt: skip
        height = objective(points[:, None]) + lift
        left.plot(points, height, "-", color=color, linewidth=1.0, label=label)
        left.plot(points[:60], height[:60], ".", color=color, markersize=4)
        left.plot(points[-1], height[-1], mark, color=color, markersize=8, markeredgecolor="white", zorder=5)
    left.plot(plain[0], objective(plain[:1]) + 3, "o", color="white", markeredgecolor=INK, markersize=6, zorder=6)
    legend(left, loc="lower left")
    dress(left, title="Through a local minimum", xlabel="x", ylabel="f")
    right.plot(runs.MOMENTA, ends, "o", color=BLUE, markersize=3.5)
    dress(right, title="It takes enough momentum", xlabel="momentum", ylabel="x at the end")
    rows = records(what="no momentum", at=range(200), x=plain[:200])
    rows += records(what="momentum", at=range(200), x=passing[:200]) + records(what="end", at=runs.MOMENTA, x=ends)
    return Drawing("momentum", grid.figure, rows)


def ravine(numbers: Numbers) -> tuple[Drawing, Table]:
    """Rules that scale each coordinate, on a ravine along the axes and on one across them."""
    rows, paths = [], []
    turned, start = runs.ravine(True)
    for label, (name, make) in runs.RULES.items():
        cells = [label]
        for where in ("along", "across"):
            steps, lr = runs.best_rate(make, where == "across")
            numbers |= named(f"ravine_{where}", {label: steps}) | named(f"rate_{where}", {label: lr})
            cells += [f"{steps}", f"{steps * runs.STEP_COST:.0f}", f"{lr:.3g}"]
        rows.append(cells)
        points, values = runs.descend(turned, make(lr), start, steps)
        paths.append(runs.as_path(label, name, points, values))
    cells = ["CMA-ES"]
    for where in ("along", "across"):
        objective, begin = runs.ravine(where == "across")
        cost, _ = runs.strategy_cost(objective, begin, "cmaes", runs.RAVINE_SIGMA, runs.RAVINE_TARGET)
        numbers[f"ravine_evaluations_{where}_CMA-ES"] = cost
        cells += ["", f"{cost:.0f}", ""]
    header = [f"{what}, {where}" for where in ("along the axes", "turned") for what in ("steps", "evaluations", "rate")]
    numbers["unrest_RMSprop"] = runs.unrest("RMSprop", float(numbers["rate_along_RMSprop"]))
    shown = [path for path in paths if path.label in SHOWN_IN_RAVINE]
    drawing = draw_paths("ravine", shown, turned, words(__name__, "ravine", **ANGLE))
    return drawing, Table(["rule", *header], [*rows, cells])


def saddle(numbers: Numbers) -> Drawing:
    """Ways off a saddle."""
    objective = problems.get("saddle", n=2)
    paths = []
    for label in runs.ESCAPES:
        steps, path = runs.escape(label)
        numbers |= named("saddle_evaluations", {label: steps * runs.STEP_COST})
        paths.append(path)
    numbers["saddle_steps_plain"] = runs.escape("Plain descent")[0]
    numbers["saddle_steps_plain_nearer"] = runs.escape("Plain descent", runs.OFFSET**2, 2 * runs.SADDLE_STEPS)[0]
    ridge = [runs.escape(label, 0.0)[1].centre[:, 1] for label in runs.ESCAPES if runs.ESCAPES[label][2] == 0]
    numbers["furthest_from_ridge"] = float(max(np.abs(y).max() for y in ridge))
    start = np.array([runs.SADDLE_X, runs.OFFSET])
    for label, method in runs.STRATEGIES.items():
        cost, path = runs.strategy_cost(objective, start, method, runs.SADDLE_SIGMA, runs.SADDLE_TARGET)
        numbers |= named("saddle_evaluations", {label: cost})
        paths.append(replace(path, label=label))
    shown = [path for path in paths if path.label in SHOWN_ON_SADDLE]
    return draw_paths("saddle", shown, objective, words(__name__, "saddle"))


def study() -> Finding:
    """Run all five and tell what came out."""
    numbers: Numbers = {}
    drawings = [batches(numbers), rates(numbers), valleys(numbers)]
    drawing, table = ravine(numbers)
    drawings += [drawing, saddle(numbers)]
    return Finding(words(__name__, **numbers, **ANGLE, nearer=runs.OFFSET**2), numbers, drawings, table)


def draw_paths(
    name: str, paths: Sequence[Path2D], objective: Any, text: str, notes: Sequence[str] | None = None
) -> Drawing:
    """A panel per path on the contours of the objective; without notes what each has spent and reached, and a gif."""
    from matplotlib.ticker import MaxNLocator

    grid, looks = stage(paths, objective, text)
    rows: list[dict[str, Any]] = []
    for k, (ax, path, style) in enumerate(zip(grid.axes, paths, looks, strict=True)):
        plot_path(ax, path, style)
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.yaxis.labelpad = 0.0
        if notes:
            ax.text(0.96, 0.04, notes[k], transform=ax.transAxes, ha="right", fontsize=8.5, color=INK)
        else:
            ax.set_title(result_text(path, path.cost.size - 1, objective), fontsize=8, loc="right", color=INK, pad=7)
        rows += records(path=path.label, cost=path.cost, x1=path.centre[:, 0], x2=path.centre[:, 1])
    return Drawing(name, grid.figure, rows, None if notes else partial(_animate, paths=paths, objective=objective))


def _animate(file: Path, paths: Sequence[Path2D], objective: Any) -> Path:
    short = [replace(path, label=SHORT.get(path.label, path.label)) for path in paths]
    # without f_opt the texts are short: "f = ..." in place of "f − f_opt = ..."
    plain = problems.Objective(objective, 2, vectorized=True, x_opt=objective.x_opt)
    return save_animation(file, short, plain, grad_cost=GRAD_COST, frames=FRAMES)


LESSON = Lesson("descent", "Descent: steps, rates, ravines and saddles", study, needs=("backpropagation",))
