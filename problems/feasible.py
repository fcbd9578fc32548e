"""Whether a point keeps the constraints of a problem, whatever form of SciPy's they have."""

from __future__ import annotations

from typing import Any

from problems.constraints import Constraints, listed
from problems.numbers import FloatArray, number, numbers


class Feasible:
    """Tells whether points keep constraints.

    Parameters
    ----------
    constraints : constraint or sequence of them
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
        self.tolerance = number("tolerance", tolerance)
        if not self.tolerance >= 0:
            raise ValueError(f"tolerance must not be negative, got {tolerance}")
        self.constraints = tuple(listed(constraints))
        self._limits: Constraints | None = None

    def __call__(self, x: FloatArray) -> bool:
        """Whether x (n,) keeps them all; values that are no numbers keep nothing."""
        if not self.constraints:
            return True
        x = numbers("x", x)
        if x.ndim != 1:
            raise ValueError(f"x must be one point of shape (n,), got {x.shape}")
        if self._limits is None or self._limits.n != x.size:
            self._limits = Constraints(self.constraints, x.size, self.tolerance, self.tolerance)
        return bool(self._limits.violation(self._limits(x[None]))[0] == 0.0)

    def __getstate__(self) -> dict[str, Any]:
        # functions made of the constraints are made again where the copy wakes up: closures do not pickle
        return {**self.__dict__, "_limits": None}
