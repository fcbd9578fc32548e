"""What a run was asked to reach is what it is judged by: precisions of problems, of sweeps, of old journals."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments import Method, Problem, Spec, Study, Sweep, load, run_study
from experiments.figures import draw_all
from experiments.journal import Journal, read_lines
from experiments.statistics import format_table, summary_table
from experiments.statistics.cells import collect, problem_label

METHODS = [Method("cmaes"), Method("snes")]


def reached(study: Study) -> dict[str, tuple[int, int, float]]:
    """By problem the successes and trials of the first method, and the target."""
    rows = [row for row in summary_table(study, samples=10) if row["method"] == "cmaes"]
    return {row["problem"]: (row["successes"], row["trials"], row["target"]) for row in rows}


def run(folder: Path, spec: Spec, *, extend: bool = False) -> Study:
    return run_study(spec, folder, backend="sequential", extend=extend)


MIXED = Spec(
    "mixed", [Problem("sphere", [2, 3], precision=1e-2), Problem("ellipsoid", 2)], METHODS, seeds=2, budget=900
)


def test_a_problem_is_judged_by_its_own_precision(tmp_path: Path) -> None:
    study = run(tmp_path, MIXED)
    assert all("ftarget" in trial["stop"] for trial in study.trials)
    assert reached(study) == {
        "sphere (n=2)": (2, 2, pytest.approx(1e-2)),
        "sphere (n=3)": (2, 2, pytest.approx(1e-2)),
        "ellipsoid (n=2)": (2, 2, pytest.approx(1e-8)),
    }
    ends = {(t["problem"]["label"], t["method"]["label"], t["seed"]): t["cost"] for t in study.trials}
    for cell in collect(study):
        left = [ends[cell.problem, cell.method, seed] - t for seed, t in zip(cell.seeds, cell.final_times, strict=True)]
        assert all(0 <= evaluations < 12 for evaluations in left)  # the rest of the last generation
    notes = format_table(summary_table(study, samples=10))
    assert "f - f_opt <= 0.01 (1e-8 on ellipsoid (n=2))." in notes
    captions = [path.read_text() for path in draw_all(study, tmp_path) if path.stem in ("ecdf", "convergence")
                and path.suffix == ".txt"]  # fmt: skip
    assert captions and all("0.01 (1e-8 on ellipsoid (n=2))" in caption for caption in captions)


def test_a_swept_precision_makes_problems_of_their_own_and_no_settings(tmp_path: Path) -> None:
    study = run(tmp_path, Spec("swept", [Problem("sphere", 2)], METHODS, seeds=2, budget=900,
                               sweep=Sweep(grid={"precision": [1e-2, 1e-6]})))  # fmt: skip
    assert reached(study) == {
        "sphere (n=2) (precision=0.01)": (2, 2, pytest.approx(1e-2)),
        "sphere (n=2) (precision=1e-06)": (2, 2, pytest.approx(1e-6)),
    }
    assert all(row["tried"] == 1 for row in summary_table(study, samples=10))


@pytest.mark.parametrize("sweep", [Sweep(), Sweep(grid={"problem.n": [4, 5]}), Sweep(grid={"precision": [1e-2]})])
def test_old_journals_without_precisions_are_read_by_their_study(tmp_path: Path, sweep: Sweep) -> None:
    problem = Problem("sphere", 2, precision=None if "precision" in sweep.params else 1e-2)
    run(tmp_path / "new", Spec("old", [problem], METHODS, seeds=2, budget=900, sweep=sweep))
    with Journal(tmp_path / "old") as journal:
        for _, record, _ in read_lines(tmp_path / "new" / "journal.jsonl"):
            assert record is not None
            journal.append({k: v for k, v in record.items() if k not in ("crc", "precision") or "journal" in record})
    study = load(tmp_path / "old")
    assert reached(study) == reached(load(tmp_path / "new"))
    assert all(wins == 2 and target == pytest.approx(1e-2) for wins, _, target in reached(study).values())


@pytest.mark.parametrize(("before", "after"), [(1e-2, 1e-6), (1e-6, 1e-2)])
def test_another_precision_in_one_folder_is_another_problem(tmp_path: Path, before: float, after: float) -> None:
    spec = Spec("s", [Problem("sphere", 2)], METHODS, seeds=2, budget=900, precision=before)
    run(tmp_path, spec)
    study = run(tmp_path, spec.replace(precision=after), extend=True)
    assert reached(study) == {
        "sphere (n=2)": (2, 2, pytest.approx(after)),
        f"sphere (n=2) [precision={before:g}]": (2, 2, pytest.approx(before)),
    }


def test_coarse_targets_are_still_in_order(tmp_path: Path) -> None:
    study = run(tmp_path, Spec("coarse", [Problem("sphere", 2)], METHODS, seeds=2, budget=900, precision=500.0))
    precisions = collect(study)[0].targets.precisions
    assert (precisions[1:] < precisions[:-1]).all() and reached(study)["sphere (n=2)"][:2] == (2, 2)


def test_a_swept_value_is_in_the_name_of_its_problem_whatever_the_label_says(tmp_path: Path) -> None:
    problem = Problem("bbob-f1", 2, label="sphere, instance=10")
    sweep = Sweep(grid={"problem.instance": [1, 10]})
    study = run(tmp_path, Spec("labels", [problem], METHODS, seeds=2, budget=900, sweep=sweep))
    assert reached(study) == {
        "sphere, instance=10 (instance=1)": (2, 2, pytest.approx(1e-8)),
        "sphere, instance=10 (instance=10)": (2, 2, pytest.approx(1e-8)),
    }
    assert len({problem_label(trial) for trial in study.trials}) == 2
