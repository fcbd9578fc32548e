"""Around every case: numbers, empty arrays, axes of length one. What NumPy computes is right or refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.tree import leaves, tree_map
from tests.autodiff.cases import CASES as CASES_OF_ALL
from tests.autodiff.cases import Case
from tests.autodiff.table import is_variable

CASES = [c for c in CASES_OF_ALL if not str(getattr(c.of, "__module__", "autodiff.rules")).startswith("autodiff.rules")]
"""The functions that people call, not those that rules are made of."""

SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (0,), (1, 1), (0, 3), (3, 0), (1, 3), (3, 1), (2, 1, 3), (3, 3))

REFUSED = re.compile(r"no gradient|needs vectors of 3|needs a with more axes")
"""Sentences of the rules themselves."""

SKIPPED = {"softmax_cross_entropy", "take", "einsum"}
"""Where the case's other arguments (classes, places) do not fit the new shapes, and NumPy does not look."""


def moved(case: Case, shape: tuple[int, ...]) -> Case:
    """The case with inputs of another shape."""
    random = np.random.default_rng(0)
    inputs = tuple(np.asarray(random.uniform(0.3, 0.8, size=shape)) if is_variable(x) else x for x in case.inputs)
    return Case(case.of, case.fun, inputs, case.keywords)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_values_and_shapes(shape: tuple[int, ...]) -> None:
    tried = 0
    for case in CASES:
        near = moved(case, shape)
        args = [x[()] for x in near.variables()]
        call: Callable[..., Any] = lambda *v, case=near: case.call(*v)  # noqa: E731
        if str(getattr(case.of, "__name__", case.of)) in SKIPPED:
            continue
        try:
            plain = near.fun(*[x[()] if is_variable(x) else x for x in near.inputs], **near.keywords)
        except Exception:
            continue  # NumPy refuses it
        tried += 1
        try:
            value, pull = ad.vjp(call, *args)
            for a, b in zip(leaves(value), leaves(plain), strict=True):
                assert np.shape(a) == np.shape(b), case.id
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=case.id)
            grads = pull(tree_map(lambda y: np.ones(np.shape(y), getattr(y, "dtype", float)), value))
        except (TypeError, ValueError) as error:
            assert REFUSED.search(str(error)), (case.id, error)
            continue
        for x, g in zip(args, grads if len(args) > 1 else (grads,), strict=True):
            assert np.shape(g) == np.shape(x), case.id
    assert tried > 100


@pytest.mark.parametrize(
    ("fun", "shape"),
    [
        (lambda x: np.einsum("ij->j", x), (1, 3)),
        (lambda x: np.einsum("ij->j", x), (0, 3)),
        (lambda x: np.einsum("ij->", x), (1, 1)),
        (lambda x: np.einsum("ijk->k", x), (1, 1, 3)),
        (lambda x: np.einsum("bij,jk->ik", x, np.ones((3, 2))), (1, 2, 3)),
        (lambda x: np.einsum("...i->...", x), (1, 1)),
        (lambda x: np.einsum(x, [0, 1], [1]), (1, 3)),
        (lambda x: np.einsum("ij,kj->i", x, np.ones((1, 3))), (2, 3)),
        (lambda x: np.repeat(x, 3, axis=0), ()),
        (lambda x: np.repeat(x, 3, axis=-1), ()),
        (lambda x: np.repeat(x, 3), ()),
        (lambda x: np.take(x, [0, 0], mode="wrap"), ()),
        (lambda x: np.resize(x, (2, 2)), ()),
        (lambda x: np.clip(x, 0.7, 0.2), (3,)),
        (lambda x: np.clip(0.4, x, 0.5), (3,)),
        (lambda x: np.interp(x, [0.5], [2.0]), (3,)),
        (lambda x: np.interp([0.1, 0.5, 0.9], [0.5], x), (1,)),
        (lambda x: np.cumulative_sum(x), ()),
        (lambda x: np.var(x, ddof=1, axis=1), (2, 2)),
    ],
)
def test_gradients_at_the_edge_of_what_a_function_takes(fun: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).uniform(0.3, 0.8, size=shape)
    value, pull = ad.vjp(fun, x)
    np.testing.assert_array_equal(value, fun(x))
    assert np.shape(pull(np.ones(np.shape(value)))) == shape
    ad.check_grads(fun, x, order=2)


PHASES = {np.linalg.eigh, np.linalg.svd, np.roots}
"""Whose cases square vectors of which only absolute values mean something, or are too much for differences."""


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.variables() and c.of not in PHASES], ids=lambda c: f"complex-{c.id}"
)
@pytest.mark.filterwarnings("ignore")
def test_complex_values_are_right_or_refused(case: Case) -> None:
    """Every case with complex inputs, as a function of their real and imaginary parts."""
    random = np.random.default_rng(0)
    real = case.variables()
    imaginary = [0.3 * random.normal(size=np.shape(x))[()] for x in real]

    def parts(out: Any) -> list[Any]:
        return [f(leaf) for leaf in leaves(out) for f in (np.real, np.imag)]

    def call(*xy: Any) -> list[Any]:
        return parts(case.call(*[a + 1j * b for a, b in zip(xy[: len(real)], xy[len(real) :], strict=True)]))

    try:
        plain = call(*real, *imaginary)
    except Exception:
        pytest.skip("NumPy refuses it")
    try:
        value, _ = ad.vjp(call, *real, *imaginary)
        for a, b in zip(leaves(value), leaves(plain), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        ad.check_grads(call, *real, *imaginary, directions=1)
    except (TypeError, ValueError) as error:
        assert REFUSED.search(str(error)), error


@pytest.mark.parametrize("fun", [np.var, np.std])
@pytest.mark.parametrize(
    "options", [{"ddof": 1}, {"ddof": 2}, {"correction": 1}, {"ddof": 1, "where": np.array([True])}]
)
@pytest.mark.filterwarnings("ignore")
def test_the_variance_of_too_few_entries_is_nan(fun: Any, options: dict[str, Any]) -> None:
    value, g = ad.value_and_grad(lambda x: fun(x, **options))(np.array([2.0]))
    assert np.isnan(value) and np.isnan(g).all()


@pytest.mark.parametrize(
    "fun", [np.mean, np.var, np.std, np.average, np.nanmean, lambda x: np.mean(x, where=np.ones(70000, bool))]
)
def test_half_precision_counts_beyond_its_largest_number(fun: Any) -> None:
    x = np.linspace(-1, 1, 70000)
    got = ad.grad(fun)(x.astype(np.float16))
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, ad.grad(fun)(x), atol=1e-7)
