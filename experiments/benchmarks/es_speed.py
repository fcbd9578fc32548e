"""Time of one generation of CMA-ES, ask and tell, against the packages that people use.

    python -m experiments.benchmarks.es_speed [--out FOLDER] [--quick]

All values are drawn beforehand, so that only the strategies are timed; a call is a block of generations, so that what a
package puts off to every tenth generation (an eigendecomposition) is in the time. One BLAS thread; medians over
interleaved rounds. Peers that are not installed are left out (extra `peers`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import numpy as np

from es.core.arrays import FloatArray
from experiments.benchmarks.peers import Step, cmaes_step, evotape_step, fcmaes_step, pycma_step
from experiments.benchmarks.timing import Bench, Goal, Work, human, installed, timing

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
RUNS, COUNT = 100, 30  # of a stack
PEERS: dict[str, Callable[[int, int], Step]] = {"pycma": pycma_step, "cmaes": cmaes_step, "fcmaes": fcmaes_step}


def block(step: Step, values: FloatArray) -> Callable[[], None]:
    """A call that makes one generation for each row of values."""

    def run() -> None:
        for f in values:
            step(f)

    return run


def fresh(statement: str) -> Callable[[], object]:
    """A statement in an interpreter of its own."""
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True)


@timing("CMA-ES: time of ask and tell, one BLAS thread")
def main(bench: Bench) -> None:
    """One run, stacked runs, and the import."""
    for n, (count, factors) in ROWS.items():
        popsize = 4 + int(3 * np.log(n))
        values = np.random.default_rng(n).random((count, popsize))
        steps = {"evotape": evotape_step("cmaes", np.zeros(n), popsize)}
        steps |= installed({name: partial(PEERS[name], n, popsize) for name in factors})
        title = f"CMA-ES, {count} generations of ask and tell, n={n}, popsize {popsize}"
        goals = [Goal("evotape", 1 / factor, name) for name, factor in factors.items()]
        ways = {name: block(step, values) for name, step in steps.items()}
        measured = bench.add(Work(title, ways, base="evotape", goals=goals, calls=1))
        bench.say(f"  one generation: {human(measured.median('evotape') / count)}")
    for n, limit in STACKS.items():
        popsize, mine = 4 + int(3 * np.log(n)), "evotape, stacked"
        values = np.random.default_rng(n).random((COUNT, RUNS, popsize))
        ways = {mine: block(evotape_step("cmaes", np.zeros((RUNS, n)), popsize), values)}
        goals = [Goal(mine, limit * RUNS * COUNT)]
        for name, peer in installed({"pycma": partial(pycma_step, n, popsize)}).items():
            # as long for pycma as for one of the stacked runs, so the factor asked for is 50 / runs
            ways[f"{name}, one run"] = block(peer, values[:, 0])
            goals.append(Goal(mine, RUNS / 50, f"{name}, one run"))
        title = f"{RUNS} stacked runs, {COUNT} generations, n={n}, popsize {popsize}"
        measured = bench.add(Work(title, ways, base=mine, goals=goals, calls=1))
        bench.say(f"  per run and generation: {human(measured.median(mine) / RUNS / COUNT)}")
    floor = "import numpy, scipy.linalg"
    imports = {floor: fresh(floor), "import es": fresh("import es")}
    bench.add(Work("import", imports, base=floor, goals=[Goal("import es", 1.5, floor)], calls=1))
