"""The computational graph of a regularised network: what each node computes, receives on the way back, and keeps."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, RED, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table

Array = np.ndarray[Any, Any]

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
    add = nudge or {}

    def at(name: str, value: Any) -> Any:
        return value + add[name] if name in add else value

    z = at("z", w1 @ x)
    h = at("h", np.tanh(z))
    o = at("o", w2 @ h)
    e = o - Y
    ee = e @ e
    loss = at("L", 0.5 * ee)
    squares = (w1 * w1, w2 * w2)
    sums = (squares[0].sum(), squares[1].sum())
    both = sums[0] + sums[1]
    s = at("s", 0.5 * STRENGTH * both)
    return {
        "z": z,
        "h": h,
        "o": o,
        "o − y": e,
        "|o − y|²": ee,
        "L": loss,
        "W1²": squares[0],
        "W2²": squares[1],
        "|W1|²": sums[0],
        "|W2|²": sums[1],
        "sum": both,
        "s": s,
        "J": at("J", loss + s),
    }


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
    tracemalloc.start()
    try:
        deep(x, weights)
        forward = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        result = deep(x, leaves)
        recorded = tracemalloc.get_traced_memory()[0]
        result.backward()
        both = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    sizes = {"forward": forward, "recorded": recorded, "forward and backward": both}
    return {"depth": depth, **{name: size / x.nbytes for name, size in sizes.items()}}


def kept(operation: Callable[[Any], Any]) -> float:
    """Arrays of the size of x that the history holds when the program has dropped x and the result."""
    start = ad.tensor(np.ones((BATCH, WIDTH)), requires_grad=True)
    operation(start)
    tracemalloc.start()
    try:
        x = start + 0.0  # a value that nothing else holds
        y = operation(x)
        node = y.node
        del x, y
        size = tracemalloc.get_traced_memory()[0]
        del node
    finally:
        tracemalloc.stop()
    return float(size / start.data.nbytes)


def study() -> Finding:
    """List values and slopes, then measure what the way back costs in memory."""
    values, slopes = values_and_slopes()
    runs = [memory(depth) for depth in DEPTHS]
    holds = {name: kept(operation) for name, operation in OPERATIONS.items()}
    first, last = runs[1], runs[-1]
    layers = last["depth"] - first["depth"]
    per_layer = (last["recorded"] - first["recorded"]) / layers
    numbers: dict[str, float | int] = {
        "L": float(values["L"]),
        "s": float(values["s"]),
        "J": float(values["J"]),
        "forward_arrays_shallow": first["forward"],
        "forward_arrays_deep": last["forward"],
        "recorded_arrays_per_layer": per_layer,
        "both_arrays_deep": last["forward and backward"],
        "both_arrays_per_layer": (last["forward and backward"] - first["forward and backward"]) / layers,
        "times_more_memory": last["forward and backward"] / last["forward"],
        **{f"slope_{name}": float(np.linalg.norm(slope)) for name, slope in slopes.items()},
        **{f"kept_by_{name}": size for name, size in holds.items()},
    }
    free = [name for name, size in holds.items() if size < 0.1]
    text = (
        "A network with one hidden layer and its objective: z = W1 x, h = tanh(z), o = W2 h, the loss L = ½ |o − y|², "
        f"the penalty s = ½ λ (|W1|² + |W2|²) with λ = {STRENGTH:g}, and J = L + s. The first figure is what autodiff "
        "has recorded of it, from left to right; constants such as y and λ have no box, since nothing is sent back "
        "to them. The way forward fills each box with a value: "
        f"L = {values['L']:.4f}, s = {values['s']:.4f}, J = {values['J']:.4f}. The way back walks the arrows in "
        "reverse and gives each box the slope of J for its value; the table writes z̄ for the slope at z. A slope has "
        "the shape of the value. Each weight matrix has two arrows out, to the loss and to the penalty, and so "
        "receives two slopes, which add up: that is the λ W in its row.\n\n"
        "The way back needs numbers from the way there: h for the slope of tanh and of W2, x for that of W1. So "
        f"training takes more memory than prediction. In a network of {last['depth']} layers of {WIDTH} tanh units, "
        f"on {BATCH} examples at once, a forward pass alone holds {last['forward']:.1f} arrays of one layer's size at "
        f"its peak, and {first['forward']:.1f} with {first['depth']} layers: what a layer has used is freed. "
        f"Recorded for the way back, each further layer keeps {per_layer:.2f} arrays, and forward and backward "
        f"together peak at {last['forward and backward']:.1f}, {numbers['times_more_memory']:.0f} times as many. It is "
        "one array per layer and not two, because the output of tanh, from which its slope 1 − h² is made, is also the "
        "input of the next product. The last panel shows what other operations keep of x or of their result: "
        f"{', '.join(free)} keep nothing, for their slope does not depend on x; a product "
        f"with a fixed W keeps a copy of W, {holds['x @ fixed W']:.2f} of x: the program may change it later."
    )
    drawings = [_draw_graph(), _draw(runs, holds)]
    return Finding(text, numbers, drawings, _table(values, slopes))


def _table(values: dict[str, Array], slopes: dict[str, Array]) -> Table:
    def shape(a: Array) -> str:
        return " × ".join(map(str, a.shape)) or "scalar"

    def text(a: Array) -> str:
        if a.ndim == 2:
            return "; ".join(text(row) for row in a)
        return ", ".join(f"{x:.4f}".replace("-", "−") for x in np.atleast_1d(a))

    rows = [(name, "given", back) for name, back in LEAVES] + list(NODES)
    return Table(
        ["node", "shape", "computes", "value", "slope of J for it is", "slope"],
        [
            [name, shape(values[name]), there, text(values[name]), back, text(slopes[name])]
            for name, there, back in rows
        ],
    )


def _draw_graph() -> Drawing:
    leaves = {name: ad.tensor(v, requires_grad=True) for name, v in (("x", X), ("W1", W1), ("W2", W2))}
    made = network(leaves["x"], leaves["W1"], leaves["W2"])
    figure = ad.draw_graph(made["J"], names={**leaves, **made}).figure
    figure.set_facecolor("white")
    rows = [
        {"node": name, "shape": " x ".join(map(str, t.shape)) or "scalar"} for name, t in {**leaves, **made}.items()
    ]
    return Drawing("computational-graph", figure, rows)


def _draw(runs: list[dict[str, float]], holds: dict[str, float]) -> Drawing:
    grid = panel_grid(
        2,
        2,
        panel=3.3,
        left=1.15,
        right=0.2,
        caption=f"Memory (tracemalloc) in arrays of {BATCH} × {WIDTH} numbers, the output of one layer. Left: peak "
        "over the layers of tanh(x W); the gradients of the weights are part of it. Right: what the history holds "
        "after one operation, when the program has let go of x and of the result.",
    )
    left, right = grid.axes
    depths = [run["depth"] for run in runs]
    for key, color, mark, label in (
        ("forward and backward", RED, "s", "forward and backward"),
        ("recorded", GREEN, "^", "kept after forward"),
        ("forward", BLUE, "o", "forward alone"),
    ):
        left.plot(depths, [run[key] for run in runs], mark + "-", color=color, markersize=4.5, label=label)
    left.set_ylim(0)
    left.set_xlim(0)
    left.legend(frameon=False, fontsize=8.5, loc="upper left")
    dress(left, title="Memory against depth", xlabel="layers", ylabel="arrays")
    names = list(holds)[::-1]
    right.barh(names, [holds[name] for name in names], color=BLUE, height=0.6)
    for k, name in enumerate(names):
        right.text(holds[name] + 0.02, k, f"{holds[name]:.0f}", va="center", fontsize=8.5)
    right.set_xlim(0, 1.2)
    right.set_xticks([0, 0.5, 1])
    dress(right, title="What one node keeps", xlabel="arrays", grid="x")
    rows: list[dict[str, Any]] = [
        {"what": key, "at": run["depth"], "arrays": run[key]}
        for run in runs
        for key in ("forward", "recorded", "forward and backward")
    ]
    rows += [{"what": "kept by one node", "at": name, "arrays": size} for name, size in holds.items()]
    return Drawing("memory", grid.figure, rows)


LESSON = Lesson("computational-graph", "The computational graph and its memory", study, needs=("backpropagation",))
