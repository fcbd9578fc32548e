"""Numbers of every method on three works (one run, one run with bounds, a stack), to be compared from change to change.

    python tests/es/golden_runs.py --write    writes them down
    python tests/es/golden_runs.py            says which differ, to the last bit

A change that moves code leaves every bit as it was; one that changes numbers on purpose writes them anew and says why.
With OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1: last bits of SLSQP's hang on the threads of LAPACK.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import es

STORED = Path(__file__).with_suffix(".json")
N, RUNS, BUDGET = 5, 3, 300
WORKS = ("plain", "bounded", "stacked")
UNBOUNDED = ("bfgs", "cg")  # refuse bounds
BOXED = ("differential-evolution", "dual-annealing")  # need them


def cases() -> list[tuple[str, str]]:
    """Every method with every work that it takes."""
    return [
        (info.name, work)
        for info in es.methods()
        for work in WORKS
        if info.kind
        not in ("categorical", "model")  # takes no numbers; solves large systems, whose last bits BLAS gives
        and not (work == "bounded" and info.name in UNBOUNDED)
        and not (work == "plain" and info.name in BOXED)
        and not (work == "stacked" and info.kind == "multiobjective")
    ]


def valley(x: Any) -> Any:
    """Rosenbrock's function with a shift, over the last axis: no symmetry, and a gradient everywhere."""
    y = x + 0.1 * np.arange(N)
    return (100 * (y[..., 1:] - y[..., :-1] ** 2) ** 2 + (1 - y[..., :-1]) ** 2).sum(-1)


def two_goals(x: Any) -> Any:
    """Two spheres with centres apart."""
    return np.stack([(x**2).sum(-1), ((x - 1) ** 2).sum(-1)], axis=-1)


def numbers(method: str, work: str) -> list[Any]:
    """What came out of a short run: evaluations, the best value and the best point, as text without loss."""
    info = next(info for info in es.methods() if info.name == method)
    fun = two_goals if info.kind == "multiobjective" else valley
    common: dict[str, Any] = {"method": method, "sigma0": 0.4, "vectorized": True, "maxfevals": BUDGET, "rng": 7}
    if work == "bounded" or (work == "stacked" and method not in UNBOUNDED):
        common["bounds"] = [(-0.8, 0.9)] * N
    if work == "stacked":
        start = np.linspace(-0.5, 0.5, RUNS * N).reshape(RUNS, N)
        results = list(es.minimize_runs(fun, start, **common))
    else:
        results = [es.minimize(fun, np.linspace(-0.5, 0.5, N), **common)]
    return [[int(r.nfev), _text(r.fun), _text(r.x)] for r in results]


def _text(values: Any) -> list[str]:
    return [float(value).hex() for value in np.ravel(values)[: 2 * N]]


def main() -> None:
    """Write the numbers down, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    found = {f"{name}/{work}": numbers(name, work) for name, work in cases()}
    changed = sorted(key for key in found if stored.get(key) != found[key])
    print(f"{len(found)} works, {len(changed)} differ{': ' if changed else ''}{', '.join(changed)}")
    if write:
        STORED.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()) + "\n}\n")


if __name__ == "__main__":
    main()
