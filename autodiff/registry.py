"""The table of rules: which NumPy function is differentiated how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Maker = Callable[..., Any]


class Rules(dict[Any, tuple[Any, ...]]):
    """A table of rules, with lists that operators keep at hand and that follow when a rule is stated anew."""

    def __init__(self) -> None:
        self._held: dict[Any, list[Any]] = {}

    def held(self, fun: Any) -> list[Any]:
        """The makers of `fun`, now and later, to spare a look into the table at each operation."""
        return self._held.setdefault(fun, list(self.get(fun, ())))

    def __setitem__(self, fun: Any, makers: tuple[Any, ...]) -> None:
        super().__setitem__(fun, makers)
        if fun in self._held:
            self._held[fun][:] = makers


RULES = Rules()
"""NumPy function -> a maker of the vjp for each positional argument (see :func:`rule`)."""

FORWARD: dict[Any, Callable[..., Any]] = {}
"""NumPy function -> a quicker one with the same value on plain arrays (``np.sum`` -> ``np.add.reduce``)."""

TRACED: dict[Any, Callable[..., Any]] = {}
"""NumPy function -> a function that does the same in terms of functions that have rules."""

CHECKED: set[Any] = set()
"""NumPy functions that are called on the plain values first, because they refuse much that is wrong."""

FORGETFUL: set[Any] = {np.add, np.subtract}
"""NumPy functions whose vjps remember none of their arguments."""

SELECTIVE: set[Any] = set()
"""Functions that pass on some entries of their arguments and leave out others: zeros in their vjps are structural, see
:mod:`autodiff.backward`."""

MASKED: set[Any] = set()
"""Functions that leave out entries by ``where=`` and are not linear in the others."""

ENTRYWISE: set[Any] = set()
"""Functions other than ufuncs that work entry by entry."""

CONSTANT: set[Any] = set()
"""NumPy functions that are piecewise constant, or say nothing about values: called on what is inside the tensors."""


def rule(fun: Any, *makers: Maker | None, forward: Callable[..., Any] | None = None) -> None:
    """State how `fun` is differentiated: for each positional argument a maker of its vjp, or None where it is constant.

    A maker is called when the operation is recorded, and only for traced arguments, as ``maker(out, *args,
    **kwargs)``; it returns the vjp, ``g -> gradient of that argument``. It is NumPy code that works on tensors too
    (so that higher derivatives follow), and it names every keyword it handles: any other is refused. Broadcasting is
    undone by the sweep, not by rules. For complex values the gradient g of z means dL = Re(g dz), so holomorphic
    rules need no conjugates.
    """
    RULES[fun] = makers
    if forward is not None:
        FORWARD[fun] = forward


def traced(*funs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function says what each of `funs` is in terms of functions that have rules."""

    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        for fun in funs:
            TRACED[fun] = implementation
        return implementation

    return register
