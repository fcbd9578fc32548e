"""A solver that is a generator, to be asked and told without a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from es.core.arrays import FloatArray
from es.gradient.ends import Task
from es.gradient.inversion import Inverted
from es.gradient.lbfgsb import Asking
from es.gradient.units import Measure


class Stepwise:
    """A generator of points, waiting for the values of those it has asked for.

    Parameters
    ----------
    asking : callable
        `asking(task)` is the generator; see `es.gradient.lbfgsb`.
    task : Task
    units : ndarray, shape (n,)
        What the solver sees x in (`es.gradient.units`).

    Attributes
    ----------
    asked : ndarray, shape (k, n), or None
        Points that wait for their values; None when the solver has finished.
    outcome : object
        What the solver returned.
    """

    def __init__(self, asking: Callable[[Task], Asking], task: Task, units: FloatArray) -> None:
        self._measure = Measure(task, units)
        self._asking = asking(self._measure.task)
        self.outcome: Any = None
        self.asked: FloatArray | None = self._measure.point(next(self._asking))

    def tell(self, f: FloatArray, g: FloatArray | None = None) -> None:
        """Answer `asked`; afterwards `asked` holds the next points, or None.

        Raises
        ------
        Exception
            Whatever the solver raised.
        """
        try:
            self.asked = self._measure.point(self._asking.send(self._measure.answer(f, g)))
        except StopIteration as end:
            self.asked, self.outcome = None, self._measure.outcome(end.value)


Solver = Inverted | Stepwise
