"""Units for gradient methods and SciPy's solvers: rates, tolerances and first steps of theirs are lengths in x.

With x in pascal, a gradient of 1e-11 is "small" to every one of them, and a first step of one moves nothing. So where
sigma0 (or the bounds, or x0) says that a coordinate is measured in something else than ones, they see it in a power of
two of that: x = u units, df/du = units df/dx, which changes no mantissa. Where all scales are ordinary
nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from es.core.arrays import FloatArray
from es.gradient.inversion import Answer, Call
from es.gradient.scipy_solvers import Task
from problems.boxes import Box

ORDINARY = 1e4  # scales between this and its inverse are


def powers_of_two(scale: FloatArray) -> FloatArray:
    """What to measure coordinates of these scales in: 1 where they are ordinary, else the nearest power of two."""
    ordinary = (scale <= ORDINARY) & (scale * ORDINARY >= 1)
    return np.where(ordinary, 1.0, np.exp2(np.rint(np.log2(scale))))


def in_units(solve: Callable[[Call, Task], Any], units: FloatArray) -> Callable[[Call, Task], Any]:
    """A solver of SciPy that sees x / units; the same solver where all units are 1."""
    if (units == 1).all():
        return solve

    def solve_in_units(call: Call, task: Task) -> Any:
        def answer(u: FloatArray) -> Answer:
            f, g = call(u * units)
            return f, None if g is None else g * units

        box = None if task.box is None else Box(task.box.lb / units, task.box.ub / units)
        return solve(answer, replace(task, x0=task.x0 / units, scale=task.scale / units, box=box))

    return solve_in_units
