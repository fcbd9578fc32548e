"""What the driver costs beside the methods that it drives: `es.minimize` against bare ask and tell, and against SciPy.

    python -m experiments.benchmarks.es_driver [--out FOLDER] [--quick]

The function is a vectorised sphere, n = 10, so next to nothing; all that `minimize` does for a user (checks, counting,
limits, history) is in its time. L-BFGS-B and BFGS work on Rosenbrock's function, which takes them a few hundred
evaluations, with the same value and gradient and the same options in both. One BLAS thread; ratios within interleaved
rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

import es
from es.core.arrays import FloatArray
from es.registry import get_method
from experiments.benchmarks.autodiff_by_hand import rosenbrock
from experiments.benchmarks.timing import Bench, Goal, Work, human, timing

N = 10
ITERATIONS = {"cmaes": 150, "adam": 200}  # fewer than either needs to converge
START = np.linspace(-1.5, 1.5, N)


def sphere(x: FloatArray) -> Any:
    """Sum of squares over the last axis."""
    return (x * x).sum(-1)


def slope(x: FloatArray) -> FloatArray:
    """Gradient of the sphere."""
    return 2 * x


def asked(method: str, stop: bool) -> Callable[[], None]:
    """Ask, evaluate, tell, and nothing else; or the loop that a user writes, with `stop`."""
    cls: Any = get_method(method)

    def run() -> None:
        opt = cls(START, rng=1, **({"stop": {"maxiter": ITERATIONS[method]}} if stop else {}))
        for _ in range(ITERATIONS[method]):
            if stop and opt.stop():
                break
            x = opt.ask()
            if cls.wants_gradient:
                opt.tell(x, sphere(x), slope(x))
            else:
                opt.tell(x, sphere(x))

    return run


def driven(method: str, iterations: int) -> Callable[[], Any]:
    """`es.minimize` for some iterations."""
    gradient: dict[str, Any] = {"jac": slope} if method == "adam" else {}
    return lambda: es.minimize(sphere, START, method=method, vectorized=True, maxiter=iterations, rng=1, **gradient)


@timing(
    "The driver's own cost, one BLAS thread", rounds=25,
    cpu=(False, "count processor time, where others use the machine too"),
)  # fmt: skip
def main(bench: Bench) -> None:
    """CMA-ES and Adam by the iteration, SciPy's solvers by the evaluation, and one generation alone."""
    clock = time.process_time if bench.given.cpu else time.perf_counter
    for method, count in ITERATIONS.items():
        ways = {"ask, tell": asked(method, False), "ask, tell, stop": asked(method, True)}
        ways["minimize"] = driven(method, count)
        title, goals = f"{method}, {count} iterations, n={N}", [Goal("minimize", 1.9, "ask, tell")]
        measured = bench.add(Work(title, ways, base="ask, tell", goals=goals, calls=1), clock=clock)
        bench.say(f"  minimize, one iteration: {human(measured.median('minimize') / count)}")
    for method in ("l-bfgs-b", "bfgs"):
        cls: Any = get_method(method)
        given = {**cls.defaults, "maxiter": 10**6, **({"maxfun": 10**6} if method == "l-bfgs-b" else {})}

        def scipys(method: str = method, given: dict[str, Any] = given) -> Any:
            call: Any = scipy.optimize.minimize  # its overloads take no value of three sums
            return call(rosenbrock, START, jac=True, method=method.upper(), options=given)

        def ours(method: str = method) -> Any:
            return es.minimize(rosenbrock, START, jac=True, method=method, vectorized=True, rng=1)

        count, own = ours().nfev, scipys().nfev
        goals, ways = [Goal("minimize", 1.6 * count / own, "SciPy")], {"SciPy": scipys, "minimize": ours}
        title = f"{method}, an evaluation, n={N}"
        measured = bench.add(Work(title, ways, base="SciPy", goals=goals, calls=1), clock=clock)
        mine, theirs = measured.median("minimize") / count, measured.median("SciPy") / own
        both = f"({mine / theirs:.2f}x; {count} and {own} evaluations)"
        bench.say(f"  one evaluation: {human(mine)}, SciPy's own {human(theirs)} {both}")
    name = "minimize, maxiter=1"
    work = Work(f"one generation alone, n={N}", {name: driven("cmaes", 1)}, name, [Goal(name, 450e-6)], calls=50)
    bench.add(work, clock=clock)
