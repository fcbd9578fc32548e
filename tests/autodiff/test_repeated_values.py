"""Equal eigenvalues and singular values: what exists is right, what does not is NaN with a warning, never a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

RANDOM = np.random.default_rng(0)
Q, P = (np.linalg.qr(RANDOM.normal(size=(4, 4)))[0] for _ in range(2))
V = RANDOM.normal(size=(4, 4))
REPEATED = {
    "unit": np.eye(4),
    "zero": np.zeros((4, 4)),
    "a pair": Q @ np.diag([1.0, 1.0, 2.0, 3.0]) @ Q.T,
    "two pairs": Q @ np.diag([1.0, 1.0, 2.0, 2.0]) @ Q.T,
    "three": Q @ np.diag([1.0, 1.0, 1.0, 2.0]) @ Q.T,
    "opposite": Q @ np.diag([1.0, -1.0, -1.0, 2.0]) @ Q.T,
    "singular": Q @ np.diag([1.0, 1.0, 2.0, 0.0]) @ P,
    "rank 2": Q @ np.diag([1.0, 2.0, 0.0, 0.0]) @ P,
    "diagonal": np.diag([2.0, 2.0, 3.0, 3.0]),
    "rounding": Q @ np.diag([1.0, 1.0 + 1e-15, 2.0, 3.0]) @ Q.T,
    "a gap of rounding": Q @ np.diag([1.0, 1.0 + 1e-12, 2.0, 3.0]) @ Q.T,
}


def symmetric(x: Any) -> Any:
    return (x + np.swapaxes(x, -1, -2)) / 2


def hermitian(x: Any) -> Any:
    return symmetric(x) + 0.3j * (x - x.T)


def values(x: Any) -> Any:
    return np.linalg.eigvalsh(symmetric(x))


def powers(a: Any, k: int) -> Any:
    out = a
    for _ in range(k - 1):
        out = out @ a
    return np.real(np.trace(out))


# functions of the values that are symmetric in them, and the same without eigenvalues
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "trace": (lambda x: np.sum(values(x)), np.trace),
    "squares": (lambda x: np.sum(values(x) ** 2), lambda x: np.sum(symmetric(x) ** 2)),
    "cubes": (lambda x: np.sum(values(x) ** 3), lambda x: powers(symmetric(x), 3)),
    "by eigh": (lambda x: np.sum(np.linalg.eigh(symmetric(x))[0] ** 4), lambda x: powers(symmetric(x), 4)),
    "upper triangle": (lambda x: np.sum(np.linalg.eigvalsh(symmetric(x), "U") ** 3), lambda x: powers(symmetric(x), 3)),
    "product": (lambda x: np.prod(values(x)), lambda x: np.linalg.det(symmetric(x))),
    "logdet": (
        lambda x: np.sum(np.log(values(x) + 5)),
        lambda x: np.linalg.slogdet(symmetric(x) + 5 * np.eye(4))[1],
    ),
    "squared trace": (lambda x: np.sum(values(x)) ** 2, lambda x: np.trace(x) ** 2),
    "with the matrix": (
        lambda x: np.sum(values(x) ** 2) * np.trace(x) + x[0, 1] * np.sum(values(x) ** 3),
        lambda x: np.sum(symmetric(x) ** 2) * np.trace(x) + x[0, 1] * powers(symmetric(x), 3),
    ),
    "variance": (lambda x: np.var(values(x)), lambda x: np.sum(symmetric(x) ** 2) / 4 - np.trace(x) ** 2 / 16),
    "partition": (
        lambda x: ad.special.logsumexp(values(x)),
        lambda x: np.log(np.trace(ad.scipy.linalg.expm(symmetric(x)))),
    ),
    "hermitian": (lambda x: np.sum(np.linalg.eigvalsh(hermitian(x)) ** 3), lambda x: powers(hermitian(x), 3)),
    "singular values": (lambda x: np.sum(np.linalg.svdvals(x) ** 2), lambda x: np.sum(x * x)),
    "their fourth powers": (lambda x: np.sum(np.linalg.svdvals(x) ** 4), lambda x: powers(x.T @ x, 2)),
    "tall": (lambda x: np.sum(np.linalg.svdvals(x[:, :3]) ** 4), lambda x: powers(x[:, :3].T @ x[:, :3], 2)),
    "wide": (lambda x: np.sum(np.linalg.svdvals(x[:3]) ** 4), lambda x: powers(x[:3] @ x[:3].T, 2)),
    "log(1 + s^2)": (
        lambda x: np.sum(np.log(1 + np.linalg.svd(x, compute_uv=False) ** 2)),
        lambda x: np.linalg.slogdet(np.eye(4) + x.T @ x)[1],
    ),
    "complex": (
        lambda x: np.sum(np.linalg.svdvals(x + 1j * x @ P) ** 4),
        lambda x: powers(np.conj((x + 1j * x @ P).T) @ (x + 1j * x @ P), 2),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("at", REPEATED)
@pytest.mark.filterwarnings("error")
def test_symmetric_functions_have_second_derivatives(name: str, at: str) -> None:
    fun, same = FUNCTIONS[name]
    a = REPEATED[at]
    np.testing.assert_allclose(ad.grad(fun)(a), ad.grad(same)(a), atol=1e-11)
    np.testing.assert_allclose(ad.hvp(fun)(a, V), ad.hvp(same)(a, V), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ad.jvp(ad.grad(fun), a, V)[1], ad.hvp(same)(a, V), rtol=1e-8, atol=1e-8)


@pytest.mark.filterwarnings("error")
def test_stacks() -> None:
    stack = np.stack([np.eye(4), REPEATED["two pairs"], RANDOM.normal(size=(4, 4)), np.zeros((4, 4))])
    v = RANDOM.normal(size=stack.shape)
    for fun, same in (
        (lambda x: np.sum(values(x) ** 3), lambda x: np.sum((symmetric(x) @ symmetric(x)) * symmetric(x))),
        (lambda x: np.sum(values(x) ** 2) ** 2, lambda x: np.sum(symmetric(x) ** 2) ** 2),  # across the stack
        (lambda x: np.sum(np.linalg.svdvals(x) ** 2) ** 2, lambda x: np.sum(x * x) ** 2),
    ):
        np.testing.assert_allclose(ad.hvp(fun)(stack, v), ad.hvp(same)(stack, v), rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("error")
def test_nuclear_norm() -> None:
    """Smooth at equal values, not at 0."""
    for at in ("two pairs", "three", "opposite", "diagonal"):
        slopes = [ad.grad(lambda x: np.linalg.norm(x, "nuc"))(REPEATED[at] + h * V) for h in (1e-5, -1e-5)]
        got = ad.hvp(lambda x: np.linalg.norm(x, "nuc"))(REPEATED[at], V)
        np.testing.assert_allclose(got, (slopes[0] - slopes[1]) / 2e-5, atol=1e-8)
    with pytest.warns(RuntimeWarning, match="given as NaN"):
        assert np.isnan(ad.hvp(lambda x: np.linalg.norm(x, "nuc"))(REPEATED["singular"], V)).all()


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: values(x)[1],
        lambda x: values(x)[1] ** 2,
        lambda x: np.sum(values(x) * np.arange(4)),
        lambda x: np.sum(values(x)[:2] ** 2),
        lambda x: np.sum(values(x) * np.linalg.eigvalsh(symmetric(x))),  # symmetric, which two histories do not tell
        lambda x: values(x)[0] * values(x)[1],
        lambda x: np.sum(values(x)[:2] * x[0, :2]),
        lambda x: np.linalg.svdvals(x)[1],
        lambda x: np.sum(np.linalg.svdvals(x) ** np.arange(1, 5)),
        lambda x: np.real(np.sum(np.linalg.eigvals(x) ** 2)),
    ],
)
@pytest.mark.parametrize("at", ["unit", "zero", "three"])
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_what_is_not_symmetric_is_not_known(fun: Callable[[Any], Any], at: str) -> None:
    with pytest.warns(RuntimeWarning, match="given as NaN"):
        assert np.isnan(ad.hvp(fun)(REPEATED[at], V)).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_of_distinct_and_close_values(name: str) -> None:
    fun, same = FUNCTIONS[name]
    for gap, tolerance in ((0.5, 1e-10), (1e-6, 1e-7)):
        a = Q @ np.diag([1.0, 1.0 + gap, 2.0, 3.5]) @ Q.T
        np.testing.assert_allclose(ad.hvp(fun)(a, V), ad.hvp(same)(a, V), rtol=tolerance, atol=100 * tolerance)


@pytest.mark.filterwarnings("error")
def test_a_single_value_beside_equal_ones_has_all_derivatives() -> None:
    a = Q @ np.diag([1.0, 1.0, 1.0, 2.0]) @ Q.T
    step = 1e-4
    for top in (lambda x: values(x)[-1], lambda x: np.linalg.svdvals(x)[0]):
        slope = (ad.grad(top)(a + step * V) - ad.grad(top)(a - step * V)) / (2 * step)
        np.testing.assert_allclose(ad.hvp(top)(a, V), slope, atol=1e-6)
    vector: Callable[[Any], Any] = lambda x: np.abs(np.linalg.eigh(symmetric(x))[1][0, -1])  # noqa: E731
    ad.check_grads(vector, a, order=1)


@pytest.mark.parametrize("at", REPEATED)
@pytest.mark.parametrize(
    "fun", [values, lambda x: np.linalg.eigvalsh(hermitian(x)), np.linalg.svdvals, lambda x: np.linalg.svdvals(x[:3])]
)
@pytest.mark.filterwarnings("error")
def test_values_along_a_direction(fun: Callable[[Any], Any], at: str) -> None:
    """A direction splits equal values: the slope from the right."""
    a, step = REPEATED[at], 1e-7
    got = ad.jvp(fun, a, V)[1]
    np.testing.assert_allclose(got, (fun(a + step * V) - fun(a)) / step, atol=2e-5)
    slope = ad.jvp(lambda x: np.sum(fun(x)), a, V)[1]
    np.testing.assert_allclose(slope, np.sum(got), atol=1e-12)


@pytest.mark.parametrize("at", ["unit", "two pairs"])
def test_functions_through_vectors_of_equal_values(at: str) -> None:
    def exponential(x: Any) -> Any:
        w, v = np.linalg.eigh(symmetric(x))
        return np.sum((v * np.exp(w)) @ v.T * V)

    with pytest.warns(RuntimeWarning, match="given as NaN"):
        assert np.isnan(ad.grad(exponential)(REPEATED[at])).any()


@pytest.mark.parametrize("at", ["unit", "two pairs", "singular"])
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_third_derivatives_are_not_known(at: str) -> None:
    third = ad.grad(lambda x: np.sum(ad.hvp(lambda y: np.sum(np.linalg.svdvals(y) ** 4))(x, V) * V))
    with pytest.warns(RuntimeWarning, match="given as NaN"):
        assert np.isnan(third(REPEATED[at])).any()


# determinants: polynomials, whatever the singular values


def written_out(m: Any) -> Any:
    def minor(i: int, j: int) -> Any:
        return m[1, i] * m[2, j] - m[1, j] * m[2, i]

    return m[0, 0] * minor(1, 2) - m[0, 1] * minor(0, 2) + m[0, 2] * minor(0, 1)


@pytest.mark.parametrize(
    "s", [(0, 1, 2), (0, 1, 1), (0, 0, 1), (0, 0, 0), (1e-14, 1, 1), (1e-14, 1, 2), (1e-9, 1, 1), (1, 1, 1)]
)
@pytest.mark.filterwarnings("error")
def test_determinants_of_singular_matrices(s: Any) -> None:
    left, right = (np.linalg.qr(RANDOM.normal(size=(3, 3)))[0] for _ in range(2))
    for a in (np.diag(np.array(s, float)), left @ np.diag(s) @ right):
        np.testing.assert_allclose(ad.grad(np.linalg.det)(a), ad.grad(written_out)(a), atol=1e-13)
        np.testing.assert_allclose(ad.hessian(np.linalg.det)(a), ad.hessian(written_out)(a), atol=1e-7)
        z = a + 1j * left @ np.diag(s) @ right
        expected = ad.grad(lambda m: np.imag(written_out(m)))(z)
        np.testing.assert_allclose(ad.grad(lambda m: np.imag(np.linalg.det(m)))(z), expected, atol=1e-13)


def test_products_with_tiny_factors() -> None:
    x = np.array([1e-17, 2.0, 3.0])
    expected = [[0, 3, 2], [3, 0, 1e-17], [2, 1e-17, 0]]
    for fun in (np.prod, lambda x: np.cumprod(x)[2], lambda x: np.linalg.det(np.diag(x))):
        np.testing.assert_allclose(ad.hessian(fun)(x), expected, atol=1e-15)
