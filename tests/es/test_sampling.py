"""Samples have the distribution that they claim, and the pairs and angles."""

import numpy as np
import pytest
from scipy.stats import chisquare, kstest, norm

from es.parts.sampling import MANY, SAMPLERS, SpreadOut, fill_plain, sampler
from es.parts.ziggurat import PIECE
from es.registry import get_method
from tests.es.table import ellipsoid, run, sphere


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("batch", [(), (3,)])
def test_moments(name, batch):
    streams = [np.random.default_rng(i) for i in range(3)]
    z = np.concatenate([sampler(name)(streams, batch, 7, 4).reshape(-1, 4) for _ in range(3000)])
    np.testing.assert_allclose(z.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), np.eye(4), atol=0.04)
    np.testing.assert_allclose((z**4).mean(0), 3, atol=0.2)


@pytest.mark.parametrize("k", [1, 2, 10])
def test_columns_that_are_spread_out(k):
    """Each value of a category occurs as often as its probability says, up to one; the distribution is the same."""
    streams, places = [np.random.default_rng(i) for i in range(2)], (0, 2)
    draw = SpreadOut(fill_plain, places=places)
    z = np.array([draw(streams, (2,), k, 3) for _ in range(3000)])
    u = norm.cdf(z)
    for q in (0.1, 0.25, 0.5, 0.77):
        count = (u[..., places] < q).sum(-2)
        assert (np.abs(count - k * q) < 1).all() and abs(count.mean() - k * q) < 0.03
    np.testing.assert_allclose(np.corrcoef(z.reshape(-1, 3).T), np.eye(3), atol=0.06)
    np.testing.assert_allclose(z.reshape(-1, 3).std(0), 1, atol=0.03)
    alone = np.random.default_rng(1)
    assert all(np.array_equal(draw([alone], (), k, 3), one) for one in z[:5, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_numbers_are_normal(dtype):
    """Those that are made by arrays: their distribution, the tails too, and neighbours do not depend on each other."""
    z = np.empty((3, 100_001), dtype)
    assert z.size > MANY
    fill_plain([np.random.default_rng(3)], z)
    z = z.astype(float).ravel()
    assert kstest(z, norm.cdf).pvalue > 0.01
    for beyond in (2, 3, 3.66, 4.04):
        expected = 2 * norm.sf(beyond) * z.size
        assert abs((np.abs(z) > beyond).sum() - expected) < 4 * np.sqrt(expected)
    for lag in (1, 2, 4096, 8192, PIECE):
        for a, b in ((z[lag:], z[:-lag]), (z[lag:] ** 2, z[:-lag] ** 2)):
            assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(z.size)


def test_two_numbers_of_one_word():
    """They share bits, and still do not depend on each other: all cells of the plane are hit alike, fine ones too."""
    z = np.empty(200 * PIECE)
    fill_plain([np.random.default_rng(5)], z[None])
    first, second = norm.cdf(z).reshape(-1, 2, PIECE).swapaxes(0, 1).reshape(2, -1)
    for part in (first, first * 2**12 % 1):
        cells = np.histogram2d(part, second, bins=64, range=[[0, 1], [0, 1]])[0]
        assert chisquare(cells, axis=None).pvalue > 1e-3


def test_many_numbers_of_a_stack():
    """Each run draws what it would alone, whatever the runs beside it."""
    stack = np.empty((2, 20, 1000))
    alone = np.empty((20, 1000))
    fill_plain([np.random.default_rng(i) for i in range(2)], stack)
    fill_plain([np.random.default_rng(1)], alone)
    np.testing.assert_array_equal(stack[1], alone)


def test_pairs():
    z = sampler("mirrored")([np.random.default_rng(0)], (), 7, 4)
    np.testing.assert_array_equal(z[4:], -z[:3])


def test_right_angles():
    z = sampler("orthogonal")([np.random.default_rng(0)], (), 7, 4)
    for block in (z[:4], z[4:]):
        gram = block @ block.T
        np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0, atol=1e-12)
    half = sampler("mirrored-orthogonal")([np.random.default_rng(0)], (), 6, 4)
    np.testing.assert_array_equal(half[3:], -half[:3])


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("n", [2, 10])
def test_they_converge(name, n):
    opt = get_method("cmaes")(np.ones(n), 1.0, sampling=name, rng=1, stop={"ftarget": 1e-8, "maxfevals": 30_000})
    assert run(opt, lambda x: ellipsoid(x, 1e3)).result.success


@pytest.mark.parametrize("name", SAMPLERS)
def test_stacks(name):
    a = get_method("cmaes")(np.ones((3, 4)), 1.0, sampling=name, rng=[1, 2, 3], stop={"maxiter": 30})
    b = get_method("cmaes")(np.ones(4), 1.0, sampling=name, rng=2, stop={"maxiter": 30})
    np.testing.assert_array_equal(run(a, sphere).results[1].mean, run(b, sphere).result.mean)
