"""Constraints and integrality of a `Space`: they speak of the user's values, not of coordinates."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import LinearConstraint, NonlinearConstraint

import es
from es import Choice, Integer, Linear, Log, Space
from problems import Objective

BOX = Space(a=(0, 10), b=(0, 10))
FORMS = {
    "linear": LinearConstraint([[1, 1]], -np.inf, 5),
    "sparse": LinearConstraint(scipy.sparse.csr_matrix([[1.0, 1.0]]), -np.inf, 5),
    "nonlinear": NonlinearConstraint(lambda p: p["a"] + p["b"], -np.inf, 5),
    "dict": {"type": "ineq", "fun": lambda p: 5 - p["a"] - p["b"]},
    "args": {"type": "ineq", "fun": lambda p, most: most - p["a"] - p["b"], "args": (5,)},
    "equality": {"type": "eq", "fun": lambda p: 5 - p["a"] - p["b"]},
    "list": [LinearConstraint([[1, 1]], -np.inf, 5), {"type": "ineq", "fun": lambda p: 9 - p["a"]}],
}


def down(p):
    return -(p["a"] + p["b"]) + 0.1 * (p["a"] - p["b"]) ** 2


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["cmaes", "snes"])
def test_every_form_gets_what_the_objective_gets(form, method):
    res = es.minimize(down, BOX, constraints=FORMS[form], method=method, rng=1, maxfevals=4000)
    assert res.x["a"] + res.x["b"] == pytest.approx(5, abs=1e-2) and res.x["a"] + res.x["b"] <= 5 + 1e-5
    assert res.fun == pytest.approx(-5, abs=1e-2)


def test_logarithms_integers_and_choices_under_constraints():
    space = Space(lr=Log(1e-4, 1.0), k=Integer(1, 9), kind=Choice("x", "y"))
    seen = []

    def kept(p):
        seen.append(p)
        return 6 - p["k"] - (3 if p["kind"] == "x" else 0)

    res = es.minimize(
        lambda p: (np.log10(p["lr"]) + 2) ** 2 - p["k"], space, constraints={"type": "ineq", "fun": kept}, rng=1,
        maxfevals=1500,
    )  # fmt: skip
    assert res.x["k"] == 6 and res.x["kind"] == "y" and set(seen[0]) == {"lr", "k", "kind"}
    with pytest.raises(ValueError, match="LinearConstraint must hold real numbers"):
        es.minimize(lambda p: p["lr"], space, constraints=LinearConstraint([[1, 1, 1]], 0, 1), rng=1, maxfevals=50)


def test_restarts_and_a_checkpoint(tmp_path):
    more = {"constraints": FORMS["linear"], "rng": 1, "restarts": 1}
    whole = es.minimize(down, BOX, maxfevals=1200, **more)
    es.minimize(down, BOX, maxfevals=500, checkpoint=tmp_path / "a.npz", **more)
    again = es.minimize(down, BOX, maxfevals=1200, checkpoint=tmp_path / "a.npz", **more)
    assert whole.x == again.x and whole.x["a"] + whole.x["b"] <= 5
    other = Space(a=(0, 20), b=(0, 10))  # the same coordinates
    with pytest.raises(ValueError, match="holds a run with another space"):
        es.minimize(down, other, maxfevals=1200, checkpoint=tmp_path / "a.npz", **more)


@pytest.mark.parametrize("integrality", [[1, 0], {"a": True}, np.array([True, False])])
def test_integrality_of_parameters(integrality):
    seen = []

    def fun(p):
        seen.append(p["a"])
        return (p["a"] - 3.4) ** 2 + (p["b"] - 1.5) ** 2

    res = es.minimize(fun, BOX, integrality=integrality, rng=1, maxfevals=800)
    assert res.x["a"] == 3 and res.x["b"] == pytest.approx(1.5, abs=1e-3) and all(a == int(a) for a in seen)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"constraints": LinearConstraint([[1, 1, 1]], 0, 5)}, "constraint"),
        ({"constraints": [3]}, "constraints must be"),
        ({"integrality": [1, 0, 0]}, r"one entry per parameter \(2\), got 3"),
        ({"integrality": {"c": 1}}, "'c'"),
        ({"integrality": [1, 0], "x0": Space(a=Log(1, 9), b=(0, 1))}, "make it an Integer"),
        ({"integrality": [1, 0], "x0": Space(a=Linear(0.2, 0.9), b=(0, 1))}, "make it an Integer"),
        ({"bounds": [(0, 1)] * 2}, "bounds cannot be given"),
        ({"jac": lambda x: x}, "jac must be '2-point', '3-point' or None where x0 is a Space"),
        ({"jac": True}, "jac must be '2-point', '3-point' or None where x0 is a Space, got True"),
        ({"jac": "cs"}, "jac must be '2-point', '3-point' or None where x0 is a Space, got 'cs'"),
        (
            {"jac": "2-point", "method": "adam", "x0": Space(a=(0.0, 1.0), b=Integer(0, 3))},
            "integrality cannot be kept",
        ),
        ({"vectorized": True}, "vectorized cannot be given"),
        ({"fun": Objective(lambda x: 0.0, 2)}, "function of a dict"),
    ],
)
def test_what_has_no_meaning_beside_a_space(more, message):
    with pytest.raises(ValueError, match=message):
        es.minimize(**{"fun": down, "x0": BOX, "rng": 1, "maxfevals": 30, **more})


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
@pytest.mark.parametrize("method", ["l-bfgs-b", "slsqp", "trust-constr", "adam"])
def test_methods_with_gradients_search_a_space_by_differences(method, jac):
    """Autodiff cannot follow a function of a dict of plain numbers, and its message says what can."""

    def bowl(p):
        return (np.log(float(p["a"])) + 2.0) ** 2 + (p["b"] - 1.0) ** 2

    task = {"fun": bowl, "x0": Space(a=Log(1e-3, 10.0), b=(-1.0, 2.0)), "method": method, "rng": 1, "maxfevals": 2000}
    with pytest.raises((TypeError, RuntimeError), match="jac='2-point' takes differences"):
        es.minimize(**task)
    found = es.minimize(**task, jac=jac)
    assert found.fun < 1e-6
    assert found.x["a"] == pytest.approx(np.exp(-2.0), rel=1e-2)
    together = es.minimize_runs(**task, jac=jac, runs=2)
    assert [run.fun < 1e-6 for run in together] == [True, True]


@pytest.mark.parametrize("low", ["a", None, np.nan, -np.inf, 10**400, 1j, [1, 2], np.ma.masked])
@pytest.mark.parametrize("kind", [Linear, Log, Integer])
def test_limits_that_are_no_numbers(kind, low):
    for limits in ((low, 5), (1, low)):
        with pytest.raises(ValueError, match=r"limit|needs"):
            kind(*limits)


def test_a_pair_of_words_is_no_range():
    with pytest.raises(ValueError, match="choices are a list"):
        Space(k=("a", "b"))
    with pytest.raises(ValueError, match="needs"):
        Space(k=(-1e308, 1e308))
