"""Stacked runs: each is bit for bit the run that it would be alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from es.core.looks import condition
from es.registry import get_method
from tests.es.table import DISCRETE, NAMES, ellipsoid, rosenbrock, run, sphere


def alone(name, x0, sigma0, seed, f, stop, **options):
    return run(get_method(name)(x0, sigma0, rng=seed, stop=stop, **options), f).result


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n", "f"), [(1, sphere), (2, sphere), (5, rosenbrock), (10, ellipsoid)])
def test_bits_do_not_depend_on_the_stack(name, n, f):
    draw = np.random.default_rng(n)
    runs = 7
    x0 = draw.standard_normal((runs, n))
    sigma0 = np.exp(draw.standard_normal(runs))
    seeds = list(range(100, 100 + runs))
    stop = {"ftarget": 1e-3, "maxfevals": 900}
    stacked = run(get_method(name)(x0, sigma0, rng=seeds, stop=stop), f).results
    for i in (0, 3, 6):
        single = alone(name, x0[i], sigma0[i], seeds[i], f, stop)
        of_one = run(get_method(name)(x0[i : i + 1], sigma0[i], rng=[seeds[i]], stop=stop), f).results[0]
        for other in (single, of_one):
            assert other.nfev == stacked[i].nfev
            assert other.stop == stacked[i].stop
            assert other.fun == stacked[i].fun
            np.testing.assert_array_equal(other.x, stacked[i].x)
            np.testing.assert_array_equal(other.mean, stacked[i].mean)


def linear(x):
    return x[..., 0] + 0.5 * np.vecdot(x, np.ones(x.shape[-1]))


@pytest.mark.parametrize("name", [*NAMES, *DISCRETE])
@pytest.mark.parametrize(
    ("n", "popsize", "f", "generations"),
    [
        (2, 16, rosenbrock, 40),
        (3, 5, sphere, 40),
        (5, 4, linear, 20),
        (8, None, rosenbrock, 40),
        (20, 24, ellipsoid, 5),
    ],
)
def test_every_point_of_many_runs(name, n, popsize, f, generations):
    """NumPy's power of one number and of an array differ in one of 1200 cases, so it takes many runs to see it."""
    cls, runs = get_method(name), 40
    x0 = np.random.default_rng(n).standard_normal((runs, n))
    options = {"popsize": popsize, "stop": dict.fromkeys(cls.criteria)}
    stack = cls(x0, 0.5, rng=list(range(runs)), **options)
    single = [cls(x0[i], 0.5, rng=i, **options) for i in range(runs)]
    for _ in range(generations):
        x = stack.ask()
        stack.tell(x, f(x))
        for i, opt in enumerate(single):
            mine = opt.ask()
            np.testing.assert_array_equal(mine, x[i])
            opt.tell(mine, f(mine))


def test_squares_of_one_run_and_of_many():
    values = np.random.default_rng(0).uniform(1, 9, 20_000)
    stack = get_method("cmaes")(np.zeros((len(values), 1)), 1.0, rng=0)
    single = get_method("cmaes")(np.zeros(1), 1.0, rng=0)
    stack.sigma = values
    covariance, figures = stack.covariance, condition(SimpleNamespace(once=lambda _: values), 0.0)[1]
    for i, value in enumerate(values):
        single.sigma = value
        assert single.covariance == covariance[i]
        assert condition(SimpleNamespace(once=lambda _, value=value: value), 0.0)[1] == figures[i]


@pytest.mark.parametrize("n", [3, 20])
def test_bits_inside_bounds(n):
    draw = np.random.default_rng(0)
    x0, sigma0, seeds = draw.uniform(-1, 1, (5, n)), np.array([0.1, 0.5, 1, 2, 4]), [1, 2, 3, 4, 5]
    box = [(-1.0, 1.0)] * (n - 1) + [(None, 0.9 + x0.max())]
    stop = {"maxfevals": 40 * n}
    for method in ("transform", "reflect", "penalty"):
        stacked = run(
            get_method("cmaes")(x0, sigma0, rng=seeds, stop=stop, bounds=box, bounds_method=method), sphere
        ).results
        for i in range(5):
            single = alone("cmaes", x0[i], sigma0[i], seeds[i], sphere, stop, bounds=box, bounds_method=method)
            np.testing.assert_array_equal(single.x, stacked[i].x)
            np.testing.assert_array_equal(single.mean, stacked[i].mean)


def test_bits_of_the_low_rank_update():
    x0, seeds = np.random.default_rng(0).standard_normal((3, 90)), [5, 6, 7]
    stop = {"maxiter": 40}
    stacked = run(get_method("cmaes")(x0, 1.0, rng=seeds, stop=stop), ellipsoid).results
    for i in range(3):
        np.testing.assert_array_equal(alone("cmaes", x0[i], 1.0, seeds[i], ellipsoid, stop).mean, stacked[i].mean)


def test_populations_of_changing_size():
    """Between both updates of the factor and back the path p_c stays A q."""
    opt = get_method("cmaes")(np.ones(90), 1.0, rng=1)
    for k in (None, None, 60, 60, None, 200, None):
        x = opt.ask(k)
        opt.tell(x, ellipsoid(x))
    np.testing.assert_allclose(opt.A @ opt.q, opt.pc, rtol=1e-9, atol=1e-9 * abs(opt.pc).max())


def test_runs_of_a_failing_neighbour():
    opt = get_method("cmaes")(np.ones((3, 4)), 1.0, rng=[1, 2, 3], stop={"ftarget": 1e-8})
    while not opt.stop():
        x = opt.ask()
        f = sphere(x)
        f[opt.active == 1] = np.nan
        opt.tell(x, f)
    ok, bad, _ = opt.results
    assert ok.success and ok.fun <= 1e-8 and ok.n_failed == 0
    assert not bad.success and bad.status == 2 and "nofinite" in bad.stop and np.isnan(bad.fun)
    assert bad.n_failed == bad.nfev
    assert ok.nfev == alone("cmaes", np.ones(4), 1.0, 1, sphere, {"ftarget": 1e-8}).nfev


@pytest.mark.parametrize("name", ["cmaes", "sep-cmaes", "snes", "lm-ma-es"])
@pytest.mark.parametrize("value", [-np.inf, np.nan])
@pytest.mark.parametrize("asked_for", [{}, {"nofinite": 12}])
def test_a_value_that_is_not_finite_comes_late_and_in_one_run_only(name, value, asked_for):
    """Criteria that can only be met after such a value are looked at after one, in stacks as alone."""
    begins = 12  # iteration

    def drive(opt, run):
        while not opt.stop():
            x = opt.ask()
            f = sphere(x)
            if opt.nit >= begins:
                f[opt.active == run if opt.runs else ...] = value
            opt.tell(x, f)
        return opt

    x0, stop = np.full((3, 4), 2.0), {"maxfevals": 600, **asked_for}
    stacked = drive(get_method(name)(x0, 1.0, rng=[1, 2, 3], stop=stop), 1).results
    hit = drive(get_method(name)(x0[1], 1.0, rng=2, stop=stop), 0).result
    calm = [alone(name, x0[i], 1.0, seed, sphere, stop) for i, seed in ((0, 1), (2, 3))]
    assert [(r.nfev, r.stop, r.fun) for r in stacked] == [(r.nfev, r.stop, r.fun) for r in (calm[0], hit, calm[1])]
    if value < 0:
        assert hit.success and set(hit.stop) == {"lowest"} and hit.nit == begins + 1
    else:
        assert not hit.success and set(hit.stop) == {"nofinite"} and hit.nit == begins + asked_for.get("nofinite", 30)


def test_ended_runs_cost_nothing():
    calls = []

    def f(x):
        calls.append(len(x))
        return sphere(x)

    opt = run(get_method("cmaes")(np.ones((20, 3)), 1.0, rng=0, stop={"ftarget": 1e-6}), f)
    assert calls[0] == 20 and calls[-1] < 20
    assert sum(calls) * opt.popsize == sum(result.nfev for result in opt.results)
    assert sorted(opt.stop()) == list(range(20))


def test_settings_per_run():
    targets = np.array([1e-2, 1e-8])
    opt = run(get_method("cmaes")(np.ones((2, 3)), np.array([0.5, 2.0]), rng=[1, 1], stop={"ftarget": targets}), sphere)
    first, second = opt.results
    assert first.nfev < second.nfev
    assert first.fun > 1e-8 >= second.fun


def test_seeds_of_a_stack():
    make = get_method("cmaes")
    root = np.random.SeedSequence(5)
    a = make(np.ones((3, 2)), 1.0, rng=root)
    b = make(np.ones((3, 2)), 1.0, rng=5)
    np.testing.assert_array_equal(a.ask(), b.ask())
    assert root.n_children_spawned == 0
    again = make(np.ones((3, 2)), 1.0, rng=5)
    lonely = make(np.ones(2), 1.0, rng=again.seed[1])
    np.testing.assert_array_equal(again.ask()[1], lonely.ask())
    assert not (a.ask()[0] == a.ask()[1]).all()


def test_shapes_of_sigma0():
    make = get_method("cmaes")
    opt = make(np.zeros((3, 2)), np.array([[1.0, 2.0]]), rng=0)
    np.testing.assert_allclose(opt.stds, np.tile([1.0, 2.0], (3, 1)))
    opt = make(np.zeros((3, 2)), [1.0, 2.0, 3.0], rng=0)
    np.testing.assert_allclose(opt.stds[:, 0], [1, 2, 3])
    with pytest.raises(ValueError, match=r"sigma0 of one axis must have one entry per run \(3\), got 2"):
        make(np.zeros((3, 2)), [1.0, 2.0], rng=0)
    with pytest.raises(ValueError, match="rng must have one entry per run, got 2 for 3 runs"):
        make(np.zeros((3, 2)), 1.0, rng=[1, 2])
    with pytest.raises(ValueError, match="result is of a single run, got 3 stacked runs"):
        make(np.zeros((3, 2)), 1.0).result  # noqa: B018
