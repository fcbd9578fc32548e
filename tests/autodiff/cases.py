"""One table of everything that can be differentiated, read by the tests of the rules."""

from tests.autodiff import (
    cases_algebra,
    cases_arrays,
    cases_elementwise,
    cases_families,
    cases_numpy,
    cases_reductions,
)
from tests.autodiff.table import CASES, Case

__all__ = [
    "CASES",
    "Case",
    "cases_algebra",
    "cases_arrays",
    "cases_elementwise",
    "cases_families",
    "cases_numpy",
    "cases_reductions",
]
