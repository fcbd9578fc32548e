"""Every method ends by itself after a time that a person can wait, on functions that never let it converge."""

import numpy as np
import pytest

import es
from es.registry import get_method, methods
from tests.es.table import sphere

WORKS = {
    "noise": lambda draw: lambda x: sphere(x) + draw.standard_normal(x.shape[:-1]),
    "slope": lambda draw: lambda x: x.sum(-1),
    "offset": lambda draw: lambda x: sphere(x - 0.3) + 1e6,
    "stairs": lambda draw: lambda x: np.floor(abs(x - 0.3)).sum(-1),
}
WITHOUT_GRADIENT = [
    info.name for info in methods() if info.kind in ("strategy", "scipy") and not get_method(info.name).wants_gradient
]


@pytest.mark.heavy
@pytest.mark.timeout(300)  # `maxtime` would be a budget of the caller's, in the place of the default one
@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("name", WITHOUT_GRADIENT)
def test_it_ends(name, work):
    box = [(-5, 5)] * 2 if get_method(name).kind == "scipy" and get_method(name).needs_box else None
    fun = WORKS[work](np.random.default_rng(0))
    res = es.minimize(fun, np.ones(2), method=name, bounds=box, vectorized=True, rng=1)
    assert res.stop and res.message


LIMITED = [name for name in WITHOUT_GRADIENT if get_method(name).evaluations_per_variable]


def test_descents_and_strategies_for_well_conditioned_functions_have_a_default_end():
    opt = es.Adam([1.0], patience=None)
    while not opt.stop():
        opt.tell(opt.ask(), [-float(opt.nit)], [[-1.0]])
    assert opt.nfev == 30_000 and set(opt.stop()) == {"maxfevals"} and not opt.result.success
    for name in ("snes", "csa-es", "lm-ma-es"):
        opt = get_method(name)([1.0, 2.0], 1.0)
        assert opt._watch.thresholds["maxfevals"] == 400_000 and opt._watch.is_default("maxfevals")
        opt = get_method(name)([1.0, 2.0], 1.0, stop={"maxiter": 3})
        assert "maxfevals" not in opt._watch.thresholds


@pytest.mark.parametrize("name", ["nelder-mead", "one-plus-one"])
def test_the_default_end(name):
    most = 2 * get_method(name).evaluations_per_variable
    draw = np.random.default_rng(0)

    def noise(x):
        return sphere(x) + draw.standard_normal()

    more = {"method": name, "rng": 1, "options": dict.fromkeys(get_method(name).criteria[7:])}
    res = es.minimize(noise, np.ones(2), **more)
    assert most <= res.nfev < most + 64 and list(res.stop) == ["maxfevals"] and res.status == 1 and not res.success
    # A budget of the caller's takes its place, in the driver as in the constructor.
    assert es.minimize(noise, np.ones(2), maxfevals=most + 500, **more).nfev == most + 500
    if name != "nelder-mead":
        assert es.minimize(noise, np.ones(2), maxiter=most + 100, **more).nit == most + 100
        opt = get_method(name)(np.ones(2), 1.0, stop={"maxfevals": None})
        assert "maxfevals" not in opt._watch.thresholds
        runs = es.minimize_runs(noise, np.ones((2, 2)), maxiter=most + 100, **more)
        assert [run.nit for run in runs] == [most + 100] * 2


@pytest.mark.parametrize("name", LIMITED)
def test_it_is_said(name):
    texts = [base.__doc__ or "" for base in get_method(name).__mro__]
    assert any("budget is given" in text for text in texts)


def test_a_checkpoint_without_a_budget_goes_on_with_one(tmp_path):
    more = {"method": "random-search", "rng": 1, "checkpoint": tmp_path / "a.npz"}
    assert es.minimize(sphere, np.ones(1), **more).nfev == 1024
    assert es.minimize(sphere, np.ones(1), maxfevals=1500, **more).nfev == 1500


def test_running_down_a_slope_is_no_success():
    for name in ("nelder-mead", "powell", "cmaes", "one-plus-one", "pgpe"):
        res = es.minimize(lambda x: x.sum(), np.ones(3), method=name, rng=1, maxfevals=20_000)
        assert not res.success and np.isfinite(res.fun) and np.isfinite(res.x).all()
