"""`auto` beside CMA-ES on everything there is: one table, a line for each suite and number of variables.

    python -m experiments.benchmarks.auto_table --out FOLDER [--only bbob mgh] [--seeds 2]

Areas are those of `auto_area`: "log" over targets by factors, "linear" over equal parts of the gap. Differences are
paired by problem, with their standard error over problems. Rows go to FOLDER/auto_table.csv as they come, and a
command that was interrupted goes on from there; the table is FOLDER/auto_table.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.benchmarks import auto_area
from experiments.benchmarks.auto_area import Row
from experiments.benchmarks.auto_cases import cases
from experiments.benchmarks.command import benchmark
from experiments.csvfile import read_csv, write_csv

METHODS = ["auto", "cmaes"]
HEADER = ("line", *Row._fields)


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


def measured(path: Path) -> dict[tuple[str, str], list[Row]]:
    """Rows of a file, by line and case."""
    rows: dict[tuple[str, str], list[Row]] = {}
    for words in read_csv(path):
        row = Row.read(words)
        rows.setdefault((words["line"], f"{row.problem} {row.instance}"), []).append(row)
    return rows


def run(line: Line, path: Path, seeds: int) -> None:
    """Measure the cases of a line that the file does not have."""
    done = measured(path)
    given = argparse.Namespace(**line._asdict(), dims=[line.n], functions=None, methods=METHODS, seeds=seeds)
    for case in cases(given):
        if (line.title, f"{case.name} {case.instance}") not in done:
            rows = [(line.title, *row) for row in auto_area.measure(case, given)]
            write_csv(path, HEADER, rows, add=True)


def by_line(path: Path) -> list[tuple[Line, list[Row]]]:
    """The lines of which a file has something, with their rows."""
    known = measured(path).items()
    found = [(line, [row for (title, _), rows in known if title == line.title for row in rows]) for line in LINES]
    return [(line, rows) for line, rows in found if rows]


def table(path: Path) -> str:
    """The table of what a file has, in Markdown."""
    text = ["| suite | problems | auto, log | CMA-ES, log | difference | auto, linear | CMA-ES, linear | under |",
            "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for line, rows in by_line(path):
        names, values = auto_area.means(rows, METHODS)
        d = values[:, 0, 0] - values[:, 1, 0]
        error, mean = auto_area.doubt(d), values.mean(0)
        under = [names[i].removeprefix(f"{line.suite}-") for i in np.argsort(d) if d[i] < -0.01]
        listed = ", ".join(under[:4]) + (" ..." if len(under) > 4 else "")
        text.append(
            f"| {line.title} | {len(names)} | {mean[0, 0]:.3f} | {mean[1, 0]:.3f} | {d.mean():+.3f} ± {error:.3f} | "
            f"{mean[0, 1]:.3f} | {mean[1, 1]:.3f} | {len(under)}{': ' if under else ''}{listed} |"
        )
    return "\n".join(text) + "\n"


def failures(path: Path) -> str:
    """How many runs did not come to the least value that is known, line by line."""
    text = ["| suite | runs | auto does not arrive | CMA-ES does not |", "|---|---|---|---|"]
    for line, rows in by_line(path):
        lost = [[row.failed for row in rows if row.method == method] for method in METHODS]
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
