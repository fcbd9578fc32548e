"""Whether a point keeps the constraints of a problem, whatever form of SciPy's they have."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        return all(self._excess(one, x) <= self.tolerance for one in self.constraints)

    @staticmethod
    def _excess(constraint: Any, x: FloatArray) -> float:
        if isinstance(constraint, dict):
            g = np.atleast_1d(constraint["fun"](x, *constraint.get("args", ())))
            over = np.abs(g) if constraint["type"] == "eq" else -g
        else:
            g = constraint.A @ x if hasattr(constraint, "A") else constraint.fun(x)
            over = np.maximum(np.asarray(constraint.lb) - g, g - np.asarray(constraint.ub))
        worst = np.max(over, initial=-np.inf)
        return float("inf") if np.isnan(worst) else float(worst)
