"""The method for few evaluations: its model, its criterion, and what a run owes."""

import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import es
from es.parts import contract
from es.parts.gaussian_process import GaussianProcess
from es.parts.improvement import _log_h, log_improvement, log_improvement_with_slope
from es.parts.mixed_domain import Domain
from es.parts.one_thread import one_thread
from es.strategies._gp_search import warped
from problems.boxes import Box

COUNTS = np.array([0, 0, 3, 0])


def data(N=14):
    rng = np.random.default_rng(0)
    u = rng.random((N, 4))
    u[:, 2] = rng.integers(3, size=N)
    y = np.sin(5 * u[:, 0]) + u[:, 1] ** 2 + (u[:, 2] == 1)
    return u, (y - y.mean()) / y.std()


def squared_distances(u):
    D = (u[:, None] - u[None]) ** 2
    D[..., 2] = D[..., 2] > 0
    return D.transpose(2, 0, 1)


def test_posterior_of_theta_is_that_of_the_book():
    from scipy.stats import multivariate_normal, norm

    u, y = data()
    model = GaussianProcess(COUNTS)
    theta = model.prior() + np.random.default_rng(1).standard_normal(6)
    theta[-1] = math.log(0.01)
    D = squared_distances(u)
    r = np.sqrt(np.tensordot(np.exp(theta[:4]), D, 1))
    K = math.exp(theta[4]) * (1 + math.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-math.sqrt(5) * r) + 0.01 * np.eye(len(y))
    density = (
        multivariate_normal(np.zeros(len(y)), K).logpdf(y)
        + norm.logpdf(theta, model._prior_mean, model._prior_std).sum()
    )
    constant = norm.logpdf(0, 0, model._prior_std).sum() - 0.5 * len(y) * math.log(2 * math.pi)
    value, slope = model.loss(theta, D, y)
    assert value == pytest.approx(constant - density)
    np.testing.assert_allclose(
        slope, approx_fprime(theta, lambda t: model.loss(t, D, y)[0], 1e-6), rtol=1e-4, atol=1e-4
    )


def test_prediction_is_that_of_the_book():
    u, y = data()
    model = GaussianProcess(COUNTS)
    model.fit(u, y)
    model.condition(u, y)
    v = np.random.default_rng(2).random((5, 4))
    v[:, 2] = [0, 1, 2, 0, 1]
    both = np.concatenate([v, u])
    r = np.sqrt(np.tensordot(np.exp(model.theta[:4]), squared_distances(both), 1))
    K = math.exp(model.theta[4]) * (1 + math.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-math.sqrt(5) * r)
    among = np.linalg.inv(K[5:, 5:] + model.noise * np.eye(len(u)))
    mean, std = model.predict(v)
    np.testing.assert_allclose(mean, K[:5, 5:] @ among @ y, rtol=1e-6)
    np.testing.assert_allclose(std**2, np.diag(K[:5, :5] - K[:5, 5:] @ among @ K[5:, :5]), rtol=1e-4, atol=1e-8)


def test_numbers_alone_are_predicted_as_by_scikit_learn():
    gaussian_process = pytest.importorskip("sklearn.gaussian_process")
    rng = np.random.default_rng(3)
    u, v = rng.random((12, 2)), rng.random((6, 2))
    y = np.cos(4 * u).sum(-1)
    model = GaussianProcess(np.array([0, 0]))
    model.theta = np.log([4.0, 0.25, 1.0, 1e-6])
    model.condition(u, y)
    kernel = gaussian_process.kernels.Matern([0.5, 2.0], nu=2.5)
    theirs = gaussian_process.GaussianProcessRegressor(kernel, alpha=1e-6, optimizer=None).fit(u, y)
    for mine, other in zip(model.predict(v), theirs.predict(v, return_std=True), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)


def test_a_point_that_is_believed_changes_no_mean_and_is_known():
    u, y = data()
    model = GaussianProcess(COUNTS)
    model.fit(u, y)
    model.condition(u, y)
    v = np.array([[0.3, 0.9, 2.0, 0.1], [0.8, 0.2, 0.0, 0.5]])
    mean, std = model.predict(v)
    model.believe(v[:1])
    again, known = model.predict(v)
    np.testing.assert_allclose(again, mean, atol=1e-6)
    assert known[0] < 0.2 * std[0] and known[1] <= std[1]


@pytest.mark.parametrize("z", [5.0, 0.0, -0.7, -1.0, -1.0001, -8.0, -200.0, -999.0, -1001.0, -1e6])
def test_logarithm_of_expected_improvement_has_all_digits(z):
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(60):
        exact = mpmath.log(mpmath.npdf(z) + mpmath.mpf(z) * mpmath.ncdf(z))
        assert float(_log_h(np.float64(z))) == pytest.approx(float(exact), rel=1e-13, abs=1e-15)


def test_slopes_at_a_point():
    u, y = data()
    model = GaussianProcess(COUNTS)
    model.fit(u, y)
    model.theta[-1] = math.log(1e-3)
    model.condition(u, y)
    v, numbers = np.array([0.4, 0.7, 1.0, 0.2]), [0, 1, 3]

    def at(part, what):
        w = v.copy()
        w[numbers] = part
        mean, std = (values[0] for values in model.predict(w[None]))
        return {"mean": mean, "std": std, "merit": log_improvement(mean, std, -1.0)}[what]

    mean, std, by_mean, by_std = model.predict_with_slope(v)
    value, slope = log_improvement_with_slope(mean, std, by_mean, by_std, -1.0)
    assert value == pytest.approx(at(v[numbers], "merit"))
    for mine, what in ((by_mean, "mean"), (by_std, "std"), (slope, "merit")):
        np.testing.assert_allclose(mine, approx_fprime(v[numbers], at, 1e-6, what), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, -1.0])
def test_values_keep_their_order_whatever_their_units(scale):
    f = np.array([3.0, 1.0, 1e6, 2.0, 1.5, 40.0, 1.0])
    y = warped(scale * f)
    np.testing.assert_allclose(y.mean(), 0, atol=1e-9)
    assert y.std() == pytest.approx(1) and np.isfinite(y).all()
    assert (np.sign(np.subtract.outer(y, y)) * np.sign(np.subtract.outer(scale * f, scale * f)) >= 0).all()


def test_values_that_are_all_the_same_and_values_at_the_ends_of_the_range():
    assert not warped(np.full(6, 7.0)).any()
    assert np.isfinite(warped(np.array([-1.7e308, 1.7e308, 0.0, 1.0, 2.0]))).all()


def domain(**changes):
    n = 5
    given = {
        "start": np.array([0.5, 3.0, 1.0, 0.25, 0.0]), "scale0": np.full(n, 0.3),
        "box": Box(np.array([0.0, -4.0, 0, 0, -np.inf]), np.array([1.0, 9.0, 2, 1, np.inf])),
        "counts": np.array([0, 0, 3, 0, 0]), "whole": np.array([False, True, False, False, False]),
        "levels": {3: np.array([0.25, 0.5, 1.0])}, "conditions": {0: {2: (1, 2)}}, **changes,
    }  # fmt: skip
    return Domain(**given)


@pytest.mark.parametrize("draw", ["spread", "uniform", "changed", "neighbours"])
def test_candidates_lie_where_points_may_lie(draw):
    here, rng = domain(), np.random.default_rng(0)
    centre = here.units(np.array([0.5, 3.0, 1.0, 0.25, 40.0]))
    u = {
        "spread": lambda: here.spread(rng, 60, centre),
        "uniform": lambda: here.uniform(rng, 60, centre),
        "changed": lambda: here.changed(rng, here.uniform(rng, 60, centre)),
        "neighbours": lambda: here.neighbours(rng, here.uniform(rng, 1, centre)[0]),
    }[draw]()
    x = here.points(u)
    assert (x >= here.box.lb).all() and (x <= here.box.ub).all()
    assert np.array_equal(x[:, 1:3], np.rint(x[:, 1:3])) and set(x[:, 3]) <= {0.25, 0.5, 1.0}
    assert (x[x[:, 2] == 0, 0] == 0.5).all()  # what does not matter is as in the start
    assert np.array_equal(here.settled(here.units(x)), u) or draw != "neighbours"
    if draw != "neighbours":
        assert {-4.0, 9.0} <= set(here.points(here.uniform(rng, 2000, centre))[:, 1])
        assert np.abs(x[:, 4] - 40).max() < 0.5 + 2


def test_a_latin_hypercube_takes_every_value_alike():
    x = domain(conditions={}).points(domain(conditions={}).spread(np.random.default_rng(0), 12, np.zeros(5)))
    assert np.bincount(x[:, 2].astype(int)).tolist() == [4, 4, 4]
    assert sorted(np.floor(12 * x[:, 0]).tolist()) == list(range(12))


def test_linear_algebra_has_one_thread_while_a_point_is_sought_and_its_own_number_after():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads():
        return {row["num_threads"] for row in threadpoolctl.threadpool_info() if row["user_api"] == "blas"}

    with threadpoolctl.threadpool_limits(2):
        before = threads()
        assert one_thread(lambda: threads())() == {1}
        with pytest.raises(ZeroDivisionError):
            one_thread(lambda: 1 / 0)()
        assert threads() == before


# The method ----------------------------------------------------------------------------------------

SPACE = es.Space(
    rate=es.Log(1e-4, 1), width=es.Integer(1, 64, log=True), rule=es.Choice("a", "b", "c"), layers=es.Integer(1, 20),
    momentum=es.Linear(0, 1, when={"rule": "b"}),
)  # fmt: skip


def loss(p):
    value = (np.log10(p["rate"]) + 2) ** 2 + np.log2(p["width"] / 16) ** 2 + (p["layers"] - 7) ** 2 / 30
    return value + (p["momentum"] - 0.7) ** 2 if p["rule"] == "b" else value + 1


@pytest.mark.parametrize("clause", [contract.stacks, contract.saving, contract.bounds, contract.bad_values])
def test_it_keeps_the_contract(clause):
    assert contract._kept(clause, contract.Subject(es.GP, 2, es.GP.claims, {})) == []


def test_a_mixed_space_with_conditions():
    res = es.minimize(loss, SPACE, method="gp", maxfevals=45, rng=1, archive="all")
    assert res.method == "GP" and res.fun < 0.1 and res.x["rule"] == "b" and res.x["width"] == 16
    seen = [tuple(sorted(p.items())) for p in res.archive["x"]]
    assert len(set(seen)) == len(seen) == 45


def test_a_run_is_reproducible_and_resumed_without_a_difference(tmp_path):
    def stops(p, calls=[0]):  # noqa: B006  # counts over the runs
        calls[0] += 1
        if calls[0] == 18:
            raise KeyboardInterrupt
        return loss(p)

    more = {"method": "gp", "maxfevals": 24, "popsize": 3, "rng": 5}
    whole = es.minimize(loss, SPACE, **more)
    with pytest.raises(KeyboardInterrupt):
        es.minimize(stops, SPACE, checkpoint=es.Checkpoint(tmp_path / "run.npz", every=0), **more)
    again = es.minimize(stops, SPACE, checkpoint=es.Checkpoint(tmp_path / "run.npz", every=0), **more)
    assert again.x == whole.x and again.fun == whole.fun and again.nfev == whole.nfev == 24


def test_points_asked_together_differ_and_may_come_late_or_never():
    opt = es.GP([0.5, 0.5], bounds=[(0, 1)] * 2, rng=1)
    f = lambda x: ((x - 0.3) ** 2).sum(-1)  # noqa: E731
    x = opt.ask(6)
    opt.tell(x, f(x))
    batch = opt.ask(5)
    gaps = np.linalg.norm(batch[:, None] - batch[None], axis=-1)[np.triu_indices(5, 1)]
    assert gaps.min() > 1e-3
    opt.tell(batch[[3, 1]], f(batch[[3, 1]]))
    late = opt.ask(2)
    opt.tell(late, f(late))
    opt.tell(batch[:1], f(batch[:1]))
    assert opt.nfev == 11 and len(opt.searches[0].out) == 2 and opt.f_best == min(f(opt.searches[0].x))


def test_asynchronous_runs():
    res = es.minimize(loss, SPACE, method="gp", maxfevals=24, rng=1, workers=2, asynchronous=True)
    assert res.nfev == 24 and res.fun < 2


def test_failures_are_kept_away_from():
    def fails(x):
        return np.nan if x[0] > 0.5 else (x[0] - 0.4) ** 2 + (x[1] - 0.2) ** 2

    res = es.minimize(fails, [0.5, 0.5], bounds=[(0, 1)] * 2, method="gp", maxfevals=30, rng=2)
    assert res.fun < 1e-3 and res.n_failed < 12


def test_noise_is_estimated_and_does_not_draw_the_mean_away():
    rng = np.random.default_rng(0)
    opt = es.GP([0.9], bounds=[(0, 1)], rng=3)
    for _ in range(40):
        x = opt.ask()
        opt.tell(x, 10 * (x[:, 0] - 0.3) ** 2 + 0.1 * rng.standard_normal(len(x)))
    assert opt.searches[0].model.noise > 1e-3
    assert abs(opt.x_mean[0] - 0.3) < 0.12


def test_a_small_discrete_space_is_searched_once_through():
    space = es.Space(a=es.Choice(*"xyz"), b=es.Choice(*"pq"), c=es.Integer(0, 3))
    seen = []

    def f(p):
        seen.append(tuple(p.values()))
        return (p["a"] != "z") + (p["b"] != "q") + abs(p["c"] - 2)

    es.minimize(f, space, method="gp", maxfevals=24, rng=1)
    assert len(set(seen)) == len(seen) <= 24 and ("z", "q", 2) in seen


def test_it_ends_where_no_improvement_is_expected():
    res = es.minimize(lambda x: (x**2).sum(), [0.7, -0.4], bounds=[(-1, 1)] * 2, method="gp", rng=1)
    assert res.success and "tolimprovement" in res.stop and res.fun < 1e-4 and res.nfev < 80


@pytest.mark.parametrize("seed", [2, 5])  # without doubts these end at -0.006, with success
def test_a_model_is_doubted_in_each_coordinate_before_the_end(seed):
    def f(x):
        return ((x[:, 1:] - [0.6, 0.8]) ** 2).sum(-1) - np.exp(-(((x[:, 0] - 0.45) / 0.2) ** 2))

    opt = es.GP([0.95, 0.5, 0.5], bounds=[(0, 1)] * 3, rng=seed)
    x = np.random.default_rng(seed).random((14, 3))
    x[:, 0] = 0.9 + 0.1 * x[:, 0]  # where the first coordinate seems not to matter
    opt.tell(x, f(x))
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, f(x))
    assert opt.result.success and opt.result.fun < -0.999 and opt.searches[0].doubts == 3


@pytest.mark.parametrize("conditions", [False, True])
def test_a_space_whose_points_are_all_known_is_at_its_end(conditions):
    when = {"when": {"a": "x"}} if conditions else {}
    space = es.Space(a=es.Choice(*"xyz"), b=es.Ordinal(1, 2, 4, **when), c=es.Integer(0, 1))
    seen = []

    def f(p):
        seen.append(tuple(p.values()))
        return float(np.random.default_rng(len(seen)).random())

    res = es.minimize(f, space, method="gp", rng=1, maxfevals=60)
    assert len(seen) == len(set(seen)) == (10 if conditions else 18) == res.nfev
    assert res.success and "no improvement is expected" in res.message


def test_a_constant_is_no_success():
    opt = es.GP(np.ones((2, 2)), bounds=[(-2, 2)] * 2, rng=1)
    while not opt.stop():
        x = opt.ask()
        opt.tell(x, np.where(opt.active[:, None] == 0, 1.0, ((x - 0.3) ** 2).sum(-1)))
    flat, bowl = opt.results
    assert "tolflatfitness" in flat.stop and not flat.success
    assert "tolimprovement" in bowl.stop and bowl.success and bowl.fun < 1e-4


def test_a_run_that_is_saved_in_doubt_goes_on_to_the_last_bit():
    f = lambda x: ((x - 0.3) ** 2).sum(-1)  # noqa: E731
    make = lambda: es.GP([0.5, 0.5], bounds=[(0, 1)] * 2, rng=4)  # noqa: E731
    opt, saved = make(), None
    while not opt.stop():
        x = opt.ask()
        if saved is None and len(opt.searches[0].checks):
            saved = {name: array.copy() for name, array in opt.state_dict().items()}
            again, asked = make(), x
        opt.tell(x, f(x))
    again.load_state_dict(saved)
    again.tell(asked, f(asked))
    while not again.stop():
        x = again.ask()
        again.tell(x, f(x))
    assert np.array_equal(again.searches[0].x, opt.searches[0].x) and again.result.message == opt.result.message


@pytest.mark.parametrize(
    ("call", "x"),
    [
        ({"fun": lambda x: -((x - 0.3) ** 2).sum(), "maximize": True}, [0.3, 0.3]),
        ({"x0": [1.0], "bounds": [(-2, 2)]}, [0.3]),
        ({"x0": None}, [0.3, 0.3]),
        ({"x0": np.ones(2, np.float32)}, [0.3, 0.3]),
        ({"bounds": [(-2, None), (None, 2)]}, [0.3, 0.3]),
        ({"bounds": [(-2, 2), (1, 1)]}, [0.3, 1.0]),
        ({"integrality": [1, 0]}, [0.0, 0.3]),
        ({"fun": lambda x: np.float32(((x - 0.3) ** 2).sum())}, [0.3, 0.3]),
        ({"fun": lambda x: es.Evaluation(((x - 0.3) ** 2).sum(), info={"a": 1})}, [0.3, 0.3]),
        ({"workers": 2, "popsize": 2}, [0.3, 0.3]),
        ({"x0": [1e200, 1e200], "bounds": None, "fun": lambda x: ((x / 1e200 - 0.3) ** 2).sum()}, [3e199, 3e199]),
    ],
)
def test_ordinary_calls(call, x):
    fun = call.pop("fun", lambda x: ((x - 0.3) ** 2).sum())
    with_all = {"x0": [1.0, 1.0], "bounds": [(-2, 2)] * 2, "maxfevals": 16, "rng": 1, **call}
    res = es.minimize(fun, method="gp", **with_all)
    np.testing.assert_allclose(res.x, x, atol=0.1 * max(1.0, np.abs(x).max()))
    assert res.nfev == 16 and not res.success and np.shape(res.fun) == ()


def test_points_that_are_known_or_enqueued():
    space, seen = es.Space(a=es.Linear(0, 1), k=es.Integer(1, 9), c=es.Choice("x", "y")), []

    def f(p):
        seen.append(p)
        return (p["a"] - 0.5) ** 2 + (p["k"] - 4) ** 2 + (p["c"] == "x")

    best = {"a": 0.5, "k": 4, "c": "y"}
    known = es.minimize(f, space, method="gp", known=([best], [-3.0]), maxfevals=8, rng=1)
    assert known.nfev == len(seen) == 8 and known.fun == -3 and known.x == best and best not in seen
    assert es.minimize(f, space, method="gp", enqueue=[best], maxfevals=3, rng=1).fun == 0 and seen[8] == best


@pytest.mark.parametrize("level", [np.nan, np.inf])
def test_a_function_without_a_value(level):
    res = es.minimize(lambda x: level, [1.0, 1.0], method="gp", bounds=[(-2, 2)] * 2, maxfevals=50, rng=1)
    assert res.nfev == 30 and not res.success and "no finite value" in res.message


def test_evaluations_that_fail():
    def fails(x, calls=[0]):  # noqa: B006  # counts
        calls[0] += 1
        if calls[0] % 5 == 0:
            raise RuntimeError
        return ((x - 0.3) ** 2).sum()

    res = es.minimize(fails, [1.0, 1.0], method="gp", bounds=[(-2, 2)] * 2, maxfevals=18, rng=1, on_error="penalize")
    assert res.n_failed == 3 and res.fun < 0.5


def test_far_fewer_evaluations_than_a_strategy_on_categories():
    rng = np.random.default_rng(4)
    best = rng.integers(4, size=8)
    space = es.Space({f"c{i}": es.Choice(0, 1, 2, 3) for i in range(8)})

    def f(p):
        return sum(p[f"c{i}"] != b for i, b in enumerate(best))

    res = es.minimize(f, space, method="gp", ftarget=0, maxfevals=60, rng=1)
    assert res.success and res.nfev < 40


def test_whoever_has_few_evaluations_is_told():
    few = es.minimize(loss, SPACE, maxfevals=30, rng=1)
    assert few.method == "ConditionalCMAES" and few.message.endswith("more is expected of method='gp'")
    logarithmic, sphere = es.Space(a=es.Integer(1, 500, log=True), b=es.Linear(0, 1)), {"bounds": [(-5, 5)] * 2}
    told = [
        es.minimize(loss, SPACE, method="cmaes", restarts=9, maxfevals=50, rng=1),
        es.minimize(lambda p: np.log(p["a"]) ** 2 + p["b"], logarithmic, maxfevals=30, rng=1),
        es.minimize(lambda x: x @ x, [1.0, 2.0], integrality=[1, 0], maxfevals=30, rng=1, **sphere),
    ]
    assert all(res.message.endswith("more is expected of method='gp'") for res in told)
    silent = [
        es.minimize(loss, SPACE, rng=1, **more)
        for more in ({"maxfevals": 300}, {"maxfevals": 30, "ftarget": 1e6}, {"maxfevals": 12, "method": "gp"})
    ]
    silent.append(es.minimize(lambda x: x @ x, [1.0, 2.0], maxfevals=30, rng=1, **sphere))
    assert not any("expected of" in res.message for res in silent)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"levels": {7: [0.0, 1.0]}}, "levels must give finite values of coordinates below 2"),
        ({"conditions": {0: {1: (1,)}}}, "conditions of coordinate 0 must name categories, got coordinate 1"),
        ({"integrality": [1, 0, 0]}, r"integrality must have shape \(2,\)"),
        ({"first": 0}, "first must be at least 1"),
    ],
)
def test_wrong_arguments_are_named(more, sentence):
    with pytest.raises(ValueError, match=sentence):
        es.GP([0.0, 0.0], **more)


def test_constraints_are_refused():
    from scipy.optimize import NonlinearConstraint

    more = {"x0": [1.0, 1.0], "method": "gp", "maxfevals": 9}
    with pytest.raises(ValueError, match="constraints cannot be kept by GP"):
        es.minimize(lambda x: x @ x, constraints=NonlinearConstraint(sum, 1, 2), **more)
    with pytest.raises(ValueError, match="constraints that fun returns cannot be kept by GP"):
        es.minimize(lambda x: es.Evaluation(x @ x, constraints=[1 - x[0]]), **more)
    opt = es.GP([1.0, 1.0])
    x = opt.ask(2)
    with pytest.raises(ValueError, match="constraints cannot be kept by GP"):
        opt.tell(x, x[:, 0], constraints=x[:, 1])
    with pytest.raises(ValueError, match="options of GP have no 'dtype'"):
        es.minimize(lambda x: x @ x, options={"dtype": "float32"}, **more)


def test_values_near_the_largest_number_are_warped_as_smaller_ones():
    f = np.sign(np.arange(30.0) - 18)
    np.testing.assert_array_equal(warped(1e308 * f), warped(1e308 * 2.0**-900 * f))
    assert np.ptp(warped(1e308 * f)) > 1
