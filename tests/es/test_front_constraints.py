"""Several objectives under constraints, over whole numbers and in spaces, against fronts that are known."""

import numpy as np
import pytest
from scipy.optimize import Bounds, NonlinearConstraint

import es
from es.parts.pareto import best_rows, fronts, hypervolume
from es.strategies.mo_cmaes import MOCMAES


def volume(f, reference):
    """The hypervolume by moocore where it is installed, else ours; the two are compared in test_mocma.py."""
    ours = hypervolume(np.asarray(f, dtype=float), np.asarray(reference, dtype=float))
    try:
        import moocore
    except ImportError:
        return ours
    assert ours == pytest.approx(moocore.hypervolume(f, ref=reference), rel=1e-12)
    return ours


def on_grid(f, g, low, high, k=1201):
    """The values of a fine grid that keep the constraints, and of them the front."""
    x = np.stack(np.meshgrid(np.linspace(low[0], high[0], k), np.linspace(low[1], high[1], k)), -1).reshape(-1, 2)
    x = x[(g(x) <= 0).all(-1)]
    values = f(x)
    values = values[np.lexsort((values[:, 1], values[:, 0]))]
    return values[values[:, 1] <= np.minimum.accumulate(values[:, 1])]


class BNH:
    """Binh and Korn 1997."""

    low, high, reference = (0, 0), (5, 3), (140, 50)

    @staticmethod
    def f(x):
        return np.stack([4 * (x**2).sum(-1), ((x - 5) ** 2).sum(-1)], -1)

    @staticmethod
    def g(x):
        a, b = x[..., 0], x[..., 1]
        return np.stack([(a - 5) ** 2 + b**2 - 25, 7.7 - (a - 8) ** 2 - (b + 3) ** 2], -1)


class SRN:
    """Srinivas and Deb 1994."""

    low, high, reference = (-20, -20), (20, 20), (230, 20)

    @staticmethod
    def f(x):
        a, b = x[..., 0], x[..., 1]
        return np.stack([2 + (a - 2) ** 2 + (b - 1) ** 2, 9 * a - (b - 1) ** 2], -1)

    @staticmethod
    def g(x):
        a, b = x[..., 0], x[..., 1]
        return np.stack([a**2 + b**2 - 225, a - 3 * b + 10], -1)


class TNK:
    """Tanaka 1995: the front is the border of what is feasible, in three pieces."""

    low, high, reference = (0, 0), (np.pi, np.pi), (1.2, 1.2)

    @staticmethod
    def f(x):
        return x[..., :2] * 1.0

    @staticmethod
    def g(x):
        a, b = x[..., 0], x[..., 1]
        wave = 0.1 * np.cos(16 * np.arctan2(a, b))
        return np.stack([1 + wave - a**2 - b**2, (a - 0.5) ** 2 + (b - 0.5) ** 2 - 0.5], -1)


@pytest.mark.parametrize("problem", [BNH, SRN, TNK])
def test_fronts_under_constraints(problem):
    true = on_grid(problem.f, problem.g, problem.low, problem.high)
    best = volume(true, problem.reference)
    res = es.minimize(
        problem.f, np.mean([problem.low, problem.high], axis=0), method="mo-cmaes", vectorized=True, rng=1, popsize=50,
        bounds=Bounds(problem.low, problem.high), maxfevals=10_000,
        constraints=NonlinearConstraint(lambda x: problem.g(x), -np.inf, 0),
    )  # fmt: skip
    assert (problem.g(res.x) <= 0).all()
    assert res.violation == 0
    assert res.ncev == res.nfev
    np.testing.assert_array_equal(problem.f(res.x), res.fun)
    assert (fronts(res.fun) == 0).all()
    assert 0.98 * best < volume(res.fun, problem.reference) < 1.003 * best  # a front of 50 points, and a grid's


def test_told_by_ask_and_tell_it_is_the_run_of_minimize():
    res = es.minimize(
        BNH.f, [2.0, 1.0], method="mo-cmaes", vectorized=True, rng=3, popsize=12, maxiter=30,
        constraints=NonlinearConstraint(BNH.g, -np.inf, 0),
    )  # fmt: skip
    opt = MOCMAES([2.0, 1.0], rng=3, popsize=12)
    for _ in range(30):
        x = opt.ask()
        opt.tell(x, BNH.f(x), constraints=BNH.g(x))
    np.testing.assert_array_equal(opt.result.x, res.x)
    np.testing.assert_array_equal(opt.result.fun, res.fun)


def test_stacks_saving_and_order():
    """Each run of a stack has its bits, told in any order, and goes on from a state."""
    x0 = np.array([[2.0, 1.0], [4.0, 2.0]])
    stack, again = (MOCMAES(x0, 1.0, rng=[1, 2], popsize=8) for _ in range(2))
    alone = [MOCMAES(x0[i], 1.0, rng=i + 1, popsize=8) for i in range(2)]
    rng = np.random.default_rng(0)
    for step in range(20):
        for opt in (stack, *alone):
            x = opt.ask()
            x = x[..., rng.permutation(8), :]
            opt.tell(x, BNH.f(x), constraints=BNH.g(x), equalities=x[..., :1] - 3)
        if step == 10:
            again.load_state_dict(stack.state_dict())
        elif step > 10:
            x = again.ask()
            again.tell(x, BNH.f(x), constraints=BNH.g(x), equalities=x[..., :1] - 3)
    for i in range(2):
        np.testing.assert_array_equal(stack.parents[i], alone[i].parents)
        np.testing.assert_array_equal(stack.violations[i], alone[i].violations)
        np.testing.assert_array_equal(again.parents[i], alone[i].parents)


def test_equalities():
    """On a line the front is known: x + y = 1 between the two points."""

    def two(x):
        return np.stack([x[..., 0] ** 2 + x[..., 1] ** 2, (x[..., 0] - 1) ** 2 + x[..., 1] ** 2], -1)

    line = NonlinearConstraint(lambda x: x[1] - 0.5, 0, 0)
    res = es.minimize(
        two, [3.0, 3.0], method="mo-cmaes", vectorized=True, rng=1, constraints=line, maxfevals=20_000, popsize=10
    )
    assert res.violation == 0
    assert abs(res.x[:, 1] - 0.5).max() <= 1e-6
    t = np.linspace(0, 1, 1001)
    best = volume(two(np.stack([t, 0 * t + 0.5], -1)), (2, 2))
    assert 0.9 * best < volume(res.fun, (2, 2)) <= best + 1e-5


def test_where_nothing_is_feasible_the_least_violation_is_the_result():
    never = NonlinearConstraint(lambda x: (x**2).sum() + 1, -np.inf, 0)
    res = es.minimize(BNH.f, [2.0, 1.0], method="mo-cmaes", vectorized=True, rng=1, constraints=never, maxfevals=3000)
    assert res.violation == pytest.approx(1, abs=1e-3)
    assert not res.success
    assert "least violation" in res.message
    assert res.hypervolume == 0
    assert abs(res.x).max() < 0.05


def test_violation_orders_rows():
    f = np.array([[1.0, 1], [5, 5], [0, 0], [2, 0.5], [-1, -1]])
    chosen = best_rows(f, 4, np.array([0.0, 0, 3, 0, 1]))
    assert chosen.tolist() == [0, 1, 3, 4]
    assert sorted(best_rows(f, 2, np.array([0.0, 0, 3, 0, 1])).tolist()) == [0, 3]


@pytest.mark.parametrize(
    ("more", "words"),
    [({"constraints": np.ones(8)}, "constraints must have shape"), ({"equalities": np.ones((3, 1))}, "equalities"),
     ({"rank_by": np.ones(8)}, "rank_by must be None")],
)  # fmt: skip
def test_what_is_no_constraint(more, words):
    opt = MOCMAES([1.0, 2.0], popsize=8, rng=1)
    x = opt.ask()
    with pytest.raises(ValueError, match=words):
        opt.tell(x, BNH.f(x), **more)
    opt.tell(x, BNH.f(x), constraints=BNH.g(x))
    for other in ({}, {"constraints": np.ones((8, 1))}):
        with pytest.raises(ValueError, match="as many at every point"):
            opt.tell(x, BNH.f(x), **other)


def test_minus_infinity_is_the_least_there_is():
    """As with one objective it is no failure and ends the run."""

    def f(x):
        values = BNH.f(x)
        values[..., 0] = np.where(x[..., 0] < -1, -np.inf, values[..., 0])
        return values

    res = es.minimize(f, [0.0, 1.0], method="mo-cmaes", vectorized=True, rng=1, popsize=10, maxfevals=5000)
    assert list(res.stop) == ["lowest"]
    assert res.n_failed == 0
    assert res.hypervolume == np.inf
    assert (res.fun[:, 0] == -np.inf).any()
    one = es.minimize(lambda x: f(x)[0], [-0.9, 1.0], method="cmaes", rng=1, maxfevals=5000)
    assert (list(one.stop), one.success) == (list(res.stop), res.success)


def test_a_space_with_whole_numbers_and_constraints():
    """ZDT1 over ten levels: the front is that of the levels, in the caller's words."""
    space = es.Space(k=es.Integer(0, 10), rest=es.Linear(0, 1, shape=3))

    def zdt1(p):
        first, g = p["k"] / 10, 1 + 3 * np.mean(p["rest"])
        return [first, g * (1 - np.sqrt(first / g))]

    res = es.minimize(zdt1, space, method="mo-cmaes", rng=1, popsize=20, maxfevals=6000)
    assert {p["k"] for p in res.x} == set(range(11))
    assert all(isinstance(p["k"], int) for p in res.x)
    levels = np.arange(11) / 10
    best = volume(np.stack([levels, 1 - np.sqrt(levels)], -1), (1.1, 1.1))
    assert volume(res.fun, (1.1, 1.1)) > 0.99 * best
    kept = es.minimize(
        zdt1, space, method="mo-cmaes", rng=1, popsize=20, maxfevals=6000,
        constraints=NonlinearConstraint(lambda p: p["k"], 4, 7),
    )  # fmt: skip
    assert {p["k"] for p in kept.x} == {4, 5, 6, 7}
