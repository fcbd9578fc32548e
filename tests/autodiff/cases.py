"""One table of everything that can be differentiated: function, inputs, keywords.

``case(fun, *inputs, **keywords)``: arrays of floats are differentiated, everything else is handed through. Functions
of lists are written as a lambda with ``of=`` naming what it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special as sc

import autodiff as ad
from autodiff.rules.calculus import correlate_valid


@dataclass
class Case:
    of: Any
    fun: Callable[..., Any]
    inputs: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)
    nth: int = 2  # order of derivatives to check
    single: bool = True  # whether float32 is meaningful

    @property
    def id(self) -> str:
        name = getattr(self.of, "__name__", str(self.of))
        shapes = ",".join(str(np.shape(x)).replace(" ", "") for x in self.inputs if is_variable(x))
        words = ",".join(f"{k}={np.shape(v) if isinstance(v, np.ndarray) else v}" for k, v in self.keywords.items())
        return f"{name}-{shapes}-{words}"

    def variables(self) -> list[Any]:
        return [x for x in self.inputs if is_variable(x)]

    def call(self, *variables: Any) -> Any:
        """The function of the differentiated inputs alone."""
        rest = iter(variables)
        return self.fun(*[next(rest) if is_variable(x) else x for x in self.inputs], **self.keywords)


def is_variable(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


CASES: list[Case] = []
_random = np.random.default_rng(20240501)


def case(fun: Any, *inputs: Any, of: Any = None, nth: int = 2, single: bool = True, **keywords: Any) -> None:
    CASES.append(Case(of or fun, fun, inputs, keywords, nth, single))


def R(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    """Random entries between `low` and `high`, apart from one another and from zero."""
    x = _random.uniform(low, high, size=shape)
    return np.where(np.abs(x) < 0.1, x + np.copysign(0.2, x), x)


def P(*shape: int) -> Any:
    """Positive entries."""
    return R(*shape, low=0.3, high=2.5)


def U(*shape: int) -> Any:
    """Entries between 0 and 1."""
    return R(*shape, low=0.15, high=0.85)


def S(*shape: int) -> Any:
    """Stack of symmetric positive definite matrices."""
    a = R(*shape)
    return a @ a.swapaxes(-1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


# ------------------------------------------------------------------ elementwise

for f in (np.negative, np.positive, np.square, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.sinh,
        np.cosh, np.tanh, np.arctan, np.arcsinh, np.absolute, np.fabs, np.deg2rad, np.radians,
        np.rad2deg, np.degrees, np.sinc, np.conjugate, np.cbrt, np.reciprocal, np.real, np.nan_to_num,
        np.copy):  # fmt: skip
    case(f, R(2, 3))
case(np.tan, R(5, low=-1, high=1))
for f in (np.sqrt, np.log, np.log2, np.log10, np.log1p, np.angle):
    case(f, P(2, 3))
for f in (np.arcsin, np.arccos, np.arctanh):
    case(f, R(4, low=-0.8, high=0.8))
case(np.arccosh, R(4, low=1.5, high=3))
for f in (np.add, np.subtract, np.multiply, np.true_divide, np.logaddexp, np.logaddexp2, np.arctan2,
        np.hypot, np.maximum, np.minimum, np.fmax, np.fmin, np.copysign):  # fmt: skip
    case(f, R(2, 3), R(3))
    case(f, R(2, 1), R(1, 3))
    case(f, R(3), R())
case(np.remainder, R(4), np.array([0.7, 0.7, -0.9, 0.8]))
case(np.fmod, R(4), np.array([0.7, 0.7, -0.9, 0.8]))
for f in (np.power, np.float_power):
    case(f, P(2, 3), R(3), single=f is np.power)
    case(f, R(3), 3, single=f is np.power)
    case(f, R(3), -2.0, single=f is np.power)
    case(f, np.array([0.0, 1.5, -2.0]), 2, single=f is np.power)
case(np.power, R(3), np.array([0, 1, 4]))
case(np.power, 2.5, R(3))
case(np.ldexp, R(3), np.array([1, -2, 3]))
case(lambda x: np.modf(x)[0], R(4), of=np.modf)
case(lambda x, y: np.divmod(x, y)[1], R(4), P(4), of=np.divmod)
case(lambda x: np.imag(x * (1 + 2j)) + np.real(x * 3j), R(3), of=np.imag)
case(lambda x: np.abs(x[0] + 1j * x[1]), R(2, 3), of=np.absolute)
case(lambda x: np.sign(x) * x, R(3), of=np.sign)
case(np.clip, R(2, 4), -0.5, 0.5)
case(np.clip, R(2, 4), a_min=-0.5, a_max=None)
case(np.clip, R(2, 4), min=-0.5, max=0.7)
case(np.clip, R(2, 4), R(4, low=-1, high=0), R(2, 1, low=0.2, high=1))

# ------------------------------------------------------------------ scipy.special

for f in (sc.expit, sc.log_expit, sc.erf, sc.erfc, sc.erfcx, sc.erfi, sc.dawsn, sc.ndtr, sc.log_ndtr,
        sc.exp10, sc.exprel, sc.cosm1, sc.j0, sc.j1, sc.i0, sc.i1, sc.i0e, sc.i1e):  # fmt: skip
    case(f, R(4))
for f in (sc.y0, sc.y1, sc.k0, sc.k1, sc.gammaln, sc.loggamma, sc.gamma, sc.rgamma, sc.psi, sc.entr):
    case(f, P(4))
for f in (sc.logit, sc.ndtri, sc.erfcinv):
    case(f, U(4))
case(sc.erfinv, R(4, low=-0.8, high=0.8))
for f in (sc.xlogy, sc.xlog1py, sc.rel_entr, sc.kl_div, sc.beta, sc.betaln, sc.boxcox):
    case(f, P(2, 3), P(3))
case(sc.xlogy, np.zeros(3), P(3), nth=1)
case(ad.special.zeta, 3.0, P(3))
case(sc.gammainc, 2.5, P(3))
case(sc.gammaincc, 2.5, P(3))
case(sc.betainc, 2.0, 3.0, U(3))
case(sc.huber, 1.0, np.array([-3.0, -0.5, 0.4, 2.0]), nth=1)
case(sc.pseudo_huber, P(3), R(3))
for f in (sc.jv, sc.iv, sc.kv, sc.yv, sc.ive):
    case(f, 2, P(3))
case(ad.special.logsumexp, R(2, 3))
case(ad.special.logsumexp, R(2, 3), axis=-1)
case(ad.special.logsumexp, R(2, 3), axis=0, keepdims=True)
case(lambda x, b: ad.special.logsumexp(x, axis=-1, b=b), R(2, 3), P(3), of=ad.special.logsumexp)
case(ad.special.softmax, R(2, 3), axis=-1)
case(ad.special.softmax, R(3))
case(ad.special.log_softmax, R(2, 3), axis=0)
case(ad.special.polygamma, 2, P(3))
case(ad.special.polygamma, 0, P(3))
case(ad.special.softplus, R(4))
case(ad.special.relu, R(4))
case(ad.softmax_cross_entropy, R(4, 3), np.array([0, 2, 1, 1]))
case(ad.softmax_cross_entropy, R(4, 3), np.full((4, 3), 1 / 3).tolist())

# ------------------------------------------------------------------ reductions

MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
for f in (np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.var, np.std):
    case(f, R(3, 4))
    case(f, R(3, 4), axis=0)
    case(f, R(2, 3, 4), axis=(0, -1))
    case(f, R(3, 4), axis=1, keepdims=True)
    case(f, R(3, 4), keepdims=True)
    case(f, R(5))
for f in (np.sum, np.mean, np.prod, np.var, np.std):
    case(f, R(3, 4), where=MASK)
    case(f, R(3, 4), axis=1, where=MASK)
    case(f, R(3, 4), dtype=np.float64, single=False)
case(np.max, R(3, 4), axis=1, where=MASK, initial=-9.0)
case(np.min, R(3, 4), axis=0, where=MASK, initial=9.0, keepdims=True)
case(np.max, R(3, 4), axis=0, initial=0.1)
case(np.sum, R(3), initial=2.0)
case(np.prod, R(3), initial=2.0)
for f in (np.var, np.std):
    case(f, R(3, 4), ddof=1)
    case(f, R(3, 4), axis=0, correction=1)
    case(f, R(3, 4), axis=1, ddof=1, where=MASK, keepdims=True)
case(np.prod, np.array([2.0, 0.0, -3.0]))
case(np.prod, np.array([0.0, 0.0, -3.0]))
case(np.prod, np.array([[2.0, 0.0, 3.0], [1.0, 2.0, 3.0]]), axis=1)
case(np.prod, np.arange(24.0).reshape(2, 3, 4) / 9, axis=(0, 2), keepdims=True)
case(np.ptp, R(3, 4), axis=1)
case(np.ptp, R(3, 4), axis=0, keepdims=True)
for f in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod):
    case(f, R(3, 4))
    case(f, R(3, 4), axis=1)
case(np.cumsum, R(3), dtype=np.float64, single=False)
case(np.cumprod, R(3), dtype=np.float64, single=False)
case(np.cumprod, np.array([2.0, 0.0, -3.0, 0.0, 1.0]))
for f in (np.cumulative_sum, np.cumulative_prod):
    case(f, R(4))
    case(f, R(3, 4), axis=1, include_initial=True)
    case(f, R(3), dtype=np.float64, single=False)
HOLES = np.where(MASK, R(3, 4), np.nan)
for f in (np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd):
    case(lambda x, f=f, **kw: f(x + np.where(MASK, 0, np.nan), **kw), R(3, 4), of=f)
    case(lambda x, f=f, **kw: f(x + np.where(MASK, 0, np.nan), **kw), R(3, 4), of=f, axis=1, keepdims=True)
for f in (np.median, np.percentile, np.quantile):
    q: tuple[Any, ...] = () if f is np.median else ((30,) if f is np.percentile else (0.3,))
    case(f, R(4, 5), *q)
    case(f, R(4, 5), *q, axis=0)
    case(f, R(2, 4, 5), *q, axis=(0, 2), keepdims=True)
for m in ("linear", "lower", "higher", "midpoint", "nearest"):
    case(np.quantile, R(4, 5), [0.2, 0.7], axis=1, method=m)
    case(np.percentile, R(4, 5), [[20, 70]], axis=1, method=m, keepdims=True)
case(np.average, R(3, 4), axis=1)
case(np.average, R(3, 4), axis=1, weights=np.arange(1.0, 5), keepdims=True)
case(lambda x, w: np.average(x, weights=w, returned=True), R(3, 4), P(3, 4), of=np.average)
case(np.cov, R(3, 6))
case(np.cov, R(6, 3), rowvar=False, ddof=0)
case(np.cov, R(6), R(6), bias=True)
case(np.corrcoef, R(3, 6))
case(np.corrcoef, R(6, 3), rowvar=False)
case(np.corrcoef, R(6), R(6))

# ------------------------------------------------------------------ shaping

case(np.reshape, R(2, 6), (3, 4))
case(np.reshape, R(2, 6), (3, -1), order="F")
case(np.reshape, R(2, 6), shape=(12,), copy=True)
case(np.ravel, R(2, 3))
case(np.ravel, R(2, 3), order="F")
case(np.transpose, R(2, 3, 4))
case(np.transpose, R(2, 3, 4), axes=(1, -1, 0))
case(np.permute_dims, R(2, 3, 4), (2, 0, 1))
case(np.matrix_transpose, R(2, 3, 4))
case(np.linalg.matrix_transpose, R(2, 3, 4))
case(np.squeeze, R(1, 3, 1))
case(np.squeeze, R(1, 3, 1), axis=0)
case(np.expand_dims, R(3), axis=(0, 2))
case(np.swapaxes, R(2, 3, 4), 0, 2)
case(np.moveaxis, R(2, 3, 4), (0, 1), (-1, 0))
case(np.rollaxis, R(2, 3, 4), 2)
case(np.rollaxis, R(2, 3, 4), 0, start=3)
case(np.broadcast_to, R(3), (2, 3))
case(np.broadcast_to, R(2, 1), (4, 2, 3), subok=False)
case(np.broadcast_arrays, R(2, 1), R(3), subok=False)
for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    case(f, R(3))
    case(f, R())
    case(f, R(2, 3), R(2, 3, 4))
case(np.flip, R(2, 3))
case(np.flip, R(2, 3), axis=1)
case(np.fliplr, R(2, 3))
case(np.flipud, R(2, 3))
for k in range(4):
    case(np.rot90, R(2, 3), k=k)
case(np.rot90, R(2, 3, 4), axes=(1, 2))
case(np.roll, R(2, 3), 2)
case(np.roll, R(2, 3), (1, -1), axis=(0, 1))
case(np.tile, R(2, 3), 2)
case(np.tile, R(2), (3, 2))
case(np.repeat, R(2, 3), 2)
case(np.repeat, R(2, 3), np.array([1, 0, 2]), axis=1)
case(np.resize, R(2, 3), (3, 3))
case(np.copy, R(2, 3), order="C", subok=True)
case(lambda x: np.full_like(x, x[0], dtype=float, shape=(4,)), R(3), of=np.full_like, single=False)
case(np.meshgrid, R(2), R(3), copy=True)
case(np.meshgrid, R(2), R(3), R(4), indexing="ij", sparse=True)
for f in (np.tril, np.triu):
    case(f, R(3, 4))
    case(f, R(2, 3, 3), k=-1)
case(np.pad, R(2, 3), 2)
case(np.pad, R(2, 3), ((1, 0), (0, 2)), constant_values=5.0)
case(np.pad, R(2, 3), {-1: (1, 2)})
for m in ("edge", "reflect", "symmetric", "wrap"):
    case(np.pad, R(3, 4), ((1, 2), (0, 3)), mode=m)
case(np.astype, R(3), np.float64, copy=True, single=False)

# ------------------------------------------------------------------ joining and splitting

case(lambda x, y: np.concatenate([x, y, x]), R(2, 3), R(1, 3), of=np.concatenate)
case(lambda x, y: np.concatenate([x, y], axis=-1), R(2, 3), R(2, 1), of=np.concatenate)
case(lambda x, y: np.concatenate((x, y), axis=None), R(2, 3), R(2), of=np.concatenate)
case(lambda x, y: np.stack([x, y, x * y]), R(3), R(3), of=np.stack)
case(lambda x, y: np.stack([x, y, np.ones(3)], axis=1), R(3), R(3), of=np.stack)
case(lambda x: np.stack([x[0], x[1] * 2]), R(2), of=np.stack)
for f in (np.vstack, np.hstack, np.dstack, np.column_stack):
    case(lambda x, y, f=f: f([x, y]), R(3), R(3), of=f)
    case(lambda x, y, f=f: f([x, y]), R(2, 3), R(2, 3), of=f)
case(np.append, R(2, 3), R(2))
case(np.append, R(2, 3), R(1, 3), axis=0)
case(lambda x, y: np.block([[x, np.zeros((2, 1))], [y, 1.0]]), R(2, 3), R(3), of=np.block)
case(lambda x, y: np.block([x, y]), R(2), R(3), of=np.block)
case(np.array_split, R(7), 3)
case(np.array_split, R(2, 7), [2, 5], axis=1)
case(np.split, R(6), 3)
case(np.split, R(2, 6), [1, 4], axis=1)
case(np.hsplit, R(2, 4), 2)
case(np.vsplit, R(4, 2), 2)
case(np.dsplit, R(2, 2, 4), 2)
case(np.unstack, R(2, 3), axis=1)
case(np.insert, R(4), 1, R())
case(np.insert, R(4), [1, 3], R(2))
case(np.insert, R(2, 3), 1, R(2), axis=1)
case(np.insert, R(2, 3), [0, 2], R(2, 1), axis=1)
case(np.delete, R(5), 2)
case(np.delete, R(2, 5), [0, 3], axis=1)

# ------------------------------------------------------------------ indexing, choosing, sorting

for index in (0, -1, slice(1, None), slice(None, None, -2), (slice(None), 1), (..., 2), None, (1, None,
        slice(0, 2)), [0, 2, 0], np.array([[0, 1], [1, 1]]), (np.array([0, 2]), np.array([1, 1])),
        np.array([True, False, True]), MASK, (slice(None), np.array([0, 0, 3])), (np.array([0, 1]),
        slice(1, 3)), (2, 3), np.int64(1), (np.array(1), ...)):  # fmt: skip
    case(lambda x, index=index: x[index], R(3, 4), of="getitem")
case(lambda x: np.sum([1.0, 2.0] * x[1:] ** 2 - x[:-1]) + x[0] * x[-1], R(3), of="getitem")
case(np.take, R(3, 4), [0, 2, 2])
case(np.take, R(3, 4), np.array([[0, 3], [1, 1]]), axis=1)
case(np.take, R(3, 4), [5, -7], axis=0, mode="wrap")
case(np.take, R(3, 4), [5, -7], axis=0, mode="clip")
case(np.take_along_axis, R(3, 4), np.array([[0, 0], [1, 3], [2, 1]]), axis=1)
case(np.take_along_axis, R(3, 4), np.array([[0, 2, 1, 1]]), axis=0)
case(np.take_along_axis, R(3, 4), np.array([0, 7, 7]), axis=None)
case(np.compress, [True, False, True], R(3, 4), axis=0)
case(np.extract, MASK, R(3, 4))
case(np.where, MASK, R(3, 4), R(4))
case(np.where, MASK, R(), R(3, 1))
case(np.where, MASK, R(1), 2.0)
case(lambda x: np.where(x > 0, x**2, -x), R(5), of=np.where)
case(lambda x: np.select([x > 1, x > 0], [x**2, x], default=0.5), R(6), of=np.select)
case(lambda x, y: np.choose(np.array([0, 1, 1]), [x, y]), R(3), R(3), of=np.choose)
case(np.diagonal, R(3, 4))
case(np.diagonal, R(3, 4, 2), offset=1, axis1=2, axis2=0)
case(np.linalg.diagonal, R(2, 3, 4), offset=-1)
case(np.trace, R(3, 4))
case(np.trace, R(2, 3, 4), offset=1, axis1=1, axis2=2, dtype=np.float64, single=False)
case(np.linalg.trace, R(2, 3, 4), offset=1)
case(np.linalg.trace, R(2, 3, 4), dtype=np.float64, single=False)
case(np.diag, R(3))
case(np.diag, R(3), k=-1)
case(np.diag, R(3, 4), k=1)
case(np.diagflat, R(2, 2), k=1)
case(np.sort, R(3, 4))
case(np.sort, R(3, 4), axis=0, kind="stable")
case(np.sort, R(3, 4), axis=None, stable=True)
case(np.partition, R(7), 3)
case(np.partition, R(3, 5), 2, axis=1, kind="introselect")
case(np.unique, R(5))
case(lambda x: np.unique(x, return_index=True, return_inverse=True, return_counts=True)[0], R(5), of=np.unique)

# ------------------------------------------------------------------ differences, integrals, convolution

case(np.diff, R(3, 5))
case(np.diff, R(3, 5), n=2, axis=0)
case(np.diff, R(4), prepend=0.0, append=1.0)
case(np.ediff1d, R(2, 3))
case(np.ediff1d, R(4), to_end=1.0, to_begin=[2.0, 3.0])
case(np.trapezoid, R(3, 5))
case(np.trapezoid, R(3, 5), R(5), axis=-1)
case(np.trapezoid, R(3, 5), dx=0.5, axis=0)
case(np.trapezoid, R(3, 5), R(3, 5))
case(np.gradient, R(4, 5))
case(np.gradient, R(5), 0.5, edge_order=2)
case(np.gradient, R(4, 5), 0.5, np.arange(5).tolist(), axis=(0, 1))
case(np.gradient, R(5), np.array([0.0, 0.3, 1.0, 1.5, 2.6]))
case(np.linspace, R(), R(), num=5)
case(np.linspace, R(2), R(2), 4, endpoint=False, retstep=True, axis=-1, dtype=np.float64, single=False)
case(np.logspace, R(), R(), num=5, endpoint=True, base=2.0, axis=0)
case(np.logspace, R(), R(), num=5, dtype=np.float64, single=False)
case(np.geomspace, P(), P(), num=5, endpoint=False, axis=0)
case(np.geomspace, P(), P(), num=5, dtype=np.float64, single=False)
case(np.polyval, R(3), R(4))
case(np.vander, R(3), N=4, increasing=True)
case(np.vander, R(3))
case(np.apply_along_axis, lambda r: np.stack([np.sum(r), r[0] * r[1]]), 1, R(2, 3, 4))
case(np.apply_along_axis, lambda r, p: np.sum(r**p), 0, R(2, 3), 2)
case(np.piecewise, R(5), [np.array([1, 0, 0, 1, 0], bool), np.array([0, 1, 0, 0, 1], bool)], [np.square, 3.0, np.sin])
case(np.interp, np.array([-1.0, 0.2, 1.3, 2.5, 9.0]), np.array([0.0, 1.0, 2.0, 4.0]), R(4))
case(np.interp, np.array([-1.0, 0.2, 9.0]), np.array([0.0, 1.0, 4.0]), R(3), left=-5.0, right=7.0)
case(correlate_valid, R(6), R(3))
for m in ("full", "same", "valid"):
    case(np.convolve, R(6), R(3), mode=m)
    case(np.convolve, R(3), R(6), mode=m)
    case(np.correlate, R(6), R(4), mode=m)
    case(np.correlate, R(3), R(6), mode=m)

# ------------------------------------------------------------------ products

for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2,
        3), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,))):  # fmt: skip
    case(np.matmul, R(*a), R(*b))
    case(np.dot, R(*a), R(*b))
case(np.linalg.matmul, R(2, 3), R(3, 2))
case(np.dot, R(), R(3))
case(np.inner, R(2, 3), R(4, 3))
case(np.inner, R(3), R())
case(np.vdot, R(2, 3), R(2, 3))
case(np.outer, R(2, 3), R(2))
case(np.linalg.outer, R(3), R(2))
case(np.vecdot, R(2, 3), R(3))
case(np.vecdot, R(3, 2), R(3, 2), axis=0)
case(np.linalg.vecdot, R(3, 2), R(3, 2), axis=0)
case(np.matvec, R(2, 3, 4), R(4))
case(np.vecmat, R(2, 3), R(3, 4))
case(np.tensordot, R(2, 3, 4), R(4, 3, 5), axes=([1, 2], [1, 0]))
case(np.tensordot, R(2, 3), R(2, 3))
case(np.tensordot, R(2), R(3), axes=0)
case(np.linalg.tensordot, R(2, 3), R(3, 4), axes=1)
case(np.kron, R(2, 3), R(2, 2))
case(np.kron, R(2), R(2, 2))
case(np.cross, R(2, 3), R(3))
case(np.cross, R(3, 2), R(3, 2), axis=0)
case(np.cross, R(3, 2), R(2, 3), axisa=0, axisb=-1, axisc=0)
case(np.linalg.cross, R(3, 2), R(3, 2), axis=0)
for text, *shapes in (("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ii", (3, 3)), ("ii->i",
        (3, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("ij->ji", (2, 3)), ("i,j->ij", (2,), (3,)),
        ("i,i", (3,), (3,)), ("...ij,...j->...i", (2, 2, 3), (3,)), ("...,...", (2, 3), (3,)),
        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)), ("iij,j->i",
        (2, 2, 3), (3,)), ("iii->i", (2, 2, 2)), ("i,->i", (3,), ()), ("ij,ij->i", (2, 3), (2, 1)),
        ("i...->...", (2, 3)), ("ba", (2, 3))):  # fmt: skip
    case(np.einsum, text, *[R(*s) for s in shapes])
case(np.einsum, R(2, 3), [0, 1], R(3, 4), [1, 2], [2, 0])
case(np.einsum, R(2, 3), [0, 1], R(3, 4), [1, 2])
case(np.einsum, R(2, 3), [Ellipsis, 1], R(3), [1], [Ellipsis])
case(np.einsum, "ij,jk,kl->il", R(2, 3), R(3, 2), R(2, 2), optimize=True)

# ------------------------------------------------------------------ linear algebra

W = 6 * np.eye(3)
case(np.linalg.solve, R(3, 3) + W, R(3))
case(np.linalg.solve, R(3, 3) + W, R(3, 2))
case(np.linalg.solve, R(2, 3, 3) + W, R(3, 2))
case(np.linalg.solve, R(3, 3) + W, R(2, 3, 2))
case(np.linalg.inv, R(2, 3, 3) + W)
case(np.linalg.det, R(2, 3, 3) + W)
case(np.linalg.det, np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 2.0]]), nth=1)
case(np.linalg.slogdet, R(2, 3, 3) + W)
case(np.linalg.cholesky, S(3, 3))
case(np.linalg.cholesky, S(2, 3, 3), upper=True)
case(lambda a: np.linalg.eigh(a).eigenvalues, S(2, 3, 3), of=np.linalg.eigh)
case(lambda a: np.abs(np.linalg.eigh(a, UPLO="U")[1]), S(3, 3), of=np.linalg.eigh)
case(lambda a: np.abs(np.linalg.eigh(a)[1]) * np.linalg.eigh(a)[0], S(3, 3), of=np.linalg.eigh)
case(np.linalg.eigvalsh, S(3, 3), UPLO="U")
case(np.linalg.svd, R(2, 3, 4), compute_uv=False)
case(np.linalg.svd, R(3, 3), full_matrices=True, compute_uv=False)
case(lambda a: [np.abs(p) for p in np.linalg.svd(a, full_matrices=False)], R(3, 5), of=np.linalg.svd)
case(lambda a: [np.abs(p) for p in np.linalg.svd(a, full_matrices=False)], R(2, 4, 3), of=np.linalg.svd)
case(lambda a: np.abs(np.linalg.svd(a)[0]), R(3, 3), of=np.linalg.svd)
case(np.linalg.svdvals, R(3, 4))
case(np.linalg.qr, R(4, 3))
case(np.linalg.qr, R(2, 3, 3))
case(np.linalg.qr, R(3, 5))
case(np.linalg.qr, R(4, 3), mode="r")
case(np.linalg.pinv, R(4, 3))
case(np.linalg.pinv, R(3, 5), rcond=1e-10)
case(np.linalg.pinv, R(2, 4, 3), rtol=1e-10)
case(np.linalg.lstsq, R(5, 3), R(5))
case(np.linalg.lstsq, R(5, 3), R(5, 2), rcond=None)
case(np.linalg.matrix_power, R(3, 3), 3)
case(np.linalg.matrix_power, R(3, 3) + W, -2)
case(np.linalg.matrix_power, R(3, 3), 0, nth=1)
case(lambda a, b, c: np.linalg.multi_dot([a, b, c]), R(2, 3), R(3, 4), R(4), of=np.linalg.multi_dot)
for o in (None, 1, 2, 3, 0.5, np.inf, -np.inf):
    case(np.linalg.norm, R(4), ord=o)
    case(np.linalg.norm, R(3, 4), ord=o, axis=1, keepdims=True)
for o in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    case(np.linalg.norm, R(3, 4), ord=o)
    case(np.linalg.norm, R(3, 2, 4), ord=o, axis=(2, 0), keepdims=True)
case(np.linalg.norm, R(2, 3, 4))
case(np.linalg.vector_norm, R(3, 4), ord=3, axis=1)
case(np.linalg.vector_norm, R(3, 4), keepdims=True)
case(np.linalg.matrix_norm, R(2, 3, 4), ord=2, keepdims=True)
for o in (None, -2, "fro", 1):
    case(np.linalg.cond, R(3, 3) + W, p=o)

# ------------------------------------------------------------------ Fourier transforms (real in, real out)


def spectrum(fun: Any, **kw: Any) -> Any:
    """Real and imaginary parts of a transform of real numbers."""
    return lambda x: [np.real(fun(x, **kw)), np.imag(fun(x, **kw))]


def from_spectrum(fun: Any, **kw: Any) -> Any:
    """A transform of complex numbers made of two real arrays."""
    return lambda x: [np.real(fun(x[0] + 1j * x[1], **kw)), np.imag(fun(x[0] - 2j * x[1], **kw))]


for f in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.ihfft):
    case(spectrum(f), R(6), of=f)
    case(spectrum(f, n=4, axis=0, norm="ortho"), R(6, 2), of=f)
    case(spectrum(f, n=9, norm="forward"), R(2, 6), of=f)
for f in (np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft):
    case(from_spectrum(f), R(2, 5), of=f)
    case(from_spectrum(f, n=7, norm="ortho"), R(2, 3, 5), of=f)
    case(from_spectrum(f, n=6, axis=0, norm="forward"), R(2, 5, 2), of=f)
for f in (np.fft.fft2, np.fft.fftn, np.fft.ifft2, np.fft.ifftn, np.fft.rfft2, np.fft.rfftn):
    case(spectrum(f), R(3, 4), of=f)
    case(spectrum(f, s=(4, 3), axes=(0, 2), norm="ortho"), R(3, 2, 4), of=f)
for f in (np.fft.irfft2, np.fft.irfftn):
    case(from_spectrum(f), R(2, 3, 4), of=f)
    case(from_spectrum(f, s=(4, 5), axes=(0, 1)), R(2, 3, 4), of=f)
case(np.fft.fftshift, R(5), axes=0)
case(np.fft.ifftshift, R(3, 4))
case(np.fft.ifftshift, R(3, 4), axes=(1,))
case(lambda x: np.fft.irfft(np.fft.rfft(x) * np.exp(-np.arange(4))), R(6), of=np.fft.rfft)
case(lambda x: np.abs(np.fft.fft(x)) ** 2, R(5), of=np.fft.fft)

# ------------------------------------------------------------------ operators and methods

case(lambda x, y: (x + y) * (x - y) / (y * y) - 2 / x + (3 - x) * 2**y, P(3), P(2, 3), of="operators")
case(lambda x: -x + +(x**3) % 1.7 + abs(x) + 5 % x, P(3), of="operators")
case(lambda a, b: a @ b + np.ones((2, 3)) @ b, R(2, 3), R(3, 2), of="operators")
case(lambda x: x.sum() + x.mean(0).prod() + x.max(1).min() + x.var() * x.std(axis=0).sum(), R(3, 4), of="methods")
case(lambda x: x.reshape(4, 3).T.ravel().reshape((2, 6)).transpose().cumsum(0).squeeze(), R(3, 4), of="methods")
case(lambda x: x.transpose(1, 0).swapaxes(0, 1).flatten().take([0, 1]).repeat(2).clip(-1, 1), R(3, 4), of="methods")
case(lambda x: x.dot(x.T).trace() + x.diagonal().sum() + x.cumprod(1).sum() + x.copy().mT[0, 0], R(3, 4), of="methods")
case(
    lambda x: np.add.reduce(x) + np.multiply.reduce(x, axis=0) + np.maximum.reduce(x) - np.minimum.reduce(x, axis=0),
    R(3, 4),
    of="reduce",
)
case(
    lambda x: np.add.accumulate(x, axis=1) + np.multiply.accumulate(x) + np.multiply.outer(x[0], x[:, 0]).sum(),
    R(3, 4),
    of="reduce",
)
