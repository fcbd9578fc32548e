"""The public names of `experiments` and where they live."""

from .advice import Advice, advise
from .export import to_pandas, to_polars
from .spec import Method, Problem, Spec, SpecError
from .specfile import load_spec
from .store import StoreError, Study, load, merge
from .study import run_study
from .sweep import Sweep

__all__ = [
    "Advice",
    "Method",
    "Problem",
    "Spec",
    "SpecError",
    "StoreError",
    "Study",
    "Sweep",
    "advise",
    "load",
    "load_spec",
    "merge",
    "run_study",
    "to_pandas",
    "to_polars",
]
