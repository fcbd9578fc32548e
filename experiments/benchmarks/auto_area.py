"""What `auto` reaches beside CMA-ES and others: the area under the curve of targets over evaluations, suite by suite.

    python -m experiments.benchmarks.auto_area --suite bbob --dims 5 10 --instances 1 2 3 4 5 --seeds 3 [--out FOLDER]
    python -m experiments.benchmarks.auto_area --suite traps --methods auto cmaes --budget 500

The area of a run is the mean over 51 targets of clip(1 - log(evaluations / n) / log(budget), 0, 1), with targets at
10^2 ... 10^-8 above the least value on the bbob suites and the budget in evaluations per variable. Elsewhere targets
lie between the value at the start and the least that is known (f_opt, or the best of all methods and seeds): "log" by
factors of 10^-0.16 of that gap down to 10^-8, "linear" by equal parts of it. A value with its gradient counts as two
evaluations. On bbob x0 is uniform in [-4, 4]^n, sigma0 = 2 and the box [-5, 5]^n; elsewhere the problems say where to
begin. Restarts of all but `auto` are BIPOP's. Rows go to FOLDER as they come, and a command that was interrupted, or is
given again with more instances, seeds or methods, measures what is missing.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

import es
from es.core.arrays import FloatArray
from experiments.benchmarks.auto_cases import Case, cases, make, multiplied, noisy, of_bbob
from experiments.benchmarks.command import FOLDER, benchmark
from experiments.csvfile import read_csv, write_csv
from problems.ledger import Ledger

TARGETS = 51
LINEAR = "linear"


class Curve(NamedTuple):
    """The improvements of one run: evaluations (a value with its gradient counts as two) and best values."""

    spent: FloatArray
    f: FloatArray
    first: float


def run(case: Case, suite: str, method: str, seed: int, budget: int) -> Curve:
    """One run of a method through `es.minimize`; where noise multiplies f the curve is of what f is without it."""
    problem = make(case, suite, seed)
    rng = np.random.default_rng([seed, case.n, case.instance, zlib.crc32(case.name.encode())])
    name, _, gradient = method.partition("+")
    wanted: dict[str, Any] = {"method": name, "maxfevals": budget * case.n}
    wanted |= {"options": {"gradient": bool(gradient)}} if name == "auto" else {"restarts": "bipop"}
    fun: Any = Ledger(problem, keep_trace=True)
    ledger, x0 = fun, problem.x0(rng) if not of_bbob(suite) else rng.uniform(-4, 4, case.n)
    if of_bbob(suite):
        assert problem.f_opt is not None
        level = multiplied(suite)
        last = 1e-8 if not level else 0.5e-8  # what noise makes of a value at the last target is not above it
        wanted |= {"sigma0": 2.0, "bounds": [(-5.0, 5.0)] * case.n, "ftarget": problem.f_opt + last}
        if level:
            fun = noisy(ledger, problem.f_opt, level, np.random.default_rng([seed, case.instance, 1]))
    es.minimize(fun, x0, rng=int(rng.integers(2**62)), **wanted)
    trace = ledger.trace
    return Curve((trace.nfev + trace.njev).astype(float), trace.f, float(problem(x0)))


def area(curve: Curve, targets: FloatArray, n: int, budget: int) -> float:
    """Mean over targets of clip(1 - log(evaluations / n) / log(budget), 0, 1), 0 for those that were not reached."""
    at = np.searchsorted(-curve.f, -targets, side="left")
    spent = np.append(curve.spent, np.inf)[np.minimum(at, len(curve.spent))]
    return float(np.clip(1 - np.log(np.maximum(spent / n, 1e-9)) / np.log(budget), 0, 1).mean())


def targets_of(suite: str, least: float, first: float, scale: str) -> FloatArray:
    """Values to be reached."""
    if of_bbob(suite):
        return least + 10.0 ** np.linspace(2, -8, TARGETS)
    gap = max(first - least, 1e-300)
    if scale == LINEAR:
        return least + gap * np.linspace(1, 0, TARGETS + 1)[1:]
    return least + gap * 10.0 ** np.linspace(0, -8, TARGETS + 1)[1:]


class Row(NamedTuple):
    """What a run reached: its area by both scales, and whether it missed the least value."""

    suite: str
    problem: str
    n: int
    instance: int
    seed: int
    method: str
    log: float
    linear: float
    failed: int

    @classmethod
    def read(cls, row: Mapping[str, str]) -> Row:
        """A row as it stands in a file."""
        kinds = (str, str, int, int, int, str, float, float, int)
        return cls(*(kind(row[name]) for kind, name in zip(kinds, cls._fields, strict=True)))


HEADER = (*Row._fields, "budget")


def failed(suite: str, f: float, least: float) -> int:
    """1 where a run has not come to the least value: to 1e-8, off bbob to a millionth of it too, else 0."""
    return int(not f <= least + 1e-8 + (0.0 if of_bbob(suite) else 1e-6 * abs(least)))


def measure(case: Case, given: argparse.Namespace, runs: list[tuple[str, int]] | None = None) -> list[Row]:
    """A row per method and seed, or for each of `runs`."""
    runs = runs or [(method, seed) for method in given.methods for seed in range(given.seeds)]
    budget, suite = min(given.budget, max(2, given.most // case.n)), given.suite
    curves = {(method, seed): run(case, suite, method, seed, budget) for method, seed in runs}
    problem = make(case, suite, 0)
    least = problem.f_opt if problem.f_opt is not None else np.inf
    if not of_bbob(suite):
        least = min([least, *(c.f[-1] for c in curves.values() if len(c.f))])
    rows = []
    for (method, seed), c in curves.items():
        log, linear = (area(c, targets_of(suite, least, c.first, by), case.n, budget) for by in ("log", LINEAR))
        missed = failed(suite, float(c.f.min(initial=np.inf)), least)
        rows.append(Row(suite, case.name, case.n, case.instance, seed, method, log, linear, missed))
    return rows


def measured(given: argparse.Namespace) -> list[Row]:
    """The rows of all cases; those of the file are not measured again.

    Where targets depend on what all methods found, off bbob, a case is measured as a whole.
    """
    path = given.out / f"auto_{given.suite}.csv" if given.out else None
    kept = [] if path is None else [Row.read(words) for words in read_csv(path) if int(words["budget"]) == given.budget]
    have = {row[1:6]: row for row in kept}
    rows: list[Row] = []
    for case in cases(given):
        wanted = [(*case, seed, method) for method in given.methods for seed in range(given.seeds)]
        whole = not of_bbob(given.suite) and not all(key in have for key in wanted)
        missing = [(method, seed) for *_, seed, method in wanted if whole or (*case, seed, method) not in have]
        new = measure(case, given, missing) if missing else []
        rows += new + [have[key] for key in wanted if key in have and (key[4], key[3]) not in missing]
        if path and new:
            write_csv(path, HEADER, [(*row, given.budget) for row in new], add=True)
    return rows


def means(rows: list[Row], methods: list[str]) -> tuple[list[str], FloatArray]:
    """Problems, and the mean areas of each method on each, (problems, methods, 2): log and linear."""
    names = list(dict.fromkeys(row.problem for row in rows))
    return names, np.array([[np.mean([row[6:8] for row in rows if (row.problem, row.method) == (name, method)], axis=0)
                             for method in methods] for name in names])  # fmt: skip


def doubt(values: FloatArray) -> FloatArray:
    """Standard error of the mean over the first axis, 0 for one value alone."""
    return np.asarray(values.std(0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0 * values[0])


def tell(rows: list[Row], methods: list[str]) -> None:
    """Means by problem and over all, with intervals over problems."""
    for n in sorted({row.n for row in rows}) if rows and of_bbob(rows[0].suite) else [None]:
        mine = [row for row in rows if n is None or row.n == n]
        names, table = means(mine, methods)
        print(f"{mine[0].suite}{f', n = {n}' if n else ''}: {len(names)} problems")
        for i, name in enumerate(names):
            print(f"  {name:<32}", "  ".join(f"{method} {table[i, k, 0]:.3f}" for k, method in enumerate(methods)))
        for k, method in enumerate(methods):
            values, error = table[:, k], doubt(table[:, k])
            lost = [row.failed for row in mine if row.method == method]
            print(f"  {method}: log {values[:, 0].mean():.4f} +- {error[0]:.4f}, linear {values[:, 1].mean():.4f}, "
                  f"{sum(lost)} of {len(lost)} runs do not arrive")  # fmt: skip
            if method != methods[-1]:
                d = values[:, 0] - table[:, -1, 0]
                print(f"    more than .01 under {methods[-1]} on {int((d < -0.01).sum())}, more than .03 on "
                      f"{int((d < -0.03).sum())}: {[names[i] for i in np.flatnonzero(d < -0.01)]}")  # fmt: skip


@benchmark(
    suite=("bbob", "see `experiments.benchmarks.auto_cases`"), dims=[5], instances=[1, 2, 3, 4, 5],
    functions=(None, "numbers of functions of bbob", {"nargs": "+", "type": int}),
    methods=(["auto", "cmaes"], "the last is what others compare with"), seeds=1,
    budget=(2000, "evaluations per variable"), most=(10**9, "evaluations of a run, where that is less"),
    largest=(40, "variables of problems of a fixed size"), out=FOLDER,
)  # fmt: skip
def main(given: argparse.Namespace) -> None:
    """Measure, print the table, write the rows."""
    tell(measured(given), given.methods)
