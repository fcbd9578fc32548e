"""`check_objective`: every problem of the house keeps the contract, and each way to break it is found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import problems
from problems import MultiObjective, Objective, check_objective

BOX = [(-1.0, 2.0)] * 3


def bowl(x):
    return (x * x).sum(-1)


def slope(x):
    return 2.0 * x


def made(name):
    return problems.get(name, **({"starts": 2} if name in problems.names("control") else {}))


OWN = [name for name in problems.list() if name != "gym"]  # gym needs the extra rl; it has a test of its own


@pytest.mark.parametrize("name", OWN)
def test_every_problem_keeps_it(name):
    check_objective(made(name), smooth=True if problems.entry(name).smooth else None)


@pytest.mark.parametrize(
    "settings",
    [
        {"vectorized": True, "bounds": BOX},
        {"x0": np.ones(3)},
        {"x0": lambda rng: rng.standard_normal(3), "sigma0": [1.0, 2.0, 3.0]},
        {"bounds": [(-1, None)] * 3, "x0": np.ones(3), "jac": slope},
        {"bounds": [(0, 5)] * 3, "integrality": [1, 0, 1], "x_opt": np.zeros(3), "f_opt": 0.0},
        {"bounds": BOX, "constraints": NonlinearConstraint(bowl, 0.0, 4.0, jac=slope)},
        {"bounds": BOX, "constraints": [LinearConstraint(np.eye(3), -1.0, 1.0), {"type": "ineq", "fun": bowl}]},
    ],
)
def test_objectives_of_ones_own_keep_it(settings):
    check_objective(Objective(bowl, 3, **settings), smooth=True)


def test_several_objectives_keep_it():
    check_objective(MultiObjective(lambda x: np.stack([bowl(x), bowl(x - 1)], -1), 3, vectorized=True, bounds=BOX))
    with pytest.raises(AssertionError, match="rows must not meet"):
        check_objective(
            MultiObjective(lambda x: np.stack([bowl(x), bowl(x - x.mean(0))], -1), 3, vectorized=True, bounds=BOX)
        )


def test_points_of_the_callers_own():
    seen = []
    f = Objective(lambda x: seen.append(x.tolist()) or 0.0, 2)
    check_objective(f, points=[[1.0, 2.0], [3.0, 4.0]])
    assert [1.0, 2.0] in seen
    with pytest.raises(ValueError, match=r"points must have shape \(k, 2\) with k at least 2, got \(2,\)"):
        check_objective(f, points=[1.0, 2.0])
    with pytest.raises(ValueError, match="has no start point"):
        check_objective(f)
    with pytest.raises(ValueError, match=r"objective must be a problems.Objective, got function"):
        check_objective(bowl)


def careless(x):
    x *= 0.5
    return bowl(x)


counter = itertools.count()


class Drawn:
    """Noise whose stream cannot be started anew."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, x):
        return bowl(x) + self.rng.standard_normal(x.shape[:-1])


@pytest.mark.parametrize(
    ("fun", "settings", "sentence"),
    [
        (lambda x: bowl(x) - x.mean(), {"vectorized": True}, "a point in a population has the value"),
        (lambda x: bowl(x) + len(x), {"vectorized": True}, "a point in a population has the value"),
        (careless, {"vectorized": True, "pure": True}, "writes into the points that it is given"),
        (lambda x: bowl(x) + next(counter), {}, "two evaluations of one point differ"),
        (Drawn(), {"noisy": True}, "reseed with the same seed does not repeat"),
        (lambda x: x, {"vectorized": True}, "ValueError: .* over the last axis only"),
        (lambda x: x[0] / 0 if isinstance(x[0], float) else {}[0], {}, "KeyError|ZeroDivision|divide"),
        (bowl, {"jac": lambda x: x}, "the gradient says that f changes by"),
        (bowl, {"jac": lambda x: 2 * x + 1e-3, "vectorized": True}, "the gradient says"),
        (lambda x: (bowl(x) + 1, slope(x)), {"jac": True, "f_opt": 0.0, "x_opt": [0.0] * 3}, r"f\(x_opt\) is 1.0"),
        (bowl, {"x_opt": [0.0, 0.0, 1.0], "f_opt": 0.0}, r"f\(x_opt\) is 1.0, f_opt is 0.0"),
        (bowl, {"x_opt": [3.0, 0.0, 0.0]}, "x_opt lies outside the bounds"),
        (bowl, {"x_opt": [0.5, 0.0, 0.0], "integrality": [1, 0, 0]}, "x_opt is not whole"),
        (bowl, {"f_opt": 5.0}, "f_opt is 5.0, but a point has"),
        (bowl, {"x_opt": np.ones(3), "constraints": LinearConstraint(np.eye(3), 0, 0.5)}, "violates the constraints"),
        (bowl, {"x0": lambda rng: np.full(3, 9.0)}, r"x0\(rng\) lies outside the bounds"),
        (bowl, {"x0": lambda rng: np.full(3, next(counter) % 2)}, r"x0\(rng\) differs for one seed"),
        (bowl, {"constraints": NonlinearConstraint(lambda x: np.log(x - 9), 0, 1)}, "not finite|invalid"),
        (bowl, {"constraints": NonlinearConstraint(bowl, 0, 1, jac=lambda x: x)}, "derivatives of constraint 0"),
        (
            bowl,
            {"constraints": NonlinearConstraint(lambda x: x[: 1 + (x[0] > 0)], 0, 1)},
            "constraint 0 gives values of changing shape",
        ),
    ],
)
def test_what_breaks_it_is_found(fun, settings, sentence):
    with pytest.raises(AssertionError, match=sentence), np.errstate(all="raise"):
        check_objective(Objective(fun, 3, **({"bounds": BOX} | settings)))


def test_a_kink_is_no_wrong_gradient_but_is_not_smooth():
    """At the points themselves the kink sits between the differences."""
    ridge = Objective(lambda x: abs(x).sum(-1), 2, vectorized=True, bounds=[(-1, 1)] * 2)
    near = np.array([[1e-7, 0.5], [0.3, -1e-7]])
    check_objective(ridge, points=near)
    with pytest.raises(AssertionError, match="the gradient says"):
        check_objective(ridge, points=near, smooth=True)


def test_all_that_is_broken_is_said_at_once():
    f = Objective(bowl, 2, bounds=[(1, 2)] * 2, x_opt=[0.0, 0.0], f_opt=1.0, jac=lambda x: x)
    with pytest.raises(AssertionError) as caught:
        check_objective(f)
    assert str(caught.value).count("\n- ") == 3
