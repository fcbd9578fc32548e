"""Cases: polynomials, eigenvalues, padding, quantiles, weights; creation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

import autodiff as ad
from tests.autodiff.table import M, P, R, U, case

# ------------------------------------------------------------------ polynomials

for f in (np.polyadd, np.polysub, np.polymul):
    case(f, R(4), R(2))
    case(f, R(2), R(4))
case(np.polydiv, R(6), R(3), single=False)
case(np.polydiv, R(2), R(3), single=False)
case(np.polyder, R(5), m=2)
case(np.polyint, R(3))
case(np.polyint, R(3), m=2, k=R(2))
case(np.polyfit, R(6), R(6), 2)
case(np.polyfit, R(6), R(6, 2), 2, rcond=1e-10)
case(lambda x, y, w: np.polyfit(x, y, 1, w=w), R(6), R(6), P(6), of=np.polyfit)
case(np.polyfit, R(6), R(6), 2, w=np.arange(1.0, 7).tolist())
case(np.roots, np.poly([0.5, -1.0, 2.0]), nth=1)
case(lambda p: [np.real(np.roots(p)), np.imag(np.roots(p))], np.array([1.0, 0.5, 2.0, 1.0]), of=np.roots)
case(np.poly, R(4))
case(np.poly, M(3, 3))

# ------------------------------------------------------------------ eigenvalues of any matrix

TURNED = np.array([[1.0, 2.0, 0.3], [-1.5, 0.7, 0.2], [0.1, -0.4, 3.0]])
PUSH = np.array([[0.2, -0.1, 0.3], [0.5, 0.1, -0.2], [-0.3, 0.4, 0.1]])


def parts(z: Any) -> list[Any]:
    return [np.real(z), np.imag(z)]


case(lambda a: parts(np.linalg.eigvals(a)), TURNED, of=np.linalg.eigvals)
case(np.linalg.eigvals, np.stack([M(3, 3), M(3, 3)]))
case(np.linalg.eig, np.diag([1.0, 2.0, 4.0]) + 0.3 * PUSH)
case(lambda a: parts(np.linalg.eig(a)[1] * np.linalg.eig(a)[0]), TURNED, of=np.linalg.eig)
case(lambda a, b: parts(np.linalg.eig(a + 1j * b)[1]), TURNED, PUSH, of=np.linalg.eig)
case(lambda a, b: np.linalg.eigvalsh(a + 1j * b), TURNED, PUSH, of=np.linalg.eigvalsh)
case(lambda a, b: np.abs(np.linalg.eigh(a + 1j * b, "U")[1]), TURNED, PUSH, of=np.linalg.eigh)
case(lambda a, b: np.linalg.svd(a + 1j * b)[1], TURNED, PUSH, of=np.linalg.svd)


def rebuilt(a: Any, b: Any) -> Any:
    u, s, vh = np.linalg.svd(a + 1j * b, full_matrices=False)
    return [*parts((u * np.sqrt(s)) @ vh), np.abs(u), np.abs(vh)]


case(rebuilt, TURNED[:, :2], PUSH[:, :2], of=np.linalg.svd)
case(rebuilt, TURNED[:2], PUSH[:2], of=np.linalg.svd)
for o in (-1, -2, 0, 0.5, 1, 2, 2.5, -np.inf, np.inf):
    case(lambda x, o=o: np.linalg.norm(x, o), P(4), of=np.linalg.norm)
    case(lambda x, y, o=o: np.linalg.norm(x + 1j * y, o), P(4), P(4), of=np.linalg.norm)

# ------------------------------------------------------------------ padding, windows

for m in ("mean", "median", "maximum", "minimum"):
    case(np.pad, R(3, 4), ((1, 2), (0, 3)), mode=m)
    case(np.pad, R(3, 4), ((1, 2), (2, 3)), mode=m, stat_length=2)
    case(np.pad, R(3, 4), ((1, 2), (2, 3)), mode=m, stat_length=((1, 2), (3, 1)))
case(lambda x: np.pad(x, ((1, 2), (2, 3)), mode="linear_ramp", end_values=x[:2, :2]), R(3, 4), of=np.pad)
case(np.pad, R(3), (1, 2), mode="linear_ramp", end_values=2.0)
case(lambda x: np.pad(x, ((1, 2), (2, 3)), constant_values=x[:2, :2]), R(3, 4), of=np.pad)
case(lambda x: np.pad(x, 2, constant_values=x[0]), R(3), of=np.pad)
for m in ("reflect", "symmetric"):
    case(np.pad, R(3, 4), ((1, 2), (3, 3)), mode=m, reflect_type="odd")
slide = np.lib.stride_tricks.sliding_window_view
case(slide, R(6), 3)
case(slide, R(3, 5), (2, 2), subok=False, writeable=False)
case(slide, R(3, 5), 2, axis=0)

# ------------------------------------------------------------------ quantiles, weights, given means

METHODS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
)  # fmt: skip
HOLE = np.where(np.arange(5) == 2, np.nan, 0.0)
W = np.linspace(0.2, 1.3, 15).reshape(3, 5)
for m in METHODS:
    case(np.quantile, R(3, 5), [0.1, 0.33, 0.9], axis=1, method=m)
    case(lambda x, m=m: np.nanquantile(x + HOLE, [0.1, 0.33, 0.9], axis=1, method=m), R(3, 5), of=np.nanquantile)
for f, q in ((np.quantile, 0.4), (np.percentile, 40), (np.nanquantile, 0.4), (np.nanpercentile, 40)):
    case(f, R(3, 5), q, axis=1, method="inverted_cdf", weights=W.tolist())
    if f in (np.quantile, np.percentile):
        case(f, R(3, 5), q, axis=1, method="inverted_cdf", weights=W[0].tolist())
    case(f, R(3, 5), q, method="inverted_cdf", weights=W.tolist(), keepdims=True)
for f in (np.var, np.std):
    case(lambda x, mu, f=f: f(x, axis=1, mean=mu, keepdims=True), R(3, 5), R(3, 1), of=f)
    case(f, R(3, 5), mean=0.3, ddof=1)
case(np.cov, R(3, 5), fweights=np.array([1, 2, 3, 1, 1]))
case(lambda x, a: np.cov(x, aweights=a), R(3, 5), U(5), of=np.cov)
case(np.cov, R(3, 5), fweights=np.array([1, 2, 3, 1, 1]), aweights=[0.1, 0.2, 0.3, 0.4, 0.5], ddof=0)
case(np.cov, R(3, 5), dtype=np.float64, single=False)
case(np.interp, np.array([0.5, -1.0, 7.2]), np.array([0.1, 0.9, 2.2, 5.7]), R(4), period=3.0)

# ------------------------------------------------------------------ creation

case(lambda x: ad.array([[x[0], 1.0], [x[1], x[2]]], ndmin=3), R(3), of=np.array)
case(lambda x: ad.r_[x, 0, 1:3, x[::-1]], R(3), of=ad.r_)
case(lambda x: ad.c_[x, x**2, np.ones(3)], R(3), of=ad.c_)
case(lambda t: ad.full((2, 3), t), R(), of=np.full)
for f in (np.asarray, np.asanyarray):
    case(lambda x, f=f: f(x, like=x) if type(x) is ad.Tensor else f(x), R(3), of=f)
