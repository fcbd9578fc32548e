"""Whether a point keeps the constraints of a problem, whatever form of SciPy's they have."""

from __future__ import annotations

from typing import Any

from problems.constraints import Constraints
from problems.objective import FloatArray

__all__ = ["Feasible"]


class Feasible:
    """Tells whether points keep constraints.

    Parameters
    ----------
    constraints : sequence
        `NonlinearConstraint`, `LinearConstraint`, or SciPy's older dicts with "type", "fun" and "args".
    tolerance : float
        By how much a constraint may be missed: solvers end on the border to within rounding, on either side.

    Examples
    --------
    >>> from problems import get
    >>> truss = get("ten-bar-truss")
    >>> feasible = Feasible(truss.constraints)
    >>> feasible(truss.x_opt), feasible(0.9 * truss.x_opt)
    (True, False)
    """

    def __init__(self, constraints: Any, tolerance: float = 1e-6) -> None:
        if not tolerance >= 0:
            raise ValueError(f"tolerance must not be negative, got {tolerance}")
        self.constraints, self.tolerance = tuple(constraints), float(tolerance)

    def __call__(self, x: FloatArray) -> bool:
        """Whether x (n,) keeps them all; values that are no numbers keep nothing."""
        if not self.constraints:
            return True
        limits = Constraints(self.constraints, x.size, self.tolerance, self.tolerance)
        return bool(limits.violation(limits(x[None]))[0] == 0.0)
