"""Parallel evaluation: how much of the ideal throughput is left for an objective of 5 ms on two workers.

    python -m experiments.benchmarks.es_parallel [--workers 2] [--milliseconds 5] [--busy] [--rounds 9] [--out DIR]

The ideal is the time of the same evaluations one after the other, alone, divided by the number of workers. Each
candidate makes ten generations of 16 points. With --busy the objective computes instead of sleeping, which needs
idle cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import es
from experiments.benchmarks.timing import Bench, Goal, Work, timing

GENERATIONS, POPSIZE, N = 10, 16, 10


def objective(seconds: float, busy: bool, x: Any) -> float:
    """Sphere that takes its time."""
    if busy:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
    else:
        time.sleep(seconds)
    return float(x @ x)


def alone(fun: Callable[[Any], float]) -> None:
    """The evaluations and nothing else."""
    for _ in range(GENERATIONS * POPSIZE):
        fun(np.ones(N))


def with_es(fun: Callable[[Any], float], workers: Any) -> None:
    """`es.minimize`."""
    es.minimize(fun, np.ones(N), popsize=POPSIZE, maxfevals=GENERATIONS * POPSIZE, workers=workers, rng=1)


def with_joblib(fun: Callable[[Any], float], workers: int) -> None:
    """The same strategy, its populations through `joblib.Parallel`."""
    import joblib

    opt = es.CMAES(np.ones(N), popsize=POPSIZE, rng=1)
    with joblib.Parallel(n_jobs=workers) as parallel:
        for _ in range(GENERATIONS):
            x = opt.ask()
            opt.tell(x, parallel(joblib.delayed(fun)(row) for row in x))


def with_pycma(fun: Callable[[Any], float], workers: int) -> None:
    """Pycma with its own EvalParallel2."""
    import cma
    from cma.optimization_tools import EvalParallel2

    opt = cma.CMAEvolutionStrategy(np.ones(N), 0.3, {"popsize": POPSIZE, "verbose": -9, "seed": 1})
    with EvalParallel2(fun, workers) as evaluate:
        for _ in range(GENERATIONS):
            x = opt.ask()
            opt.tell(x, evaluate(x))


@timing("Parallel evaluation", rounds=9, workers=2, milliseconds=5.0, busy=(False, "compute instead of sleeping"))
def main(bench: Bench) -> None:
    """Ways to make the evaluations, those of packages that are not installed left out."""
    given = bench.given
    fun, workers = partial(objective, given.milliseconds * 1e-3, given.busy), given.workers
    with ProcessPoolExecutor(workers) as pool:
        ways: dict[str, Callable[[], object]] = {
            "evaluations alone": partial(alone, fun),
            "es.minimize, one process": partial(with_es, fun, 1),
            f"es.minimize, workers={workers}": partial(with_es, fun, workers),
            "es.minimize, ProcessPoolExecutor": partial(with_es, fun, pool),
            "joblib.Parallel by hand": partial(with_joblib, fun, workers),
        }
        if find_spec("cma") is not None:
            ways["pycma EvalParallel2"] = partial(with_pycma, fun, workers)
        name = f"{GENERATIONS} generations of {POPSIZE} evaluations of {given.milliseconds:g} ms"
        goal = Goal(f"es.minimize, workers={workers}", 1 / (0.9 * workers), "evaluations alone")
        measured = bench.add(Work(name, ways, base="evaluations alone", goals=[goal], calls=1), warmup=2)
    for way in ways:
        share = 1 / (workers * measured.ratio(way)[0])
        bench.say(f"{way}: {share:.2f} of the ideal throughput of {workers} workers")
