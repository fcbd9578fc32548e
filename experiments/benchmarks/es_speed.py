"""Time of one generation of CMA-ES, ask and tell, against the packages that people use.

    python -m experiments.benchmarks.es_speed [--out FOLDER] [--quick]

All values are drawn beforehand, so that only the strategies are timed; a call is a block of generations, so that what a
package puts off to every tenth generation (an eigendecomposition) is in the time. One BLAS thread; medians over
interleaved rounds. Peers that are not installed are left out (extra `peers`).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from experiments.benchmarks.timing import Goal, Measured, Work, draw, human, measure, one_thread, table, write_csv

FloatArray = npt.NDArray[np.float64]
Step = Callable[[FloatArray], None]

# n: generations in a block, least factors to pycma, cmaes, fcmaes
ROWS: dict[int, tuple[int, dict[str, float]]] = {
    2: (300, {"pycma": 8, "cmaes": 3}),
    10: (300, {"pycma": 8, "cmaes": 3}),
    40: (100, {"pycma": 8, "cmaes": 3, "fcmaes": 1.5}),
    100: (60, {"pycma": 5, "fcmaes": 2.5}),
    320: (40, {"pycma": 6, "fcmaes": 4}),
    1000: (30, {"pycma": 4, "fcmaes": 4}),
}
STACKS = {2: 2e-6, 10: 6e-6}  # n: seconds per run and generation


def ours(n: int, popsize: int) -> Step:
    """A generation of es.CMAES."""
    opt = es.CMAES(np.zeros(n), 1.0, popsize=popsize, rng=1)

    def step(f: FloatArray) -> None:
        opt.tell(opt.ask(), f)

    return step


def pycma(n: int, popsize: int) -> Step:
    """A generation of pycma."""
    import cma

    opt = cma.CMAEvolutionStrategy(n * [0.0], 1.0, {"verbose": -9, "seed": 1, "popsize": popsize})

    def step(f: FloatArray) -> None:
        opt.tell(opt.ask(), f)

    return step


def cmaes(n: int, popsize: int) -> Step:
    """A generation of cmaes."""
    import cmaes as package

    opt = package.CMA(mean=np.zeros(n), sigma=1.0, population_size=popsize, seed=1)

    def step(f: FloatArray) -> None:
        opt.tell([(opt.ask(), value) for value in f.tolist()])

    return step


def fcmaes(n: int, popsize: int) -> Step:
    """A generation of fcmaes, C++."""
    from fcmaes import cmaescpp

    opt = cmaescpp.ACMA_C(n, None, np.zeros(n), 1.0, popsize=popsize)

    def step(f: FloatArray) -> None:
        opt.ask()
        opt.tell(f)

    return step


PEERS: dict[str, Callable[[int, int], Step]] = {"pycma": pycma, "cmaes": cmaes, "fcmaes": fcmaes}


def block(step: Step, values: FloatArray) -> Callable[[], None]:
    """A call that makes one generation for each row of values."""

    def run() -> None:
        for f in values:
            step(f)

    return run


def available(names: list[str], n: int, popsize: int) -> dict[str, Step]:
    """Steps of the peers that are installed."""
    steps: dict[str, Step] = {}
    for name in names:
        try:
            steps[name] = PEERS[name](n, popsize)
        except ImportError:
            print(f"{name} is not installed: left out")
    return steps


def generations(rounds: int) -> list[Measured]:
    """One run, n = 2 to 1000."""
    results = []
    for n, (count, factors) in ROWS.items():
        popsize = 4 + int(3 * np.log(n))
        values = np.random.default_rng(n).random((count, popsize))
        steps = {"evotape": ours(n, popsize), **available(list(factors), n, popsize)}
        work = Work(
            f"CMA-ES, {count} generations of ask and tell, n={n}, popsize {popsize}",
            {name: block(step, values) for name, step in steps.items()},
            base="evotape",
            goals=[Goal("evotape", 1 / factor, name) for name, factor in factors.items()],
            calls=1,
        )
        results.append(measure(work, rounds=rounds, warmup=1))
        print(table(results[-1:]), flush=True)
        print(f"  one generation: {human(results[-1].median('evotape') / count)}", flush=True)
    return results


def stacks(rounds: int, runs: int = 100, count: int = 30) -> list[Measured]:
    """Stacked runs against as many runs of pycma; a call of pycma is one run and is multiplied by their number."""
    results = []
    for n, limit in STACKS.items():
        popsize = 4 + int(3 * np.log(n))
        values = np.random.default_rng(n).random((count, runs, popsize))
        opt = es.CMAES(np.zeros((runs, n)), 1.0, popsize=popsize, rng=1)

        def step(f: FloatArray, opt: Any = opt) -> None:
            opt.tell(opt.ask(), f)

        candidates = {"evotape, stacked": block(step, values)}
        goals = [Goal("evotape, stacked", limit * runs * count)]
        for name, peer in available(["pycma"], n, popsize).items():
            # as long for pycma as for one of the stacked runs, so the factor asked for is 50 / runs
            candidates[f"{name}, one run"] = block(peer, values[:, 0])
            goals.append(Goal("evotape, stacked", runs / 50, f"{name}, one run"))
        work = Work(
            f"{runs} stacked runs, {count} generations, n={n}, popsize {popsize}",
            candidates,
            base="evotape, stacked",
            goals=goals,
            calls=1,
        )
        results.append(measure(work, rounds=rounds, warmup=1))
        print(table(results[-1:]), flush=True)
        each = results[-1].median("evotape, stacked") / runs / count
        print(f"  per run and generation: {human(each)}", flush=True)
    return results


def imports(rounds: int) -> list[Measured]:
    """Import time in fresh interpreters, against numpy and scipy.linalg alone."""

    def fresh(statement: str) -> Callable[[], None]:
        def run() -> None:
            subprocess.run([sys.executable, "-c", statement], check=True)

        return run

    floor = "import numpy, scipy.linalg"
    work = Work(
        "import",
        {floor: fresh(floor), "import es": fresh("import es")},
        base=floor,
        goals=[Goal("import es", 1.5, floor)],
        calls=1,
    )
    results = [measure(work, rounds=rounds, warmup=1)]
    print(table(results), flush=True)
    return results


def main() -> None:
    """Time, print, and write a table and a figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_speed.csv, .png and .svg")
    parser.add_argument("--quick", action="store_true", help="5 rounds in place of 15")
    arguments = parser.parse_args()
    one_thread()
    rounds = 5 if arguments.quick else 15
    results = generations(rounds) + stacks(rounds) + imports(rounds)
    if arguments.out:
        write_csv(results, arguments.out / "es_speed.csv")
        draw(results, arguments.out / "es_speed", title="CMA-ES: time of ask and tell, one BLAS thread")


if __name__ == "__main__":
    main()
