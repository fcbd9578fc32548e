"""`auto` beside CMA-ES on everything there is: one table, a line for each suite and number of variables.

    python -m experiments.benchmarks.auto_table --out FOLDER [--only bbob mgh] [--seeds 2]

Areas are those of `auto_area`: "log" over targets by factors, "linear" over equal parts of the gap. Differences are
paired by problem, with their standard error over problems. Rows go to FOLDER/auto_table.csv as they come, and a
command that was interrupted goes on from there; the table is FOLDER/auto_table.md.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.benchmarks import auto_area
from experiments.benchmarks.auto_cases import cases
from experiments.benchmarks.command import benchmark

METHODS = ["auto", "cmaes"]
HEADER = ("line", "suite", "problem", "n", "instance", "seed", "method", "log", "linear", "failed")
KEYS = tuple[str, str]


class Line(NamedTuple):
    """One line of the table: a suite, its variables (None: as the problems have), instances and budget."""

    suite: str
    n: int | None
    instances: tuple[int, ...]
    budget: int
    largest: int = 40  # variables of problems of a fixed size
    most: int = 10**9  # evaluations of a run, where that is less

    @property
    def title(self) -> str:
        """What stands at its begin."""
        return self.suite if self.n is None else f"{self.suite}, n = {self.n}"


LINES = [
    *(Line("bbob", n, (1, 2), 2000) for n in (2, 3, 5, 10)),
    Line("bbob", 20, (1,), 1000),
    Line("bbob", 40, (1,), 500),
    Line("bbob-largescale", 80, (1,), 100),
    *(Line("bbob-noisy", n, (1, 2), 500) for n in (5, 10)),
    *(Line(f"bbob-times-{level}", 5, (1, 2), 500) for level in ("1e-6", "1e-4", "1e-2")),
    Line("traps", 5, tuple(range(1, 9)), 500),
    *(Line("terrain", n, (1, 2, 3), 1000) for n in (5, 10)),
    Line("partly", 10, (1, 2, 3), 1000),
    Line("mgh", None, (), 1000),
    Line("hs", None, (), 500),
    Line("classic", None, (), 200),
    Line("real", None, (), 200, largest=666, most=10_000),
]


def measured(path: Path) -> dict[KEYS, list[list[str]]]:
    """Rows of a file, by line and case."""
    rows: dict[KEYS, list[list[str]]] = {}
    if path.exists():
        with path.open(newline="") as file:
            for row in list(csv.reader(file))[1:]:
                rows.setdefault((row[0], f"{row[2]} {row[4]}"), []).append(row)
    return rows


def run(line: Line, path: Path, seeds: int) -> None:
    """Measure the cases of a line that the file does not have."""
    done = measured(path)
    given = argparse.Namespace(
        suite=line.suite, dims=[line.n], instances=line.instances, functions=None, methods=METHODS, seeds=seeds,
        budget=line.budget, largest=line.largest, most=line.most,
    )  # fmt: skip
    for case in cases(given):
        if (line.title, f"{case.name} {case.instance}") in done:
            continue
        rows = auto_area.measure(case, given)
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(HEADER)
            writer.writerows([line.title, *row] for row in rows)


def table(path: Path) -> str:
    """The table of what a file has, in Markdown."""
    rows = [row for group in measured(path).values() for row in group]
    text = ["| suite | problems | auto, log | CMA-ES, log | difference | auto, linear | CMA-ES, linear | under |",
            "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for line in LINES:
        mine = [row for row in rows if row[0] == line.title]
        names = sorted({row[2] for row in mine})
        if not names:
            continue
        values = np.array([[[np.mean([float(row[k]) for row in mine if row[2] == name and row[6] == method])
                             for k in (7, 8)] for method in METHODS] for name in names])  # fmt: skip
        d = values[:, 0, 0] - values[:, 1, 0]
        error = d.std(ddof=1) / np.sqrt(len(d)) if len(d) > 1 else 0.0
        mean = values.mean(0)
        under = [names[i].removeprefix(f"{line.suite}-") for i in np.argsort(d) if d[i] < -0.01]
        listed = ", ".join(under[:4]) + (" ..." if len(under) > 4 else "")
        text.append(
            f"| {line.title} | {len(names)} | {mean[0, 0]:.3f} | {mean[1, 0]:.3f} | {d.mean():+.3f} ± {error:.3f} | "
            f"{mean[0, 1]:.3f} | {mean[1, 1]:.3f} | {len(under)}{': ' if under else ''}{listed} |"
        )
    return "\n".join(text) + "\n"


def failures(path: Path) -> str:
    """How many runs did not come to the least value that is known, line by line."""
    rows = [row for group in measured(path).values() for row in group]
    text = ["| suite | runs | auto does not arrive | CMA-ES does not |", "|---|---|---|---|"]
    for line in LINES:
        lost = [[int(row[9]) for row in rows if row[0] == line.title and row[6] == method] for method in METHODS]
        if lost[0]:
            text.append(f"| {line.title} | {len(lost[0])} | {sum(lost[0])} | {sum(lost[1])} |")
    return "\n".join(text) + "\n"


@benchmark(
    out=(None, "folder for the files", {"type": Path, "required": True}), only=(None, "suites", {"nargs": "+"}), seeds=1
)
def main(given: argparse.Namespace) -> None:
    """Measure, write rows and table."""
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "auto_table.csv"
    for line in LINES:
        if given.only is None or line.suite in given.only:
            run(line, path, given.seeds)
            (given.out / "auto_table.md").write_text(f"{table(path)}\n{failures(path)}")
    print(table(path))
    print(failures(path))
