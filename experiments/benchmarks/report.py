"""Time of the report of a study with 10,000 trials: figures, tables and page.

    python -m experiments.benchmarks.report [--out FOLDER] [--trials N]

The study is made up, 24 functions in 4 dimensions with 4 methods, so that only statistics, drawing and writing are
timed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.timing import Bench, Goal, Work, timing
from experiments.report import write_report

METHODS = {"CMA-ES": "cmaes", "SNES": "snes", "Adam": "adam", "L-BFGS-B": "l-bfgs-b"}
FUNCTIONS, DIMENSIONS = range(1, 25), (2, 5, 10, 20)


@dataclass
class MadeUp:
    """A study in memory."""

    header: dict[str, Any]
    trials: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)


def make_study(repeats: int) -> MadeUp:
    """Curves that fall by power laws of random slope; about half of the trials reach the target."""
    trials = []
    problems = {f"BBOB f{f} (n={n})": (f, n) for n in DIMENSIONS for f in FUNCTIONS}
    for label, (function, n) in problems.items():
        for place, (method, name) in enumerate(METHODS.items()):
            rng = np.random.default_rng([function, n, place])
            for seed in range(repeats):
                cost = np.unique(np.floor(10 ** np.linspace(0, 4 + np.log10(n), 150)))
                f = 1e3 * cost ** -rng.uniform(0.5, 4.5 - 0.08 * function)
                end = int(np.argmax(f <= 1e-8)) + 1 if (f <= 1e-8).any() else cost.size
                curve = {"nfev": cost[:end], "njev": 0 * cost[:end], "f": f[:end], "cost": cost[:end]}
                trials.append(
                    {
                        "key": f"{label}{method}{seed}", "seed": seed, "status": "ok", "error": "",
                        "params": {}, "n": n,
                        "problem": {"name": f"bbob-f{function}", "label": label, "n": n, "options": {}},
                        "method": {"name": name, "label": method, "options": {}}, "f_opt": 0.0,
                        "maxcost": cost[-1], "f": f[end - 1], "nfev": int(cost[end - 1]), "njev": 0,
                        "cost": cost[end - 1], "seconds": 0.1,
                        "score": None, "curve": curve,
                    }
                )  # fmt: skip
    header = {"title": "made up", "precision": 1e-8, "problems": list(problems), "methods": list(METHODS), "spec": {}}
    return MadeUp(header, trials)


@timing(
    "Time of the report", name="report-times", rounds=1,
    trials=(10_000, "with --quick a tenth of them", {"metavar": "N"}),
)  # fmt: skip
def main(bench: Bench) -> None:
    """Time `write_report`."""
    trials = bench.given.trials // (10 if bench.given.quick else 1)
    study = make_study(max(1, round(trials / (len(METHODS) * len(FUNCTIONS) * len(DIMENSIONS)))))
    with tempfile.TemporaryDirectory() as scratch:
        ways = {"write_report": lambda: write_report(study, bench.given.out or Path(scratch))}
        title, goals = f"report of {len(study.trials):,} trials", [Goal("write_report", 30.0)]
        bench.add(Work(title, ways, base="write_report", goals=goals, calls=1), rounds=1, warmup=0)
