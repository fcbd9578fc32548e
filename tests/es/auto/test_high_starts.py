"""Starts where f is many orders of magnitude higher than near its minima: what is left there is no rounding."""

import numpy as np
import pytest
import scipy.optimize

import es

rosen = scipy.optimize.rosen


def walled(x):
    return rosen(x) + (1e20 * (x[0] - 2) ** 2 if x[0] > 2 else 0.0)


def atoms(x):
    """Three atoms on a line, after Lennard and Jones."""
    return sum(4 * (r**-12 - r**-6) for r in (abs(x[0]), abs(x[1]), abs(x[0] - x[1])))


def coupled(x):
    """A sum, as far as values near 1e22 tell."""
    return (x[0] - 1) ** 10 + (x[0] - x[1] ** 2) ** 2


HIGH = {
    "rosen": (rosen, [1e4, 1e4]),
    "rosen in 4-D": (rosen, [1e4, 8e3, -6e3, 2e3]),
    "cosh": (lambda x: np.cosh(np.clip(x[0] - x[1], -700, 700)) + 0.01 * (x[0] + x[1] - 3) ** 4, [60.0, 3.0]),
    "atoms": (atoms, [0.01, 0.03]),
    "walled": (walled, [3.0, 1.0]),
    "coupled": (coupled, [-147.0, 138.0]),
    "exponential": (lambda x: 1e-3 * np.exp(min(0.5 * x @ x, 700)) + rosen(x - 0.5), [-11.3, -9.1]),
    "tenth power": (lambda x: 5 + ((x - 2) ** 10).sum(), [500.0, 300.0, 200.0]),
    "fourth power": (lambda x: ((x - 2) ** 4).sum() + (x.sum() - 3) ** 2, [8e4, -3e4, 5e4]),
}


@pytest.mark.parametrize("method", ["auto", "quasi-newton"])
@pytest.mark.parametrize("name", HIGH)
def test_a_success_from_high_up_is_a_minimum(name, method):
    f, x0 = HIGH[name]
    for seed in range(2):
        res = es.minimize(lambda x: float(f(x)), x0, method=method, rng=seed, maxfevals=6000)
        low = scipy.optimize.minimize(f, res.x, method="Nelder-Mead", options={"maxfev": 4000, "fatol": 1e-12})
        assert not res.success or res.fun - low.fun < 1e-3 * max(1.0, abs(low.fun)), res.message


@pytest.mark.parametrize("name", ["cosh", "atoms", "exponential"])
def test_the_run_arrives_from_high_up(name):
    f, x0 = HIGH[name]
    res = es.minimize(lambda x: float(f(x)), x0, method="quasi-newton")
    least = {"cosh": 1.0, "atoms": -2.031124130, "exponential": 0.0090833057843}[name]
    assert res.success and abs(res.fun - least) < 1e-6, res.message
