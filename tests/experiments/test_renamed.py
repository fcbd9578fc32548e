"""Labels and titles that change from one start of a study to the next: the latest ones count, for all trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments import Method, Problem, Spec, Study, Sweep, load, run_study
from experiments.statistics import summary_table
from experiments.store import Store, merge

SPHERE = [Problem("sphere", 2)]
SPEC = Spec("s", SPHERE, [Method("snes", label="old"), Method("cmaes", label="other")], seeds=2, budget=20, title="One")
RENAMED = SPEC.replace(methods=[Method("snes", label="new"), Method("cmaes", label="other")], title="Two")


def run(folder: Path, spec: Spec, **more: Any) -> Study:
    return run_study(spec, folder, backend="sequential", **more)


def rows(study: Study) -> dict[tuple[str, str], int]:
    return {(row["problem"], row["method"]): row["trials"] for row in summary_table(study, samples=10)}


def interrupted(folder: Path, spec: Spec, count: int) -> None:
    """Some trials of a study, by the way of its whole run."""
    whole = run(folder.with_name(folder.name + "-whole"), spec)
    with Store(folder, spec) as store:
        for trial, record in list(zip(store.trials, whole.trials, strict=True))[:count]:
            assert trial["key"] == record["key"]
            plain = {k: v for k, v in record.items() if k not in ("curve", "x", "kind", "crc")}
            store.add(plain | {"curve": {}, "x": None})


@pytest.mark.parametrize("finished", [1, 2, 3, 4])
def test_a_label_that_changes_between_two_starts_is_one_row(tmp_path: Path, finished: int) -> None:
    interrupted(tmp_path / "s", SPEC, finished)
    study = run(tmp_path / "s", RENAMED)
    assert rows(study) == {("sphere (n=2)", "new"): 2, ("sphere (n=2)", "other"): 2}
    assert study.header["methods"] == ["new", "other"] and study.header["title"] == "Two"
    assert study.warnings == [] and len(study.trials) == 4
    again = run(tmp_path / "s", RENAMED)
    assert rows(again) == rows(study)
    lines = (tmp_path / "s" / "journal.jsonl").read_text().count('"identity"')
    assert lines == 2  # the head is written again once, not at each start


def test_labels_of_problems_follow_too_also_where_the_sweep_stands_in_them(tmp_path: Path) -> None:
    sweep = Sweep(grid={"problem.n": [2, 3]})
    before = SPEC.replace(problems=[Problem("sphere", 5, label="a"), Problem("ellipsoid", 5)], sweep=sweep)
    run(tmp_path, before)
    study = run(tmp_path, before.replace(problems=[Problem("sphere", 5, label="b"), Problem("ellipsoid", 5)]))
    names = {"b (n=2)", "b (n=3)", "ellipsoid (n=2)", "ellipsoid (n=3)"}
    assert {problem for problem, _ in rows(study)} == names == set(study.header["problems"])


def test_two_labels_that_change_places_do_so_for_all_trials(tmp_path: Path) -> None:
    first = run(tmp_path, SPEC)
    names = {trial["method"]["name"]: trial["method"]["label"] for trial in first.trials}
    swapped = SPEC.replace(methods=[Method("snes", label="other"), Method("cmaes", label="old")])
    study = run(tmp_path, swapped)
    assert names == {"snes": "old", "cmaes": "other"}
    assert {t["method"]["name"]: t["method"]["label"] for t in study.trials} == {"snes": "other", "cmaes": "old"}


def test_a_study_that_is_extended_with_other_labels_is_one_row(tmp_path: Path) -> None:
    run(tmp_path, SPEC)
    study = run(tmp_path, RENAMED.replace(seeds=3), extend=True)
    assert rows(study) == {("sphere (n=2)", "new"): 3, ("sphere (n=2)", "other"): 3} and study.warnings == []


def test_another_method_or_function_under_an_old_label_is_a_row_of_its_own(tmp_path: Path) -> None:
    before = SPEC.replace(problems=[Problem("sphere", 2, label="P")], methods=[Method("snes", label="A")])
    run(tmp_path, before)
    study = run(tmp_path, before.replace(methods=[Method("cmaes", label="A")]), extend=True)
    assert rows(study) == {("P", "A"): 2, ("P", "A [name=snes]"): 2}
    assert study.header["total"] == len(study.trials) == 4  # those of before are finished, but not asked for any more
    study = run(tmp_path, before.replace(problems=[Problem("rastrigin", 3, label="P")]), extend=True)
    assert rows(study)["P", "A"] == rows(study)["P [n=2, name=sphere]", "A"] == 2


def test_folders_with_different_labels_are_one_study_merged_and_beside_each_other(tmp_path: Path) -> None:
    run(tmp_path / "a", SPEC)
    run(tmp_path / "b", RENAMED.replace(seeds=[1, 2, 3]))
    whole = {("sphere (n=2)", "new"): 4, ("sphere (n=2)", "other"): 4}
    assert rows(load(tmp_path / "a", tmp_path / "b")) == whole
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    assert rows(load(tmp_path / "c")) == whole
    beside = rows(load(tmp_path / "a", tmp_path / "b", beside=True))
    assert {method for _, method in beside} == {"old (a)", "other (a)", "new (b)", "other (b)"}
