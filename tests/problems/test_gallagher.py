"""f21 and f22: what they make for many points at a time has the bits of single points."""

import warnings

import numpy as np
import pytest

from problems import get, stack
from problems.bbob import gallagher
from problems.bbob.frames import Frame

INSTANCES = range(1, 6)


def parts(n=5):
    """Coefficients of five instances."""
    drawn = [gallagher._peaks(101, 5.0, 1000.0**0.5, Frame.of(21, n, k)) for k in INSTANCES]
    return np.stack([one[1] for one in drawn])[:, None]


@pytest.mark.parametrize("points", [1, 64, 247, 248, 700])
def test_parts_have_the_values_of_single_points(points):
    coefficients = parts()
    u = np.random.default_rng(1).uniform(-6.0, 6.0, (5, points, 5))
    found = gallagher.highest(coefficients, u)
    alone = gallagher.highest(coefficients[1, 0], u[1])
    assert np.array_equal(alone, found[1])
    each = zip(coefficients[:, 0], u, strict=True)
    single = [[gallagher.highest(c, x) for x in rows] for c, rows in each]
    assert np.array_equal(found, np.array(single))
    halves = u[1].reshape(1, points, 1, 5)
    assert np.array_equal(gallagher.highest(coefficients[1, 0], halves)[0, :, 0], found[1])


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan, 1e200, -1e5])
def test_points_far_away_and_not_finite_change_no_others(odd):
    coefficients = parts()
    u = np.random.default_rng(1).uniform(-6.0, 6.0, (5, 300, 5))
    before = gallagher.highest(coefficients, u)
    u[3, 7, 2] = odd
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("error")
        found = gallagher.highest(coefficients, u)
    before[3, 7] = found[3, 7]
    assert np.array_equal(found, before, equal_nan=True)


@pytest.mark.parametrize("name", ["bbob-f21", "bbob-f22", "bbob-noisy-f128"])
@pytest.mark.parametrize("n", [2, 5, 20])
def test_populations_of_a_search_have_the_values_of_single_points(name, n):
    problems = stack([get(name, n=n, instance=k) for k in INSTANCES])
    draw = np.random.default_rng(2)
    for width, points in [(1e-6, 80), (0.05, 48), (2.0, 80), (1e-3, 400)]:
        x = draw.uniform(-5.0, 5.0, (5, 1, n)) + width * draw.standard_normal((5, points, n))
        x[0] += problems.x_opts[0] - x[0, :1]
        if problems.noisy:
            problems.reseed(3)
        f = problems(x)
        again = [get(name, n=n, instance=k) for k in INSTANCES]
        if problems.noisy:
            stack(again).reseed(3)
            assert np.array_equal(f, np.stack([one(rows) for one, rows in zip(again, x, strict=True)]))
        else:
            single = [[one(point) for point in rows] for one, rows in zip(again, x, strict=True)]
            assert np.array_equal(f, np.array(single))
