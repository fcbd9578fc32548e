"""What a user hands over is read as it is meant, or refused in a sentence; never silently taken for something else."""

from __future__ import annotations

import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint
from scipy.sparse import csr_array

import problems
from problems import Feasible, Ledger, MultiObjective, Objective, registry, transforms
from problems.constraints import Constraints

HUGE = 10**400
SPHERE = problems.get("sphere", 3)
MASKED = np.ma.masked_array([1.0, 2.0], [False, True])


def bowl(x):
    return (x * x).sum(-1)


def made(**settings):
    return Objective(bowl, 2, **settings)


def first(x):
    return x[0]


def feasible(*constraints):
    return Feasible(constraints)(np.zeros(2))


POINTS = {
    "huge": ([HUGE, 1], "x must hold numbers below 1.8e308"),
    "huge objects": (np.array([HUGE, 1], dtype=object), "x must hold numbers below 1.8e308"),
    "masked": (MASKED, "x must be a plain array, got a masked one"),
    "masked, nothing hidden": (np.ma.masked_array([1.0, 2.0]), "x must be a plain array, got a masked one"),
    "complex": ([1j, 1], "x must hold real numbers"),
    "text": (["a", "b"], "x must hold real numbers"),
    "digits as text": (["1", "2"], "x must hold real numbers"),
    "None": ([None, 1], "x must hold real numbers"),
    "dates": (np.array(["2020-01-01"] * 2, dtype="datetime64[D]"), "x must hold real numbers"),
}


@pytest.mark.parametrize("what", POINTS)
@pytest.mark.parametrize("call", [made(), made().value_and_grad, MultiObjective(lambda x: [x[0], x[1]], 2)])
def test_points(what, call):
    x, message = POINTS[what]
    with pytest.raises(ValueError, match=message):
        call(x)


@pytest.mark.parametrize("x", [[Fraction(1, 2), 1], [Decimal("0.5"), 1], np.array([0.5, 1], dtype=object)])
def test_numbers_of_other_kinds_are_numbers(x):
    assert made()(x) == 1.25
    assert made().value_and_grad(x)[0] == 1.25


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (HUGE, "an integer that no float holds"),
        (np.ma.masked, "must be a plain array, got a masked one"),
        (np.ma.masked_array(3.0, True), "must be a plain array, got a masked one"),
        (1j, "must return a real number"),
        (None, "returned None"),
    ],
)
def test_values(value, message):
    with pytest.raises(ValueError, match=message):
        Objective(lambda x: value, 2)([1, 1])
    with pytest.raises(ValueError, match=message):
        Objective(lambda x: value, 2, jac=lambda x: x).value_and_grad([1, 1])


def test_values_of_populations():
    for values, message in (
        (np.ma.masked_array([1.0, 2.0], [True, False]), "plain array"),
        ([HUGE, 1], "below 1.8e308"),
        ([1.0, None], "real numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            Objective(lambda x, values=values: values, 2, vectorized=True)(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("slope", "message"),
    [
        (lambda x: 2 * x + 1j, "must hold real numbers"),
        (lambda x: np.ma.masked_array(2 * x, x > 0), "plain array"),
        (lambda x: [HUGE, 1], "below 1.8e308"),
        (lambda x: [[1], [1, 2]], "must hold real numbers"),
        (lambda x: 2 * x[:, None], r"must have the shape \(2,\) of x, got \(2, 1\)"),
    ],
)
def test_gradients(slope, message):
    with pytest.raises(ValueError, match=message):
        made(jac=slope).value_and_grad([1.0, 1.0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"x0": [HUGE, 1]}, "x0 must hold numbers below"),
        ({"x0": MASKED}, "x0 must be a plain array"),
        ({"x0": [1j, 0]}, "x0 must hold real numbers"),
        ({"x0": "ab"}, "x0 must hold real numbers, got 'ab'"),
        ({"x0": {}}, "x0 must hold real numbers, got '{}'"),
        ({"x0": [None, 1]}, "x0 must hold real numbers"),
        ({"sigma0": "a"}, "sigma0 must hold real numbers"),
        ({"sigma0": HUGE}, "sigma0 must hold numbers below"),
        ({"sigma0": MASKED}, "sigma0 must be a plain array"),
        ({"sigma0": 1j}, "sigma0 must hold real numbers"),
        ({"sigma0": np.inf}, "sigma0 must be positive"),
        ({"integrality": "a"}, "integrality must hold real numbers"),
        ({"integrality": [np.nan, 1]}, "integrality must be finite"),
        ({"integrality": MASKED}, "integrality must be a plain array"),
        ({"f_opt": "a"}, "f_opt must hold real numbers"),
        ({"f_opt": HUGE}, "f_opt must hold numbers below"),
        ({"f_opt": [1, 2]}, r"f_opt must be a number, got an array of shape \(2,\)"),
        ({"x_opt": [HUGE, 1]}, "x_opt must hold numbers below"),
        ({"n": HUGE}, "n must be a positive integer, got a number of 401 digits"),
        ({"n": np.nan}, "n must be a positive integer, got nan"),
        ({"n": np.inf}, "n must be a positive integer, got inf"),
        ({"n": "3"}, "n must be a positive integer, got '3'"),
        ({"n": [3]}, r"n must be a positive integer, got \[3\]"),
        ({"n": 3 + 0j}, "n must be a positive integer"),
        ({"bounds": [(0, HUGE)]}, "bounds must hold numbers below"),
        ({"bounds": np.ma.masked_array([[0, 1], [0, 1]], [[0, 1], [0, 0]])}, "bounds must be a plain array"),
        ({"bounds": [(0, 1j)]}, "bounds must be scipy.optimize.Bounds or one"),
        ({"bounds": [], "n": None}, "bounds must have a .low, high. pair for each variable, got none"),
        ({"bounds": [(np.inf, np.inf)] * 2}, "bounds must leave room for a number"),
        ({"bounds": [(-np.inf, -np.inf)] * 2}, "bounds must leave room for a number"),
        ({"bounds": Bounds([[0, 0]], [[1, 1]])}, "bounds must hold one number per variable"),
    ],
)
def test_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Objective(bowl, **{"n": 2, **settings})


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (NonlinearConstraint(first, np.nan, 1), "constraint 0 has NaN as a limit"),
        (NonlinearConstraint(first, [0, np.nan], 1), "constraint 0 has NaN as a limit"),
        (NonlinearConstraint(first, 2, 1), r"constraint 0 has lb > ub \(2.0 > 1.0\)"),
        (NonlinearConstraint(first, [0, 2], [1, 1]), r"constraint 0 has lb > ub \(2.0 > 1.0\)"),
        (NonlinearConstraint(first, np.inf, np.inf), "which no point keeps: is a sign wrong"),
        (NonlinearConstraint(first, "a", 1), "lb of constraint 0 must hold real numbers"),
        (NonlinearConstraint(first, 0, 1j), "ub of constraint 0 must hold real numbers"),
        (NonlinearConstraint(first, [0, 0, 0], [1, 1]), "limits of shapes"),
        (LinearConstraint([[1, 1]], 2, 1), r"constraint 0 has lb > ub \(2.0 > 1.0\)"),
        (LinearConstraint([[1, 1, 1]], 0, 1), "a column for each of the n=2 variables, got 3"),
        (LinearConstraint(csr_array([[1.0, 1.0, 1.0]]), 0, 1), "a column for each of the n=2 variables, got 3"),
        (LinearConstraint([[1, np.nan]], 0, 1), "A of constraint 0 must be finite"),
        ({"type": "foo", "fun": first}, "constraint 0 is a dict, which must have 'type'"),
        ({"type": "eq"}, "constraint 0 is a dict, which must have 'type'"),
        ("abc", "constraints must be NonlinearConstraint.* got str"),
        (first, "constraints must be NonlinearConstraint.* got function"),
        ([None], "constraints must be NonlinearConstraint.* got NoneType"),
        (Bounds(0, 1), "got Bounds; limits of the variables themselves are given as bounds"),
    ],
)
def test_constraints(constraint, message):
    for reader in (lambda c: made(constraints=c), lambda c: Feasible(c)(np.zeros(2)), lambda c: Constraints(c, 2)):
        with pytest.raises(ValueError, match=message):
            reader(constraint)


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (lambda x: np.ma.masked_array([5.0], [True]), "values of constraint 0 must be a plain array"),
        (lambda x: 1j, "values of constraint 0 must hold real numbers"),
        (lambda x: None, "values of constraint 0 must hold real numbers"),
        (lambda x: "a", "values of constraint 0 must hold real numbers"),
        (lambda x: x[None], r"constraint 0 must give a number or a vector for one point, got shape \(1, 2\)"),
        (lambda x: np.zeros(3), r"constraint 0 has limits of shapes \(2,\) and \(\) for 3 values"),
    ],
)
def test_values_of_constraints(fun, message):
    with pytest.raises(ValueError, match=message):
        feasible(NonlinearConstraint(fun, [0, 0], 1))


def test_constraints_that_change_their_number():
    rule = Constraints(NonlinearConstraint(lambda x: x[: int(x[0])], 0, 1), 2)
    rule(np.array([[1.0, 1.0]]))
    with pytest.raises(ValueError, match="constraints must give as many values at every point: 2 limits became 4"):
        rule(np.array([[2.0, 1.0]]))


def test_constraints_in_other_dress():
    one = LinearConstraint(csr_array([[1.0, 1.0]]), 0, 1)
    assert Feasible(one)([0.5, 0.2])
    assert not Feasible(iter([one]))([0.5, 2.0])
    assert made(constraints=None).constraints == ()
    assert len(made(constraints=(c for c in [one, one])).constraints) == 2
    told = Feasible([LinearConstraint(np.eye(2), 0, 1)])
    assert told([0.5, 0.5])
    assert pickle.loads(pickle.dumps(told))([0.5, 0.5])
    with pytest.raises(ValueError, match=r"x must be one point of shape \(n,\), got \(3, 2\)"):
        told(np.zeros((3, 2)))


def test_errors_of_constraints_come_through():
    with pytest.raises(ZeroDivisionError):
        feasible(NonlinearConstraint(lambda x: 1 / 0, 0, 1))


@pytest.mark.parametrize("rng", ["a", -1, 1.5, {}])
def test_seeds(rng):
    message = "must be None, an integer from 0, a SeedSequence or a Generator"
    with pytest.raises(ValueError, match="rng " + message):
        made(bounds=[(0, 1)] * 2).x0(rng)
    with pytest.raises(ValueError, match="seed " + message):
        problems.get("sphere:noisy=1").reseed(rng)
    with pytest.raises(ValueError, match=r"seed (of sphere )?must be an integer"):
        problems.get("sphere", seed=rng)


def test_starts_of_integers_are_inside():
    f = Objective(bowl, 1, bounds=[(0.4, 2.6)], integrality=[1])
    assert {f.x0(seed)[0] for seed in range(40)} == {1.0, 2.0}
    with pytest.raises(ValueError, match=r"there is no integer from 0.2 to 0.8 for variable 0"):
        Objective(bowl, 1, bounds=[(0.2, 0.8)], integrality=[1]).x0(1)


def test_a_box_too_wide_for_its_width():
    x = Objective(bowl, 50, bounds=[(-1.7e308, 1.7e308)] * 50).x0(0)
    assert np.isfinite(x).all()
    assert (x > 0).any() and (x < 0).any()


def test_ledgers_want_a_value_for_each_point():
    with pytest.raises(ValueError, match=r"x and f must be of one length, got shapes \(3, 2\) and \(2,\)"):
        Ledger(made()).record(np.zeros((3, 2)), [1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: problems.names(3), "no problem has the tag 3"),
        (lambda: problems.entry(3), "unknown problem 3"),
        (lambda: problems.get("sphere", HUGE), "n must be a positive integer for sphere, got a number of 401 digits"),
        (lambda: problems.get("sphere", "a"), "n must be a positive integer for sphere, got 'a'"),
        (lambda: transforms.shifted(SPHERE, shift="a"), "shift must hold real numbers"),
        (lambda: transforms.shifted(SPHERE, shift=np.nan), "shift must be finite"),
        (lambda: transforms.conditioned(SPHERE, np.inf), "condition must be positive, got inf"),
        (lambda: transforms.scaled(SPHERE, np.inf), "scaled needs positive factors"),
        (lambda: transforms.noisy(SPHERE, std=np.inf), "noise must have std >= 0"),
        (lambda: transforms.noisy(SPHERE, std="a"), "std must hold real numbers"),
        (lambda: problems.get("sphere", rotated="a"), "rotated of sphere must be True or False, got str 'a'"),
        (lambda: problems.get("bbob-f1", 5, instance=HUGE), "instance of bbob-f1 must be an integer, got int 1000"),
        (lambda: problems.get("bbob-f1", 5, instance=10**6), "instance of bbob-f1 must be an integer from 1 to 100000"),
        (lambda: problems.register("mine", 3), "make must be callable, got int"),
        (lambda: problems.register(3, made), "name must be made of letters"),
        (lambda: Feasible([], "a"), "tolerance must hold real numbers"),
        (lambda: Feasible([], np.nan), "tolerance must not be negative"),
    ],
)
def test_registry_and_friends(call, message):
    with pytest.raises(ValueError, match=message):
        call()


ODD_OPTIONS = [None, True, -1, 1.5, np.nan, np.inf, "a", "", [], {}, HUGE, 1j, object(), b"x"]
KINDS = ["sphere", "bbob-noisy-f101", "breast-cancer-mlp", "digits-conv", "pendulum", "registration", "ten-bar-sizing"]
KINDS += ["mgh-chebyquad", "trap-maxq", "diabetes-mlp"]


@pytest.mark.parametrize("name", KINDS)
def test_any_option_is_taken_or_refused_with_its_name(name):
    for option in registry._options(problems.entry(name).make):
        for value in ODD_OPTIONS:
            try:
                f = problems.get(name, **{option: value})
            except ValueError as error:
                assert len(str(error)) > 20, (option, value)
                assert not isinstance(value, str) or option in str(error) or "must" in str(error), (option, error)
                continue
            assert type(value) in (int, float, bool, type(None)), (option, value)
            assert value is None or np.isfinite(value), (option, value)
            assert isinstance(f, Objective)


def test_options_are_what_their_annotations_say():
    for call, message in (
        (lambda: problems.get("digits-mlp", l2="a"), "l2 of digits-mlp must be a finite number, got str 'a'"),
        (
            lambda: problems.get("digits-mlp", batch=1.5),
            "batch of digits-mlp must be an integer or None",
        ),
        (lambda: problems.get("pendulum", fresh="yes"), "fresh of pendulum must be True or False, got str 'yes'"),
        (lambda: problems.get("pendulum", seed=-1), "seed must be an integer from 0, got -1"),
        (lambda: problems.get("sphere:shifted=nan"), "shifted of sphere must be True or False or a finite number"),
        (lambda: problems.get("bbob-noisy-f101", noise=3), "noise must be 'keyed', 'coco' or a stream, got 3"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=3),
    st.sampled_from([HUGE, np.ma.masked, MASKED, np.array([]), np.array("a"), {}, [], [[]], object(), b"1", np.inf]),
    st.lists(st.one_of(st.floats(), st.none(), st.text(max_size=1), st.integers()), max_size=3),
)


@given(name=st.sampled_from(["n", "bounds", "x0", "sigma0", "integrality", "constraints", "x_opt", "f_opt"]), value=ODD)
def test_any_setting_is_taken_or_refused_with_its_name(name, value):
    try:
        f = Objective(bowl, **{"n": 2, name: value})
    except ValueError as error:
        assert name.rstrip("s") in str(error) or "A of" in str(error), (name, value, error)
        return
    assert np.isfinite(f(np.zeros(f.n or 2)))


@given(value=ODD)
def test_any_point_and_any_value_is_taken_or_refused(value):
    for call in (
        lambda: Objective(bowl)(value),
        lambda: Objective(bowl).value_and_grad(value),
        lambda: Objective(lambda x: value, 2)(np.zeros(2)),
        lambda: Objective(lambda x: value, 2, vectorized=True)(np.zeros((3, 2))),
        lambda: Objective(bowl, 2, jac=lambda x: value).value_and_grad(np.zeros(2)),
        lambda: feasible(NonlinearConstraint(lambda x: value, 0, 1)),
    ):
        try:
            result = call()
        except ValueError as error:
            assert len(str(error)) > 20
        else:
            assert not np.ma.isMaskedArray(result)
