"""Differentiable densities and distribution functions of :mod:`scipy.stats`, in the variable and every parameter.

The methods take what SciPy's take: the variable, the shape parameters, ``loc`` and ``scale``, all broadcast. Outside
the support the density is 0 and its gradient too. ``norm(loc, scale)`` with parameters alone gives a frozen
distribution.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> from autodiff.scipy import stats
>>> data = np.array([0.5, 1.0, 2.5])
>>> nll = lambda p: -stats.gamma.logpdf(data, p[0], scale=p[1]).sum()
>>> np.round(ad.grad(nll)(np.array([2.0, 1.0])), 4)
array([1.0452, 2.    ])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from autodiff.operators import value_of
from autodiff.primitive import entrywise
from autodiff.rules.kinks import without
from autodiff.scipy.distributions import Discrete, Distribution, Frozen
from autodiff.scipy.linalg import cholesky, solve_triangular
from autodiff.tensor import asarray

LOG_2PI = np.log(2 * np.pi).item()


def positive(*shapes: Any) -> Any:
    return np.all([np.asarray(s) > 0 for s in np.broadcast_arrays(*shapes)], axis=0)


def t_log_density(y: Any, df: Any) -> Any:
    return np.log(sc.poch(df / 2, 0.5)) - 0.5 * np.log(np.pi * df) - (df + 1) / 2 * np.log1p(y * y / df)


def lognorm_log_density(y: Any, s: Any) -> Any:
    z = np.log(y)
    return -0.5 * np.square(z / s) - z - np.log(s) - 0.5 * LOG_2PI


@entrywise(
    lambda out, y: (
        lambda g: g * without(-np.sign(value_of(y)), value_of(y) == 0, "the distribution function of laplace", "")
    )
)
def laplace_log_density(y: Any) -> Any:
    """As a slope of the functions below: at 0 it has no derivative."""
    return -np.abs(y) - np.log(2.0).item()


@entrywise(lambda out, y: lambda g: -g * np.exp(laplace_log_density(y)))
def laplace_tail(y: Any) -> Any:
    """Probability of values beyond `y`."""
    tail = 0.5 * np.exp(-np.abs(y))
    return np.where(y > 0, tail, 1 - tail)


@entrywise(lambda out, y: lambda g: g * np.exp(laplace_log_density(y) - out))
def laplace_log_cdf(y: Any) -> Any:
    """Logarithm of the probability of values up to `y`."""
    return np.where(y > 0, np.log1p(-0.5 * np.exp(-np.abs(y))), -np.abs(y) - np.log(2.0).item())


def binomial_log_density(k: Any, n: Any, p: Any) -> Any:
    choose = -np.log(n + 1) - sc.betaln(n - k + 1, k + 1)
    return choose + sc.xlogy(k, p) + sc.xlog1py(n - k, -p)


INF = np.inf
norm = Distribution(
    "norm", "", (-INF, INF), lambda y: -0.5 * (y * y + LOG_2PI), sc.ndtr, lambda y: sc.ndtr(-y), sc.log_ndtr,
    log_survival=lambda y: sc.log_ndtr(-y),
)  # fmt: skip
t = Distribution(
    "t", "df", (-INF, INF), t_log_density, lambda y, df: sc.stdtr(df, y), lambda y, df: sc.stdtr(df, -y), None, positive
)
gamma = Distribution(
    "gamma", "a", (0, INF),
    lambda y, a: sc.xlogy(a - 1, y) - y - sc.gammaln(a),
    lambda y, a: sc.gammainc(a, y),
    lambda y, a: sc.gammaincc(a, y), None, positive,
)  # fmt: skip
chi2 = Distribution(
    "chi2", "df", (0, INF),
    lambda y, df: sc.xlogy(df / 2 - 1, y / 2) - y / 2 - sc.gammaln(df / 2) - np.log(2.0),
    lambda y, df: sc.gammainc(df / 2, y / 2),
    lambda y, df: sc.gammaincc(df / 2, y / 2), None, positive,
)  # fmt: skip
beta = Distribution(
    "beta", "a b", (0, 1),
    lambda y, a, b: sc.xlogy(a - 1, y) + sc.xlog1py(b - 1, -y) - sc.betaln(a, b),
    lambda y, a, b: sc.betainc(a, b, y),
    lambda y, a, b: sc.betaincc(a, b, y), None, positive,
)  # fmt: skip
laplace = Distribution(
    "laplace", "", (-INF, INF),
    lambda y: -np.abs(y) - np.log(2.0),
    lambda y: laplace_tail(-y), laplace_tail, laplace_log_cdf,
    log_survival=lambda y: laplace_log_cdf(-y),
)  # fmt: skip
logistic = Distribution(
    "logistic", "", (-INF, INF),
    lambda y: sc.log_expit(y) + sc.log_expit(-y), sc.expit,
    lambda y: sc.expit(-y), sc.log_expit,
    log_survival=lambda y: sc.log_expit(-y),
)  # fmt: skip
lognorm = Distribution(
    "lognorm", "s", (np.nextafter(0.0, 1.0).item(), INF),  # 0 itself has the density 0
    lognorm_log_density,
    lambda y, s: sc.ndtr(np.log(y) / s),
    lambda y, s: sc.ndtr(-np.log(y) / s),
    lambda y, s: sc.log_ndtr(np.log(y) / s), positive,
    lambda y, s: sc.log_ndtr(-np.log(y) / s),
)  # fmt: skip
expon = Distribution(
    "expon", "", (0, INF), lambda y: -y, lambda y: -np.expm1(-y), lambda y: np.exp(-y), log_survival=lambda y: -y
)
cauchy = Distribution(
    "cauchy", "", (-INF, INF),
    lambda y: -np.log(np.pi) - np.log1p(y * y),
    lambda y: np.arctan2(1, -y) / np.pi,
    lambda y: np.arctan2(1, y) / np.pi,
)  # fmt: skip
uniform = Distribution("uniform", "", (0, 1), lambda y: 0.0 * y, lambda y: y, lambda y: 1 - y)
poisson = Discrete(
    "poisson", "mu", (0, INF),
    lambda k, mu: sc.xlogy(k, mu) - sc.gammaln(k + 1) - mu,
    lambda k, mu: sc.gammaincc(k + 1, mu),
    lambda k, mu: sc.gammainc(k + 1, mu), None,
    lambda mu: np.asarray(mu) >= 0,
)  # fmt: skip
bernoulli = Discrete(
    "bernoulli", "p", (0, 1),
    lambda k, p: sc.xlogy(k, p) + sc.xlog1py(1 - k, -p),
    lambda k, p: np.where(value_of(k) < 1, 1 - p, 1.0),
    lambda k, p: np.where(value_of(k) < 1, p, 0.0), None,
    lambda p: (np.asarray(p) >= 0) & (np.asarray(p) <= 1),
)  # fmt: skip


class Binomial(Discrete):
    """The binomial distribution, whose support ends at its parameter n."""

    def logpdf(self, x: Any, *args: Any, **named: Any) -> Any:
        """Logarithm of the probability."""
        n, p, loc = self._bound(args, named)
        k, n = asarray(x) - loc, value_of(n)
        inside = (value_of(k) >= 0) & (value_of(k) <= n) & (value_of(k) == np.floor(value_of(k)))
        allowed = (value_of(p) >= 0) & (value_of(p) <= 1) & (n >= 0)
        out = binomial_log_density(np.where(inside, value_of(k), 0), n, np.where(allowed, p, np.nan))
        return np.where(inside, out, -np.inf)

    def _probability(self, fun: Any, ends: tuple[float, float], x: Any, args: Any, named: Any) -> Any:
        n, p, loc = self._bound(args, named)
        k, n = np.floor(value_of(asarray(x) - loc)), value_of(n)
        within = (k >= 0) & (k < n)
        out = fun(np.where(within, k, 0), np.where(within, n, 1), p)
        return np.where(within, out, np.where(k < 0, ends[0], ends[1]))


binom = Binomial(
    "binom", "n p", (0, INF),
    binomial_log_density,
    lambda k, n, p: sc.betaincc(k + 1, n - k, p),
    lambda k, n, p: sc.betainc(k + 1, n - k, p),
)  # fmt: skip

# of several variables


class MultivariateNormal:
    """The normal distribution of vectors; see :data:`scipy.stats.multivariate_normal`."""

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1) -> Any:
        """Logarithm of the density at the rows of `x`, shape (..., n); `cov` is a number, n variances or a matrix."""
        x, cov = asarray(x), asarray(cov) * 1.0
        n = cov.shape[-1] if cov.ndim else 1 if mean is None else np.size(mean)
        if cov.ndim < 2:
            cov = cov * np.eye(n)
        x = x[..., None] if n == 1 and (x.ndim == 0 or x.shape[-1] != 1) else x
        deviation = x if mean is None else x - asarray(mean)
        factor = cholesky(cov, lower=True)
        rows = np.reshape(deviation, (-1, n))
        z = solve_triangular(factor, rows.T, lower=True)
        log_det = 2 * np.sum(np.log(np.diagonal(factor)))
        out = -0.5 * (n * LOG_2PI + log_det + np.sum(z * z, axis=0))
        return np.reshape(out, deviation.shape[:-1])

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1) -> Any:
        """Density at the rows of `x`."""
        return np.exp(self.logpdf(x, mean, cov))

    def __call__(self, mean: Any = None, cov: Any = 1) -> Frozen:
        """The distribution with these parameters."""
        return Frozen(self, (mean, cov), {})


class Dirichlet:
    """The Dirichlet distribution; see :data:`scipy.stats.dirichlet`."""

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """Logarithm of the density; the first axis of `x` holds the k shares, or the first k - 1 of them."""
        x, alpha = asarray(x) * 1.0, asarray(alpha) * 1.0
        if x.shape[0] == alpha.shape[0] - 1:
            x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
        if x.shape[0] != alpha.shape[0]:
            raise ValueError(
                f"x must have {len(alpha)} or {len(alpha) - 1} entries on its first axis, got {x.shape[0]}"
            )
        total = np.sum(value_of(x), axis=0)
        if np.any(value_of(x) < 0) or np.any(np.abs(total - 1) > 1e-9):
            raise ValueError("x must be shares, none negative, that sum to 1 over the first axis")
        powers = np.reshape(alpha - 1, (-1,) + (1,) * (x.ndim - 1))
        log_norm = np.sum(sc.gammaln(alpha)) - sc.gammaln(np.sum(alpha))
        return np.sum(sc.xlogy(powers, x), axis=0) - log_norm

    def pdf(self, x: Any, alpha: Any) -> Any:
        """Density."""
        return np.exp(self.logpdf(x, alpha))

    def __call__(self, alpha: Any) -> Frozen:
        """The distribution with this parameter."""
        return Frozen(self, (alpha,), {})


multivariate_normal = MultivariateNormal()
dirichlet = Dirichlet()

__all__ = [
    "bernoulli", "beta", "binom", "cauchy", "chi2", "dirichlet", "expon", "gamma", "laplace", "logistic", "lognorm",
    "multivariate_normal", "norm", "poisson", "t", "uniform",
]  # fmt: skip
