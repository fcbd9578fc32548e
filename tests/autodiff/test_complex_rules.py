"""Every rule at complex arguments: right by differences in both directions, or refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.tree import leaves
from tests.autodiff.cases import CASES, Case


def of_parts(case: Case, complex_ones: tuple[int, ...], random: Any) -> tuple[Any, tuple[Any, ...]]:
    """The function of a case with some of its arguments given by real and imaginary parts, and these."""
    variables = case.variables()
    parts: list[Any] = []
    for i, x in enumerate(variables):
        parts.append(x)
        if i in complex_ones:
            parts.append(0.3 * random.uniform(-1, 1, size=np.shape(x)))

    def call(*given: Any) -> Any:
        rest = iter(given)
        full = [next(rest) + 1j * next(rest) if i in complex_ones else next(rest) for i in range(len(variables))]
        return [
            part for part in leaves(case.call(*full)) if not isinstance(part, np.ndarray) or part.dtype.kind in "fc"
        ]

    return call, tuple(parts)


def values(call: Any, parts: tuple[Any, ...]) -> Any:
    """What plain NumPy and SciPy give, None where they take no complex numbers."""
    try:
        return call(*parts)
    except (TypeError, ValueError, np.linalg.LinAlgError):
        return None


CHECKED: list[int] = []
REFUSALS = (TypeError, ValueError, ad.LostGradient)


PUBLIC = [c for c in CASES if not str(getattr(c.of, "__module__", "")).startswith("autodiff.rules")]


@pytest.mark.parametrize("case", PUBLIC, ids=lambda c: c.id)
@pytest.mark.filterwarnings("ignore")
def test_right_or_refused(case: Case) -> None:
    n, checked = len(case.variables()), 0
    for chosen in {tuple(range(n)), *((i,) for i in range(n))}:
        call, parts = of_parts(case, chosen, np.random.default_rng(5))
        plain = values(call, parts)
        if plain is None or not all(np.all(np.isfinite(p)) for p in leaves(plain)):
            continue
        try:
            traced, _ = ad.vjp(call, *parts)
            ad.vjp(call, *parts)[1](traced)
        except REFUSALS as error:
            assert ":" in str(error) and len(str(error)) > 30, error
            continue
        for got, expected in zip(leaves(traced), leaves(plain), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)
        ad.check_grads(call, *parts, order=1, rng=0, rtol=1e-6, atol=1e-6)
        checked += 1
    CHECKED.append(checked)


def test_many_rules_were_checked() -> None:
    """Not all was skipped or refused."""
    if len(CHECKED) > 500:  # the whole file was run
        assert sum(CHECKED) > 500
