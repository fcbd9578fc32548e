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
from autodiff.registry import RULES, rule
from autodiff.rules.elementwise import LOG10

SQRT_PI = np.sqrt(np.pi).item()
SQRT_2PI = np.sqrt(2 * np.pi).item()


def weak(x: Any) -> Any:
    """A single number as a Python float, which does not widen float32."""
    return float(x) if isinstance(x, np.floating) else x


# sigmoids

rule(sc.expit, lambda out, x: lambda g: g * (out * (1 - out)))
rule(sc.logit, lambda out, x: lambda g: g / (x * (1 - x)))
rule(sc.log_expit, lambda out, x: lambda g: g * sc.expit(-x))

# the error function and the normal distribution

rule(sc.erf, lambda out, x: lambda g: g * (2 / SQRT_PI * np.exp(-x * x)))
rule(sc.erfc, lambda out, x: lambda g: g * (-2 / SQRT_PI * np.exp(-x * x)))
rule(sc.erfcx, lambda out, x: lambda g: g * (2 * x * out - 2 / SQRT_PI))
rule(sc.erfi, lambda out, x: lambda g: g * (2 / SQRT_PI * np.exp(x * x)))
rule(sc.dawsn, lambda out, x: lambda g: g * (1 - 2 * x * out))
rule(sc.erfinv, lambda out, x: lambda g: g * (SQRT_PI / 2 * np.exp(out * out)))
rule(sc.erfcinv, lambda out, x: lambda g: g * (-SQRT_PI / 2 * np.exp(out * out)))
rule(sc.ndtr, lambda out, x: lambda g: g * (np.exp(-0.5 * x * x) / SQRT_2PI))
rule(sc.ndtri, lambda out, x: lambda g: g * (SQRT_2PI * np.exp(0.5 * out * out)))
rule(sc.log_ndtr, lambda out, x: lambda g: g * (np.exp(-0.5 * x * x - out) / SQRT_2PI))

# gamma and its kin

rule(sc.gamma, lambda out, x: lambda g: g * (out * sc.digamma(x)))
rule(sc.rgamma, lambda out, x: lambda g: g * (-out * sc.digamma(x)))
for log_gamma in (sc.gammaln, sc.loggamma):
    rule(log_gamma, lambda out, x: lambda g: g * sc.digamma(x))


def trigamma_like(order: int) -> Any:
    """Maker of the derivative of the polygamma function of this order (0: digamma)."""
    return lambda out, x: lambda g: g * polygamma_value(order + 1, x)


def polygamma_value(n: int, x: Any) -> Any:
    """Polygamma function of order n > 0, (-1)^(n+1) n! zeta(n+1, x), of tensors too."""
    return (-1.0) ** (n + 1) * float(sc.factorial(n)) * zeta(n + 1, x)


@with_rule(None, lambda out, x, q: lambda g: g * (-x * zeta(x + 1, q)))
def zeta(x: Any, q: Any) -> Any:
    """Hurwitz zeta function, sum over k of (k + q)^-x; differentiable in `q`."""
    return sc.zeta(x, q)


rule(sc.psi, trigamma_like(0))
rule(
    sc.beta,
    lambda out, a, b: lambda g: g * (out * (sc.digamma(a) - sc.digamma(a + b))),
    lambda out, a, b: lambda g: g * (out * (sc.digamma(b) - sc.digamma(a + b))),
)
rule(
    sc.betaln,
    lambda out, a, b: lambda g: g * (sc.digamma(a) - sc.digamma(a + b)),
    lambda out, a, b: lambda g: g * (sc.digamma(b) - sc.digamma(a + b)),
)
rule(sc.gammainc, None, lambda out, a, x: lambda g: g * (x ** (a - 1) * np.exp(-x - weak(sc.gammaln(a)))))
rule(sc.gammaincc, None, lambda out, a, x: lambda g: -g * (x ** (a - 1) * np.exp(-x - weak(sc.gammaln(a)))))
rule(
    sc.betainc,
    None,
    None,
    lambda out, a, b, x: lambda g: g * (x ** (a - 1) * (1 - x) ** (b - 1) / weak(sc.beta(a, b))),
)

# entropies: x log y is 0 at x = 0

rule(
    sc.xlogy,
    lambda out, x, y: lambda g: g * np.where((value_of(x) == 0) & (value_of(y) == 0), 0, np.log(_positive(x, y))),
    lambda out, x, y: lambda g: g * (x / np.where(value_of(x) == 0, 1, y)),
)
rule(
    sc.xlog1py,
    lambda out, x, y: (
        lambda g: g * np.where((value_of(x) == 0) & (value_of(y) == -1), 0, np.log1p(_positive(x, 1 + y) - 1))
    ),
    lambda out, x, y: lambda g: g * (x / np.where(value_of(x) == 0, 1, 1 + y)),
)


def _positive(x: Any, y: Any) -> Any:
    return np.where((value_of(x) == 0) & (value_of(y) == 0), 1, y)


rule(sc.entr, lambda out, x: lambda g: g * (-np.log(x) - 1))
rule(
    sc.rel_entr,
    lambda out, x, y: lambda g: g * (np.log(x / y) + 1),
    lambda out, x, y: lambda g: -g * (x / y),
)
rule(
    sc.kl_div,
    lambda out, x, y: lambda g: g * np.log(x / y),
    lambda out, x, y: lambda g: g * (1 - x / y),
)

# exponentials, powers and losses

rule(sc.exp10, lambda out, x: lambda g: g * (out * LOG10))
rule(sc.exprel, lambda out, x: lambda g: g * _exprel_slope(out, x))
rule(sc.cosm1, lambda out, x: lambda g: -g * np.sin(x))
rule(
    sc.boxcox,
    lambda out, x, lam: lambda g: g * x ** (lam - 1),
    lambda out, x, lam: lambda g: g * _boxcox_slope(out, np.log(x), lam),
)
rule(
    sc.huber,
    None,
    lambda out, delta, r: lambda g: g * np.clip(r, -delta, delta),
)
rule(
    sc.pseudo_huber,
    lambda out, delta, r: lambda g: g * (2 * out / delta - (r / delta) ** 2 * delta / np.sqrt(1 + (r / delta) ** 2)),
    lambda out, delta, r: lambda g: g * (r / np.sqrt(1 + (r / delta) ** 2)),
)


def _exprel_slope(out: Any, x: Any) -> Any:
    """d/dx (e^x - 1)/x = (e^x - exprel(x)) / x, by its series near 0."""
    small = np.abs(value_of(x)) < 1e-2
    safe = np.where(small, 1, x)
    series = 0.5 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144))))
    return np.where(small, series, (np.exp(safe) - (np.exp(safe) - 1) / safe) / safe)


def _boxcox_slope(out: Any, log_x: Any, lam: Any) -> Any:
    """d/dlam (e^(lam l) - 1)/lam with l = log x, that is l^2 exprel'(lam l)."""
    return log_x * log_x * _exprel_slope(None, lam * log_x)


for theirs, numpys in ((sc.exp2, np.exp2), (sc.expm1, np.expm1), (sc.log1p, np.log1p), (sc.cbrt, np.cbrt)):
    rule(theirs, *RULES[numpys])
rule(
    sc.boxcox1p,
    lambda out, x, lam: lambda g: g * (1 + x) ** (lam - 1),
    lambda out, x, lam: lambda g: g * _boxcox_slope(out, np.log1p(x), lam),
)
rule(sc.inv_boxcox, lambda out, x, lam: lambda g: g * out ** (1 - lam), None)
rule(sc.inv_boxcox1p, lambda out, x, lam: lambda g: g * (1 + out) ** (1 - lam), None)

# integrals


def _student(df: Any) -> Any:
    """The constant under the density of Student's t."""
    return weak(np.sqrt(df) * sc.beta(0.5, df / 2))


rule(sc.exp1, lambda out, x: lambda g: -g * np.exp(-x) / x)
rule(sc.expi, lambda out, x: lambda g: g * np.exp(x) / x)
rule(sc.expn, None, lambda out, n, x: lambda g: -g * sc.expn(n - 1, x))
rule(sc.ellipk, lambda out, m: lambda g: g * (sc.ellipe(m) / (1 - m) - out) / (2 * m))
rule(sc.ellipe, lambda out, m: lambda g: g * (out - sc.ellipk(m)) / (2 * m))
rule(sc.spence, lambda out, z: lambda g: g * np.log(z) / (1 - z))
rule(sc.wrightomega, lambda out, z: lambda g: g * (out / (1 + out)))
rule(
    sc.betaincc,
    None,
    None,
    lambda out, a, b, x: lambda g: -g * (x ** (a - 1) * (1 - x) ** (b - 1) / weak(sc.beta(a, b))),
)
rule(sc.stdtr, None, lambda out, df, t: lambda g: g * (1 + t * t / df) ** (-(df + 1) / 2) / _student(df))
rule(
    sc.chdtr,
    None,
    lambda out, v, x: lambda g: g * ((x / 2) ** (v / 2 - 1) * np.exp(-x / 2) / weak(2 * sc.gamma(v / 2))),
)

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
rule(
    sc.ive,
    None,
    lambda out, n, x: lambda g: g * ((sc.ive(n - 1, x) + sc.ive(n + 1, x)) / 2 - np.sign(value_of(x)) * out),
)
