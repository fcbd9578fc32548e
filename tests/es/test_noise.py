"""Noise: re-evaluation and learning rate adaptation."""

import numpy as np
import pytest

import es
from es.parts import rates
from es.parts.paths import warmth
from es.run.noise import uncertainty
from es.strategies.lra_cmaes import LRACMAES
from experiments.benchmarks.es_noise import CASES, cmaes, ours


def noisy_sphere(seed, std=1.0):
    noise = np.random.default_rng(seed)
    return lambda x: (x * x).sum(-1) + std * noise.standard_normal(x.shape[:-1])


def distance(method, options, seed, budget=12000):
    res = es.minimize(
        noisy_sphere(seed),
        np.full(6, 3.0),
        sigma0=2.0,
        vectorized=True,
        method=method,
        rng=seed,
        maxfevals=budget,
        options=options,
    )
    return (res.mean**2).sum(), res


def test_both_get_nearer_than_plain_cmaes():
    plain, lra, uh = (
        np.median([distance(method, options, seed)[0] for seed in range(3)])
        for method, options in (("cmaes", {}), ("lra-cmaes", {}), ("cmaes", {"noise": "reevaluate"}))
    )
    assert lra < 0.5 * plain
    assert uh < plain


def test_reevaluation_is_counted_and_reported():
    _, res = distance("cmaes", {"noise": "reevaluate"}, 0, budget=3001)
    assert res.nfev == 3001
    assert res.evaluations_per_point > 3
    exact = es.minimize(lambda x: (x * x).sum(), np.ones(4), rng=1, options={"noise": "reevaluate"}, maxfevals=1000)
    assert exact.evaluations_per_point == 1  # no noise, no more than the second looks
    assert exact.fun < 1e-4


def test_measure_of_uncertainty():
    f = np.arange(10.0)
    assert uncertainty(f, f.copy(), 3) < 0
    second = f.copy()
    second[0], second[1] = 20.0, -20.0
    assert uncertainty(f, second, 2) > 0


def test_noise_and_constraints_do_not_mix():
    with pytest.raises(ValueError, match="cannot be combined"):
        es.minimize(
            noisy_sphere(0), np.ones(2), options={"noise": "reevaluate"}, constraints={"type": "eq", "fun": sum}
        )


def test_learning_rates_stay_high_without_noise_and_fall_with_it():
    rates = []
    for std in (0.0, 100.0):
        opt, fun = LRACMAES(np.full(5, 3.0), 1.0, rng=1), noisy_sphere(1, std)
        for _ in range(600):
            x = opt.ask()
            opt.tell(x, fun(x))
        rates.append((opt.eta_mean, opt.eta_cov))
    assert rates[0][0] > 2 * rates[1][0]
    assert rates[0][1] > 3 * rates[1][1]
    assert 0 < rates[1][0] <= 1
    assert 0 < rates[1][1] <= 1


def test_a_stack_is_its_runs():
    results = es.minimize_runs(
        noisy_sphere(0, 0.0), np.full(4, 2.0), runs=3, method="lra-cmaes", vectorized=True, rng=1, ftarget=1e-8
    )
    assert all(res.success for res in results)
    again = es.minimize_runs(
        noisy_sphere(0, 0.0), np.full(4, 2.0), runs=2, method="lra-cmaes", vectorized=True, rng=1, ftarget=1e-8
    )
    assert [r.fun for r in again] == [r.fun for r in results[:2]]


@pytest.mark.heavy
@pytest.mark.parametrize(("n", "generations"), [(1, 60), (2, 1), (7, 1)])
def test_steps_of_the_package_cmaes(n, generations, monkeypatch):
    """Told the same points, both make the same step; with one variable, where C has one factor only, for long."""
    package = pytest.importorskip("cmaes")
    # The package counts one generation more.
    monkeypatch.setattr(rates, "warmth", lambda cs, generations: warmth(cs, generations + 1))
    for seed, std in ((1, 0.0), (2, 0.3), (3, 3.0)):
        theirs = package.CMA(mean=np.full(n, 3.0), sigma=2.0, lr_adapt=True)
        opt = LRACMAES(np.full(n, 3.0), 2.0, rng=seed, popsize=theirs.population_size, c1=theirs._c1, cmu=theirs._cmu)
        fun = noisy_sphere(seed, std)
        for _ in range(generations):
            x = opt.ask()
            f = fun(x)
            opt.tell(x, f)
            theirs.tell([(row.copy(), float(value)) for row, value in zip(x, f, strict=True)])
            close = {"rtol": 1e-5, "atol": 1e-300}
            np.testing.assert_allclose(opt.mean, theirs.mean, rtol=1e-5, atol=1e-5 * opt.stds.max())
            np.testing.assert_allclose([opt.eta_mean, opt.eta_cov], [theirs._eta_mean, theirs._eta_Sigma], **close)
            np.testing.assert_allclose(opt.covariance, theirs._sigma**2 * theirs._C, rtol=1e-4, atol=1e-7)


@pytest.mark.heavy
def test_evaluations_of_the_package_cmaes():
    pytest.importorskip("cmaes")
    for case in (CASES[0], CASES[3]):
        mine, theirs = (np.array([method(case, seed) for seed in range(5)]) for method in (ours("lra-cmaes"), cmaes))
        assert np.isfinite(mine).sum() >= np.isfinite(theirs).sum()
        assert np.median(mine) <= 1.15 * np.median(theirs)


@pytest.mark.parametrize("value", [1.7e308, -1.7e308])
def test_sums_of_evaluations_stay_among_numbers(value):
    """Two values of -1.7e308 summed up to -inf, below which there is none: a success."""
    res = es.minimize(
        lambda x: value, [2.0, 2.0], method="cmaes", maxfevals=400, rng=1, options={"noise": "reevaluate"}
    )
    assert res.fun == pytest.approx(value) and not res.success


ONE_BY_ONE = {
    "one-plus-one": "compares each point with one of before",
    "one-plus-one-cholesky": "compares each point with one of before",
    "lq-cmaes": "in parts that it chooses",
    "gp": "from point to point",
    "nelder-mead": "from point to point",
    "powell": "from point to point",
    "dual-annealing": "from point to point",
    "adam": "from point to point",
    "quasi-newton": "along lines",
}


@pytest.mark.parametrize("method", ONE_BY_ONE)
def test_methods_without_populations_refuse_reevaluation(method):
    """Nearly every point was evaluated twice there, and never more often, whatever the noise."""
    with pytest.raises(ValueError, match=rf"options\['noise'\] needs .*{ONE_BY_ONE[method]}: take 'cmaes'"):
        es.minimize(
            noisy_sphere(1), [1.0, 2], method=method, bounds=[(-3, 3)] * 2, rng=1, options={"noise": "reevaluate"}
        )


def test_a_population_of_one_point_refuses_reevaluation():
    more = {"method": "random-search", "rng": 1, "options": {"noise": "reevaluate"}, "maxfevals": 50}
    with pytest.raises(ValueError, match=r"options\['noise'\] needs .*popsize=1"):
        es.minimize(noisy_sphere(1), [1.0, 2], popsize=1, **more)
    assert es.minimize(noisy_sphere(1), [1.0, 2], popsize=4, **more).nfev == 50


def test_differential_evolution_evaluates_its_populations_again():
    res = es.minimize(
        noisy_sphere(1, 100.0),
        [1.0, 2],
        method="differential-evolution",
        bounds=[(-3, 3)] * 2,
        rng=1,
        maxfevals=2000,
        options={"noise": "reevaluate"},
    )
    assert res.evaluations_per_point > 3
