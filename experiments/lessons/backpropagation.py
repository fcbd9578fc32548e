"""Backpropagation by hand and by machine, on a network small enough to follow every number.

Two inputs, two hidden sigmoid units, two sigmoid outputs, squared error: the worked example of M. Mazur, "A Step by
Step Backpropagation Example" (2015), whose printed numbers the lesson checks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, RED, dress
from experiments.lessons.drawing import legend
from experiments.lessons.lesson import Array, Drawing, Finding, Lesson, Numbers, Table, named, records, words

INPUT, TARGET = np.array([0.05, 0.10]), np.array([0.01, 0.99])
WEIGHTS = np.array([0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55])
HIDDEN_BIAS, OUTPUT_BIAS, RATE = 0.35, 0.60, 0.5
PRINTED = {"first output": "0.75136079", "second output": "0.772928465", "error after": "0.291027924"}
STEPS = 10_000


def outputs(w: Any) -> Any:
    """Outputs (2,) of the network with weights (8,): row i of each 2 x 2 block leads into unit i."""
    hidden = ad.nn.sigmoid(w[:4].reshape(2, 2) @ INPUT + HIDDEN_BIAS)
    return ad.nn.sigmoid(w[4:].reshape(2, 2) @ hidden + OUTPUT_BIAS)


def error(w: Any) -> Any:
    """Half the squared distance of the outputs from their targets."""
    return 0.5 * ((TARGET - outputs(w)) ** 2).sum()


def by_hand(w: Array) -> dict[str, Array]:
    """Every derivative of the error, from the output back: the chain rule written out."""
    inner, outer = w[:4].reshape(2, 2), w[4:].reshape(2, 2)
    h = 1 / (1 + np.exp(-(inner @ INPUT + HIDDEN_BIAS)))
    o = 1 / (1 + np.exp(-(outer @ h + OUTPUT_BIAS)))
    at_output = o - TARGET  # dE/do
    at_net = at_output * o * (1 - o)  # dE/dnet_o: the sigmoid's slope is o (1 - o)
    at_hidden = outer.T @ at_net  # dE/dh: both outputs send their share back, through the old weights
    at_hidden_net = at_hidden * h * (1 - h)
    return {
        "dE/do": at_output,
        "dE/dnet_o": at_net,
        "dE/dw5..w8": np.outer(at_net, h).ravel(),
        "dE/dh": at_hidden,
        "dE/dnet_h": at_hidden_net,
        "dE/dw1..w4": np.outer(at_hidden_net, INPUT).ravel(),
    }


def by_machine(w: Array) -> dict[str, Array]:
    """The same derivatives from autodiff, each by differentiating the error from that place on."""
    inner, outer = w[:4].reshape(2, 2), w[4:].reshape(2, 2)
    net_h = inner @ INPUT + HIDDEN_BIAS
    h = ad.nn.sigmoid(net_h)
    net_o = outer @ h + OUTPUT_BIAS

    def from_output(o: Any) -> Any:
        return 0.5 * ((TARGET - o) ** 2).sum()

    def from_net(z: Any) -> Any:
        return from_output(ad.nn.sigmoid(z))

    def from_hidden(a: Any) -> Any:
        return from_net(outer @ a + OUTPUT_BIAS)

    whole = ad.grad(error)(w)
    return {
        "dE/do": ad.grad(from_output)(ad.nn.sigmoid(net_o)),
        "dE/dnet_o": ad.grad(from_net)(net_o),
        "dE/dw5..w8": whole[4:],
        "dE/dh": ad.grad(from_hidden)(h),
        "dE/dnet_h": ad.grad(lambda z: from_hidden(ad.nn.sigmoid(z)))(net_h),
        "dE/dw1..w4": whole[:4],
    }


def digits_held(printed: str, value: float) -> int:
    """How many decimals of a printed number stand there in the value too, from the point to the first that differs."""
    places = len(printed.partition(".")[2])
    same = [x == y for x, y in zip(printed, f"{value:.{places}f}", strict=True)]
    return same[2:].index(False) if False in same else places


def study() -> Finding:
    """Compare hand and machine, take one step, then ten thousand."""
    hand, machine = by_hand(WEIGHTS), by_machine(WEIGHTS)
    slope = ad.grad(error)
    w, curve = WEIGHTS, [float(error(WEIGHTS))]
    for _ in range(STEPS):
        w = w - RATE * slope(w)
        curve.append(float(error(w)))
    first, second = outputs(WEIGHTS)
    computed = dict(zip(PRINTED, (float(first), float(second), curve[1]), strict=True))
    held = {name: digits_held(text, computed[name]) for name, text in PRINTED.items()}
    numbers: Numbers = {
        "error_before": curve[0],
        "error_after_one_step": curve[1],
        "output_1": float(first),
        "output_2": float(second),
        "largest_difference": max(float(np.abs(hand[name] - machine[name]).max()) for name in hand),
        "error_after_all_steps": curve[-1],
        **named("digits_held", held),
    }
    checks = "; ".join(
        f"{name} {text}: computed {computed[name]:.10f}, so {held[name]} of {len(text) - 2} decimals hold"
        for name, text in PRINTED.items()
    )
    text = words(__name__, **numbers, derivatives=sum(map(len, hand.values())), checks=checks)
    rows = [[name, *(", ".join(f"{x:.9f}" for x in way[name]) for way in (hand, machine))] for name in hand]
    return Finding(text, numbers, [_draw(curve, hand, machine)], Table(["derivative", "by hand", "by machine"], rows))


def _draw(curve: list[float], hand: dict[str, Array], machine: dict[str, Array]) -> Drawing:
    grid = panel_grid(2, 2, panel=3.0, left=0.75, caption=words(__name__, "backpropagation"))
    weights = [f"w{k}" for k in range(1, 9)]
    mine, its = (np.concatenate([way["dE/dw1..w4"], way["dE/dw5..w8"]]) for way in (hand, machine))
    left, right = grid.axes
    left.bar(weights, mine, color=BLUE, alpha=0.45, label="by hand")
    left.plot(weights, its, "o", color=RED, markersize=5, label="by machine")
    legend(left)
    dress(left, title="Gradient before the first step", ylabel="dE / dw", grid="y")
    right.loglog(np.arange(1, len(curve) + 1), curve, color=BLUE)
    dress(right, title="Error over the steps", xlabel="step + 1", ylabel="E")
    rows = records(what=weights, step="", value=its) + records(what="error", step=range(len(curve)), value=curve)
    return Drawing("backpropagation", grid.figure, rows)


LESSON = Lesson("backpropagation", "Backpropagation by hand and by machine", study)
