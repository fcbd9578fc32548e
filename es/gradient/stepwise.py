"""L-BFGS-B that is asked and told without a thread, by the routine of SciPy's that hands back control for each value.

`scipy.optimize.minimize` calls its compiled routine again and again, and evaluates in between. Here the caller does, so
that a hundred runs can be evaluated in one call and none of them waits for a thread to wake. The routine is not public:
`usable` compares it with `scipy.optimize.minimize` once, and where it is not what it was, `Inverted` takes its place.
Both give the same numbers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from es.gradient.inversion import FloatArray, Inverted
from es.gradient.scipy_solvers import LEAST_GAIN, Task, is_optimum, lbfgsb
from es.gradient.units import value_unit
from problems.boxes import Box

EVALUATE, ITERATED, CONVERGED = 3, 1, 4  # what the routine says in the first entry of `task`


class StepwiseLBFGSB:
    """`es.gradient.scipy_solvers.lbfgsb`, waiting for the values of the points it has asked for.

    Parameters
    ----------
    task : Task
        Without variables that the box fixes.
    units : ndarray, shape (n,)
        What the solver sees x in (`es.gradient.units`).

    Attributes
    ----------
    asked : ndarray, shape (1, n), or None
        The point that waits for its value; None when the solver has finished.
    outcome : object
        x, success and status, in the place of SciPy's result.
    """

    def __init__(self, task: Task, units: FloatArray) -> None:
        self._units, n = units, task.x0.size
        self._plain = bool((units == 1).all())
        self._m, self._maxls = int(task.options["maxcor"]), int(task.options["maxls"])
        self._factr, self._pgtol = task.options["ftol"] / np.finfo(float).eps, task.options["gtol"]
        self._nbd = np.zeros(n, np.int32)
        self._low, self._high = np.zeros(n), np.zeros(n)
        self._box: tuple[FloatArray, FloatArray] | None = None
        if task.box is not None:
            low, high = self._box = task.box.lb / units, task.box.ub / units
            self._nbd = np.select(
                [np.isfinite(low) & np.isfinite(high), np.isfinite(low), np.isfinite(high)], [2, 1, 3], 0
            ).astype(np.int32)
            self._low, self._high = (np.where(np.isfinite(side), side, 0.0) for side in (low, high))
        self._last, self._little = np.inf, 0
        self._value_unit, self._first = 0.0, np.nan  # what values are seen in, once the first is known
        self._seen = replace(task, box=None if self._box is None else Box(*self._box), x0=task.x0 / units)
        self._seen.scale = task.scale / units
        self.outcome: Any = None
        self.asked: FloatArray | None = None
        self._begin(task.x0 / units)

    def _begin(self, x: FloatArray) -> None:
        """Start with an empty memory."""
        m, n = self._m, x.size
        self._x = np.array(x if self._box is None else np.clip(x, *self._box))
        self._f: Any = 0.0
        self._arrays = (np.zeros(2 * m * n + 5 * n + 11 * m * m + 8 * m), np.zeros(3 * n, dtype=np.int32))
        self._task = np.zeros(2, dtype=np.int32)
        self._saves = (np.zeros(4, dtype=np.int32), np.zeros(44, dtype=np.int32), np.zeros(29))
        self._line = np.zeros(2, dtype=np.int32)
        self._fresh = True
        self._ask()

    def _ask(self) -> None:
        self._known = self._x.copy()
        self.asked = (self._known * self._units)[None]

    def tell(self, f: FloatArray, g: FloatArray | None = None) -> None:
        """Answer `asked`; afterwards `asked` holds the next point, or None.

        Raises
        ------
        ValueError
            Without a gradient.
        """
        if g is None:
            raise ValueError("g must be told to a method that works with gradients, got None")
        slope, value = g.reshape(-1), float(f[0])
        if not self._plain:
            with np.errstate(over="ignore"):
                slope = slope * self._units
        if self._value_unit == 0.0:
            self._value_unit = float(value_unit(value, np.abs(slope).max()))
            self._first = value / self._value_unit
        if self._value_unit != 1.0:
            value, slope = value / self._value_unit, slope / self._value_unit
        self._go_on(value, slope)

    def _go_on(self, f: float, g: FloatArray) -> None:
        step, task, x = _routine(), self._task, self._x
        # At the start the routine has not asked yet; SciPy has evaluated there all the same, and it will ask for that.
        now = (np.array(0.0), np.zeros(x.size)) if self._fresh else (f, g)
        self._fresh = False
        while True:
            slope = now[1].copy()  # where a line search fails, the routine puts that of the point before it there
            step(
                self._m, x, self._low, self._high, self._nbd, now[0], slope, self._factr, self._pgtol,
                *self._arrays, task, *self._saves, self._maxls, self._line,
            )  # fmt: skip
            if task[0] == EVALUATE:
                if not (x == self._known).all():
                    self._f = f
                    self._ask()
                    return
                now = f, g
            elif task[0] != ITERATED:
                self._f = f
                self._end(slope)
                return

    def _end(self, g: FloatArray) -> None:
        """The routine has finished: begin again from there, unless that gains nothing (`lbfgsb`)."""
        code, reason = self._task.tolist()
        gain = self._last - self._f
        self._little += not gain > 0.5 * abs(self._f)
        small, stands = "GRADIENT" in _messages()[reason], not gain > LEAST_GAIN * abs(self._f)
        if small or self._little == 3 or stands:
            self.asked = None
            found = small or is_optimum(self._x, self._f, g, self._first, self._seen, stands=stands)
            self.outcome = Outcome(self._x * self._units, 0 if code == CONVERGED else 2, found)
            return
        self._last = self._f
        self._begin(self._x)


class Outcome:
    """What a solver has returned."""

    def __init__(self, x: FloatArray, status: int, success: bool) -> None:
        self.x, self.success, self.status = x, success, status


@cache
def _routine() -> Any:
    from scipy.optimize import _lbfgsb  # it is not public

    return _lbfgsb.setulb


@cache
def _messages() -> dict[int, str]:
    from scipy.optimize import _lbfgsb_py  # it is not public

    found: dict[int, str] = _lbfgsb_py.task_messages
    return found


@cache
def usable() -> bool:
    """Whether the routine works here as it does within `scipy.optimize.minimize`, by a small example."""
    options = {"maxcor": 3, "ftol": 2e-15, "gtol": 1e-10, "maxls": 50}
    task = Task(np.array([-1.2, 1.0]), np.ones(2), None, 0, None, (), options)

    def valley(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        a, b = x[:, 0], x[:, 1]
        slopes = np.stack([400 * a * (a * a - b) + 2 * (a - 1), 200 * (b - a * a)], axis=-1)
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2, slopes

    points: list[bytes] = []

    def noted(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        points.append(x.tobytes())
        return valley(x)

    lbfgsb(noted, task)
    try:
        solver, count = StepwiseLBFGSB(task, np.ones(2)), 0
        while solver.asked is not None:
            if count == len(points) or solver.asked.tobytes() != points[count]:
                return False
            count += 1
            solver.tell(*valley(solver.asked))
    except Exception:  # another version of SciPy may do anything here
        return False
    return count == len(points)


def stepwise_lbfgsb(task: Task, units: FloatArray) -> StepwiseLBFGSB | None:
    """The solver without a thread, or None where it takes the other one."""
    if (task.box is not None and not (task.box.lb < task.box.ub).all()) or not usable():
        return None
    return StepwiseLBFGSB(task, units)


Solver = Inverted | StepwiseLBFGSB
