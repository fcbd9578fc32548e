"""The lesson on vanishing gradients: norms against theory and a pass of its own, and who trains what."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.lessons import vanishing_gradients as lesson
from tests.experiments.findings import finding


def test_norms_are_those_of_backpropagation_by_hand() -> None:
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(5, 64)), np.array([0, 3, 3, 9, 1])
    found = lesson.gradients(lesson.dense("tanh", "Xavier", 3), x, labels, seed=0)
    weights = [w for w, _ in found]
    outs = [x]
    for w in weights[:-1]:
        outs.append(np.tanh(outs[-1] @ w))
    logits = outs[-1] @ weights[-1]
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    back = (share - np.eye(10)[labels]) / len(x)
    for k in range(len(weights) - 1, -1, -1):
        np.testing.assert_allclose(found[k][1], outs[k].T @ back, rtol=1e-9, atol=1e-15)
        back = back @ weights[k].T * (1 - outs[k] ** 2)


def test_sigmoid_gradients_fall_by_about_a_quarter_per_layer() -> None:
    numbers = finding("vanishing-gradients").numbers
    # the slope of the sigmoid is at most 1/4, and Xavier's square matrices keep lengths on average
    assert 0.18 < numbers["sigmoid_factor_per_layer"] < 0.26
    assert numbers["sigmoid_first_over_last"] < 1e-8
    for depth in (8, 16, 32):
        fall = numbers[f"log10_first_sigmoid_Xavier_{depth}"] / depth
        assert fall == pytest.approx(np.log10(0.25), abs=0.06)


def test_relu_vanishes_explodes_or_stays_with_its_weights() -> None:
    numbers = finding("vanishing-gradients").numbers

    def first(net: str, init: str, depth: int) -> float:
        return numbers[f"log10_first_{net}_{init}_{depth}"]

    # half the units pass, so a layer changes lengths by std * sqrt(width / 2)
    for init, std in (("small", 0.01), ("unit", 1.0), ("Xavier", np.sqrt(1 / lesson.WIDTH))):
        growth = (first("ReLU", init, 32) - first("ReLU", init, 16)) / 16
        assert growth == pytest.approx(np.log10(std * np.sqrt(lesson.WIDTH / 2)), abs=0.06)
    assert -1.5 < first("ReLU", "Kaiming", 32) < 0.5
    assert abs(first("LeakyReLU", "Kaiming", 32) - first("ReLU", "Kaiming", 32)) < 0.5
    assert abs(first("tanh", "Xavier", 32)) < 2
    assert numbers["euler_spread"] < 1e-12


def test_frelu_lifts_faint_signals_only() -> None:
    numbers = finding("vanishing-gradients").numbers
    assert numbers["log10_first_conv_ReLU_small_32"] < -40
    assert -1 < numbers["log10_first_conv_FReLU_small_32"] < 4
    assert numbers["log10_first_conv_FReLU_unit_32"] > 15


def test_training() -> None:
    numbers = finding("vanishing-gradients").numbers
    assert numbers["guess_loss"] == pytest.approx(1.0863, abs=1e-3)
    # gradient descent stays where the answer ignores the input; the strategy does not
    assert numbers["loss_sigmoid_gradient_descent"] == pytest.approx(numbers["guess_loss"], abs=1e-3)
    assert numbers["solved_sigmoid_gradient_descent"] == 0
    assert numbers["loss_sigmoid_CR-FM-NES"] < numbers["loss_sigmoid_Adam"]
    assert numbers["loss_sigmoid_CR-FM-NES"] < 0.5 * numbers["guess_loss"]
    assert numbers["solved_sigmoid_CR-FM-NES"] >= numbers["solved_sigmoid_Adam"]
    assert numbers["evaluations_on_plateau_sigmoid_Adam"] < 0.5 * numbers["evaluations_on_plateau_sigmoid_CR-FM-NES"]
    # with tanh all get there, and gradients are quicker
    names = ("Adam", "gradient_descent", "CR-FM-NES")
    assert all(numbers[f"loss_tanh_{name}"] < 1e-3 for name in names)
    spent = [numbers[f"evaluations_to_solve_tanh_{name}"] for name in names]
    assert spent == sorted(spent) and spent[2] > 2 * spent[1]


def test_curves_never_rise_and_start_together() -> None:
    rows = finding("vanishing-gradients").drawings[2].rows
    for activation in ("sigmoid", "tanh"):
        for way in ("gradient descent", "Adam", "CR-FM-NES"):
            curve = [r["median_loss"] for r in rows if (r["activation"], r["way"]) == (activation, way)]
            assert len(curve) == 160 and np.all(np.diff(curve) <= 0)
