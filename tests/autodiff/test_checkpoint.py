"""Checkpointing shown by what it is for: memory at its peak, and calls forward and backward."""

import gc
import pickle
import random
import tracemalloc
from functools import partial

import numpy as np
import pytest

import autodiff as ad
from autodiff import nn
from autodiff.checkpoint import checkpoint, checkpoint_sequential

SHAPE = (256, 128)
ARRAY = 8 * SHAPE[0] * SHAPE[1]


def layer(x):
    return np.tanh(1.01 * x + 0.1)


def plain(layers, x):
    for f in layers:
        x = f(x)
    return x


def peak(f, x):
    """Gradient of the sum of f, and the most memory that was in use on the way, in arrays of the shape of x."""
    gc.collect()
    tracemalloc.start()
    value, pull = ad.vjp(f, x)
    g = pull(np.ones_like(value))
    most = tracemalloc.get_traced_memory()[1] / ARRAY
    tracemalloc.stop()
    return g, most


def test_four_hundred_layers_in_eighty_arrays_bit_identical():
    x = np.random.default_rng(0).standard_normal(SHAPE)
    layers = [layer] * 400
    expected, without = peak(lambda x: plain(layers, x), x)
    assert without > 300
    for segments, limit in ((None, 80), (10, 80), (40, 80), (1, 500)):
        g, most = peak(lambda x, s=segments: checkpoint_sequential(layers, x, s), x)
        np.testing.assert_array_equal(g, expected)
        assert most <= limit


def test_forward_pass_keeps_only_what_goes_between_segments():
    x = np.random.default_rng(0).standard_normal(SHAPE)
    x.flags.writeable = False  # or the pull-back keeps a copy, because it could change
    tracemalloc.start()
    _, pull = ad.vjp(lambda x: checkpoint_sequential([layer] * 400, x, 10), x)
    kept = tracemalloc.get_traced_memory()[0] / ARRAY
    tracemalloc.stop()
    assert pull is not None
    assert kept < 12


def counted(calls, name, f):
    def call(*args):
        calls.append((name, type(args[-1]).__name__))
        return f(*args)

    return call


def test_every_layer_is_called_once_forward_on_arrays_and_once_backward_on_tensors():
    calls = []
    layers = [counted(calls, k, layer) for k in range(6)]
    x = np.ones(3)
    value, pull = ad.vjp(lambda x: checkpoint_sequential(layers, x, 3), x)
    assert calls == [(k, "ndarray") for k in range(6)]
    calls.clear()
    pull(np.ones(3))
    assert calls == [(k, "Tensor") for k in (4, 5, 2, 3, 0, 1)]
    calls.clear()
    np.testing.assert_array_equal(pull(np.ones(3)), ad.vjp(lambda x: plain([layer] * 6, x), x)[1](np.ones(3)))
    np.testing.assert_array_equal(value, plain([layer] * 6, x))
    assert len(calls) == 6


def test_without_a_gradient_it_is_the_function():
    calls = []
    f = checkpoint(counted(calls, "f", layer))
    np.testing.assert_array_equal(f(np.ones(3)), layer(np.ones(3)))
    assert calls == [("f", "ndarray")]
    assert checkpoint_sequential([], 3.0) == 3.0


def test_trees_constants_and_keywords():
    def f(params, x, *, power):
        return (params["w"] @ x + params["b"][0]) ** power

    generator = np.random.default_rng(1)
    params = {"w": generator.standard_normal((2, 3)), "b": (generator.standard_normal(2),)}
    x = generator.standard_normal(3)
    got = ad.grad(lambda p: checkpoint(f)(p, x, power=2).sum())(params)
    expected = ad.grad(lambda p: f(p, x, power=2).sum())(params)
    np.testing.assert_array_equal(got["w"], expected["w"])
    np.testing.assert_array_equal(got["b"][0], expected["b"][0])


def test_several_results_of_which_one_is_used():
    def f(x, y):
        return np.sin(x) * y, np.exp(x)

    x, y = np.array([0.3, 0.4]), np.array([2.0, 3.0])
    _, pull = ad.vjp(lambda x, y: checkpoint(f)(x, y)[0], x, y)
    np.testing.assert_allclose(pull(np.ones(2)), (np.cos(x) * y, np.sin(x)))
    _, pull = ad.vjp(lambda x, y: checkpoint(f)(x, y), x, y)
    np.testing.assert_allclose(pull((np.ones(2), np.ones(2)))[0], np.cos(x) * y + np.exp(x))


def test_second_order_and_nesting():
    def f(x):
        return (np.sin(x) * x**2).sum()

    inside = checkpoint(lambda x: checkpoint(np.sin)(x) * x**2)
    x = np.array([0.3, -1.2])
    np.testing.assert_allclose(ad.hessian(lambda x: inside(x).sum())(x), ad.hessian(f)(x), rtol=1e-12)
    again = checkpoint(ad.grad(f))
    np.testing.assert_allclose(ad.jacobian(again)(x), ad.hessian(f)(x), rtol=1e-12)


def test_eager_face():
    w = ad.tensor([1.0, 2.0], requires_grad=True)
    checkpoint(lambda w: np.exp(w).sum())(w).backward()
    np.testing.assert_allclose(w.grad, np.exp([1.0, 2.0]))
    with ad.no_grad():
        assert not checkpoint(np.exp)(w).requires_grad


def test_network_with_parameters_of_each_layer():
    generator = np.random.default_rng(2)
    params = [generator.standard_normal((4, 4)) for _ in range(9)]
    x = generator.standard_normal((5, 4))

    def block(w, x):
        return np.tanh(x @ w)

    def loss(params):
        return (checkpoint_sequential([block] * 9, x, params=params) ** 2).sum()

    def same(params):
        y = x
        for w in params:
            y = block(w, y)
        return (y**2).sum()

    for got, expected in zip(ad.grad(loss)(params), ad.grad(same)(params), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_dropout_repeats_with_its_seed():
    model = nn.Model([nn.Linear(3, 8), nn.relu, nn.Dropout(0.5), nn.Linear(8, 1)])
    theta = model.flatten(model.init(rng=0))
    x = np.random.default_rng(3).standard_normal((4, 3))

    def f(theta):
        return model(theta, x, train=True, rng=7).sum()

    np.testing.assert_array_equal(ad.grad(checkpoint(f))(theta), ad.grad(f)(theta))


def test_captured_tensor_is_refused():
    def loss(w):
        return checkpoint(lambda x: x * w)(2.0 * w).sum()

    with pytest.raises(ValueError, match=r"checkpointed function uses a traced tensor .* pass it as an argument"):
        ad.grad(loss)(np.ones(2))


def test_failing_function_leaves_nothing_behind():
    def fail(x):
        raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        ad.grad(lambda x: checkpoint(fail)(x))(1.0)
    assert ad.grad(lambda x: checkpoint(np.sin)(x))(0.0) == 1.0


def test_pickles():
    f = pickle.loads(pickle.dumps(checkpoint(layer)))
    np.testing.assert_array_equal(f(np.ones(2)), layer(np.ones(2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: checkpoint_sequential([layer] * 3, 1.0, 4),
            "segments must lie between 1 and the number of layers, 3, got 4",
        ),
        (lambda: checkpoint_sequential([layer] * 3, 1.0, 0), "segments must lie between 1"),
        (lambda: checkpoint_sequential([layer] * 3, 1.0, params=[1.0]), "one entry for each of the 3 layers, got 1"),
        (lambda: ad.grad(checkpoint(lambda x: [x, x]))(1.0), "fun must return an array or a tuple of arrays, got list"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# random numbers


class Dropout:
    def __init__(self, rng):
        self.rng = rng

    def __call__(self, x):
        return x * self.rng.binomial(1, 0.5, size=x.shape)

    def method(self, x):
        return self(x) * self.rng.normal(size=x.shape)


GLOBAL = np.random.default_rng(5)


def uses_a_global(x):
    return x * GLOBAL.normal(size=x.shape)


def generators():
    """Functions of some power of x that draw, each from a generator that can be seen in another place."""
    rng, other = np.random.default_rng(3), np.random.default_rng(4)
    yield 2, "closure", lambda x: x**2 * rng.normal(size=x.shape)
    yield 2, "closure of a closure", lambda x: (lambda y: y**2 * rng.normal(size=x.shape))(x)
    yield 2, "default", lambda x, rng=other: x**2 * rng.normal(size=x.shape)
    yield 2, "partial", partial(lambda rng, x: x**2 * rng.normal(size=x.shape), np.random.default_rng(3))
    yield 1, "attribute", Dropout(np.random.default_rng(3))
    yield 1, "method", Dropout(np.random.default_rng(3)).method
    yield 1, "layers in a list", partial(lambda layers, x: layers[0](layers[1](x)), [Dropout(rng), Dropout(rng)])
    yield 1, "global", uses_a_global
    yield 2, "RandomState", partial(lambda rng, x: x**2 * rng.normal(size=x.shape), np.random.RandomState(3))
    yield 2, "random.Random", partial(lambda rng, x: x**2 * rng.random(), random.Random(3))


@pytest.mark.parametrize(("power", "where", "f"), list(generators()), ids=lambda v: v if isinstance(v, str) else "")
def test_generators_that_can_be_seen_draw_the_same_again(power, where, f):
    x = np.arange(1.0, 9.0)
    drawn = []

    def noted(y):
        out = f(y)
        drawn.append(np.asarray(out.detach() if isinstance(out, ad.Tensor) else out))
        return out

    value, slope = ad.value_and_grad(lambda y: np.sum(ad.checkpoint(noted)(y)))(x)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert value == drawn[0].sum()
    np.testing.assert_allclose(slope, power * drawn[0] / x)
    assert not np.array_equal(f(x), drawn[0])  # the generator has gone on


def test_a_generator_as_an_argument():
    def f(x, rng):
        return x * rng.normal(size=x.shape)

    rng, x = np.random.default_rng(1), np.ones(4)
    got = ad.grad(lambda y: np.sum(ad.checkpoint(f)(y, rng)))(x)
    np.testing.assert_array_equal(got, np.random.default_rng(1).normal(size=4))
    assert rng.normal() == np.random.default_rng(1).normal(size=5)[4]  # drawn from once, as without the checkpoint


def test_segments_draw_the_same_again():
    layers = [Dropout(np.random.default_rng(k)) for k in range(6)]
    again = [Dropout(np.random.default_rng(k)) for k in range(6)]
    x = np.linspace(1, 2, 50)

    def plain(y):
        for layer in again:
            y = layer(y)
        return np.sum(y)

    got = ad.grad(lambda y: np.sum(ad.checkpoint_sequential(layers, y, segments=2)))(x)
    np.testing.assert_array_equal(got, ad.grad(plain)(x))


def test_another_value_the_second_time_is_refused():
    hidden = iter(np.random.default_rng(0).normal(size=(10, 4)))
    buffer = np.ones(4)
    x = np.arange(4.0)

    def changing(y):
        out = np.sum(ad.checkpoint(lambda z: z * buffer)(y))
        buffer[:] = 2.0
        return out

    for f in (lambda y: np.sum(ad.checkpoint(lambda z: z * next(hidden))(y)), changing):
        with pytest.raises(RuntimeError, match=r"gave another value when it was called again"):
            ad.grad(f)(x)
    shuffled = iter([np.array([0, 1, 2, 3]), np.array([1, 0, 2, 3])])
    with pytest.raises(RuntimeError, match="another value"):
        ad.grad(lambda y: np.sum(X4 * ad.checkpoint(lambda z: z[next(shuffled)])(y)))(x)


X4 = np.array([1.0, 2.0, 3.0, 4.0])


def test_values_that_are_not_finite_are_the_same_again():
    with np.errstate(all="ignore"):
        got = ad.grad(lambda y: np.sum(np.exp(ad.checkpoint(np.log)(y))))(np.array([0.0, 2.0]))
    assert got[1] == pytest.approx(1.0)
