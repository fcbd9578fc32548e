"""Each criterion by name: what meets it, what does not, and the figure that it tells."""

import numpy as np
import pytest
import scipy.optimize

import es
from es.core import stopping
from es.registry import get_method, methods
from tests.es.table import ellipsoid, run, sphere

CMAES = get_method("cmaes")
OFF = dict.fromkeys(stopping.COVARIANCE)


def only(criterion, threshold=None, **options):
    """A CMA-ES with a single criterion switched on."""
    default = stopping.CRITERIA[criterion].default
    kept = {**OFF, criterion: default if threshold is None else threshold}
    return CMAES(np.ones(3), 1.0, rng=1, stop=kept, **options)


def result(opt, f, generations=3000):
    return run(opt, f, generations).result


def test_targets_and_budgets():
    r = result(only("ftarget", 1e-5), sphere)
    assert list(r.stop) == ["ftarget"] and r.success and r.stop["ftarget"] == r.fun <= 1e-5
    r = result(only("maxfevals", 100), sphere)
    assert r.stop == {"maxfevals": 105.0} and not r.success and r.status == 1
    r = result(only("maxiter", 7), sphere)
    assert r.stop == {"maxiter": 7.0} and r.nit == 7
    r = result(only("maxtime", 0.02), sphere, 10**6)
    assert list(r.stop) == ["maxtime"] and r.stop["maxtime"] >= 0.02


@pytest.mark.parametrize("criterion", ["tolfun", "tolfunhist", "tolx"])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_convergence_whatever_the_scale_of_f(criterion, scale):
    # 1e-12 is absolute for large f and relative to the first spread for small f.
    r = result(only(criterion), lambda x: scale * sphere(x))
    assert list(r.stop) == [criterion] and r.success
    assert r.fun < 1e-9 * max(scale, 1e-20)
    assert r.stop[criterion] < 1e-12


def test_tolfun_far_from_zero():
    """Values around 1e6 whose differences are lost in rounding."""
    r = result(only("tolfun"), lambda x: 1e6 + sphere(x))
    assert r.success and sphere(r.x) < 1e-6


def test_small_scale_of_x():
    opt = CMAES(np.ones(3) * 1e-30, 1e-30, rng=1)
    assert result(opt, lambda x: sphere(x * 1e30)).fun < 1e-9


def test_flat():
    r = result(only("tolflatfitness"), lambda x: np.zeros(len(x)))
    assert r.stop == {"tolflatfitness": 10.0}
    r = result(CMAES(np.ones(3), 1.0, rng=1), lambda x: np.zeros(len(x)))
    assert r.nit < 40


def test_steps_of_values_are_not_flat():
    r = result(CMAES(np.full(5, 4.3), 2.0, rng=1, stop={"ftarget": 0.0}), lambda x: (np.floor(x + 0.5) ** 2).sum(-1))
    assert r.fun == 0


def test_growing_steps():
    r = result(only("tolfacupx"), lambda x: x.sum(-1))
    assert list(r.stop) == ["tolfacupx"] and r.stop["tolfacupx"] > 1e4 and not r.success


def test_rounding_in_coordinates():
    r = result(only("noeffectcoord"), lambda x: sphere(x - 1e8))
    assert list(r.stop) == ["noeffectcoord"] and abs(r.x - 1e8).max() < 1e-6


def test_rounding_along_axes():
    r = result(only("noeffectaxis"), lambda x: sphere(x - 1e8))
    assert list(r.stop) == ["noeffectaxis"]


def test_condition():
    r = result(only("conditioncov", 1e6), lambda x: ellipsoid(x, 1e12), 20_000)
    assert list(r.stop) == ["conditioncov"] and r.stop["conditioncov"] > 1e6
    r = result(CMAES(np.ones(2), 1.0, rng=1), lambda x: ellipsoid(x, 1e18), 50_000)
    assert "conditioncov" in r.stop or r.fun < 1e-9


def test_runs_end_where_they_would_end_by_the_axis_ratio_itself(monkeypatch):
    """Its bound, which is found sooner, only says when there is nothing to look at."""

    def ends():
        opt = CMAES(np.ones((6, 3)), 1.0, rng=1, stop={"conditioncov": np.array([1e3, 1e6, 1e9, 1e12, 1e14, 1e20])})
        run(opt, lambda x: (x**2 * [1.0, 1e6, 1e15]).sum(-1))
        return [(r.nfev, sorted(r.stop), r.fun) for r in opt.results]

    found = ends()
    assert sum("conditioncov" in names for _, names, _ in found) >= 3
    monkeypatch.setattr(CMAES, "axis_ratio_bound", CMAES.axis_ratio)
    assert ends() == found


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_axis_ratio_is_at_most_its_bound(n):
    opt = CMAES(np.ones((50, n)), 1.0)
    opt.A = np.random.default_rng(4).normal(size=(50, n, n)) * np.logspace(0, 7, n)
    assert (opt.axis_ratio <= opt.axis_ratio_bound).all()
    assert (opt.axis_ratio_bound <= 1.02 * n * opt.axis_ratio).all()
    opt.A[3] = 0  # singular
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(opt.axis_ratio_bound, opt.axis_ratio)


def test_stagnation():
    noise = np.random.default_rng(0)
    r = result(only("stagnation"), lambda x: sphere(x) + noise.standard_normal(len(x)), 20_000)
    assert list(r.stop) == ["stagnation"]
    # ... but not while a slow function goes down.
    opt = CMAES(np.full(20, 3.0), 1.0, rng=1, stop={"maxiter": 900})
    assert list(result(opt, ellipsoid).stop) == ["maxiter"]


def test_nothing_stops_before_the_optimum():
    for n in (2, 10):
        for condition in (1, 1e6):
            r = result(CMAES(np.full(n, 3.0), 1.0, rng=1), lambda x, c=condition: ellipsoid(x, c), 10_000)
            assert r.success and r.fun < 1e-9, (n, condition, r.stop)


def test_end_from_outside():
    opt = CMAES(np.ones(3), 1.0, rng=1)
    opt.end("callback", 3.0)
    assert opt.stop() == {"callback": 3.0} and not opt.result.success and opt.result.status == 99
    assert "callback = 3" in opt.result.message
    stack = CMAES(np.ones((3, 3)), 1.0, rng=1)
    stack.end("user", run=1)
    assert stack.active.tolist() == [0, 2] and stack.ask().shape[0] == 2
    stack.end("user")
    assert stack.stop() == {0: {"user": 1.0}, 1: {"user": 1.0}, 2: {"user": 1.0}}


def test_the_table_of_the_documentation_is_the_table():
    assert stopping.table() in stopping.__doc__
    for row in stopping.CRITERIA.values():
        assert row.says and row.means in stopping.MEANINGS and (row.test is None or row.test.__doc__)
    for means, (success, status) in stopping.MEANINGS.items():
        assert means == "neutral" or f"{means:<10} {success!s:<7} {status:<6} " in stopping.__doc__


def test_every_method_has_criteria_of_the_table():
    for info in methods():
        assert set(get_method(info.name).criteria) <= set(stopping.CRITERIA)


@pytest.mark.parametrize("name", [*stopping.CRITERIA, "enough"])
def test_what_an_end_means_however_the_run_was_made(name):
    """The same criterion gives the same success and status by ask and tell, the driver, stacks and restarts."""
    means = stopping.CRITERIA[name].means if name in stopping.CRITERIA else "stopped"
    success, status = stopping.MEANINGS[means]

    class Ends(CMAES):
        def stop(self):
            if self.nit == 3 and (self.runs is None or len(self.active)):
                self.end(name)
            return super().stop()

    opt = Ends(np.ones(3), 1.0, rng=1)
    run(opt, sphere)
    alone = es.minimize(sphere, np.ones(3), method=Ends, rng=1)
    stacked = es.minimize_runs(sphere, np.ones((2, 3)), method=Ends, vectorized=True, rng=1)
    again = es.minimize(sphere, np.ones(3), method=Ends, restarts=1, rng=1)
    through = scipy.optimize.minimize(sphere, np.ones(3), method=es.scipy_method(Ends), options={"rng": 1})
    for result in (opt.result, alone, *stacked, again, through):
        assert (result.success, result.status) == (success, status), result.message
        assert name in result.stop and (name == "restarts" or f"{name} = 1" in result.message)
        assert name not in stopping.CRITERIA or stopping.CRITERIA[name].says in result.message
    # With a target, nothing else is a success.
    wanted = es.minimize(sphere, np.ones(3), method=Ends, ftarget=-1.0, rng=1)
    stacked = es.minimize_runs(sphere, np.ones((2, 3)), method=Ends, ftarget=-1.0, vectorized=True, rng=1)
    for result in (wanted, *stacked):
        assert result.success == (means == "target")
        assert result.status == (2 if means == "converged" else status)


def test_history_stays_bounded(monkeypatch):
    monkeypatch.setattr("es.core.traces.LONGEST", 100)
    opt = only("maxiter", 1000)
    result(opt, sphere)
    assert opt.traces.length <= len(opt.traces._rows) <= 256
    assert opt.traces.best(3).shape == (3,) and (np.diff(opt.traces.best(50)) != 0).all()


@pytest.mark.parametrize(
    ("name", "low", "high", "f"),
    [
        ("tolflatfitness", 5, 40, lambda x: np.zeros(x.shape[:-1])),
        ("stagnation", 0.5, 2.0, lambda x: np.sin(1e6 * x).sum(-1)),
        ("tolx", 1e-2, 1e-9, sphere),
        ("tolfunhist", 1e-3, 1e-9, sphere),
        ("noeffectcoord", 1e-7, 1e-2, lambda x: sphere(x - 1e3)),
        ("conditioncov", 10.0, 1e4, ellipsoid),
    ],
)
def test_thresholds_of_neighbours_do_not_matter(name, low, high, f):
    """A run with one threshold ends in the same generation and with the same figure whatever the others have."""
    ends = {}
    for thresholds in ([low, low], [low, high], [high, high]):
        opt = CMAES(np.ones((2, 3)), 1.0, rng=[1, 2], stop={**OFF, name: thresholds, "maxiter": 1500})
        for i, r in enumerate(run(opt, f).results):
            ends.setdefault((i, thresholds[i]), []).append((r.nit, r.stop))
    for seen in ends.values():
        assert all(other == seen[0] for other in seen[1:])
    assert ends[0, low][0] != ends[0, high][0]
