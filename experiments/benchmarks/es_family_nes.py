"""Evaluations of the natural-gradient and gradient-estimating strategies, next to the packages that have them.

    python -m experiments.benchmarks.es_family_nes [--out FOLDER] [--runs 15] [--dims 10 40 100] [--methods xnes ...]

To 1e-8: xNES and DX-NES-IC against `cmaes`, CR-FM-NES against its authors' `crfmnes`, on the same functions, starts,
step sizes and population sizes; R1-NES against pypop7, with the population size that each has for its own. x0 uniform
in [-3, 3]^n with sigma0 = 1, for Rosenbrock in [-0.1, 0.1]^n with sigma0 = 0.1. PGPE and ARS do not adapt their
learning rate, so they are compared by the evaluations to a hundredth of the value at the start, on a sphere, with the
same learning rate, spread and population size, against `evosax` (in single precision). SNES and exact NES have no rows:
SNES is tested step by step, and no package has NES with an estimated Fisher matrix.

The ratio is that of the medians over the runs; to reach: at most 1.1. With `--out` also a figure: step sizes of the
plain search gradient and of the natural gradient as they come near an optimum. Needs the extras `peers` and
`families`; what is not installed is left out (nan).
"""

from __future__ import annotations

import argparse
import importlib
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from es.registry import get_method
from experiments.benchmarks.es_family import TARGET, FloatArray, Function, Peer, Table, compare, pypop7
from experiments.benchmarks.timing import one_thread


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


PLAN: dict[str, tuple[str, Peer, dict[str, list[int]]]] = {
    "xnes": (
        "cmaes", _of_cmaes("XNES"), {"rotated ellipsoid": [10], "rotated cigar": [10], "rosenbrock": [10]},
    ),
    "dxnes-ic": (
        "cmaes",
        _of_cmaes("DXNESIC"),
        {"rotated ellipsoid": [10, 40], "rotated cigar": [10, 40], "rosenbrock": [10, 40]},
    ),
    "crfmnes": (
        "crfmnes",
        _crfmnes,
        {"cigar": [40, 100], "discus": [40, 100], "ellipsoid": [40, 100], "rotated cigar": [40]},
    ),
    "r1nes": ("pypop7", pypop7("nes.r1nes", "R1NES"), {"sphere": [40, 100], "rotated cigar": [40, 100]}),
}  # fmt: skip

# Of the methods that follow a gradient with a given learning rate: popsize, sigma0, and lr by name.
POPSIZE, SPREAD, RATES = 64, 0.1, {"pgpe": 0.05, "ars": 0.025}


def compare_followers(name: str, n: int, runs: int) -> tuple[float, float]:
    """Median evaluations to 1 from f = n on a sphere of n variables, ours and evosax's."""
    most, lr = 5000 * POPSIZE, RATES[name]
    start = np.ones(n)
    opt = get_method(name)(
        np.tile(start, (runs, 1)), SPREAD, popsize=POPSIZE, lr=lr, patience=None, rng=1,
        stop={"ftarget": 0.01 * n, "maxfevals": most},
    )  # fmt: skip
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, np.vecdot(x, x))
    mine = float(np.median([result.nfev if result.fun <= 0.01 * n else np.inf for result in opt.results]))
    try:
        return mine, float(np.median([_evosax(name, start, lr, most, seed) for seed in range(runs)]))
    except ImportError:
        return mine, math.nan


def _evosax(name: str, start: FloatArray, lr: float, most: int, seed: int) -> float:
    jax, optax, evosax = (importlib.import_module(module) for module in ("jax", "optax", "evosax.algorithms"))
    if name == "pgpe":
        clipup = importlib.import_module("evosax.core.optimizer").clipup
        opt: Any = evosax.PGPE(POPSIZE, start, clipup(lr, 2 * lr))
    else:
        opt = evosax.ARS(POPSIZE, start, optax.sgd(lr), optax.constant_schedule(SPREAD))
    key = jax.random.key(seed)
    settings = opt.default_params.replace(std_init=SPREAD)
    state = opt.init(key, start, settings)
    ask, tell = jax.jit(opt.ask), jax.jit(opt.tell)
    used, best = 0, math.inf
    while best > 0.01 * len(start) and used < most:
        key, first, second = jax.random.split(key, 3)
        x, state = ask(first, state, settings)
        values = (x * x).sum(-1)
        state, _ = tell(second, x, values, state, settings)
        used, best = used + POPSIZE, min(best, float(values.min()))
    return float(used) if best <= 0.01 * len(start) else math.inf


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
    """Figure of `step_sizes`: sigma over the iterations, and the change of sigma in one step at each sigma."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = {"plain": "tab:blue", "natural": "tab:orange"}
    for kind, path_of_sigma in step_sizes(iterations=1000).items():
        sigma = path_of_sigma[np.isfinite(path_of_sigma)]
        change = np.abs(np.diff(sigma)) / sigma[:-1]
        left.semilogy(sigma, color=colours[kind], label=f"{kind} gradient")
        right.loglog(sigma[:-1], change, ".", markersize=3, color=colours[kind], label=f"{kind} gradient")
        if len(sigma) < len(path_of_sigma):
            left.plot(len(sigma) - 1, sigma[-1], "x", markersize=8, color="black")
            left.annotate(
                "the next step makes\nsigma negative", (len(sigma) - 1, sigma[-1]),
                (-4, -12), textcoords="offset points", va="top",
            )  # fmt: skip
            # The steps that theory gives: a part eta / sigma^2 of sigma, against a part eta / 2 that stays the same.
            lengths = np.geomspace(sigma.min(), 1.0, 50)
            right.loglog(lengths, change[-1] * (sigma[-2] / lengths) ** 2, "--", color="black", linewidth=1)
            right.annotate(
                "1 / sigma²", (lengths[20], change[-1] * (sigma[-2] / lengths[20]) ** 2),
                (8, 4), textcoords="offset points",
            )  # fmt: skip
    left.set(xlabel="iterations", ylabel="sigma", title="sigma on the way to the optimum")
    right.set(xlabel="sigma", ylabel="|change of sigma| / sigma", title="length of a step, by sigma")
    left.legend(loc="upper right")
    right.legend(loc="lower left", markerscale=4)
    for ax in (left, right):
        ax.grid(alpha=0.3)
    figure.suptitle("f(x) = x² in one dimension, the same learning rate for both", fontsize="medium")
    figure.savefig(path, dpi=140)


def main() -> None:
    """Print the table; write it as CSV and draw the figure if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for es_family_nes.csv and natural_gradient.png")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--dims", type=int, nargs="+", default=[10, 40, 100])
    parser.add_argument("--methods", nargs="+", default=[*PLAN, *RATES], choices=[*PLAN, *RATES])
    arguments = parser.parse_args()
    one_thread()
    table = Table()
    for name in arguments.methods:
        if name in RATES:
            for n in sorted({40, 100} & set(arguments.dims)):
                table.add(name, "evosax", "sphere, to n / 100", n, *compare_followers(name, n, arguments.runs))
            continue
        package, peer, cases = PLAN[name]
        for on, dims in cases.items():
            for n in sorted(set(dims) & set(arguments.dims)):
                table.add(name, package, on, n, *compare(name, peer, on, n, arguments.runs, 3e4 * n))
    if arguments.out:
        table.save(arguments.out / "es_family_nes.csv")
        draw_step_sizes(arguments.out / "natural_gradient.png")


if __name__ == "__main__":
    main()
