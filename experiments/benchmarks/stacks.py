"""Time of stacks of BBOB problems: 15 instances in one call, beside one instance at a time, and beside COCO's C code.

    python -m experiments.benchmarks.stacks [--out FOLDER] [--rounds 9] [--functions 1-24] [--dims 5 20]

Three kinds of work for each function: a generation of CMA-ES, 4 + 3 log n points for each of 15 instances; one point
for each; and one value with its gradient for each, as 15 runs of L-BFGS-B ask for. cocoex is called point by point,
which is how it is used from Python. To reach: the stack at least 5 times as fast as one instance at a time, and faster
than cocoex. Times are CPU time of one thread.

A call costs 12 to 60 us whatever it holds, and a stack pays that once: single points and gradients win 8 to 50 times.
In a generation the arithmetic of the points themselves sets a limit. By the least of many times it wins 5 to 10 times
at n=5, and at n=20 2.5 (f21, with its 101 peaks) to 7 times: arithmetic that costs 0.25 us a point leaves 5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from experiments.benchmarks.command import span
from experiments.benchmarks.timing import Bench, Goal, Measured, Work, table, timing
from problems import bbob, stack

INSTANCES = range(1, 16)
GENERATION, POINT, GRADIENT = "generation", "point", "gradient"


def popsize(n: int) -> int:
    """Points of a generation of CMA-ES."""
    return 4 + int(3 * np.log(n))


def in_turn(functions: list[Any], points: Any) -> Callable[[], object]:
    """One instance after the other."""
    return lambda: [f(x) for f, x in zip(functions, points, strict=True)]


def works(function: int, n: int) -> list[Work]:
    """A generation, a point, and a value with its gradient, of all instances of a function."""
    x = np.random.default_rng(0).uniform(-4.0, 4.0, (len(INSTANCES), popsize(n), n))
    problems = [bbob.make(f"bbob-f{function}", n, instance) for instance in INSTANCES]
    together, found, slow = stack(problems), [], Goal("stack", 0.2, "in turn")
    for what, points, calls in ((GENERATION, x, 10), (POINT, x[:, :1].copy(), 20)):
        one_by_one = in_turn(problems, points if what == GENERATION else points[:, 0])
        ways: dict[str, Callable[[], object]] = {"stack": partial(together, points), "in turn": one_by_one}
        goals = [slow]
        if find_spec("cocoex") is not None:
            import cocoex

            theirs = [cocoex.BareProblem("bbob", function, n, instance) for instance in INSTANCES]
            ways["cocoex"] = partial(point_by_point, theirs, points)
            goals.append(Goal("stack", 1.0, "cocoex"))
        found.append(Work(f"f{function}, n={n}, {what}", ways, "in turn", goals, calls))
    if together.differentiable:
        first = np.ascontiguousarray(x[:, 0])
        slopes = in_turn([problem.value_and_grad for problem in problems], first)
        ways = {"stack": partial(together.value_and_grad, first), "in turn": slopes}
        found.append(Work(f"f{function}, n={n}, {GRADIENT}", ways, "in turn", [slow], 3))
    return found


def point_by_point(problems: list[Any], points: Any) -> object:
    """Every point of every instance in a call of its own."""
    return [[problem(x) for x in rows] for problem, rows in zip(problems, points, strict=True)]


def summary(results: list[Measured]) -> str:
    """A line for each function and n: microseconds a point in the stack, and how many times as fast it is."""
    by_name = {measured.work.name: measured for measured in results}
    kinds = (GENERATION, POINT, GRADIENT)
    lines = [f"{'':>12}" + "".join(f" {f'{kind}, us':>15} {'in turn':>8} {'cocoex':>8}" for kind in kinds)]
    for name in dict.fromkeys(name.rpartition(", ")[0] for name in by_name):
        cells = f"{name:>12}"
        for kind in kinds:
            measured = by_name.get(f"{name}, {kind}")
            if measured is None:
                continue
            points = len(INSTANCES) * (popsize(int(name.partition("n=")[2])) if kind == GENERATION else 1)
            times = {way: 1 / measured.ratio("stack", way)[0] for way in measured.seconds}
            theirs = f"{times['cocoex']:.1f} x" if "cocoex" in times else ""
            cells += f" {measured.median('stack') / points * 1e6:>15.3f} {times['in turn']:>6.1f} x {theirs:>8}"
        lines.append(cells.rstrip())
    for kind in kinds:
        for versus, what in (("in turn", "at least 5 times as fast as in turn"), ("cocoex", "faster than cocoex")):
            chosen = [m for name, m in by_name.items() if name.endswith(kind)]
            outcomes = [m.outcome(goal) for m in chosen for goal in m.work.goals if goal.versus == versus]
            reached = [outcome[1] for outcome in outcomes if outcome is not None]
            if reached:
                lines.append(f"{kind}: {what}: {sum(reached)} of {len(reached)}")
    return "\n".join(lines)


@timing(
    "15 instances of BBOB: in one call, in turn, and cocoex", quiet=True, functions=("1-24", "a range, such as 15-17"),
    dims=[5, 20], details=(False, "print the full tables with quartiles"),
)  # fmt: skip
def main(bench: Bench) -> None:
    """All functions in all dimensions."""
    for n in bench.given.dims:
        for function in span(bench.given.functions):
            for work in works(function, n):
                bench.add(work, warmup=2)
    bench.say(table(bench.results) if bench.given.details else summary(bench.results))
