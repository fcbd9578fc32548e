"""The lesson on the computational graph: values, slopes and memory against formulas and counts of its own."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.lessons import computational_graph as lesson
from tests.experiments.findings import finding


def objective(w1: np.ndarray, w2: np.ndarray, x: np.ndarray = lesson.X) -> float:
    o = w2 @ np.tanh(w1 @ x)
    return float(0.5 * ((o - lesson.Y) ** 2).sum() + 0.5 * lesson.STRENGTH * ((w1**2).sum() + (w2**2).sum()))


def test_slopes_are_those_of_the_chain_rule_written_out() -> None:
    values, slopes = lesson.values_and_slopes()
    h = np.tanh(lesson.W1 @ lesson.X)
    at_o = lesson.W2 @ h - lesson.Y
    at_h = lesson.W2.T @ at_o
    at_z = at_h * (1 - h * h)
    expected = {
        "o": at_o,
        "h": at_h,
        "z": at_z,
        "W1": np.outer(at_z, lesson.X) + lesson.STRENGTH * lesson.W1,
        "W2": np.outer(at_o, h) + lesson.STRENGTH * lesson.W2,
        "x": lesson.W1.T @ at_z,
        **dict.fromkeys("LsJ", np.ones(())),
    }
    assert expected.keys() == slopes.keys() == values.keys()
    for name, slope in expected.items():
        assert slopes[name].shape == values[name].shape
        np.testing.assert_allclose(slopes[name], slope, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["W1", "W2"])
def test_slopes_of_weights_agree_with_differences(name: str) -> None:
    _, slopes = lesson.values_and_slopes()
    weights = {"w1": lesson.W1, "w2": lesson.W2}
    for place in np.ndindex(slopes[name].shape):
        ends = []
        for h in (1e-5, -1e-5):
            moved = weights | {name.lower(): weights[name.lower()].copy()}
            moved[name.lower()][place] += h
            ends.append(objective(**moved))
        assert slopes[name][place] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-9)


def test_numbers() -> None:
    numbers = finding("computational-graph").numbers
    assert numbers["J"] == pytest.approx(objective(lesson.W1, lesson.W2), rel=1e-14)
    assert numbers["L"] + numbers["s"] == pytest.approx(numbers["J"], rel=1e-14)


def test_memory_of_forward_alone_is_flat_and_the_history_grows_by_an_array_per_layer() -> None:
    numbers = finding("computational-graph").numbers
    # input and output of the layer at work, and the product between them
    assert numbers["forward_arrays_shallow"] == pytest.approx(3, abs=0.1)
    assert numbers["forward_arrays_deep"] == pytest.approx(3, abs=0.1)
    assert numbers["recorded_arrays_per_layer"] == pytest.approx(1, abs=0.05)
    # the gradient of a layer's weights takes WIDTH / BATCH of an array and stays
    assert numbers["both_arrays_per_layer"] == pytest.approx(1 + lesson.WIDTH / lesson.BATCH, abs=0.05)
    assert numbers["times_more_memory"] > 10


def test_what_a_node_keeps() -> None:
    numbers = finding("computational-graph").numbers
    kept = {name: numbers[f"kept_by_{name}"] for name in lesson.OPERATIONS}
    free = {"x + 1", "2 x", "sum(x)"}
    assert kept.pop("x @ fixed W") == pytest.approx(lesson.WIDTH / lesson.BATCH, abs=0.02)  # a copy of W
    assert {name for name, size in kept.items() if size < 0.02} == free
    assert all(size == pytest.approx(1, abs=0.02) for name, size in kept.items() if name not in free)


def test_table_and_drawing_name_every_node() -> None:
    found = finding("computational-graph")
    assert found.table is not None
    names = {row[0] for row in found.table.rows}
    assert names == {"x", "W1", "W2", "z", "h", "o", "L", "s", "J"}
    drawn = {text.get_text() for text in found.drawings[0].figure.axes[0].texts}
    assert names <= drawn and {"3 × 2", "2 × 3", "scalar"} <= drawn
