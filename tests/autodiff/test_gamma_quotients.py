"""Binomial coefficients and Pochhammer symbols, also where a gamma function in them is infinite, against mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

import autodiff as ad
from autodiff.scipy import stats


def binomial(n: Any, k: Any) -> Any:
    return mpmath.gamma(n + 1) * mpmath.rgamma(k + 1) * mpmath.rgamma(n - k + 1)


def rising(z: Any, m: Any) -> Any:
    return mpmath.rf(z, m)


BINOMIAL = [
    (1.0, 3.0), (0.5, 2.5), (5.0, 3.0), (5.5, 2.2), (3.0, 5.0), (10.0, 10.0), (2.0, -1.0), (2.5, -2.0), (40.0, 20.0),
    (0.0, 0.0), (1.0, 1.5), (200.0, 205.0), (-0.5, 1.5),
]  # fmt: skip
RISING = [(0.0, 2.5), (-1.0, 3.0), (-2.0, 3.0), (-2.5, 2.2), (2.0, 3.0), (0.5, 0.5), (100.0, 0.5), (-4.0, 5.5)]


@pytest.mark.parametrize(
    ("ours", "exact", "at"),
    [*[(special.binom, binomial, p) for p in BINOMIAL], *[(special.poch, rising, p) for p in RISING]],
)
@pytest.mark.filterwarnings("error")
def test_against_mpmath(ours: Any, exact: Any, at: tuple[float, float]) -> None:
    for order, take in ((1, ad.grad), (2, ad.hessian)):
        for i in (0, 1):
            place = lambda t, i=i: (t, at[1]) if i == 0 else (at[0], t)  # noqa: E731
            with mpmath.workdps(50):
                right = float(mpmath.diff(lambda t, place=place: exact(*map(mpmath.mpf, place(t))), at[i], order))
            got = take(lambda t, place=place: ours(*place(t)))(at[i])
            assert got == pytest.approx(right, rel=1e-9, abs=1e-11 * max(1.0, abs(float(ours(*at)))))


def test_polynomials() -> None:
    """For a whole number m the symbol is a polynomial of z; by m it is 0 nearly everywhere there."""
    assert ad.grad(lambda z: special.poch(z, 2.0))(-2.0) == pytest.approx(-3.0)
    assert ad.hessian(lambda z: special.poch(z, 2.0))(-2.0) == pytest.approx(2.0)
    assert ad.grad(lambda z: special.poch(z, 1.0))(-3.0) == pytest.approx(1.0)
    assert ad.grad(lambda m: special.poch(-2.0, m))(2.0) == 0.0
    z = np.array([-2.0, -1.0, 0.0, 1.5])
    np.testing.assert_allclose(ad.grad(lambda z: special.poch(z, 3.0).sum())(z), 3 * z * z + 6 * z + 2, atol=1e-12)


SINGLE = np.array([0.5, 1.5], np.float32)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: special.poch(x, 0.5),
        lambda x: special.poch(2, x),
        lambda x: special.binom(x + 2, x),
        lambda x: special.stdtr(x, np.float32(1.7)),
        lambda x: special.stdtr(np.float32(2.5), x),
        lambda x: stats.t.pdf(x, np.float32(2.5)),
        lambda x: stats.t.logpdf(np.float32(0.3), x),
        lambda x: special.beta(x, 0.5),
    ],
)
def test_single_precision(f: Any) -> None:
    for take in (ad.grad, ad.hessian):
        d = take(lambda x: f(x).sum())(SINGLE)
        assert d.dtype == np.float32
        np.testing.assert_allclose(d, take(lambda x: f(x).sum())(SINGLE.astype(float)), rtol=1e-4, atol=1e-5)
