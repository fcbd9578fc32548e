"""Problems with bounds and constraints of Hock & Schittkowski, by their numbers: hs1, hs2, ..., hs113.

"Test examples for nonlinear programming codes" (Lecture Notes in Economics and Mathematical Systems 187, Springer
1981): starts, bounds, constraints and best points are those of the book.

Examples
--------
>>> import problems
>>> f = problems.get("hs71")
>>> round(f(f.x_opt), 6), problems.Feasible(f.constraints)(f.x_opt)
(17.014017, True)
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from problems.hs.table import TABLE
from problems.numbers import FloatArray, fixed
from problems.objective import Objective
from problems.registry import register

__all__ = ["TABLE", "Limits", "Values", "make"]


class Values:
    """f of one problem; it pickles as its number.

    Parameters
    ----------
    number : int
        A key of `TABLE`.
    """

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n), shape (...)."""
        return TABLE[self.number].value(x)


class Limits:
    """Constraints of one problem of one kind; they pickle as number and kind.

    Parameters
    ----------
    number : int
    equal : bool
        True: what is to be 0; False: what is to be at least 0.
    """

    def __init__(self, number: int, equal: bool) -> None:
        self.number, self.equal = number, equal

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n), shape (..., m)."""
        return TABLE[self.number].limits(x, self.equal)

    def jacobian(self, x: FloatArray) -> FloatArray:
        """Derivatives at one point, shape (m, n)."""
        from autodiff import jacobian

        return np.asarray(jacobian(self)(x))


def make(number: int, n: int | None = None) -> Objective:
    """The problem of that number, as `problems.get` makes it.

    Parameters
    ----------
    number : int
        A key of `TABLE`.
    n : int, optional
        The problem's own number of variables.

    Returns
    -------
    Objective
        Its start is that of the book, moved to the nearest bound where it lies outside; `sigma0` is a tenth of each
        start coordinate and at least 0.1.

    Raises
    ------
    ValueError
        The problem has another number of variables.
    """
    problem = TABLE[number]
    size = len(problem.start)
    fixed(f"hs{number}", n, size)
    start = np.array(problem.start)
    if problem.bounds:
        start = np.clip(start, *np.array(problem.bounds).T)
    fun, x_opt = Values(number), np.array(problem.x_opt)
    return Objective(
        fun,
        size,
        vectorized=True,
        pure=True,
        bounds=problem.bounds or None,
        constraints=_constraints(number),
        x0=start,
        sigma0=0.1 * np.maximum(1.0, np.abs(start)),
        x_opt=x_opt,
        f_opt=float(fun(x_opt)),
        name=f"hs{number}",
        differentiable=True,
        source=f"Hock & Schittkowski 1981, Test examples for nonlinear programming codes, problem {number}",
    )


def _constraints(number: int) -> list[Any]:
    """Equalities and inequalities apart, as SciPy likes them."""
    problem, found = TABLE[number], []
    if problem.equal is not None or problem.least_zero is not None:
        from scipy.optimize import NonlinearConstraint

        for equal, given in ((True, problem.equal), (False, problem.least_zero)):
            if given is not None:
                limits = Limits(number, equal)
                found.append(NonlinearConstraint(limits, 0.0, 0.0 if equal else np.inf, jac=limits.jacobian))
    return found


for _number in TABLE:
    register(f"hs{_number}", partial(make, _number), tags=["hs"], smooth=True, plane=False)
