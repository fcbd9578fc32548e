"""Every rule keeps what rules promise, central differences of first and second order among it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from tests.autodiff.cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_promises(case: Case) -> None:
    types = (np.float64, np.float32) if case.single else (np.float64,)
    axes = {np.ndim(x) for x in case.inputs}
    stacks = isinstance(case.fun, np.ufunc) and case.fun.signature is None and len(axes) == 1
    ad.check_rule(case.call, *case.variables(), order=case.nth, batch=stacks, dtypes=types)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_of_a_large_array_has_the_gradient_of_its_rows(dtype: Any) -> None:
    x = np.linspace(-2, 2, 12_000).reshape(3, 4000).astype(dtype)
    c = np.cos(x)
    for f in (lambda x, c: (c * np.tanh(x)).sum(), lambda x, c: np.tanh(x).sum()):
        rows = [ad.grad(f)(x[i], c[i]) for i in range(3)]
        np.testing.assert_allclose(ad.grad(f)(x, c), rows, rtol=1e-5)
    second = ad.grad(lambda x: ad.grad(lambda x: (c * np.tanh(x)).sum())(x).sum())(x)
    np.testing.assert_allclose(second, -2 * c * np.tanh(x) * (1 - np.tanh(x) ** 2), rtol=1e-5, atol=1e-6)
