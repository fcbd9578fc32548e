"""Constraints in all forms of SciPy's as one function, and by how much points violate them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from problems.numbers import FloatArray, numbers

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
        If one is of another kind, has limits that nothing keeps, or on a call gives what are no numbers.
    """

    def __init__(self, given: Any, n: int, slack: float = 0.0, equality_slack: float = EQUALITY) -> None:
        self.n, self.slack, self.equality_slack = n, slack, equality_slack
        self.ncev = 0
        self._parts = [_normal_form(one, k) for k, one in enumerate(checked(given, n))]
        self._equality: BoolArray | None = None

    def __call__(self, x: FloatArray) -> FloatArray:
        """g at the points x (k, n): shape (k, m). A value that is not finite counts as violated."""
        self.ncev += len(x)
        return np.array([self._at(row) for row in x])

    def _at(self, x: FloatArray) -> FloatArray:
        parts = [part(x) for part in self._parts]
        g = np.concatenate([g for g, _ in parts])
        if self._equality is None:
            self._equality = np.concatenate([equality for _, equality in parts])
        elif g.size != self._equality.size:
            raise ValueError(
                f"constraints must give as many values at every point: {self._equality.size} limits became {g.size}"
            )
        return g

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
        with np.errstate(over="ignore"):  # together they may be infinite
            return np.where(np.isnan(over), np.inf, over).sum(-1)


def listed(given: Any) -> list[Any]:
    """One constraint or several as a list; None is none."""
    if given is None:
        return []
    if isinstance(given, Mapping | str) or hasattr(given, "lb"):
        return [given]
    whole = not isinstance(given, Iterable) or (isinstance(given, np.ndarray) and given.ndim == 0)
    return [given] if whole else list(given)


def checked(given: Any, n: int | None) -> list[Any]:
    """The constraints as a list, each of a form that SciPy has.

    Parameters
    ----------
    given : constraint or sequence of them
    n : int, optional
        Number of variables, which a linear constraint must have columns for.

    Raises
    ------
    ValueError
        One is of another kind, has NaN, infinity on the wrong side or lb > ub as limits, or a matrix of another width.

    Examples
    --------
    >>> from scipy.optimize import LinearConstraint
    >>> checked(LinearConstraint([[1, 1]], 2, 1), n=2)
    Traceback (most recent call last):
        ...
    ValueError: constraint 0 has lb > ub (2.0 > 1.0), which no point keeps: exchange them
    """
    constraints = listed(given)
    for k, one in enumerate(constraints):
        if isinstance(one, Mapping):
            if one.get("type") not in ("eq", "ineq") or not callable(one.get("fun")):
                raise ValueError(
                    f"constraint {k} is a dict, which must have 'type': 'eq' or 'ineq' and a callable 'fun', "
                    f"got {dict(one)!r}"
                )
            continue
        linear = hasattr(one, "A")
        if not (hasattr(one, "lb") and hasattr(one, "ub") and (linear or callable(getattr(one, "fun", None)))):
            kind = type(one).__name__
            cure = "; limits of the variables themselves are given as bounds" if hasattr(one, "lb") else ""
            raise ValueError(
                "constraints must be NonlinearConstraint, LinearConstraint or dicts with type and fun, "
                f"got {kind}{cure}"
            )
        low, high = numbers(f"lb of constraint {k}", one.lb), numbers(f"ub of constraint {k}", one.ub)
        if np.isnan(low).any() or np.isnan(high).any():
            raise ValueError(f"constraint {k} has NaN as a limit: write -inf or inf where a side is open")
        if (low == np.inf).any() or (high == -np.inf).any():
            raise ValueError(f"constraint {k} has lb = inf or ub = -inf, which no point keeps: is a sign wrong?")
        try:
            wrong = np.argwhere(np.atleast_1d(low > high))
        except ValueError:
            raise ValueError(f"constraint {k} has limits of shapes {low.shape} and {high.shape}") from None
        if wrong.size:
            worst = tuple(wrong[0])
            pair = [np.broadcast_to(side, np.broadcast_shapes(low.shape, high.shape, (1,))) for side in (low, high)]
            raise ValueError(
                f"constraint {k} has lb > ub ({pair[0][worst]} > {pair[1][worst]}), which no point keeps: exchange them"
            )
        if linear:
            _check_matrix(one.A, k, n)
    return constraints


def _check_matrix(matrix: Any, k: int, n: int | None) -> None:
    if not hasattr(matrix, "tocsr"):  # sparse ones have numbers by their making
        matrix = np.atleast_2d(numbers(f"A of constraint {k}", matrix))
        if not np.isfinite(matrix).all():
            raise ValueError(f"A of constraint {k} must be finite, got NaN or infinity in it")
    width = matrix.shape[-1]
    if n is not None and width != n:
        raise ValueError(f"A of constraint {k} must have a column for each of the n={n} variables, got {width}")


Form = Callable[[FloatArray], tuple[FloatArray, BoolArray]]


def _normal_form(one: Any, k: int) -> Form:
    """A function of x that gives g and which of its entries are equalities."""
    if isinstance(one, Mapping):
        fun, args, equality = one["fun"], tuple(one.get("args", ())), one["type"] == "eq"

        def from_dict(x: FloatArray) -> tuple[FloatArray, BoolArray]:
            value = _values(fun(x.copy(), *args), k)
            return (value if equality else -value), np.full(value.shape, equality)

        return from_dict
    fun = (lambda x, A=one.A: A @ x) if hasattr(one, "A") else one.fun

    def two_sided(x: FloatArray) -> tuple[FloatArray, BoolArray]:
        value = _values(fun(x.copy()), k)
        try:
            lb, ub = (np.broadcast_to(np.asarray(side, dtype=float), value.shape) for side in (one.lb, one.ub))
        except ValueError:
            shapes = f"{np.shape(one.lb)} and {np.shape(one.ub)}"
            raise ValueError(f"constraint {k} has limits of shapes {shapes} for {value.size} values") from None
        same = lb == ub
        low, high = np.isfinite(lb) & ~same, np.isfinite(ub) & ~same
        with np.errstate(over="ignore"):
            g = np.concatenate([value[same] - lb[same], lb[low] - value[low], value[high] - ub[high]])
        return g, np.arange(g.size) < same.sum()

    return two_sided


def _values(value: Any, k: int) -> FloatArray:
    """What a constraint gave, as a vector."""
    if type(value) is not np.ndarray or value.dtype != np.float64:
        value = numbers(f"values of constraint {k}", value)
    if value.ndim > 1:
        raise ValueError(f"constraint {k} must give a number or a vector for one point, got shape {value.shape}")
    return np.atleast_1d(value)
