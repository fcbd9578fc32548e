"""Strategies that estimate a gradient: the estimates, their update rules, and what travels between workers."""

import functools

import numpy as np
import pytest

import es
from autodiff.optim import Adam
from es.parts.samples import Samples
from es.parts.shaping import centered_ranks, nes_utilities, shaping, standardized
from es.replicas import Replicas
from es.strategies.ars import ARS, partners
from es.strategies.guided_es import GuidedES
from es.strategies.openai_es import OpenAIES
from es.strategies.pgpe import PGPE
from tests.es.functions import raises_outside, sphere
from tests.es.table import run

ALL = [OpenAIES, PGPE, ARS, GuidedES]


def quadratic(x):
    return (x - 1) ** 2 @ (10.0 ** np.arange(x.shape[-1]))


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam", "rmsprop", "clipup"])
def test_any_rule_converges(cls, rule):
    opt = run(cls(np.zeros((5, 3)), 0.5, rule=rule, rng=1, stop={"ftarget": 1e-4, "maxfevals": 60_000}), quadratic)
    assert np.median([result.fun for result in opt.results]) <= 1e-4


@pytest.mark.parametrize("cls", ALL)
def test_direction_is_downhill(cls):
    """With many samples and plain values the step is along the gradient of a linear function."""
    slope = np.array([3.0, -1.0, 2.0, 0.5])
    opt = cls(np.zeros(4), 0.1, popsize=20_000, rule="sgd", lr=1.0, rng=0)
    x = opt.ask()
    opt.tell(x, x @ slope)
    cosine = -opt.mean @ slope / np.linalg.norm(opt.mean) / np.linalg.norm(slope)
    assert cosine > (0.7 if cls is GuidedES else 0.98)  # guided: along the covariance matrix times the gradient


def test_openai_step():
    """One generation against the formula: Adam along -1/k sum w_i z_i with ranks from 1/2 to -1/2."""
    opt = OpenAIES(np.ones(3), 0.2, popsize=6, lr=0.05, rng=1)
    x = opt.ask()
    z = (x - 1) / 0.2
    np.testing.assert_allclose(z[3:], -z[:3])
    f = np.array([3.0, 1.0, 2.0, 9.0, 0.0, 4.0])
    g = np.array([-0.1, 0.3, 0.1, -0.5, 0.5, -0.3])
    opt.tell(x, f)
    np.testing.assert_allclose(opt.mean, Adam(lr=0.05).step(np.ones(3), -(g @ z) / 6), rtol=1e-12)


def test_pgpe_spread():
    """sigma_i follows sum w (z_i^2 - 1), by a fifth at most."""
    opt = PGPE(np.zeros(3), 0.5, popsize=4, rng=1)
    x = opt.ask()
    z = x / 0.5
    f = np.array([1.0, 2.0, 0.0, 5.0])
    w = np.array([1 / 6, -1 / 6, 0.5, -0.5])
    opt.tell(x, f)
    np.testing.assert_allclose(opt.sigma, 0.5 * (1 + 0.1 * (w @ (z * z - 1)) / 4), rtol=1e-12)
    wild = PGPE(np.zeros(3), 0.5, popsize=4, lr_sigma=1e6, rng=1)
    wild.tell(x, f)
    np.testing.assert_allclose(np.abs(wild.sigma / 0.5 - 1), 0.2, rtol=1e-12)


def test_ars_uses_the_best_directions():
    opt = ARS(np.zeros(2), 1.0, popsize=6, top=0.34, rng=1)
    x = opt.ask()
    f = np.array([5.0, 4.0, 0.0, 6.0, 7.0, 2.0])  # the third direction has the best end
    opt.tell(x, f)
    step = opt.mean / x[2]
    np.testing.assert_allclose(step[0], step[1], rtol=1e-9)
    # the paper's step: alpha / (b std) times the sum of (f(-) - f(+)) delta, with b = 1, std 1 of 0 and 2, alpha = 0.25
    np.testing.assert_allclose(step, 0.25 * (2 - 0) / (1 * 1.0), rtol=1e-9)


@pytest.mark.parametrize(("method", "options"), [("ars", None), ("openai-es", {"shaping": "values"})])
def test_values_are_taken_with_their_penalties(method, options):
    """Under constraints a point is worth its Lagrangian: the free optimum lies outside here, at 1."""
    inside = {"type": "ineq", "fun": lambda x: 1.0 - x @ x}
    res = es.minimize(
        lambda x: ((x - 1) ** 2).sum(),
        np.zeros(4),
        method=method,
        constraints=inside,
        sigma0=0.5,
        rng=1,
        maxfevals=6000,
        options=options,
    )
    assert res.violation == 0 and res.fun < 1.1 and (res.mean @ res.mean) < 1.1


def test_partners():
    z = np.random.default_rng(0).standard_normal((4, 3))
    np.testing.assert_array_equal(partners(Samples(z, 8)), [4, 5, 6, 7, 0, 1, 2, 3])
    np.testing.assert_array_equal(partners(Samples(np.concatenate([z, -z]), 8)), [4, 5, 6, 7, 0, 1, 2, 3])
    np.testing.assert_array_equal(partners(Samples(z[:2], 3)), [2, 1, 0])
    mixed = np.array([z[0], -z[1], z[2], z[1]])
    np.testing.assert_array_equal(partners(Samples(mixed, 4)), [0, 3, 2, 1])
    np.testing.assert_array_equal(partners(Samples(np.stack([mixed, mixed[::-1]]), 4)), [[0, 3, 2, 1], [2, 1, 0, 3]])


def test_guided_distribution_and_use():
    opt = GuidedES(np.zeros(6), 2.0, surrogate=lambda x: np.eye(6)[0], alpha=0.25, rng=0)
    x = np.concatenate([opt.ask(1000) for _ in range(20)])
    np.testing.assert_allclose(x.std(0) / 2, [np.sqrt(0.25 + 0.75 * 6), *[0.5] * 5], rtol=0.03)
    np.testing.assert_allclose(opt._sample(opt._invert_sample(x[:5])), x[:5], rtol=1e-10)
    n = 100
    bias = np.random.default_rng(0).standard_normal(n)

    def surrogate(x):
        g = 2 * x
        return g + 0.5 * np.linalg.norm(g, axis=-1)[..., None] * bias / np.linalg.norm(bias)

    stop = {"ftarget": 1e-3, "maxfevals": 40_000}
    with_it, without = (
        run(GuidedES(np.ones((3, n)), 0.3, surrogate=s, rng=1, stop=stop), lambda x: (x * x).sum(-1)).results
        for s in (surrogate, None)
    )
    assert np.median([r.nfev for r in with_it]) < np.median([r.nfev for r in without])


def test_shapings():
    f, order = np.array([3.0, 1.0, 2.0]), np.array([1, 2, 0])
    np.testing.assert_allclose(centered_ranks(f, order), [-0.5, 0.5, 0.0])
    np.testing.assert_allclose(nes_utilities(f, order).sum(), 0, atol=1e-12)
    np.testing.assert_allclose(standardized(f, order), [-np.sqrt(1.5), np.sqrt(1.5), 0])
    np.testing.assert_allclose(standardized(np.array([3.0, 1.0, np.nan]), order)[[0, 2]], -np.sqrt(0.5))
    np.testing.assert_array_equal(standardized(np.full(3, 1e300), order), 0)
    with pytest.raises(ValueError, match="shaping must be one of ranks, utilities, values, got 'rank'"):
        shaping("rank")


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (OpenAIES, {"rule": "adams"}, "rule must be one of sgd"),
        (OpenAIES, {"patience": 0}, "patience must be at least 1 or None, got 0"),
        (PGPE, {"max_change": 1.5}, r"max_change must lie in \(0, 1\), got 1.5"),
        (PGPE, {"lr_sigma": -1.0}, "lr_sigma must not be negative"),
        (ARS, {"top": 0}, r"top must lie in \(0, 1\], got 0"),
        (GuidedES, {"alpha": 0.0}, r"alpha must lie in \(0, 1\], got 0.0"),
        (GuidedES, {"subspace": 0}, "subspace must be at least 1, got 0"),
        (GuidedES, {"surrogate": lambda x: 1.0}, r"surrogate must return the shape of x, \(2,\)"),
    ],
)
def test_wrong_arguments(cls, options, message):
    with pytest.raises(ValueError, match=message):
        cls(np.zeros(2), 1.0, **options)


@pytest.mark.parametrize("cls", ALL)
def test_a_run_without_halvings_looks_at_its_criteria(cls):
    opt = cls(np.ones(3), 0.5, patience=None, rng=0, stop={"maxiter": 150, "stagnation": 1.0, "tolfunhist": None})
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, (x * x).sum(-1))
    assert opt.nit >= 100


def test_constant_spread():
    opt = OpenAIES(np.zeros(3), 0.5, patience=None, rng=0)
    for _ in range(200):
        x = opt.ask()
        opt.tell(x, (x * x).sum(-1))
    assert opt.sigma == 0.5 and opt.rate == 1.0


@pytest.mark.parametrize("cls", [OpenAIES, PGPE])
def test_only_values_travel(cls):
    """Bytes per generation do not depend on n, and the run is the one that a single process makes."""
    counts = []
    for n in (3, 3000):
        make = functools.partial(cls, np.ones(n), 0.5, popsize=8, rng=5, stop={"maxiter": 4})
        with Replicas(make, sphere, workers=2) as replicas:
            result = replicas.minimize()
        alone = run(make(), lambda x: np.array([sphere(point) for point in x])).result
        np.testing.assert_array_equal(result.x, alone.x)
        np.testing.assert_array_equal(result.mean, alone.mean)
        counts.append(replicas.bytes_sent)
    assert counts[0] == counts[1]


def test_replicas_tell_of_errors():
    make = functools.partial(OpenAIES, np.full(2, 2.0), 0.1, popsize=4, rng=5)
    with Replicas(make, raises_outside, workers=1) as replicas, pytest.raises(RuntimeError, match="boom"):
        replicas.step()
    with pytest.raises(ValueError, match="fixed seed"):
        Replicas(functools.partial(OpenAIES, [0.0]), sphere)
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        Replicas(make, sphere, workers=0)
