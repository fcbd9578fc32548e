"""A circuit of gates, tuned three ways: by trying, by measuring slopes, and by backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, RED, dress
from experiments.lessons.drawing import label_ends, level
from experiments.lessons.lesson import GRAD_COST, Array, Drawing, Finding, Lesson, Numbers, named, records, words

NAMES, START = "abxyc", np.array([1.0, 2.0, -1.0, 3.0, -3.0])
WIDE = 200  # products in the larger circuit
TARGET, STEP, SEEDS = 0.99, 0.05, 20

Curve = list[tuple[float, float]]


def circuit(v: Any) -> Any:
    """The output sigmoid(a x + b y + ... + c) of v = (a, b, ..., x, y, ..., c) on the last axis."""
    half = v.shape[-1] // 2
    return ad.nn.sigmoid((v[..., :half] * v[..., half:-1]).sum(-1) + v[..., -1])


def wide_start() -> Array:
    """Inputs of a circuit with many products, whose output is that of the small one."""
    v = np.random.default_rng(0).normal(size=2 * WIDE + 1)
    v[-1] = 2.0 - v[:WIDE] @ v[WIDE:-1]
    return v


def random_search(seed: int, start: Array = START) -> Curve:
    """Try a random small change of all numbers; keep it if the output grows. One evaluation a try."""
    rng = np.random.default_rng(seed)
    v, best = start, float(circuit(start))
    curve, spent = [(1.0, best)], 1
    while best < TARGET:
        move = rng.normal(size=start.size)
        tried = v + STEP * move / np.linalg.norm(move)
        value, spent = float(circuit(tried)), spent + 1
        if value > best:
            v, best = tried, value
        curve.append((float(spent), best))
    return curve


def climb(kind: str, start: Array = START) -> Curve:
    """Steps of fixed length along the gradient, measured by forward differences or computed by backpropagation."""
    v, value, spent = start, float(circuit(start)), 1.0
    curve = [(spent, value)]
    while value < TARGET:
        if kind == "numerical":
            h = 1e-6
            g = (circuit(v + h * np.eye(v.size)) - value) / h
            spent += v.size
        else:
            g = ad.grad(circuit)(v)
            spent += GRAD_COST
        v = v + STEP * g / np.linalg.norm(g)
        value, spent = float(circuit(v)), spent + 1
        curve.append((spent, value))
    return curve


def three_ways(start: Array) -> tuple[dict[str, Curve], dict[str, float]]:
    """The way of each method (the median run of random search) and the evaluations that it takes."""
    tries = sorted((random_search(seed, start) for seed in range(SEEDS)), key=len)
    curves = {
        "random search": tries[SEEDS // 2],
        "numerical gradient": climb("numerical", start),
        "backpropagation": climb("backpropagation", start),
    }
    return curves, {name: curve[-1][0] for name, curve in curves.items()}


def study() -> Finding:
    """Raise the output to the target in three ways and count."""
    curves, cost = three_ways(START)
    _, wide = three_ways(wide_start())
    numbers: Numbers = {
        "output_before": float(circuit(START)),
        **named("evaluations", cost),
        **named("wide_evaluations", wide),
        **named("gradient", dict(zip(NAMES, ad.grad(circuit)(START).tolist(), strict=True))),
    }
    return Finding(words(__name__, **numbers, inputs=2 * WIDE + 1), numbers, [_draw_graph(), _draw(curves)])


def _draw_graph() -> Drawing:
    leaves = {name: ad.tensor(float(v), requires_grad=True) for name, v in zip(NAMES, START, strict=True)}
    a, b, x, y, c = leaves.values()
    out = ad.nn.sigmoid(a * x + b * y + c)
    out.backward()
    shown = {f"{name} = {leaf.item():g}, slope {leaf.grad:+.3f}": leaf for name, leaf in leaves.items()}
    figure = ad.draw_graph(out, names=shown).figure
    figure.set_facecolor("white")
    rows = [{"input": n, "value": leaf.item(), "slope": float(leaf.grad)} for n, leaf in leaves.items()]
    return Drawing("circuit", figure, rows)


def _draw(curves: dict[str, Curve]) -> Drawing:
    grid = panel_grid(1, 1, panel=3.4, left=0.75, right=1.6, caption=words(__name__, "three-ways"))
    ax = grid.axes[0]
    level(ax, TARGET, linewidth=1)
    rows: list[dict[str, Any]] = []
    for (name, curve), color in zip(curves.items(), (RED, GREEN, BLUE), strict=True):
        spent, value = np.array(curve).T
        ax.step(spent, value, where="post", color=color, linewidth=1.6, label=name)
        rows += records(way=name, evaluations=spent, output=value)
    dress(ax, title="Three ways to turn five knobs", xlabel="evaluations", ylabel="output")
    label_ends(ax)
    return Drawing("three-ways", grid.figure, rows)


LESSON = Lesson("circuits", "Circuits of gates", study)
