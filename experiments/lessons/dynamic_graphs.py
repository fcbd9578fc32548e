"""Dynamic graphs: the history is what the program did, so loops and branches need nothing special."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff.graph import history
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, RED, dress
from experiments.lessons.drawing import legend
from experiments.lessons.lesson import Array, Drawing, Finding, Lesson, Numbers, Table, records, words

LEAST, MOST = 1e-4, 1e4  # the x whose square root is taken


def root(x: Any) -> Any:
    """Square root by Heron's method: as many rounds as this x needs, on the side of the branch it falls on."""
    y = x if x > 1 else 1.0 + 0.0 * x
    while True:  # at least one round: without it the result at x = 1 would not depend on x at all
        y = 0.5 * (y + x / y)
        if abs(y * y - x) <= 1e-12 * x:
            return y


def study() -> Finding:
    """Differentiate a loop, a curve, and switch recording on and off."""
    inputs = np.geomspace(LEAST, MOST, 65)
    lengths, errors = [], []
    for value in inputs:
        x = ad.tensor(float(value), requires_grad=True)
        y = root(x)
        y.backward()
        lengths.append(len(history(y)))
        errors.append(abs(float(x.grad) * 2 * np.sqrt(value) - 1))

    t = np.linspace(0, 2 * np.pi, 200)
    curve = ad.tensor(t, requires_grad=True)
    np.sin(curve).sum().backward()

    w = ad.tensor([1.0, 2.0])
    before = (w * w).requires_grad
    w.requires_grad_()
    y = np.exp(w * w).sum()
    steps, node = [], y.grad_fn
    while node is not None and node.parents:
        steps.append(node.name)
        node = node.parents[0]
    with ad.no_grad():
        inside = (w * w).requires_grad
    rows = [
        ["w = tensor([1, 2]); (w * w).requires_grad", str(before)],
        ["w.requires_grad_(); (w * w).requires_grad", str((w * w).requires_grad)],
        ["with no_grad(): (w * w).requires_grad", str(inside)],
        ["y = exp(w * w).sum(); y.grad_fn and on along its parents", " ← ".join(steps)],
    ]
    numbers: Numbers = {
        "shortest_history": min(lengths),
        "longest_history": max(lengths),
        "largest_error_of_root_slope": max(errors),
        "largest_error_of_sin_slope": float(np.abs(curve.grad - np.cos(t)).max()),
        "recorded_before_switch": int(before),
        "recorded_inside_no_grad": int(inside),
        "history_steps": len(steps),
    }
    drawing = _draw(t, np.asarray(curve.grad), inputs, lengths)
    return Finding(words(__name__, **numbers), numbers, [drawing], Table(["in the program", "what it says"], rows))


def _draw(t: Array, slope: Array, inputs: Array, lengths: list[int]) -> Drawing:
    grid = panel_grid(2, 2, panel=3.1, left=0.75, caption=words(__name__, "dynamic-graphs"))
    left, right = grid.axes
    left.plot(t, np.sin(t), color=BLUE, label="sin t")
    left.plot(t, slope, color=RED, label="its gradient")
    left.set_xticks([0, np.pi, 2 * np.pi], ["0", "π", "2π"])
    legend(left)
    dress(left, title="A curve and its gradient", xlabel="t")
    right.semilogx(inputs, lengths, "o", color=GREEN, markersize=3.5)
    right.set_ylim(0)
    dress(right, title="As long as the data want it", xlabel="x", ylabel="nodes in the history")
    rows = records(what="gradient of sin", at=t, value=slope) + records(what="nodes", at=inputs, value=lengths)
    return Drawing("dynamic-graphs", grid.figure, rows)


LESSON = Lesson("dynamic-graphs", "Dynamic graphs", study, needs=("circuits",))
