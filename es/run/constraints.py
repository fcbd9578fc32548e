"""What ranks the points of a run under constraints that the driver evaluates."""

from __future__ import annotations

from typing import Any

from es.core.constrained import refuse_constraints
from es.core.lagrangian import AugmentedLagrangian, FeasibleOnly
from problems.constraints import EQUALITY, Constraints, listed


def ranking_rule_for(given: Any, cls: Any, opt: Any, n: int) -> FeasibleOnly | None:
    """What ranks the points of a run under constraints; None where there are none.

    Raises
    ------
    ValueError
        If the method neither ranks points nor keeps constraints itself.
    """
    if not listed(given):
        return None
    constraints = Constraints(given, n)
    if getattr(cls, "takes_constraints", False):
        constraints.slack = EQUALITY  # such solvers end on the border, to within rounding on either side
        return FeasibleOnly(constraints)
    refuse_constraints(cls, "constraints")
    return AugmentedLagrangian(constraints, opt)
