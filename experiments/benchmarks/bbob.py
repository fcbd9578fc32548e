"""Time of BBOB evaluations: one point, and batches of 1000, beside COCO's C code called point by point from Python.

    python -m experiments.benchmarks.bbob [--out FOLDER] [--rounds 15] [--functions 1-24]

To reach: one point at most 25 us at n=10; batches at most 0.4 us a point at n=10 and 2 us at n=40 (f21 and f22, with
their 101 and 21 peaks, apart), and everywhere less than cocoex takes per point.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from experiments.benchmarks.command import span
from experiments.benchmarks.timing import Bench, Goal, Measured, Work, table, timing
from problems import bbob

POINTS = 1000
PER_POINT = {10: 0.4e-6, 40: 2e-6}
SINGLE = 25e-6
PEAKS = (21, 22)


def in_turn(problem: Any, points: list[Any]) -> Callable[[], object]:
    """One point after the other."""
    return lambda: [problem(x) for x in points]


def works(functions: list[int]) -> list[Work]:
    """One piece of work for single points at n=10, and one for batches at each of n=10 and n=40."""
    rng, found = np.random.default_rng(0), []
    for n, batch in ((10, False), (10, True), (40, True)):
        x = rng.uniform(-5.0, 5.0, (POINTS, n))
        candidates: dict[str, Callable[[], object]] = {}
        goals: list[Goal] = []
        for function in functions:
            name, f = f"f{function}", bbob.make(f"bbob-f{function}", n)
            candidates[name] = in_turn(f, [x if batch else x[0]])
            if not batch or function not in PEAKS:
                goals.append(Goal(name, POINTS * PER_POINT[n] if batch else SINGLE))
            if find_spec("cocoex") and batch:
                import cocoex

                candidates[f"{name} cocoex"] = in_turn(cocoex.BareProblem("bbob", function, n, 1), list(x))
                goals.append(Goal(name, 1.0, f"{name} cocoex"))
        title = f"{POINTS} points, n={n}" if batch else f"one point, n={n}"
        found.append(Work(title, candidates, base=f"f{functions[0]}", goals=goals, calls=3 if batch else 300))
    return found


def summary(results: list[Measured]) -> str:
    """One line per function: microseconds for one point, and per point of a batch, ours and cocoex's."""
    lines = [f"{'':>4} {'one point':>10}" + "".join(f" {f'batch n={n}':>12} {'cocoex':>8}" for n in PER_POINT)]
    single, *batches = results
    for name in single.seconds:
        cells = f"{name:>4} {single.median(name) * 1e6:>10.1f}"
        for measured in batches:
            theirs = f"{name} cocoex"
            other = f"{measured.median(theirs) / POINTS * 1e6:.2f}" if theirs in measured.seconds else "-"
            cells += f" {measured.median(name) / POINTS * 1e6:>12.3f} {other:>8}"
        lines.append(cells)
    outcomes = [m.outcome(goal) for m in results for goal in m.work.goals]
    reached = [outcome[1] for outcome in outcomes if outcome is not None]
    return "\n".join([*lines, f"{sum(reached)} of {len(reached)} goals reached (microseconds per point, medians)"])


@timing(
    "BBOB: this code, and cocoex point by point", quiet=True, functions=("1-24", "a range, such as 15-17"),
    details=(False, "print the full tables with quartiles"),
)  # fmt: skip
def main(bench: Bench) -> None:
    """Single points and batches."""
    for work in works(span(bench.given.functions)):
        bench.add(work, warmup=2)
    bench.say(table(bench.results) if bench.given.details else summary(bench.results))
