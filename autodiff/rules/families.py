"""Functions of one variable with all their derivatives: the n-th as accurate as the first.

Written as a formula of the value, the derivative of ``erfcx`` far out or of the elliptic integrals near 0 is a
difference of nearly equal numbers, and the second derivative loses twice as much. So each function here is ``f(x, n)``,
the n-th derivative, computed by whatever is accurate at x (series, continued fraction, recurrence), and its rule is
n + 1.

References: NIST Digital Library of Mathematical Functions (dlmf.nist.gov), sections 7.6 to 7.18, 19.4, 25.11.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np
from scipy import special as sc

from autodiff.operators import value_of
from autodiff.primitive import entrywise

SQRT_PI = np.sqrt(np.pi).item()
Plain = Callable[[Any, int], Any]


def family(compute: Plain) -> Plain:
    """`compute(x, n)`, the n-th derivative at plain numbers, as a function with a rule; it keeps the type of `x`."""

    @entrywise(lambda out, x, n: lambda g: g * of(x, n + 1), None)
    def of(x: Any, n: int) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(compute(np.asarray(x, float), n)).astype(np.asarray(x).dtype)[()]

    of.__name__, of.__doc__ = compute.__name__, compute.__doc__
    return of


def piecewise(x: Any, chosen: Any, one: Callable[[Any], Any], other: Callable[[Any], Any]) -> Any:
    """``one`` where `chosen`, ``other`` elsewhere, each computed where it is used only."""
    out = np.empty(np.shape(x))
    x, chosen = np.broadcast_arrays(x, chosen)
    out[chosen], out[~chosen] = one(x[chosen]), other(x[~chosen])
    return out


def power_series(coefficients: Any, u: Any) -> Any:
    """sum over k of c_k u^k (Horner)."""
    total: Any = 0.0
    for c in coefficients[::-1]:
        total = total * u + c
    return total


@family
def exprel(x: Any, n: int) -> Any:
    """(e^x - 1)/x = sum x^k/(k+1)!, so f_n = sum x^k/(k! (k+n+1)), and x f_n = e^x - n f_(n-1)."""

    def far(x: Any) -> Any:
        f = sc.exprel(x)
        for k in range(1, n + 1):
            f = (np.exp(x) - k * f) / x
        return f

    return piecewise(
        x, np.abs(x) < 2 + n, lambda x: power_series([1 / (factorial(k) * (k + n + 1)) for k in range(60)], x), far
    )


@family
def log1p_ratio(u: Any, n: int) -> Any:
    """log(1+u)/u = sum (-u)^k/(k+1), and u f_n = (n-th derivative of log(1+u)) - n f_(n-1)."""

    def far(u: Any) -> Any:
        f = np.log1p(u) / u
        for k in range(1, n + 1):
            f = (-((-1) ** k) * factorial(k - 1) / (1 + u) ** k - k * f) / u
        return f

    terms = [(-1) ** (k + n) * float(sc.poch(k + 1, n)) / (k + n + 1) for k in range(40)]
    return piecewise(u, np.abs(u) < 0.3, lambda u: power_series(terms, u), far)


def erfcx_ratios(x: Any, n: int) -> list[Any]:
    """J_k/J_(k-1), k = 1..n, of J_k = integral of t^k exp(-t^2 - 2xt) over t > 0: J_(k+1) = -x J_k + k/2 J_(k-1).

    Downward, as a continued fraction of positive terms; erfcx is 2/sqrt(pi) J_0 and its derivatives follow from J_k.
    """
    r, ratios = np.zeros_like(x), list[Any]()
    for k in range(220, 0, -1):
        r = (k / 2) / (x + r)
        if k <= n:
            ratios.insert(0, r)
    return ratios


@family
def erfcx(x: Any, n: int) -> Any:
    """f_n = (-2)^n 2/sqrt(pi) J_n; below 1 by f_(n+1) = 2x f_n + 2n f_(n-1), which is exact enough there."""

    def near(x: Any) -> Any:
        before, f = sc.erfcx(x), 2 * x * sc.erfcx(x) - 2 / SQRT_PI
        for k in range(1, n):
            before, f = f, 2 * x * f + 2 * k * before
        return f if n else before

    def far(x: Any) -> Any:
        return sc.erfcx(x) * np.prod([-2 * r for r in erfcx_ratios(x, n)], axis=0)

    return piecewise(x, x < 1, near, far)


@family
def dawsn(x: Any, n: int) -> Any:
    """f_(n+1) = -2x f_n - 2n f_(n-1); beyond 6 + n the series sum (2k-1)!!/(2^(k+1) x^(2k+1)), term by term."""

    def near(x: Any) -> Any:
        before, f = sc.dawsn(x), 1 - 2 * x * sc.dawsn(x)
        for k in range(1, n):
            before, f = f, -2 * x * f - 2 * k * before
        return f if n else before

    def far(x: Any) -> Any:
        terms, c = [], 0.5
        for k in range(36):
            terms.append((-1) ** n * float(sc.poch(2 * k + 1, n)) * c)
            c *= (2 * k + 1) / 2
        return power_series(terms, 1 / (x * x)) / x ** (n + 1)

    return piecewise(x, np.abs(x) < 6 + n / 2, near, far)


def elliptic(name: str, value: Any, slope: Any, a: float, step: Callable[[Any, int, Any, Any], Any]) -> Plain:
    """pi/2 2F1(a, 1/2; 1; m) and its derivatives; `step` gives f_(n+2) from f_(n+1) and f_n by its equation."""

    def compute(m: Any, n: int) -> Any:
        def near(m: Any) -> Any:
            lead = np.pi / 2 * sc.poch(a, n) * sc.poch(0.5, n) / factorial(n)
            return lead * sc.hyp2f1(a + n, 0.5 + n, 1 + n, m)

        def far(m: Any) -> Any:
            before, f = value(m), slope(m)
            for k in range(n - 1):
                before, f = f, step(m, k, f, before) / (m * (1 - m))
            return f if n else before

        return piecewise(m, np.abs(m) < 0.3, near, far)

    compute.__name__ = name
    return family(compute)


ellipk = elliptic(
    "ellipk",
    sc.ellipk,
    lambda m: (sc.ellipe(m) / (1 - m) - sc.ellipk(m)) / (2 * m),
    0.5,
    lambda m, n, after, f: (n + 0.5) ** 2 * f - (n + 1) * (1 - 2 * m) * after,
)
ellipe = elliptic(
    "ellipe",
    sc.ellipe,
    lambda m: (sc.ellipe(m) - sc.ellipk(m)) / (2 * m),
    -0.5,
    lambda m, n, after, f: (n * n - 0.25) * f - (n + 1 - (2 * n + 1) * m) * after,
)


def nonzero(x: Any) -> Any:
    """`x` with zeros replaced by one, to divide by."""
    return np.where(value_of(x) == 0, 1, x)


# functions of which a closed form of the slope is accurate


@entrywise(lambda out, x: lambda g: g * (-2 * x))
def one_minus_square(x: Any) -> Any:
    """1 - x^2, to the last digit near 1 as well."""
    return (1 - x) * (1 + x)


@entrywise(
    lambda out, x, y: lambda g: g * (np.square(cosine(y, x)) / nonzero(np.hypot(x, y))),
    lambda out, x, y: lambda g: -g * (out * cosine(y, x) / nonzero(np.hypot(x, y))),
)
def cosine(x: Any, y: Any) -> Any:
    """x / hypot(x, y), the slope of hypot; 0 at the origin."""
    return x / nonzero(np.hypot(x, y))


@entrywise(lambda out, x: lambda g: g * (-2 * out * np.tanh(x)))
def sech2(x: Any) -> Any:
    """1/cosh(x)^2, the slope of tanh, without overflow or cancellation."""
    e = np.exp(-2 * np.abs(x))
    return 4 * e / ((1 + e) * (1 + e))


@entrywise(lambda out, x: lambda g: g * (-out * np.tanh(x / 2)))
def logistic_density(x: Any) -> Any:
    """The slope of expit."""
    return sc.expit(x) * sc.expit(-x)


@entrywise(lambda out, w: lambda g: g / ((1 + w) * (1 + w)))
def saturation(w: Any) -> Any:
    """w / (1 + w)."""
    return w / (1 + w)


@entrywise(lambda out, x: lambda g: g * (-out * mills_excess(x)))
def mills(x: Any) -> Any:
    """The normal density over the normal distribution function, the slope of log_ndtr."""
    return np.sqrt(2 / np.pi).item() / sc.erfcx(x * -np.sqrt(0.5).item())


@entrywise(lambda out, x: lambda g: g * (1 - mills(x) * out))
def mills_excess(x: Any) -> Any:
    """x + mills(x), which goes to zero as -1/x far on the left."""
    x64 = np.asarray(x, float)
    near = lambda x: x + mills(x)  # noqa: E731
    out = piecewise(x64, x64 > -2, near, lambda x: np.sqrt(2) * erfcx_ratios(-x * np.sqrt(0.5), 1)[0])
    return out.astype(np.asarray(x).dtype)[()]


@entrywise(
    lambda out, a, b, n: lambda g: g * digamma_gap(a, b, n + 1),
    lambda out, a, b, n: lambda g: g * polygamma_value(n + 1, a + b),
    None,
)
def digamma_gap(a: Any, b: Any, n: int) -> Any:
    """Polygamma of order n at a + b less that at a; for small b by its Taylor series."""
    dtype = np.result_type(a, b)  # a number of Python's does not widen float32
    a, b = np.broadcast_arrays(a, b)
    small = np.abs(b) < 0.05 * np.abs(a)
    out = np.asarray(sc.polygamma(n, np.where(small, 1, a) + b) - sc.polygamma(n, np.where(small, 1, a)))
    if small.any():
        p, q = a[small], b[small]
        out[small] = sum(q**k / factorial(k) * sc.polygamma(n + k, p) for k in range(14, 0, -1))
    return out.astype(dtype)[()]


def polygamma_value(n: int, x: Any) -> Any:
    """Polygamma function of order n > 0, (-1)^(n+1) n! zeta(n+1, x), of tensors too."""
    return (-1.0) ** (n + 1) * float(factorial(n)) * zeta(float(n + 1), x)


BERNOULLI = sc.bernoulli(24)[2::2] / [float(factorial(2 * j)) for j in range(1, 13)]


def zeta_slope(s: Any, q: Any) -> Any:
    """The derivative of the Hurwitz zeta function by s: Euler-Maclaurin (DLMF 25.11.7), term by term."""
    n = 12
    total: Any = 0.0
    for k in range(n):
        total = total - np.log(q + k) * (q + k) ** -s
    z, log_z = q + n, np.log(q + n)
    power = z**-s
    total = total - power * z * (log_z / (s - 1) + 1 / ((s - 1) * (s - 1))) - 0.5 * log_z * power
    rising, slope = s, 1.0  # s (s+1) ... and its derivative by s
    factor = power / z
    for j, b in enumerate(BERNOULLI.tolist()):
        total = total + b * factor * (slope - rising * log_z)
        for i in (2 * j + 1, 2 * j + 2):
            rising, slope = rising * (s + i), slope * (s + i) + rising
        factor = factor / (z * z)
    return total


@entrywise(lambda out, x, q: lambda g: g * zeta_slope(x, q), lambda out, x, q: lambda g: g * (-x * zeta(x + 1, q)))
def zeta(x: Any, q: Any) -> Any:
    """Hurwitz zeta function, sum over k of (k + q)^-x."""
    return sc.zeta(x, q)
