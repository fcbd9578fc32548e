"""The timing helper of the benchmarks, with a clock that is told what to show."""

import csv
import itertools

import numpy as np
import pytest

from experiments.benchmarks.timing import Goal, Measured, Work, draw, human, measure, table, write_rounds


def measured(**goals):
    work = Work("w", {"a": int, "b": int}, base="a", goals=[Goal("b", **goals)] if goals else ())
    return Measured(work, {"a": np.array([1.0, 2.0, 4.0]), "b": np.array([2.0, 3.0, 8.0])})


def test_every_way_is_called_in_every_round_in_turning_order():
    called = []
    work = Work("w", {"a": lambda: called.append("a"), "b": lambda: called.append("b")}, base="a", calls=2)
    clock = itertools.count(0.0, 3.0).__next__
    result = measure(work, rounds=3, warmup=1, clock=clock)
    assert called == [*"ab", *"aaabbb", *"bbbaaa", *"aaabbb"]
    assert {name: seconds.tolist() for name, seconds in result.seconds.items()} == {"a": [1.5] * 3, "b": [1.5] * 3}


def test_ratio_is_the_median_of_the_ratios_within_rounds():
    assert measured().ratio("b") == (2.0, 1.75, 2.0)
    assert measured().ratio("a", "b")[0] == 0.5
    assert measured().median("b") == 3.0


@pytest.mark.parametrize(
    ("goal", "outcome", "text"),
    [
        ({"limit": 2.5, "versus": "a"}, (2.0, True), "<= 2.5x a: 2x reached"),
        ({"limit": 1.5, "versus": "a"}, (2.0, False), "<= 1.5x a: 2x MISSED"),
        ({"limit": 4.0}, (3.0, True), "<= 4 s: 3 s reached"),
        ({"limit": 1.0, "versus": "peer"}, None, "<= 1x peer: not timed"),
    ],
)
def test_goals(goal, outcome, text):
    result = measured(**goal)
    assert result.outcome(result.work.goals[0]) == outcome
    assert text in table([result])


def test_files(tmp_path):
    results = [measured(limit=2.5, versus="a"), measured()]
    with write_rounds(results, tmp_path / "new" / "w.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert float(rows[1]["seconds"]) == 2.0
    for path in draw(results, tmp_path / "w", title="title"):
        assert path.stat().st_size > 1000


def test_bad_input_is_one_sentence():
    with pytest.raises(ValueError, match="base must be one of the candidates"):
        Work("w", {"a": int}, base="b")
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        measure(Work("w", {"a": int}, base="a"), rounds=0)
    with pytest.raises(ValueError, match="results must hold at least one measurement"):
        draw([], "nowhere")
    assert [human(t) for t in (2.0, 1.5e-3, 2.5e-6, 3e-9)] == ["2 s", "1.5 ms", "2.5 us", "3 ns"]
