"""Strategies against the formulas of their papers, step by step on recorded z."""

import numpy as np
import pytest
from scipy.linalg import expm

from es.parts.full import _warn_of_size
from es.parts.parameters import utilities
from es.parts.warm_start import warm_start
from es.registry import get_method
from tests.es.table import ellipsoid, rotation, run


def told(name, f, generations=5, n=4):
    """Ranked z of some generations, and the state after each."""
    opt = get_method(name)(np.arange(1.0, n + 1), 0.7, rng=3)
    record = []
    for _ in range(generations):
        x = opt.ask()
        z = opt._asked[0][0][np.argsort(f(x))]
        opt.tell(x, f(x))
        record.append((z, opt.mean.copy(), np.copy(opt.sigma), opt.covariance if name == "xnes" else None))
    return record


def test_snes_steps():
    n = 4
    mean, sigma = np.arange(1.0, n + 1), np.full(n, 0.7)
    eta = (3 + np.log(n)) / (5 * np.sqrt(n))
    for z, mean_told, sigma_told, _ in told("snes", ellipsoid):
        u = utilities(len(z))
        mean = mean + sigma * sum(ui * zi for ui, zi in zip(u, z, strict=True))
        sigma = sigma * np.exp(eta / 2 * sum(ui * (zi**2 - 1) for ui, zi in zip(u, z, strict=True)))
        np.testing.assert_allclose(mean_told, mean, rtol=1e-12)
        np.testing.assert_allclose(sigma_told, sigma, rtol=1e-12)


def test_covariance0():
    C = np.array([[4.0, 1.0], [1.0, 9.0]])
    for name in ("cmaes", "xnes"):
        opt = get_method(name)([0.0, 0.0], covariance0=C, rng=1)
        np.testing.assert_allclose(opt.covariance, C)
        np.testing.assert_allclose(opt.stds, [2, 3])
        stack = get_method(name)(np.zeros((3, 2)), covariance0=C, rng=1)
        np.testing.assert_allclose(stack.covariance, np.broadcast_to(C, (3, 2, 2)))
    x = np.concatenate([get_method("cmaes")([0.0, 0.0], covariance0=C, rng=i).ask(50) for i in range(100)])
    np.testing.assert_allclose(np.cov(x.T), C, rtol=0.1)
    for wrong, message in [
        (np.eye(3), r"covariance0 must have shape \(2, 2\)"),
        ([[1, 2], [2, 1]], "positive definite"),
        ([[1, 0.5], [0, 1]], "symmetric"),
    ]:
        with pytest.raises(ValueError, match=message):
            get_method("cmaes")([0.0, 0.0], covariance0=wrong)
    with pytest.raises(ValueError, match="sigma0 and covariance0 must not both be given"):
        get_method("cmaes")([0.0, 0.0], 1.0, covariance0=C)


def test_warm_start_saves_evaluations():
    rng = np.random.default_rng(0)
    R = rotation(5)
    x = rng.uniform(-5, 5, (500, 5))
    prior = warm_start(x, ellipsoid((x - 2) @ R, 100))
    assert np.linalg.norm(prior["x0"] - 2) < 0.8 * np.sqrt(5 * 4)

    def f(x):
        return ellipsoid((x - 2.2) @ R, 100)

    stop = {"ftarget": 1e-3}
    cold = [run(get_method("cmaes")(np.zeros(5), 3.0, rng=i, stop=stop), f).nfev for i in range(11)]
    warm = [run(get_method("cmaes")(**prior, rng=i, stop=stop), f).nfev for i in range(11)]
    assert np.median(warm) < np.median(cold)
    with pytest.raises(ValueError, match="f must have a finite value"):
        warm_start(x, np.full(500, np.nan))
    with pytest.raises(ValueError, match="f must have shape"):
        warm_start(x, np.ones(3))
    with pytest.raises(ValueError, match="scale must be positive"):
        warm_start(np.ones((4, 2)), np.ones(4))


@pytest.mark.parametrize("k", [1, 7, 100, 301])
def test_warm_start_takes_the_share_that_is_meant(k):
    """0.29 of 100 points are 29, though 0.29 * 100 is less in floating point."""
    x, f = np.arange(float(k))[:, None], np.arange(float(k))
    for count in range(1, k + 1):
        assert warm_start(x, f, gamma=count / k, scale=1.0)["x0"] == (count - 1) / 2
    for percent in range(1, 101):
        count = max(1, percent * k // 100)
        assert warm_start(x, f, gamma=percent / 100, scale=1.0)["x0"] == (count - 1) / 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alpha": np.inf}, "alpha must be positive and finite, got inf"),
        ({"alpha": "a"}, "alpha must hold real numbers"),
        ({"gamma": "a"}, "gamma must hold real numbers"),
        ({"gamma": [0.1, 0.2]}, "gamma must be a number"),
        ({"gamma": np.nan}, "gamma must lie in"),
        ({"scale": [1, 2, 3]}, r"scale must be a number or have shape \(2,\), got \(3,\)"),
        ({"scale": [1, np.inf]}, "scale must be positive and finite"),
        ({"scale": "wide"}, "scale must hold real numbers"),
        ({"x": [[1j, 2], [0, 1]]}, "x must hold real numbers"),
        ({"x": [{"a": 1}, {"a": 2}]}, "x must hold real numbers"),
        ({"x": [[1e200, 2], [-1e200, 1]]}, "x must be in units in which squares of its widths are numbers"),
        ({"x": [[1.7e308, 2], [-1.7e308, 1]]}, "x must be in units"),
        ({"x": [[1e-200, 2], [2e-200, 1]]}, "x must be in units"),
        ({"x": [[1e308, 1], [1.5e308, 1]], "scale": 1.0, "gamma": 1.0}, "x must be in units"),
        ({"alpha": 1e300}, "x must be in units"),
    ],
)
def test_warm_start_refuses(change, words):
    with pytest.raises(ValueError, match=words):
        warm_start(**{"x": [[0.0, 1.0], [1.0, 3.0]], "f": [1.0, 2.0], **change})


def test_size_is_warned_of():
    with pytest.warns(ResourceWarning, match="take 8 n\\^2 = 288 MB for n=6000: methods 'sep-cmaes' and 'snes'"):
        _warn_of_size(6000, None)
    with pytest.warns(ResourceWarning, match="for n=1000 and 100 runs"):
        _warn_of_size(1000, 100)


def test_xnes_steps():
    """GECCO 2010, algorithm 1 as printed, with a general matrix exponential."""
    n = 4
    mean, sigma, B = np.arange(1.0, n + 1), 0.7, np.eye(n)
    eta = 0.6 * (3 + np.log(n)) / (n * np.sqrt(n))
    for z, mean_told, sigma_told, covariance in told("xnes", ellipsoid):
        u = utilities(len(z))
        G_delta = u @ z
        G_M = sum(ui * (np.outer(zi, zi) - np.eye(n)) for ui, zi in zip(u, z, strict=True))
        G_sigma = np.trace(G_M) / n
        G_B = G_M - G_sigma * np.eye(n)
        mean = mean + sigma * B @ G_delta
        sigma = sigma * np.exp(eta / 2 * G_sigma)
        B = B @ expm(eta / 2 * G_B)
        np.testing.assert_allclose(mean_told, mean, rtol=1e-12)
        np.testing.assert_allclose(sigma_told, sigma, rtol=1e-12)
        np.testing.assert_allclose(covariance, sigma**2 * B @ B.T, rtol=1e-11)


def test_cmaes_steps():
    """The summary of the tutorial as printed, with C and its symmetric root, up to the frame in which p_sigma lives."""
    n = 4
    opt = get_method("cmaes")(np.arange(1.0, n + 1), 0.7, rng=3)
    p, chi = opt.parameters, np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    mean, sigma, C = np.arange(1.0, n + 1), 0.7, np.eye(n)
    ps, pc = np.zeros(n), np.zeros(n)
    for g in range(12):
        x = opt.ask()
        f = ellipsoid(x)
        z = opt._asked[0][0][np.argsort(f)]
        y = (x[np.argsort(f)] - mean) / sigma
        opt.tell(x, f)
        y_w = p.weights[: p.mu] @ y[: p.mu]
        mean = mean + sigma * y_w
        ps = (1 - p.cs) * ps + np.sqrt(p.cs * (2 - p.cs) * p.mueff) * (p.weights[: p.mu] @ z[: p.mu])
        length = np.linalg.norm(ps)
        hsig = length / np.sqrt(1 - (1 - p.cs) ** (2 * (g + 1))) < (1.4 + 2 / (n + 1)) * chi
        pc = (1 - p.cc) * pc + hsig * np.sqrt(p.cc * (2 - p.cc) * p.mueff) * y_w
        norm2 = np.einsum("ki,ij,kj->k", y, np.linalg.inv(C), y)  # |C^-1/2 y|^2
        w = np.where(p.weights >= 0, p.weights, p.weights * n / norm2)
        delta = (1 - hsig) * p.cc * (2 - p.cc)
        C = (1 + p.c1 * delta - p.c1 - p.cmu * p.weights.sum()) * C
        C = C + p.c1 * np.outer(pc, pc) + p.cmu * np.einsum("k,ki,kj->ij", w, y, y)
        sigma = sigma * np.exp(min(1, p.cs / p.damps * (length / chi - 1)))
        np.testing.assert_allclose(opt.mean, mean, rtol=1e-9)
        np.testing.assert_allclose(opt.sigma, sigma, rtol=1e-10)
        np.testing.assert_allclose(opt.covariance, sigma**2 * C, rtol=1e-8, atol=1e-10 * abs(C).max())


def reaches(name, f, n, maxfevals, target=1e-8, x0=2.0):
    opt = get_method(name)(np.full(n, x0), 1.0, rng=1, stop={"ftarget": target, "maxfevals": maxfevals})
    return run(opt, f).result


@pytest.mark.parametrize(("name", "maxfevals"), [("cmaes", 9_000), ("xnes", 16_000)])
def test_rotated_ellipsoid(name, maxfevals):
    R = rotation(10)
    assert reaches(name, lambda x: ellipsoid(x @ R, 1e6), 10, maxfevals).success


@pytest.mark.parametrize(("name", "maxfevals"), [("sep-cmaes", 20_000), ("snes", 20_000)])
def test_separable_ellipsoid_in_many_dimensions(name, maxfevals):
    assert reaches(name, lambda x: ellipsoid(x, 1e6), 50, maxfevals).success
