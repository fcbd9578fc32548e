"""Studies on a real ray instance on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator

import joblib
import pytest

from experiments import Method, Problem, Spec
from experiments.runner import run_trials
from experiments.trial import make_trials
from tests.experiments import tasks
from tests.experiments.studies import ROOT

ray = pytest.importorskip("ray")

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def instance() -> Iterator[None]:
    environment = {"env_vars": {"PYTHONPATH": str(ROOT)}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
            runtime_env=environment,
        )
        yield
        ray.shutdown()


def trials(count: int) -> list[dict[str, object]]:
    return make_trials(Spec("s", [Problem("sphere", 3)], [Method("cmaes")], seeds=count, budget=50))


def test_the_same_numbers_as_in_this_process(instance: None) -> None:
    here = {r["key"]: r["curve"] for r in run_trials(trials(12), backend="sequential")}
    assert {r["key"]: r["curve"] for r in run_trials(trials(12), backend="ray")} == here
    from ray.util.joblib import register_ray

    register_ray()
    with joblib.parallel_config("ray"):
        assert {r["key"]: r["curve"] for r in run_trials(trials(12))} == here


def test_a_trial_that_kills_its_worker_fails_alone(instance: None) -> None:
    records = {r["seed"]: r for r in run_trials(trials(12), backend="ray", work=tasks.death_of_three)}
    assert sorted(records) == list(range(12))
    assert [seed for seed, record in records.items() if record["status"] != "ok"] == [3]
