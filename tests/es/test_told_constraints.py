"""`tell(x, f, constraints=...)`: the run of `minimize`, bit for bit."""

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

import es
from es.core.state import load, save

BUDGET = 700
LINE = {"constraints": lambda x: 1.0 - x[..., 0] - x[..., 1], "equalities": None}
BOTH = {"constraints": lambda x: np.stack([0.2 - x[..., 0], x[..., 1] - 3], -1), "equalities": lambda x: x[..., 1] - 1}


def f(x):
    return (x**2 * np.arange(1, x.shape[-1] + 1)).sum(-1)


def given(rules):
    """The same as `minimize` takes them; g(x) <= 0 and h(x) = 0."""
    made = [NonlinearConstraint(rules["constraints"], -np.inf, 0)]
    if rules["equalities"] is not None:
        made.append(NonlinearConstraint(rules["equalities"], 0, 0))
    return made


def values(rules, x):
    return {name: None if g is None else g(x) for name, g in rules.items()}


def record(path):
    """A callback that keeps means."""

    def keep(intermediate_result):
        path.append(intermediate_result.mean.copy())

    return keep


METHODS = [info.name for info in es.methods() if info.kind in ("strategy", "categorical")]
KEEP = [
    name
    for name in METHODS
    if "f_parent" not in es.get_method(name).state_names and name not in ("conditional-cmaes", "asng")
]


@pytest.mark.parametrize("name", KEEP)
@pytest.mark.parametrize("rules", [LINE, BOTH], ids=["inequality", "both"])
def test_every_strategy_runs_as_behind_minimize(name, rules):
    x0, path = [1.0, 2.0, -1.0], []
    res = es.minimize(
        f, x0, method=name, constraints=given(rules), rng=1, vectorized=True, maxfevals=BUDGET, callback=record(path)
    )
    opt = es.get_method(name)(x0, rng=1)
    if hasattr(opt, "without_default_end"):
        opt.without_default_end()
    for mean in path:
        x = opt.ask()
        if opt.nfev + len(x) > BUDGET:
            break
        opt.tell(x, f(x), **values(rules, x))
        np.testing.assert_array_equal(opt.x_mean, mean)
        if opt.stop():
            break
    if res.stop.keys() == {"maxfevals"}:
        assert not opt.stop()
    else:
        assert opt.stop() == res.stop
        np.testing.assert_array_equal(opt.result.x, res.x)
        assert opt.result.violation == res.violation
    assert opt.nit > 3


@pytest.mark.parametrize("name", [*sorted(set(METHODS) - set(KEEP) - {"conditional-cmaes", "asng"}), "adam", "auto"])
def test_what_keeps_no_constraints_refuses_them(name):
    opt = es.get_method(name)([1.0, 2.0], rng=1)
    x = opt.ask()
    more = {"g": np.ones((1, 2))} if name == "adam" else {}
    with pytest.raises(ValueError, match="constraints cannot be kept by"):
        opt.tell(x, np.ones(len(x)), constraints=np.ones((len(x), 1)), **more)


def test_the_end_is_that_of_minimize():
    res = es.minimize(f, [1.0, 2.0, -1.0], constraints=given(LINE), rng=3, vectorized=True)
    opt = es.CMAES([1.0, 2.0, -1.0], rng=3)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x), constraints=LINE["constraints"](x))
    assert "tolfeasible" in res.stop or res.stop
    assert opt.stop() == res.stop
    for name in ("x", "fun", "nfev", "ncev", "violation", "success", "message", "mean"):
        np.testing.assert_array_equal(opt.result[name], res[name])
    assert res.success
    assert res.fun == pytest.approx(2 / 3, rel=1e-4)


def test_one_by_one_in_any_order_is_the_run_of_whole_populations():
    rng = np.random.default_rng(0)
    runs = [es.CMAES([1.0, 2.0, -1.0], rng=3) for _ in range(3)]
    for _ in range(60):
        x = [opt.ask() for opt in runs]
        runs[0].tell(x[0], f(x[0]), **values(BOTH, x[0]))
        for opt, points, order in zip(runs[1:], x[1:], (np.arange(7), rng.permutation(7)), strict=True):
            for row in points[order]:
                opt.tell(row[None], [f(row)], **values(BOTH, row[None]))
        for opt in runs[1:]:
            np.testing.assert_array_equal(opt.mean, runs[0].mean)
            assert opt.stop().keys() == runs[0].stop().keys()
    assert [opt.result.x.tolist() for opt in runs[1:]] == [runs[0].result.x.tolist()] * 2


def test_saved_in_the_middle_of_a_population_it_goes_on(tmp_path):
    runs = [es.CMAES([1.0, 2.0, -1.0], rng=3) for _ in range(2)]
    for opt in runs:
        for _ in range(12):
            x = opt.ask()
            opt.tell(x, f(x), **values(BOTH, x))
    x = runs[0].ask()
    np.testing.assert_array_equal(runs[1].ask(), x)
    for opt in runs:
        opt.tell(x[:4], f(x[:4]), **values(BOTH, x[:4]))
    save(tmp_path / "run.npz", runs[0].state_dict())
    again = es.CMAES([1.0, 2.0, -1.0], rng=8)
    again.load_state_dict(load(tmp_path / "run.npz"))
    for opt in (again, runs[1]):
        opt.tell(x[4:], f(x[4:]), **values(BOTH, x[4:]))
        while not opt.stop():
            x1 = opt.ask()
            opt.tell(x1, f(x1), **values(BOTH, x1))
    np.testing.assert_array_equal(again.mean, runs[1].mean)
    assert again.stop() == runs[1].stop()
    for name in ("x", "fun", "ncev", "violation"):
        np.testing.assert_array_equal(again.result[name], runs[1].result[name])


def loss(p):
    return (p["rule"] != "b") + (p["x"] - 0.5) ** 2 + (p["k"] - 3) ** 2 + 3 * p.get("m", 0) ** 2


def limit(p):
    return p["k"] + 4 * p["x"] - 4


@pytest.mark.parametrize("conditional", [False, True])
def test_with_a_space(conditional):
    """The points of a space, and its constraints, told in coordinates."""
    more = {"m": es.Linear(0, 1, when={"rule": "a"})} if conditional else {}
    space = es.Space(rule=["a", "b", "c"], x=(-1, 1), k=es.Integer(0, 9), y=(0, 1), **more)
    res = es.minimize(
        loss, space, constraints=NonlinearConstraint(limit, -np.inf, 0), rng=5, maxfevals=3000, method="cmaes"
    )
    fitted = space.with_categories()
    cls = es.ConditionalCMAES if conditional else es.CatMarginCMAES
    options = {"conditions": fitted.conditions} if conditional else {}
    opt = cls(
        fitted.x0, bounds=fitted.bounds, categories=fitted.categories, integrality=fitted.integrality, rng=5, **options
    )
    while not opt.stop() and opt.nfev + opt.popsize <= 3000:
        x = opt.ask()
        points = [fitted.decode(row) for row in x]
        opt.tell(x, [loss(p) for p in points], constraints=[[limit(p)] for p in points])
    if opt.stop():
        assert opt.stop() == res.stop
    best = fitted.decode(opt.result.x)
    assert best == res.x
    assert opt.result.fun == res.fun
    assert limit(best) <= 0


def test_where_nothing_is_feasible_the_least_violation_is_the_result():
    opt = es.CMAES([1.0, 2.0], rng=1, stop={"maxfevals": 300})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x), constraints=1.0 + (x**2).sum(-1))
    assert opt.result.violation == pytest.approx(1.0, abs=1e-6)
    assert not opt.result.success
    assert "least violation" in opt.result.message
    assert abs(opt.result.x).max() < 1e-2


def test_late_and_lost_points():
    """Asynchronously: up to 20 points are out, one in ten never comes back."""
    rng = np.random.default_rng(1)
    opt = es.CMAES([1.0, 2.0, -1.0], rng=3, stop={"maxfevals": 4000})
    out = []
    while not opt.stop():
        while len(out) < 20:
            out.append(opt.ask(1)[0])
        row = out.pop(int(rng.integers(len(out))))
        if rng.random() > 0.1:
            opt.tell(row[None], [f(row)], constraints=[LINE["constraints"](row)])
    assert opt.result.fun == pytest.approx(2 / 3, rel=1e-3)
    assert opt.result.violation == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"constraints": np.ones((3, 1))}, "constraints must have shape"),
        ({"constraints": np.ones((6, 2, 1))}, "constraints must have shape"),
        ({"equalities": "no"}, "equalities must"),
        ({"constraints": np.ones((6, 0))}, "at least one value"),
        ({"constraints": np.ones(6), "rank_by": np.ones(6)}, "rank_by and feasible"),
        ({"constraints": np.ones(6), "feasible": np.ones(6, bool)}, "rank_by and feasible"),
    ],
)
def test_what_is_no_value_of_constraints(more, words):
    opt = es.CMAES([1.0, 2.0], rng=1)
    x = opt.ask()
    with pytest.raises(ValueError, match=words):
        opt.tell(x, f(x), **more)
    opt.tell(x, f(x))
    assert opt.nfev == 6


def test_they_are_told_in_every_call_and_of_one_run():
    opt = es.CMAES([1.0, 2.0], rng=1)
    x = opt.ask()
    opt.tell(x, f(x), constraints=np.ones(6))
    for more in ({}, {"constraints": np.ones((6, 2))}, {"equalities": np.ones(6)}):
        with pytest.raises(ValueError, match="as many at every point"):
            opt.tell(x, f(x), **more)
    stack = es.CMAES(np.ones((2, 3)), rng=1)
    x = stack.ask()
    with pytest.raises(ValueError, match="stack of 2 runs"):
        stack.tell(x, f(x), constraints=np.ones((2, 7, 1)))
