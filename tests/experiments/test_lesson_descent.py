"""The lesson on descent: runs against closed forms, and the order that the text tells."""

from __future__ import annotations

import numpy as np
import pytest

from autodiff.optim import SGD
from experiments.lessons import descent_runs as runs
from tests.experiments.findings import finding


@pytest.mark.parametrize("label", runs.RATES)
def test_learning_rates_do_what_the_closed_form_says(label: str) -> None:
    curvature = np.array([1.0, runs.STEEP])
    shrink = (1 - runs.RATES[label] * curvature) ** (2 * runs.RATE_STEPS)
    expected = 0.5 * (curvature * runs.RATE_START**2 * shrink).sum()
    assert finding("descent").numbers[f"f_rate_{label.replace(' ', '_')}"] == pytest.approx(expected, rel=1e-9)


def test_rates_are_too_small_right_and_too_large() -> None:
    numbers = finding("descent").numbers
    start = float(runs.bowl(runs.STEEP)[0](runs.RATE_START))
    assert numbers["f_rate_right"] < 0.01 * numbers["f_rate_too_small"]
    assert numbers["f_rate_too_small"] < start < numbers["f_rate_too_large"]
    assert runs.RATES["right"] < numbers["largest_stable_rate"] < runs.RATES["too large"]


def test_fewer_examples_are_quicker_and_less_exact() -> None:
    numbers = finding("descent").numbers
    seen = [numbers[f"examples_{label.replace(' ', '_')}"] for label in runs.BATCHES]
    assert seen[0] > 5 * seen[1] > 25 * seen[2] > 0
    assert seen[0] % numbers["examples"] == 0 and seen[1] % 32 == 0
    assert numbers["left_Single_examples"] > 20 * numbers["left_Mini-batches_of_32"]


def test_what_single_examples_leave_falls_with_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    start = np.array([0.4, 0.4])
    coarse = np.median(runs.batch_path("", 1, start)[1][1000:])
    monkeypatch.setattr(runs, "BATCH_RATE", runs.BATCH_RATE / 10)
    fine = np.median(runs.batch_path("", 1, start)[1][1000:])
    assert fine < 0.3 * coarse


def test_momentum_passes_a_local_minimum() -> None:
    numbers = finding("descent").numbers
    for name, near in (("plain", -2.29), ("passing", 5.09)):
        x = numbers[f"valley_{name}"]
        assert x == pytest.approx(near, abs=0.01)
        assert 2 * x * np.sin(x) + x * x * np.cos(x) == pytest.approx(0, abs=1e-6)
        assert numbers[f"valley_{name}_f"] == pytest.approx(x * x * np.sin(x), rel=1e-12)
    assert numbers["least_momentum_that_passes"] == runs.PASSING
    assert numbers["valley_passing_f"] < numbers["valley_plain_f"]


def test_rules_that_scale_coordinates_depend_on_the_axes() -> None:
    numbers = finding("descent").numbers
    for rule in ("Plain_descent", "Momentum_0.9"):
        assert numbers[f"ravine_along_{rule}"] == numbers[f"ravine_across_{rule}"]
    assert numbers["ravine_along_Adagrad"] * 20 < numbers["ravine_across_Adagrad"]
    assert numbers["ravine_along_RMSprop"] * 1.3 < numbers["ravine_across_RMSprop"]
    assert numbers["ravine_along_Momentum_0.9"] * 2 < numbers["ravine_along_Plain_descent"]
    assert 0.3 < numbers["unrest_RMSprop"] < 3
    evaluations = [numbers[f"ravine_evaluations_{where}_CMA-ES"] for where in ("along", "across")]
    assert 0.6 < evaluations[0] / evaluations[1] < 1.6
    assert max(evaluations) < 5 * numbers["ravine_across_Momentum_0.9"]


def test_plain_descent_in_the_ravine_takes_the_steps_of_the_closed_form() -> None:
    numbers = finding("descent").numbers
    lr, steps = numbers["rate_along_Plain_descent"], int(numbers["ravine_along_Plain_descent"])
    curvature = np.array([1.0, runs.CONDITION])

    def value(k: int) -> float:
        return float(0.5 * (curvature * (runs.RAVINE_START * (1 - lr * curvature) ** k) ** 2).sum())

    assert value(steps) <= runs.RAVINE_TARGET < value(steps - 1)


def test_ways_off_the_saddle() -> None:
    numbers = finding("descent").numbers
    cost = {name: numbers[f"saddle_evaluations_{name}"] for name in ("Plain_descent", "With_noise", "Momentum_0.9")}
    for name in ("Adam", "CMA-ES", "SNES"):
        assert 4 * numbers[f"saddle_evaluations_{name}"] < cost["Plain_descent"]
    assert 2 * cost["With_noise"] < cost["Plain_descent"]
    assert 2 * cost["Momentum_0.9"] < cost["Plain_descent"]
    assert numbers["furthest_from_ridge"] == 0.0
    # near the saddle a step multiplies the distance from the ridge by 1 + lr
    extra = numbers["saddle_steps_plain_nearer"] - numbers["saddle_steps_plain"]
    assert extra == pytest.approx(np.log(1 / runs.OFFSET) / np.log(1 + runs.SADDLE_RATE), abs=1.5)


@pytest.mark.parametrize(
    ("values", "steps"), [([3, 1, 2, 1, 0], 3), ([0, 0], 0), ([1, np.nan], 2), ([np.nan, 1], 1), ([0, 2], 2)]
)
def test_settled(values: list[float], steps: int) -> None:
    assert runs.settled(np.array(values, dtype=float), 1.5) == steps
    assert runs.settled(np.array(values, dtype=float)[:, None], 1.5).tolist() == [steps]


def test_descend_records_start_and_end() -> None:
    objective, _ = runs.bowl(1.0)
    points, values = runs.descend(objective, SGD(0.5), np.array([4.0, 0.0]), 2)
    assert points[:, 0].tolist() == [4, 2, 1] and values.tolist() == [8, 2, 0.5]


def test_paths_end_where_the_caption_says() -> None:
    ravine, saddle = finding("descent").drawings[3:]
    assert ravine.motion is not None and saddle.motion is not None
    objective, _ = runs.ravine(True)
    ends = {row["path"]: [row["x1"], row["x2"]] for row in ravine.rows}
    assert set(ends) == {"Momentum 0.9", "Adagrad", "RMSprop", "Adam"}
    for x in ends.values():
        assert objective(np.array(x)) <= runs.RAVINE_TARGET
    for row in {row["path"]: row for row in saddle.rows}.values():
        assert abs(abs(row["x2"]) - 1) < 0.2 and abs(row["x1"]) < 0.2


def test_motion(tmp_path) -> None:
    from PIL import Image

    saddle = finding("descent").drawings[4]
    assert saddle.motion is not None
    file = saddle.motion(tmp_path / "saddle.gif")
    assert file.stat().st_size < 1_200_000
    with Image.open(file) as picture:
        assert picture.n_frames > 20
