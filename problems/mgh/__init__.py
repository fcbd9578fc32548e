"""Moré, Garbow & Hillstrom's 35 problems: sums of squares with standard starts, "Testing unconstrained optimization
software" (ACM Transactions on Mathematical Software 7, 1981).

Examples
--------
>>> import problems
>>> f = problems.get("mgh-wood")
>>> f(f.x0()), f(f.x_opt)
(19192.0, 0.0)
>>> problems.get("mgh-chebyquad", n=9).f_opt
0.0
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from problems.mgh.table import TABLE, LeastSquares
from problems.numbers import fixed, whole
from problems.objective import Objective
from problems.registry import register

__all__ = ["TABLE", "SumOfSquares", "make"]

_PAPER = "Moré, Garbow & Hillstrom 1981, ACM Trans. Mathematical Software 7(1), problem ({})"


class SumOfSquares:
    """f(x) = sum of r_i(x)^2; far out, where exponentials overflow, it is inf or NaN without a warning.

    Parameters
    ----------
    residuals : callable
        x of shape (..., n) and m -> r of shape (..., m).
    m : int
    """

    def __init__(self, residuals: Any, m: int) -> None:
        self.residuals, self.m = residuals, m

    def __call__(self, x: Any) -> Any:
        """Values at x of shape (..., n)."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            r = self.residuals(x, self.m)
            return (r * r).sum(-1)


def make(problem: str, n: int | None = None, *, m: int | None = None, factor: float = 1.0) -> Objective:
    """One of the problems, as `problems.get` makes it.

    Parameters
    ----------
    problem : str
        A key of `TABLE`.
    n : int, optional
        Number of variables, where the paper leaves it open.
    m : int, optional
        Number of residuals, where the paper leaves it open.
    factor : float
        The start is this times the standard one; the paper takes 1, 10 and 100.

    Returns
    -------
    Objective
        Without bounds. `sigma0` is a tenth of each start coordinate, and at least 0.1. `f_opt` is None where the least
        value is not known for that n and m.

    Raises
    ------
    ValueError
        The problem does not come in that size.

    Examples
    --------
    >>> make("linear-rank-1", 5, m=10).f_opt
    2.142857142857143
    """
    row = TABLE[problem]
    n, m = _size(problem, row, n, m)
    start = float(factor) * np.asarray(row.start(n) if callable(row.start) else row.start, dtype=np.float64)
    if not np.isfinite(start).all():
        raise ValueError(f"factor must be a finite number, got {factor}")
    fun = SumOfSquares(row.residuals, m)
    x_opt = row.x_opt(n) if callable(row.x_opt) else row.x_opt
    if x_opt is not None:
        f_opt: float | None = float(fun(np.asarray(x_opt, dtype=np.float64)))
    elif callable(row.f_opt):
        f_opt = row.f_opt(n, m)
    else:
        f_opt = row.f_opt.get((n, m)) if isinstance(row.f_opt, dict) else row.f_opt
    return Objective(
        fun,
        n,
        vectorized=True,
        pure=True,
        x0=start,
        sigma0=0.1 * np.maximum(1.0, np.abs(start)),
        x_opt=x_opt,
        f_opt=f_opt,
        name=f"mgh-{problem}",
        differentiable=True,
        source=_PAPER.format(1 + list(TABLE).index(problem)),
    )


def _size(problem: str, row: LeastSquares, n: int | None, m: int | None) -> tuple[int, int]:
    """N and m, checked."""
    if not callable(row.start):
        fixed(f"mgh-{problem}", n, len(row.start))
        n = len(row.start)
    elif n is None:
        n = row.n
    allowed, words = row.sizes
    if callable(row.start) and not allowed(n):
        raise ValueError(f"n must be {words} for mgh-{problem}, got {n}")
    if m is None:
        return n, row.m(n)
    least = max(n, row.least_m)
    if not row.least_m:
        raise ValueError(f"m is fixed for mgh-{problem}: leave it out")
    return n, whole(f"m of mgh-{problem} with n={n}", m, least)


for _name in TABLE:
    register(f"mgh-{_name}", partial(make, _name), tags=["mgh"], smooth=True, plane=False)
