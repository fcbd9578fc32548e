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
from pathlib import Path
from typing import Any

import numpy as np

import es
from es.core.arrays import FloatArray
from es.parts.bounds import HANDLERS
from experiments.benchmarks.counting import Case, Counts, Function, Rows, counted, counting, function, run, shifted

PLACES = ("inside", "face", "corner")
MARKERS = {"transform": "o", "narrow": "v", "reflect": "s", "penalty": "^", "unbounded": "x"}


def functions(n: int, place: str) -> dict[str, Function]:
    """The functions with the optimum in the box, or beyond one face, or beyond a corner."""
    x_opt = np.random.default_rng(n + 1).uniform(-0.6, 0.6, n)
    if place == "face":
        x_opt[0] = 1.5
    elif place == "corner":
        x_opt = np.where(x_opt < 0, -1.5, 1.5)
    chosen = {name: shifted(function(f"rotated {name}", n), x_opt) for name in ("ellipsoid", "discus")}
    chosen = {"sphere": shifted(function("sphere", n), x_opt), **chosen}
    chosen["rosenbrock"] = shifted(function("rosenbrock", n), x_opt - 1)
    if place == "corner":
        scale = 10 ** (np.arange(n) / (n - 1))
        chosen["linear"] = lambda x: (scale * (1.5 - x * np.sign(x_opt))).sum(-1)
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


def ways(f: Function, name: str, n: int, place: str) -> list[Case]:
    """Every way to keep bounds, beside no bounds where the optimum is inside."""
    target = functools.cache(lambda: least(f, n, place) + 1e-8)

    def counts(method: str | None) -> Counts:
        def evaluations(runs: int) -> FloatArray:
            starts = np.random.default_rng(3).uniform(-0.8, 0.8, (runs, n))
            kept: dict[str, Any] = {"bounds": [(-1.0, 1.0)] * n, "bounds_method": method} if method else {}
            stop = {"ftarget": target(), "maxfevals": 3000 * n**1.5}
            return counted(es.CMAES(starts, 0.6, rng=list(range(runs)), stop=stop, **kept), f, target())

        return evaluations

    free = counts(None) if place == "inside" else lambda runs: [np.nan] * runs
    return [Case(method, "unbounded", f"{name}, {place}", n, counts(method), free) for method in HANDLERS]


def summary(rows: Rows, out: Path | None) -> None:
    """Means over all functions; with a folder one panel per place: a method that failed has no mark."""
    for place in PLACES:
        means = {
            m: np.exp(np.mean([np.log(row[4]) for row in rows if row[0] == m and row[2].endswith(place)]))
            for m in dict.fromkeys(row[0] for row in rows)
        }
        print(place, {m: f"{mean:.0f}" for m, mean in means.items()}, "geometric means of the medians")
    if out is None:
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.5), layout="constrained")
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
        figure.savefig(out / f"bounds.{suffix}", dpi=140)


@counting(runs=11, then=summary)
def main(given: argparse.Namespace) -> list[Case]:
    """All functions with the optimum at all places."""
    return [
        case for place in PLACES for n in given.dims or (5, 10, 20)
        for name, f in functions(n, place).items() for case in ways(f, name, n, place)
    ]  # fmt: skip
