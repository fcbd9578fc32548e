"""The same gradients as torch, where it has the function (and the same convention)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")
sp = ad.special


def random(*shape: int, positive: bool = False) -> Any:
    x = np.random.default_rng(shape).normal(size=shape)
    return np.abs(x) + 0.2 if positive else x


A, B, C = random(3, 4), random(4, 3), random(3, 3)
SPD = C @ C.T + 3 * np.eye(3)
POS = random(3, 4, positive=True)
UNIT = 1 / (1 + np.exp(-A))

ELEMENTWISE = [
    "abs",
    "acos",
    "acosh",
    "arctan",
    "asin",
    "asinh",
    "atanh",
    "cos",
    "cosh",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "neg:negative",
    "reciprocal",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "deg2rad",
    "rad2deg",
]

CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {}
for word in ELEMENTWISE:
    theirs, _, ours = word.partition(":")
    x = {
        "acos": UNIT,
        "asin": UNIT,
        "atanh": UNIT,
        "acosh": 1 + POS,
        "log": POS,
        "log10": POS,
        "log2": POS,
        "log1p": POS,
        "sqrt": POS,
    }.get(theirs, A)
    CASES[theirs] = (getattr(np, ours or theirs), getattr(torch, theirs), (x,))
for name in [
    "expit",
    "erf",
    "erfc",
    "erfinv",
    "log_ndtr",
    "ndtr",
    "ndtri",
    "gammaln",
    "digamma",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "erfcx",
    "entr",
    "logit",
]:
    x = UNIT if name in ("erfinv", "ndtri", "logit") else POS
    CASES[name] = (getattr(sp, name), getattr(torch.special, name), (x,))
CASES |= {
    "add": (np.add, torch.add, (A, A[0])),
    "divide": (np.divide, torch.divide, (A, POS)),
    "power": (np.power, torch.pow, (POS, A)),
    "maximum": (np.maximum, torch.maximum, (A, np.zeros_like(A))),
    "maximum, ties": (np.maximum, torch.maximum, (np.ones(3), np.ones(3))),
    "logaddexp": (np.logaddexp, torch.logaddexp, (A, POS)),
    "arctan2": (np.arctan2, torch.atan2, (A, POS)),
    "hypot": (np.hypot, torch.hypot, (A, POS)),
    "xlogy": (sp.xlogy, torch.special.xlogy, (A, POS)),
    "sum": (lambda x: np.sum(x, axis=1), lambda x: torch.sum(x, 1), (A,)),
    "mean": (lambda x: np.mean(x, axis=0), lambda x: torch.mean(x, 0), (A,)),
    "prod": (np.prod, torch.prod, (A,)),
    "prod, a zero": (np.prod, torch.prod, (np.array([2.0, 0.0, 3.0]),)),
    "max, ties": (np.max, torch.amax, (np.array([1.0, 2.0, 2.0]),)),
    "var": (lambda x: np.var(x, axis=1, ddof=1), lambda x: torch.var(x, 1), (A,)),
    "std": (lambda x: np.std(x, axis=1, correction=1), lambda x: torch.std(x, 1), (A,)),
    "median": (lambda x: np.median(x, axis=0), lambda x: torch.median(x, 0).values, (C,)),
    "quantile": (lambda x: np.quantile(x, 0.3, axis=0), lambda x: torch.quantile(x, 0.3, 0), (A,)),
    "cumsum": (lambda x: np.cumsum(x, axis=1), lambda x: torch.cumsum(x, 1), (A,)),
    "cumprod": (lambda x: np.cumprod(x, axis=1), lambda x: torch.cumprod(x, 1), (A,)),
    "logsumexp": (lambda x: sp.logsumexp(x, axis=1), lambda x: torch.logsumexp(x, 1), (A,)),
    "softmax": (lambda x: sp.softmax(x, axis=1), lambda x: torch.softmax(x, 1), (A,)),
    "log_softmax": (lambda x: sp.log_softmax(x, axis=1), lambda x: torch.log_softmax(x, 1), (A,)),
    "cross-entropy": (
        lambda x: ad.softmax_cross_entropy(x, np.array([0, 3, 1])),
        lambda x: torch.nn.functional.cross_entropy(x, torch.tensor([0, 3, 1]), reduction="none"),
        (A,),
    ),
    "relu": (sp.relu, torch.relu, (np.array([-1.0, 0.0, 2.0]),)),
    "softplus": (sp.softplus, torch.nn.functional.softplus, (A,)),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), lambda x: torch.clamp(x, -0.5, 0.5), (A,)),
    "sort": (lambda x: np.sort(x, axis=1), lambda x: torch.sort(x, 1).values, (A,)),
    "take": (lambda x: np.take(x, [0, 2, 2], axis=1), lambda x: x[:, [0, 2, 2]], (A,)),
    "roll": (lambda x: np.roll(x, (1, 2), (0, 1)), lambda x: torch.roll(x, (1, 2), (0, 1)), (A,)),
    "tril": (np.tril, torch.tril, (A,)),
    "diagonal": (np.diagonal, torch.diagonal, (A,)),
    "kron": (np.kron, torch.kron, (A, B)),
    "outer": (np.outer, torch.outer, (A[0], B[0])),
    "matmul": (np.matmul, torch.matmul, (A, B)),
    "einsum": (lambda x, y: np.einsum("ij,jk->ki", x, y), lambda x, y: torch.einsum("ij,jk->ki", x, y), (A, B)),
    "cross": (np.cross, torch.linalg.cross, (B, B[::-1].copy())),
    "tensordot": (lambda x, y: np.tensordot(x, y, 1), lambda x, y: torch.tensordot(x, y, 1), (A, B)),
    "solve": (np.linalg.solve, torch.linalg.solve, (SPD, C)),
    "inv": (np.linalg.inv, torch.linalg.inv, (SPD,)),
    "det": (np.linalg.det, torch.linalg.det, (C,)),
    "slogdet": (lambda x: np.linalg.slogdet(x)[1], lambda x: torch.linalg.slogdet(x)[1], (C,)),
    "svdvals": (np.linalg.svdvals, torch.linalg.svdvals, (A,)),
    "qr": (lambda x: np.linalg.qr(x)[1], lambda x: torch.linalg.qr(x)[1], (B,)),
    "pinv": (np.linalg.pinv, torch.linalg.pinv, (A,)),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, 3), lambda x: torch.linalg.matrix_power(x, 3), (C,)),
    "norm": (np.linalg.norm, torch.linalg.norm, (A,)),
    "norm at 0": (np.linalg.norm, torch.linalg.norm, (np.zeros(3),)),
    "norm nuc": (lambda x: np.linalg.norm(x, "nuc"), lambda x: torch.linalg.norm(x, "nuc"), (A,)),
    "norm 3": (lambda x: np.linalg.norm(x, 3, axis=1), lambda x: torch.linalg.norm(x, 3, dim=1), (A,)),
    "cholesky": (
        lambda x: np.linalg.cholesky((x + x.T) / 2), lambda x: torch.linalg.cholesky((x + x.T) / 2), (SPD,)
    ),
    "eigh": (lambda x: np.linalg.eigh((x + x.T) / 2)[0], lambda x: torch.linalg.eigh((x + x.T) / 2)[0], (SPD,)),
    "eigh, vectors": (
        lambda x: np.abs(np.linalg.eigh((x + x.T) / 2)[1]),
        lambda x: torch.abs(torch.linalg.eigh((x + x.T) / 2)[1]),
        (SPD,),
    ),
    "rfft": (lambda x: np.abs(np.fft.rfft(x)) ** 2, lambda x: torch.abs(torch.fft.rfft(x)) ** 2, (A,)),
    "irfft": (
        lambda x: np.fft.irfft(np.fft.rfft(x)[:, :2], 5), lambda x: torch.fft.irfft(torch.fft.rfft(x)[:, :2], 5), (A,)
    ),
    "fft2": (lambda x: np.real(np.fft.fft2(x)), lambda x: torch.real(torch.fft.fft2(x)), (A,)),
    "trapezoid": (lambda x: np.trapezoid(x, axis=1), lambda x: torch.trapezoid(x, dim=1), (A,)),
    "diff": (lambda x: np.diff(x, axis=1), lambda x: torch.diff(x, dim=1), (A,)),
    "gradient": (lambda x: np.gradient(x, axis=1), lambda x: torch.gradient(x, dim=1)[0], (A,)),
    "cov": (np.cov, torch.cov, (A,)),
    "corrcoef": (np.corrcoef, torch.corrcoef, (A,)),
    "nansum": (np.nansum, torch.nansum, (np.array([1.0, np.nan, 2.0]),)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_same_gradient(name: str) -> None:
    ours, theirs, inputs = CASES[name]
    inputs = tuple(np.ascontiguousarray(x) for x in inputs)
    value, pull = ad.vjp(ours, *inputs)
    leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
    out = theirs(*leaves)
    np.testing.assert_allclose(value, out.detach().numpy(), rtol=1e-9, atol=1e-12)
    weights = np.cos(np.arange(np.size(value))).reshape(np.shape(value))
    out.backward(torch.tensor(weights))
    grads = pull(weights)
    for g, leaf in zip(grads if len(inputs) > 1 else (grads,), leaves, strict=True):
        np.testing.assert_allclose(g, leaf.grad.numpy(), rtol=1e-8, atol=1e-10)
