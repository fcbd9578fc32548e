"""What a sampler of optuna costs: ours over CMA-ES beside optuna's own, 500 trials of ten parameters.

    python -m experiments.benchmarks.es_optuna

Counted is the processor time inside of the sampler's methods only; the median over rounds in which the two take turns.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import es
from experiments.benchmarks.timing import Bench, Goal, Work, timing

TRIALS, PARAMETERS = 500, 10
METHODS = ("infer_relative_search_space", "sample_relative", "sample_independent", "before_trial", "after_trial")
SPENT = [0.0]  # seconds inside of samplers so far


def objective(trial: Any) -> float:
    """Sphere of ten parameters."""
    return float(sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(PARAMETERS)))


def timed(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose time is counted."""

    def call(*words: Any, **more: Any) -> Any:
        start = time.process_time()
        try:
            return method(*words, **more)
        finally:
            SPENT[0] += time.process_time() - start

    return call


def study(make: Callable[..., Any]) -> Callable[[], None]:
    """A study with a sampler of the next seed."""
    import optuna

    seeds = itertools.count()

    def run() -> None:
        sampler = make(seed=next(seeds))
        for name in METHODS:
            setattr(sampler, name, timed(getattr(sampler, name)))
        optuna.create_study(sampler=sampler).optimize(objective, n_trials=TRIALS)

    return run


@timing("Samplers of optuna: their processor time", rounds=7, clock=lambda: SPENT[0])
def main(bench: Bench) -> None:
    """Our sampler and optuna's own."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ways = {"ours": study(lambda seed: es.optuna_sampler("cmaes", seed=seed)),
            "CmaEsSampler": study(optuna.samplers.CmaEsSampler)}  # fmt: skip
    goals = [Goal("ours", 0.2, "CmaEsSampler")]
    bench.add(Work(f"{TRIALS} trials, {PARAMETERS} parameters", ways, "CmaEsSampler", goals, calls=1), warmup=0)
