"""Units for gradient methods and SciPy's solvers: rates, tolerances and first steps of theirs are lengths in x and f.

With x in pascal, a gradient of 1e-11 is "small" to every one of them, and a first step of one moves nothing; with f in
1e-12 of something, all gradients are small and every point is an optimum. So where sigma0 (or the bounds, or x0) says
that a coordinate is measured in something else than ones, they see it in a power of two of that: x = u units,
df/du = units df/dx, which changes no mantissa. Where value and gradient at the first point are small beside one, they
see f in a power of two of these. Where all is ordinary nothing is changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.gradient.ends import UNMOVED, Task
from es.gradient.inversion import Answer, Call
from problems.boxes import Box
from problems.constraints import listed

ORDINARY = 1e4  # scales between this and its inverse are
LARGE = 1e15  # values from here on have squares, in tests and steps of solvers, that overflow or drown all else


def powers_of_two(scale: FloatArray) -> FloatArray:
    """What to measure coordinates of these scales in: 1 where they are ordinary, else the nearest power of two."""
    ordinary = (scale <= ORDINARY) & (scale * ORDINARY >= 1)
    return np.ones(scale.shape) if ordinary.all() else np.where(ordinary, 1.0, np.exp2(np.rint(np.log2(scale))))


def value_unit(f: Any, slope: Any = 0.0, most: float = np.inf) -> Any:
    """What to measure values in: 1, or where the first are small the nearest power of two.

    Large ones are left as they are: tolerances would grow with an offset, or with a start that is far away.

    Parameters
    ----------
    f, slope : float or ndarray
        Sizes of the first values and of their gradients, in units of x.
    most : float
        Above this they are large enough to overflow, and measured too.
    """
    size = np.maximum(np.abs(f), np.abs(slope))
    odd = (size > 0) & (size < 1 / ORDINARY) | (size > most) & (size < np.inf)
    return np.where(odd, np.exp2(np.minimum(np.rint(np.log2(np.where(odd, size, 1.0))), 1023.0)), 1.0)[()]


class Measure:
    """A task as a solver sees it: x / units, and values in the unit of those that it is told first.

    Parameters
    ----------
    task : Task
    units : ndarray, shape (n,)

    Attributes
    ----------
    task : Task
        In units.
    units : ndarray, shape (n,)
        1 for whole numbers.
    ones : bool
        Whether all of them are 1.
    unit : float
        Of values; 0 until the first are known.
    """

    def __init__(self, task: Task, units: FloatArray) -> None:
        measure = units if task.integrality is None else np.where(np.asarray(task.integrality) != 0, 1.0, units)
        self.ones = bool((measure == 1).all())
        self.units, self.unit, self.task = measure, 0.0, task
        if not self.ones:
            box = None if task.box is None else Box(task.box.lb / measure, task.box.ub / measure)
            rules = constraints_in_units(task.constraints, measure)
            x0, scale = task.x0 / measure, task.scale / measure
            self.task = replace(task, x0=x0, scale=scale, box=box, constraints=rules)

    def point(self, u: FloatArray) -> FloatArray:
        """The points that a solver means."""
        return u if self.ones else u * self.units

    def answer(self, f: FloatArray, g: FloatArray | None) -> Answer:
        """Values and gradients as a solver sees them."""
        if self.ones and self.unit == 1.0:
            return f, g
        if g is not None and not self.ones:
            g = g * self.units
        if self.unit == 0.0:
            self.unit = float(value_unit(_largest(f), 0.0 if g is None else _largest(g)))
        if self.unit != 1.0:
            with np.errstate(over="ignore"):  # beside tiny values a huge one is infinite
                f, g = f / self.unit, None if g is None else g / self.unit
        return f, g

    def outcome(self, result: Any) -> Any:
        """What a solver returned, in the units of the caller."""
        if self.unit not in (0.0, 1.0) and "fun" in result:
            result.fun = result.fun * self.unit
        if not self.ones:
            result.x = result.x * self.units
        return result


def in_units(solve: Callable[[Call, Task], Any], units: FloatArray) -> Callable[[Call, Task], Any]:
    """A solver of SciPy that sees a task in units; see `Measure`."""

    def solve_in_units(call: Call, task: Task) -> Any:
        seen = Measure(task, units)
        return seen.outcome(solve(lambda u: seen.answer(*call(seen.point(u))), seen.task))

    return solve_in_units


def in_large_units(solve: Callable[[Call, Task], Any]) -> Callable[[Call, Task], Any]:
    """A solver that sees large values in a power of two of the first ones.

    So that its tolerances do not grow with a start that is far away, it is begun again where it has come to far lower
    values, and those are measured there.
    """

    def solve_in_units(call: Call, task: Task) -> Any:
        start, before = task, np.inf
        found: Any = None
        way = np.zeros(task.x0.size)
        while True:
            unit = 0.0

            def divided(x: FloatArray) -> Answer:
                nonlocal unit
                f, g = call(x)
                if unit == 0:
                    unit = float(value_unit(_largest(f), 0.0 if g is None else _largest(g * task.scale), LARGE))
                    unit = max(unit, 1.0)
                return (f, g) if unit == 1 else (f / unit, None if g is None else g / unit)

            result = solve(divided, start)
            if "fun" in result:
                result.fun = result.fun * unit
            if found is not None and (np.abs(result.x - found.x) <= UNMOVED * np.maximum(task.scale, way)).all():
                result.success = bool(result.success or found.success)
                return result
            if unit <= 1 or not unit * ORDINARY <= before or "fun" not in result:
                return result
            way = np.abs(result.x - task.x0)
            found, before, start = result, unit, replace(task, x0=result.x)

    return solve_in_units


def _largest(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def constraints_in_units(given: Any, units: FloatArray) -> list[Any]:
    """Constraints on x, in the forms of SciPy, as constraints on u = x / units."""
    return [_constraint_in_units(one, units) for one in listed(given)]


def _constraint_in_units(one: Any, units: FloatArray) -> Any:
    from scipy.optimize import LinearConstraint

    if isinstance(one, Mapping):
        slopes = {"jac": _slopes(one["jac"], units)} if callable(one.get("jac")) else {}
        return {**one, "fun": _of_units(one["fun"], units), **slopes}
    if hasattr(one, "A"):
        A = one.A @ _diagonal(units) if hasattr(one.A, "tocsr") else np.asarray(one.A) * units
        return LinearConstraint(A, one.lb, one.ub, one.keep_feasible)
    made = copy.copy(one)
    made.fun = _of_units(one.fun, units)
    made.jac = _slopes(one.jac, units) if callable(one.jac) else one.jac
    made.hess = _curvature(one.hess, units) if callable(one.hess) else one.hess
    return made


def _of_units(fun: Callable[..., Any], units: FloatArray) -> Callable[..., Any]:
    return lambda u, *args: fun(u * units, *args)


def _slopes(jac: Callable[..., Any], units: FloatArray) -> Callable[..., Any]:
    def in_units(u: FloatArray, *args: Any) -> Any:
        slopes = jac(u * units, *args)
        return slopes @ _diagonal(units) if hasattr(slopes, "tocsr") else np.asarray(slopes) * units

    return in_units


def _curvature(hess: Callable[..., Any], units: FloatArray) -> Callable[..., Any]:
    from scipy.sparse.linalg import aslinearoperator

    scale = aslinearoperator(_diagonal(units))
    return lambda u, v: scale @ aslinearoperator(hess(u * units, v)) @ scale


def _diagonal(units: FloatArray) -> Any:
    from scipy.sparse import diags_array

    return diags_array(units).tocsr()
