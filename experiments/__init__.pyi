"""The public names of `experiments` and where they live."""

from .spec import Method, Problem, Spec, SpecError, load_spec
from .store import StoreError, Study, load
from .study import run_study
from .sweep import Sweep

__all__ = ["Method", "Problem", "Spec", "SpecError", "StoreError", "Study", "Sweep", "load", "load_spec", "run_study"]
