"""Studies: methods on problems, many times over, in parallel; and what comes of them.

Examples
--------
>>> from experiments import Method, Problem, Spec
>>> spec = Spec("mine", [Problem("rosenbrock", [5, 10])], [Method("cmaes"), Method("l-bfgs-b")], seeds=3)
>>> spec.total
12

`run_study` runs it and `load` reads its folder; the same from the command line: ``python -m experiments --help``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.spec import Method, Problem, Spec, SpecError, load_spec
    from experiments.store import StoreError, Study, load
    from experiments.study import run_study
    from experiments.sweep import Sweep

__all__ = ["Method", "Problem", "Spec", "SpecError", "StoreError", "Study", "Sweep", "load", "load_spec", "run_study"]

_HOMES = {
    "Method": "spec",
    "Problem": "spec",
    "Spec": "spec",
    "SpecError": "spec",
    "StoreError": "store",
    "Study": "store",
    "Sweep": "sweep",
    "load": "store",
    "load_spec": "spec",
    "run_study": "study",
}


def __getattr__(name: str) -> Any:
    # Nothing is imported before it is used: the command line sets the number of BLAS threads first.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"experiments.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
