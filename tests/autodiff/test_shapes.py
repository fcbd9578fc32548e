"""Shapes by the thousand: broadcasting, axes and indices drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff as ad

common = settings(max_examples=60, deadline=None, derandomize=True)


def values(shape: tuple[int, ...], seed: int = 0) -> Any:
    x = np.random.default_rng((seed, *shape)).uniform(0.4, 2.0, size=shape)
    return x * np.where(np.arange(x.size).reshape(shape) % 3 == 0, -1, 1)


@common
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    st.sampled_from([np.add, np.multiply, np.divide, np.maximum, np.hypot, np.arctan2]),
)
def test_broadcasting_is_undone(shapes: Any, fun: Any) -> None:
    a, b = (values(s, i) for i, s in enumerate(shapes.input_shapes))
    ga, gb = ad.grad(lambda x, y: np.sum(fun(x, y) * 2), (0, 1))(a, b)
    assert np.shape(ga) == np.shape(a) and np.shape(gb) == np.shape(b)
    ad.check_grads(fun, a, b, order=2, directions=1)


@common
@given(hnp.array_shapes(max_dims=3, max_side=4), st.data(), st.booleans())
def test_reductions(shape: Any, data: Any, keepdims: bool) -> None:
    x = values(shape)
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape)) | st.integers(-len(shape), len(shape) - 1))
    for fun in (np.sum, np.mean, np.max, np.prod, np.std, np.linalg.vector_norm, ad.special.logsumexp):
        ad.check_grads(lambda y, fun=fun: fun(y, axis=axis, keepdims=keepdims), x, directions=1)


@common
@given(hnp.array_shapes(max_dims=3, max_side=4), st.data())
def test_any_index(shape: Any, data: Any) -> None:
    x = values(shape)
    index = data.draw(
        hnp.basic_indices(shape, allow_newaxis=True)
        | hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
        | hnp.arrays(bool, shape)
    )
    value, pull = ad.vjp(lambda y: y[index], x)
    np.testing.assert_array_equal(value, x[index])
    expected = np.zeros(shape)
    np.add.at(expected, index, np.ones(np.shape(value)))
    np.testing.assert_array_equal(pull(np.ones(np.shape(value))), expected)


@common
@given(hnp.mutually_broadcastable_shapes(signature="(m,k),(k,n)->(m,n)", max_dims=2, max_side=3))
def test_matmul(shapes: Any) -> None:
    a, b = (values(s, i) for i, s in enumerate(shapes.input_shapes))
    ad.check_grads(np.matmul, a, b, directions=1)


@common
@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=3), st.data())
def test_shaping(shape: Any, data: Any) -> None:
    x = values(shape)
    order = data.draw(st.permutations(range(len(shape))))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))

    def f(y: Any) -> Any:
        y = np.flip(np.roll(np.transpose(y, order), 1, axis), axis)
        return np.concatenate([y, np.expand_dims(np.sum(y, axis=axis), axis)], axis=axis).reshape(-1)

    ad.check_grads(f, x, directions=1)


@common
@given(st.integers(1, 4), st.integers(0, 3), st.integers(1, 5))
def test_rows_of_a_population(m: int, seed: int, n: int) -> None:
    x = values((m, n), seed)

    def f(y: Any) -> Any:
        return np.sin(y).sum(-1) * np.exp(-(y**2).mean(-1)) + y[..., 0] * np.linalg.norm(y, axis=-1)

    value, gradient = ad.value_and_grad(f)(x)
    for i in range(m):
        v, g = ad.value_and_grad(f)(x[i])
        np.testing.assert_allclose(value[i], v, rtol=1e-13)
        np.testing.assert_allclose(gradient[i], g, rtol=1e-12)
