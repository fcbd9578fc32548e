"""Studies that are killed, interrupted or run with other numbers of workers end with the same numbers."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from es.run.lane_legs import LaneCourses
from experiments import Method, Problem, Spec, load_spec, run_study
from experiments.stacks import mark_stacks, run_stack
from experiments.trial import make_trials
from tests.experiments.studies import ROOT, SLOW, call, command, finished_keys, numbers, start


def killed_and_resumed(folder: Path, seeds: int, kills: int, last_delay: float) -> None:
    """Run a study undisturbed and with SIGKILLs of the parent at random moments; compare."""
    toml = folder / "slow.toml"
    toml.write_text(SLOW.format(seeds=seeds))
    words = ("sweep", toml, "--no-report", "--quiet", "--jobs", "2", "--out")
    assert call(*words, folder / "calm").returncode == 0
    rng = random.Random(20)
    journal = folder / "killed" / "journal.jsonl"
    recorded: list[str] = []
    killed = 0
    while killed < kills:
        process = start(*words, folder / "killed")
        if killed % 4 == 3:
            delay = rng.uniform(0, 0.6)  # during the start
        else:
            # The session's line comes first, a record second.
            size = journal.stat().st_size if journal.exists() else 0
            while process.poll() is None and (not journal.exists() or journal.stat().st_size < size + 3000):
                time.sleep(0.005)
            delay = rng.uniform(0, last_delay)  # just after a record, or between two
        time.sleep(delay)
        if process.poll() is not None:
            process.communicate()
            break
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert_no_process_left(process.pid)
        killed += 1
        now = finished_keys(folder / "killed")
        assert now[: len(recorded)] == recorded
        recorded = now
    assert killed == kills, f"the study ended after {killed} kills; make it longer"
    assert len(recorded) < 2 * seeds
    assert call(*words, folder / "killed").returncode == 0
    keys = finished_keys(folder / "killed")
    assert len(keys) == len(set(keys)) == 2 * seeds
    assert keys[: len(recorded)] == recorded
    assert numbers(folder / "killed") == numbers(folder / "calm")


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, seeds=8, kills=3, last_delay=0.05)


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_twenty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, seeds=60, kills=24, last_delay=0.15)


LANES = """\
name = "lanes"
seeds = 6
budget = 8000

[[problems]]
names = ["bbob-f3", "bbob-f15", "bbob-f24"]
n = [2, 3, 5]
instance = "seed"

[[methods]]
name = "cmaes"
restarts = "bipop"
"""


def standing_in_lanes(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs of each stack of a study stand in lanes; nothing is run."""
    seen: list[int] = []

    def noted(self: LaneCourses) -> list[Any]:
        seen.append(len(self.courses))
        raise RuntimeError("it is known what was asked")

    monkeypatch.setattr(LaneCourses, "run", noted)
    stacks: dict[str | None, list[Any]] = {}
    for trial in mark_stacks(make_trials(spec))[0]:
        stacks.setdefault(trial["stack"], []).append(trial)
    for trials in stacks.values():
        with pytest.raises(RuntimeError, match="it is known"):
            run_stack(trials)
    return seen


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_kills_in_stacks_whose_legs_stand_in_lanes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the first of three stacks is done, and in the middle of each of the others."""
    toml = tmp_path / "lanes.toml"
    toml.write_text(LANES)
    assert standing_in_lanes(load_spec(toml), monkeypatch) == [18, 18, 18]
    words = ("sweep", toml, "--no-report", "--quiet", "--jobs", "1", "--out")
    assert call(*words, tmp_path / "calm").returncode == 0
    journal, recorded = tmp_path / "killed" / "journal.jsonl", list[str]()
    for done in (0, 18, 36):
        process = start(*words, tmp_path / "killed")
        while process.poll() is None and (not journal.exists() or len(finished_keys(tmp_path / "killed")) < done):
            time.sleep(0.01)
        time.sleep(0.05 if done else 1.0)
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert_no_process_left(process.pid)
        now = finished_keys(tmp_path / "killed")
        assert now[: len(recorded)] == recorded
        assert done <= len(now) < 54
        recorded = now
    assert call(*words, tmp_path / "killed").returncode == 0
    keys = finished_keys(tmp_path / "killed")
    assert len(keys) == len(set(keys)) == 54
    assert keys[: len(recorded)] == recorded
    assert numbers(tmp_path / "killed") == numbers(tmp_path / "calm")


def test_the_number_of_workers_changes_no_bit(tmp_path: Path) -> None:
    spec = Spec(
        "small",
        [Problem("ellipsoid", 10, {"rotated": True}), Problem("digits-softmax", maxcost=60)],
        [Method("cmaes"), Method("snes"), Method("adam"), Method("l-bfgs-b")],
        seeds=2,
        budget=60,
    )
    folders = {}
    for name, options in {
        "one": {"jobs": 1},
        "two": {"jobs": 2},
        "here": {"backend": "sequential"},
        "threads": {"jobs": 2, "backend": "threading"},
    }.items():
        run_study(spec, tmp_path / name, **options)  # type: ignore[arg-type]
        folders[name] = numbers(tmp_path / name)
    assert len(folders["one"]) == 16
    assert all(record["status"] == "ok" for record in folders["one"].values())
    for name in ("two", "here", "threads"):
        assert folders[name] == folders["one"], name


def assert_no_process_left(group: int) -> None:
    """Wait for the workers of a process group that has ended to end as well."""
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError(f"processes of group {group} are still there")


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path: Path) -> None:
    toml = tmp_path / "slow.toml"
    toml.write_text(SLOW.format(seeds=50))  # so many that it still runs where the machine is busy
    words = ("sweep", toml, "--no-report", "--jobs", "2", "--out", tmp_path / "out")
    process = start(*words)
    while len(finished_keys(tmp_path / "out")) < 3 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    kept = len(finished_keys(tmp_path / "out"))
    assert process.returncode == 130, errors
    assert 3 <= kept < 100, errors
    assert f"Stopped: {kept} of 100 trials are finished and kept in" in errors
    assert "run the same command again to go on" in errors
    assert "Traceback" not in errors
    assert_no_process_left(process.pid)
    assert call(*words).returncode == 0
    assert len(finished_keys(tmp_path / "out")) == 100


@pytest.mark.skipif(os.name != "posix", reason="ulimit")
def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    toml = tmp_path / "slow.toml"
    toml.write_text(SLOW.format(seeds=8))
    words = ("sweep", toml, "--no-report", "--quiet", "--backend", "sequential", "--out", tmp_path / "out")
    limited = f"ulimit -f 8; exec {shlex.join(command(*words))}"
    done = subprocess.run(["bash", "-c", limited], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "make room and run the same command again" in done.stderr
    kept = finished_keys(tmp_path / "out")
    assert 0 < len(kept) < 16
    assert call(*words).returncode == 0
    keys = finished_keys(tmp_path / "out")
    assert keys[: len(kept)] == kept
    assert len(keys) == len(set(keys)) == 16
