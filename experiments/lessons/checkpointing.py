"""Gradient checkpointing: less memory for a second forward pass, and how many segments are best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, RED, dress
from experiments.lessons.drawing import level
from experiments.lessons.lesson import Drawing, Finding, Lesson, Numbers, words
from experiments.lessons.measure import seconds, traced_memory

LAYERS, SIZE, REPEATS = 64, 20_000, 3
SEGMENTS = (1, 2, 4, 6, 8, 11, 16, 22, 32, 64)


class Chain:
    """A chain of layers x -> tanh(1.01 x) that counts how often a layer is called."""

    def __init__(self) -> None:
        self.calls = 0

    def layer(self, x: Any) -> Any:
        """One layer."""
        self.calls += 1
        return np.tanh(1.01 * x)

    def plain(self, x: Any) -> Any:
        """All layers, everything kept for the way back."""
        for _ in range(LAYERS):
            x = self.layer(x)
        return x.sum()

    def cut(self, x: Any, segments: int) -> Any:
        """All layers in segments, of which only the inputs are kept."""
        return ad.checkpoint_sequential([self.layer] * LAYERS, x, segments=segments).sum()


def measure(segments: int | None) -> dict[str, Any]:
    """Gradient, calls of layers, peak memory in arrays of the input's size, and the best of some times in seconds."""
    x = np.linspace(-1, 1, SIZE)
    chain = Chain()
    slope = ad.grad(chain.plain if segments is None else lambda v: chain.cut(v, segments))
    gradient, calls = slope(x), chain.calls
    time = seconds(lambda: slope(x), REPEATS)
    with traced_memory() as held:
        slope(x)
        peak = held()[1] / x.nbytes
    return {"segments": segments or 0, "arrays": peak, "calls": calls, "seconds": time, "gradient": gradient}


def study() -> Finding:
    """Measure a chain without checkpoints and with ever more segments."""
    plain = measure(None)
    runs = [measure(segments) for segments in SEGMENTS]
    best = min(runs, key=lambda run: run["arrays"])
    numbers: Numbers = {
        "arrays_plain": plain["arrays"],
        "arrays_best": best["arrays"],
        "best_segments": best["segments"],
        "calls_plain": plain["calls"],
        "calls_best": best["calls"],
        "time_ratio": best["seconds"] / plain["seconds"],
        "largest_difference": max(float(np.abs(run["gradient"] - plain["gradient"]).max()) for run in runs),
    }
    text = words(__name__, **numbers, root=math.sqrt(LAYERS), times_less=plain["arrays"] / best["arrays"])
    return Finding(text, numbers, [_draw(plain, runs)])


def _draw(plain: dict[str, Any], runs: list[dict[str, Any]]) -> Drawing:
    grid = panel_grid(2, 2, panel=3.1, left=0.75, caption=words(__name__, "checkpointing"))
    left, right = grid.axes
    for ax, key, color, scale in ((left, "arrays", BLUE, 1.0), (right, "seconds", RED, 1e3)):
        ax.plot(SEGMENTS, [scale * run[key] for run in runs], "o-", color=color, markersize=4)
        level(ax, scale * plain[key])
        ax.set_xscale("log", base=2)
        ax.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])
        ax.set_ylim(0)
    dress(left, title="Peak memory", xlabel="segments", ylabel="arrays")
    dress(right, title="Time of one gradient", xlabel="segments", ylabel="milliseconds")
    rows = [{key: run[key] for key in ("segments", "arrays", "calls", "seconds")} for run in [plain, *runs]]
    return Drawing("checkpointing", grid.figure, rows)


LESSON = Lesson("checkpointing", "Gradient checkpointing", study, needs=("backpropagation",))
