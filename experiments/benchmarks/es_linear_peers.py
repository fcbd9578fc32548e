"""Time of one generation of the strategies of linear cost, against the packages that have them too.

    python -m experiments.benchmarks.es_linear_peers [--evosax /path/to/python] [--out FOLDER] [--quick]

Sep-CMA-ES at n = 1000 and 10,000 against pycma, cmaes and pypop7: at least twice as fast. In single precision, at
n = 10,000 and 100,000, against evosax (JAX, compiled), which runs as a process of its own, so that its interpreter may
be one of another environment: `--evosax` names it, and without it this interpreter is tried. One thread, popsize 64.
In a turn each makes many generations, as in a run: the first ones after another package has filled the caches take up
to a fifth longer, and what is timed of pypop7 leaves them out. Peers that are not installed are left out (extra
`peers`; `pip install evosax`).

The clock is the processor time of this process, and where evosax takes part that of its processes is added (on Linux,
which can read the clock of another process). All are pinned to the same core. By the clock on the wall evosax would be
charged for waking up its process and both for what else the machine does; and JAX computes on threads of its own, next
to the one that waits for them, so that with a second core it would use two where the others use one. Processor time
adds up all threads of a process, whoever runs them. What remains is that a line goes through a pipe for each
generation of evosax, which takes some ten microseconds of several milliseconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from es.registry import get_method
from experiments.benchmarks.timing import Goal, Measured, Work, draw, measure, one_thread, table, write_csv

POPSIZE = 64
FACTOR = 2  # times as fast as each peer
GENERATIONS = 4  # by which the runs of a peer differ that can only be run as a whole
STEADY = 400_000  # variables times generations in one turn
SINGLE = {"snes": "SNES", "sep-cmaes": "Sep_CMA_ES", "openai-es": "Open_ES"}  # our names and those in evosax

# What the other interpreter runs: one generation for each line that it reads.
EVOSAX = """
import sys
import jax
import jax.numpy as jnp
import evosax.algorithms
name, n, popsize = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
algorithm = getattr(evosax.algorithms, name)(population_size=popsize, solution=jnp.zeros(n))
params, key = algorithm.default_params, jax.random.key(0)
state = algorithm.init(key, jnp.zeros(n), params)
f = jax.random.uniform(key, (popsize,))
ask, tell = jax.jit(algorithm.ask), jax.jit(algorithm.tell)
print("ready", flush=True)
for _ in sys.stdin:
    key, one, two = jax.random.split(key, 3)
    x, state = ask(one, state, params)
    state, _ = tell(two, x, f, state, params)
    jax.block_until_ready((x, state))
    print("done", flush=True)
"""


def ours(name: str, n: int, **options: Any) -> Callable[[], object]:
    """A generation of a strategy of `es`."""
    opt = get_method(name)(np.zeros(n), 1.0, popsize=POPSIZE, rng=1, **options)
    f = np.random.default_rng(2).random(POPSIZE)
    return lambda: opt.tell(opt.ask(), f)


class Clock:
    """Processor time of this process, without what a candidate says is no part of its work."""

    def __init__(self) -> None:
        self.left_out = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return time.process_time() - self.left_out


def pycma(n: int, clock: Clock) -> Callable[[], object]:
    """A generation of pycma with a diagonal covariance matrix."""
    import cma

    opt = cma.CMAEvolutionStrategy(n * [0.0], 1.0, {"verbose": -9, "seed": 1, "popsize": POPSIZE, "CMA_diagonal": True})
    f = np.random.default_rng(2).random(POPSIZE).tolist()
    return lambda: opt.tell(opt.ask(), f)


def cmaes(n: int, clock: Clock) -> Callable[[], object]:
    """A generation of cmaes."""
    import cmaes as package

    opt = package.SepCMA(mean=np.zeros(n), sigma=1.0, population_size=POPSIZE, seed=1)
    f = np.random.default_rng(2).random(POPSIZE).tolist()
    return lambda: opt.tell([(opt.ask(), value) for value in f])


def pypop7(n: int, clock: Clock) -> Callable[[], object]:
    """A generation of pypop7, which has no ask and tell: the difference between a longer and a shorter run.

    Both are on a function that costs next to nothing. In the last generation of a run it draws samples and does not
    learn from them, as in the other run, so that the difference is one of whole generations.
    """
    from pypop7.optimizers.es.sepcmaes import SEPCMAES

    problem = {
        "fitness_function": lambda x: x[0],
        "ndim_problem": n,
        "lower_boundary": np.full(n, -5.0),
        "upper_boundary": np.full(n, 5.0),
    }
    options = {
        "seed_rng": 1,
        "n_individuals": POPSIZE,
        "mean": np.zeros(n),
        "sigma": 1.0,
        "verbose": False,
        "saving_fitness": 0,
    }

    def seconds(generations: int) -> float:
        start = time.process_time()
        SEPCMAES(problem, {**options, "max_function_evaluations": generations * POPSIZE}).optimize()
        return time.process_time() - start

    def call() -> None:
        short, long = seconds(1), seconds(1 + GENERATIONS)
        clock.left_out += short + long - (long - short) / GENERATIONS

    return call


PEERS: dict[str, Callable[[int, Clock], Callable[[], object]]] = {"pycma": pycma, "cmaes": cmaes, "pypop7": pypop7}


def sep_cma_es(n: int, rounds: int) -> Measured:
    """Sep-CMA-ES of all packages that are here."""
    clock = Clock()
    ways = {"evotape": ours("sep-cmaes", n)}
    ways["evotape, mirrored"] = ours("sep-cmaes", n, sampling="mirrored")
    ways["evotape, float32"] = ours("sep-cmaes", n, dtype="float32")
    for name, peer in PEERS.items():
        try:
            ways[name] = peer(n, clock)
        except ImportError:
            print(f"{name} is not installed: left out")
    work = Work(
        f"sep-CMA-ES, one generation, n={n}, popsize {POPSIZE}",
        ways,
        base="evotape",
        goals=[Goal("evotape", 1 / FACTOR, name) for name in PEERS],
        calls=STEADY // n,
    )
    return measure(work, rounds=rounds, warmup=1, clock=clock)


class Evosax:
    """A strategy of evosax in another interpreter: each call is a generation there.

    Parameters
    ----------
    python : str
        The interpreter.
    name : str
        Class in `evosax.algorithms`.
    n : int
        Number of variables.

    Raises
    ------
    ImportError
        If the interpreter cannot import evosax.
    """

    def __init__(self, python: str, name: str, n: int) -> None:
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self._process = subprocess.Popen(
            [python, "-c", EVOSAX, name, str(n), str(POPSIZE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
            text=True,
        )
        if self._read() != "ready":
            raise ImportError("evosax")

    def __call__(self) -> None:
        """Make a generation and wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        if self._read() != "done":
            raise RuntimeError("evosax ended early")

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    @property
    def seconds(self) -> float:
        """Time that its threads have computed so far."""
        return time.clock_gettime((~self._process.pid << 3) | 2)  # how Linux writes the clock of another process

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


def single_precision(python: str, n: int, rounds: int) -> Measured:
    """Strategies in single precision, ours and those of evosax."""
    ways: dict[str, Callable[[], object]] = {name: ours(name, n, dtype="float32") for name in SINGLE}
    children: list[Evosax] = []
    try:
        for name in SINGLE.values():
            children.append(Evosax(python, name, n))
            ways[f"evosax {name}"] = children[-1]
    except ImportError:
        print(f"evosax is not installed for {python}: left out (--evosax names an interpreter that has it)")
    work = Work(
        f"single precision, one generation, n={n}, popsize {POPSIZE}",
        ways,
        base="snes",
        goals=[Goal(mine, 1.0, f"evosax {theirs}") for mine, theirs in SINGLE.items()],
        calls=max(1, 50_000 // n),
    )
    try:
        return measure(
            work, rounds=rounds, warmup=2, clock=lambda: time.process_time() + sum(child.seconds for child in children)
        )
    finally:
        for child in children:
            child.close()


def main() -> None:
    """Time, print, and write a table and a figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--evosax", default=sys.executable, metavar="PYTHON", help="interpreter that has evosax")
    parser.add_argument("--out", type=Path, help="folder for es_linear_peers.csv, .txt, .png and .svg")
    parser.add_argument("--quick", action="store_true", help="5 rounds in place of 15")
    arguments = parser.parse_args()
    one_thread()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core for all, other processes included
    rounds = 5 if arguments.quick else 15
    results = []
    for n in (1000, 10_000):
        results.append(sep_cma_es(n, rounds))
        print(table(results[-1:]), flush=True)
    for n in (10_000, 100_000):
        results.append(single_precision(arguments.evosax, n, rounds))
        print(table(results[-1:]), flush=True)
    if arguments.out:
        write_csv(results, arguments.out / "es_linear_peers.csv")
        (arguments.out / "es_linear_peers.txt").write_text(table(results) + "\n", encoding="utf-8")
        draw(results, arguments.out / "es_linear_peers", title="Linear cost: against other packages, one core")


if __name__ == "__main__":
    main()
