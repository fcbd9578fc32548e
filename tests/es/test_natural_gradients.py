"""Natural gradients in closed form against the definition: inverse Fisher matrix times the gradient of log-density."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import approx_fprime, brentq

from es.parts.parameters import utilities
from es.parts.phases import distance_exponent
from es.parts.rank_one import stretched_cross, stretching, unstretch
from es.strategies.crfmnes import CRFMNES, natural_gradient
from es.strategies.dxnes_ic import DXNESIC
from es.strategies.nes import NES
from es.strategies.r1nes import R1NES
from es.strategies.xnes import XNES
from tests.es.table import ellipsoid, rotation, run


def stretch(z, v):
    along, more = stretching(v)
    return z + np.vecdot(z, along)[..., None] * more


def by_definition(covariance, theta, y, w):
    """F^-1 sum w_i grad log p(y_i) for N(0, C(theta)), with the derivatives of C by differences."""
    C, h = covariance(theta), 1e-5
    inverse = np.linalg.inv(C)
    dC = [(covariance(theta + h * e) - covariance(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    S = (y.T * w) @ y - w.sum() * C
    gradient = np.array([0.5 * np.trace(inverse @ d @ inverse @ S) for d in dC])
    fisher = np.array([[0.5 * np.trace(inverse @ a @ inverse @ b) for b in dC] for a in dC])
    return np.linalg.solve(fisher, gradient)


def test_of_a_diagonal_and_a_direction():
    """CR-FM-NES: C = D (I + v v^T) D at D = 1, where nothing has to be damped."""
    n = 8
    rng = np.random.default_rng(0)
    v = 0.3 * rng.choice([-1.0, 1.0], n) * rng.uniform(0.9, 1.1, n)
    w = rng.standard_normal(9)
    y = stretch(rng.standard_normal((9, n)), v)

    def covariance(theta):
        D, v = np.diag(theta[:n]), theta[n:]
        return D @ (np.eye(n) + np.outer(v, v)) @ D

    expected = by_definition(covariance, np.concatenate([np.ones(n), v]), y, w)
    length = np.linalg.norm(v)
    unit = v / length
    second, cross = w @ (y * y), (w * (y @ unit)) @ y
    s, t = natural_gradient(unit, np.array([length]), second, cross, np.array([w.sum()]))
    np.testing.assert_allclose(np.concatenate([s, t]), expected, rtol=1e-6)


def test_of_a_sphere_and_a_direction():
    """R1-NES: C = e^(2 lambda) (I + u u^T)."""
    n = 6
    rng = np.random.default_rng(1)
    opt = R1NES(np.zeros(n), 1.0, rng=0)
    opt.u = 1.7 * rng.standard_normal(n)
    w = rng.standard_normal(9)
    w -= w.mean()
    z = rng.standard_normal((9, n))
    y = stretch(z, opt.u)
    unit = opt.u / np.linalg.norm(opt.u)
    cross = stretched_cross((w * (z @ unit)) @ z, opt.u)
    np.testing.assert_allclose(cross, (w * (y @ unit)) @ y, rtol=1e-10)
    sigma, a, b = opt.natural_gradient(np.linalg.norm(opt.u), w @ (z**2).sum(-1), w @ (z @ unit) ** 2)
    u = a * unit + b * ((w * (z @ unit)) @ z)
    expected = by_definition(
        lambda theta: np.exp(2 * theta[0]) * (np.eye(n) + np.outer(theta[1:], theta[1:])),
        np.concatenate([[0.0], opt.u]),
        y,
        w,
    )
    np.testing.assert_allclose(np.concatenate([[sigma], u]), expected, rtol=1e-6, atol=1e-9)


def test_stretch():
    rng = np.random.default_rng(0)
    z, v = rng.standard_normal((3, 5, 4)), rng.standard_normal((3, 4))
    root = [np.linalg.cholesky(np.eye(4) + np.outer(a, a)) for a in v]
    for i in range(3):
        S = np.array([stretch(row[None], v[i])[0] for row in np.eye(4)])
        np.testing.assert_allclose(S @ S.T, root[i] @ root[i].T, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(stretch(z, v)[i], stretch(z[i], v[i]))
    np.testing.assert_allclose(unstretch(stretch(z, v), v), z, atol=1e-12)


def test_exact_nes_comes_to_xnes():
    """The direction with an estimated Fisher matrix converges to that in closed form like 1 / sqrt(samples)."""
    n, k = 3, 8
    z = np.random.default_rng(0).standard_normal((k, n))
    u = utilities(k)
    delta, M = u @ z, sum(ui * (np.outer(zi, zi) - np.eye(n)) for ui, zi in zip(u, z, strict=True))
    errors = []
    for samples in (500, 5000, 50_000, 500_000):
        found = NES(np.zeros(n), 1.0, popsize=k, fisher_samples=samples, rng=1).direction(z)
        errors.append(np.hypot(np.linalg.norm(found[0] - delta), np.linalg.norm(found[1] - M)))
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 0.1 * errors[0] and errors[3] < 0.02


@pytest.mark.parametrize("cls", [NES, XNES])
def test_exponential_steps(cls):
    """Steps on recorded z against the formulas written with SciPy's matrix exponential, on a rotated function."""
    n = 4
    R = rotation(n)
    opt = cls(np.arange(1.0, n + 1), 0.7, rng=3)
    if cls is NES:  # the limit of many samples
        opt.fisher = np.diag(np.where(np.arange(n + n * (n + 1) // 2) < n, 1.0, 0.5))
    eta = 0.6 * (3 + np.log(n)) / (n * np.sqrt(n))
    mean, sigma, B = opt.mean.copy(), float(opt.sigma), opt.A.copy()
    for _ in range(6):
        x = opt.ask()
        order = np.argsort(ellipsoid(x @ R, 100))
        z = np.linalg.solve(sigma * B, (x[order] - mean).T).T
        opt.tell(x, ellipsoid(x @ R, 100))
        u = utilities(len(z))
        G_M = sum(ui * (np.outer(zi, zi) - np.eye(n)) for ui, zi in zip(u, z, strict=True))
        G_sigma = np.trace(G_M) / n
        mean = mean + sigma * B @ (u @ z)
        sigma, B = sigma * np.exp(eta / 2 * G_sigma), B @ expm(eta / 2 * (G_M - G_sigma * np.eye(n)))
        np.testing.assert_allclose(opt.mean, mean, rtol=1e-9)
        np.testing.assert_allclose(opt.sigma, sigma, rtol=1e-10)
        np.testing.assert_allclose(opt.A, B, rtol=1e-9, atol=1e-12)


def test_dxnesic_step():
    """A generation in the phase of movement, expansion included, against the paper's box."""
    n, k = 3, 8
    opt = DXNESIC(np.full(n, 50.0), 0.5, popsize=k, rng=2)
    opt.A, opt.ps = np.diag([0.5, 1.0, 2.0]), np.full(n, 10.0)
    before, sigma, mean = opt.A.copy(), float(opt.sigma), opt.mean.copy()
    x = opt.ask()
    f = (x**2).sum(-1)
    z = ((x - mean) / sigma / np.diag(before))[np.argsort(f)]
    opt.tell(x, f)
    a = brentq(lambda a: (1 + a * a) * np.exp(a * a / 2) / 0.24 - 10 - n, 0, 6)
    raw = np.maximum(0, np.log(k / 2 + 1) - np.log(np.arange(1, k + 1)))
    w = raw * np.exp(a * np.linalg.norm(z, axis=1))
    w = w / w.sum() - 1 / k
    G_M = sum(wi * (np.outer(zi, zi) - np.eye(n)) for wi, zi in zip(w, z, strict=True))
    G_sigma = np.trace(G_M) / n
    eta_B = 180 * n * np.tanh(0.02 * k) / (47 * n**2 + 6400)
    B = before @ expm(eta_B / 2 * (G_M - G_sigma * np.eye(n)))
    C, after = before @ before.T, B @ B.T
    tau = np.diag(after) / np.diag(C) - 1  # the axes of C are those of the coordinates
    c_gamma, d_gamma = 1 / (3 * (n - 1)), min(1, n / k)
    gamma = max(1, 1 - c_gamma + c_gamma * np.sqrt(1 + d_gamma * tau.max()))
    Q = np.eye(n) + (gamma - 1) * np.diag(tau > 0)
    size = np.linalg.det(Q) ** (1 / n)
    np.testing.assert_allclose(opt.gamma, gamma, rtol=1e-6)
    np.testing.assert_allclose(opt.mean, mean + sigma * before @ (w @ z), rtol=1e-12)
    np.testing.assert_allclose(opt.sigma, sigma * np.exp(G_sigma / 2) * size, rtol=1e-6)
    np.testing.assert_allclose(opt.A, Q @ B / size, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 10, 100, 10_000, 10**6])
def test_distance_exponent(n):
    a = distance_exponent(n)
    assert (1 + a * a) * np.exp(a * a / 2) / 0.24 == pytest.approx(10 + n, rel=1e-12)


def test_gradient_of_the_density():
    """Scores of NES are the derivatives of the log-density in its exponential coordinates."""
    from es.strategies.nes import scores

    n = 2
    z = np.array([0.7, -1.2])

    def logpdf(theta):
        M = np.array([[theta[2], theta[3] / np.sqrt(2)], [theta[3] / np.sqrt(2), theta[4]]])
        local = np.linalg.solve(expm(M / 2), z - theta[:n])
        return -0.5 * local @ local - np.trace(M) / 2

    np.testing.assert_allclose(scores(z[None])[0], approx_fprime(np.zeros(5), logpdf, 1e-6), atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1])
def test_singular_direction(axis):
    """v along a coordinate axis, where the damped Fisher matrix has no inverse, changes no shape to nonsense."""
    opt = CRFMNES(np.ones(3), 1.0, rng=1)
    opt.v = 5.0 * np.eye(3)[axis]
    opt.D = np.ones(3)
    x = opt.ask()
    opt.tell(x, (x**2).sum(-1))
    assert np.isfinite(opt.D).all() and np.isfinite(opt.v).all() and (opt.D > 0).all()


def test_infeasible_points_rank_by_distance():
    opt = DXNESIC(np.zeros(2), 1.0, popsize=6, rng=1)
    x = opt.ask()
    f = np.full(6, np.nan)
    f[2] = 1.0
    seen = []
    opt._update = lambda z, y: seen.append(z)
    opt.tell(x, f)
    lengths = np.linalg.norm(seen[0], axis=1)
    assert lengths[0] == np.linalg.norm(x[2])
    assert (np.diff(lengths[1:]) >= 0).all()
    assert opt.feasible == 1


SLOW = pytest.mark.heavy


@pytest.mark.parametrize(
    ("cls", "n", "weights", "turned", "limit"),
    [
        (CRFMNES, 40, "cigar", False, 10_000),
        (CRFMNES, 40, "discus", False, 8_000),
        (DXNESIC, 10, "ellipsoid", True, 10_000),
        (R1NES, 10, "cigar", True, 15_000),
        pytest.param(CRFMNES, 100, "cigar", False, 25_000, marks=SLOW),
        pytest.param(CRFMNES, 100, "discus", False, 20_000, marks=SLOW),
        pytest.param(R1NES, 100, "cigar", True, 150_000, marks=SLOW),
        pytest.param(DXNESIC, 40, "ellipsoid", True, 120_000, marks=SLOW),
    ],
)
def test_reaches_the_target(cls, n, weights, turned, limit):
    i = np.arange(n) / (n - 1)
    w = {"cigar": np.where(i == 0, 1, 1e6), "discus": np.where(i == 0, 1e6, 1), "ellipsoid": 10 ** (6 * i)}[weights]
    R = rotation(n) if turned else np.eye(n)
    x0 = np.random.default_rng(0).uniform(-3, 3, (5, n))
    opt = run(cls(x0, 1.0, rng=1, stop={"ftarget": 1e-8, "maxfevals": 2 * limit}), lambda x: ((x @ R) ** 2) @ w)
    assert np.median([result.nfev if result.fun <= 1e-8 else np.inf for result in opt.results]) <= limit
