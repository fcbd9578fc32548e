"""The right answers for the benchmark of `advise`: full studies of many methods on three sets of twenty problems.

    python -m experiments.benchmarks.advise_answers [--set second] [--folder results/advise] [--seeds 7]

Each problem is a study of its own, kept in the folder and continued where it was left; what came out is a row per
method of ``advise_answers.csv`` beside this file.  The first set was chosen by hand and `advise` was tuned on it; the
second and the third are drawn at random from the catalogue, so many of each kind, and judge it.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import numpy as np

import problems
from experiments import Method, Problem, Spec, SpecError, run_study
from experiments.benchmarks.command import benchmark
from experiments.csvfile import read_csv, write_csv
from experiments.statistics.cells import collect
from experiments.statistics.overall import overall_table
from experiments.statistics.summary import summary_table
from experiments.trial import check_trials

ANSWERS = Path(__file__).with_name("advise_answers.csv")
HEADER = ("set", "problem", "n", "method", "slowdown", "ert", "reached", "trials")
BUDGET = 2000.0
"""Evaluations per variable; a gradient is charged as four."""

Work = tuple[str, dict[str, Any]]

FIRST: list[Work] = [
    ("sphere", {"n": 5}), ("ellipsoid", {"n": 5, "rotated": True}), ("ellipsoid", {"n": 20}), ("rosenbrock", {"n": 5}),
    ("rosenbrock", {"n": 20}), ("rastrigin", {"n": 5}), ("ackley", {"n": 10}), ("griewank", {"n": 10}),
    ("levy", {"n": 5}), ("schwefel", {"n": 5}), ("zakharov", {"n": 10}), ("styblinski-tang", {"n": 5}),
    ("bbob-f1", {"n": 5}), ("bbob-f7", {"n": 5}), ("bbob-f10", {"n": 10}), ("bbob-f11", {"n": 5}),
    ("bbob-f14", {"n": 5}), ("bbob-f15", {"n": 5}), ("bbob-f17", {"n": 5}), ("bbob-f21", {"n": 5}),
]  # fmt: skip

CLASSICS = (
    "ackley", "cigar", "different-powers", "discus", "ellipsoid", "griewank", "levy", "rastrigin", "rosenbrock",
    "schwefel", "sphere", "step", "styblinski-tang", "zakharov",
)  # fmt: skip
DRAWN = {"classics": 5, "bbob": 7, "mgh": 3, "terrain": 2, "trap": 3}
"""Problems of each kind in a drawn set."""

METHODS: dict[str, dict[str, Any]] = {
    name: {}
    for name in (
        "auto", "cmaes", "ma-es", "sep-cmaes", "vkd-cmaes", "dd-cmaes", "crfmnes", "snes", "lq-cmaes",
        "quasi-newton", "separable-search", "powell", "nelder-mead", "differential-evolution", "dual-annealing",
        "l-bfgs-b", "bfgs", "cg", "slsqp", "trust-constr",
    )
} | {"cmaes (restarts=bipop)": {"restarts": "bipop"}}  # fmt: skip
LARGEST = {"lq-cmaes": 12, "nelder-mead": 12}
"""Left out above these dimensions: a run would take minutes, and they are for few variables."""


def drawn() -> dict[str, list[Work]]:
    """The second and the third set: no name twice, except where the first has it in another dimension."""
    rng = np.random.default_rng(20)
    known = {kind: [n for n in problems.names() if n.startswith(f"{kind}-")] for kind in ("mgh", "terrain", "trap")}
    known |= {"classics": list(CLASSICS), "bbob": [f"bbob-f{k}" for k in range(1, 25)]}
    sets: dict[str, list[Work]] = {"second": [], "third": []}
    for kind, count in DRAWN.items():
        names = [name for name in known[kind] if not problems.get(name).noisy]
        free = [] if kind == "mgh" else [3, 5, 10, 20]
        order = [str(name) for name in rng.permutation(names)]
        for works in sets.values():
            for _ in range(count):
                name = order.pop()
                works.append((name, {"n": int(rng.choice([n for n in free if (name, {"n": n}) not in FIRST]))}
                              if free else {}))  # fmt: skip
    return sets


def works(name: str) -> list[Work]:
    """The problems of a set: ``first``, ``second`` or ``third``."""
    return FIRST if name == "first" else drawn()[name]


def title(work: Work) -> str:
    """A problem's name with its options."""
    name, options = work
    n = options.get("n", problems.get(name, **options).n)
    others = "".join(f", {key}" for key in options if key != "n")
    return f"{name} (n={n}{others})"


def study_of(work: Work, folder: Path, seeds: int) -> list[dict[str, Any]]:
    """Run the full study of a problem, and give a row per method."""
    name, options = work
    rest = {key: value for key, value in options.items() if key != "n"}
    n = int(options.get("n") or problems.get(name, **options).n or 0)
    label = title(work)

    def spec(chosen: list[Method]) -> Spec:
        word = "-".join(re.findall(r"\w+", label))
        return Spec(word, [Problem(name, options.get("n"), rest, label)], chosen, seeds=seeds, budget=BUDGET)

    methods = [
        Method(words.split(" (")[0], given, words)
        for words, given in METHODS.items()
        if n <= LARGEST.get(words, n) and not (words == "trust-constr" and "-nan-" in name)  # SciPy's may never end
    ]
    whole = spec([method for method in methods if _starts(spec([method]))])
    study = run_study(whole, folder / whole.name, jobs=1, extend=True)
    labels = {method.label for method in whole.methods}
    cells = [cell for cell in collect(study) if cell.costs and cell.method in labels]
    speed = {row["method"]: row["slowdown"] for row in overall_table(cells, samples=1)}
    return [
        {"problem": label, "n": n, "method": row["method"], "slowdown": f"{speed.get(row['method'], np.inf):.3f}",
         "ert": f"{row['ert']:.4g}", "reached": row["successes"], "trials": row["trials"]}
        for row in sorted(summary_table(study, samples=1), key=lambda row: speed.get(row["method"], np.inf))
        if row["method"] in labels
    ]  # fmt: skip


def _starts(spec: Spec) -> bool:
    """Whether a method can run on a problem: some keep no bounds, some need gradients."""
    try:
        check_trials(spec.trials)
    except SpecError:
        return False
    return True


def read_answers(which: str) -> dict[str, dict[str, dict[str, str]]]:
    """Rows of a set by problem and method."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in read_csv(ANSWERS):
        if row["set"] == which:
            found.setdefault(row["problem"], {})[row["method"]] = row
    return found


@benchmark(
    set=("second", "", {"choices": ("first", "second", "third")}), folder=(Path("results/advise"), "for the studies"),
    seeds=(7, "runs of each method"),
)  # fmt: skip
def main(given: argparse.Namespace) -> None:
    """Run what is missing of the studies of a set, and write its rows into the table."""
    kept: list[dict[str, Any]] = [row for row in read_csv(ANSWERS) if row["set"] != given.set]
    for work in works(given.set):
        found = study_of(work, given.folder, given.seeds)
        kept += [{"set": given.set, **row} for row in found]
        best = ", ".join(f"{row['method']} {float(row['slowdown']):.2f}" for row in found[:4])
        print(f"{title(work):36s}{best}", flush=True)
        write_csv(ANSWERS, HEADER, [[row[name] for name in HEADER] for row in kept])
