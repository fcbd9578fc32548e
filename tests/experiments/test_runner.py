"""The runner: every trial once, whatever dies on the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
import pytest

from experiments import Method, Problem, Spec, backends
from experiments.runner import run_trials
from experiments.scheduler import Scheduler
from experiments.trial import make_trials
from tests.experiments import tasks


def trials_of(count: int, **options: Any) -> list[dict[str, Any]]:
    return make_trials(Spec("s", [Problem("sphere", 3, options)], [Method("cmaes")], seeds=count))


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", None])
@pytest.mark.parametrize("jobs", [1, 2])
def test_every_trial_comes_back_once(backend: str | None, jobs: int) -> None:
    records = list(run_trials(trials_of(37), jobs=jobs, backend=backend, work=tasks.no_work))
    assert sorted(record["seed"] for record in records) == list(range(37))
    assert len({record["key"] for record in records}) == 37


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_trial_that_kills_its_worker_fails_alone(jobs: int) -> None:
    records = {r["seed"]: r for r in run_trials(trials_of(12), jobs=jobs, work=tasks.death_of_three)}
    assert sorted(records) == list(range(12))
    assert [seed for seed, record in records.items() if record["status"] != "ok"] == [3]
    assert "worker process died" in records[3]["error"]


def test_a_worker_that_dies_by_accident_costs_nothing(tmp_path: Path) -> None:
    trials = trials_of(10, note=str(tmp_path / "note"))
    records = list(run_trials(trials, jobs=2, work=tasks.die_once))
    assert sorted(record["seed"] for record in records) == list(range(10))
    assert all(record["status"] == "ok" for record in records)


@pytest.mark.heavy
def test_a_trial_that_hears_no_alarm_ends_with_its_worker() -> None:
    spec = Spec("s", [Problem(tasks.deaf, 2, {"x0": [0.0, 0.0]}), Problem("sphere", 2)], [Method("cmaes")], seeds=1)  # type: ignore[arg-type]
    records = {r["problem"]["name"]: r for r in run_trials(make_trials(spec), jobs=2, timeout=3.0)}
    assert records["sphere"]["status"] == "ok"
    assert records["tests.experiments.tasks:deaf"]["status"] == "error"
    assert "did not stop at its time limit of 3 s" in records["tests.experiments.tasks:deaf"]["error"]


@pytest.mark.parametrize(("name", "here"), [("threading", True), ("loky", False), ("multiprocessing", False)])
def test_the_callers_configuration_is_respected(name: str, here: bool) -> None:
    with joblib.parallel_config(name, n_jobs=2):
        records = list(run_trials(trials_of(9), work=tasks.where))
    assert {record["f"] == os.getpid() for record in records} == {here}
    assert len({record["f"] for record in records}) <= 2


def test_backends_that_give_results_back_together() -> None:
    records = list(run_trials(trials_of(30), jobs=2, backend="multiprocessing", work=tasks.no_work))
    assert sorted(record["seed"] for record in records) == list(range(30))


def test_leaving_early_stops_the_workers() -> None:
    for _ in range(3):  # an exception in a thread of loky, now and then, would be an error here
        records = run_trials(trials_of(50), jobs=2, work=tasks.no_work)
        next(records)
        records.close()
    assert len(list(run_trials(trials_of(5), jobs=2, work=tasks.no_work))) == 5


def test_no_trials_and_no_workers() -> None:
    assert list(run_trials([])) == []
    for jobs in (0, -3):
        with pytest.raises(ValueError, match="jobs must be"):
            list(run_trials(trials_of(2), jobs=jobs))


@pytest.mark.parametrize(("jobs", "backend"), [(99, None), (99, "loky"), (99, "threading"), (-1, None)])
def test_no_more_workers_than_trials(jobs: int, backend: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    for name in ("process_workers", "thread_workers"):
        open_ = getattr(backends, name)

        def counted(size: int, *rest: Any, open_: Any = open_) -> Any:
            asked.append(size)
            return open_(size, *rest)

        monkeypatch.setattr(backends, name, counted)
    assert len(list(run_trials(trials_of(3), jobs=jobs, backend=backend, work=tasks.no_work))) == 3
    assert asked == [min(3, jobs if jobs > 0 else joblib.cpu_count())]


def test_short_trials_travel_together_and_long_ones_alone() -> None:
    trials = make_trials(Spec("s", [Problem("sphere", 2), Problem("sphere", 40)], [Method("cmaes")], seeds=100))
    scheduler = Scheduler(trials, 2)
    first = scheduler.take()
    assert [trial["problem"]["n"] for trial in first] == [40]
    scheduler.done([tasks.no_work(first)[0] | {"seconds": 0.01}])
    second = scheduler.take()
    assert len(second) == 20
    scheduler.done([record | {"seconds": 100.0} for record in tasks.no_work(second)])
    assert len(scheduler.take()) == 1
    sizes = [len(batch) for batch in scheduler.batches()]
    assert sum(sizes) == 178
    assert sizes[-1] == 1
