"""Constraints in all forms of SciPy's as one function, and by how much points violate them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["EQUALITY", "Constraints", "listed"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

EQUALITY = 1e-6  # largest |h(x)| at which an equality counts as kept


class Constraints:
    """All constraints of a problem as one function g, with g(x) <= 0 or, for equalities, g(x) = 0.

    Parameters
    ----------
    given : constraint or sequence of them
        `scipy.optimize.NonlinearConstraint`, `LinearConstraint`, or SciPy's older dicts with "type", "fun" and "args".
    n : int
        Number of variables.
    slack, equality_slack : float
        Largest g(x) at which an inequality counts as kept, and largest |g(x)| of an equality.

    Attributes
    ----------
    ncev : int
        Points at which the constraints have been evaluated.

    Raises
    ------
    ValueError
        If one is of another kind.
    """

    def __init__(self, given: Any, n: int, slack: float = 0.0, equality_slack: float = EQUALITY) -> None:
        self.n, self.slack, self.equality_slack = n, slack, equality_slack
        self.ncev = 0
        self._parts = [_normal_form(one) for one in listed(given)]
        self._equality: BoolArray | None = None

    def __call__(self, x: FloatArray) -> FloatArray:
        """g at the points x (k, n): shape (k, m). A constraint that raises or is not finite counts as violated."""
        self.ncev += len(x)
        return np.array([self._at(row) for row in x])

    def _at(self, x: FloatArray) -> FloatArray:
        parts = [part(x) for part in self._parts]
        if self._equality is None:
            self._equality = np.concatenate([equality for _, equality in parts])
        return np.concatenate([g for g, _ in parts])

    @property
    def equality(self) -> BoolArray:
        """Which entries of g are equalities, (m,); known after the first call."""
        if self._equality is None:
            raise RuntimeError("equality is known after the first call of the constraints only")
        return self._equality

    def violation(self, g: FloatArray) -> FloatArray:
        """Sum of what g (k, m) violates, (k,); 0 where the point is feasible."""
        size = np.where(self.equality, np.abs(g), g)
        over = np.where(size <= np.where(self.equality, self.equality_slack, self.slack), 0.0, size)
        total: FloatArray = np.where(np.isnan(over), np.inf, over).sum(-1)
        return total


def listed(given: Any) -> list[Any]:
    """One constraint or several as a list."""
    return list(given) if isinstance(given, list | tuple) else [given]


def _normal_form(one: Any) -> Callable[[FloatArray], tuple[FloatArray, BoolArray]]:
    """A function of x that gives g and which of its entries are equalities."""
    if isinstance(one, Mapping) and callable(one.get("fun")) and one.get("type") in ("eq", "ineq"):
        fun, args, equality = one["fun"], tuple(one.get("args", ())), one["type"] == "eq"

        def from_dict(x: FloatArray) -> tuple[FloatArray, BoolArray]:
            value = np.atleast_1d(np.asarray(fun(x.copy(), *args), dtype=float))
            return (value if equality else -value), np.full(value.shape, equality)

        return from_dict
    if not (hasattr(one, "lb") and hasattr(one, "ub") and (hasattr(one, "A") or callable(getattr(one, "fun", None)))):
        kind = type(one).__name__
        raise ValueError(
            f"constraints must be NonlinearConstraint, LinearConstraint or dicts with type and fun, got {kind}"
        )
    fun = (lambda x, A=one.A: A @ x) if hasattr(one, "A") else one.fun

    def two_sided(x: FloatArray) -> tuple[FloatArray, BoolArray]:
        value = np.atleast_1d(np.asarray(fun(x.copy()), dtype=float))
        lb, ub = np.broadcast_to(one.lb, value.shape), np.broadcast_to(one.ub, value.shape)
        same = lb == ub
        low, high = np.isfinite(lb) & ~same, np.isfinite(ub) & ~same
        g = np.concatenate([(value - lb)[same], (lb - value)[low], (value - ub)[high]])
        return g, np.arange(g.size) < same.sum()

    return two_sided
