"""One run of lq-CMA-ES: CMA-ES, a model of the function, and a population that is evaluated part by part."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from es.core import state
from es.core.arrays import FloatArray, IntArray
from es.parts.matching import places
from es.parts.quadratic import LINEAR, USED, QuadraticModel
from es.strategies.cmaes import CMAES


class Aimed(CMAES):
    """CMA-ES whose population holds one point in the direction that a model gives."""

    def aim(self, model: QuadraticModel) -> FloatArray:
        """A population (popsize, n), its first point moved towards the optimum of the model.

        The step is that to the optimum, and at most as long as the sample in whose place it stands where it is longer
        than samples are on average. A linear model has no optimum: the step goes down its slope, in coordinates where
        the distribution is a sphere.
        """
        x = self.ask()
        if not model.data:
            return x
        z, y, mine = self._asked[0]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if model.kind == LINEAR:
                step, length = -(model.gradient() @ self.A), np.inf
            else:
                goal = model.optimum()
                goal = goal if self.box is None else np.clip(goal, self.box.lb, self.box.ub)
                step = self._invert_sample((self._encode(goal) - self.mean)[None])[0]
                length = math.sqrt(step @ step)
            if length > math.sqrt(self.n):
                step = step / math.sqrt(step @ step) * math.sqrt(z[0] @ z[0])
        if np.isfinite(step).all() and step.any():
            z[0] = step
            y[0] = self._sample(step[None])[0]
            mine[0] = self._decode(self.mean + y[0])
        return mine.copy()


class AssistedRun:
    """CMA-ES, with these further options, and a model that ranks what is not evaluated.

    From a rank correlation of `trusted` on the model stands for the function. The population `x` (p, n), none between
    generations, has values `f` (p,) where they are `known` (p,). `judged` says whether the last part of it was
    complete, so that the model has been looked at.
    """

    def __init__(
        self, x0: FloatArray, scale0: FloatArray, rng: np.random.Generator, trusted: float, options: dict[str, Any]
    ) -> None:
        self.cma = Aimed(x0, scale0, rng=rng, **options)
        self.model = QuadraticModel(len(x0), self.cma.popsize)
        self.trusted = trusted
        self.judged = True
        self._clear()

    def _clear(self) -> None:
        self.x: FloatArray = np.empty((0, self.model.n))
        self.f: FloatArray = np.empty(0)
        self.known: npt.NDArray[np.bool_] = np.empty(0, dtype=bool)
        self.turns: list[int] = []  # all rows in the order in which they are handed out
        self.out: list[int] = []  # those handed out since the last tell
        self.fresh: list[int] = []  # those evaluated since the model was looked at
        self.goal = 0  # evaluations of this generation after which the model is looked at

    @property
    def wants(self) -> int:
        """How many points are to be evaluated before the model is looked at."""
        self._open()
        return max(1, self.goal - int(self.known.sum()) - len(self.out))

    def hand_out(self, k: int) -> FloatArray:
        """The next k points, those first that the model found best when it was last looked at."""
        self._open()
        taken = set(self.out)
        free = [row for row in self.turns if not self.known[row] and row not in taken]
        if len(free) < k:
            free += self._extend(self.cma.ask(k - len(free)))
        self.out += free[:k]
        return self.x[free[:k]]

    def order(self, x: FloatArray) -> IntArray:
        """Order of the points told (k, n): as they were handed out, the caller's own last."""
        waiting = np.array([row for row in self.turns if not self.known[row]], dtype=np.intp)
        place = places(x, self.x[waiting])
        order: IntArray = place.argsort(kind="stable")
        # Their rows in the population, in this order; -1 for points of the caller's own.
        self._rows: IntArray = np.append(waiting, -1)[np.minimum(place[order], len(waiting))]
        return order

    def tell(self, x: FloatArray, _: FloatArray, f: FloatArray) -> None:
        """Take in points x (k, n), as they were ordered, with what ranks them (k,)."""
        self._open()
        rows, own = self._rows, self._rows < 0
        rows[own] = self._extend(x[own])
        self.f[rows], self.known[rows] = f, True
        self.fresh += rows.tolist()
        self.out = []  # what was handed out and not told may be handed out again
        evaluated = int(self.known.sum())
        self.judged = evaluated >= self.goal
        if self.judged:
            self._judge(evaluated)

    def centre(self, _: FloatArray) -> FloatArray:
        """The mean (n,) of the distribution."""
        return self.cma.mean

    def _open(self) -> None:
        """Draw a population if there is none."""
        if not len(self.x):
            self._extend(self.cma.aim(self.model))
            few = 3 / USED - self.model.data  # with so few points there is no model
            self.goal = min(len(self.x), int(1 + max(0.02 * len(self.x), few)))
            self._line_up()

    def _extend(self, x: FloatArray) -> list[int]:
        """Append points to the population; returns their rows."""
        rows = list(range(len(self.x), len(self.x) + len(x)))
        self.x = np.concatenate([self.x, x])
        self.f = np.concatenate([self.f, np.full(len(x), np.nan)])
        self.known = np.concatenate([self.known, np.zeros(len(x), dtype=bool)])
        self.turns += rows
        return rows

    def _line_up(self) -> None:
        """Those first that the model finds best."""
        self.turns = self.model(self.x).argsort(kind="stable").tolist()

    def _judge(self, evaluated: int) -> None:
        """Compare the model with the newest points: trust it, or ask for half as many evaluations again."""
        self.model.add(self.x[self.fresh], self.f[self.fresh], evaluated)
        self.fresh = []
        recent = int(max(15, min(1.2 * evaluated, 0.75 * len(self.x))))
        if self.known.all() or self.model.agreement(recent) >= self.trusted:
            self.cma.tell(self.x, self._values())
            self._clear()
            return
        while self.goal <= evaluated:
            self.goal += math.ceil(self.goal / 2)
        self.goal = min(self.goal, len(self.x))
        self._line_up()

    def _values(self) -> FloatArray:
        """The model's values of the population, the least made that of the evaluated; true ones if all are known."""
        true = np.where(np.isfinite(self.f), self.f, np.inf)
        if self.known.all():
            return true
        value = self.model(self.x)
        if np.isfinite(true).any():
            value = value - value.min() + true.min()
        return np.where(self.known & ~np.isfinite(self.f), np.inf, value)

    # Saving ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as plain arrays."""
        arrays = {f"cma.{name}": value for name, value in self.cma.state_dict().items()}
        for name in ("turns", "out", "fresh"):
            arrays[name] = np.array(getattr(self, name), dtype=np.intp)
        numbers = np.array([self.goal, self.judged, self.model.kind])
        archive = {"X": self.model.X, "F": self.model.F}
        return {**arrays, **archive, "x": self.x, "f": self.f, "known": self.known, "numbers": numbers}

    def load_state_dict(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Go on where `state_dict` was taken."""
        self.cma.load_state_dict(state.below(arrays, "cma."))
        self.x, self.f, self.known = (np.array(arrays[name]) for name in ("x", "f", "known"))
        self.turns, self.out, self.fresh = (arrays[name].tolist() for name in ("turns", "out", "fresh"))
        goal, judged, kind = arrays["numbers"].tolist()
        self.goal, self.judged = goal, bool(judged)
        self.model.restore(arrays["X"], arrays["F"], kind)
