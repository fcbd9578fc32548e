"""Constraints whose values the caller tells beside those of the function: `tell(x, f, constraints=g)`.

Points are then ranked by the augmented Lagrangian that `es.minimize` ranks them by (`es.core.lagrangian`), so that a
loop of ask and tell is the run of `minimize`, bit for bit. Where points are told in parts, the values of their
constraints wait here until the points are learned from: the coefficients change once a generation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import BoolArray, FloatArray, as_shape
from es.core.in_parts import InParts
from es.core.lagrangian import OFF, AugmentedLagrangian
from es.core.stopping import Watch
from es.core.waiting import keys_of
from problems.constraints import EQUALITY, Constraints


class ToldConstraints(Constraints):
    """Constraints whose values are told, and never evaluated: so many inequalities and equalities at each point."""

    def __init__(self, n: int, inequalities: int, equalities: int) -> None:
        super().__init__((), n, equality_slack=EQUALITY)
        self._equality = np.arange(inequalities + equalities) >= inequalities
        self.shape = inequalities, equalities

    def _at(self, x: FloatArray) -> FloatArray:
        """NaN, which counts as violated: nothing is known of x (n,)."""
        return np.full(sum(self.shape), np.nan)


class Limits:
    """Values of the constraints at points that have been told and not learned from yet."""

    def __init__(self) -> None:
        self._known: dict[bytes, FloatArray] = {}

    def add(self, x: FloatArray, g: FloatArray) -> None:
        """Remember g (k, m) at points x (k, n)."""
        self._known |= zip(keys_of(x)[0], g, strict=True)

    def take(self, x: FloatArray, otherwise: Constraints) -> FloatArray:
        """g (k, m) at points x (k, n), by `otherwise` where nothing was told; then all is forgotten."""
        (keys,) = keys_of(x)
        known = self._known
        g = np.array([known[k] if k in known else otherwise(x[i : i + 1])[0] for i, k in enumerate(keys)])
        self._known = {}
        return g

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as arrays."""
        keys, count = b"".join(self._known), len(self._known)
        return {
            "keys": np.frombuffer(keys, dtype=np.uint8).reshape(count, -1 if keys else 0),
            "limits": np.array(list(self._known.values())).reshape(count, -1 if keys else 0),
        }

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        keys = [row.tobytes() for row in arrays["keys"]]
        self._known = dict(zip(keys, np.array(arrays["limits"]), strict=True))


RANKING = ("strategy", "categorical")  # kinds of methods that rank each generation anew


def refuse_constraints(cls: Any, what: str, kinds: tuple[str, ...] = RANKING) -> None:
    """Refuse constraints for a method that does not rank the points of each generation anew, with a ValueError.

    The message calls them `what`; methods of these `kinds` are not refused.
    """
    if "f_parent" in getattr(cls, "state_names", ()):
        raise ValueError(f"{what} cannot be kept by {cls.__name__}, whose parent is never judged anew: take 'cmaes'")
    if getattr(cls, "kind", "") not in kinds:
        raise ValueError(f"{what} cannot be kept by {cls.__name__}: take 'cmaes', 'slsqp' or 'trust-constr'")


class Constrained(InParts):
    """Takes the values of constraints that are told, and ranks points by them."""

    _watch: Watch
    _lagrange: AugmentedLagrangian | None = None  # made when the first constraints are told
    _told_limits: Limits

    def switch_off(self, names: Iterable[str]) -> None:
        """Switch stopping criteria off, except those that the caller has set."""
        self._watch.switch_off(names)

    def _under_constraints(
        self, x: FloatArray, constraints: npt.ArrayLike | None, equalities: npt.ArrayLike | None
    ) -> BoolArray:
        """Take in the constraints of points x (k, n) in the order of the caller's: which of them are feasible, (k,)."""
        if self.runs is not None:
            raise ValueError(
                f"constraints cannot be told to a stack of {self.runs} runs: give rank_by and feasible, or make one "
                "optimizer for each"
            )
        parts = [
            np.zeros((len(x), 0)) if given is None else _as_rows(name, given, len(x))
            for name, given in (("constraints", constraints), ("equalities", equalities))
        ]
        rule = self._rule_for(parts[0].shape[1], parts[1].shape[1])
        g = np.concatenate(parts, axis=1)
        rule.constraints.ncev += len(x)
        self._told_limits.add(x, g)
        return rule.watch(x, g) == 0.0

    def _rule_for(self, inequalities: int, equalities: int) -> AugmentedLagrangian:
        rule = self._lagrange
        if rule is None:
            refuse_constraints(type(self), "constraints")
            if not inequalities + equalities:
                raise ValueError("constraints must hold at least one value for each point, got none")
            self.switch_off(OFF)
            self._lagrange = rule = AugmentedLagrangian(ToldConstraints(self.n, inequalities, equalities), self)
            self._told_limits = Limits()
        assert isinstance(rule.constraints, ToldConstraints)
        if rule.constraints.shape != (inequalities, equalities):
            was = rule.constraints.shape
            raise ValueError(
                f"constraints must be as many at every point: {was[0]} and {was[1]} equalities became {inequalities} "
                f"and {equalities}"
            )
        return rule

    def _lagrangian(self, x: FloatArray, f: FloatArray) -> FloatArray:
        """What ranks points when they are learned from, which also adapts its coefficients."""
        assert self._lagrange is not None
        return self._lagrange(x, f, self._told_limits.take(x, self._lagrange.constraints))["rank_by"]

    def _told_report(self) -> dict[str, Any]:
        """Fields of the result under constraints that were told: `ncev`, `violation`, and x if none was feasible."""
        return {} if self._lagrange is None else self._lagrange.report()

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All that the run depends on from here, as plain arrays (see `es.core.state.save`)."""
        arrays = super().state_dict()
        if self._lagrange is not None:
            assert isinstance(self._lagrange.constraints, ToldConstraints)
            kept = {
                **self._lagrange.state_dict(),
                **self._told_limits.state_dict(),
                "shape": self._lagrange.constraints.shape,
            }
            arrays |= {f"constraints.{name}": np.array(value) for name, value in kept.items()}
        return arrays

    def load_state_dict(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """See `InParts.load_state_dict`."""
        super().load_state_dict(arrays)
        kept = state.below(arrays, "constraints.")
        self._lagrange = None
        if kept:
            self._rule_for(*kept["shape"].tolist()).load_state_dict(kept)
            self._told_limits.load_state_dict(kept)


def _as_rows(name: str, given: npt.ArrayLike, k: int) -> FloatArray:
    """Values (k, m) of constraints at k points; one constraint may be (k,)."""
    shape = np.shape(given)
    if len(shape) == 1 and shape[0] == k:
        return as_shape(name, given, (k,))[:, None]
    if len(shape) != 2 or shape[0] != k:
        raise ValueError(f"{name} must have shape ({k}, m), a row of m values for each point, got {shape}")
    return as_shape(name, given, shape)
