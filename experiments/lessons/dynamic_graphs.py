"""Dynamic graphs: the history is what the program did, so loops and branches need nothing special."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from autodiff.graph import history
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, GREEN, RED, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table


def root(x: Any) -> Any:
    """Square root by Heron's method: as many rounds as this x needs, on the side of the branch it falls on."""
    y = x if x > 1 else 1.0 + 0.0 * x
    while True:  # at least one round: without it the result at x = 1 would not depend on x at all
        y = 0.5 * (y + x / y)
        if abs(y * y - x) <= 1e-12 * x:
            return y


def study() -> Finding:
    """Differentiate a loop, a curve, and switch recording on and off."""
    inputs = np.logspace(-4, 4, 65)
    lengths, errors = [], []
    for value in inputs:
        x = ad.tensor(float(value), requires_grad=True)
        y = root(x)
        y.backward()
        lengths.append(len(history(y)))
        slope = float(x.grad)
        errors.append(abs(slope * 2 * np.sqrt(value) - 1))

    t = np.linspace(0, 2 * np.pi, 200)
    curve = ad.tensor(t, requires_grad=True)
    np.sin(curve).sum().backward()
    slope_error = float(np.abs(curve.grad - np.cos(t)).max())

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
    numbers: dict[str, float | int] = {
        "shortest_history": min(lengths),
        "longest_history": max(lengths),
        "largest_error_of_root_slope": max(errors),
        "largest_error_of_sin_slope": slope_error,
        "recorded_before_switch": int(before),
        "recorded_inside_no_grad": int(inside),
        "history_steps": len(steps),
    }
    text = (
        "The history is written while the program runs, so it holds what happened for this input and nothing else. "
        "Heron's square root repeats y = (y + x / y) / 2 until y is good enough, and begins at x or at 1, whichever "
        f"is larger. Between x = {inputs[0]:g} and {inputs[-1]:g} its history has {min(lengths)} to {max(lengths)} "
        "nodes, and the slope of the loop equals that of the square root, 1 / (2 sqrt x), to a relative error of at "
        f"most {max(errors):.0e}. One sweep back from the sum of 200 sines gives the whole gradient curve, which "
        f"differs from the cosine by at most {slope_error:.1g}. Recording begins where requires_grad is switched on "
        "and pauses inside no_grad; each result knows by grad_fn what made it, as the table shows."
    )
    drawing = _draw(t, np.asarray(curve.grad), inputs, lengths)
    return Finding(text, numbers, [drawing], Table(["in the program", "what it says"], rows))


def _draw(t: np.ndarray[Any, Any], slope: np.ndarray[Any, Any], inputs: np.ndarray[Any, Any], lengths: Any) -> Drawing:
    grid = panel_grid(
        2,
        2,
        panel=3.1,
        left=0.75,
        caption="Left: the sine and its gradient from one sweep back. Right: nodes in the history of Heron's square "
        "root of x; the loop runs longer the further x is from 1, and the branch changes sides there.",
    )
    left, right = grid.axes
    left.plot(t, np.sin(t), color=BLUE, label="sin t")
    left.plot(t, slope, color=RED, label="its gradient")
    left.set_xticks([0, np.pi, 2 * np.pi], ["0", "π", "2π"])
    left.legend(frameon=False, fontsize=8.5)
    dress(left, title="A curve and its gradient", xlabel="t")
    right.semilogx(inputs, lengths, "o", color=GREEN, markersize=3.5)
    right.set_ylim(0)
    dress(right, title="As long as the data want it", xlabel="x", ylabel="nodes in the history")
    rows: list[dict[str, Any]] = [
        {"what": "gradient of sin", "at": a, "value": float(v)} for a, v in zip(t, slope, strict=True)
    ]
    rows += [{"what": "nodes", "at": a, "value": v} for a, v in zip(inputs, lengths, strict=True)]
    return Drawing("dynamic-graphs", grid.figure, rows)


LESSON = Lesson("dynamic-graphs", "Dynamic graphs", study, needs=("circuits",))
