"""Evaluations that CMA-ES needs inside a box, by the way in which bounds are kept.

    python -m experiments.benchmarks.bounds [--out FOLDER] [--runs 11] [--dims 5 10 20]

The optimum lies inside, at one face, or in a corner of the box [-1, 1]^n. Functions: linear (corner only), sphere,
ellipsoid of condition 1e6 rotated, discus rotated and Rosenbrock. Medians of the evaluations to f - f_opt = 1e-8,
next to the run without bounds where the optimum is inside; x0 uniform in [-0.8, 0.8]^n, sigma0 the default inside
bounds, 0.3 of the width. f_opt at faces and corners is the least value that L-BFGS-B and long runs of CMA-ES find.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from es.parts.bounds import HANDLERS
from experiments.benchmarks.timing import one_thread, write_rows

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
Row = tuple[str, str, int, str, float, float]  # place, function, n, method, median evaluations, part that reached f_opt

PLACES = ("inside", "face", "corner")


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
        value: FloatArray = (weights * y * y).sum(-1)
        return value

    return f


def rosenbrock(x_opt: FloatArray) -> Function:
    """Rosenbrock's function with its optimum moved to x_opt."""

    def f(x: FloatArray) -> FloatArray:
        z = x - x_opt + 1
        value: FloatArray = (100 * (z[..., 1:] - z[..., :-1] ** 2) ** 2 + (1 - z[..., :-1]) ** 2).sum(-1)
        return value

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
    for opt in refined:
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, f(x))
        found.append(opt.result.fun)
    return float(min(found))


def evaluations(f: Function, n: int, target: float, runs: int, method: str | None) -> FloatArray:
    """Evaluations of each run to the target, inf where it was not reached."""
    starts = np.random.default_rng(3).uniform(-0.8, 0.8, (runs, n))
    kept: dict[str, Any] = {} if method is None else {"bounds": [(-1.0, 1.0)] * n, "bounds_method": method}
    opt = es.CMAES(starts, 0.6, rng=list(range(runs)), stop={"ftarget": target, "maxfevals": 3000 * n**1.5}, **kept)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    return np.array([result.nfev if result.fun <= target else np.inf for result in opt.results])


def draw(rows: list[Row], stem: Path) -> None:
    """One panel per place: evaluations of each method, function by function; a method that failed has no mark."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    markers = {"transform": "o", "narrow": "v", "reflect": "s", "penalty": "^", "unbounded": "x"}
    for ax, place in zip(figure.subplots(1, len(PLACES), sharey=True), PLACES, strict=True):
        cases = list(dict.fromkeys((row[1], row[2]) for row in rows if row[0] == place))
        for method, marker in markers.items():
            found = {(row[1], row[2]): row[4] for row in rows if row[0] == place and row[3] == method}
            shown = [(i, found[case]) for i, case in enumerate(cases) if np.isfinite(found.get(case, np.inf))]
            if shown:
                ax.plot(*zip(*shown, strict=True), marker, fillstyle="none", label=method)
        ax.set_xticks(range(len(cases)), [f"{name}, n={n}" for name, n in cases], rotation=90, fontsize="small")
        ax.set_yscale("log")
        ax.grid(alpha=0.3)
        ax.set_title(f"optimum {place if place == 'inside' else 'at a ' + place}")
    figure.axes[0].set_ylabel("median evaluations to f_opt + 1e-8")
    figure.axes[0].legend()
    for suffix in ("png", "svg"):
        figure.savefig(stem.with_name(f"{stem.name}.{suffix}"), dpi=140)


def main() -> None:
    """Print the table; write it and a figure if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for bounds.csv, .png and .svg")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--dims", type=int, nargs="+", default=[5, 10, 20])
    arguments = parser.parse_args()
    one_thread()
    rows: list[Row] = []
    names = [*HANDLERS, "unbounded"]
    print(f"{'place':8s}{'function':12s}{'n':>3s}" + "".join(f"{name:>20s}" for name in names))
    for place in PLACES:
        for n in arguments.dims:
            for name, f in functions(n, place).items():
                target = least(f, n, place) + 1e-8
                cells = []
                for method in names:
                    if method == "unbounded" and place != "inside":
                        cells.append(f"{'':>20s}")
                        continue
                    used = evaluations(f, n, target, arguments.runs, None if method == "unbounded" else method)
                    median, reached = float(np.median(used)), float(np.isfinite(used).mean())
                    rows.append((place, name, n, method, median, reached))
                    cells.append(f"{median:>12.0f} ({100 * reached:3.0f} %)")
                print(f"{place:8s}{name:12s}{n:>3d}" + "".join(cells), flush=True)
    for place in PLACES:
        best: dict[str, list[float]] = {}
        for row in rows:
            if row[0] == place and row[3] in HANDLERS:
                best.setdefault(row[3], []).append(np.log(row[4]) if np.isfinite(row[4]) else np.inf)
        print(place, {m: f"{np.exp(np.mean(v)):.0f}" for m, v in best.items()}, "geometric means of the medians")
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        draw(rows, arguments.out / "bounds")
        write_rows(arguments.out / "bounds.csv", ("place", "function", "n", "method", "median", "reached"), rows)


if __name__ == "__main__":
    main()
