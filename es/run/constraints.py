"""What ranks the points of a run under constraints that the driver evaluates."""

from __future__ import annotations

from typing import Any

from es.core.arrays import FloatArray
from es.core.constrained import refuse_constraints
from es.core.lagrangian import AugmentedLagrangian, FeasibleOnly
from problems.constraints import EQUALITY, Constraints, listed


class Beside(FeasibleOnly):
    """Hands the values of constraints to a method with several objectives, which ranks by them itself."""

    def __call__(self, x: FloatArray, f: FloatArray, g: FloatArray | None = None) -> dict[str, Any]:
        """Keywords of `tell` for points x (k, n); g (k, m) where it is known."""
        g = self.constraints(x) if g is None else g
        self.watch(x, g)
        equality = self.constraints.equality
        return {"constraints": g[:, ~equality], "equalities": g[:, equality]}

    def report(self) -> dict[str, Any]:
        """Fields of the result: `ncev`, evaluations of the constraints, and the least `violation`."""
        return {"ncev": self.constraints.ncev, "violation": self.least[0]}


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
    if cls.kind == "multiobjective":
        return Beside(constraints)
    refuse_constraints(cls, "constraints")
    return AugmentedLagrangian(constraints, opt)
