"""Studies on a real dask cluster on the loopback interface."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

from experiments import Method, Problem, Spec, run_study
from experiments.runner import run_trials
from experiments.trial import make_trials
from tests.experiments import tasks
from tests.experiments.studies import numbers

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.heavy,
    # Nannies and their sockets are closed by other threads, in their own time.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning:distributed"),
]


@pytest.fixture
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def study() -> Spec:
    return Spec(
        "clustered",
        [Problem("ellipsoid", 10, {"rotated": True}), Problem("digits-softmax", maxcost=40)],
        [Method("cmaes"), Method("adam"), Method("l-bfgs-b")],
        seeds=3,
        budget=100,
    )


def test_the_same_numbers_as_local_processes(client: Any, tmp_path: Path) -> None:
    run_study(study(), tmp_path / "loky", jobs=2)
    with joblib.parallel_config("dask"):
        run_study(study(), tmp_path / "around")
    run_study(study(), tmp_path / "named", backend="dask")
    assert numbers(tmp_path / "around") == numbers(tmp_path / "loky")
    assert numbers(tmp_path / "named") == numbers(tmp_path / "loky")


def test_a_cluster_of_our_own(tmp_path: Path) -> None:
    assert len(run_study(study(), tmp_path / "own", backend="dask", jobs=2).trials) == 18


def test_a_killed_worker_loses_nothing(client: Any, tmp_path: Path) -> None:
    spec = Spec("s", [Problem(tasks.slow_bowl, 2, {"x0": [0.5, 0.5]})], [Method("cmaes")], seeds=30, maxcost=60)  # type: ignore[arg-type]
    records = []
    for record in run_trials(make_trials(spec), backend="dask"):
        records.append(record)
        if len(records) in (5, 12):
            pid = next(iter(client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
    assert sorted(record["seed"] for record in records) == list(range(30))
    assert all(record["status"] == "ok" for record in records)


def test_a_trial_that_always_kills_its_worker_fails_alone(client: Any) -> None:
    spec = Spec("s", [Problem("sphere", 3)], [Method("cmaes")], seeds=12)
    records = {r["seed"]: r for r in run_trials(make_trials(spec), backend="dask", work=tasks.death_of_three)}
    assert sorted(records) == list(range(12))
    assert [seed for seed, record in records.items() if record["status"] != "ok"] == [3]
    assert "worker process died" in records[3]["error"]
