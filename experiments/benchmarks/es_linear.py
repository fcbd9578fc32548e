"""Time and memory of one generation of the strategies of linear cost, against the time of drawing the samples.

    python -m experiments.benchmarks.es_linear [--out FOLDER] [--dims 1000 10000 100000 1000000] [--quick]

The floor is what no strategy that samples can do without: drawing popsize x n normal numbers and one pass over them,
x = mean + sigma z, all in arrays that are there already and with NumPy's own normal numbers (those of `es` take less
time from some ten thousand on, see `es.parts.ziggurat`). To reach: ask and tell in 1.3 times the floor, and no more
than four arrays of the size of the population, the caller's among them. Then what single precision and mirrored
samples save, and how many bytes travel where workers draw the samples again from the seed. One BLAS thread, popsize 64.
The comparison with other packages is `experiments.benchmarks.es_linear_peers`.
"""

from __future__ import annotations

import functools
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from es.registry import get_method
from es.replicas import Replicas
from experiments.benchmarks.peers import evotape_step
from experiments.benchmarks.timing import Bench, Goal, Work, timing

LIMIT = 1.3
MOST_ARRAYS = 4
POPSIZE = 64
METHODS = ["snes", "sep-cmaes", "r1nes", "csa-es", "crfmnes", "openai-es", "pgpe"]
OPTIONS: dict[str, dict[str, Any]] = {
    "mirrored": {"sampling": "mirrored"},
    "float32": {"dtype": "float32"},
    "float32, mirrored": {"dtype": "float32", "sampling": "mirrored"},
}


def floor(n: int) -> Callable[[], object]:
    """Drawing a population, and one pass over it."""
    rng, mean, sigma = np.random.default_rng(1), np.zeros(n), np.ones(n)
    z, x = np.empty((POPSIZE, n)), np.empty((POPSIZE, n))

    def call() -> None:
        rng.standard_normal(out=z)
        np.multiply(sigma, z, out=x)
        np.add(mean, x, out=x)

    return call


def generation(name: str, n: int, options: dict[str, Any]) -> Callable[[], object]:
    """Ask and tell with values that were drawn beforehand."""
    f = np.random.default_rng(2).random(POPSIZE)
    return functools.partial(evotape_step(name, np.zeros(n), POPSIZE, **options), f)


def work(title: str, n: int, ways: Mapping[str, Callable[[], object]]) -> Work:
    """Ways to make a generation beside the floor, all to be reached in `LIMIT` times its time."""
    return Work(
        f"{title}, n={n}, popsize {POPSIZE}", {"floor": floor(n), **ways}, base="floor",
        goals=[Goal(way, LIMIT, "floor") for way in ways], calls=max(1, 100_000 // n),
    )  # fmt: skip


def options_of(n: int, names: tuple[str, ...] = ("snes", "sep-cmaes")) -> dict[str, Callable[[], object]]:
    """Strategies as they are, and with single precision and mirrored samples."""
    ways = {name: generation(name, n, {}) for name in names}
    return ways | {f"{name}, {label}": generation(name, n, o) for label, o in OPTIONS.items() for name in names}


def arrays(name: str, n: int, options: dict[str, Any]) -> float:
    """Peak memory over three generations of a loop that keeps its points, in arrays of the size of the population."""
    f = np.random.default_rng(2).random(POPSIZE)
    generation(name, 2, options)()  # what is imported at the first use is no part of it
    tracemalloc.start()
    try:
        opt: Any = get_method(name)(np.zeros(n), 1.0, popsize=POPSIZE, rng=1, **options)
        for _ in range(3):
            x = opt.ask()
            opt.tell(x, f)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return float(peak / x.nbytes)


def memory(n: int, names: list[str]) -> list[str]:
    """Rows of the table of memory."""
    rows = [f"peak memory, n={n}, in arrays of {POPSIZE} x n (to reach: at most {MOST_ARRAYS})"]
    for name in names:
        figures = {label: arrays(name, n, options) for label, options in {"float64": {}, **OPTIONS}.items()}
        verdict = "reached" if max(figures.values()) <= MOST_ARRAYS else "MISSED"
        rows.append(f"  {name:<10} " + "; ".join(f"{label} {value:.2f}" for label, value in figures.items()))
        rows[-1] += f": {verdict}"
    return rows


def sphere(x: Any) -> float:
    """An objective that worker processes can import."""
    return float(x @ x)


def travel(generations: int = 3) -> list[str]:
    """Bytes per generation between processes that draw the samples again from the seed."""
    rows = ["bytes per generation with two workers, popsize 64 (to reach: the same for every n)"]
    for name in ("openai-es", "pgpe"):
        sent = {}
        for n in (10, 1000, 100_000):
            made = functools.partial(
                get_method(name), np.ones(n), 1.0, popsize=POPSIZE, rng=1, stop={"maxiter": generations}
            )
            with Replicas(made, sphere, workers=2) as replicas:
                replicas.minimize()
            sent[n] = replicas.bytes_sent / generations
        verdict = "reached" if len(set(sent.values())) == 1 else "MISSED"
        figures = ", ".join(f"n={n}: {value:.0f}" for n, value in sent.items())
        rows.append(f"  {name:<10} {figures} (a population of {POPSIZE * 8 * 100_000:,} bytes at the last): {verdict}")
    return rows


@timing(
    "Strategies of linear cost: time of ask and tell",
    dims=[1000, 10_000, 100_000, 1_000_000], methods=(METHODS, "", {"choices": METHODS}),
)  # fmt: skip
def main(bench: Bench) -> None:
    """Times by n, memory, and what travels between processes."""
    for n in bench.given.dims:
        rounds = 5 if n > 100_000 else None
        ways = {name: generation(name, n, {}) for name in bench.given.methods}
        bench.add(work("one generation", n, ways), rounds=rounds)
        bench.add(work("options", n, options_of(n)), rounds=rounds)
        bench.say("\n".join(memory(n, bench.given.methods)))
    bench.say("\n".join(travel()))
