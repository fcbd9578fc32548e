"""Several objectives: functions whose value at a point is a vector, and the ledger that counts their evaluations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from problems import checks
from problems.ledger import Ledger
from problems.numbers import FloatArray, numbers
from problems.objective import Function, Objective


class MultiObjective(Objective):
    """A function with several values, all to be minimised at once.

    Parameters
    ----------
    fun : callable
        `fun(x)` for one point x of shape (n,), returning m numbers; with `vectorized=True` for x of shape (..., n),
        returning values of shape (..., m).
    n : int, optional
        Number of variables.
    **settings
        See `Objective`; what is about one value or its gradient (`jac`, `x_opt`, `f_opt`, ...) has no meaning here.

    Attributes
    ----------
    objectives : int or None
        Their number m, known after the first evaluation.

    Raises
    ------
    ValueError
        On a call: points of the wrong length, or results that are not m numbers per point.

    Examples
    --------
    >>> import numpy as np
    >>> two = MultiObjective(lambda x: [x @ x, (x - 1) @ (x - 1)], n=3)
    >>> two(np.zeros(3))
    array([0., 3.])
    >>> two(np.ones((4, 3))).shape
    (4, 2)
    """

    def __init__(self, fun: Function, n: int | None = None, **settings: Any) -> None:
        useless = {"jac", "x_opt", "f_opt", "noiseless"} & {
            name for name, value in settings.items() if value is not None
        }
        if useless:
            raise ValueError(f"{min(useless)} has no meaning for several objectives: leave it out")
        super().__init__(fun, n, **{**settings, "differentiable": False})
        self.objectives: int | None = None

    def __call__(self, x: Any) -> FloatArray:
        """Values at x.

        Parameters
        ----------
        x : array_like, shape (..., n)

        Returns
        -------
        ndarray, shape (..., m)
        """
        x = np.asarray(checks.points(x), dtype=np.float64)
        if not x.shape or (self.n is not None and x.shape[-1] != self.n):
            raise ValueError(self._wrong_length(x.shape))
        if self.vectorized:
            return self._vectors(self.fun(x.copy()), x.shape[:-1])
        rows = [self._vectors(self.fun(row), ()) for row in x.reshape(-1, x.shape[-1]).copy()]
        return np.array(rows).reshape(*x.shape[:-1], -1)

    def _vectors(self, f: Any, shape: tuple[int, ...]) -> FloatArray:
        wanted = f"({', '.join(map(str, shape))}{', ' if shape else ''}{self.objectives or 'm'}{'' if shape else ','})"
        values = numbers(f"the values of {self.name}, of shape {wanted},", f)
        m = values.shape[-1] if values.ndim else 0
        if values.shape != (*shape, m) or m == 0 or m != (self.objectives or m):
            raise ValueError(
                f"{self.name} must return an array of shape {wanted}, one value for each objective, got {values.shape}"
            )
        self.objectives = m
        return values


class MultiLedger(Ledger):
    """A ledger for several objectives: it counts points and failures; no point is the best.

    Parameters
    ----------
    objective : MultiObjective
    """

    def record(self, x: Any, f: Any, *, gradients: int = 0) -> None:
        """Count points that were evaluated elsewhere.

        Parameters
        ----------
        x : array_like, shape (..., n)
        f : array_like, shape (..., m)
            A point with a value that is NaN or inf has failed; -inf is the least there is.
        gradients : int
            None are possible.
        """
        good = np.asarray((np.asarray(f, dtype=np.float64) < np.inf).all(-1))
        self.nfev += good.size
        self.n_failed += good.size - int(good.sum())


def as_ledger(
    fun: Any, n: int | None, *, jac: Any = None, vectorized: bool = False, several: bool | None = None,
    kinds: tuple[Callable[[Any], Ledger], Callable[[Any], Ledger]] = (Ledger, MultiLedger), **settings: Any,
) -> Ledger:  # fmt: skip
    """The ledger that a run evaluates through: `fun` itself if it is one, else a new one around it.

    Parameters
    ----------
    fun : callable, Objective or Ledger
    n : int or None
        Length of its points, where it is known.
    jac, vectorized, **settings
        Of the Objective that is made for a callable; the first two may not stand beside an Objective.
    several : bool or None
        Whether the method is for several objectives; None: whatever `fun` has.
    kinds : (callable, callable)
        What makes a ledger for one objective, and for several.

    Raises
    ------
    ValueError
        If `fun` is no callable, or is an Objective that takes points of another length, has `jac` beside it, or has
        one value where the method wants several or the other way round.
    """
    if not isinstance(fun, Ledger | Objective):
        if several:
            return kinds[1](MultiObjective(fun, n, jac=jac, vectorized=vectorized, **settings))
        return kinds[0](Objective(fun, n, jac=jac, vectorized=vectorized, **settings))
    if jac is not None or vectorized:
        raise ValueError("jac and vectorized belong to the Objective that fun is already: give them there")
    if n is not None and fun.n is not None and fun.n != n:
        raise ValueError(f"x0 must have shape ({fun.n},) for {fun.name}, got ({n},)")
    problem = fun.objective if isinstance(fun, Ledger) else fun
    if several is not None and isinstance(problem, MultiObjective) != several:
        cure = "wrap it in problems.MultiObjective" if several else "take method 'mo-cmaes'"
        raise ValueError(f"fun must have {'several values' if several else 'one value'} per point: {cure}")
    return fun if isinstance(fun, Ledger) else kinds[isinstance(problem, MultiObjective)](problem)
