"""Evaluations of the strategies that follow an estimated gradient, next to those of `evosax`.

    python -m experiments.benchmarks.es_family_gradient [--out FOLDER] [--runs 15] [--dims 40 100] [--methods pgpe ...]

OpenAI-ES, guided ES, PGPE and ARS do not adapt their learning rate, so they are compared by the evaluations to a
hundredth of the value at the start, on a sphere, with the same learning rate, spread, population size, update rule and
weights (centered ranks, but for ARS its differences over their spread), without halvings (`patience=None`), against
`evosax` (in single precision). The estimates of the two packages differ by a factor: that of `evosax` is ours over the
spread in OpenAI-ES, ours times popsize / (2 spread n) in guided ES, whose covariance matrix is also that of the paper
and ours n times as large. The factors are taken out, so that one learning rate means one step. Guided ES follows the
true gradient with a fixed bias and with noise, each as long as the gradient, the same in both packages. SGD, Adam and
the other methods with an exact gradient estimate nothing: their rules are tested step by step against `torch.optim`.

The ratio is that of the medians over the runs; to reach: at most 1.1. Needs `evosax` (extra `families`) in the
environment; without it the columns of the peer are empty (nan).
"""

from __future__ import annotations

import argparse
import importlib
import math
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.counting import Case, Function, counted, counting, function
from experiments.benchmarks.peers import evosax_run

POPSIZE, SPREAD = 64, 0.1
FOLLOWERS = (  # method, update rule, learning rate
    ("pgpe", "clipup", 0.05),
    ("ars", "sgd", 0.025),
    ("openai-es", "adam", 0.05),
    ("openai-es", "sgd", 0.1),
    ("guided-es", "adam", 0.05),
    ("guided-es", "sgd", 0.1),
)


def follower(method: str, rule: str, lr: float, n: int) -> Case:
    """To n / 100 from f = n on a sphere of n variables, ours and evosax's."""
    most, target, start, sphere = 5000 * POPSIZE, 0.01 * n, np.ones(n), function("sphere", n)
    guided = method == "guided-es"

    def ours(runs: int) -> FloatArray:
        options: dict[str, Any] = {"surrogate": surrogate(n, runs)} if guided else {}
        options |= {"popsize": POPSIZE, "rule": rule, "lr": lr, "patience": None}
        cls: Any = es.get_method(method)
        stop = {"ftarget": target, "maxfevals": most}
        return counted(cls(np.tile(start, (runs, 1)), SPREAD, rng=1, stop=stop, **options), sphere, target)

    def theirs(runs: int) -> list[float]:
        peer, settings = _peer(method, rule, lr, start)
        return [
            evosax_run(peer, sphere, start, seed, target, most, settings, surrogate(n, seed) if guided else None)
            for seed in range(runs)
        ]

    return Case(method, "evosax", "sphere, to n / 100", n, ours, theirs, f"{method}, {rule}")


def surrogate(n: int, seed: int) -> Function:
    """Gradient of the sphere plus a fixed bias and noise, each as long as it is: about 55 degrees off."""
    bias = np.random.default_rng(n).standard_normal(n)
    bias /= np.linalg.norm(bias)
    rng = np.random.default_rng(seed)

    def guide(x: FloatArray) -> FloatArray:
        noise = rng.standard_normal(x.shape)
        noise /= np.linalg.norm(noise, axis=-1, keepdims=True)
        return np.asarray(2 * x + np.linalg.norm(2 * x, axis=-1, keepdims=True) * (bias + noise))

    return guide


def _peer(method: str, rule_name: str, rate: float, start: FloatArray) -> tuple[Any, dict[str, float]]:
    """The strategy of evosax, so that it takes our steps, and its settings."""
    algorithms, optax = importlib.import_module("evosax.algorithms"), importlib.import_module("optax")
    if method == "pgpe":
        clipup = importlib.import_module("evosax.core.optimizer").clipup
        return algorithms.PGPE(POPSIZE, start, clipup(rate, 2 * rate)), {"std_init": SPREAD}
    rule, spread = getattr(optax, rule_name), optax.constant_schedule
    if method == "ars":
        return algorithms.ARS(POPSIZE, start, rule(rate), spread(SPREAD)), {"std_init": SPREAD}
    if method == "openai-es":
        lr = rate * SPREAD if rule_name == "sgd" else rate  # Adam takes the factor out itself
        return algorithms.Open_ES(POPSIZE, start, optimizer=rule(lr), std_schedule=spread(SPREAD)), {}
    n = len(start)
    ranks = importlib.import_module("evosax.core.fitness_shaping").centered_rank_fitness_shaping_fn
    guided = algorithms.GuidedES(POPSIZE, start, 1, rule(rate), spread(SPREAD * math.sqrt(n)), ranks)
    return guided, {"beta": 2 * SPREAD * n / POPSIZE}


@counting(runs=15)
def main(given: argparse.Namespace) -> list[Case]:
    """Every method with its update rules."""
    return [follower(*plan, n) for plan in FOLLOWERS for n in given.dims or (40, 100)]
