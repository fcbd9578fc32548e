"""Cases: elementwise functions of NumPy and SciPy."""

from __future__ import annotations

import numpy as np
from scipy import special as sc

import autodiff as ad
from tests.autodiff.table import P, R, U, case

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
case(np.i0, P(4))
case(np.heaviside, np.array([-1.0, 0.5, 2.0]), R(3), nth=1)
case(np.unwrap, np.array([0.0, 1.0, 5.0, 6.0, 12.0, 1.0]), discont=3.5)
case(np.unwrap, np.array([[0.0, 1.0, 5.0], [0.4, 2.6, 8.3]]), axis=0, period=2.0)
case(np.nextafter, R(4), R(4))
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
for f in (sc.exp2, sc.expm1, sc.cbrt, sc.log1p, sc.exp1, sc.expi, sc.spence, sc.wrightomega, sc.k0e, sc.k1e):
    case(f, P(4))
for f in (sc.ellipk, sc.ellipe):
    case(f, U(4))
case(sc.boxcox1p, P(2, 3), P(3))
for f in (sc.inv_boxcox, sc.inv_boxcox1p):
    case(f, P(3), 0.7)
case(sc.expn, 3, P(3))
case(sc.kn, 2, P(3))
case(sc.yn, 2, P(3))
case(sc.betaincc, 2.0, 3.0, U(3))
case(sc.stdtr, 4.0, R(3))
case(sc.chdtr, 3.0, P(3))
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
