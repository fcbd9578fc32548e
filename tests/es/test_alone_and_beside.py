"""A result says the same of a run alone, in a stack, with restarts, in lanes and in turn: fields and numbers."""

import numpy as np
import pytest

import es
import problems
from tests.es.golden_runs import UNBOUNDED, two_goals, valley

METHODS = [info for info in es.methods() if info.kind not in ("categorical", "model")]
STARTS = np.linspace(-0.5, 0.5, 5) * np.array([[1.0], [0.5]])
SEEDS = np.random.SeedSequence(7)


def compare(runs, alone):
    """All fields but `history`, and what hangs on the clock."""
    for run, one in zip(runs, alone, strict=True):
        assert set(one) - set(run) == {"history"} and set(run) <= set(one)
        for name in set(run) - {"seconds", "seed"}:
            np.testing.assert_equal(run[name], one[name], name)
        assert type(run.seconds) is float and run.seconds > 0


@pytest.mark.parametrize("budget", [5, 37])  # of which populations of most methods are no divisors
@pytest.mark.parametrize("restarts", [None, "ipop"])
@pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)
def test_every_method(info, restarts, budget):
    if restarts and (info.kind == "multiobjective" or info.name == "auto"):
        pytest.skip("has no restarts")
    fun = two_goals if info.kind == "multiobjective" else valley
    more = {"method": info.name, "sigma0": 0.4, "vectorized": True, "maxfevals": budget, "restarts": restarts}
    more |= {} if info.name in UNBOUNDED else {"bounds": [(-0.8, 0.9)] * 5}
    runs = es.minimize_runs(fun, STARTS, rng=SEEDS, **more)
    seeds = np.random.SeedSequence(7).spawn(2)
    compare(runs, [es.minimize(fun, x0, rng=seed, **more) for x0, seed in zip(STARTS, seeds, strict=True)])


def test_in_lanes_and_a_problem_for_each():
    each = [problems.get("bbob-f3", n=2, instance=k) for k in (1, 2)]
    for restarts, budget in (("bipop", 9000), (None, 100)):
        more = {"method": "cmaes", "restarts": restarts, "maxfevals": budget}
        runs = es.minimize_runs(problems.stack(each), np.zeros(2), rng=SEEDS, **more)
        seeds = np.random.SeedSequence(7).spawn(2)
        compare(runs, [es.minimize(p, np.zeros(2), rng=seed, **more) for p, seed in zip(each, seeds, strict=True)])


def test_seconds_are_those_of_each_run():
    runs = es.minimize_runs(
        lambda x: (x**2).sum(-1), np.ones((3, 4)), vectorized=True, popsize=8, maxfevals=[8, 80, 4000], rng=1
    )
    assert 0 < runs[0].seconds < runs[1].seconds < runs[2].seconds
