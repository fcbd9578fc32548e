"""The benchmarks of `auto`: what is counted, and the table that is made of it."""

from __future__ import annotations

import csv
from pathlib import Path

from experiments.benchmarks import auto_sums, auto_table
from problems import bbob


def test_a_sum_is_told_from_what_is_none() -> None:
    assert auto_sums.found_out(bbob.make("bbob-f1", 4, 1), 4, 1) == 0
    assert 0 < auto_sums.found_out(bbob.make("bbob-f8", 4, 1), 4, 1) <= 60 * 4


def test_functions_that_are_no_sums_are_of_all_kinds() -> None:
    found = list(auto_sums.coupled([4], 1))
    assert {group for group, *_ in found} == {"bbob f6-f24", "trap-additive", "partly", "terrain", "kinks", "mgh"}
    assert not any(auto_sums.hidden(str(problem.name)) for *_, problem in found)


def test_the_table_pairs_by_problem_and_names_the_losses(tmp_path: Path) -> None:
    path = tmp_path / "auto_table.csv"
    areas = {"f1": (0.5, 0.3), "f2": (0.4, 0.2), "f3": (0.1, 0.2)}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(auto_table.HEADER)
        for name, both in areas.items():
            for method, value in zip(auto_table.METHODS, both, strict=True):
                for seed in (0, 1):
                    writer.writerow(("mgh", "mgh", f"mgh-{name}", 5, 0, seed, method, value + 0.01 * seed, value))
    *_, line = auto_table.table(path).splitlines()
    assert line == "| mgh | 3 | 0.338 | 0.238 | +0.100 ± 0.100 | 0.333 | 0.233 | 1: f3 |"
    assert set(auto_table.measured(path)) == {("mgh", f"mgh-{name} 0") for name in areas}
