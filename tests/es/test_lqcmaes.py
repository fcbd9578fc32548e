"""lq-CMA-ES and its model; what all strategies are held to, as far as it claims it."""

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint

from es.minimize import minimize
from es.parts.quadratic import DIAGONAL, FULL, LINEAR, QuadraticModel, kendall, least_squares
from es.runs import minimize_runs
from es.strategies.lq_cmaes import LQCMAES
from tests.es import test_bounds, test_stacks, test_state, test_tell
from tests.es.table import ellipsoid, rosenbrock, rotation, run, sphere

NAME = "lq-cmaes"


def filled(n, k, f, seed=0, least=10):
    """A model of f at k normal points."""
    model = QuadraticModel(n, least)
    for x in np.random.default_rng(seed).standard_normal((k, 1, n)):
        model.add(x, f(x), 1)
    return model


# The model -----------------------------------------------------------------------------------------


def test_more_points_make_a_larger_model():
    n = 4
    kinds = [filled(n, k, sphere).kind for k in range(1, 40)]
    # Three quarters of the points, 1.1 of them per coefficient: 2 n + 1 = 9, and 15 with the products.
    assert kinds.index(DIAGONAL) + 1 == 14 and kinds.index(FULL) + 1 == 22
    assert kinds[0] == LINEAR


@pytest.mark.parametrize(("turned", "points"), [(False, 16), (True, 60)])
def test_a_quadratic_function_is_found(turned, points):
    n, optimum = 4, np.array([0.5, -1.0, 2.0, 0.25])
    R = rotation(n) if turned else np.eye(n)

    def f(x):
        return 7.0 + ellipsoid((x - optimum) @ R, 1e4)

    model = filled(n, points, f)
    np.testing.assert_allclose(model.optimum(), optimum, rtol=1e-7)
    x = np.random.default_rng(1).standard_normal((3, 5, n))
    np.testing.assert_allclose(model(x), f(x), rtol=1e-8)
    assert model.agreement(15) == 1.0


def test_a_linear_function_is_found():
    slope = np.array([3.0, -2.0, 0.5])
    model = filled(3, 6, lambda x: x @ slope + 10)
    assert model.kind == LINEAR
    np.testing.assert_allclose(model.gradient(), slope, rtol=1e-10)


def test_a_saddle_is_left_downwards():
    def saddle(x):
        return x[..., 0] ** 2 - x[..., 1] ** 2 + 0.5 * x[..., 1]

    model = filled(2, 40, saddle)
    best = model.X[model.F.argmin()]
    assert saddle(model.optimum()) < saddle(best)


def test_points_without_a_value_count_against_the_model_only():
    x = np.random.default_rng(0).standard_normal((30, 3))
    good, model = QuadraticModel(3, 10), QuadraticModel(3, 10)
    good.add(x[:20], sphere(x[:20]), 0)
    model.add(x[:20], sphere(x[:20]), 0)
    model.add(0.01 * x[20:], np.full(10, np.nan), 0)
    np.testing.assert_array_equal(model(x), good(x))
    assert good.agreement(15) == 1.0 and model.agreement(15) < 0.5  # the model finds them best
    assert model.data == 20


def test_the_archive_is_bounded():
    model = filled(2, 200, sphere)
    assert len(model.X) == model.capacity == 12  # twice the six coefficients
    model = QuadraticModel(2, 40)
    for _ in range(20):
        model.add(np.ones((30, 2)), np.full(30, np.inf), 30)
    assert len(model.X) == 40


@pytest.mark.parametrize(
    "values", [[1e300, -1e300, 5.0], [0.0, 0.0, 0.0], [1e-300, 2e-300, 3e-300], [1.0, np.inf, 2.0]]
)
def test_values_of_any_size(values):
    model = QuadraticModel(2, 6)
    x = np.random.default_rng(0).standard_normal((12, 2))
    with np.errstate(all="raise", under="ignore"):
        model.add(x, np.resize(values, 12), 12)
        assert np.isfinite(model(x)).all() and np.isfinite(model.optimum()).all()


def test_kendall_is_scipys():
    from scipy.stats import kendalltau

    rng = np.random.default_rng(0)
    for k in (3, 8, 40):
        for most in (4, 1000):
            a, b = rng.integers(most, size=(2, k)).astype(float)
            expected = kendalltau(a, b)[0]
            assert kendall(a, b) == pytest.approx(expected if np.isfinite(expected) else 0.0, abs=1e-12)
    assert kendall(np.array([1.0, np.inf, np.inf]), np.array([1.0, 2.0, 3.0])) == pytest.approx((2 / 3) ** 0.5)
    assert kendall(np.ones(4), np.arange(4.0)) == 0.0


@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (9, 9)])
def test_least_squares_is_numpys(shape):
    rng = np.random.default_rng(0)
    Z, y = rng.standard_normal(shape), rng.standard_normal(shape[0])
    Z[:, 2] = Z[:, 1]  # short of rank
    np.testing.assert_allclose(least_squares(Z, y), np.linalg.lstsq(Z, y, rcond=None)[0], rtol=1e-9)


# Ask and tell --------------------------------------------------------------------------------------


def test_only_what_is_evaluated_is_counted():
    calls = []

    def f(x):
        calls.append(len(x))
        return sphere(x)

    opt = run(LQCMAES(np.full(10, 3.0), 1.0, rng=1, stop={"ftarget": 1e-8}), f)
    assert opt.nfev == sum(calls) == opt.result.nfev
    assert max(calls) <= opt.popsize and min(calls) == 1
    assert opt.nit == len(calls) and opt.result.nit == opt.searches[0].cma.nit < len(calls)


@pytest.mark.parametrize("more", [{}, {"constraints": NonlinearConstraint(lambda x: x[0] - 0.5, -np.inf, 0)}])
def test_iterations_are_generations(more):
    """In all ways to run it; populations are of seven points, and most are evaluated in part."""
    seen = []

    def note(intermediate_result):
        seen.append((intermediate_result.nit, intermediate_result.nfev))

    res = minimize(rosenbrock, [0.1] * 3, method=NAME, rng=1, maxiter=12, callback=note, **more)
    opt = LQCMAES([0.1] * 3, rng=1, stop={"maxiter": 12})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, rosenbrock(x), **({"constraints": x[:, :1] - 0.5} if more else {}))
    assert res.nit == opt.result.nit == opt.searches[0].cma.nit == 12
    assert res.nfev == opt.nfev < 7 * 12
    np.testing.assert_array_equal(res.x, opt.result.x)
    assert {nit for nit, _ in seen} | {0} == set(range(13)) and len(seen) == opt.nit > 12
    assert list(zip(*(res.history[name].tolist() for name in ("nit", "nfev")), strict=True)) == seen


def test_parts_grow_where_the_model_fails():
    """Random values: the whole population is evaluated, in parts of 1, 1, 1, 2, 3, ... points."""
    values = np.random.default_rng(0)
    opt = LQCMAES(np.zeros(20), 1.0, popsize=24, rng=1)
    generations: dict[int, list[int]] = {}
    while opt.nfev < 24 * 6:
        x = opt.ask()
        generations.setdefault(opt.searches[0].cma.nit, []).append(len(x))
        opt.tell(x, values.random(len(x)))
    # The first begins with what a model needs; by chance random values may agree with the model on fifteen points.
    assert generations[0][0] == 5
    assert [1, 1, 1, 2, 3, 4, 6, 6] in generations.values()
    assert all(sum(parts) <= 24 and parts[0] == 1 for nit, parts in generations.items() if nit)


def test_the_best_by_the_model_come_first():
    opt = run(LQCMAES(np.full(3, 2.0), 1.0, rng=1), sphere, 8)
    search = opt.searches[0]
    x = opt.ask()
    assert len(x) < opt.popsize
    assert search.model(x).max() <= np.sort(search.model(search.x))[len(x) - 1]


def test_asking_ahead_and_telling_in_part():
    a, b = (LQCMAES(np.ones(3), 1.0, popsize=8, rng=4) for _ in range(2))
    first, second = a.ask(), a.ask(4)
    assert first.shape == (5, 3) and not (first[:, None] == second).all(-1).any()
    x = np.concatenate([second, first])[::-1]
    a.tell(x, sphere(x))
    y = np.concatenate([b.ask(), b.ask(4)])
    b.tell(y, sphere(y))
    np.testing.assert_array_equal(a.mean, b.mean)
    assert a.nfev == b.nfev == 9 and len(a.searches[0].model.X) == 9
    x = a.ask(6)
    a.tell(x[:2], sphere(x[:2]))
    a.tell(x[4:5], sphere(x[4:5]))
    assert np.isfinite(a.mean).all() and a.nfev == 12 and a.ask(30).shape == (30, 3)


def test_a_part_is_asked_again_if_it_is_not_told():
    opt = LQCMAES(np.ones(3), 1.0, rng=4)
    x = opt.ask()
    opt.tell(x[:2], sphere(x[:2]))
    np.testing.assert_array_equal(opt.ask(), x[2:])


def test_points_of_the_callers_own_teach_the_model():
    opt = LQCMAES(np.zeros(5), 0.5, rng=2)
    best = np.full(5, 3.0)
    x = np.concatenate([opt.ask(), best[None]])
    opt.tell(x, sphere(x - best))
    assert opt.f_best == 0 and opt.nfev == len(x)
    assert np.isin(best, opt.searches[0].model.X).all()
    with pytest.raises(ValueError, match="x must be finite"):
        opt.tell(np.full((1, 5), np.nan), [1.0])


def trajectory(f, x0, sigma0, permute=None, most=120):
    opt, points = LQCMAES(x0, sigma0, rng=3), []
    while opt.nfev < most:
        x = opt.ask()
        points.append(x)
        order = np.arange(len(x)) if permute is None else permute.permutation(len(x))
        opt.tell(x[order], f(x[order]))
    return np.concatenate(points)


START = np.linspace(0.5, 2, 6)


def test_translation():
    shift = np.arange(6) * 4.0 - 8.0
    plain = trajectory(rosenbrock, START, 0.5, most=60)
    moved = trajectory(lambda x: rosenbrock(x - shift), START + shift, 0.5, most=60)
    np.testing.assert_allclose(moved[:40] - shift, plain[:40], rtol=1e-6, atol=1e-6)


def test_scaling_of_x_and_of_f():
    plain = trajectory(ellipsoid, START, 0.5)
    np.testing.assert_array_equal(trajectory(lambda x: ellipsoid(x * 1024), START / 1024, 0.5 / 1024) * 1024, plain)
    np.testing.assert_array_equal(trajectory(lambda x: ellipsoid(x) / 4096, START, 0.5), plain)


@pytest.mark.parametrize("f", [ellipsoid, lambda x: np.floor(ellipsoid(x) / 10)], ids=["distinct", "ties"])
def test_permutation(f):
    plain = trajectory(f, START, 0.5)
    np.testing.assert_array_equal(trajectory(f, START, 0.5, permute=np.random.default_rng(0)), plain)


# What holds for all strategies ---------------------------------------------------------------------


@pytest.mark.parametrize(("n", "f"), [(1, sphere), (2, sphere), (5, rosenbrock), (10, ellipsoid)])
def test_bits_do_not_depend_on_the_stack(n, f):
    test_stacks.test_bits_do_not_depend_on_the_stack(NAME, n, f)


@pytest.mark.parametrize("x0", [np.zeros(3), np.zeros((4, 3))], ids=["one", "stack"])
def test_continues_bit_for_bit(x0, tmp_path):
    test_state.test_continues_bit_for_bit(NAME, x0, tmp_path)


def test_continues_in_the_middle_of_a_part():
    def make():
        return LQCMAES(np.zeros(3), 0.5, rng=7, stop={"ftarget": 1e-6})

    through, resumed = run(make(), rosenbrock, 12), make()
    x = through.ask(3)
    through.tell(x[:1], rosenbrock(x[:1]))
    through.ask()
    resumed.load_state_dict(through.state_dict())
    assert run(through, rosenbrock).result.x.tolist() == run(resumed, rosenbrock).result.x.tolist()
    assert through.nfev == resumed.nfev


@pytest.mark.parametrize("place", ["inside", "face", "corner"])
def test_optima_in_a_box(place):
    test_bounds.test_optima(NAME, "transform", place)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_half_space_without_values(bad):
    test_tell.test_half_space_without_values(NAME, bad)


@pytest.mark.parametrize(
    "check",
    [
        test_tell.test_one_dimension,
        test_tell.test_smallest_populations,
        test_tell.test_the_callers_arrays_and_stream_are_left_alone,
        test_tell.test_nothing_finite,
        test_tell.test_points_of_the_callers_own_only,
        test_tell.test_random_ranks_for_ever,
        test_tell.test_unbounded_slope,
    ],
)
def test_as_all_strategies(check):
    check(NAME)


@pytest.mark.parametrize("factor", [10, 100])
def test_large_populations(factor):
    test_tell.test_large_populations(NAME, factor)


# Convergence ---------------------------------------------------------------------------------------

# Median evaluations of pycma 4.5 to 1e-8 from x0 in [-3, 3]^n with sigma0 = 1 (Rosenbrock: 0.1, 0.1), by
# experiments/benchmarks/es_family_cma.py; here n = 5 and 10.
PYCMA = {"sphere": (18, 33), "ellipsoid": (20, 35), "rotated": (35, 101), "rosenbrock": (310, 1153)}


@pytest.mark.parametrize("n", [5, pytest.param(10, marks=pytest.mark.heavy)])
@pytest.mark.parametrize("name", list(PYCMA))
def test_evaluations(name, n):
    R = rotation(n)
    f = {"sphere": sphere, "ellipsoid": ellipsoid, "rotated": lambda x: ellipsoid(x @ R), "rosenbrock": rosenbrock}[
        name
    ]
    width, sigma0 = (0.1, 0.1) if name == "rosenbrock" else (3.0, 1.0)
    starts = np.random.default_rng(0).uniform(-width, width, (9, n))
    opt = run(LQCMAES(starts, sigma0, rng=1, stop={"ftarget": 1e-8, "maxfevals": 5000}), f)
    used = [result.nfev if result.fun <= 1e-8 else np.inf for result in opt.results]
    assert np.median(used) <= 1.1 * PYCMA[name][n > 5]


def test_through_minimize(tmp_path):
    for options in ({}, {"bounds": [(-3, 3)] * 3}, {"restarts": 2}):
        result = minimize(rosenbrock, [0.1, 0.1, 0.1], method=NAME, sigma0=0.3, ftarget=1e-8, rng=1, **options)
        assert result.success and result.fun <= 1e-8 and result.nfev < 300
    cut = minimize(rosenbrock, [0.1, 0.1, 0.1], method=NAME, rng=1, maxfevals=37, checkpoint=tmp_path / "run.npz")
    assert cut.nfev == 37
    whole = minimize(rosenbrock, [0.1, 0.1, 0.1], method=NAME, rng=1, maxfevals=120)
    on = minimize(rosenbrock, [0.1, 0.1, 0.1], method=NAME, rng=1, maxfevals=120, checkpoint=tmp_path / "run.npz")
    assert on.nfev == whole.nfev and on.x.tolist() == whole.x.tolist()
    ended = run(LQCMAES(np.ones((2, 3)), 1.0, rng=1, stop={"ftarget": 1e-8}), sphere)
    assert ended.ask().shape == (0, 1, 3)
    stacked = minimize_runs(rosenbrock, np.zeros(3), runs=4, method=NAME, vectorized=True, ftarget=1e-8, rng=1)
    assert all(result.success for result in stacked)
    with pytest.raises(ValueError, match=r"trusted must lie in \[-1, 1\], got 2"):
        minimize(sphere, [1.0], method=NAME, options={"trusted": 2})
