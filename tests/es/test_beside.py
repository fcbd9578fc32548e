"""Runs over whole numbers and categories end as a success only where nothing beside the best point is better."""

import math

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

import es
from es.core.state import load, save
from es.parts.beside import FEW, Values

SEEDS = range(8)


def table(shape, seed):
    """A function without any order: random numbers for each combination of values."""
    t = np.random.default_rng(seed).normal(size=shape)

    def fun(p):
        places = [round(10 * p["b"]) if k == "step" else p[k] for k in ("a", "b", "c") if k in p]
        return float(t[tuple(places)]) + (p.get("x", 0.2) - 0.2) ** 2

    return fun


def conditional(seed):
    t = np.random.default_rng(seed).normal(size=(4, 6))
    return lambda p: float(t[p["a"], p.get("b", 0)]) + (p.get("x", 0.1) - 0.2) ** 2


SPACES = {
    "whole numbers": es.Space(a=es.Integer(0, 11), b=es.Integer(0, 11)),
    "an order": es.Space(a=es.Ordinal(*range(9)), b=es.Integer(0, 3)),
    "categories": es.Space(a=es.Choice(*range(5)), b=es.Choice(*range(5)), c=es.Choice(*range(5))),
    "all kinds": es.Space(a=es.Choice(0, 1, 2, 3), b=es.Integer(0, 6), x=es.Linear(-1, 1)),
    "many": es.Space(a=es.Integer(0, 100), x=es.Linear(-1, 1)),
    "conditions": es.Space(
        a=es.Choice(0, 1, 2, 3), b=es.Integer(0, 5, when={"a": [0, 1]}), x=es.Linear(-1, 1, when={"a": [1, 2]})
    ),
}
SIZES = {
    "whole numbers": (12, 12), "an order": (9, 4), "categories": (5, 5, 5), "all kinds": (4, 7), "many": (101,)
}  # fmt: skip


def function(name, seed):
    return conditional(seed) if name == "conditions" else table(SIZES[name], seed)


def values_of(parameter):
    return range(parameter.limits[0], parameter.limits[1] + 1) if hasattr(parameter, "limits") else parameter.values


def beside(space, x):
    """All points that differ from a dict in one category or whole number, of many values in the next ones."""
    for name in [name for name in x if name != "x"]:
        values = list(values_of(space[name]))
        for place, value in enumerate(values):
            if value != x[name] and (len(values) <= FEW or abs(place - values.index(x[name])) == 1):
                point = {**x, name: value}
                if space.contains(point):
                    yield point


def assert_nothing_is_better(fun, space, res):
    assert all(fun(point) >= res.fun for point in beside(space, res.x))
    if "x" in res.x:
        assert res.x["x"] == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("name", SPACES)
def test_nothing_beside_a_success_is_better(name):
    space, ended = SPACES[name], 0
    for seed in SEEDS:
        fun = function(name, seed)
        res = es.minimize(fun, space, rng=seed, maxfevals=5000)
        if res.success:
            ended += 1
            assert_nothing_is_better(fun, space, res)
    assert ended >= 6


@pytest.mark.parametrize("name", ["whole numbers", "conditions", "all kinds"])
@pytest.mark.parametrize("more", [{"restarts": 1}, {"asynchronous": True}, {"maximize": True}])
def test_nor_in_runs_of_other_kinds(name, more):
    for seed in SEEDS[:4]:
        fun = function(name, seed)
        sign = -1.0 if "maximize" in more else 1.0
        res = es.minimize(lambda p, f=fun, s=sign: s * f(p), SPACES[name], rng=seed, maxfevals=5000, **more)
        if res.success:
            res.fun *= sign
            assert_nothing_is_better(fun, SPACES[name], res)


def hills(a):
    return 3 * (1 - math.cos(2 * math.pi * a / 7.3)) + 0.01 * (a - 60) ** 2


def over_hills(p):
    return hills(p["a"]) + (p["x"] - 0.2) ** 2


OVER_HILLS = es.Space(a=es.Integer(0, 100), x=es.Linear(-1, 1))


@pytest.mark.parametrize("seed", [5, 9, 12, 14, 18])
@pytest.mark.parametrize("method", [None, "cat-cmaes-margin"])
def test_a_best_point_that_the_search_has_left_is_gone_on_from(seed, method):
    """These seeds settle at another hill than that of an early point, which was told as the solution."""
    if method is None:
        res = es.minimize(over_hills, OVER_HILLS, rng=seed, maxfevals=5000)
        a, x = res.x["a"], res.x["x"]
    else:
        res = es.minimize(
            lambda x: hills(x[0]) + (x[1] - 0.2) ** 2, [50.0, 0.0], bounds=[(0, 100), (-1, 1)], integrality=[1, 0],
            method=method, rng=seed, maxfevals=5000,
        )  # fmt: skip
        a, x = res.x
    assert res.success and x == pytest.approx(0.2, abs=1e-4)
    assert hills(a) <= min(hills(a - 1), hills(a + 1)) and res.fun <= hills(58) + 1e-7


@pytest.mark.parametrize("bound", [0.1, 0.9])
def test_so_it_is_under_constraints(bound):
    aside = NonlinearConstraint(lambda p: p["x"] - bound, -np.inf, 0)
    for seed in (5, 9, 10):
        res = es.minimize(over_hills, OVER_HILLS, rng=seed, maxfevals=4000, constraints=aside)
        assert not res.success or res.x["x"] == pytest.approx(min(0.2, bound), abs=1e-3)


def test_only_feasible_points_beside_the_best_one_count():
    space, ended = SPACES["whole numbers"], 0
    for seed in SEEDS:
        fun, bad = table((12, 12), seed), np.random.default_rng(seed + 100).normal(size=(12, 12)) > 0.7
        kept = NonlinearConstraint(lambda p, bad=bad: float(bad[p["a"], p["b"]]), -np.inf, 0)
        res = es.minimize(fun, space, rng=seed, maxfevals=8000, constraints=kept)
        assert not bad[res.x["a"], res.x["b"]]
        if res.success:
            ended += 1
            assert all(bad[p["a"], p["b"]] or fun(p) >= res.fun for p in beside(space, res.x))
    assert ended >= 6


def test_a_point_that_stands_alone_is_no_success():
    """One value of x, and only the first, is far better: where the search goes on it comes to rest elsewhere again."""
    first = []

    def fun(p):
        first.append(p["x"])
        return -5.0 if p["x"] == first[0] and p["k"] == 3 else (p["x"] - 0.2) ** 2 + abs(p["k"] - 6)

    space = es.Space(x=es.Linear(-1, 1, init=-0.8), k=es.Integer(0, 9, init=3))
    res = es.minimize(fun, space, rng=1, maxfevals=20_000, evaluate_x0=True)
    assert res.fun == -5.0 and not res.success and list(res.stop) == ["elsewhere"]


def rugged(x):
    """Over whole numbers in x[..., 0] and categories in x[..., 1]: random, and a parabola in the rest."""
    t = np.random.default_rng(3).normal(size=(12, 4))
    k, c = (np.rint(x[..., i]).astype(int) for i in (0, 1))
    return t[k, c] + ((x[..., 2:] - 0.3) ** 2).sum(-1)


def optimizer(rng, runs=None):
    x0 = np.array([6.0, 0.0, 0.1, -0.2])
    return es.CatMarginCMAES(
        x0 if runs is None else np.tile(x0, (runs, 1)), categories=[0, 4, 0, 0], integrality=[1, 0, 0, 0],
        bounds=[(0, 11), (0, 3), (-1, 1), (-1, 1)], rng=rng, popsize=8, stop={"maxfevals": 5000},
    )  # fmt: skip


def run(opt, parts=None):
    while not opt.stop():
        x = opt.ask(parts)
        opt.tell(x, rugged(x))
    return opt


def same(a, b):
    return a.nfev == b.nfev and np.array_equal(a.x, b.x) and a.stop == b.stop and np.array_equal(a.mean, b.mean)


def test_runs_in_a_stack_look_as_alone():
    alone = [run(optimizer(seed)).result for seed in range(6)]
    stacked = run(optimizer(list(range(6)), 6)).results
    assert all(map(same, alone, stacked)) and all(res.success for res in alone)
    assert len({res.nfev for res in alone}) > 2


@pytest.mark.parametrize("parts", [1, 4])
def test_points_told_in_parts_are_the_same_run(parts):
    assert same(run(optimizer(1)).result, run(optimizer(1), parts).result)


def test_a_run_that_is_saved_while_it_looks_goes_on_as_it_would(tmp_path):
    opt, whole, looked = optimizer(2), run(optimizer(2)).result, 0
    while not opt.stop():
        if opt.rests:
            looked += 1
            save(tmp_path / "state.npz", opt.state_dict())
            opt = optimizer(2)
            opt.load_state_dict(load(tmp_path / "state.npz"))
            assert not opt.stop() and opt.rests
        x = opt.ask()
        opt.tell(x, rugged(x))
    assert looked and same(opt.result, whole)


def test_a_budget_that_ends_while_it_looks_is_no_success():
    fun, space = table((12, 12), 1), SPACES["whole numbers"]
    whole = es.minimize(fun, space, rng=1)
    cut = es.minimize(fun, space, rng=1, maxfevals=whole.nfev - 1)
    assert whole.success and not cut.success and cut.nfev == whole.nfev - 1 and list(cut.stop) == ["maxfevals"]


def test_points_that_never_come_back_are_asked_for_again_and_then_given_up():
    opt, beside_best = optimizer(1), 0
    for _ in range(5000):
        if opt.stop():
            break
        x = opt.ask()
        if opt.rests:  # all that is handed out is changed on its way
            beside_best += 1
            x[:, 2:] = np.clip(x[:, 2:] + 1e-3, -1, 1)
        opt.tell(x, rugged(x))
    assert beside_best > 30 and list(opt.stop()) == ["unanswered"] and not opt.result.success


def test_a_stack_tells_all_reasons_of_a_run_that_has_looked():
    def fun(x):
        return (((x - 0.3) / [1, 10, 1]) ** 2).sum(-1)

    def margin(rng, *runs):
        return es.MarginCMAES(np.full((*runs, 3), 4.0), 2.0, integrality=[1, 1, 0], rng=rng)

    seeds, stacked, alone = list(range(12)), margin(list(range(12)), 12), []
    while not stacked.stop():
        x = stacked.ask()
        stacked.tell(x, fun(x))
    for seed in seeds:
        opt = margin(seed)
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, fun(x))
        alone.append(opt.result)
    assert all(map(same, alone, stacked.results)) and any(len(res.stop) > 1 and res.success for res in alone)


def test_neighbours_of_logarithmic_integers_are_looked_at_too():
    space = es.Space(a=es.Integer(1, 64, log=True), c=es.Choice(0, 1, 2, 3), x=es.Linear(-1, 1, when={"c": [0, 1, 2]}))
    for seed in SEEDS:
        t = np.random.default_rng(seed).normal(size=(66, 4))

        def fun(p, t=t):
            return float(t[p["a"], p["c"]]) + (p.get("x", 0.1) - 0.2) ** 2

        res = es.minimize(fun, space, rng=seed, maxfevals=6000)
        near = [{**res.x, "a": a} for a in (res.x["a"] - 1, res.x["a"] + 1) if 1 <= a <= 64]
        assert not res.success or all(fun(point) >= res.fun for point in near)
        plain = es.Space(a=es.Integer(1, 64, log=True), c=es.Choice(0, 1, 2, 3))
        res = es.minimize(fun, plain, rng=seed)
        near = [{**res.x, "a": a} for a in (res.x["a"] - 1, res.x["a"] + 1) if 1 <= a <= 64]
        assert res.success and all(fun(point) >= res.fun for point in near)


def test_levels_beside_a_point():
    some, many = np.array([0.1, 0.4, 0.9]), np.linspace(0, 1, 41)
    values = Values.none({0: some, 1: many})
    found = values.beside(np.array([0.3, 0.512]))
    assert found[:3].tolist() == [[0.1, 0.512], [0.4, 0.512], [0.9, 0.512]]
    np.testing.assert_allclose(found[3:], [[0.3, 0.475], [0.3, 0.5], [0.3, 0.525], [0.3, 0.55]])
    assert values.of(np.array([0.3, 0.512])).tolist() == [1.0, 20.0]
    with pytest.raises(ValueError, match="levels must give finite values of coordinates below 1"):
        es.CatMarginCMAES([0.0], levels={1: [0.0]})


def test_values_beside_a_point():
    values = Values.none({}).joined(np.array([0]), np.array([0.0]), np.array([2.0]), False)
    values = values.joined(np.array([2, 3]), np.array([-np.inf, 5.0]), np.array([100.0, 7.0]), True)
    found = values.beside(np.array([1.0, 0.5, 100.0, 6.0]))
    assert found.tolist() == [
        [0.0, 0.5, 100.0, 6.0], [2.0, 0.5, 100.0, 6.0], [1.0, 0.5, 99.0, 6.0],
        [1.0, 0.5, 100.0, 5.0], [1.0, 0.5, 100.0, 7.0],
    ]  # fmt: skip
    there = np.array([False, True, True, False])
    assert values.beside(np.array([1.0, 0.5, 3.0, 6.0]), there)[:, 2].tolist() == [2.0, 4.0]
