"""A whole engine in a hundred lines, beside the fast one: the same gradients, and what the difference buys."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, RED, dress
from experiments.lessons import engine
from experiments.lessons.lesson import Drawing, Finding, Lesson, Table

STEPS = (10, 30, 100, 300, 1000, 3000)


def rosenbrock(x: Any, m: Any) -> Any:
    """Rosenbrock's function; `m` is NumPy or the small engine, whichever x belongs to."""
    a, b = x[:-1], x[1:]
    return (100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2).sum()


def network(w: Any, m: Any) -> Any:
    """Cross-entropy of a net of 8 tanh units and 3 classes on 20 fixed points; w is one row of 67 weights."""
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(20, 4)), rng.integers(0, 3, 20)
    rows = np.arange(67)
    inner, inner_bias = w[rows[:32].reshape(4, 8)], w[32:40]
    outer, outer_bias = w[rows[40:64].reshape(8, 3)], w[64:]
    scores = m.tanh(inputs @ inner + inner_bias) @ outer + outer_bias
    return m.log(m.exp(scores).sum(axis=1)).sum() - scores[np.arange(20), labels].sum()


def waves(x: Any, m: Any) -> Any:
    """Sines of sines, divided by what grows."""
    for _ in range(6):
        x = m.sin(x * 1.5) / (1.0 + x * x) + 2.0 * x
    return (x * m.exp(-(x**2) / 50.0)).sum()


FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "Rosenbrock": (rosenbrock, 20),
    "network": (network, 67),
    "waves": (waves, 15),
}


def chain(x: Any, steps: int) -> Any:
    """So many multiplications and additions of single numbers."""
    for _ in range(steps):
        x = x * 1.001 + 0.1
    return x


def study() -> Finding:
    """Compare the two engines: gradients, second derivatives, time."""
    rng = np.random.default_rng(1)
    pairs: dict[str, tuple[Any, Any]] = {}
    for name, (f, n) in FUNCTIONS.items():
        x = 0.5 * rng.normal(size=n)
        pairs[name] = engine.grad(partial(f, m=engine))(x), ad.grad(partial(f, m=np))(x)
    gaps = {name: float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for name, (a, b) in pairs.items()}
    small = [_seconds(engine.grad(partial(chain, steps=k)), 0.5) for k in STEPS]
    fast = [_seconds(ad.grad(partial(chain, steps=k)), 0.5) for k in STEPS]
    source = Path(engine.__file__).read_text(encoding="utf-8").splitlines()
    lines = sum(bool(line.strip()) for line in source)
    second = ad.hessian(lambda v: rosenbrock(v, np))(np.ones(2))
    numbers: dict[str, float | int] = {
        **{f"relative_gap_{name.lower()}": gap for name, gap in gaps.items()},
        "lines_of_the_engine": lines,
        "hessian_corner": float(second[0, 0]),
        "times_slower": float(np.median(np.divide(small, fast))),
    }
    text = (
        f"The file `engine.py` beside this lesson is a whole engine in {lines} lines. A value keeps what it was made "
        "from, with a function that multiplies by its local derivative; backward walks over the values, latest first, "
        "and adds dE/dy dy/dx to dE/dx. That is all there is to reverse mode, and it is exact: on three functions its "
        f"gradients differ from those of autodiff by {max(gaps.values()):.0e} at most, relative to the largest entry."
        "\n\n"
        f"What the fast engine has besides: it takes the functions of NumPy and SciPy as they are; its pulls are "
        "themselves recorded, so it differentiates gradients again (the first entry of Rosenbrock's Hessian at the "
        f"optimum, {second[0, 0]:g}, came that way); a value that no pull needs is freed at once, where here all are "
        "kept to the end; it refuses what would lose a gradient; and it wastes less time on each step: on chains of "
        f"{STEPS[0]} to {STEPS[-1]} steps the small engine took {numbers['times_slower']:.1f} times as long."
    )
    rows = [[name, str(len(b)), f"{gaps[name]:.1e}"] for name, (_, b) in pairs.items()]
    table = Table(["function", "variables", "largest difference, relative"], rows)
    return Finding(text, numbers, [_draw(pairs, small, fast)], table)


def _seconds(f: Callable[[Any], Any], x: float) -> float:
    """The shortest of five calls, in processor time."""
    times = []
    for _ in range(5):
        start = time.process_time()
        f(x)
        times.append(time.process_time() - start)
    return max(min(times), 1e-6)  # the clock of some systems ticks no finer


def _draw(pairs: dict[str, tuple[Any, Any]], small: list[float], fast: list[float]) -> Drawing:
    grid = panel_grid(
        2,
        2,
        panel=3.1,
        left=0.85,
        caption="Left: every entry of three gradients, by the small engine and by autodiff; they lie on the diagonal. "
        "Right: time for the gradient of a chain of multiplications and additions, both axes logarithmic.",
    )
    left, right = grid.axes
    rows: list[dict[str, Any]] = []
    for (name, (a, b)), mark in zip(pairs.items(), "os^", strict=True):
        scale = np.max(np.abs(b))
        left.plot(b / scale, a / scale, mark, markersize=4.5, alpha=0.7, label=name)
        rows += [{"what": name, "at": y, "value": x} for x, y in zip(a, b, strict=True)]
    left.plot([-1, 1], [-1, 1], color="0.75", linewidth=1, zorder=0)
    left.legend(frameon=False, fontsize=8.5)
    dress(left, title="The same gradients", xlabel="autodiff / largest entry", ylabel="hundred lines / largest entry")
    for label, seconds, color in (("hundred lines", small, RED), ("autodiff", fast, BLUE)):
        right.loglog(STEPS, np.array(seconds) * 1e3, "o-", color=color, markersize=4, label=label)
        rows += [{"what": f"{label}, ms", "at": k, "value": s * 1e3} for k, s in zip(STEPS, seconds, strict=True)]
    right.legend(frameon=False, fontsize=8.5)
    dress(right, title="Not at the same speed", xlabel="steps of the chain", ylabel="milliseconds")
    return Drawing("reverse-mode", grid.figure, rows)


LESSON = Lesson("reverse-mode", "An engine in a hundred lines", study, needs=("computational-graph",))
