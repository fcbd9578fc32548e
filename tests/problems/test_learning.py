"""Learning tasks: right against scikit-learn and by hand, learnable, seeded."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.optimize import minimize

import problems
from problems.learning import data
from problems.networks import Dense


def lbfgs(f, seed=0, **options):
    return minimize(f.value_and_grad, f.x0(seed), jac=True, method="L-BFGS-B", options={"maxiter": 500} | options)


@pytest.mark.parametrize(
    ("name", "classes", "examples"), [("breast_cancer", 2, 569), ("digits", 10, 1797), ("wine", 3, 178)]
)
def test_split_is_stratified_and_seeded(name, classes, examples):
    split = data.load(name)
    assert split is data.load(name)
    assert split.classes == classes
    assert len(split.y_train) + len(split.y_test) == examples
    for c in range(classes):
        held, all_ = (split.y_test == c).sum(), (split.y_test == c).sum() + (split.y_train == c).sum()
        assert abs(held - all_ / 4) <= 0.5
    other = data.load(name, split_seed=1)
    assert (split.x_test[:20] != other.x_test[:20]).any()
    rows = {row.tobytes() for row in split.x_train} & {row.tobytes() for row in split.x_test}
    assert not rows
    with pytest.raises(ValueError, match="read-only"):
        split.x_train[0] = 0
    with pytest.raises(ValueError, match="data must be one of breast_cancer, diabetes"):
        data.load("iris")


def test_digits_reach_93_percent():
    f = problems.get("digits-softmax")
    assert f.n == 650
    assert f.f_opt is None
    result = lbfgs(f)
    assert f.score_name == "test accuracy"
    assert f.score(result.x) > 0.95
    assert f.score(np.stack([result.x, f.x0(0)])).shape == (2,)


@pytest.mark.parametrize(
    ("name", "least"),
    [("breast-cancer-logistic", 0.95), ("wine-softmax", 0.95), ("wine-mlp", 0.95), ("breast-cancer-mlp", 0.95)],
)
def test_small_tasks_can_be_learned(name, least):
    f = problems.get(name)
    assert f.score(lbfgs(f).x) >= least


def test_conv_net_learns_the_digits():
    f = problems.get("digits-conv")
    assert f.score(lbfgs(f, maxiter=60).x) > 0.93


def test_conv_net_gradient():
    f = problems.get("digits-conv", first=2, second=3)
    x = f.x0(3)
    d, h = np.random.default_rng(0).choice([-1.0, 1.0], f.n), 1e-8
    value, slope = f.value_and_grad(x)
    assert value == pytest.approx(f(x), rel=1e-14)
    assert slope @ d == pytest.approx((f(x + h * d) - f(x - h * d)) / (2 * h), rel=1e-5)


def test_losses_against_scikit_learn():
    from sklearn.linear_model import LogisticRegression, Ridge

    l2 = 1e-2
    f = problems.get("diabetes-linear", l2=l2)
    split = data.load("diabetes")
    ridge = Ridge(alpha=l2 * len(split.y_train)).fit(split.x_train, split.y_train)
    np.testing.assert_allclose(f.x_opt, np.append(ridge.coef_, ridge.intercept_), atol=1e-12)
    assert f.score(f.x_opt) == pytest.approx(ridge.score(split.x_test, split.y_test))
    assert np.abs(f.value_and_grad(f.x_opt)[1]).max() < 1e-14
    f = problems.get("breast-cancer-logistic", l2=l2)
    split = data.load("breast_cancer")
    fit = LogisticRegression(C=1 / (l2 * len(split.y_train)), tol=1e-9, max_iter=10000).fit(
        split.x_train, split.y_train
    )
    x = np.append(fit.coef_[0], fit.intercept_)
    assert np.abs(f.value_and_grad(x)[1]).max() < 1e-6
    assert f.score(x) == pytest.approx(fit.score(split.x_test, split.y_test))


def test_softmax_loss_by_hand():
    f = problems.get("wine-softmax", l2=0.1)
    split = data.load("wine")
    x = f.x0(1) * 50
    w = x[: 3 * 13].reshape(3, 13)
    scores = split.x_train @ w.T + x[3 * 13 :]
    chance = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    expected = -np.log(chance[np.arange(len(scores)), split.y_train]).mean() + 0.05 * (w * w).sum()
    assert f(x) == pytest.approx(expected, rel=1e-13)


def test_mlp_by_hand():
    f = problems.get("wine-mlp", hidden=4, activation="sigmoid", l2=0.2)
    split = data.load("wine")
    x = f.x0(2) * 3
    w1, b1, rest = x[:52].reshape(4, 13), x[52:56], x[56:]
    w2, b2 = rest[:12].reshape(3, 4), rest[12:]
    h = 1 / (1 + np.exp(-(split.x_train @ w1.T + b1)))
    scores = h @ w2.T + b2
    chance = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    loss = -np.log(chance[np.arange(len(scores)), split.y_train]).mean()
    assert f(x) == pytest.approx(loss + 0.1 * ((w1 * w1).sum() + (w2 * w2).sum()), rel=1e-13)


@pytest.mark.parametrize("activation", ["elu", "gelu", "identity", "relu", "sigmoid", "softplus", "tanh"])
@pytest.mark.parametrize("init", ["kaiming", "normal", "small", "xavier", "zeros"])
def test_activations_and_initialisers(activation, init):
    f = problems.get("wine-mlp", activation=activation, init=init, hidden=5)
    x = f.x0(0)
    g = f.value_and_grad(x)[1]
    d = np.random.default_rng(0).standard_normal(f.n)
    if not (activation == "relu" and init == "zeros"):  # all units sit on the kink
        assert g @ d == pytest.approx((f(x + 1e-7 * d) - f(x - 1e-7 * d)) / 2e-7, rel=1e-4)
    stds = {"kaiming": np.sqrt(2 / 13), "normal": 1.0, "small": 0.01, "xavier": np.sqrt(2 / 1013), "zeros": 0.0}
    wide = problems.get("wine-mlp", activation=activation, init=init, hidden=1000).x0(1)
    assert wide[:13000].std() == pytest.approx(stds[init], rel=0.03)
    assert (wide[13000:14000] == 0).all()


def first_layer_gradient(**options):
    f = problems.get("wine-mlp", depth=8, hidden=16, l2=0.0, **options)
    return np.abs(f.value_and_grad(f.x0(0))[1][: 13 * 16]).mean()


def test_gradients_vanish_and_explode():
    healthy = first_layer_gradient(activation="tanh", init="xavier")
    assert first_layer_gradient(activation="sigmoid", init="xavier") < 1e-4 * healthy
    assert first_layer_gradient(activation="relu", init="normal") > 1e2 * healthy


def test_mini_batches():
    f = problems.get("wine-softmax", batch=10, seed=4)
    full = problems.get("wine-softmax")
    assert f.noisy
    assert not full.noisy
    x = f.x0(0)
    assert f.noiseless(x) == full(x)
    values = f(np.stack([x, x]))
    assert values[0] == values[1]  # one batch for all points of a call
    value, slope = problems.get("wine-softmax", batch=10, seed=4).value_and_grad(x)
    assert value == pytest.approx(values[0], rel=1e-14)
    assert f(x) != values[0]
    again = problems.get("wine-softmax", batch=10, seed=4)
    assert again(x) == values[0]
    assert pickle.loads(pickle.dumps(again))(x) == again(x)
    # an epoch of equal batches averages to the loss over the examples it saw
    one = problems.get("wine-softmax", batch=1)
    examples = len(data.load("wine").y_train)
    assert np.mean([one(x) for _ in range(examples)]) == pytest.approx(full(x), rel=1e-12)
    slopes = np.mean([one.value_and_grad(x)[1] for _ in range(examples)], axis=0)
    np.testing.assert_allclose(slopes, full.value_and_grad(x)[1], rtol=1e-9, atol=1e-12)
    assert slope.shape == (f.n,)


def test_network_layers_and_stacks():
    net = Dense((3, 4, 2))
    assert net.n == 3 * 4 + 4 + 4 * 2 + 2
    rng = np.random.default_rng(0)
    x, inputs = rng.standard_normal((2, 5, net.n)), rng.standard_normal((3, 7))
    outputs, squares = net(x, inputs)
    assert outputs.shape == (2, 5, 2, 7)
    assert squares.shape == (2, 5)
    np.testing.assert_array_equal(outputs[1, 2], net(x[1, 2], inputs)[0])
