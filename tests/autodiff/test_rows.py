"""An entry's slope is the one that it has alone, to the last bit, whatever stands beside it in an array."""

from typing import Any

import numpy as np
import pytest
from scipy import special as sc

import autodiff as ad

DRAWN = np.random.default_rng(5)
ENTRIES = np.concatenate([DRAWN.uniform(0.05, 0.95, 300), DRAWN.uniform(0.05, 12.0, 300)])


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.power(x, 0.9), lambda x: np.power(x, 3), lambda x: np.power(x, 3.0), lambda x: np.power(x, -2),
        lambda x: np.power(x, 1.5), lambda x: np.power(x, 0.5), lambda x: np.float_power(x, 2.5),
        lambda x: np.power(2.5, x), lambda x: np.power(x, np.float64(1.7)), lambda x: np.power(x, x),
        np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.cbrt, np.square, np.reciprocal,
        np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.absolute,
        lambda x: np.hypot(x, 1.0), lambda x: np.arctan2(x, 2.0), lambda x: np.logaddexp(x, 1.0),
        sc.expit, sc.log_expit, sc.erf, sc.ndtr, sc.log_ndtr, sc.gammaln, lambda x: sc.xlogy(x, x),
        lambda x: sc.boxcox(x, 0.7), lambda x: sc.inv_boxcox(x, 0.7), lambda x: sc.pseudo_huber(x, 2.0),
        ad.special.softplus, lambda x: ad.scipy.stats.lognorm.logpdf(x, 0.7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_number_has_the_slope_that_it_has_among_many(fun: Any, dtype: Any) -> None:
    x = ENTRIES.astype(dtype)
    value, pull = ad.vjp(fun, x)
    together = pull(np.ones_like(value))
    for k in range(0, len(x), 7):
        f, g = ad.value_and_grad(fun)(x[k])
        assert (f, g) == (value[k], together[k])
        assert g.dtype == dtype
        assert ad.grad(lambda x: np.sum(fun(x)))(x[k : k + 1]) == together[k]


@pytest.mark.parametrize("exponent", [2, 3, 3.0])
def test_whole_powers_by_the_operator_too(exponent: float) -> None:
    """Their slopes are products; other powers of a number alone are NumPy's quick ones, as their values are."""
    together = ad.grad(lambda x: np.sum(x**exponent))(ENTRIES)
    np.testing.assert_array_equal(together, [ad.grad(lambda x: x**exponent)(one) for one in ENTRIES])


ODD = {
    "saturated": (lambda x: np.tanh(x).sum(-1), 9.0), "near 1": (lambda x: sc.expit(x).sum(-1), 9.0),
    "of no length": (lambda x: 1.7 * np.linalg.norm(x, axis=-1), 0.0),
    "of no length, to the third": (lambda x: np.linalg.norm(x, 3, axis=-1), 0.0),
    "without spread": (lambda x: 1.7 * np.std(x, axis=-1), 1.0), "a zero factor": (lambda x: np.prod(x, axis=-1), 0.0),
    "a zero in its course": (lambda x: np.cumprod(x, axis=-1).sum(-1), 0.0),
    "endless": (lambda x: ad.special.logsumexp(x, axis=-1), np.inf),
    "equal infinities": (lambda x: np.logaddexp(x, x[..., ::-1]).sum(-1), np.inf),
    "whose own product": (lambda x: np.prod(x[..., None] * x[..., None, :], axis=(-1, -2)), 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_row_has_the_same_slopes_beside_an_odd_one(name: str) -> None:
    fun, odd = ODD[name]
    x = DRAWN.uniform(0.1, 2.0, (40, 5))
    with np.errstate(invalid="ignore"):
        alone = ad.grad(fun)(x)
        beside = ad.grad(fun)(np.concatenate([x, np.full((3 * len(x), 5), odd)]))
        np.testing.assert_array_equal(beside[: len(x)], alone)
        few = ad.grad(fun)(np.concatenate([x, np.full((1, 5), odd)]))
        np.testing.assert_array_equal(few[: len(x)], alone)
        np.testing.assert_array_equal(few[-1], ad.grad(fun)(np.full(5, odd)))


@pytest.mark.parametrize("fun", [np.prod, lambda x, axis: np.cumprod(x, axis=axis)[..., -1]])
def test_products_of_rows_of_which_some_have_zeros_are_differentiated_twice(fun: Any) -> None:
    x = DRAWN.uniform(0.5, 2.0, (4, 3))
    x[1, 0] = x[2, 0] = x[2, 2] = 0.0
    v = DRAWN.standard_normal(x.shape)
    product = ad.hvp(lambda x: fun(x, axis=-1))(x, v)
    for row, along, got in zip(x, v, product, strict=True):
        others = [[0.0, row[2], row[1]], [row[2], 0.0, row[0]], [row[1], row[0], 0.0]]
        np.testing.assert_allclose(got, np.array(others) @ along, rtol=1e-12, atol=1e-15)
