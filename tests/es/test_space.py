"""Named parameters."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import es
from es import Choice, Fixed, Integer, Linear, Log, Ordinal, Space

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
            assert parameter.decode(np.array([u])) == end


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
        (lambda: SPACE.encode(3), "must be a dict"),
        (lambda: SPACE.decode([0.5]), r"shape \(8,\), got \(1,\)"),
        (lambda: Linear(0, 1, step=0.3), "must divide .* take high = 0.9"),
        (lambda: Linear(0, 1, step=np.nan), "step of Linear must be positive"),
        (lambda: Linear(0, 1, step=2), "at most high - low = 1"),
        (lambda: Linear(0, 1, step="a"), "step of Linear must hold real numbers"),
        (lambda: Linear(0, 1, step=1e-300), "values"),
        (lambda: Linear(0, 1, init=0.3, step=0.25), "whole number of steps"),
        (lambda: Integer(0, 100, step=7), "take high = 98"),
        (lambda: Integer(0, 100, step=2.5), "step of Integer must be a whole number"),
        (lambda: Integer(0, 9, step=-3), "positive"),
        (lambda: Integer(0, 9, log=True), "low of at least 1"),
        (lambda: Integer(1, 9, log="yes"), "log of Integer must be True or False"),
        (lambda: Integer(1, 9, log=True, step=2), "step of Integer must be None where log"),
        (lambda: Ordinal(8), "two values"),
        (lambda: Ordinal(8, 16, 8), "got 8 twice"),
        (lambda: Ordinal(8, 16, init=9), "one of its values"),
        (lambda: Linear(0, 1, shape=0), "shape of Linear must be an integer from 1"),
        (lambda: Linear(0, 1, shape=()), "at least one size"),
        (lambda: Linear(0, 1, shape="ab"), "shape of Linear must be an integer"),
        (lambda: Linear(0, 1, shape=3, init=[0.5, 0.5]), r"array of shape \(3,\)"),
        (lambda: Space(a={}), "parameter a must hold parameters"),
        (lambda: Space(a=(0, 1), b=np.nan), "parameter b must not be NaN"),
        (lambda: Space(a={"b": {"c": (1, 0)}}), "parameter a.b.c: Linear needs"),
        (
            lambda: Space(order=range(5)),
            "parameter order .* permutation, for which there is no parameter, is np.argsort",
        ),
        (lambda: Space(a=Linear), "as es.Fixed"),
        (lambda: Space(a=1, b="x", c={"d": None}), "not fixed, got parameter a, parameter b"),
        (lambda: Space(a=(0, 1), b=2).encode({"a": 0.5, "b": 3}), "parameter b: .* the fixed one"),
        (lambda: next(SPACE.grid(0)), "n must be a positive integer"),
        (lambda: SPACE.sample("seed"), "rng must be"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


EVERY = Space(
    a=Linear(-1, 3),
    tenth=Linear(0.1, 0.7, step=0.1),
    log=Log(1e-8, 1e3),
    units=Integer(1, 1024, log=True),
    five=Integer(-10, 100, step=5),
    batch=Ordinal(8, 16, 32),
    size=Ordinal("S", "M", "L", init="S"),
    none=Choice("x", None, init=None),
    kind=Choice(1, True, (2, 3), np.nan),
    weights=Linear(0, 1, shape=3),
    grid=Integer(1, 3, shape=(2, 2), init=[[1, 2], [3, 1]]),
    rules=Choice("r", (1, 2), shape=2),
    lr=0.1,
    name="run",
    inner={"mom": (0, 0.9), "deep": {"k": Integer(2, 4), "f": Fixed([1, 2])}, "off": None},
)


def plain(value):
    """Dicts and arrays as what `==` compares, with the types of single values."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray):
        return [value.dtype.kind, [plain(entry) for entry in value.tolist()]]
    return (type(value), repr(value) if isinstance(value, float) and value != value else value)


def test_values_of_every_kind():
    p = EVERY.decode(EVERY.x0)
    assert p["weights"].shape == (3,) and p["weights"].dtype == float
    assert p["grid"].tolist() == [[1, 2], [3, 1]] and p["grid"].dtype.kind == "i"
    assert p["rules"].tolist() == ["r", "r"]
    assert (p["none"], p["size"], p["batch"], p["lr"], p["name"]) == (None, "S", 16, 0.1, "run")
    assert p["inner"] == {"mom": pytest.approx(0.45), "deep": {"k": 3, "f": [1, 2]}, "off": None}
    assert EVERY.n == 7 + 2 + 4 + 3 + 4 + 4 + 1 + 1 == EVERY.low.size == len(EVERY.bounds) == EVERY.integrality.size
    assert [EVERY["tenth"].decode(np.array([float(k)])) for k in range(7)] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert Choice("x", "y", init=None).start() == "x" and Choice("x", None).start() == "x"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_there_and_back(seed):
    p = EVERY.sample(seed)
    assert plain(p) == plain(EVERY.sample(seed)) and EVERY.contains(p)
    y = EVERY.encode(p)
    again = EVERY.decode(y)
    assert np.allclose(EVERY.encode(again), y, rtol=0, atol=1e-12)
    for real in ("a", "log"):
        assert again.pop(real) == pytest.approx(p.pop(real), rel=1e-12, abs=1e-14)
    assert np.allclose(again.pop("weights"), p.pop("weights"), rtol=0, atol=1e-14)
    assert again["inner"].pop("mom") == pytest.approx(p["inner"].pop("mom"), abs=1e-14)
    assert plain(again) == plain(p)
    assert all(lo <= y <= hi for y, (lo, hi) in zip(y, EVERY.bounds, strict=True))


def test_samples_are_even():
    rng = np.random.default_rng(1)
    space = Space(u=Integer(1, 3), o=Ordinal(1, 2, 4), c=Choice("a", "b"), s=Linear(0, 1, step=0.5), l=Log(1, 1e4))
    drawn = [space.sample(rng) for _ in range(3000)]
    for name, count in (("u", 3), ("o", 3), ("c", 2), ("s", 3)):
        _, counts = np.unique([p[name] for p in drawn], return_counts=True)
        assert len(counts) == count and abs(counts / 3000 - 1 / count).max() < 0.04  # four standard errors
    assert abs(np.mean([p["l"] < 100 for p in drawn]) - 0.5) < 0.04


def test_grid():
    space = Space(x=(0, 1), k=Integer(1, 1024, log=True), b=Ordinal(8, 16), c=["u", "v"], v=Integer(0, 1, shape=2), f=7)
    points = list(space.grid(3))
    assert len(points) == 3 * 3 * 2 * 2 * 4 and all(space.contains(p) for p in points)
    assert sorted({p["x"] for p in points}) == [0, 0.5, 1] and {p["k"] for p in points} == {1, 23, 1024}
    assert len({repr(p) for p in points}) == len(points)
    assert [p["k"] for p in Space(k=Integer(1, 5, log=True)).grid(9)] == [1, 2, 3, 4, 5]
    assert [p["k"] for p in Space(k=Integer(0, 100, step=25)).grid(3)] == [0, 50, 100]
    assert [p["x"] for p in Space(x=Log(1, 100)).grid(1)] == [pytest.approx(10)]
    assert next(Space(x=Linear(0, 1, shape=200)).grid(9))["x"].tolist() == [0] * 200  # one after the other, on demand


@pytest.mark.parametrize(
    "change",
    [
        {"a": np.nan}, {"a": "1"}, {"a": None}, {"tenth": 0.15}, {"five": 3}, {"units": 0}, {"units": 1.5},
        {"batch": 9},
        {"weights": [0.1, 0.2]}, {"weights": 0.1}, {"weights": [0.1, 0.2, 2]}, {"grid": [1, 2, 3, 1]}, {"lr": 0.2},
        {"inner": {"mom": 0.1}}, {"inner": 3}, {"none": "z"}, {"odd": 1},
    ],
)  # fmt: skip
def test_what_it_does_not_contain(change):
    values = EVERY.decode(EVERY.x0)
    assert EVERY.contains(values) and not EVERY.contains({**values, **change})
    assert EVERY.contains({name: value for name, value in values.items() if name not in ("lr", "name")})


def test_html_escapes():
    text = Space({"<b>": Choice("<script>", "&"), "in": {"x": (0, 1)}})._repr_html_()
    assert "<script>" not in text and "<b>" not in text and "&lt;script&gt;" in text and "in.x" in text


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (Linear(0.123456789, 1), "Linear(0.123456789, 1)"),
        (Linear(0, 1, 0.25, step=0.25), "Linear(0, 1, step=0.25, init=0.25)"),
        (Log(1, 2, shape=(2, 1)), "Log(1, 2, shape=(2, 1))"),
        (Integer(1, 9, 3, log=True, shape=2), "Integer(1, 9, log=True, init=[3, 3], shape=2)"),
        (Integer(0, 123456789, step=3), "Integer(0, 123456789, step=3)"),
        (Ordinal([1, 2], init=2), "Ordinal(1, 2, init=2)"),
        (Choice("a", None, init=None), "Choice('a', None, init=None)"),
        (Fixed("x"), "Fixed('x')"),
    ],
)
def test_repr_says_what_is_held(parameter, text):
    assert repr(parameter) == text


def test_minimize_over_every_kind():
    def fun(p):
        assert EVERY.contains(p)
        off = sum(
            ((p["a"] - 1) ** 2, (p["tenth"] - 0.3) ** 2, np.log10(p["log"] / 0.1) ** 2, np.log2(p["units"] / 64) ** 2)
        )
        off += (p["five"] - 40) ** 2 / 100 + (p["batch"] != 32) + ((p["weights"] - [0.2, 0.5, 0.7]) ** 2).sum()
        return off + (p["grid"] != [[1, 2], [2, 1]]).sum() + (p["inner"]["mom"] - 0.3) ** 2

    res = es.minimize(fun, EVERY, rng=1, maxfevals=6000, ftarget=1e-6, restarts="ipop")
    assert res.fun <= 1e-6
    assert (res.x["tenth"], res.x["units"], res.x["five"], res.x["batch"]) == (0.3, 64, 40, 32)
    assert set(res.mean) == set(EVERY) and res.mean["weights"].shape == (3,)


def test_wide_whole_numbers_are_found_on_their_logarithm():
    space = Space({f"k{i}": Integer(1, 1024, log=True) for i in range(5)})
    best = (3, 17, 120, 1000, 64)

    def fun(p):
        return sum(np.log2(k / b) ** 2 for k, b in zip(p.values(), best, strict=True))

    used = [es.minimize(fun, space, rng=seed, ftarget=1e-8, maxfevals=3000).nfev for seed in range(5)]
    assert np.median(used) < 641  # 0.6 of the 1069 that the best method takes on their own scale


def test_constraints_and_whole_numbers_within():
    space = Space(a=Linear(0, 9, shape=2), inner={"b": (0, 9), "c": "text"}, f=2.5)
    rule = {"type": "ineq", "fun": lambda p: 20 - p["a"].sum() - p["inner"]["b"]}
    from scipy.optimize import LinearConstraint

    for constraints in (rule, LinearConstraint([[1, 1, 1]], -np.inf, 20)):
        res = es.minimize(
            lambda p: -p["a"].sum() - 2 * p["inner"]["b"], space, constraints=constraints, rng=1, maxfevals=2000
        )
        assert res.x["a"].sum() + res.x["inner"]["b"] == pytest.approx(20, abs=1e-2)
    for flags in ([1, 0], {"a": True}):
        made = space.with_integers(flags)
        assert repr(made["a"]) == "Integer(0, 9, shape=2)" and isinstance(made["inner"]["b"], Linear)
    assert isinstance(space.with_integers({"inner": {"b": 1}})["inner"]["b"], Integer)
    assert space.with_integers({"inner": 1}).decode(np.zeros(3))["inner"] == {"b": 0, "c": "text"}
    for odd in ({"z": 1}, {"inner": {"z": 1}}, {"a": {"z": 1}}):
        with pytest.raises(ValueError, match="integrality must name parameters of the Space"):
            space.with_integers(odd)
    with pytest.raises(ValueError, match="make it an Integer"):
        Space(a=Linear(0, 1, step=0.5)).with_integers([1])


def test_a_checkpoint_knows_parameters_however_deep(tmp_path):
    def space(last, fixed=1):
        return Space(x=(0, 1), a={"b": {"c": {"d": {"e": Ordinal(1, 2, last)}}}}, f=fixed)

    def fun(p):
        return (p["x"] - 0.3) ** 2 + p["a"]["b"]["c"]["d"]["e"]

    more = {"rng": 1, "checkpoint": tmp_path / "a.npz"}
    es.minimize(fun, space(4), maxfevals=60, **more)
    again = es.minimize(fun, space(4), maxfevals=200, **more)
    assert again.x == es.minimize(fun, space(4), maxfevals=200, rng=1).x
    for other in (space(5), space(4, fixed=2)):
        with pytest.raises(ValueError, match="another space"):
            es.minimize(fun, other, maxfevals=300, **more)


def _best(space, fun, **more):
    return es.minimize(fun, space, **{"maxfevals": 300, "rng": 1, **more})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: es.Choice("only"), r"at least two values, got \('only',\): es.Fixed"),
        (lambda: es.Space(c=["only"], x=(0, 1)), "parameter c: Choice needs at least two values"),
        (lambda: es.Integer(3, 3), r"got 3 and 3: es.Fixed\(value\) stands still"),
        (lambda: es.Linear(0.5, 0.5), r"es.Fixed\(value\) stands still"),
        (lambda: es.Log(0, 1), "must be positive, got 0"),
        (lambda: es.Integer(0, 8, log=True), "low of at least 1, got 0"),
        (lambda: es.Integer(0, 10, step=3), "take high = 9"),
        (lambda: es.Linear(0, 1, init=2), "between its limits, got 2"),
        (lambda: es.Ordinal("s", 2, None, init=3), "one of its values, got 3"),
        (lambda: es.Integer(0, 2**62), "within 2\\*\\*53, got 0 and 4611686018427387904: es.Log takes more"),
        (lambda: es.Space(n=es.Integer(0, 2**40), w=es.Linear(0, 1, when={"n": 7})), "of at most 10000 values"),
        (lambda: es.Space(n=["a", "b"], w=es.Linear(0, 1, when={"n": ("a", "b")})), "a list means any of its values"),
        (lambda: es.Space(u=es.Fixed("a"), w=es.Linear(0, 1, when={"u": "a"})), "must name a Choice, an Ordinal"),
        (lambda: _best(es.Space(x=(0, 1)), len, enqueue=[{"x": 2.0}]), r"enqueue\[0\]: parameter x: .* got 2.0"),
        (lambda: _best(es.Space(n=es.Integer(0, 5)), len, enqueue=[{"n": 2.5}]), "whole number between its limits"),
        (lambda: _best(es.Space(x=(0, 1), y=(0, 1)), len, enqueue=[{"x": 0.5}]), "'y' missing or unknown"),
    ],
)
def test_what_comes_from_other_packages_is_refused_with_a_cure(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_values_of_a_condition_in_any_collection():
    for wanted in ([3, 4], range(3, 5), {3, 4}, frozenset({4, 3}), np.array([3, 4])):
        space = es.Space(n=es.Integer(1, 5), w=es.Linear(0, 1, when={"n": wanted}))
        assert space["w"].when == {"n": [3, 4]} and all(
            ("w" in p) == (p["n"] in (3, 4)) for p in map(space.sample, range(20))
        )
    pairs = es.Space(n=es.Choice((1, 2), (3, 4)), w=es.Linear(0, 1, when={"n": (1, 2)}))
    assert all(("w" in p) == (p["n"] == (1, 2)) for p in map(pairs.sample, range(20)))


def test_names_and_values_of_every_kind():
    space = es.Space(
        {
            "learning rate": (0, 1), "größe µ": es.Ordinal("small", 2, None, 4.5), "": [True, False, None],
            "net": {"enc": {"w": es.Linear(-1, 1, shape=2), "a.b": es.Integer(np.int64(1), np.int32(7))}},
            "x": es.Linear(np.float32(0), 1, when={"größe µ": [None, 2]}),
        }
    )  # fmt: skip

    def fun(p):
        wrong = (p["größe µ"] is not None) + (p[""] is not None) + (p["net"]["enc"]["w"] ** 2).sum()
        return wrong + p["learning rate"] ** 2 + p["net"]["enc"]["a.b"] - 1 + p.get("x", 1.0)

    res = _best(space, fun, maxfevals=3000)
    assert res.fun < 1e-3 and res.x["größe µ"] is None and res.x[""] is None and space.contains(res.x)


@pytest.mark.parametrize("high", [2**30, 2**53])
def test_wide_ranges_of_whole_numbers(high):
    """Where steps are millions of cells long the margin has nothing to correct, and no NaN to give."""
    space = es.Space(n=es.Integer(0, high), m=es.Integer(-5, 5))
    res = _best(space, lambda p: abs(p["n"] - high // 3) / high + abs(p["m"] - 3), maxfevals=2000)
    assert res.fun < 1e-6


@pytest.mark.parametrize(
    "low, high",
    [(1, 2**53), (3, 2**53), (2**52, 2**53), (2**53 - 10**9, 2**53), (1, 10**14), (5, 6)],
)
def test_logarithmic_integers_reach_their_limits_and_come_back_as_they_were(low, high):
    space, rng = es.Space(a=es.Integer(low, high, log=True)), np.random.default_rng(1)
    assert space.decode(space.low)["a"] == low and space.decode(space.high)["a"] == high
    values = [low, high, *(space.decode(rng.uniform(size=1))["a"] for _ in range(500))]
    assert all(space.decode(space.encode({"a": value}))["a"] == value for value in values)
    if high <= 10**14:  # all are told apart
        values = np.exp(rng.uniform(math.log(low), math.log(high), 500)).astype(int).tolist()
        assert all(space.decode(space.encode({"a": value}))["a"] == value for value in values)


def test_a_whole_number_that_a_logarithm_does_not_tell_apart_is_refused():
    space, taken = es.Space(a=es.Integer(1, 2**53, log=True)), 0
    for value in range(8 * 10**15, 8 * 10**15 + 200):  # float64 has a logarithm for each fiftieth or so
        try:
            assert space.decode(space.encode({"a": value}))["a"] == value
            taken += 1
        except ValueError as error:
            assert f"tells apart in the logarithm, got {value}: take " in str(error)
            assert abs(int(str(error).split()[-1]) - value) <= 64
    assert 1 <= taken <= 10
    with pytest.raises(ValueError, match="limits further apart, got 9007199254740989 and 9007199254740992: leave log"):
        es.Integer(2**53 - 3, 2**53, log=True)


def test_nan_is_a_value_like_others():
    nan = float("nan")
    space = es.Space(a=es.Choice(nan, 1.0, (nan, 2), [1, np.nan]), b=es.Linear(0, 1, when={"a": float("nan")}))
    assert space.contains({"a": float("nan"), "b": 0.5}) and not space.contains({"a": float("nan")})
    assert space.contains({"a": (float("nan"), 2)}) and space.contains({"a": [1, float("nan")]})
    assert not space.contains({"a": (1, 2)}) and not space.contains({"a": None})
    res = es.minimize(lambda p: p.get("b", 1.0), space, maxfevals=100, rng=1)
    assert math.isnan(res.x["a"])
    again = es.minimize(lambda p: p.get("b", 1.0), space, maxfevals=30, rng=1, enqueue=[{**res.x, "a": float("nan")}])
    assert again.fun <= res.fun
    with pytest.raises(ValueError, match="nan twice"):
        es.Ordinal(nan, 1.0, float("nan"))
