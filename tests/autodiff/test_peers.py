"""Fourteen cases that another library gets wrong in silence, or as NaN; and the conventions at kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad

X = np.array([1.0, 2.0, 4.0])
MASK = np.array([False, True, True])
A = np.random.default_rng(0).normal(size=(3, 4))


# masks and degrees of freedom in reductions


def test_sum_where() -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x, where=MASK))(X), [0, 1, 1])


def test_mean_where() -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.mean(x, where=MASK))(X), [0, 0.5, 0.5])


def test_prod_where() -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.prod(x, where=MASK))(X), [0, 4, 2])


def test_var_where() -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.var(x, where=MASK))(X), [0, -1, 1])


def test_var_correction() -> None:
    np.testing.assert_allclose(ad.grad(lambda x: np.var(x, correction=1))(X), ad.grad(lambda x: np.var(x, ddof=1))(X))
    np.testing.assert_allclose(ad.grad(lambda x: np.var(x, correction=1))(X), (X - X.mean()))


# shapes


@pytest.mark.parametrize("b", [np.float64(2.0), np.ones(1), np.arange(4.0)], ids=["number", "one", "row"])
def test_where_with_a_stretched_branch(b: Any) -> None:
    c = A > 0
    g = ad.grad(lambda y: np.sum(np.where(c, A, y) * A))(b)
    assert np.shape(g) == np.shape(b)
    expected = np.where(c, 0, A)
    np.testing.assert_allclose(g, expected.sum() if np.size(b) == 1 else expected.sum(0))


def test_norm_with_axis_and_keepdims() -> None:
    g = ad.grad(lambda x: np.linalg.norm(x, axis=1, keepdims=True).sum())(A)
    assert g.shape == (3, 4)
    np.testing.assert_allclose(g, A / np.linalg.norm(A, axis=1, keepdims=True))


def test_solve_with_a_stretched_right_side() -> None:
    a = np.stack([np.eye(3) * k for k in (1.0, 2.0)])
    g = ad.grad(lambda b: np.linalg.solve(a, b).sum())(np.ones((3, 1)))
    np.testing.assert_allclose(g, np.full((3, 1), 1.5))


def test_outer_of_matrices() -> None:
    assert ad.grad(lambda x: np.outer(x, x).sum())(A).shape == (3, 4)


# NaN


def test_norm_inf() -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.linalg.norm(x, np.inf))(X), [0, 0, 1])


def test_sinc_at_zero() -> None:
    assert ad.grad(np.sinc)(0.0) == 0.0
    np.testing.assert_allclose(ad.grad(ad.grad(np.sinc))(0.0), -(np.pi**2) / 3)
    np.testing.assert_allclose(ad.grad(ad.grad(ad.grad(ad.grad(np.sinc))))(0.0), np.pi**4 / 5)


def test_prod_with_a_zero() -> None:
    np.testing.assert_array_equal(ad.grad(np.prod)(np.array([2.0, 0.0, 3.0])), [0, 6, 0])
    np.testing.assert_array_equal(ad.grad(np.prod)(np.array([0.0, 0.0, 3.0])), [0, 0, 0])


@pytest.mark.parametrize("ord", [None, 2, 3, 1.5])
def test_norm_at_zero(ord: Any) -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.linalg.norm(x, ord))(np.zeros(3)), np.zeros(3))
    g = ad.grad(lambda x: np.linalg.norm(x, ord, axis=-1))(np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert np.isfinite(g).all() and (g[0] == 0).all() and (g[1] > 0).all()


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.linalg.norm(x) ** 2,
        lambda x: np.linalg.norm(x, 3) ** 2,
        lambda x: np.linalg.norm(x.reshape(1, 2), axis=1)[0] ** 2,
        lambda x: np.linalg.norm(x.reshape(1, 2), "fro") ** 2,
        lambda x: np.linalg.norm(x + 0j) ** 2,
        lambda x: np.hypot(x[0], x[1]) ** 2,
        lambda x: np.std(x) ** 2,
        lambda x: np.std(np.stack([x, x + 1.0]), axis=1)[1] ** 2,
        lambda x: np.sum(np.abs(x) ** 2),
        lambda x: np.sum(np.fabs(x) ** 2),
        lambda x: np.abs(x[0] + 1j * x[1]) ** 2,
    ],
)
def test_second_derivatives_through_a_kink_are_nan_and_say_so(fun: Any) -> None:
    """Their squares have one, but a rule cannot know: 0, which others give, would be wrong."""
    np.testing.assert_array_equal(ad.grad(fun)(np.zeros(2)), np.zeros(2))
    with pytest.warns(RuntimeWarning, match="has no second derivative at 0"):
        assert np.isnan(np.diag(ad.hessian(fun)(np.zeros(2)))).all()


@pytest.mark.filterwarnings("error")
def test_a_tie_of_two_traced_arguments_says_what_is_differentiated_again() -> None:
    """max(x, -x)**2 is x**2, but both slopes cancel; where the choice cancels there is nothing to say or to spoil."""
    assert ad.grad(lambda x: np.maximum(x, -x) ** 2)(0.0) == 0
    for fun in (np.maximum, np.minimum, np.fmax, np.fmin):
        with pytest.warns(RuntimeWarning, match="are equal and share its gradient"):
            ad.grad(ad.grad(lambda x, fun=fun: fun(x, -x) ** 2))(0.0)
    assert ad.grad(ad.grad(lambda x: np.maximum(x, -x) ** 2))(1.0) == 2
    assert ad.grad(ad.grad(lambda x: np.maximum(x, 0.0) ** 2))(1.0) == 2
    assert ad.grad(ad.grad(lambda x: np.where(x > -x, x, -x) ** 2))(0.0) == 2
    stable = lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x))))  # noqa: E731
    np.testing.assert_allclose(ad.hessian(stable)(np.zeros(2)), [[0.25, -0.25], [-0.25, 0.25]])


@pytest.mark.filterwarnings("error")
def test_directions_at_a_kink_take_the_subgradient() -> None:
    x, v = np.zeros(2), np.array([1.0, 2.0])
    for fun in (np.abs, np.fabs, np.linalg.norm, np.std, lambda x: np.hypot(x[0], x[1])):
        assert np.all(ad.jvp(fun, x, v)[1] == 0)
    assert np.all(ad.jacobian(lambda x: np.outer(np.abs(x), np.ones(5)))(x) == 0)  # column by column


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_second_derivatives_at_a_kink_by_directions() -> None:
    with pytest.warns(RuntimeWarning, match="has no second derivative at 0"):
        assert np.isnan(ad.jvp(ad.grad(lambda y: np.abs(y) ** 2), 0.0, 1.0)[1])
    with pytest.warns(RuntimeWarning, match="has no second derivative at 0"):
        assert np.isnan(ad.grad(lambda x: ad.jvp(lambda y: np.abs(y) ** 2, x, 1.0)[1])(0.0))
    for p in (0.5, 1.5):  # infinite at an entry that is 0
        with pytest.warns(RuntimeWarning, match="has no second derivative at 0"):
            h = ad.hessian(lambda x, p=p: np.linalg.norm(x, p))(np.array([1.0, 0.0]))
        np.testing.assert_array_equal(h, [[0, 0], [0, np.nan]])


def test_the_deviation_of_one_entry_is_always_zero() -> None:
    np.testing.assert_array_equal(
        ad.hessian(lambda x: np.std(x, axis=0).sum() ** 2)(np.ones((1, 2))), np.zeros((1, 2, 1, 2))
    )


def test_second_derivatives_away_from_a_kink() -> None:
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    h = ad.hessian(lambda x: np.linalg.norm(x[1]) ** 2 + np.sum(np.abs(x)))(x)
    np.testing.assert_allclose(h.reshape(4, 4), np.diag([0, 0, 2, 2]), atol=1e-14)


def test_std_of_constants() -> None:
    np.testing.assert_array_equal(ad.grad(np.std)(np.ones(3)), np.zeros(3))


# what raises elsewhere


def test_calls_that_raise_elsewhere() -> None:
    np.testing.assert_array_equal(ad.grad(lambda x: np.clip(x, min=1.5).sum())(X), [0, 1, 1])
    np.testing.assert_array_equal(
        ad.grad(lambda x: (np.roll(x, (1, 1), axis=(0, 1)) * A).sum())(A), np.roll(A, (-1, -1), (0, 1))
    )
    np.testing.assert_array_equal(ad.grad(lambda x: np.broadcast_to(x, (2, 3)).sum())(X), [2, 2, 2])
    np.testing.assert_array_equal(ad.grad(lambda x: (np.sort(x, axis=0)[0]).sum())(A), A.min(0) == A)
    np.testing.assert_array_equal(ad.grad(lambda x: np.pad(x, 1, mode="reflect").sum())(X), [1, 3, 1])
    np.testing.assert_array_equal(ad.grad(lambda x: np.linspace(x, 1.0, 2, endpoint=False).sum())(0.0), 1.5)
    np.testing.assert_array_equal(ad.grad(lambda x: np.einsum("ii", x))(np.ones((2, 2))), np.eye(2))
    np.testing.assert_array_equal(ad.grad(lambda x: np.repeat(x, [1, 0, 3]).sum())(X), [1, 0, 3])
    np.testing.assert_array_equal(ad.grad(lambda x: np.float_power(x, 2).sum())(X), 2 * X)


# kinks


def test_conventions_at_kinks() -> None:
    np.testing.assert_array_equal(ad.grad(np.max)(np.ones(2)), [0.5, 0.5])
    np.testing.assert_array_equal(ad.grad(np.min)(np.array([2.0, 1.0, 1.0])), [0, 0.5, 0.5])
    assert ad.grad(lambda x: np.maximum(x, 0.0))(0.0) == 0.5
    assert ad.grad(ad.special.relu)(0.0) == 0.0
    assert ad.grad(np.abs)(0.0) == 0.0
    assert ad.grad(lambda h: np.heaviside(0.0, h))(0.5) == 1.0
    assert ad.grad(lambda x: np.hypot(x, 0.0))(0.0) == 0.0
    assert ad.grad(lambda x: np.clip(x, 0.0, 1.0))(0.0) == 1.0
    np.testing.assert_array_equal(ad.grad(lambda x: x[[0, 0, 1]].sum())(X), [2, 1, 0])


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_infinite_slopes_are_infinite() -> None:
    assert ad.grad(np.sqrt)(0.0) == np.inf
    assert ad.grad(lambda x: x**0.5)(0.0) == np.inf


def test_powers_at_zero() -> None:
    for n in (0, 1, 2, 3):
        assert ad.grad(lambda x, n=n: x**n)(0.0) == (1.0 if n == 1 else 0.0)
    np.testing.assert_array_equal(ad.grad(lambda x: (x ** np.array([0, 1, 2])).sum())(np.zeros(3)), [0, 1, 0])
    assert ad.grad(lambda y: np.power(0.0, y))(2.0) == 0.0
    assert ad.grad(lambda y: 0.0**y)(2.0) == 0.0


@pytest.mark.filterwarnings("ignore")
def test_double_where() -> None:
    """Elsewhere a branch that is not taken spoils the gradient unless its argument is guarded too; here it does not."""
    x = np.array([0.0, 1.0])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ad.grad(lambda x: np.where(x > 0, np.log(x), 0.0).sum())(x), [0, 1])
    np.testing.assert_array_equal(
        ad.grad(lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0).sum())(x), [0, 1]
    )


def test_logsumexp_and_cross_entropy_do_not_overflow() -> None:
    np.testing.assert_allclose(ad.grad(ad.special.logsumexp)(np.array([1000.0, 1000.0])), [0.5, 0.5], rtol=1e-12)
    np.testing.assert_array_equal(ad.grad(ad.special.logsumexp)(np.array([-np.inf, 0.0])), [0, 1])
    np.testing.assert_array_equal(ad.grad(ad.special.logsumexp)(np.array([np.inf, np.inf, 0.0])), [0.5, 0.5, 0])
    value, g = ad.value_and_grad(lambda z: ad.softmax_cross_entropy(z, 1))(np.array([1000.0, 0.0]))
    assert value == 1000.0
    np.testing.assert_array_equal(g, [1.0, -1.0])
    assert np.isfinite(ad.grad(ad.special.log_expit)(-1000.0)) and ad.grad(ad.special.softplus)(1000.0) == 1.0
    np.testing.assert_allclose(ad.grad(ad.special.log_ndtr)(-50.0), 50.0199840, rtol=1e-7)
    assert ad.grad(lambda x: np.logaddexp(x, -np.inf))(1.0) == 1.0


def test_equal_eigenvalues_have_a_sum() -> None:
    g = ad.grad(lambda a: np.linalg.eigvalsh(a).sum())(np.eye(3))
    np.testing.assert_allclose(g, np.eye(3), atol=1e-14)
    g = ad.grad(lambda a: np.linalg.norm(a, "nuc"))(np.eye(3))
    np.testing.assert_allclose(g, np.eye(3), atol=1e-14)


@pytest.mark.filterwarnings("error")
def test_the_power_zero_of_numbers_whose_inverse_is_infinite() -> None:
    x = np.array([0.0, 1e-310, -5e-324, 2.0])
    for dtype in (np.float64, np.float32, np.float16):
        got = ad.grad(lambda x: np.sum(x ** np.zeros(4, x.dtype)))(x.astype(dtype))
        np.testing.assert_array_equal(got, np.zeros(4))
