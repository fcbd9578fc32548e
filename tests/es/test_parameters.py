"""Golden values, and a grid on which nothing may go wrong."""

import numpy as np
import pytest

from es import parameters


@pytest.mark.parametrize(
    ("n", "popsize", "mueff", "c1", "cmu", "cc", "cs", "damps"),
    [
        (10, 10, 3.167299, 0.015284, 0.023552, 0.294990, 0.284429, 1.284429),
        (40, 15, 4.540915, 0.001169, 0.003405, 0.093009, 0.132031, 1.132031),
        (2, 6, 2.028611, 0.154815, 0.085593, 0.624555, 0.446205, 1.446205),
        (10, 100, 26.966655, 0.012932, 0.295423, 0.345308, 0.690230, 2.763082),
    ],
)
def test_cma_golden(n, popsize, mueff, c1, cmu, cc, cs, damps):
    p = parameters.cma(n, popsize)
    np.testing.assert_allclose(
        (p.mueff, p.c1, p.cmu, p.cc, p.cs, p.damps), (mueff, c1, cmu, cc, cs, damps), atol=6e-7, rtol=0
    )


def test_expected_norm():
    rng = np.random.default_rng(0)
    for n in (1, 2, 10, 100):
        drawn = np.linalg.norm(rng.standard_normal((200_000 // n + 1000, n)), axis=1)
        assert abs(drawn.mean() / parameters.expected_norm(n) - 1) < 0.015


NS = [1, 2, 3, 4, 5, 7, 10, 20, 40, 100, 320, 1000]
POPSIZES = [2, 3, 4, 5, 6, 10, 15, 24, 50, 100, 317, 1000, 3000, 10_000]


@pytest.mark.parametrize("make", [parameters.cma, parameters.separable_cma])
@pytest.mark.parametrize("active", [True, False])
def test_grid(make, active):
    with np.errstate(all="raise"):
        for n in NS:
            for popsize in POPSIZES:
                p = make(n, popsize, active)
                w = p.weights
                rates = (p.c1, p.cmu, p.cc, p.cs)
                assert all(0 < rate <= 1 or (rate == 0 and popsize == 2) for rate in rates), (n, popsize, rates)
                assert p.c1 + p.cmu <= 1
                assert np.isfinite(w).all() and np.isfinite(p.damps) and p.damps >= 1
                assert p.mu == popsize // 2 and 1 <= p.mueff <= p.mu + 1e-9
                np.testing.assert_allclose(w[: p.mu].sum(), 1)
                assert (np.diff(w) <= 1e-15).all() and (w[: p.mu] > 0).all() and (w[p.mu :] <= 0).all()
                assert active or not w[p.mu :].any()
                # (52): C stays positive definite whatever the samples.
                assert 1 - p.c1 - p.cmu * w.sum() + n * p.cmu * w[p.mu :].sum() > -1e-12


def test_separable_rates_are_faster():
    full, separable = parameters.cma(10, 10), parameters.separable_cma(10, 10)
    assert separable.c1 == pytest.approx(4 * full.c1)
    assert separable.cmu == pytest.approx(4 * full.cmu)


def test_utilities():
    u = parameters.utilities(10)
    np.testing.assert_allclose(u.sum(), 0, atol=1e-15)
    raw = np.maximum(0, np.log(6) - np.log(np.arange(1, 11)))
    np.testing.assert_allclose(u, raw / raw.sum() - 0.1)
    assert (np.diff(u) <= 0).all()
