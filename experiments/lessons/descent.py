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
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table
from experiments.statistics.summary import number

Numbers = dict[str, float | int]
BATCH_START = np.array([-0.8, -0.6])
SHOWN_POINTS, FRAMES = 200, 36
SHORT = {"Plain descent": "Plain", "With noise": "Noisy", "Momentum 0.9": "Momentum"}  # for the smaller panels of gifs
SHOWN_IN_RAVINE = ("Momentum 0.9", "Adagrad", "RMSprop", "Adam")
SHOWN_ON_SADDLE = ("Plain descent", "With noise", "Momentum 0.9", "CMA-ES")


def key(label: str) -> str:
    """A label as part of the name of a number."""
    return label.replace(" ", "_")


def batches(numbers: Numbers) -> Drawing:
    """One, some, or all examples in each step."""
    objective, _, examples = runs.regression()
    paths, notes = [], []
    for label, size in runs.BATCHES.items():
        path, left = runs.batch_path(label, size, BATCH_START)
        numbers[f"examples_{key(label)}"] = float(path.cost[np.argmax(left < runs.NEAR)])
        numbers[f"left_{key(label)}"] = float(np.median(left[len(left) // 2 :]))
        paths.append(path)
        notes.append(f"{len(left) - 1} steps")
    numbers["examples"] = examples
    text = (
        f"Descent of the squared error of a linear model of {examples} patients with two features, "
        "contours of log10(f − f_opt); circle: "
        f"start, star: optimum. Learning rate {runs.BATCH_RATE:g}, {runs.EPOCHS} times through all examples in each "
        f"panel, of which at most {SHOWN_POINTS} points are drawn, the first ones all."
    )
    return draw_paths("batches", [_thinned(path) for path in paths], objective, text, notes)


def rates(numbers: Numbers) -> Drawing:
    """A learning rate that is too small, right, too large."""
    objective, _ = runs.bowl(runs.STEEP)
    paths, notes = [], []
    for label, lr in runs.RATES.items():
        points, values = runs.descend(objective, SGD(lr), runs.RATE_START, runs.RATE_STEPS)
        numbers[f"f_rate_{key(label)}"] = float(values[-1])
        paths.append(runs.as_path(f"Rate {label}", "sgd", points, values))
        notes.append(f"rate {lr:.3g}: f = {number(float(values[-1]), 2)}")
    numbers["largest_stable_rate"] = 2 / runs.STEEP
    text = (
        f"{runs.RATE_STEPS} steps of plain descent on ½ (x1² + {runs.STEEP:g} x2²), contours of log10 f; circle: "
        "start, star: optimum."
    )
    return draw_paths("learning-rates", paths, objective, text, notes)


def valleys(numbers: Numbers) -> Drawing:
    """Momentum through a local minimum."""
    objective = problems.get("x2-sin-x", n=1)
    plain, passing, ends = runs.valley_ends()
    deep = np.abs(ends - passing[-1]) < 0.1
    numbers["valley_plain"], numbers["valley_passing"] = float(plain[-1]), float(passing[-1])
    numbers["valley_plain_f"], numbers["valley_passing_f"] = (float(objective(p[-1:])) for p in (plain, passing))
    numbers["least_momentum_that_passes"] = float(runs.MOMENTA[deep].min())
    grid = panel_grid(
        2,
        2,
        panel=3.2,
        left=0.75,
        caption=f"Left: descent on x² sin x from x = {runs.VALLEY_START:g} with learning rate {runs.VALLEY_RATE:g}; "
        f"the paths are drawn a little apart. Right: where {runs.VALLEY_STEPS} steps end, for each momentum.",
    )
    left, right = grid.axes
    x = np.linspace(-6.2, 7.2, 400)
    left.plot(x, objective(x[:, None]), color=GREY, linewidth=1.2)
    for points, lift, color, mark, label in (
        (plain, 2.0, INK, "v", "no momentum"),
        (passing, 4.5, RED, "o", f"momentum {runs.PASSING:g}"),
    ):
        height = objective(points[:, None]) + lift
        left.plot(points, height, "-", color=color, linewidth=1.0, label=label)
        left.plot(points[:60], height[:60], ".", color=color, markersize=4)
        left.plot(points[-1], height[-1], mark, color=color, markersize=8, markeredgecolor="white", zorder=5)
    left.plot(plain[0], objective(plain[:1]) + 3, "o", color="white", markeredgecolor=INK, markersize=6, zorder=6)
    left.legend(frameon=False, fontsize=8.5, loc="lower left")
    dress(left, title="Through a local minimum", xlabel="x", ylabel="f")
    right.plot(runs.MOMENTA, ends, "o", color=BLUE, markersize=3.5)
    dress(right, title="It takes enough momentum", xlabel="momentum", ylabel="x at the end")
    rows: list[dict[str, Any]] = [
        {"what": what, "at": k, "x": v}
        for what, points in (("no momentum", plain), ("momentum", passing))
        for k, v in enumerate(points[:200])
    ]
    rows += [{"what": "end", "at": m, "x": v} for m, v in zip(runs.MOMENTA, ends, strict=True)]
    return Drawing("momentum", grid.figure, rows)


def ravine(numbers: Numbers) -> tuple[Drawing, Table]:
    """Rules that scale each coordinate, on a ravine along the axes and on one across them."""
    rows, paths = [], []
    turned, start = runs.ravine(True)
    for label, (name, make) in runs.RULES.items():
        cells = [label]
        for where in ("along", "across"):
            steps, lr = runs.best_rate(make, where == "across")
            numbers[f"ravine_{where}_{key(label)}"], numbers[f"rate_{where}_{key(label)}"] = steps, lr
            cells += [f"{steps}", f"{steps * (1 + runs.GRAD_COST):.0f}", f"{lr:.3g}"]
        rows.append(cells)
        points, values = runs.descend(turned, make(lr), start, steps)
        paths.append(runs.as_path(label, name, points, values))
    cells = ["CMA-ES"]
    for where in ("along", "across"):
        objective, begin = runs.ravine(where == "across")
        cost, _ = runs.strategy_cost(objective, begin, "cmaes", runs.RAVINE_SIGMA, runs.RAVINE_TARGET)
        numbers[f"ravine_evaluations_{where}_CMA-ES"] = cost
        cells += ["", f"{cost:.0f}", ""]
    places = ("along the axes", "turned")
    header = ["rule", *[f"{what}, {place}" for place in places for what in ("steps", "evaluations", "rate")]]
    numbers["unrest_RMSprop"] = runs.unrest("RMSprop", float(numbers["rate_along_RMSprop"]))
    text = (
        f"A ravine of condition {runs.CONDITION:g}, turned by {np.degrees(runs.TURN):.0f}°, contours of log10 f; "
        "circle: start, star: optimum. Each rule with its best learning rate, until it stays below "
        f"{runs.RAVINE_TARGET:g}. One gradient = {runs.GRAD_COST:g} evaluations."
    )
    shown = [path for path in paths if path.label in SHOWN_IN_RAVINE]
    return draw_paths("ravine", shown, turned, text), Table(header, [*rows, cells])


def saddle(numbers: Numbers) -> Drawing:
    """Ways off a saddle."""
    objective = problems.get("saddle", n=2)
    paths = []
    for label in runs.ESCAPES:
        steps, path = runs.escape(label)
        numbers[f"saddle_evaluations_{key(label)}"] = steps * (1 + runs.GRAD_COST)
        paths.append(path)
    numbers["saddle_steps_plain"] = runs.escape("Plain descent")[0]
    numbers["saddle_steps_plain_nearer"] = runs.escape("Plain descent", runs.OFFSET**2, 2 * runs.SADDLE_STEPS)[0]
    ridge = [runs.escape(label, 0.0)[1].centre[:, 1] for label in runs.ESCAPES if runs.ESCAPES[label][2] == 0]
    numbers["furthest_from_ridge"] = float(max(np.abs(y).max() for y in ridge))
    start = np.array([runs.SADDLE_X, runs.OFFSET])
    for label, method in runs.STRATEGIES.items():
        cost, path = runs.strategy_cost(objective, start, method, runs.SADDLE_SIGMA, runs.SADDLE_TARGET)
        numbers[f"saddle_evaluations_{label}"] = cost
        paths.append(replace(path, label=label))
    text = (
        "From a ridge to a minimum of ½ x1² + ¼ x2⁴ − ½ x2² past the saddle at 0, until f is within "
        f"{runs.SADDLE_TARGET:g} of the minimum; contours of log10(f − f_opt), circle: start, star: one of the two "
        f"minima. Learning rate {runs.SADDLE_RATE:g}; ellipses: 2 standard deviations of the strategy. One gradient = "
        f"{runs.GRAD_COST:g} evaluations."
    )
    return draw_paths("saddle", [path for path in paths if path.label in SHOWN_ON_SADDLE], objective, text)


def study() -> Finding:
    """Run all five and tell what came out."""
    numbers: Numbers = {}
    first = [batches(numbers), rates(numbers), valleys(numbers)]
    drawing, table = ravine(numbers)
    drawings = [*first, drawing, saddle(numbers)]
    return Finding(_text(numbers), numbers, drawings, table)


def _text(n: Numbers) -> str:
    small, right, large = (n[f"f_rate_{key(label)}"] for label in runs.RATES)
    full, some, one = (n[f"examples_{key(label)}"] for label in runs.BATCHES)
    left = [n[f"left_{key(label)}"] for label in runs.BATCHES]
    along = {label: n[f"ravine_along_{key(label)}"] for label in runs.RULES}
    across = {label: n[f"ravine_across_{key(label)}"] for label in runs.RULES}
    off = {label: n[f"saddle_evaluations_{key(label)}"] for label in (*runs.ESCAPES, *runs.STRATEGIES)}
    return (
        "How many examples should a step see? To come within "
        f"{runs.NEAR:g} of the best loss, descent on all {n['examples']} examples looks at {full:.0f} of them, with "
        f"mini-batches of 32 at {some:.0f}, with single ones at {one:.0f}. But single examples disagree, and their "
        f"path does not come to rest: over the second half of the run a median of {left[2]:.2g} is left, with "
        f"mini-batches {left[1]:.1g}. Fewer examples in a step are quicker at first and less exact in the end, unless "
        "the learning rate falls.\n\n"
        f"How long should a step be? Where the curvature is at most {runs.STEEP:g}, a rate above 2 / {runs.STEEP:g} = "
        f"{n['largest_stable_rate']:g} overshoots by more each time. After {runs.RATE_STEPS} steps a rate of "
        f"{runs.RATES['too small']:g} leaves f = {small:.2g}, {runs.RATES['right']:.2g} leaves {right:.1g}, and "
        f"{runs.RATES['too large']:g} has {large:.2g} and more with each step.\n\nMomentum adds up past "
        f"steps. On x² sin x, plain descent stops in the first valley, at x = {n['valley_plain']:.2f} with f = "
        f"{n['valley_plain_f']:.1f}; momentum {runs.PASSING:g} rolls through it and on to x = "
        f"{n['valley_passing']:.2f} with f = {n['valley_passing_f']:.1f}. Less than "
        f"{n['least_momentum_that_passes']:g} is not enough: the third figure has where each momentum ends.\n\n"
        f"In a ravine of condition {runs.CONDITION:g} plain descent zigzags: {along['Plain descent']} steps, and "
        f"momentum {along['Momentum 0.9']}, at their best learning rates. Adagrad, RMSprop and Adam give each "
        "coordinate a step size of its own. That is made for a ravine along the axes, where Adagrad takes "
        f"{along['Adagrad']} steps; turned by {np.degrees(runs.TURN):.0f}° it takes {across['Adagrad']}, while plain "
        "descent and momentum, which know no axes, take as many as before. RMSprop divides by the recent size of the "
        "slope, so at a constant rate it never rests: its late steps still measure "
        f"up to {n['unrest_RMSprop']:.1f} times the rate. It needs a small rate, and {along['RMSprop']} and "
        f"{across['RMSprop']} steps; Adam takes {along['Adam']} and {across['Adam']}. CMA-ES learns the axes: "
        f"{n['ravine_evaluations_along_CMA-ES']:.0f} and {n['ravine_evaluations_across_CMA-ES']:.0f} evaluations to "
        f"its first value below (median of {runs.RUNS} runs), where a step with its gradient is charged "
        f"{1 + runs.GRAD_COST:g}.\n\n"
        "At a saddle the slope is zero though the point is no minimum. From the ridge itself, descent, momentum and "
        f"Adam go to the saddle and stay, {n['furthest_from_ridge']:g} off the ridge to the last bit. From "
        f"{runs.OFFSET:g} beside it plain descent needs {n['saddle_steps_plain']:.0f} steps to come near a minimum, "
        f"and {n['saddle_steps_plain_nearer']:.0f} from {runs.OFFSET**2:g}: it stalls at the saddle. In evaluations: "
        f"plain descent {off['Plain descent']:.0f}, with noise of {runs.NOISE:g} on the gradient "
        f"{off['With noise']:.0f}, with momentum {off['Momentum 0.9']:.0f}, Adam {off['Adam']:.0f}, and the "
        f"strategies, which sample on both sides of the ridge, {off['CMA-ES']:.0f} (CMA-ES) and {off['SNES']:.0f} "
        "(SNES)."
    )


def _thinned(path: Path2D) -> Path2D:
    kept = np.unique(np.geomspace(1, len(path.cost), SHOWN_POINTS).astype(int)) - 1
    return replace(path, centre=path.centre[kept], cost=path.cost[kept], best=path.best[kept])


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
        rows += [
            {"path": path.label, "cost": cost, "x1": x[0], "x2": x[1]}
            for cost, x in zip(path.cost, path.centre, strict=True)
        ]
    return Drawing(name, grid.figure, rows, None if notes else partial(_animate, paths=paths, objective=objective))


def _animate(file: Path, paths: Sequence[Path2D], objective: Any) -> Path:
    short = [replace(path, label=SHORT.get(path.label, path.label)) for path in paths]
    # without f_opt the texts are short: "f = ..." in place of "f − f_opt = ..."
    plain = problems.Objective(objective, 2, vectorized=True, x_opt=objective.x_opt)
    return save_animation(file, short, plain, grad_cost=runs.GRAD_COST, frames=FRAMES)


LESSON = Lesson("descent", "Descent: steps, rates, ravines and saddles", study, needs=("backpropagation",))
