"""Spaces from and to optuna and ConfigSpace."""

import numpy as np
import pytest

from es import Choice, Fixed, Integer, Linear, Log, Ordinal, Space

PLAIN = Space(
    a=Linear(-1, 2), b=Log(1e-3, 10), c=Integer(0, 9), d=Integer(1, 1024, log=True), e=Choice("x", "y", "z"),
    f=Fixed(3), g=Linear(0, 1, step=0.25), h=Integer(0, 100, step=5), i=Choice(1, 2.5, "text"),
)  # fmt: skip


def test_optuna_and_back():
    optuna = pytest.importorskip("optuna")
    distributions = PLAIN.to_optuna()
    back = Space.from_optuna(distributions)
    assert repr(back) == repr(PLAIN) and back.to_optuna() == distributions
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(30):
        assert PLAIN.contains(study.ask(distributions).params)


def test_what_becomes_something_else_for_optuna():
    pytest.importorskip("optuna")
    found = Space(size=Ordinal(8, 16, 32), inner={"x": (0, 1)}).to_optuna()
    assert list(found) == ["size", "inner.x"] and found["size"].choices == (8, 16, 32)
    for space, words in [
        (Space(a=["x", "y"], b=Linear(0, 1, when={"a": "x"})), "conditions"),
        (Space(a=Linear(0, 1, shape=3)), "shape"),
        (Space({"a.b": (0, 1), "a": {"b": (0, 1)}}), "stands twice"),
        (Space(a=Choice((1, 2), (3, 4))), "plain values"),
    ]:
        with pytest.raises(ValueError, match=words):
            space.to_optuna()
    for wrong in ({"a": 3}, [1, 2]):
        with pytest.raises(ValueError, match="distribution"):
            Space.from_optuna(wrong)


def alike(a, b, seed):
    """Whether what one of two spaces samples, the other takes."""
    return all(b.contains(a.sample(rng)) for rng in range(seed, seed + 20))


CONDITIONAL = Space(
    solver=Choice("sgd", "adam", "lbfgs", init="adam"),
    momentum=Linear(0, 0.99, init=0.9, when={"solver": "sgd"}),
    beta=Log(1e-3, 1, when={"solver": ["adam", "sgd"]}),
    layers=Integer(1, 5),
    units=Integer(1, 1024, log=True, when={"layers": [3, 4, 5], "solver": "sgd"}),
    size=Ordinal(8, 16, 32, when={"solver": "lbfgs"}),
    tol=Linear(0, 1, when={"size": [16, 32]}),
)


def test_configspace_and_back():
    pytest.importorskip("ConfigSpace")
    there = CONDITIONAL.to_configspace(seed=3)
    back = Space.from_configspace(there)
    assert alike(CONDITIONAL, back, 0) and alike(back, CONDITIONAL, 100)
    assert back["momentum"].init == 0.9 and back["solver"].init == "adam" and back["units"].log
    for configuration in there.sample_configuration(60):
        values = {name: getattr(value, "item", lambda v=value: v)() for name, value in dict(configuration).items()}
        assert CONDITIONAL.contains(values)
    assert dict(there.get_default_configuration())["solver"] == "adam"
    assert repr(Space.from_configspace(back.to_configspace())) == repr(back)


def test_steps_nested_and_fixed_in_configspace():
    pytest.importorskip("ConfigSpace")
    space = Space(g=Linear(0, 1, step=0.25), h=Integer(0, 10, step=5), inner={"x": (0, 1), "k": ["a", "b"]}, f=7)
    back = Space.from_configspace(space.to_configspace())
    assert set(back) == {"g", "h", "inner.x", "inner.k", "f"} and back["g"].values == (0, 0.25, 0.5, 0.75, 1)
    for wrong, words in [
        (Space(a=Linear(0, 1, shape=2)), "shape"),
        (Space(a=(0, 1), b=None), "must be a number or text"),
        (Space(a=Integer(0, 5000, step=2)), "one by one"),
    ]:
        with pytest.raises(ValueError, match=words):
            wrong.to_configspace()


def test_conditions_of_configspace():
    c = pytest.importorskip("ConfigSpace")
    space = c.ConfigurationSpace(
        {"k": (1, 4), "kind": ["a", "b", "c"], "x": (0.0, 1.0), "y": (0.0, 1.0), "z": (0.0, 1.0), "w": (0.0, 1.0)}
    )
    space.add(
        c.GreaterThanCondition(space["x"], space["k"], 2),
        c.NotEqualsCondition(space["y"], space["kind"], "b"),
        c.OrConjunction(
            c.EqualsCondition(space["z"], space["kind"], "a"), c.EqualsCondition(space["z"], space["kind"], "c")
        ),
        c.AndConjunction(
            c.LessThanCondition(space["w"], space["k"], 3), c.InCondition(space["w"], space["kind"], ["a", "b"])
        ),
    )
    found = Space.from_configspace(space)
    assert {name: found[name].when for name in "xyzw"} == {
        "x": {"k": [3, 4]},
        "y": {"kind": ["a", "c"]},
        "z": {"kind": ["a", "c"]},
        "w": {"k": [1, 2], "kind": ["a", "b"]},
    }
    for configuration in space.sample_configuration(40):
        assert found.contains({name: getattr(v, "item", lambda v=v: v)() for name, v in dict(configuration).items()})


def test_what_configspace_says_and_a_space_cannot():
    c = pytest.importorskip("ConfigSpace")

    def fresh():
        return c.ConfigurationSpace({"kind": ["a", "b"], "k": (1, 4), "x": (0.0, 1.0)})

    forbidden = fresh()
    forbidden.add(c.ForbiddenEqualsClause(forbidden["kind"], "b"))
    either = fresh()
    either.add(
        c.OrConjunction(
            c.EqualsCondition(either["x"], either["kind"], "a"), c.EqualsCondition(either["x"], either["k"], 2)
        )
    )
    normal = c.ConfigurationSpace()
    normal.add(c.NormalFloatHyperparameter("x", mu=0, sigma=1, lower=-3, upper=3))
    weighted = c.ConfigurationSpace()
    weighted.add(c.CategoricalHyperparameter("x", ["a", "b"], weights=[1, 3]))
    for wrong, words in [
        (forbidden, "forbidden"),
        (either, "by `or`"),
        (normal, "uniform"),
        (weighted, "weight"),
        (3, "must be a"),
    ]:
        with pytest.raises(ValueError, match=words):
            Space.from_configspace(wrong)


def test_starts_survive():
    pytest.importorskip("ConfigSpace")
    space = Space(a=Linear(0, 1, init=0.25), b=Choice("x", "y", init="y"))
    back = Space.from_configspace(space.to_configspace())
    assert np.array_equal(back.decode(back.x0)["a"], 0.25) and back.decode(back.x0)["b"] == "y"
