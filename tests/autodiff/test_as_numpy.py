"""The value that NumPy gives, the gradient of that value, or NumPy's refusal: also where arguments are unusual."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import special

import autodiff as ad

HOLES = np.array([[1.0, 2.0, 9.0], [np.nan, 4.0, 5.0], [np.nan, np.nan, np.nan]])
FIRST_TWO = np.array([True, True, False])
IGNORING = (np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd)


def warned(call: Any) -> tuple[Any, list[str]]:
    """What a call gives, and the sentences that it warns with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = call()
    return out, sorted({str(w.message) for w in caught})


@pytest.mark.parametrize("fun", IGNORING)
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("where", [None, FIRST_TWO, HOLES > 1.5], ids=["all", "columns", "entries"])
def test_without_nan(fun: Any, axis: int | None, where: Any) -> None:
    """The mask of the caller's counts too; where nothing is left value and slope are NaN."""
    options = {} if where is None else {"where": where}
    if where is not None and fun in (np.nanmax, np.nanmin):
        options["initial"] = -3.0 if fun is np.nanmax else 30.0
    for more in [{"ddof": k} for k in (0, 1, 2)] if fun in (np.nanvar, np.nanstd) else [{}]:

        def f(x: Any, more: Any = more) -> Any:
            return fun(x, axis=axis, **options, **more)

        expected, sentences = warned(lambda f=f: f(HOLES))
        (value, pull), ours = warned(lambda f=f: ad.vjp(f, HOLES))
        np.testing.assert_allclose(value, expected)
        assert ours == sentences
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            d, h = pull(np.ones(np.shape(value))), 1e-6
            for place in np.ndindex(HOLES.shape):
                step = np.zeros(HOLES.shape)
                step[place] = h
                slope = np.sum(np.nan_to_num(f(HOLES + step)) - np.nan_to_num(f(HOLES - step))) / (2 * h)
                assert np.isnan(d[place]) or d[place] == pytest.approx(slope, abs=1e-6)
        if not np.isnan(expected).any():
            assert np.isfinite(d).all()
        elif axis == 1:
            assert np.isnan(d[2]).all()


def test_all_nan_by_order() -> None:
    for fun in (np.nanmedian, lambda x, axis: np.nanquantile(x, 0.3, axis=axis)):
        with pytest.warns(RuntimeWarning, match="All-NaN"):
            value, pull = ad.vjp(lambda x, fun=fun: fun(x, axis=1), HOLES)
        np.testing.assert_array_equal(np.isnan(value), [False, False, True])
        np.testing.assert_array_equal(np.isnan(pull(np.ones(3))).all(axis=1), [False, False, True])


ORDERS = {
    "reshape": lambda x, order: np.reshape(x, -1, order=order),
    "x.reshape": lambda x, order: x.reshape(-1, order=order),
    "ravel": lambda x, order: np.ravel(x, order),
    "flatten": lambda x, order: x.flatten(order),
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("order", ["A", "K", "C", "F", "a", "f"])
@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.T, lambda x: x[:, ::2], lambda x: x[:, ::2].T])
def test_orders(name: str, order: str, layout: Any) -> None:
    """As an array lies in memory is refused where that is not by rows: a gradient may lie otherwise."""
    x = np.arange(6.0).reshape(2, 3)
    weights = np.arange(6.0)[: layout(x).size]
    if order == "K" and "reshape" in name:
        with pytest.raises(ValueError, match="not permitted"):
            ad.grad(lambda x: (ORDERS[name](layout(x), order) * weights).sum())(x)
        return
    try:
        d = ad.grad(lambda x: (ORDERS[name](layout(x), order) * weights).sum())(x)
    except TypeError as error:
        assert order in "AKa" and "say order='C'" in str(error) and not layout(x).flags.c_contiguous
        return
    slopes = [(ORDERS[name](layout(x + e.reshape(2, 3)) - layout(x), order) * weights).sum() for e in np.eye(6)]
    np.testing.assert_allclose(d.ravel(), slopes)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint64, np.int8, np.int64, bool])
@pytest.mark.parametrize("fun", [np.power, np.float_power, lambda x, y: x**y])
@pytest.mark.filterwarnings("error")
def test_whole_numbers_as_exponents(kind: Any, fun: Any) -> None:
    """0 - 1 is 255 in uint8, and the logarithm of an int8 has three digits."""
    x, y = np.array([0.0, 0.5, 2.0]), np.array([0, 1, 2]).astype(kind)
    for part in (y, y[0], y[1]):
        exact = part.astype(float)
        for take in (ad.grad, ad.hessian):
            got = take(lambda x, part=part: fun(x, part).sum())(x)
            np.testing.assert_allclose(got, take(lambda x, exact=exact: fun(x, exact).sum())(x), rtol=1e-13)
    np.testing.assert_allclose(
        ad.grad(lambda z: fun(y, z).sum())(x + 1), ad.grad(lambda z: fun(y.astype(float), z).sum())(x + 1), rtol=1e-13
    )
    single = np.float32(1.5)
    assert ad.grad(lambda x: fun(x, y[0]) + x)(single) == 1.0
    least = np.array([-128, 3], np.int8)
    np.testing.assert_allclose(ad.grad(lambda x: fun(x, least).sum())(np.full(2, 1.1)), [-128 * 1.1**-129, 3.63])


@pytest.mark.parametrize(
    "fun",
    [special.jv, special.yv, special.iv, special.kv, special.ive, special.kve, special.kn, special.yn, special.expn],
)
def test_whole_numbers_as_orders(fun: Any) -> None:
    x = np.array([1.0, 2.0])
    for take in (ad.grad, ad.hessian):
        got = take(lambda x: fun(np.array([0, 1], np.uint8), x).sum())(x)
        np.testing.assert_allclose(got, take(lambda x: fun(np.array([0, 1]), x).sum())(x), rtol=1e-13)


@pytest.mark.parametrize("fun", [special.xlogy, special.xlog1py, special.boxcox])
def test_small_whole_numbers_in_logarithms(fun: Any) -> None:
    x, n = np.array([1.0, 2.0]), np.array([3, 5], np.int8)
    for call in (fun, lambda x, y: fun(y, x)):
        got = ad.grad(lambda x, call=call: call(x, n).sum())(x)
        np.testing.assert_allclose(got, ad.grad(lambda x, call=call: call(x, n.astype(float)).sum())(x), rtol=1e-13)
    np.testing.assert_array_equal(ad.grad(lambda x: np.ldexp(x, n).sum())(x), [8.0, 32.0])
