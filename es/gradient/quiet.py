"""SciPy's solvers without their Python warnings, which say no more than the result does.

Filters of warnings belong to the whole process, and `warnings.catch_warnings` is no help here: a solver calls functions
of the caller's, whose warnings are the caller's, and solvers that are asked and told stand in threads that take turns,
so that what one has put on another would take off. SciPy's own use of it in the line searches of BFGS has this fault.
So the filters are changed from one call of a function to the next only, and by one solver at a time; what SciPy has
changed by then is put away while the function runs.
"""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from es.gradient.ends import Task
from es.gradient.inversion import Call, Dropped
from problems.constraints import listed

_ONE_AT_A_TIME = threading.RLock()
_OFF = [("ignore", None, category, None, 0) for category in (UserWarning, RuntimeWarning)]


class _Section:
    """Where the code of a solver runs, functions of the caller's left out."""

    def __enter__(self) -> _Section:
        self._locked = _ONE_AT_A_TIME.acquire()
        self._callers: Any = warnings.filters
        _set_filters([*_OFF, *self._callers])
        return self

    def __exit__(self, *raised: object) -> None:
        _set_filters(self._callers)
        if self._locked:
            _ONE_AT_A_TIME.release()

    def outside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that runs with the filters of the caller."""

        def called(*args: Any) -> Any:
            own: Any = warnings.filters
            _set_filters(self._callers)
            _ONE_AT_A_TIME.release()
            self._locked = False
            try:
                return function(*args)
            except Dropped:
                own = None  # whoever dropped the solver waits for its end, maybe within a section
                raise
            finally:
                if own is not None:
                    self._locked = _ONE_AT_A_TIME.acquire()
                self._callers = warnings.filters
                if own is not None:
                    _set_filters(own)

        return called


def quietly(solve: Callable[[Call, Task], Any]) -> Callable[[Call, Task], Any]:
    """A solver whose warnings nobody sees."""

    def solve_quietly(call: Call, task: Task) -> Any:
        with _Section() as section:
            rules = [_with_functions(one, section.outside) for one in listed(task.constraints)]
            return solve(section.outside(call), replace(task, constraints=rules) if rules else task)

    return solve_quietly


def _with_functions(one: Any, changed: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """A constraint in a form of SciPy's with its functions changed."""
    if isinstance(one, Mapping):
        return {**one, **{name: changed(one[name]) for name in ("fun", "jac") if callable(one.get(name))}}
    made = copy.copy(one)
    for name in ("fun", "jac", "hess"):
        if callable(function := getattr(one, name, None)):
            setattr(made, name, changed(function))
    return made


def _set_filters(filters: Any) -> None:
    """Without a word to the registries of what has been warned of, which would warn of it again."""
    warnings.filters = filters
