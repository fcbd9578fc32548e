"""IPOP and BIPOP."""

import numpy as np
import pytest

import es
from tests.es import functions as F

BOX = [(-5, 5)] * 4


def test_ipop_doubles_the_population():
    res = es.minimize(F.rastrigin, np.full(4, 3.0), restarts=4, bounds=BOX, rng=1, ftarget=1e-8)
    sizes = [run["popsize"] for run in res.restarts]
    assert sizes == [sizes[0] * 2**i for i in range(len(sizes))]
    assert res.success


def test_a_number_of_restarts_is_kept():
    res = es.minimize(F.sphere, np.full(2, 3.0), restarts=2, rng=1)
    assert len(res.restarts) == 3
    assert res.stop["restarts"] == 2
    assert res.nfev == sum(run["nfev"] for run in res.restarts)
    assert res.fun == min(run["fun"] for run in res.restarts)
    assert len(es.minimize(F.sphere, np.full(2, 3.0), restarts=0, rng=1).restarts) == 1


def test_bipop_gives_both_regimes_the_same_budget():
    res = es.minimize(F.rastrigin, np.full(4, 3.0), restarts="bipop", bounds=BOX, rng=3, maxfevals=60000)
    first = res.restarts[0]["popsize"]
    large = [
        r
        for r in res.restarts[1:]
        if r["popsize"] in (first * 2 ** np.arange(1, 10)).tolist() and "maxfevals" not in r["stop"]
    ]
    assert large
    small = sum(r["nfev"] for r in res.restarts) - sum(r["nfev"] for r in large)
    assert small > 0.2 * res.nfev


@pytest.mark.parametrize("kind", ["ipop", "bipop"])
def test_rastrigin_is_solved(kind):
    solved = [
        es.minimize(
            F.rastrigin, np.full(4, 3.0), restarts=kind, bounds=BOX, rng=s, ftarget=1e-8, maxfevals=60000
        ).success
        for s in range(3)
    ]
    assert all(solved)


@pytest.mark.parametrize("method", ["l-bfgs-b", "adam", "nelder-mead", "snes"])
def test_over_other_methods(method):
    res = es.minimize(
        F.rastrigin,
        np.full(2, 3.0),
        method=method,
        restarts=3,
        bounds=BOX[:2],
        rng=1,
        jac=lambda x: 2 * x + 20 * np.pi * np.sin(2 * np.pi * x),
        maxfevals=6000,
    )
    assert len(res.restarts) >= 1
    assert res.fun < F.rastrigin(np.full(2, 3.0))
    assert all((np.abs(r["fun"]) < 100) for r in res.restarts)
