"""What the benchmarks of evaluations share: functions, starts, our runs, runs of peers, and the table."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from es.registry import get_method
from experiments.benchmarks.timing import write_rows

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
Peer = Callable[[Function, FloatArray, float, int, int, float], float]  # of f, x0, sigma0, popsize, seed, budget

TARGET = 1e-8
LIMIT = 1.10


def function(name: str, n: int) -> Function:
    """A function of n variables with least value 0: "sphere", "rotated cigar", ..., "rosenbrock"."""
    if name == "rosenbrock":
        return lambda x: np.asarray((100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1))
    i = np.arange(n) / (n - 1)
    shape = name.removeprefix("rotated ")
    weights = {
        "sphere": np.ones(n),
        "ellipsoid": 10 ** (6 * i),
        "cigar": np.where(i == 0, 1.0, 1e6),
        "discus": np.where(i == 0, 1e6, 1.0),
    }[shape]
    if shape == name:
        return lambda x: np.asarray((x * x) @ weights)
    R = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]
    return lambda x: np.asarray(((x @ R.T) ** 2) @ weights)


def starts(name: str, n: int, runs: int) -> tuple[FloatArray, float]:
    """Starts (runs, n), and sigma0."""
    width, sigma0 = (0.1, 0.1) if name == "rosenbrock" else (3.0, 1.0)
    return np.random.default_rng(n).uniform(-width, width, (runs, n)), sigma0


def ours(method: str, f: Function, x0: FloatArray, sigma0: float, budget: float) -> tuple[FloatArray, int]:
    """Evaluations of each run, inf where the target was not reached, and the population size."""
    opt = get_method(method)(x0, sigma0, rng=1, stop={"ftarget": TARGET, "maxfevals": budget})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    return np.array([result.nfev if result.fun <= TARGET else np.inf for result in opt.results]), opt.popsize


def by_ask_and_tell(opt: Any, f: Function, budget: float, target: float = TARGET) -> float:
    """Evaluations of an optimizer of `cmaes`, whose own reasons to stop are left aside; inf above the budget."""
    used = 0
    while used < budget:
        x = [opt.ask() for _ in range(opt.population_size)]
        seen, drawn = zip(*x, strict=True) if isinstance(x[0], tuple) else (x, x)  # CMAwM: rounded, and as drawn
        values = f(np.array(seen))
        opt.tell(list(zip(drawn, values.tolist(), strict=True)))
        used += len(x)
        if values.min() <= target:
            return float(used)
    return np.inf


def pypop7(module: str, name: str, **more: Any) -> Peer:
    """A strategy of pypop7, with its own population size unless further options give one."""

    def run(f: Function, x0: FloatArray, sigma0: float, popsize: int, seed: int, budget: float) -> float:
        cls: Any = getattr(importlib.import_module(f"pypop7.optimizers.{module}"), name)
        n = len(x0)
        problem = {
            "fitness_function": lambda x: float(f(x)),
            "ndim_problem": n,
            "lower_boundary": np.full(n, -1e9),
            "upper_boundary": np.full(n, 1e9),
        }
        options = {
            "max_function_evaluations": budget,
            "fitness_threshold": TARGET,
            "seed_rng": seed,
            "mean": x0,
            "sigma": sigma0,
            "is_restart": False,
            "verbose": 0,
            **more,
        }
        result = cls(problem, options).optimize()
        return float(result["n_function_evaluations"]) if result["best_so_far_y"] <= TARGET else np.inf

    return run


def evosax(
    opt: Any, f: Function, start: FloatArray, seed: int, target: float, budget: float,
    settings: dict[str, Any], guide: Callable[[FloatArray], FloatArray] | None = None,
) -> float:  # fmt: skip
    """Evaluations of a strategy of evosax to the target, inf if it does not come there."""
    jax = importlib.import_module("jax")
    key = jax.random.key(seed)
    params = opt.default_params.replace(**settings)
    state = opt.init(key, start, params)
    used, best = 0, math.inf
    while best > target and used < budget:
        key, first, second = jax.random.split(key, 3)
        if guide is not None:
            state = state.replace(grad=jax.numpy.asarray(guide(np.asarray(state.mean, dtype=float))))
        x, state = opt.ask(first, state, params)
        values = f(np.asarray(x, dtype=float))
        state, _ = opt.tell(second, x, jax.numpy.asarray(values), state, params)
        used, best = used + len(values), min(best, float(values.min()))
    return float(used) if best <= target else math.inf


def compare(
    method: str, peer: Peer, on: str, n: int, runs: int, budget: float, sigma0: float | None = None
) -> tuple[float, float, str]:
    """Median evaluations of ours and of the peer, NaN where the peer is not installed; how many runs arrived."""
    f, (x0, usual) = function(on, n), starts(on, n, runs)
    sigma0 = usual if sigma0 is None else sigma0
    used, popsize = ours(method, f, x0, sigma0, budget)
    try:
        with np.errstate(all="ignore"):
            theirs = [peer(f, start.copy(), sigma0, popsize, seed, budget) for seed, start in enumerate(x0, start=1)]
    except ImportError:
        theirs = [np.nan]
    return side_by_side(used, np.array(theirs))


def side_by_side(mine: FloatArray, theirs: FloatArray) -> tuple[float, float, str]:
    """Medians of evaluations (inf where a run failed), and how many runs arrived, of ours and of the peer."""
    arrived = [f"{np.isfinite(used).sum()}/{len(used)}" for used in (mine, theirs) if not np.isnan(used).any()]
    return float(np.median(mine)), float(np.median(theirs)), " ".join(arrived)


def median_of(used: FloatArray) -> tuple[float, int, str]:
    """Lower median of evaluations (inf where a run failed), how many runs arrived, and both as `arrived/all`."""
    arrived = int(np.isfinite(used).sum())
    return float(np.sort(used)[(len(used) - 1) // 2]), arrived, f"{arrived:>3d}/{len(used):<3d}"


class Table:
    """Rows of medians and their ratio, printed as they come."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, int, float, float, float, str]] = []
        print(
            f"{'method':23s}{'peer':9s}{'function':20s}{'n':>4s}{'evotape':>10s}{'peer':>10s}{'ratio':>8s}{'arrived':>16s}"
        )

    def add(self, method: str, package: str, on: str, n: int, mine: float, theirs: float, arrived: str = "") -> None:
        """Print one row, with how many runs arrived where that is known."""
        ratio = mine / theirs if np.isfinite(mine) else np.inf
        self.rows.append((method, package, on, n, mine, theirs, ratio, arrived))
        mark = "" if np.isnan(ratio) or ratio <= LIMIT else " above"
        row = f"{method:23s}{package:9s}{on:20s}{n:>4d}{mine:>10.0f}{theirs:>10.0f}{ratio:>8.3f}{arrived:>16s}{mark}"
        print(row.rstrip(), flush=True)

    def save(self, path: Path) -> None:
        """Write the rows as CSV."""
        write_rows(path, ("method", "peer", "function", "n", "evotape", "theirs", "ratio", "arrived"), self.rows)
