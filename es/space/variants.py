"""A space as methods and constraints need it: with whole numbers, with categories, functions of its dicts."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from problems.constraints import checked
from problems.numbers import FloatArray, numbers

from .conditions import Way
from .exchange import Exchange
from .levels import as_category
from .parameter import Fixed, Parameter
from .reading import LinearRows, OnCoordinates, follow, whole_numbers


class Variants(Exchange):
    """What is made of a `Space`."""

    def with_integers(self, integrality: Any) -> Self:
        """The same space, where parameters that `integrality` says take whole numbers only.

        Parameters
        ----------
        integrality : None, mapping of names, or array_like with one entry per parameter
            Non-zero where a parameter is a whole number. Fixed entries have none.

        Raises
        ------
        ValueError
            If it names another parameter, has another length, or means one that is `Log` or holds no two whole numbers.
        """
        if integrality is None:
            return self
        free = [way for way, leaf in self._leaves.items() if not isinstance(leaf, Fixed)]
        if isinstance(integrality, Mapping):
            _refuse_unknown(integrality, self._leaves)
            flags = {way: bool(follow(integrality, way)) for way in free}
        else:
            entries = np.ravel(numbers("integrality", integrality))
            if entries.size != len(free):
                raise ValueError(f"integrality must have one entry per parameter ({len(free)}), got {entries.size}")
            flags = dict(zip(free, (entries != 0).tolist(), strict=True))
        return self._changed(lambda way, leaf: whole_numbers(way[-1], leaf) if flags.get(way) else leaf)._connect()

    def with_categories(self) -> Self:
        """The same space for methods that know categories: each has one coordinate, with the place of its value.

        Whole numbers of at most three values are categories too, which are then found in fewer evaluations.

        Examples
        --------
        >>> from es import Integer, Space
        >>> space = Space(rule=["sgd", "adam", "lamb"], layers=Integer(1, 8), nesterov=[False, True])
        >>> space.n, space.with_categories().n, space.with_categories().categories
        (6, 3, array([3, 0, 2]))
        """
        parents = self._conditions.parents  # are categories however many values they have

        def category(way: Way, leaf: Parameter) -> Parameter:
            return as_category(leaf, math.inf) if way in parents else as_category(leaf)

        return self._changed(category)._connect()

    @abstractmethod
    def _changed(self, change: Callable[[Way, Parameter], Parameter]) -> Self:
        """The same space with other parameters in the place of its own."""

    @abstractmethod
    def _connect(self) -> Self:
        """Find the parameters that conditions name."""

    def constrain(self, constraints: Any) -> list[Any]:
        """Constraints on the user's values as constraints on coordinates.

        Parameters
        ----------
        constraints : constraint or sequence of them
            Functions of `NonlinearConstraint` and of SciPy's dicts get what the objective gets; the columns of a
            `LinearConstraint` are the parameters in their order, which must then be numbers: one column for each
            entry of an array, none for what is fixed.

        Raises
        ------
        ValueError
            If one is of no form of SciPy's, or a linear one has another number of columns.
        """
        from scipy.optimize import NonlinearConstraint

        within: list[Any] = []
        for one in checked(constraints, sum(leaf.entries for leaf in self._free())):
            if isinstance(one, Mapping):
                within.append({"type": one["type"], "fun": self.wrap(one["fun"]), "args": one.get("args", ())})
            elif hasattr(one, "A") and self._conditions:
                raise ValueError(
                    "constraints must not be linear where parameters are there only at times (when): give a "
                    "NonlinearConstraint, whose function gets the dict"
                )
            elif hasattr(one, "A"):
                within.append(NonlinearConstraint(self.wrap(LinearRows(one.A, self)), one.lb, one.ub))
            else:
                within.append(NonlinearConstraint(self.wrap(one.fun), one.lb, one.ub))
        return within

    def _free(self) -> list[Parameter]:
        return [leaf for leaf in self._leaves.values() if not isinstance(leaf, Fixed)]

    def wrap(self, fun: Callable[[dict[str, Any]], Any]) -> Callable[[FloatArray], Any]:
        """`fun` of a dict as a function of coordinates; picklable where `fun` is."""
        return OnCoordinates(self, fun)


def _refuse_unknown(integrality: Mapping[str, Any], leaves: Mapping[Way, Parameter], within: Way = ()) -> None:
    for name, flag in integrality.items():
        way, deeper = (*within, name), isinstance(flag, Mapping)
        if (deeper and way in leaves) or not any(other[: len(way)] == way for other in leaves):
            raise ValueError(f"integrality must name parameters of the Space, got {name!r}: {flag!r}")
        if deeper:
            _refuse_unknown(flag, leaves, way)
