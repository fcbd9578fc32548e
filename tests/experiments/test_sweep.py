"""The grammar of sweeps."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from experiments import Method, Problem, Spec, SpecError, Sweep, load_spec
from experiments.sweep import parse_override, sweep_from


def test_grid_zip_and_random_multiply() -> None:
    sweep = Sweep(
        grid={"method.a": [1, 2, 3]},
        zip={"method.b": [1, 2], "problem.n": [10, 20]},
        random={"n": 5, "seed": 3, "space": {"method.lr": {"loguniform": [1e-4, 1.0]}}},
    )
    points = list(sweep.points())
    assert len(points) == 3 * 2 * 5
    assert {(p["method.b"], p["problem.n"]) for p in points} == {(1, 10), (2, 20)}
    assert sweep.params == ["method.a", "method.b", "problem.n", "method.lr"]


def test_random_values_lie_where_they_should_and_are_seeded() -> None:
    space: dict[str, Any] = {
        "method.u": {"uniform": [-1, 2]},
        "method.l": {"loguniform": [1e-3, 10]},
        "method.i": {"integers": [1, 3]},
        "method.c": {"choice": ["a", "b"]},
    }
    points = list(Sweep(random={"n": 200, "seed": 0, "space": space}).points())
    assert all(-1 <= p["method.u"] <= 2 and 1e-3 <= p["method.l"] <= 10 for p in points)
    assert {p["method.i"] for p in points} == {1, 2, 3}
    assert {p["method.c"] for p in points} == {"a", "b"}
    assert sum(p["method.l"] < 0.1 for p in points) > 70  # half of the decades lie below 0.1
    assert points == list(Sweep(random={"n": 200, "seed": 0, "space": space}).points())
    assert points != list(Sweep(random={"n": 200, "seed": 1, "space": space}).points())
    alone = list(Sweep(random={"n": 200, "seed": 0, "space": {"method.u": space["method.u"]}}).points())
    assert [p["method.u"] for p in alone] == [p["method.u"] for p in points]


def test_when_reads_the_point_and_the_trial() -> None:
    sweep = Sweep(
        grid={"method.momentum": [0.9], "method.nesterov": [True, False]},
        when={"method.momentum": {"method.name": ["sgd"]}, "method.nesterov": {"method.momentum": [0.9]}},
    )
    point = next(sweep.points())
    assert sweep.active(point, {"method.name": "sgd"}) == {"method.momentum": 0.9, "method.nesterov": True}
    assert sweep.active(point, {"method.name": "adam"}) == {}


@pytest.mark.parametrize("quoted", [True, False])
def test_tables_may_be_quoted_or_nested(quoted: bool) -> None:
    law = {"uniform": [0, 1]}
    when = {"method.name": ["sgd"]}
    quoted_form = {
        "grid": {"method.a": [1]},
        "random": {"n": 1, "space": {"method.b": law}},
        "when": {"method.a": when},
    }
    nested = {
        "grid": {"method": {"a": [1]}},
        "random": {"n": 1, "space": {"method": {"b": law}}},
        "when": {"method": {"a": {"method": {"name": ["sgd"]}}}},
    }
    sweep = sweep_from(quoted_form if quoted else nested)
    assert sweep.grid == {"method.a": [1]}
    assert sweep.random["space"] == {"method.b": law}
    assert sweep.when == {"method.a": when}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"grid": {"method.a": []}}, "at least one value"),
        ({"zip": {"method.a": [1, 2], "method.b": [1]}}, "lists of one length"),
        ({"grid": {"method.a": [1]}, "zip": {"method.a": [1]}}, "in one part only"),
        ({"random": {"n": 0, "space": {"method.a": {"uniform": [0, 1]}}}}, "positive integer"),
        ({"random": {"n": 1, "space": {"method.a": {"normal": [0, 1]}}}}, "uniform, loguniform, integers, choice"),
        ({"random": {"n": 1, "space": {"method.a": {"uniform": [1, 0]}}}}, "low <= high"),
        ({"random": {"n": 1, "space": {"method.a": {"loguniform": [0, 1]}}}}, "low > 0"),
        ({"random": {"n": 1, "space": {"method.a": {"integers": [0.5, 1]}}}}, "integers must be"),
        ({"random": {"n": 1, "seed": -1, "space": {"method.a": {"choice": [1]}}}}, "non-negative integer"),
        ({"when": {"method.a": {"method.name": "x"}}}, "one of the swept parameters"),
        ({"grid": {"sigma0": [1]}}, "must be method.<option>"),
        ({"grid": {"method.tolx": [1.0, np.inf]}}, r"grid.method.tolx\[1\] must be a finite number, got inf"),
        ({"zip": {"method.a": [datetime.date(2024, 1, 1), 0.1]}}, r"zip.method.a\[0\] must be a number, .*, got date"),
        ({"grid": {"method.a": [[1, {"b": {2}}]]}}, r"grid.method.a\[0\]\[1\].b must be a number, .*, got set"),
        ({"grid": {"method.a": {1, 2}}}, "must be a number, a word, a list or a table, got set"),
        ({"random": {"n": 1, "space": {"method.a": {"choice": [np.nan]}}}}, "must be a finite number, got nan"),
        ({"random": {"n": 1, "space": {"method.a": {"uniform": [0, 10**400]}}}}, "low <= high"),
        ({"random": {"n": 1, "space": [1]}}, "must be a table"),
        ({"grid": {"problem.n": [2, 2.5]}}, "must be positive integers, got 2.5"),
        ({"grid": {"method.name": ["cmaes", 1]}}, "must be names, got 1"),
        ([], "must be a table"),
    ],
)
def test_mistakes_are_named(table: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        sweep_from(table)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("seeds=3", ("seeds", 3, False)),
        ("method.lr=1e-3", ("method.lr", 1e-3, False)),
        ("method.a=true", ("method.a", True, False)),
        ("method.a=[1,2]", ("method.a", [1, 2], False)),
        ("methods=cmaes,l-bfgs-b", ("methods", ["cmaes", "l-bfgs-b"], True)),
        ("method.a='x,y'", ("method.a", "x,y", False)),
        ("method.a=[1,2],[3]", ("method.a", [[1, 2], [3]], True)),
        ("problem.n=range(3)", ("problem.n", [0, 1, 2], True)),
        ("problem.n=range(1,5)", ("problem.n", [1, 2, 3, 4], True)),
        ("problem.n=range(10,1,-4)", ("problem.n", [10, 6, 2], True)),
    ],
)
def test_overrides_read_as_typed(word: str, expected: tuple[str, Any, bool]) -> None:
    assert parse_override(word) == expected


def test_a_range_of_fractions_has_no_surplus_end() -> None:
    assert len(parse_override("method.a=range(0,1,0.1)")[1]) == 10


def test_values_of_numpy_are_numbers_like_others() -> None:
    space = {"method.lr": {"uniform": [np.float32(0), np.int64(1)]}}
    sweep = Sweep(
        grid={"method.popsize": [np.int64(10)], "method.a": np.array([0.5, 1]), "problem.n": range(2, 4)},
        zip={"method.b": (np.float32(0.5), np.bool_(True))},
        random={"n": np.int64(1), "seed": 0, "space": space},
        when={"method.lr": {"problem.n": [np.int64(2)]}},
    )
    assert Spec("s", [Problem("sphere", 3)], ["cmaes"], sweep=sweep).total == 8 * 9
    assert json.loads(json.dumps(sweep.to_dict())) == sweep.to_dict()
    assert sweep.grid == {"method.popsize": [10], "method.a": [0.5, 1.0], "problem.n": [2, 3]}


@pytest.mark.parametrize("word", ["seeds", "=3", "a=", "n=range()", "n=range(5,1)", "n=range(1,2,0)", "n=range(a,2)"])
def test_words_that_are_no_override(word: str) -> None:
    with pytest.raises(SpecError):
        parse_override(word)


@pytest.mark.parametrize(
    "inside",
    ["1,1000000000", "0,1e9", "1,1e9,0.5", "inf", "0,nan", "0,1,1e-320", "1000,1,-1e-9", "1,1e400", "1,9" + 400 * "0"],
)
def test_ranges_without_end_are_refused_before_they_are_made(inside: str) -> None:
    with pytest.raises(SpecError, match="range must "):
        parse_override(f"n=range({inside})")


def test_more_trials_than_anybody_can_run_are_refused_before_they_are_made() -> None:
    with pytest.raises(SpecError, match="at most 10000000 trials, got 12000000:"):
        Spec("s", [Problem("sphere", list(range(1, 13)))], ["cmaes"], seeds=10**6)


def test_random_draws_fill_every_part_of_their_range() -> None:
    space = {
        "method.a": {"uniform": [0.0, 1.0]}, "method.b": {"loguniform": [1e-4, 1.0]},
        "method.c": {"integers": [1, 10]}, "method.d": {"choice": ["x", "y"]},
    }  # fmt: skip
    points = list(Sweep(random={"n": 20, "seed": 3, "space": space}).points())
    places = sorted(20 * point["method.a"] for point in points)
    assert [int(place) for place in places] == list(range(20))
    decades = sorted(5 * (4 + np.log10(point["method.b"])) for point in points)
    assert [int(place) for place in decades] == list(range(20))
    assert Counter(point["method.c"] for point in points) == dict.fromkeys(range(1, 11), 2)
    assert Counter(point["method.d"] for point in points) == {"x": 10, "y": 10}
    fewer = {k: v for k, v in space.items() if k != "method.a"}
    again = list(Sweep(random={"n": 20, "seed": 3, "space": fewer}).points())
    assert [p["method.b"] for p in again] == [p["method.b"] for p in points]


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"random": {"n": 10**9, "space": {"method.lr": {"uniform": [0, 1]}}}}, "sweep.random.n"),
        ({"grid": {f"method.a{k}": list(range(10)) for k in range(9)}}, "sweep.grid.method.a0"),
        (
            {"grid": {"method.a": [1, 2]}, "random": {"n": 600_000, "space": {"method.lr": {"uniform": [0, 1]}}}},
            "sweep.random.n",
        ),
    ],
)
def test_more_points_than_anybody_can_run_are_refused_before_they_are_made(parts: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError, match="must leave at most 1000000 points") as refused:
        Sweep(**parts)
    assert named in str(refused.value)


CONDITIONS = {
    "method.nmae": (["snes"], r"sweep\.when\.method\.sigma0 .* has method\.nmae \(method\.name\?\)"),
    "method.name": (["sness"], r"method\.name is none of \['sness'\] in this study, but 'cmaes', 'snes'"),
    "method.popsize": ([11], r"method\.popsize is none of \[11\] in this study, but 10"),
    "method.restarts": ([4], r"method\.restarts is none of \[4\] in this study, but 'ipop', 3"),
    "problem.m": ([4], r"no method or problem of this study has problem\.m"),
}


def conditional(**condition: Any) -> Spec:
    grid = {"method.sigma0": [0.1, 1.0], "method.restarts": ["ipop", 3]}
    methods = [Method("cmaes"), Method("snes", {"popsize": 10})]
    sweep = Sweep(grid=grid, when={"method.sigma0": condition["when"]})
    return Spec("s", [Problem("sphere", 2)], methods, seeds=1, sweep=sweep)


@pytest.mark.parametrize("path", CONDITIONS)
def test_a_condition_that_nothing_can_meet_is_refused(path: str) -> None:
    allowed, words = CONDITIONS[path]
    with pytest.raises(SpecError, match=words):
        conditional(when={path: allowed})


def test_conditions_that_hold_for_none_together_are_refused() -> None:
    with pytest.raises(SpecError, match="hold for no method and problem together"):
        conditional(when={"method.popsize": [10], "method.name": ["cmaes"]})


@pytest.mark.parametrize(
    ("when", "total"),
    [({"method.name": ["snes", "sness"]}, 6), ({"method.popsize": 10}, 6), ({"method.restarts": [3]}, 6),
     ({"method.popsize": [None]}, 6), ({"problem.n": [2]}, 8)],
)  # fmt: skip
def test_conditions_that_something_meets_are_kept(when: dict[str, Any], total: int) -> None:
    assert conditional(when=when).total == total


def test_the_command_line_takes_conditional_parameters_out_with_their_methods() -> None:
    whole, without = load_spec("learning-rate"), load_spec("learning-rate", ["methods=adam"])
    assert "method.momentum" in whole.sweep.grid and without.sweep.grid == {} == without.sweep.when
    assert load_spec("learning-rate", ["methods=adam,momentum"]).sweep.when == whole.sweep.when
    with pytest.raises(SpecError, match="can never be met"):  # it was asked for in so many words
        load_spec("learning-rate", ["methods=sgd", "method.momentum=0.5,0.9"])


def test_a_value_from_the_command_line_takes_the_place_of_a_swept_one_and_its_condition() -> None:
    fixed = load_spec("learning-rate", ["methods=momentum", "method.momentum=0.5", "method.lr=0.1"])
    assert fixed.sweep.to_dict() == {} and fixed.methods[0].options == {"momentum": 0.5, "lr": 0.1}
    gridded = load_spec("learning-rate", ["method.lr=0.1,0.2"])
    assert gridded.sweep.grid["method.lr"] == [0.1, 0.2] and not gridded.sweep.random
