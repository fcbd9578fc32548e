"""Noise: re-evaluation and learning rate adaptation."""

import numpy as np
import pytest

import es
from es.lra import LRACMAES
from es.noise import uncertainty


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
