"""Differentiable functions of :mod:`scipy.special`.

The ufuncs (``erf``, ``gammaln``, ``xlogy``, ...) are SciPy's own objects: they work on tensors wherever they are
imported from once this package is. ``logsumexp``, ``softmax``, ``log_softmax`` and ``polygamma`` are Python functions
in SciPy, which turn their argument into an array; the versions here take tensors too. ``softplus`` and ``relu`` are
not in SciPy.

Examples
--------
>>> import numpy as np, autodiff as ad
>>> ad.grad(ad.special.logsumexp)(np.array([1000.0, 1000.0]))
array([0.5, 0.5])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special

# isort: off
from scipy.special import (
    airy, beta, betainc, betaincc, betaincinv, betaln, binom, boxcox, cosm1, dawsn, digamma, ellipe, ellipk, entr, erf,
    erfc, erfcinv, erfcx, erfi, erfinv, exp1, exp10, expi, expit, expn, exprel, fresnel, gamma, gammainc, gammaincc,
    gammainccinv, gammaincinv, gammaln, huber, hyp0f1, hyp1f1, hyp2f1, hyperu, i0, i0e, i1, i1e, inv_boxcox, iv, ive,
    j0, j1, jv, k0, k1, kl_div, kv, log_expit, log_ndtr, loggamma, logit, ndtr, ndtri, poch, pseudo_huber, psi,
    rel_entr, rgamma, shichi, sici, spence, stdtr, wofz, wrightomega, xlog1py, xlogy, y0, y1, yv,
)  # fmt: skip
# isort: on

from autodiff.half import in_single
from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import SELECTIVE
from autodiff.rules.families import polygamma_value, zeta
from autodiff.rules.reductions import expand
from autodiff.tensor import asarray

__all__ = [
    "airy", "beta", "betainc", "betaincc", "betaincinv", "betaln", "binom", "boxcox", "cosm1", "dawsn", "digamma",
    "ellipe", "ellipk", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "exp1", "exp10", "expi",
    "expit", "expn", "exprel", "fresnel", "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv",
    "gammaln", "huber", "hyp0f1", "hyp1f1", "hyp2f1", "hyperu", "i0", "i0e", "i1", "i1e", "inv_boxcox", "iv", "ive",
    "j0", "j1", "jv", "k0", "k1", "kl_div", "kv", "lambertw", "log_expit", "log_ndtr", "log_softmax", "loggamma",
    "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "poch", "polygamma", "pseudo_huber", "psi", "rel_entr",
    "relu", "rgamma", "shichi", "sici", "softmax", "softplus", "spence", "stdtr", "wofz", "wrightomega", "xlog1py",
    "xlogy", "y0", "y1", "yv", "zeta",
]  # fmt: skip


def logsumexp_rule(out: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """The softmax; entries that are +inf share."""

    def vjp(g: Any) -> Any:
        top = expand(out, a.shape, axis, keepdims)
        infinite = np.isinf(value_of(top))
        weight = np.exp(np.where(infinite, 0, a) - np.where(infinite, 0, top))
        if infinite.any():
            chosen = infinite & (value_of(a) == value_of(top))
            share = chosen / np.maximum(chosen.sum(axis=axis, keepdims=True), 1)
            weight = np.where(infinite, share.astype(a.dtype), weight)
        return expand(g, a.shape, axis, keepdims) * weight

    return vjp


@in_single
@with_rule(logsumexp_rule)
def _logsumexp(a: Any, axis: Any, keepdims: bool) -> Any:
    top = np.max(a, axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore", over="ignore"):
        out = np.log(np.sum(np.exp(a - shift), axis=axis, keepdims=True)) + shift
    return out if keepdims else np.squeeze(out, axis)[()]


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """Logarithm of the sum of exponentials, without overflow; see :func:`scipy.special.logsumexp`.

    Parameters
    ----------
    a : array_like
        Exponents.
    axis : int or tuple of int, optional
        Axes to sum over; all by default.
    b : array_like, optional
        Positive weights of the exponentials; broadcast against `a`.
    keepdims : bool
        Whether the summed axes stay with length 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> float(ad.special.logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    """
    a = asarray(a)
    return _logsumexp(a if b is None else a + np.log(asarray(b)), axis, keepdims)


@in_single
@with_rule(lambda out, x, axis: lambda g: out * (g - np.sum(g * out, axis=axis, keepdims=True)))
def _softmax(x: Any, axis: Any) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x)) over `axis` (all by default), without overflow; see :func:`scipy.special.softmax`."""
    return _softmax(asarray(x), axis)


@in_single
@with_rule(lambda out, x, axis: lambda g: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True))
def _log_softmax(x: Any, axis: Any) -> Any:
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def log_softmax(x: Any, axis: Any = None) -> Any:
    """Logarithm of :func:`softmax`, exact where the softmax underflows; see :func:`scipy.special.log_softmax`."""
    return _log_softmax(asarray(x), axis)


def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of digamma(x), n = 0, 1, 2, ...; see :func:`scipy.special.polygamma`."""
    return digamma(x) if n == 0 else polygamma_value(n, x)


@with_rule(lambda out, z, k, tol: lambda g: g * (np.exp(-out) / (1 + out)), None, None)
def _lambertw(z: Any, k: Any, tol: float) -> Any:
    return scipy.special.lambertw(z, k, tol)


def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    """The solution w of w exp(w) = z on branch `k`, complex; see :func:`scipy.special.lambertw`."""
    return _lambertw(asarray(z), k, tol)


def multigammaln(a: Any, d: int) -> Any:
    """Logarithm of the multivariate gamma function; see :func:`scipy.special.multigammaln`."""
    a = asarray(a)
    if np.any(value_of(a) <= 0.5 * (d - 1)):
        raise ValueError(f"a must be greater than (d - 1)/2 = {0.5 * (d - 1)}")
    out: Any = d * (d - 1) * 0.25 * np.log(np.pi).item()
    for j in range(1, d + 1):
        out = out + gammaln(a + (1 - j) / 2)
    return out


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), a smooth ReLU, without overflow."""
    return -log_expit(-asarray(x))


@with_rule(lambda out, x: lambda g: g * (value_of(out) > 0))
def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


SELECTIVE.add(_relu)


def relu(x: Any) -> Any:
    """max(x, 0), with derivative 0 at 0 (``np.maximum(x, 0)`` has 1/2 there)."""
    return _relu(asarray(x))
