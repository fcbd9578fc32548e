"""The runs behind the lesson on descent: batches, learning rates, momentum, a ravine and a saddle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
import problems
from autodiff.optim import SGD, Adagrad, Adam, RMSprop, Rule
from experiments.figures.paths import Path2D, record_path
from experiments.lessons.lesson import GRAD_COST, Array
from problems.learning import data
from problems.learning.batches import Batches

STEP_COST = 1 + GRAD_COST  # of a point with its gradient, in evaluations

BATCHES = {"All examples": 0, "Mini-batches of 32": 32, "Single examples": 1}
BATCH_RATE, EPOCHS, FEATURES, NEAR = 0.1, 20, (2, 8), 0.05

STEEP, RATE_STEPS, RATE_START = 10.0, 20, np.array([4.0, 0.8])
RATES = {"too small": 0.01, "right": 2 / (1 + STEEP), "too large": 2.05 / STEEP}

VALLEY_RATE, VALLEY_START, VALLEY_STEPS = 0.01, -4.5, 1000
MOMENTA = np.round(np.linspace(0.0, 0.99, 100), 2)
PASSING = 0.95

CONDITION, TURN, RAVINE_TARGET, RAVINE_STEPS = 100.0, np.pi / 6, 1e-2, 600
RAVINE_START, RAVINE_SIGMA = np.array([4.0, 0.5]), 1.0
RULES: dict[str, tuple[str, Callable[..., Rule]]] = {
    "Plain descent": ("sgd", SGD),
    "Momentum 0.9": ("momentum", lambda lr: SGD(lr, momentum=0.9)),
    "Adagrad": ("adagrad", Adagrad),
    "RMSprop": ("rmsprop", lambda lr: RMSprop(lr, decay=0.9)),
    "Adam": ("adam", Adam),
}
TRIED = np.geomspace(1e-3, 10, 41)

OFFSET, SADDLE_X, SADDLE_RATE, NOISE, SADDLE_STEPS, RUNS = 1e-6, 1.5, 0.1, 0.05, 170, 21
SADDLE_TARGET, SADDLE_SIGMA = 0.01, 0.1  # target above the minima
ESCAPES = {
    "Plain descent": ("sgd", SGD, 0.0),
    "With noise": ("sgd", SGD, NOISE),
    "Momentum 0.9": ("momentum", RULES["Momentum 0.9"][1], 0.0),
    "Adam": ("adam", Adam, 0.0),
}
STRATEGIES = {"CMA-ES": "cmaes", "SNES": "snes"}


def descend(
    objective: Any, rule: Rule, x0: Array, steps: int, *, noise: float = 0.0, rng: int = 0
) -> tuple[Array, Array]:
    """Points (steps + 1, ..., n) and values (steps + 1, ...) of a descent from x0 (..., n).

    Normal noise of the given standard deviation is added to each entry of each gradient.
    """
    draw = np.random.default_rng(rng)
    x, points, values = x0, [x0], []
    for _ in range(steps):
        f, g = objective.value_and_grad(x)
        values.append(f)
        x = rule.step(x, g + noise * draw.normal(size=x.shape) if noise else g)
        points.append(x)
    return np.array(points), np.array([*values, objective(x)])


def as_path(label: str, name: str, points: Array, values: Array, unit: float = STEP_COST) -> Path2D:
    """A descent in the form that the figures draw; `unit` is the cost of a step."""
    cost = unit * np.arange(len(points), dtype=np.float64)
    best = np.fmin.accumulate(values)
    return Path2D(label, name, points, cost, best, None, [points[k : k + 1] for k in range(len(points))])


def settled(values: Array, level: float) -> Array:
    """Steps (...) after which all values (steps, ...) stay at or below the level; their number + 1 where they do not.

    Examples
    --------
    >>> settled(np.array([3.0, 1.0, 2.0, 1.0, 0.0]), 1.5)
    np.int64(3)
    """
    above = ~(values <= level)  # NaN counts as above
    return np.where(above.any(axis=0), len(values) - np.argmax(above[::-1], axis=0), 0)[()]


def regression() -> tuple[problems.Objective, Callable[..., Any], int]:
    """Least squares of the progress of diabetes on two features: the objective, the loss on some of the examples, and
    how many examples there are."""
    split = data.load("diabetes")
    x, y = split.x_train[:, FEATURES], split.y_train

    def loss(w: Any, chosen: Any = slice(None)) -> Any:
        return 0.5 * ((w @ x[chosen].T - y[chosen]) ** 2).mean(-1)

    best = np.linalg.lstsq(x, y, rcond=None)[0]
    objective = problems.Objective(loss, 2, vectorized=True, x_opt=best, f_opt=float(loss(best)), name="regression")
    return objective, loss, len(y)


def batch_path(label: str, size: int, start: Array) -> tuple[Path2D, Array]:
    """Descent in batches of a size (0: all examples), with examples seen as cost; and the loss left at each step."""
    objective, loss, examples = regression()
    size = size or examples
    batches, rule = Batches(examples, size, 0), SGD(BATCH_RATE)
    slope = ad.grad(loss)
    w, points = start, [start]
    for _ in range(EPOCHS * examples // size):
        w = rule.step(w, slope(w, batches.draw()))
        points.append(w)
    left = objective(np.array(points)) - objective.f_opt
    return as_path(label, "sgd", np.array(points), left + objective.f_opt, unit=size), left


def bowl(condition: float, angle: float = 0.0) -> tuple[problems.Objective, Array]:
    """Half of u^2 + condition v^2, where (u, v) is x turned by the angle; and the matrix whose columns are u and v."""
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale = np.array([1.0, condition])

    def value(x: Any) -> Any:
        along = x @ axes
        return 0.5 * (scale * along * along).sum(-1)

    return problems.Objective(value, 2, vectorized=True, x_opt=np.zeros(2), f_opt=0.0, name="bowl"), axes


def valley_ends() -> tuple[Array, Array, Array]:
    """On x^2 sin x: points (steps + 1,) without momentum and with `PASSING`, and where each of `MOMENTA` ends."""
    objective = problems.get("x2-sin-x", n=1)
    points = [
        descend(objective, SGD(VALLEY_RATE, momentum=m), np.array([VALLEY_START]), VALLEY_STEPS)[0][:, 0]
        for m in MOMENTA
    ]
    return points[0], points[int(np.flatnonzero(MOMENTA == PASSING)[0])], np.array([p[-1] for p in points])


def ravine(turned: bool) -> tuple[problems.Objective, Array]:
    """A narrow bowl, along the axes or turned, and a start that turns with it."""
    objective, axes = bowl(CONDITION, TURN if turned else 0.0)
    return objective, axes @ RAVINE_START


def best_rate(make: Callable[..., Rule], turned: bool) -> tuple[int, float]:
    """Steps after which a rule stays below the target of the ravine at the best of the rates `TRIED`; and that rate."""
    objective, start = ravine(turned)
    with np.errstate(over="ignore", invalid="ignore"):  # rates that are too large diverge
        _, values = descend(objective, make(TRIED), np.tile(start, (len(TRIED), 1)), RAVINE_STEPS)
    steps = settled(values, RAVINE_TARGET)
    chosen = int(np.argmin(steps))
    return int(steps[chosen]), float(TRIED[chosen])


def unrest(rule: str, lr: float) -> float:
    """Largest move of a coordinate in the last tenth of a descent in the ravine along the axes, in learning rates."""
    objective, start = ravine(False)
    points, _ = descend(objective, RULES[rule][1](lr), start, RAVINE_STEPS)
    return float(np.abs(np.diff(points, axis=0))[-RAVINE_STEPS // 10 :].max() / lr)


def strategy_cost(objective: Any, start: Array, method: str, sigma0: float, target: float) -> tuple[float, Path2D]:
    """Median evaluations of a strategy to a value below the target, and the first of its runs."""
    paths = [
        record_path(objective, method, start, maxcost=2000, precision=target, rng=seed, options={"sigma0": sigma0})
        for seed in range(RUNS)
    ]
    return float(np.median([path.cost[-1] for path in paths])), paths[0]


def escape(label: str, offset: float = OFFSET, steps: int = SADDLE_STEPS) -> tuple[float, Path2D]:
    """Steps of a descent from near the ridge of the saddle to near a minimum, the median over runs where there is
    noise (NaN if it does not get there), and its (first) way."""
    name, make, noise = ESCAPES[label]
    objective: Any = problems.get("saddle", n=2)
    runs = RUNS if noise else 1
    start = np.tile([SADDLE_X, offset], (runs, 1))
    points, values = descend(objective, make(SADDLE_RATE), start, steps, noise=noise)
    near = values <= objective.f_opt + SADDLE_TARGET
    first = np.where(near.any(axis=0), near.argmax(axis=0), np.nan)
    last = steps if np.isnan(first[0]) else int(first[0])
    path = as_path(label, name, points[: last + 1, 0], values[: last + 1, 0])
    return float(np.median(first)), path
