"""Layers, activations, losses, initialisers, and models as functions of named and of flat parameters."""

import pickle

import numpy as np
import pytest

import autodiff as ad
from autodiff import nn
from autodiff.optim import Adam

rng = np.random.default_rng(0)

ACTIVATIONS = {
    "sigmoid": (nn.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "tanh": (nn.tanh, np.tanh),
    "relu": (nn.relu, lambda x: x * (x > 0)),
    "leaky_relu": (lambda x: nn.leaky_relu(x, 0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
    "elu": (lambda x: nn.elu(x, 1.5), lambda x: np.where(x > 0, x, 1.5 * (np.exp(x) - 1))),
    "gelu": (nn.gelu, None),
    "softplus": (nn.softplus, lambda x: np.log(1 + np.exp(x))),
    "prelu": (lambda x: nn.prelu(x, np.array([0.2, 0.3, 0.4, 0.5, 0.6])), None),
}


def first_and_second(f, x):
    """Gradient and Hessian times ones of sum(sin(f(x))), which is not piecewise linear."""

    def total(x):
        return np.sin(f(x)).sum()

    g = ad.grad(total)
    return total, g(x), ad.grad(lambda x: g(x).sum())(x), g


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    f, formula = ACTIVATIONS[name]
    x = rng.standard_normal((4, 5))
    if formula is not None:
        np.testing.assert_allclose(f(x), formula(x), rtol=1e-12)
    total, g, second, gradient = first_and_second(f, x)
    d = rng.standard_normal(x.shape)
    h = 1e-5
    np.testing.assert_allclose((g * d).sum(), (total(x + h * d) - total(x - h * d)) / (2 * h), rtol=1e-7)
    moved = (gradient(x + h * d).sum() - gradient(x - h * d).sum()) / (2 * h)
    np.testing.assert_allclose((second * d).sum(), moved, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "prelu"])
def test_activations_keep_float32_and_do_not_overflow(name):
    f = ACTIVATIONS[name][0]
    x = np.array([-1000.0, -1.0, 0.0, 1.0, 1000.0], np.float32)
    y, pull = ad.vjp(f, x)
    assert y.dtype == np.float32
    g = pull(np.ones_like(y))
    assert g.dtype == np.float32
    assert np.isfinite(y).all()
    assert np.isfinite(g).all()


def test_slopes_at_zero():
    at_zero = {name: float(ad.grad(f)(0.0)) for name, (f, _) in ACTIVATIONS.items() if name != "prelu"}
    assert at_zero["relu"] == 0.0
    assert at_zero["leaky_relu"] == pytest.approx(0.1)
    assert at_zero["elu"] == pytest.approx(1.5)
    assert at_zero["softplus"] == pytest.approx(0.5)


LOSSES = {
    "mse": (nn.mse, lambda d: d**2),
    "mae": (nn.mae, np.abs),
    "huber": (lambda y, t: nn.huber(y, t, 0.7), lambda d: np.where(abs(d) <= 0.7, d**2 / 2, 0.7 * (abs(d) - 0.35))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_mean_over_the_data_and_keep_the_population(name):
    loss, formula = LOSSES[name]
    y, target = rng.standard_normal((3, 5, 2)), rng.standard_normal((5, 2))
    expected = formula(y - target).mean(axis=(1, 2))
    np.testing.assert_allclose(loss(y, target), expected)
    np.testing.assert_allclose(loss(y[0], target), expected[0])
    g = ad.vjp(lambda y: loss(y, target), y)[1](np.ones(3))
    d, h = rng.standard_normal(y.shape), 1e-6
    moved = (loss(y + h * d, target) - loss(y - h * d, target)).sum() / (2 * h)
    np.testing.assert_allclose((g * d).sum(), moved, rtol=1e-6)


def test_huber_second_derivative_is_one_inside_and_zero_outside():
    second = ad.grad(lambda y: ad.grad(lambda y: nn.huber(y, np.zeros(2)))(y).sum())
    np.testing.assert_allclose(second(np.array([0.5, 3.0])), [0.5, 0.0])


def test_cross_entropy_of_classes_and_of_probabilities():
    z, labels = rng.standard_normal((3, 6, 4)), np.array([0, 3, 1, 1, 2, 0])
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    expected = -np.log(p[:, np.arange(6), labels]).mean(-1)
    np.testing.assert_allclose(nn.cross_entropy(z, labels), expected)
    np.testing.assert_allclose(nn.cross_entropy(z, np.eye(4)[labels]), expected)
    np.testing.assert_allclose(nn.cross_entropy(z[0], labels), expected[0])
    assert nn.cross_entropy(np.array([[1e5, 0.0]]), np.array([1])) == 1e5


def test_l2():
    theta = rng.standard_normal((3, 4))
    np.testing.assert_allclose(nn.l2(theta), 0.5 * (theta**2).sum(-1))
    np.testing.assert_allclose(ad.grad(nn.l2)(theta), theta)


@pytest.mark.parametrize(
    ("draw", "variance", "bounded"),
    [
        (nn.xavier_uniform, 2 / 700, True),
        (nn.xavier_normal, 2 / 700, False),
        (nn.kaiming_uniform, 2 / 300, True),
        (nn.kaiming_normal, 2 / 300, False),
    ],
)
def test_initialisers_have_their_variance(draw, variance, bounded):
    w = draw((300, 400), rng=1)
    assert w.var() == pytest.approx(variance, rel=0.02)
    assert abs(w.mean()) < 4 * np.sqrt(variance / w.size)
    assert (np.abs(w).max() <= np.sqrt(3 * variance)) == bounded
    np.testing.assert_array_equal(draw((300, 400), rng=1), w)
    np.testing.assert_allclose(
        draw((300, 400), rng=1, gain=nn.gain("linear")), w / (1 if "xavier" in draw.__name__ else 2**0.5)
    )


def test_gain_and_fans():
    assert nn.gain("tanh") == pytest.approx(5 / 3)
    assert nn.gain("leaky_relu", 0.0) == pytest.approx(nn.gain("relu"))
    assert nn.fans((16, 8, 5, 3)) == (120, 240)


def every_layer():
    return nn.Model(
        {
            "conv": nn.Conv2d(2, 4, 3, padding=1),
            "norm": nn.BatchNorm(4),
            "frelu": nn.FReLU(4),
            "pool": nn.MaxPool2d(2),
            "grouped": nn.Conv2d(4, 4, (3, 2), groups=2, bias=False),
            "prelu": nn.PReLU(4),
            "up": nn.ConvTranspose2d(4, 2, 2, stride=2),
            "mean": nn.AvgPool2d(2),
            "flat": nn.Flatten(),
            "drop": nn.Dropout(0.25),
            "full": nn.Linear(8, 5),
            "features": nn.BatchNorm(5, images=False),
            "slopes": nn.PReLU(5, images=False),
            "tanh": np.tanh,
            "out": nn.Linear(5, 3, bias=False),
        }
    )


@pytest.fixture
def data():
    generator = np.random.default_rng(7)
    return generator.standard_normal((6, 2, 8, 6)), generator.integers(0, 3, 6)


def test_model_of_every_layer_is_one_function_of_three_forms(data):
    x, labels = data
    model = every_layer()
    params = model.init(rng=3)
    assert {name: value.shape for name, value in params.items()} == model.shapes
    theta = model.flatten(params)
    assert theta.shape == (model.n,)
    for name, value in model.unflatten(theta).items():
        np.testing.assert_array_equal(value, params[name])
        np.testing.assert_array_equal(theta[model.slices[name]], value.ravel())
    y = model(params, x)
    assert y.shape == (6, 3)
    np.testing.assert_array_equal(model(theta, x), y)

    thetas = theta + 0.1 * np.random.default_rng(4).standard_normal((3, model.n))
    population = model(thetas, x)
    assert population.shape == (3, 6, 3)
    for i in range(3):
        np.testing.assert_allclose(population[i], model(thetas[i], x), atol=1e-12)
    np.testing.assert_array_equal(model.flatten(model.unflatten(thetas)), thetas)

    def loss(theta):
        return nn.cross_entropy(model(theta, x), labels)

    values, gradients = ad.value_and_grad(loss)(thetas)
    assert values.shape == (3,)
    for i in range(3):
        value, gradient = ad.value_and_grad(loss)(thetas[i])
        np.testing.assert_allclose(values[i], value)
        np.testing.assert_allclose(gradients[i], gradient, atol=1e-10)
    named = ad.grad(loss)(params)
    np.testing.assert_allclose(model.flatten(named), ad.grad(loss)(theta), atol=1e-12)


def test_model_gradient_by_central_differences_at_two_orders(data):
    x, labels = data
    model = every_layer()
    theta = model.flatten(model.init(rng=3))
    theta = theta + 0.05 * np.random.default_rng(5).standard_normal(model.n)

    def loss(theta):
        return nn.cross_entropy(model(theta, x), labels) + 1e-2 * nn.l2(theta)

    g = ad.grad(loss)
    d = np.random.default_rng(6).standard_normal(model.n)
    h = 1e-6
    np.testing.assert_allclose(g(theta) @ d, (loss(theta + h * d) - loss(theta - h * d)) / (2 * h), rtol=1e-6)
    second = ad.grad(lambda t: (g(t) * d).sum())(theta)
    np.testing.assert_allclose(second, (g(theta + h * d) - g(theta - h * d)) / (2 * h), rtol=1e-3, atol=1e-5)


def test_float32_stays(data):
    x, labels = data
    model = every_layer()
    theta = model.flatten(model.init(rng=3, dtype=np.float32))
    value, gradient = ad.value_and_grad(lambda t: nn.cross_entropy(model(t, x.astype(np.float32)), labels))(theta)
    assert (value.dtype, gradient.dtype) == (np.float32, np.float32)


def test_dropout_drops_in_training_only_and_repeats_with_its_seed():
    model = nn.Model([nn.Dropout(0.5)])
    x = np.ones((100, 100))
    np.testing.assert_array_equal(model({}, x), x)
    y = model({}, x, train=True, rng=0)
    assert set(np.unique(y)) == {0.0, 2.0}
    assert y.mean() == pytest.approx(1.0, abs=0.05)
    np.testing.assert_array_equal(model({}, x, train=True, rng=0), y)
    assert (model({}, x, train=True, rng=1) != y).any()


@pytest.mark.parametrize("images", [True, False])
def test_batch_norm_uses_the_batch_or_the_state(images):
    shape = (7, 3, 4, 5) if images else (7, 3)
    axes = (0, 2, 3) if images else (0,)
    x = 3.0 + 2.0 * np.random.default_rng(8).standard_normal(shape)
    model = nn.Model([nn.BatchNorm(3, images=images, eps=0.0)])
    params = model.init()
    y = model(params, x)
    np.testing.assert_allclose(y.mean(axis=axes), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=axes), 1.0)
    state = model.statistics(params, x)
    np.testing.assert_allclose(state["0"][0], x.mean(axis=axes))
    np.testing.assert_allclose(state["0"][1], x.var(axis=axes, ddof=1))
    one = model(params, x[:1], state=state)
    expected = (x[:1] - x.mean(axis=axes, keepdims=True)) / x.std(axis=axes, ddof=1, keepdims=True)
    np.testing.assert_allclose(one, expected)
    np.testing.assert_allclose(model(params, x, train=True, state=state), y)
    more = model.statistics(params, x + 1.0, state, momentum=0.25)
    np.testing.assert_allclose(more["0"][0], x.mean(axis=axes) + 0.25)
    np.testing.assert_allclose(more["0"][1], state["0"][1])


def test_frelu_is_the_larger_of_x_and_its_funnel():
    model = nn.Model([nn.FReLU(2)])
    params = model.init(rng=1)
    x = np.random.default_rng(9).standard_normal((4, 2, 5, 5))
    funnel = ad.conv2d(x, params["0.w"], padding=1, groups=2)
    funnel = (funnel - funnel.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(
        funnel.var(axis=(0, 2, 3), keepdims=True) + 1e-5
    )
    np.testing.assert_allclose(model(params, x), np.maximum(x, funnel))


def test_own_way_through_the_layers():
    def residual(layers, x):
        return x + layers["b"](nn.relu(layers["a"](x)))

    model = nn.Model({"a": nn.Linear(3, 4), "b": nn.Linear(4, 3)}, forward=residual)
    p = model.init(rng=2)
    x = rng.standard_normal((5, 3))
    expected = x + np.maximum(x @ p["a.w"] + p["a.b"], 0) @ p["b.w"] + p["b.b"]
    np.testing.assert_allclose(model(p, x), expected)


def test_a_gradient_method_and_a_random_search_drive_the_same_network():
    generator = np.random.default_rng(10)
    x = generator.standard_normal((64, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    model = nn.Model([nn.Linear(2, 16), nn.tanh, nn.Linear(16, 2)])

    def loss(theta):
        return nn.cross_entropy(model(theta, x), labels)

    theta, rule = model.flatten(model.init(rng=0)), Adam(lr=0.05)
    start = loss(theta)
    for _ in range(150):
        theta = rule.step(theta, ad.grad(loss)(theta))
    assert loss(theta) < 0.15 * start
    population = theta + 0.01 * generator.standard_normal((20, model.n))
    assert loss(population).shape == (20,)
    assert abs(loss(population) - loss(theta)).max() < 0.1


def test_models_pickle():
    model = every_layer()
    twin = pickle.loads(pickle.dumps(model))
    x = np.random.default_rng(11).standard_normal((3, 2, 8, 6))
    theta = model.flatten(model.init(rng=0))
    np.testing.assert_array_equal(twin(theta, x), model(theta, x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.unflatten(np.zeros(3)), r"theta must have shape \(\.\.\., 17\), got \(3,\)"),
        (lambda m: m.flatten({"a": np.zeros(3)}), "params must have the names"),
        (lambda m: m.flatten(m.init() | {"0.w": np.zeros((4, 3))}), r"0.w must have shape \(3, 4\)"),
        (lambda m: nn.Model([3]), "layers must be layers or functions, got 3 as '0'"),
        (lambda m: nn.Dropout(1.0), r"p must lie in \[0, 1\), got 1.0"),
        (lambda m: nn.FReLU(3, kernel=2), "kernel must be odd, got 2"),
        (lambda m: nn.gain("swish"), "activation must be one of"),
        (lambda m: nn.fans((3,)), "shape must be that of a matrix"),
        (lambda m: nn.mse(np.zeros(3), np.zeros((3, 1))), r"y must have the shape of target, \(3, 1\)"),
        (lambda m: nn.cross_entropy(np.zeros((3, 2)), np.zeros(2, int)), r"logits must have shape"),
        (lambda m: nn.huber(np.zeros(3), np.zeros(3), delta=0.0), "delta must be positive, got 0.0"),
        (
            lambda m: nn.Model([nn.BatchNorm(3)])({"0.gamma": np.ones(3), "0.beta": np.ones(3)}, np.ones((2, 4, 1, 1))),
            "3 channels",
        ),
        (lambda m: nn.Model([nn.Flatten()])({}, np.ones((2, 2))), "x must have at least 3 axes"),
        (lambda m: nn.Model([nn.Conv2d(3, 4, 3, groups=2)]), "groups must divide inputs 3 and outputs 4"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call(nn.Model([nn.Linear(3, 4), nn.PReLU(1)]))


@pytest.mark.heavy
def test_torch_agrees_on_activations_losses_and_normalisation():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x, target = rng.standard_normal((6, 5)), rng.standard_normal((6, 5))
    labels = rng.integers(0, 5, 6)
    pairs = [
        (nn.sigmoid, torch.sigmoid),
        (nn.relu, functional.relu),
        (lambda x: nn.leaky_relu(x, 0.2), lambda x: functional.leaky_relu(x, 0.2)),
        (lambda x: nn.elu(x, 0.7), lambda x: functional.elu(x, 0.7)),
        (nn.gelu, functional.gelu),
        (nn.softplus, functional.softplus),
        (lambda x: nn.mse(x, target), lambda x: functional.mse_loss(x, torch.tensor(target))),
        (lambda x: nn.mae(x, target), lambda x: functional.l1_loss(x, torch.tensor(target))),
        (lambda x: nn.huber(x, target, 0.5), lambda x: functional.huber_loss(x, torch.tensor(target), delta=0.5)),
        (lambda x: nn.cross_entropy(x, labels), lambda x: functional.cross_entropy(x, torch.tensor(labels))),
    ]
    norm = nn.Model([nn.BatchNorm(5, images=False)])
    params = {"0.gamma": rng.standard_normal(5), "0.beta": rng.standard_normal(5)}
    gamma, beta = (torch.tensor(params[name]) for name in ("0.gamma", "0.beta"))
    pairs.append(
        (
            lambda x: norm(params, x),
            lambda x: functional.batch_norm(
                x, torch.zeros(5).double(), torch.ones(5).double(), gamma, beta, training=True
            ),
        )
    )
    for ours, theirs in pairs:
        t = torch.tensor(x, requires_grad=True)
        y = theirs(t)
        value, pull = ad.vjp(ours, x)
        np.testing.assert_allclose(value, y.detach().numpy(), rtol=1e-10, atol=1e-12)
        g = np.random.default_rng(12).standard_normal(value.shape)
        y.backward(torch.tensor(g))
        np.testing.assert_allclose(pull(g), t.grad.numpy(), rtol=1e-9, atol=1e-12)
    kept = torch.zeros(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    functional.batch_norm(torch.tensor(x), *kept, training=True, momentum=0.1)
    state = norm.statistics(params, x, {"0": (np.zeros(5), np.ones(5))})
    np.testing.assert_allclose(state["0"][0], kept[0].numpy(), rtol=1e-12)
    np.testing.assert_allclose(state["0"][1], kept[1].numpy(), rtol=1e-12)
