"""Every rule against central differences: first and second order, float64 and float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.tree import leaves, tree_map
from tests.autodiff.cases import CASES, Case


def gradients(case: Case, variables: list[Any]) -> tuple[Any, list[Any]]:
    value, pull = ad.vjp(case.call, *variables)
    weights = tree_map(
        lambda y: np.cos(np.arange(np.size(y))).reshape(np.shape(y)).astype(getattr(y, "dtype", float)), value
    )
    out = pull(weights)
    return value, list(out) if len(variables) > 1 else [out]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_against_differences(case: Case) -> None:
    plain = case.call(*case.variables())
    value, grads = gradients(case, case.variables())
    for a, b in zip(leaves(value), leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
        assert np.shape(a) == np.shape(b)
    for x, g in zip(case.variables(), grads, strict=True):
        assert g.shape == x.shape and g.dtype == x.dtype
    ad.check_grads(case.call, *case.variables(), order=case.nth)


@pytest.mark.parametrize("case", [c for c in CASES if c.single], ids=lambda c: c.id)
def test_single_precision_stays(case: Case) -> None:
    value, grads = gradients(case, [x.astype(np.float32) for x in case.variables()])
    _, exact = gradients(case, case.variables())
    plain = case.call(*[x.astype(np.float32) for x in case.variables()])
    for v, p in zip(leaves(value), leaves(plain), strict=True):
        assert getattr(v, "dtype", None) in (
            getattr(p, "dtype", None),
            np.float32,
        )  # NumPy itself widens in np.cov and others
    for g, e in zip(grads, exact, strict=True):
        assert g.dtype == np.float32
        np.testing.assert_allclose(g, e, rtol=2e-3, atol=2e-3 * (1 + np.max(np.abs(e), initial=0)))
