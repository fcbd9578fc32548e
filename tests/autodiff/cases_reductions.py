"""Cases: reductions, cumulative functions, statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.autodiff.table import MASK, P, R, case

# ------------------------------------------------------------------ reductions

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
for f in (np.nanmedian, np.nanquantile, np.nanpercentile):
    q = () if f is np.nanmedian else ((30,) if f is np.nanpercentile else ([0.3, 0.9],))
    case(lambda x, f=f, q=q: f(x + np.where(MASK, 0, np.nan), *q, axis=1, keepdims=True), R(3, 4), of=f)
    case(lambda x, f=f, q=q: f(x + np.where(MASK, 0, np.nan), *q), R(3, 4), of=f)
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
