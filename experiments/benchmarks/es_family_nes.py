"""Evaluations of the natural-gradient strategies to 1e-8, next to the packages that have them.

    python -m experiments.benchmarks.es_family_nes [--out FOLDER] [--runs 15] [--dims 10 40 100]

xNES and DX-NES-IC against `cmaes`, CR-FM-NES against its authors' `crfmnes`, on the same functions, starts, step sizes
and population sizes. x0 uniform in [-3, 3]^n with sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1. The
ratio is that of the medians over the runs; to reach: at most 1.1. With `--out` also a figure: step sizes of the plain
search gradient and of the natural gradient as they come near an optimum. Needs the extra `peers`; what is not
installed is left out.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from es.registry import get_method
from experiments.benchmarks.timing import one_thread

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
Peer = Callable[[Function, FloatArray, float, int, int, float], float]

TARGET = 1e-8
LIMIT = 1.1
ROWS: dict[str, dict[str, list[int]]] = {
    "xnes": {"rotated ellipsoid": [10], "rotated cigar": [10], "rosenbrock": [10]},
    "dxnes-ic": {"rotated ellipsoid": [10, 40], "rotated cigar": [10, 40], "rosenbrock": [10, 40]},
    "crfmnes": {"cigar": [40, 100], "discus": [40, 100], "ellipsoid": [40, 100], "rotated cigar": [40]},
    "r1nes": {"rotated cigar": [40, 100]},
}


def function(name: str, n: int) -> Function:
    """A function of n variables with least value 0."""
    if name == "rosenbrock":
        return lambda x: np.asarray((100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1))
    i = np.arange(n) / (n - 1)
    shape = name.removeprefix("rotated ")
    weights = {
        "ellipsoid": 10 ** (6 * i),
        "cigar": np.where(i == 0, 1.0, 1e6),
        "discus": np.where(i == 0, 1e6, 1.0),
    }[shape]
    if shape == name:
        return lambda x: np.asarray((x * x) @ weights)
    R = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]
    return lambda x: np.asarray(((x @ R.T) ** 2) @ weights)


def ours(name: str, f: Function, starts: FloatArray, sigma0: float, budget: float) -> tuple[FloatArray, int]:
    """Evaluations of each run, inf where the target was not reached, and the population size."""
    opt = get_method(name)(starts, sigma0, rng=1, stop={"ftarget": TARGET, "maxfevals": budget})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    return np.array([result.nfev if result.fun <= TARGET else np.inf for result in opt.results]), opt.popsize


def _of_cmaes(name: str) -> Peer:
    def run(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
        import cmaes
        import cmaes._dxnesic as dxnesic

        # Version 0.13.1 calls math.sqrt with a matrix of one entry, which NumPy from 2.4 on refuses.
        dxnesic.math = SimpleNamespace(**{**vars(math), "sqrt": lambda a: float(np.sqrt(np.squeeze(a)))})
        opt: Any = getattr(cmaes, name)(mean=x0.copy(), sigma=sigma0, population_size=popsize, seed=seed)
        used, best = 0, np.inf
        while best > TARGET and used < budget and not opt.should_stop():
            x = np.array([opt.ask() for _ in range(popsize)])
            values = f(x)
            opt.tell(list(zip(x, values.tolist(), strict=True)))
            used, best = used + popsize, min(best, float(values.min()))
        return used if best <= TARGET else np.inf

    return run


def _crfmnes(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
    from crfmnes import CRFMNES

    start = x0[:, None].copy()
    opt = CRFMNES(
        len(x0), lambda x: float(f(x[:, 0])), start, sigma0, popsize, seed=seed, use_constraint_violation=False
    )
    while opt.f_best > TARGET and opt.no_of_evals < budget and np.isfinite(opt.sigma):
        opt.one_iteration()
    return float(opt.no_of_evals) if opt.f_best <= TARGET else np.inf


PEERS: dict[str, Peer] = {"xnes": _of_cmaes("XNES"), "dxnes-ic": _of_cmaes("DXNESIC"), "crfmnes": _crfmnes}


def compare(name: str, on: str, n: int, runs: int) -> tuple[float, float]:
    """Median evaluations of ours and of the peer, NaN where there is none."""
    width, sigma0 = (0.1, 0.1) if on == "rosenbrock" else (3.0, 1.0)
    f, budget = function(on, n), 3e4 * n
    starts = np.random.default_rng(n).uniform(-width, width, (runs, n))
    used, popsize = ours(name, f, starts, sigma0, budget)
    try:
        with np.errstate(all="ignore"):
            theirs = [PEERS[name](f, x0, sigma0, popsize, seed, budget) for seed, x0 in enumerate(starts, start=1)]
    except (ImportError, KeyError):
        theirs = [np.nan]
    return float(np.median(used)), float(np.median(theirs))


def step_sizes(
    iterations: int = 400, popsize: int = 1000, sigma0: float = 1.0, eta: float = 0.01, seed: int = 0
) -> dict[str, FloatArray]:
    """Step size of both gradients on f(x) = x^2 in one dimension, with the same learning rate for mean and step size.

    The plain search gradient (Wierstra et al., JMLR 15, 2014, section 2.2) is sum u z / sigma for the mean and
    sum u (z^2 - 1) / sigma for sigma, which grow like 1 / sigma; the natural gradient (section 3) is sigma sum u z
    and sigma sum u (z^2 - 1) / 2.

    Returns
    -------
    dict of str to ndarray, shape (iterations + 1,)
        sigma of "plain" and "natural"; the plain one ends as NaN once sigma is no longer positive.
    """
    from es.parameters import utilities

    u = utilities(popsize)
    found = {}
    for kind in ("plain", "natural"):
        rng = np.random.default_rng(seed)
        mean: Any = 1.0
        sigma: Any = sigma0
        path = np.full(iterations + 1, np.nan)
        path[0] = sigma
        for t in range(1, iterations + 1):
            z = rng.standard_normal(popsize)
            z = z[((mean + sigma * z) ** 2).argsort()]
            gain = 1 / sigma if kind == "plain" else sigma
            half = 1.0 if kind == "plain" else 0.5
            mean, sigma = mean + eta * gain * (u @ z), sigma + eta * half * gain * (u @ (z * z - 1))
            if sigma <= 0 or not np.isfinite(mean):
                break
            path[t] = sigma
        found[kind] = path
    return found


def draw_step_sizes(path: Path) -> None:
    """Figure of `step_sizes`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = figure.add_subplot()
    for kind, sigma in step_sizes().items():
        ax.semilogy(sigma, label=f"{kind} gradient")
        if np.isnan(sigma[-1]):
            last = int(np.flatnonzero(np.isfinite(sigma))[-1])
            ax.plot(last, sigma[last], "x", color="black")
    ax.set_xlabel("iterations")
    ax.set_ylabel("sigma")
    ax.set_title("f(x) = x², one dimension; the cross: the next step makes sigma negative", fontsize="medium")
    ax.legend()
    figure.savefig(path, dpi=140)


def main() -> None:
    """Print the table; write it as CSV and draw the figure if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_nes.csv and natural_gradient.png")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--dims", type=int, nargs="+", default=[10, 40, 100])
    parser.add_argument("--methods", nargs="+", default=list(ROWS), choices=list(ROWS))
    arguments = parser.parse_args()
    one_thread()
    rows = []
    print(f"{'method':10s}{'function':20s}{'n':>4s}{'evotape':>10s}{'peer':>10s}{'ratio':>8s}")
    for name in arguments.methods:
        for on, dims in ROWS[name].items():
            for n in sorted(set(dims) & set(arguments.dims)):
                mine, theirs = compare(name, on, n, arguments.runs)
                ratio = mine / theirs if np.isfinite(mine) else np.inf
                rows.append((name, on, n, mine, theirs, ratio))
                late = "" if np.isnan(ratio) or ratio <= LIMIT else " above"
                print(f"{name:10s}{on:20s}{n:>4d}{mine:>10.0f}{theirs:>10.0f}{ratio:>8.3f}{late}", flush=True)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        with (arguments.out / "es_family_nes.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("method", "function", "n", "evotape", "peer", "ratio"), *rows])
        draw_step_sizes(arguments.out / "natural_gradient.png")


if __name__ == "__main__":
    main()
