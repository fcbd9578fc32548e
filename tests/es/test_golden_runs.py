"""Numbers of every method stay what they were, unless a change says why it writes them anew.

`golden_runs.py` compares to the last bit, which holds on one machine only: another BLAS kernel sums in another order.
So this test takes evaluations exactly and numbers to 1e-4, of runs short enough that rounding does not grow to that (a
model's least squares in lq-CMA-ES make 1e-5 of it). The numbers of SciPy's solvers are those of one version of SciPy.
"""

import json

import numpy as np
import pytest
import scipy

import es
from tests.es.golden_runs import STORED, cases, numbers

# Their steps hang on differences of f, or on whether a correlation passes a threshold: a last bit sends them elsewhere.
# `golden_runs.py` compares them on one machine, and they have tests of their own.
# Line searches of SciPy's solvers take other steps on other processors, so that evaluations differ as well.
AMPLIFY = ("lq-cmaes", "quasi-newton", "separable-search", "auto", "l-bfgs-b", "cg", "trust-constr")
WRITTEN = json.loads(STORED.read_text())


def test_every_method_has_its_numbers():
    assert {f"{name}/{work}" for name, work in cases()} == set(WRITTEN)


@pytest.mark.parametrize(("name", "work"), cases(), ids=lambda word: word)
def test_numbers_stay(name, work):
    if es.get_method(name).kind == "scipy" and scipy.__version__.split(".")[:2] != ["1", "17"]:
        pytest.skip("written with SciPy 1.17")
    if name in AMPLIFY:
        pytest.skip("amplifies rounding")
    for (nfev, *found), (nfev_then, *then) in zip(numbers(name, work), WRITTEN[f"{name}/{work}"], strict=True):
        assert nfev == nfev_then
        for values, values_then in zip(found, then, strict=True):
            now, before = ([float.fromhex(text) for text in texts] for texts in (values, values_then))
            np.testing.assert_allclose(now, before, rtol=1e-4, atol=1e-6)
