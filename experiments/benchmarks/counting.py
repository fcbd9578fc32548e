"""Counting evaluations to a target: methods beside the packages that have them, on the same functions and starts.

A benchmark is a list of `Case`s; `counting` makes it a command that prints a row for each and writes the rows as CSV.
The ratio is that of the medians over the runs; a run that does not arrive counts as inf. The packages are in `peers`.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.command import FOLDER, benchmark
from experiments.csvfile import write_csv
from problems import functions

Function = Callable[[FloatArray], FloatArray]
Peer = Callable[[Function, FloatArray, float, int, int, float], float]  # of f, x0, sigma0, popsize, seed, budget
Counts = Callable[[int], npt.ArrayLike]  # of the number of runs: evaluations (runs,), or (runs, targets)
Rows = list[tuple[Any, ...]]  # as in HEADER

TARGET = 1e-8
HEADER = ("method", "peer", "function", "n", "evotape", "theirs", "ratio", "arrived")


def rotation(n: int) -> FloatArray:
    """A fixed rotation."""
    return np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]


def different_powers(x: FloatArray) -> FloatArray:
    """Sum of |x_i|^(2 + 4 i / (n - 1)): the powers of BBOB's f14, and of pycma's function of this name."""
    return np.asarray((np.abs(x) ** np.linspace(2, 6, x.shape[-1])).sum(-1))


def function(name: str, n: int) -> Function:
    """A function of n variables with least value 0: "sphere", "rotated cigar", ..., "rosenbrock"."""
    shape = name.removeprefix("rotated ")
    f: Function = different_powers if shape == "different powers" else getattr(functions, shape)
    if shape == name:
        return f
    R = rotation(n)
    return lambda x: f(x @ R.T)


def shifted(f: Function, by: FloatArray) -> Function:
    """f with its optimum moved."""
    return lambda x: f(x - by)


def starts(name: str, n: int, runs: int) -> tuple[FloatArray, float]:
    """Starts (runs, n), and sigma0."""
    width, sigma0 = (0.1, 0.1) if name == "rosenbrock" else (3.0, 1.0)
    return np.random.default_rng(n).uniform(-width, width, (runs, n)), sigma0


def run(opt: Any, f: Function) -> Any:
    """Ask and tell until the optimizer stops."""
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    return opt


def counted(opt: Any, f: Function, target: float = TARGET) -> FloatArray:
    """Evaluations of each run of a stack, inf where the target was not reached."""
    return np.array([r.nfev if r.fun <= target else np.inf for r in run(opt, f).results])


@dataclass(frozen=True)
class Case:
    """A method, a peer that has it, and a function of n variables to compare them on.

    `targets` end the name of the function, one row each; of short runs there are `times` as many.
    """

    method: str
    peer: str
    on: str
    n: int
    ours: Counts
    theirs: Counts
    label: str = ""
    targets: tuple[str, ...] = ("",)
    times: int = 1


def case(
    method: str, package: str, peer: Peer, on: str, n: int, budget: float, *,
    sigma0: float | None = None, label: str = "", times: int = 1,
) -> Case:  # fmt: skip
    """A case of `function`, to 1e-8, with our population size and seeds from 1 on for the peer."""
    f = function(on, n)
    cls: Any = es.get_method(method)

    def ours(runs: int) -> FloatArray:
        x0, usual = starts(on, n, runs)
        return counted(cls(x0, sigma0 or usual, rng=1, stop={"ftarget": TARGET, "maxfevals": budget}), f)

    def theirs(runs: int) -> list[float]:
        x0, usual = starts(on, n, runs)
        popsize = cls(x0[0], sigma0 or usual).popsize
        with np.errstate(all="ignore"):
            return [
                peer(f, start.copy(), sigma0 or usual, popsize, seed, budget) for seed, start in enumerate(x0, start=1)
            ]

    return Case(method, package, on, n, ours, theirs, label, times=times)


def each(one: Callable[[int], Any], first: int = 0) -> Counts:
    """Counts from what gives those of one run, by its seed."""
    return lambda runs: [one(seed) for seed in range(first, first + runs)]


def median_of(used: FloatArray) -> tuple[float, str]:
    """Lower median of evaluations (inf where a run failed), and how many runs arrived, as `arrived/all`."""
    return float(np.sort(used)[(len(used) - 1) // 2]), f"{np.isfinite(used).sum()}/{len(used)}"


def rows_of(case: Case, runs: int, alone: bool) -> Iterable[tuple[Any, ...]]:
    """The rows of a case, one per target; NaN for a peer that is not installed."""
    runs *= case.times
    mine = np.asarray(case.ours(runs), dtype=float).reshape(runs, -1)
    theirs = np.full_like(mine, np.nan)
    if not alone:
        with contextlib.suppress(ImportError):
            theirs = np.asarray(case.theirs(runs), dtype=float).reshape(runs, -1)
    known = not np.isnan(theirs).any()
    for column, target in enumerate(case.targets):
        (ours, arrived), (peer, share) = median_of(mine[:, column]), median_of(theirs[:, column])
        ratio = ours / peer if np.isfinite(ours) else np.inf
        on = f"{case.on} {target}".strip()
        yield (case.label or case.method, case.peer, on, case.n, ours, peer if known else np.nan,
               ratio if known else np.nan, f"{arrived} {share}" if known else arrived)  # fmt: skip


def counting(
    *, runs: int, limit: float = 1.10, then: Callable[[Rows, Path | None], None] | None = None, **options: Any
) -> Callable[[Callable[[argparse.Namespace], list[Case]]], Callable[[], None]]:
    """Make a function that gives the cases for some options the command of its file.

    `runs` of each unless the command line says how many, `limit` the largest ratio that is asked for (rows above are
    marked), `then` what is done with the rows and the folder at the end, `options` as in `benchmark`.
    """

    def command(cases: Callable[[argparse.Namespace], list[Case]]) -> Callable[[], None]:
        def main(given: argparse.Namespace) -> None:
            words, found = tuple(given.only or ("",)), cases(given)
            chosen = [c for c in found if not given.dims or c.n in given.dims]
            chosen = [c for c in chosen if c.method.startswith(words) or c.on.startswith(words)]
            if not chosen:
                methods = ", ".join({c.method for c in found})
                raise SystemExit(f"error: nothing is left by --only and --dims; methods are {methods}")
            head = f"{'method':23s}{'peer':11s}{'function':24s}{'n':>4s}{'evotape':>10s}{'peer':>10s}{'ratio':>8s}"
            print(f"{head}{'arrived':>16s}")
            rows: Rows = []
            for one in chosen:
                for row in rows_of(one, given.runs, given.alone):
                    method, peer, on, n, ours, theirs, ratio, arrived = row
                    rows.append(row)
                    text = f"{method:23s}{peer:11s}{on:24s}{n:>4d}{ours:>10.0f}{theirs:>10.0f}{ratio:>8.3f}"
                    print(f"{text}{arrived:>16s}" + (" above" if ratio > limit else ""), flush=True)
            ratios = np.array([row[6] for row in rows])
            ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
            if ratios.size:
                mean, above = np.exp(np.log(ratios).mean()), (ratios > limit).sum()
                print(f"geometric mean of the ratios {mean:.3f}, {above} of {ratios.size} above {limit:g}")
            if given.out:
                write_csv(given.out / f"{Path(cases.__code__.co_filename).stem}.csv", HEADER, rows)
            if then is not None:
                then(rows, given.out)

        main.__module__ = cases.__module__
        return benchmark(
            out=FOLDER, runs=runs, dims=(None, "numbers of variables", {"nargs": "+", "type": int}),
            only=(None, "beginnings of names of methods or functions",
                  {"nargs": "+", "flags": ["--only", "--methods"]}),
            alone=(False, "without the peers"), **options,
        )(main)  # fmt: skip

    return command
