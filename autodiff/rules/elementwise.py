"""Rules of NumPy's elementwise functions (ufuncs), one line each.

A rule is written ``lambda out, x: ...`` for the maker and ``lambda g: ...`` for the vjp; whatever the vjp needs is
computed when it runs, except where the maker can save work by keeping the result. Conventions at kinks: the
derivative of ``abs`` is 0 at 0, equal arguments of ``maximum`` share the gradient, and where a function has an
infinite slope (``sqrt`` at 0) the gradient is infinite.
"""

from __future__ import annotations

import operator
from math import log, nan
from operator import neg
from typing import Any

import numpy as np
from scipy.special import expit, i1

from autodiff.core import ELEMENTWISE, LARGE, pass_on
from autodiff.dispatch import refuse_traced
from autodiff.operators import value_of
from autodiff.primitive import with_rule
from autodiff.recording import widened
from autodiff.registry import RULES, SELECTIVE, TRACED, rule, traced
from autodiff.rules.families import cosine, nonzero, one_minus_square, sech2
from autodiff.rules.kinks import bent, tied
from autodiff.tensor import Tensor

LOG2, LOG10, DEGREE = np.log(2.0).item(), np.log(10.0).item(), (np.pi / 180)


# arithmetic

rule(np.add, lambda out, x, y: pass_on, lambda out, x, y: pass_on)
rule(np.subtract, lambda out, x, y: pass_on, lambda out, x, y: neg)
rule(np.multiply, lambda out, x, y: lambda g: g * y, lambda out, x, y: lambda g: g * x)
rule(np.true_divide, lambda out, x, y: lambda g: g / y, lambda out, x, y: lambda g: -g * (out / y))
rule(np.negative, lambda out, x: neg)
rule(np.positive, lambda out, x: pass_on)
rule(np.square, lambda out, x: lambda g: x * (g + g))
rule(np.reciprocal, lambda out, x: lambda g: -g * (out * out))
rule(np.sqrt, lambda out, x: lambda g: g * (0.5 / out))
rule(np.cbrt, lambda out, x: lambda g: g / (3 * out * out))
rule(np.remainder, lambda out, x, y: pass_on, lambda out, x, y: lambda g: -g * np.floor_divide(x, y))
rule(np.nextafter, lambda out, x, y: pass_on, lambda out, x, y: lambda g: g * 0)
rule(np.fmod, lambda out, x, y: pass_on, lambda out, x, y: lambda g: -g * np.trunc(x / y))


def power_base(pow: Any) -> Any:
    """Maker of d(x^y)/dx = y x^(y-1), which is 0 for y = 0 also where 1/x is infinite.

    `pow` is what made the value: ``**`` has a quick way for a single number, whose last bits are not those that the
    ufunc gives for that number, alone or in an array.
    """

    def maker(out: Any, x: Any, y: Any) -> Any:
        if type(y) in (int, float):
            if y == 2:
                return lambda g: x * (g + g)
            if y == 3:
                return lambda g: g * (3 * (x * x))
            return lambda g: g * (y * pow(x, y - 1)) if y != 0 else g * 0.0
        y = widened(y, out)
        infinite = (value_of(y) == 0) & (np.abs(value_of(x)) <= 1 / np.finfo(out.dtype).max)
        return lambda g: g * (y * np.power(x, np.where(infinite, 1, y - 1)))

    return maker


def power_exponent(out: Any, x: Any, y: Any) -> Any:
    """d(x^y)/dy = x^y log x, which is 0 at x = 0 (the limit for y > 0)."""
    if type(x) in (int, float):
        slope = log(x) if x > 0 else 0.0 if x == 0 else nan
        return lambda g: g * (out * slope)
    x = widened(x, out)
    return lambda g: g * (out * np.log(np.where(value_of(x) == 0, 1, x)))


for power in (np.power, np.float_power):
    rule(power, power_base(np.power), power_exponent)
RULES.held(operator.pow)[:] = power_base(operator.pow), power_exponent  # an operator's alone: its node is np.power's

# exponentials and logarithms

rule(np.exp, lambda out, x: lambda g: g * out)
rule(np.exp2, lambda out, x: lambda g: g * (out * LOG2))
rule(np.expm1, lambda out, x: lambda g: g * np.exp(x))
rule(np.log, lambda out, x: lambda g: g / x)
rule(np.log2, lambda out, x: lambda g: g / (x * LOG2))
rule(np.log10, lambda out, x: lambda g: g / (x * LOG10))
rule(np.log1p, lambda out, x: lambda g: g / (1 + x))


def share_of(out: Any, x: Any, y: Any, unit: float = 1.0) -> Any:
    """exp(x) / (exp(x) + exp(y)); equal infinities share."""
    equal = np.isinf(value_of(x)) & (value_of(x) == value_of(y))
    gap = np.where(equal, 0, x) - np.where(equal, 0, y) if equal.any() else x - y
    share = expit(unit * gap)
    return share if share.dtype == out.dtype else share.astype(out.dtype)  # SciPy widens half precision


rule(
    np.logaddexp,
    lambda out, x, y: lambda g: g * share_of(out, x, y),
    lambda out, x, y: lambda g: g * share_of(out, y, x),
)
rule(
    np.logaddexp2,
    lambda out, x, y: lambda g: g * share_of(out, x, y, LOG2),
    lambda out, x, y: lambda g: g * share_of(out, y, x, LOG2),
)

# trigonometry

rule(np.sin, lambda out, x: lambda g: g * np.cos(x))
rule(np.cos, lambda out, x: lambda g: -g * np.sin(x))
rule(np.tan, lambda out, x: lambda g: g * (1 + out * out))
rule(np.arcsin, lambda out, x: lambda g: g / np.sqrt(one_minus_square(x)))
rule(np.arccos, lambda out, x: lambda g: -g / np.sqrt(one_minus_square(x)))
rule(np.arctan, lambda out, x: lambda g: g / (1 + x * x))
rule(np.sinh, lambda out, x: lambda g: g * np.cosh(x))
rule(np.cosh, lambda out, x: lambda g: g * np.sinh(x))


FAR = 0.9995  # from where on 1 - tanh(x)^2 has lost three digits or more


def tanh_rule(out: Any, x: Any) -> Any:
    """1 - out^2, which needs only `out` to be kept; far out, where that has lost its digits, from x."""
    if out.dtype.kind == "c" or unsaturated(value_of(out)):
        return lambda g: in_one_array(g, out) if out.size > LARGE else g * (1 - out * out)
    if type(out) is not np.ndarray:
        return lambda g: g * sech2(x)
    far = np.flatnonzero(np.abs(out) >= FAR)
    return entries_apart(lambda: 1 - out * out, far, sech2(x.take(far)))


def in_one_array(g: Any, out: Any) -> Any:
    """g (1 - out^2), of plain arrays without a temporary one."""
    if type(g) is not np.ndarray or type(out) is not np.ndarray or g.shape != out.shape or g.dtype != out.dtype:
        return g * (1 - out * out)
    d = out * out
    np.subtract(1, d, out=d)
    d *= g
    return d


def unsaturated(out: Any) -> Any:
    """Whether no entry of plain tanh(x) lies far out; without a temporary array."""
    if type(out) is not np.ndarray:
        return abs(out) < FAR
    return np.maximum.reduce(out, None, initial=0) < FAR and np.minimum.reduce(out, None, initial=0) > -FAR


def entries_apart(slope: Any, apart: Any, theirs: Any) -> Any:
    """The vjp of the slopes ``slope()``, with those at the entries `apart` put in their places.

    An entry has the slope that it has alone, to the last bit, whatever stands beside it.
    """

    def vjp(g: Any) -> Any:
        slopes = slope()
        slopes.put(apart, theirs)
        return g * slopes

    return vjp


rule(np.tanh, tanh_rule)
rule(np.arcsinh, lambda out, x: lambda g: g / (np.sqrt(x * x + 1) if out.dtype.kind == "c" else np.hypot(x, 1)))
rule(np.arccosh, lambda out, x: lambda g: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))
rule(np.arctanh, lambda out, x: lambda g: g / one_minus_square(x))
rule(
    np.arctan2,
    lambda out, y, x: lambda g: g * (cosine(x, y) / np.hypot(x, y)),
    lambda out, y, x: lambda g: -g * (cosine(y, x) / np.hypot(x, y)),
)
for to_radians in (np.deg2rad, np.radians):
    rule(to_radians, lambda out, x: lambda g: g * DEGREE)
for to_degrees in (np.rad2deg, np.degrees):
    rule(to_degrees, lambda out, x: lambda g: g / DEGREE)

ELEMENTWISE.update(fun for fun in RULES if isinstance(fun, np.ufunc))  # so far each vjp is a product with g, or g

# kinks


rule(
    np.hypot,
    lambda out, x, y: lambda g: bent(g, cosine(x, y), out, value_of(out) == 0, "np.hypot"),
    lambda out, x, y: lambda g: bent(g, cosine(y, x), out, value_of(out) == 0, "np.hypot"),
)
rule(np.fabs, lambda out, x: lambda g: bent(g, np.sign(x), x, value_of(x) == 0, "np.fabs"))


def magnitude(out: Any, x: Any) -> Any:
    """|x|, of complex x too: d|z| = Re(conj(z) dz) / |z|."""
    if x.dtype.kind == "c":
        return lambda g: bent(g, np.conjugate(x) / nonzero(out), x, value_of(x) == 0, "np.abs")
    if type(x) is not Tensor:
        return lambda g: g * np.sign(x)
    return lambda g: bent(g, np.sign(x), x, value_of(x) == 0, "np.abs")


rule(np.absolute, magnitude)


def share(out: Any, x: Any, y: Any) -> Any:
    """1 where x is the chosen value, 1/2 where x and y both are, 0 elsewhere; in the type of the result."""
    out, x, y = value_of(out), value_of(x), value_of(y)
    mine = (x == out) | (np.isnan(out) & np.isnan(x))
    both = mine & ((y == out) | (np.isnan(out) & np.isnan(y)))
    return np.where(both, 0.5, mine).astype(out.dtype)


SELECTIVE.update((np.maximum, np.minimum, np.fmax, np.fmin, np.heaviside, np.copysign, np.imag))
for chooser in (np.maximum, np.minimum, np.fmax, np.fmin):
    rule(
        chooser,
        lambda out, x, y: lambda g: g * tied(g, share(out, x, y), x, y),
        lambda out, x, y: lambda g: g * tied(g, share(out, y, x), x, y),
    )
rule(
    np.copysign,
    lambda out, x, y: lambda g: g * (np.sign(x) * np.copysign(1, value_of(y))).astype(out.dtype),
    lambda out, x, y: lambda g: g * 0,
)


# complex numbers (the gradient g of z means dL = Re(g dz))

rule(np.conjugate, lambda out, x: np.conjugate)
rule(np.real, lambda out, val: pass_on)
rule(np.imag, lambda out, val: lambda g: g * -1j if val.dtype.kind == "c" else g * 0)
rule(np.ldexp, lambda out, x1, x2: lambda g: np.ldexp(g, x2), None)


rule(np.heaviside, lambda out, x, h: lambda g: g * 0, lambda out, x, h: lambda g: g * (value_of(x) == 0))
rule(np.i0, lambda out, x: lambda g: g * i1(x))


@traced(np.unwrap)
def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """Whole periods are added, which are constant."""
    plain = value_of(p)
    return p + (np.unwrap(plain, discont, axis, period=period) - plain)


@traced(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    radians = np.arctan2(np.imag(z), np.real(z))
    return np.degrees(radians) if deg else radians


@traced(np.sign)
def sign(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise TypeError("np.sign of complex values has no gradient rule: use z / np.abs(z)")
    return np.sign(value_of(x))


@traced(np.modf)
def modf(x: Any) -> Any:
    whole = np.trunc(value_of(x))
    return x - whole, whole


TRACED[np.divmod] = lambda x, y: (np.floor_divide(value_of(x), value_of(y)), np.remainder(x, y))


@traced(np.sinc)
def sinc(x: Any) -> Any:
    """sin(pi x)/(pi x); near 0 the Taylor series, whose derivatives of all orders are right at 0 too."""
    z = np.pi * x
    small = np.abs(value_of(z)) < 0.02
    safe = np.where(small, 1, z)
    z2 = z * z
    series = 1 - z2 / 6 * (1 - z2 / 20 * (1 - z2 / 42))
    return np.where(small, series, np.sin(safe) / safe)


@traced(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    plain = value_of(x)
    for name, number in (("nan", nan), ("posinf", posinf), ("neginf", neginf)):
        refuse_traced(number, "np.nan_to_num", name)
    return np.where(np.isfinite(plain), x, np.nan_to_num(plain, nan=nan, posinf=posinf, neginf=neginf))


@traced(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("np.clip takes a limit once: a_min or min, a_max or max")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return clipped(a, low, high)


def clip_part(part: int) -> Any:
    """Maker for argument `part` of ``clipped``: each entry of the gradient goes to the argument that is the value."""

    def maker(out: Any, a: Any, low: Any, high: Any) -> Any:
        a, low, high = value_of(a), value_of(low), value_of(high)
        below = np.asarray(False if low is None else a < low)
        above = np.asarray(False if high is None else (a if low is None else np.maximum(a, low)) > high)
        below = below & ~above  # where the limits are crossed NumPy takes the upper one
        mine = (~above & ~below, below, above)[part]
        return lambda g: g * mine

    return maker


@with_rule(clip_part(0), clip_part(1), clip_part(2))
def clipped(a: Any, low: Any, high: Any) -> Any:
    """``np.clip(a, low, high)``; at a limit the gradient goes to `a`."""
    return np.clip(a, low, high)


SELECTIVE.add(clipped)
