"""Cases: the functions behind the rules of ``scipy.special``, of which the derivatives are functions again."""

from __future__ import annotations

import numpy as np
from scipy import special as sc

import autodiff as ad
from autodiff.rules import families, incomplete, kinks
from tests.autodiff.table import P, R, U, case

for f in (families.exprel, families.dawsn, families.erfcx):
    case(f, R(6, low=-4, high=9), 1)
    case(f, R(6), 2)
for f in (families.log1p_ratio, families.ellipk, families.ellipe):
    case(f, np.array([-0.6, -0.01, 0.02, 0.28, 0.5, 0.8]), 1)
for f in (families.one_minus_square, families.sech2, families.logistic_density, families.mills, families.mills_excess):
    case(f, R(4))
case(families.saturation, P(4))
case(families.cosine, R(4), P(4))
case(families.digamma_gap, P(4), np.array([0.001, 0.01, 0.7, 2.0]), 0)
case(sc.poch, P(4), np.array([0.001, 0.01, 0.7, 2.0]))
case(incomplete.gamma_density, P(4), P(4))
case(incomplete.gamma_cdf_slope, P(4), P(4), 1, nth=1)
case(incomplete.beta_density, P(4), P(4), U(4))
case(incomplete.beta_cdf_slope, P(4), P(4), U(4), 1, 0, nth=1)
case(incomplete.beta_cdf_slope, P(4), P(4), U(4), 0, 1, nth=1)
for f in (kinks._bent, kinks._unknown):  # where there is no kink
    case(f, R(3), R(3), np.zeros(3, bool), "a function")
case(families.zeta, 1.5 + P(4), P(4))
for f in (sc.gammainc, sc.gammaincc):
    case(f, P(4), P(4))
for f in (sc.betainc, sc.betaincc):
    case(f, P(4), P(4), U(4))
case(sc.stdtr, P(4), R(4))
case(sc.chdtr, P(4), P(4))

# ------------------------------------------------------------------ further functions of scipy.special

for f in (sc.hyp1f1, sc.hyperu):
    case(f, 1.2, 2.3, P(3))
case(sc.hyp0f1, 1.2, P(3))
case(sc.hyp2f1, 1.2, 0.4, 2.3, R(3, low=-0.8, high=0.8))
case(lambda x, y: [np.real(sc.wofz(x + 1j * y)), np.imag(sc.wofz(x + 1j * y))], P(3), P(3), of=sc.wofz)
case(sc.binom, 3 + P(3), P(3))
for f in (sc.gammaincinv, sc.gammainccinv):
    case(f, P(3), U(3))
case(sc.betaincinv, P(3), P(3), U(3))
case(sc.chdtrc, P(3), P(3))
for f in (sc.pdtr, sc.pdtrc):
    case(f, np.array([0, 1, 3]), P(3))
case(sc.kve, 2, P(3))
for f in (sc.sici, sc.shichi, sc.fresnel, sc.airy):
    case(f, P(3))
case(lambda x: np.real(ad.special.lambertw(x)), P(3), of=ad.special.lambertw)
