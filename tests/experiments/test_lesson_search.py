"""Lesson 10: ellipses that learn the valley, the natural gradient, and the race over n."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import problems
from es.parts.parameters import utilities
from es.strategies.nes import NES
from experiments.lessons import search, search_gradient, search_race
from experiments.lessons.search_race import DIFFERENCES, GROUNDS, TAPE, VALUES, Ground, crossing
from tests.experiments.findings import finding


@pytest.fixture(scope="module")
def gradients() -> dict[str, float | int]:
    return dict(search_gradient.study().numbers)


def ground(key: str) -> Ground:
    return next(g for g in GROUNDS if g.key == key)


def test_the_search_gradient_is_the_derivative_of_the_log_density(gradients: dict[str, float | int]) -> None:
    assert gradients["search_gradient_error"] < 1e-12


def test_the_fisher_matrix_is_that_of_samples() -> None:
    theta = np.array([0.4, -1.0, 0.3])
    z = np.random.default_rng(0).standard_normal((200_000, 2))
    score = np.column_stack([z, (z * z).sum(1) - 2]) / theta[-1]  # one row per point
    g = score[0]
    np.testing.assert_allclose(
        search_gradient.natural(theta, g), np.linalg.solve(score.T @ score / len(z), g), rtol=0.03, atol=0.005
    )


def test_the_natural_gradient_is_that_of_nes() -> None:
    rng, u = np.random.default_rng(3), utilities(20)
    z, theta = rng.standard_normal((20, 2)), np.array([1.0, 2.0, 0.01])
    step = search_gradient.natural(theta, search_gradient.search_gradient(theta, z, u))
    opt = NES(theta[:-1], theta[-1], popsize=20, rng=1, fisher_samples=200_000)
    delta, M = opt.direction(z)
    np.testing.assert_allclose(step[:-1] / theta[-1], delta, rtol=0.05, atol=0.01)
    np.testing.assert_allclose(step[-1] / theta[-1], 0.5 * np.trace(M) / 2, rtol=0.05, atol=0.01)


def test_the_plain_gradient_is_thrown_out_and_the_natural_one_converges(gradients: dict[str, float | int]) -> None:
    assert gradients["search_slope"] == pytest.approx(-2, abs=1e-6)
    assert gradients["natural_slope"] == pytest.approx(0, abs=1e-6)
    assert gradients["search_step_at_0.01"] == pytest.approx(1e4 * gradients["natural_step_at_0.01"], rel=1e-9)
    assert gradients["search_step_at_1"] == pytest.approx(gradients["natural_step_at_1"], rel=1e-12)
    assert gradients["search_least_spread"] > 1e-3 and gradients["search_final_distance"] > 0.1
    assert gradients["natural_least_spread"] < 1e-7 and gradients["natural_final_distance"] < 1e-7
    assert gradients["search_longest_step"] > 30 > 3 > gradients["natural_longest_step"]


def test_ellipses_take_the_shape_of_the_valley() -> None:
    found = search.ellipses()
    numbers = found.numbers
    # Hessian at (1, 1): [[802, -400], [-400, 200]], trace 1002 and determinant 400
    large = (1002 + np.sqrt(1002**2 - 1600)) / 2
    assert numbers["valley_axis_ratio"] == pytest.approx(np.sqrt(large / (400 / large)), rel=1e-9)
    assert numbers["cmaes_arrived"] == numbers["xnes_arrived"] == search.RUNS
    assert numbers["gaussian_arrived"] == 0 and numbers["gaussian_axis_ratio"] == pytest.approx(1)
    assert numbers["gaussian_median_value"] > 1e-4
    for name in ("cmaes", "xnes"):
        assert 500 < numbers[f"{name}_evaluations"] < 2500
        assert 15 < numbers[f"{name}_axis_ratio"] < 150
        assert numbers[f"{name}_degrees_off"] < 3
    assert "gaussian_evaluations" not in numbers and "Gaussian ES more than 10000" in found.text
    assert len(found.drawings[0].rows) == len(search.METHODS) * len(search.SHOWN)


@pytest.mark.heavy
def test_the_ellipses_move(tmp_path: Path) -> None:
    from PIL import Image

    objective = problems.get("rosenbrock", n=2)
    paths = [search.recorded(objective, "cmaes", "CMA-ES")]
    with Image.open(search._animate(tmp_path / "new" / "x.gif", objective, paths)) as picture:
        assert 30 < picture.n_frames <= 60  # pictures that are alike are one


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [2, 3, 4], None),
        ([1, 2, 3], [2, 1, 1], (2, 4)),
        ([1, 5, 3], [2, 3, 4], (4, 8)),
        ([np.inf, np.inf, 1], [1, np.inf, 2], (4, 8)),
    ],
)
def test_crossing(first: list[float], second: list[float], expected: tuple[int, int] | None) -> None:
    assert crossing([2, 4, 8], first, second) == expected


def test_measured_gradients_cost_n_and_are_as_good_as_the_noise_lets_them() -> None:
    f, g = search_race.noisy(4, measured=True).value_and_grad(np.full(4, 3.0))
    true = problems.get("sphere", n=4, shifted=True, rotated=True, conditioned=100.0, seed=1)
    assert abs(f - true(np.full(4, 3.0))) < 6 * search_race.NOISE
    exact = true.value_and_grad(np.full(4, 3.0))[1]
    bend = 100.0 * search_race.DIFFERENCE  # half the largest curvature times the step
    assert np.abs(g - exact).max() < bend + 6 * np.sqrt(2) * search_race.NOISE / search_race.DIFFERENCE
    assert (search_race.stairs(3).value_and_grad(np.ones(3))[1] == 0).all()


def test_a_smooth_function_calls_for_its_gradient() -> None:
    result = search_race.race(replace(ground("smooth"), sizes=(2, 8)))
    assert crossing(result.sizes, result.ert[VALUES], result.ert[TAPE]) is None
    assert result.ert[TAPE][0] < result.ert[VALUES][0] and 5 * result.ert[TAPE][1] < result.ert[VALUES][1]
    # with 4 evaluations for a gradient and with n the runs are the same: (1 + 4) k against (1 + n) k
    assert result.ert[DIFFERENCES] == pytest.approx([result.ert[TAPE][0] * 3 / 5, result.ert[TAPE][1] * 9 / 5])
    # at the price of a gradient that evens both out, the evaluations are the same
    assert result.ert[TAPE][1] / 5 * (1 + result.price[1]) == pytest.approx(result.ert[VALUES][1])


def test_steps_have_no_slope() -> None:
    result = search_race.race(replace(ground("steps"), sizes=(8,)))
    assert np.isfinite(result.ert[VALUES][0]) and result.ert[TAPE] == [np.inf] and result.ert[DIFFERENCES] == [np.inf]


def test_noise_drowns_differences() -> None:
    result = search_race.race(replace(ground("noise"), sizes=(2, 16)))
    assert result.ert[DIFFERENCES][0] > result.ert[VALUES][0] and result.ert[DIFFERENCES][1] == np.inf
    assert result.ert[TAPE][1] < result.ert[VALUES][1] < np.inf


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_the_whole_lesson() -> None:
    found = finding("search")
    numbers = found.numbers
    for n in ground("smooth").sizes:
        assert numbers[f"smooth_{n}_autodiff"] < numbers[f"smooth_{n}_values"]
    lead = [numbers[f"smooth_{n}_values"] / numbers[f"smooth_{n}_autodiff"] for n in (2, 24)]
    assert lead[0] > 1.2 and lead[1] > 10 and "smooth_crossing_low" not in numbers
    assert numbers["smooth_24_price"] > 5 * numbers["smooth_2_price"]
    assert numbers["minima_1_autodiff"] < numbers["minima_1_values"]
    assert numbers["minima_6_values"] < 0.2 * numbers.get("minima_6_autodiff", np.inf)
    assert numbers["minima_crossing_low"] in (1, 2)
    assert numbers["ripples_8_values"] < numbers.get("ripples_8_autodiff", np.inf)
    assert numbers["ripples_32_autodiff"] < 0.1 * numbers["ripples_32_values"]
    assert 8 <= numbers["ripples_crossing_low"] <= 12
    for n in ground("noise").sizes:
        assert numbers[f"noise_{n}_autodiff"] < numbers[f"noise_{n}_values"]
        assert numbers[f"noise_{n}_values"] < numbers.get(f"noise_{n}_differences", np.inf)
    for n in ground("steps").sizes:
        assert numbers[f"steps_{n}_values"] < numbers.get(f"steps_{n}_autodiff", np.inf)
    assert [drawing.name for drawing in found.drawings] == ["ellipses", "search-gradient", "race"]
    low, high = (numbers[f"ripples_crossing_{end}"] for end in ("low", "high"))
    assert f"between n = {low} and n = {high}" in found.text
