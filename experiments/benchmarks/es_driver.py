"""What the driver costs beside the methods that it drives: `es.minimize` against bare ask and tell, and against SciPy.

    python -m experiments.benchmarks.es_driver [--out FOLDER] [--quick]

The function is a vectorised sphere, n = 10, so next to nothing; all that `minimize` does for a user (checks, counting,
limits, history) is in its time. L-BFGS-B and BFGS work on Rosenbrock's function, which takes them a few hundred
evaluations, with the same value and gradient and the same options in both. One BLAS thread; ratios within interleaved
rounds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

import es
from es.core.arrays import FloatArray
from es.registry import get_method
from experiments.benchmarks.timing import Bench, Goal, Work, human

N = 10
ITERATIONS = {"cmaes": 150, "adam": 200}  # fewer than either needs to converge
START = np.linspace(-1.5, 1.5, N)

Clock = Callable[[], float]


def sphere(x: FloatArray) -> Any:
    """Sum of squares over the last axis."""
    return (x * x).sum(-1)


def slope(x: FloatArray) -> FloatArray:
    """Gradient of the sphere."""
    return 2 * x


def rosenbrock(x: FloatArray) -> tuple[Any, FloatArray]:
    """Value and gradient over the last axis."""
    low, high = x[..., :-1], x[..., 1:]
    rise = high - low * low
    g = np.zeros_like(x)
    g[..., :-1] = -400 * low * rise - 2 * (1 - low)
    g[..., 1:] += 200 * rise
    return (100 * rise * rise + (1 - low) ** 2).sum(-1), g


def by_hand(method: str) -> Callable[[], None]:
    """Ask, evaluate, tell, and nothing else."""
    cls: Any = get_method(method)

    def run() -> None:
        opt = cls(START, rng=1)
        if cls.wants_gradient:
            for _ in range(ITERATIONS[method]):
                x = opt.ask()
                opt.tell(x, sphere(x), slope(x))
        else:
            for _ in range(ITERATIONS[method]):
                x = opt.ask()
                opt.tell(x, sphere(x))

    return run


def with_stop(method: str) -> Callable[[], None]:
    """The loop that a user writes: stop, ask, evaluate, tell."""
    cls: Any = get_method(method)

    def run() -> None:
        opt = cls(START, rng=1, stop={"maxiter": ITERATIONS[method]})
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, sphere(x), *([slope(x)] if cls.wants_gradient else []))

    return run


def driven(method: str, iterations: int) -> Callable[[], Any]:
    """`es.minimize` for some iterations."""
    gradient: dict[str, Any] = {"jac": slope} if method == "adam" else {}

    def run() -> Any:
        return es.minimize(sphere, START, method=method, vectorized=True, maxiter=iterations, rng=1, **gradient)

    return run


def iterations(bench: Bench, clock: Clock) -> None:
    """CMA-ES and Adam."""
    for method, count in ITERATIONS.items():
        work = Work(
            f"{method}, {count} iterations, n={N}",
            {"ask, tell": by_hand(method), "ask, tell, stop": with_stop(method), "minimize": driven(method, count)},
            base="ask, tell",
            goals=[Goal("minimize", 1.9, "ask, tell")],
            calls=1,
        )
        bench.say(f"  minimize, one iteration: {human(bench.add(work, clock=clock).median('minimize') / count)}")


def solvers(bench: Bench, clock: Clock) -> None:
    """L-BFGS-B and BFGS of SciPy, called by hand and through the driver."""
    for method in ("l-bfgs-b", "bfgs"):
        cls: Any = get_method(method)
        given = {**cls.defaults, "maxiter": 10**6, **({"maxfun": 10**6} if method == "l-bfgs-b" else {})}

        def scipys(method: str = method, given: dict[str, Any] = given) -> Any:
            call: Any = scipy.optimize.minimize  # its overloads take no value of three sums
            return call(rosenbrock, START, jac=True, method=method.upper(), options=given)

        def ours(method: str = method) -> Any:
            return es.minimize(rosenbrock, START, jac=True, method=method, vectorized=True, rng=1)

        count, own = ours().nfev, scipys().nfev
        goals = [Goal("minimize", 1.6 * count / own, "SciPy")]
        ways = {"SciPy": scipys, "minimize": ours}
        work = Work(f"{method}, an evaluation, n={N}", ways, base="SciPy", goals=goals, calls=1)
        measured = bench.add(work, clock=clock)
        mine, theirs = measured.median("minimize") / count, measured.median("SciPy") / own
        bench.say(
            f"  one evaluation: {human(mine)}, SciPy's own {human(theirs)} ({mine / theirs:.2f}x; {count} and {own}"
            " evaluations)"
        )


def single(bench: Bench, clock: Clock) -> None:
    """One generation alone, from the call to the result."""
    name = "minimize, maxiter=1"
    goals = [Goal(name, 450e-6)]
    work = Work(f"one generation alone, n={N}", {name: driven("cmaes", 1)}, base=name, goals=goals, calls=50)
    bench.add(work, clock=clock)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cpu", action="store_true", help="count processor time, where others use the machine too")


def main() -> None:
    """Time, print, and write a table and a figure."""
    bench = Bench(__doc__, "es_driver", "The driver's own cost, one BLAS thread", rounds=25, options=_options)
    for part in (iterations, solvers, single):
        part(bench, time.process_time if bench.given.cpu else time.perf_counter)
    bench.save()


if __name__ == "__main__":
    main()
