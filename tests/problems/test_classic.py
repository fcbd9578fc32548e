"""Classic functions: published optima, and the transforms that compose them."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import problems
from problems import Objective, functions, transforms
from problems.classic import TABLE

# f_opt / n, as published
PUBLISHED = {
    "styblinski-tang": -39.16616570377142,
    "x2-sin-x": -63.634981951554458,
    "saddle": -0.125,
    "monkey-saddle": -6.75 / 2,
}

# values worked out by hand
KNOWN = [
    ("sphere", [1, -2], 5),
    ("ellipsoid", [1, 1, 1], 1 + 1e3 + 1e6),
    ("discus", [1, 1, 1], 1e6 + 2),
    ("cigar", [1, 1, 1], 2e6 + 1),
    ("different-powers", [2, 2, 2], 4 + 2**7 + 2**12),
    ("rosenbrock", [0, 0, 2], 1 + 1 + 400),
    ("zakharov", [1, 1], 2 + 1.5**2 + 1.5**4),
    ("booth", [0, 0], 74),
    ("beale", [0, 0], 1.5**2 + 2.25**2 + 2.625**2),
    ("rastrigin", [0.5, 1], 20.25 + 1),
    ("ackley", [1, 1], 20 - 20 * math.exp(-0.2)),
    ("griewank", [math.pi, 0], 2 + math.pi**2 / 4000),
    ("schwefel", [0, 0], 2 * 418.9828872724339),
    ("schwefel", [600.0], 418.9828872724339 - 600 * math.sin(math.sqrt(600)) + 100),
    ("levy", [3], 1 + 0.25),
    ("levy", [-1, 1], 1 + 0.25 * (1 + 10 * math.sin(math.pi * 0.5 + 1) ** 2)),
    ("styblinski-tang", [1, 0], -5),
    ("himmelblau", [0, 0], 170),
    ("x2-sin-x", [math.pi / 2], math.pi**2 / 4),
    ("saddle", [2, 2], 4 - 2 + 2),
    ("monkey-saddle", [1, 1], 1 - 3 + 1),
    ("step", [0.6, -1.2], 2),
]


@pytest.mark.parametrize(("name", "x", "value"), KNOWN)
def test_values(name, x, value):
    f = problems.get(name, n=len(x))
    assert f(x) == pytest.approx(value, rel=1e-13)


def test_every_function_has_a_value_and_a_name():
    assert {name for name, _, _ in KNOWN} == set(TABLE) == set(problems.names("classic"))
    assert {row.fun for row in TABLE.values()} == {getattr(functions, name) for name in functions.__all__}


SIZES = [(name, n) for name, row in TABLE.items() for n in (1, 2, 3, 10, 41) if row.dims[0] <= n <= (row.dims[1] or n)]


@pytest.mark.parametrize(("name", "n"), SIZES)
def test_optima(name, n):
    f = problems.get(name, n)
    per_coordinate = PUBLISHED.get(name, 0.0)
    expected = -0.25 * (n // 2) if name == "saddle" else n * per_coordinate
    assert f.f_opt == pytest.approx(expected, rel=1e-14, abs=1e-12)
    assert f(f.x_opt) == f.f_opt
    assert (f.x_opt >= f.bounds.lb).all()
    assert (f.x_opt <= f.bounds.ub).all()
    rng = np.random.default_rng(n)
    near = f.x_opt + (f.box.ub - f.box.lb) * 10.0 ** rng.uniform(-8, -1, (500, 1)) * rng.standard_normal((500, n))
    inside = np.clip(near, f.box.lb, f.box.ub)
    rounding = 1e-13 * n * max(1.0, np.abs(per_coordinate), f.box.ub[0] if name == "schwefel" else 0)
    assert (f(inside) >= f.f_opt - rounding).all()
    if f.differentiable and name != "ackley":  # which has a kink at its optimum
        assert np.abs(f.value_and_grad(f.x_opt)[1]).max() < 1e-6


@pytest.mark.parametrize("optimum", [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)])
def test_the_four_minima_of_himmelblau(optimum):
    assert problems.get("himmelblau")(optimum) < 1e-10


def test_gradient_descent_stalls_at_the_saddle_but_noise_gets_away():
    f = problems.get("saddle", 2)
    x = f.x0(0)
    x[1] = 0.0  # on the ridge itself
    for _ in range(1000):
        x = x - 0.1 * f.value_and_grad(x)[1]
    assert f(x) == pytest.approx(0.0, abs=1e-12)
    x = x + 1e-3
    for _ in range(1000):
        x = x - 0.1 * f.value_and_grad(x)[1]
    assert f(x) == pytest.approx(f.f_opt)


ALL = {"seed": 3, "shifted": True, "rotated": True, "conditioned": 100.0, "scaled": 10.0}


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize(
    "options", [{"shifted": True}, {"rotated": True}, {"conditioned": True}, {"scaled": True}, ALL]
)
def test_transforms_keep_optimum_and_gradient(name, options):
    f = problems.get(name, **options)
    assert f(f.x_opt) == f.f_opt
    assert pickle.loads(pickle.dumps(f))(f.x_opt) == f.f_opt
    x = f.x_opt + 0.3 * np.random.default_rng(1).standard_normal((5, f.n))
    np.testing.assert_array_equal(f(x), [f(row) for row in x])
    if f.differentiable:
        g, d = f.value_and_grad(x)[1], np.random.default_rng(2).standard_normal(f.n)
        h = 1e-6
        expected = (f(x + h * d) - f(x - h * d)) / (2 * h)
        np.testing.assert_allclose((g * d).sum(-1), expected, rtol=1e-4, atol=1e-6 * np.abs(g).max())


def test_transforms_do_what_they_say():
    n = 5
    plain = problems.get("ellipsoid", n)
    x = np.random.default_rng(0).standard_normal((4, n))
    turn = transforms.rotation(n, 7)
    np.testing.assert_allclose(turn @ turn.T, np.eye(n), atol=1e-14)
    np.testing.assert_allclose(transforms.rotated(plain, 7)(x), plain(x @ turn.T), rtol=1e-12)
    np.testing.assert_array_equal(transforms.shifted(plain, shift=1.5)(x), plain(x - 1.5))
    stretch = 100.0 ** (0.5 * np.arange(n) / (n - 1))
    np.testing.assert_allclose(transforms.conditioned(plain, 100.0)(x), plain(stretch * x), rtol=1e-14)
    np.testing.assert_array_equal(transforms.scaled(plain, 3.0, offset=1.0)(x), plain(x) * 3 + 1)
    big = transforms.scaled(transforms.shifted(plain, 1), x=10.0)
    np.testing.assert_allclose(big(10 * x), transforms.shifted(plain, 1)(x), rtol=1e-12)
    assert big.bounds.ub.tolist() == [50.0] * n
    assert big.sigma0.tolist() == [30.0] * n


def test_composed_affine_maps_are_merged():
    f = problems.get("rosenbrock", 4)
    g = transforms.rotated(transforms.shifted(transforms.conditioned(transforms.rotated(f, 1), 10.0), 2), 3)
    assert g.fun.fun is functions.rosenbrock
    x = np.random.default_rng(0).standard_normal((3, 4))
    first, last = transforms.rotation(4, 1), transforms.rotation(4, 3)
    stretch = 10.0 ** (0.5 * np.arange(4) / 3)
    z = f.x_opt + (stretch * ((x - g.x_opt) @ last.T)) @ first.T
    np.testing.assert_allclose(g(x), f(z), rtol=1e-11)


@pytest.mark.parametrize("jac", [True, lambda x: 2 * x])
@pytest.mark.parametrize("vectorized", [True, False])
def test_transforms_of_functions_with_their_own_gradient(jac, vectorized):
    def both(x):
        return (x * x).sum(-1), 2 * x

    f = Objective(
        both if jac is True else lambda x: (x * x).sum(-1), 3, jac=jac, vectorized=vectorized, x_opt=np.zeros(3)
    )
    g = transforms.scaled(transforms.rotated(transforms.shifted(transforms.conditioned(f, 100.0), 1), 2), 3.0)
    x = np.random.default_rng(0).standard_normal((4, 3))
    value, slope = g.value_and_grad(x)
    np.testing.assert_array_equal(value, g(x))
    d = np.array([0.3, -0.2, 0.5])
    expected = (g(x + 1e-6 * d) - g(x - 1e-6 * d)) / 2e-6
    np.testing.assert_allclose(slope @ d, expected, rtol=1e-7)


def test_seeds():
    one, two = problems.get("sphere", shifted=True, seed=1), problems.get("sphere", shifted=True, seed=2)
    assert (one.x_opt != two.x_opt).any()
    again = problems.get("sphere", shifted=True, rotated=True, seed=1)
    np.testing.assert_array_equal(one.x_opt, again.x_opt)
    np.testing.assert_array_equal(
        problems.get("sphere", shifted=True).x_opt, problems.get("sphere", shifted=True, seed=0).x_opt
    )
    assert np.abs(problems.get("sphere", 1000, shifted=True).x_opt).max() <= 4


def test_noise():
    f = problems.get("sphere", 3, noisy=0.5, seed=1)
    assert f.noisy
    assert f.f_opt == 0
    x = np.zeros((20000, 3))
    values = f(x)
    assert values.std() == pytest.approx(0.5, rel=0.03)
    assert values.mean() == pytest.approx(0.0, abs=0.02)
    assert f.noiseless(x[0]) == 0
    np.testing.assert_array_equal(values, problems.get("sphere", 3, noisy=0.5, seed=1)(x))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(f))(x), f(x))
    g = problems.get("rastrigin", 3, noisy=True, shifted=True, rotated=True)
    assert g.noiseless(g.x_opt) == g.f_opt
    moved = transforms.scaled(transforms.shifted(f, shift=1.0), 2.0)
    assert moved.noiseless(np.ones(3)) == 0
    relative = transforms.noisy(problems.get("sphere", 2), 0, std=0.0, relative=0.1)
    values = relative(np.ones((20000, 2)))
    assert values.std() == pytest.approx(0.2, rel=0.03)
    assert relative(np.zeros(2)) == 0
    np.testing.assert_allclose(f.value_and_grad(np.ones(3))[1], [2, 2, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: transforms.rotated(f, matrix=np.eye(3)), r"matrix must have shape \(2, 2\), got \(3, 3\)"),
        (lambda f: transforms.conditioned(f, 0), "condition must be positive, got 0"),
        (lambda f: transforms.scaled(f, -1), "positive factors, got f=-1"),
        (lambda f: transforms.noisy(f, std=-1), "std >= 0"),
        (lambda f: transforms.noisy(Objective(abs, 1, jac=True)), "leave jac out"),
        (lambda f: transforms.rotated(Objective(abs)), "rotated needs an objective with a fixed n"),
        (lambda f: transforms.rotated(problems.get("pressure-vessel")), "integer variables or constraints"),
        (lambda f: transforms.shifted(problems.get("tension-spring")), "integer variables or constraints"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call(problems.get("sphere", 2))


def test_transforms_without_known_optimum_or_box():
    f = Objective(lambda x: ((x - 1) ** 2).sum(-1), 2, vectorized=True)
    x = np.array([0.5, 2.0])
    assert transforms.shifted(f, shift=1.0)(x) == f(x - 1)
    assert transforms.shifted(f, 3).x_opt is None
    assert transforms.rotated(f, 3)(x) == pytest.approx(f(transforms.rotation(2, 3) @ x))
