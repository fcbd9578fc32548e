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
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from es.registry import get_method
from experiments.benchmarks.es_family import FloatArray, Function, Table, evosax, side_by_side
from experiments.benchmarks.timing import one_thread

POPSIZE, SPREAD = 64, 0.1


class Case(NamedTuple):
    """A method with its update rule and learning rate."""

    method: str
    rule: str
    lr: float


CASES = (
    Case("pgpe", "clipup", 0.05),
    Case("ars", "sgd", 0.025),
    Case("openai-es", "adam", 0.05),
    Case("openai-es", "sgd", 0.1),
    Case("guided-es", "adam", 0.05),
    Case("guided-es", "sgd", 0.1),
)


def compare_followers(case: Case, n: int, runs: int) -> tuple[float, float, str]:
    """Median evaluations to n / 100 from f = n on a sphere of n variables, ours and evosax's; how many arrived."""
    most, target, start = 5000 * POPSIZE, 0.01 * n, np.ones(n)
    options = {"surrogate": surrogate(n, runs)} if case.method == "guided-es" else {}
    opt = get_method(case.method)(
        np.tile(start, (runs, 1)), SPREAD, popsize=POPSIZE, rule=case.rule, lr=case.lr, patience=None, rng=1,
        stop={"ftarget": target, "maxfevals": most}, **options,
    )  # fmt: skip
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, sphere(x))
    mine = np.array([result.nfev if result.fun <= target else np.inf for result in opt.results])
    try:
        peer, settings = _peer(case, start)
    except ImportError:
        return side_by_side(mine, np.array([math.nan]))
    theirs = []
    for seed in range(runs):
        guide = surrogate(n, seed) if case.method == "guided-es" else None
        theirs.append(evosax(peer, sphere, start, seed, target, most, settings, guide))
    return side_by_side(mine, np.array(theirs))


def sphere(x: FloatArray) -> FloatArray:
    """Sum of squares."""
    return np.asarray(np.vecdot(x, x))


def surrogate(n: int, seed: int) -> Function:
    """Gradient of `sphere` plus a fixed bias and noise, each as long as it is: about 55 degrees off."""
    bias = np.random.default_rng(n).standard_normal(n)
    bias /= np.linalg.norm(bias)
    rng = np.random.default_rng(seed)

    def guide(x: FloatArray) -> FloatArray:
        noise = rng.standard_normal(x.shape)
        noise /= np.linalg.norm(noise, axis=-1, keepdims=True)
        return np.asarray(2 * x + np.linalg.norm(2 * x, axis=-1, keepdims=True) * (bias + noise))

    return guide


def _peer(case: Case, start: FloatArray) -> tuple[Any, dict[str, float]]:
    """The strategy of evosax, so that it takes our steps, and its settings."""
    algorithms, optax = importlib.import_module("evosax.algorithms"), importlib.import_module("optax")
    if case.method == "pgpe":
        clipup = importlib.import_module("evosax.core.optimizer").clipup
        return algorithms.PGPE(POPSIZE, start, clipup(case.lr, 2 * case.lr)), {"std_init": SPREAD}
    rule, spread = getattr(optax, case.rule), optax.constant_schedule
    if case.method == "ars":
        return algorithms.ARS(POPSIZE, start, rule(case.lr), spread(SPREAD)), {"std_init": SPREAD}
    if case.method == "openai-es":
        # Adam takes the factor out itself.
        lr = case.lr * SPREAD if case.rule == "sgd" else case.lr
        return algorithms.Open_ES(POPSIZE, start, optimizer=rule(lr), std_schedule=spread(SPREAD)), {}
    n = len(start)
    ranks = importlib.import_module("evosax.core.fitness_shaping").centered_rank_fitness_shaping_fn
    guided = algorithms.GuidedES(POPSIZE, start, 1, rule(case.lr), spread(SPREAD * math.sqrt(n)), ranks)
    return guided, {"beta": 2 * SPREAD * n / POPSIZE}


def main() -> None:
    """Print the table; write it as CSV if asked."""
    names = list(dict.fromkeys(case.method for case in CASES))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_gradient.csv")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--dims", type=int, nargs="+", default=[40, 100])
    parser.add_argument("--methods", nargs="+", default=names, choices=names)
    arguments = parser.parse_args()
    one_thread()
    table = Table()
    for case in CASES:
        if case.method in arguments.methods:
            for n in arguments.dims:
                label = f"{case.method}, {case.rule}"
                table.add(label, "evosax", "sphere, to n / 100", n, *compare_followers(case, n, arguments.runs))
    if arguments.out:
        table.save(arguments.out / "es_family_gradient.csv")


if __name__ == "__main__":
    main()
