"""Named parameters."""

import pickle

import numpy as np
import pytest

import es
from es import Choice, Integer, Linear, Log, Space

SPACE = Space(lr=Log(1e-5, 1e-1), drop=(0, 0.5), layers=Integer(1, 8), solver=Choice("a", "b", "c"), on=[True, False])


def loss(p):
    assert set(p) == {"lr", "drop", "layers", "solver", "on"}
    assert isinstance(p["layers"], int)
    assert 1e-5 <= p["lr"] <= 1e-1
    off = {"a": 1, "b": 0, "c": 2}[p["solver"]] + (0 if p["on"] else 0.5)
    return (np.log10(p["lr"]) + 3) ** 2 + (p["drop"] - 0.2) ** 2 + (p["layers"] - 6) ** 2 + off


def test_results_come_back_as_the_users_dict():
    seen = []
    res = es.minimize(
        loss, SPACE, rng=1, maxfevals=3000, callback=lambda intermediate_result: seen.append(intermediate_result.x)
    )
    assert res.fun < 1e-8
    assert res.x["lr"] == pytest.approx(1e-3, rel=1e-3)
    assert (res.x["layers"], res.x["solver"], res.x["on"]) == (6, "b", True)
    assert set(seen[0]) == set(SPACE)
    assert set(res.mean) == set(SPACE)


def test_coordinates_and_back():
    values = {"lr": 1e-4, "drop": 0.1, "layers": 3, "solver": "c", "on": False}
    back = SPACE.decode(SPACE.encode(values))
    assert (back["layers"], back["solver"], back["on"]) == (3, "c", False)
    assert back["lr"] == pytest.approx(1e-4)
    assert back["drop"] == pytest.approx(0.1)
    assert SPACE.n == 1 + 1 + 1 + 3 + 2
    assert SPACE.integrality.sum() == 1
    assert len(SPACE) == 5
    assert SPACE["lr"].limits == (1e-5, 1e-1)
    assert pickle.loads(pickle.dumps(SPACE)).x0 == pytest.approx(SPACE.x0)


def test_ends_are_never_passed():
    for parameter in (Linear(0.1, 0.3), Log(1e-7, 3e-3)):
        for u, end in ((0.0, parameter.limits[0]), (1.0, parameter.limits[1])):
            assert parameter.decode(np.array([u])) == pytest.approx(end, rel=1e-12)
            assert parameter.limits[0] <= parameter.decode(np.array([u])) <= parameter.limits[1]


def test_start():
    space = Space(a=Linear(0, 1, init=0.9), b=Integer(1, 9, init=2), c=Choice("x", "y", init="y"), d=Log(1, 100))
    start = space.decode(space.x0)
    assert start["a"] == pytest.approx(0.9)
    assert start["d"] == pytest.approx(10)
    assert (start["b"], start["c"]) == (2, "y")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(1, 0), "low < high"),
        (lambda: Log(0, 1), "positive"),
        (lambda: Integer(1.5, 3), "whole"),
        (lambda: Choice("a"), "two values"),
        (lambda: Linear(0, 1, init=2), "between its limits"),
        (lambda: Integer(0, 3, init=9), "whole number"),
        (lambda: Choice(1, 2, init=3), "one of its"),
        (lambda: Space(), "at least one"),
        (lambda: Space(a=3), "parameter a"),
        (lambda: SPACE.encode({"lr": 1}), "exactly the parameters"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
