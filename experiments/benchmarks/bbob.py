"""Time of BBOB evaluations: 15 instances in a stack, in turn, and COCO's C code; and one instance with many points.

    python -m experiments.benchmarks.bbob [--out FOLDER] [--rounds 9] [--functions 1-24] [--dims 5 20] [--alone 10 40]

For each function and number of variables of --dims: a generation of CMA-ES, 4 + 3 log n points for each of 15
instances; one point for each; and one value with its gradient for each, as 15 runs of L-BFGS-B ask for. For those of
--alone: one point of one instance, and 1000 points in a call. cocoex is called point by point, which is how it is used
from Python. Times are CPU time of one thread.

To reach: the stack at least 5 times as fast as one instance at a time; one point of one instance in at most 25 us at
n=10; 1000 points in at most 0.4 us each at n=10 and 2 us at n=40 (f21 and f22, with their 101 and 21 peaks, apart); and
but for single points everything faster than cocoex.

A call costs 12 to 60 us whatever it holds, and a stack pays that once: single points and gradients win 8 to 50 times.
In a generation the arithmetic of the points themselves sets a limit. By the least of many times, with AVX-512, it wins
9 to 11 times at n=5, and at n=20 5 to 8 times, but for f16, 4.9: arithmetic that costs 0.2 us a point leaves 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from experiments.benchmarks.command import span
from experiments.benchmarks.timing import Bench, Goal, Measured, Work, table, timing
from problems import bbob, stack

Way = Callable[[], object]

INSTANCES = range(1, 16)
POINTS = 1000
PER_POINT = {10: 0.4e-6, 40: 2e-6}
SINGLE = {10: 25e-6}
PEAKS = (21, 22)
# What goals ask for, by what they compare with.
ASKED = {"in turn": "5 times as fast as in turn", "cocoex": "faster than cocoex", None: "in the time asked for"}


def in_turn(functions: Iterable[Any], points: Any) -> Way:
    """One instance after the other."""
    return lambda: [f(x) for f, x in zip(functions, points, strict=True)]


def coco(function: int, n: int, points: Any, instances: Iterable[int]) -> dict[str, Way]:
    """Every point of every instance in a call of its own, where cocoex is installed."""
    if find_spec("cocoex") is None:
        return {}
    import cocoex

    theirs = [cocoex.BareProblem("bbob", function, n, instance) for instance in instances]
    return {"cocoex": lambda: [[f(x) for x in rows] for f, rows in zip(theirs, points, strict=True)]}


def together(function: int, n: int) -> list[tuple[str, int, Work]]:
    """What is done, in how many points, and its ways: a generation, a point, and a gradient of all instances."""
    x = np.random.default_rng(0).uniform(-4.0, 4.0, (len(INSTANCES), 4 + int(3 * np.log(n)), n))
    problems = [bbob.make(f"bbob-f{function}", n, instance) for instance in INSTANCES]
    whole, slow = stack(problems), Goal("here", 0.2, "in turn")
    title, first = f"f{function}, n={n}", np.ascontiguousarray(x[:, 0])
    found: list[tuple[str, int, Work]] = []
    for what, points, alone, calls in (
        ("generation", x, in_turn(problems, x), 10), ("point", x[:, :1].copy(), in_turn(problems, first), 20)
    ):  # fmt: skip
        ways: dict[str, Way] = {"here": partial(whole, points), "in turn": alone}
        ways |= coco(function, n, points, INSTANCES)
        goals = [slow, Goal("here", 1.0, "cocoex")]
        found.append((what, points[..., 0].size, Work(f"{title}, {what}", ways, "in turn", goals, calls)))
    if whole.differentiable:
        slopes = in_turn([problem.value_and_grad for problem in problems], first)
        ways = {"here": partial(whole.value_and_grad, first), "in turn": slopes}
        found.append(("gradient", len(first), Work(f"{title}, gradient", ways, "in turn", [slow], 3)))
    return found


def by_itself(function: int, n: int) -> list[tuple[str, int, Work]]:
    """The same of one instance: one point, and many in a call."""
    x = np.random.default_rng(0).uniform(-5.0, 5.0, (POINTS, n))
    f, title = bbob.make(f"bbob-f{function}", n), f"f{function}, n={n}, one instance"
    one = [Goal("here", SINGLE[n])] if n in SINGLE else []
    many = [Goal("here", POINTS * PER_POINT[n])] if n in PER_POINT and function not in PEAKS else []
    ways: dict[str, Way] = {"here": partial(f, x), **coco(function, n, [x], [1])}
    return [
        ("one point", 1, Work(f"{title}, one point", {"here": partial(f, x[0])}, "here", one, 300)),
        ("batch", POINTS, Work(f"{title}, batch", ways, "here", [*many, Goal("here", 1.0, "cocoex")], 3)),
    ]


def summary(results: list[tuple[str, int, Measured]]) -> str:
    """A line for each function and n: microseconds a point, and how many times as fast as the other ways."""
    lines = []
    for _, points, measured in results:
        times = {way: 1 / measured.ratio("here", way)[0] for way in measured.seconds if way != "here"}
        others = "".join(f"  {way} {factor:>6.1f} x" for way, factor in times.items())
        lines.append(f"{measured.work.name:<36}{measured.median('here') / points * 1e6:>10.3f} us{others}")
    for what in dict.fromkeys(what for what, *_ in results):
        mine = [measured for kind, _, measured in results if kind == what]
        for versus, words in ASKED.items():
            outcomes = [m.outcome(goal) for m in mine for goal in m.work.goals if goal.versus == versus]
            reached = [outcome[1] for outcome in outcomes if outcome is not None]
            lines += [f"{what}: {words}: {sum(reached)} of {len(reached)}"] * bool(reached)
    return "\n".join(lines)


@timing(
    "BBOB: stacks of 15 instances, one instance, and cocoex", quiet=True, rounds=9, clock=time.process_time,
    functions=("1-24", "a range, such as 15-17"), dims=[5, 20], alone=([10, 40], "variables of the single instances"),
    details=(False, "print the full tables with quartiles"),
)  # fmt: skip
def main(bench: Bench) -> None:
    """All functions in all dimensions."""
    found = []
    for works, dims in ((together, bench.given.dims), (by_itself, bench.given.alone)):
        for n in dims:
            for function in span(bench.given.functions):
                found += [(what, points, bench.add(work, warmup=2)) for what, points, work in works(function, n)]
    bench.say(table(bench.results) if bench.given.details else summary(found))
