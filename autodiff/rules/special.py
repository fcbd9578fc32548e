"""Rules of the ufuncs of ``scipy.special``: ``scipy.special.erf(x)`` of a tensor is a tensor.

Derivatives are those of the Digital Library of Mathematical Functions (dlmf.nist.gov). Where a function has a
parameter whose derivative has no closed form (the order of a Bessel function, the shape of an incomplete gamma
function), that argument has none here and says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import RULES, TRACED, rule
from autodiff.rules import families
from autodiff.rules.elementwise import LOG10, entries_apart
from autodiff.rules.families import cosine, digamma_gap, logistic_density, mills, polygamma_value, saturation
from autodiff.rules.incomplete import beta_cdf_slope, beta_density, gamma_cdf_slope, gamma_density
from autodiff.tensor import Tensor

SQRT_PI = np.sqrt(np.pi).item()
SQRT_2PI = np.sqrt(2 * np.pi).item()


# sigmoids


def expit_rule(out: Any, x: Any) -> Any:
    """out (1 - out), which needs only `out` to be kept; where 1 - out has lost its digits, or will, from x."""
    if type(x) is Tensor:
        return lambda g: g * logistic_density(x)
    if (out < 0.999).all():
        return lambda g: g * (out * (1 - out))
    if type(out) is not np.ndarray:
        return lambda g: g * logistic_density(x)
    far = np.flatnonzero(~(out < 0.999))
    return entries_apart(lambda: out * (1 - out), far, logistic_density(x.take(far)))


rule(sc.expit, expit_rule)
rule(sc.logit, lambda out, x: lambda g: g / (x * (1 - x)))
rule(sc.log_expit, lambda out, x: lambda g: g * sc.expit(-x))

# the error function and the normal distribution

rule(sc.erf, lambda out, x: lambda g: g * (2 / SQRT_PI * np.exp(-x * x)))
rule(sc.erfc, lambda out, x: lambda g: g * (-2 / SQRT_PI * np.exp(-x * x)))


def by_family(fun: Any, formula: Any) -> Any:
    """Maker from a function of :mod:`~autodiff.rules.families`, and a formula in its place for complex numbers."""

    def maker(out: Any, x: Any) -> Any:
        return lambda g: g * (formula(out, x) if out.dtype.kind == "c" else fun(x, 1))

    return maker


def real_part_only(out: Any, name: str) -> None:
    if out.dtype.kind == "c":
        raise TypeError(f"scipy.special.{name} of complex values has no gradient rule: take real and imaginary parts")


rule(sc.erfcx, by_family(families.erfcx, lambda out, x: 2 * x * out - 2 / SQRT_PI))
rule(sc.erfi, lambda out, x: lambda g: g * (2 / SQRT_PI * np.exp(x * x)))
rule(sc.dawsn, by_family(families.dawsn, lambda out, x: 1 - 2 * x * out))
rule(sc.erfinv, lambda out, x: lambda g: g * (SQRT_PI / 2 * np.exp(out * out)))
rule(sc.erfcinv, lambda out, x: lambda g: g * (-SQRT_PI / 2 * np.exp(out * out)))
rule(sc.ndtr, lambda out, x: lambda g: g * (np.exp(-0.5 * x * x) / SQRT_2PI))
rule(sc.ndtri, lambda out, x: lambda g: g * (SQRT_2PI * np.exp(0.5 * out * out)))
rule(sc.log_ndtr, lambda out, x: lambda g: g * mills(x))

# gamma and its kin

rule(sc.gamma, lambda out, x: lambda g: g * (out * sc.digamma(x)))


for log_gamma in (sc.gammaln, sc.loggamma):
    rule(log_gamma, lambda out, x: lambda g: g * sc.digamma(x))


def trigamma_like(order: int) -> Any:
    """Maker of the derivative of the polygamma function of this order (0: digamma)."""

    def maker(out: Any, x: Any) -> Any:
        real_part_only(out, "digamma")
        return lambda g: g * polygamma_value(order + 1, x)

    return maker


rule(sc.psi, trigamma_like(0))
rule(
    sc.beta,
    lambda out, a, b: lambda g: -g * (out * digamma_gap(a, b, 0)),
    lambda out, a, b: lambda g: -g * (out * digamma_gap(b, a, 0)),
)
rule(
    sc.betaln,
    lambda out, a, b: lambda g: -g * digamma_gap(a, b, 0),
    lambda out, a, b: lambda g: -g * digamma_gap(b, a, 0),
)
rule(
    sc.gammainc,
    lambda out, a, x: lambda g: g * gamma_cdf_slope(a, x, 1),
    lambda out, a, x: lambda g: g * gamma_density(a, x),
)
rule(
    sc.betainc,
    lambda out, a, b, x: lambda g: g * beta_cdf_slope(a, b, x, 1, 0),
    lambda out, a, b, x: lambda g: g * beta_cdf_slope(a, b, x, 0, 1),
    lambda out, a, b, x: lambda g: g * beta_density(a, b, x),
)

# entropies: x log y is 0 at x = 0


def both_at(x: Any, y: Any, start: float) -> Any:
    """Where x is 0 and y at the end of the logarithm's domain."""
    return (value_of(x) == 0) & (value_of(y) == start)


rule(
    sc.xlogy,
    lambda out, x, y: lambda g: g * np.where(both_at(x, y, 0), 0, np.log(np.where(both_at(x, y, 0), 1, y))),
    lambda out, x, y: lambda g: g * (x / np.where(value_of(x) == 0, 1, y)),
)
rule(
    sc.xlog1py,
    lambda out, x, y: lambda g: g * np.log1p(np.where(both_at(x, y, -1), 0, y)),
    lambda out, x, y: lambda g: g * (x / np.where(value_of(x) == 0, 1, 1 + y)),
)
rule(sc.entr, lambda out, x: lambda g: g * (-np.log(x) - 1))
rule(sc.rel_entr, lambda out, x, y: lambda g: g * (np.log(x / y) + 1), lambda out, x, y: lambda g: -g * (x / y))
rule(sc.kl_div, lambda out, x, y: lambda g: g * np.log(x / y), lambda out, x, y: lambda g: g * (1 - x / y))

# exponentials, powers and losses

rule(sc.exp10, lambda out, x: lambda g: g * (out * LOG10))
rule(sc.exprel, lambda out, x: lambda g: g * families.exprel(x, 1))
rule(sc.cosm1, lambda out, x: lambda g: -g * np.sin(x))
rule(
    sc.boxcox,
    lambda out, x, lam: lambda g: g * np.power(x, lam - 1),
    lambda out, x, lam: lambda g: g * _boxcox_slope(out, np.log(x), lam),
)
rule(sc.huber, None, lambda out, delta, r: lambda g: g * np.clip(r, -delta, delta))
rule(
    sc.pseudo_huber,
    lambda out, delta, r: lambda g: g * _pseudo_huber_by_delta(delta, r / delta),
    lambda out, delta, r: lambda g: g * (delta * cosine(r / delta, 1.0)),
)


def _boxcox_slope(out: Any, log_x: Any, lam: Any) -> Any:
    """d/dlam (e^(lam l) - 1)/lam with l = log x, that is l^2 exprel'(lam l)."""
    return log_x * log_x * families.exprel(lam * log_x, 1)


def _pseudo_huber_by_delta(delta: Any, q: Any) -> Any:
    """With s = sqrt(1 + q^2): 2 delta (s - 1) - delta q^2 / s, multiplied out so that nothing cancels."""
    square = q * q
    s = np.sqrt(1 + square)
    return delta * (square * square) / (s * np.square(1 + s))


for theirs, numpys in ((sc.exp2, np.exp2), (sc.expm1, np.expm1), (sc.log1p, np.log1p), (sc.cbrt, np.cbrt)):
    rule(theirs, *RULES[numpys])
rule(
    sc.boxcox1p,
    lambda out, x, lam: lambda g: g * np.exp((lam - 1) * np.log1p(x)),
    lambda out, x, lam: lambda g: g * _boxcox_slope(out, np.log1p(x), lam),
)
rule(sc.inv_boxcox, lambda out, x, lam: lambda g: g * np.power(out, 1 - lam), None)
rule(sc.inv_boxcox1p, lambda out, x, lam: lambda g: g * np.power(1 + out, 1 - lam), None)

# integrals


def student_density(df: Any, t: Any) -> Any:
    """Density of Student's t."""
    norm = sc.poch(df / 2, 0.5) / np.sqrt(np.pi * df)
    norm = float(norm) if isinstance(norm, np.floating) else norm  # which does not widen float32
    return norm * np.exp(-(df + 1) / 2 * np.log1p(t * t / df))


def _student_by_df(df: Any, t: Any) -> Any:
    """By df, of 1/2 + I(w; 1/2, df/2) / 2 with w = t^2/(df + t^2) for t > 0, or of the complement with 1 - w."""
    small = np.asarray(value_of(t) ** 2 * (1 + 5 / value_of(df)) < 1e-3)  # where w has no slope, at 0, and near it
    far = np.where(small, np.sqrt(df), t)
    square, b = far * far, df / 2
    total = df + square
    near = np.asarray(value_of(square) < value_of(df))
    slope = square / total / total
    w, z = np.where(near, square / total, 0.5), np.where(near, 0.5, df / total)
    inner = beta_cdf_slope(0.5, b, w, 0, 1) / 2 - beta_density(0.5, b, w) * slope
    outer = -beta_cdf_slope(b, 0.5, z, 1, 0) / 2 - beta_density(b, 0.5, z) * slope
    return np.where(small, _student_by_df_at_0(df, t), np.sign(value_of(t)) / 2 * np.where(near, inner, outer))


def _student_by_df_at_0(df: Any, t: Any) -> Any:
    """By df, of the series t p(0) (1 - (1 + r) t^2/6 + ...) with r = 1/df and p the density."""
    r, u = 1 / df, np.where(value_of(t) ** 2 * (1 + 5 / value_of(df)) < 1e-3, t, 0.0) ** 2
    series = 1 - u * (1 + r) * (1 / 6 - u * (1 + 3 * r) * (1 / 40 - u * (1 + 5 * r) / 336))
    by_r = -u * (1 / 6 - u * ((4 + 6 * r) / 40 - u * (9 + 46 * r + 45 * r * r) / 336))
    return t * student_density(df, 0.0) * (_log_height_slope(df) / 2 * series - r * r * by_r)


def _log_height_slope(df: Any) -> Any:
    """psi((df + 1)/2) - psi(df/2) - 1/df, twice the slope of log p(0); the asymptotic series where that cancels."""
    many = np.asarray(value_of(df) > 20)
    few, s = np.where(many, 1.0, df), 1 / np.where(many, df, 21.0) ** 2
    terms = 1 / 2 - s * (1 / 4 - s * (1 / 2 - s * (17 / 8 - s * (31 / 2 - s * (691 / 4 - s * 5461 / 2)))))
    return np.where(many, s * terms, sc.digamma((few + 1) / 2) - sc.digamma(few / 2) - 1 / few)


rule(sc.exp1, lambda out, x: lambda g: -g * np.exp(-x) / x)
rule(sc.expi, lambda out, x: lambda g: g * np.exp(x) / x)


def _expn_before(n: Any, x: Any) -> Any:
    """expn(n - 1, x) for n >= 0, where SciPy has orders from 0."""
    zero = np.exp(-x) / x
    lower = np.where(value_of(n) == 1, zero, zero * (1 + 1 / x))
    return np.where(value_of(n) > 1, sc.expn(np.maximum(n - 1, 0), x), lower)


rule(sc.expn, None, lambda out, n, x: lambda g: -g * _expn_before(n, x))
rule(sc.ellipk, lambda out, m: lambda g: g * families.ellipk(m, 1))
rule(sc.ellipe, lambda out, m: lambda g: g * families.ellipe(m, 1))
rule(sc.spence, by_family(lambda z, n: _spence_slope(z), lambda out, z: np.log(z) / (1 - z)))
rule(sc.wrightomega, lambda out, z: lambda g: g * saturation(out))
rule(
    sc.stdtr,
    lambda out, df, t: lambda g: g * _student_by_df(df, t),
    lambda out, df, t: lambda g: g * student_density(df, t),
)
rule(
    sc.chdtr,
    lambda out, v, x: lambda g: g * (gamma_cdf_slope(v / 2, x / 2, 1) / 2),
    lambda out, v, x: lambda g: g * (gamma_density(v / 2, x / 2) / 2),
)


def _spence_slope(z: Any) -> Any:
    """log(z)/(1 - z), also near 1."""
    left = np.asarray(value_of(z) < 0.5)
    y = np.where(left, z, 0.25)
    return np.where(left, np.log(y) / (1 - y), -families.log1p_ratio(np.where(left, 0.0, z - 1), 0))


# Bessel functions

rule(sc.j0, lambda out, x: lambda g: -g * sc.j1(x))
rule(sc.j1, lambda out, x: lambda g: g * (sc.jv(0, x) - sc.jv(2, x)) / 2)
rule(sc.y0, lambda out, x: lambda g: -g * sc.y1(x))
rule(sc.y1, lambda out, x: lambda g: g * (sc.yv(0, x) - sc.yv(2, x)) / 2)
rule(sc.jv, None, lambda out, n, x: lambda g: g * (sc.jv(n - 1, x) - sc.jv(n + 1, x)) / 2)
rule(sc.yv, None, lambda out, n, x: lambda g: g * (sc.yv(n - 1, x) - sc.yv(n + 1, x)) / 2)
rule(sc.i0, lambda out, x: lambda g: g * sc.i1(x))
rule(sc.i1, lambda out, x: lambda g: g * (sc.iv(0, x) + sc.iv(2, x)) / 2)
rule(sc.k0, lambda out, x: lambda g: -g * sc.k1(x))
rule(sc.k1, lambda out, x: lambda g: -g * (sc.kv(0, x) + sc.kv(2, x)) / 2)
rule(sc.kn, None, lambda out, n, x: lambda g: -g * (sc.kv(n - 1, x) + sc.kv(n + 1, x)) / 2)
rule(sc.yn, None, lambda out, n, x: lambda g: g * (sc.yv(n - 1, x) - sc.yv(n + 1, x)) / 2)
rule(sc.k0e, lambda out, x: lambda g: g * (out - sc.k1e(x)))
rule(sc.k1e, lambda out, x: lambda g: g * (out - sc.k0e(x) - out / x))
rule(sc.iv, None, lambda out, n, x: lambda g: g * (sc.iv(n - 1, x) + sc.iv(n + 1, x)) / 2)
rule(sc.kv, None, lambda out, n, x: lambda g: -g * (sc.kv(n - 1, x) + sc.kv(n + 1, x)) / 2)
rule(sc.i0e, lambda out, x: lambda g: g * (sc.i1e(x) - np.sign(value_of(x)) * out))
rule(sc.i1e, lambda out, x: lambda g: g * ((sc.ive(0, x) + sc.ive(2, x)) / 2 - np.sign(value_of(x)) * out))


def ive_rule(out: Any, n: Any, x: Any) -> Any:
    real_part_only(out, "ive")
    return lambda g: g * ((sc.ive(n - 1, x) + sc.ive(n + 1, x)) / 2 - np.sign(value_of(x)) * out)


rule(sc.ive, None, ive_rule)

rule(sc.kve, None, lambda out, n, x: lambda g: g * (out - (sc.kve(n - 1, x) + sc.kve(n + 1, x)) / 2))

# hypergeometric functions, in their variable

rule(sc.hyp0f1, None, lambda out, b, x: lambda g: g * (sc.hyp0f1(b + 1, x) / b))
rule(sc.hyp1f1, None, None, lambda out, a, b, x: lambda g: g * (a / b * sc.hyp1f1(a + 1, b + 1, x)))
rule(sc.hyperu, None, None, lambda out, a, b, x: lambda g: -g * (a * sc.hyperu(a + 1, b + 1, x)))
rule(sc.hyp2f1, None, None, None, lambda out, a, b, c, x: lambda g: g * (a * b / c * sc.hyp2f1(a + 1, b + 1, c + 1, x)))

# the plasma dispersion function, quantiles, counts

rule(sc.wofz, lambda out, z: lambda g: g * (2j / SQRT_PI - 2 * z * out))
rule(
    sc.gammaincinv,
    lambda out, a, y: lambda g: -g * (gamma_cdf_slope(a, out, 1) / gamma_density(a, out)),
    lambda out, a, y: lambda g: g / gamma_density(a, out),
)
rule(sc.gammainccinv, RULES[sc.gammaincinv][0], lambda out, a, y: lambda g: -g / gamma_density(a, out))
rule(
    sc.betaincinv,
    lambda out, a, b, y: lambda g: -g * (beta_cdf_slope(a, b, out, 1, 0) / beta_density(a, b, out)),
    lambda out, a, b, y: lambda g: -g * (beta_cdf_slope(a, b, out, 0, 1) / beta_density(a, b, out)),
    lambda out, a, b, y: lambda g: g / beta_density(a, b, out),
)
for tail, head in ((sc.gammaincc, sc.gammainc), (sc.betaincc, sc.betainc), (sc.chdtrc, sc.chdtr)):  # 1 less the other
    rule(tail, *[lambda out, *args, m=m: lambda g: -m(out, *args)(g) for m in RULES[head]])
rule(sc.pdtr, None, lambda out, k, m: lambda g: -g * gamma_density(np.floor(k) + 1, m))
rule(sc.pdtrc, None, lambda out, k, m: lambda g: g * gamma_density(np.floor(k) + 1, m))


# functions of two values


def several(name: str, *slopes: Any) -> None:
    """Rule for a ufunc of one argument with several values, from the slope of each."""
    ufunc = getattr(sc, name)

    def maker(out: Any, x: Any) -> Any:
        if name == "shichi":  # whose slope SciPy has for real numbers only
            real_part_only(out[0], name)

        def vjp(g: Any) -> Any:
            parts = [part * slope(x, *out) for part, slope in zip(g, slopes, strict=True) if part is not None]
            return sum(parts[1:], parts[0])

        return vjp

    @with_rule(maker)
    def values(x: Any) -> Any:
        return tuple(ufunc(x))

    values.__name__ = name
    TRACED[ufunc] = values


several("sici", lambda x, *_: np.sinc(x / np.pi), lambda x, *_: np.cos(x) / x)
several("shichi", lambda x, *_: (sc.exprel(x) + sc.exprel(-x)) / 2, lambda x, *_: np.cosh(x) / x)
several("fresnel", lambda x, *_: np.sin(np.pi / 2 * x * x), lambda x, *_: np.cos(np.pi / 2 * x * x))
several(
    "airy",
    lambda x, ai, dai, bi, dbi: dai,
    lambda x, ai, dai, bi, dbi: x * ai,
    lambda x, ai, dai, bi, dbi: dbi,
    lambda x, ai, dai, bi, dbi: x * bi,
)
