"""Solvers of SciPy with gradients: many runs evaluated together, and L-BFGS-B without a thread."""

import numpy as np
import pytest

import es
from es.gradient.inversion import Inverted
from es.gradient.lbfgsb import usable
from es.gradient.scipy_methods import LBFGSB
from es.gradient.stepwise import Stepwise
from problems import Objective, get, stack
from tests.es.test_legs import compare, of_bbob


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("sigma0", [1.0, 1e6])
@pytest.mark.parametrize("bounds", [None, (-5, 5), (0, None)])
def test_lbfgsb_without_a_thread_asks_for_the_same_points(n, sigma0, bounds):
    assert usable()
    for function in (1, 5, 8, 10, 13, 15, 21):
        problem = get(f"bbob-f{function}", n=n, instance=2)
        start = np.clip(problem.x0(function), 0, 5)
        with_box = {} if bounds is None else {"bounds": [bounds] * n}
        ours, theirs = (LBFGSB(start, sigma0, rng=1, **with_box) for _ in range(2))
        theirs._solver = Inverted(theirs._solve)
        assert isinstance(ours._running(), Stepwise)
        for _ in range(60):
            assert ours.stop() == theirs.stop()
            if ours.stop():
                break
            x = ours.ask()
            np.testing.assert_array_equal(x, theirs.ask())
            f, g = problem.value_and_grad(x)
            ours.tell(x, f, g)
            theirs.tell(x, f, g)


def test_a_fixed_variable_takes_the_solver_of_scipy():
    opt = LBFGSB([1.0, 2.0], bounds=[(1, 1), (0, 5)])
    assert isinstance(opt._running(), Inverted)


@pytest.mark.parametrize("method", ["l-bfgs-b", "bfgs", "cg"])
@pytest.mark.parametrize("restarts", [None, 1000, "bipop"])
def test_runs_of_a_solver_are_those_of_minimize(method, restarts):
    problems = of_bbob(3, (1, 3, 6, 8, 10, 15, 21), (1, 2))
    if method != "l-bfgs-b":
        problems = stack([Objective(p.fun, 3, vectorized=True) for p in problems.objectives])
    starts = np.random.default_rng(1).uniform(-4, 4, (len(problems), 3))
    results = compare(problems, starts, method=method, restarts=restarts, maxfevals=170)
    assert all(result.njev == result.nfev for result in results)
    targets = [problem(start) / 3 for problem, start in zip(problems.objectives, starts, strict=True)]
    compare(problems, starts, method=method, restarts=restarts, each={"ftarget": targets, "maxiter": [*range(14, 28)]})


def test_what_is_not_finite_ends_a_leg_as_it_does_alone():
    def wall(x):
        return np.where(x[..., 0] > 0.5, np.inf, (x * x).sum(-1))

    def of_wall(x):
        return np.where(x[..., :1] > 0.5, np.nan, 2 * x)

    starts = np.array([[0.6, 1.0], [0.2, 3.0], [5.0, 5.0]])
    for method in ("l-bfgs-b", "cg"):
        for restarts in (None, 3):
            objective = Objective(wall, 2, vectorized=True, jac=of_wall)
            compare(objective, starts, method=method, restarts=restarts, maxfevals=300)
            slope = Objective(lambda x: x.sum(-1), 2, vectorized=True, jac=np.ones_like)
            compare(slope, starts, method=method, restarts=restarts, maxfevals=300)
            lowest = Objective(lambda x: np.where(x[..., 0] < 0.1, -np.inf, (x * x).sum(-1)), 2, vectorized=True,
                               jac=lambda x: 2 * x)  # fmt: skip
            compare(lowest, starts, method=method, restarts=restarts, maxfevals=300)


def test_time_is_shared_by_solvers():
    problems = of_bbob(3, (15,), (1, 2))
    results = es.minimize_runs(problems, np.ones(3), method="l-bfgs-b", restarts=1000, maxtime=0.2)
    assert all(result.stop.keys() == {"maxtime"} for result in results)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_searches_in_lanes_keep_their_units_and_what_is_not_finite():
    def objective(length, height):
        def fun(x):
            u = x / length
            return height * np.where(
                u[..., 1] > 2, np.nan, (u**4 - u**2 + 0.1 * u).sum(-1) + (u[..., 0] - u[..., 1]) ** 2
            )

        def jac(x):
            u = x / length
            way = 2 * (u[..., :1] - u[..., 1:])
            slope = 4 * u**3 - 2 * u + 0.1 + np.concatenate([way, -way], -1)
            return height / length * np.where(u[..., :1] < -2, np.nan, slope)

        return Objective(fun, 2, vectorized=True, jac=jac)

    starts = np.array([[0.0, 1.0], [2.5, 0.5], [-0.5, 2.5], [-2.5, 1.0]])
    for length, height in ((1.0, 1.0), (1e-9, 1.0), (1e7, 1e-12), (1.0, 1e-30)):
        for bounds in (None, [(-3 * length, 3 * length)] * 2, [(0, np.inf), (-np.inf, 2 * length)]):
            at = (
                starts * length
                if bounds is None
                else np.clip(starts * length, *(np.array(side, float) for side in zip(*bounds, strict=True)))
            )
            for restarts in (None, 3):
                compare(objective(length, height), at, method="l-bfgs-b", restarts=restarts, bounds=bounds,
                        sigma0=0.3 * length, maxfevals=300)  # fmt: skip
