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


A, X3 = np.arange(1.0, 13.0).reshape(3, 4), np.array([0.3, 1.2, 2.5])
REFUSED: dict[str, Any] = {
    "choose, an index too large": lambda x: np.choose([0, 5], [x[:2], 2 * x[:2]]),
    "bincount, negative": lambda x: np.bincount(np.array([-1, 0]), x[:2]),
    "bincount, unequal": lambda x: np.bincount(np.array([1, 0]), x),
    "interp, unequal": lambda x: np.interp(0.5, [0.0, 1.0], x),
    "interp, period 0": lambda x: np.interp(0.5, x, x, period=0),
    "diff, negative": lambda x: np.diff(x, n=-1),
    "diff, axis": lambda x: np.diff(x, axis=1),
    "matrix_power": lambda x: np.linalg.matrix_power(np.outer(x, x), 2.5),
    "median, axis": lambda x: np.median(x, axis=5),
    "nanmedian, axis": lambda x: np.nanmedian(x, axis=5),
    "quantile, axis": lambda x: np.quantile(x, 0.5, axis=-2),
    "quantile, q": lambda x: np.quantile(x, 1.5),
    "gradient, axis": lambda x: np.gradient(x, axis=1),
    "gradient, twice": lambda x: np.gradient(np.outer(x, x), axis=(0, 0)),
    "gradient, edge": lambda x: np.gradient(x, edge_order=3),
    "gradient, few": lambda x: np.gradient(x[:1]),
    "gradient, few for order 2": lambda x: np.gradient(x[:2], edge_order=2),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([0]), axis=1),
    "tensordot, axis": lambda x: np.tensordot(x, x, axes=((1,), (0,))),
    "tensordot, lengths": lambda x: np.tensordot(A * x[0], A.reshape(4, 3), axes=((0, 1), (0, 1))),
    "rollaxis": lambda x: np.rollaxis(np.outer(x, x), 2),
    "cov, ddof": lambda x: np.cov(x, ddof=1.5),
    "cov, negative fweights": lambda x: np.cov(x, fweights=[1, -1, 2]),
    "cov, broken fweights": lambda x: np.cov(x, fweights=[1.5, 1.0, 2.0]),
    "cov, negative aweights": lambda x: np.cov(x, aweights=[1.0, -1.0, 2.0]),
    "meshgrid": lambda x: np.meshgrid(x, x, indexing="foo")[0],
    "vsplit": lambda x: np.vsplit(x, 3)[0],
    "dsplit": lambda x: np.dsplit(np.outer(x, x), 3)[0],
    "linspace, negative": lambda x: np.linspace(x[0], 1.0, num=-3),
    "linspace, broken": lambda x: np.linspace(x[0], 1.0, num=2.5),
    "geomspace, zero": lambda x: np.geomspace(x[0] * 0, 1.0, num=3),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 4),
    "vander": lambda x: np.vander(np.outer(x, x)),
    "clip, twice": lambda x: np.clip(x, 1, None, min=2),
    "average": lambda x: np.average(x, weights=[1.0, -1.0, 0.0]),
    "average, weights of another shape": lambda x: np.average(np.outer(x, x), axis=0, weights=[1.0, 2.0]),
    "percentile": lambda x: np.percentile(x, 101),
    "fftn, lengths": lambda x: np.abs(np.fft.fftn(np.outer(x, x), s=(2,), axes=(0, 1))),
    "nanmean, axis": lambda x: np.nanmean(x, axis=1),
    "polyder": lambda x: np.polyder(x, -1),
    "polyint": lambda x: np.polyint(x, -1),
    "polyfit": lambda x: np.polyfit(x, x, -1),
    "multi_dot": lambda x: np.linalg.multi_dot([x]),
    "linalg.outer": lambda x: np.linalg.outer(np.outer(x, x), x),
    "nanmax of nothing": lambda x: np.nanmax(x[:0]),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_what_numpy_refuses_is_refused(name: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError, ZeroDivisionError)):
        REFUSED[name](X3)
    with pytest.raises((ValueError, TypeError, IndexError, ZeroDivisionError)):
        ad.vjp(REFUSED[name], X3)


SAME: dict[str, Any] = {
    "linspace of whole numbers": lambda x: np.linspace(-x[0] * 4, 0, 4, dtype=int) + x[0] * 0,
    "linspace with its step": lambda x: np.linspace(-x[0] * 4, 0, 4, retstep=True, dtype=int)[1],
    "logspace of whole numbers": lambda x: np.logspace(x[0] * 0, 2, 3, dtype=int) + x[0] * 0,
    "geomspace of whole numbers": lambda x: np.geomspace(x[0] / x[0], 1000, 4, dtype=int) + x[0] * 0,
    "einsum, order of labels": lambda x: np.einsum(np.outer(x, x * x), [25, 26]),
    "einsum, labels the other way": lambda x: np.einsum(np.outer(x, x * x), [26, 25]),
    "einsum, letters": lambda x: np.einsum("zA", np.outer(x, x * x)),
    "rfftn, an axis twice": lambda x: np.abs(np.fft.rfftn(A * x[0] + x[1], axes=(1, 0, 1))),
    "fftn, an axis twice": lambda x: np.abs(np.fft.fftn(A * x[0] + x[1], s=(3, 4, 5), axes=(1, 0, 1))),
    "ifftn, an axis twice": lambda x: np.abs(np.fft.ifftn(A * x[0] + x[1], s=(3, 4, 5), axes=(1, 0, 1))),
    "irfftn, an axis twice": lambda x: np.fft.irfftn(A * x[0] + x[1], axes=(1, 0, 1)),
    "irfftn, whole length": lambda x: np.fft.irfftn(A * x[0] + x[1], s=(3, -1), axes=(0, 1)),
    "irfft2": lambda x: np.fft.irfft2(A * x[0] + x[1]),
    "no entry": lambda x: x[[]],
    "no entry of a row": lambda x: np.outer(x, x)[1, []],
    "average over two axes": lambda x: np.average(A * x[0], axis=(0, 1), weights=A),
    "average, axes the other way": lambda x: np.average(A * x[0], axis=(1, 0), weights=A.T),
    "average, one of two axes": lambda x: np.average(A * x[0], axis=-1, weights=A[0]),
    "average of a cube": lambda x: np.average(np.stack([A * x[0], A**2]), axis=(2, 0), weights=A[:2].T),
    "lstsq of whole numbers": lambda x: np.linalg.lstsq(np.array([[1, 2], [3, 4], [5, 7]]), x)[0],
    "tensordot": lambda x: np.tensordot(A * x[0], A, axes=((-1, 0), (1, 0))),
    "clip": lambda x: x.clip(0.5, max=2) + np.clip(x, min=0.5),
}


@pytest.mark.parametrize("name", SAME)
def test_the_value_is_that_of_numpy(name: str) -> None:
    f = SAME[name]
    value, pull = ad.vjp(f, X3)
    assert np.shape(value) == np.shape(f(X3))
    np.testing.assert_allclose(value, f(X3), rtol=1e-12, atol=1e-12)
    assert pull(np.ones(np.shape(value))).shape == X3.shape
    if np.size(value):
        ad.check_grads(f, X3)


def test_derivatives_of_nothing() -> None:
    nothing = np.zeros(0)
    assert ad.hessian(lambda x: (x**2).sum())(nothing).shape == (0, 0)
    assert ad.hessian(lambda x: (x**2).sum(-1))(np.zeros((3, 0))).shape == (3, 0, 0)
    assert ad.jacobian(lambda x: x**2)(nothing).shape == (0, 0)
    assert ad.jacobian(lambda x: np.append(x, [1.0, 2.0]))(nothing).shape == (2, 0)
    assert ad.hvp(lambda x: (x**2).sum())(nothing, nothing).shape == (0,)
