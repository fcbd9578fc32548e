"""f21 looks at few peaks where points lie close together: with the values that all peaks give, to the last bit."""

import warnings

import numpy as np
import pytest

from problems import get, stack
from problems.bbob import gallagher
from problems.bbob.frames import Frame

INSTANCES, N = range(1, 6), 5


def parts(n=N):
    """Turned places of the peaks (r, K, n), coefficients and constants of five instances."""
    drawn = [gallagher._peaks(101, 5.0, 1000.0**0.5, Frame.of(21, n, k)) for k in INSTANCES]
    coefficients, constant = (np.stack([one[i] for one in drawn])[:, None] for i in (1, 2))
    places = coefficients[:, 0, n:] / (-2.0 * coefficients[:, 0, :n])
    return np.ascontiguousarray(places.transpose(0, 2, 1)), coefficients, constant


def around(places, peaks, width, points=64):
    """Points around one peak of each instance."""
    draw = np.random.default_rng(1)
    middle = places[np.arange(len(places)), peaks][:, None]
    return middle + width * draw.uniform(-1.0, 1.0, (len(places), points, places.shape[-1]))


@pytest.mark.parametrize("width", [0.0, 1e-9, 1e-3, 0.1, 0.5, 0.99, 3.0, 50.0])
@pytest.mark.parametrize("peaks", [0, 1, 3, 50, 99, 100, [100, 0, 4, 100, 7]])
def test_few_peaks_have_the_values_of_all(peaks, width):
    places, coefficients, constant = parts()
    few = gallagher.Few(coefficients, constant)
    u = around(places, peaks, width)
    u[2] = around(places, 5, 4.0)[2]  # one instance whose points are far apart
    assert np.array_equal(few(u), gallagher.highest(coefficients, constant, u))
    alone = gallagher.Few(coefficients[1, 0], constant[1, 0])
    many = np.concatenate([u[1]] * 5)
    assert np.array_equal(alone(many), gallagher.highest(coefficients[1, 0], constant[1, 0], many))


def test_it_looks_at_eight_peaks_only_where_that_is_enough():
    places, coefficients, constant = parts()
    few = gallagher.Few(coefficients, constant)
    if not few._may_do:
        pytest.skip("this BLAS does not take columns by eights")
    found = few._eight(np.ascontiguousarray(around(places, 0, 1e-3).transpose(0, 2, 1)))
    assert np.array_equal(found, np.zeros(5))
    assert np.array_equal(few._eight(np.ascontiguousarray(around(places, 0, 30.0).transpose(0, 2, 1))), np.full(5, -1))
    at_last = places[:, 100:]  # where the last peak, which stands in no eight, is the highest nothing may be said
    exponents = gallagher._exponents(coefficients[:, 0], constant, np.concatenate([at_last**2, at_last], -1))[:, 0]
    last = exponents.argmax(-1) == 100
    assert last.any()
    assert (few._eight(np.ascontiguousarray(at_last.transpose(0, 2, 1)))[last] == -1).all()


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan, 1e200, -1e5, 150.0])
def test_points_far_away_and_not_finite(odd):
    places, coefficients, constant = parts()
    u = around(places, 0, 1e-3)
    u[3, 7, 2] = odd
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("error")
        found = gallagher.Few(coefficients, constant)(u)
        assert np.array_equal(found, gallagher.highest(coefficients, constant, u), equal_nan=True)


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
