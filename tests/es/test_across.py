"""Ways of gradient methods that lie in a subspace: a minimum of f there may be a saddle of f."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import es
from es.gradient.across import MOST, subspace
from es.gradient.twins import Twins
from es.registry import get_method
from es.space import Linear
from problems import Objective, stack
from tests.es.test_legs import compare

SOLVERS = ("l-bfgs-b", "bfgs", "cg", "slsqp", "trust-constr")
DESCENTS = ("adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad")


def product(x):
    """Minima 0 on a hyperbola; a saddle of value 1 at 0."""
    left = x[0] * x[1] - 1
    return left**2, 2 * left * np.array([x[1], x[0], *(0 * x[2:])])


def wells(x):
    """Minima -1 at both sides of the diagonal, a saddle of value 0 on it."""
    u, v = x[0] + x[1], x[0] - x[1]
    return u**2 - v**2 + v**4 / 4, np.array([2 * u - 2 * v + v**3, 2 * u + 2 * v - v**3])


def factors(x):
    """A matrix of rank 3 by two of rank 2: the least is 1, and columns that begin alike can only make rank 1."""
    a, b = x.reshape(2, 3, 2)
    left = a @ b.T - np.diag([1.0, 2.0, 3.0])
    return (left**2).sum(), 2 * np.stack([left @ b, left.T @ a]).ravel()


CASES = {
    "product": (product, [1.0, -1.0], 0.0),
    "product, far": (product, [2.0, -2.0], 0.0),
    "product, unused": (product, [1.0, -1.0, 3.0], 0.0),
    "wells": (wells, [3.0, 3.0], -1.0),
    "factors": (factors, np.ones(12), 1.0),
    "factors, small": (factors, np.full(12, 0.1), 1.0),
}


@pytest.mark.parametrize("method", [*SOLVERS, *DESCENTS])
@pytest.mark.parametrize("name", CASES)
def test_a_symmetric_start_leads_to_no_saddle(name, method):
    fun, x0, least = CASES[name]
    for jac in (lambda x: fun(x)[1], "2-point"):
        # Beside a saddle differences are lost in rounding, and a descent takes longer ones too.
        more = {"maxfevals": 8000 if callable(jac) else 16_000} if method in DESCENTS else {}
        res = es.minimize(lambda x: fun(x)[0], x0, method=method, jac=jac, rng=1, **more)
        assert not res.success or abs(res.fun - least) < 1e-6 or method == "adamw", res.message
    assert res.fun < least + 0.1 or method == "sgd", res.message


def drawn(seed):
    """A function with a saddle, turned and shifted, and a start from which gradients never leave a subspace.

    Along d directions it is a bowl, in units of a spread; across, along one of the others, it falls on both sides.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 10))
    d = int(rng.integers(1, min(4, n - 1) + 1))
    turn, centre = np.linalg.qr(rng.standard_normal((n, n)))[0], rng.uniform(-3, 3, n)
    curvature = 10 ** rng.uniform(-1, 1, n)
    curvature[rng.integers(d, n)] *= -1
    logs = rng.integers(2)

    def fun(x):
        y = turn.T @ (x - centre)
        bowl, rest = curvature[:d] * y[:d] ** 2, curvature[d:] * y[d:] ** 2 + y[d:] ** 4 / 4
        slope = 2 * curvature * y
        slope[d:] += y[d:] ** 3
        if logs:
            slope[:d] /= 1 + bowl
            bowl = np.log1p(bowl)
        return bowl.sum() + rest.sum(), turn @ slope

    start = np.zeros(n)
    start[:d] = rng.uniform(0.5, 3, d) * rng.choice([-1, 1], d)
    return fun, centre + turn @ start


@pytest.mark.parametrize("method", SOLVERS)
def test_turned_saddles_are_left(method):
    """Before f was looked at across, 3 of 5 were called minima; a few have ways that noise bends."""
    given = differences = 0
    for seed in range(40):
        fun, x0 = drawn(seed)
        res = es.minimize(lambda x, f=fun: f(x)[0], x0, method=method, jac=lambda x, f=fun: f(x)[1], rng=1)
        given += res.success and res.fun > -1e-8
        res = es.minimize(lambda x, f=fun: f(x)[0], x0, method=method, jac="2-point", rng=1, maxfevals=20_000)
        differences += res.success and res.fun > -1e-8
    assert given <= 1
    assert differences <= 3


@pytest.mark.parametrize("given", [False, True])
def test_quasi_newton_leaves_saddles(given):
    """By differences at runs that are over before its Hessian, with gradients at all of them."""
    for name, (fun, x0, least) in CASES.items():
        more = {"jac": lambda x, f=fun: f(x)[1]} if given else {}
        res = es.minimize(lambda x, f=fun: f(x)[0], x0, method="quasi-newton", rng=1, **more)
        assert res.success and abs(res.fun - least) < 1e-6, (name, res.message)
        many = es.minimize_runs(
            Objective(lambda x, f=fun: f(x)[0], len(x0), jac=more.get("jac")), [x0, x0], method="quasi-newton", rng=1
        )  # fmt: skip
        assert all(abs(run.fun - least) < 1e-6 for run in many)
    wrong = 0
    for seed in range(40):
        fun, x0 = drawn(seed)
        more = {"jac": lambda x, f=fun: f(x)[1]} if given else {}
        res = es.minimize(lambda x, f=fun: f(x)[0], x0, method="quasi-newton", rng=1, **more)
        wrong += res.success and res.fun > -1e-8
    assert wrong <= 2
    res = es.minimize(cosh_of, np.zeros(4), method="quasi-newton", rng=1, jac=(lambda x: cosh(x)[1]) if given else None)
    assert res.success and res.fun == pytest.approx(4)


def cosh_of(x):
    return cosh(x)[0]


def cosh(x):
    return np.cosh(x - 1).sum(), np.sinh(x - 1)


def paired(x):
    """Rosenbrock's function of each pair."""
    a, b = x[::2], x[1::2]
    slope = np.stack([-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)], axis=1)
    return (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum(), slope.ravel()


def steep(x):
    weights = 10.0 ** np.arange(len(x))
    return (weights * (x - 1) ** 2).sum(), 2 * weights * (x - 1)


BOWLS = {
    "cosh": (cosh, np.zeros(4), 1),
    "paired": (paired, np.array([-1.2, 1.0] * 3), 10),
    "steep": (steep, np.array([3.0, 1.5, -2.0, 0.5, 1.2, 4.0]), 4),
    "valley": (lambda x: (rosen(x), rosen_der(x)), np.full(4, 2.0), 0),
}


@pytest.mark.parametrize("method", SOLVERS)
@pytest.mark.parametrize("name", BOWLS)
def test_minima_cost_few_looks(name, method, monkeypatch):
    """One where f rises alike on all sides, some where it does not, none where gradients have pointed everywhere."""
    fun, x0, most = BOWLS[name]
    res = es.minimize(lambda x: fun(x)[0], x0, method=method, jac=lambda x: fun(x)[1], rng=1)
    monkeypatch.setattr("es.gradient.across.subspace", lambda *given: None)
    bare = es.minimize(lambda x: fun(x)[0], x0, method=method, jac=lambda x: fun(x)[1], rng=1)
    assert bare.success
    assert res.success
    assert 0 <= res.nfev - bare.nfev <= most
    assert (res.x == bare.x).all()


@pytest.mark.parametrize("method", DESCENTS[2:])
def test_twins_at_a_minimum_cost_few_looks(method, monkeypatch):
    """They take the looks and what comes until criteria are looked at, or until momentum has died away again."""
    cases = ((cosh, np.zeros(4)), (paired, np.array([-1.2, 1.0] * 2)))

    def found():
        return [
            es.minimize(lambda x, f=fun: f(x)[0], x0, method=method, jac=lambda x, f=fun: f(x)[1], rng=1)
            for fun, x0 in cases
        ]

    looked = found()
    monkeypatch.setattr("es.gradient.descent.Descent._twins", lambda self, run: Twins(np.zeros(1), np.zeros((1, 1))))
    for res, bare in zip(looked, found(), strict=True):
        assert res.success == bare.success, res.message
        assert res.fun <= bare.fun + 1e-12
        assert bare.nfev <= res.nfev <= bare.nfev + (60 if method == "momentum" else 40)


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "adam", "momentum"])
@pytest.mark.parametrize("restarts", [None, 2])
def test_runs_side_by_side_are_those_alone(method, restarts):
    if method not in ("l-bfgs-b", "bfgs") and restarts:
        pytest.skip("stacked without restarts")
    problems, starts = [], []
    for seed in range(200):
        fun, x0 = drawn(seed)
        if len(x0) == 3:
            problems.append(Objective(lambda x, f=fun: f(x)[0], 3, jac=lambda x, f=fun: f(x)[1]))
            starts.append(x0)
    problems += [Objective(lambda x: cosh(x)[0], 3, jac=lambda x: cosh(x)[1]) for _ in range(2)]
    starts += [np.zeros(3), np.array([0.0, 0.0, 2.0])]
    if method in ("l-bfgs-b", "bfgs"):
        compare(stack(problems), np.array(starts), method=method, restarts=restarts, maxfevals=600)
        return
    x0 = np.array([[1.0, -1.0], [2.0, 0.3], [0.3, -0.3], [0.0, 0.0]])
    for start, one in zip(x0, es.minimize_runs(product, x0, method=method, jac=True, rng=1), strict=True):
        alone = es.minimize(product, start, method=method, jac=True, rng=1)
        assert alone.success and alone.fun < 1e-8, alone.message
        assert (one.x == alone.x).all()
        assert (one.nfev, one.stop, one.fun) == (alone.nfev, alone.stop, alone.fun)


@pytest.mark.parametrize("method", ["l-bfgs-b", "slsqp", "trust-constr", "adam"])
def test_bounds_hold_and_what_they_fix_is_not_looked_at(method):
    seen = []

    def fun(x):
        seen.append(x.copy())
        f, g = product(x)
        return f + x[2], g + np.array([0, 0, 1])

    res = es.minimize(fun, [1.0, -1.0, 2.0], method=method, jac=True, rng=1, bounds=[(-3, 3), (-3, 3), (1, 4)])
    assert res.fun == pytest.approx(1.0, abs=1e-6), res.message
    assert res.success, res.message
    assert (np.abs(seen) <= [3, 3, 4]).all()
    assert np.array(seen)[:, 2].min() >= 1
    res = es.minimize(product, [1.0, -1.0], method=method, jac=True, rng=1, bounds=[(0, 3), (-3, 0)])
    assert res.success and res.fun == pytest.approx(1.0), res.message  # there is nothing lower inside


@pytest.mark.parametrize("method", ["slsqp", "trust-constr"])
def test_constraints_hold_where_f_is_looked_at_across(method):
    narrow = {"type": "ineq", "fun": lambda x: 1e-9 - abs(x[0] + x[1])}
    res = es.minimize(product, [1.0, -1.0], method=method, jac=True, constraints=narrow, rng=1)
    assert abs(res.x.sum()) < 1e-4, res.message
    wide = {"type": "ineq", "fun": lambda x: 9 - x @ x}
    res = es.minimize(product, [1.0, -1.0], method=method, jac=True, constraints=wide, rng=1)
    assert res.success and res.fun < 1e-6, res.message


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "cg", "slsqp", "adam", "rmsprop"])
@pytest.mark.parametrize(("unit", "size"), [(1e6, 1.0), (1e-7, 1.0), (1.0, 1e-9), (1.0, 1e9)])
def test_units_of_x_and_of_f_change_nothing(method, unit, size):
    def fun(x):
        f, g = product(x / unit)
        return size * f, size * g / unit

    res = es.minimize(fun, [unit, -unit], sigma0=unit, method=method, jac=True, rng=1)
    assert res.success and res.fun < 1e-6 * size, res.message


@pytest.mark.parametrize("method", ["adam", "momentum"])
def test_a_descent_saved_while_twins_part_goes_on_to_the_same_bits(method):
    def ended(opt, fun, states=None):
        while not opt.stop():
            if states is not None and opt.looking > 3 and opt.looking < 8:
                states.append(opt.state_dict())
            x = opt.ask()
            f, g = fun(x[0])
            opt.tell(x, [f], [g])
        return opt.result

    for fun, x0 in ((product, [1.0, -1.0]), (paired, [-1.2, 1.0, -1.2, 1.0])):
        states = []
        whole = ended(es.get_method(method)(x0), fun, states)
        assert states
        for state in states:
            opt = es.get_method(method)(x0)
            opt.load_state_dict(state)
            res = ended(opt, fun)
            assert (res.x == whole.x).all()
            assert (res.nfev, res.stop) == (whole.nfev, whole.stop)


@pytest.mark.parametrize("method", SOLVERS)
def test_a_solver_saved_at_each_step_looks_across_as_one_that_was_not(method):
    x0 = np.array([1.0, -1.0])
    whole = es.minimize(lambda x: product(x)[0], x0, method=method, jac=lambda x: product(x)[1])
    opt = get_method(method)(x0, replayable=True)
    while not opt.stop():
        state = opt.state_dict()
        opt = get_method(method)(x0, replayable=True)
        opt.load_state_dict(state)
        x = opt.ask()
        f, g = zip(*map(product, x), strict=True)
        opt.tell(x, np.array(f), np.array(g))
    assert opt.result.success and opt.result.fun < 1e-12
    assert (opt.result.fun, opt.result.nfev) == (whole.fun, whole.nfev)


@pytest.mark.parametrize("method", [*SOLVERS, "adam", "quasi-newton", "auto"])
def test_neither_scipys_bridge_nor_a_space_ends_at_a_saddle(method):
    bridged = minimize(
        lambda x: product(x)[0], [1.0, -1.0], jac=lambda x: product(x)[1], method=es.scipy_method(method)
    )
    assert bridged.success and bridged.fun < 1e-12
    if method in ("bfgs", "cg"):
        return  # they know no bounds
    space = es.Space({"a": Linear(-3, 3, init=1.0), "b": Linear(-3, 3, init=-1.0)})
    given = {} if method in ("quasi-newton", "auto") else {"jac": "2-point"}
    res = es.minimize(lambda p: (p["a"] * p["b"] - 1) ** 2, space, method=method, rng=1, **given)
    assert res.success and res.fun < 1e-12


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "cg", "adam", "rmsprop"])
def test_single_precision(method):
    def fun(x):
        f, g = product(np.asarray(x, np.float32))
        return np.float32(f), g.astype(np.float32)

    res = es.minimize(fun, np.array([1, -1], np.float32), method=method, jac=True, rng=1)
    assert res.fun < 1e-4, res.message
    res = es.minimize(lambda x: -product(x)[0], [1.0, -1.0], method=method, jac=lambda x: -product(x)[1], maximize=True)
    assert res.success and res.fun > -1e-6, res.message


def test_what_gradients_span():
    rng = np.random.default_rng(0)
    free = np.ones(20, dtype=bool)
    plane = rng.standard_normal((9, 3)) @ rng.standard_normal((3, 20))
    basis = subspace(plane, free)
    assert basis.shape == (3, 20)
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(plane @ basis.T @ basis, plane, atol=1e-10)
    assert subspace(rng.standard_normal((8, 20)), free) is None  # too soon over: each points out of those before
    assert subspace(rng.standard_normal((MOST + 2, 20)), free) is None
    assert subspace(np.zeros((3, 20)), free) is None
    assert len(subspace(np.vstack([plane, 1e-6 * rng.standard_normal((3, 20))]), free)) == 3  # noise of differences
    two = free & (np.arange(20) < 2)
    assert subspace(plane, two) is None  # both directions of two free coordinates
    assert len(subspace(plane[:, :1] * np.ones(20), two)) == 1


def test_twins_part_by_steps_without_a_common_part():
    start = np.array([1.0, -1.0, 1.0, 2.0, 2.0, 0.0, 0.0])
    way = start + np.array([-0.5, 0.5, -0.5, 0.3, 0.4, -0.2, 0.2]) * np.array([[0.5], [1.0]])
    twins = Twins(start, way)
    step = twins.across(np.arange(1.0, 8.0))
    assert twins.any
    assert step[3] == step[4] == 0  # begun alike, but moved apart
    sides = np.sign(way[-1] - start)
    assert (sides * step)[:3].sum() == pytest.approx(0)
    assert (sides * step)[5:].sum() == pytest.approx(0)
    assert step[[0, 1, 2, 5, 6]].all()
    assert not Twins(start, start[None]).any
