"""MAP-CMA, the momentum of CMA-ES."""

import numpy as np
import pytest

import es
from es.core.state import load, save
from es.parts.momentum import as_momentum, with_momentum
from tests.es.test_categories import V, told

# What the package cmaes takes for cmu, without the quarter of the tutorial's second edition: the golden steps are its.
P = es.CMAES([0.0, 0.0], popsize=6, active=False).parameters
CMU = 2 * (P.mueff + 1 / P.mueff - 2) / (16 + P.mueff)


def test_golden_steps():
    opt = es.CMAES([0.0, 0.0], 1.0, popsize=6, active=False, momentum=True, cmu=CMU)
    share = with_momentum(np.ones(1), np.zeros(1), opt.parameters.c1, CMU, 2.0)
    assert share == pytest.approx([0.427740520803454], abs=1e-14)
    told(opt, V[:, :2])
    assert opt.mean == pytest.approx([0.354889924079, 0.011755762561], abs=1e-12)
    assert opt.sigma == pytest.approx(0.8017288216058, abs=1e-13)
    assert opt.A @ opt.q == pytest.approx([0.395958250403, 0.013116154785], abs=1e-12)
    told(opt, opt.mean + 0.5 * V[::-1, :2])
    assert opt.mean == pytest.approx([0.570152340482, 0.417106952784], abs=1e-12)
    assert opt.sigma == pytest.approx(0.699445140069795, abs=1e-12)


def test_generations_of_the_authors_package():
    cmaes = pytest.importorskip("cmaes", minversion="0.12")
    peer = cmaes.MAPCMA(mean=np.zeros(2), sigma=1.0, population_size=6)
    opt = es.CMAES([0.0, 0.0], 1.0, popsize=6, active=False, momentum=True, cmu=CMU)
    rng = np.random.default_rng(3)
    for _ in range(20):
        x = peer._mean + peer._sigma * (rng.standard_normal((6, 2)) @ np.linalg.cholesky(peer._C).T)
        f = ((x - [1, 2]) ** 2 * [1, 30]).sum(1)
        order = f.argsort()
        peer.tell([(x[k].copy(), f[k]) for k in order])
        told(opt, x[order])
        np.testing.assert_allclose(opt.mean, peer._mean, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(opt.sigma, peer._sigma, rtol=1e-10)
        np.testing.assert_allclose(opt.A @ opt.A.T, peer._C, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("active", [False, True])
def test_the_contract_holds(active):
    es.check_strategy(es.CMAES, options={"momentum": True, "active": active})


@pytest.mark.heavy
def test_the_contract_holds_with_many_variables():
    """Here the factor is updated by a matrix of low rank."""
    claims = frozenset({"scaling", "monotone", "permutation"})
    es.check_strategy(es.CMAES, n=64, claims=claims, options={"momentum": True})


def test_no_momentum_is_cma_es_bit_for_bit():
    runs = [es.CMAES(np.ones(4), 0.5, rng=1, **more) for more in ({}, {"momentum": False}, {"momentum": None})]
    for _ in range(30):
        for opt in runs:
            x = opt.ask()
            opt.tell(x, (x**4).sum(-1))
    for opt in runs[1:]:
        np.testing.assert_array_equal(opt.A, runs[0].A)


def test_r_weighs_the_path():
    """A large r leaves CMA-ES; a small one moves the mean by the path alone."""
    x = np.random.default_rng(0).standard_normal((8, 3))
    means = []
    for r in (1e12, 3.0, True, 1e-12):
        opt = es.CMAES(np.zeros(3), 1.0, popsize=8, active=False, momentum=r)
        opt.tell(x, np.arange(8.0))
        means.append(opt.mean)
    plain = es.CMAES(np.zeros(3), 1.0, popsize=8, active=False)
    plain.tell(x, np.arange(8.0))
    np.testing.assert_allclose(means[0], plain.mean, atol=1e-10)
    np.testing.assert_array_equal(means[1], means[2])
    np.testing.assert_allclose(means[3], plain.A @ plain.q, atol=1e-10)


def test_rates_of_each_run_of_a_stack():
    rates = {"c1": np.array([0.05, 0.2]), "cmu": np.array([0.1, 0.05])}
    x0 = np.array([[1.0, 2.0, 3.0], [1.0, -2.0, 0.5]])
    stack = es.CMAES(x0, 0.5, rng=[1, 2], momentum=True, **rates)
    alone = [
        es.CMAES(x0[i], 0.5, rng=i + 1, momentum=True, **{name: float(rate[i]) for name, rate in rates.items()})
        for i in range(2)
    ]
    for _ in range(20):
        for opt in (stack, *alone):
            x = opt.ask()
            opt.tell(x, np.vecdot(x, x) ** 2)
    for i in range(2):
        np.testing.assert_array_equal(stack.mean[i], alone[i].mean)


def test_saved_and_gone_on_with(tmp_path):
    runs = [es.CMAES(np.ones(4), 0.5, rng=1, momentum=2.0) for _ in range(2)]
    for opt in runs:
        for _ in range(10):
            x = opt.ask()
            opt.tell(x, (x**2).sum(-1))
    save(tmp_path / "run.npz", runs[0].state_dict())
    other = es.CMAES(np.ones(4), 0.5, rng=5, momentum=2.0)
    other.load_state_dict(load(tmp_path / "run.npz"))
    for opt in (other, runs[1]):
        for _ in range(10):
            x = opt.ask()
            opt.tell(x, (x**2).sum(-1))
    np.testing.assert_array_equal(other.mean, runs[1].mean)


def test_behind_minimize_and_beside_whole_numbers_and_categories():
    res = es.minimize(lambda x: (x**2).sum(), np.ones(5), rng=1, options={"momentum": True}, ftarget=1e-10)
    assert res.success
    whole = es.minimize(
        lambda x: ((x - [2, 0.5, 1]) ** 2).sum(), np.zeros(3), integrality=[1, 0, 0], rng=1,
        options={"momentum": True}, ftarget=1e-9,
    )  # fmt: skip
    assert whole.success
    space = es.Space(kind=["a", "b", "c"], x=(-5, 5), k=es.Integer(0, 9), y=(0, 1))
    res = es.minimize(
        lambda p: (p["kind"] != "b") + (p["x"] - 1) ** 2 + (p["k"] - 4) ** 2 + (p["y"] - 0.2) ** 2, space, rng=1,
        options={"momentum": True}, ftarget=1e-8,
    )  # fmt: skip
    assert res.success


@pytest.mark.parametrize("wrong", [0, -1.0, np.inf, np.nan, "yes", [1.0]])
def test_what_is_no_momentum(wrong):
    with pytest.raises(ValueError, match="momentum must"):
        es.CMAES(np.ones(2), momentum=wrong)


def test_rates_of_nothing():
    assert as_momentum(np.True_, 7) == 7.0
    np.testing.assert_array_equal(with_momentum(np.ones(3), np.zeros(3), 0.0, 0.0, 3.0), np.ones(3))
