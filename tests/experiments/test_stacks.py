"""Fused trials: which can be fused, and that fusing changes no bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import Method, Problem, Spec, Sweep, run_study
from experiments.scheduler import SLACK, Scheduler, dealt
from experiments.stacks import mark_stacks
from experiments.trial import make_trials, run_trial
from experiments.worker import run_batch
from tests.experiments.studies import numbers

METHODS = [Method("cmaes"), Method("snes"), Method("adam"), Method("momentum", {"lr": 1e-4}), Method("l-bfgs-b")]


def study() -> Spec:
    return Spec(
        "stacked",
        [Problem("ellipsoid", 10, {"rotated": True}), Problem("rastrigin", 3), Problem("digits-softmax", maxcost=40)],
        METHODS,
        seeds=3,
        budget=60,
        sweep=Sweep(grid={"method.sigma0": [0.5, 2.0]}, when={"method.sigma0": {"method.name": ["cmaes", "snes"]}}),
    )


def test_fused_trials_have_the_bits_of_single_ones(tmp_path: Path) -> None:
    run_study(study(), tmp_path / "single", backend="sequential")
    run_study(study(), tmp_path / "fused", jobs=2)
    assert numbers(tmp_path / "fused") == numbers(tmp_path / "single")


def test_company_in_the_stack_changes_no_bit() -> None:
    trials, _ = mark_stacks(make_trials(Spec("s", [Problem("rosenbrock", 6)], ["cmaes"], seeds=7, budget=100)))
    alone = [run_trial(trial) for trial in trials]
    for parts in ([trials], [trials[:2], trials[2:]], [trials[::-1]]):
        for record in (record for part in parts for record in run_batch(part)):
            reference = next(r for r in alone if r["key"] == record["key"])
            assert record["curve"] == reference["curve"]
            np.testing.assert_array_equal(record["x"], reference["x"])


@pytest.mark.parametrize(
    ("problem", "method", "fused"),
    [
        (Problem("sphere", 10), Method("cmaes"), True),
        (Problem("sphere", 10), Method("adam"), True),
        (Problem("sphere", 10), Method("cmaes", {"popsize": 20, "sigma0": 0.1}), True),
        (Problem("sphere", 10), Method("l-bfgs-b"), True),
        (Problem("sphere", 10), Method("nelder-mead"), False),
        (Problem("bbob-f7", 2), Method("l-bfgs-b"), False),
        (Problem("sphere", 10), Method("cmaes", {"restarts": "ipop"}), True),
        (Problem("sphere", 10), Method("lq-cmaes", {"restarts": "ipop"}), False),
        (Problem("sphere", 10), Method("cmaes", {"on_error": "penalize"}), False),
        (Problem("sphere", 10, {"noisy": 1.0}), Method("cmaes"), False),
        (Problem("sphere", 500), Method("cmaes"), False),
        (Problem("bbob-f1", 2, {"instance": "seed"}), Method("cmaes"), True),
        (Problem("bbob-f7", 2, {"instance": "seed"}), Method("adam"), False),
        (Problem("tests.experiments.tasks:slow_bowl", 2, {"x0": [0.0, 0.0]}), Method("cmaes"), False),
    ],
)
def test_what_is_fused(problem: Problem, method: Method, fused: bool) -> None:
    trials, limits = mark_stacks(make_trials(Spec("s", [problem], [method], seeds=2)))
    assert [trial["stack"] is not None for trial in trials] == [fused, fused]
    assert len(limits) == fused


def suite(**settings: Any) -> Spec:
    """Different functions and instances, with restarts, and a sweep over what may differ within a stack."""
    return Spec(
        "suite",
        [Problem(f"bbob-f{k}", n, {"instance": "seed"}) for k in (1, 3, 21) for n in (2, 3)],
        [
            Method("cmaes", {"restarts": "bipop"}),
            Method("snes", {"restarts": "ipop"}),
            Method("cmaes", label="once"),
            Method("l-bfgs-b", {"restarts": 1000}),
            Method("l-bfgs-b", label="first"),
        ],
        seeds=2,
        budget=150,
        **settings,
    )


def test_a_suite_with_restarts_in_stacks_has_the_bits_of_single_trials(tmp_path: Path) -> None:
    trials, limits = mark_stacks(make_trials(suite()))
    assert len(limits) == 10
    assert all(trial["stack"] for trial in trials)
    run_study(suite(), tmp_path / "single", backend="sequential")
    run_study(suite(), tmp_path / "fused", jobs=2)
    assert numbers(tmp_path / "fused") == numbers(tmp_path / "single")


def test_a_sweep_stands_in_one_stack(tmp_path: Path) -> None:
    sweep = Sweep(
        grid={"method.popsize": [4, 7], "method.c1": [0.05, 0.1]},
        zip={"method.sigma0": [0.5, 2.0], "method.cmu": [0.1, 0.2]},
    )
    spec = Spec("sweep", [Problem("bbob-f10", 3, {"instance": "seed"})], ["cmaes"], seeds=2, budget=50, sweep=sweep)
    assert len(mark_stacks(make_trials(spec))[1]) == 1
    run_study(spec, tmp_path / "single", backend="sequential")
    run_study(spec, tmp_path / "fused", jobs=1)
    assert numbers(tmp_path / "fused") == numbers(tmp_path / "single")


def test_a_stack_is_bounded_by_the_time_that_it_takes() -> None:
    def limit(budget: float) -> int:
        spec = Spec("s", [Problem("bbob-f1", 10, {"instance": "seed"})], ["cmaes"], seeds=100, budget=budget)
        return max(mark_stacks(make_trials(spec))[1].values(), default=1)

    assert limit(100) == 512
    assert 1 < limit(1e5) < limit(3e4) < 512
    assert limit(1e8) == 1


def test_gradients_are_shared_by_runs_that_take_long_alone() -> None:
    def limit(budget: float) -> int:
        spec = Spec("s", [Problem("bbob-f15", 10, {"instance": "seed"})], ["l-bfgs-b"], seeds=600, budget=budget)
        return max(mark_stacks(make_trials(spec))[1].values(), default=1)

    assert limit(100) == 512
    assert all(4 <= limit(budget) < 512 for budget in (1e5, 1e6, 1e9))  # what is followed for one serves the others


def test_a_single_trial_is_no_stack() -> None:
    trials, limits = mark_stacks(make_trials(Spec("s", [Problem("sphere", 5)], ["cmaes"], seeds=1)))
    assert trials[0]["stack"] is None
    assert limits == {}


def test_stacks_are_shared_out_and_stay_apart() -> None:
    spec = Spec("s", [Problem("sphere", 10)], [Method("cmaes"), Method("snes")], seeds=300)
    trials, limits = mark_stacks(make_trials(spec))
    batches = list(Scheduler(trials, 2, limits).batches())
    assert all(len({trial["stack"] for trial in batch}) == 1 for batch in batches)
    assert max(len(batch) for batch in batches) <= 75
    assert sum(len(batch) for batch in batches) == 600


def test_stacks_have_equal_shares_of_every_kind() -> None:
    spec = Spec("s", [Problem(f"bbob-f{k}", 10, {"instance": "seed"}) for k in range(1, 25)], ["cmaes"], seeds=15)
    trials, limits = mark_stacks(make_trials(spec))
    (name,) = limits
    batches = list(Scheduler(trials, 1, {name: 85}).batches())
    assert [len(batch) for batch in batches] == [90] * 4  # 85 runs and a few more, not 85 four times and 20
    assert sorted(trial["index"] for batch in batches for trial in batch) == list(range(360))
    for first, batch in enumerate(batches):
        functions = {int(trial["problem"]["name"].removeprefix("bbob-f")) for trial in batch}
        assert functions == set(range(1 + first, 25, 4))  # whole ones, easy ones and hard ones


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=12),
    st.integers(1, 60),
)
def test_dealing_loses_no_trial_and_is_even(kinds: list[int], most: int) -> None:
    group = [{"problem": {"label": str(kind), "n": 2}, "method": {"name": "cmaes"}, "index": (kind, place)}
             for kind, count in enumerate(kinds) for place in range(count)]  # fmt: skip
    sizes = [len(part) for part in dealt(group, most)]
    assert sorted(trial["index"] for part in dealt(group, most) for trial in part) == [t["index"] for t in group]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= SLACK * most


def test_the_guilty_trial_fails_alone() -> None:
    spec = Spec(
        "s",
        [Problem("tests.experiments.tasks:trap", 2, {"vectorized": True, "bounds": [[-1, 1], [-1, 1]]})],
        ["cmaes"],
        seeds=6,
        maxcost=6,
    )
    trials, limits = mark_stacks(make_trials(spec))
    assert limits
    fused = run_batch(trials)
    single = [run_trial(trial) for trial in trials]
    assert [r["status"] for r in fused] == [r["status"] for r in single]
    assert {r["status"] for r in fused} == {"ok", "error"}
