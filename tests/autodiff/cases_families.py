"""Cases: the functions behind the rules of ``scipy.special``, of which the derivatives are functions again."""

from __future__ import annotations

import numpy as np
from scipy import special as sc

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
case(kinks.bent, R(3), np.zeros(3, bool), "a function", of="bent")
case(kinks._bent, R(3), np.zeros(3, bool), "a function")
case(families.zeta, 1.5 + P(4), P(4))
for f in (sc.gammainc, sc.gammaincc):
    case(f, P(4), P(4))
for f in (sc.betainc, sc.betaincc):
    case(f, P(4), P(4), U(4))
case(sc.stdtr, P(4), R(4))
case(sc.chdtr, P(4), P(4))
