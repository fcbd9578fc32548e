"""What invariances mean in bits and in evaluations; that they hold, `check_strategy` sees to (test_contract.py)."""

import numpy as np
import pytest

from es.registry import get_method
from tests.es.table import CONVERGING, claiming, ellipsoid, rotation

N, GENERATIONS = 6, 60


def trajectory(name, f, x0, sigma0):
    opt = get_method(name)(x0, sigma0, rng=3)
    points = []
    for _ in range(GENERATIONS):
        x = opt.ask()
        fx = f(x)
        points.append(x)
        opt.tell(x, fx)
    return np.array(points)


def start():
    return np.linspace(0.5, 2, N)


@pytest.mark.parametrize("name", claiming("scaling"))
def test_scaling(name):
    # A power of two changes no mantissa: bit for bit the same run.
    plain = trajectory(name, ellipsoid, start(), 0.5)
    scaled = trajectory(name, lambda x: ellipsoid(x * 1024), start() / 1024, 0.5 / 1024)
    np.testing.assert_array_equal(scaled * 1024, plain)


@pytest.mark.parametrize("name", [name for name in claiming("rotation") if name in CONVERGING])
def test_rotation_costs_nothing(name):
    """Evaluations to 1e-6 on a rotated ellipsoid of condition 1e3 are those of the axis-parallel one."""
    R = rotation(N)
    used = []
    for f in (lambda x: ellipsoid(x, 1e3), lambda x: ellipsoid(x @ R, 1e3)):
        opt = get_method(name)(np.full((9, N), 2.0), 1.0, rng=5, stop={"ftarget": 1e-6, "maxfevals": 40_000})
        while not opt.stop():
            x = opt.ask()
            opt.tell(x, f(x))
        used.append(np.median([result.nfev if result.fun <= 1e-6 else np.inf for result in opt.results]))
    assert np.isfinite(used).all()
    assert 0.75 < used[1] / used[0] < 1.33
