"""Engineering: best-known values of the literature, feasibility, the finite elements by statics."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint, differential_evolution, minimize

import problems
from problems.engineering import sizing, truss
from problems.engineering.truss import SECTIONS, TEN_BAR, Truss

# name, best-known value as published, constraints active there
PUBLISHED = [
    ("welded-beam", 1.724852308597365, 4),
    ("pressure-vessel", 6059.714335048436, 2),
    ("tension-spring", 0.012665232788319, 2),
    ("speed-reducer", 2994.4710661468, 4),
    ("ten-bar-truss", 5060.85, 2),
    ("ten-bar-truss-discrete", 5490.74, 0),
]
CONSTRAINED = [name for name in problems.names("engineering") if problems.get(name).constraints]
SMOOTH = [name for name in CONSTRAINED if problems.entry(name).smooth]


@pytest.mark.parametrize(("name", "value", "active"), PUBLISHED)
def test_best_known_design(name, value, active):
    f = problems.get(name)
    assert f(f.x_opt) == f.f_opt == pytest.approx(value, rel=1e-6 if "ten-bar" in name else 1e-11)
    (limits,) = f.constraints
    assert isinstance(limits, NonlinearConstraint)
    g = limits.fun(f.x_opt)
    assert g.max() <= 2e-9
    assert (g > -1e-5).sum() >= active
    assert (f.bounds.lb <= f.x_opt).all()
    assert (f.x_opt <= f.bounds.ub).all()
    if f.integrality is not None:
        whole = f.x_opt[f.integrality]
        assert (whole == np.rint(whole)).all()


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constraints_in_batches(name):
    f = problems.get(name)
    x = np.random.default_rng(0).uniform(f.box.lb, f.box.ub, (4, f.n))
    (limits,) = f.constraints
    np.testing.assert_array_equal(limits.fun(x), [limits.fun(row) for row in x])


@pytest.mark.parametrize("name", SMOOTH)
def test_jacobian_of_constraints(name):
    f = problems.get(name)
    x = np.random.default_rng(0).uniform(f.box.lb, f.box.ub)
    (limits,) = f.constraints
    jacobian = limits.jac(x)
    for i, h in enumerate(1e-6 * x):
        step = h * np.eye(f.n)[i]
        expected = (limits.fun(x + step) - limits.fun(x - step)) / (2 * h)
        np.testing.assert_allclose(jacobian[:, i], expected, rtol=1e-5, atol=1e-7 * np.abs(jacobian).max())


@pytest.mark.parametrize("name", ["welded-beam", "tension-spring", "ten-bar-truss"])
def test_no_better_design_near_by(name):
    """SciPy's SLSQP, started beside the best-known design, comes back to it."""
    f = problems.get(name)
    scale = f.x_opt
    (limits,) = f.constraints
    result = minimize(
        lambda y: f(y * scale) / f.f_opt,
        np.clip(1.02 * scale, f.box.lb, f.box.ub) / scale,
        bounds=np.stack([f.box.lb, f.box.ub], axis=1) / scale[:, None],
        constraints=NonlinearConstraint(lambda y: limits.fun(y * scale), -np.inf, 0),
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert result.fun == pytest.approx(1.0, abs=1e-6)


def test_truss_statics():
    """One bar that hangs: displacement and stress of a rod."""
    rod = Truss([(0, 0), (0, -100)], [(0, 1)], [0], [(0, 0), (0, -5.0)], modulus=1e4, density=0.1)
    rod.directions, rod.load = rod.directions[1:], rod.load[1:]  # it cannot carry a sideways load
    u, stress = rod.solve(np.array([2.0]))
    np.testing.assert_allclose(u, [-5.0 * 100 / (1e4 * 2)])
    np.testing.assert_allclose(stress, [2.5])
    assert rod.weight(np.array([2.0])) == pytest.approx(20.0)


def test_ten_bar_carries_the_load():
    """Member forces balance the load at every joint, and the work of the load is twice the strain energy."""
    areas = np.random.default_rng(0).uniform(0.1, 30, (5, 10))
    u, stress = TEN_BAR.solve(areas)
    forces = stress * areas
    np.testing.assert_allclose(forces @ TEN_BAR.directions.T, np.tile(TEN_BAR.load, (5, 1)), atol=1e-9)
    energy = (stress**2 * areas * TEN_BAR.lengths / (2 * TEN_BAR.modulus)).sum(-1)
    np.testing.assert_allclose(0.5 * u @ TEN_BAR.load, energy)
    assert TEN_BAR.lengths.tolist() == [360.0] * 6 + [np.hypot(360, 360)] * 4


def test_sections_are_those_of_the_paper():
    assert SECTIONS.size == 42
    assert (np.diff(SECTIONS) > 0).all()
    assert (SECTIONS[0], SECTIONS[27], SECTIONS[-1]) == (1.62, 7.97, 33.5)
    f = problems.get("ten-bar-truss-discrete")
    published = [33.50, 1.62, 22.90, 14.20, 1.62, 1.62, 7.97, 22.90, 22.00, 1.62]
    assert f.fun(f.x_opt) == truss.ten_bar(np.array(published))
    np.testing.assert_array_equal(truss.chosen_sections(f.x_opt), published)
    # between the numbers the nearest section, beyond them the last one
    assert f(f.x_opt + 0.4) == f(f.x_opt) == f(f.x_opt - 0.4)
    assert f(np.full(10, 60.0)) == f(np.full(10, 41.0))
    assert f.integrality.all()
    assert (f.x0(3) == np.rint(f.x0(3))).all()


def lighter_and_feasible(changes: int) -> int:
    """Designs that differ from the best-known one in so many bars, are lighter, and keep all limits."""
    f = problems.get("ten-bar-truss-discrete")
    (limits,) = f.constraints
    others = np.stack(np.meshgrid(*[np.arange(42.0)] * changes, indexing="ij"), axis=-1).reshape(-1, changes)
    found = 0
    for bars in itertools.combinations(range(10), changes):
        x = np.tile(f.x_opt, (len(others), 1))
        x[:, bars] = others
        x = x[f(x) < f.f_opt]
        found += int((limits.fun(x).max(-1) <= 0).sum()) if len(x) else 0
    return found


def test_no_lighter_design_differs_in_two_sections():
    assert lighter_and_feasible(2) == 0


@pytest.mark.heavy
def test_no_lighter_design_differs_in_three_sections():
    assert lighter_and_feasible(3) == 0


def penalised(x, f):
    excess = np.maximum(f.constraints[0].fun(x.T), 0.0).sum(-1)
    return f(x.T) * (1.0 + 10.0 * excess)


@pytest.mark.parametrize("seed", [0, *[pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 6)]])
def test_a_search_from_anywhere_finds_no_lighter_design(seed):
    """Differential evolution over the whole table of sections, with the limits as a penalty."""
    f = problems.get("ten-bar-truss-discrete")
    result = differential_evolution(
        penalised, [(0, 41)] * 10, args=(f,), integrality=[True] * 10, vectorized=True, updating="deferred",
        rng=seed, maxiter=300, popsize=20, polish=False, tol=0,
    )  # fmt: skip
    assert f.constraints[0].fun(result.x).max() <= 0
    assert f.f_opt <= f(result.x) <= 1.01 * f.f_opt
    if seed == 0:
        np.testing.assert_array_equal(result.x, f.x_opt)


@pytest.mark.parametrize("section", sizing.SECTION_SHAPES)
@pytest.mark.parametrize("material", sizing.MATERIALS)
def test_sizing_keeps_every_limit_and_one_of_them_exactly(material, section):
    model = problems.get("ten-bar-sizing", material=material, section=section, deflection=1.5).fun
    x = np.random.default_rng(1).uniform(0.1, 5.0, (20, 10))
    areas = model.areas(x)
    worst = np.max(model.ratios(areas), axis=0)
    np.testing.assert_allclose(worst[model.scale(x) > 1], 1.0, rtol=1e-12)
    assert (worst <= 1 + 1e-12).all()
    np.testing.assert_allclose(model(x), (areas * TEN_BAR.lengths).sum(-1) * model.material.density, rtol=1e-13)
    # by hand: displacement, stress, and Euler's load of the bars under pressure
    joints = [(720, 360), (720, 0), (360, 360), (360, 0), (0, 360), (0, 0)]
    bars = [(4, 2), (2, 0), (5, 3), (3, 1), (2, 3), (0, 1), (4, 3), (5, 2), (2, 1), (3, 0)]
    load = [(0, -100.0) if joint in (1, 3) else (0, 0) for joint in range(6)]
    made = Truss(joints, bars, [4, 5], load, model.material.modulus, model.material.density)
    u, stress = made.solve(areas)
    assert np.abs(u).max() <= 1.5 * (1 + 1e-12)
    assert np.abs(stress).max() <= model.material.strength / 1.5 * (1 + 1e-12)
    euler = np.pi**2 * model.material.modulus * model.shape * areas**2 / made.lengths**2
    assert (-stress * areas <= euler / 1.5 * (1 + 1e-12)).all()


def test_sizing_is_a_matter_of_shares():
    """Areas that are all too small come to the same design as their double."""
    f = problems.get("ten-bar-sizing", section="solid")
    x = np.random.default_rng(0).uniform(0.1, 1.0, (5, 10))
    assert (f.fun.scale(2 * x) > 1).all()
    limited = f.fun.ratios(x)
    np.testing.assert_allclose(f.fun.areas(2 * x), f.fun.areas(x), rtol=1e-12)
    np.testing.assert_allclose(np.max(limited, axis=0), f.fun.scale(x))


def test_gradient_of_sizing():
    """Where one limit decides, that is almost everywhere, the gradient is that of differences."""
    x = np.random.default_rng(4).uniform(1.0, 30.0, (8, 10))
    for section in sizing.SECTION_SHAPES:
        f = problems.get("ten-bar-sizing", section=section, material="steel-A36")
        value, gradient = f.value_and_grad(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-13)
        h = 1e-5 * np.eye(10)
        differences = (f(x[:, None] + h) - f(x[:, None] - h)) / 2e-5
        np.testing.assert_allclose(gradient, differences, atol=1e-5 * np.abs(differences).max())


def test_shapes_of_sections():
    assert sizing.SECTION_SHAPES["solid"] == pytest.approx(1 / (4 * np.pi))
    outer, wall = 10.0, 1.0
    area = np.pi / 4 * (outer**2 - (outer - 2 * wall) ** 2)
    inertia = np.pi / 64 * (outer**4 - (outer - 2 * wall) ** 4)
    assert sizing.SECTION_SHAPES["tube-10"] == pytest.approx(inertia / area**2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"material": "wood"}, "material must be one of steel-A36"),
        ({"section": "square"}, "section must be one of solid, tube-10"),
        ({"deflection": 0.0}, "deflection must be positive, got 0.0"),
        ({"n": 3}, "ten-bar-sizing is defined for n=10, got n=3"),
    ],
)
def test_wrong_settings_of_sizing(options, message):
    with pytest.raises(ValueError, match=message):
        problems.get("ten-bar-sizing", **options)
