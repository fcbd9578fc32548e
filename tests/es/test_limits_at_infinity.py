"""f that tends to a limit far out has no minimum: values that no longer differ there are no success."""

import numpy as np
import pytest
from scipy.special import expit

import es
from problems import Objective, stack

METHODS = ["cmaes", "sep-cmaes", "ma-es", "snes", "xnes", "csa-es", "lm-ma-es", "vkd-cmaes"]
AWAY = {
    "softplus": lambda x: np.logaddexp(0, -x).sum(),
    "tanh": lambda x: -np.tanh(x).sum(),
    "turned": lambda x: np.logaddexp(0, -x.sum()) + np.logaddexp(0, -x[0] - 2 * x[1]),
}


def ends(f, x0, method, **more):
    """The same runs alone and in a stack."""
    yield from (es.minimize(f, x0, method=method, rng=seed, maxfevals=20_000, **more) for seed in range(2))
    yield from es.minimize_runs(f, np.tile(x0, (2, 1)), method=method, rng=0, maxfevals=20_000, **more)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", AWAY)
def test_no_success_where_values_tend_to_a_limit_far_out(method, name):
    for res in ends(AWAY[name], [0.1, 0.2], method):
        assert not res.success, res.message


def test_the_end_is_named_and_says_what_helps():
    res = es.minimize(AWAY["softplus"], [1.0, 2.0], method="cmaes", rng=1)
    assert set(res.stop) == {"endless"} and res.status == 2 and "bounds" in res.message
    within = es.minimize(AWAY["softplus"], [1.0, 2.0], bounds=[(0, 5)] * 2, method="cmaes", rng=1)
    assert within.success and np.allclose(within.x, 5)
    wide = es.minimize(AWAY["softplus"], [1.0, 2.0], sigma0=0.3, bounds=[(0, 1e4)] * 2, method="cmaes", rng=1)
    half = es.minimize(AWAY["softplus"], [1.0, 2.0], sigma0=0.3, bounds=[(0, None)] * 2, method="cmaes", rng=1)
    assert "endless" not in wide.stop and set(half.stop) == {"endless"}


def test_it_is_the_same_in_other_units_and_precision_and_when_it_is_maximized():
    for unit in (1e-6, 1e6):
        res = es.minimize(
            lambda x, u=unit: AWAY["tanh"](x / u), unit * np.array([0.1, 0.2]), sigma0=0.3 * unit, method="cmaes", rng=1
        )
        assert not res.success, res.message
    res = es.minimize(
        lambda x: AWAY["tanh"](x.astype(float)), [0.1, 0.2], method="cmaes", rng=1, options={"dtype": "float32"}
    )
    assert not res.success, res.message
    res = es.minimize(lambda x: np.tanh(x).sum(), [0.1, 0.2], maximize=True, method="cmaes", rng=1)
    assert not res.success, res.message


def test_it_is_the_same_with_restarts_and_when_it_is_resumed(tmp_path):
    res = es.minimize(AWAY["tanh"], [0.1, 0.2], restarts=2, method="cmaes", rng=1)
    assert not res.success and len(res.restarts) == 3, res.message
    path = tmp_path / "run.npz"
    es.minimize(AWAY["tanh"], [0.1, 0.2], method="cmaes", rng=1, maxiter=20, checkpoint=path)
    on = es.minimize(AWAY["tanh"], [0.1, 0.2], method="cmaes", rng=1, checkpoint=path)
    whole = es.minimize(AWAY["tanh"], [0.1, 0.2], method="cmaes", rng=1)
    assert on.stop == whole.stop and on.nfev == whole.nfev and not on.success


@pytest.mark.parametrize("method", METHODS)
def test_a_long_way_to_a_minimum_is_a_success(method):
    far = {
        "far": (lambda x: ((x - 1e3) ** 2).sum(), [0.0, 0.0], {}),
        "tiny steps": (lambda x: ((x - 5) ** 2).sum() + 1e9, [0.0, 0.0], {"sigma0": 1e-3}),
        "flat": (lambda x: ((x - 9.0) ** 4).sum(), [0.0, 0.0], {}),
        "unused": (lambda x: (x[0] - 1) ** 2, [3.0, 3.0], {}),
    }
    for f, x0, more in far.values():
        for res in ends(f, x0, method, **more):
            assert res.success, res.message


def test_whole_numbers_far_from_the_start_are_a_success():
    def f(x):
        return (x[0] - 40) ** 2 + (x[1] - 0.3) ** 2

    for res in ends(f, [0, 0.0], "cmaes", integrality=[1, 0]):
        assert res.success and res.x[0] == 40, res.message


# Descents --------------------------------------------------------------------------------------------


def softplus(x):
    return np.logaddexp(0, -x).sum(), -expit(-x)


def quartic(x):
    return ((x - 9) ** 4).sum(), 4 * (x - 9) ** 3


def disc(x):
    y = x - [3.0, 2.5]
    return max(y @ y - 1, 0.0), 2 * y * (y @ y > 1)


def flat_valley(x):
    return 1e-8 * (x[0] - 1) ** 2 + x[1] ** 2, np.array([2e-8 * (x[0] - 1), 2 * x[1]])


def test_a_gradient_that_vanishes_far_out_is_no_success_of_a_descent():
    more = {"method": "rmsprop", "jac": True, "options": {"lr": 0.3}}
    res = es.minimize(softplus, [1.0, 2.0], **more)
    assert not res.success and set(res.stop) == {"endless"}, res.message
    for one in es.minimize_runs(softplus, np.array([[1.0, 2.0], [1.0, 2.0]]), **more):
        assert one.stop == res.stop and one.nfev == res.nfev
    for upper in (4, 30):  # the second is not reached
        within = es.minimize(softplus, [1.0, 2.0], bounds=[(-3, upper)] * 2, **more)
        assert within.success and within.x.min() >= min(upper, 20), within.message
    assert not es.minimize(softplus, [1.0, 2.0], bounds=[(-3, None)] * 2, **more).success


@pytest.mark.parametrize("method", ["rmsprop", "adam"])
@pytest.mark.parametrize("fun", [quartic, flat_valley, disc])
def test_a_gradient_that_vanishes_at_a_flat_minimum_is_a_success(method, fun):
    res = es.minimize(fun, [0.0, 0.5], method=method, jac=True, options={"lr": 0.5}, maxfevals=10_000)
    assert "endless" not in res.stop and (res.success or "maxfevals" in res.stop), res.message


def test_a_descent_that_is_resumed_has_the_same_end(tmp_path):
    more = {"method": "rmsprop", "jac": True, "options": {"lr": 0.3}}
    whole, path = es.minimize(softplus, [1.0, 2.0], **more), tmp_path / "run.npz"
    es.minimize(softplus, [1.0, 2.0], maxfevals=whole.nfev - 20, checkpoint=path, **more)
    on = es.minimize(softplus, [1.0, 2.0], checkpoint=path, **more)
    assert on.stop == whole.stop == {"endless": on.stop["endless"]} and on.nfev == whole.nfev


# Stacks, saved states and named parameters --------------------------------------------------------------


def bowl(x):
    return ((x - 2) ** 2).sum(), 2 * (x - 2)


MIXED = [softplus, bowl, softplus, bowl]
STARTS = np.array([[1.0, 2.0], [7.0, -3.0], [1e3, 5.0], [2.5, 2.5]])


@pytest.mark.parametrize(
    ("method", "options", "restarts"),
    [("cmaes", {}, 1), ("snes", {}, None), ("rmsprop", {"lr": 0.3}, None), ("rmsprop", {"lr": 0.3}, 1)],
)  # fmt: skip
def test_in_a_stack_of_problems_each_run_ends_as_alone(method, options, restarts):
    gradient = method == "rmsprop"
    problems = [Objective(fun if gradient else lambda x, f=fun: f(x)[0], 2, jac=True if gradient else None)
                for fun in MIXED]  # fmt: skip
    common = {"method": method, "options": options, "restarts": restarts, "maxfevals": 20_000, "sigma0": 0.5}
    stacked = es.minimize_runs(stack(problems), STARTS, rng=range(4), **common)
    for i, one in enumerate(stacked):
        alone = es.minimize(problems[i], STARTS[i], rng=i, **common)
        assert (one.stop, one.nfev, one.fun, one.success) == (alone.stop, alone.nfev, alone.fun, alone.success)
        assert (one.x == alone.x).all() and one.get("restarts") == alone.get("restarts")
        assert one.success is (MIXED[i] is bowl), one.message
    assert "endless" in stacked[0].stop


def told(opt, until=None):
    """The optimizer of a stack of `MIXED`, asked and told until that many of its runs are left, or to the end."""
    while not opt.stop() and (until is None or len(opt.active) > until):
        x = opt.ask()
        pairs = [[MIXED[run](one) for one in points] for run, points in zip(opt.active, x, strict=True)]
        f = np.array([[value for value, _ in of_run] for of_run in pairs])
        g = np.array([[slope for _, slope in of_run] for of_run in pairs])
        opt.tell(x, f, *([g] if opt.wants_gradient else []))
    return opt


@pytest.mark.parametrize(("method", "options"), [("cmaes", {}), ("snes", {}), ("rmsprop", {"lr": 0.3})])
def test_a_stack_that_is_saved_once_runs_have_ended_goes_on_to_the_same_ends(method, options):
    def fresh():
        return es.get_method(method)(STARTS, 0.5, rng=range(4), **options)

    whole = told(fresh()).results
    for until in (3, 2, 1):
        state, on = told(fresh(), until).state_dict(), fresh()
        on.load_state_dict(state)
        for one, other in zip(told(on).results, whole, strict=True):
            assert (one.stop, one.nfev, one.fun) == (other.stop, other.nfev, other.fun)
    assert "endless" in whole[0].stop


@pytest.mark.parametrize("name", ["softplus", "tanh"])
@pytest.mark.parametrize("before", [1, 60, 130])
def test_a_run_that_is_resumed_anywhere_has_the_same_end(name, before, tmp_path):
    """Also where its values became equal: the first function tends to 0, the second is flat from some place on."""
    more = {"method": "cmaes", "rng": 2}
    whole, path = es.minimize(AWAY[name], [0.1, 0.2], **more), tmp_path / "run.npz"
    assert set(whole.stop) == {"endless"}
    es.minimize(AWAY[name], [0.1, 0.2], maxfevals=whole.nfev - before, checkpoint=path, **more)
    on = es.minimize(AWAY[name], [0.1, 0.2], checkpoint=path, **more)
    assert (on.stop, on.nfev, on.fun) == (whole.stop, whole.nfev, whole.fun) and (on.x == whole.x).all()


@pytest.mark.parametrize("method", ["cmaes", "sep-cmaes", "snes", "xnes"])
def test_parameters_of_a_space_have_limits_so_that_no_way_is_endless(method):
    space = es.Space(a=es.Linear(-1, 30, init=0.1), b=es.Log(1e-3, 1e4, init=0.01), c=es.Linear(0, 1, shape=2))

    def fading(p):
        return np.logaddexp(0, -p["a"]) - np.tanh(np.log10(p["b"])) + (p["c"] ** 2).sum()

    res = es.minimize(fading, space, method=method, rng=1)
    least = fading({"a": 30.0, "b": 1e4, "c": np.zeros(2)})
    assert res.success and res.fun == pytest.approx(least, abs=1e-8), res.message
    for one in es.minimize_runs(fading, space, runs=2, method=method, rng=1):
        assert one.success and "endless" not in one.stop, one.message
