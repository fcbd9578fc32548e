"""A circuit of gates, tuned three ways: by trying, by measuring slopes, and by backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.labels import end_labels
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, RED, LineStyle, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson

START = np.array([1.0, 2.0, -1.0, 3.0, -3.0])  # a, b, x, y, c
WIDE = 200  # products in the larger circuit
TARGET, STEP, SEEDS = 0.99, 0.05, 20
GRAD_COST = 4.0  # evaluations charged for one gradient, the upper end of the cheap-gradient bound

Curve = list[tuple[float, float]]


def circuit(v: Any) -> Any:
    """The output sigmoid(a x + b y + ... + c) of v = (a, b, ..., x, y, ..., c) on the last axis."""
    half = v.shape[-1] // 2
    return ad.nn.sigmoid((v[..., :half] * v[..., half:-1]).sum(-1) + v[..., -1])


def wide_start() -> np.ndarray[Any, Any]:
    """Inputs of a circuit with many products, whose output is that of the small one."""
    v = np.random.default_rng(0).normal(size=2 * WIDE + 1)
    v[-1] = 2.0 - v[:WIDE] @ v[WIDE:-1]
    return v


def random_search(seed: int, start: np.ndarray[Any, Any] = START) -> Curve:
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


def climb(kind: str, start: np.ndarray[Any, Any] = START) -> Curve:
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


def three_ways(start: np.ndarray[Any, Any]) -> tuple[dict[str, Curve], dict[str, float]]:
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
    g = ad.grad(circuit)(START)
    numbers: dict[str, float | int] = {
        "output_before": float(circuit(START)),
        **{f"evaluations_{name.replace(' ', '_')}": value for name, value in cost.items()},
        **{f"wide_evaluations_{name.replace(' ', '_')}": value for name, value in wide.items()},
        **{f"gradient_{name}": float(slope) for name, slope in zip("abxyc", g, strict=True)},
    }
    slopes = ", ".join(f"{name} {slope:+.4f}" for name, slope in zip("abxyc", g, strict=True))
    text = (
        f"Five numbers enter a circuit of add, multiply and sigmoid gates, and {circuit(START):.4f} comes out. Which "
        "way should each be moved for more? Each gate needs to know only its own inputs to pass a slope back: an add "
        "gate hands it on, a multiply gate multiplies it by the other input, a sigmoid gate with output s multiplies "
        f"it by s (1 - s); the drawing calls it expit. Together: {slopes}. To lift the output to {TARGET} in moves "
        f"of length {STEP:g}, random search takes {cost['random search']:.0f} evaluations (median of {SEEDS} runs), "
        f"the numerical gradient {cost['numerical gradient']:.0f}, and backpropagation "
        f"{cost['backpropagation']:.0f}, a gradient counted as {GRAD_COST:g} evaluations. That is no great "
        f"difference, but it grows with the circuit: with {WIDE} products, {2 * WIDE + 1} inputs in all, the three "
        f"take {wide['random search']:.0f}, {wide['numerical gradient']:.0f} and {wide['backpropagation']:.0f}. "
        "Differences cost one evaluation per input, a random direction in many dimensions gains little, "
        "and backpropagation costs the same for any number of inputs."
    )
    return Finding(text, numbers, [_draw_graph(), _draw(curves)])


def _draw_graph() -> Drawing:
    names = "abxyc"
    leaves = {name: ad.tensor(float(v), requires_grad=True) for name, v in zip(names, START, strict=True)}
    a, b, x, y, c = leaves.values()
    out = ad.nn.sigmoid(a * x + b * y + c)
    out.backward()
    shown = {f"{name} = {leaf.item():g}, slope {leaf.grad:+.3f}": leaf for name, leaf in leaves.items()}
    figure = ad.draw_graph(out, names=shown).figure
    figure.set_facecolor("white")
    rows = [{"input": n, "value": leaf.item(), "slope": float(leaf.grad)} for n, leaf in leaves.items()]
    return Drawing("circuit", figure, rows)


def _draw(curves: dict[str, Curve]) -> Drawing:
    grid = panel_grid(
        1,
        1,
        panel=3.4,
        left=0.75,
        right=1.6,
        caption=f"Output of the circuit against evaluations; a gradient counts {GRAD_COST:g}. Every move has length "
        f"{STEP:g}. Random search: the median one of {SEEDS} runs. Dotted: the target, {TARGET}.",
    )
    ax = grid.axes[0]
    ax.axhline(TARGET, color="#888888", linestyle=":", linewidth=1)
    ends = []
    rows: list[dict[str, Any]] = []
    for (name, curve), color in zip(curves.items(), (RED, GREEN, BLUE), strict=True):
        spent, value = np.array(curve).T
        ax.step(spent, value, where="post", color=color, linewidth=1.6)
        ends.append((spent[-1], value[-1], name, LineStyle(color, "o")))
        rows += [{"way": name, "evaluations": s, "output": v} for s, v in curve]
    dress(ax, title="Three ways to turn five knobs", xlabel="evaluations", ylabel="output")
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())  # labels are placed in final limits
    end_labels(ax, ends)
    return Drawing("three-ways", grid.figure, rows)


LESSON = Lesson("circuits", "Circuits of gates", study)
