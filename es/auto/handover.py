"""Which method takes the place of `auto` where a problem is of a kind that it does not search itself.

=================================== =================================================================================
kind of problem                     method
=================================== =================================================================================
several objectives                  mo-cmaes
`asynchronous=True`                 cmaes
integers                            cmaes, which becomes cmaes-margin
a Space with more than real numbers what `es.run.arguments.for_space` says
constraints, a gradient given       slsqp
constraints, no gradient            cmaes, with an augmented Lagrangian
`options["noise"] = "reevaluate"`   cmaes
anything else                       auto itself
=================================== =================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from problems.ledger import Ledger
from problems.several import MultiObjective


def fitting(
    fun: Any, *, jac: Any = None, integrality: Any = None, constraints: Any = (),
    options: Mapping[str, Any] | None = None, asynchronous: bool = False,
) -> str:  # fmt: skip
    """The name of the method to take, from the arguments of `es.minimize`.

    Examples
    --------
    >>> fitting(abs), fitting(abs, integrality=[0, 1]), fitting(abs, options={"noise": "reevaluate"})
    ('auto', 'cmaes', 'cmaes')
    """
    problem = fun.objective if isinstance(fun, Ledger) else fun
    whole = getattr(problem, "integrality", None) if integrality is None else integrality
    bound = (isinstance(constraints, list | tuple) and not constraints) or constraints is None
    if isinstance(problem, MultiObjective):
        return "mo-cmaes"
    if asynchronous:
        return "cmaes"
    if whole is not None and np.any(np.asarray(whole) != 0):
        return "cmaes"
    if not bound or len(getattr(problem, "constraints", None) or ()):
        return "slsqp" if jac is not None or getattr(problem, "jac", None) is not None else "cmaes"
    return "cmaes" if (options or {}).get("noise") else "auto"
