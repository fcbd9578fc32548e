"""Time of one generation of the strategies of linear cost, against the time of drawing the samples.

    python -m experiments.benchmarks.es_linear [--out FOLDER] [--dims 1000 10000 100000 1000000] [--quick]

The floor is what no strategy that samples can do without: drawing popsize x n normal numbers and one pass over them,
x = mean + sigma z. To reach: ask and tell in 1.3 times the floor. One BLAS thread, popsize 64.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from es.registry import get_method
from experiments.benchmarks.timing import Goal, Measured, Work, draw, measure, one_thread, table, write_csv

LIMIT = 1.3
POPSIZE = 64
METHODS = ["snes", "sep-cmaes", "r1nes", "crfmnes", "openai-es", "pgpe"]


def floor(n: int) -> Callable[[], object]:
    """Drawing a population, and one pass over it."""
    rng, mean, sigma = np.random.default_rng(1), np.zeros(n), np.ones(n)
    return lambda: mean + sigma * rng.standard_normal((POPSIZE, n))


def generation(name: str, n: int) -> Callable[[], object]:
    """Ask and tell with values that were drawn beforehand."""
    opt = get_method(name)(np.zeros(n), 1.0, popsize=POPSIZE, rng=1)
    f = np.random.default_rng(2).random(POPSIZE)
    return lambda: opt.tell(opt.ask(), f)


def compare(n: int, names: list[str], rounds: int) -> Measured:
    """All methods and the floor in interleaved rounds."""
    work = Work(
        f"one generation, n={n}, popsize {POPSIZE}",
        {"floor": floor(n), **{name: generation(name, n) for name in names}},
        base="floor",
        goals=[Goal(name, LIMIT, "floor") for name in names],
        calls=max(1, 100_000 // n),
    )
    return measure(work, rounds=rounds, warmup=1)


def main() -> None:
    """Time, print, and write a table and a figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_linear.csv, .png and .svg")
    parser.add_argument("--dims", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--quick", action="store_true", help="5 rounds in place of 15")
    arguments = parser.parse_args()
    one_thread()
    results = []
    for n in arguments.dims:
        results.append(compare(n, arguments.methods, 5 if arguments.quick else 15))
        print(table(results[-1:]), flush=True)
    if arguments.out:
        write_csv(results, arguments.out / "es_linear.csv")
        draw(results, arguments.out / "es_linear", title="Strategies of linear cost: time of ask and tell")


if __name__ == "__main__":
    main()
