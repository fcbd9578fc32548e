"""Engineering: best-known values of the literature, feasibility, the finite elements by statics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import NonlinearConstraint, minimize

import problems
from problems.engineering.truss import TEN_BAR, Truss

# name, best-known value as published, constraints active there
PUBLISHED = [
    ("welded-beam", 1.724852308597365, 4),
    ("pressure-vessel", 6059.714335048436, 2),
    ("tension-spring", 0.012665232788319, 2),
    ("speed-reducer", 2994.4710661468, 4),
    ("ten-bar-truss", 5060.85, 2),
]


@pytest.mark.parametrize(("name", "value", "active"), PUBLISHED)
def test_best_known_design(name, value, active):
    f = problems.get(name)
    assert f(f.x_opt) == f.f_opt == pytest.approx(value, rel=1e-6 if name == "ten-bar-truss" else 1e-11)
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


@pytest.mark.parametrize("name", problems.names("engineering"))
def test_constraints_in_batches_and_their_jacobian(name):
    f = problems.get(name)
    x = np.random.default_rng(0).uniform(f.box.lb, f.box.ub, (4, f.n))
    (limits,) = f.constraints
    values = limits.fun(x)
    np.testing.assert_array_equal(values, [limits.fun(row) for row in x])
    jacobian = limits.jac(x[0])
    for i, h in enumerate(1e-6 * x[0]):
        step = h * np.eye(f.n)[i]
        expected = (limits.fun(x[0] + step) - limits.fun(x[0] - step)) / (2 * h)
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
