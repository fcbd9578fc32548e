"""Time of one generation of the strategies of linear cost, against the packages that have them too.

    python -m experiments.benchmarks.es_linear_peers [--out FOLDER] [--quick]

Sep-CMA-ES at n = 1000 and 10,000 against pycma, cmaes and pypop7: at least twice as fast. In single precision, at
n = 10,000 and 100,000, against evosax (JAX, compiled): at least as fast. One thread, popsize 64. In a turn each makes
many generations, as in a run: the first ones after another package has filled the caches take up to a fifth longer, and
what is timed of pypop7 leaves them out. Peers that are not installed are left out (extras `peers` and `families`).

The clock is the processor time of this process, which is pinned to one core. JAX computes on threads of its own, next
to the one that waits for them, so that with a second core it would use two where the others use one; processor time
adds up all threads.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from experiments.benchmarks.peers import (
    Clock,
    Step,
    cmaes_step,
    evosax_step,
    evotape_step,
    pycma_step,
    pypop7_step,
)
from experiments.benchmarks.timing import Bench, Goal, Work, installed, timing

POPSIZE = 64
FACTOR = 2  # times as fast as each peer
STEADY = 400_000  # variables times generations in one turn
SINGLE = {"snes": "SNES", "sep-cmaes": "Sep_CMA_ES", "openai-es": "Open_ES"}  # our names and those in evosax
VALUES = np.random.default_rng(2).random(POPSIZE)


def ours(name: str, n: int, **options: Any) -> Callable[[], object]:
    """A generation of a strategy of `es`."""
    return partial(evotape_step(name, np.zeros(n), POPSIZE, **options), VALUES)


def sep_cma_es(bench: Bench, n: int) -> None:
    """Sep-CMA-ES of all packages that are here."""
    clock = Clock()
    ways = {"evotape": ours("sep-cmaes", n), "evotape, mirrored": ours("sep-cmaes", n, sampling="mirrored")}
    ways["evotape, float32"] = ours("sep-cmaes", n, dtype="float32")
    peers: dict[str, Callable[[], Step]] = {
        "pycma": partial(pycma_step, n, POPSIZE, CMA_diagonal=True),
        "cmaes": partial(cmaes_step, n, POPSIZE, "SepCMA"),
        "pypop7": partial(pypop7_step, n, POPSIZE, clock),
    }
    ways |= {name: partial(step, VALUES) for name, step in installed(peers).items()}
    title = f"sep-CMA-ES, one generation, n={n}, popsize {POPSIZE}"
    goals = [Goal("evotape", 1 / FACTOR, name) for name in peers]
    bench.add(Work(title, ways, base="evotape", goals=goals, calls=STEADY // n), clock=clock)


def single_precision(bench: Bench, n: int) -> None:
    """Strategies in single precision, ours and those of evosax."""
    ways: dict[str, Callable[[], object]] = {name: ours(name, n, dtype="float32") for name in SINGLE}
    peers = {f"evosax {name}": partial(evosax_step, name, n, POPSIZE) for name in SINGLE.values()}
    ways |= {name: partial(step, VALUES) for name, step in installed(peers).items()}
    goals = [Goal(mine, 1.0, f"evosax {theirs}") for mine, theirs in SINGLE.items()]
    title = f"single precision, one generation, n={n}, popsize {POPSIZE}"
    work = Work(title, ways, base="snes", goals=goals, calls=max(1, 50_000 // n))
    bench.add(work, warmup=2, clock=time.process_time)


@timing("Linear cost: against other packages, one core")
def main(bench: Bench) -> None:
    """Sep-CMA-ES, then single precision."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core for all, other processes included
    for n in (1000, 10_000):
        sep_cma_es(bench, n)
    for n in (10_000, 100_000):
        single_precision(bench, n)
