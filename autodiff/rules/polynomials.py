"""Rules of polynomials in NumPy's older convention, highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.registry import TRACED, traced
from autodiff.tensor import asarray


@traced(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    out: Any = np.zeros(np.shape(x), np.result_type(getattr(x, "dtype", float), asarray(p).dtype))[()]
    for c in asarray(p):  # Horner
        out = out * x + c
    return out


@traced(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    n = len(x) if N is None else N
    if n == 0:
        return np.empty((len(x), 0), x.dtype)
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return np.stack([x ** int(k) for k in powers], axis=1)


def filled(p: Any, n: int) -> Any:
    """The coefficients `p` with zeros in front, `n` in all."""
    p = np.atleast_1d(asarray(p))
    return np.concatenate([np.zeros(n - len(p), p.dtype), p]) if n > len(p) else p


@traced(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    n = max(len(np.atleast_1d(a1)), len(np.atleast_1d(a2)))
    return filled(a1, n) + filled(a2, n)


TRACED[np.polysub] = lambda a1, a2: polyadd(a1, -asarray(a2))
TRACED[np.polymul] = lambda a1, a2: np.convolve(_trimmed(a1), _trimmed(a2))


def _trimmed(p: Any) -> Any:
    """Without the zeros in front, as NumPy's polynomials are; one coefficient at least."""
    p = np.atleast_1d(asarray(p))
    if len(p) == 0:
        return np.zeros(1, p.dtype)
    some = np.flatnonzero(value_of(p))
    return p[some[0] if len(some) else -1 :]


@traced(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    u, v = np.atleast_1d(asarray(u)) + 0.0, np.atleast_1d(asarray(v)) + 0.0
    rest, quotient = u, []
    for k in range(max(len(u) - len(v) + 1, 1) if len(u) >= len(v) else 0):  # long division
        q = rest[k] / v[0]
        quotient.append(q)
        rest = rest - np.concatenate([np.zeros(k, v.dtype), q * v, np.zeros(len(rest) - k - len(v), v.dtype)])
    plain = np.polydiv(value_of(u), value_of(v))
    return (np.stack(quotient) if quotient else np.zeros(1, v.dtype)), rest[len(u) - len(plain[1]) :]


@traced(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    p = asarray(p)
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@traced(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    constants = np.broadcast_to(0.0 if k is None else asarray(k), (m,))
    p = asarray(p)
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@traced(np.polyfit)
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    if full or cov is not False:
        raise TypeError("np.polyfit has no gradient rule for full= and cov=: leave them out")
    if deg < 0:
        raise ValueError(f"np.polyfit needs a degree of 0 or more, got {deg}")
    x, y = asarray(x) + 0.0, asarray(y) + 0.0
    left = vander(x, int(deg) + 1)
    if w is not None:
        w = asarray(w)
        left, y = left * w[:, None], (y * w[:, None] if y.ndim == 2 else y * w)
    scale = np.sqrt(np.sum(value_of(left) ** 2, axis=0))  # of columns, for the sake of the condition: a constant
    cut = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    c = np.linalg.pinv(left / scale, cut) @ y
    return (c.T / scale).T


def roots_rule(out: Any, p: Any) -> Any:
    """p'(r) dr = -sum of dp_k r^(n-k)."""

    def vjp(g: Any) -> Any:
        weight = -g / polyval(polyder(_trimmed(p)), out)
        d = np.sum(weight[:, None] * vander(out, len(p)), axis=0)
        return (d if p.dtype.kind == "c" else np.real(d)).astype(p.dtype)

    return vjp


@with_rule(roots_rule)
def _roots(p: Any) -> Any:
    return np.roots(p)


@traced(np.roots)
def roots(p: Any) -> Any:
    """Simple roots; at a multiple root the derivative is infinite."""
    return _roots(np.atleast_1d(p))


@traced(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    zeros = asarray(seq_of_zeros)
    if zeros.ndim == 2:
        zeros = np.linalg.eigvals(zeros)
    out: Any = np.ones(1, zeros.dtype)
    for z in np.atleast_1d(zeros):
        out = np.convolve(out, np.stack([np.ones((), zeros.dtype)[()], -z]))
    return out if np.iscomplexobj(np.poly(value_of(zeros))) else np.real(out)
