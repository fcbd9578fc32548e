"""Evaluations that CMA-ES needs inside a box, by the way in which bounds are kept.

    python -m experiments.benchmarks.bounds [--out FOLDER] [--runs 11] [--dims 5 10 20] [--only reflect ...]

The optimum lies inside, at one face, or in a corner of the box [-1, 1]^n. Functions: linear (corner only), sphere,
ellipsoid of condition 1e6 rotated, discus rotated and Rosenbrock. Medians of the evaluations to f - f_opt = 1e-8,
next to the run without bounds where the optimum is inside; x0 uniform in [-0.8, 0.8]^n, sigma0 the default inside
bounds, 0.3 of the width. f_opt at faces and corners is the least value that L-BFGS-B and long runs of CMA-ES find.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from es.parts.bounds import HANDLERS
from experiments.benchmarks.counting import Case, Function, count, counted, run

PLACES = ("inside", "face", "corner")
MARKERS = {"transform": "o", "narrow": "v", "reflect": "s", "penalty": "^", "unbounded": "x"}


def rotation(n: int) -> FloatArray:
    """A fixed rotation."""
    return np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]


def centre(n: int, place: str) -> FloatArray:
    """Optimum of the function without bounds: in the box, or beyond one face, or beyond a corner."""
    x = np.random.default_rng(n + 1).uniform(-0.6, 0.6, n)
    if place == "face":
        x[0] = 1.5
    elif place == "corner":
        x = np.where(x < 0, -1.5, 1.5)
    return x


def quadratic(weights: FloatArray, x_opt: FloatArray, rotate: bool = True) -> Function:
    """sum of weights (R (x - x_opt))^2."""
    R = rotation(len(weights)) if rotate else np.eye(len(weights))

    def f(x: FloatArray) -> FloatArray:
        y = (x - x_opt) @ R.T
        return (weights * y * y).sum(-1)

    return f


def rosenbrock(x_opt: FloatArray) -> Function:
    """Rosenbrock's function with its optimum moved to x_opt."""

    def f(x: FloatArray) -> FloatArray:
        z = x - x_opt + 1
        return (100 * (z[..., 1:] - z[..., :-1] ** 2) ** 2 + (1 - z[..., :-1]) ** 2).sum(-1)

    return f


def functions(n: int, place: str) -> dict[str, Function]:
    """The functions with the optimum at this place."""
    x_opt = centre(n, place)
    i = np.arange(n) / (n - 1)
    first = np.where(np.arange(n) == 0, 1e6, 1.0)
    chosen = {
        "sphere": quadratic(np.ones(n), x_opt, rotate=False),
        "ellipsoid": quadratic(10 ** (6 * i), x_opt),
        "discus": quadratic(first, x_opt),
        "rosenbrock": rosenbrock(x_opt),
    }
    if place == "corner":
        chosen["linear"] = lambda x: (10**i * (1.5 - x * np.sign(x_opt))).sum(-1)
    return chosen


def least(f: Function, n: int, place: str) -> float:
    """The least value in the box."""
    if place == "inside":
        return 0.0
    import scipy.optimize

    box = [(-1.0, 1.0)] * n
    options: Any = {"ftol": 0.0, "gtol": 1e-14, "maxiter": 5000, "maxfun": 10**6}
    starts = np.random.default_rng(0).uniform(-1, 1, (5, n))
    solve: Any = scipy.optimize.minimize
    found = [solve(f, x0, bounds=box, method="L-BFGS-B", options=options).fun for x0 in starts]
    refined = [es.CMAES(np.zeros(n), 0.3, bounds=box, rng=seed, stop={"maxfevals": 2000 * n * n}) for seed in range(2)]
    return float(min(found + [run(opt, f).result.fun for opt in refined]))


def evaluations(f: Function, n: int, target: float, runs: int, method: str | None) -> FloatArray:
    """Evaluations of each run to the target, inf where it was not reached."""
    starts = np.random.default_rng(3).uniform(-0.8, 0.8, (runs, n))
    kept: dict[str, Any] = {} if method is None else {"bounds": [(-1.0, 1.0)] * n, "bounds_method": method}
    opt = es.CMAES(starts, 0.6, rng=list(range(runs)), stop={"ftarget": target, "maxfevals": 3000 * n**1.5}, **kept)
    return counted(opt, f, target)


def cases(given: argparse.Namespace) -> list[Case]:
    """Every way to keep bounds, beside no bounds where the optimum is inside."""
    found = []
    for place in PLACES:
        for n in given.dims or (5, 10, 20):
            for name, f in functions(n, place).items():
                target = functools.cache(lambda f=f, n=n, place=place: least(f, n, place) + 1e-8)

                def counts(method: str | None, f: Any = f, n: int = n, target: Any = target) -> Any:
                    return lambda runs: evaluations(f, n, target(), runs, method)

                free = counts(None) if place == "inside" else lambda runs: [np.nan] * runs
                on = f"{name}, {place}"
                found += [Case(method, "unbounded", on, n, counts(method), free) for method in HANDLERS]
    return found


def draw(rows: Sequence[tuple[Any, ...]], stem: Path) -> None:
    """One panel per place: evaluations of each method, function by function; a method that failed has no mark."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    for ax, place in zip(figure.subplots(1, len(PLACES), sharey=True), PLACES, strict=True):
        here = [row for row in rows if row[2].endswith(place)]
        names = list(dict.fromkeys(f"{row[2].partition(',')[0]}, n={row[3]}" for row in here))
        for method, marker in MARKERS.items():
            values = [row[5] if method == "unbounded" else row[4] for row in here if method in row[:2]]
            shown = [(i, v) for i, v in enumerate(values[:: len(values) // len(names) or 1]) if np.isfinite(v)]
            if shown:
                ax.plot(*zip(*shown, strict=True), marker, fillstyle="none", label=method)
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize="small")
        ax.set_yscale("log")
        ax.grid(alpha=0.3)
        ax.set_title(f"optimum {place if place == 'inside' else 'at a ' + place}")
    figure.axes[0].set_ylabel("median evaluations to f_opt + 1e-8")
    figure.axes[0].legend()
    for suffix in ("png", "svg"):
        figure.savefig(stem.with_name(f"{stem.name}.{suffix}"), dpi=140)


def main() -> None:
    """Print the table; write it and a figure if asked."""
    given, rows = count(__doc__, "bounds", cases, runs=11)
    for place in PLACES:
        means = {
            m: np.exp(np.mean([np.log(row[4]) for row in rows if row[0] == m and row[2].endswith(place)]))
            for m in dict.fromkeys(row[0] for row in rows)
        }
        print(place, {m: f"{mean:.0f}" for m, mean in means.items()}, "geometric means of the medians")
    if given.out:
        draw(rows, given.out / "bounds")


if __name__ == "__main__":
    main()
