"""The folder of results: what is written stays, what is damaged is noticed, what is not ours is left alone."""

from __future__ import annotations

import json
import os
import pickletools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import Method, Problem, Spec, StoreError, Study, Sweep, load, run_study
from experiments import journal as journal_module
from experiments.curve import Curve, compact_curve, evaluation_triggers, pack, target_steps, unpack
from experiments.journal import Journal, decode, encode, read_lines
from experiments.records import blank_record
from experiments.report import render
from experiments.statistics import format_table, summary_table
from experiments.statistics.analysis import Analysis
from experiments.store import Store, merge
from experiments.watch import watch

SPEC = Spec("s", [Problem("sphere", 3)], [Method("cmaes"), Method("snes")], seeds=3)


def record_of(trial: dict[str, Any], **changes: Any) -> dict[str, Any]:
    curve = compact_curve(
        np.array([1, 5, 9]), np.zeros(3, int), np.array([3.0, 0.5, 1e-9 / 3]), n=3, f_opt=0.0, end=(12, 0)
    )
    record = blank_record(trial) | {"f": 1e-9 / 3, "x": np.array([0.1, -0.2, 1 / 3]), "nfev": 12, "cost": 12.0, "n": 3}
    return record | {"curve": Curve.packed(curve)} | changes


def fill(folder: Path, count: int) -> None:
    with Store(folder, SPEC) as store:
        for trial in store.missing()[:count]:
            store.add(record_of(trial))


def test_records_come_back_exactly_and_in_order(tmp_path: Path) -> None:
    with Store(tmp_path / "new" / "folder", SPEC) as store:
        for trial in reversed(store.missing()):
            store.add(record_of(trial))
        assert store.missing() == []
    study = load(tmp_path / "new" / "folder")
    assert [(t["method"]["label"], t["seed"]) for t in study.trials] == [
        (m, s) for m in ("cmaes", "snes") for s in range(3)
    ]
    trial = study.trials[0]
    assert trial["f"] == 1e-9 / 3
    np.testing.assert_array_equal(trial["x"], [0.1, -0.2, 1 / 3])
    assert trial["curve"]["nfev"].tolist() == [1, 5, 9, 12]
    assert trial["curve"]["f"].tolist() == [3.0, 0.5, 1e-9 / 3, 1e-9 / 3]
    assert trial["curve"]["cost"].tolist() == [1, 5, 9, 12]
    assert study.header["methods"] == ["cmaes", "snes"]
    assert study.header["total"] == 6
    assert study.provenance["versions"]["numpy"] == np.__version__
    assert study.warnings == []


def test_a_torn_tail_is_cut_and_its_trial_runs_again(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    for keep in (1, 30, 200):
        path.write_bytes(whole + whole.splitlines(keepends=True)[-1][:keep])
        assert "unfinished" in load(tmp_path).warnings[0]
        with Store(tmp_path, SPEC) as store:
            assert len(store.missing()) == 2
        assert len(load(tmp_path).trials) == 4
        assert load(tmp_path).warnings == []
        assert path.read_bytes().startswith(whole)


def test_a_kill_in_the_middle_of_the_header_is_no_trap(tmp_path: Path) -> None:
    fill(tmp_path, 0)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:40])
    fill(tmp_path, 6)
    assert len(load(tmp_path).trials) == 6


def test_a_damaged_line_is_named_and_costs_only_its_trial(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    path = tmp_path / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"nfev":12', b'"nfev":13')
    path.write_bytes(b"".join(lines))
    study = load(tmp_path)
    assert len(study.trials) == 5
    assert "Line 5 of" in study.warnings[0]
    assert "damaged" in study.warnings[0]
    fill(tmp_path, 6)
    assert len(load(tmp_path).trials) == 6


def test_another_study_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    before = (tmp_path / "journal.jsonl").read_bytes()
    for other in (SPEC.replace(name="t"), SPEC.replace(budget=7.0), SPEC.replace(seeds=4)):
        with pytest.raises(StoreError, match="holds another study"):
            Store(tmp_path, other)
    with pytest.raises(StoreError, match="seeds is 3 there and 4 here"):
        Store(tmp_path, SPEC.replace(seeds=4))
    assert (tmp_path / "journal.jsonl").read_bytes() == before
    Store(tmp_path, SPEC.replace(title="another title", timeout=3.0)).close()


def test_a_study_can_be_extended_on_purpose(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    with Store(tmp_path, SPEC.replace(seeds=4), extend=True) as store:
        assert [trial["seed"] for trial in store.missing()] == [3, 3]
    assert load(tmp_path).header["total"] == 8
    Store(tmp_path, SPEC.replace(seeds=4)).close()


def test_an_extended_folder_is_complete_when_all_of_it_is(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    other = SPEC.replace(methods=["xnes"], seeds=2)
    with Store(tmp_path, other, extend=True) as store:
        store.add(record_of(store.missing()[0]))
    assert (len(load(tmp_path).trials), load(tmp_path).header["total"]) == (7, 8)
    with Store(tmp_path, other) as store:
        store.add(record_of(store.missing()[0]))
    said: list[str] = []
    watch(tmp_path, once=True, say=said.append)
    assert said == [f"8 of 8 trials: {tmp_path / 'report.html'}"]
    path = tmp_path / "journal.jsonl"  # as it was written before: the total of the latest study alone
    lines = [line for _, line, _ in read_lines(path) if line is not None]
    path.write_bytes(b"".join(encode(line | {"total": 2} if "journal" in line else line) for line in lines))
    assert load(tmp_path).header["total"] == 8


def test_folders_that_are_no_studies_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="holds files but no journal"):
        Store(tmp_path, SPEC)
    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "file", SPEC)
    with pytest.raises(StoreError, match="there is no journal"):
        load(tmp_path)
    (tmp_path / "journal.jsonl").write_text("something else\n")
    with pytest.raises(StoreError, match="does not begin with the header"):
        Store(tmp_path, SPEC)
    assert (tmp_path / "journal.jsonl").read_text() == "something else\n"


def test_a_newer_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.store.VERSION", 2)
    monkeypatch.setattr(journal_module, "VERSION", 2)
    fill(tmp_path, 1)
    monkeypatch.undo()
    before = (tmp_path / "journal.jsonl").read_bytes()
    for use in (lambda: load(tmp_path), lambda: Store(tmp_path, SPEC)):
        with pytest.raises(StoreError, match=r"version 2 .* install a newer evotape"):
            use()
    assert (tmp_path / "journal.jsonl").read_bytes() == before


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    with Store(tmp_path, SPEC), pytest.raises(StoreError, match="written by another process"):
        Store(tmp_path, SPEC)
    Store(tmp_path, SPEC).close()


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self").exists(), reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    # /proc refuses new folders to everyone, root included.
    with pytest.raises(StoreError, match="cannot be written"):
        Store("/proc/self/results", SPEC)


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write
    with Store(tmp_path, SPEC) as store:
        first, second = store.missing()[:2]
        store.add(record_of(first))

        def full(file: int, data: bytes) -> int:
            if len(data) < 100:
                raise OSError(28, "No space left on device")
            return real_write(file, data[: len(data) - 50])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StoreError, match=r"No space left on device.*make room"):
            store.add(record_of(second))
        monkeypatch.undo()
    study = load(tmp_path)
    assert len(study.trials) == 1
    assert study.warnings == []
    fill(tmp_path, 6)
    assert len(load(tmp_path).trials) == 6


def test_retry_failed_takes_the_failed_only(tmp_path: Path) -> None:
    with Store(tmp_path, SPEC) as store:
        for trial, status in zip(store.missing(), ["ok", "error", "timeout", "ok", "ok", "ok"], strict=True):
            store.add(record_of(trial, status=status))
        assert store.missing() == []
        again = store.missing(retry_failed=True)
        assert [trial["seed"] for trial in again] == [1, 2]
        store.add(record_of(again[0], status="ok"))
    study = load(tmp_path)
    assert len(study.trials) == 6
    assert [trial["status"] for trial in study.failed] == ["timeout"]


def test_the_journal_is_json_and_nothing_executable(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    for line in (tmp_path / "journal.jsonl").read_bytes().splitlines():
        json.loads(line)
        with pytest.raises(ValueError):
            list(pickletools.genops(line))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal.jsonl", "journal.lock"]


def test_lines_know_when_a_bit_has_flipped() -> None:
    line = encode({"a": 1, "text": "ü\n"})
    assert decode(line) is not None
    for position in range(len(line) - 1):
        damaged = bytearray(line)
        damaged[position] ^= 1
        assert decode(bytes(damaged)) is None


def test_a_journal_that_nobody_closed_lets_the_next_in(tmp_path: Path) -> None:
    """The lock goes with the process that had it, however that ended."""
    left_open = f"""
import os
from pathlib import Path
from experiments.journal import Journal
Journal(Path({str(tmp_path)!r})).append({{"journal": 1}})
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", left_open], check=False).returncode == 9
    with Journal(tmp_path) as journal:
        assert [record for _, record, _ in read_lines(journal.path)] == [{"journal": 1}]
        journal.close()  # once more at the end of the block, which does no harm


@pytest.mark.parametrize("values", [[], [0, 1, 2**31], [2**40], [0.1, -1e300, 5e-324, float("inf")]])
def test_packed_numbers_are_exact(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64 if any(isinstance(v, float) for v in values) else np.int64)
    back = unpack(pack(array))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype


def test_steps_are_entered_exactly_at_the_targets() -> None:
    targets = 10.0 ** np.arange(2, -8.2, -0.2)
    above, below = np.nextafter(targets, np.inf) * (1 + 1e-9), targets
    steps = np.rint(20 * np.log10(targets)).astype(int)
    assert target_steps(below).tolist() == steps.tolist()
    assert all(target_steps(above) == steps + 1)
    assert target_steps(np.array([0.0, -1.0, 1e-12])).tolist() == [-160] * 3


def test_triggers_are_cocos() -> None:
    triggers = evaluation_triggers(3, 100).tolist()
    assert triggers[:6] == [1, 2, 3, 4, 5, 6]
    assert {15, 30, 60, 7, 8, 10, 11, 12, 14, 89, 100} <= set(triggers)
    assert 13 not in triggers
    assert evaluation_triggers(3, 0).size == 0


def test_a_long_curve_stays_short_and_hits_every_target_exactly() -> None:
    rng = np.random.default_rng(3)
    nfev = np.cumsum(rng.integers(1, 40, 50_000))
    f = 1e4 * 10 ** -np.cumsum(rng.exponential(13 / 50_000, 50_000))
    curve = compact_curve(nfev, np.zeros_like(nfev), f, n=10, f_opt=0.0, end=(int(nfev[-1]) + 5, 0))
    assert curve["f"].size < 400
    for target in 10.0 ** np.arange(2, -8.2, -0.2):
        assert curve["nfev"][np.argmax(curve["f"] <= target)] == nfev[np.argmax(f <= target)]
    assert curve["nfev"][-1] == nfev[-1] + 5
    assert np.all(np.diff(curve["nfev"]) > 0)


def run(folder: Path, spec: Spec, **more: Any) -> Study:
    return run_study(spec, folder, backend="sequential", **more)


MIXED = Spec("s", [Problem("sphere", 3)], [Method("cmaes"), Method("l-bfgs-b")], seeds=3, budget=20)


def rows(study: Study) -> dict[tuple[str, str], str]:
    return {(r["problem"], r["method"]): f"{r['successes']}/{r['trials']}" for r in summary_table(study, samples=10)}


@pytest.mark.parametrize(
    ("changes", "suffix"),
    [
        ({"budget": 300.0}, "budget=20"),
        ({"maxcost": 900.0}, "budget=20"),
        ({"grad_cost": 1.0}, "grad_cost=4"),
    ],
)
def test_trials_of_another_setting_are_rows_of_their_own(tmp_path: Path, changes: dict[str, Any], suffix: str) -> None:
    run(tmp_path, MIXED)
    study = run(tmp_path, MIXED.replace(**changes), extend=True)
    table = rows(study)
    for method in ("cmaes", "l-bfgs-b"):
        for label in (method, f"{method} [{suffix}]"):
            assert table["sphere (n=3)", label].endswith("/3"), table
    assert any("settings" in warning for warning in study.warnings)


def test_changed_options_of_a_method_and_of_a_problem_are_not_pooled(tmp_path: Path) -> None:
    run(tmp_path, MIXED)
    methods = [Method("cmaes", {"popsize": 20}), Method("l-bfgs-b")]
    study = run(tmp_path, MIXED.replace(problems=[Problem("sphere", 3, {"shifted": True}, label="sphere (n=3)")],
                                        methods=methods), extend=True)  # fmt: skip
    table = rows(study)
    assert table["sphere (n=3)", "cmaes"] == "0/3"
    assert table["sphere (n=3) [shifted=default]", "cmaes [popsize=default]"] == "0/3"
    assert "sphere (n=3) [shifted=default]" in {trial["problem"]["label"] for trial in study.trials}


def test_more_repeats_and_more_methods_are_the_same_setting(tmp_path: Path) -> None:
    run(tmp_path, MIXED)
    study = run(tmp_path, MIXED.replace(seeds=5, methods=[Method("cmaes"), Method("snes")]), extend=True)
    assert rows(study) == {
        ("sphere (n=3)", "cmaes"): "0/5", ("sphere (n=3)", "snes"): "0/5", ("sphere (n=3)", "l-bfgs-b"): "3/3",
    }  # fmt: skip
    assert study.warnings == []


def test_gradients_keep_the_price_that_they_had(tmp_path: Path) -> None:
    run(tmp_path, MIXED.replace(methods=[Method("l-bfgs-b")]))
    study = run(tmp_path, MIXED.replace(methods=[Method("l-bfgs-b")], grad_cost=1.0), extend=True)
    for trial in study.trials:
        price = 4.0 if "grad_cost=4" in trial["method"]["label"] else 1.0
        assert trial["curve"]["cost"][-1] == trial["nfev"] + price * trial["njev"] == trial["cost"]


def test_folders_are_read_as_one_study_or_side_by_side(tmp_path: Path) -> None:
    run(tmp_path / "a", MIXED)
    run(tmp_path / "b", MIXED.replace(seeds=[2, 3, 4]))
    run(tmp_path / "c", MIXED.replace(budget=300))
    one = load(tmp_path / "a", tmp_path / "b")
    assert rows(one)["sphere (n=3)", "cmaes"] == "0/5"
    assert "2 trials are in several of the folders and count once." in one.warnings
    three = rows(load(tmp_path / "a", tmp_path / "b", tmp_path / "c"))
    assert three["sphere (n=3)", "cmaes"] == "3/3" and three["sphere (n=3)", "cmaes [budget=20]"] == "0/5"
    apart = load(tmp_path / "a", tmp_path / "b", beside=True)
    assert rows(apart)["sphere (n=3)", "cmaes (a)"] == rows(apart)["sphere (n=3)", "cmaes (b)"] == "0/3"
    merge([tmp_path / "a", tmp_path / "c"], tmp_path / "all")
    merged = load(tmp_path / "all")
    assert rows(merged) == {k: v for k, v in three.items() if "[" not in k[1]} | {
        ("sphere (n=3)", "cmaes [budget=20]"): "0/3", ("sphere (n=3)", "l-bfgs-b [budget=20]"): "3/3",
    }  # fmt: skip
    with pytest.raises(StoreError, match="is not empty"):
        merge([tmp_path / "a"], tmp_path / "all")


def test_the_best_of_several_settings_is_called_so_where_it_is_the_default(tmp_path: Path) -> None:
    plain = MIXED.replace(methods=[Method("cmaes")], seeds=4, budget=500)
    run(tmp_path, plain)
    study = run(tmp_path, plain.replace(sweep=Sweep(grid={"method.sigma0": [1e-6, 1e6]})), extend=True)
    row = summary_table(study, samples=10)[0]
    assert (row["setting"], row["tried"], row["chosen_on"], row["trials"]) == ("default", 3, 2, 2)
    text = format_table([row])
    assert "default (best of 3)" in text and "chosen on 2 repeats that are not shown" in text
    assert "<td>default (best of 3)</td>" in render(Analysis(study, quick=True), [])
    assert {row["setting"] for row in summary_table(run(tmp_path / "plain", plain), samples=10)} == {""}
