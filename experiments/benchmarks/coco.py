"""A COCO experiment: CMA-ES and L-BFGS-B with restarts on BBOB, run by run and in stacks, beside pycma; and a sweep.

    python -m experiments.benchmarks.coco [--rows ipop bipop sweep lbfgsb all] [--dims 5 20] [--budget 2000]

CPU time of one thread, everything in one process, so that the ratios hold on any machine. Run by run and in pycma only
a sample is timed, one instance of each function (`--sample`), for they take tens of times as long; their figure is the
time per evaluation. `all` is all that CMA-ES has to do in the study `bbob`: 24 functions, 15 instances, BIPOP, 10,000 n
evaluations for each of `--dims`.

To reach, times as fast as run by run: IPOP, n=5, 10,000 n: 11; BIPOP, 2,000 n: 8 for n=5 and 5 for n=20. The sweep, of
1,000 settings of CMA-ES with 15 runs each (sigma0, popsize from 4 to 45, c1, cmu) on f10 in 5-D: 10 s. `all`: 480 s for
n = 2, 3, 5, 10, 20, 40, and a twentieth of pycma's time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import es
from experiments.benchmarks.command import benchmark
from experiments.benchmarks.peers import pycma_bipop
from problems import Objective, bbob, stack

SIX = (1, 3, 8, 10, 15, 21)
INSTANCES = range(1, 16)
PRECISION = 1e-8
SETTINGS, SEEDS = 1000, 15


def instances(functions: Iterable[int], n: int, chosen: Iterable[int] = INSTANCES) -> list[Objective]:
    """Instances of functions, instance by instance within each."""
    chosen = list(chosen)
    return [bbob.make(f"bbob-f{function}", n, instance) for function in functions for instance in chosen]


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """CPU seconds of some work, and microseconds for each of its evaluations, whose number it returns."""
    began = time.process_time()
    made = work()
    seconds = time.process_time() - began
    return seconds, 1e6 * seconds / max(1, made)


def in_stacks(objectives: Sequence[Objective], budget: float, most: int | None = None, **method: Any) -> int:
    """All runs in stacks of at most `most`."""
    made, most = 0, most or len(objectives)
    for first in range(0, len(objectives), most):
        problems = stack(objectives[first : first + most])
        starts = np.stack([one.x0(first + i) for i, one in enumerate(problems.objectives)])
        seeds = [first + i for i in range(len(problems))]
        limits: dict[str, Any] = {"maxfevals": budget, "ftarget": problems.f_opts + PRECISION}
        made += sum(run.nfev for run in es.minimize_runs(problems, starts, rng=seeds, **limits, **method))
    return made


def run_by_run(objectives: Sequence[Objective], budget: float, **method: Any) -> int:
    """One run after the other."""
    return sum(
        int(es.minimize(one, one.x0(i), rng=i, maxfevals=budget, ftarget=_target(one), **method).nfev)
        for i, one in enumerate(objectives)
    )


def _target(objective: Objective) -> float:
    assert objective.f_opt is not None
    return float(objective.f_opt) + PRECISION


def of_pycma(functions: Iterable[int], n: int, budget: float) -> int:
    """pycma's BIPOP-CMA-ES on COCO's functions in C, one instance of each."""
    import cocoex

    made = 0
    for function in functions:
        theirs, ours = cocoex.BareProblem("bbob", function, n, 1), bbob.make(f"bbob-f{function}", n, 1)
        made += pycma_bipop(theirs, ours.x0(1), 1, maxfevals=budget, ftarget=_target(ours), bounds=[-5, 5])
    return made


def row(name: str, functions: Sequence[int], n: int, budget: float, given: Any, **method: Any) -> None:
    """Time one row of the table, and print it."""
    many = instances(functions, n)
    seconds, each = timed(lambda: in_stacks(many, budget * n, given.most, **method))
    text = f"{name:<8} n={n:<3} {budget:>6.0f} n {len(many):>4} runs {seconds:>8.1f} s {each:>8.2f} us"
    if given.sample:
        sample = instances(functions[:: max(1, len(functions) // given.sample)], n, [1])
        _, alone = timed(lambda: run_by_run(sample, budget * n, **method))
        text += f"   run by run {alone:>7.2f} us, {alone / each:>5.1f} x"
    if given.pycma and method["method"] == "cmaes" and find_spec("cma") and find_spec("cocoex"):
        chosen = functions[:: max(1, len(functions) // given.sample)]
        _, theirs = timed(lambda: of_pycma(chosen, n, min(budget, 500) * n))
        text += f"   pycma {theirs:>7.1f} us, {theirs / each:>5.1f} x"
    print(text, flush=True)


def sweep(n: int = 5, budget: float = 100) -> None:
    """1,000 settings with 15 runs each."""
    draw = np.random.default_rng(0)
    objective = bbob.make("bbob-f10", n, 1)
    columns: dict[str, Any] = {"sigma0": 10 ** draw.uniform(-1, 1, SETTINGS), "popsize": draw.integers(4, 46, SETTINGS)}
    rates: dict[str, Any] = {name: 10 ** draw.uniform(-2.5, -0.7, SETTINGS) for name in ("c1", "cmu")}
    runs = SETTINGS * SEEDS
    starts = np.stack([objective.x0(seed) for seed in range(SEEDS)])

    def work() -> int:
        found = es.minimize_runs(
            objective, np.tile(starts, (SETTINGS, 1)), rng=1, maxfevals=budget * n, ftarget=_target(objective),
            sigma0=np.repeat(columns["sigma0"], SEEDS), popsize=np.repeat(columns["popsize"], SEEDS),
            options={name: np.repeat(rate, SEEDS) for name, rate in rates.items()},
        )  # fmt: skip
        return sum(run.nfev for run in found)

    seconds, each = timed(work)
    print(f"sweep    n={n:<3} {budget:>6.0f} n {runs:>4} runs {seconds:>8.1f} s {each:>8.2f} us", flush=True)


@benchmark(
    rows=(["ipop", "bipop", "sweep", "lbfgsb"], "", {"choices": ["ipop", "bipop", "snes", "sweep", "lbfgsb", "all"]}),
    dims=[5, 20], budget=(2000.0, "evaluations for each variable"), sample=(6, "runs to time run by run; 0: none"),
    most=(None, "runs in a stack at most", {"type": int}),
    pycma=(False, "time pycma as well, with 500 n evaluations at most"),
)  # fmt: skip
def main(given: argparse.Namespace) -> None:
    """Measure and print."""
    in_stacks(instances(SIX, 5, [1]), 500, method="cmaes", restarts="bipop")  # what is imported, and made at first use
    rows: dict[str, tuple[Sequence[int], float, dict[str, Any]]] = {
        "ipop": (SIX, given.budget, {"method": "cmaes", "restarts": "ipop"}),
        "bipop": (SIX, given.budget, {"method": "cmaes", "restarts": "bipop"}),
        "snes": (SIX, given.budget, {"method": "snes", "restarts": "ipop"}),
        "lbfgsb": (SIX, given.budget / 5, {"method": "l-bfgs-b", "restarts": 1000}),
        "all": (range(1, 25), 10_000, {"method": "cmaes", "restarts": "bipop"}),
    }
    for name in given.rows:
        if name == "sweep":
            sweep()
            continue
        functions, budget, method = rows[name]
        for n in given.dims:
            row(name, functions, n, budget, given, **method)
