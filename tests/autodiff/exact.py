"""The same functions in mpmath, to fifty digits, and the points at which the rules are held to them.

``exact(ufunc, function of mpmath, points of argument 0, points of argument 1, ...)``; arguments that a rule does not
differentiate are given as a list too and held fixed. Every combination of points is tried. Domains are taken whole:
numbers as large and as small as the value and its derivatives allow, and the ends themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
from scipy import special as sc

import autodiff as ad

SMALL = [1e-300, 1e-30, 1e-17, 1e-8, 1e-3]
HALF = [*SMALL, 0.1, 0.3, 0.9, 1.0, 1.1, 2.0, 3.7, 5.0, 20.0, 40.0, 150.0, 700.0, 1e5, 1e10]
LINE = [-x for x in HALF] + [0.0, *HALF]
WIDE = [x for x in LINE if abs(x) < 1e6]
MIDDLE = [-20.0, -3.7, -1.0, -0.3, -1e-8, 0.0, 1e-8, 0.3, 1.0, 3.7, 20.0]
POSITIVE = [1e-30, 1e-8, 0.1, 0.5, 1.0, 1.7, 4.0, 20.0, 150.0]
UNIT = [1e-30, 1e-17, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 1 - 1e-8, 1 - 2.0**-53]
INNER = [-x for x in UNIT] + [0.0, *UNIT]
SHAPES = [0.1, 0.5, 1.0, 2.5, 20.0, 300.0]


@dataclass
class Exact:
    fun: Any
    mp: Callable[..., Any]
    points: tuple[list[float], ...]
    args: tuple[int, ...]  # those that are differentiated
    ends: dict[tuple[float, ...], Any]
    slack: float

    @property
    def id(self) -> str:
        return str(self.fun.__name__)


EXACT: list[Exact] = []


def exact(
    fun: Any, of: Any, *points: list[float], fixed: tuple[int, ...] = (), ends: Any = None, slack: float = 1
) -> None:
    """`ends`: expected first derivatives at points where mpmath has none; `slack`: how many times the usual error."""
    args = tuple(i for i in range(len(points)) if i not in fixed)
    EXACT.append(Exact(fun, of, points, args, ends or {}, slack))


INF, NAN = np.inf, np.nan

# ------------------------------------------------------------------ NumPy

exact(np.negative, lambda x: -x, LINE)
exact(np.positive, lambda x: x, LINE)
exact(np.square, lambda x: x**2, LINE)
exact(np.reciprocal, lambda x: 1 / x, [x for x in LINE if abs(x) > 1e-100])
exact(np.sqrt, mp.sqrt, [x for x in HALF if x > 1e-200], ends={(0.0,): INF})
exact(np.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), [x for x in LINE if abs(x) > 1e-150], ends={(0.0,): INF})
exact(np.exp, mp.exp, LINE)
exact(np.exp2, lambda x: mp.mpf(2) ** x, LINE)
exact(np.expm1, mp.expm1, LINE)
exact(np.log, mp.log, [x for x in HALF if x > 1e-100])
exact(np.log2, lambda x: mp.log(x, 2), [x for x in HALF if x > 1e-100])
exact(np.log10, mp.log10, [x for x in HALF if x > 1e-100])
exact(np.log1p, mp.log1p, [-1 + 2.0**-53, -0.9, -1e-8, 0.0, *HALF], ends={(-1.0,): INF})
exact(np.logaddexp, lambda x, y: x + mp.log1p(mp.exp(y - x)), MIDDLE, [-700.0, *MIDDLE, 700.0])
exact(np.logaddexp2, lambda x, y: x + mp.log1p(mp.mpf(2) ** (y - x)) / mp.log(2), MIDDLE, [-700.0, *MIDDLE, 700.0])
exact(np.sin, mp.sin, LINE)
exact(np.cos, mp.cos, LINE)
exact(np.tan, mp.tan, LINE)
exact(np.arcsin, mp.asin, INNER, ends={(1.0,): INF, (-1.0,): INF})
exact(np.arccos, mp.acos, INNER, ends={(1.0,): -INF, (-1.0,): -INF})
exact(np.arctan, mp.atan, LINE)
exact(np.sinh, mp.sinh, LINE)
exact(np.cosh, mp.cosh, LINE)
exact(np.tanh, mp.tanh, LINE)
exact(np.arcsinh, mp.asinh, [*LINE, 1e200, -1e200])
exact(np.arccosh, mp.acosh, [1 + 2.0**-52, 1 + 1e-8, 1.3, 2.0, 20.0, 1e5, 1e10, 1e200], ends={(1.0,): INF})
exact(np.arctanh, mp.atanh, INNER, ends={(1.0,): INF, (-1.0,): INF})
exact(np.arctan2, mp.atan2, [x for x in LINE if abs(x) > 1e-50], [1e-8, 0.3, 20.0, -0.7, -1e10])
exact(np.hypot, mp.hypot, [x for x in MIDDLE if x] + [1e200], [*MIDDLE, 1e200])
exact(np.deg2rad, mp.radians, LINE)
exact(np.rad2deg, mp.degrees, LINE)
exact(np.fabs, abs, [x for x in LINE if x], ends={(0.0,): 0.0})
exact(np.absolute, abs, [x for x in LINE if x], ends={(0.0,): 0.0})
exact(np.power, lambda x, y: x**y, [x for x in HALF if 1e-40 < x < 1e6], [-3.0, -0.5, 0.0, 0.5, 1.0, 2.0, 7.0])
exact(np.power, lambda x, y: x ** int(y), [-40.0, -1.0, -0.3], [-2.0, 0.0, 1.0, 2.0, 5.0], fixed=(1,))
exact(np.float_power, lambda x, y: x**y, POSITIVE, [-3.0, 0.0, 0.5, 2.0])
exact(np.true_divide, lambda x, y: x / y, MIDDLE, [x for x in LINE if abs(x) > 1e-50])
exact(np.multiply, lambda x, y: x * y, MIDDLE, MIDDLE)
exact(np.remainder, lambda x, y: x - y * mp.floor(x / y), [-4.3, 0.7, 9.1], [-2.0, 0.6, 3.0])
exact(np.fmod, lambda x, y: x - y * (mp.floor(x / y) if x / y > 0 else mp.ceil(x / y)), [-4.3, 0.7, 9.1], [-2.0, 0.6])
exact(np.sinc, mp.sincpi, [x for x in LINE if abs(x) < 1e3], slack=30)
exact(np.i0, lambda x: mp.besseli(0, x), [x for x in LINE if abs(x) < 705])

# ------------------------------------------------------------------ sigmoids, error function, normal distribution

exact(sc.expit, lambda x: 1 / (1 + mp.exp(-x)), LINE)
exact(sc.logit, lambda p: mp.log(p) - mp.log1p(-p), UNIT, ends={(0.0,): INF, (1.0,): INF})
exact(sc.log_expit, lambda x: -mp.log1p(mp.exp(-x)), LINE)
exact(sc.erf, mp.erf, LINE)
exact(sc.erfc, mp.erfc, WIDE)
exact(sc.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), [-20.0, -3.7, -1.0, -1e-8, 0.0, *HALF[:-1]])
exact(sc.erfi, mp.erfi, [x for x in LINE if abs(x) < 26])
exact(sc.dawsn, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), WIDE)
exact(sc.erfinv, mp.erfinv, INNER)
exact(sc.erfcinv, lambda p: mp.erfinv(1 - p), [*UNIT, 1.0, 1.3, 1.9])
exact(sc.ndtr, lambda x: mp.erfc(-x / mp.sqrt(2)) / 2, WIDE)
exact(sc.ndtri, lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), UNIT)
exact(
    sc.log_ndtr,
    lambda x: mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(mp.erfc(-x / mp.sqrt(2)) / 2),
    WIDE,
)

# ------------------------------------------------------------------ gamma and its kin

GAMMA = [-3.7, -0.5, 1e-30, 1e-8, 0.1, 0.5, 1.0, 1.4616321449683622, 2.0, 3.3, 20.0, 150.0]
exact(sc.gamma, mp.gamma, GAMMA)
exact(sc.rgamma, mp.rgamma, [-3.7, -2.0, -1.0, -0.5, 0.0, *GAMMA])
exact(sc.gammaln, lambda x: mp.re(mp.loggamma(x)), [-3.7, -0.5, *HALF[1:]])
exact(sc.loggamma, mp.loggamma, HALF[1:])
exact(sc.psi, mp.digamma, [-3.7, -0.5, *HALF[2:]])
exact(sc.beta, mp.beta, POSITIVE[2:-1], POSITIVE[2:-1], slack=10)
exact(sc.poch, mp.rf, [0.1, 0.5, 3.0, 40.0], [-0.05, 0.0, 1e-8, 0.5, 4.0])
exact(sc.betaln, lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b), POSITIVE[1:], POSITIVE[1:])
XS = [1e-8, 0.01, 0.3, 1.0, 2.5, 5.0, 19.0, 25.0, 100.0, 280.0, 310.0, 400.0]
exact(sc.gammainc, lambda a, x: mp.gammainc(a, 0, x, regularized=True), SHAPES[1::2], XS[::2], slack=10)
exact(sc.gammaincc, lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), SHAPES[1::2], XS[::2], slack=10)
PS = [1e-30, 1e-8, 0.01, 0.3, 0.5, 0.8, 0.99, 1 - 1e-8]
exact(sc.betainc, lambda a, b, x: mp.betainc(a, b, 0, x, True), [0.5, 2.5, 300.0], [0.1, 1.0, 20.0], PS)
exact(sc.betaincc, lambda a, b, x: mp.betainc(a, b, x, 1, True), [0.5, 2.5, 300.0], [0.1, 1.0, 20.0], PS)
exact(ad.special.zeta, mp.zeta, [1.1, 2.0, 3.5, 20.0], [1e-8, 0.3, 1.0, 4.0, 100.0])
for n in (1, 2, 5):
    exact(lambda x, n=n: ad.special.polygamma(n, x), lambda x, n=n: mp.psi(n, x), [0.1, 1.0, 3.0, 50.0, 1e5])

# ------------------------------------------------------------------ entropies, powers, losses

exact(sc.xlogy, lambda x, y: x * mp.log(y), MIDDLE, POSITIVE)
exact(sc.xlog1py, lambda x, y: x * mp.log1p(y), MIDDLE, [-0.9, -1e-8, 0.0, *POSITIVE])
exact(sc.entr, lambda x: -x * mp.log(x), [x for x in HALF if x > 1e-100], ends={(0.0,): INF})
exact(sc.rel_entr, lambda x, y: x * mp.log(x / y), POSITIVE, POSITIVE)
exact(sc.kl_div, lambda x, y: x * mp.log(x / y) - x + y, POSITIVE, POSITIVE)
exact(sc.exp10, lambda x: mp.mpf(10) ** x, LINE)
exact(sc.exprel, lambda x: mp.hyp1f1(1, 2, x), [x for x in LINE if abs(x) < 700])
exact(sc.cosm1, lambda x: -2 * mp.sin(x / 2) ** 2, LINE)
exact(sc.exp2, lambda x: mp.mpf(2) ** x, LINE)
exact(sc.expm1, mp.expm1, LINE)
exact(sc.log1p, mp.log1p, [-0.9, 0.0, *HALF])
exact(sc.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), [x for x in LINE if abs(x) > 1e-150])
LAMBDAS = [-2.0, -0.5, -1e-8, 0.0, 1e-8, 0.5, 1.0, 3.0]
exact(sc.boxcox, lambda x, m: mp.log(x) * mp.hyp1f1(1, 2, m * mp.log(x)), [0.01, 0.3, 1.0, 4.0, 100.0], LAMBDAS)
exact(sc.boxcox1p, lambda x, m: mp.log1p(x) * mp.hyp1f1(1, 2, m * mp.log1p(x)), [-0.9, 0.0, 1e-8, 0.3, 100.0], LAMBDAS)
exact(sc.inv_boxcox, lambda y, m: mp.exp(mp.log1p(y * m) / m) if m else mp.exp(y), [0.1, 0.3], LAMBDAS, fixed=(1,))
exact(
    sc.inv_boxcox1p, lambda y, m: mp.expm1(mp.log1p(y * m) / m) if m else mp.expm1(y), [0.1, 0.3], LAMBDAS, fixed=(1,)
)
exact(sc.pseudo_huber, lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1), [0.1, 1.0, 30.0], MIDDLE)
exact(sc.huber, lambda d, r: r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2), [0.5, 2.0], MIDDLE, fixed=(0,))

# ------------------------------------------------------------------ integrals

exact(sc.exp1, mp.e1, [x for x in HALF if 1e-100 < x < 701])
exact(sc.expi, mp.ei, [-20.0, -1.0, -0.3, 1e-8, 0.3, 1.0, 20.0, 700.0])
exact(sc.expn, lambda n, x: mp.expint(int(n), x), [1, 2, 5], [1e-8, 0.3, 1.0, 20.0, 500.0], fixed=(0,))
exact(sc.ellipk, mp.ellipk, [-1e5, -20.0, -1.0, -0.3, -1e-3, -1e-8, 0.0, *UNIT[:-1]])
exact(sc.ellipe, mp.ellipe, [-1e5, -20.0, -1.0, -0.3, -1e-3, -1e-8, 0.0, *UNIT[:-1]])
exact(sc.spence, lambda z: mp.re(mp.polylog(2, 1 - z)), [x for x in HALF if x > 1e-20] + [1 + 1e-8, 1 - 1e-8, 1.001])
exact(sc.wrightomega, lambda z: mp.lambertw(mp.exp(z)), LINE)


def student(v: Any, t: Any) -> Any:
    scale = mp.gamma((v + 1) / 2) / (mp.sqrt(mp.pi * v) * mp.gamma(v / 2))
    return mp.mpf(0.5) + t * scale * mp.hyp2f1(0.5, (v + 1) / 2, 1.5, -t * t / v)


exact(sc.stdtr, student, [0.5, 1.0, 3.0, 30.0], [*MIDDLE, 1e3])
# The slope by df is of 1e-7 there, a difference of two that are a thousand times larger: 1e-9 of it is what second
# derivatives keep.
exact(sc.stdtr, student, [1e3], [*MIDDLE, 1e3], slack=2e4)
exact(sc.chdtr, lambda v, x: mp.gammainc(v / 2, 0, x / 2, regularized=True), [0.5, 1.0, 3.0, 40.0, 600.0], XS)

# ------------------------------------------------------------------ Bessel functions

BESSEL = [-20.0, -3.7, -1.0, -0.3, -1e-8, 0.0, 1e-8, 0.3, 1.0, 3.7, 20.0, 100.0]
RIGHT = [1e-8, 0.3, 3.7, 100.0]
for n, fun in ((0, sc.j0), (1, sc.j1)):
    exact(fun, lambda x, n=n: mp.besselj(n, x), BESSEL, slack=10)
for n, fun in ((0, sc.y0), (1, sc.y1)):
    exact(fun, lambda x, n=n: mp.bessely(n, x), RIGHT, slack=10)
for n, fun, scaled in ((0, sc.i0, sc.i0e), (1, sc.i1, sc.i1e)):
    exact(fun, lambda x, n=n: mp.besseli(n, x), BESSEL, slack=10)
    exact(scaled, lambda x, n=n: mp.besseli(n, x) * mp.exp(-abs(x)), [x for x in BESSEL if abs(x) > 1e-8], slack=50)
for n, fun, scaled in ((0, sc.k0, sc.k0e), (1, sc.k1, sc.k1e)):
    exact(fun, lambda x, n=n: mp.besselk(n, x), RIGHT, slack=10)
    exact(scaled, lambda x, n=n: mp.besselk(n, x) * mp.exp(x), RIGHT, slack=10)
ORDERS = [0.0, 0.5, 1.0, 2.0, 7.0]
exact(sc.jv, mp.besselj, ORDERS, RIGHT, fixed=(0,), slack=10)
exact(sc.yv, mp.bessely, ORDERS, RIGHT, fixed=(0,), slack=10)
exact(sc.iv, mp.besseli, ORDERS, RIGHT, fixed=(0,), slack=10)
exact(sc.kv, mp.besselk, ORDERS, RIGHT, fixed=(0,), slack=10)
exact(sc.ive, lambda n, x: mp.besseli(n, x) * mp.exp(-abs(x)), ORDERS, RIGHT, fixed=(0,), slack=50)
exact(sc.kn, lambda n, x: mp.besselk(int(n), x), [0, 1, 4], RIGHT, fixed=(0,), slack=10)
exact(sc.yn, lambda n, x: mp.bessely(int(n), x), [0, 1, 4], RIGHT, fixed=(0,), slack=10)

# ------------------------------------------------------------------ further functions, where SciPy's values are exact

SOME = [0.1, 0.7, 2.0, 5.0]


def faddeeva(z: Any) -> Any:
    return mp.exp(-z * z) * mp.erfc(-1j * z)


def mp_gammainc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def mp_betainc(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, True)


def quantile(cdf: Callable[..., Any]) -> Callable[..., Any]:
    """The inverse of a distribution function in its last argument, by Newton's method from the value of SciPy."""
    start = {3: sc.betaincinv, 2: sc.gammaincinv}

    def inverse(*args: Any) -> Any:
        *shapes, y = args
        lower = cdf is mp_gammainc or cdf is mp_betainc
        first = start[len(args)](*map(float, shapes), float(y if lower else 1 - y))
        return mp.findroot(lambda x: cdf(*shapes, x) - y, first)

    return inverse


exact(sc.kve, lambda n, x: mp.besselk(n, x) * mp.exp(x), [0.5, 2.5], SOME, fixed=(0,), slack=50)
exact(sc.hyp0f1, mp.hyp0f1, [1.2], SOME, fixed=(0,), slack=50)
exact(sc.hyp1f1, mp.hyp1f1, [1.2], [2.3], SOME, fixed=(0, 1), slack=50)
exact(sc.hyperu, mp.hyperu, [1.2], [2.3], SOME, fixed=(0, 1), slack=50)
exact(sc.hyp2f1, mp.hyp2f1, [1.2], [0.4], [2.3], [-0.7, -0.1, 0.2, 0.6], fixed=(0, 1, 2), slack=50)
exact(lambda x: np.real(sc.wofz(x)), lambda x: mp.re(faddeeva(x)), [-5.0, -0.7, 0.0, *SOME], slack=10)
exact(lambda x: np.imag(sc.wofz(x)), lambda x: mp.im(faddeeva(x)), [-5.0, -0.7, 0.0, *SOME], slack=10)
exact(lambda y: np.real(sc.wofz(0.3 + 1j * y)), lambda y: mp.re(faddeeva(0.3 + 1j * y)), [-0.7, 0.0, *SOME], slack=50)
exact(sc.gammaincinv, quantile(mp_gammainc), [0.5, 2.5, 20.0], [0.01, 0.3, 0.9], slack=50)
exact(sc.gammainccinv, quantile(lambda a, x: 1 - mp_gammainc(a, x)), [0.5, 2.5, 20.0], [0.01, 0.3, 0.9], slack=50)
exact(sc.betaincinv, quantile(mp_betainc), [0.5, 3.0], [0.7, 4.0], [0.01, 0.3, 0.9], slack=50)
exact(sc.binom, mp.binomial, [3.1, 5.7], [0.4, 1.6, 2.8], slack=50)
exact(sc.chdtrc, lambda v, x: mp.gammainc(v / 2, x / 2, mp.inf, regularized=True), [0.5, 3.0, 40.0], SOME, slack=10)
for tail in (sc.pdtr, sc.pdtrc):
    exact(
        tail,
        lambda k, m, upper=tail is sc.pdtr: (
            mp.gammainc(k + 1, m, mp.inf, regularized=True) if upper else mp.gammainc(k + 1, 0, m, regularized=True)
        ),
        [0.0, 1.0, 4.0],
        SOME,
        fixed=(0,),
        slack=10,
    )
