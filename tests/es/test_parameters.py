"""Golden values, and a grid on which nothing may go wrong."""

import numpy as np
import pytest

from es.parts import parameters
from es.registry import get_method
from tests.es.table import ellipsoid, rosenbrock, run, sphere


@pytest.mark.parametrize(
    ("n", "popsize", "mueff", "c1", "cmu", "cc", "cs", "damps"),
    [
        (10, 10, 3.167299, 0.015284, 0.023552, 0.294990, 0.284429, 1.284429),
        (40, 15, 4.540915, 0.001169, 0.003405, 0.093009, 0.132031, 1.132031),
        (2, 6, 2.028611, 0.154815, 0.085593, 0.624555, 0.446205, 1.446205),
        (10, 100, 26.966655, 0.012932, 0.295423, 0.345308, 0.690230, 4.641172),
    ],
)
def test_cma_golden(n, popsize, mueff, c1, cmu, cc, cs, damps):
    p = parameters.cma(n, popsize)
    np.testing.assert_allclose(
        (p.mueff, p.c1, p.cmu, p.cc, p.cs, p.damps), (mueff, c1, cmu, cc, cs, damps), atol=6e-7, rtol=0
    )


@pytest.mark.parametrize(
    ("n", "popsize", "damping"),
    [
        (5, 48, 1.878023),
        (10, 100, 3.950942),
        (20, 96, 4.136652),
        (44, 300, 6.585189),
        (100, 1000, 8.502567),
        (9, 10, 1),
    ],
)
def test_damping_of_pycma(n, popsize, damping):
    """damps - cs of pycma 4.5.0; for default populations it is 1, as in the tutorial."""
    p = parameters.cma(n, popsize)
    assert p.damps - p.cs == pytest.approx(damping, abs=6e-7)


@pytest.mark.parametrize("name", ["cmaes", "sep-cmaes", "ma-es", "csa-es", "dd-cmaes"])
@pytest.mark.parametrize(("n", "popsize"), [(44, 300), (20, 200), (5, 500)])
def test_steps_do_not_grow_with_a_population_much_larger_than_n(name, n, popsize):
    """A sphere that is 10^6 times as steep in negative coordinates, from its other side (pycma's issue 231).

    With the damping of the tutorial all of them let sigma grow, most until they end by tolfacupx.
    """

    def sector(x):
        return sphere(np.where(x < 0, 1e3 * x, x))

    opt = run(get_method(name)(np.ones((3, n)), 1.0, popsize=popsize, rng=[1, 2, 3]), sector, 60)
    assert len(opt.active) == 3 and (opt.stds < 2).all(), (opt.active, opt.stds)


def test_expected_norm():
    rng = np.random.default_rng(0)
    for n in (1, 2, 10, 100):
        drawn = np.linalg.norm(rng.standard_normal((200_000 // n + 1000, n)), axis=1)
        assert abs(drawn.mean() / parameters.expected_norm(n) - 1) < 0.015


NS = [1, 2, 3, 4, 5, 7, 10, 20, 40, 100, 320, 1000]
POPSIZES = [2, 3, 4, 5, 6, 10, 15, 24, 50, 100, 317, 1000, 3000, 10_000]


@pytest.mark.parametrize("make", [parameters.cma, parameters.separable_cma])
@pytest.mark.parametrize("active", [True, False])
def test_grid(make, active):
    with np.errstate(all="raise"):
        for n in NS:
            for popsize in POPSIZES:
                p = make(n, popsize, active)
                w = p.weights
                rates = (p.c1, p.cmu, p.cc, p.cs)
                assert all(0 < rate <= 1 or (rate == 0 and popsize == 2) for rate in rates), (n, popsize, rates)
                assert p.c1 + p.cmu <= 1
                assert np.isfinite(w).all() and np.isfinite(p.damps) and p.damps >= 1
                assert p.mu == popsize // 2 and 1 <= p.mueff <= p.mu + 1e-9
                np.testing.assert_allclose(w[: p.mu].sum(), 1)
                assert (np.diff(w) <= 1e-15).all() and (w[: p.mu] > 0).all() and (w[p.mu :] <= 0).all()
                assert active or not w[p.mu :].any()
                # (52): C stays positive definite whatever the samples.
                assert 1 - p.c1 - p.cmu * w.sum() + n * p.cmu * w[p.mu :].sum() > -1e-12


def test_separable_rates_are_faster():
    full, separable = parameters.cma(10, 10), parameters.separable_cma(10, 10)
    assert separable.c1 == pytest.approx(4 * full.c1)
    assert separable.cmu == pytest.approx(4 * full.cmu)


def test_utilities():
    u = parameters.utilities(10)
    np.testing.assert_allclose(u.sum(), 0, atol=1e-15)
    raw = np.maximum(0, np.log(6) - np.log(np.arange(1, 11)))
    np.testing.assert_allclose(u, raw / raw.sum() - 0.1)
    assert (np.diff(u) <= 0).all()


RATES = {
    "c1": [0.01, 0.02, 0.05, 0.1],
    "cmu": [0.05, 0.02, 0.1, 0.01],
    "cc": [0.2, 0.3, 0.5, 0.9],
    "cs": [0.3, 0.2, 0.5, 0.4],
    "damps": [1.0, 1.3, 2.0, 1.5],
}


@pytest.mark.parametrize("name", ["cmaes", "lra-cmaes"])
@pytest.mark.parametrize("given", [*[[rate] for rate in RATES], list(RATES), []])
@pytest.mark.parametrize(("n", "popsize"), [(5, None), (70, 8)])
def test_rates_per_run_are_those_of_the_run_alone(name, given, n, popsize):
    rates = {rate: np.array(RATES[rate]) for rate in given}
    x0 = np.random.default_rng(n).standard_normal((4, n))
    stop = {"ftarget": [1e-2, 30.0, 1e-1, 3.0], "maxiter": 60}  # they end one after the other
    stacked = run(get_method(name)(x0, 0.5, rng=[1, 2, 3, 4], popsize=popsize, stop=stop, **rates), sphere).results
    for i in range(4):
        alone = run(
            get_method(name)(
                x0[i], 0.5, rng=i + 1, popsize=popsize, stop={"ftarget": stop["ftarget"][i], "maxiter": 60},
                **{rate: values[i] for rate, values in rates.items()},
            ),
            sphere,
        ).result  # fmt: skip
        assert alone.stop == stacked[i].stop and alone.nfev == stacked[i].nfev
        np.testing.assert_array_equal(alone.x, stacked[i].x)
        np.testing.assert_array_equal(alone.mean, stacked[i].mean)


def test_rates_per_run_survive_saving_after_runs_have_ended():
    def make():
        return get_method("cmaes")(
            np.ones((3, 4)), 1.0, rng=0, cs=[0.2, 0.3, 0.6], c1=0.05, stop={"maxfevals": [80, 400, 640]}
        )

    whole = run(make(), ellipsoid).results
    half = run(make(), ellipsoid, 30)
    assert half.active.tolist() == [1, 2]
    again = make()
    again.load_state_dict(half.state_dict())
    assert again.parameters.cs.tolist() == [0.3, 0.6]
    for a, b in zip(run(again, ellipsoid).results, whole, strict=True):
        np.testing.assert_array_equal(a.x, b.x)


def test_given_rates_are_used_and_move_the_negative_weights():
    opt = get_method("cmaes")(np.zeros(6), 1.0, rng=0, c1=0.2, damps=3.0)
    default = parameters.cma(6, opt.popsize)
    assert (opt.parameters.c1, opt.parameters.damps, opt.parameters.cc) == (0.2, 3.0, default.cc)
    assert opt.parameters.weights[-1] != default.weights[-1]
    result = run(get_method("cmaes")(np.zeros(4), 0.5, rng=0, cs=0.5, cmu=0.2, stop={"ftarget": 1e-8}), rosenbrock)
    assert result.result.success


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"c1": -0.1}, "c1 must be positive and at most 1, got -0.1"),
        ({"cs": [0.1, 2.0]}, "cs must be positive and at most 1"),
        ({"damps": 0.0}, "damps must be positive, got 0.0"),
        ({"cc": [0.1, 0.1, 0.1]}, r"cc must be a number or have shape \(2,\), one per run, got shape \(3,\)"),
        ({"c1": 0.6, "cmu": 0.5}, r"c1 \+ cmu must be at most 1, got 0.6 \+ 0.5"),
    ],
)
def test_refused_rates(given, message):
    with pytest.raises(ValueError, match=message):
        get_method("cmaes")(np.zeros((2, 3)), 1.0, **given)
