"""Quotients of gamma functions: the Pochhammer symbol and the binomial coefficient.

As a rule the derivative is the value times a difference of digamma functions. Where a gamma function below the line is
infinite the value is 0 and digamma is infinite too; there the slope of 1/Gamma stands beside the other factors. All
parts have rules, so second derivatives are right there as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from autodiff.operators import value_of
from autodiff.registry import rule
from autodiff.rules.families import digamma_gap
from autodiff.rules.incomplete import pole


def rgamma_slope(x: Any) -> Any:
    """The derivative of 1/Gamma(x) for x up to 1/2, by reflection."""
    return sc.gamma(1 - x) * (np.cos(np.pi * x) - np.sin(np.pi * x) / np.pi * sc.digamma(1 - x))


def rgamma_rule(out: Any, x: Any) -> Any:
    """-digamma(x)/Gamma(x), left of 1/2 by reflection: digamma has poles where 1/Gamma is 0."""

    def vjp(g: Any) -> Any:
        left = value_of(x) < 0.5
        y = np.where(left, 0.5, x)
        return g * np.where(left, rgamma_slope(np.where(left, x, 0.5)), -sc.rgamma(y) * sc.digamma(y))

    return vjp


rule(sc.rgamma, rgamma_rule)


def at_pole(a: Any) -> Any:
    """Where the gamma function of `a` is infinite."""
    return np.asarray(pole(value_of(a)))


def beside(zero: Any, x: Any, y: Any) -> Any:
    """The derivative of Gamma(y)/Gamma(x) by both, over Gamma(y), where Gamma(x) is infinite: at `zero`."""
    x, y = np.where(zero, x, 0.0), np.where(zero, y, 1.0)
    return rgamma_slope(x) + sc.rgamma(x) * sc.psi(y)


def poch_by_z(out: Any, z: Any, m: Any) -> Any:
    """Of Gamma(z + m)/Gamma(z); where both are infinite digamma is reflected."""
    bottom = at_pole(z)
    if not bottom.any():
        return lambda g: g * (out * digamma_gap(z, m, 0))
    both = at_pole(z + m) & bottom
    zero = bottom & ~both

    def vjp(g: Any) -> Any:
        regular = out * digamma_gap(np.where(bottom, 1.0, z), np.where(bottom, 1.0, m), 0)
        mirrored = out * (sc.psi(np.where(both, 1 - z - m, 1.0)) - sc.psi(np.where(both, 1 - z, 1.0)))
        single = sc.gamma(np.where(zero, z + m, 1.0)) * beside(zero, z, z + m)
        return g * np.where(zero, single, np.where(both, mirrored, regular))

    return vjp


def poch_by_m(out: Any, z: Any, m: Any) -> Any:
    """The value is 0 for nearly all m where Gamma(z) is infinite."""
    bottom = at_pole(z)
    if not bottom.any():
        return lambda g: g * (out * sc.psi(z + m))
    return lambda g: g * np.where(bottom, 0.0, out * sc.psi(np.where(bottom, 1.0, z + m)))


rule(sc.poch, poch_by_z, poch_by_m)


def infinite_below(n: Any, k: Any) -> tuple[Any, Any]:
    """Where Gamma(n - k + 1) is infinite, and where Gamma(k + 1) is; Gamma(n + 1) is not."""
    finite = ~at_pole(n + 1)
    return at_pole(n - k + 1) & finite, at_pole(k + 1) & finite


def binom_by_n(out: Any, n: Any, k: Any) -> Any:
    """Of Gamma(n + 1) / Gamma(k + 1) / Gamma(n - k + 1)."""
    zero, _ = infinite_below(n, k)

    def vjp(g: Any) -> Any:
        v = n - k + 1
        slope = out * (sc.psi(n + 1) - sc.psi(np.where(zero, 1.0, v)))
        if zero.any():
            rest = sc.poch(np.where(zero, n + 1, 1.0), np.where(zero, k - n, 1.0))
            slope = np.where(zero, beside(zero, v, n + 1) / rest, slope)
        return g * slope

    return vjp


def binom_by_k(out: Any, n: Any, k: Any) -> Any:
    """Of the same; the last two change places when k becomes n - k."""
    zero, other = infinite_below(n, k)

    def vjp(g: Any) -> Any:
        v = n - k + 1
        slope = out * (sc.psi(np.where(zero, 1.0, v)) - sc.psi(np.where(other, 1.0, k + 1)))
        for at, x, y, m, sign in ((zero, v, k + 1, k - n, -1), (other, k + 1, v, -k, 1)):
            if at.any():
                rest = sc.poch(np.where(at, n + 1, 1.0), np.where(at, m, 1.0))
                slope = np.where(at, sign * beside(at, x, y) / rest, slope)
        return g * slope

    return vjp


rule(sc.binom, binom_by_n, binom_by_k)
