"""Behind nevergrad's interface: searched, parallel, late, saved, and in its registry."""

import pickle
import warnings

import numpy as np
import pytest

import es

warnings.filterwarnings("ignore", module="nevergrad")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ng = pytest.importorskip("nevergrad")

pytestmark = pytest.mark.filterwarnings("ignore")


def loss(x):
    return float(((x - 1) ** 2).sum())


def searched(method, budget=1200, n=4, workers=1, **more):
    optimizer = es.nevergrad_optimizer(method, **more)(parametrization=n, budget=budget, num_workers=workers)
    optimizer.parametrization.random_state.seed(3)
    return optimizer


@pytest.mark.parametrize("method", ["cmaes", "snes", "xnes", "crfmnes", "one-plus-one", es.SepCMAES])
def test_it_finds_the_least(method):
    assert loss(searched(method).minimize(loss).value) < 1e-3


def test_a_seed_of_nevergrad_fixes_the_run():
    first, second = (searched("cmaes", budget=100).minimize(loss).value for _ in range(2))
    assert np.array_equal(first, second)


def test_more_workers_than_a_generation_late_and_lost():
    optimizer = searched("cmaes", budget=3000, workers=30)
    held = []
    for k in range(1500):
        held.append(optimizer.ask())
        if len(held) == 30:
            late = held.pop(k % 30)
            if k % 17:  # else it never comes back
                optimizer.tell(late, loss(late.value))
    assert loss(optimizer.provide_recommendation().value) < 1e-3


def test_what_was_not_asked_for_joins():
    optimizer = searched("cmaes", budget=200)
    given = optimizer.parametrization.spawn_child(new_value=np.ones(4))
    optimizer.tell(given, loss(given.value))
    assert loss(optimizer.minimize(loss).value) < 1e-6


def test_mixed_parametrization_and_noise():
    space = ng.p.Instrumentation(
        ng.p.Scalar(lower=-5, upper=5),
        k=ng.p.Choice(["a", "b", "c"]),
        m=ng.p.Scalar(lower=0, upper=20).set_integer_casting(),
        r=ng.p.Log(lower=1e-6, upper=1),
    )
    optimizer = es.nevergrad_optimizer("cmaes")(space, budget=1500)
    optimizer.parametrization.random_state.seed(5)
    found = optimizer.minimize(lambda x, k, m, r: (x - 2) ** 2 + (k != "b") + abs(m - 6) + (np.log10(r) + 3) ** 2)
    assert found.kwargs["k"] == "b" and found.kwargs["m"] == 6
    assert abs(found.args[0] - 2) < 0.05


def test_several_losses():
    optimizer = searched("cmaes", budget=400, n=2)
    optimizer.minimize(lambda x: np.array([loss(x), loss(x + 2)]))
    front = np.array([point.losses for point in optimizer.pareto_front()])
    assert len(front) > 5 and front.min() < 0.1


def test_a_converged_run_starts_again():
    optimizer = searched("cmaes", budget=4000, n=2)
    optimizer.minimize(lambda x: float(np.sum(x**2 - 10 * np.cos(2 * np.pi * x) + 10)))
    assert len(optimizer.search.log) >= 1
    assert optimizer.search.log[-1]["popsize"] >= 6


def test_registry_dump_and_refusals(tmp_path):
    made = es.nevergrad_optimizer("snes", name="EvotapeForTheTest")
    try:
        assert ng.optimizers.registry["EvotapeForTheTest"] is made
        with pytest.raises(ValueError, match="name"):
            es.nevergrad_optimizer("snes", name="EvotapeForTheTest")
    finally:
        ng.optimizers.registry.unregister("EvotapeForTheTest")
    for wrong, match in (
        ({"method": "adam"}, "gradients"),
        ({"sigma0": -1.0}, "sigma0"),
        ({"options": {"nosuch": 1}}, "nosuch"),
    ):
        with pytest.raises((ValueError, TypeError), match=match):
            es.nevergrad_optimizer(**wrong)
    optimizer = searched("cmaes", budget=200)
    for _ in range(9):
        x = optimizer.ask()
        optimizer.tell(x, loss(x.value))
    again = pickle.loads(pickle.dumps(optimizer))
    assert loss(again.minimize(loss).value) < 1


@pytest.mark.parametrize("method", [info.name for info in es.methods() if info.kind == "strategy"])
def test_every_strategy_takes_candidates_one_by_one(method):
    optimizer = searched(method, budget=120, n=3, workers=3)
    assert np.isfinite(loss(optimizer.minimize(loss).value))
