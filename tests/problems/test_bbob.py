"""BBOB suites: what holds for every problem, whatever the instance."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import problems
from problems import bbob

SIZES = {"bbob": 7, "bbob-noisy": 7, "bbob-largescale": 90, "bbob-mixint": 15, "bbob-boxed": 7}
OWN = [(name, n) for suite, n in SIZES.items() for name in bbob.names(suite)]
GRADIENTS = [name for suite in bbob.SUITES for name in bbob.names(suite)[:: 6 if "constrained" in suite else 1]]
SMOOTH = [name for name in GRADIENTS if problems.entry(name).smooth]


def points(f: problems.Objective, count: int, seed: int, stretch: float = 1.0) -> np.ndarray:
    low, high = f.bounds.lb, f.bounds.ub
    return stretch * np.random.default_rng(seed).uniform(low, high, (count, f.n))


def test_names_and_tags() -> None:
    assert bbob.names("bbob") == [f"bbob-f{i}" for i in range(1, 25)] == problems.names("bbob")
    assert len(bbob.names()) == 24 * 4 + 30 + 54
    assert set(bbob.names()) <= set(problems.list())


def test_make_and_registry_are_one() -> None:
    x = np.linspace(-4, 4, 6)
    assert problems.get("bbob-f15:n=6,instance=3")(x) == bbob.make("bbob-f15", 6, 3)(x)
    assert problems.get("bbob-noisy-f101", n=6, seed=2, run=1)(x) == bbob.make("bbob-noisy-f101", 6, seed=2, run=1)(x)
    assert bbob.make("bbob-f1").n == 10
    assert bbob.make("bbob-largescale-f1").n == 40


@pytest.mark.parametrize(("name", "n"), OWN)
def test_the_optimum_has_the_optimal_value_and_nothing_is_below(name: str, n: int) -> None:
    for instance in (1, 6):
        f = bbob.make(name, n, instance)
        value = (f.noiseless or f)(f.x_opt)
        assert value == pytest.approx(f.f_opt, rel=1e-13, abs=2e-12)
        assert np.all(f.x_opt >= f.bounds.lb) and np.all(f.x_opt <= f.bounds.ub)
        assert np.all((f.noiseless or f)(points(f, 200, 3)) > f.f_opt - 1e-9)


@pytest.mark.parametrize(("name", "n"), OWN)
def test_a_batch_is_its_rows_to_the_last_bit(name: str, n: int) -> None:
    f = bbob.make(name, n, 2)
    x = points(f, 130, 1, stretch=1.2 if name.startswith("bbob-f") else 1.0)
    rows = np.array([bbob.make(name, n, 2)(row) for row in x[:1]]) if f.noisy else np.array([f(row) for row in x])
    for count in (1, 2, 3, 17, 130):
        again = bbob.make(name, n, 2) if f.noisy else f
        np.testing.assert_array_equal(again(x[:count])[: len(rows)], rows[:count])
    if not f.noisy:
        np.testing.assert_array_equal(f(x.reshape(2, 65, n)).ravel(), rows)
        np.testing.assert_array_equal(f(x.reshape(2, 1, 5, 13, n)).ravel(), rows)


@pytest.mark.parametrize("name", ["bbob-f16", "bbob-f21", "bbob-f23"])
def test_a_batch_that_is_cut_into_blocks(name: str) -> None:
    f = bbob.make(name, 12)
    x = points(f, 3000, 4)
    np.testing.assert_array_equal(f(x)[::100], [f(row) for row in x[::100]])


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_agree_with_central_differences(name: str) -> None:
    n = 50 if "large" in name else 6
    f = bbob.make(name, n, 3)
    x = points(f, 3, 5, stretch=0.99 if "boxed" in name else 1.1)
    values, gradients = f.value_and_grad(x)
    np.testing.assert_allclose(values, f(x), rtol=1e-14)
    h = 1e-6 * np.eye(n)
    differences = (f(x[:, None] + h) - f(x[:, None] - h)) / 2e-6
    scale = np.abs(differences).max(axis=-1, keepdims=True) + 1e-3
    np.testing.assert_allclose(gradients / scale, differences / scale, atol=2e-5)


@pytest.mark.parametrize("function", [16, 19, 23])
def test_gradients_of_rough_functions_are_those_of_the_line_nearby(function: int) -> None:
    """Their ripples need steps far below 1e-6, and then few digits of the differences are left."""
    f = bbob.make(f"bbob-f{function}", 3, 1)
    x = points(f, 20, 5, stretch=0.8)
    gradients = f.value_and_grad(x)[1]
    h = 1e-11 if function == 23 else 1e-9
    differences = np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)], axis=-1)
    scale = np.abs(gradients).max()
    # most points: a kink or a fast ripple may lie within a step
    assert np.median(np.abs(gradients - differences)) < 0.02 * scale


@pytest.mark.parametrize("name", ["bbob-f7", "bbob-boxed-f7", "bbob-mixint-f1", "bbob-noisy-f113"])
def test_functions_without_a_gradient_say_so(name: str) -> None:
    f = bbob.make(name, 10)
    assert f.differentiable is False
    with pytest.raises(ValueError, match="has no gradient"):
        f.value_and_grad(np.zeros(10))


@pytest.mark.parametrize("function", [f for f in range(1, 25) if f != 7])
def test_gradients_are_finite_at_the_optimum(function: int) -> None:
    f = bbob.make(f"bbob-f{function}", 4)
    assert np.all(np.isfinite(f.value_and_grad(f.x_opt)[1]))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 24), st.integers(2, 60), st.integers(1, 200))
def test_any_n_from_2(function: int, n: int, instance: int) -> None:
    f = bbob.make(f"bbob-f{function}", n, instance)
    assert f(f.x_opt) == pytest.approx(f.f_opt, rel=1e-13, abs=2e-12)
    x = points(f, 4, instance)
    values = f(x)
    assert values.shape == (4,) and np.all(np.isfinite(values)) and np.all(values > f.f_opt)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([6, 7, 9, 13, 15, 16, 19, 23, 24]), st.integers(20, 200))
def test_any_n_from_20_in_largescale(function: int, n: int) -> None:
    f = bbob.make(f"bbob-largescale-f{function}", n)
    assert f(f.x_opt) == pytest.approx(f.f_opt, rel=1e-13, abs=2e-12)
    assert np.all(f(points(f, 3, n)) > f.f_opt)


@pytest.mark.parametrize("n", [20, 40])
def test_largescale_has_one_block_up_to_40(n: int) -> None:
    x = np.random.default_rng(n).uniform(-5, 5, (5, n))
    for function in (2, 10, 14, 15, 17, 19, 21, 23, 24):
        large, small = (bbob.make(f"{suite}-f{function}", n, 4) for suite in ("bbob-largescale", "bbob"))
        np.testing.assert_allclose(large(x), small(x), rtol=1e-9)


@pytest.mark.parametrize("name", bbob.names("bbob-boxed"))
def test_boxed_is_infinite_outside(name: str) -> None:
    f = bbob.make(name, 3)
    inside = np.full(3, 5.0)
    assert np.isfinite(f(inside)) and np.isfinite(f(-inside))
    for i in range(3):
        outside = inside.copy()
        outside[i] = np.nextafter(5.0, 6.0)
        assert f(outside) == np.inf == f(-outside)
    assert np.isnan(f([np.nan, 0.0, 0.0]))
    mixed = f(np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 0.0]]))
    assert np.isfinite(mixed[0]) and mixed[1] == np.inf


def test_bounds_are_information_elsewhere() -> None:
    for suite in ("bbob", "bbob-noisy", "bbob-largescale"):
        for name in bbob.names(suite):
            f = bbob.make(name, 20)
            assert np.isfinite(f(np.full(20, 7.0)))
            assert np.all(f.bounds.lb == -5) and np.all(f.bounds.ub == 5)


def test_starts_are_drawn_from_the_inner_box() -> None:
    f = bbob.make("bbob-f1", 1000)
    x = f.x0(3)
    assert x.shape == (1000,) and 3.9 < np.abs(x).max() <= 4.0
    np.testing.assert_array_equal(x, f.x0(3))


def test_mixint_variables() -> None:
    f = bbob.make("bbob-mixint-f3", 10)
    np.testing.assert_array_equal(f.integrality, [True] * 8 + [False] * 2)
    np.testing.assert_array_equal(f.bounds.ub, [1, 1, 3, 3, 7, 7, 15, 15, 5, 5])
    np.testing.assert_array_equal(f.bounds.lb, [0, 0, 0, 0, 0, 0, 0, 0, -5, -5])
    x = f.x_opt + np.array([0.4, -0.4] * 4 + [0.0, 0.0])
    assert f(x) == f(f.x_opt)  # rounded
    start = f.x0(1)
    np.testing.assert_array_equal(start[:8], np.rint(start[:8]))
    beyond = f.bounds.ub + np.array([3.0] * 8 + [0.0] * 2)
    assert f(beyond) == f(f.bounds.ub)  # clipped, as COCO does


def test_the_optimum_of_mixint_is_the_best_of_all_neighbours() -> None:
    f = bbob.make("bbob-mixint-f1", 5)
    grid = np.stack(np.meshgrid(*[np.arange(u + 1) for u in f.bounds.ub[:4]], [f.x_opt[4]], indexing="ij"), axis=-1)
    values = f(grid)
    assert values.min() == pytest.approx(f.f_opt)
    np.testing.assert_array_equal(grid.reshape(-1, 5)[values.argmin()], f.x_opt)


CONSTRAINED = [(name, n) for name in bbob.names("bbob-constrained") for n in (2, 7)]


@pytest.mark.parametrize(("name", "n"), CONSTRAINED)
def test_constrained_optimum_and_start(name: str, n: int) -> None:
    for instance in (1, 4):
        f = bbob.make(name, n, instance)
        (feasible,) = f.constraints
        assert f(f.x_opt) == f.f_opt
        at_optimum = feasible.fun(f.x_opt)
        assert at_optimum.max() == 0.0
        active = (1, 2, 6, 6 + n // 2, 6 + n, 6 + 3 * n)[(int(name.split("-f")[1]) - 1) % 6]
        assert at_optimum.shape == (active + active // 2,)
        assert np.sum(at_optimum == 0.0) == active
        start = f.x0()
        assert feasible.fun(start).max() <= 0.0 and np.all(np.abs(start) < 5.0) and f(start) > f.f_opt


@pytest.mark.parametrize("name", bbob.names("bbob-constrained")[2::6])
def test_no_feasible_point_is_better(name: str) -> None:
    f = bbob.make(name, 3, 2)
    (feasible,) = f.constraints
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.uniform(-5, 5, (4000, 3)), f.x_opt + 0.01 * rng.standard_normal((4000, 3))])
    inside = feasible.fun(x).max(axis=-1) <= 0.0
    assert inside.any()
    assert np.all(f(x[inside]) >= f.f_opt - 1e-9)


@pytest.mark.parametrize("name", ["bbob-constrained-f3", "bbob-constrained-f33", "bbob-constrained-f54"])
def test_constraints_of_a_batch_and_their_derivatives(name: str) -> None:
    f = bbob.make(name, 6, 3)
    (feasible,) = f.constraints
    x = points(f, 60, 1)
    values = feasible.fun(x)
    np.testing.assert_array_equal(values, [feasible.fun(row) for row in x])
    np.testing.assert_array_equal(feasible.fun(x.reshape(2, 3, 10, 6)), values.reshape(2, 3, 10, -1))
    np.testing.assert_array_equal(f(x), [f(row) for row in x])
    h = 1e-6 * np.eye(6)
    differences = ((feasible.fun(x[0] + h) - feasible.fun(x[0] - h)) / 2e-6).T
    np.testing.assert_allclose(feasible.jac(x[0]), differences, atol=1e-5 * np.abs(differences).max())


def test_scipy_finds_a_constrained_optimum() -> None:
    from scipy.optimize import minimize

    f = bbob.make("bbob-constrained-f3", 4, 1)
    res = minimize(f, f.x0(), method="SLSQP", constraints=list(f.constraints), options={"maxiter": 300, "ftol": 1e-12})
    assert res.fun == pytest.approx(f.f_opt, abs=1e-3)


@pytest.mark.parametrize("name", bbob.names("bbob-noisy"))
def test_noise_depends_on_its_key_alone(name: str) -> None:
    x = np.random.default_rng(0).uniform(-6, 6, (12, 5))
    whole = bbob.make(name, 5, seed=3, run=2)(x)
    f = bbob.make(name, 5, seed=3, run=2)
    parts = np.concatenate([[f(x[0]), f(x[1])], f(x[2:3]), f(x[3:])])
    np.testing.assert_array_equal(whole, parts)
    for other in ({"seed": 4, "run": 2}, {"seed": 3, "run": 3}, {"seed": 3, "run": 2, "instance": 2}):
        assert not np.array_equal(bbob.make(name, 5, **other)(x), whole)
    f.noiseless(x)  # takes nothing from the stream
    assert f.noisy and f.f_opt is not None


@pytest.mark.parametrize("kind", [101, 102, 103, 107, 108, 109, 126])
def test_gradients_of_what_was_drawn(kind: int) -> None:
    name, x = f"bbob-noisy-f{kind}", np.random.default_rng(2).uniform(-6, 6, (9, 4))
    f, again, quiet = bbob.make(name, 4), bbob.make(name, 4), bbob.make(name, 4).noiseless
    values, gradients = f.value_and_grad(x)
    np.testing.assert_allclose(values, again(x), rtol=1e-14)
    # the noise draws the same numbers beside x: with them, central differences
    h = 1e-6
    for i in range(4):
        up, down = bbob.make(name, 4), bbob.make(name, 4)
        difference = (up(x + h * np.eye(4)[i]) - down(x - h * np.eye(4)[i])) / (2 * h)
        np.testing.assert_allclose(gradients[:, i], difference, rtol=1e-4, atol=1e-4 * np.abs(gradients).max())
    assert quiet(x).shape == (9,)


def test_noise_goes_on_in_a_copy() -> None:
    f = bbob.make("bbob-noisy-f130", 5)
    x = np.zeros((7, 5))
    f(x)
    copy = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(f(x), copy(x))


def test_a_stream_of_coco_continues_through_problems() -> None:
    stream = bbob.CocoStream()
    x = np.zeros(5)
    first, second = (bbob.make("bbob-noisy-f101", 5, noise=stream) for _ in range(2))
    alone = bbob.make("bbob-noisy-f101", 5, noise="coco")
    assert [first(x), second(x), first(x)] == [alone(x), alone(x), alone(x)]


def test_noise_begins_anew_from_a_seed() -> None:
    x = np.ones((3, 5))
    f = bbob.make("bbob-noisy-f101", 5)
    draws = []
    for seed in (7, 7, 8):
        f.reseed(seed)
        draws.append(f(x))
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).all()
    coco = bbob.make("bbob-noisy-f101", 5, noise="coco")
    first = coco(x)
    coco.reseed(7)  # goes on with COCO's numbers
    again = bbob.make("bbob-noisy-f101", 5, noise="coco")
    assert (first == again(x)).all() and (coco(x) == again(x)).all()


def test_noise_that_is_unknown() -> None:
    with pytest.raises(ValueError, match="noise must be 'keyed', 'coco' or a stream, got 'pink'"):
        bbob.make("bbob-noisy-f101", 5, noise="pink")


@pytest.mark.parametrize(
    ("name", "n"),
    [
        (f"{s}-f{f}", n)
        for s, n in {**SIZES, "bbob-constrained": 4}.items()
        for f in ((103,) if "noisy" in s else (7, 21))
    ],
)
def test_pickles_are_light(name: str, n: int) -> None:
    f = bbob.make(name, n, 4)
    x = points(f, 3, 0)
    text = pickle.dumps(f)
    assert len(text) < 5000
    np.testing.assert_array_equal(pickle.loads(text)(x), f(x))


def test_workers() -> None:
    from joblib import Parallel, delayed

    fs = [bbob.make(name, 5) for name in ("bbob-f15", "bbob-noisy-f117", "bbob-mixint-f6")]
    x = np.ones((4, 5))
    results = Parallel(n_jobs=2)(delayed(f)(x) for f in fs)
    for f, result in zip(fs, results, strict=True):
        np.testing.assert_array_equal(result, f(x))


@pytest.mark.parametrize(
    ("name", "n", "message"),
    [
        ("bbob-f3", 1, "n must be at least 2 for bbob-f3, got 1"),
        ("bbob-noisy-f103", 1, "n must be at least 2"),
        ("bbob-boxed-f3", 0, "n must be a positive integer"),
        (
            "bbob-largescale-f3",
            10,
            "n must be at least 20 .COCO: 20, 40, 80, 160, 320, 640. for bbob-largescale-f3, got 10",
        ),
        ("bbob-mixint-f3", 12, "n must be a multiple of 5 .COCO: 5, 10, 20, 40, 80, 160. for bbob-mixint-f3, got 12"),
        ("bbob-constrained-f3", 1, "n must be at least 2 for bbob-constrained-f3, got 1"),
    ],
)
def test_wrong_n(name: str, n: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bbob.make(name, n)


@pytest.mark.parametrize("name", ["bbob-f25", "bbob-f0", "bbob-noisy-f1", "bbob-huge-f1", "sphere"])
def test_wrong_names(name: str) -> None:
    with pytest.raises(ValueError, match="name must be one of bbob-f1 to -f24, bbob-noisy-f101 to -f130"):
        bbob.make(name, 5)


@pytest.mark.parametrize("instance", [0, -1, True, 1.0])
def test_wrong_instances(instance: int) -> None:
    with pytest.raises(ValueError, match=f"instance of bbob-f1 must be an integer from 1 to 100000, got {instance}"):
        bbob.make("bbob-f1", 5, instance)


def test_wrong_options() -> None:
    with pytest.raises(ValueError, match=r"n must be a positive integer for bbob-f1, got 2\.5"):
        bbob.make("bbob-f1", 2.5)
    with pytest.raises(ValueError, match="bbob-f1 takes no option but instance, got seed"):
        bbob.make("bbob-f1", 5, seed=3)
    with pytest.raises(ValueError, match="run of bbob-noisy must be an integer from 0, got -1"):
        bbob.make("bbob-noisy-f101", 5, run=-1)
    with pytest.raises(ValueError, match=r"suite must be one of bbob, bbob-noisy, .*, got 'bob'"):
        bbob.names("bob")


def test_wrong_points() -> None:
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 5\) for bbob-f1, got \(4,\)"):
        bbob.make("bbob-f1", 5)(np.zeros(4))


@pytest.mark.parametrize(("name", "n"), [*OWN, ("bbob-constrained-f12", 3), ("bbob-constrained-f36", 3)])
def test_nan_gives_nan(name: str, n: int) -> None:
    f = bbob.make(name, n)
    x = np.zeros((2, n))
    x[0, -1] = np.nan
    values = f(x)
    assert np.isnan(values[0]) and np.isfinite(values[1])
