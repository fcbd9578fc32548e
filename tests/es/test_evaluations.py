"""CMA-ES needs no more evaluations than pycma."""

import numpy as np
import pytest

from experiments.benchmarks.es_evaluations import functions, ours, pycma


@pytest.mark.heavy
@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize("name", ["sphere", "ellipsoid", "discus", "cigar", "different powers", "rosenbrock"])
def test_evaluations_of_pycma(name, n):
    pytest.importorskip("cma")
    width, sigma0 = (0.1, 0.1) if name == "rosenbrock" else (3.0, 1.0)
    starts = np.random.default_rng(n).uniform(-width, width, (45, n))
    f = functions(n)[name]
    assert np.median(ours(f, starts, sigma0)) <= 1.08 * np.median(pycma(f, starts, sigma0))
