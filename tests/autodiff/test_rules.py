"""Every rule keeps what rules promise, central differences of first and second order among it."""

from __future__ import annotations

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
