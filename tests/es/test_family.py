"""Plain and covariance strategies: convergence where their papers say so, and mistakes that others have made."""

import numpy as np
import pytest

from es.minimize import minimize
from es.registry import get_method
from es.strategies.dd_cmaes import DDCMAES
from es.strategies.gaussian import GaussianES
from es.strategies.lm_ma_es import LMMAES
from es.strategies.ma_es import MAES
from es.strategies.one_plus_one import OnePlusOne
from es.strategies.one_plus_one_cholesky import OnePlusOneCholesky
from es.strategies.random_search import RandomSearch
from es.strategies.vkd_cmaes import VkDCMAES
from tests.es.table import ellipsoid, rosenbrock, rotation, run, sphere

N = 10


def weighted(weights, n, turned):
    R = rotation(n, seed=1) if turned else np.eye(n)
    return lambda x: np.vecdot(weights * (x @ R.T), x @ R.T)


def cigar(n, turned=True, condition=1e6):
    return weighted(np.where(np.arange(n) == 0, 1.0, condition), n, turned)


def discus(n, turned=True):
    return weighted(np.where(np.arange(n) == 0, 1e6, 1.0), n, turned)


def evaluations(name, f, n, runs=3, sigma0=1.0, most=1e5, start=2.0):
    """Evaluations of each run to 1e-8, inf where it was not reached."""
    opt = get_method(name)(np.full((runs, n), start), sigma0, rng=1, stop={"ftarget": 1e-8, "maxfevals": most})
    return np.array([r.nfev if r.fun <= 1e-8 else np.inf for r in run(opt, f).results])


@pytest.mark.parametrize("name", ["one-plus-one", "csa-es", "gaussian", "cem"])
def test_plain_strategies_on_the_sphere(name):
    assert evaluations(name, sphere, N, sigma0=2.0).max() < 12_000


@pytest.mark.parametrize("name", ["ma-es", "dd-cmaes", "one-plus-one-cholesky"])
@pytest.mark.parametrize("shape", ["ellipsoid", "cigar", "discus"])
def test_full_covariance_on_rotated_functions(name, shape):
    f = {"ellipsoid": lambda: weighted(10 ** (6 * np.arange(N) / (N - 1)), N, True)}.get(shape)
    f = f() if f else {"cigar": cigar, "discus": discus}[shape](N)
    assert np.median(evaluations(name, f, N)) < 8000


@pytest.mark.parametrize("name", ["vkd-cmaes", "dd-cmaes"])
def test_separable_ellipsoid_is_learnt_as_fast_as_by_a_diagonal(name):
    n = 40
    assert np.median(evaluations(name, ellipsoid, n)) < 0.4 * np.median(evaluations("cmaes", ellipsoid, n, runs=1))


def test_limited_memory_on_a_rotated_cigar_in_100_dimensions():
    opt = LMMAES(np.full(100, 2.0), 1.0, rng=1, stop={"ftarget": 1e-8, "maxfevals": 1e5})
    assert run(opt, cigar(100, condition=1e3)).result.success


def test_vkd_finds_the_number_of_long_axes():
    n = 30
    opt = VkDCMAES(np.full(n, 2.0), 1.0, rng=1, stop={"ftarget": 1e-8, "maxfevals": 5e4})
    result = run(opt, cigar(n)).result
    assert result.success and result.nfev < 12_000
    assert 1 <= opt.models[0].k <= 3


@pytest.mark.heavy
@pytest.mark.parametrize(("f", "pycma"), [(cigar(40), 10_740), (ellipsoid, 15_660)], ids=["cigar", "ellipsoid"])
def test_vkd_needs_no_more_evaluations_than_pycma(f, pycma):
    """The first axis is tried while sigma still falls (on the cigar), but not while a diagonal is learned."""
    assert np.median(evaluations("vkd-cmaes", f, 40, runs=5)) < 1.1 * pycma


@pytest.mark.heavy
def test_vkd_on_cigar_and_discus_in_100_dimensions():
    for f in (cigar(100), discus(100, turned=False)):
        assert evaluations("vkd-cmaes", f, 100, runs=1, most=2e5).max() < np.inf


@pytest.mark.heavy
@pytest.mark.parametrize(("f", "most"), [(cigar(100), 4e5), (discus(100), 3e6)], ids=["cigar", "discus"])
def test_limited_memory_on_ill_conditioned_functions_in_100_dimensions(f, most):
    """Rotated, condition 1e6: about 250 thousand evaluations and 1.1 million."""
    assert evaluations("lm-ma-es", f, 100, runs=1, most=most).max() < np.inf


def test_lm_ma_es_pairs_weights_with_ranks():
    """The update takes the z of the best points, whatever the order in which they were sampled (evosax did not)."""
    opt = LMMAES(np.zeros(20), 1.0, popsize=8, rng=3)
    x = opt.ask()
    z = opt._asked[0][0].copy()
    f = np.array([5.0, 1.0, 7.0, 0.0, 3.0, 2.0, 6.0, 4.0])
    opt.tell(x, f)
    np.testing.assert_allclose(opt.m[0], opt._gain[0] * (opt._weights @ z[[3, 1, 5, 4]]), rtol=1e-13)


@pytest.mark.parametrize(("n", "popsize"), [(1, None), (2, None), (3, 300), (10, None), (100, None)])
def test_lm_ma_es_rates_are_rates(n, popsize):
    """The paper's 2 popsize / n is beyond 1 for small n (pypop7 then takes 1/2 for 1 - c)."""
    opt = LMMAES(np.zeros(n), 1.0, popsize=popsize, rng=0)
    for rate in (opt._cs, *opt._cd, *opt._cc.ravel()):
        assert 0 < rate <= 0.5
    if n == 100:
        assert opt._cs == 2 * opt.popsize / n
        np.testing.assert_allclose(opt._cd, 1 / (1.5 ** np.arange(len(opt._cd)) * n))


def test_lm_ma_es_goes_back():
    opt = run(LMMAES(np.ones(15), 1.0, rng=1), lambda x: rosenbrock(x), 40)
    z = np.random.default_rng(0).standard_normal((5, 15))
    np.testing.assert_allclose(opt._invert_sample(opt._sample(z)), z, rtol=1e-9, atol=1e-9)


def test_ma_es_is_its_formula():
    """One step against the product M (I + ...), which the code does not form."""
    opt = MAES(np.ones(4), 0.5, rng=2)
    run(opt, rosenbrock, 5)
    M, s, x = opt.A.copy(), opt.ps.copy(), opt.ask()
    z = opt._asked[0][0][rosenbrock(x).argsort()]
    opt.tell(x, rosenbrock(x))
    p = opt._p
    w = p.weights[: p.mu]
    s = (1 - p.cs) * s + np.sqrt(p.cs * (2 - p.cs) * p.mueff) * (w @ z[: p.mu])
    rank_mu = sum(w[i] * np.outer(z[i], z[i]) for i in range(p.mu)) - np.eye(4)
    expected = M @ (np.eye(4) + p.c1 / 2 * (np.outer(s, s) - np.eye(4)) + p.cmu / 2 * rank_mu)
    np.testing.assert_allclose(opt.A, expected, rtol=1e-12)


@pytest.mark.parametrize("cls", [OnePlusOne, OnePlusOneCholesky])
def test_elitists_start_at_x0_and_never_go_back(cls):
    opt = cls(np.ones(3), 0.5, rng=1)
    np.testing.assert_array_equal(opt.ask(), np.ones((1, 3)))
    opt.tell(np.ones((1, 3)), [3.0])
    best = 3.0
    for _ in range(200):
        x = opt.ask()
        assert x.shape == (1, 3)
        opt.tell(x, sphere(x))
        assert opt.f_parent == opt.f_best <= best
        np.testing.assert_allclose(sphere(opt.mean), opt.f_best, rtol=1e-12)
        best = opt.f_best


def test_one_fifth_rule_balances_one_success_in_five():
    opt = OnePlusOne(np.zeros(8), 1.0, rng=1)
    opt.tell(opt.ask(), [0.0])
    for f in (1.0, 1.0, -1.0, 1.0, 1.0):
        opt.tell(opt.ask(), [f])
    assert opt.sigma == pytest.approx(1.0)


def test_cholesky_covariance_is_the_rank_one_update():
    opt = OnePlusOneCholesky(np.ones(3), 1.0, rng=1)
    run(opt, rosenbrock, 60)
    path = opt.A @ opt.q
    C, x = opt.A @ opt.A.T, opt.ask()
    z = opt._asked[0][0][0]
    step = opt.A @ z
    opt.p_succ = 0.1
    opt.tell(x, [-1.0])  # a success
    path = (1 - opt._cc) * path + np.sqrt(opt._cc * (2 - opt._cc)) * step
    np.testing.assert_allclose(opt.A @ opt.A.T, (1 - opt._ccov) * C + opt._ccov * np.outer(path, path), rtol=1e-10)
    np.testing.assert_allclose(opt.A @ opt.q, path, rtol=1e-10)


def test_dd_cma_keeps_a_correlation_matrix():
    opt = run(DDCMAES(np.ones(5), 1.0, rng=1), rosenbrock, 60)
    np.testing.assert_allclose(np.diagonal(opt.root @ opt.root), 1.0, rtol=1e-9)
    np.testing.assert_allclose(opt.root @ opt.inverse, np.eye(5), atol=1e-9)


def test_random_search():
    box = [(0.0, 1.0), (2.0, 5.0)]
    opt = RandomSearch([0.5, 3.0], bounds=box, rng=0, popsize=2000)
    x = opt.ask()
    np.testing.assert_allclose(x.mean(0), [0.5, 3.5], atol=0.1)
    np.testing.assert_allclose(x.var(0), [1 / 12, 9 / 12], rtol=0.1)
    assert RandomSearch(np.zeros((3, 2)), 1.0, rng=0).ask().shape == (3, 32, 2)
    result = minimize(sphere, [3.0, 3.0], method="random-search", maxfevals=500, rng=1)
    assert result.nfev == 500 and result.fun < 9


def test_elite_is_checked():
    with pytest.raises(ValueError, match="elite must lie between 0 and 1, got 2"):
        GaussianES(np.ones(2), 1.0, elite=2)
    with pytest.raises(ValueError, match="smoothing must lie in"):
        get_method("cem")(np.ones(2), 1.0, smoothing=0.0)


@pytest.mark.parametrize(
    "name", ["one-plus-one", "csa-es", "gaussian", "cem", "ma-es", "lm-ma-es", "vkd-cmaes", "dd-cmaes"]
)
def test_through_minimize(name):
    result = minimize(sphere, [1.0, 1.0, 1.0], method=name, sigma0=1.0, bounds=[(-3, 3)] * 3, ftarget=1e-8, rng=1)
    assert result.success and result.fun <= 1e-8
