"""`auto`, `separable-search` and `quasi-newton`: what they are told, what they conclude, and that they can be saved."""

import itertools
import math
import types

import numpy as np
import pytest

import es
import problems
from es import Auto
from es.auto.coordinates import Coordinates
from es.auto.minima import Minima
from es.auto.populations import Populations
from es.auto.progress import Progress
from es.auto.stepwise import restored, saved
from problems import bbob

METHODS = {"auto": es.Auto, "separable-search": es.SeparableSearch, "quasi-newton": es.QuasiNewton}


def sphere(x):
    return (x * x).sum(-1)


def rosenbrock(x):
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def rastrigin(x):
    return (x * x - 10 * np.cos(2 * np.pi * x) + 10).sum(-1)


def steps(x):
    return np.floor(3 * np.abs(x)).sum(-1)


def go(opt, f, iterations):
    """The points of so many iterations."""
    asked = []
    for _ in range(iterations):
        if opt.stop():
            break
        x = opt.ask()
        asked.append(x)
        opt.tell(x, f(x))
    return asked


def same(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# Saving --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("f", [rosenbrock, rastrigin, steps, lambda x: bbob.make("bbob-f15", 3)(x)])
def test_a_run_that_was_saved_goes_on_bit_for_bit(method, f):
    def make():
        return METHODS[method]([1.5, -0.7, 2.2], 2.0, bounds=[(-5, 5)] * 3, rng=3)

    opt, rng = make(), np.random.default_rng(1)
    for _ in range(12):
        go(opt, f, int(rng.integers(1, 60)))
        state = opt.state_dict()
        assert not any(np.asarray(value).dtype.hasobject for value in state.values())
        other = make()
        other.load_state_dict(state)
        assert other.nfev == opt.nfev
        ahead = go(other, f, 25)
        assert same(ahead, go(opt, f, 25))
    assert other.f_best == opt.f_best
    assert other.result.message == opt.result.message


def test_a_batch_told_in_part_is_saved():
    def make():
        return es.QuasiNewton([1.5, -0.7, 2.2], 1.0, rng=3)

    opt = make()
    go(opt, rosenbrock, 1)
    x = opt.ask()
    assert len(x) == 3
    opt.tell(x[1:2], rosenbrock(x[1:2]))
    other = make()
    other.load_state_dict(opt.state_dict())
    assert np.array_equal(other.ask(), x[[0, 2]])
    for one in (opt, other):
        one.tell(x[[2, 0]], rosenbrock(x[[2, 0]]))
    assert np.array_equal(opt.ask(), other.ask())


def test_order_and_company_of_what_is_told_do_not_matter():
    a, b = (es.Auto([1.5, -0.7, 2.2], 1.0, bounds=[(-5, 5)] * 3, rng=3) for _ in range(2))
    rng = np.random.default_rng(0)
    for _ in range(150):
        x = a.ask()
        a.tell(x, rosenbrock(x))
        y = b.ask()
        order = rng.permutation(len(y))
        mine = rng.uniform(3, 5, (1, 3))  # of the caller's own
        points = np.concatenate([mine, y[order]])
        b.tell(points, rosenbrock(points))
    assert a.f_best == b.f_best
    assert b.nfev == a.nfev + 150


def test_points_beyond_the_batch_may_become_the_best():
    opt = es.QuasiNewton([1.5, -0.7], 1.0, rng=3)
    opt.tell([[1.0, 1.0]], [0.0])
    assert opt.f_best == 0 and np.array_equal(opt.ask(), [[1.5, -0.7]])


def test_checkpoints(tmp_path):
    def run(budget, path):
        return es.minimize(rosenbrock, [1.5, -0.7, 2.2], method="auto", rng=5, maxfevals=budget, checkpoint=path)

    whole = run(900, tmp_path / "whole.npz")
    run(311, tmp_path / "part.npz")
    part = run(900, tmp_path / "part.npz")
    assert part.nfev == whole.nfev == 900
    assert part.fun == whole.fun and np.array_equal(part.x, whole.x) and part.message == whole.message


# Bounds --------------------------------------------------------------------------------------------

BOXES = [
    [(-1, 0.5), (0.2, 3), (-2, 2), (-7, -1)],
    [(None, 0.5), (0.2, None), (None, None), (-7, -1)],
    [(0.1, 0.1), (0.2, 3), (-2, -2), (-7, -1)],
]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("f", [sphere, rosenbrock, rastrigin, lambda x: x.sum(-1) ** 2 - x[..., 1]])
@pytest.mark.parametrize("method", METHODS)
def test_bounds_are_never_left(method, f, box):
    low = np.array([-np.inf if a is None else a for a, _ in box])
    high = np.array([np.inf if b is None else b for _, b in box])
    x0 = np.clip([0.1, 1.0, -2.0, -3.0], low, high)
    opt = METHODS[method](x0, 0.7, bounds=box, rng=1)
    for x in go(opt, f, 150):
        assert (x >= low).all() and (x <= high).all()


def test_minima_at_bounds_are_found():
    box = [(1, 4)] * 2 + [(-5, 5)] * 3
    wanted = np.array([1.0, 1, 0, 0, 0])
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((5, 5)))[0]
    metric = turn @ np.diag([1, 10, 100, 1e3, 1e4]) @ turn.T
    centre = wanted - np.linalg.solve(metric, [2.0, 3, 0, 0, 0])  # of the unbounded function; gradient (2, 3, 0, 0, 0)

    def f(x):
        return 0.5 * (x - centre) @ metric @ (x - centre)

    for method in ("auto", "quasi-newton"):
        res = es.minimize(f, [2.0, 3, 1, -4, 2], method=method, bounds=box, sigma0=1.0, maxfevals=900, rng=1)
        assert res.fun <= f(wanted) + 1e-9, method


# What f is like ------------------------------------------------------------------------------------


def wood(x):
    a, b, c, d = x
    return (
        100 * (b - a * a) ** 2 + (1 - a) ** 2 + 90 * (d - c * c) ** 2 + (1 - c) ** 2
        + 10.1 * ((b - 1) ** 2 + (d - 1) ** 2) + 19.8 * (b - 1) * (d - 1)
    )  # fmt: skip


def brown(x):
    return (x[0] - 1e6) ** 2 + (x[1] - 2e-6) ** 2 + (x[0] * x[1] - 2) ** 2


def chained_lq(x):
    pairs = -x[:-1] - x[1:]
    return np.maximum(pairs, pairs + x[:-1] ** 2 + x[1:] ** 2 - 1).sum()


def nearly(coupling):
    def f(x):
        return (x * x).sum() + coupling * x[0] * x[-1]

    return f


def rotated(n):
    turn = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]
    return lambda x: np.abs(turn @ x).sum()


COUPLED = {
    "wood": (wood, 4), "brown": (brown, 2), "max": (lambda x: np.abs(x).max(), 6),
    "maxq": (lambda x: (x * x).max(), 6), "sum |Rx|": (rotated(4), 4), "chained": (chained_lq, 5),
    "1e-6": (nearly(1e-6), 5), "1e-4, n = 2": (nearly(1e-4), 2), "pairs": (lambda x: (x[::2] * x[1::2]).sum() ** 2, 6),
    "one pair of ten": (lambda x: (x**4).sum() + x[3] * x[7], 10),
}  # fmt: skip


@pytest.mark.parametrize("name", COUPLED)
def test_no_coupled_function_passes_for_a_sum(name):
    f, n = COUPLED[name]
    for seed in range(25):
        rng = np.random.default_rng(seed)
        opt = es.SeparableSearch(rng.uniform(-4, 4, n), rng.uniform(0.3, 2), bounds=[(-5, 5)] * n, rng=seed, most=50)
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, [f(point) for point in x])
        assert "coupled" in opt.stop(), seed


@pytest.mark.parametrize("f", [sphere, rastrigin, lambda x: (np.arange(1, 6) * np.abs(x - 0.3) ** 1.5).sum(-1) + 1e3])
def test_sums_are_recognised(f):
    for seed in range(20):
        start = np.random.default_rng(seed).uniform(-4, 4, 5)
        look = Coordinates(start, float(f(start)), np.full(5, 1.0), np.full(5, -5.0), np.full(5, 5.0), seed)
        while look.asked is not None:
            look.tell(f(look.asked))
        assert look.additive, seed


def test_a_separable_function_with_many_minima_is_solved():
    for seed in range(5):
        start = np.random.default_rng(seed).uniform(-4, 4, 5)
        res = es.minimize(
            lambda x: rastrigin(x - 0.3), start, method="auto", bounds=[(-5, 5)] * 5, maxfevals=1000, ftarget=1e-9,
            sigma0=2.2, rng=seed,
        )  # fmt: skip
        assert res.success and "sum over its coordinates" in res.message


def test_one_variable():
    res = es.minimize(lambda x: (x[0] - 2) ** 2, [0.5], method="auto", maxfevals=50, ftarget=1e-12, rng=1)
    assert res.success and res.nfev <= 5
    res = es.minimize(lambda x: abs(x[0] - 2) + np.sin(5 * x[0]), [0.5], method="auto", bounds=[(-9, 9)], rng=1,
                      maxfevals=500)  # fmt: skip
    grid = np.linspace(-9, 9, 200001)
    assert res.fun <= (np.abs(grid - 2) + np.sin(5 * grid)).min() + 1e-6


def test_verdicts():
    def verdict(name, n=5):
        problem = bbob.make(name, n)
        opt = es.Auto(np.linspace(-3, 3, n), 2.0, bounds=[(-5, 5)] * n, rng=2, budget=200 * n)
        while opt.nfev < 200 * n and not opt.verdict:
            x = opt.ask()
            opt.tell(x, problem(x))
        return opt.verdict

    assert verdict("bbob-f10") == "smooth" and verdict("bbob-f14") == "smooth"
    assert verdict("bbob-f15") == "rough" and verdict("bbob-f23") == "rough"
    assert verdict("bbob-f3") == "additive"


@pytest.mark.parametrize("digits", [6, 4])
def test_rounded_values_are_no_false_minimum(digits):
    """Differences of 1e-7 of a rounded function are all zero, and it has not converged."""
    scale = 10.0 ** np.arange(5)

    def f(x):
        return round(float((scale * (x - 0.3) ** 2).sum()), digits)

    res = es.minimize(f, [3.0, -2, 1, 2, -4], method="auto", bounds=[(-5, 5)] * 5, sigma0=2.0, maxfevals=5000, rng=1)
    assert res.fun <= 20 * 10.0**-digits


# What goes wrong -----------------------------------------------------------------------------------


def test_a_start_without_a_value():
    def f(x):
        return sphere(x) if x[0] < 2.5 else np.nan

    res = es.minimize(f, [3.0, 1.0], method="auto", sigma0=1.0, maxfevals=400, rng=1)
    assert res.fun < 1e-6


def test_values_that_are_missing_on_the_way():
    def f(x):
        return rosenbrock(x) if x[0] < 1.2 else np.inf

    res = es.minimize(f, [-1.0, 1.0, 1.0], method="auto", sigma0=0.5, maxfevals=3000, rng=1)
    assert res.fun < 1e-6


@pytest.mark.parametrize("edge", [0.5, 0.123456])
def test_a_minimum_at_the_edge_of_where_f_has_values(edge):
    def f(x):
        return np.nan if x[0] < edge else sphere(x)

    res = es.minimize(f, [1.0, 1.0, 1.0], method="auto", maxfevals=400, rng=1)
    assert edge <= res.x[0] < edge + 1e-8 and abs(res.fun - edge**2) < 1e-8


def test_other_minima_of_a_sum_without_bounds_are_not_looked_for_without_end():
    farthest = 0.0

    def f(x):
        nonlocal farthest
        farthest = max(farthest, np.abs(x).max())
        return rastrigin(x - 0.3)

    for seed in range(3):
        res = es.minimize(f, np.random.default_rng(seed).normal(size=4), method="auto", rng=seed)
        assert res.success and res.fun < 1e-9
    assert farthest < 1e4


def test_nothing_has_a_value():
    res = es.minimize(lambda x: np.nan, [1.0, 2.0], method="auto", rng=1)
    assert res.status == 2 and np.isnan(res.fun)


def test_flat_functions_end():
    for budget in (None, 3000):
        for method in ("auto", "separable-search", "quasi-newton"):
            for n in (1, 2):
                res = es.minimize(lambda x: 1.0, np.arange(1.0, n + 1), method=method, maxfevals=budget, rng=1)
                assert res.nfev < 600 and "flat" in res.message and not res.success and res.status == 2
    # Where a value is asked for that was not seen yet, the budget is spent on it.
    assert es.minimize(lambda x: 1.0, [1.0, 2.0], method="auto", maxfevals=900, ftarget=0, rng=1).nfev == 900


@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("box", [True, False])
def test_a_sum_that_is_solved_ends_the_run(n, offset, box):
    weights = 10.0 ** np.linspace(0, 4, n)
    more = {"bounds": [(-6, 7)] * n if box else None, "rng": 1, "sigma0": 1.0, "maxfevals": 2000 * n}
    for f in (lambda x: (weights * (x - 0.3) ** 2).sum() + offset, lambda x: abs(x - 0.3).sum() + offset):
        for method in ("auto", "separable-search"):
            res = es.minimize(f, np.full(n, 2.2), method=method, **more)
            assert res.success and res.nfev < 100 * n and "flat" not in res.message
            assert res.fun - offset <= max(1e-9, 1e4 * np.spacing(offset))
    res = es.minimize(
        lambda x: (weights * (x - 0.3) ** 2).sum() + offset, np.full(n, 2.2), method="auto",
        jac=lambda x: 2 * weights * (x - 0.3), **more,
    )  # fmt: skip
    assert res.success and res.nfev < 100 * n


def test_a_sum_with_minima_out_of_sight_is_searched_further():
    def two(x):  # a hollow around 2 and a lower one around -4
        return np.minimum((x - 2) ** 2, 2 * (x + 4) ** 2 - 1).sum()

    res = es.minimize(two, np.full(3, 2.1), method="auto", bounds=[(-6, 7)] * 3, sigma0=0.3, maxfevals=6000, rng=1)
    assert res.fun < -3 + 1e-9


def test_a_plateau_is_neither_solved_nor_converged():
    for method in ("auto", "separable-search", "quasi-newton"):
        for budget in (None, 2000):
            res = es.minimize(steps, [1.5, -0.7, 2.2], method=method, bounds=[(-5, 5)] * 3, maxfevals=budget, rng=1)
            assert not res.success


def test_noise_without_a_budget_ends():
    draw = np.random.default_rng(1)
    res = es.minimize(lambda x: sphere(x) + draw.standard_normal(), [1.0], method="auto", rng=1)
    assert res.nfev <= 10_000 + 500


@pytest.mark.parametrize("gradient", [True, False])
@pytest.mark.parametrize("level", [0.0, 1e6])
def test_the_bottom_is_not_called_flat(gradient, level):
    def bowl(x):
        return float(sphere(x - 0.2) + 0.5 * (x - 0.2).sum() ** 2 + level)

    jac = (lambda x: 2 * (x - 0.2) + (x - 0.2).sum()) if gradient else None
    for start in (2.2, 0.2):
        res = es.minimize(bowl, np.full(3, start), method="quasi-newton", jac=jac, sigma0=1.0, rng=1)
        assert res.success, res.message
        res = es.minimize(bowl, np.full(3, start), method="auto", jac=jac, sigma0=1.0, rng=1)
        assert res.success and "flat" not in res.message


def test_nothing_to_vary():
    res = es.minimize(sphere, [1.0, 2.0], method="auto", bounds=[(1, 1), (2, 2)], rng=1)
    assert res.fun == 5 and res.nfev == 1


@pytest.mark.parametrize("budget", [1, 2, 3, 7, 10, 11, 50, 333])
def test_budgets_are_exact(budget):
    for f in (rosenbrock, rastrigin, steps):
        res = es.minimize(f, [1.5, -0.7, 2.2], method="auto", bounds=[(-5, 5)] * 3, maxfevals=budget, rng=1)
        assert res.nfev == budget


def test_without_a_budget_there_is_an_end():
    for f in (sphere, rosenbrock, rastrigin):
        res = es.minimize(f, [1.5, -0.7, 2.2], method="auto", bounds=[(-5, 5)] * 3, rng=1)
        assert res.success and res.fun < 1e-9 and res.nfev < 6000


def test_workers_change_nothing():
    alone = es.minimize(rosenbrock, [1.5, -0.7, 2.2], method="auto", maxfevals=200, rng=1)
    many = es.minimize(rosenbrock, [1.5, -0.7, 2.2], method="auto", maxfevals=200, rng=1, workers=map)
    assert alone.fun == many.fun and alone.nfev == many.nfev


def test_stacks_are_refused():
    with pytest.raises(ValueError, match=r"use es\.minimize_runs"):
        es.Auto(np.zeros((3, 2)))
    results = es.minimize_runs(sphere, np.ones((3, 2)), method="auto", maxfevals=30, rng=1, vectorized=True)
    assert [res.nfev for res in results] == [30] * 3


# The result ----------------------------------------------------------------------------------------


def test_phases_add_up():
    res = es.minimize(rosenbrock, [1.5, -0.7, 2.2], method="auto", bounds=[(-5, 5)] * 3, maxfevals=3000, rng=1)
    assert sum(phase["nfev"] for phase in res.phases) == 3000
    first = rosenbrock(np.array([1.5, -0.7, 2.2]))
    assert sum(phase["gain"] for phase in res.phases) == pytest.approx(first - res.fun)
    assert res.verdict == "smooth" and "smooth" in res.message and "quasi-Newton" in res.message


def test_gradients_are_used_where_they_are_given():
    def slope(x):
        g = np.zeros_like(x)
        g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
        g[1:] += 200 * (x[1:] - x[:-1] ** 2)
        return g

    start = np.linspace(-2, 2, 8)
    with_it = es.minimize(rosenbrock, start, method="auto", jac=slope, maxfevals=4000, ftarget=1e-9, rng=1)
    without = es.minimize(rosenbrock, start, method="auto", maxfevals=4000, ftarget=1e-9, rng=1)
    assert with_it.success and 0 < with_it.njev < with_it.nfev
    assert with_it.nfev + with_it.njev < without.nfev
    assert without.njev == 0


# What it hands over --------------------------------------------------------------------------------


def test_other_kinds_of_problems_have_their_methods():
    from scipy.optimize import LinearConstraint

    from problems.several import MultiObjective

    res = es.minimize(sphere, [1.0, 2.0], method="auto", integrality=[0, 1], maxfevals=200, rng=1)
    assert res.method == "MarginCMAES"
    rule = LinearConstraint([[1, 1]], 1, np.inf)
    res = es.minimize(sphere, [1.0, 2.0], method="auto", constraints=rule, maxfevals=300, rng=1)
    assert res.method == "CMAES"
    res = es.minimize(sphere, [1.0, 2.0], method="auto", constraints=rule, jac=lambda x: 2 * x, maxfevals=300, rng=1)
    assert res.method == "SLSQP" and res.fun == pytest.approx(0.5)
    two = MultiObjective(lambda x: np.array([x @ x, ((x - 1) ** 2).sum()]), 2)
    assert es.minimize(two, [1.0, 2.0], method="auto", maxfevals=100, rng=1).method == "MOCMAES"
    with pytest.raises(ValueError, match="restarts by itself"):
        es.minimize(sphere, [1.0, 2.0], method="auto", restarts="bipop", maxfevals=100)


# Many variables ------------------------------------------------------------------------------------


def chain(x):
    return (10.0 ** (3 * np.arange(x.shape[-1]) / x.shape[-1]) * (x - 0.3) ** 2).sum(-1) + (np.diff(x) ** 2).sum(-1)


def chain_slope(x):
    g, d = 2 * 10.0 ** (3 * np.arange(len(x)) / len(x)) * (x - 0.3), np.diff(x)
    g[1:] += 2 * d
    g[:-1] -= 2 * d
    return g


@pytest.mark.parametrize("n", [50, 1200])
def test_many_variables_with_gradients(n):
    box, start = [(-5, 0.2)] + [(-5, 5)] * (n - 1), np.linspace(-1, 1, n)
    res = es.minimize(chain, start, method="auto", jac=chain_slope, bounds=box, maxfevals=600, rng=1)
    best = es.minimize(chain, start, method="l-bfgs-b", jac=chain_slope, bounds=box, maxfevals=3000)
    assert res.fun <= best.fun * (1 + 1e-7)


def test_many_variables_without_gradients_take_no_matrix():
    n = 1500
    opt = es.Auto(np.linspace(-1, 1, n), 0.5, bounds=[(-5, 5)] * n, rng=1, budget=4000)
    while opt.nfev < 3500:
        x = opt.ask()
        opt.tell(x, chain(x))
    assert opt.f_best < chain(np.linspace(-1, 1, n)) / 100
    assert sum(value.nbytes for value in opt.state_dict().values()) < 8 * n * n / 4
    other = es.Auto(np.linspace(-1, 1, n), 0.5, bounds=[(-5, 5)] * n, rng=1, budget=4000)
    other.load_state_dict(opt.state_dict())
    assert same(go(opt, chain, 5), go(other, chain, 5))


def test_a_limited_memory_is_saved():
    def make():
        return es.Auto(np.linspace(-1, 1, 1200), 0.5, rng=1, gradient=True)

    def run(opt, k):
        for _ in range(k):
            x = opt.ask()
            g = np.array([chain_slope(point) for point in x]) if opt.wants_gradient else None
            opt.tell(x, chain(x), g)
        return opt.f_best

    a, b = make(), make()
    run(a, 61)
    b.load_state_dict(a.state_dict())
    assert run(a, 25) == run(b, 25)


# Gradients that lie --------------------------------------------------------------------------------

LIES = {
    "sign": lambda x: -2 * x,
    "zero": lambda x: np.zeros_like(x),
    "another's": lambda x: 2 * (x - 1),
    "nan": lambda x: np.full_like(x, np.nan),
    "one wrong entry": lambda x: 2 * x * np.where(np.arange(x.size) == 1, -1, 1),
}


@pytest.mark.parametrize("name", LIES)
def test_a_gradient_that_lies_is_found_out(name):
    def f(x):
        return (x * x).sum() + 0.1 * x[0] * x[1]  # coupled, so that descents must do it

    res = es.minimize(f, [3.0, -2.0, 1.5], method="auto", jac=LIES[name], maxfevals=600, rng=1)
    assert res.fun < 1e-8, res.message
    if name != "nan":
        assert "the gradient is not that of f" in res.message


def test_gradients_of_steps_tell_nothing():
    """Zero almost everywhere, and true: the values say more."""
    res = es.minimize(lambda x: np.floor(10 * np.abs(x).max()) + np.floor(10 * abs(x.sum())), [3.0, -2.0, 1.5],
                      method="auto", jac=np.zeros_like, maxfevals=900, rng=1)  # fmt: skip
    assert res.fun <= 1


def test_the_picture_shows_the_phases():
    res = es.minimize(rosenbrock, [1.5, -0.7, 2.2], method="auto", bounds=[(-5, 5)] * 3, maxfevals=2000, rng=1)
    spans = sorted(span for phase in res.phases for span in phase["spans"])
    assert spans[0][0] == 0 and spans[-1][1] == 2000
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    labels = [text.get_text() for text in es.plot(res).axes[0].get_legend().get_texts()]
    assert any(label.startswith("quasi-Newton (") for label in labels)


def test_gradients_that_do_not_exist_are_not_asked_for():
    problem = bbob.make("bbob-f7", 3)
    assert problem.differentiable is False
    res = es.minimize(problem, np.ones(3), method="auto", options={"gradient": True}, maxfevals=200, rng=1)
    assert res.njev == 0
    smooth = bbob.make("bbob-f10", 3)
    res = es.minimize(smooth, np.ones(3), method="auto", options={"gradient": True}, maxfevals=200, rng=1)
    assert res.njev > 0


def crawling(x):
    """Attractive sectors: curvature jumps from side to side of a rotated axis (f6 of BBOB is of the kind)."""
    n = x.shape[-1]
    R = np.linalg.qr(np.random.default_rng(n).normal(size=(n, n)))[0]
    z = (x - 1.3) @ R * 10.0 ** np.linspace(0, 1, n)
    return ((np.where(z > 0, 100.0, 1.0) * z) ** 2).sum(-1) ** 0.9


@pytest.mark.parametrize(("parts", "crawls"), [(0.001, True), (0.4, False)])
def test_a_run_that_gains_far_less_than_it_promises_is_not_left_alone(parts, crawls):
    progress = Progress(4)
    run = types.SimpleNamespace(nit=0, decrement=1.0, last_drop=math.inf, x=np.zeros(4), scale=np.full(4, 2.0))
    alone = []
    for used in range(0, 640, 5):
        alone.append(progress.goes_on_alone(run, float(used)))
        run.nit += 1
        run.decrement /= 1.5
        run.last_drop = parts * run.decrement
        run.x = run.x + 0.1
    assert alone[79] is True  # 100 n evaluations are its own in any case
    assert (progress.crawls, alone[81]) == (crawls, not crawls)
    assert progress.moved > 0


def test_small_steps_come_first_where_they_are_asked_for_and_are_saved():
    def new():
        return Populations(np.ones(3), np.full(3, 2.0), np.full(3, -np.inf), np.full(3, np.inf), 1, 5, 1e-3)

    whole, half = new(), new()
    for i in range(400):
        x = whole.ask()
        assert i > 0 or np.ptp(x, axis=0).max() < 0.02
        whole.tell(x, (x**2).sum(-1))
        x = half.ask()
        half.tell(x, (x**2).sum(-1))
        if i in (20, 395):
            half = restored(Populations, "cma", saved(half, "cma"))
    assert whole.runs_ended >= 1
    assert whole.arguments["near"] == 0
    np.testing.assert_array_equal(whole.ask(), half.ask())


def test_where_descent_crawls_evolution_goes_on_from_where_it_came():
    opt = Auto(np.zeros(12) + 4, 2.0, rng=3, stop={"ftarget": 1e-6, "maxfevals": 12_000}, budget=12_000)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, crawling(x))
    assert "ftarget" in opt.stop()


@pytest.mark.parametrize("name", ["maxq", "max-abs", "coupled-ellipsoid-1e-6", "chained-cb3-1"])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_what_is_a_sum_wherever_the_search_came_by_is_found_out_at_the_end(name, n):
    """A maximum is a sum as long as the same coordinate is the largest; a small coupling hides beside stiff ones."""
    for seed in range(1, 7):
        problem = problems.get(f"trap-{name}", n=n, seed=seed)
        opt = es.SeparableSearch(problem.x0(seed), 1.0, bounds=[(-5, 5)] * n, rng=seed, most=60)
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, problem(x))
        assert "coupled" in opt.stop(), (name, n, seed)


def test_the_separable_search_asks_for_many_coordinates_at_once():
    opt, calls = es.SeparableSearch(np.linspace(-3, 3, 10), 2.0, bounds=[(-5, 5)] * 10, rng=1), 0
    while not opt.stop():
        x = opt.ask()
        calls += len(x) > 1
        opt.tell(x, rastrigin(x - 0.3))
    assert opt.f_best < 1e-9
    assert opt.nfev > 4 * opt.nit
    assert calls > 10


def test_when_no_further_minimum_is_to_be_expected():
    minima = Minima()
    for ended in range(1, 8):
        assert not minima.complete
        minima.count(known=ended > 1)
    assert minima.complete  # seven descents to one minimum
    minima.count(known=False)
    assert not minima.complete
    for _ in range(8):
        minima.count(known=True)
    assert minima.complete  # sixteen to two
    again = Minima()
    again.load_state_dict(minima.state_dict())
    assert again.complete


def test_a_budget_is_not_spent_where_there_is_one_minimum():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]

    def valley(x):
        return (10.0 ** np.arange(5) * (x @ turn - 0.5) ** 2).sum(-1) + 3.0

    res = es.minimize(valley, np.ones(5), method="auto", maxfevals=20_000, rng=1)
    assert (res.success, res.status, res.fun) == (True, 0, 3.0)
    assert res.nfev < 2000
    res = es.minimize(lambda x: rastrigin(x @ turn), np.ones(5), method="auto", maxfevals=5000, rng=1)
    assert (res.status, res.nfev) == (1, 5000)


def test_noise_that_stands_still_is_no_success():
    rng = np.random.default_rng(1)
    res = es.minimize(lambda x: float(x @ x) + 0.1 * rng.normal(), np.ones(4), method="auto", rng=2)
    assert res.verdict == "noisy"
    assert not res.success and res.status == 2


def test_a_budget_is_spent_on_looking_for_a_first_value():
    problem = problems.get("trap-inf-outside", n=5, seed=5)
    x0 = problem.x0(np.random.default_rng(5))
    assert not np.isfinite(problem(x0))
    found = [es.minimize(problem, x0, method="auto", maxfevals=5000, rng=seed) for seed in range(4)]
    assert all(np.isfinite(res.fun) for res in found)
    assert sum(res.fun < 1e-6 for res in found) >= 3  # one may end in the trap
    res = es.minimize(lambda x: np.nan, [1.0, 2.0], method="auto", maxfevals=100_000, rng=1)
    assert "nofinite" in res.stop and res.nfev < 20_000
