"""Lesson 11: black box against gradient on the digits."""

from __future__ import annotations

import numpy as np
import pytest

import problems
from experiments.lessons import real_network
from experiments.lessons.real_network import NETWORKS, WAYS, Run, Way, train
from tests.experiments.findings import finding

pytest.importorskip("sklearn")


def way(label: str) -> Way:
    return next(w for w in WAYS if w.label == label)


@pytest.mark.parametrize("label", [w.label for w in WAYS])
def test_a_run_keeps_its_books(label: str) -> None:
    objective = problems.get("digits-mlp", hidden=4)
    run = train(objective, way(label), 300, 0)
    gradients = label in ("Adam", "L-BFGS-B")
    assert run.nfev[-1] == (60 if gradients else 300)  # 300 evaluations, or 60 points of 1 + 4 each
    np.testing.assert_array_equal(run.njev, run.nfev if gradients else 0 * run.nfev)
    assert (np.diff(run.nfev) >= 0).all() and (np.diff(run.seconds) >= 0).all() and run.seconds[0] >= 0
    assert ((run.accuracy >= 0) & (run.accuracy <= 1)).all()
    assert run.loss < objective(objective.x0(0))


def test_accuracy_is_that_of_the_point_with_the_least_training_loss() -> None:
    import es

    objective = problems.get("digits-mlp", hidden=4)
    run = train(objective, way("L-BFGS-B"), 500, 1)
    res = es.minimize(objective, objective.x0(1), method="l-bfgs-b", maxfevals=100, rng=1)
    assert run.loss == res.fun and run.accuracy[-1] == objective.score(res.x)


def test_first_and_facts() -> None:
    at = np.arange(3.0)
    runs = [Run(at + 1, 0 * at, at, np.array(a), 0.5) for a in ([0.1, 0.8, 0.7], [0.1, 0.2, 0.9], [0.1, 0.1, 0.1])]
    assert [run.first(0.8) for run in runs] == [1, 2, None]
    facts = real_network._facts(runs, 0.8)
    assert (facts["goal_nfev"], facts["goal_seconds"], facts["accuracy"]) == (3.0, 2.0, 0.7)
    assert np.isnan(real_network._facts(runs[1:], 0.95)["goal_nfev"])
    assert real_network._words(real_network._facts(runs, 0.95))[2:] == ["not reached"] * 3


def test_gradients_lead_by_far_from_the_start() -> None:
    objective = problems.get("digits-mlp", hidden=16)
    runs = {label: train(objective, way(label), 1000, 0) for label in ("Adam", "L-BFGS-B", "CR-FM-NES")}
    assert runs["Adam"].accuracy[-1] > 0.92 and runs["L-BFGS-B"].accuracy[-1] > 0.92
    assert 0.3 < runs["CR-FM-NES"].accuracy[-1] < 0.85


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_the_whole_lesson() -> None:
    found = finding("real-network")
    numbers = found.numbers
    assert (numbers["mlp_parameters"], numbers["conv_parameters"]) == (1210, 266)
    for network in NETWORKS:
        key = network.key
        for w in WAYS[:2]:
            assert numbers[f"{key}_{w.method}_accuracy"] > 0.9
            assert numbers[f"{key}_{w.method}_goal_njev"] < 60
            assert numbers[f"{key}_{w.method}_loss"] < 0.3
        for w in WAYS[2:]:
            assert 0.55 < numbers[f"{key}_{w.method}_accuracy"] < numbers[f"{key}_l-bfgs-b_accuracy"]
        reached = [w for w in WAYS[2:] if f"{key}_{w.method}_goal_nfev" in numbers]
        assert reached
        for w in reached:  # five evaluations for each point with its gradient
            assert numbers[f"{key}_{w.method}_goal_nfev"] > 5 * 5 * numbers[f"{key}_l-bfgs-b_goal_njev"]
            assert numbers[f"{key}_{w.method}_goal_njev"] == 0
            assert numbers[f"{key}_{w.method}_goal_seconds"] > 3 * numbers[f"{key}_l-bfgs-b_goal_seconds"]
    assert all(numbers[f"mlp_{w.method}_accuracy"] > 0.85 for w in WAYS)
    assert found.table is not None and len(found.table.rows) == len(NETWORKS) * len(WAYS)
    networks = {(row["network"], row["method"]) for row in found.drawings[0].rows}
    assert len(networks) == len(NETWORKS) * len(WAYS)
