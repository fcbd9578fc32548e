"""Random programs against PyTorch: the same operations in the same order, the same values, the same gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad

torch = pytest.importorskip("torch", reason="torch is in the extra `peers`")

pytestmark = pytest.mark.heavy
N = 3  # every value is a matrix of N rows

UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sin": (np.sin, torch.sin),
    "tanh": (np.tanh, torch.tanh),
    "exp": (lambda x: np.exp(-np.abs(x)), lambda x: torch.exp(-torch.abs(x))),
    "log1p": (lambda x: np.log1p(x * x), lambda x: torch.log1p(x * x)),
    "sqrt": (lambda x: np.sqrt(1 + x * x), lambda x: torch.sqrt(1 + x * x)),
    "arctan": (np.arctan, torch.arctan),
    "negative": (np.negative, torch.neg),
    "square": (np.square, torch.square),
    "power": (lambda x: x**3, lambda x: x**3),
    "transpose": (lambda x: x.T, lambda x: x.T),
    "flip": (lambda x: np.flip(x, 0), lambda x: torch.flip(x, [0])),
    "roll": (lambda x: np.roll(x, 1, axis=1), lambda x: torch.roll(x, 1, 1)),
    "cumsum": (lambda x: np.cumsum(x, axis=0), lambda x: torch.cumsum(x, 0)),
    "sort": (lambda x: np.sort(x, axis=1), lambda x: torch.sort(x, 1).values),
    "rows": (lambda x: x[[2, 0, 0]], lambda x: x[[2, 0, 0]]),
    "slice": (lambda x: np.concatenate([x[1:], x[:1]]), lambda x: torch.cat([x[1:], x[:1]])),
    "tril": (np.tril, torch.tril),
    "clip": (lambda x: np.clip(x, -0.7, 0.8), lambda x: torch.clamp(x, -0.7, 0.8)),
    "where": (lambda x: np.where(x > 0, x * x, -x), lambda x: torch.where(x > 0, x * x, -x)),
    "centred": (lambda x: x - x.mean(axis=0), lambda x: x - x.mean(0)),
    "softmax": (lambda x: ad.special.softmax(x, axis=1), lambda x: torch.softmax(x, 1)),
    "logsumexp": (
        lambda x: x - ad.special.logsumexp(x, axis=1, keepdims=True), lambda x: x - torch.logsumexp(x, 1, keepdim=True)
    ),
    "max": (lambda x: x - np.max(x, axis=1, keepdims=True), lambda x: x - torch.amax(x, 1, keepdim=True)),
    "var": (lambda x: x + np.var(x, axis=1, keepdims=True), lambda x: x + torch.var(x, 1, correction=0, keepdim=True)),
    "norm": (
        lambda x: x / (1 + np.linalg.norm(x, axis=1, keepdims=True)),
        lambda x: x / (1 + torch.linalg.norm(x, dim=1, keepdim=True)),
    ),
    "solve": (
        lambda x: np.linalg.solve(x @ x.T / 9 + np.eye(N), x),
        lambda x: torch.linalg.solve(x @ x.T / 9 + torch.eye(N, dtype=torch.float64), x),
    ),
    "det": (
        lambda x: x * np.linalg.det(x / 3 + np.eye(N)),
        lambda x: x * torch.linalg.det(x / 3 + torch.eye(N, dtype=torch.float64)),
    ),
    "einsum": (lambda x: np.einsum("ij,kj->ik", x, x), lambda x: torch.einsum("ij,kj->ik", x, x)),
}  # fmt: skip
BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "subtract": (lambda x, y: x - y, lambda x, y: x - y),
    "multiply": (lambda x, y: x * y, lambda x, y: x * y),
    "divide": (lambda x, y: x / (1 + y * y), lambda x, y: x / (1 + y * y)),
    "matmul": (lambda x, y: x @ y / N, lambda x, y: x @ y / N),
    "maximum": (np.maximum, torch.maximum),
    "hypot": (lambda x, y: np.hypot(x, 1 + y * y), lambda x, y: torch.hypot(x, 1 + y * y)),
    "arctan2": (lambda x, y: np.arctan2(x, 1 + y * y), lambda x, y: torch.atan2(x, 1 + y * y)),
    "logaddexp": (np.logaddexp, torch.logaddexp),
    "row": (lambda x, y: x * y[0], lambda x, y: x * y[0]),
    "column": (lambda x, y: x + y[:, :1], lambda x, y: x + y[:, :1]),
    "outer": (lambda x, y: np.outer(x[0], y[:, 1]), lambda x, y: torch.outer(x[0], y[:, 1])),
}


def program(random: Any) -> list[tuple[str, int, int]]:
    """Names of operations, each with the places of what it works on."""
    steps = []
    for k in range(int(random.integers(3, 12))):
        names = list(UNARY) if random.uniform() < 0.5 else list(BINARY)
        steps.append((names[random.integers(len(names))], int(random.integers(k + 2)), int(random.integers(k + 2))))
    return steps


def run(steps: list[tuple[str, int, int]], x: Any, y: Any, which: int) -> Any:
    values = [x, y]
    for name, i, j in steps:
        if name in UNARY:
            values.append(UNARY[name][which](values[i]))
        else:
            values.append(BINARY[name][which](values[i], values[j]))
    return values[-1].sum() + (values[-2] * values[-1]).sum()


@pytest.mark.parametrize("block", range(20))
@pytest.mark.filterwarnings("ignore")
def test_random_programs_against_torch(block: int) -> None:
    """500 programs in a block, 10,000 in all."""
    compared = 0
    for seed in range(500 * block, 500 * (block + 1)):
        random = np.random.default_rng((20240503, seed))
        steps = program(random)
        x, y = random.normal(size=(2, N, N))
        value, grads = ad.value_and_grad(lambda x, y, steps=steps: run(steps, x, y, 0), (0, 1))(x, y)
        tx, ty = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
        out = run(steps, tx, ty, 1)
        if not np.isfinite(value) or abs(value) > 1e6:
            assert np.isfinite(out.item()) == np.isfinite(value), steps
            continue
        np.testing.assert_allclose(value, out.item(), rtol=1e-8, atol=1e-8, err_msg=str(steps))
        expected = torch.autograd.grad(out, (tx, ty), allow_unused=True) if out.requires_grad else (None, None)
        for got, e in zip(grads, expected, strict=True):
            wanted = np.zeros((N, N)) if e is None else e.numpy()
            scale = 1 + np.abs(wanted).max()
            np.testing.assert_allclose(got / scale, wanted / scale, atol=1e-8, err_msg=str((seed, steps)))
        compared += 1
    assert compared > 350
