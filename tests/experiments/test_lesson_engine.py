"""The teaching engine against the fast one, and the lesson that shows both."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from experiments.lessons import engine
from experiments.lessons.reverse_mode import FUNCTIONS, chain
from tests.experiments.findings import finding

A = np.random.default_rng(0).uniform(0.5, 2.0, size=(3, 4))
B = np.random.default_rng(1).uniform(0.5, 2.0, size=(4, 2))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_autodiff(name: str, seed: int) -> None:
    f, n = FUNCTIONS[name]
    x = np.random.default_rng(seed).normal(size=n)
    expected = ad.grad(lambda v: f(v, np))(x)
    np.testing.assert_allclose(engine.grad(lambda v: f(v, engine))(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, m: (x + A).sum() + (A * x).sum() + (3.0 - x).sum() + (A / x).sum() - (x / A).sum(),
        lambda x, m: (x @ B).sum() + ((x @ B) ** 3).sum(axis=0)[1],
        lambda x, m: (x * x[1] + x[:, :1] * x).sum(),  # stretched rows and columns
        lambda x, m: (x[[0, 2, 0]] ** 2).sum(),  # an index that comes twice
        lambda x, m: (m.exp(-x) * m.sin(x) * m.log(x) * m.tanh(x)).sum(axis=1, keepdims=True).sum(),
        lambda x, m: (x.sum(axis=0) ** 2.5).sum() * x.sum(),
        lambda x, m: (x * 0.5)[0, 0] + 0.0 * x.sum(),
    ],
)
def test_every_operation(f: Any) -> None:
    expected = ad.grad(lambda v: f(v, np))(A)
    np.testing.assert_allclose(engine.grad(lambda v: f(v, engine))(A), expected, rtol=1e-12)


def test_long_chains_and_values_used_twice() -> None:
    assert engine.grad(lambda x: chain(x, 20_000))(0.5) == pytest.approx(1.001**20_000)
    assert engine.grad(lambda x: x * x + x * x)(3.0) == 12.0


def test_it_is_short_and_its_example_runs() -> None:
    lines = Path(engine.__file__).read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 125
    assert doctest.testmod(engine).failed == 0


def test_what_the_lesson_claims() -> None:
    numbers = finding("reverse-mode").numbers
    assert max(v for k, v in numbers.items() if k.startswith("relative_gap")) < 1e-13
    assert numbers["hessian_corner"] == 802.0
