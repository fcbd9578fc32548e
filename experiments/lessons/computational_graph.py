"""The computational graph of a regularised network: what each node computes, receives on the way back, and keeps."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, RED, dress
from experiments.lessons.drawing import legend
from experiments.lessons.lesson import Array, Drawing, Finding, Lesson, Numbers, Table, records, words
from experiments.lessons.measure import traced_memory

X, Y, STRENGTH = np.array([1.0, -2.0]), np.array([1.0, 0.0]), 0.1
W1 = np.array([[0.5, -0.3], [0.8, 0.2], [-0.4, 0.6]])
W2 = np.array([[0.7, -0.5, 0.2], [0.1, 0.9, -0.6]])

# Node, what it computes from those before it, and its gradient from those after it.
NODES = (
    ("z", "W1 x", "h̄ (1 − h²)"),
    ("h", "tanh(z)", "W2ᵀ ō"),
    ("o", "W2 h", "o − y"),
    ("L", "½ |o − y|²", "1"),
    ("s", "½ λ (|W1|² + |W2|²)", "1"),
    ("J", "L + s", "1"),
)
LEAVES = (("x", "W1ᵀ z̄"), ("W1", "z̄ xᵀ + λ W1"), ("W2", "ō hᵀ + λ W2"))

BATCH, WIDTH = 512, 64
DEPTHS = (1, 2, 4, 8, 16, 32)
FIXED = np.ones((WIDTH, WIDTH))
LEARNED = ad.tensor(FIXED, requires_grad=True)
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "x + 1": lambda x: x + 1.0,
    "2 x": lambda x: 2.0 * x,
    "sum(x)": lambda x: x.sum(),
    "x @ fixed W": lambda x: x @ FIXED,
    "x @ learned W": lambda x: x @ LEARNED,
    "x * x": lambda x: x * x,
    "tanh(x)": np.tanh,
    "relu(x)": ad.nn.relu,
    "exp(x)": np.exp,
}


def network(x: Any, w1: Any, w2: Any, nudge: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every value on the way from x (2,) to the objective J.

    A nudge is added to the node of its name, so the derivative of J for the nudge is that for the node.
    """
    made: dict[str, Any] = {}

    def at(name: str, value: Any) -> Any:
        made[name] = value + nudge[name] if nudge and name in nudge else value
        return made[name]

    h = at("h", np.tanh(at("z", w1 @ x)))
    e = at("o − y", at("o", w2 @ h) - Y)
    loss = at("L", 0.5 * at("|o − y|²", e @ e))
    squares = at("W1²", w1 * w1), at("W2²", w2 * w2)
    both = at("sum", at("|W1|²", squares[0].sum()) + at("|W2|²", squares[1].sum()))
    at("J", loss + at("s", 0.5 * STRENGTH * both))
    return made


def values_and_slopes() -> tuple[dict[str, Array], dict[str, Array]]:
    """Value of each node, and derivative of J for each node, by one sweep back."""
    values = {"x": X, "W1": W1, "W2": W2, **network(X, W1, W2)}
    leaves = {name: ad.tensor(values[name], requires_grad=True) for name, _ in LEAVES}
    nudges = {name: ad.tensor(np.zeros(np.shape(values[name])), requires_grad=True) for name, _, _ in NODES}
    network(leaves["x"], leaves["W1"], leaves["W2"], nudges)["J"].backward()
    slopes = {name: np.asarray(t.grad) for name, t in {**leaves, **nudges}.items()}
    return {name: np.asarray(values[name]) for name in slopes}, slopes


def deep(x: Any, weights: list[Any]) -> Any:
    """Half the squared norm of tanh(... tanh(x W1) W2 ...)."""
    for w in weights:
        x = np.tanh(x @ w)
    return 0.5 * (x * x).sum()


def memory(depth: int) -> dict[str, float]:
    """Arrays of the size of one layer's output at the peak of a forward pass, after one that records, and with the way
    back."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, WIDTH))
    weights: list[Any] = [rng.normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH) for _ in range(depth)]
    leaves: list[Any] = [ad.tensor(w, requires_grad=True) for w in weights]
    deep(x, leaves).backward()  # whatever is set up once is set up here
    for leaf in leaves:
        leaf.grad = None
    with traced_memory() as held:
        deep(x, weights)
        forward = held()[1]
        tracemalloc.reset_peak()
        result = deep(x, leaves)
        recorded = held()[0]
        result.backward()
        both = held()[1]
    sizes = {"forward": forward, "recorded": recorded, "forward and backward": both}
    return {name: size / x.nbytes for name, size in sizes.items()}


def kept(operation: Callable[[Any], Any]) -> float:
    """Arrays of the size of x that the history holds when the program has dropped x and the result."""
    start = ad.tensor(np.ones((BATCH, WIDTH)), requires_grad=True)
    operation(start)
    with traced_memory() as held:
        x = start + 0.0  # a value that nothing else holds
        y = operation(x)
        node = y.node
        del x, y
        size = held()[0]
        del node
    return float(size / start.data.nbytes)


def study() -> Finding:
    """List values and slopes, then measure what the way back costs in memory."""
    values, slopes = values_and_slopes()
    runs = {depth: memory(depth) for depth in DEPTHS}
    holds = {name: kept(operation) for name, operation in OPERATIONS.items()}
    first, last, layers = runs[DEPTHS[1]], runs[DEPTHS[-1]], DEPTHS[-1] - DEPTHS[1]
    numbers: Numbers = {
        "L": float(values["L"]),
        "s": float(values["s"]),
        "J": float(values["J"]),
        "forward_arrays_shallow": first["forward"],
        "forward_arrays_deep": last["forward"],
        "recorded_arrays_per_layer": (last["recorded"] - first["recorded"]) / layers,
        "both_arrays_deep": last["forward and backward"],
        "both_arrays_per_layer": (last["forward and backward"] - first["forward and backward"]) / layers,
        "times_more_memory": last["forward and backward"] / last["forward"],
        **{f"slope_{name}": float(np.linalg.norm(slope)) for name, slope in slopes.items()},
        **{f"kept_by_{name}": size for name, size in holds.items()},
    }
    free = ", ".join(name for name, size in holds.items() if size < 0.1)
    text = words(__name__, **numbers, deepest=DEPTHS[-1], free=free)
    return Finding(text, numbers, [_draw_graph(), _draw(runs, holds)], _table(values, slopes))


def _table(values: dict[str, Array], slopes: dict[str, Array]) -> Table:
    def shown(a: Array) -> str:
        if a.ndim == 2:
            return "; ".join(map(shown, a))
        return ", ".join(f"{x:.4f}".replace("-", "−") for x in np.atleast_1d(a))

    rows = [
        [name, shape(values[name], " × "), there, shown(values[name]), back, shown(slopes[name])]
        for name, there, back in [*((name, "given", back) for name, back in LEAVES), *NODES]
    ]
    return Table(["node", "shape", "computes", "value", "slope of J for it is", "slope"], rows)


def shape(a: Any, times: str) -> str:
    """Rows times columns in words."""
    return times.join(map(str, a.shape)) or "scalar"


def _draw_graph() -> Drawing:
    leaves = {name: ad.tensor(v, requires_grad=True) for name, v in (("x", X), ("W1", W1), ("W2", W2))}
    made = network(leaves["x"], leaves["W1"], leaves["W2"])
    figure = ad.draw_graph(made["J"], names={**leaves, **made}).figure
    figure.set_facecolor("white")
    rows = [{"node": name, "shape": shape(value, " x ")} for name, value in {**leaves, **made}.items()]
    return Drawing("computational-graph", figure, rows)


def _draw(runs: dict[int, dict[str, float]], holds: dict[str, float]) -> Drawing:
    grid = panel_grid(2, 2, panel=3.3, left=1.15, right=0.2, caption=words(__name__, "memory"))
    left, right = grid.axes
    for key, color, mark, label in (
        ("forward and backward", RED, "s", "forward and backward"),
        ("recorded", GREEN, "^", "kept after forward"),
        ("forward", BLUE, "o", "forward alone"),
    ):
        left.plot(DEPTHS, [run[key] for run in runs.values()], mark + "-", color=color, markersize=4.5, label=label)
    left.set(xlim=(0, None), ylim=(0, None))
    legend(left, loc="upper left")
    dress(left, title="Memory against depth", xlabel="layers", ylabel="arrays")
    names, sizes = list(holds)[::-1], list(holds.values())[::-1]
    right.barh(names, sizes, color=BLUE, height=0.6)
    for k, size in enumerate(sizes):
        right.text(size + 0.02, k, f"{size:.0f}", va="center", fontsize=8.5)
    right.set(xlim=(0, 1.2), xticks=[0, 0.5, 1])
    dress(right, title="What one node keeps", xlabel="arrays", grid="x")
    rows = [{"what": key, "at": depth, "arrays": size} for depth, run in runs.items() for key, size in run.items()]
    rows += records(what="kept by one node", at=list(holds), arrays=list(holds.values()))
    return Drawing("memory", grid.figure, rows)


LESSON = Lesson("computational-graph", "The computational graph and its memory", study, needs=("backpropagation",))
