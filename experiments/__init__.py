"""Studies: methods on problems, many times over, in parallel; and what comes of them.

Examples
--------
>>> from experiments import Method, Problem, Spec
>>> spec = Spec("mine", [Problem("rosenbrock", [5, 10])], [Method("cmaes"), Method("l-bfgs-b")], seeds=3)
>>> spec.total
12

`run_study` runs it and `load` reads its folder; the same from the command line: ``python -m experiments --help``.
"""

import lazy_loader

# Nothing is imported before it is used: the command line sets the number of BLAS threads first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
