"""Gradient checkpointing: less memory for a second forward pass, and how many segments are best."""

from __future__ import annotations

import math
import time
import tracemalloc
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, RED, dress
from experiments.lessons.lesson import Drawing, Finding, Lesson

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
    gradient = slope(x)
    calls = chain.calls
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        slope(x)
        times.append(time.perf_counter() - started)
    tracemalloc.start()
    try:
        slope(x)
        peak = tracemalloc.get_traced_memory()[1] / x.nbytes
    finally:
        tracemalloc.stop()
    return {"segments": segments or 0, "arrays": peak, "calls": calls, "seconds": min(times), "gradient": gradient}


def study() -> Finding:
    """Measure a chain without checkpoints and with ever more segments."""
    plain = measure(None)
    runs = [measure(segments) for segments in SEGMENTS]
    best = min(runs, key=lambda run: run["arrays"])
    numbers: dict[str, float | int] = {
        "arrays_plain": plain["arrays"],
        "arrays_best": best["arrays"],
        "best_segments": best["segments"],
        "calls_plain": plain["calls"],
        "calls_best": best["calls"],
        "time_ratio": best["seconds"] / plain["seconds"],
        "largest_difference": max(float(np.abs(run["gradient"] - plain["gradient"]).max()) for run in runs),
    }
    text = (
        f"On its way back through {LAYERS} layers the sweep needs what each layer computed on the way there, so at "
        f"the peak {plain['arrays']:.0f} arrays of the input's size are held at once. Checkpointing cuts the chain "
        "into segments, keeps only the input of each, and runs a segment again when the sweep arrives at it. With k "
        f"segments of {LAYERS} / k layers the memory goes as k plus a multiple of {LAYERS} / k, which is least near "
        f"the square root of the number of layers: sqrt({LAYERS}) = {math.sqrt(LAYERS):g}. Measured, the least is "
        f"{best['arrays']:.0f} arrays with {best['segments']} segments, "
        f"{plain['arrays'] / best['arrays']:.1f} times less than without. The price is a second forward pass, "
        f"{best['calls']} calls of layers in place of {plain['calls']}: in this run {numbers['time_ratio']:.2f} "
        f"times the time. The gradients differ by {numbers['largest_difference']:.1g}."
    )
    return Finding(text, numbers, [_draw(plain, runs)])


def _draw(plain: dict[str, Any], runs: list[dict[str, Any]]) -> Drawing:
    grid = panel_grid(
        2,
        2,
        panel=3.1,
        left=0.75,
        caption=f"A gradient through {LAYERS} layers cut into segments; dotted: without checkpoints. Left: peak "
        f"memory (tracemalloc), in arrays of the input's size. Right: time, best of {REPEATS}.",
    )
    segments = [run["segments"] for run in runs]
    for ax, key, color, title, unit in (
        (grid.axes[0], "arrays", BLUE, "Peak memory", "arrays"),
        (grid.axes[1], "seconds", RED, "Time of one gradient", "milliseconds"),
    ):
        scale = 1e3 if key == "seconds" else 1.0
        ax.plot(segments, [scale * run[key] for run in runs], "o-", color=color, markersize=4)
        ax.axhline(scale * plain[key], color="#888888", linestyle=":")
        ax.set_xscale("log", base=2)
        ax.set_xticks([1, 2, 4, 8, 16, 32, 64], ["1", "2", "4", "8", "16", "32", "64"])
        ax.set_ylim(0)
        dress(ax, title=title, xlabel="segments", ylabel=unit)
    rows = [{key: run[key] for key in ("segments", "arrays", "calls", "seconds")} for run in [plain, *runs]]
    return Drawing("checkpointing", grid.figure, rows)


LESSON = Lesson("checkpointing", "Gradient checkpointing", study, needs=("backpropagation",))
