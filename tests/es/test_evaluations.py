"""CMA-ES needs no more evaluations than pycma."""

import numpy as np
import pytest

from experiments.benchmarks.counting import case
from experiments.benchmarks.es_evaluations import FUNCTIONS
from experiments.benchmarks.peers import pycma


@pytest.mark.heavy
@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_evaluations_of_pycma(name, n):
    pytest.importorskip("cma")
    both = case("cmaes", "pycma", pycma(), name, n, 1e6)
    assert np.median(both.ours(45)) <= 1.08 * np.median(both.theirs(45))
