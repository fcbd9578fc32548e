"""How good the advice is: on twenty problems the method that it names, beside the best one of a full study.

    python -m experiments.benchmarks.advise [--set second] [--out FOLDER] [--seconds 30] [--only rosenbrock ...]

The full studies are those of `advise_answers`: a method's cost is its mean log10 of evaluations over the study's 51
targets, with simulated restarts, gradients charged as four.  The advice has the seconds given, of the processor and not
of the wall, and its own starts, and is not told the optimum.  To reach: on at least 16 of the 20 problems the advised
method takes at most 1.5 times the evaluations of the best of all methods in the study.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path
from typing import Any

import numpy as np

import problems
from experiments import advice as advice_module
from experiments.advice import advise
from experiments.benchmarks.advise_answers import read_answers, title, works
from experiments.benchmarks.command import benchmark
from experiments.candidates import Candidate
from experiments.csvfile import write_csv

LIMIT, ENOUGH = 1.5, 16
HEADER = ("set", "problem", "advised", "best", "factor", "ert_factor", "evaluations")


def without_optimum(objective: Any) -> Any:
    """A function as a user has it: nobody knows where its optimum is, nor its value there."""
    hidden = copy.copy(objective)
    hidden.f_opt = hidden.x_opt = None
    return hidden


@benchmark(
    set=("second", "", {"choices": ("first", "second", "third")}), out=(None, "folder for advise.csv", {"type": Path}),
    seconds=(30.0, "of processor time for each advice"), only=(None, "names of problems", {"nargs": "+"}),
)  # fmt: skip
def main(given: argparse.Namespace) -> None:
    """Print a row per problem; write them as CSV if asked."""
    advice_module.CLOCK = time.process_time
    answers = read_answers(given.set)
    rows: list[tuple[Any, ...]] = []
    print(f"{'problem':38s}{'advised':26s}{'best':26s}{'factor':>8s}{'by ERT':>8s}{'evaluations':>13s}")
    for name, options in works(given.set):
        label = title((name, options))
        if (given.only and name not in given.only) or label not in answers:
            continue
        advice = advise(without_optimum(problems.get(name, **options)), seconds=given.seconds)
        mine = Candidate(advice.method, advice.options).label
        found = answers[label]
        best = min(found, key=lambda method: float(found[method]["slowdown"]))
        factor = float(found[mine]["slowdown"]) if mine in found else np.inf
        erts = {method: float(row["ert"]) for method, row in found.items()}
        by_ert = erts.get(mine, np.inf) / low if np.isfinite(low := min(erts.values())) else np.nan
        rows.append((given.set, label, mine, best, factor, by_ert, advice.evaluations))
        text = f"{label:38s}{mine:26s}{best:26s}{factor:>8.2f}{by_ert:>8.2f}{advice.evaluations:>13d}"
        print(text + ("" if factor <= LIMIT else " above"), flush=True)
    good = sum(row[4] <= LIMIT for row in rows)
    print(f"{good} of {len(rows)} within {LIMIT} times the best (asked: {ENOUGH} of 20)")
    if given.out:
        write_csv(given.out / "advise.csv", HEADER, rows)
