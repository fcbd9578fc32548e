"""What the caller gives besides a function and a start: arguments, a sign, points with values, points to begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from es.core.arrays import FloatArray, check_finite, check_inside
from problems.boxes import Box
from problems.numbers import numbers, short

if TYPE_CHECKING:
    from es.run.loop import Run


@dataclass
class Given:
    """Points that a run begins with.

    Attributes
    ----------
    known, values : ndarray, shape (k, n) and (k,) or (k, m)
        Points with values: learned from and not evaluated.
    first : ndarray, shape (j, n)
        Points that are evaluated before all others.
    with_start : bool
        Whether the first of these is the start.
    """

    known: FloatArray
    values: FloatArray
    first: FloatArray
    with_start: bool = False

    def settings(self) -> dict[str, Any]:
        """What a saved run must have begun with, by the arguments that say it; nothing of those that say nothing."""
        queue = self.first[int(self.with_start) :]
        found: dict[str, Any] = {"known": [self.known, self.values]} if len(self.known) else {}
        found |= {"enqueue": queue} if len(queue) else {}
        return {**found, "evaluate_x0": True} if self.with_start else found

    def begin(self, run: Run) -> None:
        """Tell of the known points; a run that has begun knows them."""
        if run.limits.nfev or run.nit or int(run.opt.nfev):
            return
        if len(self.known):
            tell_own(run, self.known, self.values)

    def evaluate_first(self, run: Run) -> None:
        """Evaluate the points that go first, in one batch, and tell of them."""
        if run.limits.nfev or run.nit:
            return
        x = self.first[: run.limits.room(len(self.first))]
        if len(x):
            f = run.evaluate(x)[0]
            tell_own(run, x, f)
            run.book_iteration(f)


def tell_own(run: Run, x: FloatArray, f: FloatArray) -> None:
    """Tell of points that the method has not asked for; methods that go from point to point only count them."""
    opt, rule = run.opt, run.ranking_rule
    if opt.kind not in ("gradient", "scipy", "hybrid"):
        opt.tell(x, **{"f": f, **({} if rule is None else rule(x, f))})
    else:
        opt.note(x, f, feasible=None if rule is None else rule(x, f).get("feasible"))


def conclude(run: Run, *, evaluate_mean: bool) -> dict[str, Any]:
    """Evaluate the centre of the distribution where that is asked for; further fields of the result."""
    more: dict[str, Any] = {}
    if evaluate_mean:
        most, spent = run.limits.maxfevals, run.limits.nfev
        if most is not None and spent > most:  # a saved run that goes on with no more than it has spent
            raise ValueError(
                f"maxfevals must leave an evaluation for evaluate_mean, got {most + 1:.0f}: the run in the checkpoint "
                f"has made {spent}"
            )
        x = run.opt.x_mean[None]
        f = run.evaluate(x)[0]
        rule = run.ranking_rule
        watch = getattr(rule, "watch", None)
        run.opt.note(x, f, feasible=None if watch is None else watch(x, rule.constraints(x)) == 0.0)
        more["fun_mean"] = run.reporter.sign * float(f[0])
        reached = run.limits.reached(run.nit, run.f_best)
        run.stop |= {name: figure for name, figure in reached.items() if name in run.stop or name == "ftarget"}
    if hasattr(run.ledger, "archive"):
        kept = run.ledger.archive()
        points = [run.reporter.decode(x) for x in kept["x"]]
        plain = all(isinstance(x, np.ndarray) for x in points)
        fun = kept["fun"] if run.reporter.sign > 0 else -kept["fun"]
        beside = {} if run.reports is None else run.reports.beside(kept["x"])
        more["archive"] = {**kept, "x": kept["x"] if plain else points, "fun": fun, **beside}
    return more


def given_points(
    space: Any, start: FloatArray, box: Box | None, whole: Any, *,
    known: Any, enqueue: Any, evaluate_x0: bool, negative: bool,
) -> Given | None:  # fmt: skip
    """The arguments `known`, `enqueue` and `evaluate_x0` of `es.minimize`, checked; None where none is given.

    Raises
    ------
    ValueError
        Points of another shape, outside of the bounds or the space, not whole where they must be; values that are no
        numbers, or not as many.
    """
    n = start.size
    if known is None and enqueue is None and not evaluate_x0:
        return None
    values, pairs = np.empty(0), np.empty((0, n))
    if known is not None:
        if not isinstance(known, tuple | list) or len(known) != 2:
            raise ValueError(f"known must be a pair (X, f) of points and their values, got {short(known)}")
        pairs = _points("known", known[0], space, n, box, whole)
        values = numbers("known[1]", known[1])
        if values.ndim not in (1, 2) or len(values) != len(pairs):
            raise ValueError(
                f"known must have a value for each of its {len(pairs)} points, got values of shape {values.shape}"
            )
        values = -values if negative else values
    first = np.empty((0, n)) if enqueue is None else _points("enqueue", enqueue, space, n, box, whole)
    return Given(pairs, values, np.concatenate([start[None], first]) if evaluate_x0 else first, evaluate_x0)


def _points(name: str, given: Any, space: Any, n: int, box: Box | None, whole: Any) -> FloatArray:
    if space is not None:
        rows = [given] if isinstance(given, Mapping) else given
        if not isinstance(rows, Iterable) or isinstance(rows, str):
            raise ValueError(f"{name} must be a list of dicts where x0 is a Space, got {short(given)}")
        encoded = [_encoded(f"{name}[{i}]", space, row) for i, row in enumerate(rows)]
        return np.array(encoded, dtype=float).reshape(-1, n)
    x = numbers(name, given)
    if x.ndim != 2 or x.shape[1] != n:
        raise ValueError(f"{name} must have shape (k, {n}), one row for each point, got {x.shape}")
    check_finite(x, name)
    check_inside(x, box, name)
    if whole is not None and np.any(x[:, whole] != np.rint(x[:, whole])):
        raise ValueError(f"{name} must hold whole numbers where integrality says so, got others: round them")
    return x


def _encoded(name: str, space: Any, values: Any) -> FloatArray:
    try:
        y: FloatArray = space.encode(values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return y
