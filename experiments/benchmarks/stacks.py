"""Time of stacks of BBOB problems: 15 instances in one call, beside one instance at a time, and beside COCO's C code.

    python -m experiments.benchmarks.stacks [--out FOLDER] [--rounds 9] [--functions 1-24] [--dims 5 20]

Each way evaluates one generation of all instances: 4 + 3 log n points for each of 15 instances, as CMA-ES asks for, and
one value with gradient for each, as 15 runs of L-BFGS-B ask for. cocoex is called point by point, which is how it is
used from Python. To reach: the stack at least 5 times as fast as one instance at a time, and faster than cocoex, for
all functions. Times are CPU time of one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from experiments.benchmarks.timing import Bench, Goal, Measured, Work, table
from problems import Objective, bbob, stack

INSTANCES = range(1, 16)


def popsize(n: int) -> int:
    """Points of a generation of CMA-ES."""
    return 4 + int(3 * np.log(n))


def _in_turn(problems: list[Any], points: Any) -> Callable[[], object]:
    return lambda: [problem(x) for problem, x in zip(problems, points, strict=True)]


def _gradients_in_turn(problems: list[Objective], points: Any) -> Callable[[], object]:
    return lambda: [problem.value_and_grad(x) for problem, x in zip(problems, points, strict=True)]


def _point_by_point(problems: list[Any], points: Any) -> Callable[[], object]:
    return lambda: [[problem(x) for x in rows] for problem, rows in zip(problems, points, strict=True)]


def works(functions: list[int], n: int) -> list[Work]:
    """A piece of work for each function: one generation, and one gradient, of all instances."""
    rng, found = np.random.default_rng(0), []
    x = rng.uniform(-4.0, 4.0, (len(INSTANCES), popsize(n), n))
    for function in functions:
        problems = [bbob.make(f"bbob-f{function}", n, instance) for instance in INSTANCES]
        together = stack(problems)
        candidates: dict[str, Callable[[], object]] = {
            "stack": lambda s=together: s(x),  # type: ignore[misc]  # a lambda's defaults have no types
            "in turn": _in_turn(problems, x),
        }
        goals = [Goal("stack", 0.2, "in turn")]
        if find_spec("cocoex") is not None:
            import cocoex

            theirs = [cocoex.BareProblem("bbob", function, n, instance) for instance in INSTANCES]
            candidates["cocoex"] = _point_by_point(theirs, x)
            goals.append(Goal("stack", 1.0, "cocoex"))
        found.append(Work(f"f{function}, n={n}", candidates, base="in turn", goals=goals, calls=10))
        if together.differentiable:
            points = np.ascontiguousarray(x[:, 0])
            slopes: dict[str, Callable[[], object]] = {
                "stack": lambda s=together, p=points: s.value_and_grad(p),  # type: ignore[misc]
                "in turn": _gradients_in_turn(problems, points),
            }
            goals = [Goal("stack", 0.2, "in turn")]
            found.append(Work(f"f{function}, n={n}, gradients", slopes, base="in turn", goals=goals, calls=3))
    return found


def summary(results: list[Measured]) -> str:
    """A line for each function and n: microseconds a point, and how many times as fast the stack is."""
    heads = ("us a point", "in turn", "cocoex", "times", "gradient", "in turn", "times")
    lines = [f"{'':>12}" + "".join(f" {head:>10}" for head in heads)]
    slopes = {m.work.name.removesuffix(", gradients"): m for m in results if m.work.name.endswith("gradients")}
    for measured in results:
        name = measured.work.name
        if name.endswith("gradients"):
            continue
        points = len(INSTANCES) * popsize(int(name.partition("n=")[2]))
        ours, turn = (measured.median(way) / points * 1e6 for way in ("stack", "in turn"))
        theirs = f"{measured.median('cocoex') / points * 1e6:.2f}" if "cocoex" in measured.seconds else "-"
        cells = f"{name:>12} {ours:>10.3f} {turn:>10.2f} {theirs:>10} {1 / measured.ratio('stack')[0]:>10.1f}"
        if name in slopes:
            m = slopes[name]
            ours, turn = (m.median(way) / len(INSTANCES) * 1e6 for way in ("stack", "in turn"))
            cells += f" {ours:>10.1f} {turn:>10.1f} {1 / m.ratio('stack')[0]:>10.1f}"
        lines.append(cells)
    outcomes = [(goal.versus, m.outcome(goal)) for m in results for goal in m.work.goals]
    for versus, what in (("in turn", "at least 5 times as fast as in turn"), ("cocoex", "faster than cocoex")):
        reached = [outcome[1] for name, outcome in outcomes if name == versus and outcome is not None]
        lines.append(f"{what}: {sum(reached)} of {len(reached)}")
    return "\n".join(lines)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--functions", default="1-24", help="a range, such as 15-17")
    parser.add_argument("--dims", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--details", action="store_true", help="print the full tables with quartiles")


def main() -> None:
    """Measure, print, and write tables and figures where asked."""
    bench = Bench(
        __doc__, "stacks", "15 instances of BBOB: in one call, in turn, and cocoex", quiet=True, options=_options
    )
    first, _, last = bench.given.functions.partition("-")
    for n in bench.given.dims:
        for work in works(list(range(int(first), int(last or first) + 1)), n):
            bench.add(work, warmup=2)
    bench.say(table(bench.results) if bench.given.details else summary(bench.results))
    bench.save()


if __name__ == "__main__":
    main()
