"""One trial: whatever happens inside it ends in its record."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import problems
from experiments import Method, Problem, Spec, SpecError
from experiments.curve import Curve
from experiments.runner import run_trials
from experiments.solve import Terms
from experiments.stacks import mark_stacks
from experiments.trial import check_trials, make_trials, run_trial
from experiments.worker import run_batch, run_in_worker
from tests.experiments import tasks

BOX = {"bounds": [[-1, 1], [-1, 1]]}


def one(problem: Problem, method: Method | None = None, **settings: Any) -> dict[str, Any]:
    settings = {"budget": 300, "seeds": 1, **settings}
    return make_trials(Spec("s", [problem], [method or Method("cmaes")], **settings))[0]


def test_a_record_says_all() -> None:
    record = run_trial(one(Problem("ellipsoid", 5, {"rotated": True}), budget=2000))
    assert record["status"] == "ok"
    assert record["f"] <= 1e-8
    assert record["stop"] == {"ftarget": 1e-8}
    assert record["message"] == "ftarget"
    assert record["cost"] == record["nfev"] <= record["maxcost"] == 10_000
    curve = Curve(record["curve"], 4.0)
    assert curve["f"][-1] == record["f"]
    assert curve["cost"][-1] == record["cost"]
    assert curve["nfev"][0] == 1
    assert record["x"].shape == (5,)


def test_gradients_are_charged() -> None:
    record = run_trial(one(Problem("rosenbrock", 4), Method("adam", {"lr": 0.01}), grad_cost=4.0, budget=100))
    assert record["njev"] == record["nfev"] == 400 / 5
    assert record["cost"] == 400
    assert Curve(record["curve"], 4.0)["cost"][-1] == 400


def test_under_constraints_only_feasible_points_count() -> None:
    problem = problems.get("ten-bar-truss")
    assert problem.f_opt is not None
    record = run_trial(one(Problem("ten-bar-truss"), budget=500))
    # `Feasible` lets limits be overstepped by as much as es.minimize does, 1e-6
    assert problem.f_opt * (1 - 1e-5) <= record["f"] <= problem.f_opt * (1 + 1e-3)
    assert problems.Feasible(problem.constraints)(record["x"])


def test_the_same_trial_has_the_same_bits() -> None:
    trial = one(Problem("rastrigin", 3))
    first, second = run_trial(trial), run_trial(trial)
    assert first["curve"] == second["curve"]
    assert first["x"].tobytes() == second["x"].tobytes()


def test_an_error_keeps_its_traceback() -> None:
    record = run_trial(one(Problem(tasks.broken, 2, BOX)))  # type: ignore[arg-type]
    assert record["status"] == "error"
    assert record["message"] == "RuntimeError: the simulator is down"
    assert "in broken" in record["error"]


def test_a_score_that_fails_is_an_error_of_the_trial() -> None:
    record = run_trial(one(Problem("tests.experiments.tasks:make_badly_scored", 2, {"factory": True})))
    assert record["status"] == "error"
    assert "no test data" in record["message"]


@pytest.mark.parametrize("run", [lambda t: run_trial(t, 0.2), lambda t: run_in_worker([t], 0.2)[0]])
def test_a_trial_out_of_time_is_cut(run: Any) -> None:
    started = time.perf_counter()
    record = run(one(Problem(tasks.endless, 2, BOX)))  # type: ignore[arg-type]
    assert time.perf_counter() - started < 30
    assert record["status"] == "timeout"
    assert "longer than 0.2 s" in record["error"]


def test_a_timeout_keeps_what_was_found_and_works_without_a_signal() -> None:
    import threading

    trial = one(Problem(tasks.slow_bowl, 2, BOX), maxcost=100_000)  # type: ignore[arg-type]
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(run_trial(trial, 0.2)))
    thread.start()
    thread.join()
    assert found[0]["status"] == "timeout"
    assert found[0]["nfev"] > 1
    assert found[0]["f"] is not None
    assert found[0]["curve"]


def test_objectives_of_ones_own() -> None:
    plain = run_trial(one(Problem(tasks.bowl, 2, {"vectorized": True, "f_opt": 0.0, **BOX})))  # type: ignore[arg-type]
    assert plain["status"] == "ok"
    assert plain["f"] <= 1e-8
    made = run_trial(one(Problem("tests.experiments.tasks:make_bowl", 3, {"factory": True, "shift": 2.0})))
    assert made["status"] == "ok"
    assert made["n"] == 3
    start = run_trial(one(Problem("sphere", 3, {"start": [4.0, 4.0]}), maxcost=1))
    assert start["nfev"] == 1
    assert 20 < start["f"] < 200


def test_methods_of_ones_own() -> None:
    own = Method("tests.experiments.tasks:OwnStrategy", {"sigma0": 0.5})
    spec = Spec("s", [Problem("sphere", 3)], [own, Method("cmaes", {"sigma0": 0.5})], seeds=3, budget=400)
    check_trials(spec.trials)
    marked, _ = mark_stacks(spec.trials)
    assert [t["stack"] is None for t in marked] == [t["method"]["label"] == "OwnStrategy" for t in marked]
    records = list(run_trials(spec.trials, jobs=2))
    assert len(records) == 6 and all(record["status"] == "ok" and record["f"] <= 1e-8 for record in records)
    trial = next(t for t in spec.trials if t["method"]["label"] == "OwnStrategy")
    plain = trial | {"method": trial["method"] | {"name": "cmaes"}}  # with the same key and streams
    assert run_trial(trial)["curve"] == run_trial(plain)["curve"]


def test_noisy_problems_are_judged_without_the_noise() -> None:
    record = run_trial(one(Problem("sphere", 3, {"noisy": 0.1}), precision=1e-3, budget=2000))
    assert record["status"] == "ok"
    assert record["f"] == pytest.approx(float((record["x"] ** 2).sum()), abs=1e-12)
    assert record["f"] >= 0
    if record["f"] <= 1e-3:
        assert record["message"] == "ftarget"


def test_noise_differs_between_repeats() -> None:
    trials = make_trials(Spec("s", [Problem("sphere", 2, {"noisy": 1.0})], ["cmaes", "snes"], seeds=2))
    values = [Terms.of(trial).objective(np.ones(2)) for trial in trials]
    assert values[0] != values[1]
    assert values[:2] == values[2:]  # the methods of one repeat meet the same noise
    assert run_trial(trials[0])["curve"] == run_trial(trials[0])["curve"]


@pytest.mark.parametrize(
    ("problem", "method", "words"),
    [
        (Problem("spere", 3), Method("cmaes"), "sphere"),
        (Problem("sphere", 3, {"rotatd": True}), Method("cmaes"), "rotated"),
        (Problem("sphere", 3), Method("cmase"), "cmaes"),
        (Problem("sphere", 3), Method("cmaes", {"sigma": 1.0}), "sigma"),
        (Problem("sphere", 3), Method("cmaes", {"sigma0": -1.0}), "sigma0 must be positive"),
        (Problem("nowhere:fun", 3), Method("cmaes"), "nowhere"),
        (Problem("tests.experiments.tasks:nothing", 3), Method("cmaes"), "has no nothing"),
        (Problem("tests.experiments.tasks:bowl", None), Method("cmaes"), "n"),
        (Problem("tests.experiments.tasks:bowl", 2, {"factory": True}), Method("cmaes"), "cannot start"),
        (Problem("sphere", 3, {"start": [2, 1]}), Method("cmaes"), "start must be [low, high]"),
        (Problem("step", 3), Method("adam"), "gradient"),
        (Problem("sphere", 3), Method("tests.experiments.tasks:bowl"), "must be a class that is an es.Optimizer"),
        (Problem("sphere", 3), Method("tests.experiments.tasks:Nothing"), "has no Nothing"),
    ],
)
def test_mistakes_show_before_any_evaluation(problem: Problem, method: Method, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_trials([one(problem, method)])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_batch_keeps_its_order() -> None:
    trials = make_trials(Spec("s", [Problem("sphere", 2)], ["cmaes", "snes"], seeds=3, budget=20))
    assert [record["key"] for record in run_batch(trials)] == [trial["key"] for trial in trials]
    np.testing.assert_array_less([record["seconds"] for record in run_in_worker(trials)], 60)


@pytest.mark.parametrize(
    ("name", "n", "options", "words"),
    [
        ("OF_THREE", 5, {}, "n=5 was asked for and tests.experiments.tasks:OF_THREE has n=3"),
        ("OF_THREE", None, {"matrix": [[1, 2]]}, "it takes no option matrix"),
        ("OF_THREE", 2, {"matrix": [[1]], "k": 1}, r"n=2 was asked .* has n=3; it takes no option k, matrix"),
        ("OF_THREE", 3, {"vectorized": True}, "it takes no option vectorized"),
        ("OF_THREE", 3, {"factory": True}, "it takes no option factory"),
        ("three", 4, {"factory": True}, "n=4 was asked for and tests.experiments.tasks:three has n=3"),
    ],
)
def test_an_objective_as_it_stands_is_not_asked_for_what_it_does_not_take(
    name: str, n: int | None, options: dict[str, Any], words: str
) -> None:
    problem = Problem(f"tests.experiments.tasks:{name}", n, options)
    with pytest.raises(SpecError, match=words):
        check_trials([one(problem)])


@pytest.mark.parametrize(("name", "n"), [("OF_THREE", 3), ("OF_THREE", None), ("OF_ANY", 2), ("OF_ANY", 5)])
def test_an_objective_as_it_stands_has_the_dimension_that_its_row_tells(name: str, n: int | None) -> None:
    record = run_trial(one(Problem(f"tests.experiments.tasks:{name}", n, {"start": [-1, 1], "sigma0": 0.3})))
    assert record["status"] == "ok" and record["n"] == len(record["x"]) == (n or 3)
    assert tasks.OF_ANY.n is None and tasks.OF_THREE.sigma0 is None  # what the module has is left as it was


@pytest.mark.parametrize("name", ["tests.experiments.tasks:OF_THREE", "hs71", "mgh-rosenbrock"])
def test_each_dimension_is_tried_before_the_study_runs(name: str) -> None:
    right = {"hs71": 4, "mgh-rosenbrock": 2}.get(name, 3)
    spec = Spec("s", [Problem(name, [right, 9])], [Method("cmaes")], seeds=1)
    check_trials(spec.trials[:1])
    with pytest.raises(SpecError, match=r"n=9\) cannot start"):
        check_trials(spec.trials)
