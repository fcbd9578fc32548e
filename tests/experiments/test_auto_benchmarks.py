"""The benchmarks of `auto`: what is counted, and the table that is made of it."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest

import problems
from experiments.benchmarks import auto_area, auto_sums, auto_table
from experiments.benchmarks.auto_cases import Case, make, noisy, penalised
from problems import bbob
from problems.constraints import Constraints


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
                    writer.writerow(("mgh", "mgh", f"mgh-{name}", 5, 0, seed, method, value + 0.01 * seed, value, seed))
    *_, line = auto_table.table(path).splitlines()
    assert line == "| mgh | 3 | 0.338 | 0.238 | +0.100 ± 0.100 | 0.333 | 0.233 | 1: f3 |"
    assert auto_table.failures(path).splitlines()[-1] == "| mgh | 6 | 3 | 3 |"
    assert set(auto_table.measured(path)) == {("mgh", f"mgh-{name} 0") for name in areas}


def test_a_command_measures_what_its_file_does_not_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def run(case: Case, suite: str, method: str, seed: int, budget: int) -> auto_area.Curve:
        asked.append((method, seed))
        return auto_area.Curve(np.array([1.0]), np.array([1e3 + seed]), 1e4)

    monkeypatch.setattr(auto_area, "run", run)
    given = argparse.Namespace(suite="bbob", dims=[2], instances=[1], functions=[1], methods=["auto"], seeds=1,
                               budget=100, most=10**9, largest=40, out=tmp_path)  # fmt: skip
    first = auto_area.measured(given)
    given.methods, given.seeds = ["auto", "cmaes"], 2
    rows = auto_area.measured(given)
    assert asked == [("auto", 0), ("auto", 1), ("cmaes", 0), ("cmaes", 1)]
    assert len(rows) == 4 and set(first) < set(rows)
    assert sorted(auto_area.measured(given)) == sorted(rows) and len(asked) == 4


def test_noise_multiplies_and_the_curve_is_without_it() -> None:
    case = Case("bbob-f1", 2, 1)
    problem = make(case, "bbob-times-1e-2", 0)
    fun = noisy(problem, 0.0 if problem.f_opt is None else problem.f_opt, 1e-2, np.random.default_rng(1))
    x = np.full((1000, 2), 3.0)
    assert problem.f_opt is not None
    ratio = (fun(x) - problem.f_opt) / (problem(x) - problem.f_opt)
    assert abs(ratio.mean() - 1) < 0.002 and 0.009 < ratio.std() < 0.011
    curve = auto_area.run(case, "bbob-times-1e-2", "cmaes", 0, 50)
    assert (curve.f >= problem.f_opt).all() and curve.spent[-1] <= 100


def test_a_constraint_becomes_a_penalty() -> None:
    problem = problems.get("welded-beam")
    plain = penalised(problem)
    assert problem.x_opt is not None and problem.n is not None and problem.bounds is not None
    near, far = problem.x_opt, problem.bounds.lb
    limits = Constraints(problem.constraints, problem.n)
    missed = limits.violation(limits(np.stack([near, far])))
    values = plain(np.stack([near, far]))
    assert missed[0] < 1e-6 and missed[1] > 0
    assert np.allclose(values, problem(np.stack([near, far])) + 1e3 * abs(problem.f_opt or 0) * missed)
    assert plain(far) == values[1]
