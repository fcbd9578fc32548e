"""What a sampler of optuna costs: ours over CMA-ES beside optuna's own, 500 trials of ten parameters.

    python -m experiments.benchmarks.es_optuna

Counted is the processor time inside of the sampler's methods only; the median over rounds in which the two take turns.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import es
from experiments.benchmarks.timing import one_thread

TRIALS, PARAMETERS, ROUNDS = 500, 10, 7
METHODS = ("infer_relative_search_space", "sample_relative", "sample_independent", "before_trial", "after_trial")


def objective(trial: Any) -> float:
    """Sphere of ten parameters."""
    return float(sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(PARAMETERS)))


def seconds(sampler: Any) -> float:
    """Processor time that the sampler takes in a study."""
    import optuna

    spent = 0.0

    def timed(method: Any) -> Any:
        def call(*words: Any, **more: Any) -> Any:
            nonlocal spent
            start = time.process_time()
            try:
                return method(*words, **more)
            finally:
                spent += time.process_time() - start

        return call

    for name in METHODS:
        setattr(sampler, name, timed(getattr(sampler, name)))
    optuna.create_study(sampler=sampler).optimize(objective, n_trials=TRIALS)
    return spent


def main() -> None:
    """Run and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    one_thread()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ours, theirs = [], []
    for seed in range(ROUNDS):
        ours.append(seconds(es.optuna_sampler("cmaes", seed=seed)))
        theirs.append(seconds(optuna.samplers.CmaEsSampler(seed=seed)))
    ratio = float(np.median(np.array(ours) / np.array(theirs)))
    print(f"{TRIALS} trials, {PARAMETERS} parameters, ms: ours {np.median(ours) * 1e3:.0f}", end=", ")
    print(f"optuna's CmaEsSampler {np.median(theirs) * 1e3:.0f}, ratio {ratio:.3f} (goal 0.2)")


if __name__ == "__main__":
    main()
