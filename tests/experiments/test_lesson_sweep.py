"""The lesson that sweeps an engineering model: a real kill, nothing lost, and the numbers that its text claims."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import load_spec
from experiments.lessons import engineering_sweep as lesson
from experiments.trial import make_trials
from problems.engineering.sizing import MATERIALS, SECTION_SHAPES
from tests.experiments.findings import finding


def test_a_kill_loses_nothing_and_repeats_nothing() -> None:
    numbers = finding("engineering-sweep").numbers
    assert numbers["trials"] == 120
    assert 40 <= numbers["finished_at_the_kill"] < 120
    assert numbers["lost"] == numbers["run_twice"] == numbers["largest_difference"] == 0
    assert numbers["order_kept"] == 1


def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in finding("engineering-sweep").drawings[0].rows]


def pairs(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Trusses that differ in one setting only."""
    others = [other for other in lesson.SETTINGS if other != name]
    for one, two in itertools.permutations(rows(), 2):
        if all(one[other] == two[other] for other in others):
            yield one, two


def test_weights_follow_mechanics() -> None:
    numbers = finding("engineering-sweep").numbers
    weights = [row["weight"] for row in rows()]
    assert len(weights) == 60
    assert numbers["lightest"] == min(weights) == pytest.approx(2904.3, abs=1)
    assert numbers["heaviest"] == max(weights) == pytest.approx(18178, abs=30)
    # to what two searches may miss: what is allowed to move more, or buckles later, or is only stronger, is no heavier
    order = list(SECTION_SHAPES)
    for one, two in pairs("deflection"):
        assert one["deflection"] > two["deflection"] or two["weight"] < 1.03 * one["weight"]
    for one, two in pairs("section"):
        assert order.index(one["section"]) > order.index(two["section"]) or two["weight"] < 1.03 * one["weight"]
    for one, two in pairs("material"):
        if (one["material"], two["material"]) == ("steel-A36", "steel-A514"):
            assert two["weight"] < 1.03 * one["weight"]


def test_every_design_uses_a_limit_and_passes_none() -> None:
    for row in rows():
        used = [row[f"{name} used"] for name in lesson.LIMITS]
        assert max(used) == pytest.approx(1.0, abs=1e-9)
        assert lesson.reached(row)


def test_importance() -> None:
    numbers = finding("engineering-sweep").numbers
    shares = {name: numbers[f"explained_by_{name}"] for name in lesson.SETTINGS}
    assert shares["section"] > shares["deflection"] > shares["material"]
    assert sum(shares.values()) < 1
    assert numbers["largest_spread"] < 0.1
    limited = [numbers[f"limited_by_{name}"] for name in lesson.LIMITS]
    assert limited[2] > limited[1] > 0
    assert limited[0] > limited[1]


def test_table_has_the_best_of_each_material() -> None:
    table = finding("engineering-sweep").table
    assert table is not None
    assert [row[0] for row in table.rows] == list(MATERIALS)
    least = {name: min(row["weight"] for row in rows() if row["material"] == name) for name in MATERIALS}
    assert [row[1] for row in table.rows] == [f"{least[name]:.0f}" for name in MATERIALS]


def test_the_file_of_the_sweep(tmp_path: Path) -> None:
    spec = tmp_path / "truss.toml"
    spec.write_text(lesson.SPEC)
    trials = make_trials(load_spec(spec))
    assert len({trial["key"] for trial in trials}) == 120
    assert {trial["params"]["problem.material"] for trial in trials} == set(MATERIALS)


def test_a_sweep_that_ends_by_itself_is_no_kill(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "raise SystemExit('no such sweep')"]
    with pytest.raises(RuntimeError, match=r"was to be killed and ended by itself: .*no such sweep"):
        lesson.kill_after(words, tmp_path, 1)
    with pytest.raises(RuntimeError, match=r"the sweep failed: .*no such sweep"):
        lesson.go_on(words)


def test_ticks_of_an_outcome() -> None:
    places, ticks = lesson.outcome_column([100.0, 1000.0, 10_000.0])
    np.testing.assert_allclose(places, [0.0, 0.5, 1.0])
    assert [word for _, word in ticks] == ["100", "316", "1,000", "3,162", "10,000"]
    assert [lesson.inches(x) for x in (1.0, 2.0, 0.5)] == ["1 inch", "2 inches", "0.5 inches"]
