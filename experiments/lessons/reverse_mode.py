"""A whole engine in a hundred lines, beside the fast one: the same gradients, and what the difference buys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autodiff as ad
from experiments.figures.layout import panel_grid
from experiments.figures.style import BLUE, RED, dress
from experiments.lessons import engine
from experiments.lessons.drawing import legend
from experiments.lessons.lesson import Array, Drawing, Finding, Lesson, Numbers, Table, named, records, words
from experiments.lessons.measure import seconds

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
    small, fast = (
        np.array([seconds(partial(grad(partial(chain, steps=k)), 0.5), 5) for k in STEPS])
        for grad in (engine.grad, ad.grad)
    )
    numbers: Numbers = {
        **named("relative_gap", {name.lower(): gap for name, gap in gaps.items()}),
        "lines_of_the_engine": sum(bool(s.strip()) for s in Path(engine.__file__).read_text("utf-8").splitlines()),
        "hessian_corner": float(ad.hessian(lambda v: rosenbrock(v, np))(np.ones(2))[0, 0]),
        "times_slower": float(np.median(small / fast)),
    }
    rows = [[name, str(len(b)), f"{gaps[name]:.1e}"] for name, (_, b) in pairs.items()]
    return Finding(
        words(__name__, **numbers, largest_gap=max(gaps.values()), longest=STEPS[-1]),
        numbers,
        [_draw(pairs, small, fast)],
        Table(["function", "variables", "largest difference, relative"], rows),
    )


def _draw(pairs: dict[str, tuple[Any, Any]], small: Array, fast: Array) -> Drawing:
    grid = panel_grid(2, 2, panel=3.1, left=0.85, caption=words(__name__, "reverse-mode"))
    left, right = grid.axes
    rows: list[dict[str, Any]] = []
    for (name, (a, b)), mark in zip(pairs.items(), "os^", strict=True):
        scale = np.max(np.abs(b))
        left.plot(b / scale, a / scale, mark, markersize=4.5, alpha=0.7, label=name)
        rows += records(what=name, at=b, value=a)
    left.plot([-1, 1], [-1, 1], color="0.75", linewidth=1, zorder=0)
    for name, times, color in (("hundred lines", small, RED), ("autodiff", fast, BLUE)):
        right.loglog(STEPS, times * 1e3, "o-", color=color, markersize=4, label=name)
        rows += records(what=f"{name}, ms", at=STEPS, value=times * 1e3)
    legend(left)
    legend(right)
    dress(left, title="The same gradients", xlabel="autodiff / largest entry", ylabel="hundred lines / largest entry")
    dress(right, title="Not at the same speed", xlabel="steps of the chain", ylabel="milliseconds")
    return Drawing("reverse-mode", grid.figure, rows)


LESSON = Lesson("reverse-mode", "An engine in a hundred lines", study, needs=("computational-graph",))
