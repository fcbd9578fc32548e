"""The incomplete gamma and beta functions: densities, and derivatives by the shape parameters.

The derivative by a shape has no closed form. It is the integral of the density times a polynomial of its logarithmic
derivative, taken here over the side on which that does not cancel, by the double-exponential rule (Takahasi & Mori
1974, Publ. RIMS 9), which takes the algebraic ends in its stride.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from autodiff.operators import value_of
from autodiff.primitive import entrywise
from autodiff.rules.families import digamma_gap

_T = np.arange(-104, 105) / 26
NODES = np.exp(np.pi / 2 * np.sinh(_T))
WEIGHTS = NODES * (np.pi / 2 * np.cosh(_T) / 26)


def no_more(out: Any, *args: Any) -> Any:
    raise TypeError(
        "the incomplete gamma and beta functions have first and second derivatives by their shape parameters, no third:"
        " pass a plain array there, e.g. a.detach()"
    )


def half_line(integrand: Any, scale: Any) -> Any:
    """Integral over v > 0 of ``integrand(v)``, which lives on the scale `scale`."""
    total: Any = 0.0
    for v, w in zip(NODES.tolist(), WEIGHTS.tolist(), strict=True):
        part = integrand(v * scale)
        total = total + w * np.where(np.isfinite(part), part, 0)
    return total * scale


def pole(a: Any) -> Any:
    """Whether `a` is a pole of the gamma function."""
    return (np.asarray(a) <= 0) & (np.floor(a) == a)


def kind(*args: Any) -> Any:
    """The floating type of a function of these."""
    dtype = np.result_type(*args)
    return dtype if dtype.kind == "f" else np.dtype(float)


# gamma


def gamma_density_by_x(out: Any, a: Any, x: Any) -> Any:
    return lambda g: g * (gamma_density(a - 1, x) - out)


def gamma_density_by_a(out: Any, a: Any, x: Any) -> Any:
    return lambda g: g * (sc.xlogy(out, x) - out * sc.psi(a))


@entrywise(gamma_density_by_a, gamma_density_by_x)
def gamma_density(a: Any, x: Any) -> Any:
    """x^(a-1) exp(-x) / Gamma(a), in the type of its arguments; of any real a."""
    with np.errstate(all="ignore"):
        density = np.exp(sc.xlogy(a - 1, x) - x - sc.gammaln(a)) * sc.gammasgn(a)
        return np.where(pole(a), 0, density).astype(kind(a, x))[()]


def gamma_slope_by_a(out: Any, a: Any, x: Any, n: int) -> Any:
    return no_more(out) if n == 2 else lambda g: g * gamma_cdf_slope(a, x, n + 1)


def gamma_slope_by_x(out: Any, a: Any, x: Any, n: int) -> Any:
    return no_more(out) if n == 2 else lambda g: gamma_density_by_a(gamma_density(a, x), a, x)(g)


@entrywise(gamma_slope_by_a, gamma_slope_by_x, None)
def gamma_cdf_slope(a: Any, x: Any, n: int) -> Any:
    """The n-th derivative of gammainc(a, x) by a, n = 1 or 2; of gammaincc it is the negative."""
    dtype = kind(a, x)
    a, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(x, float))
    psi, psi1 = sc.psi(a), sc.polygamma(1, a) if n == 2 else 0
    log_norm = sc.gammaln(a)

    def polynomial(s: Any) -> Any:
        u = s - psi
        return u if n == 1 else u * u - psi1

    def below(v: Any) -> Any:  # t = x exp(-v)
        s = np.log(x) - v
        return np.exp(a * s - np.exp(s) - log_norm) * polynomial(s)

    def above(v: Any) -> Any:  # t = x + v
        s = np.log(x + v)
        return -np.exp((a - 1) * s - (x + v) - log_norm) * polynomial(s)

    with np.errstate(all="ignore"):
        left = half_line(below, 1 / np.where(a > 1, np.maximum(a - x, 0) + np.sqrt(a), a))
        right = half_line(above, np.where(a > 1, 1 / (np.maximum(1 - a / x, 0) + 1 / np.sqrt(a)), 1))
        out = np.where(x <= 0, 0, np.where(np.isinf(x), 0, np.where(x < np.maximum(a, 1), left, right)))
    return out.astype(dtype)[()]


# beta


def beta_density_by_a(out: Any, a: Any, b: Any, x: Any) -> Any:
    return lambda g: g * (sc.xlogy(out, x) + out * digamma_gap(a, b, 0))


def beta_density_by_b(out: Any, a: Any, b: Any, x: Any) -> Any:
    return lambda g: g * (sc.xlog1py(out, -x) + out * digamma_gap(b, a, 0))


def beta_density_by_x(out: Any, a: Any, b: Any, x: Any) -> Any:
    at = pole(np.asarray(value_of(a + b - 1)))  # 0 times infinity there, and good at the ends elsewhere
    if not at.any():
        return lambda g: g * ((a + b - 1) * (beta_density(a - 1, b, x) - beta_density(a, b - 1, x)))
    safe, inner = np.where(at, a + 0.25, a), np.where(at, x, 0.5)

    def vjp(g: Any) -> Any:
        usual = (safe + b - 1) * (beta_density(safe - 1, b, x) - beta_density(safe, b - 1, x))
        return g * np.where(at, out * ((a - 1) / inner - (b - 1) / (1 - inner)), usual)

    return vjp


@entrywise(beta_density_by_a, beta_density_by_b, beta_density_by_x)
def beta_density(a: Any, b: Any, x: Any) -> Any:
    """x^(a-1) (1-x)^(b-1) / B(a, b), of any real a and b."""
    with np.errstate(all="ignore"):
        sign = sc.gammasgn(a) * sc.gammasgn(b) * sc.gammasgn(a + b)
        density = np.exp(sc.xlogy(a - 1, x) + sc.xlog1py(b - 1, -x) - sc.betaln(a, b)) * sign
        return np.where(pole(a) | pole(b), 0, density).astype(kind(a, b, x))[()]


def beta_slope_by(which: int) -> Any:
    def maker(out: Any, a: Any, b: Any, x: Any, i: int, j: int) -> Any:
        if i + j == 2:
            return no_more(out)
        if which == 2:
            return (beta_density_by_a if i else beta_density_by_b)(beta_density(a, b, x), a, b, x)
        return lambda g: g * beta_cdf_slope(a, b, x, i + (which == 0), j + (which == 1))

    return maker


@entrywise(beta_slope_by(0), beta_slope_by(1), beta_slope_by(2), None, None)
def beta_cdf_slope(a: Any, b: Any, x: Any, i: int, j: int) -> Any:
    """The derivative of betainc(a, b, x), i times by a and j times by b, i + j = 1 or 2."""
    dtype = kind(a, b, x)
    a, b, x = np.broadcast_arrays(*[np.asarray(p, float) for p in (a, b, x)])
    out = np.empty(x.shape)
    low = x < a / (a + b)
    out[low] = _beta_below(a[low], b[low], x[low], i, j)
    # the other side is the lower side of 1 - t, with a and b exchanged
    out[~low] = -_beta_below(b[~low], a[~low], 1 - x[~low], j, i)
    return out.astype(dtype)[()]


def _beta_below(a: Any, b: Any, x: Any, i: int, j: int) -> Any:
    log_norm, both = sc.betaln(a, b), sc.polygamma(1, a + b)
    gap_a, gap_b = digamma_gap(a, b, 0), digamma_gap(b, a, 0)

    def integrand(v: Any) -> Any:  # t = x exp(-v)
        s = np.log(x) - v
        r = np.log1p(-np.exp(s))
        by_a, by_b = s + gap_a, r + gap_b
        if i + j == 1:
            factor = by_a if i else by_b
        elif i == 2:
            factor = by_a * by_a - sc.polygamma(1, a) + both
        elif j == 2:
            factor = by_b * by_b - sc.polygamma(1, b) + both
        else:
            factor = by_a * by_b + both
        return np.exp(a * s + (b - 1) * r - log_norm) * factor

    with np.errstate(all="ignore"):
        steep = np.maximum(a - (a + b) * x, 0) + np.where(a > 1, np.sqrt(a * (1 - x)), a)
        return np.where(x <= 0, 0, half_line(integrand, 1 / steep))
