"""The lesson on gradients of images: the numbers that its text claims."""

from __future__ import annotations

import numpy as np

import problems
from experiments.lessons.image_gradients import FOUND, IMAGE, STARTS, Recorder, sobel_by_convolution
from problems.images import photo
from tests.experiments.findings import finding


def test_numbers() -> None:
    numbers = finding("image-gradients").numbers
    assert numbers["difference_of_convolution"] < 1e-15
    assert 0.85 < numbers["agreement_of_sobel"] < 0.95
    assert 0.35 < numbers["share_of_strongest_tenth"] < 0.5
    assert numbers["distance_before"] > 9
    for way in ("exact", "sobel", "cmaes"):
        assert numbers[f"distance_after_{way}"] < 0.02
        assert numbers[f"from_zero_{way}"] < 250
    # the gradient is cheap where it arrives, the other arrives more often
    assert numbers["cost_exact"] < numbers["cost_cmaes"]
    assert numbers["cost_sobel"] < numbers["cost_cmaes"]
    assert 11 <= numbers["found_exact"] < numbers["found_cmaes"] <= numbers["starts"] == STARTS
    assert 11 <= numbers["found_sobel"] < numbers["found_cmaes"]


def test_text_and_table_tell_the_numbers() -> None:
    found = finding("image-gradients")
    assert found.table is not None
    assert found.table.rows[0][1] == f"{found.numbers['found_exact']} of {STARTS}"
    assert f"and CMA-ES {found.numbers['cost_cmaes']:.0f}." in found.text
    assert "pixels up and 8.3 left" in found.text


def test_sobel_of_a_slope() -> None:
    down, right = np.meshgrid(np.arange(6.0), np.arange(7.0), indexing="ij")
    slopes = sobel_by_convolution(0.3 * down - 0.2 * right)
    np.testing.assert_allclose(slopes[0], 0.3)
    np.testing.assert_allclose(slopes[1], -0.2)


def test_differences_are_those_of_the_picture() -> None:
    """Before and after in the figure's data: the mean squares are the errors."""
    found = finding("image-gradients")
    rows = found.drawings[0].rows
    before = np.mean([row["before"] ** 2 for row in rows])
    after = np.mean([row["after"] ** 2 for row in rows])
    np.testing.assert_allclose(before, found.numbers["error_before"])
    assert after < 1e-5 * before


def test_recorder_keeps_improvements() -> None:
    objective = problems.get("registration", image=IMAGE)
    recorder = Recorder(objective)
    assert objective.x_opt is not None
    recorder(np.zeros(3))
    recorder(np.stack([np.full(3, 9.0), objective.x_opt]))
    recorder.value_and_grad(np.zeros(3))
    assert recorder.costs == [1, 3]
    np.testing.assert_array_equal(recorder.points, [np.zeros(3), objective.x_opt])


def test_the_photograph_is_at_hand() -> None:
    """No network: scikit-learn brings the file, matplotlib's own requirement pillow opens it."""
    assert photo(IMAGE).shape == (142, 213)
    assert FOUND < 1
