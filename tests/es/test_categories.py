"""Categories and whole numbers: ASNG, CatCMA and CatCMA with margin."""

import numpy as np
import pytest
from scipy.stats import norm

import es
from es.core.state import load, save
from es.parts.categorical import Categorical, margin
from es.parts.integers import Cells, kept_margin
from es.parts.parameters import cma

# Golden steps: points, best first, and what the papers' formulas make of them, computed independently.
V = np.array(
    [
        [0.5, -0.2, 0.7, -0.9],
        [0.1, 0.4, -0.1, 0.3],
        [-0.6, 0.3, 0.2, 1.2],
        [0.3, -0.8, -0.6, 0.4],
        [-1.0, 0.6, 0.4, -1.6],
        [0.8, 0.9, 0.1, 0.6],
    ]
)


def test_golden_steps_of_the_categorical_distribution():
    categorical = Categorical([3, 2], margin(2))
    weights = cma(1, 4, False).weights[:2]
    first = categorical.learned(categorical.start(()), np.array([[0, 1], [1, 0]]), weights)
    assert first.q[0] == pytest.approx([0.7124366890375, 0.2147634982284, 0.0727998127341], abs=1e-8)  # a length + 1e-8
    assert first.q[1] == pytest.approx([0.2452138468503, 0.7547861531497, 0], abs=1e-8)
    assert first.Delta == pytest.approx(1.17125074695529, abs=1e-8)
    second = categorical.learned(first, np.array([[0, 0], [0, 1]]), weights)
    assert second.q[0] == pytest.approx([0.8400124422557, 0.0871877450101, 0.0727998127], abs=1e-8)
    assert second.q[1, :2] == pytest.approx([0.5751867614, 0.4248132386], abs=1e-8)
    assert second.Delta == pytest.approx(1.4219319, abs=1e-7)


def told(opt, points):
    """One update with these points, best first, and A made symmetric, as it is in the paper."""
    y = points - opt.mean
    y = y / opt.stretch if hasattr(opt, "stretch") else y
    opt._chosen = None
    opt._update(opt._invert_sample(y), y)
    opt.nit += 1
    u, s, vt = np.linalg.svd(opt.A)
    opt.A, opt.q = (u * s) @ u.T, u @ vt @ opt.q


def test_golden_steps_with_whole_numbers():
    p = cma(4, 6)
    cmu = 2 * (p.mueff - 2 + 1 / p.mueff) / (36 + p.mueff)  # without the quarter of the tutorial's second edition
    box = [(-3, 3)] * 2 + [(-2, 2)] * 2
    opt = es.CatMarginCMAES(np.zeros(4), integrality=[0, 0, 1, 1], bounds=box, popsize=6, cmu=cmu)
    told(opt, V)
    assert opt.mean == pytest.approx([0.299946008572, 0.009935740123, 0.657287561225, -0.418042681989], abs=1e-11)
    assert opt.sigma / 0.5 == pytest.approx(1.04967938182693, abs=1e-11)
    assert opt.stretch == pytest.approx([1, 1, 1.212381309669, 1.410244319206], abs=1e-10)
    assert opt.mutation == pytest.approx([0.465759012367, 0.521116219404], abs=1e-11)
    told(opt, opt.mean + 0.5 * V[::-1])
    assert opt.mean == pytest.approx([0.424235984048, 0.350621105885, 0.841697558974, -0.384588904993], abs=1e-8)
    assert opt.sigma / 0.5 == pytest.approx(1.05996141234461, abs=1e-9)
    assert opt.stretch[3] == pytest.approx(1.430526801001, abs=1e-8)
    assert opt.mutation == pytest.approx([0.416168875674, 0.497507402643], abs=1e-9)


def test_golden_step_of_catcma():
    opt = es.CatCMAES(np.zeros(2), 1.0, popsize=4)
    told(opt, V[:4, :2])
    assert opt.mean == pytest.approx([0.421665143973, -0.08249771596], abs=1e-11)
    assert opt.sigma == pytest.approx(0.824189328437245, abs=1e-12)


def mixed(x):
    """Two real numbers, a whole number, a category of four values and one of three."""
    real = ((x[..., :2] - 0.3) ** 2).sum(-1) + (x[..., 2] - 2) ** 2
    return real + (x[..., 3] != 1) + (x[..., 4] != 2)


OPTIONS = {"categories": [0, 0, 0, 4, 3], "integrality": [0, 0, 1, 0, 0]}
BOX = [(-5, 5), (-5, 5), (-9, 9), (0, 3), (0, 2)]


def test_runs_of_a_stack_are_the_runs_alone():
    stop = {"ftarget": 1e-8, "maxfevals": 3000}
    stack = es.CatMarginCMAES(np.zeros((4, 5)), bounds=BOX, rng=[1, 2, 3, 4], stop=stop, **OPTIONS)
    while not stack.stop():
        x = stack.ask()
        stack.tell(x, mixed(x))
    for seed, run in enumerate(stack.results, 1):
        alone = es.CatMarginCMAES(np.zeros(5), bounds=BOX, rng=seed, stop=stop, **OPTIONS)
        while not alone.stop():
            x = alone.ask()
            alone.tell(x, mixed(x))
        assert alone.result.nfev == run.nfev and np.array_equal(alone.result.x, run.x)
        assert run.success and np.array_equal(run.x[2:], [2, 1, 2])


def test_saved_and_loaded_it_goes_on_bit_for_bit(tmp_path):
    def some(opt, generations):
        for _ in range(generations):
            x = opt.ask()
            opt.tell(x, mixed(x))
        return opt

    through, part = (some(es.CatMarginCMAES(np.zeros(5), bounds=BOX, rng=3, **OPTIONS), 9) for _ in range(2))
    waiting = part.ask()
    save(tmp_path / "state.npz", part.state_dict())
    again = es.CatMarginCMAES(np.zeros(5), bounds=BOX, rng=8, **OPTIONS)
    again.load_state_dict(load(tmp_path / "state.npz"))
    for opt in (through, again):
        x = waiting if opt is again else opt.ask()
        opt.tell(x, mixed(x))
    assert np.array_equal(some(through, 5).ask(), some(again, 5).ask())


def test_a_category_is_sampled_as_often_as_its_probability_says():
    opt = es.ASNG(np.zeros(2), categories=[3, 2], rng=1)
    opt.probabilities = np.array([[0.7, 0.2, 0.1], [0.05, 0.95, 0.0]])
    x = opt.ask(20_000)
    for j, q in enumerate(([0.7, 0.2, 0.1], [0.05, 0.95])):
        assert np.bincount(x[:, j].astype(int)) / len(x) == pytest.approx(q, abs=0.012)


def test_whole_numbers_are_spread_out_over_the_population():
    """Each occurs as often as its probability says, up to one, however many points are asked, and in every run."""
    inside = {"bounds": [(-10, 10)] * 4 + [(0, 2)], "integrality": [0, 1, 0, 1, 0], "categories": [0, 0, 0, 0, 3]}
    for k in (1, 9, 40):
        opt = es.CatMarginCMAES(np.zeros((3, 5)), [[1, 2, 1, 3, 1]], popsize=9, rng=range(3), **inside)
        x = opt.ask(k)
        for j, std in ((1, 2.0), (3, 3.0)):
            border = np.arange(-9.5, 10)
            at_most = (x[..., j, None] < border).sum(-2)
            assert (np.abs(at_most - k * norm.cdf(border / std)) < 1).all()
        assert len(np.unique(x[..., 0])) == 3 * k


def test_no_value_is_ever_lost():
    """However long one value wins, the others keep their share."""
    opt = es.ASNG(np.zeros(3), categories=[2, 3, 7], rng=1)
    for _ in range(300):
        x = opt.ask()
        opt.tell(x, x.sum(-1))
    least = margin(3) / np.array([1, 2, 6])
    q = opt.probabilities
    assert (q.argmax(-1) == 0).all() and q.sum(-1) == pytest.approx(1)
    for row, share, k in zip(q, least, (2, 3, 7), strict=True):
        assert row[:k].min() >= share * (1 - 1e-12)
        assert not row[k:].any()


@pytest.mark.parametrize("low", [-np.inf, -3.0])
@pytest.mark.parametrize("std", [1e-12, 0.3, 50.0])
def test_whole_numbers_keep_their_margin(low, std):
    """Levels of unequal number beside each other: each side of the mean keeps its probability."""
    from scipy.special import ndtr

    cells = Cells(np.array([low, 0.0]), np.array([9.0, 1.0]))
    alpha = margin(2)
    mean, factor, mutation = kept_margin(
        cells, np.array([2.3, 0.4]), np.full(2, std), np.full(2, 0.5), np.array([True, True]), alpha
    )
    std = std * factor
    assert cells.rounded(mean).tolist() == [2, 0]
    assert ndtr((1.5 - mean[0]) / std[0]) >= alpha / 2 * (1 - 1e-6)
    assert ndtr((mean[0] - 2.5) / std[0]) >= alpha / 2 * (1 - 1e-6)
    assert ndtr((mean[1] - 0.5) / std[1]) >= alpha * (1 - 1e-6)
    assert (mutation >= alpha * (1 - 1e-6)).all()


def test_a_mean_on_a_border_stays_finite():
    cells = Cells(np.array([0.0, 0.0]), np.array([1.0, 2.0]))
    for success in (True, False):
        kept = kept_margin(cells, np.array([0.5, 1.5]), np.full(2, 0.1), np.full(2, 0.3), np.full(2, success), 0.1)
        assert all(np.isfinite(part).all() for part in kept)


def test_bounds_of_a_category_are_kept():
    opt = es.CatCMAES([0.5, 1.0], 0.2, categories=[0, 5], bounds=[(0, 1), (1, 3)], rng=1)
    for _ in range(20):
        x = opt.ask()
        assert ((x >= [0, 1]) & (x <= [1, 3])).all() and (x[:, 1] == np.rint(x[:, 1])).all()
        opt.tell(x, x[:, 0] - x[:, 1])
    assert opt.x_mean[1] == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: es.CatCMAES([0.0, 0.0], categories=[2]), r"categories must have shape \(2,\)"),
        (lambda: es.CatCMAES([0.0, 0.0], categories=[1, 0]), "categories must hold .* at least 2"),
        (lambda: es.CatCMAES([0.0, 0.0], categories=[2.5, 0]), "categories must hold"),
        (lambda: es.CatCMAES([0.0, 0.0], categories=["a", 0]), "categories"),
        (lambda: es.ASNG([0.0, 0.0], categories=[2, 0]), "categories of ASNG must give"),
        (lambda: es.ASNG([0.0, 0.0]), "categories of ASNG must give"),
        (lambda: es.CatCMAES([0.5], categories=[3], bounds=[(0.2, 0.8)]), "bounds must leave one of its 3 values"),
        (lambda: es.CatCMAES([0.0, 0], covariance0=np.eye(2), categories=[0, 3]), "covariance0 cannot be given"),
        (lambda: es.CatMarginCMAES([0.0, 0], integrality=[1]), "integrality must have shape"),
        (
            lambda: es.minimize(len, es.Space(k=es.Integer(0, 9), c=["a", "b"]), method="cat-cmaes"),
            "take 'cat-cmaes-margin'",
        ),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


SPACES = {
    "CMAES": es.Space(a=(0, 1), b=es.Log(1e-3, 1), k=es.Integer(1, 1024, log=True)),
    "ASNG": es.Space(a=["x", "y"], b=es.Integer(0, 2), c=es.Ordinal(8, 16)),
    "CatMarginCMAES": es.Space(a=(0, 1), b=es.Integer(0, 3), c=["x", "y", "z"]),
}


@pytest.mark.parametrize("method", ["cmaes", "auto"])
@pytest.mark.parametrize("name", SPACES)
def test_the_method_follows_what_is_in_the_space(name, method):
    def fun(p):
        assert SPACES[name].contains(p)
        return float(p["a"] == "x" if isinstance(p["a"], str) else p["a"])

    expected = "Auto" if (name, method) == ("CMAES", "auto") else name
    assert es.minimize(fun, SPACES[name], method=method, maxfevals=60, rng=1).method == expected


def test_other_methods_keep_their_coordinates():
    def fun(p):
        return p["a"] + (p["c"] != "y")

    res = es.minimize(fun, es.Space(a=(0, 1), c=["x", "y", "z"]), method="snes", maxfevals=400, rng=1)
    assert res.method == "SNES" and res.x["c"] == "y"


def test_a_discrete_run_ends_by_itself_and_says_why():
    res = es.minimize(
        lambda p: sum(v != "b" for v in p.values()), es.Space({f"c{i}": ["a", "b", "c"] for i in range(8)})
    )
    assert res.success and res.fun == 0 and list(res.stop) == ["settled"]


@pytest.mark.parametrize("restarts", [1, "bipop"])
def test_restarts_go_on_with_categories(restarts):
    def fun(p):
        return (p["a"] - 0.5) ** 2 + (p["c"] != "b") + abs(p["k"] - 3)

    space = es.Space(a=(0, 1), c=["a", "b", "c"], k=es.Integer(0, 9))
    res = es.minimize(fun, space, restarts=restarts, maxfevals=3000, rng=1)
    assert res.fun < 1e-9 and len(res.restarts) > 0


def test_constraints_hold_beside_categories():
    from scipy.optimize import NonlinearConstraint

    def fun(p):
        return (p["a"] - 1) ** 2 + (p["c"] != "b") + (p["k"] - 6) ** 2

    space = es.Space(a=(-5, 5), c=["a", "b", "c"], k=es.Integer(0, 9))
    least = NonlinearConstraint(lambda p: p["a"] + p["k"], -np.inf, 5.5)
    res = es.minimize(fun, space, constraints=least, maxfevals=6000, rng=1)
    assert res.x["c"] == "b" and res.x["k"] == 5 and res.x["a"] == pytest.approx(0.5, abs=1e-4)


def two_goals(p):
    one = p["x"] ** 2 + p["k"] ** 2 + (p["c"] != "a")
    return np.array([one, (p["x"] - 1) ** 2 + (p["k"] - 5) ** 2 + (p["c"] != "b")])


def test_several_objectives_over_a_mixed_space():
    """From the optimum of one objective to that of the other each whole number is a compromise, and no other."""
    space = es.Space(x=(-5, 5), k=es.Integer(-9, 9), c=["a", "b"])
    res = es.minimize(two_goals, space, method="mo-cmaes", maxfevals=4000, rng=1)
    assert {p["k"] for p in res.x} == set(range(6)) and {p["c"] for p in res.x} == {"a", "b"}
    assert all(isinstance(p["k"], int) and -0.1 < p["x"] < 1.1 for p in res.x)


def test_whole_numbers_of_several_objectives_stay_inside_their_bounds():
    opt = es.MOCMAES([0.5, 2.4], 0.01, integrality=[0, 1], bounds=[(0, 1), (0.5, 3.5)], popsize=10, rng=1)
    seen = set()
    for _ in range(30):
        x = opt.ask()
        seen |= set(x[:, 1].tolist())
        opt.tell(x, np.stack([x[:, 0] + x[:, 1], 1 - x[:, 0] - x[:, 1]], axis=-1))
    assert seen == {1.0, 2.0, 3.0}
    with pytest.raises(ValueError, match="integrality must have shape"):
        es.MOCMAES([0.0, 0.0], integrality=[1])
    with pytest.raises(ValueError, match="leave a whole number"):
        es.MOCMAES([0.5, 0.5], integrality=[0, 1], bounds=[(0, 1), (0.2, 0.8)])


def test_a_preferred_value_begins_with_half_and_its_share():
    categorical = Categorical([3, 2, 4], margin(3))
    q = categorical.start((2,), [2, np.nan, 0]).q
    np.testing.assert_allclose(q[1], [[1 / 6, 1 / 6, 2 / 3, 0], [0.5, 0.5, 0, 0], [0.625, 0.125, 0.125, 0.125]])
    many = Categorical([200], margin(1))
    assert (many.start((), [7]).q[0] >= many.least[0]).all()


def test_init_of_a_choice_is_where_a_categorical_method_begins():
    first = []

    def f(p):
        first.append((p["a"], p["b"], p["k"]))
        return 0.0

    space = es.Space(
        a=es.Choice("u", "v", "w", init="w"), b=es.Choice(1, 2, 3, 4), k=es.Integer(0, 2, init=1), x=(0, 1)
    )
    fitted = space.with_categories()
    np.testing.assert_array_equal(fitted.preferred, [2, np.nan, 1, np.nan])
    es.minimize(f, space, popsize=3000, maxiter=1, rng=1)
    a, b, k = (np.array([row[i] for row in first]) for i in range(3))
    assert (a == "w").mean() == pytest.approx(2 / 3, abs=0.03)
    assert (k == 1).mean() == pytest.approx(2 / 3, abs=0.03)
    assert (b == 1).mean() == pytest.approx(1 / 4, abs=0.03)


@pytest.mark.parametrize("method", ["asng", "cat-cmaes", "cat-cmaes-margin"])
def test_every_categorical_method_begins_there_with_restarts_too(method):
    numbers = {} if method == "asng" else {"x": (-1, 1)}
    space = es.Space(a=es.Choice(*range(8), init=5), **numbers)
    seen = []

    def f(p):
        seen.append(p["a"])
        return abs(p["a"] - 5) + p.get("x", 0) ** 2

    res = es.minimize(f, space, method=method, popsize=200, maxiter=1, rng=1)
    assert np.mean(np.array(seen) == 5) > 0.45
    assert res.x["a"] == 5
    res = es.minimize(f, space, method=method, restarts=2, maxfevals=3000, rng=1)
    assert res.x["a"] == 5


def test_init_picks_the_branch():
    seen = []

    def f(p):
        seen.append(p)
        return 0.0

    space = es.Space(
        kind=es.Choice("a", "b", "c", init="c"), x=es.Linear(0, 1, when={"kind": "a"}),
        y=es.Choice(1, 2, 3, init=2, when={"kind": ["b", "c"]}), z=es.Linear(0, 1, when={"kind": "c"}),
    )  # fmt: skip
    es.minimize(f, space, maxfevals=600, rng=1, popsize=600)
    kinds = np.array([p["kind"] for p in seen])
    assert (kinds == "c").mean() == pytest.approx(2 / 3, abs=0.06)
    of_c = [p["y"] for p in seen if p["kind"] == "c"][:10]  # later ones have learned from equal values
    assert np.mean(np.array(of_c) == 2) > 0.4


@pytest.mark.parametrize(
    ("preferred", "words"),
    [([1.0], "shape"), ([np.nan, 0.0, np.nan], "NaN where"), ([3.0, np.nan, np.nan], "value of its category")],
)
def test_what_cannot_be_preferred(preferred, words):
    with pytest.raises(ValueError, match=words):
        es.CatCMAES(np.zeros(3), categories=[3, 0, 0], preferred=preferred)
